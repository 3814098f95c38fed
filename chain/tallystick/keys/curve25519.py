"""Ed25519 signatures (RFC 8032) and X25519 key agreement (RFC 7748), by `cryptography`."""

from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from .errors import SignatureInvalid

__all__ = ["Ed25519Key", "X25519Key", "verify_ed25519"]


class Ed25519Key:
    """A key with which a gateway, or a client of its API, proves who it is. `repr` shows the public half alone."""

    __slots__ = ("private", "public")

    def __init__(self, secret: bytes) -> None:
        """Raises `ValueError` unless `secret` is the 32-byte seed of RFC 8032."""
        self.private = Ed25519PrivateKey.from_private_bytes(secret)
        self.public = self.private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Self:
        """A key from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def secret(self) -> bytes:
        """The 32-byte seed, for the keystore only."""
        return self.private.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message` (no pre-hash)."""
        return self.private.sign(message)

    def __repr__(self) -> str:
        return f"Ed25519Key({self.public.hex()})"


class X25519Key:
    """A key to which documents are sealed (`tallystick.sealing`). `repr` shows the public half alone."""

    __slots__ = ("private", "public")

    def __init__(self, secret: bytes) -> None:
        """Raises `ValueError` unless `secret` is 32 bytes."""
        self.private = X25519PrivateKey.from_private_bytes(secret)
        self.public = self.private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Self:
        """A key from the operating system's randomness."""
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @property
    def secret(self) -> bytes:
        """The 32 secret bytes, for the keystore only."""
        return self.private.private_bytes_raw()

    def __repr__(self) -> str:
        return f"X25519Key({self.public.hex()})"


def verify_ed25519(public: bytes, signature: bytes, message: bytes) -> None:
    """Raises `SignatureInvalid` unless the holder of the 32-byte key `public` signed `message`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise SignatureInvalid("the Ed25519 signature is not by this key over these bytes") from None
