"""The heads of loans, and the acts linked to them (`protocol.md` §6)."""

from dataclasses import replace
from typing import Protocol

from tallystick.keccak import keccak256
from tallystick.keys import Address

from .books import LedgerState, place_of
from .errors import Rule, broken
from .event import Event
from .state import HeadLink, Loan

__all__ = ["Linked", "append", "first_head", "link", "link_from_other", "next_head"]


class Linked(Protocol):
    """An event that links its act to a loan."""

    @property
    def act_id(self) -> bytes: ...
    @property
    def count(self) -> int: ...
    @property
    def head(self) -> bytes: ...


def first_head(chain_id: int, ledger: Address, agreement: bytes, loan: bytes) -> bytes:
    """Head 0: `keccak256("tallystick-head/v1" ‖ u256 chain id ‖ address20 ‖ agreement ‖ loan key)`."""
    return keccak256(b"tallystick-head/v1" + chain_id.to_bytes(32) + ledger + agreement + loan)


def next_head(head: bytes, act_id: bytes) -> bytes:
    """`keccak256(head ‖ act id)`."""
    return keccak256(head + act_id)


def link(fact: Linked, count: int, head: bytes, event: Event) -> HeadLink:
    """The link of the act after `count` acts with `head`; refused by `count` or `head` if the event says another."""
    if fact.count != count + 1:
        raise broken(event, Rule.COUNT, f"the count is {count + 1}, not {fact.count}")
    due = next_head(head, fact.act_id)
    if fact.head != due:
        raise broken(event, Rule.HEAD, f"the head is {due.hex()}, not {fact.head.hex()}")
    return HeadLink(fact.count, fact.head, fact.act_id, event.name, place_of(event))


def append(ledger: LedgerState, loan: Loan, fact: Linked, event: Event) -> None:
    """Keep the loan (as it is after the act) with the act linked to it; refused by `count` or `head`."""
    linked = link(fact, loan.count, loan.head, event)
    ledger.loans[loan.agreement, loan.loan] = replace(
        loan, count=fact.count, head=fact.head, history=(*loan.history, linked)
    )


def link_from_other(ledger: LedgerState, loan: Loan, fact: Linked, event: Event) -> None:
    """Link an act that another contract recorded, once; refused by `act_id`, `frozen`, `count` or `head`."""
    if ledger.frozen:
        raise broken(event, Rule.FROZEN, "the ledger is frozen")
    key = (fact.act_id, loan.agreement, loan.loan)
    if key in ledger.linked:
        raise broken(event, Rule.ACT_ID, f"{fact.act_id.hex()} was linked to this loan before")
    ledger.linked.add(key)
    append(ledger, loan, fact, event)
