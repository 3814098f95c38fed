"""Agreements and loans are carried over from a frozen predecessor with their data, once each."""

from dataclasses import replace

import pytest

from tallystick.acts import AdoptAgreement, CoSign, TransferShare
from tallystick.client.errors import ContractRefused
from tallystick.ledger import AgreementState, LoanState
from tests.contracts.ledger.forwarder import Forwarded, registered_forwarder
from tests.contracts.ledger.lending import LOAN, Lending
from tests.contracts.ledger.upgrading import Upgraded, upgrade
from tests.contracts.support import digest, word


def test_an_agreement_is_adopted_once(upgraded: Upgraded) -> None:
    lending, network = upgraded.lending, upgraded.network
    upgraded.adopt_agreement()
    again = upgraded.adopt_agreement_act(by=lending.parties[1])
    values = {"agreement": lending.agreement, "state": AgreementState.ACTIVE}
    network.refused(again, "AgreementExists", lending.terms, **values)


def test_an_agreement_is_adopted_with_its_own_terms_by_a_party(upgraded: Upgraded) -> None:
    lending, network = upgraded.lending, upgraded.network
    other = replace(lending.terms, loan_limit=50_001)
    values = {"agreement": lending.agreement, "rebuilt": Lending(network, other).agreement}
    network.refused(upgraded.adopt_agreement_act(), "TermsMismatch", other, **values)
    outside = network.founders[2]
    adoption = upgraded.adopt_agreement_act(by=outside)
    network.refused(adoption, "NotParty", lending.terms, agreement=lending.agreement, member=outside.id)


def test_only_agreements_that_were_active_are_adopted(lending: Lending) -> None:
    network, first = lending.network, lending.originator
    open_, withdrawn, unknown = (
        Lending(network, replace(lending.terms, nonce=digest(name))) for name in ("open", "withdrawn", "unknown")
    )
    open_.propose()
    cancel, encoded = withdrawn.withdrawal_of(withdrawn.propose())
    network.send(cancel, encoded, to=lending.book)
    upgrade(lending)
    for other, state in ((open_, AgreementState.PROPOSED), (withdrawn, AgreementState.WITHDRAWN)):
        adoption = network.act(AdoptAgreement, first, agreement=other.agreement)
        network.refused(adoption, "AgreementNotActive", other.terms, agreement=other.agreement, state=state)
    adoption = network.act(AdoptAgreement, first, agreement=unknown.agreement)
    network.refused(adoption, "AgreementUnknown", unknown.terms, agreement=unknown.agreement)
    open_.agree()
    open_.disburse()


def test_a_loan_is_adopted_once_by_who_the_agreement_names(upgraded: Upgraded) -> None:
    lending, network = upgraded.lending, upgraded.network
    network.refused([upgraded.adopt_act()], "AgreementInPredecessor", agreement=lending.agreement)
    upgraded.adopt_agreement()
    outside = network.founders[2]
    by_outside = upgraded.adopt_act(by=outside)
    network.refused([by_outside], "NotNamed", agreement=lending.agreement, member=outside.id)
    missing = digest("no loan")
    network.refused([upgraded.adopt_act(missing)], "LoanUnknown", agreement=lending.agreement, loan=missing)
    twice = [upgraded.adopt_act(), upgraded.adopt_act()]
    values = {"agreement": lending.agreement, "loan": LOAN, "state": LoanState.ACTIVE}
    network.refused(twice, "LoanExists", **values)
    network.send([upgraded.adopt_act(by=lending.parties[1])])
    network.refused([upgraded.adopt_act()], "LoanExists", **values)


def test_a_hundred_loans_are_adopted_at_once_or_none(lending: Lending) -> None:
    network = lending.network
    loans = [word(f"loan {number}") for number in range(100)]
    network.send([lending.disburse_act(loan, 100) for loan in loans])
    after = upgrade(lending)
    after.adopt_agreement()
    adoptions = [after.adopt_act(loan) for loan in loans]
    with pytest.raises(ContractRefused):
        network.send([*adoptions[:99], after.adopt_act(word("no loan"))])
    network.refused([*adoptions, after.adopt_act()], "BatchSizeInvalid", size=101, most=100)
    assert len(network.send(adoptions)) == 100
    assert {lending.loan(loan)["count"] for loan in loans} == {2}


def test_open_matters_stay_behind_and_are_offered_again(lending: Lending) -> None:
    network, (first, second) = lending.network, lending.parties
    lending.disburse()
    offer: TransferShare = lending.share_act(first, second, 10)
    network.send(offer)
    matter = network.act_id(offer)
    after = upgrade(lending)
    after.adopt_agreement()
    network.send([after.adopt_act()])
    signature = network.act(CoSign, second, act_id=matter)
    network.refused(signature, "MatterUnknown", to=lending.ledger, matter=matter)
    lending.transfer(replace(offer, issued_at=network.chain.now, valid_until=network.chain.now + 1_000))
    assert lending.shares() == (190, 811)


def test_a_pending_loan_is_carried_over_to_be_reversed(confidential: Lending) -> None:
    network = confidential.network
    act = confidential.sealed_act()
    network.send(act)
    matter = network.act_id(act)
    after = upgrade(confidential)
    after.adopt_agreement()
    network.send([after.adopt_act()])
    assert confidential.state() is LoanState.PENDING
    signature = network.act(CoSign, confidential.parties[1], act_id=matter)
    network.refused(signature, "MatterUnknown", to=confidential.ledger, matter=matter)
    network.send(confidential.reverse_act())
    assert confidential.state() is LoanState.REVERSED
    confidential.disburse_sealed(digest("again"))


def test_a_date_that_was_reduced_stays_reduced_after_an_upgrade(lending: Lending) -> None:
    """Once per agreement, date and pair: the successor knows what its predecessor did."""
    network, (first, second) = lending.network, lending.parties
    lending.disburse(principal=1_001)
    forwarder = registered_forwarder(network, "Reconciliation")
    reduction = (lending.agreement, 20240301, first.id, second.id, ((LOAN, 1, 1),))
    network.chain.send(Forwarded.by(forwarder, lending.book, "reduceExposure", digest("result"), *reduction))
    after = upgrade(lending)
    after.adopt_agreement()
    network.send([after.adopt_act()])
    assert lending.exposures() == (199, 800)
    values = {"agreement": lending.agreement, "date": 20240301, "first": first.id, "second": second.id}
    again = Forwarded.by(forwarder, lending.book, "reduceExposure", digest("again"), *reduction)
    network.chain.refused(again, "AlreadyReduced", **values)
