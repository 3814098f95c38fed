"""One anvil on one locked data folder: started on its newest whole state, watched, its dumps kept, ended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from tallystick.client import Node, NodeError
from tallystick_devnet.engines.anvil import ADDRESS_IN_USE, anvil_command, begin_mining
from tallystick_devnet.engines.folder import DataFolder, ProcessIdentity, Run
from tallystick_devnet.engines.ports import free_port, is_free
from tallystick_devnet.errors import DevnetError, EngineFailed, PortTaken, StateBroken, StateForeign

__all__ = ["Keeper", "Options"]

START_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 120.0
"""A large state takes its time to read and to write (about 0.3 s per 100 MB)."""
_PORT_TRIES: Final = 5
_ANSWER_EVERY_S: Final = 0.02
_PR_SET_PDEATHSIG: Final = 1
_STATE_UNREADABLE: Final = "for '--load-state"


@dataclass(frozen=True, slots=True)
class Options:
    """How to start; `port` 0 takes a free one, None the one the chain had before."""

    program: Path
    gas_limit: int
    block_time_s: int
    state_interval_s: int
    port: int | None
    attached: bool


class Keeper:
    """One engine on one locked folder."""

    def __init__(self, folder: DataFolder, options: Options, log: IO[str]) -> None:
        self._folder, self._options, self._log = folder, options, log
        self._settings = folder.open_settings(gas_limit=options.gas_limit, block_time_s=options.block_time_s)
        self._engine: subprocess.Popen[bytes] | None = None
        self._url = ""
        self._me = ProcessIdentity.of(os.getpid())
        self._preexec = _dies_with_parent()

    def start(self) -> None:
        """Bring anvil up on the newest whole state and let it mine. Raises `DevnetError`."""
        self._end_orphan()
        state, cut = self._folder.newest_state()
        for path in cut:
            self.say(f"{path.name} was cut while being written: going on from the state before it")
        port = self._options.port if self._options.port is not None else self._settings.port
        for attempt in range(_PORT_TRIES):
            try:
                self._start_on(port or free_port(), state)
                return
            except PortTaken:
                if port or attempt == _PORT_TRIES - 1:
                    raise

    def _start_on(self, port: int, state: Path | None) -> None:
        if not is_free(port):
            raise PortTaken(port=port)
        command = anvil_command(
            self._options.program,
            self._folder,
            self._settings,
            port=port,
            state=state,
            state_interval_s=self._options.state_interval_s,
        )
        said = self._folder.log.stat().st_size
        engine = self._engine = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            preexec_fn=self._preexec,  # noqa: PLW1509 - this process never has a second thread
        )
        self._url = f"http://127.0.0.1:{port}"
        try:
            genesis, height = self._await_answer(engine, port, state, said)
        except BaseException:
            engine.kill()
            engine.wait()
            self._engine = None
            raise
        self._folder.complete_settings(genesis_hash=genesis.hex(), port=port)
        self._settings = self._folder.settings() or self._settings
        self.note_run()
        self.say(f"serving chain {self._settings.chain_id} on {self._url} from block {height}")

    def _await_answer(
        self, engine: subprocess.Popen[bytes], port: int, state: Path | None, said: int
    ) -> tuple[bytes, int]:
        """Wait until anvil serves this chain; its genesis hash and height."""
        deadline = time.monotonic() + START_TIMEOUT_S
        with Node(self._url) as node:
            while True:
                if engine.poll() is not None:
                    raise self._failure(port, state, said)
                try:
                    node.check_chain_id(self._settings.chain_id)
                    break
                except NodeError as why:
                    if time.monotonic() > deadline:
                        raise EngineFailed(reason=str(why), log=self._folder.log) from None
                time.sleep(_ANSWER_EVERY_S)
            genesis, height = begin_mining(node, self._settings)
        if self._settings.genesis_hash not in (None, genesis.hex()):
            raise StateForeign(folder=self._folder.path, expected=self._settings.genesis_hash, found=genesis.hex())
        return genesis, height

    def _failure(self, port: int, state: Path | None, said: int) -> DevnetError:
        with self._folder.log.open("rb") as log:
            log.seek(said)
            words = " ".join(log.read(2000).decode(errors="replace").split())
        if ADDRESS_IN_USE in words:
            return PortTaken(port=port)
        if _STATE_UNREADABLE in words and state is not None:
            return StateBroken(path=state, reason=words.partition("json file: ")[2] or words)
        return EngineFailed(reason=words or "it ended without a word", log=self._folder.log)

    def _end_orphan(self) -> None:
        """An engine outlives its supervisor only where the kernel cannot tie them together: end the one we noted."""
        run = self._folder.run()
        if run is None or run.engine is None or (process := run.engine.process()) is None:
            return
        self.say(f"ending the engine that a killed supervisor left behind (process {process.pid})")
        process.terminate()
        process.wait(STOP_TIMEOUT_S)

    def note_run(self) -> None:
        """Say in run.json who runs."""
        engine = ProcessIdentity.of(self._engine.pid) if self._engine is not None else None
        self._folder.write_run(Run(self._me, engine, self._url))

    def look(self) -> None:
        """Keep a dump that has become whole; notice an engine that ended."""
        self._folder.keep_dump()
        if self._engine is not None and (code := self._engine.poll()) is not None:
            self.say(f"the engine ended by itself or was killed (exit code {code})")
            self._engine = None
            self.note_run()

    def revive(self) -> None:
        """Start an engine that is down again, saying in the log if it cannot."""
        self.look()
        if self._engine is None:
            try:
                self.start()
            except DevnetError as why:
                self.say(f"{why}. {why.advice}")

    def stop(self) -> None:
        """End the engine, which writes its state, and keep that."""
        if self._engine is not None:
            self._engine.send_signal(signal.SIGCONT)
            self._engine.terminate()
            try:
                self._engine.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.say("the engine did not end in time and was killed")
                self._engine.kill()
                self._engine.wait()
        self._folder.keep_dump()
        self._folder.write_run(None)
        self.say("stopped")

    def say(self, words: str) -> None:
        """One line in the log. A full disk keeps nobody from ending the engine."""
        with contextlib.suppress(OSError):
            self._log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} supervisor: {words}\n")
            self._log.flush()

    def url(self) -> str:
        """Where the engine answers."""
        return self._url


def _dies_with_parent() -> Callable[[], None] | None:
    """What to run in the child so that the kernel ends it with us (prctl(2), Linux); None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return tie
