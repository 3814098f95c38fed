"""Merkle trees of RFC 6962 and RFC 9162: roots, inclusion, consistency and absence (`protocol.md` §2).

Leaf 0x00, node 0x01, SHA-256; an odd leaf is not doubled; the empty root is SHA-256(""). A proof has exactly the nodes
it needs. A verifier takes the size of a tree from the chain, never from whoever shows the proof.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from tallystick.errors import TallystickError

__all__ = [
    "EMPTY_ROOT",
    "AbsenceInvalid",
    "AbsenceProof",
    "ConsistencyInvalid",
    "HashMalformed",
    "InclusionInvalid",
    "Neighbour",
    "NoSuchLeaf",
    "NotAbsent",
    "ProofInvalid",
    "Tree",
    "absence_proof",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root",
    "verify_absence",
    "verify_consistency",
    "verify_inclusion",
]

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
BOOK_LEAF_BYTES: Final = 64

_sha256 = hashlib.sha256


class ProofInvalid(TallystickError):
    """What was shown does not prove what it claims."""

    code: ClassVar[str] = "merkle.proof_invalid"
    sentence: ClassVar[str] = "The proof does not hold: {reason}"
    advice: ClassVar[str] = "Ask for the proof again, for the tree size that the chain states."

    reason: str


class InclusionInvalid(ProofInvalid):
    """The leaf is not shown to be in the tree."""

    code: ClassVar[str] = "merkle.inclusion_invalid"


class ConsistencyInvalid(ProofInvalid):
    """The later tree is not shown to extend the earlier one."""

    code: ClassVar[str] = "merkle.consistency_invalid"


class AbsenceInvalid(ProofInvalid):
    """The key is not shown to be absent from the tree."""

    code: ClassVar[str] = "merkle.absence_invalid"


class HashMalformed(TallystickError):
    """A leaf hash is not 32 bytes."""

    code: ClassVar[str] = "merkle.hash_malformed"
    sentence: ClassVar[str] = "Hash {position} of the tree is not 32 bytes long"
    advice: ClassVar[str] = "Give leaf hashes (leaf_hash of the leaf data), not the data."

    position: int


class NoSuchLeaf(TallystickError):
    """The tree has no such leaf or no such earlier size."""

    code: ClassVar[str] = "merkle.no_such_leaf"
    sentence: ClassVar[str] = "{index} is outside a tree of {size} leaves"
    advice: ClassVar[str] = "Leaves count from 0 within their batch; subtract the batch's first index."

    index: int
    size: int


class NotAbsent(TallystickError):
    """The key is in the tree, so its absence cannot be proved."""

    code: ClassVar[str] = "merkle.not_absent"
    sentence: ClassVar[str] = "The key is in the tree, at leaf {index}"
    advice: ClassVar[str] = "Show the leaf itself with an inclusion proof."

    index: int


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data)."""
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return _sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Compute the root over leaf *hashes*, in order; raises `HashMalformed` if one is not 32 bytes."""
    _require_hashes(leaf_hashes)
    level = list(leaf_hashes)
    while len(level) > 1:
        level = _level_above(level)
    return level[0] if level else EMPTY_ROOT


class Tree:
    """A tree that keeps its levels, so that each of its proofs costs only look-ups.

    Holds about 2 × 32 bytes of hash for each leaf. Raises `HashMalformed` if a leaf hash is not 32 bytes.
    """

    __slots__ = ("_levels",)

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        _require_hashes(leaf_hashes)
        self._levels = [list(leaf_hashes)]
        while len(self._levels[-1]) > 1:
            self._levels.append(_level_above(self._levels[-1]))

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        """The root over all leaves."""
        return self._levels[-1][0] if self.size else EMPTY_ROOT

    def leaf(self, index: int) -> bytes:
        """Return the hash of leaf `index`; raises `NoSuchLeaf`."""
        self._require(index, self.size)
        return self._levels[0][index]

    def inclusion_proof(self, index: int) -> tuple[bytes, ...]:
        """List the nodes that show leaf `index`, from the leaf upward (RFC 9162 §2.1.3.1); raises `NoSuchLeaf`."""
        self._require(index, self.size)
        nodes = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                nodes.append(level[sibling])
            index >>= 1
        return tuple(nodes)

    def consistency_proof(self, earlier_size: int) -> tuple[bytes, ...]:
        """List the nodes that show how this tree extends its first `earlier_size` ≥ 1 leaves (RFC 9162 §2.1.4.1).

        Raises `NoSuchLeaf` if `earlier_size` is 0 (it would prove nothing) or above the tree's size.
        """
        self._require(earlier_size - 1, self.size)
        nodes: list[bytes] = []
        first, end, size = 0, self.size, earlier_size
        while size != end - first:
            split = _split(end - first)
            if size <= split:
                nodes.append(self._subtree(first + split, end))
                end = first + split
            else:
                nodes.append(self._subtree(first, first + split))
                first, size = first + split, size - split
        if first:
            nodes.append(self._subtree(first, end))
        return tuple(reversed(nodes))

    def _subtree(self, first: int, end: int) -> bytes:
        height = (end - first - 1).bit_length()
        return self._levels[height][first >> height]

    @staticmethod
    def _require(index: int, size: int) -> None:
        if not 0 <= index < size:
            raise NoSuchLeaf(index=index, size=size)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A leaf shown beside the place where a key would be: its data (key32 ‖ hash32), index and inclusion proof."""

    index: int
    data: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AbsenceProof:
    """Two neighbouring leaves with no room between them; at an end of the tree one, in an empty tree none."""

    before: Neighbour | None
    after: Neighbour | None


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Prove one leaf; for many of one tree keep a `Tree`. Raises `NoSuchLeaf`, `HashMalformed`."""
    return Tree(leaf_hashes).inclusion_proof(index)


def consistency_proof(leaf_hashes: Sequence[bytes], earlier_size: int) -> tuple[bytes, ...]:
    """Prove that these leaves extend their own first `earlier_size`; raises `NoSuchLeaf`, `HashMalformed`."""
    return Tree(leaf_hashes).consistency_proof(earlier_size)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash `leaf` is at `index` of the tree of `size` leaves with this `root` (RFC 9162 §2.1.3.2).

    Raises `InclusionInvalid`, also for one node too many or too few and for hashes that are not 32 bytes.
    """
    if not 0 <= index < size:
        raise InclusionInvalid(reason=f"index {index} is outside a tree of {size} leaves")
    _require_sizes(InclusionInvalid, [leaf, root, *proof])
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border:
        raise InclusionInvalid(reason=f"it has {len(proof)} nodes where {inner + border} are needed")
    reached = _chain_inner(leaf, proof[:inner], index)
    for node in proof[inner:]:
        reached = node_hash(node, reached)
    if reached != root:
        raise InclusionInvalid(reason="it leads to another root")


