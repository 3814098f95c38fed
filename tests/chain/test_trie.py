"""A proof in an ordered trie shows inclusion or absence, and nothing that was added, dropped or moved passes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.keccak import keccak256
from tallystick.rlp import decode_strict, encode
from tallystick.trie import (
    EMPTY_ROOT,
    TrieProofInvalid,
    ordered_proof,
    ordered_root,
    verify_ordered_absence,
    verify_ordered_proof,
)

VALUES = st.lists(st.binary(min_size=1, max_size=80), max_size=300)


@settings(max_examples=50)
@given(VALUES, st.data())
def test_every_index_is_proved_present_or_absent_and_never_both(values: list[bytes], data: st.DataObject) -> None:
    root = ordered_root(values)
    index = data.draw(st.integers(0, len(values) + 200))
    nodes = ordered_proof(values, index)

    if index < len(values):
        assert verify_ordered_proof(root, index, nodes) == values[index]
        with pytest.raises(TrieProofInvalid, match="is there"):
            verify_ordered_absence(root, index, nodes)
    else:
        verify_ordered_absence(root, index, nodes)
        with pytest.raises(TrieProofInvalid, match="is absent"):
            verify_ordered_proof(root, index, nodes)


@settings(max_examples=50)
@given(VALUES.filter(bool), st.data())
def test_an_altered_proof_never_passes(values: list[bytes], data: st.DataObject) -> None:
    root = ordered_root(values)
    index = data.draw(st.integers(0, len(values) - 1))
    nodes = list(ordered_proof(values, index))
    position = data.draw(st.integers(0, len(nodes) - 1))
    at = data.draw(st.integers(0, len(nodes[position]) - 1))
    flipped = bytearray(nodes[position])
    flipped[at] ^= data.draw(st.integers(1, 255))
    altered = {
        "flipped": [*nodes[:position], bytes(flipped), *nodes[position + 1 :]],
        "a node missing": [*nodes[:position], *nodes[position + 1 :]],
        "a node twice": [*nodes[: position + 1], *nodes[position:]],
        "an unused node": [*nodes, encode((b"\x20", b"junk"))],
        "none": [],
    }

    for proof in altered.values():
        with pytest.raises(TrieProofInvalid):
            verify_ordered_proof(root, index, proof)
        with pytest.raises(TrieProofInvalid):
            verify_ordered_absence(root, index, proof)


def test_nodes_in_another_order_do_not_pass() -> None:
    values = [bytes([i % 256]) * 40 for i in range(140)]
    nodes = ordered_proof(values, 130)

    assert len(nodes) > 2
    with pytest.raises(TrieProofInvalid):
        verify_ordered_proof(ordered_root(values), 130, nodes[::-1])


def test_a_proof_for_one_index_does_not_prove_another() -> None:
    values = [bytes([i]) * 40 for i in range(1, 20)]

    with pytest.raises(TrieProofInvalid):
        verify_ordered_proof(ordered_root(values), 4, ordered_proof(values, 5))


def test_the_empty_trie_proves_absence_without_nodes() -> None:
    assert ordered_root([]) == EMPTY_ROOT
    verify_ordered_absence(EMPTY_ROOT, 0, [])
    for nodes in ([b"\x80"], [encode((b"\x20", b"x"))]):
        with pytest.raises(TrieProofInvalid):
            verify_ordered_absence(EMPTY_ROOT, 0, nodes)
    with pytest.raises(TrieProofInvalid):
        verify_ordered_proof(EMPTY_ROOT, 0, [])


def test_values_shorter_than_a_hash_stand_inside_their_parents() -> None:
    values = [b"a", b"b", b"c"]
    (node,) = ordered_proof(values, 1)

    assert verify_ordered_proof(ordered_root(values), 1, [node]) == b"b"


SHORT_LEAF = (b"\x20", b"v")
LONG_LEAF = (b"\x20", b"v" * 40)
HOSTILE = {
    "an item that is no list": b"node",
    "three items": (b"\x20", b"v", b"w"),
    "an empty path": (b"", b"v"),
    "a path that is a list": ((b"\x20",), b"v"),
    "a flag of 4": (b"\x40", b"v"),
    "padding that is not zero": (b"\x2f", b"v"),
    "a leaf with an empty value": (b"\x31", b""),
    "a leaf whose value is a list": (b"\x31", (b"v",)),
    "an extension over nothing": (b"\x00", keccak256(encode(LONG_LEAF))),
    "an extension to a leaf": (b"\x10", LONG_LEAF),
    "an extension to a short leaf": (b"\x10", SHORT_LEAF),
    "a reference of 31 bytes": (b"\x10", b"r" * 31),
    "a branch with a value": (*[b"", b"r" * 32] * 8, b"value"),
    "a branch with a value that is a list": (*[b"", b"r" * 32] * 8, ()),
    "a branch with one child": (SHORT_LEAF, *[b""] * 16),
    "a branch with none": (*[b""] * 17,),
    "a branch with a short reference": (SHORT_LEAF, b"r" * 31, *[b""] * 15),
    "a branch with a long child inside": (SHORT_LEAF, LONG_LEAF, *[b""] * 15),
    "a child with three items": ((b"\x20", b"v", b"w"), SHORT_LEAF, *[b""] * 15),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_node_that_no_ordered_trie_has_is_refused_even_under_its_own_root(name: str) -> None:
    node = encode(HOSTILE[name])

    for index in (0, 1, 5, 15, 16, 127, 128, 300):
        for verify in (verify_ordered_proof, verify_ordered_absence):
            with pytest.raises(TrieProofInvalid):
                verify(keccak256(node), index, [node])


def test_a_short_node_behind_a_hash_is_refused() -> None:
    leaf = encode(SHORT_LEAF)
    branch = encode((keccak256(leaf), keccak256(leaf), *[b""] * 15))

    with pytest.raises(TrieProofInvalid, match="short enough"):
        verify_ordered_proof(keccak256(branch), 1, [branch, leaf])


@pytest.mark.parametrize("node", [b"", b"\xf8\x01\x80", b"\xc2\x81\x20\x80", b"\xff" * 40])
def test_a_node_that_is_not_canonical_is_refused(node: bytes) -> None:
    with pytest.raises(TrieProofInvalid):
        verify_ordered_proof(keccak256(node), 0, [node])


def test_an_index_out_of_range_is_a_mistake_of_the_caller() -> None:
    for index in (-1, 1 << 32):
        with pytest.raises(ValueError, match="index"):
            verify_ordered_proof(EMPTY_ROOT, index, [])
    with pytest.raises(ValueError, match="empty"):
        ordered_root([b"x", b""])


def test_deep_nesting_inside_a_node_is_refused() -> None:
    bomb: object = b"v"
    for _ in range(40):
        bomb = (bomb,)
    node = encode((b"\x20", bomb))  # type: ignore[arg-type]  # nested as deep as an attacker likes

    assert decode_strict(node, max_depth=100)
    with pytest.raises(TrieProofInvalid, match="canonical"):
        verify_ordered_proof(keccak256(node), 0, [node])
