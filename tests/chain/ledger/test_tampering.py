"""Histories that no honest contract tells are refused, each by the rule that it breaks."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.ledger import RULES, Event, ReplayBroken, Rule, replay

from . import world as w
from .histories import histories
from .lending import LendingWorld
from .tampering import CASES, Case

_UNHURRIED = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])

CHOSEN_FREELY = frozenset(
    {
        ("ActCancelled", "actId"),
        ("ActCancelled", "cancelled"),
        ("AgreementAdopted", "actId"),
        ("AgreementCoSigned", "actId"),
        ("AgreementProposed", "actId"),
        ("Anchored", "actId"),
        ("Anchored", "count"),
        ("Anchored", "root"),
        ("CompromiseReported", "actId"),
        ("CompromiseReported", "key"),
        ("CompromiseReported", "reason"),
        ("CompromiseReported", "since"),
        ("DelayChanged", "delay"),
        ("Disbursed", "borrowerTag"),
        ("Disbursed", "valueDate"),
        ("HeadAsOf", "actId"),
        ("KeyAdded", "actId"),
        ("KeyAdded", "key"),
        ("KeyAdded", "notAfter"),
        ("KeyAdded", "notBefore"),
        ("KeyAdded", "purpose"),
        ("KeyRevocationRecorded", "actId"),
        ("KeyRevocationRecorded", "key"),
        ("KeyRevocationRecorded", "reason"),
        ("MemberAdmitted", "certificate"),
        ("MemberAdmitted", "roles"),
        ("ProposalApproved", "actId"),
        ("ProposalMade", "actId"),
        ("ProposalMade", "payload"),
        ("ProposalWithdrawn", "actId"),
        ("Ratified", "actId"),
        ("Reversed", "reason"),
        ("SealedDisbursed", "terms"),
        ("ServicingTransferProposed", "price"),
        ("ServicingTransferProposed", "reason"),
        ("Settled", "valueDate"),
        ("ShareTransferProposed", "amount"),
        ("ShareTransferProposed", "price"),
        ("ShareTransferProposed", "reason"),
        ("ThresholdChanged", "threshold"),
        ("TimeNoted", "actId"),
        ("TimeNoted", "tokenDigest"),
        ("WrittenOff", "reason"),
        ("WrittenOff", "valueDate"),
    }
)
"""What a member may choose and nothing later depends on: here only the receipts root shows a change. A linked act's id,
for one, is not among them: the head depends on it."""


def refusal(events: list[Event]) -> ReplayBroken | None:
    try:
        replay(events, w.CHAIN_ID, w.address_of("Consortium"))
    except ReplayBroken as refused:
        return refused
    return None


@pytest.mark.parametrize(("rule", "case"), CASES, ids=[f"{rule}-{case.__name__}" for rule, case in CASES])
def test_it_is_refused_by_its_rule(rule: Rule, case: Case) -> None:
    refused = refusal(case())

    assert refused is not None
    assert refused.rule is rule, str(refused)


def test_every_rule_is_explained_and_broken_by_a_test() -> None:
    assert set(RULES) == set(Rule)
    assert {rule for rule, _ in CASES} == set(Rule)


def test_a_refusal_says_where_and_why() -> None:
    case = next(case for rule, case in CASES if rule is Rule.TOTAL_LIMIT)
    events = case()
    refused = refusal(events)

    assert refused is not None
    assert (refused.height, refused.transaction_index, refused.log_index) == (
        events[-1].height,
        events[-1].transaction_index,
        events[-1].log_index,
    )
    assert str(refused) == (
        f"Event 1 of transaction 0 in block {events[-1].height} breaks the rule total_limit: "
        "1000000 + 500001 exceeds the limit 1500000"
    )
    assert refused.code == "ledger.replay_broken"


@_UNHURRIED
@given(histories(least=10, most=25), st.data())
def test_a_value_altered_anywhere_is_refused_or_was_free(world: LendingWorld, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(world.events) - 1))
    event = world.events[index]
    name = data.draw(
        st.sampled_from(sorted(set(event.values) - {name for it, name in CHOSEN_FREELY if it == event.name}))
    )
    altered = replace(event, values={**event.values, name: _altered(event.values[name])})

    assert refusal([*world.events[:index], altered, *world.events[index + 1 :]]) is not None, (event.name, name)


@_UNHURRIED
@given(histories(least=15, most=40), st.data())
def test_acts_of_one_loan_or_log_in_another_order_are_refused(world: LendingWorld, data: st.DataObject) -> None:
    """They keep their places in the chain and exchange what they say."""
    pairs = _neighbours(world.events)
    if pairs:
        first, second = data.draw(st.sampled_from(pairs))
        exchanged = list(world.events)
        exchanged[first] = _told_at(world.events[second], world.events[first])
        exchanged[second] = _told_at(world.events[first], world.events[second])
        assert refusal(exchanged) is not None


@_UNHURRIED
@given(histories(least=10, most=25), st.data())
def test_a_linked_act_left_out_is_refused_by_the_next(world: LendingWorld, data: st.DataObject) -> None:
    """As long as another act of the loan follows."""
    linked = [index for index, event in enumerate(world.events) if "head" in event.values and event.name != "HeadAsOf"]
    loans = [world.events[index].values["loan"] for index in linked]
    followed = [index for place, index in enumerate(linked) if loans[place] in loans[place + 1 :]]
    if followed:
        index = data.draw(st.sampled_from(followed))
        assert refusal([*world.events[:index], *world.events[index + 1 :]]) is not None


def _neighbours(events: list[Event]) -> list[tuple[int, int]]:
    """Positions of acts that follow each other in the history of a loan or in a log."""
    latest: dict[object, int] = {}
    pairs = []
    for index, event in enumerate(events):
        values = event.values
        if event.name == "Anchored" or ("head" in values and event.name != "HeadAsOf"):
            about = (values["member"], values["stream"]) if event.name == "Anchored" else values["loan"]
            if about in latest:
                pairs.append((latest[about], index))
            latest[about] = index
    return pairs


def _told_at(event: Event, place: Event) -> Event:
    return replace(place, contract=event.contract, address=event.address, name=event.name, values=event.values)


def _altered(value: Any) -> object:
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"\x01"
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, Mapping):
        first = next(iter(value))
        return {**value, first: _altered(value[first])}
    return (*value[:-1], _altered(value[-1])) if value else (1,)
