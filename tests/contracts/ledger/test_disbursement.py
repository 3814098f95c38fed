"""OPEN loans paid out: one and many, their shares by the rule, within every limit, each loan once."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.acts import Disburse
from tallystick.client.errors import ContractRefused
from tallystick.consortium import Role
from tallystick.ledger import LoanState, Visibility
from tallystick.money import apportion
from tests.contracts.ledger.lending import LOAN, VALUE_DATE, Lending, agreed, party, terms_of
from tests.contracts.support import NOBODY, Call, Member, Network, digest, found, the, word

MOST_ACTS = 100
WHOLE_BPS = 10_000


def of(lending: Lending, loan: bytes = LOAN, **values: Any) -> dict[str, Any]:
    """The values of a refusal about a loan."""
    return {"agreement": lending.agreement, "loan": loan} | values


def test_a_disbursement_is_told_with_shares_count_and_head(lending: Lending) -> None:
    network, bank = lending.network, lending.originator
    act = lending.disburse_act(principal=1_001)
    assert the(network.send([act]), "Disbursed") == {
        "actId": network.act_id(act),
        "agreement": lending.agreement,
        "loan": LOAN,
        "member": bank.id,
        "signer": bank.act.address,
        "borrowerTag": act.borrower_tag,
        "currency": b"USD",
        "principal": 1_001,
        "shares": (200, 801),
        "valueDate": VALUE_DATE,
        "count": 1,
        "head": lending.head_after([act]),
        "chainId": network.chain.id,
    }
    assert lending.loan() == {
        "state": LoanState.ACTIVE,
        "principal": 1_001,
        "count": 1,
        "carriedCount": 0,
        "head": lending.head_after([act]),
        "servicer": NOBODY,
    }
    assert lending.shares() == lending.exposures() == (200, 801)
    assert network.ask("LoanLedger", "servicerOf", lending.agreement, LOAN) == bank.id


# ---------------------------------------------------------------------- what is checked of one loan


def test_only_the_originator_pays_out(lending: Lending) -> None:
    partner, outside = lending.parties[1], lending.network.founders[4]
    for member in (partner, outside):
        values = {"agreement": lending.agreement, "member": member.id, "originator": lending.originator.id}
        lending.network.refused([lending.disburse_act(by=member)], "NotOriginator", **values)


def test_the_currency_is_the_agreements(lending: Lending) -> None:
    act = lending.disburse_act(currency=b"CNY")
    lending.network.refused([act], "CurrencyMismatch", **of(lending, expected=b"USD", found=b"CNY"))


def test_a_loan_has_a_principal(lending: Lending) -> None:
    lending.network.refused([lending.disburse_act(principal=0)], "PrincipalZero", **of(lending))


@pytest.mark.parametrize(
    "date", [0, 20230229, 21000229, 20240230, 20240431, 20241301, 20240001, 20240100, 18991231, 100000101, 2**32 - 1]
)
def test_the_value_date_exists(lending: Lending, date: int) -> None:
    lending.network.refused([lending.disburse_act(value_date=date)], "DateInvalid", date=date)


def test_the_first_and_last_dates_and_leap_days_exist(lending: Lending) -> None:
    dates = (19000101, 20000229, 20240229, 20241231, 99991231)
    lending.network.send([lending.disburse_act(digest(str(date)), 10, value_date=date) for date in dates])


@pytest.mark.parametrize("shares", [(), (1_001,), (200, 801, 0)])
def test_every_party_has_one_share(lending: Lending, shares: tuple[int, ...]) -> None:
    act = lending.disburse_act(shares=shares)
    lending.network.refused([act], "ShareCountWrong", **of(lending, expected=2, found=len(shares)))


def test_shares_are_those_of_the_terms_or_whose_share_is_wrong_is_said(lending: Lending) -> None:
    first, second = lending.parties
    act = lending.disburse_act(shares=(201, 800))
    lending.network.refused([act], "ShareWrong", **of(lending, member=first.id, expected=200, found=201))
    act = lending.disburse_act(shares=(200, 802))
    lending.network.refused([act], "ShareWrong", **of(lending, member=second.id, expected=801, found=802))


def test_an_agreement_nobody_proposed_lends_nothing(network: Network) -> None:
    lending = Lending(network, terms_of(network))
    network.refused([lending.disburse_act()], "AgreementUnknown", agreement=lending.agreement)


def test_a_sealed_agreement_has_no_open_loans(confidential: Lending) -> None:
    values = {"agreement": confidential.agreement, "visibility": Visibility.SEALED}
    confidential.network.refused([confidential.disburse_act()], "WrongVisibility", **values)


# ---------------------------------------------------------------------- limits


def test_a_loan_is_within_the_limit_of_a_loan(lending: Lending) -> None:
    act = lending.disburse_act(principal=50_001)
    lending.network.refused([act], "LoanLimitExceeded", **of(lending, limit=50_000, principal=50_001))
    lending.disburse(principal=50_000)


def test_loans_together_are_within_the_limit_of_all(network: Network) -> None:
    first, second = network.founders[:2]
    lending = agreed(network, parties=(party(first, 2_000, 10**6), party(second, 8_000, 10**6)))
    lending.disburse(digest("one"), 50_000)
    lending.disburse(digest("two"), 49_000)
    act = lending.disburse_act(principal=1_001)
    network.refused([act], "TotalLimitExceeded", **of(lending, limit=100_000, exposure=99_000, amount=1_001))
    lending.disburse(principal=1_000)
    assert sum(lending.exposures()) == 100_000


def test_a_partys_shares_together_are_within_its_limit_and_it_is_said_whose_and_by_how_much(network: Network) -> None:
    first, second = network.founders[:2]
    lending = agreed(network, parties=(party(first, 2_000, 9_999), party(second, 8_000, 30_000)))
    lending.disburse(digest("one"), 30_000)
    over = lending.disburse_act(principal=7_502)
    values = {"member": second.id, "limit": 30_000, "exposure": 24_000, "amount": 6_002}
    network.refused([over], "PartyLimitExceeded", **of(lending, **values))
    lending.disburse(digest("two"), 7_500)
    network.send([lending.settle_act(digest("two"))])
    assert lending.exposures() == (6_000, 24_000)


def test_the_first_partys_limit_holds_like_any_others(network: Network) -> None:
    first, second = network.founders[:2]
    lending = agreed(network, parties=(party(first, 2_000, 9_999), party(second, 8_000)))
    lending.disburse(digest("one"), 49_000)
    over = lending.disburse_act(principal=1_000)
    values = {"member": first.id, "limit": 9_999, "exposure": 9_800, "amount": 200}
    network.refused([over], "PartyLimitExceeded", **of(lending, **values))
    lending.disburse(principal=997)
    assert lending.exposures()[0] == 9_999


def test_within_one_batch_loans_count_together(lending: Lending) -> None:
    acts = [lending.disburse_act(digest(str(number)), 40_000) for number in range(3)]
    values = of(lending, acts[2].loan, limit=100_000, exposure=80_000, amount=40_000)
    lending.network.refused(acts, "TotalLimitExceeded", **values)


def test_what_is_settled_makes_room_again(lending: Lending) -> None:
    lending.disburse(digest("one"), 50_000)
    lending.disburse(digest("two"), 50_000)
    lending.network.refused(
        [lending.disburse_act(principal=1)],
        "TotalLimitExceeded",
        **of(lending, limit=100_000, exposure=100_000, amount=1),
    )
    lending.network.send([lending.settle_act(digest("one"))])
    lending.disburse(principal=50_000)


def test_limits_hold_for_the_largest_amounts_there_are(network: Network) -> None:
    first, second = network.founders[:2]
    most = 2**64 - 1
    lending = agreed(
        network,
        parties=(party(first, 1, most), party(second, 9_999, most)),
        loan_limit=most,
        total_limit=most,
    )
    lending.disburse(digest("all"), most)
    assert lending.exposures() == apportion(most, (1, 9_999))
    act = lending.disburse_act(principal=most)
    network.refused([act], "TotalLimitExceeded", **of(lending, limit=most, exposure=most, amount=most))


# ---------------------------------------------------------------------- once, and many at once


def test_the_same_loan_is_paid_out_once_whichever_request_says_it(lending: Lending) -> None:
    act = lending.disburse()
    network = lending.network
    network.refused([act], "AlreadyRecorded", actId=network.act_id(act))
    network.refused([replace(act, principal=5)], "RefAlreadyUsed", ref=act.ref, actId=network.act_id(act))
    network.refused([lending.disburse_act()], "LoanExists", **of(lending, state=LoanState.ACTIVE))
    twice = [lending.disburse_act(digest("twice")), lending.disburse_act(digest("twice"))]
    network.refused(twice, "LoanExists", **of(lending, digest("twice"), state=LoanState.ACTIVE))


def test_the_same_key_under_another_agreement_is_another_loan(lending: Lending) -> None:
    other = agreed(lending.network, nonce=digest("another"))
    lending.disburse(principal=1_000)
    other.disburse(principal=2_000)
    assert (lending.loan()["principal"], other.loan()["principal"]) == (1_000, 2_000)


def test_a_hundred_loans_go_in_one_transaction_and_no_more(lending: Lending) -> None:
    acts = [lending.disburse_act(digest(str(number)), 900 + number) for number in range(MOST_ACTS)]
    events = lending.network.send(acts)
    assert [event.values["loan"] for event in events] == [act.loan for act in acts]
    assert lending.exposures() == tuple(map(sum, zip(*(act.shares for act in acts), strict=True)))
    one_more = [*acts, lending.disburse_act(digest("more"))]
    lending.network.refused(one_more, "BatchSizeInvalid", size=MOST_ACTS + 1, most=MOST_ACTS)


def test_a_batch_has_loans_and_a_signature_for_each(lending: Lending) -> None:
    act = lending.disburse_act()
    call = lending.network.call([act])
    (signature,) = call.arguments[1]
    empty = Call(lending.ledger, "disburse", ((), ()))
    lending.network.chain.refused(empty, "BatchSizeInvalid", size=0, most=MOST_ACTS)
    for signatures in ((), (signature, signature)):
        wrong = Call(lending.ledger, "disburse", ((act,), signatures))
        lending.network.chain.refused(wrong, "SignatureCountWrong", acts=1, signatures=len(signatures))


def test_all_loans_of_a_batch_are_paid_out_or_none(lending: Lending) -> None:
    good = [lending.disburse_act(digest(str(number)), 1_000) for number in range(3)]
    bad = lending.disburse_act(principal=1_000, shares=(199, 801))
    for place in range(4):
        acts: list[Disburse] = [*good[:place], bad, *good[place:]]
        values = of(lending, member=lending.originator.id, expected=200, found=199)
        lending.network.refused(acts, "ShareWrong", **values)
        with pytest.raises(ContractRefused):
            lending.network.send(acts)
    assert {lending.state(act.loan) for act in (*good, bad)} == {LoanState.NONE}
    assert lending.exposures() == (0, 0)
    lending.network.send(good)


def test_one_signature_of_a_stranger_refuses_the_batch(lending: Lending) -> None:
    acts = [lending.disburse_act(digest(str(number)), 1_000) for number in range(2)]
    good = lending.network.call(acts)
    partner = lending.parties[1]
    (by_partner,) = lending.network.call([acts[1]], by=partner.act).arguments[1]
    mixed = Call(good.to, good.function, (tuple(acts), (good.arguments[1][0], by_partner)))
    values = {"key": word(partner.act.address), "member": lending.originator.id, "owner": partner.id}
    lending.network.chain.refused(mixed, "KeyNotOfMember", **values)


def test_a_batch_may_mix_agreements(lending: Lending) -> None:
    """Also agreements of other originators: each act counts for its own."""
    first, second = lending.parties
    other = agreed(lending.network, originator=second.id, parties=(party(second, 5_000), party(first, 5_000)))
    acts = [
        each.disburse_act(digest(f"{number}"), 1_000 + number)
        for number, each in enumerate((lending, other, lending, other, other))
    ]
    lending.network.send(acts)
    assert lending.exposures() == (400, 1_602)
    assert other.exposures() == tuple(map(sum, zip(*(acts[i].shares for i in (1, 3, 4)), strict=True)))


# ---------------------------------------------------------------------- the rule of shares


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.sets(st.integers(1, WHOLE_BPS - 1), min_size=1, max_size=4),
    principals=st.lists(st.integers(1, 2**64 - 1) | st.integers(1, 20_000), min_size=4, max_size=4),
)
def test_shares_are_apportioned_as_python_does(founded: Network, cuts: set[int], principals: list[int]) -> None:
    """Floors, then one unit each to the largest remainders, ties to the lower index."""
    ends = [0, *sorted(cuts), WHOLE_BPS]
    basis_points = [high - low for low, high in pairwise(ends)]
    compare_shares(founded, basis_points, principals)


@pytest.mark.parametrize(
    "basis_points", [[5_000, 5_000], [2_500] * 4, [3_333, 3_334, 3_333], [1, 9_999], [9_998, 1, 1]], ids=str
)
def test_units_that_are_left_go_to_the_largest_remainders_and_ties_to_the_lower_index(
    founded: Network, basis_points: list[int]
) -> None:
    compare_shares(founded, basis_points, [1, 2, 3, 5, 4_999, 5_000, 9_999, 10_000, 10_001])


def test_ties_by_hand(network: Network) -> None:
    first, second, *_, third = network.founders
    lending = agreed(network, parties=(party(first, 2_500), party(second, 5_000), party(third, 2_500)))
    lending.disburse(principal=3)
    assert lending.shares() == (1, 1, 1), "0.75, 1.5, 0.75: both units left go to the larger remainders"
    lending.disburse(digest("tie"), 1)
    assert lending.shares(digest("tie")) == (0, 1, 0)
    lending.disburse(digest("left"), 2)
    assert lending.shares(digest("left")) == (1, 1, 0), "0.5, 1, 0.5: the tie goes to the lower index"


def compare_shares(founded: Network, basis_points: list[int], principals: list[int]) -> None:
    """The book's shares of these principals, by an agreement of five lenders at most, and those of Python."""
    with founded.chain.rewound():
        network = found(founded.chain, [Member(f"LENDER-{number}", Role.LENDER) for number in range(5)])
        network.ratify_all()
        parties = tuple(
            party(lender, bps, 2**64 - 1) for lender, bps in zip(network.founders, basis_points, strict=False)
        )
        lending = agreed(network, parties=parties, loan_limit=2**64 - 1, total_limit=2**64 - 1)
        for principal in principals:
            shares = network.ask("AgreementBook", "sharesOf", lending.agreement, LOAN, principal)
            assert shares == apportion(principal, basis_points), principal
        lending.disburse(principal=principals[-1])
        assert lending.exposures() == apportion(principals[-1], basis_points)
