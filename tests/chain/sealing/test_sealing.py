"""A sealed document opens for its readers alone, to what was committed to, and shows every alteration."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick import sealing
from tallystick.keys import Ed25519Key, SignatureInvalid, X25519Key
from tallystick.sealing import Sealed

AGREEMENT, BANK, PARTNER, DEPOSITORY = (bytes([i]) * 32 for i in range(1, 5))
BANK_KEY, PARTNER_KEY, OTHER_KEY = (X25519Key(bytes([i]) * 32) for i in range(11, 14))
READERS = {PARTNER: PARTNER_KEY.public, BANK: BANK_KEY.public}
SENDER_KEY = Ed25519Key(b"\x21" * 32)
SECRET = bytes(range(32))


def commit(plaintext: bytes) -> bytes:
    return hashlib.sha256(b"test" + plaintext).digest()


@pytest.fixture(scope="module")
def sealed() -> Sealed:
    return sealing.seal(b"terms", AGREEMENT, READERS, commit, version=3)


@settings(max_examples=25)
@given(st.binary(max_size=300))
def test_every_reader_opens_it_to_the_same_bytes(plaintext: bytes) -> None:
    document = sealing.seal(plaintext, AGREEMENT, READERS, commit)

    for reader, key in ((BANK, BANK_KEY), (PARTNER, PARTNER_KEY)):
        assert sealing.unseal(document, reader, key, commit) == plaintext


def test_nobody_else_opens_it(sealed: Sealed) -> None:
    with pytest.raises(sealing.NotAReader):
        sealing.unseal(sealed, DEPOSITORY, OTHER_KEY, commit)
    with pytest.raises(sealing.SealBroken):
        sealing.unseal(sealed, PARTNER, OTHER_KEY, commit)
    with pytest.raises(sealing.SealBroken):
        sealing.unseal(sealed, BANK, PARTNER_KEY, commit)


@pytest.mark.parametrize(
    "alter",
    [
        lambda d: replace(d, id=b"x" * 32),
        lambda d: replace(d, version=4),
        lambda d: replace(d, digest=b"x" * 32),
        lambda d: replace(d, ciphertext=d.ciphertext[:-1]),
        lambda d: replace(d, ciphertext=d.ciphertext[:-1] + bytes([d.ciphertext[-1] ^ 1])),
        lambda d: replace(d, ciphertext=bytes([d.ciphertext[0] ^ 1]) + d.ciphertext[1:]),
        lambda d: replace(d, ciphertext=b""),
        lambda d: replace(d, wrapped_keys={PARTNER: d.wrapped_keys[PARTNER]}),
        lambda d: replace(d, wrapped_keys={**d.wrapped_keys, DEPOSITORY: d.wrapped_keys[BANK]}),
        lambda d: replace(d, wrapped_keys={PARTNER: d.wrapped_keys[BANK], BANK: d.wrapped_keys[PARTNER]}),
        lambda d: replace(d, wrapped_keys={**d.wrapped_keys, PARTNER: b""}),
        lambda d: replace(d, wrapped_keys={**d.wrapped_keys, PARTNER: bytes(80)}),
    ],
)
def test_an_altered_document_does_not_open(sealed: Sealed, alter: Callable[[Sealed], Sealed]) -> None:
    with pytest.raises(sealing.SealBroken):
        sealing.unseal(alter(sealed), PARTNER, PARTNER_KEY, commit)


def test_a_sender_that_seals_other_text_than_it_commits_to_is_found_out() -> None:
    document = sealing.seal(b"for the partner", AGREEMENT, READERS, lambda _: commit(b"for everyone"))

    with pytest.raises(sealing.CommitmentDiffers):
        sealing.unseal(document, PARTNER, PARTNER_KEY, commit)


def test_the_formula_is_the_design_s(sealed: Sealed) -> None:
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    info = b"tallystick/v1" + AGREEMENT + PARTNER + hashlib.sha256(BANK + PARTNER).digest()
    data_key = suite.decrypt(sealed.wrapped_keys[PARTNER], PARTNER_KEY.private, info)
    bound = AGREEMENT + b"\x00\x03" + commit(b"terms")

    assert AESGCM(data_key).decrypt(sealed.ciphertext[:12], sealed.ciphertext[12:], bound) == b"terms"
    assert sealed.ciphertext_digest == hashlib.sha256(sealed.ciphertext).digest()


def test_one_cannot_seal_to_a_key_that_is_none() -> None:
    for public in (b"", bytes(32), b"\x01" + bytes(31), bytes(31)):
        with pytest.raises(sealing.ReaderKeyInvalid) as refused:
            sealing.seal(b"terms", AGREEMENT, {PARTNER: public}, commit)
        assert refused.value.reader == PARTNER.hex()
    for wrong in ({}, {b"short": PARTNER_KEY.public}, {i.to_bytes(32): PARTNER_KEY.public for i in range(65)}):
        with pytest.raises(ValueError, match="readers"):
            sealing.seal(b"terms", AGREEMENT, wrong, commit)


def test_an_agreement_s_secret_reaches_its_parties() -> None:
    content = sealing.write_sealed_file(sealing.seal_agreement_secret(SECRET, AGREEMENT, READERS), BANK, SENDER_KEY)
    file = sealing.read_sealed_file(content)

    file.verify_sender(SENDER_KEY.public)
    assert file.sender == BANK
    assert sealing.unseal_agreement_secret(file.sealed, AGREEMENT, PARTNER, PARTNER_KEY) == SECRET
    assert SECRET.hex().encode() not in content
    assert SECRET not in repr(file).encode()
    with pytest.raises(sealing.SealBroken, match="another agreement"):
        sealing.unseal_agreement_secret(file.sealed, DEPOSITORY, PARTNER, PARTNER_KEY)
    with pytest.raises(ValueError, match="32 bytes"):
        sealing.seal_agreement_secret(SECRET[1:], AGREEMENT, READERS)


def written() -> bytes:
    return sealing.write_sealed_file(sealing.seal_agreement_secret(SECRET, AGREEMENT, READERS), BANK, SENDER_KEY)


def test_a_file_in_another_s_name_is_found_out() -> None:
    document = json.loads(written())
    document["sender"] = DEPOSITORY.hex()
    file = sealing.read_sealed_file(rfc8785.dumps(document))

    with pytest.raises(SignatureInvalid):
        file.verify_sender(SENDER_KEY.public)
    with pytest.raises(SignatureInvalid):
        sealing.read_sealed_file(written()).verify_sender(Ed25519Key.generate().public)


def without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.pop(name)


def with_value(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.update({name: value})


def turn_readers(document: dict[str, Any]) -> None:
    document["readers"].reverse()


def repeat_reader(document: dict[str, Any]) -> None:
    document["readers"].append(document["readers"][-1])


def lengthen_reader(document: dict[str, Any]) -> None:
    document["readers"][0]["note"] = "x"


def shorten_key(document: dict[str, Any]) -> None:
    document["readers"][0]["key"] = document["readers"][0]["key"][2:]


@pytest.mark.parametrize(
    ("alter", "field"),
    [
        *((without(name), "file") for name in ("id", "version", "digest", "readers", "ciphertext", "signature")),
        (without("format"), "format"),
        (with_value("format", "tallystick-sealed/2"), "format"),
        (with_value("note", "hello"), "file"),
        (with_value("version", 0), "version"),
        (with_value("version", 65536), "version"),
        (with_value("version", True), "version"),
        (with_value("version", "1"), "version"),
        (with_value("id", "AB" * 32), "id"),
        (with_value("id", "0x" + "ab" * 31), "id"),
        (with_value("id", 7), "id"),
        (with_value("digest", "ab" * 31), "digest"),
        (with_value("readers", []), "readers"),
        (with_value("readers", {}), "readers"),
        (with_value("readers", ["x"]), "readers"),
        (with_value("readers", [{"member": "ab" * 32, "key": "cd" * 80}] * 65), "readers"),
        (turn_readers, "readers"),
        (repeat_reader, "readers"),
        (lengthen_reader, "readers"),
        (shorten_key, "key"),
        (with_value("ciphertext", "!!!!"), "ciphertext"),
        (with_value("ciphertext", ""), "ciphertext"),
        (with_value("ciphertext", None), "ciphertext"),
        (with_value("ciphertext", "A" * 79 + "B="), "ciphertext"),
        (with_value("ciphertext", "A" * 80), "ciphertext_digest"),
        (with_value("ciphertext_digest", "ab" * 32), "ciphertext_digest"),
        (with_value("sender", "ab"), "sender"),
        (with_value("signature", "ab" * 63), "signature"),
    ],
)
def test_a_file_of_another_shape_is_refused_by_field(alter: Callable[[dict[str, Any]], None], field: str) -> None:
    document = json.loads(written())
    alter(document)

    with pytest.raises(sealing.SealedFileMalformed) as refused:
        sealing.read_sealed_file(rfc8785.dumps(document))
    assert refused.value.field == field


@pytest.mark.parametrize(
    "alter",
    [
        lambda content: content + b"\n",
        lambda content: b" " + content,
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content[:-1],
        lambda content: content.replace(b'"version":1', b'"version":1,"version":1'),
        lambda content: content.replace(b'"version":1', b'"version":1.0'),
        lambda content: content.replace(b'"version":1', b'"version": 1'),
        lambda content: content.replace(b"tallystick", b"\\u0074allystick"),
        lambda _: b"",
        lambda _: b"[]",
        lambda _: b"\xff" * 100,
        lambda _: b"[" * 100_000,
        lambda _: b" " * (sealing.LARGEST_SEALED_FILE + 1),
    ],
)
def test_other_bytes_are_refused_even_if_they_mean_the_same(alter: Callable[[bytes], bytes]) -> None:
    with pytest.raises(sealing.SealedFileMalformed):
        sealing.read_sealed_file(alter(written()))


@settings(max_examples=150)
@given(st.data())
def test_no_altered_byte_of_a_file_passes(data: st.DataObject) -> None:
    content = bytearray(written())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))

    with pytest.raises((sealing.SealedFileMalformed, SignatureInvalid)):
        sealing.read_sealed_file(bytes(content)).verify_sender(SENDER_KEY.public)