def verify_consistency(earlier_size: int, earlier_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `size` leaves begins with the tree of `earlier_size` (RFC 9162 §2.1.4.2).

    Raises `ConsistencyInvalid`, also for one node too many or too few, for hashes that are not 32 bytes, and for an
    earlier size of 0, since nothing is proved about an empty tree.
    """
    if not 1 <= earlier_size <= size:
        raise ConsistencyInvalid(reason=f"a tree of {size} leaves does not extend one of {earlier_size}")
    if earlier_size == size:
        if proof or earlier_root != root:
            raise ConsistencyInvalid(reason="trees of one size need one root and no nodes")
        return
    _require_sizes(ConsistencyInvalid, [earlier_root, root, *proof])
    shift = (earlier_size & -earlier_size).bit_length() - 1
    inner = ((earlier_size - 1) ^ (size - 1)).bit_length() - shift
    border = ((earlier_size - 1) >> (inner + shift)).bit_count()
    whole_subtree = earlier_size == 1 << shift
    needed = inner + border + (0 if whole_subtree else 1)
    if len(proof) != needed:
        raise ConsistencyInvalid(reason=f"it has {len(proof)} nodes where {needed} are needed")
    seed, nodes = (earlier_root, proof) if whole_subtree else (proof[0], proof[1:])
    place = (earlier_size - 1) >> shift
    earlier_reached, reached = seed, _chain_inner(seed, nodes[:inner], place)
    for level, node in enumerate(nodes[:inner]):
        if place >> level & 1:
            earlier_reached = node_hash(node, earlier_reached)
    for node in nodes[inner:]:
        earlier_reached, reached = node_hash(node, earlier_reached), node_hash(node, reached)
    if earlier_reached != earlier_root:
        raise ConsistencyInvalid(reason="it does not lead to the earlier root")
    if reached != root:
        raise ConsistencyInvalid(reason="it does not lead to the later root")


def absence_proof(leaf_data: Sequence[bytes], key: bytes) -> AbsenceProof:
    """Show by two neighbours that no leaf begins with `key`.

    `leaf_data` are the 64-byte leaves `key32 ‖ hash32` of a book, ascending. Raises `NotAbsent`.
    """
    place = bisect_left(leaf_data, key)
    if place < len(leaf_data) and leaf_data[place][:32] == key:
        raise NotAbsent(index=place)
    tree = Tree([leaf_hash(data) for data in leaf_data])

    def neighbour(index: int) -> Neighbour | None:
        if not 0 <= index < tree.size:
            return None
        return Neighbour(index, leaf_data[index], tree.inclusion_proof(index))

    return AbsenceProof(neighbour(place - 1), neighbour(place))


def verify_absence(key: bytes, size: int, proof: AbsenceProof, root: bytes) -> None:
    """Check that no leaf of the tree of `size` leaves with this `root` begins with `key`, *if the tree is sorted*.

    That it is sorted no neighbours can show: absence counts in full only if the counterparty attested a result
    computed from this root (`protocol.md` §2). Raises `AbsenceInvalid` or `InclusionInvalid`.
    """
    before, after = proof.before, proof.after
    if before is None and after is None:
        if size != 0 or root != EMPTY_ROOT:
            raise AbsenceInvalid(reason="no neighbour is shown though the tree has leaves")
        return
    if (before.index + 1 if before else 0) != (after.index if after else size):
        raise AbsenceInvalid(reason="the leaves shown are not neighbours")
    if (before and before.data[:32] >= key) or (after and after.data[:32] <= key):
        raise AbsenceInvalid(reason="the key does not lie between the leaves shown")
    for leaf in (before, after):
        if leaf:
            if len(leaf.data) != BOOK_LEAF_BYTES:
                raise AbsenceInvalid(reason=f"a leaf is not {BOOK_LEAF_BYTES} bytes long")
            verify_inclusion(leaf_hash(leaf.data), leaf.index, size, leaf.proof, root)


def _level_above(level: list[bytes]) -> list[bytes]:
    hashed = _sha256
    pairs = iter(level)
    above = [hashed(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
    if len(level) & 1:
        above.append(level[-1])
    return above


def _chain_inner(seed: bytes, nodes: Sequence[bytes], index: int) -> bytes:
    for level, node in enumerate(nodes):
        seed = node_hash(node, seed) if index >> level & 1 else node_hash(seed, node)
    return seed


def _split(size: int) -> int:
    """The largest power of two below `size` ≥ 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _require_hashes(leaf_hashes: Sequence[bytes]) -> None:
    if set(map(len, leaf_hashes)) - {32}:
        raise HashMalformed(position=next(i for i, leaf in enumerate(leaf_hashes) if len(leaf) != 32))


def _require_sizes(refusal: type[ProofInvalid], hashes: Sequence[bytes]) -> None:
    if any(len(value) != 32 for value in hashes):
        raise refusal(reason="a hash in it is not 32 bytes long")
