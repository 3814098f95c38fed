"""What "LoanLedger" and "Reconciliation" alone may ask of the book; exposure lowered once per date and pair."""

from dataclasses import replace
from typing import Any

import pytest

from tallystick.client.errors import ContractRefused
from tallystick.keccak import keccak256
from tallystick.ledger import LoanState, Visibility
from tests.contracts.ledger.forwarder import Forwarded, registered_forwarder
from tests.contracts.ledger.lending import LOAN, Lending, agreed, party
from tests.contracts.support import NOBODY, Call, Deployed, Network, digest, key_named, word

DATE = 20240301
RESULT = digest("an agreed result")


@pytest.fixture
def reconciliation(network: Network) -> Deployed:
    return registered_forwarder(network, "Reconciliation")


@pytest.fixture
def active(network: Network, reconciliation: Deployed) -> Lending:
    """An OPEN agreement of three lenders, 20/50/30, with one loan of 1 000."""
    first, second, *_, third = network.founders
    lending = agreed(network, parties=(party(first, 2_000), party(second, 5_000), party(third, 3_000)))
    lending.disburse(principal=1_000)
    return lending


def reduction(
    lending: Lending,
    by: Deployed,
    *reductions: tuple[bytes, int, int],
    act: bytes = RESULT,
    date: int = DATE,
    pair: tuple[int, int] = (0, 1),
) -> Forwarded:
    """What the reconciliation asks for when the pair agreed."""
    first, second = (lending.parties[index].id for index in pair)
    arguments = (act, lending.agreement, date, first, second, reductions)
    return Forwarded.by(by, lending.book, "reduceExposure", *arguments)


def test_what_two_parties_agreed_was_repaid_lowers_their_shares(active: Lending, reconciliation: Deployed) -> None:
    network, (first, second, _) = active.network, active.parties
    another = digest("another")
    active.disburse(another, 100)
    before = active.loan()["head"]
    events = network.chain.send(reduction(active, reconciliation, (LOAN, 150, 500), (another, 0, 1)))
    assert [event.name for event in events] == ["ExposureReduced"] * 2, "the book's events tell count and head"
    assert events[0].values == {
        "actId": RESULT,
        "agreement": active.agreement,
        "loan": LOAN,
        "first": first.id,
        "second": second.id,
        "amountOfFirst": 150,
        "amountOfSecond": 500,
        "shareOfFirst": 50,
        "shareOfSecond": 0,
        "count": 2,
        "head": active.loan()["head"],
        "chainId": network.chain.id,
    }
    assert active.loan()["head"] == keccak256(before + RESULT)
    assert (active.shares(), active.shares(another)) == ((50, 0, 300), (20, 49, 30))
    assert active.exposures() == (70, 49, 330)
    network.send([active.settle_act(), active.settle_act(another)])
    assert active.exposures() == (0, 0, 0), "what was reduced is not released again"


def test_exposure_is_reduced_once_per_agreement_date_and_pair(active: Lending, reconciliation: Deployed) -> None:
    chain = active.network.chain
    chain.send(reduction(active, reconciliation, (LOAN, 1, 1)))
    for pair in ((0, 1), (1, 0)):
        again = reduction(active, reconciliation, (LOAN, 1, 1), act=digest("later"), pair=pair)
        first, second = (active.parties[index].id for index in pair)
        values = {"agreement": active.agreement, "date": DATE, "first": first, "second": second}
        chain.refused(again, "AlreadyReduced", **values)
    chain.send(reduction(active, reconciliation, (LOAN, 1, 1), act=digest("next day"), date=DATE + 1))
    chain.send(reduction(active, reconciliation, (LOAN, 1, 1), act=digest("next pair"), pair=(2, 1)))
    other = agreed(active.network, nonce=digest("another"))
    other.disburse()
    chain.send(reduction(other, reconciliation, (LOAN, 1, 1)))
    assert active.exposures() == (198, 497, 299)


def test_no_share_falls_below_nothing(active: Lending, reconciliation: Deployed) -> None:
    chain, (first, second, _) = active.network.chain, active.parties
    for amounts, member, amount, share in (((201, 0), first, 201, 200), ((0, 501), second, 501, 500)):
        values = {"agreement": active.agreement, "loan": LOAN, "member": member.id, "amount": amount, "share": share}
        chain.refused(reduction(active, reconciliation, (LOAN, *amounts)), "ShareAmountInvalid", **values)
    chain.send(reduction(active, reconciliation, (LOAN, 200, 500)))
    assert active.shares() == (0, 0, 300)


def test_a_reduction_is_all_or_nothing_and_leaves_the_date_free(active: Lending, reconciliation: Deployed) -> None:
    chain = active.network.chain
    bad = reduction(active, reconciliation, (LOAN, 10, 10), (digest("no loan"), 1, 1))
    values = {"agreement": active.agreement, "loan": digest("no loan"), "state": LoanState.NONE}
    chain.refused(bad, "LoanNotOutstanding", **values)
    with pytest.raises(ContractRefused):
        chain.send(bad)
    assert active.exposures() == (200, 500, 300)
    chain.send(reduction(active, reconciliation, (LOAN, 10, 10)))


