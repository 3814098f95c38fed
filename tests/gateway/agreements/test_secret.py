"""An agreement's secret goes from gateway to gateway as a sealed file, and only to those whom it is for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tallystick.keys import Ed25519Key, X25519Key
from tallystick.sealing import seal_agreement_secret, write_sealed_file
from tallystick_gateway.acts import desk_of
from tallystick_gateway.agreements import repository, service
from tallystick_gateway.agreements.schemas import TermsIn
from tallystick_gateway.kit.gateway import Gateway
from tests.gateway.chain_told import ARBITRATION, BANK_A, BANK_B, Told, found, terms_json
from tests.gateway.support import client_for, keyed, open_test_gateway


@dataclass(frozen=True)
class Side:
    gateway: Gateway
    api: httpx.Client
    told: Told

    def secret(self, agreement: str) -> bytes:
        with self.gateway.database.read() as session:
            return service.secret(self.gateway, session, bytes.fromhex(agreement))

    def seal(self, agreement: str, **body: Any) -> httpx.Response:
        return self.api.post(f"/v1/agreements/{agreement}/secret:seal", json=body, headers=keyed())

    def open(self, agreement: str, content: str) -> httpx.Response:
        body = {"content": content}
        return self.api.post(f"/v1/agreements/{agreement}/secret:open", json=body, headers=keyed())


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    homes = found(tmp_path)
    with (
        open_test_gateway(homes["BANK-A"]) as a,
        open_test_gateway(homes["BANK-B"]) as b,
        client_for(a) as api_a,
        client_for(b) as api_b,
    ):
        pair = (Side(a, api_a, Told(a)), Side(b, api_b, Told(b)))
        for side in pair:
            side.told.founded(desk_of(side.gateway).consortium.members)
        yield pair


@pytest.fixture
def agreement(sides: tuple[Side, Side]) -> str:
    return known_to_both(sides)


def known_to_both(sides: tuple[Side, Side]) -> str:
    a, b = sides
    out = a.api.post("/v1/agreements", json=terms_json(), headers=keyed()).json()
    b.told.proposed(TermsIn.model_validate(out["terms"]).struct(b"", b""), BANK_A)
    return str(out["agreement"])


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_the_partner_opens_what_the_originator_sealed(sides: tuple[Side, Side], agreement: str) -> None:
    a, b = sides
    sealed = a.seal(agreement).json()
    assert sealed["readers"] == [BANK_B.hex()]

    opened = b.open(agreement, sealed["content"])

    assert opened.json() == {"agreement": agreement, "sender": BANK_A.hex(), "new": True}
    assert b.secret(agreement) == a.secret(agreement)
    assert b.open(agreement, sealed["content"]).json()["new"] is False


def test_the_secret_stands_in_no_answer_and_not_bare_in_the_database(sides: tuple[Side, Side], agreement: str) -> None:
    a, _ = sides
    secret = a.secret(agreement)
    shown = a.api.get(f"/v1/agreements/{agreement}").text + a.seal(agreement).text
    assert secret.hex() not in shown
    assert secret not in a.gateway.config.database_path.read_bytes()
    with a.gateway.database.read() as session:
        assert secret not in bytes(repository.find_secret(session, bytes.fromhex(agreement)).wrapped)  # type: ignore[union-attr]  # it is held


def test_who_holds_no_secret_seals_none(sides: tuple[Side, Side], agreement: str) -> None:
    _, b = sides
    assert problem(b.seal(agreement)) == (409, "agreement.secret_not_held")


def test_only_parties_are_sealed_for(sides: tuple[Side, Side], agreement: str) -> None:
    a, _ = sides
    assert problem(a.seal(agreement, readers=[ARBITRATION.hex()])) == (403, "agreement.not_party")


def test_a_file_for_another_reader_is_refused(sides: tuple[Side, Side], agreement: str) -> None:
    a, b = sides
    for_itself = a.seal(agreement, readers=[BANK_A.hex()]).json()["content"]
    assert problem(b.open(agreement, for_itself)) == (422, "sealed.not_a_reader")


def test_a_file_for_another_agreement_is_refused(sides: tuple[Side, Side], agreement: str) -> None:
    a, b = sides
    other = known_to_both(sides)
    assert problem(b.open(agreement, a.seal(other).json()["content"])) == (422, "sealed.broken")


@pytest.mark.parametrize("member", ["ciphertext", "digest", "readers", "signature", "id"])
def test_a_tampered_file_is_refused(sides: tuple[Side, Side], agreement: str, member: str) -> None:
    a, b = sides
    document = json.loads(a.seal(agreement).json()["content"])
    if member == "readers":
        key = document["readers"][0]["key"]
        document["readers"][0]["key"] = flipped(key)
    else:
        document[member] = flipped(document[member])
    content = json.dumps(document, sort_keys=True, separators=(",", ":"))

    answer = b.open(agreement, content)

    assert answer.status_code == 422, answer.text
    with b.gateway.database.read() as session:
        assert repository.find_secret(session, bytes.fromhex(agreement)) is None


@pytest.mark.parametrize("content", ["", "{}", "\x00\x01binary", '{"format":"tallystick-sealed/1"}', "[" * 500])
def test_junk_is_no_sealed_file(sides: tuple[Side, Side], agreement: str, content: str) -> None:
    _, b = sides
    assert b.open(agreement, content).status_code == 422


def test_a_second_different_secret_is_refused_and_the_first_kept(sides: tuple[Side, Side], agreement: str) -> None:
    a, b = sides
    b.open(agreement, a.seal(agreement).json()["content"])
    other = forged(a, b, agreement, a.gateway.keystore.ed25519("exchange"))

    assert problem(b.open(agreement, other)) == (409, "agreement.secret_differs")
    assert b.secret(agreement) == a.secret(agreement)


def test_a_file_that_the_named_sender_did_not_sign_is_refused(sides: tuple[Side, Side], agreement: str) -> None:
    a, b = sides
    assert problem(b.open(agreement, forged(a, b, agreement, Ed25519Key.generate()))) == (
        422,
        "agreement.sender_not_proved",
    )


def test_a_revoked_exchange_key_vouches_for_nothing(sides: tuple[Side, Side], agreement: str) -> None:
    a, b = sides
    key = a.gateway.keystore.ed25519("exchange").public
    b.told.events(("KeyRevocationRecorded", {"key": key, "member": BANK_A, "revokedAt": 1}))

    assert problem(b.open(agreement, a.seal(agreement).json()["content"])) == (422, "agreement.sender_not_proved")


def test_without_a_valid_seal_key_nothing_is_sealed_for_the_member(sides: tuple[Side, Side], agreement: str) -> None:
    a, b = sides
    key = b.gateway.keystore.x25519("seal").public
    a.told.events(("CompromiseReported", {"key": key, "member": BANK_B, "since": 1}))

    assert problem(a.seal(agreement)) == (409, "agreement.seal_key_missing")


def test_a_new_seal_key_is_the_one_sealed_for(sides: tuple[Side, Side], agreement: str) -> None:
    a, b = sides
    new = X25519Key.generate()
    a.told.key_added("SEAL", new.public, BANK_B)

    content = a.seal(agreement).json()["content"]

    assert problem(b.open(agreement, content)) == (422, "sealed.broken")


def forged(a: Side, b: Side, agreement: str, signer: Ed25519Key) -> str:
    """A file with another secret, in BANK-A's name."""
    readers: dict[bytes, bytes] = {BANK_B: b.gateway.keystore.x25519("seal").public}
    sealed = seal_agreement_secret(b"\x07" * 32, bytes.fromhex(agreement), readers)
    return write_sealed_file(sealed, BANK_A, signer).decode()


def flipped(text: str) -> str:
    return ("1" if text[0] != "1" else "2") + text[1:]
