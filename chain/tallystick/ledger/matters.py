"""What one act opens and others sign: opening, signing, closing (`LedgerStorage.sol`, `Transfers.sol`)."""

from dataclasses import replace
from typing import Final, Protocol

from .books import AgreementBook, LedgerBook
from .codes import MatterKind
from .errors import Rule, broken
from .event import Event
from .state import Matter

__all__ = ["close_matter", "everyone_but", "open_matter", "sign_matter"]

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


def everyone_but(party: int, book: AgreementBook) -> int:
    """The mask of all parties but one."""
    return ((1 << len(book.members)) - 1) & ~(1 << party)


def open_matter(
    ledger: LedgerBook,
    fact: Opening,
    event: Event,
    *,
    kind: MatterKind,
    loan: bytes | None,
    giver: int,
    taker: int,
    amount: int,
    awaiting: int,
) -> None:
    """Open the matter for thirty days; refused by `matter` if the event says another end."""
    open_until = event.block_time + MATTER_LIFETIME
    if fact.open_until != open_until:
        raise broken(event, Rule.MATTER, f"the matter is open until {open_until}, not {fact.open_until}")
    ledger.matters[fact.act_id] = Matter(
        fact.act_id, kind, fact.agreement, loan, giver, taker, amount, awaiting, open=True, open_until=open_until
    )


def sign_matter(
    ledger: LedgerBook, book: AgreementBook, fact: CoSigning, kinds: frozenset[MatterKind], event: Event
) -> Matter:
    """The matter after the signature, closed if it was the last; refused by `matter` or `awaiting`."""
    matter = ledger.matters.get(fact.matter)
    if matter is None or not matter.open or matter.kind not in kinds or matter.agreement != fact.agreement:
        raise broken(event, Rule.MATTER, f"{fact.matter.hex()} is not open for this")
    if event.block_time > matter.open_until:
        raise broken(event, Rule.MATTER, f"{fact.matter.hex()} lapsed at {matter.open_until}")
    bit = 1 << book.members.index(fact.member) if fact.member in book.members else 0
    if not matter.awaiting & bit:
        raise broken(event, Rule.AWAITING, f"{fact.member.hex()} is not awaited")
    awaiting = matter.awaiting & ~bit
    if fact.awaiting != awaiting:
        raise broken(event, Rule.AWAITING, f"parties {awaiting:b} are awaited, not {fact.awaiting:b}")
    signed = replace(matter, awaiting=awaiting, open=awaiting != 0)
    ledger.matters[fact.matter] = signed
    return signed


def close_matter(ledger: LedgerBook, matter: Matter) -> None:
    """Nobody can sign it any more."""
    ledger.matters[matter.matter] = replace(matter, open=False)
