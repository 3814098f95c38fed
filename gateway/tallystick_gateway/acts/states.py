"""The states of an act on its way to the chain (`gateway.md`): one table, each step with its guard.

A state is said only when it is true. Every step below names the fact that makes it true; `advance` refuses a step that
is not in the table or whose fact is missing, and the bulk statements of `repository` take their sources from the
same table (`sources`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from .errors import TransitionRefused

__all__ = ["ENDS", "TRANSITIONS", "Facts", "State", "advance", "is_done", "sources"]


class State(StrEnum):
    """Where an act is. `included` is the end on a chain without seals, `final` on one with them."""

    RECEIVED = "received"
    SIGNED = "signed"
    BROADCAST = "broadcast"
    INCLUDED = "included"
    FINAL = "final"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


ENDS = frozenset({State.REJECTED, State.EXPIRED, State.CANCELLED})
"""States in which an act has failed for good (unless the chain shows that it took the act after all)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one act at the moment of a step. Times are seconds since 1970 by the chain's clock."""

    valid_until: int
    signature_stored: bool = False
    node_accepted: bool = False
    carrier_lost: bool = False
    """The transaction that carried it reverted for another act's sake, or its nonce was used by something else."""
    event_in_checked_block: bool = False
    """An event with this act's id stands in a block whose receipts root was rebuilt."""
    seals_checked: bool = False
    refusal: str | None = None
    """Code of the typed error with which the contract, or our own check before signing, refused the act."""
    cancel_in_checked_block: bool = False
    withdrawn_unsigned: bool = False
    """Our own client took it back before any signature existed."""
    goal_block_time: int | None = None
    """Time of the newest block in the goal state; every earlier block was searched for this act."""


def _signed(facts: Facts) -> bool:
    return facts.signature_stored


def _accepted(facts: Facts) -> bool:
    return facts.node_accepted


def _returned(facts: Facts) -> bool:
    return facts.carrier_lost and facts.signature_stored


def _recorded(facts: Facts) -> bool:
    return facts.event_in_checked_block


def _sealed(facts: Facts) -> bool:
    return facts.event_in_checked_block and facts.seals_checked


def _refused(facts: Facts) -> bool:
    return facts.refusal is not None and not facts.event_in_checked_block


def _past_validity(facts: Facts) -> bool:
    return (
        facts.goal_block_time is not None
        and facts.goal_block_time > facts.valid_until
        and not facts.event_in_checked_block
    )


def _burnt(facts: Facts) -> bool:
    return facts.cancel_in_checked_block


def _withdrawn(facts: Facts) -> bool:
    return facts.withdrawn_unsigned and not facts.signature_stored


Guard = Callable[[Facts], bool]
_S = State
TRANSITIONS: Mapping[tuple[State, State], Guard] = MappingProxyType(
    {
        (_S.RECEIVED, _S.SIGNED): _signed,
        (_S.RECEIVED, _S.REJECTED): _refused,
        (_S.RECEIVED, _S.EXPIRED): _past_validity,
        (_S.RECEIVED, _S.CANCELLED): _withdrawn,
        (_S.SIGNED, _S.BROADCAST): _accepted,
        (_S.SIGNED, _S.INCLUDED): _recorded,
        (_S.SIGNED, _S.REJECTED): _refused,
        (_S.SIGNED, _S.EXPIRED): _past_validity,
        (_S.SIGNED, _S.CANCELLED): _burnt,
        (_S.BROADCAST, _S.SIGNED): _returned,
        (_S.BROADCAST, _S.INCLUDED): _recorded,
        (_S.BROADCAST, _S.REJECTED): _refused,
        (_S.BROADCAST, _S.EXPIRED): _past_validity,
        (_S.BROADCAST, _S.CANCELLED): _burnt,
        (_S.INCLUDED, _S.FINAL): _sealed,
        # A signed act stays valid until validUntil, and whoever has its bytes may relay it: the chain decides.
        (_S.REJECTED, _S.INCLUDED): _recorded,
        (_S.REJECTED, _S.CANCELLED): _burnt,
    }
)
"""Every allowed step and the fact it needs."""


def advance(state: State, to: State, facts: Facts) -> State:
    """`to`, if the table has this step and its guard holds; raises `TransitionRefused` otherwise."""
    guard = TRANSITIONS.get((state, to))
    if guard is None:
        raise TransitionRefused(f"an act that is {state} never becomes {to}", state=state, to=to)
    if not guard(facts):
        raise TransitionRefused(f"nothing shows that this {state} act is {to}", state=state, to=to)
    return to


def sources(to: State) -> tuple[State, ...]:
    """The states from which the table leads to `to`, for bulk updates."""
    return tuple(source for source, target in TRANSITIONS if target is to)


def is_done(state: State, goal: State) -> bool:
    """Nothing more will happen by itself: the chain profile's goal is reached, or the act has failed."""
    return state is goal or state is State.FINAL or state in ENDS
