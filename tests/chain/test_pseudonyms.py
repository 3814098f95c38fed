"""Pseudonyms are computed alike by everyone who has the secret, and say nothing without it."""

import hashlib
import hmac

import pytest

from tallystick import pseudonyms

SECRET = bytes(range(32))


def hmac_sha256(text: bytes) -> bytes:
    return hmac.new(SECRET, text, hashlib.sha256).digest()


def test_pseudonyms_follow_their_formulas() -> None:
    assert (
        pseudonyms.member_id("LEI:5493001KJTIIGC8Y1R12") == hashlib.sha256(b"member:LEI:5493001KJTIIGC8Y1R12").digest()
    )
    assert pseudonyms.loan_key(SECRET, "LC-2024-01") == hmac_sha256(b"loan:LC-2024-01")
    assert pseudonyms.entry_key(SECRET, "k:1") == hmac_sha256(b"entry:k:1")
    assert pseudonyms.borrower_tag(SECRET) == hashlib.sha256(b"\x15" + SECRET).digest()
    assert pseudonyms.act_ref(SECRET, "Disburse", "LC-2024-01") == hmac_sha256(b"ref:Disburse\x1fLC-2024-01")


@pytest.mark.parametrize("loan_id", ["", "a", "LC 1", "LC-1\n", "Ä", "LC_1", "A" * 65])
def test_a_loan_id_that_two_parties_might_write_differently_is_refused(loan_id: str) -> None:
    with pytest.raises(pseudonyms.IdentifierMalformed) as refusal:
        pseudonyms.loan_key(SECRET, loan_id)
    assert "[A-Z0-9-]{1,64}" in str(refusal.value)


@pytest.mark.parametrize("legal_id", ["", "two words", "tab\t", "é", "x" * 129])
def test_a_legal_id_is_printable_and_without_blanks(legal_id: str) -> None:
    with pytest.raises(pseudonyms.IdentifierMalformed):
        pseudonyms.member_id(legal_id)


@pytest.mark.parametrize("kind", ["", "Dis\x1fburse", "1st", "Disburse "])
def test_the_kind_of_an_act_cannot_run_into_its_business_id(kind: str) -> None:
    with pytest.raises(pseudonyms.IdentifierMalformed):
        pseudonyms.act_ref(SECRET, kind, "x")


@pytest.mark.parametrize("secret", [b"", b"short", bytes(33)])
def test_a_secret_of_another_length_is_refused_without_being_shown(secret: bytes) -> None:
    with pytest.raises(pseudonyms.SecretMalformed) as refusal:
        pseudonyms.borrower_tag(secret)
    assert refusal.value.values == {"what": "borrower secret", "size": len(secret)}
