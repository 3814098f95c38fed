"""What two accounts say differently, and what cannot be compared."""

import pytest

from tallystick.ledger import Difference, LoanState, Subject, compare, replay, views_of

from .histories import started
from .lending import SETTLED, LendingWorld
from .world import CHAIN_ID


def _world() -> tuple[LendingWorld, tuple[bytes, bytes]]:
    world = started()
    agreement = world.agree()
    world.block()
    key = world.disburse(agreement, 1000)
    return world, key


def test_the_same_history_has_no_differences() -> None:
    world, _ = _world()
    state = replay(world.events, CHAIN_ID, world.consortium)

    assert compare(state, state) == ()
    assert compare(state, views_of(state)) == ()


def test_a_loan_that_went_on_shows_what_changed() -> None:
    world, key = _world()
    before = replay(world.events, CHAIN_ID, world.consortium)
    world.block()
    world.move(key, SETTLED)
    after = replay(world.events, CHAIN_ID, world.consortium)

    differences = compare(before, after)

    assert {(found.subject, found.field) for found in differences} == {
        (Subject.AGREEMENT, "exposure"),
        (Subject.AGREEMENT, "exposures"),
        (Subject.LOAN, "state"),
        (Subject.LOAN, "count"),
        (Subject.LOAN, "head"),
    }
    assert Difference(Subject.LOAN, key, "state", LoanState.ACTIVE, LoanState.SETTLED) in differences


def test_a_row_that_only_one_has_is_missing_or_too_many() -> None:
    world, key = _world()
    state = replay(world.events, CHAIN_ID, world.consortium)

    missing = compare(state, {Subject.LOAN: {}})
    extra = compare(state, {Subject.LOAN: {**views_of(state)[Subject.LOAN], (key[0], bytes(32)): {"count": 1}}})

    assert [str(found) for found in missing] == [f"loan {key[0].hex()}/{key[1].hex()} is missing"]
    assert [str(found) for found in extra] == [f"loan {key[0].hex()}/{bytes(32).hex()} is too many"]


def test_an_account_that_says_less_is_compared_with_less() -> None:
    world, key = _world()
    state = replay(world.events, CHAIN_ID, world.consortium)

    assert compare(state, {Subject.LOAN: {key: {"principal": 1000, "shares": (200, 800)}}}) == ()
    assert [found.field for found in compare(state, {Subject.LOAN: {key: {"principal": 1001}}})] == ["principal"]


def test_what_cannot_be_compared_is_no_agreement() -> None:
    world, key = _world()
    state = replay(world.events, CHAIN_ID, world.consortium)

    with pytest.raises(ValueError, match="no field principle of loan"):
        compare(state, {Subject.LOAN: {key: {"principle": 1000}}})
    with pytest.raises(ValueError, match="nothing to compare with consortium"):
        compare({Subject.LOAN: {}}, {Subject.CONSORTIUM: {}})
