"""SEALED loans: one digest that every party signs; no amounts, no exposure."""

import pytest

from tallystick.ledger import LoanState, MatterKind, Visibility
from tests.contracts.ledger.lending import LOAN, MATTER_LIFETIME_S, Lending
from tests.contracts.support import NOBODY, digest, the


def test_a_sealed_loan_is_active_once_every_party_has_signed(confidential: Lending) -> None:
    network, (first, second, third) = confidential.network, confidential.parties
    subject = {"agreement": confidential.agreement, "loan": LOAN, "chainId": network.chain.id}

    act = confidential.sealed_act()
    matter, acts = network.act_id(act), [network.act_id(act)]
    opened = the(network.send(act), "SealedDisbursed")
    assert opened == subject | {
        "actId": matter,
        "member": first.id,
        "signer": first.act.address,
        "terms": act.terms,
        "openUntil": network.chain.now + MATTER_LIFETIME_S,
        "count": 1,
        "head": confidential.head_after(acts),
    }
    assert network.ask("LoanLedger", "matterOf", matter) == {
        "kind": MatterKind.SEALED_LOAN,
        "from": 0,
        "to": 0,
        "awaiting": 0b110,
        "amount": 0,
        "openUntil": opened["openUntil"],
        "agreement": confidential.agreement,
        "loan": LOAN,
    }
    for signer, awaiting in ((third, 0b010), (second, 0)):
        assert confidential.state() is LoanState.PENDING
        signature = confidential.cosign_act(signer, act)
        acts.append(network.act_id(signature, confidential.ledger))
        events = network.send(signature, to=confidential.ledger)
        assert the(events, "LoanCoSigned") == subject | {
            "actId": acts[-1],
            "member": signer.id,
            "signer": signer.act.address,
            "matter": matter,
            "awaiting": awaiting,
            "count": len(acts),
            "head": confidential.head_after(acts),
        }
    assert the(events, "SealedLoanActivated") == subject | {"actId": matter}
    assert confidential.loan() == {
        "state": LoanState.ACTIVE,
        "principal": 0,
        "count": 3,
        "carriedCount": 0,
        "head": confidential.head_after(acts),
        "servicer": NOBODY,
    }


def test_a_sealed_loan_counts_towards_no_exposure(confidential: Lending) -> None:
    confidential.disburse_sealed()
    assert confidential.shares() == (1, 1, 1), "each holds its share"
    assert confidential.exposures() == (0, 0, 0)
    confidential.network.send([confidential.settle_act()])
    assert confidential.state() is LoanState.SETTLED


def test_each_other_party_signs_once(confidential: Lending) -> None:
    network, (first, second, third) = confidential.network, confidential.parties
    act = confidential.sealed_act()
    network.send(act)
    matter = network.act_id(act)
    confidential.cosign(act, second)
    for member in (first, second):
        again = confidential.cosign_act(member, act)
        network.refused(again, "NotAwaited", to=confidential.ledger, matter=matter, member=member.id)
    outside = confidential.cosign_act(network.founders[2], act)
    values = {"agreement": confidential.agreement, "member": outside.member}
    network.refused(outside, "NotParty", to=confidential.ledger, **values)
    confidential.cosign(act, third)
    network.refused(confidential.cosign_act(third, act), "MatterClosed", to=confidential.ledger, matter=matter)


def test_signatures_are_taken_for_thirty_days(confidential: Lending) -> None:
    network, (_, second, third) = confidential.network, confidential.parties
    act = confidential.sealed_act()
    network.send(act)
    confidential.cosign(act, second)
    open_until = network.ask("LoanLedger", "matterOf", network.act_id(act))["openUntil"]
    network.chain.travel_to(open_until + 1)
    values = {"matter": network.act_id(act), "openUntil": open_until, "timestamp": open_until + 1}
    network.refused(confidential.cosign_act(third, act), "MatterLapsed", to=confidential.ledger, **values)
    network.send(confidential.reverse_act())
    assert confidential.state() is LoanState.REVERSED


def test_a_pending_loan_is_reversed_and_signed_no_more(confidential: Lending) -> None:
    network, second = confidential.network, confidential.parties[1]
    act = confidential.sealed_act()
    network.send(act)
    assert the(network.send(confidential.reverse_act()), "Reversed")["previous"] == LoanState.PENDING
    states = {"from": LoanState.REVERSED, "to": LoanState.ACTIVE}
    signature = confidential.cosign_act(second, act)
    values = {"agreement": confidential.agreement, "loan": LOAN} | states
    network.chain.refused(network.call(signature, to=confidential.ledger), "TransitionNotAllowed", **values)


def test_a_sealed_disbursement_is_reversed_and_not_withdrawn(confidential: Lending) -> None:
    """It is linked to the loan's head already: what ends it is an act about the loan."""
    network, act = confidential.network, confidential.sealed_act()
    network.send(act)
    cancel, encoded = confidential.withdrawal_of(act)
    network.refused(cancel, "AlreadyRecorded", encoded, to=confidential.ledger, actId=network.act_id(act))


def test_only_the_originator_seals_loans(confidential: Lending) -> None:
    network, second = confidential.network, confidential.parties[1]
    values = {"agreement": confidential.agreement, "originator": confidential.originator.id}
    for member in (second, network.founders[2]):
        network.refused(confidential.sealed_act(by=member), "NotOriginator", member=member.id, **values)


def test_an_open_agreement_has_no_sealed_loans(lending: Lending) -> None:
    values = {"agreement": lending.agreement, "visibility": Visibility.OPEN}
    lending.network.refused(lending.sealed_act(), "WrongVisibility", **values)


@pytest.mark.parametrize("activated", [False, True])
def test_a_sealed_loan_is_paid_out_once(confidential: Lending, activated: bool) -> None:
    if activated:
        confidential.disburse_sealed()
    else:
        confidential.network.send(confidential.sealed_act())
    state = LoanState.ACTIVE if activated else LoanState.PENDING
    again = confidential.sealed_act(terms=digest("other terms"))
    values = {"agreement": confidential.agreement, "loan": LOAN, "state": state}
    confidential.network.refused(again, "LoanExists", **values)
