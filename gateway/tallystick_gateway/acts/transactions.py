"""Chain transactions that carry acts: legacy transactions without a fee (EIP-155), signed by the sender's key."""

from dataclasses import dataclass

from tallystick.keccak import keccak256
from tallystick.keys import ActKey
from tallystick.rlp import Item, encode, encode_integer

__all__ = ["SignedTransaction", "sign_transaction"]


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """The bytes to send, and their hash."""

    raw: bytes
    hash: bytes


def sign_transaction(
    key: ActKey, *, chain_id: int, nonce: int, gas: int, to: bytes, data: bytes
) -> SignedTransaction:
    """A transaction of value 0 at gas price 0; the same arguments give the same bytes (RFC 6979)."""
    fields: list[Item] = [encode_integer(nonce), b"", encode_integer(gas), to, b"", data]
    digest = keccak256(encode([*fields, encode_integer(chain_id), b"", b""]))
    signature = key.sign_recoverable(digest)
    v = encode_integer(2 * chain_id + 35 + signature[64])
    raw = encode([*fields, v, signature[:32].lstrip(b"\0"), signature[32:64].lstrip(b"\0")])
    return SignedTransaction(raw, keccak256(raw))
