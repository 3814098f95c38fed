"""Who takes the machine: processor time and memory of groups of processes, apart, while something is measured."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

__all__ = ["Usage", "usage_of"]

_SAMPLE_EVERY_S = 0.1


@dataclass
class Usage:
    """Of each group: processor time as a share of one core, and its highest resident memory, both over the block."""

    cores: dict[str, float] = field(default_factory=dict)
    peak_bytes: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        return {
            name: {"cores": round(self.cores[name], 2), "peak_mib": round(self.peak_bytes[name] / 2**20)}
            for name in self.cores
        }


@contextmanager
def usage_of(groups: Mapping[str, Sequence[int]]) -> Iterator[Usage]:
    """Watch the processes with these pids (not their children) until the block ends."""
    usage = Usage(peak_bytes=dict.fromkeys(groups, 0))
    processes = {name: [psutil.Process(pid) for pid in pids] for name, pids in groups.items()}
    stopped = threading.Event()

    def sample() -> None:
        while not stopped.wait(_SAMPLE_EVERY_S):
            for name, roots in processes.items():
                usage.peak_bytes[name] = max(usage.peak_bytes[name], sum(_resident(root) for root in roots))

    before = {name: sum(_processor_s(root) for root in roots) for name, roots in processes.items()}
    started = time.perf_counter()
    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield usage
    finally:
        stopped.set()
        thread.join()
        elapsed = time.perf_counter() - started
        for name, roots in processes.items():
            usage.cores[name] = (sum(_processor_s(root) for root in roots) - before[name]) / elapsed


def _resident(root: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(root.memory_info().rss)
    return 0


def _processor_s(root: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(sum(root.cpu_times()[:2]))
    return 0.0
