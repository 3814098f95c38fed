"""The data folder of a chain: what the chain is, and who runs it now. What else is in it is the engine's own.

chain.json      what the chain is, and on which engine; each engine reads its own part of it
run.json        who runs its nodes now
engine.lock     held by the supervisor as long as it lives
engine.log      what the supervisor said (and the embedded engine)
ask-*, answer-* what others want of the supervisor (`asks.py`)
state.json, previous.json, dump.json    saved states of an embedded chain
genesis.json, node0, node1, …           the nodes of a network
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

import psutil

from tallystick_devnet.errors import FolderForeign, FolderLocked, FolderTaken

__all__ = ["ChainFolder", "NodeRun", "ProcessIdentity", "Run", "check_chain_id", "new_chain_id"]

LOWEST_CHAIN_ID: Final = 2**32
CHAIN_ID_END: Final = 2**52
_OURS: Final = re.compile(
    r"(chain\.json|run\.json|engine\.lock|engine\.log|state\.json|previous\.json|dump\.json|genesis\.json"
    r"|ask-|answer-).*|node[0-9]+"
)
_START_TOLERANCE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process, told apart from a later one with the same number by its start (Unix seconds)."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """Raises `psutil.NoSuchProcess`."""
        return cls(pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The process while it lives; a zombie counts as gone."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < _START_TOLERANCE_S
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


@dataclass(frozen=True, slots=True)
class NodeRun:
    """A node's address, and its process (None: it is down)."""

    process: ProcessIdentity | None
    url: str


@dataclass(frozen=True, slots=True)
class Run:
    """Who runs a chain: the supervisor, and each node by its number."""

    supervisor: ProcessIdentity
    nodes: tuple[NodeRun, ...]

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> Run:
        """Raises `KeyError` or `TypeError` for anything but what `asdict` gave."""
        nodes = tuple(
            NodeRun(ProcessIdentity(**node["process"]) if node["process"] else None, str(node["url"]))
            for node in found["nodes"]
        )
        return cls(ProcessIdentity(**found["supervisor"]), nodes)

    def is_alive(self) -> bool:
        """Whether the supervisor or any node still lives."""
        identities = [self.supervisor, *(node.process for node in self.nodes)]
        return any(identity is not None and identity.process() is not None for identity in identities)


class ChainFolder:
    """The files of one chain under `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.settings_file = self.path / "chain.json"
        self.run_file = self.path / "run.json"
        self.lock_file = self.path / "engine.lock"
        self.log = self.path / "engine.log"

    # ------------------------------------------------------------------ what the chain is

    def read_settings(self) -> dict[str, Any] | None:
        """What chain.json says, None if there is none. Raises `FolderForeign` if it is no JSON object."""
        return self._read(self.settings_file)

    def write_settings(self, content: Mapping[str, Any]) -> None:
        """Replace chain.json at once."""
        self.write(self.settings_file, content)

    def check_ours(self) -> None:
        """Raise `FolderTaken` if the folder has no chain.json and holds what no chain's folder does."""
        found = sorted(path.name for path in self.path.iterdir()) if self.path.exists() else []
        foreign = [name for name in found if not _OURS.fullmatch(name)]
        if foreign and self.settings_file.name not in found:
            raise FolderTaken(folder=self.path, name=foreign[0])

    # ------------------------------------------------------------------ who runs it

    @contextlib.contextmanager
    def locked(self) -> Iterator[IO[str]]:
        """Hold the folder for this process. Raises `FolderLocked` naming who has it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self.lock_file.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read().split()
                pid = int(holder[0]) if holder and holder[0].isdigit() else 0
                raise FolderLocked(folder=self.path, pid=pid) from None
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield lock

    def run(self) -> Run | None:
        """Who runs the chain by run.json, if its supervisor or one of its nodes still lives."""
        try:
            found = self._read(self.run_file)
            run = Run.parse(found) if found is not None else None
        except (FolderForeign, KeyError, TypeError):
            return None
        return run if run is not None and run.is_alive() else None

    def write_run(self, run: Run | None) -> None:
        """Say who runs the chain; None: nobody."""
        if run is None:
            self.run_file.unlink(missing_ok=True)
        else:
            self.write(self.run_file, asdict(run))

    # ------------------------------------------------------------------ files

    def wipe(self) -> None:
        """Remove the chain's files, and the folder if nothing else is in it. The caller holds it `locked`."""
        for path in sorted(self.path.iterdir()):
            if not _OURS.fullmatch(path.name):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def _read(self, path: Path) -> dict[str, Any] | None:
        try:
            found = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as why:
            raise FolderForeign(path=path, reason=str(why)) from None
        if not isinstance(found, dict):
            raise FolderForeign(path=path, reason="not a JSON object")
        return found

    @staticmethod
    def write(path: Path, content: object) -> None:
        """Replace a JSON file at once, so that it is never seen half-written."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        with draft.open("w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


def new_chain_id() -> int:
    """A random id that no other chain has (`protocol.md` §4)."""
    return LOWEST_CHAIN_ID + secrets.randbelow(CHAIN_ID_END - LOWEST_CHAIN_ID)


def check_chain_id(chain_id: int) -> None:
    """Raise `ValueError` for an id that `new_chain_id` cannot have given."""
    if not LOWEST_CHAIN_ID <= chain_id < CHAIN_ID_END:
        raise ValueError(f"the chain id {chain_id} is out of range")
