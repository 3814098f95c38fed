"""Disbursements through a gateway while one validator of four is down: each of its turns is waited for in vain."""

from __future__ import annotations

from dataclasses import replace

from tests.benchmarks.gateway_disburse import benched
from tests.benchmarks.measure import Figure

__all__ = ["figures"]

_DOWN = 3
"""The node of another member than the one whose gateway is measured."""
_COUNT, _RUNS, _SINGLES = 5_000, 3, 40
_QUICK_COUNT, _QUICK_RUNS, _QUICK_SINGLES = 200, 1, 3


def figures(*, engine: str, quick: bool = False) -> list[Figure]:
    """Throughput and latency beside raw ones, on the same chain with the same validator down."""
    count, runs, singles = (_QUICK_COUNT, _QUICK_RUNS, _QUICK_SINGLES) if quick else (_COUNT, _RUNS, _SINGLES)
    with benched(engine) as bench:
        bench.engine.kill(_DOWN)
        found = [bench.bulk(100, count, runs), bench.single(singles)]
    return [replace(figure, work=f"{figure.work}, one validator down") for figure in found]
