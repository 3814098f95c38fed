"""Chain engines of a developer's machine, all behind `Engine` (`devnet.md`)."""

from .embedded import EmbeddedEngine
from .engine import DEFAULT_GAS_LIMIT, Endpoint, Engine, EngineStatus, Genesis, NodeState, NodeStatus
from .network import QbftEngine

__all__ = [
    "DEFAULT_GAS_LIMIT",
    "EmbeddedEngine",
    "Endpoint",
    "Engine",
    "EngineStatus",
    "Genesis",
    "NodeState",
    "NodeStatus",
    "QbftEngine",
]
