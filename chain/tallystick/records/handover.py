"""Handing a record over: its opening with the proof that it is in an anchored batch of its author's log.

One JSON object, `tallystick-opening/1`; a file holds one a line (NDJSON). Hashes are lower-case hex without 0x:

    {"schema": "tallystick-opening/1", "member": …, "stream": …, "type": "repayment", "version": 1, "index": 17,
     "batch": {"first_index": 0, "count": 50, "root": …}, "inclusion": [node, …],
     "whole": {"record_secret": …, "values": {field: value, …}}}

or, in place of `whole`, chosen fields with the commitments of all (`value` null shows that a field is absent):

     "fields": [{"i": 0, "salt": …, "value": …}, …], "commits": [commit_0, …]

`index` counts in the log. The batch that it states is only a claim: the verifier compares it with the chain's event.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar, Final

import rfc8785

from tallystick import merkle, strictjson
from tallystick.records._wire import JsonReader
from tallystick.records.commitments import Digest
from tallystick.records.openings import (
    FieldOpening,
    Opening,
    OpeningRefused,
    PartialOpening,
    WholeOpening,
    open_fields,
    open_whole,
)
from tallystick.records.record import Record
from tallystick.records.registry import RecordType, record_type
from tallystick.strictjson import Json

__all__ = [
    "MAX_OPENING_BYTES",
    "SCHEMA",
    "AnchoredBatch",
    "BatchNotAnchored",
    "LoggedOpening",
    "OpenedRecord",
    "OpeningMalformed",
    "make_opening",
    "parse_opening",
    "read_openings",
    "verify_opening",
    "write_openings",
]

SCHEMA: Final = "tallystick-opening/1"
MAX_OPENING_BYTES: Final = 131_072
_MAX_PROOF_NODES: Final = 64
_OUTER_KEYS: Final = frozenset({"schema", "member", "stream", "type", "version", "index", "batch", "inclusion"})


class OpeningMalformed(OpeningRefused):
    """The text is no `tallystick-opening/1`: `where` names the member at fault."""

    code: ClassVar[str] = "opening.malformed"
    sentence: ClassVar[str] = "The opening is malformed at {where}: {reason}"
    advice: ClassVar[str] = "Ask for the file again; it holds one tallystick-opening/1 object a line."

    where: str
    reason: str
    line: int | None

    def __init__(self, where: str, reason: str, line: int | None) -> None:
        """Name the member at fault and, where one was given, the line."""
        place = "" if line is None else f"line {line}: "
        super().__init__(
            place + self.sentence.format(where=where, reason=reason), where=where, reason=reason, line=line
        )


class BatchNotAnchored(OpeningRefused):
    """The batch that the opening states is not the one anchored on chain."""

    code: ClassVar[str] = "opening.batch_not_anchored"
    sentence: ClassVar[str] = "The opening's {part} is not that of the batch anchored on chain"
    advice: ClassVar[str] = "Look up the anchor of this member, stream and index on chain; trust no other."

    part: str


@dataclass(frozen=True, slots=True)
class AnchoredBatch:
    """A batch of a member's log, as an `Anchored` event states it: who, which stream, from where, how many, root."""

    member: bytes
    stream: bytes
    first_index: int
    count: int
    root: bytes


@dataclass(frozen=True, slots=True)
class LoggedOpening:
    """An opening of the record at `index` of a log, with the path to the root of its batch. Nothing is verified yet."""

    kind: RecordType
    batch: AnchoredBatch
    index: int
    inclusion: tuple[bytes, ...]
    opening: Opening

    def to_json(self) -> bytes:
        """The wire form, in RFC 8785, without a line end."""
        batch = self.batch
        return rfc8785.dumps(
            {
                "schema": SCHEMA,
                "member": batch.member.hex(),
                "stream": batch.stream.hex(),
                "type": self.kind.name,
                "version": self.kind.version,
                "index": self.index,
                "batch": {"first_index": batch.first_index, "count": batch.count, "root": batch.root.hex()},
                "inclusion": [node.hex() for node in self.inclusion],
                **_opening_members(self.opening),
            }
        )


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """What a verified opening proves: that `member` logged a record with these values at `index` of `stream`.

    `disclosed` has the value of every opened field, None for one shown to be absent; `withheld` names the others, of
    which nothing is proved. That the values are *true* no proof can say.
    """

    member: bytes
    stream: bytes
    kind: RecordType
    index: int
    digest: Digest
    disclosed: Mapping[str, str | None] = field(repr=False)
    withheld: tuple[str, ...]


