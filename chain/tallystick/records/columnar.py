"""Records by the table: validation, commitments and leaf hashes in DuckDB over Arrow columns.

The same records pass and the same bytes come out as by the scalar path; neither the number of threads nor the way the
rows are cut into batches changes anything. The engine says fast which rows are certainly right; every other row goes
through the scalar `validate`, which alone decides and alone names what is wrong. Memory is bounded by the table given:
feed long files in pieces (`lines.read_lines`).
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.records import engine, errors
from tallystick.records.errors import RecordError
from tallystick.records.formats import is_unicode
from tallystick.records.record import validate
from tallystick.records.registry import RecordType

__all__ = ["CommittedRows", "ValidRows", "Validated", "commit_table", "random_secrets", "validate_table"]

HASH = pa.binary(32)


@dataclass(frozen=True, slots=True)
class ValidRows:
    """Rows of one record type that have come through `validate_table`: text columns in the type's order.

    `lines` says where each row came from; the order of the rows is that of the input.
    """

    kind: RecordType
    table: pa.Table = field(repr=False)
    lines: pa.Array = field(repr=False)

    def __len__(self) -> int:
        """The number of rows."""
        return int(self.table.num_rows)


@dataclass(frozen=True, slots=True)
class Validated:
    """What became of the rows of a table: let in, or refused with line, field and code, in the order of the input."""

    accepted: ValidRows
    rejected: tuple[RecordError, ...]


@dataclass(frozen=True, slots=True)
class CommittedRows:
    """The commitments to the rows of a `ValidRows`, in the same order.

    `digests` and `leaf_hashes` are columns of 32 bytes; `commits` holds, if asked for, the commitments of all fields
    of a row, 32 bytes each, one after the other.
    """

    digests: pa.Array
    leaf_hashes: pa.Array
    commits: pa.Array | None


def validate_table(
    table: pa.Table, kind: RecordType, *, lines: pa.Array | None = None, threads: int | None = None
) -> Validated:
    """Check every row of `table` as `records.validate` does.

    Columns are text (any of Arrow's string types, dictionaries of them, or all null); a null is an absent field. A
    column for an optional field may be missing. `lines` numbers the rows in errors, from 1 without it.
    Raises `FieldUnknown`, `FieldMissing`, `FieldTwice` or `ColumnNotText` for the table as a whole; faulty rows are
    returned.
    """
    lines = pa.arange(1, table.num_rows + 1) if lines is None else lines
    given = _in_order(table, kind)
    readable = _readable(given)
    certain = engine.project(readable, [f"{engine.certainly_right(kind)} AS certain"], threads).column("certain")
    doubtful = pc.indices_nonzero(pc.invert(certain))
    if not len(doubtful):
        return Validated(ValidRows(kind, readable, lines), ())
    cleared: list[int] = []
    rejected: list[RecordError] = []
    values = _doubtful_values(given, doubtful)
    for place, line, row in zip(doubtful.to_pylist(), lines.take(doubtful).to_pylist(), values, strict=True):
        try:
            validate(kind, row, line=line)
        except RecordError as refusal:
            rejected.append(refusal)
        else:
            cleared.append(place)
    kept = pa.concat_arrays([pc.indices_nonzero(certain), pa.array(cleared, pa.uint64())]).sort()
    return Validated(ValidRows(kind, readable.take(kept), lines.take(kept)), tuple(rejected))


def commit_table(
    rows: ValidRows, member: bytes, secrets: pa.Array, *, with_commits: bool = False, threads: int | None = None
) -> CommittedRows:
    """Commit `member` to every row under its record secret, as `records.commit` does.

    `secrets` is a column of 32 fresh random bytes for each row (`random_secrets`).
    Raises `SecretMalformed` if it is not that, and `MemberMalformed`.
    """
    if not _are_secrets(secrets, len(rows)):
        raise errors.SecretMalformed(needed=f"a column of {len(rows)} times 32 bytes without nulls")
    if len(member) != 32:
        raise errors.MemberMalformed(size=len(member))
    hashed = engine.project(
        rows.table.append_column("record_secret", secrets), engine.commitment_steps(rows.kind, member), threads
    )
    return CommittedRows(
        _hashes(hashed, "digest"),
        _hashes(hashed, "leaf_hash"),
        hashed.column("commits").combine_chunks() if with_commits else None,
    )


def random_secrets(count: int, random_bytes: Callable[[int], bytes] = os.urandom) -> pa.Array:
    """Make a column of `count` record secrets from a source of random bytes."""
    return pa.FixedSizeBinaryArray.from_buffers(HASH, count, [None, pa.py_buffer(random_bytes(32 * count))])


def _in_order(table: pa.Table, kind: RecordType) -> pa.Table:
    names = table.column_names
    if unknown := set(names) - kind.names:
        raise errors.FieldUnknown(field=min(unknown), type=kind.name)
    if twice := [name for name in names if names.count(name) > 1]:
        raise errors.FieldTwice(field=twice[0])
    columns = []
    for each in kind.fields:
        if each.name in names:
            columns.append(_text_column(table.column(each.name), each.name))
        elif each.optional:
            columns.append(pa.nulls(table.num_rows, pa.string()))
        else:
            raise errors.FieldMissing(field=each.name)
    return pa.table(columns, names=[each.name for each in kind.fields])


def _text_column(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    held = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string(held) or pa.types.is_large_string(held):
        return column.cast(held)
    if pa.types.is_string_view(held):
        return column.cast(pa.large_string())
    if pa.types.is_null(held):
        return column.cast(pa.string())
    raise errors.ColumnNotText(field=name, found=str(column.type))


def _readable(table: pa.Table) -> pa.Table:
    """The table with each value that is not UTF-8 made empty, which is doubtful too: the engine takes only UTF-8."""
    for place, column in enumerate(table.columns):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            texts = [text if text is None or is_unicode(text) else "" for text in _texts(column)]
            healed = pa.chunked_array([pa.array(texts, column.type)])
            table = table.set_column(place, table.column_names[place], healed)
    return table


def _doubtful_values(table: pa.Table, places: pa.Array) -> Iterator[dict[str, str]]:
    """The rows at `places` as the scalar path takes them: absent fields left out, bytes not UTF-8 as surrogates."""
    texts = [_texts(column) for column in table.take(places).columns]
    for row in zip(*texts, strict=True):
        yield {name: text for name, text in zip(table.column_names, row, strict=True) if text is not None}


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    binary = pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary()
    return [raw if raw is None else raw.decode("utf-8", "surrogateescape") for raw in column.cast(binary).to_pylist()]


def _are_secrets(secrets: pa.Array, count: int) -> bool:
    return secrets.type == HASH and len(secrets) == count and not secrets.null_count


def _hashes(rows: pa.Table, name: str) -> pa.Array:
    return rows.column(name).combine_chunks().cast(HASH)
