"""Events of our contracts from the logs of receipts, by the contracts' ABI.

What a log says is proved only by its receipt under a verified header (`tallystick.receipts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from tallystick.client.abi import decode_parameters, entries
from tallystick.client.artifacts import canonical_type
from tallystick.errors import TallystickError
from tallystick.keccak import keccak256
from tallystick.receipts import Log

__all__ = ["Emitted", "EventUnreadable", "decode_log", "decode_logs"]


class EventUnreadable(TallystickError):
    """A log of our contract's address that is none of its events, or not exactly one."""

    code: ClassVar[str] = "event.unreadable"
    sentence: ClassVar[str] = "A log of {contract} cannot be read: {reason}"
    advice: ClassVar[str] = "The contract at this address is of another version: check consortium.json."

    contract: str
    reason: str


@dataclass(frozen=True, slots=True)
class Emitted:
    """An event with its values by their Solidity names: `bytesN` and addresses as bytes, integers and enums as int,
    arrays as tuples, structs as mappings. `contract` is the directory's name of `address`.
    """

    contract: str
    address: bytes
    name: str
    values: Mapping[str, Any]


def decode_log(contract: str, log: Log) -> Emitted:
    """The event of `contract` that `log` is. Raises `EventUnreadable`."""
    entry = _events(contract).get(log.topics[0]) if log.topics else None
    if entry is None:
        raise EventUnreadable(contract=contract, reason="its first topic is no event of this version")
    indexed = [part for part in entry["inputs"] if part["indexed"]]
    if len(indexed) != len(log.topics) - 1:
        raise EventUnreadable(contract=contract, reason=f"{len(log.topics)} topics for {entry['name']}")
    try:
        by_name = decode_parameters(indexed, b"".join(log.topics[1:]))
        by_name |= decode_parameters([part for part in entry["inputs"] if not part["indexed"]], log.data)
    except ValueError as why:
        raise EventUnreadable(contract=contract, reason=f"{entry['name']}: {why}") from None
    values = {part["name"]: by_name[part["name"]] for part in entry["inputs"]}
    return Emitted(contract, log.address, entry["name"], values)


def decode_logs(logs: Iterable[Log], directory: Mapping[bytes, str]) -> Iterator[Emitted]:
    """The events among `logs` of the contracts in `directory` (address → name), in their order."""
    for log in logs:
        if (contract := directory.get(log.address)) is not None:
            yield decode_log(contract, log)


@cache
def _events(contract: str) -> Mapping[bytes, Mapping[str, Any]]:
    return {
        keccak256(f"{entry['name']}({','.join(map(canonical_type, entry['inputs']))})".encode()): entry
        for entry in entries(contract, "event")
    }
