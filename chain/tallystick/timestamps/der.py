"""DER (ITU-T X.690), what time-stamp tokens are made of: read in the one form it allows, and written.

Every value has exactly one encoding here: definite lengths in their shortest form, canonical integers, booleans, object
identifiers, bit strings and times, sets in ascending order, nothing missing and nothing after. The tree is checked as a
whole when it is read, the parts that nobody looks at too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from .universal import (
    BIT_STRING,
    BOOLEAN,
    GENERALIZED_TIME,
    INTEGER,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    UTF8_STRING,
    DerMalformed,
    check_form,
    check_integer,
    instant,
)

__all__ = [
    "BIT_STRING",
    "BOOLEAN",
    "GENERALIZED_TIME",
    "INTEGER",
    "MAX_DEPTH",
    "NULL",
    "OBJECT_IDENTIFIER",
    "OCTET_STRING",
    "SEQUENCE",
    "SET",
    "UTF8_STRING",
    "DerMalformed",
    "Element",
    "Fields",
    "context",
    "decode",
    "encode",
    "encode_boolean",
    "encode_integer",
    "encode_object_identifier",
    "encode_set",
    "encode_time",
    "explicit",
    "require_ascending",
]

MAX_DEPTH: Final = 24
_CONSTRUCTED: Final = 0x20
_CLASS: Final = 0xC0
_CONTEXT_SPECIFIC: Final = 0x80
_HIGH_NUMBER: Final = 0x1F
_LONGEST_IDENTIFIER: Final = 64


@dataclass(frozen=True, slots=True)
class Element:
    """One value: its identifier octet, its content, its whole encoding, and where that begins in what was read."""

    tag: int
    content: bytes
    encoded: bytes
    offset: int
    children: tuple[Element, ...]

    def integer(self, max_bytes: int = 32) -> int:
        """The number of an INTEGER (or of one implicitly tagged); raises `DerMalformed` above `max_bytes`."""
        check_integer(self.content, self.offset)
        if len(self.content) > max_bytes:
            raise DerMalformed(reason=f"a number of more than {max_bytes} bytes", offset=self.offset)
        return int.from_bytes(self.content, signed=True)

    def object_identifier(self) -> str:
        """The dotted form of an OBJECT IDENTIFIER; raises `DerMalformed` for an absurdly long one."""
        if len(self.content) > _LONGEST_IDENTIFIER:
            raise DerMalformed(reason="an object identifier without end", offset=self.offset)
        arcs, arc = [], 0
        for byte in self.content:
            arc = arc << 7 | byte & 0x7F
            if byte < 0x80:
                arcs.append(arc)
                arc = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))

    def time(self) -> datetime:
        """The instant of a GeneralizedTime; raises `DerMalformed` for one below the microsecond."""
        return instant(self.content, self.offset)


class Fields:
    """The children of one constructed value, taken in order; `name` is what errors call it."""

    def __init__(self, element: Element, name: str) -> None:
        self._element = element
        self._name = name
        self._next = 0

    def take(self, tag: int, part: str) -> Element:
        """The next child, which must have `tag`; raises `DerMalformed`."""
        child = self.optional(tag)
        if child is None:
            raise DerMalformed(reason=f"{self._name} has no {part} where one belongs", offset=self._offset)
        return child

    def optional(self, tag: int) -> Element | None:
        """The next child if it has `tag`."""
        child = self._peek()
        if child is None or child.tag != tag:
            return None
        self._next += 1
        return child

    def version(self, expected: int) -> None:
        """Take a version number. Raises `DerMalformed` unless it is the one expected."""
        found = self.take(INTEGER, "version")
        if found.integer() != expected:
            raise DerMalformed(reason=f"version {found.integer()} where {expected} belongs", offset=found.offset)

    def close(self) -> None:
        """Raises `DerMalformed` unless every child was taken."""
        if self._peek() is not None:
            raise DerMalformed(reason=f"{self._name} has a part that does not belong there", offset=self._offset)

    def _peek(self) -> Element | None:
        children = self._element.children
        return children[self._next] if self._next < len(children) else None

    @property
    def _offset(self) -> int:
        child = self._peek()
        return self._element.offset if child is None else child.offset


def context(number: int, *, constructed: bool = True) -> int:
    """The identifier octet of the context-specific tag `[number]`."""
    return _CONTEXT_SPECIFIC | (_CONSTRUCTED if constructed else 0) | number


def explicit(wrapper: Element, tag: int) -> Element:
    """The one value of `tag` that an explicit tag wraps; raises `DerMalformed`."""
    if len(wrapper.children) != 1 or wrapper.children[0].tag != tag:
        raise DerMalformed(reason="an explicit tag that does not wrap the one value it should", offset=wrapper.offset)
    return wrapper.children[0]


def decode(encoded: bytes, max_bytes: int, tag: int | None = None) -> Element:
    """The one value `encoded` stands for, with all below it.

    Raises `DerMalformed` unless it is complete and canonical, with nothing after it, no longer than `max_bytes` and
    nested no deeper than `MAX_DEPTH`; and of this `tag`, if one is given.
    """
    if len(encoded) > max_bytes:
        raise DerMalformed(reason=f"{len(encoded)} bytes, at most {max_bytes} are read", offset=0)
    element, end = _read(encoded, 0, len(encoded), 1)
    if end != len(encoded):
        raise DerMalformed(reason=f"{len(encoded) - end} bytes after the value", offset=end)
    if tag not in (None, element.tag):
        raise DerMalformed(reason=f"a value of type 0x{element.tag:02x} where 0x{tag:02x} belongs", offset=0)
    return element


def require_ascending(members: Element) -> None:
    """Hold a SET OF to its order; for implicitly tagged ones, of which `decode` cannot know. Raises `DerMalformed`."""
    if any(one.encoded > other.encoded for one, other in pairwise(members.children)):
        raise DerMalformed(reason="a set out of order", offset=members.offset)


def _read(encoded: bytes, at: int, end: int, depth: int) -> tuple[Element, int]:
    if depth > MAX_DEPTH:
        raise DerMalformed(reason=f"nested deeper than {MAX_DEPTH}", offset=at)
    start, stop = _read_length(encoded, at, end)
    tag, content = encoded[at], encoded[start:stop]
    children = []
    if tag & _CONSTRUCTED:
        position = start
        while position < stop:
            child, position = _read(encoded, position, stop, depth + 1)
            children.append(child)
    element = Element(tag, content, encoded[at:stop], at, tuple(children))
    if tag & _CLASS != _CONTEXT_SPECIFIC:  # what such a tag holds is for whoever knows its type
        check_form(tag, content, at)
    if tag == SET:
        require_ascending(element)
    return element, stop


def _read_length(encoded: bytes, at: int, end: int) -> tuple[int, int]:
    """Where the content of the value at `at` starts and stops; it must stop by `end`."""
    if end - at < 2:
        raise DerMalformed(reason="the bytes end inside a value", offset=at)
    if encoded[at] & _HIGH_NUMBER == _HIGH_NUMBER:
        raise DerMalformed(reason="a tag number above 30", offset=at)
    length, start = encoded[at + 1], at + 2
    if length == 0x80:
        raise DerMalformed(reason="an indefinite length", offset=at)
    if length > 0x80:
        size = encoded[start : start + length - 0x80]
        start += len(size)
        if start > end or len(size) != length - 0x80:
            raise DerMalformed(reason="the bytes end inside a length", offset=at)
        length = int.from_bytes(size)
        if size[0] == 0 or length < 0x80:
            raise DerMalformed(reason="a length not in its shortest form", offset=at)
    if start + length > end:
        raise DerMalformed(reason="a value reaches beyond the end", offset=at)
    return start, start + length


def encode(tag: int, *parts: bytes) -> bytes:
    """The value of identifier octet `tag` whose content is `parts`, one after the other."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes([tag, 0x80 + len(size)]) + size + content


