"""The ordered Merkle-Patricia trie under receiptsRoot and transactionsRoot (Yellow Paper, appendix D).

Key i is RLP(i) and the value is not empty; no key is a prefix of another, so no branch holds a value. A node of 32
bytes or more is referred to by its Keccak-256, a shorter one stands inside its parent. A proof is the list of the
nodes referred to by hash on the way from the root to the key, root first: each is used exactly once, in this order.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final, NoReturn

from tallystick.errors import TallystickError
from tallystick.keccak import keccak256
from tallystick.rlp import Item, RlpMalformed, decode_strict, encode, encode_integer

__all__ = [
    "EMPTY_ROOT",
    "TrieProofInvalid",
    "ordered_proof",
    "ordered_root",
    "verify_ordered_absence",
    "verify_ordered_proof",
]

EMPTY_ROOT: Final = keccak256(b"\x80")
"""The root of the trie without any value."""

MAX_INDEX: Final = (1 << 32) - 1
_HASH_BYTES: Final = 32
_BRANCH_ITEMS: Final = 17
_LEAF_FLAG: Final = 2
_ODD_FLAG: Final = 1

_Entry = tuple[bytes, bytes]
"""A key as nibbles, one a byte, and its value."""


class TrieProofInvalid(TallystickError):
    """The nodes do not prove what they are said to prove."""

    code: ClassVar[str] = "trie.proof_invalid"
    sentence: ClassVar[str] = "The trie proof does not hold: {reason}"
    advice: ClassVar[str] = "Ask for the proof again, for the root that stands in the verified header."

    reason: str


def ordered_root(values: Sequence[bytes]) -> bytes:
    """The root of the trie that maps RLP(i) to values[i]. Raises `ValueError` for an empty value."""
    return keccak256(_build(_entries(values), 0, None)) if values else EMPTY_ROOT


def ordered_proof(values: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The proof for `index` in the trie of `values`: of inclusion, or of absence if there is no such index."""
    if not values:
        return ()
    nodes: list[bytes] = []
    root_node = _build(_entries(values), 0, (_key(index), nodes))
    return (root_node, *reversed(nodes))


def verify_ordered_proof(root: bytes, index: int, nodes: Sequence[bytes]) -> bytes:
    """The value that stands at `index` under `root`.

    Raises `TrieProofInvalid` if the nodes prove absence, prove nothing, are not canonical, or are not exactly the nodes
    needed in their order.
    """
    value = _walk(root, index, nodes)
    if value is None:
        _refuse(f"it shows that index {index} is absent")
    return value


def verify_ordered_absence(root: bytes, index: int, nodes: Sequence[bytes]) -> None:
    """Accept that nothing stands at `index` under `root`; raises `TrieProofInvalid` as `verify_ordered_proof` does."""
    if _walk(root, index, nodes) is not None:
        _refuse(f"it shows that index {index} is there")


def _walk(root: bytes, index: int, nodes: Sequence[bytes]) -> bytes | None:
    waiting = iter(nodes)
    path = _key(index)
    value = None if root == EMPTY_ROOT else _descend(_hashed_node(root, waiting, at_root=True), path, waiting)
    if next(waiting, None) is not None:
        _refuse("it has nodes that are not on the way to the key")
    return value


def _descend(node: tuple[Item, ...], path: bytes, waiting: Iterator[bytes]) -> bytes | None:
    """Follow `path` from `node`: the value at its end, or None where the trie ends before it."""
    while True:
        if len(node) == _BRANCH_ITEMS:
            _check_branch(node)
            if not path:
                _refuse("a branch stands where only a leaf can")
            child, path = node[path[0]], path[1:]
            if child == b"":
                return None
            node = _child(child, waiting)
            continue
        is_leaf, segment = _read_path(node)
        target = node[1]
        if is_leaf:
            if not isinstance(target, bytes) or not target:
                _refuse("a leaf without a value")
            return target if segment == path else None
        if not segment:
            _refuse("an extension over nothing")
        if path[: len(segment)] != segment:
            return None
        node, path = _child(target, waiting), path[len(segment) :]
        if len(node) != _BRANCH_ITEMS:
            _refuse("an extension that does not lead to a branch")


def _child(reference: Item, waiting: Iterator[bytes]) -> tuple[Item, ...]:
    if not isinstance(reference, bytes):
        return _shaped(reference)
    if len(reference) != _HASH_BYTES:
        _refuse(f"a reference of {len(reference)} bytes")
    return _hashed_node(reference, waiting, at_root=False)


