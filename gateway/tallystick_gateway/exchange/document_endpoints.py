"""HTTP of sealed documents."""

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Query, Response

from tallystick.sealing import CommitmentDiffers, NotAReader, SealBroken
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.doors import ReadDoor, WriteDoor, reads, writes
from tallystick_gateway.kit.errors import declared
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.paging import LARGEST_PAGE, CursorRefused, Page, page_of
from tallystick_gateway.kit.roles import Action
from tallystick_gateway.kit.wire import Hex32

from . import documents, repository
from .document_schemas import DocumentOut, OpenedOut, SealDocumentIn
from .errors import (
    CiphertextDamaged,
    CiphertextMissing,
    DocumentContentRefused,
    DocumentErased,
    DocumentTooLarge,
    DocumentUnknown,
    OutboxFull,
    ReaderUnready,
)
from .models import DocumentRow

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["documents"])


@router.post(
    "/documents",
    status_code=201,
    response_model=DocumentOut,
    responses=declared(DocumentContentRefused, DocumentTooLarge, ReaderUnready, OutboxFull),
)
def seal_document(body: SealDocumentIn, door: Annotated[WriteDoor, writes(Action.RECORDS_SUBMIT)]) -> Response:
    """Seal a document for ourselves and other members, keep it, and send it to their gateways."""
    opened = documents.Opened(body.name, body.media_type, _content(body.content))

    def work(session: Session) -> DocumentOut:
        return _out(documents.seal_document(session, door.gateway, opened, body.readers, body.retain_until))

    return door.write(
        work,
        status=201,
        location=lambda out: f"/v1/documents/{out.document.hex()}",
        then=lambda: door.gateway.worker.nudge("exchange.deliver"),
    )


@router.get("/documents", response_model=Page[DocumentOut], responses=declared(CursorRefused))
def list_documents(
    door: Annotated[ReadDoor, reads(Action.RECORDS_READ)],
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
) -> Response:
    """Documents of ours and for us, newest first, erased ones too."""
    return door.read(lambda session: _page(session, cursor, limit))


@router.get("/documents/{document}", response_model=DocumentOut, responses=declared(DocumentUnknown))
def show_document(document: Hex32, door: Annotated[ReadDoor, reads(Action.RECORDS_READ)]) -> Response:
    """Who sealed it, for whom, and its digests; nothing of what it says."""
    return door.read(lambda session: _out(documents.known(session, document)))


@router.post(
    "/documents/{document}:open",
    response_model=OpenedOut,
    responses=declared(
        DocumentUnknown, DocumentErased, CiphertextMissing, CiphertextDamaged, NotAReader, SealBroken, CommitmentDiffers
    ),
)
def open_document(document: Hex32, door: Annotated[ReadDoor, reads(Action.RECORDS_OPEN)]) -> Response:
    """What it says, if its digest commits to it."""
    return door.read(lambda session: _opened(session, door.gateway, document))


def _content(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise DocumentContentRefused("The content is not base64.", field="content") from None


def _page(session: Session, cursor: str | None, limit: int) -> Page[DocumentOut]:
    rows, next_cursor = page_of(session, repository.documents(), DocumentRow.id, cursor, limit, newest_first=True)
    return Page(items=[_out(row) for row in rows], next=next_cursor)


def _opened(session: Session, gateway: Gateway, document: bytes) -> OpenedOut:
    opened = documents.open_document(session, gateway, document)
    return OpenedOut(
        document=document,
        sender=documents.known(session, document).sender,
        name=opened.name,
        media_type=opened.media_type,
        content=base64.b64encode(opened.content).decode("ascii"),
    )


def _out(row: DocumentRow) -> DocumentOut:
    return DocumentOut(
        document=row.document,
        sender=row.sender,
        digest=row.digest,
        ciphertext_digest=row.ciphertext_digest,
        size=row.size,
        readers=[bytes.fromhex(reader) for reader in row.readers],
        stored_at=row.stored_at,
        retain_until=row.retain_until,
        erased_at=row.erased_at,
    )
