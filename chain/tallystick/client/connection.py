"""JSON-RPC over HTTP to one node: calls and batches, bounded in size and time, with typed errors (JSON-RPC 2.0)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

import httpx
import orjson

from tallystick.client.nodes import (
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
from tallystick.hexadecimal import byte_string

__all__ = ["MAX_ANSWER_BYTES", "Call", "Connection"]

Call = tuple[str, Sequence[object]]
"""A method and its parameters."""

MAX_ANSWER_BYTES: Final = 256 * 1024 * 1024
MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024
"""What GoQuorum, geth and Besu take in one request (5 MB), with room to spare."""
MAX_BATCH: Final = 200
"""Calls in one request; Besu takes 1 024 unless told otherwise."""
_WHOLE_ANSWER: Final = 4
"""A node may take this many times its timeout for one answer, however little by little it comes."""
_MAX_REASON: Final = 400


class Connection:
    """One endpoint's JSON-RPC. Safe to share between threads. Close it, or use it as a context manager."""

    def __init__(self, url: str, *, timeout_s: float = 30.0, max_answer_bytes: int = MAX_ANSWER_BYTES) -> None:
        """Connects when first used. `url` may carry credentials; errors and `repr` never show them."""
        self._url = url
        self.url = _without_credentials(url)
        self._timeout_s = timeout_s
        self._max_answer_bytes = max_answer_bytes
        self._http = httpx.Client(timeout=timeout_s, trust_env=False, headers={"content-type": "application/json"})
        self._lock = threading.Lock()
        self._kind: NodeKind | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

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
            with self._http.stream("POST", self._url, content=orjson.dumps(body)) as response:
                raw = self._read(response, method)
                status = response.status_code
        except httpx.TimeoutException:
            raise NodeTimeout(url=self.url, timeout_s=self._timeout_s) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as why:
            raise NodeUnreachable(url=self.url, reason=_printable(str(why)) or type(why).__name__) from None
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:  # also where it nests too deeply, which Python's own parser may not survive
            reason = f"HTTP status {status}, and no JSON" if status != httpx.codes.OK else "no JSON"
            raise NodeAnswerMalformed(url=self.url, method=method, reason=reason) from None

    def _read(self, response: httpx.Response, method: str) -> bytes:
        parts: list[bytes] = []
        size = 0
        deadline = time.monotonic() + _WHOLE_ANSWER * self._timeout_s
        for part in response.iter_bytes():
            size += len(part)
            if time.monotonic() > deadline:
                raise NodeTimeout(url=self.url, timeout_s=_WHOLE_ANSWER * self._timeout_s)
            if size > self._max_answer_bytes:
                reason = f"more than {self._max_answer_bytes} bytes"
                raise NodeAnswerTooLarge(url=self.url, method=method, reason=reason)
            parts.append(part)
        return b"".join(parts)

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
