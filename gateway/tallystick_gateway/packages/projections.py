"""Where acts stand, of those that no other table places: snapshots, agreements, keys and decisions, cancellations."""

from collections.abc import Sequence

from tallystick.package.events import ACT_EVENTS
from tallystick_gateway.kit.db import Session
from tallystick_gateway.watch.blocks import CheckedBlock
from tallystick_gateway.watch.chain_event import ChainEvent

from . import repository

__all__ = ["apply"]

_ON_LOANS_ONLY_HERE = frozenset({"Snapshot", "Cancel"})
"""Acts in the LoanLedger that are not linked to a loan's head; those that are stand in `loans_act`."""
_PLACED_HERE = frozenset(
    (event.contract, event.name)
    for event in ACT_EVENTS
    if event.kind != "Anchor" and (event.contract != "LoanLedger" or event.kind in _ON_LOANS_ONLY_HERE)
)


def apply(session: Session, _block: CheckedBlock, events: Sequence[ChainEvent]) -> None:
    """Take the block's events, in its transaction. (What a decision or the founding did to keys has no signer.)"""
    repository.add_places(
        session,
        [
            {
                "act_id": event.act_id,
                "contract": event.contract,
                "event": event.name,
                "member": event.values["member"],
                "agreement": event.values.get("agreement"),
                "loan": event.values.get("loan"),
                "height": event.height,
                "log_index": event.log_index,
            }
            for event in events
            if (event.contract, event.name) in _PLACED_HERE and any(event.values["signer"])
        ],
    )
