"""HTTP of submissions: follow, list, cancel."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.concurrency import run_in_threadpool

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.doors import ReadDoor, WriteDoor, reads, writes
from tallystick_gateway.kit.errors import declared
from tallystick_gateway.kit.paging import LARGEST_PAGE, CursorRefused, Page
from tallystick_gateway.kit.roles import Action

from . import cancelling, views
from .desk import desk_of
from .errors import FinalityNotProvable, NotCancellable, SubmissionUnknown
from .schemas import ActOut, SubmissionOut
from .service import submission_state
from .states import State

__all__ = ["router"]

router = APIRouter(prefix="/v1/submissions", tags=["submissions"])
SubmissionId = Annotated[str, Path(min_length=32, max_length=32, pattern="^[0-9a-f]{32}$")]
_LONGEST_WAIT_S = 300.0


@router.get("", response_model=Page[SubmissionOut], responses=declared(CursorRefused))
def list_submissions(
    door: Annotated[ReadDoor, reads(Action.SUBMISSIONS_READ)],
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
    state: State | None = None,
    subject: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Submissions, newest first; with `state`, those that have an act in it."""
    return door.read(lambda session: views.submission_page(session, door.gateway, cursor, limit, state, subject))


@router.get(
    "/{submission_id}", response_model=SubmissionOut, responses=declared(SubmissionUnknown, FinalityNotProvable)
)
async def show(
    submission_id: SubmissionId,
    door: Annotated[ReadDoor, reads(Action.SUBMISSIONS_READ)],
    wait: Literal["done", "final"] | None = None,
    timeout: Annotated[float, Query(ge=0, le=_LONGEST_WAIT_S)] = 30,  # the client's bound on its wait
) -> SubmissionOut:
    """One submission. `wait=done` answers once it is done, or after `timeout` seconds as it then is."""
    goal = desk_of(door.gateway).goal
    if wait == "final" and goal is not State.FINAL:
        raise FinalityNotProvable(f"On this chain a submission ends as {goal}.", goal=goal.value)

    def done(session: Session) -> SubmissionOut | None:
        if not submission_state(session, door.gateway, submission_id).done:
            return None
        return views.show(session, door.gateway, submission_id)

    if wait is not None and (found := await door.until(done, timeout)):
        return found
    return await run_in_threadpool(_as_it_is, door, submission_id)


@router.get("/{submission_id}/acts", response_model=Page[ActOut], responses=declared(SubmissionUnknown, CursorRefused))
def list_acts(
    submission_id: SubmissionId,
    door: Annotated[ReadDoor, reads(Action.SUBMISSIONS_READ)],
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
    state: State | None = None,
) -> Response:
    """The acts of a submission in order, each with its history; with `state`, only those in it."""
    return door.read(lambda session: views.act_page(session, door.gateway, submission_id, cursor, limit, state))


@router.post(
    "/{submission_id}:cancel",
    status_code=202,
    response_model=SubmissionOut,
    responses=declared(SubmissionUnknown, NotCancellable),
)
def cancel(submission_id: SubmissionId, door: Annotated[WriteDoor, writes(Action.SUBMISSIONS_CANCEL)]) -> Response:
    """Take back what is not recorded yet. What was signed is burnt by an act on the chain; follow that submission."""
    return door.write(
        lambda session: views.show(session, door.gateway, cancelling.cancel(session, door.gateway, submission_id)),
        status=202,
        location=lambda out: f"/v1/submissions/{out.id}",
    )


def _as_it_is(door: ReadDoor, submission_id: str) -> SubmissionOut:
    with door.gateway.database.read() as session:
        return views.show(session, door.gateway, submission_id)
