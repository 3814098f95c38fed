"""Whatever moment the engine is killed at, a whole saved state is there."""

import json
import tempfile
from pathlib import Path
from typing import IO
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick_devnet.engines.embedded import states as folders
from tallystick_devnet.engines.embedded.states import DataFolder
from tallystick_devnet.errors import StateBroken

PIECES = 4


def state(number: int) -> bytes:
    """As anvil writes one, of a size that differs."""
    return b'{"blocks":[%s],"best_block_number":%d,"historical_states":null}' % (b'"x",' * number + b'"x"', number)


class Engine:
    """Writes its state as anvil does: over the file in place, piece by piece."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder, self._file, self._left = folder, None, b""
        self.written = 0
        self._number = 0

    _file: IO[bytes] | None

    def write_a_piece(self) -> None:
        if self._file is None:
            self._number += 1
            self._file = self._folder.dump.open("wb")
            self._left = state(self._number)
        size = -(-len(state(self._number)) // PIECES)
        self._file.write(self._left[:size])
        self._file.flush()
        self._left = self._left[size:]
        if not self._left:
            self._file.close()
            self._file = None
            self.written = self._number

    def begin_again(self) -> None:
        """The next dump begins before anybody looked at the last."""
        while self._file is not None:
            self.write_a_piece()
        self.write_a_piece()


@given(st.lists(st.sampled_from(["piece", "piece", "keep", "again", "race"]), min_size=8, max_size=60))
def test_once_a_dump_was_kept_there_is_a_whole_state_at_least_as_new_at_every_moment(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = DataFolder(Path(place))
        engine = Engine(folder)
        kept = 0
        for step in steps:
            if step == "piece":
                engine.write_a_piece()
            elif step == "again":
                engine.begin_again()
            elif step == "race":
                keep_while_it_begins_again(folder, engine)
            elif folder.keep_dump():
                kept = engine.written
            if kept:
                assert any(_number(path) >= kept for path in (folder.dump, folder.state, folder.previous))


def keep_while_it_begins_again(folder: DataFolder, engine: Engine) -> None:
    """The engine overwrites the dump just after it was found whole."""
    is_whole = folders._is_whole

    def look(path: Path) -> bool:
        found = is_whole(path)
        if found and path == folder.dump:
            engine.write_a_piece()
        return found

    with mock.patch.object(folders, "_is_whole", look):
        folder.keep_dump()


def _number(path: Path) -> int:
    try:
        return int(json.loads(path.read_bytes())["best_block_number"])
    except (OSError, ValueError):
        return -1


def test_the_newest_whole_state_is_taken(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert folder.newest_state() == (None, [])
    folder.previous.write_bytes(state(1))
    assert folder.newest_state() == (folder.state, [])
    folder.previous.write_bytes(state(1))
    folder.dump.write_bytes(state(3))
    folder.newest_state()
    assert _number(folder.state) == 3
    folder.dump.write_bytes(state(4)[:-1])
    assert folder.newest_state() == (folder.state, [folder.dump])
    assert _number(folder.state) == 3
    folder.state.write_bytes(b"")
    assert folder.newest_state() == (folder.state, [folder.dump, folder.state])
    assert _number(folder.state) == 1


def test_no_whole_state_is_said_with_the_files(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.state.write_bytes(state(9)[:20])
    with pytest.raises(StateBroken) as broken:
        folder.newest_state()
    assert "state.json (20 bytes)" in str(broken.value)
