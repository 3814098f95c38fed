"""Secrets at rest: wrapped by the gateway's key-encryption key, bound to what they belong to (`protocol.md` §1)."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tallystick_gateway.kit.errors import GatewayError

__all__ = ["Vault", "WrappedSecretDamaged"]

_NONCE = 12


class WrappedSecretDamaged(GatewayError):
    """A stored secret does not open under this gateway's key, or stands in another's place"""

    status = 500
    code = "vault.damaged"
    advice = "Restore the database and the keystore from one backup; they belong together."


class Vault:
    """AES-256-GCM under the keystore's `kek`; stored as nonce12 ‖ ciphertext ‖ tag16."""

    def __init__(self, kek: bytes) -> None:
        self._cipher = AESGCM(kek)

    def wrap(self, secret: bytes, bound_to: bytes) -> bytes:
        """Seal `secret` so that it opens only together with `bound_to` (an id or a digest)."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret, bound_to)

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        """The secret; raises `WrappedSecretDamaged`."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound_to)
        except (InvalidTag, ValueError) as damaged:
            raise WrappedSecretDamaged("A stored secret does not open.") from damaged
