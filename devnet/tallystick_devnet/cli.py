"""`tally devnet …`: a chain engine on this machine."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Final

import click

from tallystick_devnet.authority.command import authority
from tallystick_devnet.demo.command import demo
from tallystick_devnet.engines import (
    DEFAULT_GAS_LIMIT,
    ENGINES,
    AnyEngine,
    BesuEngine,
    NetworkEngine,
    chain_at,
    make_engine,
    stop_at,
)
from tallystick_devnet.engines.folder import ChainFolder
from tallystick_devnet.engines.network.building import find_quorum
from tallystick_devnet.engines.network.showing import shown
from tallystick_devnet.nodes import COMMANDS, folder_option, folder_words, show, wire
from tallystick_gateway.kit.cli import Tally, pass_tally

__all__ = ["devnet"]

_LOOK_EVERY_S: Final = 1.0
_FEWEST: Final = 4
_MOST: Final = 25

_CLAIMS: Final = {
    "embedded": "One operator, no seals: what is recorded here is `included`, never `final`.",
    "qbft": "GoQuorum, a stand-in for Besu on a developer's machine: archived, and not for production.",
    "besu": "Besu, as an operator would run it, but all validators are on this machine.",
}


@click.group()
def devnet() -> None:
    """A chain engine on this machine, for a first run, tests and the demonstration."""


devnet.add_command(authority)
devnet.add_command(demo)
for command in COMMANDS:
    devnet.add_command(command)


@devnet.command()
@folder_option
@click.option("--engine", type=click.Choice(ENGINES), help="Default: that of the folder's chain, else embedded.")
@click.option("--validators", type=click.IntRange(_FEWEST, _MOST), help="How many nodes seal blocks. [default: 4]")
@click.option("--port", type=click.IntRange(0, 65535), help="The first node's; 0: free ones. Default: those of before.")
@click.option("--gas-limit", type=click.IntRange(1_000_000), default=DEFAULT_GAS_LIMIT, show_default=True)
@click.option("--block-time", type=click.IntRange(1, 3600), default=1, show_default=True, help="Seconds.")
@click.option(
    "--request-timeout",
    type=click.IntRange(1, 3600),
    default=4,
    show_default=True,
    help="Seconds that a validator which is down costs at each of its turns; 10 under heavy load.",
)
@click.option("--fresh", is_flag=True, help="Remove the chain in the folder and begin a new one.")
@click.option("--foreground", is_flag=True, help="Stay until ctrl-C.")
@pass_tally
def up(
    tally: Tally,
    folder: Path,
    engine: str | None,
    validators: int | None,
    port: int | None,
    gas_limit: int,
    block_time: int,
    request_timeout: int,
    fresh: bool,
    foreground: bool,
) -> None:
    """Start the engine, on the chain that the folder holds or on a new one.

    It runs in the background until `tally devnet down`. The number of validators, the gas limit and the times count
    for a new chain only.
    """
    if fresh:
        _wipe(folder)
    chain = make_engine(
        engine or chain_at(folder) or "embedded",
        folder,
        port=port,
        gas_limit=gas_limit,
        block_time_s=block_time,
        validators=validators or _FEWEST,
        request_timeout_s=request_timeout,
    )
    if validators is not None and not isinstance(chain, NetworkEngine):
        raise click.UsageError("--validators needs an engine with validators: --engine qbft")
    chain.start(detached=not foreground)
    status = chain.status()
    tally.emit(wire(status))
    show(tally, status)
    if validators not in (None, len(status.nodes)):
        tally.say(f"The chain was made before, with {len(status.nodes)} nodes: --validators counts for a new one.")
    tally.say(_CLAIMS[status.engine])
    if foreground:
        _stay(tally, chain)
    else:
        tally.say(f"Stop it: tally devnet down{folder_words(folder)}")


@devnet.command()
@folder_option
@pass_tally
def down(tally: Tally, folder: Path) -> None:
    """Stop the engine and keep its chain."""
    running = stop_at(folder)
    tally.emit({"stopped": running})
    tally.say(f"Stopped; the chain stays in {folder}." if running else f"Nothing runs on {folder}.")


@devnet.command()
@pass_tally
def build(tally: Tally) -> None:
    """Build GoQuorum, a stand-in for Besu, unless it is built: Go ≥ 1.23, a C compiler, a few minutes."""
    with shown() as told:
        program = find_quorum(told)
    tally.emit({"program": str(program)})
    tally.say(f"GoQuorum is {program}")
    tally.say("It stands in for Besu on a developer's machine: archived, and not for production.")


@devnet.command("besu-files")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--validators", type=click.IntRange(_FEWEST, _MOST), default=_FEWEST, show_default=True)
@click.option("--gas-limit", type=click.IntRange(1_000_000), default=DEFAULT_GAS_LIMIT, show_default=True)
@click.option("--block-time", type=click.IntRange(1, 3600), default=1, show_default=True, help="Seconds.")
@pass_tally
def besu_files(tally: Tally, folder: Path, validators: int, gas_limit: int, block_time: int) -> None:
    """Write genesis, keys, options and allow-lists of a Besu network to FOLDER, and start nothing."""
    network = BesuEngine(folder, validators=validators, gas_limit=gas_limit, block_time_s=block_time)
    addresses = [f"0x{address.hex()}" for address in network.write_files(tally.say)]
    tally.emit({"chain_id": network.chain_id, "folder": str(network.folder), "validators": addresses})
    tally.say(f"chain    {network.chain_id}, in {network.folder}")
    for node, address in enumerate(addresses):
        tally.say(f"node {node}   validator {address}  besu --config-file={network.folder}/node{node}/besu.toml")
    tally.say("Each validator's key is in its node's folder and nowhere else.")


def _wipe(folder: Path) -> None:
    """Whichever engine's chain it is, even one that cannot be read."""
    chain = ChainFolder(folder)
    if folder.exists():
        chain.check_ours()
        with chain.locked():
            chain.wipe()


def _stay(tally: Tally, chain: AnyEngine) -> None:
    """Until ctrl-C, SIGTERM, or the end of the supervisor."""
    tally.say("Stop it: ctrl-C")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while chain.endpoints:
            time.sleep(_LOOK_EVERY_S)
    except KeyboardInterrupt:
        tally.say("Stopping.")
    finally:
        chain.stop()
