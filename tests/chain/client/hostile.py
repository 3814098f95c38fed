"""A node that answers as a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Answer", "answering", "result", "served"]

Answer = Callable[[Any], bytes]
"""From the parsed request to the body of the answer."""


@contextmanager
def served(answer: Answer, *, status: int = 200) -> Iterator[str]:
    """The address of a node that answers every request so."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            body = answer(request)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests need no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answering(methods: dict[str, Any]) -> Answer:
    """Answer each method by its value (a function of the parameters, or the result itself), batches too."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        given = methods.get(request["method"])
        if given is None:
            error = {"code": -32601, "message": "the method does not exist/is not available"}
            return {"jsonrpc": "2.0", "id": request["id"], "error": error}
        found = given(*request["params"]) if callable(given) else given
        if isinstance(found, dict) and set(found) == {"error"}:
            return {"jsonrpc": "2.0", "id": request["id"], **found}
        return {"jsonrpc": "2.0", "id": request["id"], "result": found}

    def answer(request: Any) -> bytes:
        return json.dumps([one(item) for item in request] if isinstance(request, list) else one(request)).encode()

    return answer


def result(value: object) -> Answer:
    """Every single call gets this result."""
    return lambda _: json.dumps({"jsonrpc": "2.0", "id": 0, "result": value}).encode()
