"""The embedded engine: one anvil, for a first run and for tests of contracts and gateways.

It has one operator and no seals, so nothing on it is ever `final`. A chain is kept in its data folder from run to run.
A graceful end (`stop`, `tally devnet down`, ctrl-C, a killed parent or supervisor) loses no block; what waits in the
pool is lost and must be sent again. If anvil itself is killed by `kill -9`, or the machine stops, the chain goes on
from its last whole dump: at most `state_interval_s`, the time of one dump and a second are lost.
"""

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
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import psutil

from tallystick.client import Node, NodeError
from tallystick.keys import Address
from tallystick_devnet import errors
from tallystick_devnet.engines.anvil import find_anvil
from tallystick_devnet.engines.engine import Endpoint, EngineStatus, Genesis, NodeState, NodeStatus
from tallystick_devnet.engines.folder import ChainSettings, DataFolder, Run
from tallystick_devnet.errors import (
    DevnetError,
    EngineFailed,
    EngineNotRunning,
    NodeUnknown,
    NotOnThisEngine,
)

__all__ = ["DEFAULT_GAS_LIMIT", "EmbeddedEngine"]

DEFAULT_GAS_LIMIT: Final = 130_000_000
"""The block gas limit of the four-validator network too: 16 transactions of 100 disbursements a block."""
DEFAULT_STATE_INTERVAL_S: Final = 5
"""Measured: with 640 000 storage slots (365 MB a dump) 5 s cost 1 % of throughput, 2 s cost 9 %."""
_ONLY_NODE: Final = 0
_PATHS: Final = frozenset({"folder", "path", "log"})
_WAIT_S: Final = 180.0
_POLL_S: Final = 0.02
_STATUS_TIMEOUT_S: Final = 2.0


