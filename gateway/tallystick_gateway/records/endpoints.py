"""Records over HTTP: submit, upload, look up, open, check, audit."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlmodel import col, select

from tallystick.errors import TallystickError
from tallystick_gateway.kit import events
from tallystick_gateway.kit.db import Session, StorageFull
from tallystick_gateway.kit.doors import ReadDoor, WriteDoor, json_answer, reads, writes
from tallystick_gateway.kit.errors import declared
from tallystick_gateway.kit.idempotency import KeyInProgress, KeyMissing, KeyReused
from tallystick_gateway.kit.paging import CursorRefused, Page, page_of
from tallystick_gateway.kit.roles import Action
from tallystick_gateway.kit.wire import Hex32
from tallystick_gateway.records import errors, openings, receiving, repository, schemas, service, submitting, views
from tallystick_gateway.records.audit import audit_logs
from tallystick_gateway.records.models import BatchRow, LogRow, RecordRow, UploadRow
from tallystick_gateway.watch.models import AnchorRow

__all__ = ["router"]

router = APIRouter(tags=["records"])

NDJSON = "application/x-ndjson"
_MOST_FAILURES = 100
_LONGEST_WAIT_S = 30.0
_WRITE_ERRORS = (KeyMissing, KeyInProgress, KeyReused, StorageFull, errors.QueueFull, errors.ArrivalDateRefused)
_FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            media: {"schema": {"type": "string", "format": "binary"}}
            for media in (NDJSON, "text/csv", "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream")
        },
    }
}

Limit = Annotated[int, Query(ge=1, le=1000)]


@router.post(
    "/v1/records",
    status_code=201,
    response_model=schemas.RecordsOut,
    responses=declared(*_WRITE_ERRORS, errors.AgreementUnknown, errors.LoanUnknown, errors.SourceIdTaken),
)
def submit(body: schemas.RecordsIn, door: Annotated[WriteDoor, writes(Action.RECORDS_SUBMIT)]) -> Response:
    """Take up to 1000 records, all of them or none. A record that is there already is reported as `repeated`."""
    service.arrival_date_allowed(door.gateway, body.arrival_date)
    return door.write(
        lambda session: submitting.submit(session, door.gateway, body),
        status=201,
        then=lambda: door.gateway.worker.nudge("records.batches"),
    )


@router.post(
    "/v1/records:upload",
    status_code=202,
    response_model=schemas.UploadOut,
    responses=declared(*_WRITE_ERRORS, errors.FormatUnknown, errors.UploadTooLarge, errors.UploadBroken),
    openapi_extra=_FILE_BODY,
)
async def upload(
    request: Request,
    door: Annotated[WriteDoor, writes(Action.RECORDS_SUBMIT)],
    form: Annotated[str | None, Query(alias="format", description="ndjson, csv, parquet or arrow")] = None,
    agreement: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$", description="for rows without one")] = None,
    kind: Annotated[str | None, Query(alias="type", max_length=32, description="for tables without a column")] = None,
    source_system: Annotated[str | None, Query(max_length=200, description="for rows without one")] = None,
    arrival_date: date | None = None,
    file_name: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Take a file of records (NDJSON, CSV, Parquet, Arrow stream; plain, gzip, zstd), streamed; follow the upload."""
    service.arrival_date_allowed(door.gateway, arrival_date)
    given = {"agreement": agreement, "type": kind, "source_system": source_system}
    answer = await receiving.receive(
        request,
        door,
        form=receiving.named_format(request, form),
        encoding=receiving.named_encoding(request),
        defaults={name: value for name, value in given.items() if value is not None},
        arrival_date=arrival_date,
        file_name=file_name,
    )
    return json_answer(answer.body, answer.status, answer.headers)


@router.get("/v1/uploads", response_model=Page[schemas.UploadOut], responses=declared(CursorRefused))
def list_uploads(
    door: Annotated[ReadDoor, reads(Action.RECORDS_READ)], cursor: str | None = None, limit: Limit = 100
) -> Response:
    """Uploads, newest first."""

    def look(session: Session) -> Page[schemas.UploadOut]:
        rows, following = page_of(session, select(UploadRow), UploadRow.sequence, cursor, limit, newest_first=True)
        return Page[schemas.UploadOut](items=[views.upload_out(row) for row in rows], next=following)

    return door.read(look)


