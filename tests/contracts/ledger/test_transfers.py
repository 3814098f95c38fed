"""A share of a loan, or its servicing, goes from one party to another: both sign."""

import pytest

from tallystick.acts import TransferServicing, TransferShare
from tallystick.ledger import MatterKind
from tests.contracts.ledger.lending import LOAN, MATTER_LIFETIME_S, Lending, agreed, party
from tests.contracts.support import NOBODY, Member, Network, digest, the, word


@pytest.fixture
def active(network: Network) -> Lending:
    """An OPEN agreement of three lenders, 20/50/30, with one loan of 1 000."""
    first, second, *_, third = network.founders
    parties = (party(first, 2_000), party(second, 5_000, limit=600), party(third, 3_000))
    lending = agreed(network, parties=parties)
    lending.disburse(principal=1_000)
    return lending


def of_loan(lending: Lending, **values: object) -> dict[str, object]:
    return {"agreement": lending.agreement, "loan": LOAN} | values


# ---------------------------------------------------------------------- shares


def test_a_share_goes_over_with_its_exposure_when_both_have_signed(active: Lending) -> None:
    network, (first, _, third) = active.network, active.parties
    offer = active.share_act(third, first, 120)
    matter = network.act_id(offer)
    common = {"agreement": active.agreement, "loan": LOAN, "chainId": network.chain.id}
    offered = the(network.send(offer), "ShareTransferProposed")
    assert offered == common | {
        "actId": matter,
        "member": third.id,
        "signer": third.act.address,
        "to": first.id,
        "amount": 120,
        "reason": offer.reason,
        "price": offer.price,
        "openUntil": network.chain.now + MATTER_LIFETIME_S,
        "count": 2,
        "head": active.loan()["head"],
    }
    assert active.shares() == active.exposures() == (200, 500, 300), "nothing moves by one signature"
    waiting = network.ask("LoanLedger", "matterOf", matter)
    assert waiting == {
        "kind": MatterKind.SHARE_TRANSFER,
        "from": 2,
        "to": 0,
        "awaiting": 0b001,
        "amount": 120,
        "openUntil": offered["openUntil"],
        "agreement": active.agreement,
        "loan": LOAN,
    }

    signature = active.cosign_act(first, offer)
    events = network.send(signature, to=active.ledger)
    assert the(events, "LoanCoSigned") == common | {
        "actId": network.act_id(signature, active.ledger),
        "member": first.id,
        "signer": first.act.address,
        "matter": matter,
        "awaiting": 0,
        "count": 3,
        "head": active.loan()["head"],
    }
    assert the(events, "ShareTransferred") == common | {
        "actId": matter,
        "from": third.id,
        "to": first.id,
        "amount": 120,
        "shareOfFrom": 180,
        "shareOfTo": 320,
    }
    assert active.shares() == active.exposures() == (320, 500, 180)
    assert network.ask("AgreementBook", "ownSharesOf", active.agreement, LOAN) == (320, 500, 180)


def test_what_was_transferred_is_what_a_settlement_releases(active: Lending) -> None:
    _, second, third = active.parties
    active.disburse(digest("another"), 10)
    active.transfer(active.share_act(second, third, 500))
    assert active.exposures() == (202, 5, 803)
    active.network.send([active.settle_act()])
    assert active.exposures() == (2, 5, 3)


def test_no_one_gives_more_than_it_has_or_nothing(active: Lending) -> None:
    first, second, _ = active.parties
    for amount in (0, 201, 2**64 - 1):
        offer = active.share_act(first, second, amount)
        values = of_loan(active, member=first.id, amount=amount, share=200)
        active.network.refused(offer, "ShareAmountInvalid", **values)
    active.transfer(active.share_act(first, active.parties[2], 200))
    assert active.shares() == (0, 500, 500)


def test_a_share_offered_twice_is_taken_once(active: Lending) -> None:
    network, (first, second, third) = active.network, active.parties
    offers = [active.share_act(third, taker, 200) for taker in (first, second)]
    for offer in offers:
        network.send(offer)
    active.cosign(offers[0], first)
    values = of_loan(active, member=third.id, amount=200, share=100)
    network.refused(active.cosign_act(second, offers[1]), "ShareAmountInvalid", to=active.ledger, **values)


