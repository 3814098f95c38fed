"""From rows to what goes over the wire."""

from tallystick.records import record_type
from tallystick_gateway.acts.service import submission_state
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.records import repository, schemas
from tallystick_gateway.records.audit import LogAudit
from tallystick_gateway.records.models import BatchRow, LogRow, RecordRow, UploadRow
from tallystick_gateway.records.prepare import values_of
from tallystick_gateway.records.service import Taken
from tallystick_gateway.watch.models import AnchorRow

__all__ = ["anchor_out", "audit_out", "batch_out", "log_out", "record_out", "taken_out", "upload_out"]

ACCEPTED = "accepted"
"""In our database, in no batch yet."""


def taken_out(taken: Taken) -> schemas.TakenOut:
    return schemas.TakenOut(
        source_system=taken.source_system,
        source_id=taken.source_id,
        digest=taken.digest,
        stream=taken.stream,
        log_index=taken.log_index,
        repeated=taken.repeated,
    )


def upload_out(upload: UploadRow) -> schemas.UploadOut:
    return schemas.UploadOut(
        id=upload.id,
        state=upload.state,
        file_name=upload.file_name,
        format=upload.format,
        encoding=upload.encoding,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        received_at=upload.received_at,
        finished_at=upload.finished_at,
        lines_read=upload.lines_read,
        accepted=upload.accepted,
        repeated=upload.repeated,
        rejected=upload.rejected,
        rejected_lines=f"/v1/uploads/{upload.id}/rejected",
        error=upload.error,
    )


def record_out(session: Session, gateway: Gateway, row: RecordRow) -> schemas.RecordOut:
    batch = repository.find_batch(session, row.stream, row.log_index)
    values = None
    if row.content is not None:
        values = values_of(record_type(row.kind, row.version), row.content, row.booking_date.isoformat())
    return schemas.RecordOut(
        digest=row.digest,
        stream=row.stream,
        log_index=row.log_index,
        loan=row.loan,
        type=row.kind,
        version=str(row.version),
        source_system=row.source_system,
        source_id=row.source_id,
        booking_date=row.booking_date,
        received_at=row.received_at,
        state=_state(session, gateway, batch),
        anchored_height=batch.anchored_height if batch else None,
        values=values,
    )


def log_out(session: Session, gateway: Gateway, log: LogRow) -> schemas.LogOut:
    anchored = sum(each.count for each in repository.anchors_of(session, session.owner, log.stream))
    open_batches = repository.open_batches(session, log.stream)
    contradicted = any(batch.contradicted for batch in open_batches)
    return schemas.LogOut(
        stream=log.stream,
        records=log.next_index,
        batched=log.batched,
        anchored=anchored,
        state="contradicted"
        if contradicted
        else _state(session, gateway, repository.latest_batch(session, log.stream)),
        open_batches=len(open_batches),
    )


def batch_out(batch: BatchRow) -> schemas.BatchOut:
    return schemas.BatchOut(
        stream=batch.stream,
        first_index=batch.first_index,
        count=batch.count,
        root=batch.root,
        previous=batch.previous,
        act_id=batch.act_id,
        submission_id=batch.submission_id,
        attempts=batch.attempts,
        made_at=batch.made_at,
        anchored_height=batch.anchored_height,
    )


def anchor_out(anchor: AnchorRow) -> schemas.AnchorOut:
    return schemas.AnchorOut(
        member=anchor.member,
        stream=anchor.stream,
        first_index=anchor.first_index,
        count=anchor.count,
        root=anchor.root,
        previous=anchor.previous,
        act_id=anchor.act_id,
        height=anchor.height,
    )


def audit_out(audits: list[LogAudit]) -> schemas.AuditOut:
    return schemas.AuditOut(
        agreed=not any(audit.differences for audit in audits),
        logs=[
            schemas.LogAuditOut(
                stream=audit.stream,
                records=audit.records,
                anchored=audit.anchored,
                anchors=audit.anchors,
                batches=audit.batches,
                erased=audit.erased,
                differences=[
                    schemas.DifferenceOut(code=each.code, detail=each.detail, first_index=each.first_index)
                    for each in audit.differences
                ],
            )
            for audit in audits
        ],
    )


def _state(session: Session, gateway: Gateway, batch: BatchRow | None) -> str:
    if batch is None:
        return ACCEPTED
    return submission_state(session, gateway, batch.submission_id).state.value
