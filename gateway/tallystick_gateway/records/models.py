"""Tables of records: the member's logs, their batches, uploads and refused rows (anchors: `watch`)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from tallystick_gateway.kit.db import Bytes32, Owned, UtcDateTime

__all__ = ["BatchRow", "LogRow", "RecordRow", "RecordSecretRow", "RejectedRow", "UploadRow"]


class LogRow(Owned, table=True):
    """One of the member's own logs: a stream, how many records it has, and how many of them are in batches."""

    __tablename__ = "records_log"
    __table_args__ = (UniqueConstraint("owner", "stream"),)

    id: int | None = Field(default=None, primary_key=True)
    stream: bytes = Field(sa_type=Bytes32)
    next_index: int
    batched: int
    oldest_unbatched_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RecordRow(Owned, table=True):
    """One record of the member's own log. Never changed; `content` may be erased.

    `content` is a JSON array of the values in the order of the type's fields, `booking_date` left out (it has its own
    column), null where absent; `content_digest` = SHA-256(type ‖ 0x1f ‖ version ‖ 0x1f ‖ content).
    """

    __tablename__ = "records_record"
    __table_args__ = (
        UniqueConstraint("owner", "source_system", "source_id"),
        UniqueConstraint("owner", "stream", "log_index"),
        Index("ix_records_record_digest", "owner", "digest"),
        Index("ix_records_record_loan", "owner", "stream", "loan", "log_index"),
    )

    id: int | None = Field(default=None, primary_key=True)
    stream: bytes = Field(sa_type=Bytes32)
    log_index: int
    loan: bytes = Field(sa_type=Bytes32)
    kind: str = Field(max_length=32)
    version: int
    digest: bytes = Field(sa_type=Bytes32)
    source_system: str
    source_id: str
    booking_date: date
    content: str | None
    content_digest: bytes = Field(sa_type=Bytes32)
    upload_id: str | None = Field(default=None, max_length=32)
    line: int | None = None
    received_at: datetime = Field(sa_type=UtcDateTime)


class RecordSecretRow(Owned, table=True):
    """A record's secret, wrapped, apart from its values: destroying it makes the digest unopenable."""

    __tablename__ = "records_secret"

    record_id: int = Field(primary_key=True, foreign_key="records_record.id")
    wrapped: bytes | None = Field(sa_type=LargeBinary, nullable=True)


class BatchRow(Owned, table=True):
    """Records `first_index` … `first_index + count − 1` of a log, the root over their digests, and its anchoring."""

    __tablename__ = "records_batch"
    __table_args__ = (
        UniqueConstraint("owner", "stream", "first_index"),
        Index("ix_records_batch_open", "anchored_height"),
    )

    id: int | None = Field(default=None, primary_key=True)
    stream: bytes = Field(sa_type=Bytes32)
    first_index: int
    count: int
    root: bytes = Field(sa_type=Bytes32)
    previous: bytes = Field(sa_type=Bytes32)
    act_id: bytes = Field(sa_type=Bytes32)
    submission_id: str = Field(max_length=32)
    attempts: int = 1
    made_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime = Field(sa_type=UtcDateTime)
    anchored_height: int | None = None
    contradicted: bool = False


class UploadRow(Owned, table=True):
    """A file of records: received whole, then read piece by piece; each piece is one transaction.

    `position` is where reading goes on: bytes of the decoded file for NDJSON, rows for tables.
    """

    __tablename__ = "records_upload"
    __table_args__ = (Index("ix_records_upload_state", "owner", "state", "sequence"),)

    id: str = Field(primary_key=True, max_length=32)
    sequence: int
    client_id: str
    file_name: str | None = Field(default=None, max_length=200)
    format: str = Field(max_length=16)
    encoding: str | None = Field(default=None, max_length=16)
    size_bytes: int
    sha256: bytes = Field(sa_type=Bytes32)
    defaults: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    arrival_date: date | None = None
    state: str = Field(max_length=16)
    received_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    position: int = 0
    lines_read: int = 0
    accepted: int = 0
    repeated: int = 0
    rejected: int = 0
    error: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))


class RejectedRow(Owned, table=True):
    """A row of an upload that was refused: where and why, never what it said."""

    __tablename__ = "records_rejected"
    __table_args__ = (Index("ix_records_rejected_upload", "upload_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    upload_id: str = Field(foreign_key="records_upload.id", max_length=32)
    line: int
    field: str | None = Field(default=None, max_length=100)
    code: str = Field(max_length=100)
    detail: str = Field(max_length=500)
