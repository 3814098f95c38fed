"""The engine under a benchmark, by its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tallystick_devnet.engines import EmbeddedEngine, QbftEngine

__all__ = ["ENGINES", "goal_of", "node_processes", "running"]

ENGINES = ("embedded", "qbft")
_LOADED = {"request_timeout_s": 10, "empty_block_time_s": 3}
"""Blocks full of transactions take long to make and check on two cores: a shorter wait would change rounds in vain; and
a node that may make an empty block at once does so before it has sorted its pool after a full one."""


@contextmanager
def running(name: str, folder: Path | None = None, *, loaded: bool = False) -> Iterator[Any]:
    """An engine of this name on a new chain, ended and removed afterwards; `loaded`: set for many transactions."""
    made = EmbeddedEngine(folder) if name == "embedded" else QbftEngine(folder, **(_LOADED if loaded else {}))
    with made as engine:
        yield engine


def goal_of(name: str) -> str:
    """The state in which a submission is done."""
    return "included" if name == "embedded" else "final"


def node_processes(engine: Any) -> list[int]:
    """The pids of the engine's nodes."""
    return [node.pid for node in engine.status().nodes if node.pid is not None]
