"""Chain transactions that carry acts: legacy transactions without a fee (EIP-155), signed by the sender's key.

The sender has no authority: the acts inside carry their members' own signatures.
"""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.keccak import keccak256
from tallystick.keys import ActKey, Address
from tallystick.rlp import Item, encode, encode_integer

__all__ = ["SignedTransaction", "created_address", "sign_transaction"]


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """The bytes to send, and their hash."""

    raw: bytes
    hash: bytes


def sign_transaction(
    key: ActKey, *, chain_id: int, nonce: int, gas: int, to: bytes | None, data: bytes
) -> SignedTransaction:
    """A transaction of value 0 at gas price 0; `to` None creates a contract. Same arguments, same bytes (RFC 6979)."""
    fields: list[Item] = [encode_integer(nonce), b"", encode_integer(gas), to or b"", b"", data]
    digest = keccak256(encode([*fields, encode_integer(chain_id), b"", b""]))
    signature = key.sign_recoverable(digest)
    v = encode_integer(2 * chain_id + 35 + signature[64])
    raw = encode([*fields, v, signature[:32].lstrip(b"\0"), signature[32:64].lstrip(b"\0")])
    return SignedTransaction(raw, keccak256(raw))


def created_address(sender: bytes, nonce: int) -> Address:
    """Where a contract created by this transaction of `sender` will stand."""
    return Address(keccak256(encode([sender, encode_integer(nonce)]))[12:])
