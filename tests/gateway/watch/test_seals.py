"""Sets of validators and what consortium.json says of them, on a chain sealed in memory."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.consortium import Consortium, HeaderItems, ValidatorEpoch
from tallystick.keys import ActKey, Address
from tallystick.qbft import Epoch, Succession, Validators, chain_hash, decode_header
from tallystick_gateway.watch.chain_event import ChainEvent
from tallystick_gateway.watch.errors import EpochsDiffer
from tallystick_gateway.watch.headers import CheckedHeader
from tallystick_gateway.watch.seals import changes_in, follow, require_epochs
from tests.chain.qbft.network import KEYS, VALIDATORS, Block

MEMBERS = {key.address: secrets.token_bytes(32) for key in KEYS}
FIFTH = ActKey(bytes([9]) * 32).address
VALIDATOR, ACT = 3, 1


def consortium(*epochs: tuple[int, int | None, Sequence[Address]]) -> Consortium:
    """A file with these epochs; the rest of it does not matter here."""
    return Consortium(
        chain_id=2**33,
        genesis_hash=bytes(32),
        engine="qbft",
        header_items=(HeaderItems(0, 15),),
        validator_epochs=tuple(
            ValidatorEpoch(first, last, {address: MEMBERS.get(address, bytes(32)) for address in addresses})
            for first, last, addresses in epochs
        ),
        contracts=(),
        members=(),
    )


def event(name: str, key: Address, member: bytes, purpose: int = VALIDATOR) -> ChainEvent:
    values: Mapping[str, Any] = {"key": bytes(12) + key, "member": member, "purpose": purpose}
    return ChainEvent(name, "Consortium", bytes(20), values, 7, 0, bytes(32), 0, 0)


def founding() -> list[ChainEvent]:
    return [event("KeyAdded", address, member) for address, member in MEMBERS.items()]


def seventh() -> CheckedHeader:
    header = decode_header(Block().sealed())
    return CheckedHeader(7, chain_hash(header), header.parent_hash, 0, bytes(32), bytes(32), 0, True, header)


def before() -> Succession:
    return replace(Succession.of_genesis(VALIDATORS), height=6)


def test_the_contracts_events_found_the_list_and_other_purposes_do_not_count() -> None:
    events = [*founding(), event("KeyAdded", FIFTH, bytes(32), ACT), event("Ratified", FIFTH, bytes(32))]
    assert {change.address for change, _ in changes_in(events)} == set(VALIDATORS.addresses)
    after = follow(before(), seventh(), events, consortium((0, None, VALIDATORS.addresses)))
    assert after.governed == frozenset(VALIDATORS.addresses)
    assert after.pending == ()


def test_contracts_founded_with_another_set_than_seals_are_refused() -> None:
    with pytest.raises(EpochsDiffer) as refused:
        follow(before(), seventh(), founding()[1:], consortium((0, None, VALIDATORS.addresses)))
    assert refused.value.values["missing"] == (KEYS[0].address,)


def test_a_validator_that_is_another_members_by_the_contract_is_refused() -> None:
    events = [*founding()[:3], event("KeyAdded", KEYS[3].address, bytes(32))]
    with pytest.raises(EpochsDiffer, match="by the contract"):
        follow(before(), seventh(), events, consortium((0, None, VALIDATORS.addresses)))


FOUR, FIVE = VALIDATORS.addresses, tuple(sorted((*VALIDATORS.addresses, FIFTH)))
AS_FOUND = Succession(
    100,
    (Epoch(0, 19, Validators(FOUR)), Epoch(20, 59, Validators(FIVE)), Epoch(60, None, Validators(FOUR))),
    frozenset(FOUR),
)


@pytest.mark.parametrize(
    "epochs",
    [
        [(0, None, FOUR)],
        [(0, 19, FOUR), (20, None, FIVE)],
        [(0, 19, FOUR), (20, 59, FIVE), (60, None, FOUR)],
        [(0, 19, FOUR), (20, 59, FIVE), (60, 100, FOUR), (101, None, FIVE)],
    ],
    ids=["founding", "one change", "all", "one to come"],
)
def test_an_export_of_any_time_agrees_with_what_was_found(epochs: list[tuple[int, int | None, Any]]) -> None:
    require_epochs(consortium(*epochs), AS_FOUND)


@pytest.mark.parametrize(
    "epochs",
    [
        [(0, None, FIVE)],
        [(0, 20, FOUR), (21, None, FIVE)],
        [(0, 18, FOUR), (19, None, FIVE)],
        [(0, 59, FOUR), (60, None, FIVE)],
        [(0, 19, FOUR), (20, None, FOUR[:3])],
        [(0, 19, FOUR), (20, 59, FIVE), (60, 90, FOUR), (91, None, FIVE)],
        [(0, 19, FOUR), (20, 200, FIVE), (201, None, FOUR)],
    ],
    ids=["another founding set", "late", "early", "one left out", "another set", "one too many", "one too long"],
)
def test_an_export_that_contradicts_what_was_found_is_refused(epochs: list[tuple[int, int | None, Any]]) -> None:
    with pytest.raises(EpochsDiffer):
        require_epochs(consortium(*epochs), AS_FOUND)


@given(st.integers(0, 130), st.lists(st.integers(1, 120), unique=True, max_size=4))
def test_a_file_agrees_as_far_as_the_chain_was_followed_and_not_further(height: int, changes: list[int]) -> None:
    """Any true file agrees at any height; one whose last change is moved by a block does not, once it was passed."""
    bounds = [0, *sorted(changes)]
    sets = [FOUR if index % 2 == 0 else FIVE for index in range(len(bounds))]
    whole = list(zip(bounds, [*(bound - 1 for bound in bounds[1:]), None], sets, strict=True))
    found = [epoch for epoch in whole if epoch[0] <= height]
    epochs = [
        Epoch(first, last if last is not None and last < height else None, Validators(of)) for first, last, of in found
    ]
    followed = Succession(height, tuple(epochs), frozenset(FOUR))
    require_epochs(consortium(*whole), followed)
    if changes and bounds[-1] < height:
        moved = [*whole[:-2], (whole[-2][0], bounds[-1], whole[-2][2]), (bounds[-1] + 1, None, whole[-1][2])]
        with pytest.raises(EpochsDiffer):
            require_epochs(consortium(*moved), followed)
