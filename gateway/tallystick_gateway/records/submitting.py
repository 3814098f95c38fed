"""A few records in one request, and the refusals of an upload as a file."""

import json
from collections.abc import Iterator

from tallystick.errors import TallystickError
from tallystick.records import RecordError
from tallystick.records.record import unwrap
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.records import repository, schemas, service, views
from tallystick_gateway.records.prepare import Row, prepare
from tallystick_gateway.records.terms import KnownLoans, Rules

__all__ = ["rejected_ndjson", "submit"]

_PAGE = 1000


def submit(session: Session, gateway: Gateway, body: schemas.RecordsIn) -> schemas.RecordsOut:
    """Take all records of a request, in its transaction; `line` in errors counts them from 1.

    Raises the first record's refusal, with how many others were refused; nothing is taken then.
    """
    service.require_room(session, gateway)
    rows, refused = _rows(body.records)
    rules = Rules(gateway, session, body.arrival_date, KnownLoans())
    good, faulty = prepare(rows, rules, session.owner, gateway.vault.wrap)
    refused += faulty
    if not refused:
        outcome = service.accept(session, gateway, good, None)
        refused = outcome.refused
    if refused:
        raise _first(refused)
    return schemas.RecordsOut(records=[views.taken_out(each) for each in outcome.taken])


def rejected_ndjson(gateway: Gateway, upload_id: str) -> Iterator[bytes]:
    """The refusals of an upload, a line each."""
    last = 0
    while True:
        with gateway.database.read() as session:
            rows = repository.rejected_of(session, upload_id, last, _PAGE)
        for row in rows:
            refusal = {"line": row.line, "field": row.field, "code": row.code, "detail": row.detail}
            yield json.dumps(refusal, ensure_ascii=False).encode() + b"\n"
        if len(rows) < _PAGE:
            return
        last = rows[-1].id or last


def _rows(records: list[dict[str, str]]) -> tuple[list[Row], list[RecordError]]:
    rows: list[Row] = []
    refused: list[RecordError] = []
    for line, record in enumerate(records, 1):
        try:
            kind, values = unwrap(json.dumps(record, ensure_ascii=False), line=line)
            rows.append(Row(line, kind, values))
        except RecordError as fault:
            refused.append(fault)
    return rows, refused


def _first(refused: list[RecordError]) -> TallystickError:
    first = min(refused, key=lambda error: error.line or 0)
    first.values["refused"] = len(refused)
    return first
