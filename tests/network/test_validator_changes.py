"""The whole story of a change of validators: decided on the contract, voted in by the members' gateways, agreed by all.

One story on one network, in order: each test goes on where the one before ended.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tallystick.client import Node
from tallystick.consortium import Consortium, Role
from tallystick.keys import ActKey, Address
from tallystick_gateway.members.validator_node import ValidatorNode
from tests.gateway.deciding import Members
from tests.gateway.network import MEMBERS, Network, build_sealed, make_card, run_until
from tests.gateway.support import make_home

pytestmark = pytest.mark.chain
_FIFTH = "BANK-E"
_LEAVING = "BANK-B"
_THREE = ("BANK-A", "BANK-B", "DEPOSITORY")
_FOUR_OF_FIVE = ("BANK-A", "DEPOSITORY", "ARBITRATION", "BANK-E")
_PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def network(quorum: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = build_sealed(tmp_path_factory.mktemp("network"))
    try:
        yield network
    finally:
        network.engine.stop()


@pytest.fixture(scope="module")
def members(network: Network) -> Iterator[Members]:
    with Members(network) as members:
        members.open(*MEMBERS)
        members.all_ratified()
        yield members


def votes_at(network: Network, number: int) -> dict[Address, bool]:
    """What a node asks for, by its own word."""
    with Node(network.engine.endpoints[number].url) as node:
        return ValidatorNode(node).votes()


def votes_fact(members: Members, name: str) -> dict[str, Any]:
    found: dict[str, Any] = members.get(name, "/v1/status")["facts"]["votes"]
    return found


def all_see(members: Members, names: Sequence[str], sealing: set[str]) -> None:
    """Returns when every gateway's checked headers are sealed by exactly these addresses."""

    def seen(name: str) -> bool | None:
        found = members.get(name, "/v1/validators")
        settled = {row["address"] for row in found["sealing"]} == sealing and not found["pending"]
        return settled or None

    for name in names:
        run_until(lambda name=name: seen(name), f"{name} sees {len(sealing)} validators", _PATIENCE_S)


def all_export_the_same(members: Members, names: Sequence[str], folder: Path, *cards: Path) -> Consortium:
    """Every gateway's export, byte for byte; one of them."""
    documents = [members.exported(name, folder / f"{name}.json", *cards) for name in names]
    assert len({document.to_bytes() for document in documents}) == 1
    return documents[0]


def test_a_vote_cast_by_hand_is_withdrawn_and_named(network: Network, members: Members) -> None:
    stranger = ActKey.generate().address
    with Node(network.engine.endpoints[0].url) as node:
        ValidatorNode(node).vote(stranger, add=True)
    fact = run_until(lambda: votes_fact(members, "BANK-A") if votes_at(network, 0) == {} else None, "withdrawn")
    (named,) = run_until(lambda: votes_fact(members, "BANK-A")["withdrawn"] or None, "named")
    assert (named["address"], named["change"]) == (f"0x{stranger.hex()}", "ADD")
    assert fact["sealing"]
    assert members.done("BANK-A", "validators")["votes"]["withdrawn"] == [named]
    # And the other way round: nobody decided that a validator leaves.
    sitting = network.engine.address_of(2)
    with Node(network.engine.endpoints[0].url) as node:
        ValidatorNode(node).vote(sitting, add=False)
    run_until(lambda: len(votes_fact(members, "BANK-A")["withdrawn"]) == 2 or None, "named as well")
    assert votes_at(network, 0) == {}


def test_a_fifth_institution_is_admitted_and_joins_with_its_own_node(
    network: Network, members: Members, tmp_path: Path
) -> None:
    endpoint = network.engine.add_validator()
    others = [each.url for each in network.engine.endpoints if each.node != endpoint.node]
    chain = {"nodes": [endpoint.url, *others], "poll_s": 0.2, "engine": "qbft"}
    home = members.homes[_FIFTH] = make_home(tmp_path / _FIFTH, _FIFTH, chain=chain)
    make_card(home, Role.LENDER, network.engine.address_of(endpoint.node))
    members.decide("Admit", "--card", home.card_path, by=_THREE)

    document = members.exported("BANK-A", tmp_path / "export.json", home.card_path)
    (epoch,) = document.validator_epochs
    assert (epoch.first, epoch.last, len(epoch.validators)) == (0, None, 4)
    run_until(lambda: _joined(members, tmp_path / "export.json", document) or None, "its node has caught up")
    members.open(_FIFTH)
    run_until(lambda: _introduced(members), "its keys are on the chain", _PATIENCE_S)
    assert not votes_fact(members, _FIFTH)["sealing"]


def test_a_node_that_restarts_before_all_have_voted_is_made_to_vote_again(
    network: Network, members: Members, tmp_path: Path
) -> None:
    card = members.homes[_FIFTH].card_path
    address = network.engine.address_of(4)
    proposal = members.propose("BANK-A", "AddValidator", "--card", card)
    second_thought = members.propose("BANK-A", "RemoveValidator", "--card", card, "reason=SECOND_THOUGHT")
    for each in (proposal, second_thought):
        members.approve(each, "BANK-B", "DEPOSITORY", "ARBITRATION")
        run_until(lambda each=each: members.shown("BANK-A", each)["executable"] or None, "due")
    # Only BANK-A's gateway runs: its node votes alone, and one vote of four changes nothing.
    members.close("BANK-B", "DEPOSITORY", "ARBITRATION", _FIFTH)
    members.execute(proposal, "BANK-A", approvals=4)
    run_until(lambda: votes_at(network, 0) == {address: True} or None, "the vote", _PATIENCE_S)
    (pending,) = members.get("BANK-A", "/v1/validators")["pending"]
    assert (pending["address"], pending["change"]) == (f"0x{address.hex()}", "ADD")

    # What is being voted in does not leave before it has come in: votes cannot be called back.
    assert members.refused("BANK-A", "proposals", "execute", second_thought)["code"] == "proposal.validator_pending"
    members.done("BANK-A", "proposals", "cancel", second_thought)

    network.engine.kill(0)
    network.engine.restart(0)
    run_until(lambda: votes_at(network, 0) == {address: True} or None, "the vote once more", _PATIENCE_S)
    assert len(network.engine.validators) == 4


