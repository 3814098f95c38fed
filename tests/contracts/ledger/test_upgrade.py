"""A new version takes over: decided by the members, the old one frozen, agreements and loans carried over."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from tallystick.acts import Adopt, AdoptAgreement, CoSign, ProposeAgreement, TransferShare
from tallystick.client.errors import ContractRefused
from tallystick.keccak import keccak256
from tallystick.ledger import AgreementState, LoanState
from tests.contracts.decisions import Change, decide
from tests.contracts.ledger.forwarder import Forwarded, registered_forwarder
from tests.contracts.ledger.lending import LOAN, Lending
from tests.contracts.support import Call, Deployed, Network, digest, key_named, the, word

BOOK, LEDGER = "AgreementBook", "LoanLedger"
NONE = bytes(20)


def successor_of(network: Network, name: str, predecessor: Deployed | None = None) -> Deployed:
    predecessor = predecessor or network.contracts[name]
    return network.chain.deploy(
        name, f"0x{network.contracts['Consortium'].address.hex()}", f"0x{predecessor.address.hex()}"
    )


def put_into_directory(network: Network, successor: Deployed) -> Deployed:
    """The members decide; the one it replaces."""
    name = successor.name
    decide(network, Change.SET_CONTRACT, name, successor.address, network.chain.code_hash(successor))
    replaced, network.contracts[name] = network.contracts[name], successor
    return replaced


def freeze(network: Network, contract: Deployed) -> dict[str, Any]:
    """By anybody; the event."""
    return the(network.chain.send(Call(contract, "freeze", ()), sender=key_named("anybody")), "ContractFrozen")


@dataclass(frozen=True)
class Upgraded:
    """Book and ledger replaced and frozen; nothing is adopted yet."""

    lending: Lending
    old_book: Deployed
    old_ledger: Deployed

    @property
    def network(self) -> Network:
        return self.lending.network

    def adopt_agreement_act(self, **fields: Any) -> AdoptAgreement:
        by = fields.pop("by", self.lending.originator)
        return self.network.act(AdoptAgreement, by, **({"agreement": self.lending.agreement} | fields))

    def adopt_agreement(self) -> None:
        self.network.send(self.adopt_agreement_act(), self.lending.terms)

    def adopt_act(self, loan: bytes = LOAN, **fields: Any) -> Adopt:
        return self.lending.about(Adopt, fields.pop("by", self.lending.originator), loan, **fields)


def upgrade(lending: Lending) -> Upgraded:
    network = lending.network
    old = [put_into_directory(network, successor_of(network, name)) for name in (BOOK, LEDGER)]
    for contract in old:
        freeze(network, contract)
    return Upgraded(lending, *old)


@pytest.fixture
def upgraded(lending: Lending) -> Upgraded:
    """With one loan of 1 001."""
    lending.disburse(principal=1_001)
    return upgrade(lending)


# ---------------------------------------------------------------------- end to end


def test_an_upgrade_carries_everything_over_and_lending_goes_on(lending: Lending) -> None:
    network, (first, second) = lending.network, lending.parties
    plain, moved, serviced, settled, written_off = (digest(f"loan {number}") for number in range(5))
    network.send([lending.disburse_act(loan, 1_000) for loan in (plain, moved, serviced, settled, written_off)])
    lending.transfer(lending.share_act(second, first, 300, moved))
    lending.transfer(lending.servicing_act(first, second, serviced))
    network.send([lending.settle_act(settled)])
    network.send(lending.write_off_act(written_off))
    loans = {loan: lending.loan(loan) for loan in (plain, moved, serviced, settled, written_off)}
    heads = {
        loan: [
            network.ask(LEDGER, "headAt", lending.agreement, loan, count) for count in range(loans[loan]["count"] + 1)
        ]
        for loan in loans
    }
    kept = lending.kept()
    assert lending.exposures() == (900, 2_100)

    after = upgrade(lending)
    assert network.ask("Consortium", "contractAt", word(LEDGER)) == lending.ledger.address != after.old_ledger.address
    for loan, before in loans.items():
        assert lending.loan(loan) == before, "until adopted, as the predecessor has it"
        assert lending.state(loan) == before["state"]

    adoption = after.adopt_agreement_act(by=second)
    assert the(network.send(adoption, lending.terms), "AgreementAdopted") | {"terms": None} == {
        "actId": network.act_id(adoption),
        "agreement": lending.agreement,
        "member": second.id,
        "signer": second.act.address,
        "predecessor": after.old_book.address,
        "terms": None,
        "exposures": (900, 2_100),
        "chainId": network.chain.id,
    }
    assert lending.kept() == kept

    adoptions = {loan: after.adopt_act(loan) for loan in loans}
    events = network.send(list(adoptions.values()))
    for event, (loan, before) in zip(events, loans.items(), strict=True):
        act_id = network.act_id(adoptions[loan])
        head = keccak256(before["head"] + act_id)
        assert event.values == {
            "actId": act_id,
            "agreement": lending.agreement,
            "loan": loan,
            "member": first.id,
            "signer": first.act.address,
            "predecessor": after.old_ledger.address,
            "carried": before,
            "count": before["count"] + 1,
            "head": head,
            "chainId": network.chain.id,
        }
        carried = {"count": before["count"] + 1, "carriedCount": before["count"], "head": head}
        assert lending.loan(loan) == before | carried
        counts = range(before["count"] + 2)
        found = [network.ask(LEDGER, "headAt", lending.agreement, loan, count) for count in counts]
        assert found == [*heads[loan], head], "old heads and new stand in one row"
    assert (lending.shares(moved), lending.exposures()) == ((500, 500), (900, 2_100))

    lending.disburse(digest("a new loan"), 1_000)
    lending.transfer(lending.share_act(first, second, 500, moved))
    network.send([lending.settle_act(plain), lending.settle_act(moved), lending.settle_act(serviced, by=second)])
    network.send([lending.settle_act(written_off)])
    assert lending.exposures() == (200, 800)
    assert {lending.state(loan) for loan in loans} == {LoanState.SETTLED}
    snapshot = the(network.send([lending.snapshot_act(plain)]), "HeadAsOf")
    assert snapshot["count"] == 3


def test_an_upgrade_after_an_upgrade_still_shows_the_first_heads(upgraded: Upgraded) -> None:
    lending, network = upgraded.lending, upgraded.network
    upgraded.adopt_agreement()
    network.send([upgraded.adopt_act()])
    second = upgrade(lending)
    assert network.ask(BOOK, "exposuresOf", lending.agreement)["exposures"] == (200, 801)
    second.adopt_agreement()
    network.send([second.adopt_act()])
    heads = [network.ask(LEDGER, "headAt", lending.agreement, LOAN, count) for count in range(5)]
    assert heads[0] == lending.heads([], ledger=upgraded.old_ledger)[0]
    assert heads[3] == lending.loan()["head"]
    assert (len(set(heads[:4])), heads[4]) == (4, bytes(32))
    network.send([lending.settle_act()])
    assert lending.exposures() == (0, 0)


def test_a_ledger_alone_is_replaced_and_the_book_stays(lending: Lending) -> None:
    network = lending.network
    lending.disburse(principal=1_001)
    old = put_into_directory(network, successor_of(network, LEDGER))
    freeze(network, old)
    network.send([lending.about(Adopt, lending.originator)])
    lending.disburse(digest("another"), 1_000)
    network.send([lending.settle_act()])
    assert lending.exposures() == (200, 800)


def test_a_book_alone_is_replaced_and_the_ledger_stays(lending: Lending) -> None:
    network = lending.network
    lending.disburse(principal=1_001)
    old = put_into_directory(network, successor_of(network, BOOK))
    in_predecessor = {"agreement": lending.agreement}
    freeze(network, old)
    network.refused([lending.settle_act()], "AgreementInPredecessor", **in_predecessor)
    network.send(network.act(AdoptAgreement, lending.originator, agreement=lending.agreement), lending.terms)
    network.send([lending.settle_act()])
    assert lending.exposures() == (0, 0)


# ---------------------------------------------------------------------- freezing


def test_a_contract_freezes_only_once_the_directory_names_another(lending: Lending) -> None:
    network = lending.network
    for name in (BOOK, LEDGER):
        current = network.contracts[name]
        call = Call(current, "freeze", ())
        network.chain.refused(call, "NotReplaced", current=current.address)
        assert network.ask(name, "isFrozen") is False
        successor = successor_of(network, name)
        put_into_directory(network, successor)
        assert freeze(network, current) == {"successor": successor.address, "chainId": network.chain.id}
        assert network.chain.ask(current, "isFrozen") is True
        network.chain.refused(call, "ContractIsFrozen")


def test_a_contract_of_a_directory_without_names_does_not_freeze(founded: Network) -> None:
    """Before the founders' ratification nothing is listed: nobody can end a contract then."""
    for name in (BOOK, LEDGER):
        founded.chain.refused(Call(founded.contracts[name], "freeze", ()), "NotReplaced", current=NONE)


