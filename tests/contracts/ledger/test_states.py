"""The state table of loans, walked: every act in every state is taken, or refused with its typed error.

`None → Pending (SEALED) → Active`, `None → Active (OPEN)`, `Active → Settled | WrittenOff | Reversed`,
`Pending → Reversed`, `WrittenOff → Settled`. Nothing else.
"""

from collections.abc import Callable, Mapping

import pytest

from tallystick.acts import Act
from tallystick.client.events import Emitted
from tallystick.ledger import LOAN_TRANSITIONS, LoanState
from tests.contracts.ledger.lending import LOAN, VALUE_DATE, Lending
from tests.contracts.support import the, word

S = LoanState
Make = Callable[[Lending], Act | list[Act]]


ENDS: Mapping[str, tuple[LoanState, Make]] = {
    "settle": (S.SETTLED, lambda lending: [lending.settle_act()]),
    "write off": (S.WRITTEN_OFF, lambda lending: lending.write_off_act()),
    "reverse": (S.REVERSED, lambda lending: lending.reverse_act()),
}
"""Acts of the servicer that move a loan, and where to."""

OFFERS: Mapping[str, Make] = {
    "offer a share": lambda lending: lending.share_act(*lending.parties[:2], amount=given(lending)),
    "offer the servicing": lambda lending: lending.servicing_act(*lending.parties[:2]),
}


def given(lending: Lending) -> int:
    return 10 if lending.terms.visibility else 0


def reach(lending: Lending, state: LoanState) -> None:
    """Bring the loan there by the acts that lead there."""
    if state is S.NONE:
        return
    if state is S.PENDING:
        lending.network.send(lending.sealed_act())
        return
    if lending.terms.visibility:
        lending.disburse()
    else:
        lending.disburse_sealed()
    for end, make in ENDS.values():
        if end is state:
            lending.network.send(make(lending))
    assert lending.state() is state


def states_of(lending: Lending) -> list[LoanState]:
    return [state for state in S if state is not S.PENDING or not lending.terms.visibility]


@pytest.fixture(params=["lending", "confidential"])
def either(request: pytest.FixtureRequest) -> Lending:
    """An OPEN agreement, then a SEALED one."""
    lending: Lending = request.getfixturevalue(request.param)
    return lending


def expected_end(state: LoanState, to: LoanState) -> str | LoanState:
    """What the servicer's act that moves a loan to `to` gives in `state`."""
    table = {
        (S.ACTIVE, S.SETTLED): S.SETTLED,
        (S.ACTIVE, S.WRITTEN_OFF): S.WRITTEN_OFF,
        (S.ACTIVE, S.REVERSED): S.REVERSED,
        (S.PENDING, S.REVERSED): S.REVERSED,
        (S.WRITTEN_OFF, S.SETTLED): S.SETTLED,
    }
    return table.get((state, to), "LoanUnknown" if state is S.NONE else "TransitionNotAllowed")


def test_every_act_that_moves_a_loan_in_every_state(either: Lending) -> None:
    network = either.network
    subject = {"agreement": either.agreement, "loan": LOAN}
    for state in states_of(either):
        for name, (to, make) in ENDS.items():
            with network.chain.rewound():
                reach(either, state)
                expected = expected_end(state, to)
                if expected == "LoanUnknown":
                    network.refused(make(either), "LoanUnknown", **subject)
                elif expected == "TransitionNotAllowed":
                    values = subject | {"from": state, "to": to}
                    network.chain.refused(network.call(make(either)), "TransitionNotAllowed", **values)
                else:
                    network.send(make(either))
                    assert either.state() is expected, (state, name)


def test_a_loan_begins_once_whatever_became_of_it(either: Lending) -> None:
    network = either.network
    for state in states_of(either):
        with network.chain.rewound():
            reach(either, state)
            is_open = bool(either.terms.visibility)
            begin: Act | list[Act] = [either.disburse_act()] if is_open else either.sealed_act()
            if state is S.NONE:
                network.send(begin)
                assert either.state() is (S.ACTIVE if is_open else S.PENDING)
            else:
                network.refused(begin, "LoanExists", agreement=either.agreement, loan=LOAN, state=state)


def test_a_share_or_the_servicing_is_offered_while_the_loan_is_outstanding(either: Lending) -> None:
    network = either.network
    subject = {"agreement": either.agreement, "loan": LOAN}
    for state in states_of(either):
        for make in OFFERS.values():
            with network.chain.rewound():
                reach(either, state)
                if state is S.NONE:
                    network.refused(make(either), "LoanUnknown", **subject)
                elif state in (S.ACTIVE, S.WRITTEN_OFF):
                    network.send(make(either))
                    assert either.state() is state
                else:
                    network.refused(make(either), "LoanNotOutstanding", **subject, state=state)


