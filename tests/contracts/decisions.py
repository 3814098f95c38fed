"""What m of n members of a consortium decide: proposed, approved, waited for, executed."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from tallystick.acts import Approve, Propose
from tallystick.client.events import Emitted
from tests.contracts.support import DELAY_S, Call, Member, Network, word

__all__ = ["Change", "Words", "approve", "decide", "execution", "payload_of", "pending", "propose", "refused"]

Words = tuple[str | bytes | int, ...]
"""The values of a change's payload."""


class Change(IntEnum):
    """The changes of `acts.json`, by their codes."""

    ADMIT = 1
    SUSPEND = 2
    REINSTATE = 3
    EXPEL = 4
    SET_ROLES = 5
    ADD_VALIDATOR = 6
    REMOVE_VALIDATOR = 7
    SET_THRESHOLD = 8
    SET_DELAY = 9
    SET_CONTRACT = 10
    BACKDATE_COMPROMISE = 11
    REPLACE_RECOVERY = 12


def payload_of(*values: str | bytes | int) -> bytes:
    """The words of a change's payload."""
    return b"".join(word(value) for value in values)


def propose(network: Network, change: int, *values: str | bytes | int, by: Member | None = None) -> bytes:
    """Propose a change (by the first founder unless told otherwise); the proposal's id."""
    act = network.act(Propose, by or network.founders[0], change=int(change), payload=payload_of(*values))
    network.send(act)
    return network.act_id(act)


def approve(network: Network, proposal: bytes, *members: Member) -> None:
    """Each of `members` approves."""
    for member in members:
        network.send(network.act(Approve, member, proposal=proposal))


def execution(network: Network, proposal: bytes, change: int, *values: str | bytes | int) -> Call:
    """The call, by anybody, that carries the proposal out."""
    return Call(network.contracts["Consortium"], "execute", (proposal, change, payload_of(*values)))


def pending(
    network: Network, change: int, *values: str | bytes | int, by: Sequence[Member] | None = None
) -> tuple[bytes, Call]:
    """A proposal that its approvers (all founders unless told otherwise) wait to execute: its id and its execution.

    The timelock is over. The first of `by` proposes.
    """
    proposer, *others = by or network.founders
    proposal = propose(network, change, *values, by=proposer)
    approve(network, proposal, *others)
    network.chain.travel(DELAY_S)
    return proposal, execution(network, proposal, change, *values)


def decide(
    network: Network, change: int, *values: str | bytes | int, by: Sequence[Member] | None = None
) -> list[Emitted]:
    """Have a change decided and carried out; the events of its execution."""
    _, call = pending(network, change, *values, by=by)
    return network.chain.send(call)


def refused(network: Network, change: int, words: Words, error: str, **values: Any) -> None:
    """Assert that a decision of all founders cannot be carried out, with exactly this error; undone afterwards."""
    with network.chain.rewound():
        _, call = pending(network, change, *words)
        network.chain.refused(call, error, **values)
