"""What a time-stamp token states: a TSTInfo (RFC 3161 §2.4.2), read strictly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from .algorithms import hash_of
from .der import (
    BOOLEAN,
    GENERALIZED_TIME,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerMalformed,
    Element,
    Fields,
    context,
)

__all__ = ["Stamp", "read_stamp"]

_LONGEST_ACCURACY: Final = timedelta(days=1)
_YEARS: Final = range(1990, 9999)
_CONSTRUCTED: Final = 0x20
_GENERAL_NAMES: Final = range(0x80, 0x89)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the authority says: this digest existed at this time (TSTInfo)."""

    policy: str
    hash_name: str
    imprint: bytes
    serial: int
    gen_time: datetime
    accuracy: timedelta | None
    nonce: int | None


def read_stamp(info: Element) -> Stamp:
    """Raises `DerMalformed` unless `info` is a TSTInfo of version 1 without a critical extension."""
    fields = Fields(info, "the stamp")
    fields.version(1)
    policy = fields.take(OBJECT_IDENTIFIER, "policy")
    imprint = Fields(fields.take(SEQUENCE, "imprint"), "the imprint")
    hash_name = hash_of(imprint.take(SEQUENCE, "hash algorithm"))
    digest = imprint.take(OCTET_STRING, "digest")
    imprint.close()
    serial = fields.take(INTEGER, "serial number")
    time = fields.take(GENERALIZED_TIME, "time")
    accuracy = fields.optional(SEQUENCE)
    ordering = fields.optional(BOOLEAN)
    nonce = fields.optional(INTEGER)
    name = fields.optional(context(0))
    extensions = fields.optional(context(1))
    fields.close()
    if ordering is not None and ordering.content == b"\x00":
        raise DerMalformed(reason="a default that is written out", offset=ordering.offset)
    if name is not None and [child.tag & ~_CONSTRUCTED in _GENERAL_NAMES for child in name.children] != [True]:
        raise DerMalformed(reason="not one name of the authority", offset=name.offset)
    if nonce is not None and nonce.integer() < 0:
        raise DerMalformed(reason="a nonce below zero", offset=nonce.offset)
    if extensions is not None:
        _require_not_critical(extensions)
    instant = time.time()
    if instant.year not in _YEARS:
        raise DerMalformed(reason=f"the year {instant.year}", offset=time.offset)
    return Stamp(
        policy.object_identifier(),
        hash_name,
        digest.content,
        serial.integer(),
        instant,
        _accuracy(accuracy) if accuracy else None,
        nonce.integer() if nonce else None,
    )


def _accuracy(element: Element) -> timedelta:
    fields = Fields(element, "the accuracy")
    seconds = fields.optional(INTEGER)
    thousandths = fields.optional(context(0, constructed=False))
    millionths = fields.optional(context(1, constructed=False))
    fields.close()
    whole = seconds.integer(max_bytes=4) if seconds else 0
    parts = [part.integer(max_bytes=2) for part in (thousandths, millionths) if part]
    if whole < 0 or any(not 1 <= part <= 999 for part in parts):
        raise DerMalformed(reason="an accuracy out of range", offset=element.offset)
    accuracy = timedelta(
        seconds=whole,
        milliseconds=thousandths.integer() if thousandths else 0,
        microseconds=millionths.integer() if millionths else 0,
    )
    if accuracy > _LONGEST_ACCURACY:
        raise DerMalformed(reason=f"an accuracy of {accuracy}: no time at all", offset=element.offset)
    return accuracy


def _require_not_critical(extensions: Element) -> None:
    for extension in extensions.children:
        fields = Fields(extension, "an extension")
        kind = fields.take(OBJECT_IDENTIFIER, "type")
        critical = fields.optional(BOOLEAN)
        fields.take(OCTET_STRING, "value")
        fields.close()
        if critical is not None:
            reason = f"a critical extension that is not understood: {kind.object_identifier()}"
            raise DerMalformed(reason=reason, offset=extension.offset)
