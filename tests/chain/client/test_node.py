"""A node's answers are believed only as far as they are what the method promises."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.client import (
    BlockUnknown,
    ChainIdWrong,
    Fault,
    Node,
    NodeAnswerMalformed,
    NodeAnswerTooLarge,
    NodeError,
    NodeRefused,
    NodeTimeout,
    NodeUnreachable,
)
from tallystick.client.nodes import NodeKind, fault_of, node_kind
from tallystick.keccak import keccak256
from tests.chain.client.hostile import answering, result, served

BLOCK = {
    "number": "0x5",
    "hash": f"0x{'11' * 32}",
    "parentHash": f"0x{'22' * 32}",
    "timestamp": "0x6b03f480",
    "receiptsRoot": f"0x{'33' * 32}",
    "gasLimit": "0x7bfa480",
    "transactions": [f"0x{'44' * 32}", f"0x{'55' * 32}"],
}
RECEIPTS = [
    {"transactionHash": transaction, "transactionIndex": hex(index), "blockHash": BLOCK["hash"]}
    for index, transaction in enumerate(BLOCK["transactions"])
]


ANVIL = "anvil/v1.7.1"
GOQUORUM = "Geth/v1.10.3-stable(quorum-v22.7.4)/linux-amd64/go1.26.8"
BESU = "besu/v26.9.0/linux-x86_64/openjdk-java-25"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Bound, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


# ---------------------------------------------------------------- away, slow, nonsense


def test_a_node_that_is_away_is_unreachable_and_named_without_credentials(closed_port: int) -> None:
    with Node(f"http://user:hunter2@127.0.0.1:{closed_port}/rpc?key=hunter2") as node:
        with pytest.raises(NodeUnreachable) as away:
            node.height()
        assert f"http://127.0.0.1:{closed_port}/rpc" in str(away.value)
        assert "hunter2" not in f"{away.value!r} {away.value} {away.value.values} {node!r}"


@pytest.mark.parametrize("url", ["", "nonsense", "http://[", "ftp://127.0.0.1", "http://127.0.0.1:99999"])
def test_what_is_no_address_is_an_unreachable_node(url: str) -> None:
    with Node(url) as node, pytest.raises(NodeUnreachable):
        node.height()


def test_a_node_that_accepts_and_says_nothing_times_out() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with Node(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.05) as node:
            with pytest.raises(NodeTimeout) as late:
                node.height()
            assert late.value.timeout_s == 0.05


def test_an_answer_that_drips_in_for_ever_times_out() -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()

        def drip() -> None:
            stream, _ = door.accept()
            with stream, contextlib.suppress(OSError):
                stream.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
                while True:
                    stream.sendall(b" ")
                    time.sleep(0.01)

        threading.Thread(target=drip, daemon=True).start()
        with Node(f"http://127.0.0.1:{door.getsockname()[1]}", timeout_s=0.05) as node, pytest.raises(NodeTimeout):
            node.height()


def test_an_answer_beyond_the_bound_is_not_read_to_its_end() -> None:
    with (
        served(lambda _: b" " * 5000) as url,
        Node(url, max_answer_bytes=1000) as node,
        pytest.raises(NodeAnswerTooLarge),
    ):
        node.height()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"7",
        b'{"jsonrpc":"2.0","id":0}',
        b'{"result":null}',
        b'{"result":7}',
        b'{"result":"12"}',
        b'{"result":"0x"}',
        b'{"result":"0x00"}',
        b'{"result":"0x1","error":"no"}',
        b'{"error":{}}',
        b'{"result":"0x' + b"f" * 65 + b'"}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
    ],
)
def test_nonsense_is_refused_as_such(body: bytes) -> None:
    with served(lambda _: body) as url, Node(url) as node, pytest.raises((NodeAnswerMalformed, NodeRefused)):
        node.height()


def test_an_error_page_is_named_with_its_status() -> None:
    with served(lambda _: b"<html>", status=503) as url, Node(url) as node, pytest.raises(NodeAnswerMalformed) as bad:
        node.height()
    assert "503" in bad.value.reason


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=70) | st.sampled_from(["0x", "0x1", BLOCK["hash"]]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*BLOCK, "code"]), inner, max_size=8),
    max_leaves=12,
)


@given(answer=json_values)
def test_no_answer_ever_ends_in_another_error(answered: Node, answer: Any) -> None:
    asks: list[Callable[[], object]] = [
        answered.height,
        lambda: answered.block(5),
        lambda: answered.block(b"\x11" * 32),
        lambda: answered.blocks([5]),
        lambda: answered.code(bytes(20)),
        lambda: answered.receipt(bytes(32)),
        lambda: answered.send_raw(b"\x01"),
        lambda: answered.send_raw_batch([b"\x01"]),
    ]
    for body in ({"id": 0, "result": answer}, {"id": 0, "error": answer}, [{"id": 0, "result": answer}], answer):
        answered._post = lambda *_, body=body: body  # type: ignore[method-assign]  # thousands of answers: no sockets
        for ask in asks:
            with contextlib.suppress(NodeError):
                ask()


@pytest.fixture(scope="module")
def answered() -> Iterator[Node]:
    """A node whose transport a test replaces."""
    with Node("http://127.0.0.1:1") as node:
        yield node


# ---------------------------------------------------------------- half answers to batches


def test_calls_left_out_of_a_batch_are_told_one_by_one() -> None:
    def half(request: list[dict[str, Any]]) -> bytes:
        return json.dumps([{"id": item["id"], "result": "0x1"} for item in request if item["id"] % 2]).encode()

    with served(half) as url, Node(url) as node:
        answers = node.batch([("eth_blockNumber", ())] * 4)
    assert answers[1::2] == ["0x1", "0x1"]
    assert all(isinstance(answer, NodeAnswerMalformed) for answer in answers[::2])


def test_answers_of_a_batch_are_put_in_order_and_strangers_among_them_ignored() -> None:
    def shuffled(request: list[dict[str, Any]]) -> bytes:
        answers = [{"id": item["id"], "result": hex(item["id"])} for item in reversed(request)]
        return json.dumps([{"id": 99, "result": "0x99"}, "x", {"id": "0", "result": "0x98"}, *answers]).encode()

    with served(shuffled) as url, Node(url) as node:
        assert node.batch([("eth_blockNumber", ())] * 3) == ["0x0", "0x1", "0x2"]


def test_a_batch_refused_as_a_whole_raises() -> None:
    refusal = {"id": None, "error": {"code": -32005, "message": "Number of requests in batch exceeds"}}
    with (
        served(lambda _: json.dumps(refusal).encode()) as url,
        Node(url) as node,
        pytest.raises(NodeRefused) as refused,
    ):
        node.batch([("eth_blockNumber", ())])
    assert refused.value.fault is Fault.RATE_LIMITED


def test_large_batches_are_sent_in_bounded_requests() -> None:
    sizes: list[int] = []

    def counting(request: Any) -> bytes:
        if isinstance(request, dict):
            return result("anvil")(request)
        sizes.append(len(json.dumps(request)))
        return json.dumps([{"id": item["id"], "result": item["params"][0][:4]} for item in request]).encode()

    with served(counting) as url, Node(url) as node:
        answers = node.batch([("x", ("0x" + "00" * 50_000,))] * 150 + [("x", ("0x11",))] * 500)
    assert len(answers) == 650
    assert len(sizes) >= 4
    assert max(sizes) < 5_000_000


# ---------------------------------------------------------------- blocks and receipts


def test_another_block_than_asked_for_is_refused() -> None:
    with served(result(BLOCK)) as url, Node(url) as node:
        assert node.block(5).timestamp == 0x6B03F480
        assert node.block(b"\x11" * 32).number == 5
        with pytest.raises(NodeAnswerMalformed):
            node.block(6)
        with pytest.raises(NodeAnswerMalformed):
            node.block(b"\x12" * 32)


@pytest.mark.parametrize("field", list(BLOCK))
def test_a_block_without_a_field_or_with_another_in_its_place_is_refused(field: str) -> None:
    for broken in ({**BLOCK, field: "0xzz"}, {**BLOCK, field: None}, {k: v for k, v in BLOCK.items() if k != field}):
        with served(result(broken)) as url, Node(url) as node, pytest.raises(NodeAnswerMalformed):
            node.block("latest")


def test_a_block_that_is_not_there_is_unknown() -> None:
    with served(answering({"eth_getBlockByNumber": lambda *_: None})) as url, Node(url) as node:
        with pytest.raises(BlockUnknown):
            node.block(7)
        with pytest.raises(BlockUnknown):
            node.blocks([7])


def test_a_node_without_block_receipts_is_asked_for_each() -> None:
    asked = count()

    def whole(*_: object) -> object:
        next(asked)
        return {"error": {"code": -32601, "message": "method not found"}}

    each = {entry["transactionHash"]: entry for entry in RECEIPTS}
    methods = {
        "eth_getBlockByNumber": BLOCK,
        "eth_getBlockReceipts": whole,
        "eth_getTransactionReceipt": lambda transaction: each[transaction],
        "web3_clientVersion": "Geth/v1.10.3-stable(quorum-v22.7.4)/linux",
    }
    with served(answering(methods)) as url, Node(url) as node:
        block = node.block(5)
        assert node.receipts(block) == RECEIPTS
        assert node.receipts(block) == RECEIPTS
        assert node.kind() is NodeKind.GOQUORUM
    assert next(asked) == 1


@pytest.mark.parametrize(
    "receipts",
    [
        [],
        RECEIPTS[:1],
        [*RECEIPTS, RECEIPTS[1]],
        RECEIPTS[::-1],
        [RECEIPTS[0], None],
        [RECEIPTS[0], {**RECEIPTS[1], "blockHash": f"0x{'99' * 32}"}],
        [RECEIPTS[0], {**RECEIPTS[1], "transactionHash": f"0x{'99' * 32}"}],
        {"0": RECEIPTS[0]},
        "0x",
    ],
)
def test_receipts_that_are_not_exactly_those_of_the_block_are_refused(receipts: object) -> None:
    methods = {"eth_getBlockByNumber": BLOCK, "eth_getBlockReceipts": lambda _: receipts}
    with served(answering(methods)) as url, Node(url) as node, pytest.raises(NodeAnswerMalformed):
        node.receipts(node.block(5))


# ---------------------------------------------------------------- sending, and words for refusals


def test_a_node_of_another_chain_is_refused() -> None:
    with served(result("0x539")) as url, Node(url) as node, pytest.raises(ChainIdWrong) as wrong:
        node.check_chain_id(4294967296)
    assert (wrong.value.expected, wrong.value.found) == (4294967296, 1337)


def test_a_yes_with_the_hash_of_something_else_is_no_yes() -> None:
    raw, other = b"\xf8\x6b\x01", keccak256(b"other")
    with served(result(f"0x{other.hex()}")) as url, Node(url) as node, pytest.raises(NodeAnswerMalformed):
        node.send_raw(raw)


def test_each_transaction_of_a_batch_has_its_own_outcome() -> None:
    def take(raw: str) -> object:
        if raw == "0x02":
            return {"error": {"code": -32003, "message": "nonce too low"}}
        return f"0x{keccak256(bytes.fromhex(raw[2:])).hex()}"

    with served(answering({"eth_sendRawTransaction": take})) as url, Node(url) as node:
        first, second = node.send_raw_batch([b"\x01", b"\x02"])
    assert first == keccak256(b"\x01")
    assert isinstance(second, NodeRefused)
    assert second.fault is Fault.NONCE_TOO_LOW


@pytest.mark.parametrize(
    ("version", "code", "message", "fault"),
    [
        (ANVIL, -32003, "transaction already imported", Fault.ALREADY_KNOWN),
        (ANVIL, -32003, "nonce too low", Fault.NONCE_TOO_LOW),
        (ANVIL, 3, "execution reverted: custom error 0x12345678", Fault.REVERTED),
        (GOQUORUM, -32000, "already known", Fault.ALREADY_KNOWN),
        (GOQUORUM, -32000, "nonce too low", Fault.NONCE_TOO_LOW),
        (GOQUORUM, -32000, "txpool is full", Fault.POOL_FULL),
        (GOQUORUM, -32000, "replacement transaction underpriced", Fault.REPLACEMENT_UNDERPRICED),
        (GOQUORUM, -32000, "oversized data", Fault.TRANSACTION_TOO_LARGE),
        (GOQUORUM, -32000, "exceeds block gas limit", Fault.GAS_ABOVE_BLOCK),
        (GOQUORUM, -32000, "intrinsic gas too low", Fault.GAS_TOO_LOW),
        (GOQUORUM, -32000, "invalid chain id for signer", Fault.CHAIN_ID_WRONG),
        (GOQUORUM, -32000, "Gas price not 0", Fault.GAS_PRICE_REFUSED),
        (GOQUORUM, -32000, "insufficient funds for gas * price + value", Fault.FUNDS_MISSING),
        (GOQUORUM, -32000, "account does not have permission for the transaction", Fault.SENDER_NOT_ALLOWED),
        (GOQUORUM, -32000, "execution reverted", Fault.REVERTED),
        (GOQUORUM, -32000, "out of gas", Fault.REVERTED),
        (GOQUORUM, -32000, "invalid opcode: opcode 0xfe not defined", Fault.REVERTED),
        (GOQUORUM, -32000, "gas required exceeds allowance (25000000)", Fault.REVERTED),
        (GOQUORUM, -32000, "header not found", Fault.OTHER),
        (BESU, -32001, "Nonce too low", Fault.NONCE_TOO_LOW),
        (BESU, -32006, "Nonce too high", Fault.NONCE_TOO_HIGH),
        (BESU, -32000, "Transaction nonce is too distant from current sender nonce", Fault.NONCE_TOO_HIGH),
        (BESU, -32000, "An invalid transaction with a lower nonce exists", Fault.NONCE_TOO_HIGH),
        (BESU, -32000, "Known transaction", Fault.ALREADY_KNOWN),
        (BESU, -32000, "Replacement transaction underpriced", Fault.REPLACEMENT_UNDERPRICED),
        (BESU, -32003, "Intrinsic gas exceeds gas limit", Fault.GAS_TOO_LOW),
        (BESU, -32004, "Upfront cost exceeds account balance", Fault.FUNDS_MISSING),
        (BESU, -32005, "Transaction gas limit exceeds block gas limit", Fault.GAS_ABOVE_BLOCK),
        (BESU, -32005, "Number of requests exceeds max batch size", Fault.RATE_LIMITED),
        (BESU, -32007, "Sender account not authorized to send transactions", Fault.SENDER_NOT_ALLOWED),
        (BESU, -32008, "Initial sync is still in progress", Fault.NODE_SYNCING),
        (BESU, -32002, "Transaction pool not enabled. (Either txpool explicitly disabled, or node not yet in sync).",
         Fault.NODE_SYNCING),
        (BESU, -32009, "Gas price below configured minimum gas price", Fault.GAS_PRICE_REFUSED),
        (BESU, -32009, "Gas price below current base fee", Fault.GAS_PRICE_REFUSED),
        (BESU, -32000, "Wrong chainId", Fault.CHAIN_ID_WRONG),
        (BESU, -32000, "Execution reverted", Fault.REVERTED),
        (BESU, -32000, "Transaction processing could not be completed due to an exception", Fault.REVERTED),
        (BESU, -32604, "Method not enabled", Fault.METHOD_UNKNOWN),
        ("something else", -32601, "?", Fault.METHOD_UNKNOWN),
        ("something else", -32000, "a new kind of no", Fault.OTHER),
    ],
)  # fmt: skip
def test_the_words_of_each_kind_of_node_are_understood(version: str, code: int, message: str, fault: Fault) -> None:
    assert fault_of(node_kind(version), code, message) is fault


def test_a_refusal_says_what_to_do_about_it() -> None:
    error = {"error": {"code": -32007, "message": "Sender account not authorized to send transactions"}}
    methods = {"web3_clientVersion": BESU, "eth_sendRawTransaction": lambda _: error}
    with served(answering(methods)) as url, Node(url) as node, pytest.raises(NodeRefused) as refused:
        node.send_raw(b"\xf8")
    assert "allow-list" in refused.value.advice


def test_control_characters_of_a_node_reach_no_log() -> None:
    error = {"error": {"code": -32000, "message": "no\x1b[31m\r\nFAKE LOG LINE" + "x" * 10_000}}
    answer = answering({"eth_blockNumber": lambda: error})
    with served(answer) as url, Node(url) as node, pytest.raises(NodeRefused) as refused:
        node.height()
    assert refused.value.reason.isprintable()
    assert len(refused.value.reason) <= 400
