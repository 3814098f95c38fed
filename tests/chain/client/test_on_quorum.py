"""What GoQuorum, a stand-in for Besu, really says: each refusal provoked on a running node."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from tallystick.client import Fault, Node, NodeKind, NodeRefused
from tallystick.client.transactions import sign_transaction
from tallystick.keys import ActKey
from tallystick_devnet.engines import QbftEngine
from tests.chain.client.test_on_engine import REFUSES
from tests.devnet.support import LOGS_ITS_BLOCK, Sender, until

pytestmark = pytest.mark.chain
GAS_LIMIT = 130_000_000
BURNS_ALL = bytes.fromhex("6001600c60003960016000f3" + "fe")
"""Creation code of a contract that is one invalid instruction."""
LOOPS = bytes.fromhex("6004600c60003960046000f3" + "5b600056")
"""Creation code of a contract that never ends."""


@dataclass(frozen=True)
class Asked:
    """A node, and an account that sends to it."""

    node: Node
    chain_id: int
    key: ActKey

    def signed(self, nonce: int, *, gas: int = 21_000, data: bytes = b"", chain_id: int | None = None) -> bytes:
        return sign_transaction(
            self.key, chain_id=chain_id or self.chain_id, nonce=nonce, gas=gas, to=self.key.address, data=data
        ).raw

    def fault(self, raw: bytes) -> Fault:
        with pytest.raises(NodeRefused) as refused:
            self.node.send_raw(raw)
        return refused.value.fault


@pytest.fixture(scope="module")
def engine(quorum: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QbftEngine]:
    """One validator is a quorum of itself."""
    with QbftEngine(tmp_path_factory.mktemp("chain"), validators=1, gas_limit=GAS_LIMIT) as engine:
        yield engine


@pytest.fixture
def asked(engine: QbftEngine) -> Iterator[Asked]:
    with Node(engine.endpoints[0].url) as node:
        yield Asked(node, engine.chain_id, ActKey.generate())


def test_it_says_which_software_it_is(asked: Asked) -> None:
    assert asked.node.kind() is NodeKind.GOQUORUM


def test_sending_twice_sending_late_and_sending_something_else_are_told_apart(asked: Asked) -> None:
    first, ahead = asked.signed(0), asked.signed(7)
    asked.node.send_raw(ahead)
    assert asked.fault(ahead) is Fault.ALREADY_KNOWN
    transaction = asked.node.send_raw(first)
    if asked.node.receipt(transaction) is None:
        assert asked.fault(asked.signed(0, gas=22_000)) in {Fault.REPLACEMENT_UNDERPRICED, Fault.NONCE_TOO_LOW}
    until(lambda: asked.node.receipt(transaction))
    until(lambda: asked.node.nonce(asked.key.address) == 1 or None)
    assert asked.fault(first) is Fault.NONCE_TOO_LOW
    assert asked.fault(asked.signed(0, gas=22_000)) is Fault.NONCE_TOO_LOW
    assert asked.node.nonce(asked.key.address, "pending") == 1


def test_what_can_never_be_mined_is_refused_at_once(asked: Asked) -> None:
    assert asked.fault(asked.signed(0, gas=GAS_LIMIT + 1)) is Fault.GAS_ABOVE_BLOCK
    assert asked.fault(asked.signed(0, gas=20_999)) is Fault.GAS_TOO_LOW
    assert asked.fault(asked.signed(0, gas=10_000_000, data=b"\x01" * 128 * 1024)) is Fault.TRANSACTION_TOO_LARGE
    assert asked.fault(asked.signed(0, chain_id=asked.chain_id + 1)) is Fault.CHAIN_ID_WRONG
    asked.node.send_raw(asked.signed(0, gas=10_000_000, data=b"\x01" * 112 * 1024))


def test_transactions_with_a_price_or_a_value_are_refused(asked: Asked) -> None:
    account = Account.create()

    def signed(**changes: int) -> bytes:
        fields = {"nonce": 0, "gas": 21_000, "gasPrice": 0, "value": 0, "chainId": asked.chain_id, **changes}
        return bytes(account.sign_transaction({**fields, "to": account.address}).raw_transaction)

    assert asked.fault(signed(gasPrice=1)) is Fault.GAS_PRICE_REFUSED
    assert asked.fault(signed(value=1)) is Fault.FUNDS_MISSING


def test_methods_that_it_has_not_are_unknown_and_receipts_come_one_by_one(asked: Asked) -> None:
    with pytest.raises(NodeRefused) as unknown:
        asked.node.call("eth_getBlockReceipts", "0x1")
    assert unknown.value.fault is Fault.METHOD_UNKNOWN
    receipt = Sender(asked.node, asked.chain_id).send(None, LOGS_ITS_BLOCK)
    block = asked.node.block(int(str(receipt["blockNumber"]), 16))
    assert receipt["transactionHash"] in [entry["transactionHash"] for entry in asked.node.receipts(block)]


@pytest.mark.parametrize(
    ("code", "returned"), [(REFUSES, "deadbeef"), (BURNS_ALL, ""), (LOOPS, "")], ids=["refuses", "burns", "loops"]
)
def test_a_call_that_fails_is_a_revert_with_what_the_contract_returned(
    asked: Asked, code: bytes, returned: str
) -> None:
    contract = Sender(asked.node, asked.chain_id).deploy(code)

    def refusal(ask: Any) -> NodeRefused:
        with pytest.raises(NodeRefused) as refused:
            ask()
        return refused.value

    for found in (
        refusal(lambda: asked.node.eth_call(contract, b"")),
        refusal(lambda: asked.node.estimate_gas(contract, b"", sender=bytes(20))),
    ):
        assert (found.fault, found.revert_data.hex()) == (Fault.REVERTED, returned)


def test_hundreds_of_transactions_sent_at_once_are_all_included(asked: Asked) -> None:
    outcomes = asked.node.send_raw_batch([asked.signed(nonce) for nonce in range(500)])
    hashes = [outcome for outcome in outcomes if isinstance(outcome, bytes)]
    assert len(hashes) == 500
    until(lambda: asked.node.receipt(hashes[-1]))
    assert asked.node.nonce(asked.key.address) == 500
