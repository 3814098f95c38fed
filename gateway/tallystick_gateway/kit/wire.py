"""What requests and answers are made of: strict types, parsed once at the edge.

Hashes are lower-case hex without 0x, addresses 0x and lower-case hex, amounts digit strings of minor units,
instants RFC 3339 in UTC with Z, days ISO 8601. JSON numbers and booleans never stand for any of them.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

from tallystick.errors import TallystickError
from tallystick.money import parse_minor_units
from tallystick_gateway.kit.clock import rfc3339

__all__ = ["AddressHex", "Bytes", "Day", "Hex32", "Instant", "Minor", "Wire", "wire_bytes"]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


class Wire(BaseModel):
    """Base of request and answer bodies: no unknown fields, no coercion, unchangeable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def wire_bytes(wire: BaseModel) -> bytes:
    """The JSON that goes out."""
    return wire.model_dump_json().encode()


def _hex(size: int | None, prefix: str = "") -> Callable[[object], bytes]:
    digits = "[0-9a-f]*" if size is None else f"[0-9a-f]{{{2 * size}}}"
    form = re.compile(prefix + digits, re.ASCII)

    def parse(value: object) -> bytes:
        if isinstance(value, bytes) and (size is None or len(value) == size):
            return value
        if not isinstance(value, str) or not form.fullmatch(value) or len(value) % 2:
            wanted = "lower-case hex digits" if size is None else f"{prefix}{2 * size} lower-case hex digits"
            raise ValueError(f"expected {wanted}")
        return bytes.fromhex(value.removeprefix(prefix))

    return parse


def _schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "examples": [example]})


def _minor(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError("amounts are strings of digits (minor units), not JSON numbers")
    try:
        return parse_minor_units(value if isinstance(value, str) else "")
    except TallystickError as refused:
        raise ValueError(f"{refused} of minor units in digits, such as 12345 for 123.45") from refused


def _instant(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("expected an instant as 2026-11-23T08:00:00Z")
    return datetime.fromisoformat(value)


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError("expected a day as 2026-11-23")
    try:
        return date.fromisoformat(value)
    except ValueError as absent:
        raise ValueError(f"there is no day {value}") from absent


def _as_hex(value: bytes) -> str:
    return value.hex()


def _as_address(value: bytes) -> str:
    return "0x" + value.hex()


Bytes = Annotated[bytes, BeforeValidator(_hex(None)), PlainSerializer(_as_hex), _schema("([0-9a-f]{2})*", "00ff")]
"""Bytes of any length as lower-case hex."""

Hex32 = Annotated[bytes, BeforeValidator(_hex(32)), PlainSerializer(_as_hex), _schema("[0-9a-f]{64}", "ab" * 32)]
"""32 bytes as 64 lower-case hex digits."""

AddressHex = Annotated[
    bytes, BeforeValidator(_hex(20, "0x")), PlainSerializer(_as_address), _schema("0x[0-9a-f]{40}", "0x" + "ab" * 20)
]
"""A chain address as 0x and 40 lower-case hex digits."""

Minor = Annotated[int, BeforeValidator(_minor), PlainSerializer(str), _schema("(0|-?[1-9][0-9]{0,17})", "125000")]
"""An amount of minor units as a digit string, and only so: our own code, too, fills it with `str(amount)`."""

Instant = Annotated[
    datetime, BeforeValidator(_instant), PlainSerializer(rfc3339), _schema(r"\S+Z", "2026-11-23T08:00:00Z")
]
"""An instant in UTC."""

Day = Annotated[
    date,
    BeforeValidator(_day),
    PlainSerializer(lambda day: day.isoformat()),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-23"]}),
]
"""A calendar day."""
