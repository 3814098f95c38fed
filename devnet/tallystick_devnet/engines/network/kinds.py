"""Which program is behind which engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tallystick_devnet.engines.network.besu import Besu
from tallystick_devnet.engines.network.goquorum import GoQuorum
from tallystick_devnet.engines.network.software import Software

__all__ = ["SOFTWARE"]

SOFTWARE: Final[Mapping[str, Software]] = {"qbft": GoQuorum(), "besu": Besu()}
