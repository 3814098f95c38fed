"""Making and checking a network's folder: chain.json, genesis.json, and each node's key and files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from tallystick.keys import ActKey
from tallystick_devnet.engines.network.settings import NetworkFolder, NetworkNode, NetworkSettings, Timing
from tallystick_devnet.engines.network.software import Setup, Software
from tallystick_devnet.engines.ports import free_ports
from tallystick_devnet.errors import FolderForeign, GenesisForeign, NodeKeyForeign, NodeKeyMissing

__all__ = ["add_node", "check_key", "lay_out", "make_network", "open_network", "setup_of", "write_genesis"]

_KEY_DIGITS: Final = 64


def open_network(
    folder: NetworkFolder, software: Software, *, validators: int, gas_limit: int, timing: Timing
) -> NetworkSettings:
    """The network in the folder; one without any gets a new network. Raises `FolderForeign`."""
    settings = folder.settings()
    if settings is None:
        return make_network(folder, software, validators=validators, gas_limit=gas_limit, timing=timing)
    if settings.engine != software.engine:
        raise FolderForeign(path=folder.settings_file, reason=f"it is a chain of the engine {settings.engine!r}")
    return settings


def make_network(
    folder: NetworkFolder, software: Software, *, validators: int, gas_limit: int, timing: Timing
) -> NetworkSettings:
    """A new network in a folder without one: keys first, then chain.json, so that a network is there whole or not.

    Raises `FolderForeign` if a node's blocks are there without the chain.json they belong to.
    """
    homes = [folder.node(number) for number in range(validators)]
    for home in folder.path.glob("node[0-9]*"):
        if software.has_chain(home):
            raise FolderForeign(path=folder.path, reason=f"{home.name} has blocks, but there is no chain.json")
    ports = free_ports(2 * validators)
    nodes = []
    for home, rpc_port, p2p_port in zip(homes, ports[:validators], ports[validators:], strict=True):
        key = _make_key(software.key_file(home))
        nodes.append(NetworkNode.of(key, rpc_port=rpc_port, p2p_port=p2p_port, founder=True))
    settings = NetworkSettings.new(software.engine, gas_limit=gas_limit, timing=timing, nodes=tuple(nodes))
    folder.write_network(settings)
    return settings


def add_node(folder: NetworkFolder, software: Software, settings: NetworkSettings) -> NetworkSettings:
    """The network with one more node, whose validator the others have not let in yet."""
    rpc_port, p2p_port = free_ports(2)
    key = _make_key(software.key_file(folder.node(len(settings.nodes))))
    node = NetworkNode.of(key, rpc_port=rpc_port, p2p_port=p2p_port, founder=False)
    settings = replace(settings, nodes=(*settings.nodes, node))
    folder.write_network(settings)
    return settings


def write_genesis(
    folder: NetworkFolder, software: Software, settings: NetworkSettings, say: Callable[[str], None]
) -> None:
    """Write genesis.json; a cut one is written again. Raises `GenesisForeign` if it is of another network."""
    wanted = software.genesis(settings)
    path = folder.genesis_file
    if path.exists():
        try:
            found = json.loads(path.read_bytes())
        except ValueError:
            say("genesis.json was cut while being written: it was written again")
        else:
            if found != json.loads(json.dumps(wanted)):
                raise GenesisForeign(path=path, chain_id=settings.chain_id)
            return
    folder.write(path, wanted)


def setup_of(folder: NetworkFolder, settings: NetworkSettings, number: int) -> Setup:
    """One node, as its program is told of it."""
    return Setup(folder.node(number), folder.genesis_file, settings, settings.nodes[number])


def lay_out(folder: NetworkFolder, software: Software, settings: NetworkSettings, say: Callable[[str], None]) -> None:
    """Write what every node reads when it starts, all of them allowed to speak to each other.

    Raises `GenesisForeign`, `NodeKeyMissing`, `NodeKeyForeign`.
    """
    write_genesis(folder, software, settings, say)
    for number in range(len(settings.nodes)):
        check_key(software.key_file(folder.node(number)), number, settings)
        software.write_node_files(setup_of(folder, settings, number))
        software.write_allow_list(folder.node(number), settings.nodes)


def check_key(path: Path, number: int, settings: NetworkSettings) -> None:
    """Raise `NodeKeyMissing` or `NodeKeyForeign` unless the node has the key that chain.json names."""
    expected = settings.nodes[number]
    try:
        text = path.read_text().strip().removeprefix("0x")
        key = ActKey(bytes.fromhex(text)) if len(text) == _KEY_DIGITS else None
    except FileNotFoundError:
        raise NodeKeyMissing(path=path, node=number, reason="it is not there") from None
    except ValueError:
        key = None
    if key is None:
        raise NodeKeyMissing(path=path, node=number, reason="it is cut or no key")
    if key.address != expected.address:
        others = {node.validator: f"node {other}'s" for other, node in enumerate(settings.nodes)}
        owner = others.get(key.address.hex(), "no node's of this chain")
        raise NodeKeyForeign(
            path=path, node=number, found=f"0x{key.address.hex()}", owner=owner, expected=f"0x{expected.validator}"
        )


def _make_key(path: Path) -> ActKey:
    key = ActKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(key.secret.hex())
    return key
