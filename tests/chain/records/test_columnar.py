"""The columnar path lets in the same rows, names the same faults and gives the same bytes as the scalar path."""

from collections.abc import Sequence
from itertools import chain

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.records import Record, RecordError, RecordType, columnar, commit, record_type, validate
from tallystick.records.columnar import commit_table, random_secrets, validate_table
from tallystick.records.errors import ColumnNotText, FieldMissing, FieldTwice, FieldUnknown, MemberMalformed
from tallystick.records.errors import SecretMalformed as RecordSecretMalformed
from tests.chain.records.examples import EDGES, TYPES, format_name, right_values, rows_of

MEMBER = bytes(range(32))
Row = dict[str, str | None]


def secrets_for(count: int) -> pa.Array:
    """Secrets that depend on the row's number only."""
    return random_secrets(count, lambda size: b"".join(number.to_bytes(32, "big") for number in range(size // 32)))


def table_of(kind: RecordType, rows: Sequence[Row], text: pa.DataType | None = None) -> pa.Table:
    """A table as it may come from any file: text columns that may hold bytes that are not UTF-8."""
    text = text or pa.string()
    binary = pa.large_binary() if pa.types.is_large_string(text) else pa.binary()
    columns = [
        pa.array([None if row[name] is None else row[name].encode("utf-8", "surrogatepass") for row in rows], binary)
        for name in right_values(kind)
    ]
    return pa.table([column.view(text) for column in columns], names=list(right_values(kind)))


def by_scalar(kind: RecordType, rows: Sequence[Row]) -> tuple[list[Record], list[tuple[object, ...]]]:
    accepted, rejected = [], []
    for line, row in enumerate(rows, 1):
        try:
            accepted.append(
                validate(kind, {name: value for name, value in row.items() if value is not None}, line=line)
            )
        except RecordError as refusal:
            rejected.append((refusal.line, refusal.field, refusal.code, str(refusal)))
    return accepted, rejected


def places(rejected: Sequence[RecordError]) -> list[tuple[object, ...]]:
    return [(refusal.line, refusal.field, refusal.code, str(refusal)) for refusal in rejected]


KINDS_AND_ROWS = st.sampled_from(TYPES).flatmap(lambda kind: st.tuples(st.just(kind), rows_of(kind)))


@settings(max_examples=150)
@given(KINDS_AND_ROWS, st.sampled_from([pa.string(), pa.large_string()]), st.integers(1, 2))
def test_scalar_and_columnar_agree_on_hostile_rows(
    drawn: tuple[RecordType, list[Row]], text: pa.DataType, threads: int
) -> None:
    kind, rows = drawn
    records, refusals = by_scalar(kind, rows)

    checked = validate_table(table_of(kind, rows, text), kind, threads=threads)
    secrets = secrets_for(len(checked.accepted))
    committed = commit_table(checked.accepted, MEMBER, secrets, with_commits=True, threads=threads)

    assert places(checked.rejected) == refusals
    expected = [commit(each, MEMBER, secret) for each, secret in zip(records, secrets.to_pylist(), strict=True)]
    assert committed.digests.to_pylist() == [each.digest for each in expected]
    assert committed.leaf_hashes.to_pylist() == [each.leaf_hash for each in expected]
    assert committed.commits.to_pylist() == [b"".join(each.commits) for each in expected]
    assert [
        {name: value for name, value in row.items() if value is not None} for row in checked.accepted.table.to_pylist()
    ] == [each.values for each in records]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_every_known_edge_in_every_field_is_judged_alike(kind: RecordType) -> None:
    rows: list[Row] = [
        {**right_values(kind), field.name: value}
        for field in kind.fields
        for value in [*EDGES[format_name(field)], *chain.from_iterable(EDGES.values()), None]
    ]
    accepted, refusals = by_scalar(kind, rows)
    checked = validate_table(table_of(kind, rows), kind)
    assert places(checked.rejected) == refusals
    assert len(checked.accepted) == len(accepted) > 0


def test_neither_threads_nor_the_cutting_of_the_rows_changes_a_byte() -> None:
    kind = record_type("note")
    rows: list[Row] = [
        {
            **right_values(kind),
            "source_id": str(number),
            "text": ["ok", "还款", "\x00", "n\u0303", "\U0001f600"][number % 5],
        }
        for number in range(3 * 4096 + 17)
    ]
    table, secrets = table_of(kind, rows), secrets_for(len(rows))

    def run(cuts: list[int], threads: int) -> tuple[list[bytes], list[object]]:
        digests, rejected = [], []
        for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
            lines = pa.array(range(start, end), pa.int64())
            checked = validate_table(table.slice(start, end - start), kind, lines=lines, threads=threads)
            own = secrets.take(checked.accepted.lines)
            digests += commit_table(checked.accepted, MEMBER, own, threads=threads).digests.to_pylist()
            rejected += places(checked.rejected)
        return digests, rejected

    whole = run([], 1)
    assert whole == run([], 2) == run([1, 4096, 4097, 12_000], 2)
    assert len(whole[0]) + len(whole[1]) == len(rows)


def test_lines_given_are_the_lines_named() -> None:
    kind = record_type("fee")
    rows = [right_values(kind), {**right_values(kind), "amount": "1.50"}]
    checked = validate_table(table_of(kind, rows), kind, lines=pa.array([17, 90], pa.int64()))
    assert checked.accepted.lines.to_pylist() == [17]
    assert [(refusal.line, refusal.field) for refusal in checked.rejected] == [(90, "amount")]


def test_an_optional_column_may_be_missing_and_columns_may_be_of_any_text_type_in_any_order() -> None:
    kind = record_type("repayment")
    rows = [{**right_values(kind), "channel": None, "payer": None}] * 3
    plain = table_of(kind, rows)
    mixed = plain.drop_columns(["channel"])
    mixed = mixed.set_column(mixed.schema.get_field_index("payer"), "payer", pa.nulls(3))
    mixed = mixed.set_column(8, "currency", mixed.column("currency").dictionary_encode())
    mixed = mixed.set_column(0, "agreement", mixed.column("agreement").cast(pa.string_view()))
    mixed = mixed.select(mixed.column_names[::-1])

    one, other = (
        commit_table(validate_table(table, kind).accepted, MEMBER, secrets_for(3)).digests for table in (plain, mixed)
    )
    assert one == other


@pytest.mark.parametrize(
    ("change", "refusal", "field"),
    [
        (lambda table: table.append_column("iban", table.column("loan")), FieldUnknown, "iban"),
        (lambda table: table.append_column("loan", table.column("loan")), FieldTwice, "loan"),
        (lambda table: table.drop_columns(["loan"]), FieldMissing, "loan"),
        (lambda table: table.set_column(1, "loan", pa.array([7])), ColumnNotText, "loan"),
        (lambda table: table.set_column(1, "loan", pa.array([b"7"])), ColumnNotText, "loan"),
    ],
)
def test_a_table_of_the_wrong_shape_is_refused_as_a_whole(change: object, refusal: type, field: str) -> None:
    kind = record_type("note")
    with pytest.raises(refusal) as refused:
        validate_table(change(table_of(kind, [right_values(kind)])), kind)
    assert refused.value.field == field


def test_an_empty_table_gives_empty_columns() -> None:
    kind = record_type("note")
    checked = validate_table(table_of(kind, []), kind)
    committed = commit_table(checked.accepted, MEMBER, secrets_for(0))
    assert (len(committed.digests), len(committed.leaf_hashes), checked.rejected) == (0, 0, ())
    assert committed.commits is None


@pytest.mark.parametrize(
    "secrets",
    [
        pa.array([], pa.binary(32)),
        pa.array([bytes(32)] * 2, pa.binary(32)),
        pa.array([None], pa.binary(32)),
        pa.array([bytes(31)], pa.binary(31)),
        pa.array([bytes(32)], pa.binary()),
    ],
)
def test_every_row_needs_its_own_secret_of_32_bytes(secrets: pa.Array) -> None:
    kind = record_type("note")
    accepted = validate_table(table_of(kind, [right_values(kind)]), kind).accepted
    with pytest.raises(RecordSecretMalformed):
        commit_table(accepted, MEMBER, secrets)


def test_a_member_id_of_another_length_is_refused() -> None:
    kind = record_type("note")
    accepted = validate_table(table_of(kind, [right_values(kind)]), kind).accepted
    with pytest.raises(MemberMalformed):
        commit_table(accepted, MEMBER[:31], secrets_for(1))


def test_fresh_secrets_are_not_repeated() -> None:
    secrets = columnar.random_secrets(1000)
    assert len(set(secrets.to_pylist())) == 1000
