"""What every engine has in common: a data folder, a supervisor that keeps its nodes, and signals to them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Generic, Self, TypeVar

import psutil

from tallystick.client import Node, NodeError
from tallystick_devnet.engines.asks import ask_for_node
from tallystick_devnet.engines.engine import Endpoint, EngineStatus, Genesis, NodeState, NodeStatus
from tallystick_devnet.engines.folder import ChainFolder, NodeRun, Run
from tallystick_devnet.engines.keeper import end_gently
from tallystick_devnet.engines.outcomes import read_outcome
from tallystick_devnet.errors import EngineFailed, EngineNotRunning, NodeDown, NodeUnknown

__all__ = ["KeptEngine", "end_run"]

_WAIT_S: Final = 180.0
_POLL_S: Final = 0.02
_STATUS_TIMEOUT_S: Final = 2.0

F = TypeVar("F", bound=ChainFolder)


class KeptEngine(ABC, Generic[F]):
    """An engine whose nodes a supervisor keeps; see `Engine` for what each method does."""

    name: ClassVar[str]

    def __init__(self, kind: Callable[[Path], F], data_dir: Path | None) -> None:
        """`data_dir` None is a new chain in a temporary folder that goes with it."""
        self._temporary = data_dir is None
        self._folder = kind(data_dir or Path(tempfile.gettempdir()) / f"tallystick-{os.urandom(8).hex()}")
        self._supervisor: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def _options(self) -> Mapping[str, object]:
        """What the keeper of this engine is given. Raises `DevnetError` where a program is missing."""

    @property
    @abstractmethod
    def chain_id(self) -> int:
        """Of the chain in the data folder. Raises `EngineNotRunning` before the first start."""

    @property
    @abstractmethod
    def genesis(self) -> Genesis:
        """Of the chain in the data folder. Raises `EngineNotRunning` before the first start."""

    @abstractmethod
    def log(self, node: int | None = None) -> Path:
        """What a node said, or (None) the supervisor. Raises `NodeUnknown`."""

    def _known(self, status: NodeStatus) -> NodeStatus:
        """A node's status with what only this engine knows."""
        return status

    @property
    def folder(self) -> Path:
        """Where the chain is kept."""
        return self._folder.path

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """One a node, also of one that is down. Raises `EngineNotRunning`."""
        return _numbered([node.url for node in self._run().nodes])

    # ------------------------------------------------------------------ its life

    def start(self, *, detached: bool = False) -> tuple[Endpoint, ...]:
        """Bring the chain up; `detached` lets it outlive this process until `stop` is called on the same folder.

        Raises `EngineProgramMissing`, `PortTaken`, `FolderLocked`, `FolderForeign`, `FolderTaken`, `EngineFailed`, and
        what else the engine names.
        """
        command = [sys.executable, "-m", "tallystick_devnet.engines.supervisor", str(self.folder), self.name]
        try:
            self._folder.check_ours()
            command += [json.dumps(self._options()), *([] if detached else ["--attached"])]
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._folder.log.open("a") as log:
                supervisor = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    start_new_session=True,
                )
        except OSError as why:
            raise EngineFailed(reason=str(why), log=self._folder.log) from why
        try:
            urls = self._first_word(supervisor)
        except BaseException:
            supervisor.terminate()
            supervisor.wait()
            _close(supervisor)
            raise
        if not detached:
            self._supervisor = supervisor
        return _numbered(urls)

    def _first_word(self, supervisor: subprocess.Popen[str]) -> list[str]:
        line = supervisor.stdout.readline() if supervisor.stdout is not None else ""
        if not line:
            raise EngineFailed(reason="its supervisor ended without a word", log=self._folder.log)
        return read_outcome(line)

    def stop(self) -> None:
        """End every node of this folder, whoever started it, and keep the chain (unless it is a temporary one)."""
        run = self._folder.run()
        if self._supervisor is not None:
            self._supervisor.terminate()
            self._supervisor.wait(_WAIT_S)
            _close(self._supervisor)
            self._supervisor = None
        elif run is not None:
            end_run(self._folder, run)
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def wipe(self) -> None:
        """Remove the chain for good. Raises `FolderLocked` while it runs, `FolderTaken` if none is there."""
        if self.folder.exists():
            self._folder.check_ours()
            with self._folder.locked():
                self._folder.wipe()

    def status(self) -> EngineStatus:
        """What runs now. Raises `EngineNotRunning` if the folder never held a chain."""
        chain_id, run = self.chain_id, self._folder.run()
        try:
            genesis = self.genesis.hash
        except EngineNotRunning:
            genesis = None
        supervisor = run.supervisor.process() if run is not None else None
        nodes = tuple(self._known(_status(number, node)) for number, node in enumerate(run.nodes if run else ()))
        pid = supervisor.pid if supervisor else None
        return EngineStatus(self.name, self.folder, chain_id, genesis, pid, nodes)

    # ------------------------------------------------------------------ what tests do to it

    def kill(self, node: int) -> None:
        """End a node as `kill -9` does."""
        self._signal(node, signal.SIGKILL)
        deadline = time.monotonic() + _WAIT_S
        while self._run().nodes[node].process is not None:
            if time.monotonic() > deadline:
                raise EngineFailed(reason=f"node {node} was killed and is still noted as running", log=self._folder.log)
            time.sleep(_POLL_S)

    def pause(self, node: int) -> None:
        """Stop a node in its tracks."""
        self._signal(node, signal.SIGSTOP)

    def resume(self, node: int) -> None:
        """Let a paused node go on."""
        self._signal(node, signal.SIGCONT)

    def restart(self, node: int) -> Endpoint:
        """Bring a node up again, ending it gracefully first if it runs."""
        run = self._run()
        self._node(run, node)
        return Endpoint(node, ask_for_node(self._folder, run, node))

    def _signal(self, node: int, number: signal.Signals) -> None:
        identity = self._node(self._run(), node).process
        if identity is None or (process := identity.process()) is None:
            raise NodeDown(node=node)
        process.send_signal(number)

    def _node(self, run: Run, node: int) -> NodeRun:
        if not 0 <= node < len(run.nodes):
            raise NodeUnknown(node=node, last=len(run.nodes) - 1)
        return run.nodes[node]

    def _run(self) -> Run:
        if (run := self._folder.run()) is None:
            raise EngineNotRunning(folder=self.folder)
        return run


