"""Handing an agreement's secret to its parties (`protocol.md` §5 and §10).

The document's id is the agreement's, its digest SHA-256("tallystick-agreement-secret/v1" ‖ agreement ‖ secret): the
secret is 32 random bytes, so its digest gives nothing away.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from tallystick.keys import X25519Key

from .document import Commit, Sealed, seal, unseal
from .errors import SealBroken

__all__ = ["seal_agreement_secret", "unseal_agreement_secret"]

_SECRET_BYTES: Final = 32


def seal_agreement_secret(secret: bytes, agreement: bytes, readers: Mapping[bytes, bytes]) -> Sealed:
    """Seal the 32-byte secret of `agreement` for `readers` (member id to X25519 public key). Raises as `seal` does."""
    if len(secret) != _SECRET_BYTES:
        raise ValueError("an agreement's secret has 32 bytes")
    return seal(secret, agreement, readers, _commit_for(agreement))


def unseal_agreement_secret(sealed: Sealed, agreement: bytes, reader: bytes, key: X25519Key) -> bytes:
    """The secret of `agreement`. Raises as `unseal` does, and `SealBroken` if the document is another agreement's."""
    if sealed.id != agreement:
        raise SealBroken(reason="it holds the secret of another agreement")
    secret = unseal(sealed, reader, key, _commit_for(agreement))
    if len(secret) != _SECRET_BYTES:
        raise SealBroken(reason=f"the secret has {len(secret)} bytes, not {_SECRET_BYTES}")
    return secret


def _commit_for(agreement: bytes) -> Commit:
    return lambda secret: hashlib.sha256(b"tallystick-agreement-secret/v1" + agreement + secret).digest()
