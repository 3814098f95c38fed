"""Receipts are rebuilt from a node's JSON byte for byte, and only what the header's root covers is believed."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick import receipts, trie
from tallystick.keccak import keccak256
from tallystick.qbft import decode_header
from tallystick.receipts import Log, Receipt, ReceiptMalformed
from tallystick.rlp import encode
from tests.conformance.locate import vector_file

LOGS = st.builds(
    Log,
    st.binary(min_size=20, max_size=20),
    st.lists(st.binary(min_size=32, max_size=32), max_size=4).map(tuple),
    st.binary(max_size=100),
)
RECEIPTS = st.builds(
    Receipt,
    st.integers(0, 0x7F),
    st.integers(0, 1),
    st.integers(0, 2**64 - 1),
    st.binary(min_size=256, max_size=256),
    st.lists(LOGS, max_size=4).map(tuple),
)


def as_json(receipt: Receipt) -> dict[str, Any]:
    return {
        "type": hex(receipt.type),
        "status": hex(receipt.status),
        "cumulativeGasUsed": hex(receipt.cumulative_gas_used),
        "logsBloom": "0x" + receipt.bloom.hex(),
        "logs": [
            {
                "address": "0x" + log.address.hex(),
                "topics": ["0x" + t.hex() for t in log.topics],
                "data": "0x" + log.data.hex(),
            }
            for log in receipt.logs
        ],
    }


@given(RECEIPTS)
def test_a_receipt_survives_bytes_and_json(receipt: Receipt) -> None:
    assert receipts.decode_receipt(receipts.encode_receipt(receipt)) == receipt
    assert receipts.receipt_from_rpc(as_json(receipt)) == receipt


@settings(max_examples=30)
@given(st.lists(RECEIPTS, min_size=1, max_size=20), st.data())
def test_a_receipt_is_proved_under_its_root_and_no_other_is(all_of_block: list[Receipt], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(all_of_block) - 1))
    encoded = [receipts.encode_receipt(receipt) for receipt in all_of_block]
    root = receipts.receipts_root(all_of_block)

    assert receipts.verify_receipt(root, index, trie.ordered_proof(encoded, index)) == all_of_block[index]
    lie = receipts.receipts_root([*all_of_block[:-1], data.draw(RECEIPTS.filter(lambda r: r != all_of_block[-1]))])
    assert lie != root


@given(st.binary(max_size=400))
def test_whatever_is_decoded_is_canonical(encoded: bytes) -> None:
    try:
        receipt = receipts.decode_receipt(encoded)
    except ReceiptMalformed:
        return
    assert receipts.encode_receipt(receipt) == encoded


BLOOM = bytes(256)
LOG = (b"a" * 20, (b"t" * 32,), b"data")


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (b"receipt", "receipt"),
        ((b"\x01", b"\x01", BLOOM), "receipt"),
        ((b"\x02", b"\x01", BLOOM, ()), "status"),
        ((b"\x00", b"\x01", BLOOM, ()), "status"),
        ((b"r" * 32, b"\x01", BLOOM, ()), "status"),
        (((), b"\x01", BLOOM, ()), "status"),
        ((b"\x01", b"\x00", BLOOM, ()), "cumulativeGasUsed"),
        ((b"\x01", b"\x01" * 9, BLOOM, ()), "cumulativeGasUsed"),
        ((b"\x01", (), BLOOM, ()), "cumulativeGasUsed"),
        ((b"\x01", b"\x01", BLOOM[1:], ()), "logsBloom"),
        ((b"\x01", b"\x01", BLOOM, b""), "logs"),
        ((b"\x01", b"\x01", BLOOM, (LOG[:2],)), "log"),
        ((b"\x01", b"\x01", BLOOM, (b"log",)), "log"),
        ((b"\x01", b"\x01", BLOOM, ((b"a" * 19, *LOG[1:]),)), "address"),
        ((b"\x01", b"\x01", BLOOM, ((LOG[0], (b"t" * 32,) * 5, b""),)), "topics"),
        ((b"\x01", b"\x01", BLOOM, ((LOG[0], (b"t" * 31,), b""),)), "topic"),
        ((b"\x01", b"\x01", BLOOM, ((LOG[0], b"", b""),)), "topics"),
        ((b"\x01", b"\x01", BLOOM, ((LOG[0], (), ()),)), "log data"),
    ],
)
def test_bytes_of_another_shape_are_refused_by_field(item: Any, field: str) -> None:
    for prefix in (b"", b"\x01"):
        with pytest.raises(ReceiptMalformed) as refused:
            receipts.decode_receipt(prefix + encode(item))
        assert refused.value.field == field


@pytest.mark.parametrize("encoded", ["", "01", "00c0", "80", "c0", "7f", "c18100"])
def test_bytes_that_are_no_receipt_are_refused(encoded: str) -> None:
    with pytest.raises(ReceiptMalformed):
        receipts.decode_receipt(bytes.fromhex(encoded))


GOOD = as_json(Receipt(1, 1, 21000, BLOOM, (Log(b"a" * 20, (b"t" * 32,), b""),)))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"status": None}, "status"),
        ({"status": "0x2"}, "status"),
        ({"status": 1}, "status"),
        ({"type": "0x80"}, "type"),
        ({"type": "1"}, "type"),
        ({"cumulativeGasUsed": "0x"}, "cumulativeGasUsed"),
        ({"cumulativeGasUsed": "0x01"}, "cumulativeGasUsed"),
        ({"cumulativeGasUsed": "21000"}, "cumulativeGasUsed"),
        ({"cumulativeGasUsed": "0x" + "f" * 65}, "cumulativeGasUsed"),
        ({"logsBloom": "0x00"}, "logsBloom"),
        ({"logsBloom": "0x" + "00" * 255 + " 00"}, "logsBloom"),
        ({"logsBloom": "00" * 256}, "logsBloom"),
        ({"logsBloom": "0x" + "zz" * 256}, "logsBloom"),
        ({"logs": {}}, "logs"),
        ({"logs": ["log"]}, "logs"),
        ({"logs": [GOOD["logs"][0] | {"address": "0xaa"}]}, "address"),
        ({"logs": [GOOD["logs"][0] | {"topics": ["0x" + "t" * 64]}]}, "topic"),
        ({"logs": [GOOD["logs"][0] | {"topics": ["0x" + "00" * 32] * 5}]}, "topics"),
        ({"logs": [GOOD["logs"][0] | {"topics": None}]}, "topics"),
        ({"logs": [GOOD["logs"][0] | {"data": "0x1"}]}, "data"),
        ({"logs": [GOOD["logs"][0] | {"data": None}]}, "data"),
    ],
)
def test_json_of_another_shape_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ReceiptMalformed) as refused:
        receipts.receipt_from_rpc(GOOD | changes)
    assert refused.value.field == field


def test_a_node_that_lies_about_one_receipt_gives_another_root() -> None:
    honest = [receipts.receipt_from_rpc(GOOD) for _ in range(5)]
    root = receipts.receipts_root(honest)
    moved = Log(b"b" * 20, honest[2].logs[0].topics, b"")
    for lie in (
        Receipt(1, 0, 21000, BLOOM, ()),
        Receipt(0, 1, 21000, BLOOM, honest[2].logs),
        Receipt(1, 1, 21001, BLOOM, honest[2].logs),
        Receipt(1, 1, 21000, BLOOM, (moved,)),
        Receipt(1, 1, 21000, BLOOM, honest[2].logs * 2),
    ):
        assert receipts.receipts_root([*honest[:2], lie, *honest[3:]]) != root
    assert receipts.receipts_root(honest[:-1]) != root


@pytest.mark.vectors
def test_the_blocks_of_a_real_network_are_rebuilt_and_proved() -> None:
    blocks = json.loads(vector_file("qbft", "receipts.json").read_text("utf-8"))["blocks"]

    def unhex(text: str) -> bytes:
        return bytes.fromhex(text[2:])

    for block in blocks:
        header = decode_header(unhex(block["headerRlp"]))
        rebuilt = [receipts.receipt_from_rpc(receipt) for receipt in block["receipts"]]
        encoded = [receipts.encode_receipt(receipt) for receipt in rebuilt]
        assert encoded == [unhex(receipt) for receipt in block["receiptsRlp"]]
        assert receipts.receipts_root(rebuilt) == header.receipts_root == unhex(block["receiptsRoot"])
        bloom = 0
        for receipt in rebuilt:
            bloom |= int.from_bytes(receipt.bloom)
        assert bloom == int.from_bytes(header.logs_bloom)
        for proof in block["receiptProofs"]:
            nodes = [unhex(node) for node in proof["nodes"]]
            assert receipts.verify_receipt(header.receipts_root, proof["index"], nodes) == rebuilt[proof["index"]]
            assert trie.ordered_proof(encoded, proof["index"]) == tuple(nodes)
        for proof in block["transactionProofs"]:
            nodes = [unhex(node) for node in proof["nodes"]]
            raw = trie.verify_ordered_proof(header.transactions_root, proof["index"], nodes)
            assert keccak256(raw) == unhex(block["txHashes"][proof["index"]])
        absent = [unhex(node) for node in block["absentProof"]["nodes"]]
        trie.verify_ordered_absence(header.receipts_root, block["txCount"], absent)
        assert trie.ordered_proof(encoded, block["txCount"]) == tuple(absent)
