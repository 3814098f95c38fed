"""HTTP of the roots: what the chain says, as the file that verifiers trust, for members to sign."""

from typing import Annotated

from fastapi import APIRouter, Response

from tallystick.roots import Roots, RootsContradict, RootsMalformed, RootsSignatureInvalid
from tallystick.roots.building import NothingToExport
from tallystick_gateway.acts.errors import NotJoined
from tallystick_gateway.kit.doors import ReadDoor, WriteDoor, reads, writes
from tallystick_gateway.kit.errors import declared
from tallystick_gateway.kit.roles import Action
from tallystick_gateway.members.errors import CardMissing, CardNotOfMember, ContractUnknown, ExportTooEarly

from . import service
from .errors import (
    AuthoritiesRefused,
    CodeUnknown,
    HeightForgotten,
    HeightNotChecked,
    PreviousRefused,
    RootsDiffer,
    SignedOther,
)
from .schemas import RootsExportIn, RootsOut, RootsSignIn
from .service import Asked

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["roots"])
_EXPORTING = (
    NotJoined,
    ExportTooEarly,
    CardMissing,
    CardNotOfMember,
    ContractUnknown,
    NothingToExport,
    HeightNotChecked,
    HeightForgotten,
    CodeUnknown,
    PreviousRefused,
    AuthoritiesRefused,
    RootsContradict,
    RootsMalformed,
)


@router.post("/roots:export", response_model=RootsOut, responses=declared(*_EXPORTING))
def export_roots(body: RootsExportIn, door: Annotated[ReadDoor, reads(Action.MEMBERS_READ)]) -> Response:
    """Unsigned roots; every gateway that followed the chain to that height makes the same bytes. Nothing is changed."""
    roots = service.export(door.gateway, _asked(body, body.height))
    return door.read(lambda _session: _out(roots))


@router.post(
    "/roots:sign",
    response_model=RootsOut,
    responses=declared(*_EXPORTING, RootsDiffer, SignedOther, RootsSignatureInvalid),
)
def sign_roots(body: RootsSignIn, door: Annotated[WriteDoor, writes(Action.MEMBERS_GOVERN)]) -> Response:
    """Add this member's signature to roots that are exactly what this gateway finds itself."""
    examined = service.examine(door.gateway, body.content.encode(), _asked(body, None))
    return door.write(lambda session: _out(service.sign(session, door.gateway, examined, body.abandon)))


def _asked(body: RootsExportIn | RootsSignIn, height: int | None) -> Asked:
    previous = None if body.previous is None else body.previous.encode()
    return Asked(height, previous, [card.encode() for card in body.cards])


def _out(roots: Roots) -> RootsOut:
    return RootsOut(
        digest=roots.digest,
        as_of_height=roots.as_of_height,
        issued_at=roots.issued_at,
        signed=len(roots.signatures),
        content=roots.to_bytes().decode(),
    )
