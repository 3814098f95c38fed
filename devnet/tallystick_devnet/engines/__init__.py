"""Chain engines of a developer's machine, all behind `Engine` (`devnet.md`)."""

from .choosing import ENGINES, AnyEngine, chain_at, engine_at, make_engine, stop_at
from .embedded import EmbeddedEngine
from .engine import DEFAULT_GAS_LIMIT, Endpoint, Engine, EngineStatus, Genesis, NodeState, NodeStatus
from .network import BesuEngine, NetworkEngine, QbftEngine

__all__ = [
    "DEFAULT_GAS_LIMIT",
    "ENGINES",
    "AnyEngine",
    "BesuEngine",
    "EmbeddedEngine",
    "Endpoint",
    "Engine",
    "EngineStatus",
    "Genesis",
    "NetworkEngine",
    "NodeState",
    "NodeStatus",
    "QbftEngine",
    "chain_at",
    "engine_at",
    "make_engine",
    "stop_at",
]
