"""What may go wrong with any chain engine of a developer's machine."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tallystick.errors import TallystickError

__all__ = [
    "DevnetError",
    "EngineFailed",
    "EngineNotRunning",
    "EngineOther",
    "FolderForeign",
    "FolderLocked",
    "FolderTaken",
    "NodeUnknown",
    "NotOnThisEngine",
    "PortTaken",
    "StateBroken",
    "StateForeign",
]


class DevnetError(TallystickError):
    """The base of this distribution's errors."""

    code: ClassVar[str] = "devnet.error"


class PortTaken(DevnetError):
    """Another process listens where the engine should."""

    code: ClassVar[str] = "devnet.port_taken"
    sentence: ClassVar[str] = "Port {port} of 127.0.0.1 is taken by another process"
    advice: ClassVar[str] = (
        "Stop that process, or choose another port with `--port N` (0 takes any free one; a chain keeps its port "
        "from run to run so that gateways find it)."
    )

    port: int


class FolderLocked(DevnetError):
    """Another engine runs on this data folder."""

    code: ClassVar[str] = "devnet.folder_locked"
    sentence: ClassVar[str] = "An engine already runs on {folder} (process {pid})"
    advice: ClassVar[str] = "Use that one (`tally devnet status`), or stop it first with `tally devnet down`."

    folder: Path
    pid: int


class FolderForeign(DevnetError):
    """The data folder holds something else than this version can run."""

    code: ClassVar[str] = "devnet.folder_foreign"
    sentence: ClassVar[str] = "{path} is not what this engine wrote: {reason}"
    advice: ClassVar[str] = "Give another `--folder`, or start a new chain there with `tally devnet up --fresh`."

    path: Path
    reason: str


class FolderTaken(DevnetError):
    """The folder holds other files and no chain; nothing was written."""

    code: ClassVar[str] = "devnet.folder_taken"
    sentence: ClassVar[str] = "{folder} holds no chain, but {name}"
    advice: ClassVar[str] = "Give a `--folder` that is empty, does not exist yet, or holds a chain."

    folder: Path
    name: str


class StateBroken(DevnetError):
    """No saved state in the folder is whole."""

    code: ClassVar[str] = "devnet.state_broken"
    sentence: ClassVar[str] = "The saved chain in {path} cannot be read: {reason}"
    advice: ClassVar[str] = (
        "It was cut while being written (disk full, power cut) or changed. Put back a copy of the folder, "
        "or start a new chain with `tally devnet up --fresh`."
    )

    path: Path
    reason: str


class StateForeign(DevnetError):
    """The saved state is of another chain than the folder's."""

    code: ClassVar[str] = "devnet.state_foreign"
    sentence: ClassVar[str] = "The saved chain in {folder} begins with block {found}, not with {expected}"
    advice: ClassVar[str] = (
        "The files of two chains were mixed: put back a copy, or start a new chain with `--fresh`. A node of a network "
        "may also fetch its blocks from the others, once those it has are removed."
    )

    folder: Path
    expected: str
    found: str


class EngineFailed(DevnetError):
    """The engine's process ended or did not come up."""

    code: ClassVar[str] = "devnet.engine_failed"
    sentence: ClassVar[str] = "The engine did not come up: {reason} (log: {log})"
    advice: ClassVar[str] = "Its log says more: `tally devnet logs`."

    reason: str
    log: Path


class EngineNotRunning(DevnetError):
    """Nothing runs on this data folder."""

    code: ClassVar[str] = "devnet.not_running"
    sentence: ClassVar[str] = "No engine runs on {folder}"
    advice: ClassVar[str] = "Start one with `tally devnet up`."

    folder: Path


class NodeUnknown(DevnetError):
    """The engine has no node of this number."""

    code: ClassVar[str] = "devnet.node_unknown"
    sentence: ClassVar[str] = "The engine has no node {node}: its nodes are 0 to {last}"
    advice: ClassVar[str] = "See `tally devnet status`."

    node: int
    last: int


class EngineOther(DevnetError):
    """The folder's chain is on another engine than the one that was asked for."""

    code: ClassVar[str] = "devnet.engine_other"
    sentence: ClassVar[str] = "The chain in {folder} is on the engine {found}, not {asked}"
    advice: ClassVar[str] = (
        "Leave `--engine` out to go on with it, give another `--folder`, or begin a new chain there with `--fresh`."
    )

    folder: Path
    found: str
    asked: str


class NotOnThisEngine(DevnetError):
    """The engine cannot do this."""

    code: ClassVar[str] = "devnet.not_on_this_engine"
    sentence: ClassVar[str] = "The {engine} engine cannot {operation}: it has a single node"
    advice: ClassVar[str] = "Use the network of four validators (`--engine qbft`)."

    engine: str
    operation: str