def test_who_takes_a_share_stays_within_its_limit(active: Lending) -> None:
    network, (_, second, third) = active.network, active.parties
    offer = active.share_act(third, second, 101)
    network.send(offer)
    values = of_loan(active, member=second.id, limit=600, exposure=500, amount=101)
    network.refused(active.cosign_act(second, offer), "PartyLimitExceeded", to=active.ledger, **values)
    active.transfer(active.share_act(third, second, 100))
    assert active.exposures() == (200, 600, 200)


def test_a_share_of_a_loan_written_off_moves_no_exposure(active: Lending) -> None:
    network, (_, second, third) = active.network, active.parties
    network.send(active.write_off_act())
    active.transfer(active.share_act(third, second, 300))
    assert (active.shares(), active.exposures()) == ((200, 800, 0), (0, 0, 0))
    network.send([active.settle_act()])
    assert active.exposures() == (0, 0, 0)


def test_of_a_sealed_loan_the_whole_share_goes_over_once(confidential: Lending) -> None:
    network, (first, second, third) = confidential.network, confidential.parties
    confidential.disburse_sealed()
    partly = confidential.share_act(second, third, 1)
    values = of_loan(confidential, member=second.id, amount=1, share=1)
    network.refused(partly, "ShareAmountInvalid", **values)
    moved = the(confidential.transfer(confidential.share_act(second, third, 0)), "ShareTransferred")
    assert (moved["amount"], moved["shareOfFrom"], moved["shareOfTo"]) == (0, 0, 1)
    assert (confidential.shares(), confidential.exposures()) == ((1, 0, 1), (0, 0, 0))
    again = confidential.share_act(second, first, 0)
    values = of_loan(confidential, member=second.id, amount=0, share=0)
    network.refused(again, "ShareAmountInvalid", **values)
    confidential.transfer(confidential.share_act(third, second, 0))
    assert confidential.shares() == (1, 1, 0)


# ---------------------------------------------------------------------- servicing


def test_the_servicing_goes_over_when_both_have_signed(active: Lending) -> None:
    network, (first, second, _) = active.network, active.parties
    offer = active.servicing_act(first, second)
    matter = network.act_id(offer)
    common = {"agreement": active.agreement, "loan": LOAN, "chainId": network.chain.id}
    assert the(network.send(offer), "ServicingTransferProposed") == common | {
        "actId": matter,
        "member": first.id,
        "signer": first.act.address,
        "to": second.id,
        "reason": word("CAPACITY"),
        "price": NOBODY,
        "openUntil": network.chain.now + MATTER_LIFETIME_S,
        "count": 2,
        "head": active.loan()["head"],
    }
    assert network.ask("LoanLedger", "servicerOf", active.agreement, LOAN) == first.id
    events = network.send(active.cosign_act(second, offer), to=active.ledger)
    told = common | {"actId": matter, "from": first.id, "to": second.id}
    assert [event.name for event in events] == ["LoanCoSigned", "ServicingTransferred"]
    assert the(events, "ServicingTransferred") == told
    assert network.ask("LoanLedger", "servicerOf", active.agreement, LOAN) == second.id
    assert active.loan()["servicer"] == second.id

    network.refused([active.settle_act()], "NotServicer", **of_loan(active, member=first.id, servicer=second.id))
    network.send([active.settle_act(by=second)])
    assert active.exposures() == (0, 0, 0)


def test_the_servicing_goes_on_and_comes_back(active: Lending) -> None:
    first, second, third = active.parties
    for giver, taker in ((first, second), (second, third), (third, first)):
        active.transfer(active.servicing_act(giver, taker))
    active.network.send([active.settle_act()])


def test_only_the_servicer_gives_the_servicing(active: Lending) -> None:
    first, second, third = active.parties
    values = of_loan(active, member=second.id, servicer=first.id)
    active.network.refused(active.servicing_act(second, third), "NotServicer", **values)