@router.get("/v1/uploads/{upload_id}", response_model=schemas.UploadOut, responses=declared(errors.UploadUnknown))
async def show_upload(
    upload_id: str,
    door: Annotated[ReadDoor, reads(Action.RECORDS_READ)],
    wait_s: Annotated[float, Query(ge=0, le=_LONGEST_WAIT_S)] = 0,
) -> Response:
    """One upload; with `wait_s`, as soon as it is done or failed, or after that time."""
    if wait_s:
        await door.until(lambda session: _required(session, upload_id).finished_at, wait_s)
    return await run_in_threadpool(door.read, lambda session: views.upload_out(_required(session, upload_id)))


@router.get(
    "/v1/uploads/{upload_id}/rejected",
    response_class=StreamingResponse,
    responses={200: {"content": {NDJSON: {}}}, **declared(errors.UploadUnknown)},
)
def rejected_lines(upload_id: str, door: Annotated[ReadDoor, reads(Action.RECORDS_READ)]) -> StreamingResponse:
    """The refused rows of an upload, a JSON object a line: line, field, code, detail."""
    with door.gateway.database.read() as session:
        _required(session, upload_id)
    return StreamingResponse(submitting.rejected_ndjson(door.gateway, upload_id), media_type=NDJSON)


@router.get("/v1/records", response_model=Page[schemas.RecordOut], responses=declared(CursorRefused))
def list_records(
    door: Annotated[ReadDoor, reads(Action.RECORDS_READ)],
    agreement: Hex32 | None = None,
    loan: Hex32 | None = None,
    source_system: str | None = None,
    source_id: str | None = None,
    upload: str | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """Records of our own logs, in the order they were taken."""
    query = select(RecordRow)
    chosen: list[tuple[Any, object]] = [
        (RecordRow.stream, agreement),
        (RecordRow.loan, loan),
        (RecordRow.source_system, source_system),
        (RecordRow.source_id, source_id),
        (RecordRow.upload_id, upload),
    ]
    for column, value in chosen:
        if value is not None:
            query = query.where(col(column) == value)

    def look(session: Session) -> Page[schemas.RecordOut]:
        rows, following = page_of(session, query, RecordRow.id, cursor, limit)
        items = [views.record_out(session, door.gateway, row) for row in rows]
        return Page[schemas.RecordOut](items=items, next=following)

    return door.read(look)


@router.get("/v1/records/{digest}", response_model=schemas.RecordOut, responses=declared(errors.RecordUnknown))
def show_record(digest: Hex32, door: Annotated[ReadDoor, reads(Action.RECORDS_READ)]) -> Response:
    """One record of our own logs, by its digest."""

    def look(session: Session) -> schemas.RecordOut:
        rows = repository.find_by_digest(session, [digest])
        if not rows:
            raise errors.RecordUnknown("There is no such record in our logs.", field="digest")
        return views.record_out(session, door.gateway, rows[0])

    return door.read(look)


@router.get("/v1/logs", response_model=Page[schemas.LogOut])
def list_logs(
    door: Annotated[ReadDoor, reads(Action.RECORDS_READ)], cursor: str | None = None, limit: Limit = 100
) -> Response:
    """Our own logs: records, batched, anchored."""

    def look(session: Session) -> Page[schemas.LogOut]:
        rows, following = page_of(session, select(LogRow), LogRow.id, cursor, limit)
        return Page[schemas.LogOut](items=[views.log_out(session, door.gateway, row) for row in rows], next=following)

    return door.read(look)


@router.get("/v1/batches", response_model=Page[schemas.BatchOut], responses=declared(CursorRefused))
def list_batches(
    door: Annotated[ReadDoor, reads(Action.RECORDS_READ)],
    stream: Hex32 | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """Our own batches."""
    query = select(BatchRow) if stream is None else select(BatchRow).where(col(BatchRow.stream) == stream)

    def look(session: Session) -> Page[schemas.BatchOut]:
        rows, following = page_of(session, query, BatchRow.id, cursor, limit)
        return Page[schemas.BatchOut](items=[views.batch_out(row) for row in rows], next=following)

    return door.read(look)


@router.get("/v1/anchors", response_model=Page[schemas.AnchorOut], responses=declared(CursorRefused))
def list_anchors(
    door: Annotated[ReadDoor, reads(Action.CHAIN_READ)],
    member: Hex32 | None = None,
    stream: Hex32 | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    """Anchors of every member, as read from the chain."""
    query = select(AnchorRow)
    if member is not None:
        query = query.where(col(AnchorRow.member) == member)
    if stream is not None:
        query = query.where(col(AnchorRow.stream) == stream)

    def look(session: Session) -> Page[schemas.AnchorOut]:
        rows, following = page_of(session, query, AnchorRow.id, cursor, limit)
        return Page[schemas.AnchorOut](items=[views.anchor_out(row) for row in rows], next=following)

    return door.read(look)


@router.get("/v1/agreements/{agreement}/loans/{loan}/record-chain", response_model=schemas.ChainOut)
def record_chain(agreement: Hex32, loan: Hex32, door: Annotated[ReadDoor, reads(Action.RECORDS_READ)]) -> Response:
    """How many records we have about a loan, and the running hash over them."""

    def look(session: Session) -> schemas.ChainOut:
        count, head = service.loan_chain(session, agreement, loan)
        return schemas.ChainOut(agreement=agreement, loan=loan, record_count=count, record_chain=head)

    return door.read(look)


@router.post(
    "/v1/records:open",
    response_class=StreamingResponse,
    responses={200: {"content": {NDJSON: {}}}, **declared(errors.RecordUnknown, errors.RecordNotAnchored)},
)
def open_records(body: schemas.OpenIn, door: Annotated[ReadDoor, reads(Action.RECORDS_OPEN)]) -> StreamingResponse:
    """Openings with inclusion proofs of chosen records, or of a seeded sample, for others to check: one a line."""
    lines = _opening_lines(door, body)
    first = next(lines, b"")  # what can be refused is refused before the answer begins
    return StreamingResponse(chain([first], lines), media_type=NDJSON)


@router.post("/v1/records:check", response_model=schemas.CheckOut, openapi_extra=_FILE_BODY)
async def check_openings(request: Request, door: Annotated[ReadDoor, reads(Action.RECORDS_CHECK)]) -> schemas.CheckOut:
    """Check a file of openings of other members, line by line, against the roots that we read from the chain."""
    check = _Check(door)
    await receiving.lines(request, check.take)
    return check.result()


@router.post("/v1/records:audit", response_model=schemas.AuditOut)
def audit(door: Annotated[ReadDoor, reads(Action.RECORDS_CHECK)]) -> schemas.AuditOut:
    """Recompute every root of our own logs from stored values and secrets, and compare with the chain's anchors."""
    with door.gateway.database.read() as session:
        return views.audit_out(list(audit_logs(session, door.gateway)))


def _required(session: Session, upload_id: str) -> UploadRow:
    found = repository.find_upload(session, upload_id)
    if found is None:
        raise errors.UploadUnknown("There is no such upload.", field="upload_id")
    return found


def _opening_lines(door: ReadDoor, body: schemas.OpenIn) -> Iterator[bytes]:
    gateway = door.gateway
    with ExitStack() as stack:
        session = stack.enter_context(gateway.database.read())
        digests = list(body.digests or [])
        if body.sample:
            digests += openings.sample(session, body.sample.count, body.sample.seed, body.stream)
        lines = openings.open_records(session, gateway, list(dict.fromkeys(digests)))
        with gateway.database.write() as writing:
            opened = {"client": door.client.client_id, "records": len(digests)}
            events.emit(writing, gateway.clock.now(), "records.opened", gateway.config.member_id.hex(), opened)
        yield from lines


class _Check:
    """Counts what holds and what does not, while lines come in."""

    def __init__(self, door: ReadDoor) -> None:
        self._database = door.gateway.database
        self._line = 0
        self._failed = 0
        self._failures: list[schemas.FailureOut] = []
        self._verified: dict[str, int] = {}

    def take(self, lines: list[bytes]) -> None:
        with self._database.read() as session:
            for raw in lines:
                self._line += 1
                if raw.strip():
                    self._one(session, raw)

    def _one(self, session: Session, raw: bytes) -> None:
        try:
            member = openings.check_line(session, raw, self._line).member.hex()
            self._verified[member] = self._verified.get(member, 0) + 1
        except TallystickError as refused:
            self._failed += 1
            if len(self._failures) < _MOST_FAILURES:
                self._failures.append(schemas.FailureOut(line=self._line, code=refused.code, detail=str(refused)))

    def result(self) -> schemas.CheckOut:
        verified = sum(self._verified.values())
        return schemas.CheckOut(
            checked=verified + self._failed,
            verified=verified,
            failed=self._failed,
            by_member=self._verified,
            failures=self._failures,
        )
