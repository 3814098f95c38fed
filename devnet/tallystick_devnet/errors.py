"""What may go wrong with a chain engine of a developer's machine."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tallystick.errors import TallystickError

__all__ = [
    "BesuMissing",
    "CompilerMissing",
    "DevnetError",
    "EngineFailed",
    "EngineNotRunning",
    "EngineOther",
    "EngineProgramMissing",
    "FolderForeign",
    "FolderLocked",
    "FolderTaken",
    "GenesisForeign",
    "GoMissing",
    "GoTooOld",
    "GroupsWrong",
    "NoNodeAnswers",
    "NodeDown",
    "NodeFailed",
    "NodeKeyForeign",
    "NodeKeyMissing",
    "NodeUnknown",
    "NotOnThisEngine",
    "PortTaken",
    "PortsTooHigh",
    "QuorumBuildFailed",
    "QuorumMissing",
    "QuorumModulesMissing",
    "QuorumProgramWrong",
    "QuorumSourceMissing",
    "StateBroken",
    "StateForeign",
]


class DevnetError(TallystickError):
    """The base of this distribution's errors."""

    code: ClassVar[str] = "devnet.error"


class EngineProgramMissing(DevnetError):
    """The engine's program is not on this machine."""

    code: ClassVar[str] = "devnet.program_missing"
    sentence: ClassVar[str] = "{program} is not installed: {reason}"
    advice: ClassVar[str] = (
        "Run `npm ci` at the project's root (it brings @foundry-rs/anvil), put `anvil` on PATH, "
        "or name the program in TALLY_ANVIL."
    )

    program: str
    reason: str


class PortTaken(DevnetError):
    """Another process listens where the engine should."""

    code: ClassVar[str] = "devnet.port_taken"
    sentence: ClassVar[str] = "Port {port} of 127.0.0.1 is taken by another process"
    advice: ClassVar[str] = (
        "Stop that process, or choose another port with `--port N` (0 takes any free one; a chain keeps its port "
        "from run to run so that gateways find it)."
    )

    port: int


class PortsTooHigh(DevnetError):
    """The nodes' ports would go beyond the last there is."""

    code: ClassVar[str] = "devnet.ports_too_high"
    sentence: ClassVar[str] = "From port {port} on there are not enough ports for {nodes} nodes"
    advice: ClassVar[str] = "Give a lower `--port`: each node takes one, from this number on."

    port: int
    nodes: int


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


class NodeFailed(DevnetError):
    """One node of a network did not come up."""

    code: ClassVar[str] = "devnet.node_failed"
    sentence: ClassVar[str] = "Node {node} did not come up: {reason} (log: {log})"
    advice: ClassVar[str] = (
        "Its log says more: `tally devnet logs N`. If its blocks were cut (power cut, full disk), remove the database "
        "that the log names: the node fetches its blocks from the others, and its key is not in there."
    )

    node: int
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


class NodeDown(DevnetError):
    """The node has no process."""

    code: ClassVar[str] = "devnet.node_down"
    sentence: ClassVar[str] = "Node {node} is down"
    advice: ClassVar[str] = "Bring it up with `tally devnet restart N`."

    node: int


class NoNodeAnswers(DevnetError):
    """No node of the network says which chain it has."""

    code: ClassVar[str] = "devnet.no_node_answers"
    sentence: ClassVar[str] = "No node of the network in {folder} answers"
    advice: ClassVar[str] = "See `tally devnet status`: resume or restart a node."

    folder: Path


class GroupsWrong(DevnetError):
    """The groups of a partition are not a partition of the nodes."""

    code: ClassVar[str] = "devnet.groups_wrong"
    sentence: ClassVar[str] = "Not every node from 0 to {last} is in exactly one group: {groups}"
    advice: ClassVar[str] = "Name each node once, such as `tally devnet partition 0,1 2,3`."

    groups: str
    last: int


class GenesisForeign(DevnetError):
    """genesis.json is another network's."""

    code: ClassVar[str] = "devnet.genesis_foreign"
    sentence: ClassVar[str] = "{path} is not the genesis of chain {chain_id}, which chain.json beside it names"
    advice: ClassVar[str] = (
        "The files of two networks were mixed, or one was edited. Remove genesis.json to have it written again from "
        "chain.json, put back a copy of the folder, or start a new network with `tally devnet up --fresh`."
    )

    path: Path
    chain_id: int


class NodeKeyMissing(DevnetError):
    """A node's key cannot be read."""

    code: ClassVar[str] = "devnet.node_key_missing"
    sentence: ClassVar[str] = "Node {node} has no key in {path}: {reason}"
    advice: ClassVar[str] = (
        "Put back a copy of that file: a validator's key cannot be made again. Or start a new network with "
        "`tally devnet up --fresh`."
    )

    path: Path
    node: int
    reason: str