def test_an_offer_is_taken_while_the_loan_is_outstanding(either: Lending) -> None:
    network, taker = either.network, either.parties[1]
    for to, end in [*ENDS.values(), (S.ACTIVE, None)]:
        for make in OFFERS.values():
            with network.chain.rewound():
                reach(either, S.ACTIVE)
                offer = make(either)
                assert isinstance(offer, Act)
                network.send(offer)
                if end is not None:
                    network.send(end(either))
                signature = either.cosign_act(taker, offer)
                if to in (S.ACTIVE, S.WRITTEN_OFF):
                    network.send(signature, to=either.ledger)
                    assert either.state() is to
                else:
                    values = {"agreement": either.agreement, "loan": LOAN, "state": to}
                    network.refused(signature, "LoanNotOutstanding", to=either.ledger, **values)


def test_a_head_is_told_in_every_state_of_a_loan(either: Lending) -> None:
    network = either.network
    for state in states_of(either):
        with network.chain.rewound():
            reach(either, state)
            if state is S.NONE:
                network.refused([either.snapshot_act()], "LoanUnknown", agreement=either.agreement, loan=LOAN)
            else:
                network.send([either.snapshot_act()])
                assert either.state() is state


def test_the_table_is_the_librarys(either: Lending) -> None:
    """`LOAN_TRANSITIONS`, by which a replay judges, says of the servicer's acts what the ledger does."""
    for state in states_of(either):
        for to, _ in ENDS.values():
            assert (expected_end(state, to) is to) == (to in LOAN_TRANSITIONS[state])


# ---------------------------------------------------------------------- what the events say


def moved(lending: Lending, act: Act, events: list[Emitted], name: str, **more: object) -> None:
    network = lending.network
    loan = lending.loan()
    assert the(events, name) == more | {
        "actId": network.act_id(act),
        "agreement": lending.agreement,
        "loan": LOAN,
        "member": act.member,
        "signer": lending.originator.act.address,
        "count": loan["count"],
        "head": loan["head"],
        "chainId": network.chain.id,
    }


def test_a_loan_written_off_and_then_recovered_tells_where_it_was_before(lending: Lending) -> None:
    network = lending.network
    lending.disburse()
    loss = lending.write_off_act()
    told = {"valueDate": VALUE_DATE, "reason": word("LOST")}
    moved(lending, loss, network.send(loss), "WrittenOff", previous=S.ACTIVE, **told)
    assert lending.exposures() == (0, 0)
    recovery = lending.settle_act()
    moved(lending, recovery, network.send([recovery]), "Settled", previous=S.WRITTEN_OFF, valueDate=VALUE_DATE)
    assert lending.exposures() == (0, 0), "what was written off is not released again"


def test_a_reversal_says_why_and_gives_the_exposure_back(lending: Lending) -> None:
    network = lending.network
    lending.disburse(word("another"), 500)
    lending.disburse(principal=1_001)
    act = lending.reverse_act()
    moved(lending, act, network.send(act), "Reversed", previous=S.ACTIVE, reason=word("ERROR"))
    assert lending.exposures() == (100, 400)


# ---------------------------------------------------------------------- by whom, when, and how many


def test_only_the_servicer_moves_a_loan(either: Lending) -> None:
    network = either.network
    reach(either, S.ACTIVE)
    values = {"agreement": either.agreement, "loan": LOAN, "servicer": either.originator.id}
    for member in (either.parties[1], network.founders[2]):
        for act in ([either.settle_act(by=member)], either.write_off_act(by=member), either.reverse_act(by=member)):
            network.refused(act, "NotServicer", member=member.id, **values)


def test_the_value_date_of_an_end_exists(lending: Lending) -> None:
    lending.disburse()
    lending.network.refused([lending.settle_act(value_date=20240230)], "DateInvalid", date=20240230)
    lending.network.refused(lending.write_off_act(value_date=20240230), "DateInvalid", date=20240230)


def test_many_loans_are_settled_at_once_or_none(lending: Lending) -> None:
    network = lending.network
    loans = [word(f"loan {number}") for number in range(100)]
    network.send([lending.disburse_act(loan, 500) for loan in loans])
    network.send([lending.settle_act(loans[7])])
    acts = [lending.settle_act(loan) for loan in loans]
    settled = {"agreement": lending.agreement, "from": S.SETTLED, "to": S.SETTLED}
    network.chain.refused(network.call(acts), "TransitionNotAllowed", loan=loans[7], **settled)
    assert lending.exposures() == (9_900, 39_600)
    twice = [lending.settle_act(loans[8]), lending.settle_act(loans[8])]
    network.chain.refused(network.call(twice), "TransitionNotAllowed", loan=loans[8], **settled)

    events = network.send(acts[:7] + acts[8:])
    assert [event.name for event in events] == ["Settled"] * 99
    assert lending.exposures() == (0, 0)
    network.refused([*acts, lending.settle_act()], "BatchSizeInvalid", size=101, most=100)


def test_loans_of_several_agreements_are_settled_at_once(lending: Lending, confidential: Lending) -> None:
    network = lending.network
    lending.disburse(word("one"), 1_000)
    lending.disburse(word("two"), 2_000)
    confidential.disburse_sealed()
    network.send([lending.settle_act(word("one")), confidential.settle_act(), lending.settle_act(word("two"))])
    assert (lending.exposures(), confidential.state()) == ((0, 0), S.SETTLED)