def end_run(folder: ChainFolder, run: Run) -> None:
    """End a supervisor and what is left of its nodes, by their process numbers, checked against their start."""
    for identity in (run.supervisor, *(node.process for node in run.nodes)):
        process = identity.process() if identity is not None else None
        if process is not None:
            end_gently(process, _WAIT_S)
    folder.write_run(None)


def _numbered(urls: Sequence[str]) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(node, url) for node, url in enumerate(urls))


def _status(number: int, run: NodeRun) -> NodeStatus:
    down = NodeStatus(number, NodeState.DOWN, run.url, None, None)
    process = run.process.process() if run.process is not None else None
    if process is None:
        return down
    try:
        memory, is_paused = process.memory_info().rss, process.status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return down
    if is_paused:
        return NodeStatus(number, NodeState.PAUSED, run.url, process.pid, None, memory_bytes=memory)
    height = peers = None
    with Node(run.url, timeout_s=_STATUS_TIMEOUT_S) as node, contextlib.suppress(NodeError, ValueError):
        height = node.height()
        peers = int(str(node.call("net_peerCount")), 16)
    return NodeStatus(number, NodeState.RUNNING, run.url, process.pid, height, peers, memory_bytes=memory)


def _close(supervisor: subprocess.Popen[str]) -> None:
    for pipe in (supervisor.stdin, supervisor.stdout):
        if pipe is not None:
            pipe.close()
