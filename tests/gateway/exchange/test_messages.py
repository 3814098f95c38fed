"""Messages between two gateways: proved, delivered at least once, taken once."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tallystick.keys import Ed25519Key
from tallystick_gateway.agreements.schemas import TermsIn
from tallystick_gateway.exchange import incoming, outgoing, repository
from tallystick_gateway.exchange.errors import OutboxFull, SenderNotProved
from tallystick_gateway.exchange.kinds import AGREEMENT_SECRET, Kind
from tallystick_gateway.exchange.schemas import MessageIn, Receipt, canonical
from tallystick_gateway.exchange.signatures import PATH, sign_request, verify_answer
from tallystick_gateway.kit.clock import FixedClock
from tallystick_gateway.kit.db import StorageFull
from tests.gateway.chain_told import ARBITRATION, BANK_A, BANK_B, terms_json
from tests.gateway.exchange.sides import Side, active_agreement, two_sides
from tests.gateway.support import keyed


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def sides(tmp_path: Path, clock: FixedClock) -> Iterator[tuple[Side, Side]]:
    with two_sides(tmp_path, clock) as pair:
        yield pair


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    """For tests after which nothing is left but inbox rows."""
    with two_sides(tmp_path_factory.mktemp("shared"), FixedClock(datetime.now(UTC).replace(microsecond=0))) as pair:
        yield pair


def exchange_key(side: Side) -> Ed25519Key:
    return side.gateway.keystore.ed25519("exchange")


def message(a: Side, **changes: Any) -> MessageIn:
    """A message of BANK-A for BANK-B; unless told otherwise, one that is refused for good."""
    fields = {
        "id": secrets.token_bytes(32),
        "sender": BANK_A,
        "recipient": BANK_B,
        "kind": AGREEMENT_SECRET,
        "subject": "not-an-agreement",
        "content": "{}",
    }
    return MessageIn(**{**fields, **changes})


def post(to: Side, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(to.url + PATH, content=body, headers=headers)


def send(a: Side, b: Side, sent: MessageIn) -> httpx.Response:
    body = canonical(sent)
    return post(b, body, sign_request(body, exchange_key(a), a.gateway.clock.now()))


def test_the_secret_of_an_agreement_reaches_its_party_by_itself(sides: tuple[Side, Side]) -> None:
    a, b = sides
    agreement = active_agreement(a, b)
    a.hands_over()
    a.delivers()

    assert b.holds_secret(agreement)
    (sent,) = a.api.get("/v1/exchange/outbox", params={"state": "DELIVERED"}).json()["items"]
    (received,) = b.api.get("/v1/exchange/inbox").json()["items"]
    assert (sent["state"], sent["attempts"], sent["recipient"]) == ("DELIVERED", 1, BANK_B.hex())
    assert (received["outcome"], received["sender"], received["subject"]) == ("TAKEN", BANK_A.hex(), agreement)
    assert received["id"] == sent["id"]
    for _ in range(2):
        a.hands_over()
        a.delivers()
    assert len(a.outbox()) == len(b.inbox()) == 1
    b.hands_over()
    assert b.outbox() == []  # whoever got the secret from another does not hand it on


def test_nothing_is_handed_over_before_every_party_has_signed(sides: tuple[Side, Side]) -> None:
    a, _ = sides
    a.api.post("/v1/agreements", json=terms_json(), headers=keyed())
    a.hands_over()
    assert a.outbox() == []


def test_what_was_delivered_is_not_kept(sides: tuple[Side, Side]) -> None:
    a, b = sides
    active_agreement(a, b)
    a.hands_over()
    with a.gateway.database.read() as session:
        (row,) = repository.due(session, a.gateway.clock.now(), 9)
    assert row.content
    a.delivers()
    with a.gateway.database.read() as session:
        ended = repository.find_outbox(session, row.message)
    assert ended is not None
    assert ended.content is None


def test_a_message_that_came_before_the_chain_told_of_it_is_taken_later(
    sides: tuple[Side, Side], clock: FixedClock
) -> None:
    a, b = sides
    agreement = active_agreement(a)
    a.hands_over()
    a.delivers()
    (waiting,) = a.outbox()
    assert (waiting["state"], waiting["code"]) == ("WAITING", "exchange.partner_later")
    assert "agreement" in waiting["detail"]
    assert b.inbox() == []

    active_agreement_told(b, a, agreement)
    a.delivers()
    assert a.outbox()[0]["attempts"] == 1  # not due yet
    clock.move(timedelta(seconds=2))
    a.delivers()
    assert (a.outbox()[0]["state"], b.holds_secret(agreement)) == ("DELIVERED", True)


def active_agreement_told(b: Side, a: Side, agreement: str) -> None:
    """B is told what A was told of the agreement."""
    terms = a.api.get(f"/v1/agreements/{agreement}").json()["terms"]
    b.told.proposed(TermsIn.model_validate(terms).struct(b"", b""), BANK_A)


def test_the_same_message_is_taken_once_and_answered_alike(sides: tuple[Side, Side]) -> None:
    a, b = sides
    sent = message(a)
    answers = [Receipt.model_validate_json(send(a, b, sent).content) for _ in range(3)]
    assert [each.repeated for each in answers] == [False, True, True]
    assert {(each.outcome, each.code) for each in answers} == {("REFUSED", "exchange.message_malformed")}
    (received,) = b.inbox()
    assert received["repetitions"] == 2


def test_an_id_stands_for_one_message_of_one_sender(shared: tuple[Side, Side]) -> None:
    a, b = shared
    sent = message(a)
    send(a, b, sent)
    other = send(a, b, sent.model_copy(update={"content": "another"}))
    assert (other.status_code, other.json()["code"]) == (409, "exchange.message_differs")


def test_a_crash_between_answer_and_note_only_repeats_the_message(sides: tuple[Side, Side]) -> None:
    a, b = sides
    active_agreement(a, b)
    a.hands_over()
    with a.gateway.database.read() as session:
        (row,) = repository.due(session, a.gateway.clock.now(), 9)
    a.delivers()
    with a.gateway.database.write() as session:  # as if A had never learnt of it
        repository.set_outbox(session, row.message, state="WAITING", content=row.content, attempts=0, ended_at=None)
    a.delivers()
    assert a.outbox()[0]["state"] == "DELIVERED"
    assert b.inbox()[0]["repetitions"] == 1


def test_the_receipt_is_signed_for_this_very_request(shared: tuple[Side, Side]) -> None:
    a, b = shared
    body = canonical(message(a))
    headers = sign_request(body, exchange_key(a), a.gateway.clock.now())
    answer = post(b, body, headers)
    lines = list(answer.headers.multi_items())
    now = a.gateway.clock.now()
    assert verify_answer(200, lines, answer.content, headers, now) == exchange_key(b).public
    other = sign_request(canonical(message(a)), exchange_key(a), now)
    for status, given, content, request in (
        (201, lines, answer.content, headers),
        (200, lines, answer.content + b" ", headers),
        (200, lines, answer.content, other),
        (200, [line for line in lines if line[0] != "signature"], answer.content, headers),
    ):
        with pytest.raises(SenderNotProved):
            verify_answer(status, given, content, request, now)


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_only_a_key_that_the_chain_lists_for_the_sender_is_believed(shared: tuple[Side, Side]) -> None:
    a, b = shared
    not_proved = (401, "exchange.sender_not_proved")
    body, now = canonical(message(a)), a.gateway.clock.now()
    assert refused(post(b, body, sign_request(body, Ed25519Key.generate(), now))) == not_proved
    assert refused(post(b, body, sign_request(body, exchange_key(b), now))) == not_proved
    assert refused(post(b, body, {"content-type": "application/json"})) == not_proved
    as_other = canonical(message(a, sender=ARBITRATION))
    assert refused(post(b, as_other, sign_request(as_other, exchange_key(a), now))) == not_proved
    good = sign_request(body, exchange_key(a), now)
    assert refused(post(b, canonical(message(a)), good)) == not_proved


def test_a_key_that_was_revoked_is_believed_no_more(sides: tuple[Side, Side]) -> None:
    a, b = sides
    key = exchange_key(a).public
    revoked = {
        "key": key,
        "member": BANK_A,
        "purpose": 4,
        "revokedAt": int(a.gateway.clock.now().timestamp()),
        "reason": bytes(32),
    }
    b.told.events(("KeyRevocationRecorded", revoked))
    assert refused(send(a, b, message(a))) == (401, "exchange.sender_not_proved")


@pytest.mark.parametrize("off_s", [-301, 301, -86_400])
def test_a_signature_of_another_time_is_not_believed(shared: tuple[Side, Side], off_s: int) -> None:
    a, b = shared
    body = canonical(message(a))
    at = a.gateway.clock.now() + timedelta(seconds=off_s)
    assert refused(post(b, body, sign_request(body, exchange_key(a), at))) == (401, "exchange.sender_not_proved")


def test_a_signature_that_covers_less_or_says_more_is_not_believed(shared: tuple[Side, Side]) -> None:
    a, b = shared
    body = canonical(message(a))
    good = sign_request(body, exchange_key(a), a.gateway.clock.now())
    for changes in (
        {"signature-input": good["signature-input"].replace('"content-digest"', '"content-type"')},
        {"signature-input": good["signature-input"].replace('tag="tallystick-exchange/1"', 'tag="other/1"')},
        {"signature-input": good["signature-input"] + ";expires=1"},
        {"signature-input": "gateway=()" + good["signature-input"].partition(")")[2]},
        {"signature-input": "x" * 7000},
        {"signature": "gateway=:AAAA:"},
        {"content-digest": "sha-256=:AAAA:"},
        {"content-digest": good["content-digest"] + ", sha-512=:AAAA:"},
    ):
        assert refused(post(b, body, {**good, **changes})) == (401, "exchange.sender_not_proved")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"recipient": ARBITRATION.hex()}, (403, "exchange.not_for_us")),
        ({"kind": "UPPER"}, (422, "exchange.message_malformed")),
        ({"subject": "two words"}, (422, "exchange.message_malformed")),
        ({"format": "tallystick-message/2"}, (422, "exchange.message_malformed")),
        ({"id": "ab"}, (422, "exchange.message_malformed")),
        ({"more": 1}, (422, "exchange.message_malformed")),
        ({"content": 5}, (422, "exchange.message_malformed")),
    ],
)
def test_a_message_off_its_format_is_refused(
    shared: tuple[Side, Side], changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    a, b = shared
    body = json.dumps({**json.loads(canonical(message(a))), **changes}).encode()
    answer = post(b, body, sign_request(body, exchange_key(a), a.gateway.clock.now()))
    assert refused(answer) == expected


def test_a_kind_that_nobody_knows_is_refused_for_good(shared: tuple[Side, Side]) -> None:
    a, b = shared
    answer = Receipt.model_validate_json(send(a, b, message(a, kind="party-invitation")).content)
    assert (answer.outcome, answer.code) == ("REFUSED", "exchange.message_malformed")


def test_a_refusal_for_good_ends_the_message_with_the_partners_words(sides: tuple[Side, Side]) -> None:
    a, _ = sides
    with a.gateway.database.write() as session:
        outgoing.send(session, BANK_B, AGREEMENT_SECRET, "not-an-agreement", b"{}")
    a.delivers()
    (sent,) = a.outbox()
    assert (sent["state"], sent["code"]) == ("REFUSED", "exchange.message_malformed")
    assert sent["detail"] == "The subject is no id of 32 bytes in hex."


def test_what_is_wrong_with_the_partner_itself_refuses_nothing(
    sides: tuple[Side, Side], clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = sides
    agreement = active_agreement(a, b)
    a.hands_over()

    def no_disk(*_args: object) -> None:
        raise StorageFull("No space.")

    with monkeypatch.context() as broken:
        broken.setattr(incoming, "KINDS", {AGREEMENT_SECRET: Kind(no_disk)})
        a.delivers()
    assert (a.outbox()[0]["state"], a.outbox()[0]["code"]) == ("WAITING", "exchange.partner_later")
    assert b.inbox() == []
    clock.move(timedelta(seconds=2))
    a.delivers()
    assert b.holds_secret(agreement)


def test_one_subject_is_one_message_and_too_many_are_refused(
    sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, _ = sides
    monkeypatch.setattr(outgoing, "_MOST_WAITING", 2)
    with a.gateway.database.write() as session:
        first = outgoing.send(session, BANK_B, "k", "one", b"1")
        assert outgoing.send(session, BANK_B, "k", "one", b"2").message == first.message
        outgoing.send(session, BANK_B, "k", "two", b"")
        with pytest.raises(OutboxFull):
            outgoing.send(session, BANK_B, "k", "three", b"")
        outgoing.send(session, ARBITRATION, "k", "three", b"")


def test_partners_are_listed_with_what_waits_for_them(sides: tuple[Side, Side]) -> None:
    a, b = sides
    with a.gateway.database.write() as session:
        outgoing.send(session, BANK_B, "k", "one", b"1")
    partners = {each["member"]: each for each in a.api.get("/v1/exchange/partners").json()["items"]}
    assert BANK_A.hex() not in partners
    assert partners[BANK_B.hex()]["waiting"] == 1
    assert partners[BANK_B.hex()]["endpoint"] == b.url
    assert partners[ARBITRATION.hex()]["endpoint"] == "http://127.0.0.1:1"
    assert not partners[ARBITRATION.hex()]["set_by_operator"]


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://u:p@x", "http://x/?q=1", "http://x:0", "nonsense"])
def test_an_endpoint_that_is_none_is_refused(shared: tuple[Side, Side], url: str) -> None:
    a, _ = shared
    answer = a.api.post(f"/v1/exchange/partners/{BANK_B.hex()}:set-endpoint", json={"endpoint": url}, headers=keyed())
    assert refused(answer) == (422, "exchange.endpoint_refused")
    unknown = a.api.post(
        f"/v1/exchange/partners/{'ab' * 32}:set-endpoint", json={"endpoint": "http://x"}, headers=keyed()
    )
    assert refused(unknown) == (404, "exchange.partner_unknown")
