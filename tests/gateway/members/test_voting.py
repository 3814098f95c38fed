"""Votes on validators: which are wanted, in which words each kind of node takes them, and when none are cast.

The whole story on real validators is in `tests/network/test_validator_changes.py`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.client import ChainIdWrong, Node, NodeAnswerMalformed
from tallystick.errors import TallystickError
from tallystick.keys import ActKey, Address
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.members.errors import ValidatorNotOurs
from tallystick_gateway.members.validator_node import MethodMissing, ValidatorNode
from tallystick_gateway.members.voting import Voter, votes_wanted
from tallystick_gateway.watch.watcher import Watcher
from tests.chain.client.hostile import answering, served
from tests.gateway.network import Network, build_sealed, run_until
from tests.gateway.proxy import Liar, lying_node
from tests.gateway.support import open_test_gateway

_KEY = ActKey(b"\x07" * 32)
_ENODE = f"enode://{_KEY.public_key[1:].hex()}@127.0.0.1:30303?discport=0"
_ADDRESSES = st.frozensets(st.integers(0, 12).map(lambda number: bytes([number]) * 20), max_size=10)


@given(_ADDRESSES, _ADDRESSES)
def test_one_change_a_block_by_these_votes_ends_at_what_was_decided(
    sealing: frozenset[bytes], governed: frozenset[bytes]
) -> None:
    """And never goes below the smaller of the two sets on the way, so that no quorum is given away."""
    fewest = min(len(sealing), len(governed))
    if len(governed) < 4:
        assert votes_wanted(sealing, governed) == {}
        return
    while wanted := votes_wanted(sealing, governed):
        assert len(set(wanted.values())) == 1
        address, add = min(wanted.items())
        sealing = sealing | {address} if add else sealing - {address}
        assert len(sealing) >= fewest
    assert sealing == governed


class Votes:
    """A node's votes as the methods of one client kind show them."""

    def __init__(self, version: str, prefix: str, pending: str, propose: str, discard: str) -> None:
        self.standing: dict[str, bool] = {}
        self.methods: dict[str, Any] = {
            "web3_clientVersion": version,
            "admin_nodeInfo": {"enode": _ENODE},
            f"{prefix}_{pending}": lambda: self.standing,
            f"{prefix}_{propose}": self._propose,
            f"{prefix}_{discard}": lambda address: self.standing.pop(address, None) is not None,
        }

    def _propose(self, address: str, add: bool) -> bool:
        self.standing[address] = add
        return True


_GOQUORUM = ("Geth/v1.10.3-stable(quorum-v22.7.4)/linux", "istanbul", "candidates", "propose", "discard")
_BESU = ("besu/v26.9.0/linux", "qbft", "getPendingVotes", "proposeValidatorVote", "discardValidatorVote")


@pytest.mark.parametrize("words", [_GOQUORUM, _BESU])
def test_both_kinds_of_node_are_spoken_to_in_their_own_words(words: tuple[str, str, str, str, str]) -> None:
    subject = Address(b"\x09" * 20)
    with served(answering(Votes(*words).methods)) as url, Node(url) as client:
        node = ValidatorNode(client)
        assert node.address() == _KEY.address
        assert node.votes() == {}
        node.vote(subject, add=True)
        node.vote(subject, add=True)
        assert node.votes() == {subject: True}
        node.withdraw(subject)
        node.withdraw(subject)
        assert node.votes() == {}


def asked(node: ValidatorNode) -> tuple[Address, dict[Address, bool]]:
    """What the gateway asks first."""
    return node.address(), node.votes()


@pytest.mark.parametrize(
    ("version", "info", "error"),
    [
        ("anvil/v1.7.1", {"enode": _ENODE}, MethodMissing),
        ("besu/v26.9.0", {"enode": _ENODE}, MethodMissing),
        ("besu/v26.9.0", {"enode": "enode://00@127.0.0.1:1"}, NodeAnswerMalformed),
        ("besu/v26.9.0", {"enode": f"enode://{'11' * 64}@127.0.0.1:1"}, NodeAnswerMalformed),
        ("besu/v26.9.0", {}, NodeAnswerMalformed),
        ("besu/v26.9.0", None, MethodMissing),
    ],
)
def test_a_node_that_cannot_say_or_vote_is_named_with_what_to_enable(
    version: str, info: object, error: type[Exception]
) -> None:
    methods = {"web3_clientVersion": version, "admin_nodeInfo": info}
    with served(answering(methods)) as url, Node(url) as client, pytest.raises(error):
        asked(ValidatorNode(client))


