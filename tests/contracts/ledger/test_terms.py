"""What the terms of an agreement must satisfy before anybody can sign them."""

from typing import Any

import pytest

from tallystick.acts import Party, ProposeAgreement
from tallystick.consortium import Role
from tallystick.ledger import MemberState, Visibility
from tests.contracts.decisions import Change, decide
from tests.contracts.ledger.lending import Lending, party, terms_of
from tests.contracts.support import DAY, Member, Network, digest, found, word

LONGEST_PERIOD_S = 3650 * DAY


def proposal(network: Network, **changes: Any) -> ProposeAgreement:
    return network.act(ProposeAgreement, network.founders[0], terms=terms_of(network, **changes))


OUT_OF_RANGE: list[tuple[str, Any, str, int]] = [
    ("visibility", 2, "visibility", 2),
    ("currency", b"usd", "currency", int.from_bytes(b"usd")),
    ("currency", b"US1", "currency", int.from_bytes(b"US1")),
    ("currency", b"US[", "currency", int.from_bytes(b"US[")),
    ("currency", b"\0US", "currency", int.from_bytes(b"\0US")),
    ("loan_limit", 0, "loanLimit", 0),
    ("total_limit", 49_999, "totalLimit", 49_999),
    ("calendar", "", "calendar", 0),
    ("calendar", "C" * 65, "calendar", 65),
    ("time_zone", "", "timeZone", 0),
    ("time_zone", "Z" * 65, "timeZone", 65),
    ("cut_off", DAY, "cutOff", DAY),
    ("attesting_roles", 16, "attestingRoles", 16),
    ("penalty_surcharge_bps", 10_001, "penaltySurchargeBps", 10_001),
    ("objection_period", LONGEST_PERIOD_S + 1, "objectionPeriod", LONGEST_PERIOD_S + 1),
    ("cure_period", LONGEST_PERIOD_S + 1, "curePeriod", LONGEST_PERIOD_S + 1),
    ("response_period", LONGEST_PERIOD_S + 1, "responsePeriod", LONGEST_PERIOD_S + 1),
    ("call_deadline_blocks", LONGEST_PERIOD_S + 1, "callDeadlineBlocks", LONGEST_PERIOD_S + 1),
]


def test_a_term_out_of_range_is_refused_by_its_name_with_its_value(network: Network) -> None:
    for field, wrong, term, value in OUT_OF_RANGE:
        network.refused(proposal(network, **{field: wrong}), "TermInvalid", term=word(term), value=value)


def test_every_term_may_be_as_large_or_small_as_its_range_allows(network: Network) -> None:
    least = {
        "loan_limit": 1,
        "total_limit": 1,
        "calendar": "C",
        "time_zone": "Z",
        "cut_off": 0,
        "penalty_surcharge_bps": 0,
        "objection_period": 0,
        "cure_period": 0,
        "response_period": 0,
        "call_deadline_blocks": 0,
        "currency": b"AAA",
    }
    most = {
        "loan_limit": 2**64 - 1,
        "total_limit": 2**64 - 1,
        "calendar": "C" * 64,
        "time_zone": "Z" * 64,
        "cut_off": DAY - 1,
        "attesting_roles": 15,
        "penalty_surcharge_bps": 10_000,
        "objection_period": LONGEST_PERIOD_S,
        "cure_period": LONGEST_PERIOD_S,
        "response_period": LONGEST_PERIOD_S,
        "call_deadline_blocks": LONGEST_PERIOD_S,
        "currency": b"ZZZ",
    }
    network.send(proposal(network, **least))
    network.send(proposal(network, **most))


def test_a_party_has_a_share_and_if_open_a_limit(network: Network) -> None:
    first, second = network.founders[:2]
    no_share = (party(first, 10_000), party(second, 0))
    network.refused(proposal(network, parties=no_share), "TermInvalid", term=word("shareBps"), value=0)
    no_limit = (party(first, 2_000), party(second, 8_000, limit=0))
    network.refused(proposal(network, parties=no_limit), "TermInvalid", term=word("limit"), value=0)


