"""The commitment formulas and the value formats as DuckDB expressions over the columns of a record type."""

from collections.abc import Sequence
from functools import cache
from typing import Final

import duckdb
import pyarrow as pa

from tallystick.records import commitments
from tallystick.records.formats import QUICK_TEXT
from tallystick.records.registry import Field, RecordType

__all__ = ["certainly_right", "commitment_steps", "project"]

BATCH_ROWS: Final = 4096
"""The engine works side by side on pieces of so many rows."""

_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "preserve_insertion_order": "true",
}


def project(table: pa.Table, steps: Sequence[str], threads: int | None) -> pa.Table:
    """Compute columns for every row of `table`, each step over the one before; the rows keep their order.

    The engine has no access to files or the network. `threads` None takes all cores.
    """
    numbered = table.append_column("row", pa.arange(0, table.num_rows))
    with _database(threads).cursor() as connection:
        relation = connection.from_arrow(pa.Table.from_batches(numbered.to_batches(BATCH_ROWS), numbered.schema))
        for step in steps:
            relation = relation.project(f'"row", {step}')
        result = relation.to_arrow_table()
    if not result.column("row").equals(numbered.column("row")):
        raise AssertionError("the engine changed the order of the rows")
    return result


@cache
def _database(threads: int | None) -> duckdb.DuckDBPyConnection:
    """An empty database that is opened once: opening it costs as much as committing some thousand records."""
    return duckdb.connect(":memory:", config=_SETTINGS if threads is None else {**_SETTINGS, "threads": threads})


def certainly_right(kind: RecordType) -> str:
    """A condition that holds only for rows that `records.validate` lets in; it may miss some."""
    return f"coalesce({' AND '.join(map(_certain_value, kind.fields))}, false)"


def commitment_steps(kind: RecordType, member: bytes) -> list[str]:
    """Compute `commits`, `digest` and `leaf_hash` from the columns of `kind` and `record_secret`."""
    commits = " || ".join(_commit(position, each) for position, each in enumerate(kind.fields))
    head = f"{_blob(bytes([0x11]) + member)} || unhex(agreement) || {_blob(commitments.digest_layout(kind))}"
    return [
        f"agreement, {commits} AS commits",
        f"commits, {_sha256(f'{head} || commits')} AS digest",
        f"commits, digest, {_sha256(_blob(bytes([0])) + ' || digest')} AS leaf_hash",
    ]


def _certain_value(each: Field) -> str:
    column = _name(each.name)
    pattern = each.format.pattern or QUICK_TEXT
    right = f"regexp_full_match({column}, {_text(pattern)}) AND strlen({column}) <= {each.format.most_bytes}"
    return f"({column} IS NULL OR {right})" if each.optional else f"{column} IS NOT NULL AND {right}"


def _commit(position: int, each: Field) -> str:
    salt = _sha256(f"{_blob(bytes([0x12]))} || record_secret || {_blob(position.to_bytes(2, 'big'))}")
    value = f"{_blob(bytes([1]))} || encode({_name(each.name)})"
    present_or_absent = f"coalesce({value}, {_blob(bytes([0]))})" if each.optional else value
    return _sha256(
        f"{_blob(bytes([0x10]))} || {salt} || {_blob(commitments.u16_text(each.name))} || {present_or_absent}"
    )


def _sha256(expression: str) -> str:
    return f"unhex(sha256({expression}))"


def _name(name: str) -> str:
    return f'"{name}"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _blob(raw: bytes) -> str:
    escaped = "".join(f"\\x{byte:02X}" for byte in raw)
    return f"'{escaped}'::BLOB"
