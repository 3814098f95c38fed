"""What an embedded chain is, and its saved states.

    chain.json      what the chain is: written once, then only completed by its genesis hash and its port
    state.json      the newest saved state known to be whole; `previous.json` the one before
    dump.json       where the engine writes next; it becomes state.json when it is whole

anvil overwrites its dump in place, so a kill in the middle leaves half a file. Once a first dump was
kept, at least one of state.json and previous.json is whole at every moment.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from tallystick_devnet.engines.folder import ChainFolder, check_chain_id, new_chain_id
from tallystick_devnet.errors import FolderForeign, StateBroken

__all__ = ["ChainSettings", "DataFolder"]

FORMAT: Final = "tallystick-embedded/1"
_LAST_BYTES_OF_A_DUMP: Final = b'"historical_states":null}'
"""How anvil 1.7 ends a state without history; a cut file does not end so."""
_LARGEST_FOREIGN_DUMP: Final = 64 * 1024 * 1024


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
        """A chain that begins now."""
        return cls(new_chain_id(), int(time.time()), gas_limit, block_time_s)


class DataFolder(ChainFolder):
    """The files of one embedded chain under `path`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.state = self.path / "state.json"
        self.previous = self.path / "previous.json"
        self.dump = self.path / "dump.json"

    # ------------------------------------------------------------------ what the chain is

    def settings(self) -> ChainSettings | None:
        """What chain.json says, None if there is none. Raises `FolderForeign`."""
        found = self.read_settings()
        if found is None:
            return None
        try:
            if (form := found.pop("format", None)) != FORMAT:
                raise ValueError(f"its format is {form!r}, not {FORMAT!r}")
            settings = ChainSettings(**found)
            numbers = (settings.chain_id, settings.genesis_timestamp, settings.gas_limit, settings.block_time_s)
            if not all(type(number) is int and number > 0 for number in numbers):
                raise ValueError("a number is missing or not positive")
            check_chain_id(settings.chain_id)
        except (TypeError, ValueError) as why:
            raise FolderForeign(path=self.settings_file, reason=str(why)) from None
        return settings

    def open_settings(self, *, gas_limit: int, block_time_s: int) -> ChainSettings:
        """The chain's settings; a folder without any gets a new chain. Raises `FolderForeign`."""
        if (settings := self.settings()) is not None:
            return settings
        if any(path.exists() for path in (self.state, self.previous, self.dump)):
            reason = "there are saved states but no chain.json"
            raise FolderForeign(path=self.path, reason=reason)
        settings = ChainSettings.new(gas_limit=gas_limit, block_time_s=block_time_s)
        self._write_settings(settings)
        return settings

    def complete_settings(self, *, genesis_hash: str, port: int) -> None:
        """Note what the first start found out."""
        settings = self.settings()
        if settings is not None and (settings.genesis_hash, settings.port) != (genesis_hash, port):
            self._write_settings(replace(settings, genesis_hash=genesis_hash, port=port))

    def _write_settings(self, settings: ChainSettings) -> None:
        self.write_settings({"format": FORMAT, **asdict(settings)})

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
