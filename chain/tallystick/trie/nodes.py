"""Nodes of an ordered trie, parsed so that only nodes such a trie can hold remain.

A node of 32 bytes or more is referred to by its Keccak-256; a shorter one stands inside its parent.
"""

from dataclasses import dataclass
from typing import ClassVar, Final, NoReturn, TypeAlias

from tallystick.errors import TallystickError
from tallystick.keccak import keccak256
from tallystick.rlp import Item, RlpMalformed, decode_strict, encode, encode_integer

__all__ = [
    "BRANCH_ITEMS",
    "EMPTY_ROOT",
    "HASH_BYTES",
    "Branch",
    "Extension",
    "Leaf",
    "Node",
    "Reference",
    "TrieProofInvalid",
    "key_of",
    "pack",
    "parse_node",
    "refuse",
]

EMPTY_ROOT: Final = keccak256(b"\x80")
"""The root of the trie without any value."""

HASH_BYTES: Final = 32
BRANCH_ITEMS: Final = 17
MAX_INDEX: Final = (1 << 32) - 1
_LEAF_FLAG: Final = 2
_ODD_FLAG: Final = 1


class TrieProofInvalid(TallystickError):
    """The nodes do not prove what they are said to prove."""

    code: ClassVar[str] = "trie.proof_invalid"
    sentence: ClassVar[str] = "The trie proof does not hold: {reason}"
    advice: ClassVar[str] = "Ask for the proof again, for the root that stands in the verified header."

    reason: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """The end of a key, and its value."""

    segment: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Extension:
    """A part that all keys below share."""

    segment: bytes
    child: "Reference"


@dataclass(frozen=True, slots=True)
class Branch:
    """Where keys part: sixteen children, at least two of them there."""

    children: tuple["Reference | None", ...]


Node: TypeAlias = Leaf | Extension | Branch
Reference: TypeAlias = "bytes | Node"
"""How a node names another: by its hash, or as itself."""


def parse_node(encoded: bytes) -> Node:
    """The node that `encoded` stands for, with those that stand inside it. Raises `TrieProofInvalid`."""
    try:
        return _node(decode_strict(encoded))
    except RlpMalformed as why:
        refuse(f"a node is not canonical RLP: {why.reason}")


def key_of(index: int) -> bytes:
    """The key of `index`, RLP(index), one nibble a byte. Raises `ValueError` outside 0 to 2^32 − 1."""
    if not 0 <= index <= MAX_INDEX:
        raise ValueError(f"an index is from 0 to {MAX_INDEX}, not {index}")
    return _nibbles(encode(encode_integer(index)))


def pack(segment: bytes, *, is_leaf: bool) -> bytes:
    """The hex-prefix encoding of nibbles."""
    odd = len(segment) % 2
    flag = (_LEAF_FLAG if is_leaf else 0) + (_ODD_FLAG if odd else 0)
    padded = bytes([flag]) + (b"" if odd else b"\x00") + segment
    return bytes([high << 4 | low for high, low in zip(padded[::2], padded[1::2], strict=True)])


def refuse(reason: str) -> NoReturn:
    """Raises `TrieProofInvalid`."""
    raise TrieProofInvalid(reason=reason)


def _node(item: Item) -> Node:
    if not isinstance(item, tuple) or len(item) not in (2, BRANCH_ITEMS):
        refuse("a node is neither a branch nor a leaf nor an extension")
    if len(item) == BRANCH_ITEMS:
        return _branch(item)
    path, target = item
    is_leaf, segment = _unpack(path)
    if is_leaf:
        if not isinstance(target, bytes) or not target:
            refuse("a leaf without a value")
        return Leaf(segment, target)
    child = _reference(target)
    if not segment or isinstance(child, Leaf | Extension):
        refuse("an extension over nothing, or that does not lead to a branch")
    return Extension(segment, child)


def _branch(items: tuple[Item, ...]) -> Branch:
    if items[-1] != b"":
        refuse("a branch holds a value")
    children = tuple(None if item == b"" else _reference(item) for item in items[:-1])
    if sum(child is not None for child in children) < 2:
        refuse("a branch with fewer than two children")
    return Branch(children)


def _reference(item: Item) -> Reference:
    if isinstance(item, bytes):
        if len(item) != HASH_BYTES:
            refuse(f"a reference of {len(item)} bytes")
        return item
    if len(encode(item)) >= HASH_BYTES:
        refuse("a node stands inside its parent though it is long enough to be referred to by hash")
    return _node(item)


def _unpack(path: Item) -> tuple[bool, bytes]:
    if not isinstance(path, bytes) or not path:
        refuse("a path that is not a byte string")
    nibbles = _nibbles(path)
    flag = nibbles[0]
    if flag > _LEAF_FLAG + _ODD_FLAG:
        refuse(f"a path with flag {flag}")
    if not flag & _ODD_FLAG and nibbles[1] != 0:
        refuse("a path whose padding is not zero")
    return bool(flag & _LEAF_FLAG), nibbles[1 if flag & _ODD_FLAG else 2 :]


def _nibbles(packed: bytes) -> bytes:
    return bytes([nibble for byte in packed for nibble in (byte >> 4, byte & 15)])
