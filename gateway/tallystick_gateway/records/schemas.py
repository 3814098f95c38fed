"""Records on the wire."""

from typing import Annotated

from pydantic import ConfigDict, Field

from tallystick_gateway.kit.wire import Day, Hex32, Instant, Wire

__all__ = [
    "AnchorOut",
    "AuditOut",
    "BatchOut",
    "ChainOut",
    "CheckOut",
    "DifferenceOut",
    "FailureOut",
    "LogAuditOut",
    "LogOut",
    "OpenIn",
    "RecordIn",
    "RecordOut",
    "RecordsIn",
    "RecordsOut",
    "SampleIn",
    "TakenOut",
    "UploadOut",
]

MOST_RECORDS = 1000
MOST_OPENED = 10_000

RecordIn = Annotated[
    dict[str, str],
    Field(
        description="`type`, the type's fields as text, and `loan_id` in place of `loan`; without `booking_date`.",
        examples=[
            {
                "type": "repayment",
                "agreement": "ab" * 32,
                "loan_id": "LC-17",
                "occurred_at": "2026-11-23T08:00:00Z",
                "reference": "March instalment",
                "source_system": "core-banking",
                "source_id": "TX-000017",
                "value_date": "2026-11-23",
                "currency": "USD",
                "principal": "125000",
                "interest": "310",
                "penalty": "0",
                "fees": "0",
            }
        ],
    ),
]


class RecordsIn(Wire):
    """A few records, all of them taken or none."""

    records: Annotated[list[RecordIn], Field(min_length=1, max_length=MOST_RECORDS)]
    arrival_date: Day | None = None


class TakenOut(Wire):
    """Where a record stands; `repeated` if it stood there before this request."""

    source_system: str
    source_id: str
    digest: Hex32
    stream: Hex32
    log_index: int
    repeated: bool


class RecordsOut(Wire):
    """What was taken, in the order given."""

    records: list[TakenOut]


class UploadOut(Wire):
    """A file of records and how far it is. `size_bytes` is as it arrived."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "3f6c1a529d0e4b7c8a550c1d2e3f4a5b",
                    "state": "done",
                    "file_name": "november.ndjson.gz",
                    "format": "ndjson",
                    "encoding": "gzip",
                    "size_bytes": 48213,
                    "sha256": "cd" * 32,
                    "received_at": "2026-11-23T08:00:00Z",
                    "finished_at": "2026-11-23T08:00:02Z",
                    "lines_read": 1000,
                    "accepted": 998,
                    "repeated": 1,
                    "rejected": 1,
                    "rejected_lines": "/v1/uploads/3f6c1a529d0e4b7c8a550c1d2e3f4a5b/rejected",
                    "error": None,
                }
            ]
        }
    )

    id: str
    state: str
    file_name: str | None
    format: str
    encoding: str | None
    size_bytes: int
    sha256: Hex32
    received_at: Instant
    finished_at: Instant | None
    lines_read: int
    accepted: int
    repeated: int
    rejected: int
    rejected_lines: str
    error: dict[str, object] | None


class RecordOut(Wire):
    """One record of our own log. `values` is null once erased; `state` is that of its batch's anchor."""

    digest: Hex32
    stream: Hex32
    log_index: int
    loan: Hex32
    type: str
    version: str
    source_system: str
    source_id: str
    booking_date: Day
    received_at: Instant
    state: str
    anchored_height: int | None
    values: dict[str, str] | None


class LogOut(Wire):
    """One of our own logs: how many records it has, how many are in batches, how many on the chain.

    `state` is that of the latest batch (`accepted` if there is none), `open_batches` those not on the chain yet.
    """

    stream: Hex32
    records: int
    batched: int
    anchored: int
    open_batches: int
    state: str


class BatchOut(Wire):
    """A batch and its anchor."""

    stream: Hex32
    first_index: int
    count: int
    root: Hex32
    previous: Hex32
    act_id: Hex32
    submission_id: str
    attempts: int
    made_at: Instant
    anchored_height: int | None


class AnchorOut(Wire):
    """An anchor on the chain, of any member."""

    member: Hex32
    stream: Hex32
    first_index: int
    count: int
    root: Hex32
    previous: Hex32
    act_id: Hex32
    height: int


class ChainOut(Wire):
    """(record_count, record_chain) of our records about one loan."""

    agreement: Hex32
    loan: Hex32
    record_count: int
    record_chain: Hex32


class SampleIn(Wire):
    """A sample that its seed fixes."""

    count: Annotated[int, Field(ge=1, le=MOST_OPENED)]
    seed: Annotated[str, Field(min_length=1, max_length=100)]


class OpenIn(Wire):
    """Which records to open: by digest, or a seeded sample of the anchored ones (of one log, if named)."""

    digests: Annotated[list[Hex32], Field(max_length=MOST_OPENED)] | None = None
    sample: SampleIn | None = None
    stream: Hex32 | None = None


class FailureOut(Wire):
    """A line of an openings file that does not hold."""

    line: int
    code: str
    detail: str


class CheckOut(Wire):
    """What came of checking a file of openings against the anchored roots of our own watcher."""

    checked: int
    verified: int
    failed: int
    by_member: dict[str, int]
    failures: list[FailureOut]


class DifferenceOut(Wire):
    code: str
    detail: str
    first_index: int


class LogAuditOut(Wire):
    """One log, recomputed from values and secrets."""

    stream: Hex32
    records: int
    anchored: int
    anchors: int
    batches: int
    erased: int
    differences: list[DifferenceOut]


class AuditOut(Wire):
    """All own logs; `agreed` only if nothing differs anywhere."""

    agreed: bool
    logs: list[LogAuditOut]
