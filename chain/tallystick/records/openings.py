"""Opening a commitment: the whole record, or chosen fields and nothing of the others (`protocol.md` §1).

A record's secret opens every field, so it goes only with the whole record; a single field goes with its own salt and
the commitments of all fields. Everything that an opening brings must be used, and every field is opened once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tallystick.errors import TallystickError
from tallystick.records import commitments
from tallystick.records.commitments import Digest
from tallystick.records.errors import FieldMissing
from tallystick.records.record import Record, validate
from tallystick.records.registry import RecordType

__all__ = [
    "CommitUnopened",
    "FieldNotInType",
    "FieldOpenedTwice",
    "FieldOpening",
    "NothingOpened",
    "Opening",
    "OpeningRefused",
    "PartialOpening",
    "StreamContradicted",
    "WholeOpening",
    "WrongNumberOfCommits",
    "open_fields",
    "open_whole",
]


class OpeningRefused(TallystickError):
    """What was handed over does not open what it says."""

    code: ClassVar[str] = "opening.refused"
    sentence: ClassVar[str] = "The opening does not hold"
    advice: ClassVar[str] = "Ask the record's author for the opening again."


class CommitUnopened(OpeningRefused):
    """Salt and value do not give the commitment shown for the field."""

    code: ClassVar[str] = "opening.commit_unopened"
    sentence: ClassVar[str] = "The value shown for {field} is not the one that was committed to"

    field: str


class FieldOpenedTwice(OpeningRefused):
    """One field is opened more than once."""

    code: ClassVar[str] = "opening.field_twice"
    sentence: ClassVar[str] = "The field {field} is opened twice"

    field: str


class FieldNotInType(OpeningRefused):
    """An opening is for a position that the record type does not have, or for a name it does not have."""

    code: ClassVar[str] = "opening.field_not_in_type"
    sentence: ClassVar[str] = "A record of type {type} has no field {field}"

    type: str
    field: str


class NothingOpened(OpeningRefused):
    """No field is opened."""

    code: ClassVar[str] = "opening.nothing_opened"
    sentence: ClassVar[str] = "The opening opens no field"


class WrongNumberOfCommits(OpeningRefused):
    """There is not exactly one commitment of 32 bytes for each field of the type."""

    code: ClassVar[str] = "opening.commits_incomplete"
    sentence: ClassVar[str] = "The opening does not bring exactly {needed} commitments of 32 bytes"

    needed: int


class StreamContradicted(OpeningRefused):
    """The agreement in the record is not the stream it is said to be logged in."""

    code: ClassVar[str] = "opening.stream_contradicted"
    sentence: ClassVar[str] = "The record's agreement is not the stream it is said to be in"


@dataclass(frozen=True, slots=True)
class FieldOpening:
    """One field laid open; `value` None shows that an optional field is absent."""

    position: int
    salt: bytes = field(repr=False)
    value: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class WholeOpening:
    """A whole record laid open by its secret."""

    record_secret: bytes = field(repr=False)
    values: Mapping[str, str] = field(repr=False)

    def open(self, kind: RecordType, member: bytes, stream: bytes) -> tuple[Digest, dict[str, str | None]]:
        """Recompute the digest; returns it with the value of every field (None where absent).

        Raises `RecordError` for values that are no such record, and `StreamContradicted`.
        """
        record = validate(kind, self.values)
        if record.stream != stream:
            raise StreamContradicted
        digest = commitments.commit(record, member, self.record_secret).digest
        return digest, {each.name: record.values.get(each.name) for each in kind.fields}


@dataclass(frozen=True, slots=True)
class PartialOpening:
    """Some fields of a record laid open, with the commitments of all."""

    fields: tuple[FieldOpening, ...]
    commits: tuple[bytes, ...]

    def open(self, kind: RecordType, member: bytes, stream: bytes) -> tuple[Digest, dict[str, str | None]]:
        """Check every opened field against its commitment; returns the digest and the opened fields.

        Raises a subclass of `OpeningRefused`, or a `RecordError` for an opened value off its field's format.
        """
        if len(self.commits) != len(kind.fields) or any(len(each) != 32 for each in self.commits):
            raise WrongNumberOfCommits(needed=len(kind.fields))
        if not self.fields:
            raise NothingOpened
        disclosed: dict[str, str | None] = {}
        for opening in self.fields:
            name, value = self._open_one(kind, opening)
            if name in disclosed:
                raise FieldOpenedTwice(field=name)
            disclosed[name] = value
        if disclosed.get("agreement", stream.hex()) != stream.hex():
            raise StreamContradicted
        return commitments.digest_of(kind, member, stream, self.commits), disclosed

    def _open_one(self, kind: RecordType, opening: FieldOpening) -> tuple[str, str | None]:
        if not 0 <= opening.position < len(kind.fields):
            raise FieldNotInType(type=kind.name, field=str(opening.position))
        opened = kind.fields[opening.position]
        if opening.value is None and not opened.optional:
            raise FieldMissing(field=opened.name)
        if opening.value is not None and (fault := opened.fault(opening.value)):
            raise fault(field=opened.name, form=opened.format.form)
        shown = commitments.field_commit(opening.salt, opened.name, opening.value)
        if len(opening.salt) != 32 or shown != self.commits[opening.position]:
            raise CommitUnopened(field=opened.name)
        return opened.name, opening.value


Opening = WholeOpening | PartialOpening


def open_whole(record: Record, record_secret: bytes) -> WholeOpening:
    """Lay open a whole record."""
    return WholeOpening(record_secret, record.values)


def open_fields(record: Record, record_secret: bytes, names: Sequence[str]) -> PartialOpening:
    """Lay open the fields `names`, present or absent, and only these.

    Raises `FieldNotInType` and `FieldOpenedTwice`, and `NothingOpened` without names.
    """
    positions = {each.name: position for position, each in enumerate(record.type.fields)}
    if not names:
        raise NothingOpened
    for place, name in enumerate(names):
        if name not in positions:
            raise FieldNotInType(type=record.type.name, field=name)
        if name in names[:place]:
            raise FieldOpenedTwice(field=name)
    opened = tuple(
        FieldOpening(position, commitments.field_salt(record_secret, position), record.values.get(name))
        for name, position in ((name, positions[name]) for name in names)
    )
    every = commitments.commit(record, bytes(32), record_secret).commits
    return PartialOpening(opened, every)
