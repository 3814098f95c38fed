"""extraData of a QBFT network's block 0 (EEA QBFT v1): who may seal block 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tallystick.keys import Address
from tallystick.rlp import encode

__all__ = ["genesis_extra_data"]

_VANITY: Final = bytes(32)


def genesis_extra_data(validators: Sequence[Address]) -> bytes:
    """RLP of no vanity, the validators in order, no vote, round 0 and no seals."""
    return encode([_VANITY, sorted(validators), [], b"", []])
