"""What every benchmark prints: the figure, the yardstick of the same run, the spread, the memory, the machine."""

from __future__ import annotations

import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import psutil

__all__ = ["Figure", "Memory", "machine", "peak_memory", "rate", "versions"]

_SAMPLE_EVERY_S = 0.05
_REPORTED = ("coincurve", "cryptography", "duckdb", "fastapi", "pyarrow", "pycryptodome", "sqlalchemy", "uvicorn")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing. `runs` are in `unit`; `yardstick_runs` in the same unit, of the same work done barely.

    `checked` says what the benchmark verified of its own result before it reported a speed; `goal` is the target of
    `performance.md` in words, or empty.
    """

    work: str
    unit: str
    runs: tuple[float, ...]
    yardstick: str
    yardstick_runs: tuple[float, ...]
    checked: str
    goal: str = ""
    detail: dict[str, object] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    @property
    def yardstick_median(self) -> float | None:
        return statistics.median(self.yardstick_runs) if self.yardstick_runs else None

    @property
    def share(self) -> float | None:
        """Median beside the yardstick's median."""
        return self.median / self.yardstick_median if self.yardstick_median else None

    def to_json(self) -> dict[str, object]:
        return {
            "work": self.work,
            "unit": self.unit,
            "min": min(self.runs),
            "median": self.median,
            "max": max(self.runs),
            "runs": list(self.runs),
            "yardstick": self.yardstick,
            "yardstick_median": self.yardstick_median,
            "yardstick_runs": list(self.yardstick_runs),
            "share_of_yardstick": self.share,
            "goal": self.goal,
            "checked": self.checked,
            "detail": self.detail,
        }


def rate(count: int, work: Callable[[], object], *, runs: int = 3) -> tuple[float, ...]:
    """Items per second of `runs` calls of `work`, each of which does `count` items."""
    speeds = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        speeds.append(count / (time.perf_counter() - started))
    return tuple(speeds)


class Memory:
    """The highest resident memory seen of a process and all its children, in bytes."""

    def __init__(self) -> None:
        self.peak_bytes = 0


@contextmanager
def peak_memory(pid: int | None = None) -> Iterator[Memory]:
    """Sample the process tree of `pid` (this one where None) twenty times a second until the block ends."""
    memory, stopped = Memory(), threading.Event()
    root = psutil.Process(pid or os.getpid())

    def sample() -> None:
        while not stopped.wait(_SAMPLE_EVERY_S):
            total = 0
            try:
                for process in (root, *root.children(recursive=True)):
                    with process.oneshot():
                        total += process.memory_info().rss
            except psutil.Error:  # a child ended between being listed and being read
                continue
            memory.peak_bytes = max(memory.peak_bytes, total)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        stopped.set()
        thread.join()


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in (Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else "").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": psutil.cpu_count(logical=True),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """The versions of the libraries that decide the figures."""
    return {name: version(name) for name in _REPORTED}
