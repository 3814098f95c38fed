"""`tally devnet demo`: run the whole demonstration and say whether everybody agreed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from tallystick.errors import TallystickError
from tallystick_devnet.demo import checks, lending
from tallystick_devnet.demo.founding import found
from tallystick_devnet.demo.gateways import Gateways, GatewayStopped
from tallystick_devnet.demo.journal import Journal
from tallystick_devnet.engines import EmbeddedEngine
from tallystick_devnet.sample import read_loans
from tallystick_gateway.kit.api_client import GatewayAway

__all__ = ["demo"]

_SAMPLE_EVERY_S: Final = 0.5
_MIB: Final = 2**20


@click.command()
@click.option("--engine", type=click.Choice(["embedded"]), default="embedded", show_default=True)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("var/demo"), show_default=True)
@click.option("--loans", "count", type=click.IntRange(10, 10_000), default=10_000, show_default=True, help="How many.")
@click.option("--seed", default="2018", show_default=True, help="Chooses the sample of check 3.")
@click.option("--continue", "go_on", is_flag=True, envvar="CONTINUE", help="Go on where a stopped run was.")
def demo(engine: str, folder: Path, count: int, seed: str, go_on: bool) -> None:
    """Four members record real loans on one chain, and check each other. Exit 0 only if all agreed."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    folder = folder.resolve()
    if _fresh(folder, go_on):
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(console)
    try:
        peak = _run(journal, folder, count, seed)
    except TallystickError as stopped:
        console.print(f"[red]The demonstration stopped:[/] {stopped} ({stopped.code})", highlight=False)
        console.print(f"  → {stopped.advice}", highlight=False)
        console.print(f"What was done so far is kept in {_shown(folder)}.", highlight=False)
        console.print("CONTINUE=1 make demo goes on there; make demo starts afresh.", highlight=False)
        sys.exit(1)
    console.print(journal.table())
    _write_report(folder / "report.json", journal, peak)
    memory = ", ".join(f"{name} {size / _MIB:.0f} MiB" for name, size in peak.items())
    console.print(f"Peak memory of each gateway: {memory}", highlight=False)
    if journal.differences:
        console.print(f"[red]{journal.differences} differences.[/] See above.", highlight=False)
        sys.exit(1)
    console.print(
        "All agreed. Everything is `included`; nothing is `final`: the embedded engine has one operator, who could "
        "rewrite its chain.",
        highlight=False,
    )
    console.print(f"What the members keep is in {_shown(folder)}; `make demo` starts afresh.", highlight=False)


def _run(journal: Journal, folder: Path, count: int, seed: str) -> dict[str, int]:
    """All steps; the peak memory of each gateway by name, in bytes."""
    with journal.step("Read the real loans") as step:
        loans = read_loans()[:count]
        step.line.sent = f"{len(loans):,} loans, {sum(loan.principal for loan in loans) / 100:,.2f} USD"
    with journal.step("Start the embedded chain engine") as step:
        engine = EmbeddedEngine(folder / "chain")
        engine.start()
        step.line.sent = f"chain {engine.chain_id}"
    try:
        with Gateways(folder) as gateways, _sampling(gateways), _naming_the_dead(gateways):
            found(journal, folder, gateways, engine.url)
            agreement = lending.agree(journal, folder, gateways, loans)
            lending.disburse(journal, folder, gateways, agreement, loans)
            lending.settle(journal, gateways, agreement, loans)
            lending.record_repayments(journal, folder, gateways, agreement, loans)
            lending.list_by_status(journal, gateways, agreement)
            checks.audit_chain(journal, gateways)
            checks.audit_logs(journal, gateways)
            checks.check_sample(journal, folder, gateways, agreement, seed)
            return {part.name: size for part, size in gateways.peak_bytes.items()}
    finally:
        engine.stop()


def _write_report(path: Path, journal: Journal, peak: dict[str, int]) -> None:
    """The table for machines: every step, and the peak memory of each gateway in bytes."""
    report = {
        "steps": [asdict(line) for line in journal.lines],
        "differences": journal.differences,
        "peak_bytes": peak,
    }
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def _naming_the_dead(gateways: Gateways) -> Iterator[None]:
    """Where a gateway does not answer, say whose it is and how it ended. Raises `GatewayStopped`."""
    try:
        yield
    except GatewayAway:
        gateways.watch()
        raise


@contextmanager
def _sampling(gateways: Gateways) -> Iterator[None]:
    """Note the gateways' memory twice a second, also while a command runs."""
    stopped = threading.Event()

    def sample() -> None:
        while not stopped.wait(_SAMPLE_EVERY_S):
            try:
                gateways.watch()
            except GatewayStopped:
                return  # whoever waits for that gateway says so

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _fresh(folder: Path, go_on: bool) -> bool:
    """Whether what an earlier run left is to go: asked at a terminal, else yes unless CONTINUE=1."""
    if go_on or not folder.exists():
        return False
    if os.environ.get("CI") or not sys.stdin.isatty():
        return True
    return not click.confirm(f"An earlier run is in {_shown(folder)}. Go on with it?", default=True)


def _shown(folder: Path) -> str:
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)
