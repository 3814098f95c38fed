"""From rows as they come to records as they are stored: checked, completed, committed to. Nothing is written here."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import pyarrow as pa

from tallystick.errors import TallystickError
from tallystick.records import RecordError, RecordType, commit, validate
from tallystick.records.columnar import ValidRows, commit_table, random_secrets, validate_table
from tallystick.records.formats import FORMATS
from tallystick_gateway.records import errors
from tallystick_gateway.records.terms import Rules

__all__ = ["Prepared", "Rows", "content_of", "prepare", "values_of"]

_SCALAR_UP_TO = 48
"""Below this many rows the columnar engine's start costs more than it saves."""

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Wrap = Callable[[bytes, bytes], bytes]


@dataclass
class Rows:
    """Rows of one type, by column; a column may be missing, a value None. `lines` says where each came from."""

    kind: RecordType
    columns: dict[str, list[str | None]]
    lines: list[int]
    valid: ValidRows | None = None
    """The rows as the columnar engine has checked them, once it has; kept in step with the columns."""

    def column(self, name: str) -> list[str | None]:
        """The column, made of None if there is none."""
        return self.columns.setdefault(name, [None] * len(self.lines))

    def keep(self, kept: Sequence[bool]) -> None:
        """Drop the rows whose flag is False."""
        if not all(kept):
            if self.valid is not None:
                mask = pa.array(kept)
                self.valid = ValidRows(self.kind, self.valid.table.filter(mask), self.valid.lines.filter(mask))
            self.columns = {name: list(compress(column, kept)) for name, column in self.columns.items()}
            self.lines = list(compress(self.lines, kept))


@dataclass(frozen=True, slots=True)
class Prepared:
    """One record, ready to be stored: everything but its place in the log."""

    line: int
    kind: RecordType
    stream: bytes
    loan: bytes
    source_system: str
    source_id: str
    booking_date: str
    content: str = field(repr=False)
    content_digest: bytes
    digest: bytes
    wrapped_secret: bytes = field(repr=False)


def prepare(
    pieces: Iterable[Rows], rules: Rules, member: bytes, wrap: Wrap
) -> tuple[list[Prepared], list[RecordError]]:
    """Check, complete and commit rows; returns the good ones and the refusals, each in the order of lines.

    `wrap(secret, digest)` seals a record's secret for storage. Raises nothing for faulty rows.
    """
    good: list[Prepared] = []
    refused: list[RecordError] = []
    for rows in pieces:
        _complete(rows, rules, refused)
        _validate(rows, refused)
        _check(rows, rules, refused)
        good += _commit(rows, member, wrap)
    good.sort(key=lambda row: row.line)
    refused.sort(key=lambda error: error.line or 0)
    return good, refused


def content_of(kind: RecordType, values: Mapping[str, str | None]) -> tuple[str, bytes]:
    """The stored form of a record's values without its booking date, and the digest that tells equal facts."""
    row = [values.get(each.name) for each in kind.fields if each.name != "booking_date"]
    return _content(kind, row)


def values_of(kind: RecordType, content: str, booking_date: str) -> dict[str, str]:
    """The record's values again from what is stored."""
    names = [each.name for each in kind.fields if each.name != "booking_date"]
    stored = dict(zip(names, json.loads(content), strict=True)) | {"booking_date": booking_date}
    return {each.name: stored[each.name] for each in kind.fields if stored[each.name] is not None}


def _content(kind: RecordType, row: Sequence[str | None]) -> tuple[str, bytes]:
    content = _to_json(row)
    return content, hashlib.sha256(f"{kind.name}\x1f{kind.version}\x1f{content}".encode()).digest()


def _complete(rows: Rows, rules: Rules, refused: list[RecordError]) -> None:
    """Turn `loan_id` into the loan's key and set the booking date; rows that cannot be completed are refused."""
    given = zip(
        rows.lines,
        rows.column("agreement"),
        rows.column("loan"),
        rows.column("loan_id"),
        rows.column("booking_date"),
        strict=True,
    )
    kept: list[bool] = []
    keys: list[str | None] = []
    dates: list[str | None] = []
    for line, agreement, loan, loan_id, booked in given:
        key, date = loan, None
        try:
            if booked is not None:
                raise errors.BookingDateGiven(field="booking_date")
            if loan is not None and loan_id is not None:
                raise errors.LoanNamedTwice(field="loan_id")
            if agreement is not None and _is_hash(agreement):
                date = rules.terms(agreement).booking_date
                key = rules.loan_key(agreement, loan_id) if loan_id is not None else loan
            else:  # the validator says what is wrong with the agreement; nothing else of the row is known
                key, date = loan or "0" * 64, "2000-01-01"
            kept.append(True)
        except TallystickError as fault:
            refused.append(_at(fault, line))
            kept.append(False)
        keys.append(key)
        dates.append(date)
    del rows.columns["loan_id"]
    rows.columns["loan"], rows.columns["booking_date"] = keys, dates
    rows.keep(kept)


