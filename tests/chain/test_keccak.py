"""Keccak-256 is Ethereum's, not the SHA3-256 of FIPS 202."""

import hashlib

from tallystick.keccak import keccak256


def test_known_digests() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"

    assert keccak256(b"").hex() == empty
    assert keccak256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
    assert keccak256(b"") != hashlib.sha3_256(b"").digest()
