"""From rows as they come to records as they are stored: completed, checked, committed to. Nothing is written here.

Rows go through the library's scalar path, one by one. Its columnar engine takes about as much processor time per row
(30 µs; it gains by a second core) but 100 MB and more of working memory, which a gateway cannot spare.
"""

import hashlib
import json
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tallystick.errors import TallystickError
from tallystick.records import Record, RecordError, RecordType, commit, validate
from tallystick.records.formats import FORMATS
from tallystick_gateway.records import errors
from tallystick_gateway.records.terms import Rules, Terms

__all__ = ["Prepared", "Row", "content_of", "prepare", "values_of"]

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Wrap = Callable[[bytes, bytes], bytes]


@dataclass(slots=True)
class Row:
    """One row as it came: its type, and values that may still be anything. `loan_id` may stand in place of `loan`."""

    line: int
    kind: RecordType
    values: dict[str, Any] = field(repr=False)


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


def prepare(rows: Iterable[Row], rules: Rules, member: bytes, wrap: Wrap) -> tuple[list[Prepared], list[RecordError]]:
    """Complete, check and commit rows; returns the good ones, in their order, and the refusals.

    `wrap(secret, digest)` seals a record's secret for storage. Raises nothing for faulty rows.
    """
    good: list[tuple[int, Record]] = []
    refused: list[RecordError] = []
    for row in rows:
        try:
            good.append((row.line, _checked(row, rules)))
        except TallystickError as fault:
            refused.append(_at(fault, row.line))
    known, unknown = _with_loan(good, rules)
    return [_prepared(line, record, member, wrap) for line, record in known], refused + unknown


def content_of(record: Record) -> tuple[str, bytes]:
    """The stored form of a record's values without its booking date, and the digest that tells equal facts."""
    content = _to_json([record.values.get(name) for name in _stored_names(record.type)])
    return content, hashlib.sha256(f"{record.type.name}\x1f{record.type.version}\x1f{content}".encode()).digest()


def values_of(kind: RecordType, content: str, booking_date: str) -> dict[str, str]:
    """The record's values again from what is stored."""
    stored = dict(zip(_stored_names(kind), json.loads(content), strict=True)) | {"booking_date": booking_date}
    return {each.name: stored[each.name] for each in kind.fields if stored[each.name] is not None}


def _stored_names(kind: RecordType) -> Sequence[str]:
    if kind not in _NAMES:
        _NAMES[kind] = tuple(each.name for each in kind.fields if each.name != "booking_date")
    return _NAMES[kind]


_NAMES: dict[RecordType, tuple[str, ...]] = {}


def _checked(row: Row, rules: Rules) -> Record:
    """The row as a record: its loan by key, with its booking date, of the agreement's currency, without a negative sum.

    Raises a `RecordError`, or `IdentifierMalformed` for a loan id.
    """
    values = row.values
    if "booking_date" in values:
        raise errors.BookingDateGiven(field="booking_date")
    terms = _complete(values, rules)
    record = validate(row.kind, values)
    if terms is None:  # validate lets no agreement in that `_complete` could not look up
        raise AssertionError(values["agreement"])
    if (currency := record.values.get("currency", terms.currency)) != terms.currency:
        raise errors.CurrencyWrong(field="currency", found=currency, expected=terms.currency)
    for name in _amounts(row.kind):
        if record.values.get(name, "").startswith("-"):
            raise errors.AmountNegative(field=name)
    return record


def _complete(values: dict[str, Any], rules: Rules) -> Terms | None:
    """Set booking date and loan key. Returns None if the agreement is no id: `validate` then says what is wrong."""
    agreement, loan_id = values.get("agreement"), values.pop("loan_id", None)
    if loan_id is not None and "loan" in values:
        raise errors.LoanNamedTwice(field="loan_id")
    if not isinstance(agreement, str) or not _is_hash(agreement):
        values["booking_date"] = "2000-01-01"
        values.setdefault("loan", "0" * 64)
        return None
    terms = rules.terms(agreement)
    values["booking_date"] = terms.booking_date
    if loan_id is not None:
        values["loan"] = rules.loan_key(agreement, loan_id)
    return terms


def _with_loan(rows: Sequence[tuple[int, Record]], rules: Rules) -> tuple[list[tuple[int, Record]], list[RecordError]]:
    """Split rows by whether their loan exists: one look-up for all loans of an agreement."""
    named: dict[str, set[str]] = defaultdict(set)
    for _, record in rows:
        named[record.values["agreement"]].add(record.values["loan"])
    missing = {agreement: rules.missing_loans(agreement, loans) for agreement, loans in named.items()}
    known, unknown = [], []
    for line, record in rows:
        if record.values["loan"] in missing[record.values["agreement"]]:
            unknown.append(errors.LoanUnknown(line=line, field="loan"))
        else:
            known.append((line, record))
    return known, list(unknown)


def _prepared(line: int, record: Record, member: bytes, wrap: Wrap) -> Prepared:
    secret = secrets.token_bytes(32)
    digest = commit(record, member, secret).digest
    content, content_digest = content_of(record)
    return Prepared(
        line=line,
        kind=record.type,
        stream=record.stream,
        loan=record.loan,
        source_system=record.values["source_system"],
        source_id=record.values["source_id"],
        booking_date=record.values["booking_date"],
        content=content,
        content_digest=content_digest,
        digest=digest,
        wrapped_secret=wrap(secret, digest),
    )


def _amounts(kind: RecordType) -> Sequence[str]:
    if kind not in _AMOUNTS:
        _AMOUNTS[kind] = tuple(each.name for each in kind.fields if each.format == FORMATS["minor-units"])
    return _AMOUNTS[kind]


_AMOUNTS: dict[RecordType, tuple[str, ...]] = {}


def _is_hash(text: str) -> bool:
    if len(text) != 64 or not text.isascii():
        return False
    try:
        return bytes.fromhex(text).hex() == text
    except ValueError:
        return False


def _at(fault: TallystickError, line: int) -> RecordError:
    """The refusal of a row, with its line; an error of another part (a malformed loan id) keeps code and words."""
    if isinstance(fault, RecordError):
        values: Mapping[str, Any] = {n: value for n, value in fault.values.items() if n not in ("line", "field")}
        return type(fault)(line=line, field=fault.field, **values)
    return RowRefused(fault, line)


class RowRefused(RecordError):
    """A row was refused by a rule from outside the record's format"""

    def __init__(self, cause: TallystickError, line: int) -> None:
        super().__init__(str(cause), line=line, field="loan_id")
        self.code = cause.code  # type: ignore[misc]  # stands for the cause, under its code
        self.advice = cause.advice  # type: ignore[misc]
