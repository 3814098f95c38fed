"""A node's JSON becomes the header's bytes; what is no header is refused by field."""

from typing import Any

import pytest

from tallystick import qbft
from tallystick.blocks import BlockMalformed, ethereum_hash, header_items
from tests.chain.qbft.network import VALIDATORS, Block

NAMES = [
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
    "baseFeePerGas",
    "withdrawalsRoot",
    "blobGasUsed",
    "excessBlobGas",
    "parentBeaconBlockRoot",
    "requestsHash",
]
INTEGERS = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"}


def as_json(encoded: bytes, item_count: int = 15) -> dict[str, Any]:
    items = qbft.decode_header(encoded, item_count).items
    return {
        name: hex(int.from_bytes(item)) if name in INTEGERS else "0x" + item.hex()
        for name, item in zip(NAMES, items, strict=False)
    }


@pytest.mark.parametrize("item_count", range(15, 22))
def test_the_bytes_come_back_with_every_fork(item_count: int) -> None:
    encoded = Block().with_forks(item_count).sealed()
    block = as_json(encoded, item_count) | {"hash": "0x00", "transactions": [], "totalDifficulty": None}

    header = qbft.header_from_rpc(block, item_count)
    assert qbft.encode_header(header) == encoded
    assert qbft.verify_header(encoded, VALIDATORS, item_count=item_count).header == header
    assert len(header_items(block)) == item_count


def test_an_item_count_other_than_the_roots_is_refused() -> None:
    with pytest.raises(qbft.HeaderRefused) as refused:
        qbft.header_from_rpc(as_json(Block().with_forks(16).sealed(), 16))
    assert refused.value.rule == "R02"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("parentHash", None),
        ("parentHash", "0x00"),
        ("parentHash", 7),
        ("miner", "0x" + "g" * 40),
        ("logsBloom", "0x"),
        ("number", "7"),
        ("number", 7),
        ("number", "0x07"),
        ("number", "-0x7"),
        ("timestamp", "0x"),
        ("gasUsed", "0x" + "1" * 65),
        ("extraData", "0x1"),
        ("extraData", "00"),
        ("nonce", "0x00"),
        ("baseFeePerGas", "0x"),
        ("requestsHash", "0x12"),
    ],
)
def test_json_that_is_no_header_is_refused_by_field(field: str, value: object) -> None:
    with pytest.raises(BlockMalformed) as refused:
        qbft.header_from_rpc(as_json(Block().sealed()) | {field: value})
    assert refused.value.field == field


def test_a_header_without_qbft_extra_data_has_a_hash_and_no_seals() -> None:
    plain = as_json(Block().sealed()) | {"extraData": "0x"}

    assert len(ethereum_hash(header_items(plain))) == 32
    with pytest.raises(qbft.HeaderRefused) as refused:
        qbft.header_from_rpc(plain)
    assert refused.value.rule == "R05"