def _validate(rows: Rows, refused: list[RecordError]) -> None:
    if len(rows.lines) <= _SCALAR_UP_TO:
        rows.keep(
            [_valid(rows.kind, values, line, refused) for values, line in zip(_each(rows), rows.lines, strict=True)]
        )
        return
    checked = validate_table(_table(rows), rows.kind, lines=pa.array(rows.lines, pa.int64()))
    refused += checked.rejected
    faulty = {error.line for error in checked.rejected}
    if faulty:
        rows.keep([line not in faulty for line in rows.lines])
    rows.valid = checked.accepted


def _valid(kind: RecordType, values: Mapping[str, object], line: int, refused: list[RecordError]) -> bool:
    try:
        validate(kind, values, line=line)
    except RecordError as fault:
        refused.append(fault)
        return False
    return True


def _check(rows: Rows, rules: Rules, refused: list[RecordError]) -> None:
    """What the format alone does not say: currency of the agreement, no negative amounts, loans that exist."""
    agreements = rows.column("agreement")
    named: dict[str, set[str]] = defaultdict(set)
    for agreement, loan in zip(agreements, rows.column("loan"), strict=True):
        named[str(agreement)].add(str(loan))
    missing = {agreement: rules.missing_loans(agreement, loans) for agreement, loans in named.items()}
    has_currency = "currency" in rows.kind.names
    currencies = rows.column("currency") if has_currency else agreements
    negative = _negative(rows)
    kept = []
    for place, (line, agreement, loan, currency) in enumerate(
        zip(rows.lines, agreements, rows.column("loan"), currencies, strict=True)
    ):
        fault: RecordError | None = None
        terms = rules.terms(str(agreement))
        if loan in missing[str(agreement)]:
            fault = errors.LoanUnknown(line=line, field="loan")
        elif has_currency and currency != terms.currency:
            fault = errors.CurrencyWrong(line=line, field="currency", found=currency, expected=terms.currency)
        elif place in negative:
            fault = errors.AmountNegative(line=line, field=negative[place])
        if fault:
            refused.append(fault)
        kept.append(fault is None)
    rows.keep(kept)


def _negative(rows: Rows) -> dict[int, str]:
    """Place → field of amounts below zero."""
    amounts = [each.name for each in rows.kind.fields if each.format == FORMATS["minor-units"]]
    return {
        place: name
        for name in reversed(amounts)
        for place, value in enumerate(rows.column(name))
        if value is not None and value.startswith("-")
    }


def _commit(rows: Rows, member: bytes, wrap: Wrap) -> list[Prepared]:
    if not rows.lines:
        return []
    secrets = random_secrets(len(rows.lines))
    digests = _digests(rows, member, secrets)
    names = [each.name for each in rows.kind.fields if each.name != "booking_date"]
    contents = (_content(rows.kind, row) for row in zip(*(rows.column(name) for name in names), strict=True))
    return [
        Prepared(
            line=line,
            kind=rows.kind,
            stream=bytes.fromhex(str(agreement)),
            loan=bytes.fromhex(str(loan)),
            source_system=str(system),
            source_id=str(source_id),
            booking_date=str(booked),
            content=content,
            content_digest=content_digest,
            digest=digest,
            wrapped_secret=wrap(secret, digest),
        )
        for line, agreement, loan, system, source_id, booked, (content, content_digest), digest, secret in zip(
            rows.lines,
            rows.column("agreement"),
            rows.column("loan"),
            rows.column("source_system"),
            rows.column("source_id"),
            rows.column("booking_date"),
            contents,
            digests,
            secrets.to_pylist(),
            strict=True,
        )
    ]


def _digests(rows: Rows, member: bytes, secrets: Any) -> list[bytes]:
    if rows.valid is None:
        return [
            commit(validate(rows.kind, values), member, secret).digest
            for values, secret in zip(_each(rows), secrets.to_pylist(), strict=True)
        ]
    digests: list[bytes] = commit_table(rows.valid, member, secrets).digests.to_pylist()
    return digests


def _each(rows: Rows) -> Iterable[dict[str, str]]:
    names = list(rows.columns)
    for row in zip(*rows.columns.values(), strict=True):
        yield {name: value for name, value in zip(names, row, strict=True) if value is not None}


def _table(rows: Rows) -> Any:
    names = [each.name for each in rows.kind.fields]
    return pa.table([pa.array(rows.column(name), pa.string()) for name in names], names=names)


def _is_hash(text: str) -> bool:
    return len(text) == 64 and text.isascii() and text.isalnum() and text == text.lower() and _hexadecimal(text)


def _hexadecimal(text: str) -> bool:
    try:
        bytes.fromhex(text)
    except ValueError:
        return False
    return True


def _at(fault: TallystickError, line: int) -> RecordError:
    """The refusal of a row, with its line; an error of another part (a malformed loan id) keeps code and words."""
    if isinstance(fault, RecordError):
        values = {name: value for name, value in fault.values.items() if name not in ("line", "field")}
        return type(fault)(line=line, field=fault.field, **values)
    return RowRefused(fault, line)


class RowRefused(RecordError):
    """A row was refused by a rule from outside the record's format"""

    def __init__(self, cause: TallystickError, line: int) -> None:
        super().__init__(str(cause), line=line, field="loan_id")
        self.code = cause.code  # type: ignore[misc]  # stands for the cause, under its code
        self.advice = cause.advice  # type: ignore[misc]
