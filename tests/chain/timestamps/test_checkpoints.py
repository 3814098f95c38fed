"""What is stamped are blocks with their seals, and a token over them counts only in its time."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.keys import Address
from tallystick.merkle import NoSuchLeaf
from tallystick.qbft import verify_header
from tallystick.timestamps import (
    MOST_BLOCKS,
    Checkpoint,
    CheckpointMalformed,
    CheckpointTree,
    NotCovered,
    counted_signers,
    stamp_counts,
    verify_token,
)
from tests.chain.qbft.network import KEYS, VALIDATORS, Block
from tests.chain.timestamps import mint as m
from tests.chain.timestamps.mint import NOON, mint

GENESIS = bytes(range(32))
CHAIN_ID = 1234567890123


def header(height: int, seals: int = 3) -> tuple[bytes, bytes]:
    encoded = Block().with_item(8, bytes([height])).sealed(KEYS[:seals])
    return verify_header(encoded, VALIDATORS).chain_hash, encoded


HEADERS = [header(height) for height in range(7, 12)]


def test_its_bytes_are_those_of_the_protocol() -> None:
    """Recomputed here by hand (`protocol.md` §9)."""
    tree = CheckpointTree(CHAIN_ID, GENESIS, 7, HEADERS[:2])
    leaves = [
        hashlib.sha256(b"\x00" + chain_hash + hashlib.sha256(encoded).digest()).digest()
        for chain_hash, encoded in HEADERS[:2]
    ]
    root = hashlib.sha256(b"\x01" + b"".join(leaves)).digest()
    numbers = [number.to_bytes(8, "big") for number in (CHAIN_ID, 7, 8)]
    expected = b"tallystick-checkpoint/v1" + numbers[0] + GENESIS + numbers[1] + numbers[2] + root

    assert tree.checkpoint.encode() == expected
    assert Checkpoint.decode(expected) == tree.checkpoint


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_every_header_of_the_range_is_covered_with_its_seals(count: int) -> None:
    tree = CheckpointTree(CHAIN_ID, GENESIS, 7, HEADERS[:count])
    for height, (chain_hash, encoded) in enumerate(HEADERS[:count], 7):
        tree.checkpoint.require_covers(height, chain_hash, encoded, tree.path(height))


def test_the_same_block_with_other_seals_is_not_covered() -> None:
    """Else a header could be sealed years later with stolen keys."""
    tree = CheckpointTree(CHAIN_ID, GENESIS, 7, HEADERS)
    chain_hash, later_sealed = header(8, seals=4)
    assert chain_hash == HEADERS[1][0]
    with pytest.raises(NotCovered):
        tree.checkpoint.require_covers(8, chain_hash, later_sealed, tree.path(8))


def test_another_height_path_or_block_is_not_covered() -> None:
    tree = CheckpointTree(CHAIN_ID, GENESIS, 7, HEADERS)
    chain_hash, encoded = HEADERS[1]
    path = tree.path(8)
    wrong = [
        (7, chain_hash, encoded, path),
        (6, chain_hash, encoded, path),
        (12, chain_hash, encoded, path),
        (8, HEADERS[2][0], encoded, path),
        (8, chain_hash, HEADERS[2][1], path),
        (8, chain_hash, encoded, path[:-1]),
        (8, chain_hash, encoded, (*path, bytes(32))),
        (8, chain_hash, encoded, tree.path(9)),
        (8, chain_hash, encoded, (b"short", *path[1:])),
    ]
    for case in wrong:
        with pytest.raises(NotCovered):
            tree.checkpoint.require_covers(*case)
    with pytest.raises(NoSuchLeaf):
        tree.path(12)


@pytest.mark.parametrize(
    ("first", "last", "sound"),
    [
        (0, 0, True),
        (1, MOST_BLOCKS, True),
        (1, MOST_BLOCKS + 1, False),
        (2, 1, False),
        (2**64 - 1, 2**64 - 1, True),
        (2**64 - 1, 2**64, False),
        (-1, 0, False),
    ],
)
def test_the_range_is_bounded(first: int, last: int, sound: bool) -> None:
    if sound:
        checkpoint = Checkpoint(CHAIN_ID, GENESIS, first, last, bytes(32))
        assert Checkpoint.decode(checkpoint.encode()) == checkpoint
        return
    with pytest.raises(CheckpointMalformed):
        Checkpoint(CHAIN_ID, GENESIS, first, last, bytes(32))


def test_no_headers_are_no_checkpoint() -> None:
    with pytest.raises(CheckpointMalformed):
        CheckpointTree(CHAIN_ID, GENESIS, 7, [])


@given(st.binary(max_size=130), st.integers(0, 200))
def test_bytes_are_a_checkpoint_s_or_refused(noise: bytes, at: int) -> None:
    encoded = CheckpointTree(CHAIN_ID, GENESIS, 7, HEADERS[:2]).checkpoint.encode()
    for candidate in (noise, encoded[:at] + noise + encoded[at:], encoded[:at]):
        try:
            assert Checkpoint.decode(candidate).encode() == candidate
        except CheckpointMalformed:
            continue


def test_a_token_over_a_checkpoint() -> None:
    checkpoint = CheckpointTree(CHAIN_ID, GENESIS, 7, HEADERS).checkpoint
    token = mint(stamped=checkpoint.encode())
    assert verify_token(token, checkpoint.encode(), [m.identity().authority()]).gen_time == NOON


SIGNERS = frozenset(key.address for key in KEYS)
FIRST, SECOND = sorted(SIGNERS)[:2]
SECOND_LATER = NOON + timedelta(seconds=1)


def counts(compromised: dict[Address, int], stamp_by: int = 0, quorum: int = 3) -> bool:
    """With a token of noon; times in seconds after noon."""
    return stamp_counts(
        NOON,
        stamp_by=NOON + timedelta(seconds=stamp_by),
        signers=SIGNERS,
        quorum=quorum,
        compromised_since={key: NOON + timedelta(seconds=seconds) for key, seconds in compromised.items()},
    )


def test_a_token_counts_up_to_the_epoch_s_stamp_by() -> None:
    assert counts({})
    assert not counts({}, stamp_by=-1)


def test_seals_of_keys_compromised_by_then_drop_out() -> None:
    assert counts({FIRST: 1, SECOND: 1})
    assert counts({FIRST: 0})
    assert not counts({FIRST: 0, SECOND: 0})
    assert not counts({FIRST: 0}, quorum=4)
    assert counted_signers(NOON, SIGNERS, {FIRST: NOON, SECOND: SECOND_LATER}) == SIGNERS - {FIRST}
