"""What the chain says about our own logs: which batches it holds, and anchors that we did not make."""

from collections.abc import Sequence

import structlog

from tallystick_gateway.kit import events
from tallystick_gateway.kit.clock import from_unix
from tallystick_gateway.kit.db import Session
from tallystick_gateway.records import repository
from tallystick_gateway.watch.blocks import CheckedBlock
from tallystick_gateway.watch.chain_event import ChainEvent

__all__ = ["apply"]

_log = structlog.get_logger("records.projections")


def apply(session: Session, _block: CheckedBlock, chain_events: Sequence[ChainEvent]) -> None:
    """Take our own anchors of a checked block, in its transaction."""
    for event in chain_events:
        if event.name == "Anchored" and event.values["member"] == session.owner:
            _anchored(session, event)


def _anchored(session: Session, event: ChainEvent) -> None:
    stream, first_index = event.values["stream"], event.values["firstIndex"]
    count, root = event.values["count"], event.values["root"]
    batch = repository.find_batch(session, stream, first_index)
    body = {"first_index": first_index, "count": count, "root": root.hex(), "height": event.height}
    at = from_unix(event.time)
    if batch is None or (batch.first_index, batch.count, batch.root) != (first_index, count, root):
        if batch is not None:
            batch.contradicted = True
        _log.critical("the chain holds an anchor of our log that is not ours", stream=stream.hex(), **body)
        events.emit(session, at, "log.contradicted", stream.hex(), body)
        return
    batch.anchored_height = event.height
    batch.act_id = event.act_id
    events.emit(session, at, "batch.anchored", f"{stream.hex()}:{first_index}", body)
