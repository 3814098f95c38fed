"""Read the fields of an outside JSON object, each once, each of its form, none left over."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from tallystick.strictjson import Json

__all__ = ["Fields"]

T = TypeVar("T")

_HEX = re.compile(r"[0-9a-f]*")
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"
_MAX_TEXT = 4096
_MAX_ITEMS = 4096

MAX_INTEGER = 2**53 - 1
"""The largest integer that canonical JSON holds (RFC 8785, after RFC 7493)."""


class Fields:
    """The fields of one object at `path`; `refuse` makes the caller's own error of (path, reason)."""

    def __init__(self, value: Json, path: str, refuse: Callable[[str, str], Exception]) -> None:
        self._path, self._refuse = path, refuse
        if not isinstance(value, Mapping):
            raise refuse(path, "is not an object")
        self._left = dict(value)

    def take(self, name: str) -> Json:
        """The raw value of a required field."""
        if name not in self._left:
            raise self._refuse(self._at(name), "is missing")
        return self._left.pop(name)

    def text(self, name: str, *, max_length: int = _MAX_TEXT, empty: bool = False) -> str:
        """A string of at most `max_length` characters without control characters."""
        value = self.take(name)
        if not isinstance(value, str) or len(value) > max_length or (not value and not empty):
            raise self._refuse(self._at(name), f"is not a text of 1 to {max_length} characters")
        if any(ord(character) < 0x20 or ord(character) == 0x7F for character in value):
            raise self._refuse(self._at(name), "holds a control character")
        return value

    def integer(self, name: str, *, low: int = 0, high: int = MAX_INTEGER) -> int:
        """A JSON integer from `low` to `high`."""
        return self._integer(name, self.take(name), low, high)

    def integer_or_null(self, name: str, *, low: int = 0) -> int | None:
        """As `integer`, or JSON's null."""
        value = self.take(name)
        return None if value is None else self._integer(name, value, low, MAX_INTEGER)

    def bytes_of(self, name: str, length: int) -> bytes:
        """`2 * length` lower-case hex digits."""
        return self._hex(self.take(name), length, self._at(name))

    def hex_bytes(self, name: str, *, max_bytes: int) -> bytes:
        """Lower-case hex digits for any number of bytes up to `max_bytes`."""
        value = self.take(name)
        if not isinstance(value, str) or len(value) % 2 or len(value) > 2 * max_bytes or not _HEX.fullmatch(value):
            raise self._refuse(self._at(name), f"is not lower-case hex of at most {max_bytes} bytes")
        return bytes.fromhex(value)

    def address(self, name: str) -> bytes:
        """`0x` and 40 lower-case hex digits."""
        return self.as_address(self.take(name), self._at(name))

    def instant(self, name: str) -> datetime:
        """`YYYY-MM-DDThh:mm:ssZ`, aware."""
        value = self.take(name)
        try:
            parsed = datetime.strptime(str(value), _INSTANT).replace(tzinfo=UTC)
        except ValueError:
            parsed = None
        if parsed is None or parsed.strftime(_INSTANT) != value:
            raise self._refuse(self._at(name), "is not an instant YYYY-MM-DDThh:mm:ssZ")
        return parsed

    def items(self, name: str, read: Callable[[Json, str], T]) -> tuple[T, ...]:
        """An array of at most 4096 items, each read with its path."""
        value = self.take(name)
        if isinstance(value, str) or not isinstance(value, Sequence) or len(value) > _MAX_ITEMS:
            raise self._refuse(self._at(name), f"is not an array of at most {_MAX_ITEMS} items")
        return tuple(read(item, f"{self._at(name)}[{index}]") for index, item in enumerate(value))

    def inner(self, name: str) -> Fields:
        """The fields of a nested object."""
        return Fields(self.take(name), self._at(name), self._refuse)

    def end(self) -> None:
        """Nothing may be left: an unknown field is refused by its name."""
        for name in self._left:
            raise self._refuse(self._at(name), "is not a field of this format")

    def as_address(self, value: Json, path: str) -> bytes:
        if not isinstance(value, str) or not value.startswith("0x"):
            raise self._refuse(path, "is not an address: 0x and 40 lower-case hex digits")
        return self._hex(value[2:], 20, path)

    def _integer(self, name: str, value: Json, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._refuse(self._at(name), f"is not an integer from {low} to {high}")
        return value

    def _hex(self, value: Json, length: int, path: str) -> bytes:
        if not isinstance(value, str) or len(value) != 2 * length or not _HEX.fullmatch(value):
            raise self._refuse(path, f"is not {2 * length} lower-case hex digits")
        return bytes.fromhex(value)

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name
