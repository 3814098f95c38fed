"""A second implementation, written from docs/formats.md alone: what its parts have in common.

Nothing of `tallystick` is used: hashes and ciphers of other libraries, and the formulas of the page. So a page that
leaves something out, or says it otherwise than the code does it, fails.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eth_keys.datatypes import Signature
from eth_utils.crypto import keccak

from .page import PAGE, examples, tables

TEXT = PAGE.read_text("utf-8")
SHOWN = {example.name: example.members for example in examples(TEXT)}
Shown = Mapping[str, Any]


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def unhex(text: str | list[str]) -> bytes:
    return bytes.fromhex((text if isinstance(text, str) else "".join(text)).removeprefix("0x"))


def unhexed(texts: list[str]) -> list[bytes]:
    return [unhex(text) for text in texts]


def u(bits: int, number: int) -> bytes:
    return number.to_bytes(bits // 8)


def mac(secret: str, text: str) -> bytes:
    return hmac.digest(unhex(secret), text.encode(), "sha256")


TYPES = {line.partition("(")[0]: line for line in tables(TEXT)["type-strings"].splitlines() if "(" in line}


def encode_data(kind: str, message: Shown) -> bytes:
    inside = TYPES[kind].partition("(")[2].partition(")")[0]
    members = (member.split(" ") for member in inside.split(","))
    return keccak(TYPES[kind].encode()) + b"".join(word(of, message[name]) for of, name in members)


def word(of: str, value: Any) -> bytes:
    if of.endswith("[]"):
        return keccak(b"".join(word(of[:-2], each) for each in value))
    if of in TYPES:
        return keccak(encode_data(of, value))
    if of == "string":
        return keccak(value.encode())
    if of == "bytes":
        return keccak(unhex(value))
    if of.startswith("uint"):
        return u(256, value)
    return unhex(value).rjust(32, b"\0") if of == "address" else unhex(value).ljust(32, b"\0")


def act_id(kind: str, message: Shown, chain_id: int, contract: str) -> bytes:
    domain_type = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    domain = keccak(
        b"".join(
            [keccak(domain_type), keccak(b"Tallystick"), keccak(b"1"), u(256, chain_id), word("address", contract)]
        )
    )
    return keccak(b"\x19\x01" + domain + keccak(encode_data(kind, message)))


def signer(digest: bytes, signature: bytes, offset: int) -> str:
    made = Signature(signature[:64] + bytes([signature[64] - offset]))
    return made.recover_public_key_from_msg_hash(digest).to_address()


def root_of(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else sha()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\x01", root_of(leaves[:k]), root_of(leaves[k:]))


def hpke_open(wrapped: bytes, secret: bytes, info: bytes) -> bytes:
    """RFC 9180, base mode, single shot, by its sections 4.1 and 5.1; HKDF by RFC 5869."""
    key = X25519PrivateKey.from_private_bytes(secret)
    shared = key.exchange(X25519PublicKey.from_public_bytes(wrapped[:32]))
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"

    def extract(salt: bytes, ids: bytes, label: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt, b"HPKE-v1" + ids + label + ikm, "sha256")

    def expand(prk: bytes, ids: bytes, label: bytes, text: bytes, size: int) -> bytes:
        return hmac.digest(prk, u(16, size) + b"HPKE-v1" + ids + label + text + b"\x01", "sha256")[:size]

    context = wrapped[:32] + key.public_key().public_bytes_raw()
    agreed = expand(extract(b"", kem, b"eae_prk", shared), kem, b"shared_secret", context, 32)
    schedule = b"\x00" + extract(b"", suite, b"psk_id_hash", b"") + extract(b"", suite, b"info_hash", info)
    prk = extract(agreed, suite, b"secret", b"")
    cipher = AESGCM(expand(prk, suite, b"key", schedule, 32))
    return cipher.decrypt(expand(prk, suite, b"base_nonce", schedule, 12), wrapped[32:], b"")