def test_what_is_frozen_takes_no_acts(lending: Lending) -> None:
    network, (first, second) = lending.network, lending.parties
    lending.disburse()
    offer, proposed = lending.share_act(first, second, 10), replace(lending.terms, nonce=digest("open"))
    network.send(offer)
    proposal = network.act(ProposeAgreement, first, terms=proposed)
    network.send(proposal)
    forwarder = registered_forwarder(network, "Reconciliation")
    after = upgrade(lending)
    book, ledger = after.old_book, after.old_ledger

    for act, place in (
        ([lending.disburse_act(digest("late"))], ledger),
        (lending.sealed_act(digest("late")), ledger),
        ([lending.settle_act()], ledger),
        (lending.write_off_act(), ledger),
        (lending.reverse_act(), ledger),
        (lending.share_act(first, second, 1), ledger),
        (lending.servicing_act(first, second), ledger),
        ([lending.snapshot_act()], ledger),
        (network.act(CoSign, second, act_id=network.act_id(offer, ledger)), ledger),
        (network.act(ProposeAgreement, first, terms=replace(proposed, nonce=digest("late"))), book),
        (network.act(CoSign, second, act_id=network.act_id(proposal, book)), book),
    ):
        network.refused(act, "ContractIsFrozen", to=place)
    for act, place in ((offer, ledger), (proposal, book)):
        cancel, encoded = lending.withdrawal_of(act, place)
        network.refused(cancel, "ContractNotRegistered", encoded, to=place, caller=place.address)
    link = (digest("act"), lending.agreement, LOAN, first.id)
    network.chain.refused(Forwarded.by(forwarder, ledger, "link", *link), "ContractIsFrozen")
    reduction = (digest("act"), lending.agreement, 1, first.id, second.id, ((LOAN, 1, 1),))
    network.chain.refused(Forwarded.by(forwarder, book, "reduceExposure", *reduction), "ContractIsFrozen")


