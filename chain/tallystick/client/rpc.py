"""A lean JSON-RPC client of one chain node (Ethereum Execution API), which believes nothing it is told.

Every answer is bounded in size and time, parsed into types, and refused with a typed error where it is not what the
method promises. What a node says is still only its word: headers and receipts are checked by who reads them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

import httpx

from tallystick.client.nodes import (
    BlockUnknown,
    ChainIdWrong,
    Fault,
    NodeAnswerMalformed,
    NodeAnswerTooLarge,
    NodeError,
    NodeKind,
    NodeRefused,
    NodeTimeout,
    NodeUnreachable,
    fault_of,
    node_kind,
)
from tallystick.hexadecimal import byte_string, quantity
from tallystick.keccak import keccak256

__all__ = ["Block", "BlockRef", "Call", "Node"]

Call = tuple[str, Sequence[object]]
"""A method and its parameters."""

BlockRef = int | str | bytes
"""A height, a tag such as `latest`, or (where a method takes it) a block hash of 32 bytes."""

MAX_ANSWER_BYTES: Final = 256 * 1024 * 1024
MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024
"""What GoQuorum, geth and Besu take in one request (5 MB), with room to spare."""
MAX_BATCH: Final = 200
"""Calls in one request; Besu takes 1 024 unless told otherwise."""
MAX_TRANSACTIONS: Final = 100_000
_MAX_REASON: Final = 400
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


class Node:
    """One endpoint. Safe to share between threads. Close it, or use it as a context manager.

    Every method raises a `NodeError`: `NodeUnreachable` and `NodeTimeout` (what became of the request is unknown),
    `NodeRefused` (the node said no), `NodeAnswerMalformed` (it said nonsense, too much, or only half).
    """

    def __init__(self, url: str, *, timeout_s: float = 30.0, max_answer_bytes: int = MAX_ANSWER_BYTES) -> None:
        """Connects when first used. `url` may carry credentials; errors and `repr` never show them."""
        self._url = url
        self.url = _without_credentials(url)
        self._timeout_s = timeout_s
        self._max_answer_bytes = max_answer_bytes
        self._http = httpx.Client(timeout=timeout_s, trust_env=False, headers={"content-type": "application/json"})
        self._lock = threading.Lock()
        self._kind: NodeKind | None = None
        self._whole_block_receipts: bool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Node({self.url!r})"

    def close(self) -> None:
        """Drop the connections."""
        self._http.close()

    # ------------------------------------------------------------------ calls

    def call(self, method: str, *params: object) -> Any:
        """One call; the value under `result`, which may be None."""
        answer = self._post({"jsonrpc": "2.0", "id": 0, "method": method, "params": list(params)}, method)
        if not isinstance(answer, Mapping):
            raise NodeAnswerMalformed(url=self.url, method=method, reason="the answer is not an object")
        result = self._result(answer, method)
        if isinstance(result, NodeError):
            raise result
        return result

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Many calls in as few requests as their sizes allow; results in the order of `calls`.

        A call that the node refused, or left out of its answer, gives its `NodeError` in place of a result. A request
        that failed as a whole raises, and what became of the calls in it is unknown.
        """
        results: list[Any] = []
        for part in _parts(calls):
            results.extend(self._batch(part))
        return results

    def _batch(self, entries: Sequence[tuple[str, Mapping[str, object]]]) -> list[Any]:
        method = entries[0][0]
        answer = self._post([{**entry, "id": index} for index, (_, entry) in enumerate(entries)], method)
        if isinstance(answer, Mapping):
            refusal = self._result(answer, method)
            if isinstance(refusal, NodeError):
                raise refusal
        if not isinstance(answer, list):
            raise NodeAnswerMalformed(url=self.url, method=method, reason="a batch was not answered by an array")
        by_id: dict[int, Mapping[str, Any]] = {}
        for item in answer:
            if isinstance(item, Mapping) and type(item.get("id")) is int and item["id"] not in by_id:
                by_id[item["id"]] = item
        missing = "left out of the answer to a batch"
        return [
            self._result(by_id[index], name)
            if index in by_id
            else NodeAnswerMalformed(url=self.url, method=name, reason=missing)
            for index, (name, _) in enumerate(entries)
        ]

    def _result(self, answer: Mapping[str, Any], method: str) -> Any:
        """The result, or the error it stands for."""
        error = answer.get("error")
        if error is not None:
            return self._refusal(error, method)
        if "result" not in answer:
            return NodeAnswerMalformed(url=self.url, method=method, reason="neither result nor error")
        return answer["result"]

    def _refusal(self, error: object, method: str) -> NodeError:
        if not isinstance(error, Mapping):
            return NodeAnswerMalformed(url=self.url, method=method, reason="an error that is not an object")
        code, message, revert = error.get("code"), error.get("message"), error.get("data")
        rpc_code = code if type(code) is int else 0
        reason = _printable(message) if isinstance(message, str) else "no reason given"
        kind = NodeKind.OTHER if method == "web3_clientVersion" else self.kind()
        if isinstance(revert, Mapping):
            revert = revert.get("data")
        try:
            revert_data = byte_string(revert)
        except ValueError:
            revert_data = b""
        fault = fault_of(kind, rpc_code, reason)
        if revert_data and fault is Fault.OTHER:
            fault = Fault.REVERTED
        return NodeRefused(
            url=self.url, method=method, reason=reason, rpc_code=rpc_code, fault=fault, revert_data=revert_data
        )

    def _post(self, body: object, method: str) -> Any:
        try:
            with self._http.stream("POST", self._url, content=json.dumps(body).encode()) as response:
                raw = self._read(response, method)
                status = response.status_code
        except httpx.TimeoutException:
            raise NodeTimeout(url=self.url, timeout_s=self._timeout_s) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as why:
            raise NodeUnreachable(url=self.url, reason=_printable(str(why)) or type(why).__name__) from None
        try:
            return json.loads(raw)
        except (ValueError, RecursionError):
            reason = f"HTTP status {status}, and no JSON" if status != httpx.codes.OK else "no JSON"
            raise NodeAnswerMalformed(url=self.url, method=method, reason=reason) from None

    def _read(self, response: httpx.Response, method: str) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > self._max_answer_bytes:
                reason = f"more than {self._max_answer_bytes} bytes"
                raise NodeAnswerTooLarge(url=self.url, method=method, reason=reason)
            parts.append(part)
        return b"".join(parts)

    # ------------------------------------------------------------------ the chain

    def kind(self) -> NodeKind:
        """Which software this is; asked until it has said so. A node that does not say is `OTHER`."""
        with self._lock:
            if self._kind is None:
                try:
                    version = self.call("web3_clientVersion")
                except NodeError:
                    return NodeKind.OTHER
                self._kind = node_kind(version if isinstance(version, str) else "")
            return self._kind

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
        return self._quantity("eth_getTransactionCount", _hex(address), _ref(block))

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


def _parts(calls: Sequence[Call]) -> Iterator[list[tuple[str, Mapping[str, object]]]]:
    part: list[tuple[str, Mapping[str, object]]] = []
    size = 0
    for method, params in calls:
        weight = sum(len(param) for param in params if isinstance(param, str)) + 128
        if part and (len(part) == MAX_BATCH or size + weight > MAX_REQUEST_BYTES):
            yield part
            part, size = [], 0
        part.append((method, {"jsonrpc": "2.0", "method": method, "params": list(params)}))
        size += weight
    if part:
        yield part


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"


def _ref(block: BlockRef) -> str:
    if isinstance(block, bytes):
        return _hex(block)
    return hex(block) if isinstance(block, int) else block


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text[:_MAX_REASON])


def _without_credentials(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        place = f"{host}:{parts.port}" if parts.port else host
    except ValueError:
        return "(no valid address)"
    return urlunsplit((parts.scheme, place, parts.path, "", ""))
