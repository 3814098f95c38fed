"""Which addresses are contracts of the consortium, and their events in a block."""

from collections.abc import Iterable

from tallystick.client.artifacts import CONTRACTS
from tallystick.consortium import Consortium

from .blocks import CheckedBlock
from .chain_event import ChainEvent
from .decoding import read_event

__all__ = ["Directory"]

KNOWN_CONTRACTS = frozenset(CONTRACTS)
"""Contracts whose events this release reads; what others record about a loan, the ledger tells (`ActLinked`)."""


class Directory:
    """Addresses from consortium.json, and from `ContractRegistered` events as they are read. Never forgets one:
    a replaced contract still tells that it was frozen."""

    def __init__(self, consortium: Consortium, later: Iterable[tuple[bytes, str]] = ()) -> None:
        """`later` are (address, name) of contracts registered in blocks taken before."""
        self._names: dict[bytes, str] = {entry.address: entry.name for entry in consortium.contracts}
        self._names.update(later)

    def events(self, block: CheckedBlock) -> list[ChainEvent]:
        """Events of the consortium's contracts in `block`, in order. Raises `EventUnreadable`."""
        found = []
        for checked in block.logs:
            name = self._names.get(checked.log.address)
            if name not in KNOWN_CONTRACTS:
                continue
            event = read_event(name, checked, block.header)
            found.append(event)
            if event.name == "ContractRegistered":
                registered = event.values["name"].rstrip(b"\0").decode("ascii", "replace")
                self._names[event.values["deployed"]] = registered
        return found
