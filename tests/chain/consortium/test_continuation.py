"""A later file of a consortium adds to the pinned one and contradicts nothing of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tallystick.consortium import (
    ConsortiumMalformed,
    ContractEntry,
    HeaderItems,
    NotLater,
    ValidatorEpoch,
    check_continues,
)
from tallystick.keys import Address
from tests.chain.consortium.test_document import CARDS, CONTRACTS, DOCUMENT, SEALED_BY, member_card

FIFTH = member_card(5)
SEALED_BY_FIVE = {**SEALED_BY, FIFTH.keys.validator: FIFTH.member}
PINNED = dataclasses.replace(DOCUMENT, engine="qbft", validator_epochs=(ValidatorEpoch(0, None, SEALED_BY),))
BOOK = ContractEntry("AgreementBook", Address(b"\x77" * 20), bytes([7]) * 32, 70, b"\0\1")
LATER = dataclasses.replace(
    PINNED,
    members=(*CARDS, FIFTH),
    validator_epochs=(ValidatorEpoch(0, 99, SEALED_BY), ValidatorEpoch(100, None, SEALED_BY_FIVE)),
    contracts=(CONTRACTS[0], BOOK, *CONTRACTS[2:]),
    header_items=(*PINNED.header_items, HeaderItems(5_000, 18)),
)


def test_a_file_continues_itself_and_what_it_grew_from() -> None:
    LATER.check()
    for later, earlier in ((PINNED, PINNED), (LATER, LATER), (LATER, PINNED)):
        check_continues(later, earlier)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"chain_id": 2**41}, "chain_id"),
        ({"genesis_hash": bytes(32)}, "genesis_hash"),
        ({"engine": "besu"}, "engine"),
        ({"contracts": (dataclasses.replace(CONTRACTS[0], from_height=2), *CONTRACTS[1:])}, "contracts"),
        ({"members": (*CARDS[1:], FIFTH)}, "members"),
        ({"header_items": (HeaderItems(0, 15),)}, "header_items"),
        ({"validator_epochs": (ValidatorEpoch(0, None, SEALED_BY_FIVE),)}, "validator_epochs"),
    ],
)
def test_a_file_that_contradicts_the_pinned_one_is_refused_by_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(NotLater) as refused:
        check_continues(dataclasses.replace(LATER, **change), PINNED)
    assert refused.value.values == {"field": field}


@pytest.mark.parametrize(
    "epochs",
    [
        LATER.validator_epochs[:1],
        (ValidatorEpoch(0, 98, SEALED_BY), ValidatorEpoch(99, None, SEALED_BY_FIVE)),
        (ValidatorEpoch(0, 99, SEALED_BY), ValidatorEpoch(100, None, SEALED_BY)),
    ],
)
def test_an_epoch_that_was_closed_stays_as_it_was(epochs: tuple[ValidatorEpoch, ...]) -> None:
    with pytest.raises(NotLater):
        check_continues(dataclasses.replace(LATER, validator_epochs=epochs), LATER)


def test_an_earlier_file_does_not_continue_a_later_one() -> None:
    with pytest.raises(NotLater):
        check_continues(PINNED, LATER)


def test_a_first_epoch_with_a_validator_of_no_card_contradicts_itself() -> None:
    swapped = dict(zip(SEALED_BY, [*list(SEALED_BY.values())[1:], next(iter(SEALED_BY.values()))], strict=True))
    with pytest.raises(ConsortiumMalformed, match="its member's card does not"):
        dataclasses.replace(PINNED, validator_epochs=(ValidatorEpoch(0, None, swapped),)).check()