def test_a_sealed_agreement_needs_no_limits(network: Network) -> None:
    first, second = network.founders[:2]
    no_limits = (party(first, 2_000, limit=0), party(second, 8_000, limit=0))
    network.send(proposal(network, visibility=int(Visibility.SEALED), parties=no_limits, loan_limit=0, total_limit=0))


@pytest.mark.parametrize(("of_first", "of_second"), [(2_000, 7_999), (2_001, 8_000), (10_000, 10_000)])
def test_shares_add_up_to_the_whole(network: Network, of_first: int, of_second: int) -> None:
    first, second = network.founders[:2]
    wrong = proposal(network, parties=(party(first, of_first), party(second, of_second)))
    network.refused(wrong, "SharesDoNotAddUp", sum=of_first + of_second, expected=10_000)


@pytest.mark.parametrize("count", [0, 1, 17])
def test_an_agreement_has_two_to_sixteen_parties(network: Network, count: int) -> None:
    parties = tuple(party(network.founders[0], 500) for _ in range(count))
    network.refused(proposal(network, parties=parties), "PartyCountInvalid", count=count, least=2, most=16)


def test_sixteen_lenders_can_agree(founded: Network) -> None:
    lenders = [Member(f"LENDER-{number}", Role.LENDER) for number in range(16)]
    network = found(founded.chain, lenders)
    network.ratify_all()
    lending = Lending(network, terms_of(network, parties=tuple(party(lender, 625) for lender in lenders)))
    lending.agree()
    lending.disburse(principal=1_003)
    assert lending.shares() == lending.exposures() == (63,) * 11 + (62,) * 5


def test_a_party_stands_in_the_terms_once(network: Network) -> None:
    first, second = network.founders[:2]
    twice = (party(first, 2_000), party(second, 4_000), party(first, 4_000))
    network.refused(proposal(network, parties=twice), "PartyRepeated", member=first.id)


def test_the_originator_is_a_party(network: Network) -> None:
    outside = network.founders[4].id
    network.refused(proposal(network, originator=outside), "OriginatorNotParty", originator=outside)


def test_every_party_is_an_active_lender(network: Network) -> None:
    first, second, depository = network.founders[:3]
    stranger = digest("a stranger")
    with_stranger = (party(first, 2_000), Party(member=stranger, share_bps=8_000, limit=1))
    network.refused(proposal(network, parties=with_stranger), "MemberUnknown", member=stranger)
    with_depository = (party(first, 2_000), party(depository, 8_000))
    roles = {"required": int(Role.LENDER), "roles": int(Role.DEPOSITORY)}
    network.refused(proposal(network, parties=with_depository), "RoleMissing", member=depository.id, **roles)
    decide(network, Change.SUSPEND, second.id, "UNDER REVIEW")
    network.refused(proposal(network), "MemberNotActive", member=second.id, state=MemberState.SUSPENDED)


def test_depository_and_arbitrator_hold_those_roles_if_they_are_named(network: Network) -> None:
    bank, _, depository, arbitration, _ = network.founders
    network.send(proposal(network, depository=depository.id, arbitrator=arbitration.id))
    for wrong, required, roles in [
        ({"depository": arbitration.id}, Role.DEPOSITORY, Role.ARBITRATOR),
        ({"arbitrator": bank.id}, Role.ARBITRATOR, Role.LENDER),
    ]:
        (member,) = wrong.values()
        values = {"member": member, "required": int(required), "roles": int(roles)}
        network.refused(proposal(network, nonce=digest("another"), **wrong), "RoleMissing", **values)
    stranger = digest("a stranger")
    network.refused(proposal(network, arbitrator=stranger), "MemberUnknown", member=stranger)


def test_only_a_party_proposes(network: Network) -> None:
    outside = network.founders[4]
    terms = terms_of(network)
    lending = Lending(network, terms)
    act = network.act(ProposeAgreement, outside, terms=terms)
    network.refused(act, "NotParty", agreement=lending.agreement, member=outside.id)