def test_the_servicing_offered_twice_is_taken_once(active: Lending) -> None:
    network, (first, second, third) = active.network, active.parties
    offers = [active.servicing_act(first, taker) for taker in (second, third)]
    for offer in offers:
        network.send(offer)
    active.cosign(offers[0], second)
    values = of_loan(active, member=first.id, servicer=second.id)
    network.refused(active.cosign_act(third, offers[1]), "NotServicer", to=active.ledger, **values)


def test_the_servicing_of_one_loan_is_that_of_no_other(active: Lending) -> None:
    first, second, _ = active.parties
    active.disburse(digest("another"), 100)
    active.transfer(active.servicing_act(first, second))
    active.network.send([active.settle_act(digest("another"))])


# ---------------------------------------------------------------------- offers


def offers(lending: Lending, giver: Member, taker: Member, **fields: object) -> list[TransferShare | TransferServicing]:
    return [lending.share_act(giver, taker, 10, **fields), lending.servicing_act(giver, taker, **fields)]


def test_the_giver_itself_signs_the_offer(active: Lending) -> None:
    first, second, _ = active.parties
    for offer in offers(active, first, second, by=second):
        active.network.refused(offer, "FromNotSigner", **{"from": first.id, "member": second.id})


def test_a_party_gives_nothing_to_itself(active: Lending) -> None:
    first = active.parties[0]
    for offer in offers(active, first, first):
        active.network.refused(offer, "TransferToSelf", member=first.id)


def test_who_takes_is_a_party(active: Lending) -> None:
    first, outside = active.parties[0], active.network.founders[2]
    for offer in offers(active, first, outside):
        active.network.refused(offer, "NotParty", agreement=active.agreement, member=outside.id)
    giving = active.share_act(outside, first, 10)
    active.network.refused(giving, "NotParty", agreement=active.agreement, member=outside.id)


def test_nobody_but_the_taker_signs_and_it_signs_once(active: Lending) -> None:
    network, (first, second, third) = active.network, active.parties
    for offer in offers(active, first, third):
        network.send(offer)
        matter = network.act_id(offer)
        for member in (first, second):
            wrong = active.cosign_act(member, offer)
            network.refused(wrong, "NotAwaited", to=active.ledger, matter=matter, member=member.id)
        active.cosign(offer, third)
        network.refused(active.cosign_act(third, offer), "MatterClosed", to=active.ledger, matter=matter)


def test_an_offer_can_be_taken_for_thirty_days(active: Lending) -> None:
    network, (first, second, _) = active.network, active.parties
    for offer in offers(active, first, second):
        with network.chain.rewound():
            network.send(offer)
            open_until = network.chain.now + MATTER_LIFETIME_S
            network.chain.travel_to(open_until + 1)
            values = {"matter": network.act_id(offer), "openUntil": open_until, "timestamp": open_until + 1}
            network.refused(active.cosign_act(second, offer), "MatterLapsed", to=active.ledger, **values)


def test_an_offer_is_withdrawn_by_the_giver_until_it_is_taken(active: Lending) -> None:
    network, (first, second, _) = active.network, active.parties
    kinds = (MatterKind.SHARE_TRANSFER, MatterKind.SERVICING_TRANSFER)
    for kind, offer in zip(kinds, offers(active, first, second), strict=True):
        network.send(offer)
        cancel, encoded = active.withdrawal_of(offer)
        events = network.send(cancel, encoded, to=active.ledger)
        assert the(events, "MatterWithdrawn") == {
            "actId": network.act_id(cancel, active.ledger),
            "matter": network.act_id(offer),
            "member": first.id,
            "kind": kind,
            "agreement": active.agreement,
            "chainId": network.chain.id,
        }
        signature = active.cosign_act(second, offer)
        network.refused(signature, "MatterClosed", to=active.ledger, matter=network.act_id(offer))
    taken = active.share_act(first, second, 10)
    active.transfer(taken)
    cancel, encoded = active.withdrawal_of(taken)
    network.refused(cancel, "AlreadyRecorded", encoded, to=active.ledger, actId=network.act_id(taken))
