"""What one act opens and others sign: opening, signing, withdrawing (`JointActs.sol`)."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final, Protocol

from .books import AGREEMENT_BOOK, LOAN_LEDGER, AgreementEntry, Books, BookState, Handlers, SucceedingState
from .codes import AgreementState, MatterKind
from .errors import Rule, broken
from .event import Event
from .facts import ActCancelled, MatterWithdrawn
from .finding import open_book, open_ledger, present_book
from .state import Matter

__all__ = ["HANDLERS", "everyone_but", "open_matter", "sign_matter"]

MATTER_LIFETIME: Final = 30 * 86_400


class Opening(Protocol):
    """An event that opens a matter by its act."""

    @property
    def act_id(self) -> bytes: ...
    @property
    def agreement(self) -> bytes: ...
    @property
    def open_until(self) -> int: ...


class CoSigning(Protocol):
    """An event that tells a co-signature."""

    @property
    def agreement(self) -> bytes: ...
    @property
    def member(self) -> bytes: ...
    @property
    def matter(self) -> bytes: ...
    @property
    def awaiting(self) -> int: ...


def everyone_but(party: int, entry: AgreementEntry) -> int:
    """The mask of all parties but one."""
    return ((1 << len(entry.members)) - 1) & ~(1 << party)


def open_matter(
    contract: SucceedingState,
    fact: Opening,
    event: Event,
    *,
    kind: MatterKind,
    awaiting: int,
    loan: bytes | None = None,
    giver: int = 0,
    taker: int = 0,
    amount: int = 0,
) -> None:
    """Open the matter for thirty days; refused by `matter` if the event says another end."""
    open_until = event.block_time + MATTER_LIFETIME
    if fact.open_until != open_until:
        raise broken(event, Rule.MATTER, f"the matter is open until {open_until}, not {fact.open_until}")
    contract.matters[fact.act_id] = Matter(
        fact.act_id, kind, fact.agreement, loan, giver, taker, amount, awaiting, open=True, open_until=open_until
    )


def sign_matter(
    contract: SucceedingState, entry: AgreementEntry, fact: CoSigning, kinds: Collection[MatterKind], event: Event
) -> Matter:
    """The matter after the signature, closed if it was the last; refused by `matter` or `awaiting`."""
    matter = contract.matters.get(fact.matter)
    if matter is None or not matter.open or matter.kind not in kinds or matter.agreement != fact.agreement:
        raise broken(event, Rule.MATTER, f"{fact.matter.hex()} is not open for this")
    if event.block_time > matter.open_until:
        raise broken(event, Rule.MATTER, f"{fact.matter.hex()} lapsed at {matter.open_until}")
    bit = 1 << entry.members.index(fact.member) if fact.member in entry.members else 0
    if not matter.awaiting & bit:
        raise broken(event, Rule.AWAITING, f"{fact.member.hex()} is not awaited")
    awaiting = matter.awaiting & ~bit
    if fact.awaiting != awaiting:
        raise broken(event, Rule.AWAITING, f"parties {awaiting:b} are awaited, not {fact.awaiting:b}")
    signed = replace(matter, awaiting=awaiting, open=awaiting != 0)
    contract.matters[fact.matter] = signed
    return signed


def _withdrawn(books: Books, fact: MatterWithdrawn, event: Event) -> None:
    """Told before the cancellation that does it. A SEALED loan is reversed, not withdrawn."""
    of_book = event.contract == AGREEMENT_BOOK
    contract: SucceedingState = open_book(books, event) if of_book else open_ledger(books, event)
    matter = contract.matters.get(fact.matter)
    if matter is None or not matter.open or matter.kind is MatterKind.SEALED_LOAN:
        raise broken(event, Rule.MATTER, f"{fact.matter.hex()} cannot be withdrawn")
    if (fact.kind, fact.agreement) != (matter.kind, matter.agreement):
        raise broken(event, Rule.MATTER, f"the matter is {matter.kind.name} of {matter.agreement.hex()}")
    entry = _agreement_of(contract, books, matter, event)
    if entry is not None and entry.members[matter.giver] != fact.member:
        raise broken(event, Rule.MATTER, f"{fact.member.hex()} did not open it")
    contract.matters[fact.matter] = replace(matter, open=False)
    if entry is not None and matter.kind is MatterKind.AGREEMENT:
        entry.state = AgreementState.WITHDRAWN
    books.expect(event.contract, ActCancelled, act_id=fact.act_id, cancelled=fact.matter, member=fact.member)


def _agreement_of(contract: SucceedingState, books: Books, matter: Matter, event: Event) -> AgreementEntry | None:
    """Of a ledger's matter the agreement may be missing: a new book that has not adopted it yet."""
    book = contract if isinstance(contract, BookState) else present_book(books, event)
    return book.agreements.get(matter.agreement)


HANDLERS: Handlers = {
    (AGREEMENT_BOOK, MatterWithdrawn): _withdrawn,
    (LOAN_LEDGER, MatterWithdrawn): _withdrawn,
}
