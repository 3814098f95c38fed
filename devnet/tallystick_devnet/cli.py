"""`tally devnet …`: a chain engine on this machine."""

from __future__ import annotations

import signal
import sys
import time
from collections import deque
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from tallystick_devnet.demo.command import demo
from tallystick_devnet.engines import DEFAULT_GAS_LIMIT, EmbeddedEngine, EngineStatus, NodeState
from tallystick_devnet.errors import EngineNotRunning
from tallystick_gateway.kit.cli import Tally, pass_tally

__all__ = ["devnet"]

DEFAULT_FOLDER: Final = Path("var/devnet")
_FOLLOW_S: Final = 0.25

_folder = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="TALLY_DEVNET",
    default=DEFAULT_FOLDER,
    show_default=True,
    help="Where the chain is kept.",
)


@click.group()
def devnet() -> None:
    """A chain engine on this machine, for a first run, tests and the demonstration."""


devnet.add_command(demo)


@devnet.command()
@_folder
@click.option("--engine", type=click.Choice(["embedded"]), default="embedded", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), help="0: any free one. Default: the chain's port of before.")
@click.option("--gas-limit", type=click.IntRange(1_000_000), default=DEFAULT_GAS_LIMIT, show_default=True)
@click.option("--block-time", type=click.IntRange(1, 3600), default=1, show_default=True, help="Seconds.")
@click.option("--fresh", is_flag=True, help="Remove the chain in the folder and begin a new one.")
@click.option("--foreground", is_flag=True, help="Stay until ctrl-C.")
@pass_tally
def up(
    tally: Tally,
    folder: Path,
    engine: str,
    port: int | None,
    gas_limit: int,
    block_time: int,
    fresh: bool,
    foreground: bool,
) -> None:
    """Start the engine, on the chain that the folder holds or on a new one.

    It runs in the background until `tally devnet down`. The gas limit and the block time count for a new chain only.
    """
    chain = EmbeddedEngine(folder, port=port, gas_limit=gas_limit, block_time_s=block_time)
    if fresh:
        chain.wipe()
    chain.start(detached=not foreground)
    status = chain.status()
    tally.emit(_wire(status))
    _show(tally, status)
    if engine == "embedded":
        tally.say("One operator, no seals: what is recorded here is `included`, never `final`.")
    if foreground:
        _stay(tally, chain)
    else:
        tally.say(f"Stop it: tally devnet down{_folder_option(folder)}")


@devnet.command()
@_folder
@pass_tally
def down(tally: Tally, folder: Path) -> None:
    """Stop the engine and keep its chain."""
    chain = EmbeddedEngine(folder)
    try:
        running = bool(chain.endpoints)
    except EngineNotRunning:
        running = False
    chain.stop()
    tally.emit({"stopped": running})
    tally.say(f"Stopped; the chain stays in {folder}." if running else f"Nothing runs on {folder}.")


@devnet.command()
@_folder
@pass_tally
def status(tally: Tally, folder: Path) -> None:
    """Say which chain the folder holds and what runs. Exit code 1 unless every node runs and answers."""
    found = EmbeddedEngine(folder).status()
    tally.emit(_wire(found))
    _show(tally, found)
    answering = [node for node in found.nodes if node.state is NodeState.RUNNING and node.height is not None]
    if not found.nodes or len(answering) < len(found.nodes):
        sys.exit(1)


@devnet.command()
@_folder
@click.option("--lines", "-n", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--follow", "-f", is_flag=True, help="Go on showing what is added, until ctrl-C.")
def logs(folder: Path, lines: int, follow: bool) -> None:
    """Show what the engine and its supervisor said last."""
    log = EmbeddedEngine(folder).log()
    if not log.exists():
        raise EngineNotRunning(folder=folder)
    with log.open(encoding="utf-8", errors="replace") as file:
        for line in deque(file, maxlen=lines):
            click.echo(line, nl=False)
        while follow:
            if added := file.read():
                click.echo(added, nl=False)
            else:
                time.sleep(_FOLLOW_S)


def _stay(tally: Tally, chain: EmbeddedEngine) -> None:
    tally.say("Stop it: ctrl-C")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        tally.say("Stopping.")
    finally:
        chain.stop()


def _show(tally: Tally, found: EngineStatus) -> None:
    tally.say(f"chain    {found.chain_id} ({found.engine}), in {found.folder}")
    tally.say(f"genesis  {found.genesis_hash.hex() if found.genesis_hash else 'not started yet'}")
    for node in found.nodes:
        height = "no answer" if node.height is None else f"block {node.height}"
        tally.say(f"node {node.node}   {node.state.value}  {node.url}  {height}  (process {node.pid or 'none'})")
    if not found.nodes:
        tally.say("nothing runs: start it with `tally devnet up`")


def _wire(found: EngineStatus) -> dict[str, object]:
    return {
        "engine": found.engine,
        "folder": str(found.folder),
        "chain_id": found.chain_id,
        "genesis_hash": found.genesis_hash.hex() if found.genesis_hash else None,
        "supervisor": found.supervisor,
        "nodes": [asdict(node) for node in found.nodes],
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _folder_option(folder: Path) -> str:
    return "" if folder == DEFAULT_FOLDER else f" --folder {folder}"
