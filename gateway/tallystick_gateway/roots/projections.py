"""Which events of a checked block are kept for roots. (Other tables hold what they made; roots tell since when.)"""

from collections.abc import Sequence

from tallystick.keys import Address
from tallystick.ledger import Event
from tallystick.roots.building import EVENTS
from tallystick_gateway.kit.db import Session
from tallystick_gateway.watch.blocks import CheckedBlock
from tallystick_gateway.watch.chain_event import ChainEvent

from . import repository
from .models import RootsEventRow

__all__ = ["CONSORTIUM", "apply", "event_of"]

CONSORTIUM = "Consortium"


def apply(session: Session, _block: CheckedBlock, events: Sequence[ChainEvent]) -> None:
    """Take the block's events, in its transaction."""
    repository.add_events(
        session,
        [
            {
                "height": event.height,
                "transaction_index": event.transaction_index,
                "log_index": event.log_index,
                "time": event.time,
                "transaction_hash": event.transaction_hash,
                "name": event.name,
                "parameters": {name: _plain(value) for name, value in event.values.items()},
            }
            for event in events
            if event.contract == CONSORTIUM and event.name in EVENTS
        ],
    )


def event_of(row: RootsEventRow, consortium: Address) -> Event:
    """The event as it was read; `consortium` is the contract's address."""
    return Event(
        contract=CONSORTIUM,
        address=consortium,
        name=row.name,
        values={name: _read(value) for name, value in row.parameters.items()},
        height=row.height,
        transaction_index=row.transaction_index,
        log_index=row.log_index,
        block_time=row.time,
        transaction_hash=row.transaction_hash,
    )


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _read(value: object) -> object:
    """(The events that are kept have integers and bytes, and nothing else.)"""
    return bytes.fromhex(value) if isinstance(value, str) else value
