"""What a network of validators is, as chain.json has it, and its folder."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from tallystick.keys import ActKey, Address, address_of
from tallystick.rlp import encode
from tallystick_devnet.engines.folder import ChainFolder, check_chain_id, new_chain_id
from tallystick_devnet.errors import FolderForeign, NodeUnknown

__all__ = ["NetworkFolder", "NetworkNode", "NetworkSettings", "Timing"]

FORMAT: Final = "tallystick-network/1"
_VANITY: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Timing:
    """When blocks come. A validator that is down costs `request_timeout_s` at each of its turns."""

    block_time_s: int = 1
    empty_block_time_s: int = 1
    request_timeout_s: int = 4


@dataclass(frozen=True, slots=True)
class NetworkNode:
    """A node: its public key (64 bytes, hex) and where it listens. `founder`: its validator is in the genesis."""

    public_key: str
    validator: str
    rpc_port: int
    p2p_port: int
    founder: bool

    @classmethod
    def of(cls, key: ActKey, *, rpc_port: int, p2p_port: int, founder: bool) -> Self:
        """A node that has `key`."""
        return cls(key.public_key[1:].hex(), key.address.hex(), rpc_port, p2p_port, founder)

    @property
    def address(self) -> Address:
        """The validator's address."""
        return Address(bytes.fromhex(self.validator))

    @property
    def enode(self) -> str:
        """How peers call it (EIP-778's older form)."""
        return f"enode://{self.public_key}@127.0.0.1:{self.p2p_port}?discport=0"

    @property
    def url(self) -> str:
        """Where it answers JSON-RPC."""
        return f"http://127.0.0.1:{self.rpc_port}"


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """What a network is from its first block on, and who belongs to it."""

    engine: str
    chain_id: int
    genesis_timestamp: int
    gas_limit: int
    timing: Timing
    nodes: tuple[NetworkNode, ...]
    genesis_hash: str | None = None

    @classmethod
    def new(cls, engine: str, *, gas_limit: int, timing: Timing, nodes: tuple[NetworkNode, ...]) -> Self:
        """A network that begins now."""
        return cls(engine, new_chain_id(), int(time.time()), gas_limit, timing, nodes)

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> Self:
        """Raises `ValueError`, `KeyError` or `TypeError` for anything but what `asdict` gave."""
        timing = Timing(**found["timing"])
        nodes = tuple(NetworkNode(**node) for node in found["nodes"])
        settings = cls(**{**found, "timing": timing, "nodes": nodes})
        numbers = [settings.genesis_timestamp, settings.gas_limit, timing.block_time_s, timing.request_timeout_s]
        numbers += [port for node in nodes for port in (node.rpc_port, node.p2p_port)]
        if not all(type(number) is int and number > 0 for number in numbers):
            raise ValueError("a number is missing or not positive")
        if any(address_of(bytes.fromhex(node.public_key)).hex() != node.validator for node in nodes):
            raise ValueError("a node's validator is not the address of its public key")
        check_chain_id(settings.chain_id)
        return settings

    @property
    def founders(self) -> list[Address]:
        """The validators of block 0, sorted."""
        return sorted(node.address for node in self.nodes if node.founder)

    @property
    def genesis_extra_data(self) -> bytes:
        """extraData of block 0 (EEA QBFT v1): who may seal block 1, no vanity, no vote, round 0 and no seals."""
        return encode([_VANITY, self.founders, [], b"", []])


class NetworkFolder(ChainFolder):
    """The files of one network under `path`: each node has a folder of its own in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.genesis_file = self.path / "genesis.json"

    def node(self, number: int) -> Path:
        """A node's data folder."""
        return self.path / f"node{number}"

    def node_log(self, number: int) -> Path:
        """What a node says."""
        return self.node(number) / "node.log"

    def settings(self) -> NetworkSettings | None:
        """What chain.json says, None if there is none. Raises `FolderForeign`."""
        found = self.read_settings()
        if found is None:
            return None
        try:
            if (form := found.pop("format", None)) != FORMAT:
                raise ValueError(f"its format is {form!r}, not {FORMAT!r}")
            return NetworkSettings.parse(found)
        except (KeyError, TypeError, ValueError) as why:
            raise FolderForeign(path=self.settings_file, reason=str(why) or type(why).__name__) from None

    def write_network(self, settings: NetworkSettings) -> None:
        """Replace chain.json at once."""
        self.write_settings({"format": FORMAT, **asdict(settings)})


def node_of(settings: NetworkSettings, number: int) -> NetworkNode:
    """Raises `NodeUnknown`."""
    if not 0 <= number < len(settings.nodes):
        raise NodeUnknown(node=number, last=len(settings.nodes) - 1)
    return settings.nodes[number]
