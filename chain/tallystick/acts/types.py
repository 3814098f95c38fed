"""Every act and statement that a member signs, one class each: the Python side of `contracts/acts.json`.

Field names are those of the EIP-712 type in snake case (a name that Python keeps for itself takes a `_`), in the same
order. Widths (`bytesN` is exactly N bytes, `address` 20, `uintN` an int that fits) are checked when an act is encoded.
Times are Unix seconds, dates are YYYYMMDD as an int, money is minor units.
"""

from dataclasses import dataclass

__all__ = [
    "Act",
    "AddKey",
    "Adopt",
    "AdoptAgreement",
    "AgreementTerms",
    "Anchor",
    "Approve",
    "Cancel",
    "CancelProposal",
    "CoSign",
    "ContractEntry",
    "Disburse",
    "DisburseSealed",
    "NoteTime",
    "PackageBuilt",
    "Party",
    "Propose",
    "ProposeAgreement",
    "Ratify",
    "RecordReceipt",
    "ReportCompromise",
    "Reverse",
    "RevokeKey",
    "RootsSigned",
    "Settle",
    "Snapshot",
    "Struct",
    "TransferServicing",
    "TransferShare",
    "WriteOff",
]


class Struct:
    """A value of an EIP-712 struct type; the type's name is the class's name."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEntry(Struct):
    """One line of the contract directory: `name` is ASCII, left-aligned in 32 bytes."""

    name: bytes
    at: bytes
    code_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Party(Struct):
    """A lender of an agreement, its share in basis points and the most it may have outstanding."""

    member: bytes
    share_bps: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTerms(Struct):
    """A joint-lending agreement; its `struct_hash` is the agreement's id."""

    originator: bytes
    parties: tuple[Party, ...]
    currency: bytes
    visibility: int
    loan_limit: int
    total_limit: int
    calendar: str
    time_zone: str
    cut_off: int
    attesting_roles: int
    calculation_rules: bytes
    penalty_surcharge_bps: int
    objection_period: int
    cure_period: int
    response_period: int
    call_deadline_blocks: int
    dispute_question: bytes
    dispute_outcomes: bytes
    depository: bytes
    arbitrator: bytes
    nonce: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReceipt(Struct):
    """The lender's signed word that a record stands at `index` of its log (`protocol.md` §1)."""

    member: bytes
    stream: bytes
    index: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RootsSigned(Struct):
    """A member's word that the roots with this digest are right (`evidence.md`, Roots)."""

    member: bytes
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageBuilt(Struct):
    """A member's word that it built this evidence package (`docs/package.md`)."""

    member: bytes
    kind: str
    subject: bytes
    evidence_digest: bytes
    certificate_digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(Struct):
    """What every act begins with: who speaks, the business fact's reference, from when to when it may be recorded."""

    member: bytes
    ref: bytes
    issued_at: int
    valid_until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoSign(Act):
    """Another party's yes to the act `act_id`."""

    act_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Act):
    """Burns an act id of the member's own that was not yet used."""

    act_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratify(Act):
    """A founder's yes to the chain and its contracts."""

    contracts: tuple[ContractEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddKey(Act):
    """A new key of the member."""

    purpose: int
    key: bytes
    not_before: int
    not_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeKey(Act):
    """The end of one of the member's keys."""

    purpose: int
    key: bytes
    reason: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCompromise(Act):
    """The member says since when others may have held its key."""

    purpose: int
    key: bytes
    since: int
    reason: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose(Act):
    """A change of the consortium, put to the vote."""

    change: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Act):
    """A yes to a proposal."""

    proposal: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelProposal(Act):
    """The proposer takes its proposal back."""

    proposal: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTime(Act):
    """The digest of a time-stamp token: whatever is recorded later is later than that token."""

    token_digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeAgreement(Act):
    """An agreement, put to its parties."""

    terms: AgreementTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Disburse(Act):
    """A loan of an OPEN agreement: principal and each party's part of it."""

    agreement: bytes
    loan: bytes
    borrower_tag: bytes
    currency: bytes
    principal: int
    shares: tuple[int, ...]
    value_date: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisburseSealed(Act):
    """A loan of a SEALED agreement: one digest of its terms, signed by every party."""

    agreement: bytes
    loan: bytes
    terms: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverse(Act):
    """A disbursement that did not happen."""

    agreement: bytes
    loan: bytes
    reason: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle(Act):
    """A loan that is fully paid."""

    agreement: bytes
    loan: bytes
    value_date: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff(Act):
    """A loan that is given up."""

    agreement: bytes
    loan: bytes
    value_date: int
    reason: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferShare(Act):
    """A part of a loan that passes from one member to another."""

    agreement: bytes
    loan: bytes
    from_: bytes
    to: bytes
    amount: int
    reason: bytes
    price: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferServicing(Act):
    """The servicing of a loan that passes from one member to another."""

    agreement: bytes
    loan: bytes
    from_: bytes
    to: bytes
    reason: bytes
    price: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Act):
    """Asks the ledger to state a loan's count and head."""

    agreement: bytes
    loan: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptAgreement(Act):
    """Takes an agreement over from a frozen predecessor ledger."""

    agreement: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt(Act):
    """Takes a loan over from a frozen predecessor ledger."""

    agreement: bytes
    loan: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor(Act):
    """The root of the next `count` records of the member's log `stream`."""

    stream: bytes
    first_index: int
    count: int
    root: bytes
    previous: bytes
