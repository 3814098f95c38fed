"""Keccak-256 as the EVM and Ethereum block headers use it (the padding from before FIPS 202)."""

from Crypto.Hash import keccak

__all__ = ["keccak256"]


def keccak256(message: bytes) -> bytes:
    """The 32-byte Keccak-256 digest of `message`."""
    return keccak.new(digest_bits=256, data=message).digest()