def test_what_is_frozen_stays_so_even_if_the_directory_names_it_again(lending: Lending) -> None:
    network = lending.network
    open_ = Lending(network, replace(lending.terms, nonce=digest("open")))
    proposal = open_.propose()
    old = upgrade(lending).old_book
    put_into_directory(network, old)
    cancel, encoded = open_.withdrawal_of(proposal)
    network.refused(cancel, "ContractIsFrozen", encoded, to=old)
    network.refused(open_.cosign_act(lending.parties[1], proposal), "ContractIsFrozen", to=old)


def test_what_was_replaced_records_nothing_even_before_it_is_frozen(lending: Lending) -> None:
    network = lending.network
    lending.disburse()
    late = Lending(network, replace(lending.terms, nonce=digest("late")))
    ledger, book = (put_into_directory(network, successor_of(network, name)) for name in (LEDGER, BOOK))
    for acts in ([lending.disburse_act(digest("late"))], [lending.settle_act()], lending.sealed_act()):
        network.refused(acts, "ContractNotRegistered", to=ledger, caller=ledger.address)
    proposal = network.act(ProposeAgreement, lending.originator, terms=late.terms)
    network.refused(proposal, "ContractNotRegistered", to=book, caller=book.address)


# ---------------------------------------------------------------------- before and without adoption


