"""Reading a long file of records, one JSON object a line (NDJSON), in pieces of bounded size.

What `records.parse` lets in is let in, and what it refuses is refused with the same error, naming the line; a faulty
line never stops the others. Empty lines are skipped.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, Final

import pyarrow as pa

from tallystick.records import errors
from tallystick.records.columnar import ValidRows, validate_table
from tallystick.records.errors import RecordError
from tallystick.records.record import MAX_LINE_BYTES, unwrap, validate
from tallystick.records.registry import RecordType

__all__ = ["LinesRead", "read_lines"]

PIECE_LINES: Final = 32_768
PIECE_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LinesRead:
    """One piece of a file: its good records by type, in the order of their lines, and its faulty lines.

    `bytes_read` and `lines_read` count from where reading began to the end of this piece, so that reading can go on
    from there in another process.
    """

    accepted: tuple[ValidRows, ...]
    rejected: tuple[RecordError, ...]
    bytes_read: int
    lines_read: int


def read_lines(
    stream: BinaryIO,
    *,
    first_line: int = 1,
    piece_lines: int = PIECE_LINES,
    piece_bytes: int = PIECE_BYTES,
    threads: int | None = None,
) -> Iterator[LinesRead]:
    """Read records from `stream` to its end, a piece at a time; memory is bounded by one piece and one line.

    A piece ends at `piece_lines` lines or after `piece_bytes`, whichever comes first; where it ends changes nothing
    about any record. `first_line` is the number of the first line in errors.
    """
    bytes_read, line = 0, first_line - 1
    at_end = False
    while not at_end:
        piece = _Piece()
        piece_end = bytes_read + piece_bytes
        last_line = line + piece_lines
        while bytes_read < piece_end and line < last_line:
            raw, size = _read_line(stream)
            if not size:
                at_end = True
                break
            line += 1
            bytes_read += size
            piece.take(raw, size, line)
        if not piece.is_empty:
            yield piece.close(bytes_read, line - first_line + 1, threads)


class _Piece:
    """The lines of one piece, sorted by record type."""

    def __init__(self) -> None:
        self._rows: dict[RecordType, list[dict[str, object]]] = defaultdict(list)
        self._lines: dict[RecordType, list[int]] = defaultdict(list)
        self._rejected: list[RecordError] = []
        self.is_empty = True

    def take(self, raw: bytes, size: int, line: int) -> None:
        self.is_empty = False
        try:
            if size > len(raw):
                raise errors.TooLarge(line=line, size=size, most=MAX_LINE_BYTES)
            if raw.isspace():
                return
            kind, values = unwrap(raw, line=line)
            if b"\\u" in raw or not values.keys() <= kind.names or set(map(type, values.values())) - {str}:
                validate(kind, values, line=line)
        except RecordError as refusal:
            self._rejected.append(refusal)
        else:
            self._rows[kind].append(values)
            self._lines[kind].append(line)

    def close(self, bytes_read: int, lines_read: int, threads: int | None) -> LinesRead:
        checked = [
            validate_table(_table(kind, rows), kind, lines=pa.array(self._lines[kind], pa.int64()), threads=threads)
            for kind, rows in self._rows.items()
        ]
        rejected = sorted(
            chain(self._rejected, *(each.rejected for each in checked)), key=lambda refusal: refusal.line or 0
        )
        accepted = tuple(each.accepted for each in checked if len(each.accepted))
        return LinesRead(accepted, tuple(rejected), bytes_read, lines_read)


def _table(kind: RecordType, rows: list[dict[str, object]]) -> pa.Table:
    names = [each.name for each in kind.fields]
    return pa.table([pa.array([row.get(name) for row in rows], pa.string()) for name in names], names=names)


def _read_line(stream: BinaryIO) -> tuple[bytes, int]:
    """The next line and its size with its end; of a line longer than any record only the beginning is kept."""
    raw = stream.readline(MAX_LINE_BYTES + 1)
    size = len(raw)
    if size <= MAX_LINE_BYTES:
        return raw, size
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(MAX_LINE_BYTES + 1)
        size += len(raw)
    return b"", size