def _hashed_node(expected: bytes, waiting: Iterator[bytes], *, at_root: bool) -> tuple[Item, ...]:
    encoded = next(waiting, None)
    if encoded is None:
        _refuse("a node is missing")
    if keccak256(encoded) != expected:
        _refuse("a node has another hash than the one referred to")
    if len(encoded) < _HASH_BYTES and not at_root:
        _refuse("a node is referred to by hash though it is short enough to stand inside its parent")
    try:
        node = decode_strict(encoded)
    except RlpMalformed as why:
        _refuse(f"a node is not canonical RLP: {why.reason}")
    return _shaped(node)


def _shaped(node: Item) -> tuple[Item, ...]:
    if not isinstance(node, tuple) or len(node) not in (2, _BRANCH_ITEMS):
        _refuse("a node is neither a branch nor a leaf nor an extension")
    return node


def _check_branch(node: tuple[Item, ...]) -> None:
    if node[16] != b"":
        _refuse("a branch holds a value")
    if sum(child != b"" for child in node[:16]) < 2:
        _refuse("a branch with fewer than two children")
    for child in node[:16]:
        if isinstance(child, bytes):
            if len(child) not in (0, _HASH_BYTES):
                _refuse(f"a reference of {len(child)} bytes")
        elif len(encode(child)) >= _HASH_BYTES:
            _refuse("a node stands inside its parent though it is long enough to be referred to by hash")


def _read_path(node: tuple[Item, ...]) -> tuple[bool, bytes]:
    """Whether a two-item node is a leaf, and its nibbles (hex-prefix encoding)."""
    packed, target = node
    if not isinstance(packed, bytes) or not packed:
        _refuse("a path that is not a byte string")
    nibbles = _nibbles(packed)
    flag = nibbles[0]
    if flag > _LEAF_FLAG + _ODD_FLAG:
        _refuse(f"a path with flag {flag}")
    if not flag & _ODD_FLAG and nibbles[1] != 0:
        _refuse("a path whose padding is not zero")
    if not flag & _LEAF_FLAG and not isinstance(target, bytes) and len(encode(target)) >= _HASH_BYTES:
        _refuse("a node stands inside its parent though it is long enough to be referred to by hash")
    return bool(flag & _LEAF_FLAG), nibbles[1 if flag & _ODD_FLAG else 2 :]


def _refuse(reason: str) -> NoReturn:
    raise TrieProofInvalid(reason=reason)


def _key(index: int) -> bytes:
    if not 0 <= index <= MAX_INDEX:
        raise ValueError(f"an index is from 0 to {MAX_INDEX}, not {index}")
    return _nibbles(encode(encode_integer(index)))


def _nibbles(packed: bytes) -> bytes:
    return bytes([nibble for byte in packed for nibble in (byte >> 4, byte & 15)])


def _pack(nibbles: bytes, *, is_leaf: bool) -> bytes:
    flag = (_LEAF_FLAG if is_leaf else 0) + (_ODD_FLAG if len(nibbles) % 2 else 0)
    padded = bytes([flag]) + (b"" if len(nibbles) % 2 else b"\x00") + nibbles
    return bytes([high << 4 | low for high, low in zip(padded[::2], padded[1::2], strict=True)])


def _entries(values: Sequence[bytes]) -> list[_Entry]:
    if not all(values):
        raise ValueError("an ordered trie holds no empty value")
    return sorted((_key(index), value) for index, value in enumerate(values))


def _build(entries: list[_Entry], depth: int, sought: tuple[bytes, list[bytes]] | None) -> bytes:
    """The encoded node over sorted `entries`, which agree in their first `depth` nibbles.

    `sought` is a key and the list that takes the nodes below this one on the way to it, deepest first.
    """
    first, last = entries[0][0], entries[-1][0]
    if len(entries) == 1:
        return encode((_pack(first[depth:], is_leaf=True), entries[0][1]))
    fork = depth
    while first[fork] == last[fork]:
        fork += 1
    if fork > depth:
        inner = sought if sought and sought[0][depth:fork] == first[depth:fork] else None
        branch = _build(entries, fork, inner)
        return encode((_pack(first[depth:fork], is_leaf=False), _reference(branch, inner)))
    children: list[Item] = [b""] * _BRANCH_ITEMS
    start = 0
    while start < len(entries):
        nibble = entries[start][0][depth]
        stop = start + 1
        while stop < len(entries) and entries[stop][0][depth] == nibble:
            stop += 1
        inner = sought if sought and sought[0][depth : depth + 1] == bytes([nibble]) else None
        children[nibble] = _reference(_build(entries[start:stop], depth + 1, inner), inner)
        start = stop
    return encode(children)


def _reference(node: bytes, sought: tuple[bytes, list[bytes]] | None) -> Item:
    if len(node) < _HASH_BYTES:
        return decode_strict(node)
    if sought:
        sought[1].append(node)
    return keccak256(node)
