"""`tally devnet status | logs | kill | pause | resume | restart | partition | heal | add-validator`."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from tallystick_devnet.engines import AnyEngine, EngineStatus, NetworkEngine, NodeState, NodeStatus, engine_at
from tallystick_devnet.errors import EngineNotRunning, NotOnThisEngine
from tallystick_gateway.kit.cli import Tally, pass_tally

__all__ = ["COMMANDS", "DEFAULT_FOLDER", "folder_option", "folder_words", "show", "wire"]

DEFAULT_FOLDER: Final = Path("var/devnet")
_FOLLOW_S: Final = 0.25
_MIB: Final = 2**20

folder_option = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="TALLY_DEVNET",
    default=DEFAULT_FOLDER,
    show_default=True,
    help="Where the chain is kept.",
)


@click.command()
@folder_option
@pass_tally
def status(tally: Tally, folder: Path) -> None:
    """Say which chain the folder holds and what runs. Exit code 1 unless every node runs and answers."""
    found = engine_at(folder).status()
    tally.emit(wire(found))
    show(tally, found)
    answering = [node for node in found.nodes if node.state is NodeState.RUNNING and node.height is not None]
    if not found.nodes or len(answering) < len(found.nodes):
        sys.exit(1)


@click.command()
@folder_option
@click.argument("node", type=int, required=False)
@click.option("--lines", "-n", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--follow", "-f", is_flag=True, help="Go on showing what is added, until ctrl-C.")
def logs(folder: Path, node: int | None, lines: int, follow: bool) -> None:
    """Show what a node, or (without NODE) the engine's supervisor said last."""
    log = engine_at(folder).log(node)
    if not log.exists():
        raise EngineNotRunning(folder=folder)
    with log.open(encoding="utf-8", errors="replace") as file:
        for line in deque(file, maxlen=lines):
            click.echo(line, nl=False)
        while follow:
            if added := file.read():
                click.echo(added, nl=False)
                continue
            time.sleep(_FOLLOW_S)
            if log.stat().st_size < file.tell():  # it was set aside and emptied
                file.seek(0)


def _on_one_node(name: str, does: str, act: Callable[[AnyEngine, int], object]) -> click.Command:
    @click.command(name, help=does)
    @folder_option
    @click.argument("node", type=int)
    @pass_tally
    def command(tally: Tally, folder: Path, node: int) -> None:
        engine = engine_at(folder)
        act(engine, node)
        found = engine.status().nodes[node]
        tally.emit(_wire_node(found))
        tally.say(_line(found))

    return command


kill = _on_one_node("kill", "End a node as `kill -9` does.", lambda engine, node: engine.kill(node))
pause = _on_one_node("pause", "Stop a node in its tracks (SIGSTOP).", lambda engine, node: engine.pause(node))
resume = _on_one_node("resume", "Let a paused node go on.", lambda engine, node: engine.resume(node))
restart = _on_one_node(
    "restart", "Bring a node up from its disk, ending it if it runs.", lambda engine, node: engine.restart(node)
)


class _Group(click.ParamType[list[int]]):
    """Node numbers with commas between them."""

    name = "0,1"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:
        try:
            return [int(number) for number in value.split(",")]
        except ValueError:
            self.fail(f"{value!r} is not a list of nodes such as 0,1", param, ctx)


@click.command()
@folder_option
@click.argument("groups", nargs=-1, required=True, type=_Group())
@pass_tally
def partition(tally: Tally, folder: Path, groups: tuple[list[int], ...]) -> None:
    """Let nodes speak within their group only, such as `0,1 2,3`, until `heal` or the next `up`."""
    engine_at(folder).partition(groups)
    parts = " | ".join(", ".join(map(str, sorted(group))) for group in groups)
    tally.emit({"groups": [sorted(group) for group in groups]})
    tally.say(f"Nodes that speak with each other: {parts}. Heal it: tally devnet heal{folder_words(folder)}")


@click.command()
@folder_option
@pass_tally
def heal(tally: Tally, folder: Path) -> None:
    """Let all nodes speak with each other again."""
    engine = engine_at(folder)
    nodes = len(engine.endpoints)
    engine.partition([range(nodes)])
    tally.emit({"groups": [list(range(nodes))]})
    tally.say("All nodes may speak with each other; they connect within a minute.")


@click.command("add-validator")
@folder_option
@pass_tally
def add_validator(tally: Tally, folder: Path) -> None:
    """Start one more node with a fresh key. It follows the chain until the members vote it in."""
    engine = engine_at(folder)
    if not isinstance(engine, NetworkEngine):
        raise NotOnThisEngine(engine=engine.name, operation="have validators")
    added = engine.add_validator()
    found = engine.status().nodes[added.node]
    tally.emit(_wire_node(found))
    tally.say(_line(found))
    tally.say("It seals nothing until a proposal that admits this validator is executed.")


COMMANDS: Final = (status, logs, kill, pause, resume, restart, partition, heal, add_validator)


def show(tally: Tally, found: EngineStatus) -> None:
    """For people."""
    tally.say(f"chain    {found.chain_id} ({found.engine}), in {found.folder}")
    tally.say(f"genesis  {found.genesis_hash.hex() if found.genesis_hash else 'not started yet'}")
    for node in found.nodes:
        tally.say(_line(node))
    if not found.nodes:
        tally.say("nothing runs: start it with `tally devnet up`")


def wire(found: EngineStatus) -> dict[str, object]:
    """For machines."""
    return {
        "engine": found.engine,
        "folder": str(found.folder),
        "chain_id": found.chain_id,
        "genesis_hash": found.genesis_hash.hex() if found.genesis_hash else None,
        "supervisor": found.supervisor,
        "nodes": [_wire_node(node) for node in found.nodes],
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def folder_words(folder: Path) -> str:
    """The option that names this folder, if it must be named."""
    return "" if folder == DEFAULT_FOLDER else f" --folder {folder}"


def _wire_node(node: NodeStatus) -> dict[str, object]:
    return {**asdict(node), "validator": f"0x{node.validator.hex()}" if node.validator is not None else None}


def _line(node: NodeStatus) -> str:
    parts = [f"node {node.node}   {node.state.value:<8} {node.url}"]
    parts.append("no answer" if node.height is None else f"block {node.height}")
    if node.peers is not None and node.validator is not None:
        parts.append(f"{node.peers} peers")
    if node.validator is not None:
        parts.append(f"validator 0x{node.validator.hex()}")
    if node.memory_bytes is not None:
        parts.append(f"{node.memory_bytes / _MIB:.0f} MiB")
    parts.append(f"(process {node.pid or 'none'})")
    return "  ".join(parts)
