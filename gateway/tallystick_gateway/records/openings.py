"""Openings: handing records to others so that they can check them alone, and checking those of others.

One JSON object a line (`tallystick-opening/1`): whose log, where in it, the record's type, values and secret, and the
way from its leaf to the batch's root. Root and size are not in it: whoever checks takes them from the chain.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tallystick import merkle
from tallystick.records import WholeOpening, record_type
from tallystick.strictjson import Json, loads_object
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.records import errors, repository
from tallystick_gateway.records.models import RecordRow
from tallystick_gateway.records.prepare import values_of
from tallystick_gateway.watch.models import AnchorRow

__all__ = ["FORMAT", "Checked", "check_line", "open_records", "sample"]

FORMAT = "tallystick-opening/1"
MAX_LINE_BYTES = 512 * 1024


class OpeningMalformed(GatewayError):
    """The line is not an opening"""

    status = 422
    code = "opening.malformed"
    advice = "Use the file as the author's gateway wrote it (POST /v1/records:open)."


class AnchorUnknown(GatewayError):
    """The chain holds no anchor for this place in the log"""

    status = 409
    code = "opening.anchor_unknown"
    advice = "Wait until this gateway has read the anchor's block; if it has, the opening is of no anchored record."


class AnchorDiffers(GatewayError):
    """Our own batch is not what the chain holds"""

    status = 503
    code = "opening.anchor_differs"
    advice = "Run the audit (POST /v1/records:audit)."


@dataclass(frozen=True)
class Checked:
    """An opening that holds: which record of which log, and the anchor that proves it."""

    member: bytes
    stream: bytes
    log_index: int
    digest: bytes
    loan: str
    kind: str
    anchor: bytes
    values: dict[str, str | None] = field(repr=False)


def sample(session: Session, count: int, seed: str, stream: bytes | None) -> list[bytes]:
    """Digests of `count` anchored records of our own logs (all, if there are fewer), fixed by `seed`.

    Draw i is SHA-256(seed ‖ 0x1f ‖ i) modulo the number of anchored records, in log order, logs in order of their
    streams; a record drawn before is skipped. So whoever knows the logs' sizes can tell that the draw was fair.
    """
    anchored = [
        (log.stream, anchor)
        for log in sorted(repository.logs(session), key=lambda log: log.stream)
        if stream is None or log.stream == stream
        for anchor in repository.anchors_of(session, session.owner, log.stream)
    ]
    total = sum(anchor.count for _, anchor in anchored)
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


def check_line(session: Session, raw: bytes) -> Checked:
    """Check one opening against the root that this gateway has read from the chain.

    Raises `OpeningMalformed`, `AnchorUnknown`, an `OpeningRefused`, a `RecordError` or `InclusionInvalid`.
    """
    stated = _Stated(loads_object(raw, max_bytes=MAX_LINE_BYTES, max_depth=4))
    anchor = repository.anchor_covering(session, stated.member, stated.stream, stated.log_index)
    if anchor is None:
        raise AnchorUnknown("The chain holds no anchor for this place in the log.", log_index=stated.log_index)
    kind = record_type(stated.text("type"), stated.number("version"))
    opening = WholeOpening(stated.hash("record_secret"), stated.values())
    digest, values = opening.open(kind, stated.member, stated.stream)
    place = stated.log_index - anchor.first_index
    merkle.verify_inclusion(merkle.leaf_hash(digest), place, anchor.count, stated.hashes("proof"), anchor.root)
    return Checked(
        stated.member, stated.stream, stated.log_index, digest, str(values["loan"]), kind.name, anchor.act_id, values
    )


def _digest_at(session: Session, anchored: Sequence[tuple[bytes, AnchorRow]], place: int) -> bytes:
    for stream, anchor in anchored:
        if place < anchor.count:
            return repository.digests_of(session, stream, anchor.first_index + place, 1)[0]
        place -= anchor.count
    raise IndexError(place)


def _lines(session: Session, gateway: Gateway, chosen: Iterable[tuple[AnchorRow, list[RecordRow]]]) -> Iterator[bytes]:
    for anchor, rows in chosen:
        digests = repository.digests_of(session, anchor.stream, anchor.first_index, anchor.count)
        tree = merkle.Tree([merkle.leaf_hash(digest) for digest in digests])
        if (tree.size, tree.root) != (anchor.count, anchor.root):
            raise AnchorDiffers("Our records do not lead to the anchored root.", first_index=anchor.first_index)
        secrets = repository.wrapped_secrets(session, [row.id for row in rows if row.id is not None])
        for row in rows:
            wrapped = secrets.get(row.id or 0)
            if row.content is None or wrapped is None:
                raise errors.RecordUnknown("The record was erased.", digest=row.digest)
            yield _line(
                row, gateway.vault.unwrap(wrapped, row.digest), tree.inclusion_proof(row.log_index - anchor.first_index)
            )


def _line(row: RecordRow, record_secret: bytes, proof: Sequence[bytes]) -> bytes:
    opening: dict[str, Any] = {
        "format": FORMAT,
        "member": row.owner.hex(),
        "stream": row.stream.hex(),
        "log_index": str(row.log_index),
        "type": row.kind,
        "version": str(row.version),
        "values": values_of(record_type(row.kind, row.version), row.content or "", row.booking_date.isoformat()),
        "record_secret": record_secret.hex(),
        "proof": [node.hex() for node in proof],
    }
    return json.dumps(opening, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


_MEMBERS = frozenset({"format", "member", "stream", "log_index", "type", "version", "values", "record_secret", "proof"})


class _Stated:
    """What an opening says, member by member. Every reader raises `OpeningMalformed`."""

    def __init__(self, opening: Any) -> None:
        self._opening = opening
        if opening.keys() != _MEMBERS or opening["format"] != FORMAT:
            raise OpeningMalformed(f"The line is no {FORMAT}.")
        self.member = self.hash("member")
        self.stream = self.hash("stream")
        self.log_index = self.number("log_index")

    def text(self, name: str) -> str:
        value = self._opening[name]
        if not isinstance(value, str):
            raise OpeningMalformed(f"{name} is not text.", field=name)
        return value

    def number(self, name: str) -> int:
        text = self.text(name)
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise OpeningMalformed(f"{name} is not a number in digits.", field=name)
        return int(text)

    def hash(self, name: str) -> bytes:
        return _hash(self.text(name), name)

    def hashes(self, name: str) -> list[bytes]:
        value: Json = self._opening[name]
        if not isinstance(value, list) or len(value) > 64:
            raise OpeningMalformed(f"{name} is not a list of hashes.", field=name)
        return [_hash(str(each), name) for each in value]

    def values(self) -> dict[str, str]:
        value = self._opening["values"]
        if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
            raise OpeningMalformed("values is not an object of text.", field="values")
        return value


def _hash(text: str, name: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != 32 or text != value.hex():
        raise OpeningMalformed(f"{name} is not 64 lower-case hex digits.", field=name)
    return value