def encode_boolean(value: bool) -> bytes:
    """A BOOLEAN."""
    return encode(BOOLEAN, b"\xff" if value else b"\x00")


def encode_integer(number: int, tag: int = INTEGER) -> bytes:
    """An INTEGER in its shortest form, or one implicitly tagged."""
    magnitude = number if number >= 0 else ~number
    return encode(tag, number.to_bytes(magnitude.bit_length() // 8 + 1, signed=True))


def encode_object_identifier(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    return encode(OBJECT_IDENTIFIER, *map(_encode_arc, [40 * first + second, *rest]))


def encode_set(tag: int, members: Iterable[bytes]) -> bytes:
    """A SET OF, its members in ascending order, under `tag` (`SET`, or one implicitly tagged)."""
    return encode(tag, *sorted(members))


def encode_time(instant: datetime) -> bytes:
    """A GeneralizedTime, without a fraction if there is none."""
    text = instant.astimezone(UTC).strftime("%Y%m%d%H%M%S.%f").rstrip("0").rstrip(".")
    return encode(GENERALIZED_TIME, text.encode() + b"Z")


def _encode_arc(arc: int) -> bytes:
    digits = [arc & 0x7F]
    while arc := arc >> 7:
        digits.append(0x80 | arc & 0x7F)
    return bytes(reversed(digits))