def test_a_successor_opens_only_when_its_predecessor_is_frozen(lending: Lending) -> None:
    network, (first, second) = lending.network, lending.parties
    lending.disburse()
    forwarder = registered_forwarder(network, "Reconciliation")
    old_ledger = put_into_directory(network, successor_of(network, LEDGER))
    old_book = put_into_directory(network, successor_of(network, BOOK))
    new = {"predecessor": old_ledger.address}
    for acts in (
        [lending.about(Adopt, first)],
        [lending.disburse_act(digest("new"))],
        [lending.settle_act()],
        [lending.snapshot_act()],
    ):
        network.refused(acts, "PredecessorNotFrozen", **new)
    network.refused(network.act(CoSign, second, act_id=digest("any")), "PredecessorNotFrozen", to=lending.ledger, **new)
    link = (digest("act"), lending.agreement, LOAN, first.id)
    network.chain.refused(Forwarded.by(forwarder, lending.ledger, "link", *link), "PredecessorNotFrozen", **new)

    new = {"predecessor": old_book.address}
    adoption = network.act(AdoptAgreement, first, agreement=lending.agreement)
    network.refused(adoption, "PredecessorNotFrozen", lending.terms, **new)
    proposal = network.act(ProposeAgreement, first, terms=replace(lending.terms, nonce=digest("new")))
    network.refused(proposal, "PredecessorNotFrozen", **new)
    reduction = (digest("act"), lending.agreement, 1, first.id, second.id, ((LOAN, 1, 1),))
    network.chain.refused(
        Forwarded.by(forwarder, lending.book, "reduceExposure", *reduction), "PredecessorNotFrozen", **new
    )


def test_a_first_version_adopts_nothing(lending: Lending) -> None:
    network = lending.network
    network.refused([lending.about(Adopt, lending.originator)], "NoPredecessor")
    adoption = network.act(AdoptAgreement, lending.originator, agreement=lending.agreement)
    network.refused(adoption, "NoPredecessor", lending.terms)
    for name in (BOOK, LEDGER):
        assert network.ask(name, "predecessor") == NONE


def test_what_is_not_adopted_is_said_to_be_in_the_predecessor(upgraded: Upgraded) -> None:
    lending, network = upgraded.lending, upgraded.network
    in_predecessor = {"agreement": lending.agreement}
    network.refused([lending.disburse_act(digest("new"))], "AgreementInPredecessor", **in_predecessor)
    again = network.act(ProposeAgreement, lending.originator, terms=lending.terms)
    network.refused(again, "AgreementInPredecessor", **in_predecessor)
    assert network.ask(BOOK, "exposuresOf", lending.agreement)["exposures"] == (200, 801)
    upgraded.adopt_agreement()

    loan = in_predecessor | {"loan": LOAN}
    network.refused([lending.disburse_act()], "LoanExists", **loan, state=LoanState.ACTIVE)
    for acts in ([lending.settle_act()], [lending.snapshot_act()], lending.write_off_act(), lending.reverse_act()):
        network.refused(acts, "LoanInPredecessor", **loan)
    network.refused(lending.share_act(*lending.parties, 1), "LoanInPredecessor", **loan)
    for view in ("servicerOf", "sharesOf"):
        network.chain.refused(Call(lending.ledger, view, tuple(loan.values())), "LoanInPredecessor", **loan)


# ---------------------------------------------------------------------- adoption


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
