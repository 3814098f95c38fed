"""Heads: every act about a loan in its order, told by snapshots, and linked by contracts of the directory only."""

import pytest

from tallystick.acts import Act
from tallystick.client.errors import ContractRefused
from tallystick.keccak import keccak256
from tallystick.ledger import LoanState
from tests.contracts.decisions import Change, decide
from tests.contracts.ledger.forwarder import Forwarded, create_forwarder, registered_forwarder
from tests.contracts.ledger.lending import LOAN, Lending, agreed
from tests.contracts.support import Call, Network, digest, key_named, the, word


def heads_kept(lending: Lending, count: int, loan: bytes = LOAN) -> list[bytes]:
    ask = lending.network.ask
    return [ask("LoanLedger", "headAt", lending.agreement, loan, number) for number in range(count + 1)]


def test_each_head_is_the_one_before_with_the_act(lending: Lending) -> None:
    """Recomputed as `protocol.md` §6 says; every head stays, so that an act may refer to one that was current."""
    network, (first, second) = lending.network, lending.parties
    acts: list[Act] = [lending.disburse()]
    for giver, taker in ((second, first), (first, second)):
        share = lending.share_act(giver, taker, 7)
        network.send(share)
        acts += [share, *lending.cosign(share, taker)]
    servicing = lending.servicing_act(first, second)
    network.send(servicing)
    acts += [servicing, *lending.cosign(servicing, second)]
    loss, recovery = lending.write_off_act(by=second), lending.settle_act(by=second)
    network.send(loss)
    network.send([recovery])
    acts += [loss, recovery]
    ids = [network.act_id(act, lending.ledger) for act in acts]
    assert heads_kept(lending, len(acts)) == lending.heads(ids)
    assert network.ask("LoanLedger", "headAt", lending.agreement, LOAN, len(acts) + 1) == bytes(32)
    loan = lending.loan()
    assert (loan["count"], loan["head"]) == (len(acts), lending.head_after(ids))


def test_loans_and_agreements_have_heads_of_their_own(lending: Lending) -> None:
    other = agreed(lending.network, nonce=digest("another"))
    acts = [lending.disburse_act(), lending.disburse_act(digest("another")), other.disburse_act()]
    lending.network.send(acts)
    assert lending.loan()["head"] == lending.head_after(acts[:1])
    assert lending.loan(digest("another"))["head"] == lending.head_after(acts[1:2], digest("another"))
    assert other.loan()["head"] == other.head_after(acts[2:])
    assert len({lending.loan()["head"], lending.loan(digest("another"))["head"], other.loan()["head"]}) == 3


def test_a_refused_act_leaves_the_head(lending: Lending) -> None:
    act = lending.disburse()
    with pytest.raises(ContractRefused):
        lending.network.send(lending.write_off_act(by=lending.parties[1]))
    assert heads_kept(lending, 1) == lending.heads([act])


# ---------------------------------------------------------------------- snapshots


def test_a_snapshot_tells_count_and_head_and_is_not_linked(lending: Lending) -> None:
    network, partner = lending.network, lending.parties[1]
    act = lending.disburse()
    for _ in range(2):
        snapshot = lending.snapshot_act(by=partner)
        assert the(network.send([snapshot]), "HeadAsOf") == {
            "actId": network.act_id(snapshot),
            "agreement": lending.agreement,
            "loan": LOAN,
            "member": partner.id,
            "signer": partner.act.address,
            "count": 1,
            "head": lending.head_after([act]),
            "chainId": network.chain.id,
        }


def test_snapshots_of_many_loans_go_in_one_transaction(lending: Lending) -> None:
    loans = [word(f"loan {number}") for number in range(100)]
    lending.network.send([lending.disburse_act(loan, 100) for loan in loans])
    snapshots = [lending.snapshot_act(loan) for loan in loans]
    told = {event.values["loan"]: event.values["head"] for event in lending.network.send(snapshots)}
    assert told == {loan: lending.loan(loan)["head"] for loan in loans}
    lending.network.refused([*snapshots, lending.snapshot_act()], "BatchSizeInvalid", size=101, most=100)


def test_parties_and_named_roles_ask_for_a_head_and_nobody_else(network: Network) -> None:
    *_, depository, arbitration, outside = network.founders
    lending = agreed(network, depository=depository.id, attesting_roles=4)
    lending.disburse()
    for member in (*lending.parties, depository, arbitration):
        network.send([lending.snapshot_act(by=member)])
    values = {"agreement": lending.agreement, "member": outside.id}
    network.refused([lending.snapshot_act(by=outside)], "NotNamed", **values)


