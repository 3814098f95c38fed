"""Files of records, read piece by piece in bounded memory: NDJSON here, tables in `tabular`; plain, gzip or zstd.

A piece says where it ends (`position`), so that reading goes on there after a crash. What a row says is checked
elsewhere (`prepare`); here only what keeps a row from being read as one.
"""

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tallystick.records import MAX_LINE_BYTES, RecordError
from tallystick.records import errors as record_errors
from tallystick.records.record import unwrap
from tallystick_gateway.records.errors import FileUnreadable, UploadTooLarge
from tallystick_gateway.records.prepare import Row

__all__ = ["ENCODINGS", "FORMATS", "PIECE_ROWS", "Piece", "Source", "opened", "pieces"]

FORMATS = ("ndjson", "csv", "parquet", "arrow")
ENCODINGS = ("gzip", "zstd")
PIECE_ROWS = 4096
PIECE_BYTES = 4 * 1024 * 1024
_SKIP = 1 << 20


@dataclass(frozen=True)
class Source:
    """A file, what it is, what fills the gaps in its rows, and how much it may unpack to."""

    path: Path
    form: str
    encoding: str | None
    defaults: Mapping[str, str]
    most_bytes: int


@dataclass(frozen=True)
class Piece:
    """Some consecutive rows, and those among them that cannot be read. `position` is where they end."""

    rows: list[Row]
    refused: list[RecordError]
    position: int
    lines_read: int


def pieces(source: Source, *, position: int, lines_read: int) -> Iterator[Piece]:
    """Read on from `position` (bytes of NDJSON, rows of a table), after `lines_read` lines.

    Raises `FileUnreadable` where the file is not what it says, `ColumnsRefused`, and `UploadTooLarge` if it unpacks to
    more than `most_bytes`.
    """
    if source.form == "ndjson":
        with _in_words():
            yield from _ndjson(source, position, lines_read)
    else:
        from tallystick_gateway.records import tabular  # noqa: PLC0415  # 50 MB that a gateway without tables saves

        yield from tabular.pieces(source, position)


def opened(stack: ExitStack, source: Source) -> io.BufferedReader:
    """The decoded bytes of a file, at most `most_bytes` of them."""
    raw: Any = stack.enter_context(source.path.open("rb"))
    if source.encoding == "gzip":
        raw = stack.enter_context(gzip.GzipFile(fileobj=raw))
    elif source.encoding == "zstd":
        import pyarrow as pa  # noqa: PLC0415  # as above

        raw = stack.enter_context(pa.CompressedInputStream(raw, "zstd"))
    return io.BufferedReader(_Bounded(raw, source.most_bytes), 1 << 18)


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, zlib.error, EOFError) as broken:
        raise FileUnreadable(f"The file cannot be unpacked: {broken}.") from broken
    except OSError as broken:
        if broken.errno is not None:
            raise
        raise FileUnreadable(f"The file cannot be unpacked: {broken}.") from broken


class _Bounded(io.RawIOBase):
    """A stream that refuses to give more than `most` bytes (a decompression bomb)."""

    def __init__(self, source: Any, most: int) -> None:
        self._source = source
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        chunk = self._source.read(len(into))
        self._left -= len(chunk)
        if self._left < 0:
            raise UploadTooLarge("The file unpacks to more than this gateway takes.")
        into[: len(chunk)] = chunk
        return len(chunk)


def _ndjson(source: Source, position: int, line: int) -> Iterator[Piece]:
    with ExitStack() as stack:
        stream = opened(stack, source)
        _skip(stream, position)
        while True:
            rows: list[Row] = []
            refused: list[RecordError] = []
            start, end = line, position + PIECE_BYTES
            while position < end and line < start + PIECE_ROWS:
                raw, size = _read_line(stream)
                if not size:
                    break
                line += 1
                position += size
                try:
                    if row := _row(raw, size, line, source.defaults):
                        rows.append(row)
                except RecordError as fault:
                    refused.append(fault)
            if line == start:
                return
            yield Piece(rows, refused, position, line)


def _row(raw: bytes, size: int, line: int, defaults: Mapping[str, str]) -> Row | None:
    """The row in a line, None if it is blank."""
    if size > len(raw):
        raise record_errors.TooLarge(line=line, size=size, most=MAX_LINE_BYTES)
    if raw.isspace():
        return None
    kind, values = unwrap(raw, line=line)
    for name, value in defaults.items():
        if name != "type":
            values.setdefault(name, value)
    return Row(line, kind, values)


def _read_line(stream: io.BufferedReader) -> tuple[bytes, int]:
    """The next line and its size; of a line longer than any record only the size is kept."""
    raw = stream.readline(MAX_LINE_BYTES + 1)
    size = len(raw)
    if size <= MAX_LINE_BYTES:
        return raw, size
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(MAX_LINE_BYTES + 1)
        size += len(raw)
    return b"", size


def _skip(stream: io.BufferedReader, size: int) -> None:
    while size:
        chunk = stream.read(min(size, _SKIP))
        if not chunk:
            raise EOFError("it is shorter than what was read of it before")
        size -= len(chunk)
