"""The nodes of one network on one locked folder."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGKILL, Signals
from typing import IO, Any, ClassVar, Final, Self

from tallystick.client import Node, NodeError
from tallystick_devnet.engines.folder import ChainFolder
from tallystick_devnet.engines.keeper import Keeper
from tallystick_devnet.engines.network.files import check_key, lay_out, open_network, setup_of
from tallystick_devnet.engines.network.kinds import SOFTWARE
from tallystick_devnet.engines.network.settings import NetworkFolder, NetworkSettings, Timing
from tallystick_devnet.engines.network.software import Software
from tallystick_devnet.engines.ports import LAST_PORT, free_ports, is_free
from tallystick_devnet.errors import DevnetError, NodeFailed, PortsTooHigh, PortTaken, StateForeign

__all__ = ["NetworkKeeper", "Options"]

_ADDRESS_IN_USE: Final = "address already in use"
_PREPARE_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Options:
    """How to start. All but `program`, `software` and `port` count for a new network only.

    `port` is the first of the nodes' RPC ports: 0 takes free ones, None those the network had before.
    """

    software: str
    program: str
    validators: int
    gas_limit: int
    timing: Timing
    port: int | None


class NetworkKeeper(Keeper):
    """Nodes keep what they have on disk whenever they end, so the kernel may kill them outright, paused ones too."""

    end_of_orphans: ClassVar[Signals] = SIGKILL

    def __init__(self, folder: NetworkFolder, options: Options, log: IO[str], *, stopping: Callable[[], bool]) -> None:
        super().__init__(folder, log, stopping=stopping)
        self._network, self._options = folder, options
        self._software: Software = SOFTWARE[options.software]
        self._settings = open_network(
            folder,
            self._software,
            validators=options.validators,
            gas_limit=options.gas_limit,
            timing=options.timing,
        )

    @classmethod
    def on(cls, folder: ChainFolder, options: dict[str, Any], log: IO[str], *, stopping: Callable[[], bool]) -> Self:
        """As the supervisor makes it."""
        given = Options(**{**options, "timing": Timing(**options["timing"])})
        return cls(NetworkFolder(folder.path), given, log, stopping=stopping)

    def log_of(self, node: int) -> Path:
        """Each node has its own."""
        return self._network.node_log(node)

    def start(self) -> None:
        """Bring every node up, all of them allowed to speak to each other. Raises `DevnetError`."""
        self._end_orphans()
        self._choose_ports()
        settings, numbers = self._settings, range(len(self._settings.nodes))
        lay_out(self._network, self._software, settings, self.say)
        self._nodes, self._urls = [None for _ in numbers], [node.url for node in settings.nodes]
        try:
            self._bring_up(numbers)
        except BaseException:
            self._end(numbers)
            raise
        self.note_run()
        self.say(f"serving chain {settings.chain_id} with {len(numbers)} nodes")

    def start_node(self, node: int) -> None:
        """Bring one node up as its folder says, or a node that was added to it."""
        check_key(self._software.key_file(self._network.node(node)), node, self._settings)
        self._bring_up([node])
        self.say(f"node {node} is up on {self._urls[node]}")

    def restart(self, node: int) -> list[str]:
        """Also for a node that was added to the folder since."""
        self._settings = self._network.settings() or self._settings
        added = self._settings.nodes[len(self._nodes) :]
        self._nodes += [None for _ in added]
        self._urls += [each.url for each in added]
        return super().restart(node)

    def _choose_ports(self) -> None:
        """RPC ports stay unless told otherwise; peers find each other by files written anew, so theirs may change."""
        nodes, first = self._settings.nodes, self._options.port
        rpc = [node.rpc_port for node in nodes]
        if first is not None:
            if first + len(nodes) - 1 > LAST_PORT:
                raise PortsTooHigh(port=first, nodes=len(nodes))
            rpc = [first + offset for offset in range(len(nodes))] if first else free_ports(len(nodes))
        if taken := [port for port in rpc if not is_free(port)]:
            raise PortTaken(port=taken[0])
        p2p = [node.p2p_port for node in nodes]
        if not all(is_free(port) for port in p2p) or set(p2p) & set(rpc):
            p2p = free_ports(len(nodes))
        moved = [replace(node, rpc_port=a, p2p_port=b) for node, a, b in zip(nodes, rpc, p2p, strict=True)]
        self._note(replace(self._settings, nodes=tuple(moved)))

    def _note(self, settings: NetworkSettings) -> None:
        if settings != self._settings:
            self._network.write_network(settings)
            self._settings = settings

    def _bring_up(self, numbers: Sequence[int]) -> None:
        """Start these nodes together and wait until each serves this chain."""
        self._prepare(numbers)
        said = {number: _size(self.log_of(number)) for number in numbers}
        for number in numbers:
            setup = setup_of(self._network, self._settings, number)
            node, command = setup.node, self._software.command(Path(self._options.program), setup)
            if not (is_free(node.rpc_port) and is_free(node.p2p_port)):
                raise PortTaken(port=node.p2p_port if is_free(node.rpc_port) else node.rpc_port)
            with self.log_of(number).open("ab") as log:
                self._nodes[number] = self._spawn(command, log, self._software.environment)
        for number in numbers:
            self._await(number, said[number])

    def _prepare(self, numbers: Sequence[int]) -> None:
        """Have block 0 written, all at once."""
        running = []
        for number in numbers:
            setup = setup_of(self._network, self._settings, number)
            command = self._software.prepare(Path(self._options.program), setup)
            if command is not None:
                said = _size(self.log_of(number))
                with self.log_of(number).open("ab") as log:
                    running.append((number, said, self._spawn(command, log, self._software.environment)))
        ended = [(number, said, _ended(process)) for number, said, process in running]
        for number, said, code in ended:
            if code:
                raise self._failure(number, said)

    def _await(self, number: int, said: int) -> None:
        process = self._nodes[number]
        if process is None:
            return
        with Node(self._urls[number]) as node:

            def answers() -> bool:
                try:
                    node.check_chain_id(self._settings.chain_id)
                except NodeError:
                    return False
                return True

            try:
                self._until_it_answers(process, answers, lambda: self._failure(number, said))
                found = node.block(0).hash.hex()
            except NodeError as why:
                self._end([number])
                raise NodeFailed(node=number, reason=str(why), log=self.log_of(number)) from None
            except DevnetError:
                self._end([number])
                raise
        if self._settings.genesis_hash is None:
            self._note(replace(self._settings, genesis_hash=found))
        elif found != self._settings.genesis_hash:
            self._end([number])
            raise StateForeign(folder=self._network.node(number), expected=self._settings.genesis_hash, found=found)

    def _failure(self, number: int, said: int) -> DevnetError:
        """Why a node ended, by what it said last."""
        lines = self._lines_since(self.log_of(number), said)
        words = " ".join(lines)
        node = self._settings.nodes[number]
        if _ADDRESS_IN_USE in words.lower():
            return PortTaken(port=node.p2p_port if f":{node.p2p_port}" in words else node.rpc_port)
        if other := self._software.foreign_genesis.search(words):
            found = other.groupdict().get("found", "another")
            expected = self._settings.genesis_hash or "that of genesis.json"
            return StateForeign(folder=self._network.node(number), expected=expected, found=found)
        fatal = next((line for line in reversed(lines) if line.startswith("Fatal")), None)
        reason = fatal or (lines[-1] if lines else "it ended without a word")
        return NodeFailed(node=number, reason=reason, log=self.log_of(number))


def _ended(process: subprocess.Popen[bytes]) -> int:
    """The exit code, forced if it takes too long."""
    try:
        return process.wait(_PREPARE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
