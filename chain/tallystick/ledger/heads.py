"""The heads of loans (`protocol.md` §6)."""

from typing import Protocol

from tallystick.keccak import keccak256
from tallystick.keys import Address

from .errors import Rule, broken
from .event import Event
from .state import HeadLink, Place

__all__ = ["first_head", "link", "next_head"]


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
    if fact.head != next_head(head, fact.act_id):
        raise broken(event, Rule.HEAD, f"the head is {next_head(head, fact.act_id).hex()}, not {fact.head.hex()}")
    place = Place(event.height, event.transaction_index, event.log_index)
    return HeadLink(fact.count, fact.head, fact.act_id, event.name, place)
