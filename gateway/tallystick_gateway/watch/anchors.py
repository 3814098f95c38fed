"""What the RecordLog's events make of the members' logs."""

from collections.abc import Sequence

from tallystick_gateway.kit.db import Session

from . import repository
from .blocks import CheckedBlock
from .chain_event import ChainEvent

__all__ = ["apply"]


def apply(session: Session, _block: CheckedBlock, events: Sequence[ChainEvent]) -> None:
    """Take the block's events, in its transaction."""
    rows = [
        {
            "member": event.values["member"],
            "stream": event.values["stream"],
            "first_index": event.values["firstIndex"],
            "count": event.values["count"],
            "root": event.values["root"],
            "previous": event.values["previous"],
            "act_id": event.act_id,
            "height": event.height,
            "transaction_hash": event.transaction_hash,
            "log_index": event.log_index,
        }
        for event in events
        if event.name == "Anchored"
    ]
    repository.add_anchors(session, rows)
