"""Transaction receipts: what an execution left behind, provable under a header's receiptsRoot (`protocol.md` §8).

A receipt is RLP[status, cumulativeGasUsed, logsBloom, logs], with the transaction's type in front unless that is 0
(EIP-658, EIP-2718); a log is [address, topics, bytes].
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NoReturn, TypeVar

from tallystick.errors import TallystickError
from tallystick.hexadecimal import byte_string, quantity
from tallystick.rlp import (
    IntegerMalformed,
    Item,
    RlpMalformed,
    decode_integer,
    decode_strict,
    encode,
    encode_integer,
)
from tallystick.trie import ordered_root, verify_ordered_proof

__all__ = [
    "Log",
    "Receipt",
    "ReceiptMalformed",
    "decode_receipt",
    "encode_receipt",
    "receipt_from_rpc",
    "receipts_root",
    "verify_receipt",
]

LARGEST_TYPE: Final = 0x7F
MAX_TOPICS: Final = 4
_BLOOM_BYTES: Final = 256

_Value = TypeVar("_Value")


class ReceiptMalformed(TallystickError):
    """The bytes or the JSON are not a receipt; `field` says what of it."""

    code: ClassVar[str] = "receipt.malformed"
    sentence: ClassVar[str] = "Not a receipt: {field}: {reason}"
    advice: ClassVar[str] = "Ask another node for the receipts of the block."

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Log:
    """One event as a contract emitted it: address of 20 bytes, up to four topics of 32 bytes, and its data."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """One transaction's receipt: its type, status (1 it succeeded, 0 it was reverted), gas, bloom and logs."""

    type: int
    status: int
    cumulative_gas_used: int
    bloom: bytes
    logs: tuple[Log, ...]


def encode_receipt(receipt: Receipt) -> bytes:
    """The bytes that stand in the trie."""
    body = encode(
        (
            encode_integer(receipt.status),
            encode_integer(receipt.cumulative_gas_used),
            receipt.bloom,
            [(log.address, log.topics, log.data) for log in receipt.logs],
        )
    )
    return bytes([receipt.type]) + body if receipt.type else body


def decode_receipt(encoded: bytes) -> Receipt:
    """The receipt that stands in the trie as `encoded`. Raises `ReceiptMalformed` unless canonical."""
    kind = encoded[0] if encoded and 0 < encoded[0] <= LARGEST_TYPE else 0
    try:
        item = decode_strict(encoded[1:] if kind else encoded)
    except RlpMalformed as why:
        _refuse("encoding", why.reason)
    status, gas, bloom, logs = _list(item, "receipt", 4)
    if status not in (b"", b"\x01"):
        _refuse("status", "neither 0 nor 1")
    try:
        gas_used = decode_integer(_bytes(gas, "cumulativeGasUsed"))
    except IntegerMalformed as why:
        _refuse("cumulativeGasUsed", why.reason)
    return Receipt(
        type=kind,
        status=len(status),
        cumulative_gas_used=gas_used,
        bloom=_bytes(bloom, "logsBloom", _BLOOM_BYTES),
        logs=tuple(_decode_log(log) for log in _list(logs, "logs")),
    )


def receipt_from_rpc(entry: Mapping[str, Any]) -> Receipt:
    """The receipt a node gave as JSON (`eth_getTransactionReceipt`). Raises `ReceiptMalformed`.

    Nothing of it is true until `receipts_root` over all receipts of the block is the one in a verified header.
    """
    kind = _field(entry, "type", quantity) if entry.get("type") is not None else 0
    status = _field(entry, "status", quantity)
    if kind > LARGEST_TYPE:
        _refuse("type", f"{kind} is no transaction type")
    if status > 1:
        _refuse("status", "neither 0 nor 1")
    logs = entry.get("logs")
    if not isinstance(logs, list):
        _refuse("logs", "not a list")
    return Receipt(
        type=kind,
        status=status,
        cumulative_gas_used=_field(entry, "cumulativeGasUsed", quantity),
        bloom=_field(entry, "logsBloom", lambda text: byte_string(text, _BLOOM_BYTES)),
        logs=tuple(_log_from_rpc(log) for log in logs),
    )


def receipts_root(receipts: Sequence[Receipt]) -> bytes:
    """The root under which these receipts, all of a block and in its order, stand."""
    return ordered_root([encode_receipt(receipt) for receipt in receipts])


def verify_receipt(root: bytes, index: int, nodes: Sequence[bytes]) -> Receipt:
    """The receipt of transaction `index` of the block whose verified header has receiptsRoot `root`.

    Raises `TrieProofInvalid`, `ReceiptMalformed`.
    """
    return decode_receipt(verify_ordered_proof(root, index, nodes))


def _decode_log(item: Item) -> Log:
    address, topics, payload = _list(item, "log", 3)
    if len(topics) > MAX_TOPICS:
        _refuse("topics", f"{len(topics)} of them")
    return Log(
        _bytes(address, "address", 20),
        tuple(_bytes(topic, "topic", 32) for topic in _list(topics, "topics")),
        _bytes(payload, "log data"),
    )


def _log_from_rpc(entry: object) -> Log:
    if not isinstance(entry, Mapping):
        _refuse("logs", "not a list of objects")
    topics = entry.get("topics")
    if not isinstance(topics, list) or len(topics) > MAX_TOPICS:
        _refuse("topics", f"not a list of at most {MAX_TOPICS}")
    return Log(
        _field(entry, "address", lambda text: byte_string(text, 20)),
        tuple(_field({"topic": topic}, "topic", lambda text: byte_string(text, 32)) for topic in topics),
        _field(entry, "data", byte_string),
    )


def _field(entry: Mapping[str, Any], name: str, parse: Callable[[object], _Value]) -> _Value:
    try:
        return parse(entry.get(name))
    except ValueError as why:
        _refuse(name, str(why))


def _list(item: Item, field: str, length: int | None = None) -> Sequence[Item]:
    if isinstance(item, bytes):
        _refuse(field, "a byte string where a list belongs")
    if length is not None and len(item) != length:
        _refuse(field, f"{len(item)} items, not {length}")
    return item


def _bytes(item: Item, field: str, length: int | None = None) -> bytes:
    if not isinstance(item, bytes):
        _refuse(field, "a list where a byte string belongs")
    if length is not None and len(item) != length:
        _refuse(field, f"{len(item)} bytes, not {length}")
    return item


def _refuse(field: str, reason: str) -> NoReturn:
    raise ReceiptMalformed(field=field, reason=reason)
