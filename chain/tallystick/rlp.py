"""RLP, Ethereum's serialisation (Yellow Paper, appendix B), decoded canonically.

An item is a byte string or a list of items. Every item has exactly one encoding here: shortest length forms, nothing
missing, nothing after. The decoder does not recurse, so depth costs memory in proportion to the input and no stack.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, TypeAlias

from tallystick.errors import TallystickError

__all__ = ["IntegerMalformed", "Item", "RlpMalformed", "decode_integer", "decode_strict", "encode", "encode_integer"]

Item: TypeAlias = "bytes | Sequence[Item]"
"""What is encoded; decoding gives bytes and tuples."""

MAX_DEPTH: Final = 16
_SHORT: Final = 55


class RlpMalformed(TallystickError):
    """The bytes are not one canonical RLP item; `offset` is where in them."""

    code: ClassVar[str] = "rlp.malformed"
    sentence: ClassVar[str] = "Not canonical RLP at byte {offset}: {reason}"
    advice: ClassVar[str] = "Ask for the bytes again; something cut, padded or re-encoded them."

    reason: str
    offset: int


class IntegerMalformed(TallystickError):
    """The byte string is not the shortest form of an integer, or longer than allowed."""

    code: ClassVar[str] = "rlp.integer_malformed"
    sentence: ClassVar[str] = "Not a canonical integer: {reason}"
    advice: ClassVar[str] = "Ask for the bytes again; something padded or re-encoded them."

    reason: str


def encode(item: Item) -> bytes:
    """The canonical encoding of `item`."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _header(0x80, len(item)) + item
    payload = b"".join([encode(child) for child in item])
    return _header(0xC0, len(payload)) + payload


def encode_integer(number: int) -> bytes:
    """The byte string that stands for `number` ≥ 0: big-endian without leading zeros, so empty for 0."""
    return number.to_bytes((number.bit_length() + 7) // 8)


def decode_integer(text: bytes, max_bytes: int = 8) -> int:
    """The number a byte string stands for. Raises `IntegerMalformed` for a leading zero or more than `max_bytes`."""
    if len(text) > max_bytes:
        raise IntegerMalformed(reason=f"{len(text)} bytes, at most {max_bytes} are allowed")
    if text[:1] == b"\x00":
        raise IntegerMalformed(reason="a leading zero byte")
    return int.from_bytes(text)


def decode_strict(encoded: bytes, max_depth: int = MAX_DEPTH) -> Item:
    """The one item `encoded` stands for: bytes, or a tuple of items.

    Raises `RlpMalformed` unless the encoding is complete, canonical, without anything after it, and no list is nested
    in more than `max_depth` − 1 others.
    """
    open_lists: list[tuple[list[Item], int]] = []
    position, end = 0, len(encoded)
    while True:
        is_list, start, stop = _read_header(encoded, position, end)
        if is_list:
            if len(open_lists) == max_depth:
                raise RlpMalformed(reason=f"nested deeper than {max_depth}", offset=position)
            open_lists.append(([], stop))
            position, end = start, stop
            item: Item = ()
        else:
            item = encoded[start:stop]
            position = stop
            if not open_lists:
                return _only(item, encoded, position)
            open_lists[-1][0].append(item)
        while position == end:
            children, _ = open_lists.pop()
            item = tuple(children)
            if not open_lists:
                return _only(item, encoded, position)
            open_lists[-1][0].append(item)
            end = open_lists[-1][1]


def _only(item: Item, encoded: bytes, position: int) -> Item:
    if position != len(encoded):
        raise RlpMalformed(reason=f"{len(encoded) - position} bytes after the item", offset=position)
    return item


def _header(kind: int, length: int) -> bytes:
    if length <= _SHORT:
        return bytes([kind + length])
    size = encode_integer(length)
    return bytes([kind + _SHORT + len(size)]) + size


def _read_header(encoded: bytes, position: int, end: int) -> tuple[bool, int, int]:
    """Kind, start and stop of the payload of the item at `position`, which must end by `end`."""
    if position >= end:
        raise RlpMalformed(reason="the bytes end where an item should begin", offset=position)
    first = encoded[position]
    if first < 0x80:
        return False, position, position + 1
    is_list = first >= 0xC0
    length = first - (0xC0 if is_list else 0x80)
    start = position + 1
    if length > _SHORT:
        size_stop = start + length - _SHORT
        size = encoded[start:size_stop]
        if size_stop > end:
            raise RlpMalformed(reason="the bytes end inside a length", offset=position)
        length = int.from_bytes(size)
        if size[0] == 0 or length <= _SHORT:
            raise RlpMalformed(reason="a length not in its shortest form", offset=position)
        start = size_stop
    if start + length > end:
        raise RlpMalformed(reason="an item reaches beyond the end", offset=position)
    if not is_list and length == 1 and encoded[start] < 0x80:
        raise RlpMalformed(reason="a single byte below 0x80 with a length before it", offset=position)
    return is_list, start, start + length
