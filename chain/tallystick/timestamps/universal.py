"""The universal types of ASN.1 that DER may hold, and the one form of each (ITU-T X.690 §8, §11)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar, Final

from tallystick.errors import TallystickError

__all__ = [
    "BIT_STRING",
    "BOOLEAN",
    "GENERALIZED_TIME",
    "INTEGER",
    "NULL",
    "OBJECT_IDENTIFIER",
    "OCTET_STRING",
    "SEQUENCE",
    "SET",
    "UTF8_STRING",
    "DerMalformed",
    "check_form",
    "check_integer",
    "instant",
]

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
ENUMERATED: Final = 0x0A
UTF8_STRING: Final = 0x0C
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31
_TEXTS: Final = frozenset({0x12, 0x13, 0x14, 0x16, 0x19, 0x1A, 0x1B, 0x1C, 0x1E})

_TIME = re.compile(rb"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:\.([0-9]*[1-9]))?Z")


class DerMalformed(TallystickError):
    """The bytes are not one DER value, or not the one that belongs there; `offset` is where in them."""

    code: ClassVar[str] = "der.malformed"
    sentence: ClassVar[str] = "Malformed at byte {offset}: {reason}"
    advice: ClassVar[str] = "Ask for the bytes again; something cut, padded or re-encoded them."

    reason: str
    offset: int


def check_form(tag: int, content: bytes, offset: int) -> None:
    """Hold a universal type to its canonical form. Raises `DerMalformed`, also for a type that is not in the table."""
    check = _FORMS.get(tag)
    if check is None:
        raise DerMalformed(reason=f"a value of type 0x{tag:02x}", offset=offset)
    check(content, offset)


def _check_boolean(content: bytes, offset: int) -> None:
    if content not in (b"\x00", b"\xff"):
        raise DerMalformed(reason="a boolean that is neither 00 nor ff", offset=offset)


def check_integer(content: bytes, offset: int) -> None:
    """Raises `DerMalformed` unless `content` is a number in its shortest form."""
    if not content:
        raise DerMalformed(reason="a number without digits", offset=offset)
    if len(content) > 1 and content[0] == (0xFF if content[1] & 0x80 else 0):
        raise DerMalformed(reason="a number not in its shortest form", offset=offset)


def _check_bits(content: bytes, offset: int) -> None:
    unused = content[0] if content else 8
    if unused > 7 or (unused and len(content) == 1) or content[-1] & ((1 << unused) - 1):
        raise DerMalformed(reason="a bit string whose unused bits are not zero", offset=offset)


def _check_null(content: bytes, offset: int) -> None:
    if content:
        raise DerMalformed(reason="a null with content", offset=offset)


def _check_identifier(content: bytes, offset: int) -> None:
    starts = [content[at - 1] < 0x80 if at else True for at in range(len(content))]
    padded = any(begins and byte == 0x80 for begins, byte in zip(starts, content, strict=True))
    if not content or content[-1] & 0x80 or padded:
        raise DerMalformed(reason="an object identifier that is cut or padded", offset=offset)


def _check_utc_time(content: bytes, offset: int) -> None:
    instant(b"20" + content, offset)
    if len(content) != 13:
        raise DerMalformed(reason="a time with a fraction where none belongs", offset=offset)


def _check_time(content: bytes, offset: int) -> None:
    instant(content, offset)


def _check_nothing(content: bytes, offset: int) -> None:
    """Any content will do."""


_FORMS: Final[dict[int, Callable[[bytes, int], None]]] = {
    BOOLEAN: _check_boolean,
    INTEGER: check_integer,
    ENUMERATED: check_integer,
    BIT_STRING: _check_bits,
    OCTET_STRING: _check_nothing,
    NULL: _check_null,
    OBJECT_IDENTIFIER: _check_identifier,
    UTC_TIME: _check_utc_time,
    GENERALIZED_TIME: _check_time,
    UTF8_STRING: _check_nothing,
    SEQUENCE: _check_nothing,
    SET: _check_nothing,
    **dict.fromkeys(_TEXTS, _check_nothing),
}


def instant(content: bytes, offset: int) -> datetime:
    """The instant that a GeneralizedTime stands for, down to the microsecond. Raises `DerMalformed`."""
    parts = _TIME.fullmatch(content)
    fraction = (parts[7] or b"") if parts else b""
    if parts is None or len(fraction) > 6:
        raise DerMalformed(reason="a time that is not YYYYMMDDhhmmss[.f]Z", offset=offset)
    try:
        year, month, day, hour, minute, second = map(int, parts.groups()[:6])
        return datetime(year, month, day, hour, minute, second, int(fraction.ljust(6, b"0")), tzinfo=UTC)
    except ValueError:
        raise DerMalformed(reason="a time that no calendar has", offset=offset) from None
