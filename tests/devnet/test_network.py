"""Four validators on this machine, as their users meet them: who seals, and what faults do to them."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tallystick.client import Node
from tallystick.qbft import Validators, chain_hash, check_header, header_from_rpc
from tallystick_devnet.engines import NodeState, QbftEngine
from tallystick_devnet.engines.network.goquorum import GoQuorum
from tallystick_devnet.errors import GroupsWrong, NodeDown, NodeUnknown
from tests.devnet.support import LOGS_ITS_BLOCK, Sender, processes_of, until

pytestmark = pytest.mark.chain

A_FEW_BLOCKS_S = 3.0
EVERYBODY = [range(4)]


@pytest.fixture(scope="module")
def network(quorum: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QbftEngine]:
    """One network for all tests here: each leaves four nodes that run and speak with each other."""
    with QbftEngine(tmp_path_factory.mktemp("network") / "chain", request_timeout_s=2) as engine:
        height_reached(engine, 0, 1)
        yield engine
    assert processes_of(engine.folder) == []


def height(engine: QbftEngine, node: int) -> int:
    with Node(engine.endpoints[node].url) as client:
        return client.height()


def height_reached(engine: QbftEngine, node: int, least: int) -> None:
    with Node(engine.endpoints[node].url) as client:
        until(lambda: client.height() >= least)


def peers(engine: QbftEngine, node: int) -> int | None:
    return engine.status().nodes[node].peers


def test_every_block_is_sealed_by_a_quorum_of_the_validators(network: QbftEngine) -> None:
    height_reached(network, 0, 3)
    founders = tuple(sorted(network.address_of(node) for node in range(4)))
    validators = Validators.of(founders)
    with Node(network.endpoints[0].url) as node:
        first, *blocks = node.blocks(range(4))
    assert chain_hash(header_from_rpc(first.header)) == first.hash == network.genesis.hash
    assert first.timestamp == network.genesis.timestamp
    assert {len(check_header(header_from_rpc(block.header), validators).signers) for block in blocks} <= {3, 4}
    assert network.validators == founders


def test_every_node_answers_for_the_same_chain_and_says_what_it_is(network: QbftEngine) -> None:
    status = network.status()
    assert [node.node for node in status.nodes] == [0, 1, 2, 3]
    for node in status.nodes:
        assert node.state is NodeState.RUNNING
        assert node.validator == network.address_of(node.node)
        assert node.memory_bytes
        with Node(node.url) as client:
            client.check_chain_id(network.chain_id)
            assert client.block(0).hash == network.genesis.hash
            enode = str(client.call("admin_nodeInfo")["enode"])
        assert "@127.0.0.1:" in enode


def test_a_transaction_sent_to_one_node_has_its_receipt_at_all(network: QbftEngine) -> None:
    with Node(network.endpoints[0].url) as node:
        sender = Sender(node, network.chain_id)
        contract = sender.deploy(LOGS_ITS_BLOCK)
        receipt = sender.send(contract)
    for endpoint in network.endpoints[1:]:
        with Node(endpoint.url) as node:
            assert until(lambda: node.receipt(bytes.fromhex(str(receipt["transactionHash"])[2:]))) == receipt


def test_with_one_node_killed_the_others_go_on_and_it_comes_back_from_its_disk(network: QbftEngine) -> None:
    network.kill(3)
    killed = network.status()
    before = [node.pid for node in killed.nodes]
    assert (killed.nodes[3].state, killed.nodes[3].height, before[3]) == (NodeState.DOWN, None, None)
    with pytest.raises(NodeDown):
        network.kill(3)
    seen = height(network, 0)
    height_reached(network, 0, seen + 2)
    assert network.restart(3) == network.endpoints[3]
    assert height(network, 3) >= 1  # what it had, at once
    height_reached(network, 3, seen + 2)
    assert [node.pid for node in network.status().nodes][:3] == before[:3]


def test_a_node_that_runs_is_ended_before_it_is_brought_up_again(network: QbftEngine) -> None:
    before = network.status().nodes[1].pid
    network.restart(1)
    after = network.status().nodes[1].pid
    assert before != after
    assert len(processes_of(network.folder / "node1")) == 1


def test_a_paused_node_catches_up(network: QbftEngine) -> None:
    network.pause(2)
    assert network.status().nodes[2].state is NodeState.PAUSED
    seen = height(network, 0)
    height_reached(network, 0, seen + 2)
    network.resume(2)
    height_reached(network, 2, seen + 2)


def test_two_against_two_seal_nothing_until_it_heals(network: QbftEngine) -> None:
    network.partition([{0, 1}, {2, 3}])
    assert [peers(network, node) for node in range(4)] == [1, 1, 1, 1]
    seen = [height(network, node) for node in range(4)]
    time.sleep(A_FEW_BLOCKS_S)  # that nothing happens can only be seen by waiting
    assert [height(network, node) for node in range(4)] == seen
    network.partition(EVERYBODY)
    for node in range(4):
        height_reached(network, node, max(seen) + 2)


def test_three_go_on_without_one_which_they_refuse_though_it_calls(network: QbftEngine) -> None:
    network.partition([{0, 1, 2}, {3}])
    alone = height(network, 3)
    height_reached(network, 0, alone + 2)
    GoQuorum().write_allow_list(network.folder / "node3", network._settings().nodes)
    network.restart(3)  # it calls the others when it starts
    time.sleep(A_FEW_BLOCKS_S)
    assert (peers(network, 3), height(network, 3)) == (0, alone)
    network.partition(EVERYBODY)
    height_reached(network, 3, alone + 2)


@pytest.mark.parametrize("groups", [[], [{0, 1}], [{0, 1}, {1, 2, 3}], [{0, 1, 2, 3, 4}], [{0, 1}, {2, -1}]])
def test_groups_that_are_no_partition_are_refused(network: QbftEngine, groups: list[set[int]]) -> None:
    with pytest.raises(GroupsWrong):
        network.partition(groups)


def test_a_node_that_does_not_exist_is_named(network: QbftEngine) -> None:
    for act in (network.kill, network.pause, network.resume, network.restart, network.log, network.address_of):
        for node in (4, -1):
            with pytest.raises(NodeUnknown):
                act(node)


def test_each_node_has_its_own_log(network: QbftEngine) -> None:
    assert "QBFT" in network.log(0).read_text()
    assert network.log(0) != network.log(1)
    assert f"serving chain {network.chain_id}" in network.log().read_text()


def test_a_validator_that_was_added_follows_the_chain_and_seals_nothing(network: QbftEngine) -> None:
    added = network.add_validator()
    assert (added.node, added) == (4, network.endpoints[4])
    height_reached(network, 4, height(network, 0))
    assert peers(network, 4) == 4
    assert network.address_of(4) not in network.validators
    with Node(added.url) as node:
        assert node.block(0).hash == network.genesis.hash
    network.kill(4)
    network.restart(4)
    network.stop()
    network.start()
    assert [node.state for node in network.status().nodes] == [NodeState.RUNNING] * 5
    assert network.endpoints[4] == added
