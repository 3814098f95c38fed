"""What a checked block makes of our acts and of the transactions that carry them."""

from collections.abc import Sequence

from tallystick_gateway.kit.db import Session
from tallystick_gateway.watch.blocks import CheckedBlock
from tallystick_gateway.watch.chain_event import ChainEvent

from . import carrier_repository, repository
from .announcing import announce
from .ends import tell_ended
from .refusals import error_text
from .repository import ActLine
from .states import Facts, State

__all__ = ["apply"]


def apply(session: Session, block: CheckedBlock, events: Sequence[ChainEvent]) -> None:
    """Mark acts as included (and final, where seals were checked), cancelled or expired, in the block's transaction."""
    now = session.now
    _carried(session, block)
    mine = [event for event in events if event.values.get("member") == session.owner]
    recorded = {event.act_id for event in mine if event.act_id}
    recorded |= {event.act_id for event in events if event.name == "ExposureReduced"}
    lines = [
        line
        for line in repository.acts_by_id(session, sorted(recorded))
        if line.state not in (State.INCLUDED, State.FINAL)
    ]
    facts = Facts(valid_until=0, event_in_checked_block=True, seals_checked=block.final)
    moved = repository.move(session, lines, State.INCLUDED, facts, now, height=block.height, error=None)
    announce(session, now, moved, State.INCLUDED)
    if block.final:
        sealed = [line._replace(state=State.INCLUDED) for line in moved]
        announce(session, now, repository.move(session, sealed, State.FINAL, facts, now), State.FINAL)
    burnt = [event.values["cancelled"] for event in mine if event.name == "ActCancelled"]
    _end(session, block, repository.acts_by_id(session, burnt), State.CANCELLED)
    _end(session, block, repository.expirable(session, block.time), State.EXPIRED)


def _carried(session: Session, block: CheckedBlock) -> None:
    by_hash = {execution.hash: execution.status for execution in block.executions}
    found = carrier_repository.carriers_by_hash(session, list(by_hash))
    for state, status in (("mined", 1), ("reverted", 0)):
        ids = [carrier_id for hash_, carrier_id in found.items() if by_hash[hash_] == status]
        carrier_repository.mark_carriers(session, ids, state=state, height=block.height)


def _end(session: Session, block: CheckedBlock, lines: Sequence[ActLine], to: State) -> None:
    """`lines` of acts not recorded end as `to`."""
    goal_open = [line for line in lines if line.state not in (State.INCLUDED, State.FINAL, State.CANCELLED, to)]
    if not goal_open:
        return
    now = session.now
    reason = {
        State.CANCELLED: error_text("acts.cancelled", "The act was cancelled on the chain."),
        State.EXPIRED: error_text("acts.expired", f"Block {block.height} is past the act's validity."),
    }[to]
    facts = Facts(
        valid_until=max(line.valid_until for line in goal_open),
        cancel_in_checked_block=to is State.CANCELLED,
        goal_block_time=block.time,
    )
    repository.move(session, goal_open, to, facts, now, error=reason)
    announce(session, now, goal_open, to)
    tell_ended(session, [line.id for line in goal_open])
