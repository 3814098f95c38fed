"""Building the ordered trie over values, and proofs in it."""

from collections.abc import Sequence

from tallystick.keccak import keccak256
from tallystick.rlp import Item, decode_strict, encode

from .nodes import BRANCH_ITEMS, EMPTY_ROOT, HASH_BYTES, key_of, pack

__all__ = ["ordered_proof", "ordered_root"]

_Entry = tuple[bytes, bytes]
"""A key as nibbles, one a byte, and its value."""

_Sought = tuple[bytes, list[bytes]] | None
"""A key, and the list that takes the nodes below the present one on the way to it, deepest first."""


def ordered_root(values: Sequence[bytes]) -> bytes:
    """The root of the trie that maps RLP(i) to values[i]. Raises `ValueError` for an empty value."""
    return keccak256(_build(_entries(values), 0, None)) if values else EMPTY_ROOT


def ordered_proof(values: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The proof for `index` in the trie of `values`: of inclusion, or of absence if there is no such index."""
    if not values:
        return ()
    nodes: list[bytes] = []
    root_node = _build(_entries(values), 0, (key_of(index), nodes))
    return (root_node, *reversed(nodes))


def _entries(values: Sequence[bytes]) -> list[_Entry]:
    if not all(values):
        raise ValueError("an ordered trie holds no empty value")
    return sorted((key_of(index), value) for index, value in enumerate(values))


def _build(entries: list[_Entry], depth: int, sought: _Sought) -> bytes:
    """The encoded node over sorted `entries`, which agree in their first `depth` nibbles."""
    first, last = entries[0][0], entries[-1][0]
    if len(entries) == 1:
        return encode((pack(first[depth:], is_leaf=True), entries[0][1]))
    fork = depth
    while first[fork] == last[fork]:
        fork += 1
    if fork == depth:
        return _build_branch(entries, depth, sought)
    inner = sought if sought and sought[0][depth:fork] == first[depth:fork] else None
    branch = _build_branch(entries, fork, inner)
    return encode((pack(first[depth:fork], is_leaf=False), _refer(branch, inner)))


def _build_branch(entries: list[_Entry], depth: int, sought: _Sought) -> bytes:
    children: list[Item] = [b""] * BRANCH_ITEMS
    start = 0
    while start < len(entries):
        nibble = entries[start][0][depth]
        stop = start + 1
        while stop < len(entries) and entries[stop][0][depth] == nibble:
            stop += 1
        inner = sought if sought and sought[0][depth] == nibble else None
        children[nibble] = _refer(_build(entries[start:stop], depth + 1, inner), inner)
        start = stop
    return encode(children)


def _refer(node: bytes, sought: _Sought) -> Item:
    if len(node) < HASH_BYTES:
        return decode_strict(node)
    if sought:
        sought[1].append(node)
    return keccak256(node)
