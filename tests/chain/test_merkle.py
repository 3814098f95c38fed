"""Trees and their proofs: RFC 6962's own definition, the public vectors, and every way to lie in a proof."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick import merkle
from tallystick.merkle import AbsenceProof, Neighbour, NotAbsent, ProofInvalid, Tree
from tests.conformance.locate import ABSENT, vectors_root

LEAVES = st.integers(1, 70).map(lambda size: [merkle.leaf_hash(bytes([number])) for number in range(size)])
ROOT = vectors_root()
VECTORS = sorted((ROOT / "merkle").rglob("*.json")) if ROOT else []


def defined_root(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 §2.1 defines it, over leaf hashes."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else merkle.EMPTY_ROOT
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(defined_root(leaves[:split]), defined_root(leaves[split:]))


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def is_accepted(case: dict[str, object]) -> bool:
    proof = [decoded(node) for node in case["proof"] or []]
    try:
        if "leafIdx" in case:
            leaf, root = decoded(case["leafHash"]), decoded(case["root"])
            merkle.verify_inclusion(leaf, case["leafIdx"], case["treeSize"], proof, root)
        else:
            earlier, later = decoded(case["root1"]), decoded(case["root2"])
            merkle.verify_consistency(case["size1"], earlier, case["size2"], later, proof)
    except ProofInvalid:
        return False
    return True


@pytest.mark.vectors
def test_the_public_vectors_are_all_there() -> None:
    if not VECTORS:
        pytest.skip(ABSENT)
    assert len(VECTORS) == 130


@pytest.mark.vectors
@pytest.mark.parametrize("path", VECTORS, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_public_vector_is_judged_as_its_authors_do(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    assert is_accepted(case) is not case["wantErr"]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert (
        merkle.root([])
        == Tree([]).root
        == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    )


@given(LEAVES)
def test_the_root_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert merkle.root(leaves) == Tree(leaves).root == defined_root(leaves)


@given(LEAVES, st.data())
def test_every_leaf_is_proved_at_its_place_and_at_no_other(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    other = data.draw(st.integers(0, len(leaves)))
    proof, root = Tree(leaves).inclusion_proof(index), defined_root(leaves)

    merkle.verify_inclusion(leaves[index], index, len(leaves), proof, root)
    if other != index:
        with pytest.raises(ProofInvalid):
            merkle.verify_inclusion(leaves[index], other, len(leaves), proof, root)


@given(LEAVES, st.data())
def test_a_tree_is_shown_to_extend_each_of_its_beginnings(leaves: list[bytes], data: st.DataObject) -> None:
    earlier = data.draw(st.integers(1, len(leaves)))
    proof = merkle.consistency_proof(leaves, earlier)
    earlier_root, root = defined_root(leaves[:earlier]), defined_root(leaves)

    merkle.verify_consistency(earlier, earlier_root, len(leaves), root, proof)
    if earlier < len(leaves):
        with pytest.raises(ProofInvalid):
            merkle.verify_consistency(earlier, merkle.leaf_hash(b"?"), len(leaves), root, proof)


@given(LEAVES, st.data())
def test_a_proof_with_a_node_added_dropped_moved_or_bent_is_refused(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = list(merkle.inclusion_proof(leaves, index))
    place = data.draw(st.integers(0, len(proof)))
    node = data.draw(st.binary(min_size=31, max_size=33))
    tampered = [[*proof[:place], node, *proof[place:]], [*proof, *proof[-1:], node]]
    if place < len(proof):
        bent = bytes([proof[place][0] ^ 1]) + proof[place][1:]
        tampered += [proof[:place] + proof[place + 1 :], [*proof[:place], bent, *proof[place + 1 :]]]
    if len(set(proof)) > 1:
        tampered.append(proof[1:] + proof[:1])
    for wrong in tampered:
        with pytest.raises(ProofInvalid):
            merkle.verify_inclusion(leaves[index], index, len(leaves), wrong, defined_root(leaves))


@pytest.mark.parametrize("size", [0, -1, 9])
def test_nothing_is_proved_about_a_beginning_that_is_empty_or_too_long(size: int) -> None:
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(8)]
    with pytest.raises(merkle.NoSuchLeaf):
        merkle.consistency_proof(leaves, size)
    with pytest.raises(merkle.ConsistencyInvalid):
        merkle.verify_consistency(size, merkle.EMPTY_ROOT, 8, merkle.root(leaves), [])


def test_leaf_data_given_in_place_of_a_leaf_hash_is_named() -> None:
    with pytest.raises(merkle.HashMalformed) as refusal:
        merkle.root([merkle.leaf_hash(b"a"), b"not a hash"])
    assert refusal.value.position == 1


BOOKS = st.sets(st.integers(1, 254), max_size=40).map(
    lambda keys: [bytes(31) + bytes([key]) + merkle.leaf_hash(b"entry") for key in sorted(keys)]
)


def key_of(number: int) -> bytes:
    return bytes(31) + bytes([number])


@given(BOOKS, st.integers(0, 255))
def test_a_key_is_either_in_a_book_or_shown_to_be_absent(book: list[bytes], number: int) -> None:
    key, root = key_of(number), merkle.root([merkle.leaf_hash(data) for data in book])
    if any(data[:32] == key for data in book):
        with pytest.raises(NotAbsent):
            merkle.absence_proof(book, key)
    else:
        merkle.verify_absence(key, len(book), merkle.absence_proof(book, key), root)


@given(BOOKS.filter(lambda book: len(book) > 2), st.data())
def test_no_pair_of_leaves_hides_an_entry_that_is_in_the_book(book: list[bytes], data: st.DataObject) -> None:
    tree = Tree([merkle.leaf_hash(entry) for entry in book])
    hidden = data.draw(st.integers(0, tree.size - 1))
    places = st.none() | st.integers(0, tree.size - 1)

    def shown(index: int | None) -> Neighbour | None:
        return None if index is None else Neighbour(index, book[index], tree.inclusion_proof(index))

    proof = AbsenceProof(shown(data.draw(places)), shown(data.draw(places)))
    with pytest.raises(ProofInvalid):
        merkle.verify_absence(book[hidden][:32], tree.size, proof, tree.root)


def test_a_neighbour_of_another_length_is_no_book_leaf() -> None:
    data = key_of(9) + bytes(31)
    proof = AbsenceProof(None, Neighbour(0, data, ()))
    with pytest.raises(merkle.AbsenceInvalid, match="64 bytes"):
        merkle.verify_absence(key_of(1), 1, proof, merkle.leaf_hash(data))
