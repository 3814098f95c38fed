"""A new version takes over: decided by the members, the old one frozen, and nothing is lost on the way."""

from dataclasses import replace

from tallystick.acts import Adopt, AdoptAgreement, CoSign, ProposeAgreement
from tallystick.keccak import keccak256
from tallystick.ledger import LoanState
from tests.contracts.ledger.forwarder import Forwarded, registered_forwarder
from tests.contracts.ledger.lending import LOAN, Lending
from tests.contracts.ledger.upgrading import BOOK, LEDGER, Upgraded, freeze, put_into_directory, successor_of, upgrade
from tests.contracts.support import Call, Network, digest, the, word

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
        founded.chain.refused(Call(founded.contracts[name], "freeze", ()), "NotReplaced", current=bytes(20))


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
        assert network.ask(name, "predecessor") == bytes(20)


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
