"""An event of a contract, as replay takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tallystick.keys import Address

__all__ = ["ChainLog", "Event"]


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded event and its place in the chain.

    `contract` is the directory's name of the contract (ASCII), `values` are all parameters by their Solidity names:
    `bytesN` and addresses as bytes, `uintN` and enums as int, strings as str, arrays as tuples, structs as mappings by
    Solidity names. `log_index` counts the block's logs from 0; `block_time` is Unix seconds.
    """

    contract: str
    address: Address
    name: str
    values: Mapping[str, object]
    height: int
    transaction_index: int
    log_index: int
    block_time: int
    transaction_hash: bytes

    @classmethod
    def of(cls, log: "ChainLog") -> "Event":
        """The event of a watcher that keeps the same facts under its own type."""
        return cls(
            log.contract,
            Address(log.address),
            log.name,
            log.values,
            log.height,
            log.transaction_index,
            log.log_index,
            log.time,
            log.transaction_hash,
        )


class ChainLog(Protocol):
    """What a watcher's decoded event must tell for `Event.of`; `time` is the block's, in Unix seconds."""

    @property
    def contract(self) -> str: ...
    @property
    def address(self) -> bytes: ...
    @property
    def name(self) -> str: ...
    @property
    def values(self) -> Mapping[str, object]: ...
    @property
    def height(self) -> int: ...
    @property
    def transaction_index(self) -> int: ...
    @property
    def log_index(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def transaction_hash(self) -> bytes: ...