def test_only_active_loans_are_reduced(active: Lending, reconciliation: Deployed) -> None:
    network = active.network
    ends = {
        LoanState.SETTLED: [active.settle_act()],
        LoanState.WRITTEN_OFF: active.write_off_act(),
        LoanState.REVERSED: active.reverse_act(),
    }
    for state, end in ends.items():
        with network.chain.rewound():
            network.send(end)
            values = {"agreement": active.agreement, "loan": LOAN, "state": state}
            network.chain.refused(reduction(active, reconciliation, (LOAN, 1, 1)), "LoanNotOutstanding", **values)


def test_one_result_reduces_a_loan_once(active: Lending, reconciliation: Deployed) -> None:
    call = reduction(active, reconciliation, (LOAN, 1, 1), (LOAN, 1, 1))
    values = {"actId": RESULT, "agreement": active.agreement, "loan": LOAN}
    active.network.chain.refused(call, "AlreadyLinked", **values)


def test_a_pair_is_two_parties(active: Lending, reconciliation: Deployed) -> None:
    chain, (first, *_), outside = active.network.chain, active.parties, active.network.founders[2]
    same = reduction(active, reconciliation, (LOAN, 1, 1), pair=(0, 0))
    chain.refused(same, "PartyRepeated", member=first.id)
    for pair in ((first, outside), (outside, first)):
        arguments = (RESULT, active.agreement, DATE, pair[0].id, pair[1].id, ((LOAN, 1, 1),))
        call = Forwarded.by(reconciliation, active.book, "reduceExposure", *arguments)
        chain.refused(call, "NotParty", agreement=active.agreement, member=outside.id)


@pytest.mark.parametrize("size", [0, 1_001])
def test_one_to_a_thousand_loans_are_reduced_at_once(active: Lending, reconciliation: Deployed, size: int) -> None:
    call = reduction(active, reconciliation, *[(LOAN, 0, 0)] * size)
    active.network.chain.refused(call, "BatchSizeInvalid", size=size, most=1_000)


def test_only_open_active_agreements_are_reduced(confidential: Lending, reconciliation: Deployed) -> None:
    chain = confidential.network.chain
    confidential.disburse_sealed()
    values = {"agreement": confidential.agreement, "visibility": Visibility.SEALED}
    chain.refused(reduction(confidential, reconciliation, (LOAN, 0, 0)), "WrongVisibility", **values)
    unknown = Lending(confidential.network, replace(confidential.terms, nonce=digest("never proposed")))
    chain.refused(reduction(unknown, reconciliation, (LOAN, 0, 0)), "AgreementUnknown", agreement=unknown.agreement)


# ---------------------------------------------------------------------- who may ask


def asked_by_others(lending: Lending) -> list[tuple[str, str, tuple[Any, ...]]]:
    """The functions for one contract alone: who that is, and arguments that would do harm."""
    move = (lending.agreement, LOAN, 1_000, 0, 1, 10)
    first, second = (member.id for member in lending.parties[:2])
    return [
        ("LoanLedger", "take", ((lending.disburse_act(digest("free")),),)),
        ("LoanLedger", "release", (((lending.agreement, LOAN, 1_000),),)),
        ("LoanLedger", "moveShare", (NOBODY, move, True)),
        ("Reconciliation", "reduceExposure", (RESULT, lending.agreement, DATE, first, second, ((LOAN, 1, 1),))),
    ]


def test_the_book_does_nothing_for_strangers(active: Lending, reconciliation: Deployed) -> None:
    chain, stranger = active.network.chain, key_named("a stranger").address
    named = {"LoanLedger": active.ledger, "Reconciliation": reconciliation}
    for name, function, arguments in asked_by_others(active):
        values = {"caller": stranger, "name": word(name), "named": named[name].address}
        chain.refused(Call(active.book, function, arguments), "CallerNotNamed", sender=stranger, **values)


def test_each_function_is_for_one_contract_of_the_directory(active: Lending, reconciliation: Deployed) -> None:
    """Being listed under another name is not enough."""
    chain = active.network.chain
    for name, function, arguments in asked_by_others(active)[:3]:
        call = Forwarded.by(reconciliation, active.book, function, *arguments)
        values = {"caller": reconciliation.address, "name": word(name), "named": active.ledger.address}
        chain.refused(call, "CallerNotNamed", **values)


def test_without_a_reconciliation_nobody_reduces(lending: Lending) -> None:
    lending.disburse()
    stranger = key_named("a stranger").address
    name, function, arguments = asked_by_others(lending)[3]
    values = {"caller": stranger, "name": word(name), "named": bytes(20)}
    lending.network.chain.refused(Call(lending.book, function, arguments), "CallerNotNamed", sender=stranger, **values)
