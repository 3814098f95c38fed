"""How much memory and processor time the processes of the demonstration take, each by its name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import psutil

__all__ = ["Taken", "Usage"]

_SAMPLE_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Taken:
    """The highest resident memory that was seen, and the processor time used up to then (user and system)."""

    peak_bytes: int
    cpu_s: float


class Usage:
    """Samples processes twice a second while its block runs; `running` names those that run now by their numbers."""

    def __init__(self, running: Callable[[], Mapping[str, int]]) -> None:
        self._running = running
        self._taken: dict[str, Taken] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def taken(self) -> dict[str, Taken]:
        """What each process took until now."""
        self._note()
        return dict(self._taken)

    def _sample(self) -> None:
        while not self._ended.wait(_SAMPLE_EVERY_S):
            self._note()

    def _note(self) -> None:
        for name, pid in self._running().items():
            try:
                process = psutil.Process(pid)
                resident, times = process.memory_info().rss, process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            earlier = self._taken.get(name)
            peak = max(resident, earlier.peak_bytes) if earlier else resident
            self._taken[name] = Taken(peak, round(times.user + times.system, 2))
