"""`tally devnet demo`: run the whole demonstration and say whether everybody agreed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from tallystick.errors import TallystickError
from tallystick_devnet.demo import checks, ending, lending
from tallystick_devnet.demo.chain import ENGINES, DemoChain, open_engine
from tallystick_devnet.demo.founding import found
from tallystick_devnet.demo.gateways import Gateways
from tallystick_devnet.demo.journal import Journal
from tallystick_devnet.demo.proof import prove_an_overdue_loan
from tallystick_devnet.demo.stage import Stage
from tallystick_devnet.demo.usage import Taken, Usage
from tallystick_devnet.sample import read_loans
from tallystick_gateway.kit.api_client import GatewayAway

__all__ = ["demo"]

_MIB: Final = 2**20
_OURSELVES: Final = "demonstration"


@dataclass
class _Outcome:
    """What the report says beside the steps."""

    states: dict[str, dict[str, int]] = field(default_factory=dict)
    sealers: list[ending.Sealer] = field(default_factory=list)
    taken: dict[str, Taken] = field(default_factory=dict)


@click.command()
@click.option("--engine", type=click.Choice(ENGINES), default="embedded", show_default=True)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("var/demo"), show_default=True)
@click.option("--loans", "count", type=click.IntRange(10, 10_000), default=10_000, show_default=True, help="How many.")
@click.option("--seed", default="2018", show_default=True, help="Chooses the sample of check 3.")
@click.option("--continue", "go_on", is_flag=True, envvar="CONTINUE", help="Go on where a stopped run was.")
def demo(engine: str, folder: Path, count: int, seed: str, go_on: bool) -> None:
    """Four members record real loans on one chain, and check each other. Exit 0 only if all agreed.

    On `embedded` the chain has one operator; on `qbft` each member runs a validator of its own.
    """
    console = Console(width=None if sys.stdout.isatty() else 140)
    folder = folder.resolve()
    if _fresh(folder, go_on):
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(console)
    try:
        chain = DemoChain(open_engine(engine, folder / "chain"))
        outcome = _run(journal, folder, chain, count, seed)
    except TallystickError as stopped:
        console.print(f"[red]The demonstration stopped:[/] {stopped} ({stopped.code})", highlight=False)
        console.print(f"  → {stopped.advice}", highlight=False)
        console.print(f"What was done so far is kept in {_shown(folder)}.", highlight=False)
        console.print(
            f"CONTINUE=1 {_command(engine)} goes on there; {_command(engine)} starts afresh.", highlight=False
        )
        sys.exit(1)
    _write_report(folder / "report.json", engine, journal, outcome)
    console.print(journal.table())
    if outcome.sealers:
        console.print(ending.sealers_table(outcome.sealers))
    for name, taken in sorted(outcome.taken.items(), key=lambda item: item[0] == _OURSELVES):
        console.print(f"{name}: {taken.peak_bytes / _MIB:.0f} MiB at most, {taken.cpu_s:.1f} s of CPU", highlight=False)
    if journal.differences:
        console.print(f"[red]{journal.differences} differences.[/] See above.", highlight=False)
        sys.exit(1)
    console.print(f"All agreed. {chain.claim}", highlight=False)
    console.print(f"What the members keep is in {_shown(folder)}; `{_command(engine)}` starts afresh.", highlight=False)


def _run(journal: Journal, folder: Path, chain: DemoChain, count: int, seed: str) -> _Outcome:
    """All steps."""
    with journal.step("Read the real loans") as step:
        loans = read_loans()[:count]
        step.line.sent = f"{len(loans):,} loans, {sum(loan.principal for loan in loans) / 100:,.2f} USD"
    with chain.running(journal), Gateways(folder) as gateways, _naming_the_dead(gateways):
        nodes = chain.processes()
        stage = Stage(journal, folder, chain, gateways)
        with Usage(lambda: nodes | gateways.processes() | {_OURSELVES: os.getpid()}) as usage:
            found(stage)
            agreement = lending.agree(stage, loans)
            lending.disburse(stage, agreement, loans)
            lending.settle(stage, agreement, loans)
            lending.record_repayments(stage, agreement, loans)
            lending.list_by_status(stage, agreement)
            checks.audit_chain(stage)
            checks.audit_logs(stage)
            checks.check_sample(stage, agreement, seed)
            states = ending.check_states(stage)
            sealers = ending.check_sealers(stage) if chain.sealed else []
            prove_an_overdue_loan(stage, agreement)
            return _Outcome(states, sealers, usage.taken())


def _write_report(path: Path, engine: str, journal: Journal, outcome: _Outcome) -> None:
    """The tables for machines. `processes`: peak memory in bytes and processor time in seconds, by name."""
    report = {
        "engine": engine,
        "steps": [asdict(line) for line in journal.lines],
        "differences": journal.differences,
        "states": outcome.states,
        "validators": [asdict(sealer) for sealer in outcome.sealers],
        "processes": {name: asdict(taken) for name, taken in outcome.taken.items()},
    }
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def _naming_the_dead(gateways: Gateways) -> Iterator[None]:
    """Where a gateway does not answer, say whose it is and how it ended. Raises `GatewayStopped`."""
    try:
        yield
    except GatewayAway:
        gateways.check()
        raise


def _fresh(folder: Path, go_on: bool) -> bool:
    """Whether what an earlier run left is to go: asked at a terminal, else yes unless CONTINUE=1."""
    if go_on or not folder.exists():
        return False
    if os.environ.get("CI") or not sys.stdin.isatty():
        return True
    return not click.confirm(f"An earlier run is in {_shown(folder)}. Go on with it?", default=True)


def _command(engine: str) -> str:
    return "make demo" if engine == ENGINES[0] else f"make demo ENGINE={engine}"


def _shown(folder: Path) -> str:
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)
