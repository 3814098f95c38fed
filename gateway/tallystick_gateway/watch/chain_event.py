"""An event of a contract of the directory, decoded from a checked block."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tallystick_gateway.kit.db import Session

from .blocks import CheckedBlock

__all__ = ["ChainEvent", "Handlers", "apply_each"]


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """`values` are all parameters by their Solidity names: bytes, int, bool, str (addresses are 20 bytes).

    `contract` is the directory's name of the contract; `log_index` counts the block's logs from 0.
    """

    name: str
    contract: str
    address: bytes
    values: Mapping[str, Any]
    height: int
    time: int
    transaction_hash: bytes
    transaction_index: int
    log_index: int

    @property
    def act_id(self) -> bytes:
        """The act that caused the event; empty where none did."""
        return bytes(self.values.get("actId", b""))


Handlers = Mapping[str, Callable[[Session, ChainEvent], None]]


def apply_each(session: Session, _block: CheckedBlock, events: Sequence[ChainEvent], handlers: Handlers) -> None:
    """Hand each event to the handler of its name, in order; events without one are another domain's."""
    for event in events:
        if handler := handlers.get(event.name):
            handler(session, event)