class NodeKeyForeign(DevnetError):
    """A node has another validator's key."""

    code: ClassVar[str] = "devnet.node_key_foreign"
    sentence: ClassVar[str] = "The key in {path} is {owner} ({found}); node {node} is validator {expected}"
    advice: ClassVar[str] = (
        "Put back the key that belongs there, or start a new network with `tally devnet up --fresh`. Two nodes with "
        "one key would seal two blocks of one height."
    )

    path: Path
    node: int
    found: str
    owner: str
    expected: str


class BesuMissing(DevnetError):
    """There is no Besu on this machine that could be the nodes of a network."""

    code: ClassVar[str] = "devnet.besu_missing"
    sentence: ClassVar[str] = "Besu 26.9 or newer is not here: {reason}"
    advice: ClassVar[str] = (
        "Install it with JDK 25 (besu.hyperledger.org) and put `besu` on PATH or name it in TALLY_BESU. Without it, "
        "`--engine qbft` runs GoQuorum, a stand-in for Besu."
    )

    reason: str


class QuorumProgramWrong(DevnetError):
    """What should be GoQuorum is not."""

    code: ClassVar[str] = "devnet.quorum_program_wrong"
    sentence: ClassVar[str] = "{program} is not a GoQuorum that runs here: {reason}"
    advice: ClassVar[str] = "Name another in TALLY_QUORUM, or unset it to have GoQuorum built (`tally devnet build`)."

    program: str
    reason: str


class QuorumMissing(DevnetError):
    """GoQuorum was not built here, and something that building it needs is not there."""


class QuorumSourceMissing(QuorumMissing):
    """This installation has no go.mod to build GoQuorum from."""

    code: ClassVar[str] = "devnet.quorum_source_missing"
    sentence: ClassVar[str] = "There is no go.mod and go.sum of GoQuorum in {path}"
    advice: ClassVar[str] = "Run from the project's source tree, or name a built GoQuorum in TALLY_QUORUM."

    path: Path


class GoMissing(QuorumMissing):
    """GoQuorum must be built, and there is no Go."""

    code: ClassVar[str] = "devnet.go_missing"
    sentence: ClassVar[str] = "Go is not installed: there is no `go` on PATH, and GoQuorum was not built here before"
    advice: ClassVar[str] = (
        "Install Go 1.23 or newer (https://go.dev/dl, or your system's package `golang` or `go`) and a C compiler, or "
        "name a built GoQuorum in TALLY_QUORUM. `tally devnet up` without `--engine` needs neither."
    )


class GoTooOld(QuorumMissing):
    """This Go cannot build GoQuorum."""

    code: ClassVar[str] = "devnet.go_too_old"
    sentence: ClassVar[str] = "Go is {found}; building GoQuorum needs {least} or newer"
    advice: ClassVar[str] = (
        "Install a newer Go (https://go.dev/dl) and put it first on PATH, or name a built GoQuorum in TALLY_QUORUM."
    )

    found: str
    least: str


class CompilerMissing(QuorumMissing):
    """GoQuorum must be built, and there is no working C compiler."""

    code: ClassVar[str] = "devnet.compiler_missing"
    sentence: ClassVar[str] = "There is no C compiler that works: {reason}"
    advice: ClassVar[str] = (
        "Install one with the C library's headers (Debian, Ubuntu: `apt install gcc libc6-dev`; Fedora: `dnf install "
        "gcc glibc-devel`; macOS: `xcode-select --install`), or name it in CC."
    )

    reason: str


class QuorumModulesMissing(QuorumMissing):
    """Go could not fetch GoQuorum's source."""

    code: ClassVar[str] = "devnet.quorum_modules_missing"
    sentence: ClassVar[str] = "GoQuorum's source could not be fetched: {reason}"
    advice: ClassVar[str] = (
        "The first build needs the network: connect, or name a module proxy that can be reached in GOPROXY. Or name a "
        "built GoQuorum in TALLY_QUORUM."
    )

    reason: str


class QuorumBuildFailed(DevnetError):
    """`go build` failed."""

    code: ClassVar[str] = "devnet.quorum_build_failed"
    sentence: ClassVar[str] = "GoQuorum could not be built: {reason} (log: {log})"
    advice: ClassVar[str] = (
        "See what Go said in that log (a full disk, a Go that is not whole), put it right, and run `tally devnet "
        "build` again; or name a built GoQuorum in TALLY_QUORUM."
    )

    reason: str
    log: Path


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
