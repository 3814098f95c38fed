"""A document sealed for several members: each reader's gateway has it and opens it, nobody else can."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from tallystick.keys import X25519Key
from tallystick.sealing import read_sealed_file, seal, write_sealed_file
from tallystick_gateway.exchange import outgoing, repository
from tallystick_gateway.exchange.documents import LARGEST_DOCUMENT, SEALED_DOCUMENT
from tallystick_gateway.exchange.models import OutboxRow
from tallystick_gateway.exchange.store import SealedStore
from tallystick_gateway.kit.scoping import owned_by, table_of
from tests.gateway.chain_told import ARBITRATION, BANK_A, BANK_B
from tests.gateway.exchange.sides import Side, two_sides
from tests.gateway.support import keyed

CONTRACT = b"Loan contract no. 4711: the borrower is Jane Example, 12 Harbour Street."


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    with two_sides(tmp_path_factory.mktemp("sides")) as pair:
        yield pair


def sealed_by(side: Side, *readers: bytes, plaintext: bytes = CONTRACT, **changes: Any) -> httpx.Response:
    body = {
        "name": "contract.pdf",
        "media_type": "application/pdf",
        "content": base64.b64encode(plaintext).decode(),
        "readers": [reader.hex() for reader in readers],
        **changes,
    }
    return side.api.post("/v1/documents", json=body, headers=keyed())


def opened_by(side: Side, document: str) -> httpx.Response:
    return side.api.post(f"/v1/documents/{document}:open", json={})


def file_of(side: Side, document: str) -> Path:
    with side.gateway.database.read() as session:
        row = repository.find_document(session, bytes.fromhex(document))
    assert row is not None
    name = row.ciphertext_digest.hex()
    return side.gateway.config.home / "sealed" / name[:2] / name


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_reader_gets_it_by_itself_and_opens_it(sides: tuple[Side, Side]) -> None:
    a, b = sides
    made = sealed_by(a, BANK_B).json()
    a.delivers()
    shown = b.api.get(f"/v1/documents/{made['document']}").json()
    assert shown["readers"] == sorted([BANK_A.hex(), BANK_B.hex()])
    assert (shown["sender"], shown["digest"]) == (BANK_A.hex(), made["digest"])
    for side in (a, b):
        opened = opened_by(side, made["document"]).json()
        assert base64.b64decode(opened["content"]) == CONTRACT
        assert (opened["name"], opened["media_type"]) == ("contract.pdf", "application/pdf")
    assert made["document"] in {each["document"] for each in b.api.get("/v1/documents").json()["items"]}


def test_what_is_stored_is_named_by_its_digest_and_says_nothing(sides: tuple[Side, Side]) -> None:
    a, b = sides
    made = sealed_by(a, BANK_B).json()
    a.delivers()
    for side in (a, b):
        stored = file_of(side, made["document"])
        assert hashlib.sha256(stored.read_bytes()).hexdigest() == made["ciphertext_digest"] == stored.name
        assert stored.stat().st_mode & 0o077 == 0
        assert b"Jane" not in stored.read_bytes()
        assert b"Jane" not in side.gateway.config.database_path.read_bytes()
    other = sealed_by(a, BANK_B).json()
    assert other["digest"] != made["digest"]  # salted: one content does not show twice


def test_a_file_that_was_altered_or_lost_is_not_opened(sides: tuple[Side, Side]) -> None:
    a, _ = sides
    document = sealed_by(a).json()["document"]
    stored = file_of(a, document)
    good = stored.read_bytes()
    stored.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert refused(opened_by(a, document)) == (503, "document.file_damaged")
    stored.unlink()
    assert refused(opened_by(a, document)) == (503, "document.file_missing")
    SealedStore(a.gateway.config.home).put(good)
    assert opened_by(a, document).status_code == 200


def test_the_largest_document_goes_through_and_a_larger_one_is_refused(sides: tuple[Side, Side]) -> None:
    a, b = sides
    largest = bytes(LARGEST_DOCUMENT)
    document = sealed_by(a, BANK_B, plaintext=largest).json()["document"]
    a.delivers()
    assert base64.b64decode(opened_by(b, document).json()["content"]) == largest
    assert refused(sealed_by(a, plaintext=largest + b"x"))[1] in {"document.too_large", "request.invalid"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"content": "not base64!"}, "document.content_refused"),
        ({"name": ""}, "request.invalid"),
        ({"name": "two\nlines"}, "request.invalid"),
        ({"media_type": "pdf"}, "request.invalid"),
        ({"readers": ["ab"]}, "request.invalid"),
        ({"readers": ["ab" * 32]}, "document.reader_unready"),
        ({"readers": [ARBITRATION.hex()] * 64}, "request.invalid"),
    ],
)
def test_a_request_off_its_form_is_refused(sides: tuple[Side, Side], changes: dict[str, Any], code: str) -> None:
    a, _ = sides
    assert refused(sealed_by(a, **changes))[1] == code


def test_an_unknown_document_is_told(sides: tuple[Side, Side]) -> None:
    a, _ = sides
    assert refused(opened_by(a, "ab" * 32)) == (404, "document.unknown")


# What a sender may get wrong, or do on purpose


def forged(a: Side, document: bytes, plaintext: bytes, **changes: Any) -> bytes:
    """A sealed file of BANK-A for BANK-B, made without its gateway."""
    with_digest = changes.pop(
        "commit", lambda text: hashlib.sha256(b"tallystick-document/v1" + document + text).digest()
    )
    reader = changes.pop("reader", BANK_B)
    key = changes.pop("key", None) or _seal_key_of(a)
    sealed = seal(plaintext, document, {reader: key}, with_digest)
    return write_sealed_file(sealed, changes.pop("sender", BANK_A), a.gateway.keystore.ed25519("exchange"))


def _seal_key_of(a: Side) -> bytes:
    from tallystick_gateway.exchange.partners import valid_keys

    with a.gateway.database.read() as session:
        return valid_keys(session, BANK_B, "SEAL", a.gateway.clock.now())[-1]


def plain(content: bytes = CONTRACT) -> bytes:
    head = b'{"media_type":"text/plain","name":"n"}'
    return bytes(32) + len(head).to_bytes(2) + head + content


def outcome(a: Side, document: bytes, content: bytes, subject: str | None = None) -> tuple[str, str | None]:
    """What B answers to a message with that content."""
    with a.gateway.database.write() as session:
        row = outgoing.send(session, BANK_B, SEALED_DOCUMENT, subject or document.hex(), content)
        message = row.message
    a.delivers()
    sent = next(each for each in a.outbox() if each["id"] == message.hex())
    return sent["state"], sent["code"]


def test_a_document_made_as_the_page_says_is_taken(sides: tuple[Side, Side]) -> None:
    a, b = sides
    document = b"\x11" * 32
    assert outcome(a, document, forged(a, document, plain())) == ("DELIVERED", None)
    assert base64.b64decode(opened_by(b, document.hex()).json()["content"]) == CONTRACT


@pytest.mark.parametrize(
    ("number", "make", "code"),
    [
        (1, lambda a, d: forged(a, d, plain(), commit=lambda _text: bytes(32)), "sealed.commitment_differs"),
        (2, lambda a, d: forged(a, d, plain(), reader=ARBITRATION), "sealed.not_a_reader"),
        (3, lambda a, d: forged(a, d, plain(), key=X25519Key.generate().public), "sealed.broken"),
        (4, lambda a, d: forged(a, d, b"no document"), "exchange.message_malformed"),
        (5, lambda a, d: forged(a, bytes(31) + b"\x05", plain()), "exchange.message_malformed"),
        (6, lambda a, d: forged(a, d, plain(), sender=ARBITRATION), "exchange.message_malformed"),
        (7, lambda a, d: b"{}", "sealed.file_malformed"),
        (
            8,
            lambda a, d: forged(a, d, plain()).replace(b'"signature":"', b'"signature":"00')[:-2],
            "sealed.file_malformed",
        ),
    ],
)
def test_what_is_not_sealed_for_us_by_the_sender_is_refused_for_good(
    sides: tuple[Side, Side], number: int, make: Any, code: str
) -> None:
    a, b = sides
    document = bytes([number]) * 32
    assert outcome(a, document, make(a, document)) == ("REFUSED", code)
    assert refused(b.api.get(f"/v1/documents/{document.hex()}")) == (404, "document.unknown")


def test_one_id_stands_for_one_document(sides: tuple[Side, Side]) -> None:
    a, b = sides
    document = b"\x22" * 32
    first = forged(a, document, plain())
    assert outcome(a, document, first) == ("DELIVERED", None)
    with b.gateway.database.write() as session:
        from tallystick_gateway.exchange.documents import accept

        accept(session, b.gateway, BANK_A, document, first)  # the same again is nothing new
    other = forged(a, document, plain(b"another"))
    with a.gateway.database.write() as session:
        table = table_of(OutboxRow)
        mine = (owned_by(session, table), table.c.message == _message_of(a, document))
        session.execute(update(table).where(*mine).values(state="WAITING", content=other, message=b"\x23" * 32))
    a.delivers()
    sent = next(each for each in a.outbox() if each["id"] == "23" * 32)
    assert (sent["state"], sent["code"]) == ("REFUSED", "document.differs")
    assert (
        read_sealed_file(first).sealed.ciphertext_digest.hex()
        == (b.api.get(f"/v1/documents/{document.hex()}").json()["ciphertext_digest"])
    )


def _message_of(a: Side, document: bytes) -> bytes:
    with a.gateway.database.read() as session:
        row = repository.outbox_of(session, BANK_B, SEALED_DOCUMENT, document.hex())
    assert row is not None
    return row.message