@pytest.mark.parametrize("said", [[], {"0x01": True}, {f"0x{'09' * 20}": "yes"}, "none"])
def test_votes_that_are_none_are_not_guessed_at(said: object) -> None:
    methods = {"web3_clientVersion": "besu/v26.9.0", "qbft_getPendingVotes": said}
    with served(answering(methods)) as url, Node(url) as client, pytest.raises(NodeAnswerMalformed):
        ValidatorNode(client).votes()


# ------------------------------------------------------------------ on real validators


@pytest.fixture(scope="module")
def network(quorum: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = build_sealed(tmp_path_factory.mktemp("network"))
    try:
        yield network
    finally:
        network.engine.stop()


@pytest.fixture(scope="module")
def gateway(network: Network) -> Iterator[Gateway]:
    """BANK-A's, caught up."""
    with network.gateway("BANK-A") as gateway:
        run_until(lambda: gateway.part(Watcher).caught_up or None, "caught up")
        yield gateway


@pytest.fixture
def liar(network: Network) -> Iterator[Liar]:
    """Before BANK-A's own node."""
    with lying_node(network.url) as liar:
        yield liar


def voter_at(gateway: Gateway, url: str) -> Voter:
    return Voter(gateway, ValidatorNode(Node(url)))


def refusal(voter: Voter) -> TallystickError:
    """Why the voter casts nothing; it looks only while its gateway is at the chain's head, so it is asked again."""

    def tried() -> TallystickError | None:
        try:
            voter.step()
        except TallystickError as refused:
            return refused
        return None

    return run_until(tried, "the voter refuses")


def methods_heard(liar: Liar) -> set[str]:
    return {method for method in liar.heard if method.startswith("istanbul_")}


@pytest.mark.chain
def test_another_members_validator_is_never_made_to_vote(network: Network, gateway: Gateway) -> None:
    voter = voter_at(gateway, network.engine.endpoints[1].url)
    refused = refusal(voter)
    assert isinstance(refused, ValidatorNotOurs)
    assert "BANK-B (test)'s validator" in str(refused)
    problem = voter.facts()["problem"]
    assert isinstance(problem, dict)
    assert problem["code"] == "validator.not_ours"


@pytest.mark.chain
def test_a_node_with_a_key_of_nobody_here_is_never_made_to_vote(gateway: Gateway, liar: Liar) -> None:
    liar.lie = lambda method, _, told: {"enode": _ENODE} if method == "admin_nodeInfo" else told
    refused = refusal(voter_at(gateway, liar.url))
    assert isinstance(refused, ValidatorNotOurs)
    assert "no validator of this consortium" in str(refused)
    assert methods_heard(liar) == set()


@pytest.mark.chain
def test_a_node_of_another_chain_is_never_made_to_vote(gateway: Gateway, liar: Liar) -> None:
    liar.lie = lambda method, _, told: "0x1234" if method == "eth_chainId" else told
    assert isinstance(refusal(voter_at(gateway, liar.url)), ChainIdWrong)
    assert methods_heard(liar) == set()


@pytest.mark.chain
def test_nothing_is_asked_of_the_node_while_the_watcher_is_behind(network: Network, liar: Liar, tmp_path: Path) -> None:
    """A gateway that has not followed the chain yet knows of no set, and touches no vote."""
    with open_test_gateway(network.home("BANK-A", tmp_path / "fresh")) as fresh:
        assert voter_at(fresh, liar.url).step() is False
    assert liar.heard == {}


@pytest.mark.chain
def test_a_vote_of_ours_is_cast_once_and_an_error_of_the_node_is_shown_until_it_is_over(
    gateway: Gateway, liar: Liar
) -> None:
    voter = voter_at(gateway, liar.url)
    run_until(lambda: voter.step() or voter.facts()["sealing"] or None, "the voter knows its node")
    assert methods_heard(liar) == {"istanbul_candidates"}
    liar.status, liar.raw = 502, b"bad gateway"
    assert isinstance(refusal(voter), NodeAnswerMalformed)
    reason = voter.reason()
    assert reason is not None
    assert (reason.code, reason.blocking) == ("node.answer_malformed", False)
    liar.honest()
    run_until(lambda: voter.step() or voter.reason() is None or None, "it is over")
    assert voter.facts()["problem"] is None
