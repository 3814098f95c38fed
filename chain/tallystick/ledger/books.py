"""The working state of a replay: what the handlers of the events read and change."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.acts import AgreementTerms
from tallystick.keys import Address

from .codes import AgreementState, KeyPurpose, MemberState
from .errors import Rule, broken
from .event import Event
from .facts import Fact
from .state import Anchor, Contract, Key, Loan, Matter, Member, Place, Proposal, TimeNote

__all__ = [
    "AGREEMENT_BOOK",
    "CONSORTIUM",
    "CONSORTIUM_NAME",
    "LOAN_LEDGER",
    "NOTHING",
    "NO_ADDRESS",
    "RECORD_LOG",
    "AgreementEntry",
    "BookState",
    "Books",
    "Due",
    "Handler",
    "Handlers",
    "LedgerState",
    "LogState",
    "SucceedingState",
    "as_key",
    "place_of",
]

NOTHING: Final = bytes(32)
NO_ADDRESS: Final = Address(bytes(20))
CONSORTIUM: Final = "Consortium"
CONSORTIUM_NAME: Final = CONSORTIUM.encode().ljust(32, b"\0")
AGREEMENT_BOOK: Final = "AgreementBook"
LOAN_LEDGER: Final = "LoanLedger"
RECORD_LOG: Final = "RecordLog"

Handler = Callable[["Books", Any, Event], None]
"""Checks one typed event against the books, and books it. Raises `ReplayBroken`."""

Handlers = Mapping[tuple[str, type[Fact]], Handler]
"""By the directory's name of the contract, and the event."""


@dataclass(frozen=True, slots=True)
class Due:
    """An event that must come next, from the contract of this name, with the values that are determined."""

    contract: str
    kind: type[Fact]
    values: Mapping[str, object]

    def differs(self, contract: str, fact: Fact) -> str:
        """What is wrong with `fact` of `contract` as the event that is due; empty if nothing is."""
        if type(fact) is not self.kind or contract != self.contract:
            return f"{self.kind.__name__} of {self.contract} is due, not {type(fact).__name__} of {contract}"
        for name, value in self.values.items():
            found = getattr(fact, name)
            if found != value:
                return f"{name} of {self.kind.__name__} must be {_shown(value)}, not {_shown(found)}"
        return ""


@dataclass(slots=True)
class AgreementEntry:
    """An agreement in the making: see `tallystick.ledger.Agreement`."""

    terms: AgreementTerms
    state: AgreementState
    proposal: bytes | None
    signed: list[bytes]
    exposures: list[int]
    exposure: int = 0
    adopted: bool = False
    members: tuple[bytes, ...] = field(init=False)
    bps: tuple[int, ...] = field(init=False)
    limits: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.members = tuple(party.member for party in self.terms.parties)
        self.bps = tuple(party.share_bps for party in self.terms.parties)
        self.limits = tuple(party.limit for party in self.terms.parties)


@dataclass(slots=True)
class SucceedingState:
    """A contract with data that outlives it. `named_before` is what the directory named until this one came."""

    address: Address
    named_before: Address | None
    predecessor: Address | None = None
    frozen: bool = False
    matters: dict[bytes, Matter] = field(default_factory=dict)


@dataclass(slots=True)
class BookState(SucceedingState):
    """One AgreementBook."""

    agreements: dict[bytes, AgreementEntry] = field(default_factory=dict)
    own_shares: dict[tuple[bytes, bytes], tuple[int, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class LedgerState(SucceedingState):
    """One LoanLedger."""

    loans: dict[tuple[bytes, bytes], Loan] = field(default_factory=dict)
    linked: set[tuple[bytes, bytes, bytes]] = field(default_factory=set)
    """(act id, agreement, loan) that other contracts linked."""


@dataclass(slots=True)
class LogState:
    """A member's log of a stream."""

    next_index: int = 0
    last_anchor: bytes = NOTHING
    anchors: list[Anchor] = field(default_factory=list)


@dataclass(slots=True)
class Books:
    """Everything replayed so far."""

    chain_id: int
    consortium: Address
    founding_transaction: bytes | None = None
    founded: bool = False
    active: bool = False
    epoch: int = 0
    delay: int = 0
    threshold: int = 0
    members: dict[bytes, Member] = field(default_factory=dict)
    founders: frozenset[bytes] = frozenset()
    keys: dict[bytes, Key] = field(default_factory=dict)
    validators: list[bytes] = field(default_factory=list)
    """Keys, in the order the contract has them."""
    ratifications: dict[bytes, bytes] = field(default_factory=dict)
    directory: list[Contract] = field(default_factory=list)
    addresses: dict[str, Address] = field(default_factory=dict)
    """Name → address that the directory names now."""
    names: dict[Address, str] = field(default_factory=dict)
    proposals: dict[bytes, Proposal] = field(default_factory=dict)
    time_notes: list[TimeNote] = field(default_factory=list)
    acts: set[bytes] = field(default_factory=set)
    cancelled: set[bytes] = field(default_factory=set)
    agreement_books: dict[Address, BookState] = field(default_factory=dict)
    loan_ledgers: dict[Address, LedgerState] = field(default_factory=dict)
    record_logs: dict[Address, dict[tuple[bytes, bytes], LogState]] = field(default_factory=dict)
    due: deque[Due] = field(default_factory=deque)
    follows: bool = False
    """Whether the event at hand was due."""

    def expect(self, contract: str, kind: type[Fact], **values: object) -> None:
        """Demand that the next event, after those already due, is of `contract` and `kind` with these values."""
        self.due.append(Due(contract, kind, values))

    @property
    def active_count(self) -> int:
        """How many members are active now."""
        return sum(member.state is MemberState.ACTIVE for member in self.members.values())

    def known(self, event: Event, member: bytes) -> Member:
        """The member; refused by `member` if there is none."""
        found = self.members.get(member)
        if found is None:
            raise broken(event, Rule.MEMBER, f"{member.hex()} is no member")
        return found

    def authorise(
        self, event: Event, member: bytes, signer: Address, purposes: tuple[KeyPurpose, ...], *, even_if_suspended: bool
    ) -> Key:
        """The key by which `signer` may speak for `member` at the block's time, as `Consortium` decides it."""
        state = self.known(event, member).state
        if state is not MemberState.ACTIVE and not (even_if_suspended and state is MemberState.SUSPENDED):
            raise broken(event, Rule.MEMBER, f"{member.hex()} is {state.name}")
        key = self.keys.get(as_key(signer))
        if key is None or key.member != member or key.purpose not in purposes:
            wanted = " or ".join(purpose.name for purpose in purposes)
            raise broken(event, Rule.SIGNER, f"{signer.hex()} is no {wanted} key of {member.hex()}")
        if key.revoked_at is not None or key.compromised_since is not None:
            raise broken(event, Rule.SIGNER, f"{signer.hex()} is revoked or compromised")
        if not key.not_before <= event.block_time <= key.not_after:
            window = f"{key.not_before}–{key.not_after}"
            raise broken(event, Rule.SIGNER, f"{signer.hex()} is valid {window}, not at {event.block_time}")
        return key


def as_key(address: bytes) -> bytes:
    """An address as the contracts keep keys: left-padded to 32 bytes."""
    return bytes(12) + address


def place_of(event: Event) -> Place:
    """Where the event stands."""
    return Place(event.height, event.transaction_index, event.log_index)


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
