"""A network of validators, one per member, on this machine.

Its blocks are sealed by at least ⌈2n/3⌉ of n validators. A node keeps on disk whatever it has, however it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import ClassVar

from tallystick.client import Node, NodeError
from tallystick.keys import Address
from tallystick.qbft import header_from_rpc
from tallystick_devnet.engines.asks import ask_for_node
from tallystick_devnet.engines.engine import DEFAULT_GAS_LIMIT, Endpoint, Genesis, NodeState, NodeStatus
from tallystick_devnet.engines.kept import KeptEngine
from tallystick_devnet.engines.network.files import add_node, lay_out, open_network, setup_of
from tallystick_devnet.engines.network.keeper import Options
from tallystick_devnet.engines.network.kinds import SOFTWARE
from tallystick_devnet.engines.network.peers import allow, check_groups
from tallystick_devnet.engines.network.settings import NetworkFolder, NetworkSettings, Timing, node_of
from tallystick_devnet.errors import EngineNotRunning, NoNodeAnswers

__all__ = ["BesuEngine", "NetworkEngine", "QbftEngine"]


class NetworkEngine(KeptEngine[NetworkFolder]):
    """A network of validators; see `Engine` for what each method does.

    `data_dir` None is a new network in a temporary folder that goes with it. `port` is the first of the nodes' RPC
    ports; None takes those of before, else free ones, and 0 free ones. All else counts when the network is made;
    afterwards the folder's own holds. `request_timeout_s` is what a validator that is down costs at each of its turns:
    4 suits tests of faults, 10 heavy load.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        validators: int = 4,
        port: int | None = None,
        gas_limit: int = DEFAULT_GAS_LIMIT,
        block_time_s: int = 1,
        empty_block_time_s: int = 1,
        request_timeout_s: int = 4,
    ) -> None:
        super().__init__(NetworkFolder, data_dir)
        self._software = SOFTWARE[self.name]
        self._validators, self._port, self._gas_limit = validators, port, gas_limit
        self._timing = Timing(block_time_s, empty_block_time_s, request_timeout_s)

    def _options(self) -> Mapping[str, object]:
        return asdict(
            Options(
                software=self.name,
                program=str(self._software.find()),
                validators=self._validators,
                gas_limit=self._gas_limit,
                timing=self._timing,
                port=self._port,
            )
        )

    def _known(self, status: NodeStatus) -> NodeStatus:
        return replace(status, validator=self.address_of(status.node))

    def log(self, node: int | None = None) -> Path:
        """What a node said, or (None) the supervisor. Raises `NodeUnknown`."""
        if node is None:
            return self._folder.log
        node_of(self._settings(), node)
        return self._folder.node_log(node)

    @property
    def chain_id(self) -> int:
        """Of the network in the data folder. Raises `EngineNotRunning` before the first start."""
        return self._settings().chain_id

    @property
    def genesis(self) -> Genesis:
        """Of the network in the data folder. Raises `EngineNotRunning` before the first start."""
        settings = self._settings()
        if settings.genesis_hash is None:
            raise EngineNotRunning(folder=self.folder)
        return Genesis(bytes.fromhex(settings.genesis_hash), settings.genesis_timestamp, settings.gas_limit)

    @property
    def validators(self) -> tuple[Address, ...]:
        """Who seals, as the newest header lists them. Raises `NoNodeAnswers`."""
        newest = None
        for endpoint in self.endpoints:
            try:
                with Node(endpoint.url, timeout_s=2.0) as node:
                    header = header_from_rpc(node.block("latest").header)
            except NodeError:
                continue
            if newest is None or header.number > newest.number:
                newest = header
        if newest is None:
            raise NoNodeAnswers(folder=self.folder)
        return newest.extra.validators

    def address_of(self, node: int) -> Address:
        """A node's validator address, let in or not. Raises `NodeUnknown`."""
        return node_of(self._settings(), node).address

    def partition(self, groups: Sequence[Collection[int]]) -> None:
        """Let nodes speak within their group only, until healed or started afresh; one group of all heals.

        Each node's own allow-list is rewritten, and connections to others are dropped before this returns. New ones
        take up to 35 s (a node calls the same peer no more often). A network that stood still goes on after at most
        about as long again: validators wait twice as long in every round. Raises `GroupsWrong`.
        """
        settings = self._settings()
        check_groups(groups, len(settings.nodes))
        allow(self._folder, self._software, settings, groups, self._running())

    def add_validator(self) -> Endpoint:
        """Start one more node with a fresh key, on everybody's allow-list; it follows the chain until it is voted in.

        Heals a partition.
        """
        run = self._run()
        settings = add_node(self._folder, self._software, self._settings())
        number = len(settings.nodes) - 1
        self._software.write_node_files(setup_of(self._folder, settings, number))
        allow(self._folder, self._software, settings, [range(number + 1)], self._running())
        return Endpoint(number, ask_for_node(self._folder, run, number))

    def write_files(self, say: Callable[[str], None]) -> tuple[Address, ...]:
        """Make the folder as a start would, and start nothing: its nodes may then be run by something else.

        Gives each node's validator; `say` is told what was mended. Raises `FolderLocked`, `FolderTaken`,
        `FolderForeign`, `GenesisForeign`, `NodeKeyMissing`, `NodeKeyForeign`.
        """
        self._folder.check_ours()
        with self._folder.locked():
            settings = open_network(
                self._folder,
                self._software,
                validators=self._validators,
                gas_limit=self._gas_limit,
                timing=self._timing,
            )
            lay_out(self._folder, self._software, settings, say)
        return tuple(node.address for node in settings.nodes)

    def _running(self) -> list[int]:
        return [node.node for node in self.status().nodes if node.state is NodeState.RUNNING]

    def _settings(self) -> NetworkSettings:
        if (settings := self._folder.settings()) is None:
            raise EngineNotRunning(folder=self.folder)
        return settings


class QbftEngine(NetworkEngine):
    """Four GoQuorum validators, a stand-in for Besu on a developer's machine; not for production."""

    name: ClassVar[str] = "qbft"


class BesuEngine(NetworkEngine):
    """The same with an operator's own Besu."""

    name: ClassVar[str] = "besu"
