"""Keys sign as contracts and other implementations expect, and never show themselves."""

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from tallystick.keys import (
    CURVE_ORDER,
    HALF_ORDER,
    ActKey,
    Ed25519Key,
    SignatureInvalid,
    SignatureMalformed,
    X25519Key,
    recover_address,
    verify_ed25519,
)

SECRETS = st.integers(1, CURVE_ORDER - 1).map(lambda k: k.to_bytes(32))
DIGESTS = st.binary(min_size=32, max_size=32)


@given(SECRETS, DIGESTS)
def test_an_act_key_signs_like_another_implementation(secret: bytes, digest: bytes) -> None:
    key = ActKey(secret)
    theirs = Account.from_key(secret)
    signature = key.sign_digest(digest)

    assert key.address == bytes.fromhex(theirs.address[2:])
    assert signature == theirs.unsafe_sign_hash(digest).signature
    assert int.from_bytes(signature[32:64]) <= HALF_ORDER


@given(SECRETS, DIGESTS)
def test_a_mirrored_signature_has_the_same_signer(secret: bytes, digest: bytes) -> None:
    signature = ActKey(secret).sign_recoverable(digest)
    s = CURVE_ORDER - int.from_bytes(signature[32:64])
    mirrored = signature[:32] + s.to_bytes(32) + bytes([signature[64] ^ 1])

    assert recover_address(digest, mirrored) == recover_address(digest, signature) == ActKey(secret).address


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        bytes(64),
        bytes(65),
        bytes(66),
        b"\x01" * 64 + b"\x02",
        b"\x01" * 64 + b"\x1b",
        b"\xff" * 64 + b"\x00",
        CURVE_ORDER.to_bytes(32) + b"\x01" * 32 + b"\x00",
        b"\x01" * 32 + CURVE_ORDER.to_bytes(32) + b"\x00",
        (5).to_bytes(32) + b"\x01" * 32 + b"\x00",  # no point of the curve has x = 5
    ],
)
def test_bytes_no_key_could_have_made_are_refused(signature: bytes) -> None:
    with pytest.raises(SignatureMalformed):
        recover_address(b"d" * 32, signature)


@pytest.mark.parametrize("secret", [b"", bytes(32), b"\xff" * 32, b"\x01" * 31, CURVE_ORDER.to_bytes(32)])
def test_a_secret_outside_the_group_is_no_key(secret: bytes) -> None:
    with pytest.raises(ValueError, match="secp256k1"):
        ActKey(secret)


def test_a_key_never_shows_its_secret() -> None:
    for key in (ActKey.generate(), Ed25519Key.generate(), X25519Key.generate()):
        assert key.secret.hex() not in repr(key)


def test_an_ed25519_signature_holds_for_its_key_and_bytes_only() -> None:
    key = Ed25519Key.generate()
    signature = key.sign(b"hello")

    verify_ed25519(key.public, signature, b"hello")
    for public, bad, message in [
        (Ed25519Key.generate().public, signature, b"hello"),
        (key.public, signature, b"hullo"),
        (key.public, signature[:-1], b"hello"),
        (key.public[:-1], signature, b"hello"),
    ]:
        with pytest.raises(SignatureInvalid):
            verify_ed25519(public, bad, message)
