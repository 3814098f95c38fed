"""Why an open submission waits: only what is known, the gravest thing first, nothing while all goes its usual way."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tallystick_gateway.kit.clock import ClockSkewed
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.gateway import Gateway, Reason
from tallystick_gateway.watch.watcher import Watcher

from . import carrier_repository, repository
from .carrier_repository import Pending
from .errors import BatchExamined, EarlierFirst, NodeRefusesIt, NotMined, OthersOnTheWay
from .refusals import read_error
from .states import State

__all__ = ["Open", "reasons"]

_USUAL_BLOCKS = 10
"""A transaction that so many blocks did not take is worth a word. Usually the next one or two do."""
_BARELY_BEHIND = 3
_USUAL_AGE = timedelta(seconds=10)
"""So long a submission may wait for room on the way without a word."""


class Open(NamedTuple):
    """A submission that is not done, and the state of its least advanced act."""

    id: str
    state: State
    created_at: datetime


def reasons(session: Session, gateway: Gateway, open_: Sequence[Open]) -> dict[str, Reason]:
    """For each of these submissions, by id, why it waits, if anything is out of the ordinary.

    What keeps the gateway from following the chain or from signing is said of all; else what is known of the
    transaction that carries the least advanced act and has the lowest nonce.
    """
    if not open_:
        return {}
    if (general := _of_all(gateway)) is not None:
        return {each.id: general for each in open_}
    skewed = _skewed(gateway)
    found: dict[str, Reason] = {}
    for state in {each.state for each in open_}:
        same = [each for each in open_ if each.state is state]
        if skewed is not None and state is not State.BROADCAST:
            found.update((each.id, skewed) for each in same)
        elif state is not State.RECEIVED:
            found.update(_by_transaction(session, gateway, same, state))
    return found


def _of_all(gateway: Gateway) -> Reason | None:
    watcher, fatal = gateway.part(Watcher), gateway.worker.fatal
    reason = watcher.reason()
    if reason is not None and not (reason.code == "watch.behind" and _nearly_caught_up(watcher)):
        return reason
    if fatal is not None:
        return Reason(str(fatal["code"]), f"The worker has stopped: {fatal['detail']}", str(fatal["advice"]))
    return None


def _nearly_caught_up(watcher: Watcher) -> bool:
    behind = watcher.facts()["behind"]
    return isinstance(behind, int) and behind <= _BARELY_BEHIND


def _skewed(gateway: Gateway) -> Reason | None:
    try:
        gateway.skew.require_sound()
    except ClockSkewed as skewed:
        return _reason(skewed)
    return None


def _by_transaction(session: Session, gateway: Gateway, same: Sequence[Open], state: State) -> dict[str, Reason]:
    tip = gateway.part(Watcher).tip
    carried = repository.lowest_carriers(session, [each.id for each in same], state)
    pending = carrier_repository.pending(session, [id_ for id_ in carried.values() if id_ is not None])
    found: dict[str, Reason] = {}
    for each in same:
        carrier = pending.get(carried.get(each.id) or 0)
        why = _why(session, carrier, tip.height if tip else 0) if carrier else _uncarried(session, each.created_at)
        if why is not None:
            found[each.id] = _reason(why)
    return found


def _uncarried(session: Session, since: datetime) -> GatewayError | None:
    count = carrier_repository.in_flight(session).transactions
    if not count or session.now - since < _USUAL_AGE:
        return None
    return OthersOnTheWay(f"{count} transactions go first.", transactions=count)


def _why(session: Session, carrier: Pending, tip: int) -> GatewayError | None:
    transaction = f"Transaction 0x{carrier.hash.hex()}"
    if carrier.state == "reverted":
        return BatchExamined(f"{transaction} was reverted in block {carrier.height}.", height=carrier.height)
    if carrier.state == "stored" and (refusal := read_error(carrier.last_error)) is not None:
        return NodeRefusesIt(f"{refusal['detail']}.", transaction=carrier.hash)
    blocks = tip - carrier.after_height
    if carrier.state != "accepted" or blocks < _USUAL_BLOCKS:
        return None
    lowest = carrier_repository.lowest_unmined(session, carrier.sender)
    if lowest is not None and lowest < carrier.nonce:
        return EarlierFirst(f"{carrier.nonce - lowest} nonces before that of this transaction are open.", lowest=lowest)
    detail = f"{transaction} is with a node, and in none of the {blocks} blocks since {carrier.after_height}."
    return NotMined(detail, transaction=carrier.hash, after_height=carrier.after_height, blocks=blocks)


def _reason(why: GatewayError) -> Reason:
    return Reason(why.code, str(why), why.advice)
