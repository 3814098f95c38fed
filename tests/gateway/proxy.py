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


@dataclass
class Liar:
    """Where the proxy listens, and what it does: `lie` changes results, `raw` replaces whole answers by bytes,
    `silent` never answers, `heard` counts calls by method."""

    url: str
    lie: Lie = lambda _method, _params, result: result
    raw: bytes | None = None
    silent: threading.Event = field(default_factory=threading.Event)
    heard: dict[str, int] = field(default_factory=dict)

    def honest(self) -> None:
        """Say what the node says from now on."""
        self.lie = lambda _method, _params, result: result
        self.raw = None
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
                released.wait(30)
                return
            answer = liar.raw if liar.raw is not None else changed(body)
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    def changed(body: bytes) -> bytes:
        request = json.loads(body)
        answer = client.post(target, content=body, headers={"content-type": "application/json"}).json()
        calls = request if isinstance(request, list) else [request]
        by_id = {item["id"]: item for item in (answer if isinstance(answer, list) else [answer])}
        for call in calls:
            liar.heard[call["method"]] = liar.heard.get(call["method"], 0) + 1
            item = by_id[call["id"]]
            if "result" in item:
                item["result"] = liar.lie(call["method"], call["params"], item["result"])
        return json.dumps(answer).encode()

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
