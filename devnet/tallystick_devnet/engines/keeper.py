"""What every keeper does for the nodes on one locked folder: starts, watches, notes and ends their processes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, ClassVar, Final

import psutil

from tallystick_devnet.engines.folder import ChainFolder, NodeRun, ProcessIdentity, Run
from tallystick_devnet.errors import DevnetError, EngineFailed, NodeUnknown

__all__ = ["Keeper", "bound_log", "end_gently"]

START_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 120.0
"""A large state takes its time to read and to write (about 0.3 s per 100 MB)."""
LARGEST_LOG: Final = 16 * 1024 * 1024
_ANSWER_EVERY_S: Final = 0.02
_PR_SET_PDEATHSIG: Final = 1
_LAST_WORDS: Final = 4000


class Keeper(ABC):
    """The nodes of one chain on one locked folder."""

    end_of_orphans: ClassVar[signal.Signals] = signal.SIGTERM
    """What the kernel sends a node when this process is killed (Linux)."""

    def __init__(self, folder: ChainFolder, log: IO[str], *, stopping: Callable[[], bool]) -> None:
        """`stopping` says whether to give up waiting."""
        self._folder, self._log, self._stopping = folder, log, stopping
        self._me = ProcessIdentity.of(os.getpid())
        self._tie = _dies_with_parent(self.end_of_orphans)
        self._nodes: list[subprocess.Popen[bytes] | None] = []
        self._urls: list[str] = []

    @property
    def urls(self) -> list[str]:
        """Where each node answers."""
        return list(self._urls)

    @abstractmethod
    def start(self) -> None:
        """Bring every node up on the chain in the folder. Raises `DevnetError`."""

    @abstractmethod
    def start_node(self, node: int) -> None:
        """Bring one node up, which is down, from what it had on disk. Raises `DevnetError`."""

    @abstractmethod
    def log_of(self, node: int) -> Path:
        """Where a node's own words go."""

    def restart(self, node: int) -> list[str]:
        """Bring one node up, ending it first if it runs; the addresses of all."""
        self.look()
        if not 0 <= node < len(self._nodes):
            raise NodeUnknown(node=node, last=len(self._nodes) - 1)
        self._end([node])
        try:
            self.start_node(node)
        except DevnetError as why:
            self.say(f"node {node} did not come up: {why}. {why.advice}")
            raise
        finally:
            self.note_run()
        return self.urls

    def look(self) -> None:
        """Notice nodes that ended; keep logs small. Called about once a second."""
        for number, process in enumerate(self._nodes):
            if process is not None and (code := process.poll()) is not None:
                self.say(f"node {number} ended by itself or was killed (exit code {code})")
                self._nodes[number] = None
                self.note_run()
        for path in {self._folder.log, *(self.log_of(number) for number in range(len(self._nodes)))}:
            bound_log(path)

    def stop(self) -> None:
        """End every node; nothing is noted as running afterwards."""
        self._end(range(len(self._nodes)))
        self._folder.write_run(None)
        self.say("stopped")

    def say(self, words: str) -> None:
        """One line in the log. A full disk keeps nobody from ending the engine."""
        with contextlib.suppress(OSError):
            self._log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} supervisor: {words}\n")
            self._log.flush()

    def note_run(self) -> None:
        """Say in run.json who runs."""
        processes = [ProcessIdentity.of(each.pid) if each is not None else None for each in self._nodes]
        nodes = tuple(NodeRun(process, url) for process, url in zip(processes, self._urls, strict=True))
        self._folder.write_run(Run(self._me, nodes))

    # ------------------------------------------------------------------ for the keepers of each engine

    def _spawn(
        self, command: Sequence[str], log: IO[bytes] | IO[str], env: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **env},
            preexec_fn=self._tie,  # noqa: PLW1509 - this process never has a second thread
        )

    def _until_it_answers(
        self, process: subprocess.Popen[bytes], look: Callable[[], bool], failed: Callable[[], DevnetError]
    ) -> None:
        """Wait until `look` is true; raise what `failed` tells if the process ends first."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not look():
            if process.poll() is not None:
                raise failed()
            if self._stopping():
                raise EngineFailed(reason="it was stopped while it started", log=self._folder.log)
            if time.monotonic() > deadline:
                raise EngineFailed(reason=f"no answer within {START_TIMEOUT_S:.0f} s", log=self._folder.log)
            time.sleep(_ANSWER_EVERY_S)

    def _end(self, numbers: Sequence[int]) -> None:
        """Ask these nodes to end, wake them if they are paused, and kill what does not end in time."""
        ending = [(number, process) for number in numbers if (process := self._nodes[number]) is not None]
        for _, process in ending:
            process.terminate()
            process.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for number, process in ending:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"node {number} did not end in time and was killed")
                process.kill()
                process.wait()
            self._nodes[number] = None

    def _end_orphans(self) -> None:
        """Nodes outlive their supervisor only where the kernel cannot tie them to it: end those that were noted."""
        run = self._folder.run()
        for node in run.nodes if run is not None else ():
            if node.process is None or (process := node.process.process()) is None:
                continue
            self.say(f"ending a node that a killed supervisor left behind (process {process.pid})")
            end_gently(process, STOP_TIMEOUT_S)

    @staticmethod
    def _lines_since(log: Path, said: int) -> list[str]:
        """What a node said after the first `said` bytes of its log: the last of it."""
        with log.open("rb") as file:
            file.seek(max(said, file.seek(0, os.SEEK_END) - _LAST_WORDS))
            return [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]


def end_gently(process: psutil.Process, timeout_s: float) -> None:
    """Ask a process that is not our child to end, wake it if it is paused, and kill it if it does not in time."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
        process.resume()
        try:
            process.wait(timeout_s)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(timeout_s)


def bound_log(path: Path, largest: int = LARGEST_LOG) -> None:
    """Set a log aside as `….1` and empty it once it is larger than `largest` bytes.

    Its writer appends, so it goes on in the emptied file; what it writes during the copy is lost.
    """
    with contextlib.suppress(OSError):
        if path.stat().st_size > largest:
            shutil.copyfile(path, path.with_name(path.name + ".1"))
            os.truncate(path, 0)


def _dies_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What to run in the child so that the kernel ends it with us (prctl(2), Linux); None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os._exit(1)

    return tie
