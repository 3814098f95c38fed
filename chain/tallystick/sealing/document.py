"""Sealing a document for several readers (`protocol.md` §10).

AES-256-GCM under a fresh data key; the data key is wrapped once a reader by HPKE (RFC 9180, base mode: X25519,
HKDF-SHA256, AES-256-GCM). GCM does not commit to its key, so one ciphertext could open to different texts for
different readers; therefore every document carries a digest of its plaintext, which opening recomputes.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from tallystick.keys import X25519Key

from .errors import CommitmentDiffers, NotAReader, ReaderKeyInvalid, SealBroken

__all__ = ["Commit", "Sealed", "seal", "seal_under", "unseal", "unseal_under", "unwrap", "wrap"]

Commit: TypeAlias = Callable[[bytes], bytes]
"""The 32-byte digest of a plaintext. Everyone sees it: of a plaintext that could be guessed it must be salted."""

MAX_READERS: Final = 64
WRAPPED_KEY_BYTES: Final = 32 + 32 + 16
SMALLEST_CIPHERTEXT: Final = 12 + 16
_NONCE_BYTES: Final = 12
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed document: `id` and `digest` of 32 bytes, the data key wrapped for each reader, `nonce ‖ text ‖ tag`."""

    id: bytes
    version: int
    digest: bytes
    wrapped_keys: Mapping[bytes, bytes]
    ciphertext: bytes

    @property
    def ciphertext_digest(self) -> bytes:
        """The name under which the ciphertext is stored: its SHA-256."""
        return hashlib.sha256(self.ciphertext).digest()


def seal(
    plaintext: bytes, document_id: bytes, readers: Mapping[bytes, bytes], commit: Commit, version: int = 1
) -> Sealed:
    """Seal `plaintext` so that each of `readers` (member id to X25519 public key) can open it alone.

    Raises `ReaderKeyInvalid`; `ValueError` unless there are 1 to 64 readers and ids of 32 bytes.
    """
    return seal_under(AESGCM.generate_key(256), plaintext, document_id, readers, commit, version)


def seal_under(
    data_key: bytes, plaintext: bytes, document_id: bytes, readers: Mapping[bytes, bytes], commit: Commit, version: int
) -> Sealed:
    """As `seal`, under a data key that MUST be fresh: for this document and no other."""
    if not 0 < len(readers) <= MAX_READERS or any(len(each) != 32 for each in [document_id, *readers]):
        raise ValueError(f"a document has an id of 32 bytes and 1 to {MAX_READERS} readers with ids of 32 bytes")
    digest = commit(plaintext)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    ciphertext = nonce + AESGCM(data_key).encrypt(nonce, plaintext, _bound(document_id, version, digest))
    wrapped = {
        reader: wrap(data_key, readers[reader], reader, _info(document_id, reader, readers))
        for reader in sorted(readers)
    }
    return Sealed(document_id, version, digest, wrapped, ciphertext)


def unseal(sealed: Sealed, reader: bytes, key: X25519Key, commit: Commit) -> bytes:
    """The plaintext, opened by `reader` with its SEAL key.

    Raises `NotAReader`, `SealBroken`, and `CommitmentDiffers` if what comes out does not have the document's digest.
    """
    if reader not in sealed.wrapped_keys:
        raise NotAReader(reader=reader.hex())
    info = _info(sealed.id, reader, sealed.wrapped_keys)
    return unseal_under(unwrap(sealed.wrapped_keys[reader], key, info), sealed, commit)


def unseal_under(data_key: bytes, sealed: Sealed, commit: Commit) -> bytes:
    """The plaintext, by the data key itself. Raises `SealBroken`, `CommitmentDiffers`."""
    try:
        opener = AESGCM(data_key)
        nonce, text = sealed.ciphertext[:_NONCE_BYTES], sealed.ciphertext[_NONCE_BYTES:]
        plaintext = opener.decrypt(nonce, text, _bound(sealed.id, sealed.version, sealed.digest))
    except (InvalidTag, ValueError):
        raise SealBroken(reason="the ciphertext, its id, version or digest was altered") from None
    if commit(plaintext) != sealed.digest:
        raise CommitmentDiffers
    return plaintext


def wrap(data_key: bytes, public: bytes, reader: bytes, info: bytes) -> bytes:
    """The key, for the holder of the X25519 key `public` (HPKE). Raises `ReaderKeyInvalid` naming `reader`."""
    try:
        return _SUITE.encrypt(data_key, X25519PublicKey.from_public_bytes(public), info)
    except ValueError:
        raise ReaderKeyInvalid(reader=reader.hex()) from None


def unwrap(wrapped: bytes, key: X25519Key, info: bytes) -> bytes:
    """What `wrap` wrapped. Raises `SealBroken`."""
    try:
        return _SUITE.decrypt(wrapped, key.private, info)
    except (InvalidTag, ValueError):
        raise SealBroken(reason="the wrapped key is not for this reader, document and reader list") from None


def _bound(document_id: bytes, version: int, digest: bytes) -> bytes:
    return document_id + version.to_bytes(2) + digest


def _info(document_id: bytes, reader: bytes, readers: Mapping[bytes, bytes]) -> bytes:
    return b"tallystick/v1" + document_id + reader + hashlib.sha256(b"".join(sorted(readers))).digest()
