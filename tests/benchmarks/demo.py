"""The demonstration as a whole: how long it takes, and how much memory a gateway takes in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.measure import Figure

__all__ = ["figures"]

_MIB = 2**20
_LOANS = {True: 100, False: 10_000}


def figures(*, engine: str, quick: bool = False) -> list[Figure]:
    """Run `tally devnet demo` once, in a folder of its own; it checks itself and exits 0 only if all agreed."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        command = [sys.executable, "-m", "tallystick_gateway", "devnet", "demo", "--folder", str(demo)]
        started = time.perf_counter()
        subprocess.run(
            [*command, "--engine", engine, "--loans", str(_LOANS[quick])],
            env={**os.environ, "CONTINUE": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        seconds = time.perf_counter() - started
        report = json.loads((demo / "report.json").read_text(encoding="utf-8"))
    gateways = [taken for name, taken in report["processes"].items() if name.startswith("gateway")]
    peaks = tuple(taken["peak_bytes"] / _MIB for taken in gateways)
    steps = {step["what"]: round(step["seconds"], 1) for step in report["steps"]}
    checked = "all four gateways agree, no difference"
    return [
        Figure(f"demonstration of {_LOANS[quick]:,} loans", "s", (seconds,), "", (), checked, detail={"steps": steps}),
        Figure("peak memory of a gateway in it", "MiB", peaks, "", (), checked, goal="< 300 MB"),
    ]
