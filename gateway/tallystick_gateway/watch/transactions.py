"""Transactions as a node's JSON gives them, back to the bytes whose hashes the header commits to (EIP-2718)."""

from tallystick.keccak import keccak256
from tallystick.rlp import Item, encode

from .errors import BodyMismatch, NodeTalksNonsense
from .quantities import Answer, data_of, item_of, list_of, object_of, quantity_of, scalar_of

__all__ = ["transaction_bytes", "transaction_hash"]

_LEGACY = ("nonce", "gasPrice", "gas", "to", "value", "input", "v", "r", "s")
_BY_TYPE: dict[int, tuple[str, ...]] = {
    0: _LEGACY,
    1: ("chainId", "nonce", "gasPrice", "gas", "to", "value", "input", "accessList", "yParity", "r", "s"),
    2: (
        "chainId",
        "nonce",
        "maxPriorityFeePerGas",
        "maxFeePerGas",
        "gas",
        "to",
        "value",
        "input",
        "accessList",
        "yParity",
        "r",
        "s",
    ),
}


def transaction_bytes(transaction: Answer) -> bytes:
    """The transaction as it stands in the transactions trie. Raises `NodeTalksNonsense`, also for types above 2."""
    kind = quantity_of(transaction, "type") if transaction.get("type") is not None else 0
    if kind not in _BY_TYPE:
        raise NodeTalksNonsense(f"A transaction of type {kind} cannot stand in a block of this chain.", what="type")
    encoded = encode([_field(transaction, name) for name in _BY_TYPE[kind]])
    return encoded if kind == 0 else bytes([kind]) + encoded


def transaction_hash(transaction: Answer, encoded: bytes) -> bytes:
    """The hash of the bytes, which MUST be what the node says it is. Raises `BodyMismatch`."""
    computed = keccak256(encoded)
    stated = data_of(transaction, "hash", 32)
    if computed != stated:
        raise BodyMismatch(
            f"A transaction hashes to {computed.hex()}, the node says {stated.hex()}.",
            computed=computed,
            stated=stated,
        )
    return computed


def _field(transaction: Answer, name: str) -> Item:
    if name == "to":
        return b"" if item_of(transaction, "to") is None else data_of(transaction, "to", 20)
    if name == "input":
        return data_of(transaction, "input")
    if name == "accessList":
        return [_access(object_of(entry, "access list")) for entry in list_of(item_of(transaction, name), name)]
    return scalar_of(transaction, name)


def _access(entry: Answer) -> Item:
    slots = list_of(item_of(entry, "storageKeys"), "storageKeys")
    return [data_of(entry, "address", 20), [data_of({"slot": slot}, "slot", 32) for slot in slots]]
