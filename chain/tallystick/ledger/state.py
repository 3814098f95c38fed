"""The state of a consortium as its events make it. Every value is frozen; times are Unix seconds, money minor units."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from tallystick.acts import AgreementTerms
from tallystick.keys import Address
from tallystick.money import apportion

from .codes import AgreementState, Change, KeyPurpose, LoanState, MatterKind, MemberState, ProposalState, Visibility

__all__ = [
    "Agreement",
    "AgreementBook",
    "Anchor",
    "ChainState",
    "Contract",
    "HeadLink",
    "Key",
    "Loan",
    "LoanLedger",
    "Log",
    "Matter",
    "Member",
    "Place",
    "Proposal",
    "TimeNote",
    "shares_by_terms",
]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an event stands in the chain."""

    height: int
    transaction_index: int
    log_index: int


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the consortium; `roles` is the mask of `tallystick.consortium.Role`."""

    member: bytes
    state: MemberState
    roles: int
    index: int
    certificate: bytes
    admitted_at: Place


@dataclass(frozen=True, slots=True)
class Key:
    """A key with its window; `compromise_reported_by` is the act or proposal that reported it last."""

    key: bytes
    member: bytes
    purpose: KeyPurpose
    not_before: int
    not_after: int
    revoked_at: int | None = None
    compromised_since: int | None = None
    compromise_reported_at: int | None = None
    compromise_reported_by: bytes | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """A line of the directory, in force from its event until `until` (None: still)."""

    name: str
    address: Address
    code_hash: bytes
    since: Place
    until: Place | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed change; `approvals` are the members that approved, in order."""

    proposal: bytes
    state: ProposalState
    change: Change
    payload: bytes
    proposer: bytes
    epoch: int
    executable_from: int
    lapses_at: int
    approvals: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class TimeNote:
    """A noted time-stamp token: whatever stands after `place` is later than the token."""

    token_digest: bytes
    member: bytes
    act_id: bytes
    place: Place
    block_time: int


@dataclass(frozen=True, slots=True)
class Matter:
    """What an act opened for the signature of others. `giver` and `taker` are party indices, the opener's where nobody
    takes; `awaiting` has bit i set while party i has still to sign; `open` until signed by all or withdrawn (it may
    have lapsed)."""

    matter: bytes
    kind: MatterKind
    agreement: bytes
    loan: bytes | None
    giver: int
    taker: int
    amount: int
    awaiting: int
    open: bool
    open_until: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement. `signed` are the members that signed, in order; `exposures` are in party order."""

    agreement: bytes
    state: AgreementState
    terms: AgreementTerms
    proposal: bytes | None
    signed: tuple[bytes, ...]
    exposures: tuple[int, ...]
    exposure: int
    adopted: bool


@dataclass(frozen=True, slots=True)
class HeadLink:
    """An act linked to a loan: head and count after it."""

    count: int
    head: bytes
    act_id: bytes
    event: str
    place: Place


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan. `servicer` is the member it was transferred to; None while the originator services. `principal` is the
    amount disbursed, 0 if SEALED. What parties hold of it is `ChainState.shares_of`.

    `history` has the acts linked in this ledger; those up to `carried_count` are in the predecessor. `currency`,
    `value_date`, `borrower_tag` (OPEN) and `terms` (SEALED: the digest) are of the disbursement, wherever it was.
    """

    agreement: bytes
    loan: bytes
    state: LoanState
    servicer: bytes | None
    principal: int
    count: int
    carried_count: int
    head: bytes
    history: tuple[HeadLink, ...]
    disbursement: bytes
    currency: bytes | None = None
    value_date: int | None = None
    borrower_tag: bytes | None = None
    terms: bytes | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """The RFC 6962 root over records `first_index` … `first_index + count − 1` of a log."""

    act_id: bytes
    first_index: int
    count: int
    root: bytes
    previous: bytes
    place: Place
    block_time: int


@dataclass(frozen=True, slots=True)
class Log:
    """A member's log of a stream, without gap: `next_index` is the number of its records."""

    member: bytes
    stream: bytes
    next_index: int
    anchors: tuple[Anchor, ...]

    @property
    def last_anchor(self) -> bytes:
        """The act id of the last anchor; zeros before the first."""
        return self.anchors[-1].act_id if self.anchors else bytes(32)


