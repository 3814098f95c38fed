"""Who takes part in the demonstration. All four institutions are invented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["ARBITRATION", "CAST", "DEPOSITORY", "ORIGINATOR", "PARTNER", "Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """One member: the name of its home folder, and what `tally init` is told."""

    folder: str
    legal_id: str
    name: str
    role: str


ORIGINATOR: Final = Part("originator", "DEMO-ORIGINATING-BANK", "Harbour Bank (originating bank)", "LENDER")
PARTNER: Final = Part("partner", "DEMO-PARTNER-BANK", "Meridian Bank (partner bank)", "LENDER")
DEPOSITORY: Final = Part("depository", "DEMO-DEPOSITORY", "Keystone Depository", "DEPOSITORY")
ARBITRATION: Final = Part("arbitration", "DEMO-ARBITRATION", "Commission of Arbitration", "ARBITRATOR")

CAST: Final = (ORIGINATOR, PARTNER, DEPOSITORY, ARBITRATION)
