"""JSON from outside, parsed strictly (RFC 8259 as I-JSON, RFC 7493, narrows it).

The standard parser keeps the last of two equal keys, takes NaN, and recurses as deep as the text tells it to. What two
parties must read alike cannot allow any of that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

from tallystick.errors import TallystickError

__all__ = ["Json", "JsonMalformed", "check_depth", "loads", "loads_object"]

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"

MAX_DEPTH = 32
_MAX_INTEGER_DIGITS = 20
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)


class JsonMalformed(TallystickError):
    """The text is not strict JSON, or over a bound; `reason` says what and, where known, at which character."""

    code = "json.malformed"
    advice = "Send one UTF-8 JSON value without duplicate keys, floats, NaN or lone surrogates, within the size limit."

    def __init__(self, reason: str) -> None:
        super().__init__(f"not strict JSON: {reason}", reason=reason)


def loads(raw: bytes, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> Json:
    """Parse one JSON value.

    Refuses with `JsonMalformed`: more than `max_bytes`, a byte order mark, invalid UTF-8, duplicate keys, floats
    (amounts are strings of digits here), integers of more than 20 digits, NaN and infinities, lone surrogates,
    nesting beyond `max_depth`, and anything after the value.
    """
    if len(raw) > max_bytes:
        raise JsonMalformed(f"{len(raw)} bytes, at most {max_bytes} are accepted")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonMalformed(f"invalid UTF-8 at byte {error.start}") from None
    if text.startswith("\ufeff"):
        raise JsonMalformed("it begins with a byte order mark")
    check_depth(text, max_depth)
    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_float=lambda number: _refuse(f"the number {number[:24]} is not an integer"),
            parse_constant=lambda name: _refuse(f"{name} is not JSON"),
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        raise JsonMalformed(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    if "\\u" in text or "\\U" in text:
        _check_surrogates(value)
    return value


def loads_object(raw: bytes, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> Mapping[str, Json]:
    """As `loads`, and the value must be an object."""
    value = loads(raw, max_bytes=max_bytes, max_depth=max_depth)
    if not isinstance(value, Mapping):
        raise JsonMalformed("an object is expected")
    return value


def check_depth(text: str, max_depth: int = MAX_DEPTH) -> None:
    """Raise `JsonMalformed` where brackets nest deeper than `max_depth`; those inside strings do not count.

    To be asked before a recursive parser sees the text: Python's own stops at the interpreter's recursion limit, and
    where a library has raised that, the process ends with the C stack.
    """
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        first = token.group()[0]
        if first in "[{":
            depth += 1
            if depth > max_depth:
                raise JsonMalformed(f"nested deeper than {max_depth}")
        elif first in "]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                _refuse(f"the key {key[:64]!r} stands twice in one object")
            seen.add(key)
    return value


def _integer(digits: str) -> int:
    if len(digits) > _MAX_INTEGER_DIGITS:
        _refuse(f"an integer of {len(digits)} digits")
    return int(digits)


def _refuse(reason: str) -> NoReturn:
    raise JsonMalformed(reason)


def _check_surrogates(value: Json) -> None:
    """An escape such as \\ud800 alone passes the parser and cannot be encoded again."""
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise JsonMalformed("a string holds a lone surrogate") from None
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check_surrogates(key)
            _check_surrogates(item)
    elif isinstance(value, Sequence):
        for item in value:
            _check_surrogates(item)
