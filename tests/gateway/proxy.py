"""A node that lies: an HTTP proxy before a real node that changes what it says."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

__all__ = ["Liar", "lying_node"]

Lie = Callable[[str, list[Any], Any], Any]
"""(method, params, the node's result) → what is said instead."""
Keep = Callable[[str, list[Any]], dict[str, Any] | None]
"""(method, params) → `{"result": …}` or `{"error": …}`, or None to ask the node."""


@dataclass
class Liar:
    """Where the proxy listens, and what it does: `lie` changes results, `keep` answers itself, with a result or an
    error, what then never reaches the node; `garble` changes whole answers and `raw` replaces them, as bytes; `status`
    is that of HTTP; `silent` never answers (`unanswered` counts requests then); `heard` counts calls by method."""

    url: str
    lie: Lie = lambda _method, _params, result: result
    keep: Keep = lambda _method, _params: None
    garble: Callable[[bytes], bytes] = lambda answer: answer
    raw: bytes | None = None
    status: int = 200
    silent: threading.Event = field(default_factory=threading.Event)
    unanswered: int = 0
    heard: dict[str, int] = field(default_factory=dict)

    def honest(self) -> None:
        """Say what the node says from now on."""
        self.lie = lambda _method, _params, result: result
        self.keep = lambda _method, _params: None
        self.garble = lambda answer: answer
        self.raw = None
        self.status = 200
        self.silent.clear()


@contextmanager
def lying_node(target: str) -> Iterator[Liar]:
    """A proxy before the node at `target`; honest until told otherwise."""
    released = threading.Event()
    client = httpx.Client(timeout=60)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if liar.silent.is_set():
                liar.unanswered += 1
                released.wait(30)
                return
            answer = liar.raw if liar.raw is not None else liar.garble(changed(body))
            self.send_response(liar.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    def changed(body: bytes) -> bytes:
        request = json.loads(body)
        calls = request if isinstance(request, list) else [request]
        kept: dict[int, dict[str, Any]] = {}
        for call in calls:
            liar.heard[call["method"]] = liar.heard.get(call["method"], 0) + 1
            if (own := liar.keep(call["method"], call["params"])) is not None:
                kept[call["id"]] = {"jsonrpc": "2.0", "id": call["id"], **own}
        by_id = {**asked([call for call in calls if call["id"] not in kept]), **kept}
        for call in calls:
            item = by_id[call["id"]]
            if "result" in item and call["id"] not in kept:
                item["result"] = liar.lie(call["method"], call["params"], item["result"])
        answers = [by_id[call["id"]] for call in calls]
        return json.dumps(answers if isinstance(request, list) else answers[0]).encode()

    def asked(calls: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
        if not calls:
            return {}
        answer = client.post(target, content=json.dumps(calls), headers={"content-type": "application/json"}).json()
        return {item["id"]: item for item in answer}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    liar = Liar(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield liar
    finally:
        released.set()
        server.shutdown()
        server.server_close()
        client.close()
