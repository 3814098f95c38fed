"""Files of records, read piece by piece in bounded memory: NDJSON, CSV, Parquet, Arrow; plain, gzip or zstd.

A piece says where it ends (`position`), so that reading goes on there after a crash. What a row says is checked
elsewhere (`prepare`); here only what keeps a row from being read as one.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from tallystick.records import MAX_LINE_BYTES, RecordError, RecordType, record_type
from tallystick.records import errors as record_errors
from tallystick.records.record import unwrap
from tallystick_gateway.records.errors import ColumnsRefused, FileUnreadable, UploadTooLarge
from tallystick_gateway.records.prepare import Rows

__all__ = ["ENCODINGS", "FORMATS", "Piece", "pieces"]

FORMATS = ("ndjson", "csv", "parquet", "arrow")
ENCODINGS = ("gzip", "zstd")
PIECE_ROWS = 8192
PIECE_BYTES = 8 * 1024 * 1024
_SKIP = 1 << 20
_ONLY_TEXT = {str}
_CSV_ROW = re.compile(r"(got \d+).*", re.DOTALL)  # what follows is the row itself
_OWN_NAMES = frozenset({"type", "version", "loan_id"})
_HEADER_LINES = {"csv": 1}


@dataclass(frozen=True)
class Piece:
    """Some consecutive rows, by type, and the rows among them that cannot be read. `position` is where they end."""

    rows: list[Rows]
    refused: list[RecordError]
    position: int
    lines_read: int


def pieces(
    path: Path,
    form: str,
    encoding: str | None,
    defaults: Mapping[str, str],
    *,
    position: int,
    lines_read: int,
    most_bytes: int,
) -> Iterator[Piece]:
    """Read `path` from `position` on. `defaults` fill columns (`type` too, for tables) where a row has no value.

    Raises `FileUnreadable` where the file is not what it says, `ColumnsRefused`, and `UploadTooLarge` if it unpacks to
    more than `most_bytes`.
    """
    with _in_words(form):
        if form == "ndjson":
            yield from _ndjson(path, encoding, defaults, position, lines_read, most_bytes)
        else:
            yield from _tables(path, form, encoding, defaults, position, most_bytes)


@contextmanager
def _in_words(form: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, EOFError, OSError) as broken:
        if isinstance(broken, OSError) and broken.errno is not None:
            raise
        reason = _CSV_ROW.sub(r"\1", str(broken).splitlines()[0] if str(broken) else type(broken).__name__)[:200]
        raise FileUnreadable(f"The file cannot be read as {form}: {reason}.", format=form) from broken


class _Bounded(io.RawIOBase):
    """A decoded stream that refuses to give more than `most` bytes (a decompression bomb)."""

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


def _open(stack: ExitStack, path: Path, encoding: str | None, most_bytes: int) -> io.BufferedReader:
    source = stack.enter_context(pa.OSFile(str(path), "rb"))
    if encoding:
        source = stack.enter_context(pa.CompressedInputStream(source, encoding))
    return io.BufferedReader(_Bounded(source, most_bytes), 1 << 20)


def _ndjson(
    path: Path, encoding: str | None, defaults: Mapping[str, str], position: int, line: int, most_bytes: int
) -> Iterator[Piece]:
    with ExitStack() as stack:
        stream = _open(stack, path, encoding, most_bytes)
        _skip(stream, position)
        while True:
            gathered = _Gathered(defaults)
            end, start = position + PIECE_BYTES, line
            while position < end and line < start + PIECE_ROWS:
                raw, size = _read_line(stream)
                if not size:
                    break
                line += 1
                position += size
                gathered.take(raw, size, line)
            if line == start:
                return
            yield gathered.close(position, line)


class _Gathered:
    """Lines of one piece, sorted by type into columns."""

    def __init__(self, defaults: Mapping[str, str]) -> None:
        self._defaults = defaults
        self._rows: dict[RecordType, list[dict[str, Any]]] = defaultdict(list)
        self._lines: dict[RecordType, list[int]] = defaultdict(list)
        self._refused: list[RecordError] = []

    def take(self, raw: bytes, size: int, line: int) -> None:
        try:
            if size > len(raw):
                raise record_errors.TooLarge(line=line, size=size, most=MAX_LINE_BYTES)
            if raw.isspace():
                return
            kind, values = unwrap(raw, line=line)
            _require_text(kind, values, raw, line)
        except RecordError as refused:
            self._refused.append(refused)
            return
        self._rows[kind].append(values)
        self._lines[kind].append(line)

    def close(self, position: int, line: int) -> Piece:
        rows = []
        for kind, each in self._rows.items():
            names = {*kind.names, "loan_id"}
            columns = {name: [row.get(name, self._defaults.get(name)) for row in each] for name in names}
            rows.append(Rows(kind, columns, self._lines[kind]))
        return Piece(rows, self._refused, position, line)


def _require_text(kind: RecordType, values: Mapping[str, object], raw: bytes, line: int) -> None:
    """Refuse fields that the type does not have and values that are not text: columns hold nothing else."""
    if b"\\u" not in raw and set(map(type, values.values())) == _ONLY_TEXT and values.keys() <= _allowed(kind):
        return
    for name, value in values.items():
        if name not in kind.names and name != "loan_id":
            raise record_errors.FieldUnknown(line=line, field=name, type=kind.name)
        if not isinstance(value, str):
            raise record_errors.ValueNotText(line=line, field=name)
        if b"\\u" in raw and not _encodable(value):
            raise record_errors.ValueNotUnicode(line=line, field=name)


@cache
def _allowed(kind: RecordType) -> frozenset[str]:
    """What a row of this type may name."""
    return kind.names | {"loan_id"}


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_line(stream: BinaryIO) -> tuple[bytes, int]:
    """The next line and its size; of a line longer than any record only the size is kept."""
    raw = stream.readline(MAX_LINE_BYTES + 1)
    size = len(raw)
    if size <= MAX_LINE_BYTES:
        return raw, size
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(MAX_LINE_BYTES + 1)
        size += len(raw)
    return b"", size


def _skip(stream: BinaryIO, size: int) -> None:
    if stream.seekable():
        stream.seek(size)
        return
    while size:
        chunk = stream.read(min(size, _SKIP))
        if not chunk:
            raise EOFError("the file is shorter than what was read of it before")
        size -= len(chunk)


def _tables(
    path: Path, form: str, encoding: str | None, defaults: Mapping[str, str], done: int, most_bytes: int
) -> Iterator[Piece]:
    first_line = 1 + _HEADER_LINES.get(form, 0)
    row = 0
    with ExitStack() as stack:
        for batch in _BATCHES[form](stack, path, encoding, most_bytes):
            _require_columns(batch.schema)
            for start in range(0, batch.num_rows, PIECE_ROWS):
                part = batch.slice(start, PIECE_ROWS)
                row += part.num_rows
                if row > done:
                    kept = part.slice(max(0, part.num_rows - (row - done)))
                    yield _piece(kept, first_line + row - kept.num_rows, row, defaults)


def _csv(stack: ExitStack, path: Path, encoding: str | None, most_bytes: int) -> Iterator[Any]:
    stream = _open(stack, path, encoding, most_bytes)
    names = _header(stream)
    yield from pa_csv.open_csv(
        stream,
        read_options=pa_csv.ReadOptions(block_size=1 << 21, use_threads=False),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )


def _header(stream: io.BufferedReader) -> list[str]:
    """The column names of a CSV file, which stays where it is."""
    try:
        text = stream.peek(1 << 16).decode("utf-8-sig", "surrogateescape")
        names = next(csv.reader(io.StringIO(text, newline="")), [])
        for name in names:
            name.encode()
    except (csv.Error, UnicodeEncodeError) as broken:
        raise FileUnreadable("The first line of the CSV file is no header in UTF-8.", line=1) from broken
    return names


def _parquet(stack: ExitStack, path: Path, encoding: str | None, most_bytes: int) -> Iterator[Any]:
    if encoding:
        raise FileUnreadable("Parquet files are compressed inside; send them without Content-Encoding.")
    file = stack.enter_context(pa_parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False))
    unpacked = sum(file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
    if unpacked > most_bytes:
        raise UploadTooLarge("The file unpacks to more than this gateway takes.")
    yield from file.iter_batches(batch_size=PIECE_ROWS, use_threads=False)


def _arrow(stack: ExitStack, path: Path, encoding: str | None, most_bytes: int) -> Iterator[Any]:
    stream = _open(stack, path, encoding, most_bytes)
    yield from stack.enter_context(pa.ipc.open_stream(stream))


_BATCHES: dict[str, Callable[[ExitStack, Path, str | None, int], Iterator[Any]]] = {
    "csv": _csv,
    "parquet": _parquet,
    "arrow": _arrow,
}


def _require_columns(schema: Any) -> None:
    for column in schema:
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        text = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
        if not any(is_text(kind) for is_text in text):
            raise ColumnsRefused(f"Column {column.name} is {column.type}, not text.", field=column.name)
    if len(set(schema.names)) != len(schema.names):
        raise ColumnsRefused(
            "Two columns have one name.", field=next(n for n in schema.names if schema.names.count(n) > 1)
        )


def _piece(batch: Any, first_line: int, position: int, defaults: Mapping[str, str]) -> Piece:
    """Rows of a table, sorted by type."""
    lines = list(range(first_line, first_line + batch.num_rows))
    refused: list[RecordError] = []
    faulty: set[int] = set()
    columns = {name: _texts(batch.column(name), name, lines, refused, faulty) for name in batch.schema.names}
    types = columns.pop("type", None) or [None] * batch.num_rows
    versions = columns.pop("version", None) or [None] * batch.num_rows
    places: dict[RecordType, list[int]] = defaultdict(list)
    for place, (name, version) in enumerate(zip(types, versions, strict=True)):
        if place not in faulty:
            try:
                places[_kind(name or defaults.get("type"), version, lines[place])].append(place)
            except RecordError as fault:
                refused.append(fault)
    rows = [_rows(kind, columns, chosen, lines, defaults, refused) for kind, chosen in places.items()]
    return Piece(rows, refused, position, lines[-1])


def _texts(column: Any, name: str, lines: list[int], refused: list[RecordError], faulty: set[int]) -> list[str | None]:
    if pa.types.is_dictionary(column.type) or pa.types.is_null(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    try:
        column.validate(full=True)
        texts: list[str | None] = column.to_pylist()
        return texts
    except (pa.ArrowInvalid, UnicodeDecodeError):
        raw = column.cast(pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary()).to_pylist()
    texts = []
    for place, value in enumerate(raw):
        try:
            texts.append(None if value is None else value.decode())
        except UnicodeDecodeError:
            texts.append(None)
            if place not in faulty:
                faulty.add(place)
                refused.append(record_errors.ValueNotUnicode(line=lines[place], field=name))
    return texts


def _kind(name: str | None, version: str | None, line: int) -> RecordType:
    if name is None:
        raise record_errors.TypeMissing(line=line, field="type")
    if version is not None and not (version.isascii() and version.isdigit() and len(version) <= 5):
        raise record_errors.VersionUnknown(line=line, field="version", type=name[:32])
    return record_type(name, int(version or 1), line=line)


def _rows(
    kind: RecordType,
    columns: Mapping[str, list[str | None]],
    places: list[int],
    lines: list[int],
    defaults: Mapping[str, str],
    refused: list[RecordError],
) -> Rows:
    """The rows of one type. A value in a column that the type does not have refuses its row."""
    chosen: list[int] = places
    for name in columns.keys() - kind.names - _OWN_NAMES:
        foreign = {place for place in chosen if columns[name][place] is not None}
        refused += [
            record_errors.FieldUnknown(line=lines[place], field=name, type=kind.name) for place in sorted(foreign)
        ]
        chosen = [place for place in chosen if place not in foreign]
    taken = {}
    for name in {*kind.names, "loan_id"}:
        column, default = columns.get(name), defaults.get(name)
        taken[name] = [(column[place] if column else None) or default for place in chosen]
    return Rows(kind, taken, [lines[place] for place in chosen])
