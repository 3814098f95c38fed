"""HTTP of packages: ask for one, follow it, fetch it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from sqlmodel import select

from tallystick_gateway.acts.errors import NotJoined
from tallystick_gateway.agreements.errors import AgreementNotActive, AgreementUnknown, SecretNotHeld
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.doors import ReadDoor, WriteDoor, reads, writes
from tallystick_gateway.kit.errors import declared
from tallystick_gateway.kit.paging import CursorRefused, Page, page_of
from tallystick_gateway.kit.roles import Action
from tallystick_gateway.loans.errors import NotNamed, RowsRefused
from tallystick_gateway.records.errors import RecordNotAnchored, RecordUnknown

from . import errors, service
from .models import PackageRow
from .schemas import PackageIn, PackageOut
from .tasks import BUILD

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["packages"])
MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"
_LONGEST_WAIT_S = 300.0
_REFUSALS = (
    NotJoined,
    AgreementUnknown,
    AgreementNotActive,
    SecretNotHeld,
    NotNamed,
    RowsRefused,
    RecordUnknown,
    RecordNotAnchored,
    errors.ActNotFound,
    errors.NothingChosen,
    errors.FieldUnknown,
    errors.PackageTooLarge,
)
PackageId = Annotated[str, Path(min_length=32, max_length=32, pattern="^[0-9a-f]{32}$")]
Reads = Annotated[ReadDoor, reads(Action.PACKAGES_READ)]


@router.post("/packages", status_code=202, response_model=PackageOut, responses=declared(*_REFUSALS))
def request_package(body: PackageIn, door: Annotated[WriteDoor, writes(Action.PACKAGES_BUILD)]) -> Response:
    """Ask for an evidence package; it is collected, judged and signed by this gateway. Follow it until it is done."""
    return door.write(
        lambda session: service.request(session, door.gateway, body, door.client.client_id),
        status=202,
        location=lambda out: f"/v1/packages/{out.id}",
        then=lambda: door.gateway.worker.nudge(BUILD),
    )


@router.get("/packages", response_model=Page[PackageOut], responses=declared(CursorRefused))
def list_packages(
    door: Reads, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Response:
    """Packages, newest first."""

    def look(session: Session) -> Page[PackageOut]:
        query = select(PackageRow)
        rows, following = page_of(session, query, PackageRow.sequence, cursor, limit, newest_first=True)
        return Page[PackageOut](items=[service.shown(row) for row in rows], next=following)

    return door.read(look)


@router.get("/packages/{package_id}", response_model=PackageOut, responses=declared(errors.PackageUnknown))
async def show_package(
    package_id: PackageId,
    door: Reads,
    wait: Literal["done"] | None = None,
    timeout: Annotated[float, Query(ge=0, le=_LONGEST_WAIT_S)] = 30,  # the client's bound on its wait
) -> Response:
    """One package. `wait=done` answers once it has ended, or after `timeout` seconds as it then is."""
    if wait is not None:
        await door.until(lambda session: service.known(session, package_id).ended_at, timeout)
    return await run_in_threadpool(door.read, lambda session: service.shown(service.known(session, package_id)))


@router.get(
    "/packages/{package_id}/content",
    response_class=FileResponse,
    responses={
        200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
        **declared(errors.PackageUnknown, errors.PackageNotDone, errors.PackageLost),
    },
)
def package_content(package_id: PackageId, door: Reads) -> FileResponse:
    """The finished package. Whoever has it can read what it shows, for good."""
    with door.gateway.database.read() as session:
        path, digest = service.finished(session, door.gateway, package_id)
    headers = {"ETag": f'"{digest.hex()}"', "Cache-Control": "private, no-cache"}
    return FileResponse(path, headers=headers, media_type=MEDIA_TYPE, filename=f"evidence-{package_id}.asice")
