"""Openings: handing records to others so that they can check them alone, and checking those of others.

A file of `tallystick-opening/1` (`tallystick.records.handover`), one a line. The batch that an opening names is only a
claim: it is compared with the anchor that this gateway's own watcher has read from the chain.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from tallystick import merkle
from tallystick.records import Record, record_type, validate
from tallystick.records.handover import (
    AnchoredBatch,
    LoggedOpening,
    OpenedRecord,
    make_opening,
    parse_opening,
    verify_opening,
)
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.records import errors, repository
from tallystick_gateway.records.models import RecordRow
from tallystick_gateway.records.prepare import values_of
from tallystick_gateway.watch.models import AnchorRow

__all__ = ["AnchorDiffers", "AnchorUnknown", "check_line", "open_records", "open_under", "sample"]

FieldsOf = Callable[[RecordRow], Sequence[str] | None]
"""The fields of a record that are to be shown; None for the whole record."""


class AnchorUnknown(GatewayError):
    """The chain holds no anchor for this place in the log"""

    status = 409
    code = "opening.anchor_unknown"
    advice = "Wait until this gateway has read the anchor's block; if it has, the opening is of no anchored record."


class AnchorDiffers(GatewayError):
    """Our own records do not lead to what the chain holds"""

    status = 503
    code = "opening.anchor_differs"
    advice = "Run the audit (POST /v1/records:audit)."


def sample(session: Session, count: int, seed: str, stream: bytes | None) -> list[bytes]:
    """Digests of `count` anchored records of our own logs (all, if there are fewer), fixed by `seed`.

    Draw i is SHA-256(seed ‖ 0x1f ‖ i) modulo the number of anchored records, in log order, logs in the order of their
    streams; a record drawn before is skipped. So whoever knows the logs' sizes can tell that the draw was fair.
    """
    anchored = [
        anchor
        for log in sorted(repository.logs(session), key=lambda log: log.stream)
        if stream is None or log.stream == stream
        for anchor in repository.anchors_of(session, session.owner, log.stream)
    ]
    total = sum(anchor.count for anchor in anchored)
    drawn: dict[int, None] = {}
    draw = 0
    while len(drawn) < min(count, total):
        digest = hashlib.sha256(f"{seed}\x1f{draw}".encode()).digest()
        drawn.setdefault(int.from_bytes(digest) % total)
        draw += 1
    return [_digest_at(session, anchored, place) for place in drawn]


def open_records(session: Session, gateway: Gateway, digests: Sequence[bytes]) -> Iterator[bytes]:
    """Openings with inclusion proofs, a line each, in the order of the logs.

    Raises `RecordUnknown`, `RecordNotAnchored` before the first line; `AnchorDiffers` if our records do not lead to
    the anchored root.
    """
    found = {row.digest: row for row in repository.find_by_digest(session, digests)}
    if missing := [digest for digest in digests if digest not in found]:
        raise errors.RecordUnknown("There is no such record in our logs.", field="digests", digest=missing[0])
    by_anchor: dict[int, tuple[AnchorRow, list[RecordRow]]] = {}
    for row in sorted(found.values(), key=lambda row: (row.stream, row.log_index)):
        anchor = repository.anchor_covering(session, session.owner, row.stream, row.log_index)
        if anchor is None:
            raise errors.RecordNotAnchored("The record is not anchored yet.", field="digests", digest=row.digest)
        by_anchor.setdefault(anchor.id or 0, (anchor, []))[1].append(row)
    return _lines(session, gateway, list(by_anchor.values()))


def open_under(
    session: Session, gateway: Gateway, anchor: AnchorRow, pages: Iterable[Sequence[RecordRow]], fields_of: FieldsOf
) -> Iterator[LoggedOpening]:
    """Openings of records that all stand under one anchor of our own log, page by page, with inclusion proofs.

    Raises `AnchorDiffers`, `RecordUnknown` for a record that was erased, and as `make_opening` does.
    """
    digests = repository.digests_of(session, anchor.stream, anchor.first_index, anchor.count)
    tree = merkle.Tree([merkle.leaf_hash(digest) for digest in digests])
    if (tree.size, tree.root) != (anchor.count, anchor.root):
        raise AnchorDiffers("Our records do not lead to the anchored root.", first_index=anchor.first_index)
    batch = _batch(anchor)
    for rows in pages:
        secrets = repository.wrapped_secrets(session, [row.id for row in rows if row.id is not None])
        for row in rows:
            record, secret = _whole(gateway, row, secrets.get(row.id or 0))
            proof = tree.inclusion_proof(row.log_index - anchor.first_index)
            yield make_opening(record, secret, batch, row.log_index, proof, fields=fields_of(row))


def _whole(gateway: Gateway, row: RecordRow, wrapped: bytes | None) -> tuple[Record, bytes]:
    if row.content is None or wrapped is None:
        raise errors.RecordUnknown("The record was erased.", digest=row.digest)
    kind = record_type(row.kind, row.version)
    record = validate(kind, values_of(kind, row.content, row.booking_date.isoformat()))
    return record, gateway.vault.unwrap(wrapped, row.digest)


def check_line(session: Session, raw: bytes, line: int) -> OpenedRecord:
    """Check one opening against the root that this gateway has read from the chain.

    Raises `AnchorUnknown`, an `OpeningRefused` (malformed, another batch, not opened), a `RecordError`, or
    `InclusionInvalid`.
    """
    opening = parse_opening(raw, line=line)
    batch = opening.batch
    anchor = repository.anchor_covering(session, batch.member, batch.stream, opening.index)
    if anchor is None:
        raise AnchorUnknown("The chain holds no anchor for this place in the log.", line=line, index=opening.index)
    return verify_opening(opening, _batch(anchor))


def _batch(anchor: AnchorRow) -> AnchoredBatch:
    return AnchoredBatch(anchor.member, anchor.stream, anchor.first_index, anchor.count, anchor.root)


def _digest_at(session: Session, anchored: Sequence[AnchorRow], place: int) -> bytes:
    for anchor in anchored:
        if place < anchor.count:
            return repository.digests_of(session, anchor.stream, anchor.first_index + place, 1)[0]
        place -= anchor.count
    raise IndexError(place)


def _lines(session: Session, gateway: Gateway, chosen: Iterable[tuple[AnchorRow, list[RecordRow]]]) -> Iterator[bytes]:
    for anchor, rows in chosen:
        for opening in open_under(session, gateway, anchor, [rows], lambda _row: None):
            yield opening.to_json() + b"\n"