class EmbeddedEngine:
    """One embedded chain; see `Engine` for what each method does.

    `data_dir` None is a new chain in a temporary folder that goes with it. `gas_limit` and `block_time_s` count when
    the chain is made; afterwards the folder's own hold. `port` None is the chain's port of before, else a free one.
    """

    name: Final = "embedded"

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        port: int | None = None,
        gas_limit: int = DEFAULT_GAS_LIMIT,
        block_time_s: int = 1,
        state_interval_s: int = DEFAULT_STATE_INTERVAL_S,
    ) -> None:
        self._temporary = data_dir is None
        self._folder = DataFolder(data_dir or Path(tempfile.gettempdir()) / f"tallystick-{os.urandom(8).hex()}")
        self._port, self._gas_limit = port, gas_limit
        self._block_time_s, self._state_interval_s = block_time_s, state_interval_s
        self._supervisor: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ------------------------------------------------------------------ what it is

    @property
    def folder(self) -> Path:
        """Where the chain is kept."""
        return self._folder.path

    @property
    def log(self) -> Path:
        """What the engine and its supervisor said."""
        return self._folder.log

    @property
    def chain_id(self) -> int:
        """Of the chain in the data folder. Raises `EngineNotRunning` before the first start."""
        return self._settings().chain_id

    @property
    def genesis(self) -> Genesis:
        """Of the chain in the data folder. Raises `EngineNotRunning` before the first start."""
        settings = self._settings()
        if settings.genesis_hash is None:
            raise EngineNotRunning(folder=self.folder)
        return Genesis(bytes.fromhex(settings.genesis_hash), settings.genesis_timestamp, settings.gas_limit)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The one node's."""
        return (Endpoint(_ONLY_NODE, self._run().url),)

    @property
    def url(self) -> str:
        """The one node's address."""
        return self._run().url

    @property
    def validators(self) -> tuple[Address, ...]:
        """Nobody seals blocks here."""
        return ()

    # ------------------------------------------------------------------ its life

    def start(self, *, detached: bool = False) -> tuple[Endpoint, ...]:
        """Bring the chain up; `detached` lets it outlive this process until `stop` is called on the same folder.

        Raises `EngineProgramMissing`, `PortTaken`, `FolderLocked`, `FolderForeign`, `FolderTaken`, `StateBroken`,
        `StateForeign`, `EngineFailed`.
        """
        command = [sys.executable, "-m", "tallystick_devnet.engines.supervisor", str(self.folder)]
        command += ["--program", str(find_anvil()), "--gas-limit", str(self._gas_limit)]
        command += ["--block-time", str(self._block_time_s), "--state-interval", str(self._state_interval_s)]
        command += ["--port", str(self._port)] if self._port is not None else []
        command += [] if detached else ["--attached"]
        try:
            self._folder.check_ours()
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
            raise EngineFailed(reason=str(why), log=self.log) from why
        try:
            outcome = self._first_word(supervisor)
        except BaseException:
            supervisor.terminate()
            supervisor.wait()
            self._close(supervisor)
            raise
        if not detached:
            self._supervisor = supervisor
        return (Endpoint(_ONLY_NODE, outcome),)

    def _first_word(self, supervisor: subprocess.Popen[str]) -> str:
        """The address the supervisor reports, or the error it met."""
        out: IO[str] | None = supervisor.stdout
        line = out.readline() if out is not None else ""
        try:
            outcome = json.loads(line)
        except ValueError:
            raise EngineFailed(reason="its supervisor ended without a word", log=self.log) from None
        if "error" in outcome:
            kind = getattr(errors, outcome["error"])
            values = {name: Path(value) if name in _PATHS else value for name, value in outcome["values"].items()}
            failure: DevnetError = kind(**values)
            raise failure
        url: str = outcome["url"]
        return url

    def stop(self) -> None:
        """End the engine of this folder, whoever started it, and keep the chain (unless it is a temporary one)."""
        run = self._folder.run()
        if self._supervisor is not None:
            self._supervisor.terminate()
            self._supervisor.wait(_WAIT_S)
            self._close(self._supervisor)
            self._supervisor = None
        elif run is not None:
            self._end(run)
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, run: Run) -> None:
        """By its own process number, checked against its start."""
        for identity in (run.supervisor, run.engine):
            process = identity.process() if identity is not None else None
            if process is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.terminate()
                    process.wait(_WAIT_S)
        self._folder.write_run(None)

    def wipe(self) -> None:
        """Remove the chain for good. Raises `FolderLocked` while it runs, `FolderTaken` if none is there."""
        if self.folder.exists():
            self._folder.check_ours()
            with self._folder.locked():
                self._folder.wipe()

    def status(self) -> EngineStatus:
        """What runs now. Raises `EngineNotRunning` if the folder never held a chain."""
        settings, run = self._settings(), self._folder.run()
        genesis = bytes.fromhex(settings.genesis_hash) if settings.genesis_hash else None
        supervisor = run.supervisor.process() if run is not None else None
        nodes = (self._node_status(run),) if run is not None else ()
        return EngineStatus(
            self.name, self.folder, settings.chain_id, genesis, supervisor.pid if supervisor else None, nodes
        )

    def _node_status(self, run: Run) -> NodeStatus:
        process = run.engine.process() if run.engine is not None else None
        if process is None:
            return NodeStatus(_ONLY_NODE, NodeState.DOWN, run.url, None, None)
        if process.status() == psutil.STATUS_STOPPED:
            return NodeStatus(_ONLY_NODE, NodeState.PAUSED, run.url, process.pid, None)
        height = None
        with Node(run.url, timeout_s=_STATUS_TIMEOUT_S) as node, contextlib.suppress(NodeError):
            height = node.height()
        return NodeStatus(_ONLY_NODE, NodeState.RUNNING, run.url, process.pid, height)

    # ------------------------------------------------------------------ what tests do to it

    def kill(self, node: int) -> None:
        """End anvil as `kill -9` does: it goes on from its last whole dump."""
        self._signal(node, signal.SIGKILL)
        self._await(lambda run: run.engine is None, "it was killed and is still noted as running")

    def pause(self, node: int) -> None:
        """Stop anvil in its tracks."""
        self._signal(node, signal.SIGSTOP)

    def resume(self, node: int) -> None:
        """Let a paused anvil go on."""
        self._signal(node, signal.SIGCONT)

    def restart(self, node: int) -> Endpoint:
        """Bring anvil up again, ending it gracefully first if it runs."""
        run = self._run()
        self._check_node(node)
        if run.engine is not None and (process := run.engine.process()) is not None:
            process.resume()
            process.terminate()
            self._await(lambda now: now.engine is None, "it did not end")
        os.kill(run.supervisor.pid, signal.SIGHUP)
        now = self._await(lambda now: now.engine is not None, "it did not come up again")
        return Endpoint(node, now.url)

    def partition(self, groups: Sequence[Collection[int]]) -> None:
        """Raises `NotOnThisEngine` unless the one node is in the one group."""
        if [set(group) for group in groups] != [{_ONLY_NODE}]:
            raise NotOnThisEngine(engine=self.name, operation="be partitioned")

    def _signal(self, node: int, number: signal.Signals) -> None:
        self._check_node(node)
        run = self._run()
        if run.engine is None or (process := run.engine.process()) is None:
            raise EngineNotRunning(folder=self.folder)
        process.send_signal(number)

    def _check_node(self, node: int) -> None:
        if node != _ONLY_NODE:
            raise NodeUnknown(node=node, last=_ONLY_NODE)

    def _await(self, holds: Callable[[Run], bool], failure: str) -> Run:
        deadline = time.monotonic() + _WAIT_S
        while not holds(run := self._run()):
            if time.monotonic() > deadline:
                raise EngineFailed(reason=failure, log=self.log)
            time.sleep(_POLL_S)
        return run

    # ------------------------------------------------------------------ parts

    def _settings(self) -> ChainSettings:
        if (settings := self._folder.settings()) is None:
            raise EngineNotRunning(folder=self.folder)
        return settings

    def _run(self) -> Run:
        if (run := self._folder.run()) is None:
            raise EngineNotRunning(folder=self.folder)
        return run

    @staticmethod
    def _close(supervisor: subprocess.Popen[str]) -> None:
        for pipe in (supervisor.stdin, supervisor.stdout):
            if pipe is not None:
                pipe.close()
