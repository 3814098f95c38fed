"""The author's own audit: every batch root recomputed from stored values and secrets, and compared with the chain.

Stored digests are not believed: they are recomputed too. Memory is bounded by one piece of records and the leaf hashes
of one batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tallystick import merkle
from tallystick.errors import TallystickError
from tallystick.records import commit, record_type, validate
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.records import repository
from tallystick_gateway.records.models import RecordRow
from tallystick_gateway.records.prepare import values_of
from tallystick_gateway.watch.models import AnchorRow

__all__ = ["Difference", "LogAudit", "audit_logs"]

_PIECE = 2048
_FIRST_PREVIOUS = bytes(32)

Stored = tuple[RecordRow, bytes | None]


@dataclass(frozen=True)
class Difference:
    """Where the database and the chain do not agree, in words."""

    code: str
    detail: str
    first_index: int


@dataclass
class LogAudit:
    """One log: what was recomputed, what the chain holds, and every difference."""

    stream: bytes
    records: int
    anchored: int
    batches: int = 0
    anchors: int = 0
    erased: int = 0
    differences: list[Difference] = field(default_factory=list)

    def differs(self, code: str, detail: str, first_index: int) -> None:
        self.differences.append(Difference(code, detail, first_index))


def audit_logs(session: Session, gateway: Gateway) -> Iterator[LogAudit]:
    """Audit every own log, known to us or to the chain, one after the other, over one snapshot of the database."""
    records = {log.stream: log.next_index for log in repository.logs(session)}
    for stream in sorted({*records, *repository.anchored_streams(session, session.owner)}):
        anchors = repository.anchors_of(session, session.owner, stream)
        audit = LogAudit(stream, records=records.get(stream, 0), anchored=sum(each.count for each in anchors))
        audit.anchors = len(anchors)
        _chained(audit, anchors)
        for anchor in anchors:
            _compare(session, gateway, audit, anchor)
        yield audit


def _chained(audit: LogAudit, anchors: Sequence[AnchorRow]) -> None:
    """The anchors follow each other without gap or fork."""
    expected, previous = 0, _FIRST_PREVIOUS
    for anchor in anchors:
        if anchor.first_index != expected:
            audit.differs("anchor.gap", f"an anchor begins at {anchor.first_index}, not {expected}", anchor.first_index)
        if anchor.previous != previous:
            audit.differs("anchor.fork", "an anchor does not follow the one before it", anchor.first_index)
        expected, previous = anchor.first_index + anchor.count, anchor.act_id


def _compare(session: Session, gateway: Gateway, audit: LogAudit, anchor: AnchorRow) -> None:
    audit.batches += 1
    leaves: list[bytes] = []
    end = anchor.first_index + anchor.count
    for first in range(anchor.first_index, end, _PIECE):
        rows = repository.records_between(session, anchor.stream, first, min(first + _PIECE, end))
        for expected, (row, _) in enumerate(rows, first):
            if row.log_index != expected:
                audit.differs("record.missing", f"record {expected} is missing", expected)
                return
        recomputed = _digests(gateway, audit, rows)
        for (row, _), digest in zip(rows, recomputed, strict=True):
            if digest != row.digest:
                audit.differs("record.digest", f"record {row.log_index} does not give its digest", row.log_index)
        leaves += map(merkle.leaf_hash, recomputed)
    if len(leaves) != anchor.count:
        audit.differs("batch.count", f"{len(leaves)} records where {anchor.count} are anchored", anchor.first_index)
    elif merkle.root(leaves) != anchor.root:
        audit.differs("batch.root", "the records do not lead to the anchored root", anchor.first_index)


def _digests(gateway: Gateway, audit: LogAudit, rows: Sequence[Stored]) -> list[bytes]:
    """Recomputed digests in the order of `rows`. Of an erased record only the stored digest is left; it is counted."""
    digests: list[bytes] = []
    for row, wrapped in rows:
        if row.content is None or wrapped is None:
            audit.erased += 1
            digests.append(row.digest)
        else:
            digests.append(_recomputed(gateway, row, wrapped))
    return digests


def _recomputed(gateway: Gateway, row: RecordRow, wrapped: bytes) -> bytes:
    """The digest that values and secret give; zeros if they are no record (any more)."""
    kind = record_type(row.kind, row.version)
    try:
        record = validate(kind, values_of(kind, row.content or "", row.booking_date.isoformat()))
        secret = gateway.vault.unwrap(wrapped, row.digest)
    except (TallystickError, ValueError):
        return bytes(32)
    return commit(record, gateway.config.member_id, secret).digest
