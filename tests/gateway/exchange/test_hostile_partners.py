"""Whatever answers at a partner's endpoint: the message waits, the operator sees why, and nothing is believed."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tallystick.keys import Ed25519Key
from tallystick_gateway.exchange import asking, outgoing, partners
from tallystick_gateway.exchange.schemas import MessageIn, Receipt, canonical
from tallystick_gateway.exchange.signatures import sign_answer
from tallystick_gateway.kit.clock import FixedClock
from tests.gateway.chain_told import BANK_B
from tests.gateway.exchange.sides import Side, two_sides

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def sides(tmp_path: Path, clock: FixedClock) -> Iterator[tuple[Side, Side]]:
    with two_sides(tmp_path, clock) as pair:
        yield pair


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    """Time stands still: what was tried once is not tried again."""
    with two_sides(tmp_path_factory.mktemp("shared"), FixedClock(datetime.now(UTC).replace(microsecond=0))) as pair:
        yield pair


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server that answers so; its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            try:
                answer(self, body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def said(status: int, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    def answer(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def receipt(key: Ed25519Key, clock: FixedClock, **changes: object) -> Answer:
    """A receipt that `key` signs."""

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        stated = {"id": MessageIn.model_validate_json(body).id, "outcome": "TAKEN", "code": None, "detail": None}
        out = canonical(Receipt.model_validate({**stated, "repeated": False, **changes}))
        signed = sign_answer(200, out, list(handler.headers.items()), key, clock.now())
        said(200, out, signed)(handler, body)

    return answer


def drip(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
    """One byte of a header now and then, for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
    for _ in range(200):
        handler.wfile.write(b"a")
        handler.wfile.flush()
        time.sleep(0.05)


def no_http(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
    handler.wfile.write(b"\x00\x01\x02 rubbish\r\n\r\n")


def flood(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("content-length", str(10**9))
    handler.end_headers()
    for _ in range(10_000):
        handler.wfile.write(b"a" * 65_536)


def sent_to(a: Side, answer: Answer, subject: str = "subject") -> dict[str, object]:
    """How the message about `subject` stands after one attempt at a partner that answers so."""
    with answering(answer) as url:
        with a.gateway.database.write() as session:
            partners.set_endpoint(session, BANK_B, url)
            outgoing.send(session, BANK_B, "agreement-secret", subject, b"content")
        a.delivers()
    return next(row for row in a.outbox() if row["subject"] == subject)


PROBLEM = json.dumps({"code": "gateway.busy", "detail": "Busy."}).encode()
RUBBISH: dict[str, tuple[Answer, str]] = {
    "no JSON": (said(200, b"<html>hello</html>"), "exchange.partner_nonsense"),
    "an unsigned receipt": (said(200, b'{"format":"tallystick-receipt/1"}'), "exchange.partner_nonsense"),
    "nothing": (said(200, b""), "exchange.partner_nonsense"),
    "a redirect": (said(307, b"", {"location": "http://127.0.0.1:1/"}), "exchange.partner_nonsense"),
    "a page of a proxy": (said(502, b"Bad gateway"), "exchange.partner_nonsense"),
    "deep JSON": (said(503, b"[" * 50_000), "exchange.partner_nonsense"),
    "a problem": (said(503, PROBLEM), "exchange.partner_later"),
    "a problem in bytes of a terminal": (
        said(503, json.dumps({"code": "\x1b[2J", "detail": ["x"] * 999}).encode()),
        "exchange.partner_later",
    ),
    "bytes that are no HTTP": (no_http, "exchange.partner_nonsense"),
    "a closed door": (lambda handler, _: handler.connection.close(), "exchange.partner_away"),
    "more than is read": (flood, "exchange.partner_nonsense"),
    "slower than is waited": (drip, "exchange.partner_away"),
}


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_ends_nothing(shared: tuple[Side, Side], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_WHOLE_S", 1.0)
    a, _ = shared
    answer, code = RUBBISH[name]
    begun = time.monotonic()
    row = sent_to(a, answer, name.replace(" ", "-"))
    assert time.monotonic() - begun < 5
    assert (row["state"], row["attempts"], row["code"]) == ("WAITING", 1, code)
    assert str(row["detail"]).isprintable()


def test_a_receipt_by_another_key_or_for_another_message_ends_nothing(
    sides: tuple[Side, Side], clock: FixedClock
) -> None:
    a, b = sides
    own = b.gateway.keystore.ed25519("exchange")
    row = sent_to(a, receipt(Ed25519Key.generate(), clock))
    assert (row["state"], row["code"]) == ("WAITING", "exchange.partner_nonsense")
    clock.move(timedelta(seconds=2))
    row = sent_to(a, receipt(own, clock, id=b"\1" * 32))
    assert (row["state"], row["attempts"], row["code"]) == ("WAITING", 2, "exchange.partner_nonsense")
    clock.move(timedelta(seconds=4))
    assert sent_to(a, receipt(own, clock))["state"] == "DELIVERED"


def test_a_partner_that_is_away_is_asked_ever_more_seldom_and_given_up_after_thirty_days(
    sides: tuple[Side, Side], clock: FixedClock
) -> None:
    a, _ = sides
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with a.gateway.database.write() as session:
            partners.set_endpoint(session, BANK_B, f"http://127.0.0.1:{nobody.getsockname()[1]}")
            outgoing.send(session, BANK_B, "agreement-secret", "subject", b"content")
        pauses = []
        for _ in range(14):
            a.delivers()
            (row,) = a.outbox()
            pause = datetime.fromisoformat(str(row["next_at"])) - clock.now()
            pauses.append(pause.total_seconds())
            clock.move(pause)
        assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]
        assert (row["state"], row["code"]) == ("WAITING", "exchange.partner_away")
        clock.move(timedelta(days=30))
        a.delivers()
    (row,) = a.outbox()
    assert (row["state"], row["code"]) == ("EXPIRED", "exchange.partner_away")


def test_a_message_that_waits_for_long_is_told_to_the_operator(sides: tuple[Side, Side], clock: FixedClock) -> None:
    a, _ = sides
    with a.gateway.database.write() as session:
        outgoing.send(session, BANK_B, "agreement-secret", "subject", b"content")
    codes = {reason.code for reason in a.gateway.reasons()}
    assert "exchange.unanswered" not in codes
    clock.move(timedelta(hours=1))
    (reason,) = [each for each in a.gateway.reasons() if each.code == "exchange.unanswered"]
    assert not reason.blocking