# ---------------------------------------------------------------------- acts that other contracts recorded


@pytest.fixture
def registry(lending: Lending) -> Call:
    """A link of an act by a registered contract about a loan that is there."""
    forwarder = registered_forwarder(lending.network, "EvidenceRegistry")
    lending.disburse()
    return link(lending, forwarder=forwarder)


def link(lending: Lending, call: Call | None = None, **changes: object) -> Call:
    forwarder = changes.pop("forwarder", None) or (call and call.to)
    values = {
        "act": digest("an act elsewhere"),
        "agreement": lending.agreement,
        "loan": LOAN,
        "member": lending.parties[1].id,
    }
    return Forwarded.by(forwarder, lending.ledger, "link", *(values | changes).values())


def test_a_registered_contract_links_its_acts(lending: Lending, registry: Call) -> None:
    network = lending.network
    before = lending.loan()["head"]
    told = the(network.chain.send(registry), "ActLinked")
    assert told == {
        "actId": digest("an act elsewhere"),
        "agreement": lending.agreement,
        "loan": LOAN,
        "member": lending.parties[1].id,
        "by": registry.to.address,
        "count": 2,
        "head": lending.loan()["head"],
        "chainId": network.chain.id,
    }
    assert lending.loan()["head"] == keccak256(before + digest("an act elsewhere"))
    assert heads_kept(lending, 1)[1] == before


def test_an_act_is_linked_once_to_a_loan(lending: Lending, registry: Call) -> None:
    network = lending.network
    network.chain.send(registry)
    values = {"actId": digest("an act elsewhere"), "agreement": lending.agreement, "loan": LOAN}
    network.chain.refused(registry, "AlreadyLinked", **values)
    another = digest("another loan")
    lending.disburse(another)
    network.chain.send(link(lending, registry, loan=another))
    network.chain.send(link(lending, registry, act=digest("another act")))
    assert (lending.loan()["count"], lending.loan(another)["count"]) == (3, 2)


def test_acts_of_parties_and_named_roles_are_linked_and_of_nobody_else(lending: Lending, registry: Call) -> None:
    network = lending.network
    outside = network.founders[2]
    values = {"agreement": lending.agreement, "member": outside.id}
    network.chain.refused(link(lending, registry, member=outside.id), "NotNamed", **values)
    naming = agreed(network, depository=outside.id)
    naming.disburse()
    network.chain.send(link(naming, registry, member=outside.id))


def test_a_link_names_a_loan_that_is_there_in_whatever_state(lending: Lending, registry: Call) -> None:
    network = lending.network
    missing = digest("no loan")
    values = {"agreement": lending.agreement, "loan": missing}
    network.chain.refused(link(lending, registry, loan=missing), "LoanUnknown", **values)
    network.send(lending.reverse_act())
    network.chain.send(registry)
    assert lending.state() is LoanState.REVERSED


def test_nobody_but_a_contract_of_the_directory_links(lending: Lending) -> None:
    network, stranger = lending.network, key_named("a stranger").address
    lending.disburse()
    forwarder = create_forwarder(network)
    call = link(lending, forwarder=forwarder)
    network.chain.refused(call, "ContractNotRegistered", caller=forwarder.address)
    (direct,) = call.arguments
    network.chain.refused(direct, "ContractNotRegistered", sender=stranger, caller=stranger)


def test_a_contract_that_was_replaced_links_no_more(lending: Lending, registry: Call) -> None:
    network = lending.network
    registered_forwarder(network, "EvidenceRegistry")
    network.chain.refused(registry, "ContractNotRegistered", caller=registry.to.address)


def test_a_ledger_that_was_replaced_takes_no_links(lending: Lending, registry: Call) -> None:
    network = lending.network
    old, predecessor = lending.ledger, f"0x{bytes(20).hex()}"
    new = network.chain.deploy("LoanLedger", f"0x{network.contracts['Consortium'].address.hex()}", predecessor)
    decide(network, Change.SET_CONTRACT, "LoanLedger", new.address, network.chain.code_hash(new))
    network.chain.refused(registry, "ContractNotRegistered", caller=old.address)
