"""HTTP of the chain: where the watcher stands, who seals, and audits."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.concurrency import run_in_threadpool

from tallystick_gateway.acts.errors import NotJoined
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.doors import ReadDoor, WriteDoor, reads, writes
from tallystick_gateway.kit.errors import declared
from tallystick_gateway.kit.roles import Action

from . import auditing
from .errors import AuditUnknown
from .schemas import AuditOut, ChainOut, ValidatorsOut
from .views import validators_out
from .watcher import Watcher

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["chain"])
AuditId = Annotated[str, Path(min_length=32, max_length=32, pattern="^[0-9a-f]{32}$")]
_LONGEST_WAIT_S = 300.0


@router.get("/chain", response_model=ChainOut)
def show_chain(door: Annotated[ReadDoor, reads(Action.CHAIN_READ)]) -> ChainOut:
    """Where the watcher stands."""
    return ChainOut.model_validate(door.gateway.part(Watcher).facts())


@router.get("/validators", response_model=ValidatorsOut)
def show_validators(door: Annotated[ReadDoor, reads(Action.CHAIN_READ)]) -> Response:
    """Who seals the chain's blocks, by headers that were checked, and what governance asks for."""
    return door.read(validators_out)


@router.post("/chain:audit", status_code=202, response_model=AuditOut, responses=declared(NotJoined))
def request_audit(door: Annotated[WriteDoor, writes(Action.CHAIN_READ)]) -> Response:
    """Recompute everything from the chain alone, and compare. Follow the audit; it takes a while on a long chain."""
    return door.write(
        lambda session: _out(session, auditing.request(session, door.gateway)),
        status=202,
        location=lambda out: f"/v1/audits/{out.id}",
        then=lambda: door.gateway.worker.nudge("chain.audit"),
    )


@router.get("/audits/{audit_id}", response_model=AuditOut, responses=declared(AuditUnknown))
async def show_audit(
    audit_id: AuditId,
    door: Annotated[ReadDoor, reads(Action.CHAIN_READ)],
    wait: Literal["done"] | None = None,
    timeout: Annotated[float, Query(ge=0, le=_LONGEST_WAIT_S)] = 30,  # the client's bound on its wait
) -> AuditOut:
    """One audit. `wait=done` answers once it has ended, or after `timeout` seconds as it then is."""

    def ended(session: Session) -> AuditOut | None:
        out = _out(session, audit_id)
        return out if out.ended_at is not None else None

    if wait is not None and (found := await door.until(ended, timeout)):
        return found
    return await run_in_threadpool(_as_it_is, door, audit_id)


def _as_it_is(door: ReadDoor, audit_id: str) -> AuditOut:
    with door.gateway.database.read() as session:
        return _out(session, audit_id)


def _out(session: Session, audit_id: str) -> AuditOut:
    row = auditing.find(session, audit_id)
    return AuditOut(
        id=row.id,
        state=row.state,
        height=row.height,
        head=row.head,
        started_at=row.started_at,
        ended_at=row.ended_at,
        report=row.report,
    )
