"""The client against a real node: what is sent, read back, and refused."""

from collections.abc import Iterator

import pytest

from tallystick.blocks import ethereum_hash, header_items
from tallystick.client import BlockUnknown, Fault, Node, NodeKind, NodeRefused
from tallystick.client.transactions import created_address, sign_transaction
from tallystick.keys import ActKey
from tallystick.receipts import receipt_from_rpc, receipts_root
from tallystick_devnet.engines import EmbeddedEngine
from tests.devnet.support import LOGS_ITS_BLOCK, Sender, until

pytestmark = pytest.mark.chain

REFUSES = bytes.fromhex("600d600c600039600d6000f3" + "63deadbeef6000526004601cfd".ljust(26, "0"))
"""Creation code of a contract that always reverts with the four bytes deadbeef."""


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine() as engine:
        yield engine


@pytest.fixture
def node(engine: EmbeddedEngine) -> Iterator[Node]:
    with Node(engine.url) as node:
        yield node


@pytest.fixture
def sender(engine: EmbeddedEngine, node: Node) -> Sender:
    return Sender(node, engine.chain_id)


def fault(node: Node, raw: bytes) -> Fault:
    with pytest.raises(NodeRefused) as refused:
        node.send_raw(raw)
    return refused.value.fault


def test_a_signed_transaction_is_taken_and_its_receipt_stands_in_a_block_that_can_be_checked(
    node: Node, sender: Sender
) -> None:
    receipt = sender.send(sender.deploy(LOGS_ITS_BLOCK))
    block = node.block(int(str(receipt["blockNumber"]), 16))
    receipts = node.receipts(block)
    assert receipt in receipts
    assert receipts_root([receipt_from_rpc(entry) for entry in receipts]) == block.receipts_root
    assert ethereum_hash(header_items(block.header)) == block.hash
    assert node.block(block.hash) == block


def test_a_contract_stands_where_its_address_was_computed(engine: EmbeddedEngine, node: Node) -> None:
    key = ActKey.generate()
    signed = sign_transaction(key, chain_id=engine.chain_id, nonce=0, gas=300_000, to=None, data=LOGS_ITS_BLOCK)
    assert node.send_raw(signed.raw) == signed.hash
    until(lambda: node.receipt(signed.hash))
    assert node.code(created_address(key.address, 0)) == LOGS_ITS_BLOCK[12:27]
    assert (node.nonce(key.address), node.nonce(key.address, "pending")) == (1, 1)


def test_hundreds_of_transactions_sent_at_once_are_all_included(node: Node, sender: Sender) -> None:
    contract = sender.deploy(LOGS_ITS_BLOCK)
    outcomes = node.send_raw_batch([sender.sign(contract, gas=60_000) for _ in range(500)])
    hashes = [outcome for outcome in outcomes if isinstance(outcome, bytes)]
    assert len(hashes) == 500
    until(lambda: node.receipt(hashes[-1]))
    receipts = node.batch([("eth_getTransactionReceipt", (f"0x{found.hex()}",)) for found in hashes])
    assert {receipt["status"] for receipt in receipts} == {"0x1"}


def test_the_node_says_which_software_it_is(node: Node) -> None:
    assert node.kind() is NodeKind.ANVIL


def test_sending_twice_and_sending_late_are_told_apart(node: Node, sender: Sender) -> None:
    contract = sender.deploy(LOGS_ITS_BLOCK)
    first, ahead = sender.sign(contract), sender.sign(contract, b"\x01")
    node.send_raw(ahead)
    assert fault(node, ahead) is Fault.ALREADY_KNOWN
    transaction = node.send_raw(first)
    until(lambda: node.receipt(transaction))
    assert fault(node, first) in {Fault.NONCE_TOO_LOW, Fault.ALREADY_KNOWN}


def test_what_a_node_refuses_is_understood(engine: EmbeddedEngine, node: Node) -> None:
    key = ActKey.generate()

    def signed(*, gas: int) -> bytes:
        return sign_transaction(key, chain_id=engine.chain_id, nonce=0, gas=gas, to=bytes(20), data=b"").raw

    assert fault(node, signed(gas=engine.genesis.gas_limit + 1)) is Fault.GAS_ABOVE_BLOCK
    assert fault(node, signed(gas=20_000)) is Fault.GAS_TOO_LOW
    with pytest.raises(NodeRefused):
        node.send_raw(b"\xc0")
    with pytest.raises(NodeRefused) as unknown:
        node.call("tally_nothing")
    assert unknown.value.fault is Fault.METHOD_UNKNOWN


def test_what_a_contract_refuses_comes_with_its_data(node: Node, sender: Sender) -> None:
    contract = sender.deploy(REFUSES)
    for ask in (lambda: node.eth_call(contract, b""), lambda: node.estimate_gas(contract, b"", sender=bytes(20))):
        with pytest.raises(NodeRefused) as refused:
            ask()
        assert (refused.value.fault, refused.value.revert_data) == (Fault.REVERTED, bytes.fromhex("deadbeef"))


def test_a_block_of_the_future_is_unknown(node: Node) -> None:
    with pytest.raises(BlockUnknown):
        node.block(node.height() + 1000)
