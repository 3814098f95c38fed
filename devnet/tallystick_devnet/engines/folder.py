"""The data folder of an embedded chain: what the chain is, its saved states, and who runs it now.

    chain.json      what the chain is: written once, then only completed by its genesis hash and its port
    state.json      the newest saved state known to be whole; `previous.json` the one before
    dump.json       where the engine writes next; it becomes state.json when it is whole
    run.json        who runs the engine now
    engine.lock     held by the supervisor as long as it lives
    engine.log      what the supervisor and the engine said

anvil overwrites its dump in place, so a kill in the middle leaves half a file. Once a first dump was
kept, at least one of state.json and previous.json is whole at every moment.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

import psutil

from tallystick_devnet.errors import FolderForeign, FolderLocked, FolderTaken, StateBroken

__all__ = ["ChainSettings", "DataFolder", "ProcessIdentity", "Run"]

FORMAT: Final = "tallystick-embedded/1"
LOWEST_CHAIN_ID: Final = 2**32
CHAIN_ID_END: Final = 2**52
_LAST_BYTES_OF_A_DUMP: Final = b'"historical_states":null}'
"""How anvil 1.7 ends a state without history; a cut file does not end so."""
_LARGEST_FOREIGN_DUMP: Final = 64 * 1024 * 1024
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
class ChainSettings:
    """What a chain is from its first block on."""

    chain_id: int
    genesis_timestamp: int
    gas_limit: int
    block_time_s: int
    genesis_hash: str | None = None
    port: int | None = None

    @classmethod
    def new(cls, *, gas_limit: int, block_time_s: int) -> ChainSettings:
        """A chain that begins now, with a random id that no other chain has (`protocol.md` §4)."""
        chain_id = LOWEST_CHAIN_ID + secrets.randbelow(CHAIN_ID_END - LOWEST_CHAIN_ID)
        return cls(chain_id, int(time.time()), gas_limit, block_time_s)


@dataclass(frozen=True, slots=True)
class Run:
    """Who runs the engine: the supervisor, and the engine's process with its address (None: it is down)."""

    supervisor: ProcessIdentity
    engine: ProcessIdentity | None
    url: str


class DataFolder:
    """The files of one embedded chain under `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.settings_file = self.path / "chain.json"
        self.state = self.path / "state.json"
        self.previous = self.path / "previous.json"
        self.dump = self.path / "dump.json"
        self.run_file = self.path / "run.json"
        self.lock_file = self.path / "engine.lock"
        self.log = self.path / "engine.log"
        saved = (self.settings_file, self.state, self.previous, self.dump)
        self._files = (*saved, self.run_file, self.lock_file, self.log)

    # ------------------------------------------------------------------ what the chain is

    def settings(self) -> ChainSettings | None:
        """What chain.json says, None if there is none. Raises `FolderForeign`."""
        found = self._read(self.settings_file)
        if found is None:
            return None
        try:
            if found.pop("format") != FORMAT:
                raise ValueError("another format")
            settings = ChainSettings(**found)
            numbers = (settings.chain_id, settings.genesis_timestamp, settings.gas_limit, settings.block_time_s)
            if not all(type(number) is int and number > 0 for number in numbers):
                raise ValueError("a number is missing or not positive")
            if not LOWEST_CHAIN_ID <= settings.chain_id < CHAIN_ID_END:
                raise ValueError(f"the chain id {settings.chain_id} is out of range")
        except (KeyError, TypeError, ValueError) as why:
            raise FolderForeign(path=self.settings_file, reason=str(why)) from None
        return settings

    def check_ours(self) -> None:
        """Raise `FolderTaken` if the folder has no chain.json and holds what no chain's folder does."""
        found = {path.name for path in self.path.iterdir()} if self.path.exists() else set()
        ours = tuple(path.name for path in self._files)
        foreign = sorted(name for name in found if not name.startswith(ours))
        if foreign and self.settings_file.name not in found:
            raise FolderTaken(folder=self.path, name=foreign[0])

    def open_settings(self, *, gas_limit: int, block_time_s: int) -> ChainSettings:
        """The chain's settings; a folder without any gets a new chain. Raises `FolderForeign`."""
        if (settings := self.settings()) is not None:
            return settings
        if any(path.exists() for path in (self.state, self.previous, self.dump)):
            reason = "there are saved states but no chain.json"
            raise FolderForeign(path=self.path, reason=reason)
        settings = ChainSettings.new(gas_limit=gas_limit, block_time_s=block_time_s)
        self.write_settings(settings)
        return settings

    def write_settings(self, settings: ChainSettings) -> None:
        """Replace chain.json at once."""
        self._write(self.settings_file, {"format": FORMAT, **asdict(settings)})

    def complete_settings(self, *, genesis_hash: str, port: int) -> None:
        """Note what the first start found out."""
        settings = self.settings()
        if settings is not None and (settings.genesis_hash, settings.port) != (genesis_hash, port):
            self.write_settings(replace(settings, genesis_hash=genesis_hash, port=port))

    # ------------------------------------------------------------------ saved states

    def keep_dump(self) -> bool:
        """Make a whole dump.json the newest state; whether it was one.

        The engine may begin to overwrite the file between the look and the rename. It then goes on into state.json, and
        there is no next dump before that one is whole again; until then previous.json is.
        """
        if not _is_whole(self.dump):
            return False
        if self.state.exists():
            self.state.replace(self.previous)
        self.dump.replace(self.state)
        return True

    def newest_state(self) -> tuple[Path | None, list[Path]]:
        """The state to go on from, as state.json, and which newer files were cut; None for a chain without a state.

        Raises `StateBroken` if files are there and none is whole.
        """
        found = [path for path in (self.dump, self.state, self.previous) if path.exists()]
        cut: list[Path] = []
        for path in found:
            if _is_whole(path) or _is_json(path):
                if path != self.state:
                    path.replace(self.state)
                return self.state, cut
            cut.append(path)
        if not found:
            return None, []
        sizes = ", ".join(f"{path.name} ({path.stat().st_size} bytes)" for path in found)
        raise StateBroken(path=self.path, reason=f"no whole JSON in {sizes}")

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
        """Who runs the engine by run.json, if its supervisor or its engine still lives."""
        try:
            found = self._read(self.run_file)
        except FolderForeign:
            return None
        if found is None:
            return None
        try:
            engine = ProcessIdentity(**found["engine"]) if found["engine"] else None
            run = Run(ProcessIdentity(**found["supervisor"]), engine, str(found["url"]))
        except (KeyError, TypeError):
            return None
        alive = run.supervisor.process() or (run.engine and run.engine.process())
        return run if alive else None

    def write_run(self, run: Run | None) -> None:
        """Say who runs the engine; None: nobody."""
        if run is None:
            self.run_file.unlink(missing_ok=True)
        else:
            self._write(self.run_file, asdict(run))

    def wipe(self) -> None:
        """Remove the chain's files, and the folder if nothing else is in it. The caller holds it `locked`."""
        for path in self._files:
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

    def _write(self, path: Path, content: Mapping[str, Any]) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        with draft.open("w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - len(_LAST_BYTES_OF_A_DUMP)))
            return file.read() == _LAST_BYTES_OF_A_DUMP
    except OSError:
        return False


def _is_json(path: Path) -> bool:
    """For a state written by another edition of the engine, whose end is not known here."""
    if path.stat().st_size > _LARGEST_FOREIGN_DUMP:
        return False
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except (ValueError, OSError):
        return False
