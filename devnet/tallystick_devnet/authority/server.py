"""RFC 3161 over HTTP (§3.4) on this machine alone: POST a request to `/`, get an answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import ClassVar, Final, Self

from tallystick.timestamps import REQUEST_TYPE, RESPONSE_TYPE, Authority
from tallystick_devnet.errors import PortTaken

from .answering import LARGEST_REQUEST, answer
from .identity import SUBJECT, Identity

__all__ = ["DevelopmentAuthority"]

_LOG: Final = logging.getLogger(__name__)
_HOST: Final = "127.0.0.1"
_PATIENCE_S: Final = 10.0


class DevelopmentAuthority:
    """An authority that answers while it is open; `clock` is what it takes for the time."""

    def __init__(
        self, identity: Identity, port: int = 0, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Listen on `port` of 127.0.0.1 (0: any free one). Raises `PortTaken`."""
        self.identity = identity
        try:
            self._server = _Server(identity, port, clock)
        except OSError:
            raise PortTaken(port=port) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="time-stamp authority", daemon=True)

    @property
    def url(self) -> str:
        """Where requests are posted to."""
        return f"http://{_HOST}:{self._server.server_address[1]}/"

    @property
    def authority(self) -> Authority:
        """What a verifier pins."""
        return self.identity.authority

    def serve(self) -> None:
        """Answer until interrupted."""
        try:
            self._server.serve_forever()
        finally:
            self._server.server_close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, identity: Identity, port: int, clock: Callable[[], datetime]) -> None:
        self.identity = identity
        self.clock = clock
        super().__init__((_HOST, port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        _LOG.debug("a caller went away", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "tallystick-development-authority"
    sys_version = ""
    timeout: ClassVar[float] = _PATIENCE_S

    def do_POST(self) -> None:
        if self.path != "/":
            self._refuse(HTTPStatus.NOT_FOUND, "post to /")
        elif self.headers.get_content_type() != REQUEST_TYPE:
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {REQUEST_TYPE}")
        elif not (length := self.headers.get("Content-Length", "")).isdecimal() or not length.isascii():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "state the length")
        elif len(length) > 5 or int(length) > LARGEST_REQUEST:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {LARGEST_REQUEST} bytes")
        else:
            request = self.rfile.read(int(length))
            self._send(HTTPStatus.OK, RESPONSE_TYPE, answer(request, self.server.identity, self.server.clock()))

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self.close_connection = True
        self._send(status, "text/plain; charset=utf-8", f"{SUBJECT}: {reason}\n".encode())

    def _send(self, status: HTTPStatus, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        _LOG.debug(format, *args)
