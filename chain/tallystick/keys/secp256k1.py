"""ECDSA over secp256k1 with public key recovery (SEC 1 §4.1.6), by libsecp256k1.

A signature here is 65 bytes `r32 ‖ s32 ‖ recId`, recId 0 or 1: whether the ephemeral point's y is odd.
(2 and 3 would mean that its x exceeded the group order; no signer ever produces one and no verifier here takes one.)
"""

from typing import ClassVar, NewType, Self

import coincurve

from tallystick.keccak import keccak256

from .errors import SignatureMalformed

__all__ = ["CURVE_ORDER", "HALF_ORDER", "ActKey", "Address", "address_of", "recover_address"]

Address = NewType("Address", bytes)
"""The last 20 bytes of the Keccak-256 of an uncompressed public key without its 0x04."""

CURVE_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
HALF_ORDER = CURVE_ORDER // 2
"""The largest s of a low-s signature (EIP-2)."""

_V_OFFSET = 27


class ActKey:
    """A secp256k1 key that signs acts and transactions. Never shown: `repr` gives the address alone."""

    __slots__ = ("_private", "address")

    SECRET_BYTES: ClassVar[int] = 32

    def __init__(self, secret: bytes) -> None:
        """Raises `ValueError` unless `secret` is 32 bytes that stand for 1 ≤ k < n."""
        if len(secret) != self.SECRET_BYTES or not 0 < int.from_bytes(secret) < CURVE_ORDER:
            raise ValueError("a secp256k1 secret is 32 bytes, from 1 to the group order − 1")
        self._private = coincurve.PrivateKey(secret)
        self.address = _address(self._private.public_key)

    @classmethod
    def generate(cls) -> Self:
        """A key from the operating system's randomness."""
        return cls(coincurve.PrivateKey().secret)

    @property
    def secret(self) -> bytes:
        """The 32 secret bytes, for the keystore only."""
        return self._private.secret

    @property
    def public_key(self) -> bytes:
        """The uncompressed public key: 65 bytes, 0x04 ‖ x ‖ y."""
        return self._private.public_key.format(compressed=False)

    def sign_recoverable(self, digest: bytes) -> bytes:
        """Sign 32 bytes as they are: `r ‖ s ‖ recId` with low s and recId 0 or 1 (RFC 6979 nonce)."""
        return self._private.sign_recoverable(digest, hasher=None)

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign 32 bytes as they are, in the form contracts take: `r ‖ s ‖ v` with low s and v 27 or 28."""
        signature = self._private.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([_V_OFFSET + signature[64]])

    def __repr__(self) -> str:
        return f"ActKey(0x{self.address.hex()})"


def address_of(public_key: bytes) -> Address:
    """The address of a public key given as its 64 bytes x ‖ y. Raises `ValueError` if that is no point of the curve."""
    if len(public_key) != 64:
        raise ValueError(f"a public key x ‖ y has 64 bytes, not {len(public_key)}")
    return _address(coincurve.PublicKey(b"\x04" + public_key))


def recover_address(digest: bytes, signature: bytes) -> Address:
    """Whose key made `signature`, 65 bytes `r ‖ s ‖ recId`, over exactly these 32 bytes.

    High s is taken: both of a mirrored pair give the same signer, so count signers and not signatures.
    Raises `SignatureMalformed`.
    """
    if len(signature) != 65:
        raise SignatureMalformed(f"a recoverable signature has 65 bytes, not {len(signature)}", found=len(signature))
    if signature[64] > 1:
        raise SignatureMalformed(f"the recovery id is {signature[64]}, not 0 or 1", found=signature[64])
    try:
        public_key = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except ValueError:
        raise SignatureMalformed("r or s is out of range, or no key could have made this signature") from None
    return _address(public_key)


def _address(public_key: coincurve.PublicKey) -> Address:
    return Address(keccak256(public_key.format(compressed=False)[1:])[12:])
