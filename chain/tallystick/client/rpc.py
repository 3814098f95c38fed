"""A chain node by its methods (Ethereum Execution API). Nothing it says is believed.

Every answer is bounded in size and time, parsed into types, and refused with a typed error where it is not what the
method promises. What a node says is still only its word: headers and receipts are checked by who reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tallystick.client.connection import MAX_ANSWER_BYTES, Connection
from tallystick.client.nodes import BlockUnknown, ChainIdWrong, Fault, NodeAnswerMalformed, NodeError, NodeRefused
from tallystick.hexadecimal import byte_string, quantity
from tallystick.keccak import keccak256

__all__ = ["Block", "BlockRef", "Node"]

BlockRef = int | str | bytes
"""A height, a tag such as `latest`, or (where a method takes it) a block hash of 32 bytes."""

MAX_TRANSACTIONS: Final = 100_000
MOST_NONCE: Final = 2**48
_HASH_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Block:
    """A block as a node gave it: nothing of it is proved. `header` is the whole JSON object, for who checks it."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    receipts_root: bytes
    gas_limit: int
    transactions: tuple[bytes, ...]
    header: Mapping[str, Any]


class Node(Connection):
    """One endpoint. Safe to share between threads. Close it, or use it as a context manager.

    Every method raises a `NodeError`: `NodeUnreachable` and `NodeTimeout` (what became of the request is unknown),
    `NodeRefused` (the node said no), `NodeAnswerMalformed` (it said nonsense, too much, or only half).
    """

    def __init__(self, url: str, *, timeout_s: float = 30.0, max_answer_bytes: int = MAX_ANSWER_BYTES) -> None:
        """As `Connection`."""
        super().__init__(url, timeout_s=timeout_s, max_answer_bytes=max_answer_bytes)
        self._whole_block_receipts: bool | None = None

    # ------------------------------------------------------------------ the chain

    def chain_id(self) -> int:
        """The chain this node says it serves."""
        return self._quantity("eth_chainId")

    def check_chain_id(self, expected: int) -> None:
        """Raises `ChainIdWrong` unless the node serves chain `expected`."""
        if (found := self.chain_id()) != expected:
            raise ChainIdWrong(url=self.url, expected=expected, found=found)

    def height(self) -> int:
        """The height of the newest block the node has."""
        return self._quantity("eth_blockNumber")

    def nonce(self, address: bytes, block: BlockRef = "latest") -> int:
        """How many transactions `address` has sent, up to `block` (`pending` counts the node's pool)."""
        method = "eth_getTransactionCount"
        if (found := self._quantity(method, _hex(address), _ref(block))) > MOST_NONCE:
            raise NodeAnswerMalformed(url=self.url, method=method, reason="more than any account ever sends")
        return found

    def code(self, address: bytes, block: BlockRef = "latest") -> bytes:
        """The code at `address`; empty if there is none."""
        return self._bytes("eth_getCode", _hex(address), _ref(block))

    def block(self, ref: BlockRef) -> Block:
        """A block with the hashes of its transactions. Raises `BlockUnknown`."""
        method = "eth_getBlockByHash" if isinstance(ref, bytes) else "eth_getBlockByNumber"
        found = self.call(method, _ref(ref), False)
        if found is None:
            raise BlockUnknown(url=self.url, block=_ref(ref))
        return self._as_block(found, ref, method)

    def blocks(self, heights: Sequence[int]) -> list[Block]:
        """Several blocks, batched. Raises `BlockUnknown` for the first that is not there."""
        method = "eth_getBlockByNumber"
        blocks = []
        answers = self.batch([(method, (hex(height), False)) for height in heights])
        for height, found in zip(heights, answers, strict=True):
            if isinstance(found, NodeError):
                raise found
            if found is None:
                raise BlockUnknown(url=self.url, block=hex(height))
            blocks.append(self._as_block(found, height, method))
        return blocks

    def receipts(self, block: Block) -> list[Mapping[str, Any]]:
        """Every receipt of `block` in its order, as JSON: by `eth_getBlockReceipts`, else by batches.

        Checked: one for each transaction of the block, with its hash and index, of this block's hash. Whether they
        are true shows when receiptsRoot is rebuilt from them (`tallystick.receipts`).
        """
        if not block.transactions:
            return []
        found: list[Any] | None = None
        if self._whole_block_receipts is not False:
            found = self._whole_receipts(block)
        if found is None:
            method = "eth_getTransactionReceipt"
            found = self.batch([(method, (_hex(transaction),)) for transaction in block.transactions])
        return self._checked_receipts(block, found)

    def receipt(self, transaction: bytes) -> Mapping[str, Any] | None:
        """The receipt of a transaction as JSON, or None while it is in no block."""
        found = self.call("eth_getTransactionReceipt", _hex(transaction))
        if found is not None and not isinstance(found, Mapping):
            raise NodeAnswerMalformed(url=self.url, method="eth_getTransactionReceipt", reason="not an object")
        return found

    def eth_call(self, to: bytes, data: bytes, *, sender: bytes | None = None, block: BlockRef = "latest") -> bytes:
        """What `to` returns for `data` in the state of `block`. A revert raises `NodeRefused` with `revert_data`."""
        request = {"to": _hex(to), "data": _hex(data)}
        if sender is not None:
            request["from"] = _hex(sender)
        return self._bytes("eth_call", request, _ref(block))

    def estimate_gas(self, to: bytes | None, data: bytes, *, sender: bytes) -> int:
        """The gas a transaction would need now. A revert raises `NodeRefused` with `revert_data`."""
        request = {"from": _hex(sender), "data": _hex(data), "gasPrice": "0x0"}
        if to is not None:
            request["to"] = _hex(to)
        return self._quantity("eth_estimateGas", request)

    # ------------------------------------------------------------------ sending

    def send_raw(self, raw: bytes) -> bytes:
        """Hand in a signed transaction; its hash. Raises `NodeRefused` with the `fault` where the node says no."""
        method = "eth_sendRawTransaction"
        outcome = self._accepted(self.call(method, _hex(raw)), raw, method)
        if isinstance(outcome, NodeError):
            raise outcome
        return outcome

    def send_raw_batch(self, raws: Sequence[bytes]) -> list[bytes | NodeError]:
        """Hand in many; for each its hash where the node took it, else the error. As `batch` if a request fails."""
        method = "eth_sendRawTransaction"
        answers = self.batch([(method, (_hex(raw),)) for raw in raws])
        return [
            answer if isinstance(answer, NodeError) else self._accepted(answer, raw, method)
            for answer, raw in zip(answers, raws, strict=True)
        ]

    def _accepted(self, answer: object, raw: bytes, method: str) -> bytes | NodeError:
        expected = keccak256(raw)
        if answer != _hex(expected):
            return NodeAnswerMalformed(url=self.url, method=method, reason="not the hash of the transaction sent")
        return expected

    # ------------------------------------------------------------------ parsing

    def _quantity(self, method: str, *params: object) -> int:
        try:
            return quantity(self.call(method, *params))
        except ValueError as why:
            raise NodeAnswerMalformed(url=self.url, method=method, reason=str(why)) from None

    def _bytes(self, method: str, *params: object) -> bytes:
        try:
            return byte_string(self.call(method, *params))
        except ValueError as why:
            raise NodeAnswerMalformed(url=self.url, method=method, reason=str(why)) from None

    def _as_block(self, found: object, ref: BlockRef, method: str) -> Block:
        if not isinstance(found, Mapping):
            raise NodeAnswerMalformed(url=self.url, method=method, reason="a block that is not an object")
        listed = found.get("transactions")
        if not isinstance(listed, list) or len(listed) > MAX_TRANSACTIONS:
            raise NodeAnswerMalformed(url=self.url, method=method, reason="no bounded list of transactions")
        try:
            block = Block(
                number=quantity(found.get("number")),
                hash=byte_string(found.get("hash"), _HASH_BYTES),
                parent_hash=byte_string(found.get("parentHash"), _HASH_BYTES),
                timestamp=quantity(found.get("timestamp")),
                receipts_root=byte_string(found.get("receiptsRoot"), _HASH_BYTES),
                gas_limit=quantity(found.get("gasLimit")),
                transactions=tuple(byte_string(entry, _HASH_BYTES) for entry in listed),
                header=found,
            )
        except ValueError as why:
            raise NodeAnswerMalformed(url=self.url, method=method, reason=f"a field of a block: {why}") from None
        if (isinstance(ref, int) and block.number != ref) or (isinstance(ref, bytes) and block.hash != ref):
            raise NodeAnswerMalformed(url=self.url, method=method, reason="another block than the one asked for")
        return block

    def _whole_receipts(self, block: Block) -> list[Any] | None:
        method = "eth_getBlockReceipts"
        try:
            found = self.call(method, hex(block.number))
        except NodeRefused as refused:
            if refused.fault is not Fault.METHOD_UNKNOWN:
                raise
            self._whole_block_receipts = False
            return None
        self._whole_block_receipts = True
        if found is None:
            raise BlockUnknown(url=self.url, block=hex(block.number))
        if not isinstance(found, list):
            raise NodeAnswerMalformed(url=self.url, method=method, reason="not a list")
        return found

    def _checked_receipts(self, block: Block, found: list[Any]) -> list[Mapping[str, Any]]:
        method = "eth_getBlockReceipts"
        if len(found) != len(block.transactions):
            reason = f"{len(found)} receipts for {len(block.transactions)} transactions of block {block.number}"
            raise NodeAnswerMalformed(url=self.url, method=method, reason=reason)
        for index, (entry, transaction) in enumerate(zip(found, block.transactions, strict=True)):
            if isinstance(entry, NodeError):
                raise entry
            fits = (
                isinstance(entry, Mapping)
                and entry.get("transactionHash") == _hex(transaction)
                and entry.get("transactionIndex") == hex(index)
                and entry.get("blockHash") == _hex(block.hash)
            )
            if not fits:
                reason = f"receipt {index} of block {block.number} is missing or of another block"
                raise NodeAnswerMalformed(url=self.url, method=method, reason=reason)
        return found


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"


def _ref(block: BlockRef) -> str:
    if isinstance(block, bytes):
        return _hex(block)
    return hex(block) if isinstance(block, int) else block
