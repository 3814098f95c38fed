"""Chain engines of a developer's machine, all behind `Engine` (`devnet.md`)."""

from .embedded import DEFAULT_GAS_LIMIT, EmbeddedEngine
from .engine import Endpoint, Engine, EngineStatus, Genesis, NodeState, NodeStatus

__all__ = [
    "DEFAULT_GAS_LIMIT",
    "EmbeddedEngine",
    "Endpoint",
    "Engine",
    "EngineStatus",
    "Genesis",
    "NodeState",
    "NodeStatus",
]
