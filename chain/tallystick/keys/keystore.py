"""The file in which a member keeps its keys: `tallystick-keystore/v1`.

One scrypt run (RFC 7914) over the passphrase gives the key that unlocks the file. Every entry is sealed by itself
with AES-256-GCM under that key, bound to its name, purpose, kind and public half: entries cannot be swapped,
renamed or given another public key without the passphrase.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Self

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from tallystick.strictjson import JsonMalformed, loads_object

from .curve25519 import Ed25519Key, X25519Key
from .errors import (
    KeyKindWrong,
    KeyNameTaken,
    KeystoreDamaged,
    KeystoreExists,
    KeyUnknown,
    PassphraseWrong,
)
from .secp256k1 import ActKey

__all__ = ["KeyKind", "Keystore", "PublicEntry", "ScryptCost"]

_FORMAT = "tallystick-keystore/v1"
_NONCE_BYTES = 12
_LARGEST_FILE = 1 << 20


class KeyKind(StrEnum):
    """What the 32 secret bytes of an entry are."""

    SECP256K1 = "secp256k1"
    ED25519 = "ed25519"
    X25519 = "x25519"
    SYMMETRIC = "symmetric"


@dataclass(frozen=True, slots=True)
class ScryptCost:
    """Cost of one try of a passphrase: 128·n·r bytes of memory. The default takes 128 MiB, about half a second."""

    n: int = 1 << 17
    r: int = 8
    p: int = 1

    def __post_init__(self) -> None:
        """Raises `ValueError` unless n is a power of two in 2^10…2^20 and r, p are within 1…16 and 1…4."""
        if self.n.bit_count() != 1 or not 1 << 10 <= self.n <= 1 << 20 or not 1 <= self.r <= 16 or not 1 <= self.p <= 4:
            raise ValueError(f"scrypt cost out of bounds: n={self.n} r={self.r} p={self.p}")


@dataclass(frozen=True, slots=True)
class PublicEntry:
    """What anyone who can read the file may know of an entry. `public` is empty for a symmetric secret."""

    name: str
    purpose: str
    kind: KeyKind
    public: bytes

    def bound_bytes(self) -> bytes:
        """What the sealed secret is bound to (additional data of AES-GCM)."""
        return rfc8785.dumps([_FORMAT, self.name, self.purpose, self.kind.value, self.public.hex()])


_CHECK = PublicEntry("", "passphrase check", KeyKind.SYMMETRIC, b"")


class Keystore:
    """An unlocked keystore. Each addition is written to disk, whole and at once, before it returns."""

    LARGEST_NAME: ClassVar[int] = 64

    def __init__(
        self, path: Path, cost: ScryptCost, salt: bytes, unlock: bytes, entries: dict[str, tuple[PublicEntry, bytes]]
    ) -> None:
        """Private: use `create` or `open`."""
        self._path = path
        self._cost = cost
        self._salt = salt
        self._cipher = AESGCM(unlock)
        self._entries = entries

    @classmethod
    def create(cls, path: Path, passphrase: str, cost: ScryptCost | None = None) -> Self:
        """Make an empty keystore at `path`, readable by its owner alone (0600).

        Raises `KeystoreExists`; `ValueError` for an empty passphrase.
        """
        if not passphrase:
            raise ValueError("a keystore needs a passphrase")
        if path.exists():
            raise KeystoreExists(f"a keystore is already at {path.name}", path=path)
        cost = cost or ScryptCost()
        salt = secrets.token_bytes(32)
        keystore = cls(path, cost, salt, _derive(passphrase, salt, cost), {})
        keystore._write()
        return keystore

    @classmethod
    def open(cls, path: Path, passphrase: str) -> Self:
        """Unlock the keystore at `path`.

        Raises `PassphraseWrong`, `KeystoreDamaged`, `FileNotFoundError`.
        """
        parsed = _parse(path)
        keystore = cls(path, parsed.cost, parsed.salt, _derive(passphrase, parsed.salt, parsed.cost), parsed.entries)
        try:
            keystore._unseal(_CHECK, parsed.check)
        except InvalidTag:
            raise PassphraseWrong(f"the passphrase does not unlock {path.name}", path=path) from None
        return keystore

    @staticmethod
    def read_public(path: Path) -> dict[str, PublicEntry]:
        """The public parts, without a passphrase and therefore as the file claims them. Raises `KeystoreDamaged`."""
        return {name: entry for name, (entry, _) in _parse(path).entries.items()}

    @property
    def public(self) -> Mapping[str, PublicEntry]:
        """Every entry's public part by name."""
        return {name: entry for name, (entry, _) in self._entries.items()}

    def generate(self, name: str, kind: KeyKind, purpose: str) -> PublicEntry:
        """Add a fresh key. Raises `KeyNameTaken`."""
        secret = ActKey.generate().secret if kind is KeyKind.SECP256K1 else secrets.token_bytes(32)
        return self.add(name, kind, purpose, secret)

    def add(self, name: str, kind: KeyKind, purpose: str, secret: bytes) -> PublicEntry:
        """Add a key that exists already. Raises `KeyNameTaken`; `ValueError` if `secret` is no such key."""
        if not 0 < len(name) <= self.LARGEST_NAME or not name.isascii() or not name.isprintable():
            raise ValueError(f"an entry's name has 1 to {self.LARGEST_NAME} printable ASCII characters")
        if name in self._entries:
            raise KeyNameTaken(f"the keystore has an entry {name} already", name=name)
        entry = PublicEntry(name, purpose, kind, _public_half(kind, secret))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        self._entries[name] = (entry, nonce + self._cipher.encrypt(nonce, secret, entry.bound_bytes()))
        try:
            self._write()
        except OSError:
            del self._entries[name]
            raise
        return entry

    def act_key(self, name: str) -> ActKey:
        """The secp256k1 key `name`. Raises `KeyUnknown`, `KeyKindWrong`, `KeystoreDamaged`."""
        return ActKey(self._secret(name, KeyKind.SECP256K1))

    def ed25519(self, name: str) -> Ed25519Key:
        """The Ed25519 key `name`. Raises `KeyUnknown`, `KeyKindWrong`, `KeystoreDamaged`."""
        return Ed25519Key(self._secret(name, KeyKind.ED25519))

    def x25519(self, name: str) -> X25519Key:
        """The X25519 key `name`. Raises `KeyUnknown`, `KeyKindWrong`, `KeystoreDamaged`."""
        return X25519Key(self._secret(name, KeyKind.X25519))

    def symmetric(self, name: str) -> bytes:
        """The 32-byte secret `name`. Raises `KeyUnknown`, `KeyKindWrong`, `KeystoreDamaged`."""
        return self._secret(name, KeyKind.SYMMETRIC)

    def __repr__(self) -> str:
        return f"Keystore({self._path.name}: {', '.join(self._entries)})"

    def _secret(self, name: str, kind: KeyKind) -> bytes:
        if name not in self._entries:
            raise KeyUnknown(f"the keystore has no entry {name}", name=name)
        entry, sealed = self._entries[name]
        if entry.kind is not kind:
            raise KeyKindWrong(f"entry {name} is {entry.kind}, not {kind}", name=name, kind=entry.kind)
        try:
            secret = self._unseal(entry, sealed)
        except InvalidTag:
            raise KeystoreDamaged(f"entry {name} of the keystore was altered", name=name) from None
        return secret

    def _unseal(self, entry: PublicEntry, sealed: bytes) -> bytes:
        return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], entry.bound_bytes())

    def _write(self) -> None:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        document = {
            "format": _FORMAT,
            "scrypt": {"n": self._cost.n, "r": self._cost.r, "p": self._cost.p, "salt": self._salt.hex()},
            "check": (nonce + self._cipher.encrypt(nonce, b"", _CHECK.bound_bytes())).hex(),
            "entries": {
                name: {
                    "purpose": entry.purpose,
                    "kind": entry.kind.value,
                    "public": entry.public.hex(),
                    "sealed": sealed.hex(),
                }
                for name, (entry, sealed) in self._entries.items()
            },
        }
        _replace_file(self._path, json.dumps(document, indent=1).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class _Parsed:
    cost: ScryptCost
    salt: bytes
    check: bytes
    entries: dict[str, tuple[PublicEntry, bytes]]


def _parse(path: Path) -> _Parsed:
    with path.open("rb") as file:
        text = file.read(_LARGEST_FILE + 1)
    try:
        document: Any = loads_object(text, max_bytes=_LARGEST_FILE)
        if document["format"] != _FORMAT:
            raise ValueError(f"format is not {_FORMAT}")
        scrypt = document["scrypt"]
        return _Parsed(
            ScryptCost(scrypt["n"], scrypt["r"], scrypt["p"]),
            bytes.fromhex(scrypt["salt"]),
            bytes.fromhex(document["check"]),
            {name: _parse_entry(name, entry) for name, entry in document["entries"].items()},
        )
    except (JsonMalformed, ValueError, KeyError, TypeError, AttributeError) as why:
        raise KeystoreDamaged(f"{path.name} is not a keystore: {why}", path=path) from None


def _parse_entry(name: str, entry: dict[str, str]) -> tuple[PublicEntry, bytes]:
    sealed = bytes.fromhex(entry["sealed"])
    if len(sealed) != _NONCE_BYTES + 32 + 16:
        raise ValueError(f"entry {name} has a sealed part of {len(sealed)} bytes")
    return PublicEntry(name, entry["purpose"], KeyKind(entry["kind"]), bytes.fromhex(entry["public"])), sealed


def _derive(passphrase: str, salt: bytes, cost: ScryptCost) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost.n, r=cost.r, p=cost.p).derive(passphrase.encode())


def _public_half(kind: KeyKind, secret: bytes) -> bytes:
    match kind:
        case KeyKind.SECP256K1:
            return ActKey(secret).public_key
        case KeyKind.ED25519:
            return Ed25519Key(secret).public
        case KeyKind.X25519:
            return X25519Key(secret).public
        case KeyKind.SYMMETRIC:
            if len(secret) != 32:
                raise ValueError("a symmetric secret has 32 bytes")
            return b""


def _replace_file(path: Path, content: bytes) -> None:
    """Put `content` at `path` durably: after a crash there is the old file or the new one, never a part."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
