"""A sealed document as a file that one member hands to another: `tallystick-sealed/1`.

RFC 8785 JSON with exactly these members: `format`, `id`, `version`, `digest`, `readers` (each `member` and `key`,
ascending by member), `ciphertext_digest`, `ciphertext` (base64), `sender`, `signature`. The sender signs, with its
Ed25519 EXCHANGE key, `"tallystick-sealed/1" ‖ 0x00 ‖` the JSON of all members but `ciphertext` and `signature`:
HPKE alone would let anybody seal anything in the sender's name.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

from tallystick.keys import Ed25519Key, verify_ed25519
from tallystick.strictjson import Json, JsonMalformed, loads_object

from .document import MAX_READERS, SMALLEST_CIPHERTEXT, WRAPPED_KEY_BYTES, Sealed
from .errors import SealedFileMalformed

__all__ = ["LARGEST_SEALED_FILE", "SealedFile", "read_sealed_file", "write_sealed_file"]

LARGEST_SEALED_FILE: Final = 8 << 20
_FORMAT: Final = "tallystick-sealed/1"
_MEMBERS: Final = frozenset(
    ("format", "id", "version", "digest", "readers", "ciphertext_digest", "ciphertext", "sender", "signature")
)


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A sealed document and who says that it sealed it."""

    sealed: Sealed
    sender: bytes
    signature: bytes

    def verify_sender(self, public: bytes) -> None:
        """Raises `tallystick.keys.SignatureInvalid` unless the holder of this EXCHANGE key, the sender's, signed."""
        verify_ed25519(public, self.signature, _signed_bytes(_statement(self.sealed, self.sender)))


def write_sealed_file(sealed: Sealed, sender: bytes, key: Ed25519Key) -> bytes:
    """The file, signed in the name of member `sender` by its EXCHANGE key."""
    statement = _statement(sealed, sender)
    return rfc8785.dumps(
        {
            **statement,
            "ciphertext": base64.b64encode(sealed.ciphertext).decode("ascii"),
            "signature": key.sign(_signed_bytes(statement)).hex(),
        }
    )


def read_sealed_file(content: bytes) -> SealedFile:
    """The sealed document in `content`; its sender is to be checked by `verify_sender`.

    Raises `SealedFileMalformed` unless the bytes are exactly what `write_sealed_file` could have written.
    """
    try:
        document = loads_object(content, max_bytes=LARGEST_SEALED_FILE, max_depth=4)
    except JsonMalformed as why:
        raise SealedFileMalformed(field="file", reason=str(why)) from None
    if document.get("format") != _FORMAT:
        raise SealedFileMalformed(field="format", reason=f"not {_FORMAT}")
    if document.keys() != _MEMBERS:
        odd = ", ".join(sorted(document.keys() ^ _MEMBERS)[:5])
        raise SealedFileMalformed(field="file", reason=f"members missing or too many: {odd}")
    version = document["version"]
    if type(version) is not int or not 0 < version < 1 << 16:
        raise SealedFileMalformed(field="version", reason="not an integer from 1 to 65535")
    sealed = Sealed(
        id=_hex(document, "id", 32),
        version=version,
        digest=_hex(document, "digest", 32),
        wrapped_keys=_wrapped_keys(document["readers"]),
        ciphertext=_ciphertext(document),
    )
    file = SealedFile(sealed, _hex(document, "sender", 32), _hex(document, "signature", 64))
    if rfc8785.dumps(dict(document)) != content:
        raise SealedFileMalformed(field="file", reason="not in canonical form (RFC 8785)")
    return file


def _statement(sealed: Sealed, sender: bytes) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "id": sealed.id.hex(),
        "version": sealed.version,
        "digest": sealed.digest.hex(),
        "readers": [{"member": reader.hex(), "key": key.hex()} for reader, key in sorted(sealed.wrapped_keys.items())],
        "ciphertext_digest": sealed.ciphertext_digest.hex(),
        "sender": sender.hex(),
    }


def _signed_bytes(statement: dict[str, Any]) -> bytes:
    return _FORMAT.encode() + b"\x00" + rfc8785.dumps(statement)


def _wrapped_keys(readers: Json) -> dict[bytes, bytes]:
    if not isinstance(readers, list) or not 0 < len(readers) <= MAX_READERS:
        raise SealedFileMalformed(field="readers", reason=f"not a list of 1 to {MAX_READERS}")
    wrapped: dict[bytes, bytes] = {}
    for reader in readers:
        if not isinstance(reader, Mapping) or reader.keys() != {"member", "key"}:
            raise SealedFileMalformed(field="readers", reason="a reader is not an object of member and key")
        member = _hex(reader, "member", 32)
        if wrapped and member <= max(wrapped):
            raise SealedFileMalformed(field="readers", reason="not ascending, or a member twice")
        wrapped[member] = _hex(reader, "key", WRAPPED_KEY_BYTES)
    return wrapped


def _ciphertext(document: Mapping[str, Json]) -> bytes:
    text = document["ciphertext"]
    try:
        ciphertext = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError:
        raise SealedFileMalformed(field="ciphertext", reason="not base64") from None
    if len(ciphertext) < SMALLEST_CIPHERTEXT or base64.b64encode(ciphertext).decode("ascii") != text:
        raise SealedFileMalformed(field="ciphertext", reason="too short, or not canonical base64")
    if hashlib.sha256(ciphertext).digest() != _hex(document, "ciphertext_digest", 32):
        raise SealedFileMalformed(field="ciphertext_digest", reason="not the SHA-256 of the ciphertext")
    return ciphertext


def _hex(document: Mapping[str, Json], field: str, width: int) -> bytes:
    text = document[field]
    if not isinstance(text, str) or len(text) != 2 * width or not set(text) <= set("0123456789abcdef"):
        raise SealedFileMalformed(field=field, reason=f"not {2 * width} lower-case hexadecimal digits")
    return bytes.fromhex(text)
