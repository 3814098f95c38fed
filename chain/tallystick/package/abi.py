"""The Solidity ABI as far as our events use it: decoded, and taken only if it is the one encoding of the values.

Values: `uintN` as int, `bytesN`, `bytes` and `address` as bytes, `string` as str, arrays as tuples, structs as dicts by
their Solidity names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["AbiType", "decode", "parse_type"]

WORD: Final = 32
MAX_ITEMS: Final = 4096


@dataclass(frozen=True, slots=True)
class AbiType:
    """A type: `kind` is uint, bytesN, bytes, string, address, array or struct; `size` its bits or bytes."""

    kind: str
    size: int = 0
    item: "AbiType | None" = None
    fields: "tuple[tuple[str, AbiType], ...]" = ()

    @property
    def is_dynamic(self) -> bool:
        """Whether it is encoded behind an offset."""
        return self.kind in ("array", "bytes", "string") or any(field.is_dynamic for _, field in self.fields)

    @property
    def words(self) -> int:
        """How many words it takes in the head."""
        if self.is_dynamic or self.kind != "struct":
            return 1
        return sum(field.words for _, field in self.fields)


def parse_type(text: str, structs: dict[str, Sequence[tuple[str, str]]]) -> AbiType:
    """The type `text` as Solidity writes it; `structs` has the fields (name, type) of the structs it may name."""
    if text.endswith("[]"):
        return AbiType("array", item=parse_type(text.removesuffix("[]"), structs))
    if text in structs:
        return AbiType("struct", fields=tuple((name, parse_type(kind, structs)) for name, kind in structs[text]))
    if text in ("string", "bytes", "address"):
        return AbiType(text, 20 if text == "address" else 0)
    if text.startswith("uint"):
        return AbiType("uint", int(text.removeprefix("uint")))
    return AbiType("bytesN", int(text.removeprefix("bytes")))


def decode(fields: Sequence[tuple[str, AbiType]], encoded: bytes) -> dict[str, object]:
    """The values that `encoded` has for these parameters.

    Raises `ValueError` unless it is exactly what they encode to: no other offsets, no bits in paddings, nothing after.
    """
    record = AbiType("struct", fields=tuple(fields))
    value, end = _struct(record, encoded, 0)
    if end != len(encoded):
        raise ValueError(f"{len(encoded) - end} bytes after the values")
    return value


def _struct(kind: AbiType, encoded: bytes, start: int) -> tuple[dict[str, object], int]:
    values, end = _sequence([field for _, field in kind.fields], encoded, start)
    return {name: value for (name, _), value in zip(kind.fields, values, strict=True)}, end


def _sequence(kinds: Sequence[AbiType], encoded: bytes, start: int) -> tuple[list[object], int]:
    """Values whose heads begin at `start`, and where the last of their tails ends: tails stand in order, no gap."""
    head, tail = start, start + WORD * sum(kind.words for kind in kinds)
    values: list[object] = []
    for kind in kinds:
        if not kind.is_dynamic:
            value, head = _static(kind, encoded, head)
        else:
            if _number(encoded, head) != tail - start:
                raise ValueError(f"an offset at byte {head} is not the one due")
            value, tail = _dynamic(kind, encoded, tail)
            head += WORD
        values.append(value)
    return values, tail


def _static(kind: AbiType, encoded: bytes, at: int) -> tuple[object, int]:
    if kind.kind == "struct":
        value: dict[str, object] = {}
        for name, field in kind.fields:
            value[name], at = _static(field, encoded, at)
        return value, at
    word = _word(encoded, at)
    return _plain(kind, word, at), at + WORD


def _plain(kind: AbiType, word: bytes, at: int) -> object:
    if kind.kind == "uint":
        number = int.from_bytes(word)
        if number.bit_length() > kind.size:
            raise ValueError(f"the integer at byte {at} has more than {kind.size} bits")
        return number
    padding, content = (word[:12], word[12:]) if kind.kind == "address" else (word[kind.size :], word[: kind.size])
    if any(padding):
        raise ValueError(f"the padding of the word at byte {at} is not zero")
    return content


def _dynamic(kind: AbiType, encoded: bytes, at: int) -> tuple[object, int]:
    if kind.kind == "struct":
        return _struct(kind, encoded, at)
    length = _number(encoded, at)
    if kind.kind == "array":
        if length > MAX_ITEMS or kind.item is None:
            raise ValueError(f"an array of {length} items")
        items, end = _sequence([kind.item] * length, encoded, at + WORD)
        return tuple(items), end
    start = at + WORD
    end = start + -(-length // WORD) * WORD
    if end > len(encoded) or any(encoded[start + length : end]):
        raise ValueError(f"the bytes at byte {at} are cut off, or their padding is not zero")
    content = encoded[start : start + length]
    return (content.decode() if kind.kind == "string" else content), end


def _number(encoded: bytes, at: int) -> int:
    return int.from_bytes(_word(encoded, at))


def _word(encoded: bytes, at: int) -> bytes:
    word = encoded[at : at + WORD]
    if len(word) != WORD:
        raise ValueError(f"the bytes end before the word at byte {at}")
    return word