def make_opening(
    record: Record,
    record_secret: bytes,
    batch: AnchoredBatch,
    index: int,
    inclusion: Sequence[bytes],
    *,
    fields: Sequence[str] | None = None,
) -> LoggedOpening:
    """Open a logged record, whole or only the `fields` named.

    `inclusion` is the proof of leaf `index − batch.first_index`. Raises as `open_fields` does.
    """
    opening: Opening = (
        open_whole(record, record_secret) if fields is None else open_fields(record, record_secret, fields)
    )
    return LoggedOpening(record.type, batch, index, tuple(inclusion), opening)


def verify_opening(opening: LoggedOpening, anchored: AnchoredBatch) -> OpenedRecord:
    """Check an opening against the batch that the *chain* states for its member, stream and index.

    Raises `BatchNotAnchored` if it claims another batch, a subclass of `OpeningRefused` or a `RecordError` if it does
    not open its digest, and `merkle.InclusionInvalid` if the digest is not in the batch at this index.
    """
    for part in ("member", "stream", "first_index", "count", "root"):
        if getattr(opening.batch, part) != getattr(anchored, part):
            raise BatchNotAnchored(part=part)
    digest, disclosed = opening.opening.open(opening.kind, anchored.member, anchored.stream)
    place = opening.index - anchored.first_index
    merkle.verify_inclusion(merkle.leaf_hash(digest), place, anchored.count, opening.inclusion, anchored.root)
    withheld = tuple(each.name for each in opening.kind.fields if each.name not in disclosed)
    return OpenedRecord(anchored.member, anchored.stream, opening.kind, opening.index, digest, disclosed, withheld)


def write_openings(stream: BinaryIO, openings: Iterable[LoggedOpening]) -> int:
    """Write openings one a line; returns how many."""
    written = 0
    for opening in openings:
        stream.write(opening.to_json() + b"\n")
        written += 1
    return written


def read_openings(stream: BinaryIO) -> Iterator[LoggedOpening]:
    """Read openings one a line, at most `MAX_OPENING_BYTES` each; raises `OpeningMalformed`, naming the line."""
    line = 0
    while raw := stream.readline(MAX_OPENING_BYTES + 2):
        line += 1
        yield parse_opening(raw, line=line)


def parse_opening(raw: bytes, *, line: int | None = None) -> LoggedOpening:
    """Read one opening; raises `OpeningMalformed` for unknown, missing or doubled members and values out of bounds.

    The record type must be known: raises `TypeUnknown` or `VersionUnknown`.
    """
    reader = JsonReader(lambda where, reason: OpeningMalformed(where, reason, line))
    try:
        outer = strictjson.loads_object(raw, max_bytes=MAX_OPENING_BYTES)
    except strictjson.JsonMalformed as error:
        raise reader.malformed("the text", str(error)) from None
    reader.exactly(outer, _OUTER_KEYS | ({"whole"} if "whole" in outer else {"fields", "commits"}), "the object")
    if outer["schema"] != SCHEMA:
        raise reader.malformed("schema", f"it is not {SCHEMA}")
    kind = record_type(reader.text(outer, "type"), reader.integer(outer, "version"), line=line)
    batch = reader.object(outer, "batch", {"first_index", "count", "root"})
    return LoggedOpening(
        kind,
        AnchoredBatch(
            reader.hash(outer, "member"),
            reader.hash(outer, "stream"),
            reader.integer(batch, "first_index"),
            reader.integer(batch, "count"),
            reader.hash(batch, "root"),
        ),
        reader.integer(outer, "index"),
        reader.hashes(outer, "inclusion", _MAX_PROOF_NODES),
        _whole(reader, outer) if "whole" in outer else _partial(reader, outer, kind),
    )


def _opening_members(opening: Opening) -> dict[str, Any]:
    if isinstance(opening, WholeOpening):
        return {"whole": {"record_secret": opening.record_secret.hex(), "values": dict(opening.values)}}
    return {
        "fields": [{"i": each.position, "salt": each.salt.hex(), "value": each.value} for each in opening.fields],
        "commits": [each.hex() for each in opening.commits],
    }


def _whole(reader: JsonReader, outer: Mapping[str, Json]) -> WholeOpening:
    whole = reader.object(outer, "whole", {"record_secret", "values"})
    values = reader.object(whole, "values", None)
    return WholeOpening(reader.hash(whole, "record_secret"), {name: reader.text(values, name) for name in values})


def _partial(reader: JsonReader, outer: Mapping[str, Json], kind: RecordType) -> PartialOpening:
    most = len(kind.fields)
    opened = (reader.exactly(each, {"i", "salt", "value"}, "fields") for each in reader.list(outer, "fields", most))
    fields = tuple(
        FieldOpening(
            reader.integer(each, "i"),
            reader.hash(each, "salt"),
            None if each["value"] is None else reader.text(each, "value"),
        )
        for each in opened
    )
    return PartialOpening(fields, reader.hashes(outer, "commits", most))
