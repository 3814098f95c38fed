"""Networks of validators on this machine: GoQuorum, a stand-in for Besu (`qbft`), and an operator's own Besu."""

from .engine import BesuEngine, NetworkEngine, QbftEngine

__all__ = ["BesuEngine", "NetworkEngine", "QbftEngine"]
