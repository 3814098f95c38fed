"""Split escrow: both holders together open one loan's documents; neither alone, and nothing of another loan."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.keys import Ed25519Key, SignatureInvalid, X25519Key
from tallystick.sealing import (
    CommitmentDiffers,
    EscrowIncomplete,
    EscrowKey,
    SealBroken,
    escrow_key,
    open_part,
    seal_in_escrow,
    sign_escrow_key,
    unseal,
    unseal_from_escrow,
)

DEPOSITORY, ARBITRATION, LENDER = b"\x0d" * 32, b"\x0a" * 32, b"\x01" * 32
SECRETS = {DEPOSITORY: b"\x5d" * 32, ARBITRATION: b"\x5a" * 32}
EXCHANGE = Ed25519Key(b"\7" * 32)
LOAN, OTHER_LOAN, DOCUMENT = b"\x33" * 32, b"\x34" * 32, b"\x44" * 32
READER = X25519Key(b"\x09" * 32)
TEXT = b"the contract, the schedule, the receipts"


def commit(text: bytes) -> bytes:
    return hashlib.sha256(b"test" + text).digest()


def keys(loan: bytes = LOAN) -> Mapping[bytes, EscrowKey]:
    return {holder: sign_escrow_key(holder, loan, secret, EXCHANGE) for holder, secret in SECRETS.items()}


SEALED, ESCROWED = seal_in_escrow(TEXT, DOCUMENT, {LENDER: READER.public}, keys(), commit)


def parts(*holders: bytes, loan: bytes = LOAN) -> dict[bytes, bytes]:
    return {
        holder: open_part(SEALED, ESCROWED, holder, escrow_key(SECRETS[holder], loan))
        for holder in holders or (DEPOSITORY, ARBITRATION)
    }


def test_the_derived_key_is_that_of_the_design() -> None:
    """HKDF-SHA256 (RFC 5869) written out with hmac alone."""
    import hmac

    extracted = hmac.digest(bytes(32), SECRETS[DEPOSITORY], "sha256")
    expanded = hmac.digest(extracted, b"tallystick-escrow/v1" + LOAN + b"\x01", "sha256")
    assert escrow_key(SECRETS[DEPOSITORY], LOAN).secret == expanded


def test_both_holders_together_read_what_the_readers_read() -> None:
    assert unseal_from_escrow(SEALED, ESCROWED, parts(), commit) == TEXT
    assert unseal(SEALED, LENDER, READER, commit) == TEXT


@pytest.mark.parametrize("holder", [DEPOSITORY, ARBITRATION])
def test_one_part_says_nothing_and_opens_nothing(holder: bytes) -> None:
    alone = parts(holder)
    for tried in (alone, {**alone, LENDER: bytes(32)}, {}):
        with pytest.raises(EscrowIncomplete):
            unseal_from_escrow(SEALED, ESCROWED, tried, commit)
    other = ARBITRATION if holder == DEPOSITORY else DEPOSITORY
    for guess in (bytes(32), alone[holder]):
        with pytest.raises(SealBroken):
            unseal_from_escrow(SEALED, ESCROWED, {**alone, other: guess}, commit)
    with pytest.raises(EscrowIncomplete):
        unseal_from_escrow(SEALED, ESCROWED, {**alone, other: b"short"}, commit)


def test_the_key_of_one_loan_opens_no_other() -> None:
    with pytest.raises(SealBroken):
        parts(loan=OTHER_LOAN)
    with pytest.raises(SealBroken):
        open_part(
            SEALED, dataclasses.replace(ESCROWED, loan=OTHER_LOAN), DEPOSITORY, escrow_key(SECRETS[DEPOSITORY], LOAN)
        )


def test_a_holder_opens_its_own_part_only_and_others_hold_none() -> None:
    with pytest.raises(SealBroken):
        open_part(SEALED, ESCROWED, ARBITRATION, escrow_key(SECRETS[DEPOSITORY], LOAN))
    with pytest.raises(EscrowIncomplete):
        open_part(SEALED, ESCROWED, LENDER, READER)


def test_parts_of_two_documents_do_not_mix() -> None:
    other, escrowed = seal_in_escrow(TEXT, b"\x45" * 32, {LENDER: READER.public}, keys(), commit)
    mixed = parts(DEPOSITORY) | {
        ARBITRATION: open_part(other, escrowed, ARBITRATION, escrow_key(SECRETS[ARBITRATION], LOAN))
    }
    with pytest.raises(SealBroken):
        unseal_from_escrow(SEALED, ESCROWED, mixed, commit)


def test_what_comes_out_is_held_to_its_digest() -> None:
    with pytest.raises(CommitmentDiffers):
        unseal_from_escrow(SEALED, ESCROWED, parts(), lambda _text: bytes(32))


def test_a_public_half_is_believed_by_its_holders_signature_only() -> None:
    key = keys()[DEPOSITORY]
    key.verify(EXCHANGE.public)
    for changed in (
        {"loan": OTHER_LOAN},
        {"holder": ARBITRATION},
        {"public": READER.public},
        {"signature": bytes(64)},
    ):
        with pytest.raises(SignatureInvalid):
            dataclasses.replace(key, **changed).verify(EXCHANGE.public)
    with pytest.raises(SignatureInvalid):
        key.verify(Ed25519Key.generate().public)


def test_escrow_wants_two_holders_with_keys_of_one_loan() -> None:
    one = {DEPOSITORY: keys()[DEPOSITORY]}
    for holders in (
        {},
        one,
        {**keys(), LENDER: sign_escrow_key(LENDER, LOAN, b"\1" * 32, EXCHANGE)},
        {**one, ARBITRATION: keys(OTHER_LOAN)[ARBITRATION]},
        {DEPOSITORY: keys()[ARBITRATION], ARBITRATION: keys()[DEPOSITORY]},
    ):
        with pytest.raises(ValueError, match="two holders"):
            seal_in_escrow(TEXT, DOCUMENT, {LENDER: READER.public}, holders, commit)
    for secret, loan in ((b"short", LOAN), (bytes(32), b"short")):
        with pytest.raises(ValueError, match="32 bytes"):
            escrow_key(secret, loan)


@settings(max_examples=60)
@given(st.data())
def test_no_altered_byte_of_a_part_or_of_the_text_opens(data: st.DataObject) -> None:
    holder = data.draw(st.sampled_from((DEPOSITORY, ARBITRATION)))
    wrapped = bytearray(ESCROWED.parts[holder])
    place = data.draw(st.integers(0, len(wrapped) - 1))
    wrapped[place] ^= 1 << data.draw(st.integers(0, 7))
    altered = dataclasses.replace(ESCROWED, parts={**ESCROWED.parts, holder: bytes(wrapped)})
    with pytest.raises(SealBroken):
        open_part(SEALED, altered, holder, escrow_key(SECRETS[holder], LOAN))
