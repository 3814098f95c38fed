"""What every chain engine can do, whichever software is behind it (`devnet.md`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from tallystick.keys import Address

__all__ = ["DEFAULT_GAS_LIMIT", "Endpoint", "Engine", "EngineStatus", "Genesis", "NodeState", "NodeStatus"]

DEFAULT_GAS_LIMIT: Final = 130_000_000
"""The block gas limit of every engine: 16 transactions of 100 disbursements a block."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a node is spoken to by JSON-RPC; nodes are numbered from 0."""

    node: int
    url: str


@dataclass(frozen=True, slots=True)
class Genesis:
    """The chain's beginning: the hash of block 0, its time in Unix seconds, and the block gas limit."""

    hash: bytes
    timestamp: int
    gas_limit: int


class NodeState(StrEnum):
    """`PAUSED` is stopped by a signal and remembers everything; `DOWN` has no process."""

    RUNNING = "running"
    PAUSED = "paused"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """One node now. `height` and `peers` are None where the node does not answer, `validator` where nobody seals."""

    node: int
    state: NodeState
    url: str
    pid: int | None
    height: int | None
    peers: int | None = None
    validator: Address | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """An engine now. `supervisor` is the process that keeps it, None if nothing runs."""

    engine: str
    folder: Path
    chain_id: int
    genesis_hash: bytes | None
    supervisor: int | None
    nodes: tuple[NodeStatus, ...]


class Engine(Protocol):
    """A chain that runs on this machine, and what tests do to it.

    As a context manager it starts on entry and stops on exit; it ends with the process that started it, however that
    ends. Methods raise `DevnetError`.
    """

    @property
    def name(self) -> str:
        """`embedded`, `qbft` or `besu`."""

    @property
    def folder(self) -> Path:
        """Where the chain is kept."""

    @property
    def chain_id(self) -> int:
        """2^32 ≤ id < 2^52, random when the data folder was made, and kept."""

    @property
    def genesis(self) -> Genesis:
        """Known once the engine has started for the first time."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """One a node, also of one that is down. Raises `EngineNotRunning`."""

    @property
    def validators(self) -> tuple[Address, ...]:
        """Who seals blocks by the newest header, sorted; empty where nobody does (embedded)."""

    def start(self, *, detached: bool = False) -> tuple[Endpoint, ...]:
        """Bring every node up, on the chain that the data folder holds; returns when all answer.

        `detached` lets it outlive this process until `stop` is called on the same folder.
        """

    def stop(self) -> None:
        """End every node and keep the chain. Does nothing if nothing runs."""

    def wipe(self) -> None:
        """Remove the chain for good. Raises `FolderLocked` while it runs."""

    def status(self) -> EngineStatus:
        """What runs now, asked of the processes and nodes themselves."""

    def log(self, node: int | None = None) -> Path:
        """What a node said, or (None) the supervisor. Raises `NodeUnknown`."""

    def kill(self, node: int) -> None:
        """End a node as `kill -9` does."""

    def pause(self, node: int) -> None:
        """Stop a node in its tracks."""

    def resume(self, node: int) -> None:
        """Let a paused node go on."""

    def restart(self, node: int) -> Endpoint:
        """Bring a node up again from what it had on disk, ending it first if it runs; returns when it answers."""

    def partition(self, groups: Sequence[Collection[int]]) -> None:
        """Let nodes speak within their group only; one group of all heals. Raises `NotOnThisEngine`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
