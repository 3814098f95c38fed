"""What a chain's own blocks say of its founding, and whom a refusal names."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.consortium import (
    FoundingSetDiffers,
    GenesisRefused,
    HeaderItems,
    check_founding_set,
    header_items_by_height,
    sealed_genesis,
    sealed_item_count,
)
from tallystick.keys import Address
from tests.chain.consortium.test_document import CARDS
from tests.chain.qbft.network import KEYS, Block
from tests.chain.qbft.test_rpc import as_json

GENESIS = Block().with_item(8, b"")


def block_json(block: Block, items: int = 15) -> dict[str, Any]:
    return as_json(block.encode([]), items) | {"hash": f"0x{block.chain_hash().hex()}"}


def test_the_genesis_gives_its_validators_and_a_hash_that_was_computed() -> None:
    for engine in ("qbft", "besu"):
        genesis = sealed_genesis(engine, block_json(GENESIS))
        assert genesis is not None
        assert (genesis.hash, genesis.validators) == (GENESIS.chain_hash(), tuple(key.address for key in KEYS))


def test_a_chain_without_seals_has_no_validators() -> None:
    assert sealed_genesis("embedded", block_json(GENESIS.with_item(13, bytes(32)))) is None


@pytest.mark.parametrize(
    ("engine", "block", "reason"),
    [
        ("embedded", GENESIS, "block 0 says QBFT"),
        ("qbft", GENESIS.with_item(13, bytes(32)), "no QBFT mixHash"),
        ("qbft", Block(validators=[]).with_item(8, b""), "none, repeated or unsorted"),
        ("qbft", Block(validators=[key.address for key in KEYS[::-1]]).with_item(8, b""), "unsorted"),
    ],
)
def test_a_block_0_of_another_engine_is_refused_with_the_reason(engine: str, block: Block, reason: str) -> None:
    with pytest.raises(GenesisRefused, match=reason):
        sealed_genesis(engine, block_json(block))


def test_a_block_0_with_other_extra_data_is_refused() -> None:
    with pytest.raises(GenesisRefused, match="no QBFT header"):
        sealed_genesis("qbft", block_json(GENESIS) | {"extraData": "0x00"})


def test_a_genesis_that_does_not_hash_to_what_the_node_says_is_refused() -> None:
    with pytest.raises(GenesisRefused, match="the node says"):
        sealed_genesis("qbft", block_json(GENESIS) | {"hash": f"0x{bytes(32).hex()}"})


def test_whose_validator_is_missing_and_which_is_nobodys_are_both_named() -> None:
    validators = sorted(card.keys.validator for card in CARDS)
    check_founding_set(validators, CARDS)
    stranger = Address(b"\xff" * 20)
    with pytest.raises(FoundingSetDiffers) as refused:
        check_founding_set([each for each in validators if each != CARDS[2].keys.validator] + [stranger], CARDS)
    assert f"it lacks 0x{CARDS[2].keys.validator.hex()} of Member 3" in str(refused.value)
    assert f"it has 0x{stranger.hex()}, which no founder's card names" in str(refused.value)


@pytest.mark.parametrize("count", [15, 16, 21])
def test_items_are_counted_as_the_header_hashes(count: int) -> None:
    assert sealed_item_count(block_json(Block().with_forks(count), count)) == count


@given(st.data())
def test_every_height_at_which_headers_grow_is_found_without_asking_for_all(data: st.DataObject) -> None:
    head = data.draw(st.integers(0, 100_000))
    forks = sorted(data.draw(st.sets(st.integers(1, head), max_size=6))) if head else []
    expected = (HeaderItems(0, 15), *(HeaderItems(height, 16 + index) for index, height in enumerate(forks)))
    asked = []

    def count_at(height: int) -> int:
        asked.append(height)
        return next(entry.items for entry in reversed(expected) if entry.from_height <= height)

    assert header_items_by_height(count_at, head) == expected
    assert len(asked) <= 2 + 20 * len(forks)
