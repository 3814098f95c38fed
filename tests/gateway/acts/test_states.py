"""The table of states: every step it allows needs its fact, and it allows no other."""

from dataclasses import fields, replace
from itertools import product

import pytest

from tallystick_gateway.acts.errors import TransitionRefused
from tallystick_gateway.acts.states import ENDS, TRANSITIONS, Facts, State, advance, is_done, sources

VALID_UNTIL = 1_000
NOTHING = Facts(valid_until=VALID_UNTIL)
FACT_OF = {
    State.SIGNED: replace(NOTHING, signature_stored=True),
    State.BROADCAST: replace(NOTHING, node_accepted=True),
    State.INCLUDED: replace(NOTHING, event_in_checked_block=True),
    State.FINAL: replace(NOTHING, event_in_checked_block=True, seals_checked=True),
    State.REJECTED: replace(NOTHING, refusal="contract.loan_exists"),
    State.EXPIRED: replace(NOTHING, goal_block_time=VALID_UNTIL + 1),
}


def fact_for(source: State, to: State) -> Facts:
    """The fact that makes the step from `source` to `to` true."""
    if to is State.CANCELLED:
        unsigned = source is State.RECEIVED
        return replace(NOTHING, withdrawn_unsigned=unsigned, cancel_in_checked_block=not unsigned)
    if (source, to) == (State.BROADCAST, State.SIGNED):
        return replace(NOTHING, carrier_lost=True, signature_stored=True)
    return FACT_OF[to]


@pytest.mark.parametrize(("source", "to"), TRANSITIONS)
def test_each_step_is_taken_on_its_fact(source: State, to: State) -> None:
    assert advance(source, to, fact_for(source, to)) is to


@pytest.mark.parametrize(("source", "to"), TRANSITIONS)
def test_no_step_is_taken_without_its_fact(source: State, to: State) -> None:
    with pytest.raises(TransitionRefused):
        advance(source, to, NOTHING)


@pytest.mark.parametrize(("source", "to"), [pair for pair in product(State, State) if pair not in TRANSITIONS])
def test_no_other_step_exists_whatever_is_known(source: State, to: State) -> None:
    everything = Facts(
        valid_until=0,
        signature_stored=True,
        node_accepted=True,
        carrier_lost=True,
        event_in_checked_block=True,
        seals_checked=True,
        refusal="contract.loan_exists",
        cancel_in_checked_block=True,
        withdrawn_unsigned=True,
        goal_block_time=1,
    )
    assert all(getattr(everything, field.name) is not None for field in fields(Facts))
    with pytest.raises(TransitionRefused):
        advance(source, to, everything)


def test_every_state_can_be_reached_and_every_open_one_can_end() -> None:
    reached = {State.RECEIVED}
    while grown := {to for source, to in TRANSITIONS if source in reached} - reached:
        reached |= grown
    assert reached == set(State)
    for source in (State.RECEIVED, State.SIGNED, State.BROADCAST):
        assert {to for start, to in TRANSITIONS if start is source} >= ENDS


def test_an_act_never_expires_while_a_block_within_its_validity_is_the_newest() -> None:
    with pytest.raises(TransitionRefused):
        advance(State.BROADCAST, State.EXPIRED, replace(NOTHING, goal_block_time=VALID_UNTIL))


def test_an_act_found_in_a_block_neither_expires_nor_is_rejected() -> None:
    found = replace(NOTHING, event_in_checked_block=True, goal_block_time=VALID_UNTIL + 1, refusal="x")
    for to in (State.EXPIRED, State.REJECTED):
        with pytest.raises(TransitionRefused):
            advance(State.BROADCAST, to, found)


def test_a_chain_that_took_a_rejected_act_after_all_has_the_last_word() -> None:
    assert advance(State.REJECTED, State.INCLUDED, FACT_OF[State.INCLUDED]) is State.INCLUDED


def test_nothing_is_final_without_seals() -> None:
    with pytest.raises(TransitionRefused):
        advance(State.INCLUDED, State.FINAL, FACT_OF[State.INCLUDED])


def test_done_means_goal_or_end() -> None:
    assert is_done(State.INCLUDED, State.INCLUDED)
    assert not is_done(State.INCLUDED, State.FINAL)
    assert all(is_done(state, State.FINAL) for state in (*ENDS, State.FINAL))
    assert set(sources(State.FINAL)) == {State.INCLUDED}
