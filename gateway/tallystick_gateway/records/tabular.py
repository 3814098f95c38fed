"""Tables of records: CSV, Parquet, Arrow streams. Every column is text; an empty or null cell is an absent field."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from tallystick.records import RecordError
from tallystick.records.record import type_of
from tallystick_gateway.records.errors import ColumnsRefused, FileUnreadable, UploadTooLarge
from tallystick_gateway.records.prepare import Row
from tallystick_gateway.records.sources import PIECE_ROWS, Piece, Source, opened

__all__ = ["pieces"]

pa.set_memory_pool(pa.system_memory_pool())  # pyarrow's own keeps what it has freed

_HEADER_LINES = {"csv": 1}
_ARROW_FILE = b"ARROW1"
_CSV_ROW = re.compile(r"(got \d+).*", re.DOTALL)  # what follows is the row itself
_IS_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)

Cells = Sequence[str | None]


def pieces(source: Source, done: int) -> Iterator[Piece]:
    """Pieces of a table after the first `done` rows. Raises as `sources.pieces` says."""
    first_line = 1 + _HEADER_LINES.get(source.form, 0)
    row = 0
    with _in_words(source.form), ExitStack() as stack:
        for batch in _BATCHES[source.form](stack, source):
            _require_columns(batch.schema)
            for start in range(0, batch.num_rows, PIECE_ROWS):
                part = batch.slice(start, PIECE_ROWS)
                row += part.num_rows
                if row > done:
                    kept = part.slice(max(0, part.num_rows - (row - done)))
                    yield _piece(kept, first_line + row - kept.num_rows, row, source.defaults)


@contextmanager
def _in_words(form: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, EOFError, OSError) as broken:
        if isinstance(broken, OSError) and broken.errno is not None:
            raise
        reason = str(broken).splitlines()[0] if str(broken) else type(broken).__name__
        reason = _CSV_ROW.sub(r"\1", reason)[:200]
        raise FileUnreadable(f"The file cannot be read as {form}: {reason}.", format=form) from broken


def _csv(stack: ExitStack, source: Source) -> Iterator[Any]:
    stream = opened(stack, source)
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
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise FileUnreadable("The columns of the CSV file are not separated by commas.", line=1)
    return names


def _parquet(stack: ExitStack, source: Source) -> Iterator[Any]:
    if source.encoding:
        raise FileUnreadable("Parquet files are compressed inside; send them without Content-Encoding.")
    file = stack.enter_context(pa_parquet.ParquetFile(source.path, buffer_size=1 << 20, pre_buffer=False))
    unpacked = sum(file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
    if unpacked > source.most_bytes:
        raise UploadTooLarge("The file unpacks to more than this gateway takes.")
    yield from file.iter_batches(batch_size=PIECE_ROWS, use_threads=False)


def _arrow(stack: ExitStack, source: Source) -> Iterator[Any]:
    stream = opened(stack, source)
    if stream.peek(len(_ARROW_FILE)).startswith(_ARROW_FILE):
        raise FileUnreadable("The file is in Arrow's file format; write it as an Arrow stream.", format="arrow")
    yield from stack.enter_context(pa.ipc.open_stream(stream))


_BATCHES: dict[str, Callable[[ExitStack, Source], Iterator[Any]]] = {
    "csv": _csv,
    "parquet": _parquet,
    "arrow": _arrow,
}


def _require_columns(schema: Any) -> None:
    for column in schema:
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not any(is_text(kind) for is_text in _IS_TEXT):
            raise ColumnsRefused(f"Column {column.name} is {column.type}, not text.", field=column.name)
    if twice := [name for name in schema.names if schema.names.count(name) > 1]:
        raise ColumnsRefused(f"Two columns are named {twice[0][:64]}.", field=twice[0])


def _piece(batch: Any, first_line: int, position: int, defaults: Mapping[str, str]) -> Piece:
    names = batch.schema.names
    columns = [_cells(batch.column(name)) for name in names]
    rows: list[Row] = []
    refused: list[RecordError] = []
    for line, cells in enumerate(zip(*columns, strict=True), first_line):
        values = {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None}
        try:
            rows.append(_row(line, {**defaults, **values}))
        except RecordError as fault:
            refused.append(fault)
    return Piece(rows, refused, position, first_line + batch.num_rows - 1)


def _cells(column: Any) -> Cells:
    """The column's texts; bytes that are not UTF-8 come as lone surrogates, which no record may hold."""
    if pa.types.is_dictionary(column.type) or pa.types.is_null(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    binary = pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary()
    return [raw if raw is None else raw.decode("utf-8", "surrogateescape") for raw in column.cast(binary).to_pylist()]


def _row(line: int, values: dict[str, Any]) -> Row:
    kind = type_of(values, line=line)
    del values["type"]
    values.pop("version", None)
    return Row(line, kind, values)
