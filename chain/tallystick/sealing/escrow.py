"""Split escrow: what a loan's arbitrator may come to read, and neither holder alone can (`protocol.md` §10).

Each of two holders (the depository and the arbitration body) keeps one secret. For each loan it derives an X25519 key
from it and gives the lender the public half, signed. A document's data key is split into two parts, whose exclusive or
it is, and each part is sealed (HPKE) to its holder. A holder releases the private key of one loan, which opens its part
of that loan's documents and nothing else.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tallystick.keys import Ed25519Key, X25519Key, verify_ed25519

from .document import Commit, Sealed, seal_under, unseal_under, unwrap, wrap
from .errors import EscrowIncomplete

__all__ = [
    "EscrowKey",
    "Escrowed",
    "escrow_key",
    "open_part",
    "seal_in_escrow",
    "sign_escrow_key",
    "unseal_from_escrow",
]

_INFO: Final = b"tallystick-escrow/v1"
_STATEMENT: Final = b"tallystick-escrow-key/v1\x00"
_KEY_BYTES: Final = 32
_HOLDERS: Final = 2


@dataclass(frozen=True, slots=True)
class EscrowKey:
    """The public half of `holder`'s key for one loan, signed by its EXCHANGE key."""

    holder: bytes
    loan: bytes
    public: bytes
    signature: bytes

    def verify(self, exchange_key: bytes) -> None:
        """Raises `tallystick.keys.SignatureInvalid` unless the holder of this EXCHANGE key signed."""
        verify_ed25519(exchange_key, self.signature, _statement(self.holder, self.loan, self.public))


@dataclass(frozen=True, slots=True)
class Escrowed:
    """The two parts of a document's data key, each wrapped for its holder; `loan` says which keys open them."""

    loan: bytes
    parts: Mapping[bytes, bytes]


def escrow_key(secret: bytes, loan: bytes) -> X25519Key:
    """A holder's key for one loan: HKDF-SHA256(ikm = secret, no salt, info = "tallystick-escrow/v1" ‖ loan key).

    Raises `ValueError` unless both have 32 bytes.
    """
    if len(secret) != _KEY_BYTES or len(loan) != _KEY_BYTES:
        raise ValueError("a holder's secret and a loan key have 32 bytes")
    return X25519Key(HKDF(SHA256(), _KEY_BYTES, salt=None, info=_INFO + loan).derive(secret))


def sign_escrow_key(holder: bytes, loan: bytes, secret: bytes, exchange: Ed25519Key) -> EscrowKey:
    """What the holder gives the lender of a loan. Raises as `escrow_key` does."""
    public = escrow_key(secret, loan).public
    return EscrowKey(holder, loan, public, exchange.sign(_statement(holder, loan, public)))


def seal_in_escrow(
    plaintext: bytes,
    document_id: bytes,
    readers: Mapping[bytes, bytes],
    holders: Mapping[bytes, EscrowKey],
    commit: Commit,
    version: int = 1,
) -> tuple[Sealed, Escrowed]:
    """Seal for `readers` (as `seal` does), and in escrow for exactly two `holders`, whose keys MUST have been verified.

    Raises `ReaderKeyInvalid`; `ValueError` unless there are two holders with keys of one loan, and as `seal` does.
    """
    loans = {key.loan for key in holders.values()}
    if len(holders) != _HOLDERS or len(loans) != 1 or any(holder != key.holder for holder, key in holders.items()):
        raise ValueError("escrow has two holders, each with its own key of one loan")
    (loan,) = loans
    first = secrets.token_bytes(_KEY_BYTES)
    data_key = secrets.token_bytes(_KEY_BYTES)
    parts = (first, _xor(first, data_key))
    wrapped = {
        holder: wrap(part, holders[holder].public, holder, _part_info(document_id, loan, holder, holders))
        for holder, part in zip(sorted(holders), parts, strict=True)
    }
    return seal_under(data_key, plaintext, document_id, readers, commit, version), Escrowed(loan, wrapped)


def open_part(sealed: Sealed, escrowed: Escrowed, holder: bytes, key: X25519Key) -> bytes:
    """The holder's part, by its private key of that loan: useless without the other.

    Raises `EscrowIncomplete` if it holds none, `SealBroken` if the key is of another loan, or anything was altered.
    """
    if holder not in escrowed.parts:
        raise EscrowIncomplete(reason=f"{holder.hex()} holds no part of it")
    return unwrap(escrowed.parts[holder], key, _part_info(sealed.id, escrowed.loan, holder, escrowed.parts))


def unseal_from_escrow(sealed: Sealed, escrowed: Escrowed, parts: Mapping[bytes, bytes], commit: Commit) -> bytes:
    """The plaintext, from the parts of both holders.

    Raises `EscrowIncomplete` unless each holder's part is there; `SealBroken` if they do not belong together;
    `CommitmentDiffers`.
    """
    if parts.keys() != escrowed.parts.keys() or len(parts) != _HOLDERS:
        raise EscrowIncomplete(reason="the parts of both holders are needed, and nobody else's")
    one, other = parts.values()
    if len(one) != _KEY_BYTES or len(other) != _KEY_BYTES:
        raise EscrowIncomplete(reason="a part has 32 bytes")
    return unseal_under(_xor(one, other), sealed, commit)


def _part_info(document_id: bytes, loan: bytes, holder: bytes, holders: Mapping[bytes, object]) -> bytes:
    return _INFO + document_id + loan + holder + hashlib.sha256(b"".join(sorted(holders))).digest()


def _statement(holder: bytes, loan: bytes, public: bytes) -> bytes:
    return _STATEMENT + holder + loan + public


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
