"""Agreements: proposed by one party, signed by every other once, usable only then; or withdrawn."""

from dataclasses import asdict

import pytest

from tallystick.acts import CoSign, ProposeAgreement
from tallystick.ledger import AgreementState, MatterKind, Visibility
from tests.contracts.ledger.lending import MATTER_LIFETIME_S, Lending, party, terms_of
from tests.contracts.support import Call, Network, digest, the


@pytest.fixture
def lending(network: Network) -> Lending:
    """Terms of three lenders that nobody has proposed; the second originates."""
    first, second, depository, arbitration, third = network.founders
    parties = (party(first, 2_000, limit=11), party(second, 5_000, limit=22), party(third, 3_000, limit=33))
    named = {"depository": depository.id, "arbitrator": arbitration.id, "attesting_roles": 6}
    return Lending(network, terms_of(network, parties=parties, originator=second.id, **named))


def state(lending: Lending) -> AgreementState:
    return AgreementState(lending.kept()["state"])


def in_solidity(lending: Lending) -> dict[str, object]:
    """The terms as an event has them."""

    def camel(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(part.title() for part in rest)

    terms = {camel(name): value for name, value in asdict(lending.terms).items()}
    terms["parties"] = tuple({camel(name): value for name, value in one.items()} for one in terms["parties"])
    return terms


def test_an_agreement_is_active_once_its_last_party_has_signed(lending: Lending) -> None:
    network, (first, second, third) = lending.network, lending.parties
    common = {"agreement": lending.agreement, "chainId": network.chain.id}

    proposal = network.act(ProposeAgreement, second, terms=lending.terms)
    matter = network.act_id(proposal)
    opened = the(network.send(proposal), "AgreementProposed")
    open_until = network.chain.now + MATTER_LIFETIME_S
    assert opened == common | {
        "actId": matter,
        "member": second.id,
        "signer": second.act.address,
        "terms": in_solidity(lending),
        "openUntil": open_until,
    }
    waiting = network.ask("AgreementBook", "matterOf", matter)
    assert (waiting["kind"], waiting["agreement"]) == (MatterKind.AGREEMENT, lending.agreement)
    assert (waiting["awaiting"], waiting["openUntil"]) == (0b101, open_until)

    for signer, awaiting in ((third, 0b001), (first, 0)):
        assert state(lending) is AgreementState.PROPOSED
        signature = lending.cosign_act(signer, proposal)
        events = network.send(signature, to=lending.book)
        assert the(events, "AgreementCoSigned") == common | {
            "actId": network.act_id(signature, lending.book),
            "member": signer.id,
            "signer": signer.act.address,
            "matter": matter,
            "awaiting": awaiting,
        }
    assert the(events, "AgreementActivated") == common | {"actId": matter}
    assert network.ask("AgreementBook", "matterOf", matter)["openUntil"] == 0


def test_the_book_keeps_what_the_terms_say(lending: Lending) -> None:
    lending.agree()
    terms = lending.terms
    assert lending.kept() == {
        "state": AgreementState.ACTIVE,
        "visibility": Visibility.OPEN,
        "currency": terms.currency,
        "originator": 1,
        "attestingRoles": terms.attesting_roles,
        "loanLimit": terms.loan_limit,
        "totalLimit": terms.total_limit,
        "exposure": 0,
        "depository": terms.depository,
        "arbitrator": terms.arbitrator,
        "parties": tuple(
            {"member": one.member, "shareBps": one.share_bps, "limit": one.limit, "exposure": 0}
            for one in terms.parties
        ),
    }
    ask = lending.network.ask
    assert (*ask("AgreementBook", "originatorOf", lending.agreement).values(),) == (terms.originator, Visibility.OPEN)
    for index, member in enumerate(lending.parties):
        place = {"index": index, "count": 3}
        assert ask("AgreementBook", "partyOf", lending.agreement, member.id) == place
        assert ask("AgreementBook", "memberAt", lending.agreement, index) == member.id
        assert ask("AgreementBook", "isParty", lending.agreement, member.id) is True


def test_parties_and_the_roles_that_an_agreement_names_are_named(network: Network) -> None:
    first, second, depository, arbitration, third = network.founders
    named = {
        "nobody besides": ({}, set()),
        "a depository": ({"depository": depository.id}, {depository}),
        "an arbitrator": ({"arbitrator": arbitration.id}, {arbitration}),
        "every arbitrator": ({"attesting_roles": 4}, {arbitration}),
        "every lender": ({"attesting_roles": 1}, {third}),
    }
    for name, (changes, others) in named.items():
        lending = Lending(network, terms_of(network, nonce=digest(name), **changes))
        lending.agree()
        found = {m for m in network.founders if network.ask("AgreementBook", "isNamed", lending.agreement, m.id)}
        assert found == {first, second} | others, name


def test_every_party_signs_once(lending: Lending) -> None:
    network, (first, second, third) = lending.network, lending.parties
    proposal = lending.propose(by=second)
    matter = network.act_id(proposal)

    network.refused(
        lending.cosign_act(second, proposal), "NotAwaited", to=lending.book, matter=matter, member=second.id
    )
    (signature,) = lending.cosign(proposal, third)
    signature_id = network.act_id(signature, lending.book)
    network.refused(signature, "AlreadyRecorded", to=lending.book, actId=signature_id)
    again = lending.cosign_act(third, proposal)
    network.refused(again, "NotAwaited", to=lending.book, matter=matter, member=third.id)
    lending.cosign(proposal, first)
    network.refused(lending.cosign_act(first, proposal), "MatterClosed", to=lending.book, matter=matter)


def test_nobody_but_the_parties_signs(lending: Lending) -> None:
    proposal = lending.propose()
    for outside in lending.network.founders[2:4]:
        values = {"matter": lending.network.act_id(proposal), "member": outside.id}
        lending.network.refused(lending.cosign_act(outside, proposal), "NotAwaited", to=lending.book, **values)


def test_a_signature_names_a_matter_of_the_contract_it_goes_to(lending: Lending) -> None:
    network, proposal = lending.network, lending.propose()
    matter = network.act_id(proposal)
    network.refused(lending.cosign_act(lending.parties[1], proposal), "MatterUnknown", to=lending.ledger, matter=matter)
    unknown = network.act(CoSign, lending.parties[1], act_id=digest("nothing"))
    network.refused(unknown, "MatterUnknown", to=lending.book, matter=unknown.act_id)


def test_a_signature_by_anothers_key_does_not_count(lending: Lending) -> None:
    network, (first, second, _) = lending.network, lending.parties
    signature = lending.cosign_act(second, lending.propose())
    values = {"key": first.act.address.rjust(32, b"\0"), "member": second.id, "owner": first.id}
    network.refused(signature, "KeyNotOfMember", by=first.act, to=lending.book, **values)


def test_a_proposal_can_be_signed_for_thirty_days(lending: Lending) -> None:
    network, (_, second, third) = lending.network, lending.parties
    proposal = lending.propose()
    open_until = network.chain.now + MATTER_LIFETIME_S
    network.chain.travel_to(open_until - 1)
    network.send(lending.cosign_act(second, proposal), at=open_until, to=lending.book)
    network.chain.travel(1)
    values = {"matter": network.act_id(proposal), "openUntil": open_until, "timestamp": open_until + 1}
    network.refused(lending.cosign_act(third, proposal), "MatterLapsed", to=lending.book, **values)
    assert state(lending) is AgreementState.PROPOSED


def test_the_same_terms_are_proposed_once(lending: Lending) -> None:
    network, (first, second, third) = lending.network, lending.parties
    proposal = lending.propose()
    again = network.act(ProposeAgreement, second, terms=lending.terms)
    network.refused(again, "AgreementExists", agreement=lending.agreement, state=AgreementState.PROPOSED)
    lending.cosign(proposal, second, third)
    again = network.act(ProposeAgreement, first, terms=lending.terms)
    network.refused(again, "AgreementExists", agreement=lending.agreement, state=AgreementState.ACTIVE)


def test_nothing_is_lent_before_every_party_has_signed(lending: Lending) -> None:
    network, (first, second, third) = lending.network, lending.parties
    act = lending.disburse_act(principal=10)
    network.refused([act], "AgreementUnknown", agreement=lending.agreement)
    proposal = lending.propose()
    lending.cosign(proposal, second)
    network.refused([act], "AgreementNotActive", agreement=lending.agreement, state=AgreementState.PROPOSED)
    views = {"originatorOf": (), "partyOf": (first.id,), "memberAt": (0,), "isNamed": (first.id,)}
    for view, more in views.items():
        call = Call(lending.book, view, (lending.agreement, *more))
        network.chain.refused(call, "AgreementNotActive", agreement=lending.agreement, state=AgreementState.PROPOSED)
    assert network.ask("AgreementBook", "isParty", lending.agreement, first.id) is False
    lending.cosign(proposal, third)
    network.send([act])


def test_a_proposal_is_withdrawn_by_who_made_it_while_others_have_to_sign(lending: Lending) -> None:
    network, (first, second, third) = lending.network, lending.parties
    proposal = lending.propose()
    matter = network.act_id(proposal)
    lending.cosign(proposal, second)
    cancel, encoded = lending.withdrawal_of(proposal)
    events = network.send(cancel, encoded, to=lending.book)
    assert the(events, "MatterWithdrawn") == {
        "actId": network.act_id(cancel, lending.book),
        "matter": matter,
        "member": first.id,
        "kind": MatterKind.AGREEMENT,
        "agreement": lending.agreement,
        "chainId": network.chain.id,
    }
    assert state(lending) is AgreementState.WITHDRAWN
    network.refused(lending.cosign_act(third, proposal), "MatterClosed", to=lending.book, matter=matter)

    withdrawn = {"agreement": lending.agreement, "state": AgreementState.WITHDRAWN}
    network.refused([lending.disburse_act()], "AgreementNotActive", **withdrawn)
    network.refused(network.act(ProposeAgreement, first, terms=lending.terms), "AgreementExists", **withdrawn)
    cancel_again, encoded = lending.withdrawal_of(proposal)
    network.refused(cancel_again, "AlreadyRecorded", encoded, to=lending.book, actId=matter)


def test_an_active_agreement_is_not_withdrawn_nor_a_signature_taken_back(lending: Lending) -> None:
    network, (_, second, third) = lending.network, lending.parties
    proposal = lending.propose()
    signature, _ = lending.cosign(proposal, second, third)
    for act in (proposal, signature):
        cancel, encoded = lending.withdrawal_of(act, lending.book)
        network.refused(cancel, "AlreadyRecorded", encoded, to=lending.book, actId=cancel.act_id)
    assert state(lending) is AgreementState.ACTIVE


def test_another_partys_proposal_is_not_withdrawn(lending: Lending) -> None:
    network, (first, second, _) = lending.network, lending.parties
    proposal = lending.propose()
    own, encoded = lending.withdrawal_of(proposal)
    cancel = network.act(type(own), second, act_id=own.act_id)
    values = {"actId": own.act_id, "owner": first.id, "member": second.id}
    network.refused(cancel, "NotOwnAct", encoded, to=lending.book, **values)
