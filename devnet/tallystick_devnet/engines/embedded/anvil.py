"""The native anvil program: where it is, and how it is told to be our embedded chain.

Found by trying anvil 1.7.1:

* A resumed chain keeps blocks, receipts, logs and state, but every start makes a new block 0 from the present time, and
  a later dump holds both: block 0 would change at random. So the genesis time is fixed by `--timestamp`, which also
  sets the clock back; so it starts with `--no-mining`, gets the time by `evm_setTime`, and only then mines.
* Without `--prune-history` every block, empty ones too, keeps a copy of the whole state in memory (160 000 storage
  slots: 16 MB a block). With it, calls at old heights are refused; receipts, logs and blocks of all heights stay.
* `--quiet` keeps its log to errors: otherwise it writes a line for each call.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tallystick.blocks import ethereum_hash, header_items
from tallystick.client import Node
from tallystick_devnet.engines.embedded.states import ChainSettings, DataFolder
from tallystick_devnet.errors import EngineProgramMissing

__all__ = ["anvil_command", "begin_mining", "find_anvil"]

ADDRESS_IN_USE: Final = "Address already in use"
_HARDFORK: Final = "berlin"


def find_anvil() -> Path:
    """The native program: `TALLY_ANVIL`, else the npm package's own, else `anvil` on PATH.

    The npm package's Node wrapper is passed over: it can end before the program has written its state. Raises
    `EngineProgramMissing`.
    """
    if named := os.environ.get("TALLY_ANVIL"):
        path = Path(named)
        if not os.access(path, os.X_OK) or path.is_dir():
            raise EngineProgramMissing(program="anvil", reason=f"TALLY_ANVIL names {named}, which is no program")
        return path.absolute()
    for root in _roots():
        for path in sorted(root.glob("node_modules/@foundry-rs/anvil-*/bin/anvil*")):
            if os.access(path, os.X_OK):
                return path
    if (on_path := shutil.which("anvil")) is not None:
        return Path(on_path)
    raise EngineProgramMissing(program="anvil", reason="neither in node_modules nor on PATH")


def _roots() -> Iterator[Path]:
    """The working folder and those above it, then those above this file (an editable installation)."""
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        yield start
        yield from start.parents


def anvil_command(
    program: Path, folder: DataFolder, settings: ChainSettings, *, port: int, state: Path | None, state_interval_s: int
) -> list[str]:
    """The command that serves the folder's chain on a loopback port, not mining yet."""
    command = [str(program), "--quiet", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--chain-id", str(settings.chain_id), "--timestamp", str(settings.genesis_timestamp)]
    command += ["--hardfork", _HARDFORK, "--gas-limit", str(settings.gas_limit)]
    command += ["--base-fee", "0", "--gas-price", "0", "--accounts", "0", "--disable-default-create2-deployer"]
    command += ["--no-mining", "--order", "fifo", "--prune-history", "--no-request-size-limit", "--no-cors"]
    command += ["--dump-state", str(folder.dump)]
    if state_interval_s:
        command += ["--state-interval", str(state_interval_s)]
    if state is not None:
        command += ["--load-state", str(state)]
    return command


def begin_mining(node: Node, settings: ChainSettings) -> tuple[bytes, int]:
    """Set the clock and let blocks come; the genesis hash, recomputed from its header, and the height gone on from.

    A chain whose last block is ahead of this machine's clock (a test moved it) goes on from that block's time.
    """
    genesis = ethereum_hash(header_items(node.block(0).header))
    newest = node.block("latest")
    if newest.number > 0:
        node.call("evm_setTime", max(int(time.time()), newest.timestamp + 1))
    node.call("evm_setIntervalMining", settings.block_time_s)
    return genesis, newest.number
