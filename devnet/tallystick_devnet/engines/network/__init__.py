"""Networks of validators on this machine: GoQuorum, a stand-in for Besu (`qbft`), and an operator's own Besu."""

from .building import find_quorum
from .engine import BesuEngine, NetworkEngine, QbftEngine
from .showing import shown

__all__ = ["BesuEngine", "NetworkEngine", "QbftEngine", "find_quorum", "shown"]
