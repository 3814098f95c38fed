"""All SQL on records, logs, batches, anchors and uploads."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, text
from sqlmodel import col, select

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import bulk_insert_raw
from tallystick_gateway.records.models import (
    BatchRow,
    LogRow,
    RecordRow,
    RecordSecretRow,
    RejectedRow,
    UploadRow,
)
from tallystick_gateway.records.prepare import Prepared
from tallystick_gateway.watch.models import AnchorRow

__all__ = [
    "Stored",
    "add_rejected",
    "add_upload",
    "anchor_covering",
    "anchored_streams",
    "anchors_of",
    "batches_of",
    "digests_of",
    "digests_of_loan",
    "find_batch",
    "find_by_digest",
    "find_by_source",
    "find_log",
    "find_upload",
    "insert_records",
    "latest_batch",
    "logs",
    "next_upload",
    "open_batches",
    "records_between",
    "rejected_of",
    "uploads_waiting",
    "waiting_records",
    "wrapped_secrets",
]

_RECORD_COLUMNS = (
    "id",
    "stream",
    "log_index",
    "loan",
    "kind",
    "version",
    "digest",
    "source_system",
    "source_id",
    "booking_date",
    "content",
    "content_digest",
    "upload_id",
    "line",
    "received_at",
)
_SQLITE_INSTANT = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True)
class Stored:
    """What the database holds under a source id."""

    content_digest: bytes
    digest: bytes
    stream: bytes
    log_index: int


def find_by_source(session: Session, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
    """The records that have these (source_system, source_id), by them."""
    found: dict[tuple[str, str], Stored] = {}
    query = text(
        "SELECT r.source_system, r.source_id, r.content_digest, r.digest, r.stream, r.log_index "
        "FROM json_each(:names) AS name CROSS JOIN records_record AS r "
        "WHERE r.owner = :owner AND r.source_system = json_extract(name.value, '$[0]') "
        "AND r.source_id = json_extract(name.value, '$[1]')"
    )
    rows = session.execute(query, {"names": json.dumps(names), "owner": session.owner})
    for system, source_id, content_digest, digest, stream, log_index in rows:
        found[system, source_id] = Stored(content_digest, digest, stream, log_index)
    return found


def find_log(session: Session, stream: bytes) -> LogRow | None:
    """The member's own log of this stream."""
    return session.exec(select(LogRow).where(col(LogRow.stream) == stream)).first()


def logs(session: Session) -> Sequence[LogRow]:
    """All own logs."""
    return session.exec(select(LogRow).order_by(col(LogRow.id))).all()


def insert_records(
    session: Session, rows: Sequence[tuple[int, Prepared]], upload_id: str | None, received_at: datetime
) -> None:
    """Store records at their log indices, and their wrapped secrets apart from them."""
    last_id = session.exec(select(func.max(col(RecordRow.id)))).one() or 0
    at = received_at.strftime(_SQLITE_INSTANT)
    records, secrets = [], []
    for record_id, (log_index, row) in enumerate(rows, last_id + 1):
        records.append(
            (
                record_id,
                row.stream,
                log_index,
                row.loan,
                row.kind.name,
                row.kind.version,
                row.digest,
                row.source_system,
                row.source_id,
                row.booking_date,
                row.content,
                row.content_digest,
                upload_id,
                row.line if upload_id else None,
                at,
            )
        )
        secrets.append((record_id, row.wrapped_secret))
    bulk_insert_raw(session, RecordRow, _RECORD_COLUMNS, records)
    bulk_insert_raw(session, RecordSecretRow, ("record_id", "wrapped"), secrets)


def find_by_digest(session: Session, digests: Iterable[bytes]) -> list[RecordRow]:
    """Records with these digests, those that exist."""
    found: list[RecordRow] = []
    wanted = list(digests)
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        found += session.exec(select(RecordRow).where(col(RecordRow.digest).in_(some)))
    return found


def records_between(session: Session, stream: bytes, first: int, end: int) -> list[tuple[RecordRow, bytes | None]]:
    """Records `first` … `end − 1` of a log in order, each with its wrapped secret (None if destroyed)."""
    query = (
        select(RecordRow, RecordSecretRow)
        .join(RecordSecretRow, col(RecordSecretRow.record_id) == col(RecordRow.id), isouter=True)
        .where(col(RecordRow.stream) == stream, col(RecordRow.log_index) >= first, col(RecordRow.log_index) < end)
        .order_by(col(RecordRow.log_index))
    )
    return [(record, secret.wrapped if secret else None) for record, secret in session.exec(query)]


def wrapped_secrets(session: Session, record_ids: Sequence[int]) -> dict[int, bytes]:
    """The wrapped secrets of records, by the records' ids; destroyed ones are missing."""
    found: dict[int, bytes] = {}
    for start in range(0, len(record_ids), 500):
        some = record_ids[start : start + 500]
        rows = session.exec(select(RecordSecretRow).where(col(RecordSecretRow.record_id).in_(some)))
        found.update({row.record_id: row.wrapped for row in rows if row.wrapped is not None})
    return found


