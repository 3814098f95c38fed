"""What a replay makes of histories that the contracts would allow."""

import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.ledger import Replay, ReplayBroken, Rule, compare, replay, views_of

from .histories import STEPS, histories, run, started
from .lending import ACTIVE, SERVICING, SETTLED, SHARE, LendingWorld
from .world import CHAIN_ID

_UNHURRIED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@_UNHURRIED
@given(histories())
def test_a_replay_ends_where_the_plain_model_ends(world: LendingWorld) -> None:
    state = replay(world.events, CHAIN_ID, world.consortium)

    assert compare(state, world.views()) == ()
    assert state.complete


@_UNHURRIED
@given(histories(most=15), st.data())
def test_a_replay_can_stop_and_go_on_after_any_event(world: LendingWorld, data: st.DataObject) -> None:
    pause = data.draw(st.integers(0, len(world.events)))
    whole, parted = Replay(CHAIN_ID, world.consortium), Replay(CHAIN_ID, world.consortium)
    for event in world.events:
        whole.apply(event)
    for event in world.events[:pause]:
        parted.apply(event)
    before = parted.state
    seen = dict(views_of(before))
    for event in world.events[pause:]:
        parted.apply(event)

    assert compare(whole.state, parted.state) == ()
    assert seen == dict(views_of(before)), "a picture of the state must not change afterwards"


def test_the_random_histories_reach_every_event() -> None:
    names = Counter[str]()
    for seed in range(40):
        chance = random.Random(seed)  # noqa: S311  # not for secrets
        steps = [(name, chance.randrange(2**32)) for name in sorted(STEPS) * 3]
        names.update(event.name for event in run(steps).events)

    assert len(names) == 39, sorted(names)


def test_what_a_loan_went_through_can_be_read_from_the_state() -> None:
    world = started()
    agreement = world.agree()
    world.block()
    key = world.disburse(agreement, 10_001)
    world.block()
    offer = world.offer(key, SHARE, 1, 0, 1)
    world.transaction()
    world.co_sign(offer, world.parties(agreement)[0])
    world.block()
    servicing = world.offer(key, SERVICING, 0, 1, 0)
    world.transaction()
    world.co_sign(servicing, world.parties(agreement)[1])
    world.block()
    world.move(key, SETTLED)

    state = replay(world.events, CHAIN_ID, world.consortium)
    loan = state.loans[key]

    assert state.shares_of(loan) == (2001, 8000)
    assert state.servicer_of(loan) == world.parties(agreement)[1]
    assert [link.event for link in loan.history] == [
        "Disbursed",
        "ShareTransferProposed",
        "LoanCoSigned",
        "ServicingTransferProposed",
        "LoanCoSigned",
        "Settled",
    ]
    assert [link.count for link in loan.history] == [1, 2, 3, 4, 5, 6]
    assert state.agreements[agreement].exposures == (0, 0)


def test_exposure_counts_active_loans_only() -> None:
    world = started()
    agreement = world.agree()
    world.block()
    kept, settled = world.disburse(agreement, 1000), world.disburse(agreement, 500)
    world.block()
    world.move(settled, SETTLED)

    state = replay(world.events, CHAIN_ID, world.consortium)

    assert state.loans[kept].state == ACTIVE
    assert state.agreements[agreement].exposures == (200, 800)


def test_a_broken_replay_stays_broken() -> None:
    world = started()
    run_ = Replay(CHAIN_ID, world.consortium)
    with pytest.raises(ReplayBroken) as first:
        run_.apply(world.events[3])
    with pytest.raises(ReplayBroken) as again:
        run_.apply(world.events[0])

    assert first.value is again.value
    assert (first.value.rule, first.value.height) == (Rule.MEMBER, 10)
