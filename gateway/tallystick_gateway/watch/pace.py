"""How fast blocks come, and whether they have stopped coming."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tallystick.consortium import Consortium
from tallystick.qbft import Validators

from .headers import TakenBlock
from .models import ValidatorRow

__all__ = ["Pace", "Stall", "describe_stall"]

_SHORTEST_STALL_S: Final = 5.0
_STALL_BLOCKS: Final = 4
"""No block for so many block times is a stall. (One validator down makes its turns slow, not the chain stand still.)"""
_BLOCKS_AVERAGED: Final = 8
_REST: Final = 0.7
"""So much of a block time after a block the next one is looked for; a late block's successor comes the sooner."""
_LONGEST_REST_S: Final = 1.0
"""Chains make empty blocks more seldom than full ones: what came last says little about what comes next."""
_LONG: Final = 4
_CLOSELY_S: Final = 0.05
_LOOSELY_S: Final = 0.2
_TURNS: Final = 2
"""A validator that did not propose for so many rounds of turns is named."""


@dataclass(frozen=True, slots=True)
class Stall:
    """The chain stands still: `head` is its last block, of time `since`."""

    since: datetime
    head: int
    detail: str


class Pace:
    """One watcher's sense of time. Not shared between threads."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._times: deque[int] = deque(maxlen=_BLOCKS_AVERAGED + 1)
        self._moved_at = now_s()

    def moved(self, times: Sequence[int]) -> None:
        """Blocks of these times, in Unix seconds, were taken."""
        self._times.extend(times)
        self._moved_at = self._now_s()

    @property
    def is_stalled(self) -> bool:
        """Whether no block came for several block times. Ask only while nothing that is there waits to be taken."""
        return self._now_s() - self._moved_at > max(_SHORTEST_STALL_S, _STALL_BLOCKS * self._block_time_s())

    @property
    def look_again_s(self) -> float:
        """How soon to look for a block that somebody waits for: not while none can be due, then closely."""
        waited_s, expected_s = self._now_s() - self._moved_at, min(self._block_time_s(), _LONGEST_REST_S)
        return max(_REST * expected_s - waited_s, _CLOSELY_S if waited_s < _LONG * expected_s else _LOOSELY_S)

    def _block_time_s(self) -> float:
        steps = len(self._times) - 1
        return (self._times[-1] - self._times[0]) / steps if steps > 0 else 0.0


def describe_stall(
    tip: TakenBlock,
    sealing: Validators | None,
    rows: Sequence[ValidatorRow],
    consortium: Consortium,
    silent_nodes: Sequence[str],
) -> str:
    """How many validators it takes, which of them did not propose lately, and which nodes do not answer."""
    parts = [f"No block came after block {tip.height}"]
    if sealing is not None:
        names = {card.member: card.name for card in consortium.members}
        count = len(sealing.addresses)
        parts.append(f"{sealing.quorum} of {count} validators are needed")
        late = [
            f"0x{row.address.hex()} of {names.get(row.member, row.member.hex())} "
            f"({'never' if row.last_proposed is None else f'last block {row.last_proposed}'})"
            for row in sorted(rows, key=lambda row: row.last_proposed or 0)
            if row.address in sealing.addresses and (row.last_proposed or 0) <= tip.height - _TURNS * count
        ]
        parts.append(
            f"not proposing lately: {', '.join(late)}"
            if late
            else f"all of them proposed within the last {_TURNS * count} blocks"
        )
    if silent_nodes:
        parts.append(f"nodes that do not answer us: {', '.join(silent_nodes)}")
    return "; ".join(parts) + "."