def digests_of(session: Session, stream: bytes, first: int, count: int) -> list[bytes]:
    """The digests of `count` records of a log from `first` on, in order."""
    query = (
        select(RecordRow.digest)
        .where(col(RecordRow.stream) == stream)
        .where(col(RecordRow.log_index) >= first, col(RecordRow.log_index) < first + count)
        .order_by(col(RecordRow.log_index))
    )
    return list(session.exec(query))


def digests_of_loan(session: Session, stream: bytes, loan: bytes) -> Iterator[bytes]:
    """The digests of the member's records about one loan, in log order."""
    query = (
        select(RecordRow.digest)
        .where(col(RecordRow.stream) == stream, col(RecordRow.loan) == loan)
        .order_by(col(RecordRow.log_index))
    )
    return iter(session.exec(query))


def waiting_records(session: Session) -> int:
    """How many own records are in no batch yet."""
    waiting = session.exec(select(func.coalesce(func.sum(col(LogRow.next_index) - col(LogRow.batched)), 0))).one()
    return int(waiting)


def batches_of(session: Session, stream: bytes, after: int, limit: int) -> Sequence[BatchRow]:
    """Own batches of a log whose first index is above `after`, ascending."""
    query = select(BatchRow).where(col(BatchRow.stream) == stream, col(BatchRow.first_index) > after)
    return session.exec(query.order_by(col(BatchRow.first_index)).limit(limit)).all()


def find_batch(session: Session, stream: bytes, log_index: int) -> BatchRow | None:
    """The own batch that holds this record."""
    query = select(BatchRow).where(col(BatchRow.stream) == stream, col(BatchRow.first_index) <= log_index)
    batch = session.exec(query.order_by(col(BatchRow.first_index).desc()).limit(1)).first()
    return batch if batch and log_index < batch.first_index + batch.count else None


def latest_batch(session: Session, stream: bytes) -> BatchRow | None:
    """The last batch made of a log."""
    query = select(BatchRow).where(col(BatchRow.stream) == stream)
    return session.exec(query.order_by(col(BatchRow.first_index).desc()).limit(1)).first()


def open_batches(session: Session, stream: bytes) -> Sequence[BatchRow]:
    """Batches of a log that are not on the chain yet, in order."""
    query = select(BatchRow).where(col(BatchRow.stream) == stream, col(BatchRow.anchored_height).is_(None))
    return session.exec(query.order_by(col(BatchRow.first_index))).all()


def anchor_covering(session: Session, member: bytes, stream: bytes, log_index: int) -> AnchorRow | None:
    """The anchor whose range holds `log_index`."""
    query = select(AnchorRow).where(col(AnchorRow.member) == member, col(AnchorRow.stream) == stream)
    query = query.where(col(AnchorRow.first_index) <= log_index).order_by(col(AnchorRow.first_index).desc()).limit(1)
    anchor = session.exec(query).first()
    return anchor if anchor and log_index < anchor.first_index + anchor.count else None


def anchors_of(session: Session, member: bytes, stream: bytes) -> Sequence[AnchorRow]:
    """All anchors of a member's log, in order."""
    query = select(AnchorRow).where(col(AnchorRow.member) == member, col(AnchorRow.stream) == stream)
    return session.exec(query.order_by(col(AnchorRow.first_index))).all()


def anchored_streams(session: Session, member: bytes) -> set[bytes]:
    """The streams of all logs that the chain knows of a member."""
    return set(session.exec(select(AnchorRow.stream).where(col(AnchorRow.member) == member).distinct()))


def find_upload(session: Session, upload_id: str) -> UploadRow | None:
    """An upload by its id."""
    return session.exec(select(UploadRow).where(col(UploadRow.id) == upload_id)).first()


def add_upload(session: Session, upload: UploadRow) -> None:
    """Take an upload into the queue."""
    last = session.exec(select(func.max(col(UploadRow.sequence)))).one() or 0
    upload.sequence = last + 1
    session.add(upload)


def next_upload(session: Session) -> UploadRow | None:
    """The upload to work on: the oldest that is not done."""
    query = select(UploadRow).where(col(UploadRow.state).in_(["received", "working"]))
    return session.exec(query.order_by(col(UploadRow.sequence)).limit(1)).first()


def uploads_waiting(session: Session) -> int:
    """How many uploads are not done."""
    query = select(func.count()).select_from(UploadRow).where(col(UploadRow.state).in_(["received", "working"]))
    return int(session.exec(query).one())


def add_rejected(session: Session, rows: Sequence[tuple[str, int, str | None, str, str]]) -> None:
    """Keep refusals: (upload id, line, field, code, detail)."""
    bulk_insert_raw(session, RejectedRow, ("upload_id", "line", "field", "code", "detail"), rows)


def rejected_of(session: Session, upload_id: str, after_id: int, limit: int) -> Sequence[RejectedRow]:
    """Refusals of an upload after row `after_id`, in order."""
    query = select(RejectedRow).where(col(RejectedRow.upload_id) == upload_id, col(RejectedRow.id) > after_id)
    return session.exec(query.order_by(col(RejectedRow.id)).limit(limit)).all()
