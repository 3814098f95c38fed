"""`make bench`: run every benchmark, print a table, write `var/bench/<name>.json` (`<name>-qbft.json` on that engine).

Each figure stands beside its yardstick, measured in the same run on the same machine. A benchmark checks its own result
before it reports a speed; one that cannot is reported as failed and the command exits 1.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.measure import Figure, Memory, machine, peak_memory, versions

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = {
    "records": "records committed, validated and leaf-hashed; RFC 6962 roots",
    "proofs": "headers, receipts, signatures",
    "gateway_disburse": "disbursements through the gateway beside raw sends; one by API",
    "gateway_degraded": "the same with one validator of four down",
    "demo": "the whole demonstration: time and memory of its gateways",
    "chain": "raw disbursements on the engine",
    "gateway_records": "records accepted by a gateway",
}
ON_ENGINE: Mapping[str, Sequence[str]] = {
    "embedded": tuple(name for name in BENCHMARKS if name != "gateway_degraded"),
    "qbft": ("proofs", "gateway_disburse", "gateway_degraded", "demo", "chain"),
}
"""What is measured on each engine; the rest has nothing to do with it."""


def main() -> int:
    arguments = _arguments()
    console = Console(width=arguments.width)
    about = {"machine": machine(), "versions": versions(), "engine": arguments.engine}
    console.print(f"machine: {about['machine']}")
    console.print(f"versions: {about['versions']}")
    failed = []
    for name in arguments.only or ON_ENGINE[arguments.engine]:
        console.print(f"\n[bold]{name}[/]: {BENCHMARKS[name]} …")
        started = time.monotonic()
        try:
            with peak_memory() as memory:
                benchmark = importlib.import_module(f"tests.benchmarks.{name}")
                figures = benchmark.figures(engine=arguments.engine, quick=arguments.quick)
        except Exception:  # noqa: BLE001  # one benchmark's failure is reported and the others still run
            console.print(traceback.format_exc(), style="red", markup=False)
            failed.append(name)
            continue
        console.print(_table(figures))
        for figure in figures:
            if figure.detail:
                console.print(f"{figure.work}: {figure.detail}", highlight=False)
        path = _write(arguments.out, name, figures, memory, about)
        console.print(
            f"peak memory of the whole process tree {memory.peak_bytes / 2**20:.0f} MiB, "
            f"{time.monotonic() - started:.0f} s; written to {path}"
        )
    if failed:
        console.print(f"failed: {', '.join(failed)}", style="red")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--engine", default="embedded", choices=list(ON_ENGINE))
    parser.add_argument("--only", action="append", choices=list(BENCHMARKS), help="run just this one (repeatable)")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run, not how fast")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "bench")
    parser.add_argument("--width", type=int, default=150)
    return parser.parse_args()


def _table(figures: list[Figure]) -> Table:
    table = Table("work", "unit", "min", "median", "max", "yardstick", "its median", "share", "to reach", "checked")
    for figure in figures:
        yardstick, share = figure.yardstick_median, figure.share
        table.add_row(
            figure.work,
            figure.unit,
            *(_number(value) for value in (min(figure.runs), figure.median, max(figure.runs))),
            figure.yardstick,
            "–" if yardstick is None else _number(yardstick),
            "–" if share is None else f"{share:.2f}",
            figure.goal,
            figure.checked,
        )
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _write(folder: Path, name: str, figures: list[Figure], memory: Memory, about: dict[str, object]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (f"{name}.json" if about["engine"] == "embedded" else f"{name}-{about['engine']}.json")
    report = {
        "benchmark": name,
        "command": " ".join(["python", "-m", "tests.benchmarks", *sys.argv[1:]]),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **about,
        "peak_memory_bytes": memory.peak_bytes,
        "figures": [figure.to_json() for figure in figures],
    }
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


if __name__ == "__main__":
    sys.exit(main())