@dataclass(frozen=True, slots=True)
class AgreementBook:
    """One AgreementBook: its agreements by id, matters by act id, and the shares of (agreement, loan key) that are no
    longer those of the terms. `predecessor` is known once something was adopted from it."""

    address: Address
    predecessor: Address | None
    frozen: bool
    agreements: Mapping[bytes, Agreement]
    matters: Mapping[bytes, Matter]
    own_shares: Mapping[tuple[bytes, bytes], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class LoanLedger:
    """One LoanLedger: its loans by (agreement, loan key), matters by act id.

    `predecessor` is known once something was adopted from it.
    """

    address: Address
    predecessor: Address | None
    frozen: bool
    loans: Mapping[tuple[bytes, bytes], Loan]
    matters: Mapping[bytes, Matter]


@dataclass(frozen=True, slots=True)
class ChainState:
    """Everything the contracts know, after the event at `at` (None: before the first).

    `directory` has every line there ever was, in order. `agreement_books`, `loan_ledgers` and `record_logs` are by
    contract address, replaced ones included; logs by (member, stream). `complete` is false while an event that the last
    one brings about is missing.
    """

    chain_id: int
    consortium: Address
    at: Place | None
    block_time: int
    complete: bool
    active: bool
    epoch: int
    delay: int
    threshold: int
    members: Mapping[bytes, Member]
    keys: Mapping[bytes, Key]
    validators: tuple[Address, ...]
    ratifications: Mapping[bytes, bytes]
    directory: tuple[Contract, ...]
    proposals: Mapping[bytes, Proposal]
    time_notes: tuple[TimeNote, ...]
    cancelled: frozenset[bytes]
    agreement_books: Mapping[Address, AgreementBook]
    loan_ledgers: Mapping[Address, LoanLedger]
    record_logs: Mapping[Address, Mapping[tuple[bytes, bytes], Log]]

    def contract_at(self, name: str) -> Address | None:
        """The address the directory names now."""
        return next((line.address for line in self.directory if line.name == name and line.until is None), None)

    @property
    def agreements(self) -> Mapping[bytes, Agreement]:
        """Agreements by id, as the present AgreementBook shows them: what it did not adopt, as its predecessor has
        it."""
        return {key: found for book in reversed(self.books) for key, found in book.agreements.items()}

    @property
    def loans(self) -> Mapping[tuple[bytes, bytes], Loan]:
        """Loans by (agreement, loan key), as the present LoanLedger shows them: what it did not adopt, as its
        predecessor has it."""
        return {key: found for ledger in reversed(self.ledgers) for key, found in ledger.loans.items()}

    @property
    def logs(self) -> Mapping[tuple[bytes, bytes], Log]:
        """The logs, by (member, stream), of the present RecordLog."""
        address = self.contract_at("RecordLog")
        return {} if address is None else self.record_logs.get(address, {})

    @property
    def books(self) -> tuple[AgreementBook, ...]:
        """The present AgreementBook, its predecessor, and so on."""
        return _lineage(self.agreement_books, self._named("AgreementBook"))

    @property
    def ledgers(self) -> tuple[LoanLedger, ...]:
        """The present LoanLedger, its predecessor, and so on."""
        return _lineage(self.loan_ledgers, self._named("LoanLedger"))

    def shares_of(self, loan: Loan) -> tuple[int, ...]:
        """What the parties hold of the loan, in their order: minor units, or 1 and 0 of a SEALED loan.

        They count as exposure while the loan is ACTIVE. Raises `KeyError` if its agreement is unknown.
        """
        key = (loan.agreement, loan.loan)
        for book in self.books:
            if (kept := book.own_shares.get(key)) is not None:
                return kept
        return shares_by_terms(self.terms_of(loan.agreement), loan.principal)

    def servicer_of(self, loan: Loan) -> bytes:
        """The member that services the loan. Raises `KeyError` if its agreement is unknown."""
        return loan.servicer or self.terms_of(loan.agreement).originator

    def terms_of(self, agreement: bytes) -> AgreementTerms:
        """The terms, whichever book has them. Raises `KeyError` if there is no such agreement."""
        for book in self.books:
            if (found := book.agreements.get(agreement)) is not None:
                return found.terms
        raise KeyError(agreement.hex())

    def _named(self, name: str) -> list[Address]:
        return [line.address for line in self.directory if line.name == name]


def shares_by_terms(terms: AgreementTerms, principal: int) -> tuple[int, ...]:
    """Of an OPEN loan the principal by the terms, in minor units; of a SEALED one 1 for each party."""
    if terms.visibility == Visibility.OPEN:
        return apportion(principal, [party.share_bps for party in terms.parties])
    return (1,) * len(terms.parties)


_Contract = TypeVar("_Contract", AgreementBook, LoanLedger)


def _lineage(contracts: Mapping[Address, _Contract], named: list[Address]) -> tuple[_Contract, ...]:
    """The last that was named, its predecessor, and so on. Before anything is adopted the predecessor is taken to be
    the one that the directory named before."""
    lineage: dict[Address, _Contract] = {}
    address = named[-1] if named else None
    while address is not None and address not in lineage:
        found = lineage[address] = contracts[address]
        position = named.index(address)
        address = found.predecessor or (named[position - 1] if position else None)
    return tuple(lineage.values())