def test_the_fifth_is_voted_in_and_seals(network: Network, members: Members, tmp_path: Path) -> None:
    members.open("BANK-B", "DEPOSITORY", "ARBITRATION", _FIFTH)
    everybody = (*MEMBERS, _FIFTH)
    all_see(members, everybody, {f"0x{network.engine.address_of(number).hex()}" for number in range(5)})
    run_until(lambda: _seals(members, _FIFTH), "the fifth seals and proposes", _PATIENCE_S)
    run_until(lambda: votes_fact(members, _FIFTH)["sealing"] or None, "the fifth knows")
    for number in range(5):
        run_until(lambda number=number: votes_at(network, number) == {} or None, f"no vote left at {number}")
    for name in MEMBERS:
        # What was decided is nothing to complain of, once it is done.
        assert {each["change"] for each in votes_fact(members, name)["withdrawn"]} <= {"ADD", "REMOVE"}
        assert f"0x{network.engine.address_of(4).hex()}" not in {
            each["address"] for each in votes_fact(members, name)["withdrawn"]
        }

    document = all_export_the_same(members, everybody, tmp_path, members.homes[_FIFTH].card_path)
    before, now = document.validator_epochs
    assert (len(before.validators), len(now.validators), now.last) == (4, 5, None)
    assert now.first == (before.last or 0) + 1
    assert now.validators[network.engine.address_of(4)] == members.homes[_FIFTH].member_id


def test_one_leaves_and_all_agree_on_the_epochs(network: Network, members: Members, tmp_path: Path) -> None:
    leaving = network.engine.address_of(1)
    members.decide("RemoveValidator", f"member={_LEAVING}", f"key=0x{leaving.hex()}", "reason=LEAVES", by=_FOUR_OF_FIVE)
    everybody = (*MEMBERS, _FIFTH)
    all_see(members, everybody, {f"0x{network.engine.address_of(number).hex()}" for number in range(5) if number != 1})
    run_until(lambda: not votes_fact(members, _LEAVING)["sealing"] or None, f"{_LEAVING} knows that it seals no more")
    for number in range(5):
        run_until(lambda number=number: votes_at(network, number) == {} or None, f"no vote left at {number}")

    document = all_export_the_same(members, everybody, tmp_path, members.homes[_FIFTH].card_path)
    assert [len(epoch.validators) for epoch in document.validator_epochs] == [4, 5, 4]
    assert leaving not in document.validator_epochs[-1].validators
    assert document.validator_epochs[0].validators == network.consortium.validator_epochs[0].validators


def test_the_contract_keeps_at_least_four(network: Network, members: Members) -> None:
    proposal = members.propose(
        "BANK-A", "RemoveValidator", "member=DEPOSITORY", f"key=0x{network.engine.address_of(2).hex()}", "reason=LEAVES"
    )
    members.approve(proposal, "DEPOSITORY", "ARBITRATION", _FIFTH)
    run_until(lambda: members.shown("BANK-A", proposal)["executable"] or None, "due")
    problem = members.refused("BANK-A", "proposals", "execute", proposal)
    assert (problem["code"], problem["values"]["refusal"]) == ("proposal.execution_refused", "TooFewValidators")
    assert members.shown("BANK-A", proposal)["state"] == "OPEN"


def test_a_gateway_that_starts_from_nothing_with_the_later_file_agrees(
    network: Network, members: Members, tmp_path: Path
) -> None:
    """Every header from block 0 on is checked against sets that are computed anew, and the file's epochs with them."""
    document = members.exported("BANK-A", tmp_path / "later.json", members.homes[_FIFTH].card_path)
    members.close("BANK-A")
    members.homes["BANK-A"] = network.home("BANK-A", tmp_path / "again")
    (members.homes["BANK-A"].home / "card.json").write_bytes(network.homes["BANK-A"].card_path.read_bytes())
    (members.homes["BANK-A"].home / "consortium.json").unlink()
    members.done("BANK-A", "join", tmp_path / "later.json", "--expect", document.digest.hex())
    members.open("BANK-A")
    run_until(lambda: len(members.get("BANK-A", "/v1/validators")["epochs"]) == 3 or None, "three epochs", _PATIENCE_S)
    run_until(lambda: members.get("BANK-A", "/v1/chain")["behind"] == 0 or None, "caught up", _PATIENCE_S)
    again = members.exported("BANK-A", tmp_path / "again.json")
    assert again.to_bytes() == document.to_bytes()


def _joined(members: Members, file: Path, document: Consortium) -> bool:
    """Whether the fifth has joined; until its node has the blocks, it is told to wait."""
    code, _, err = members.tally(_FIFTH, "join", file, "--expect", document.digest.hex())
    assert code == 0 or json.loads(err)["code"] == "join.node_behind", err
    return code == 0


def _introduced(members: Members) -> bool | None:
    rows = members.done(_FIFTH, "keys", "list")
    return {row["purpose"] for row in rows} == {"RECOVERY", "ACT", "EXCHANGE", "SEAL"} or None


def _seals(members: Members, name: str) -> bool | None:
    own = members.homes[name].member_id.hex()
    rows = [row for row in members.get("BANK-A", "/v1/validators")["sealing"] if row["member"] == own]
    return all(row["sealed"] and row["proposed"] for row in rows) if rows else None
