"""What every part of the demonstration has at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tallystick_devnet.demo.chain import DemoChain
from tallystick_devnet.demo.gateways import Gateways
from tallystick_devnet.demo.journal import Journal

__all__ = ["Stage"]


@dataclass(frozen=True, slots=True)
class Stage:
    """The chain, the four gateways, the folder that holds both, and the journal of what was done."""

    journal: Journal
    folder: Path
    chain: DemoChain
    gateways: Gateways
