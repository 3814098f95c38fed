"""Documents sealed for several members: kept as ciphertext, sent to each reader's gateway, opened on demand.

What is sealed is `salt32 ‖ u16 length ‖ JCS {name, media_type} ‖ content`; its digest is
SHA-256("tallystick-document/v1" ‖ document id ‖ that), and is salted by what it covers.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import rfc8785

from tallystick.errors import TallystickError
from tallystick.keys import SignatureInvalid
from tallystick.sealing import Commit, NotAReader, Sealed, SealedFile, read_sealed_file, seal, unseal, write_sealed_file
from tallystick.strictjson import loads_object
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway

from . import repository
from .errors import (
    DocumentDiffers,
    DocumentErased,
    DocumentTooLarge,
    DocumentUnknown,
    MessageMalformed,
    ReaderUnready,
    SenderNotProved,
)
from .models import DocumentRow
from .outgoing import send
from .partners import valid_keys
from .store import SealedStore

__all__ = ["LARGEST_DOCUMENT", "SEALED_DOCUMENT", "Opened", "accept", "known", "open_document", "seal_document"]

SEALED_DOCUMENT: Final = "sealed-document"
LARGEST_DOCUMENT: Final = 4 * 1024 * 1024
_SALT_BYTES: Final = 32
_LENGTH_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class Opened:
    """A document as it was before it was sealed."""

    name: str
    media_type: str
    content: bytes


def seal_document(
    session: Session, gateway: Gateway, opened: Opened, readers: Iterable[bytes], retain_until: datetime | None
) -> DocumentRow:
    """Seal for `readers` and ourselves, keep it, and have it sent to the others.

    Raises `DocumentTooLarge`, `ReaderUnready`, `OutboxFull`.
    """
    if len(opened.content) > LARGEST_DOCUMENT:
        raise DocumentTooLarge(f"{len(opened.content)} bytes; at most {LARGEST_DOCUMENT} are sealed.", field="content")
    document = secrets.token_bytes(32)
    keys = {reader: _seal_key(session, gateway, reader) for reader in {*readers, session.owner}}
    sealed = seal(_packed(opened), document, keys, _commit_for(document))
    content = write_sealed_file(sealed, session.owner, gateway.keystore.ed25519("exchange"))
    row = _keep(session, gateway, read_sealed_file(content), retain_until)
    for reader in sorted(keys.keys() - {session.owner}):
        send(session, reader, SEALED_DOCUMENT, document.hex(), content)
    return row


def accept(session: Session, gateway: Gateway, sender: bytes, document: bytes, content: bytes) -> None:
    """Keep what `sender` sealed for us, once; it is opened to see that it is what its digest commits to.

    Raises `MessageMalformed`, `SenderNotProved`, `DocumentDiffers`, `DocumentErased` (we had it, and erased it), and
    what the library refuses of sealed files.
    """
    file = read_sealed_file(content)
    if (file.sender, file.sealed.id) != (sender, document):
        raise MessageMalformed(
            "The sealed file is of another sender or document than the message says.", field="content"
        )
    if not _signed(session, gateway, file):
        raise SenderNotProved(f"The sealed file is not signed by an EXCHANGE key of {sender.hex()}.", field="content")
    before = repository.find_document(session, document)
    if before is not None:
        if before.erased_at is not None:
            raise DocumentErased(document=document.hex())
        if before.ciphertext_digest != file.sealed.ciphertext_digest or before.sender != sender:
            raise DocumentDiffers(document=document.hex())
        return
    _unpacked(unseal(file.sealed, session.owner, gateway.keystore.x25519("seal"), _commit_for(document)))
    _keep(session, gateway, file, None)


def known(session: Session, document: bytes) -> DocumentRow:
    """The document. Raises `DocumentUnknown`."""
    row = repository.find_document(session, document)
    if row is None:
        raise DocumentUnknown(f"There is no document {document.hex()} here.", field="document")
    return row


def open_document(session: Session, gateway: Gateway, document: bytes) -> Opened:
    """Raises `DocumentUnknown`, `DocumentErased`, `CiphertextMissing`, `CiphertextDamaged`, `SealBroken`."""
    row = known(session, document)
    if row.erased_at is not None:
        raise DocumentErased(f"Document {document.hex()} was erased at {row.erased_at:%Y-%m-%dT%H:%M:%SZ}.")
    ciphertext = SealedStore(gateway.config.home).get(row.ciphertext_digest)
    wrapped: Mapping[str, str] = row.wrapped_keys
    keys = {bytes.fromhex(reader): bytes.fromhex(key) for reader, key in wrapped.items()}
    sealed = Sealed(row.document, row.version, row.digest, keys, ciphertext)
    if session.owner not in keys:
        raise NotAReader(reader=session.owner.hex())
    return _unpacked(unseal(sealed, session.owner, gateway.keystore.x25519("seal"), _commit_for(document)))


def _keep(session: Session, gateway: Gateway, file: SealedFile, retain_until: datetime | None) -> DocumentRow:
    """The ciphertext first: a file that no row names does no harm."""
    sealed = file.sealed
    digest = SealedStore(gateway.config.home).put(sealed.ciphertext)
    row = DocumentRow(
        document=sealed.id,
        version=sealed.version,
        sender=file.sender,
        digest=sealed.digest,
        ciphertext_digest=digest,
        size=len(sealed.ciphertext),
        readers=sorted(reader.hex() for reader in sealed.wrapped_keys),
        wrapped_keys={reader.hex(): key.hex() for reader, key in sealed.wrapped_keys.items()},
        signature=file.signature,
        stored_at=gateway.clock.now(),
        retain_until=retain_until,
    )
    repository.add_document(session, row)
    return row


def _seal_key(session: Session, gateway: Gateway, member: bytes) -> bytes:
    keys = valid_keys(session, member, "SEAL", gateway.clock.now())
    if not keys:
        raise ReaderUnready(f"Member {member.hex()} has no valid SEAL key.", field="readers", member=member)
    return keys[-1]


def _signed(session: Session, gateway: Gateway, file: SealedFile) -> bool:
    for key in valid_keys(session, file.sender, "EXCHANGE", gateway.clock.now()):
        try:
            file.verify_sender(key)
        except SignatureInvalid:
            continue
        return True
    return False


def _commit_for(document: bytes) -> Commit:
    return lambda plaintext: hashlib.sha256(b"tallystick-document/v1" + document + plaintext).digest()


def _packed(opened: Opened) -> bytes:
    head = rfc8785.dumps({"name": opened.name, "media_type": opened.media_type})
    return secrets.token_bytes(_SALT_BYTES) + len(head).to_bytes(_LENGTH_BYTES) + head + opened.content


def _unpacked(plaintext: bytes) -> Opened:
    """Raises `MessageMalformed` where the sender sealed something else."""
    start = _SALT_BYTES + _LENGTH_BYTES
    length = int.from_bytes(plaintext[_SALT_BYTES:start])
    try:
        head = loads_object(plaintext[start : start + length], max_bytes=4096, max_depth=1)
        name, media_type = head["name"], head["media_type"]
        if head.keys() != {"name", "media_type"} or not isinstance(name, str) or not isinstance(media_type, str):
            raise KeyError
    except (TallystickError, KeyError):
        raise MessageMalformed("What was sealed is no document.", field="content") from None
    return Opened(name, media_type, plaintext[start + length :])
