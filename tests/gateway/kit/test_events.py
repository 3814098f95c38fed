"""The feed: in the order of commits, from any cursor, by page, by waiting, or as a stream that resumes."""

import json
import threading
from collections.abc import Iterator

import httpx
import pytest

from tallystick_gateway.kit import events
from tallystick_gateway.kit.gateway import Gateway


def happen(gateway: Gateway, *subjects: str, kind: str = "test.happened") -> None:
    with gateway.database.write() as session:
        news = [events.NewEvent(kind, subject, {"of": subject}) for subject in subjects]
        events.emit_many(session, gateway.clock.now(), news)


def read(http: httpx.Client, **params: str | int | float) -> tuple[list[str], str]:
    page = http.get("/v1/events", params=params).json()
    return [item["subject"] for item in page["items"]], page["next"]


def stream(http: httpx.Client, count: int, **headers: str) -> list[tuple[str, str]]:
    """(id, subject) of the first `count` events of the stream."""
    found: list[tuple[str, str]] = []
    with http.stream("GET", "/v1/events:stream", params={"kind": "stream."}, headers=headers) as answer:
        fields: dict[str, str] = {}
        for line in _lines(answer):
            name, _, value = line.partition(":")
            fields[name] = value.strip()
            if not line and "data" in fields:
                found.append((fields["id"], json.loads(fields["data"])["subject"]))
                fields = {}
            if len(found) == count:
                break
    return found


def _lines(answer: httpx.Response) -> Iterator[str]:
    yield from answer.iter_lines()


def test_a_reader_sees_everything_once_in_order(gateway: Gateway, admin: httpx.Client) -> None:
    _, start = read(admin, limit=1000)
    happen(gateway, "a", "b", "c")
    first, cursor = read(admin, after=start, limit=2)
    rest, end = read(admin, after=cursor, limit=2)
    assert first + rest == ["a", "b", "c"]
    assert read(admin, after=end) == ([], end)


def test_what_was_rolled_back_never_happened(gateway: Gateway, admin: httpx.Client) -> None:
    _, start = read(admin, limit=1000)

    def fail() -> None:
        with gateway.database.write() as session:
            events.emit(session, gateway.clock.now(), "test.lost", "lost", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert read(admin, after=start) == ([], start)


def test_a_reader_may_wait_for_the_next_event(gateway: Gateway, admin: httpx.Client) -> None:
    _, start = read(admin, limit=1000)
    later = threading.Timer(0.2, happen, args=(gateway, "awaited"))
    later.start()
    subjects, _ = read(admin, after=start, wait_s=20)
    later.join()
    assert subjects == ["awaited"]


def test_kinds_can_be_chosen(gateway: Gateway, admin: httpx.Client) -> None:
    happen(gateway, "x", kind="chosen.one")
    happen(gateway, "y", kind="other")
    assert read(admin, kind="chosen.")[0] == ["x"]
    assert read(admin, kind="ch%")[0] == []


@pytest.mark.parametrize("cursor", ["-1", "x", "1e3", "٣", "9" * 30, ""])
def test_a_cursor_that_we_never_gave_is_refused(admin: httpx.Client, cursor: str) -> None:
    assert admin.get("/v1/events", params={"after": cursor}).json()["code"] == "page.cursor_refused"


def test_a_stream_resumes_where_it_broke_off(gateway: Gateway, admin: httpx.Client) -> None:
    happen(gateway, "s1", "s2", "s3", kind="stream.test")
    first = stream(admin, 2)
    assert [subject for _, subject in first] == ["s1", "s2"]
    later = threading.Timer(0.2, happen, args=(gateway, "s4"), kwargs={"kind": "stream.test"})
    later.start()
    resumed = stream(admin, 2, **{"Last-Event-ID": first[-1][0]})
    later.join()
    assert [subject for _, subject in resumed] == ["s3", "s4"]


def test_an_unchanged_answer_is_not_sent_again(gateway: Gateway, admin: httpx.Client) -> None:
    first = admin.get("/v1/records")
    again = admin.get("/v1/records", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert admin.get("/v1/records", headers={"If-None-Match": '"other"'}).status_code == 200
