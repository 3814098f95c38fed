"""What may go wrong with a network of several nodes."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tallystick_devnet.errors.engine import DevnetError

__all__ = [
    "GenesisForeign",
    "GroupsWrong",
    "NoNodeAnswers",
    "NodeDown",
    "NodeFailed",
    "NodeKeyForeign",
    "NodeKeyMissing",
    "PortsTooHigh",
]


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


class PortsTooHigh(DevnetError):
    """The nodes' ports would go beyond the last there is."""

    code: ClassVar[str] = "devnet.ports_too_high"
    sentence: ClassVar[str] = "From port {port} on there are not enough ports for {nodes} nodes"
    advice: ClassVar[str] = "Give a lower `--port`: each node takes one, from this number on."

    port: int
    nodes: int
