"""A write sent twice is done once and answered alike; a crash leaves both work and answer, or neither."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import func, select

from tallystick_gateway.kit import events
from tallystick_gateway.kit.clock import SystemClock
from tallystick_gateway.kit.db import Base, Database, Session
from tallystick_gateway.kit.idempotency import (
    Answer,
    Idempotency,
    KeyInProgress,
    KeyMissing,
    KeyReused,
    Request,
    checked_key,
    fingerprint,
)
from tallystick_gateway.kit.models import Event
from tallystick_gateway.kit.scoping import guard

CLOCK = SystemClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = guard(Database(tmp_path / "gateway.db", b"\x01" * 32))
    Base.metadata.create_all(opened.engine)
    yield opened
    opened.dispose()


def asked(body: str, key: str = "key", client: str = "client") -> Request:
    return Request(client, key, fingerprint("POST", "/v1/x", "", body.encode().ljust(32, b"\0")))


def recorder(subject: str) -> object:
    def work(session: Session) -> Answer:
        events.emit(session, CLOCK.now(), "test.done", subject, {})
        return Answer(201, f'{{"did":"{subject}"}}'.encode(), {"Location": "/x"})

    return work


def done(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).select_from(Event)).one()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), max_size=12))
def test_each_key_works_once_whatever_the_order(database: Database, sends: list[tuple[str, str]]) -> None:
    before = done(database)
    prefix = f"{before}-"
    first: dict[str, str] = {}
    idempotency = Idempotency(database, CLOCK)
    for key, body in sends:
        request = asked(body, prefix + key)
        if first.setdefault(key, body) != body:
            with pytest.raises(KeyReused):
                idempotency.once(request, recorder(body))  # type: ignore[arg-type]
        else:
            answer = idempotency.once(request, recorder(body))  # type: ignore[arg-type]
            assert answer.body == f'{{"did":"{body}"}}'.encode()
            assert (answer.status, answer.headers) == (201, {"Location": "/x"})
    assert done(database) - before == len(first)


def test_two_clients_may_use_one_key(database: Database) -> None:
    idempotency = Idempotency(database, CLOCK)
    for client in ("one", "two"):
        idempotency.once(asked("x", client=client), recorder("x"))  # type: ignore[arg-type]
    assert done(database) == 2


def test_refused_work_can_be_corrected_under_the_same_key(database: Database) -> None:
    idempotency = Idempotency(database, CLOCK)

    def refuse(_: Session) -> Answer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        idempotency.once(asked("wrong"), refuse)
    assert not idempotency.once(asked("right"), recorder("right")).replayed  # type: ignore[arg-type]
    assert done(database) == 1


def test_a_second_request_meanwhile_is_told_to_wait(database: Database) -> None:
    idempotency = Idempotency(database, CLOCK)
    begun, go_on = threading.Event(), threading.Event()

    def slow(session: Session) -> Answer:
        begun.set()
        go_on.wait(10)
        return Answer(200, b"{}")

    thread = threading.Thread(target=idempotency.once, args=(asked("x"), slow))
    thread.start()
    begun.wait(10)
    with pytest.raises(KeyInProgress):
        idempotency.once(asked("x"), slow)
    go_on.set()
    thread.join()
    assert idempotency.once(asked("x"), slow).replayed


def test_after_a_restart_the_first_answer_is_still_given(database: Database) -> None:
    Idempotency(database, CLOCK).once(asked("x"), recorder("x"))  # type: ignore[arg-type]
    assert Idempotency(database, CLOCK).once(asked("x"), recorder("x")).replayed  # type: ignore[arg-type]
    assert done(database) == 1


@pytest.mark.parametrize("value", [None, "", " ", "a b", "é", "x" * 256, "a\n"])
def test_a_key_is_required_and_bounded(value: str | None) -> None:
    with pytest.raises(KeyMissing):
        checked_key(value)


def test_what_makes_two_requests_the_same() -> None:
    same = fingerprint("POST", "/a", "q", b"\0" * 32)
    others = [("PUT", "/a", "q", 0), ("POST", "/b", "q", 0), ("POST", "/a", "r", 0), ("POST", "/a", "q", 1)]
    assert all(fingerprint(m, p, q, bytes([b]) * 32) != same for m, p, q, b in others)
