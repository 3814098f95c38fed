"""Checkpoints over ranges of blocks with their seals, and which tokens over them count (`protocol.md` §9)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from tallystick import merkle
from tallystick.keys import Address

from .errors import CheckpointMalformed, NotCovered

__all__ = ["MOST_BLOCKS", "Checkpoint", "CheckpointTree", "counted_signers", "stamp_counts"]

MOST_BLOCKS: Final = 4096
"""How many blocks one checkpoint covers at most."""

_TAG: Final = b"tallystick-checkpoint/v1"
_HASH_BYTES: Final = 32
_U64_BYTES: Final = 8
_SIZE: Final = len(_TAG) + 3 * _U64_BYTES + 2 * _HASH_BYTES


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is stamped: the blocks `first` to `last` of one chain, each with the seals its header had then.

    Raises `CheckpointMalformed`.
    """

    chain_id: int
    genesis_hash: bytes
    first: int
    last: int
    root: bytes

    def __post_init__(self) -> None:
        if len(self.genesis_hash) != _HASH_BYTES or len(self.root) != _HASH_BYTES:
            raise CheckpointMalformed(reason="a hash that is not 32 bytes long")
        if not all(0 <= number < 2**64 for number in (self.chain_id, self.first, self.last)):
            raise CheckpointMalformed(reason="a number that does not fit 64 bits")
        if not 0 <= self.last - self.first < MOST_BLOCKS:
            raise CheckpointMalformed(reason=f"blocks {self.first} to {self.last}, at most {MOST_BLOCKS} are covered")

    def encode(self) -> bytes:
        """The bytes that are stamped."""
        numbers = [number.to_bytes(_U64_BYTES) for number in (self.chain_id, self.first, self.last)]
        return b"".join([_TAG, numbers[0], self.genesis_hash, numbers[1], numbers[2], self.root])

    @classmethod
    def decode(cls, encoded: bytes) -> Self:
        """The checkpoint of these bytes. Raises `CheckpointMalformed`."""
        if len(encoded) != _SIZE or not encoded.startswith(_TAG):
            raise CheckpointMalformed(reason=f"not {_SIZE} bytes that begin with {_TAG.decode()}")
        chain_id, rest = _number(encoded[len(_TAG) :])
        genesis_hash, rest = rest[:_HASH_BYTES], rest[_HASH_BYTES:]
        first, rest = _number(rest)
        last, root = _number(rest)
        return cls(chain_id, genesis_hash, first, last, root)

    def require_covers(self, height: int, chain_hash: bytes, header: bytes, path: Sequence[bytes]) -> None:
        """Check by the inclusion `path` that these very bytes of the header of `height` are covered.

        `header` is its RLP as given, with round and seals; `chain_hash` was computed from it. Raises `NotCovered`.
        """
        try:
            merkle.verify_inclusion(
                _leaf(chain_hash, header), height - self.first, self.last - self.first + 1, path, self.root
            )
        except merkle.InclusionInvalid as why:
            raise NotCovered(first=self.first, last=self.last, height=height, reason=why.reason) from None


class CheckpointTree:
    """A checkpoint to be stamped, over headers in a row (chain hash and RLP with seals), and the paths of each."""

    def __init__(self, chain_id: int, genesis_hash: bytes, first: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Raises `CheckpointMalformed`, also for no headers."""
        self._tree = merkle.Tree([_leaf(chain_hash, header) for chain_hash, header in headers])
        self.checkpoint = Checkpoint(chain_id, genesis_hash, first, first + len(headers) - 1, self._tree.root)

    def path(self, height: int) -> tuple[bytes, ...]:
        """The nodes that show the header of `height` in the tree. Raises `NoSuchLeaf`."""
        return self._tree.inclusion_proof(height - self.checkpoint.first)


def counted_signers(
    gen_time: datetime, signers: frozenset[Address], compromised_since: Mapping[Address, datetime]
) -> frozenset[Address]:
    """Those of a header's signers whose seals a token of `gen_time` shows to be older than any compromise."""
    return frozenset(
        signer for signer in signers if signer not in compromised_since or gen_time < compromised_since[signer]
    )


def stamp_counts(
    gen_time: datetime,
    *,
    stamp_by: datetime,
    signers: frozenset[Address],
    quorum: int,
    compromised_since: Mapping[Address, datetime],
) -> bool:
    """Whether a token of `gen_time` over a checkpoint that covers a header with these signers counts for it.

    `stamp_by` is that of the header's validator epoch in the roots, for the open epoch the roots' `issuedAt`.
    """
    return gen_time <= stamp_by and len(counted_signers(gen_time, signers, compromised_since)) >= quorum


def _leaf(chain_hash: bytes, header: bytes) -> bytes:
    return merkle.leaf_hash(chain_hash + hashlib.sha256(header).digest())


def _number(encoded: bytes) -> tuple[int, bytes]:
    return int.from_bytes(encoded[:_U64_BYTES]), encoded[_U64_BYTES:]
