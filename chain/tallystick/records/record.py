"""Reading a record: the door through which every record comes (`protocol.md` §1).

On the wire, for people and in packages a record is one flat JSON object in which every value is a non-empty string:

    {"type": "repayment", "version": "1", "agreement": "5f…", "loan": "a0…", "occurred_at": "2024-02-29T09:30:00Z", …}

`type` and `version` stand beside the fields and are no fields themselves; `version` may be left out for version 1.
Its canonical form is RFC 8785 with both. An absent optional field is left out; the empty string is refused.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import rfc8785

from tallystick import strictjson
from tallystick.records import errors
from tallystick.records.registry import MAX_JCS_BYTES, RecordType, record_type

__all__ = ["MAX_LINE_BYTES", "Record", "parse", "type_of", "unwrap", "validate"]

MAX_LINE_BYTES: Final = 6 * MAX_JCS_BYTES
"""No record is longer on the wire: an escape such as \\u00e9 writes one byte of the canonical form with six at most."""


@dataclass(frozen=True, slots=True)
class Record:
    """One business event that has come through `parse` or `validate`: all its values are right."""

    type: RecordType
    values: Mapping[str, str] = field(repr=False)

    @property
    def stream(self) -> bytes:
        """The stream of the member's log that the record belongs to: its agreement."""
        return bytes.fromhex(self.values["agreement"])

    @property
    def loan(self) -> bytes:
        """The loan key."""
        return bytes.fromhex(self.values["loan"])

    def jcs(self) -> bytes:
        """The record as people and packages see it: RFC 8785, with `type` and `version`."""
        return rfc8785.dumps({"type": self.type.name, "version": str(self.type.version), **self.values})


def parse(raw: bytes | str, *, line: int | None = None) -> Record:
    """Read one record from its wire form; `line` only goes into errors.

    Raises a subclass of `RecordError` that names the field: for anything but one flat JSON object of strings (no
    duplicate names, no byte order mark, no numbers), an unknown type, version or field, a missing required field, and
    a value off its format. Faults of the whole come before faults of fields; of these the first in the type's order
    is named.
    """
    kind, values = unwrap(raw, line=line)
    return validate(kind, values, line=line)


def unwrap(raw: bytes | str, *, line: int | None = None) -> tuple[RecordType, dict[str, object]]:
    """Read the wire form as far as the record's type; what stands beside it is not checked yet.

    Raises as `parse` does, for faults of the whole.
    """
    members = _members(raw, line)
    kind = type_of(members, line=line)
    del members["type"]
    members.pop("version", None)
    return kind, members


def type_of(members: Mapping[str, object], *, line: int | None = None) -> RecordType:
    """The type that `type` and `version`, if it is there, name among the members of a record's wire form.

    Raises `TypeMissing`, `TypeUnknown`, `VersionUnknown` or `ValueNotText`.
    """
    if "type" not in members:
        raise errors.TypeMissing(line=line, field="type")
    name, version = members["type"], members.get("version", "1")
    for member, value in (("type", name), ("version", version)):
        if not isinstance(value, str):
            raise errors.ValueNotText(line=line, field=member)
    kind = record_type(str(name), line=line)
    if version == "1":
        return kind
    if not _VERSION.fullmatch(str(version)):
        raise errors.VersionUnknown(line=line, field="version", type=kind.name)
    return record_type(kind.name, int(str(version)), line=line)


def validate(kind: RecordType, values: Mapping[str, object], *, line: int | None = None) -> Record:
    """Let in the values of a record of a known type, absent fields left out; raises as `parse` does."""
    if unknown := values.keys() - kind.names:
        raise errors.FieldUnknown(line=line, field=min(unknown), type=kind.name)
    kept: dict[str, str] = {}
    for each in kind.fields:
        value = values.get(each.name)
        if isinstance(value, str):
            if fault := each.fault(value):
                raise fault(line=line, field=each.name, form=each.format.form)
            kept[each.name] = value
        elif each.name in values:
            raise errors.ValueNotText(line=line, field=each.name)
        elif not each.optional:
            raise errors.FieldMissing(line=line, field=each.name)
    return Record(kind, MappingProxyType(kept))


_NOT_TEXT: Final = object()
"""Stands for every number, NaN and infinity in a text; none of them is ever converted."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise errors.FieldTwice(field=next(name for name in names if names.count(name) > 1))
    return members


def _members(raw: bytes | str, line: int | None) -> dict[str, object]:
    if len(raw) > MAX_LINE_BYTES:
        raise errors.TooLarge(line=line, size=len(raw), most=MAX_LINE_BYTES)
    try:
        text = raw if isinstance(raw, str) else raw.decode()
    except UnicodeDecodeError as error:
        raise errors.NotUtf8(line=line, offset=error.start) from None
    if text.startswith("\ufeff"):
        raise errors.ByteOrderMark(line=line)
    try:
        strictjson.check_depth(text)
    except strictjson.JsonMalformed:
        raise errors.TooDeep(line=line) from None
    try:
        members = _decode(text)
    except json.JSONDecodeError as error:
        raise errors.NotJson(line=line, reason=error.msg, offset=error.pos) from None
    except errors.FieldTwice as error:
        raise errors.FieldTwice(line=line, field=error.field) from None
    if not isinstance(members, dict):
        raise errors.NotAnObject(line=line)
    return members


_decode: Final = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=lambda _: _NOT_TEXT,
    parse_float=lambda _: _NOT_TEXT,
    parse_constant=lambda _: _NOT_TEXT,
).decode
_VERSION: Final = re.compile("[1-9][0-9]{0,4}", re.ASCII)
