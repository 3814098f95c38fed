"""Taking typed, bounded values out of parsed JSON."""

import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from tallystick.errors import TallystickError
from tallystick.strictjson import Json

__all__ = ["JsonReader"]

_HASH: Final = re.compile("[0-9a-f]{64}", re.ASCII)
_MAX_INTEGER: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class JsonReader:
    """Reads members of JSON objects; `malformed(where, reason)` makes the error that is raised for a wrong one."""

    malformed: Callable[[str, str], TallystickError]

    def exactly(self, value: Json, keys: AbstractSet[str] | None, where: str) -> Mapping[str, Json]:
        """Return `value` if it is an object with exactly these keys (with any, if None)."""
        if not isinstance(value, Mapping):
            raise self.malformed(where, "an object is expected")
        if keys is not None and value.keys() != keys:
            odd = min(value.keys() ^ keys)
            raise self.malformed(where, f"the member {odd[:64]!a} is {'missing' if odd in keys else 'unknown'}")
        return value

    def object(self, outer: Mapping[str, Json], key: str, keys: AbstractSet[str] | None) -> Mapping[str, Json]:
        """An object with exactly these keys."""
        return self.exactly(outer[key], keys, key)

    def list(self, outer: Mapping[str, Json], key: str, most: int) -> Sequence[Json]:
        """A list of at most `most` items."""
        value = outer[key]
        if isinstance(value, str) or not isinstance(value, Sequence) or len(value) > most:
            raise self.malformed(key, f"a list of at most {most} items is expected")
        return value

    def text(self, outer: Mapping[str, Json], key: str) -> str:
        """A string."""
        value = outer[key]
        if not isinstance(value, str):
            raise self.malformed(key, "text is expected")
        return value

    def integer(self, outer: Mapping[str, Json], key: str) -> int:
        """A whole number from 0 to 2^53 − 1."""
        value = outer[key]
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_INTEGER:
            raise self.malformed(key, "a whole number from 0 to 2^53 - 1 is expected")
        return value

    def hash(self, outer: Mapping[str, Json], key: str) -> bytes:
        """32 bytes as 64 lower-case hex digits."""
        return self._hash(outer[key], key)

    def hashes(self, outer: Mapping[str, Json], key: str, most: int) -> tuple[bytes, ...]:
        """A list of at most `most` hashes."""
        return tuple(self._hash(each, key) for each in self.list(outer, key, most))

    def _hash(self, value: Json, where: str) -> bytes:
        if not isinstance(value, str) or not _HASH.fullmatch(value):
            raise self.malformed(where, "64 lower-case hex digits are expected")
        return bytes.fromhex(value)
