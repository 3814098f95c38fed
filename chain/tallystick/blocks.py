"""Ethereum block headers as nodes give them by JSON-RPC (`eth_getBlockByNumber`), and their hash.

A header is 15 byte strings, and then one more for each field that a fork added, in the order of the forks.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from tallystick.errors import TallystickError
from tallystick.hexadecimal import byte_string, quantity
from tallystick.keccak import keccak256
from tallystick.rlp import encode, encode_integer

__all__ = ["LARGEST_ITEM_COUNT", "SMALLEST_ITEM_COUNT", "BlockMalformed", "ethereum_hash", "header_items"]


class BlockMalformed(TallystickError):
    """The JSON is not a block header; `field` says what of it."""

    code: ClassVar[str] = "block.malformed"
    sentence: ClassVar[str] = "Not a block header: {field}: {reason}"
    advice: ClassVar[str] = "Ask another node for the block."

    field: str
    reason: str


def _fixed(width: int) -> Callable[[object], bytes]:
    return lambda text: byte_string(text, width)


def _integer(text: object) -> bytes:
    return encode_integer(quantity(text))


_ITEMS: Final[tuple[tuple[str, Callable[[object], bytes]], ...]] = (
    ("parentHash", _fixed(32)),
    ("sha3Uncles", _fixed(32)),
    ("miner", _fixed(20)),
    ("stateRoot", _fixed(32)),
    ("transactionsRoot", _fixed(32)),
    ("receiptsRoot", _fixed(32)),
    ("logsBloom", _fixed(256)),
    ("difficulty", _integer),
    ("number", _integer),
    ("gasLimit", _integer),
    ("gasUsed", _integer),
    ("timestamp", _integer),
    ("extraData", byte_string),
    ("mixHash", _fixed(32)),
    ("nonce", _fixed(8)),
    ("baseFeePerGas", _integer),
    ("withdrawalsRoot", _fixed(32)),
    ("blobGasUsed", _integer),
    ("excessBlobGas", _integer),
    ("parentBeaconBlockRoot", _fixed(32)),
    ("requestsHash", _fixed(32)),
)
SMALLEST_ITEM_COUNT: Final = 15
LARGEST_ITEM_COUNT: Final = len(_ITEMS)


def header_items(block: Mapping[str, Any]) -> tuple[bytes, ...]:
    """The items of a header's RLP: the first 15, and those of the forks' that the JSON has, in order.

    Whether these are the right ones shows in the hash. (anvil's genesis has the blob fields without the ones before.)
    Raises `BlockMalformed` for a field that is missing or not in its form.
    """
    items = []
    for position, (name, parse) in enumerate(_ITEMS):
        if position >= SMALLEST_ITEM_COUNT and block.get(name) is None:
            continue
        try:
            items.append(parse(block.get(name)))
        except ValueError as why:
            raise BlockMalformed(field=name, reason=str(why)) from None
    return tuple(items)


def ethereum_hash(items: tuple[bytes, ...]) -> bytes:
    """Keccak-256 of the header's RLP: the block's hash on an engine without seals (the embedded one)."""
    return keccak256(encode(items))
