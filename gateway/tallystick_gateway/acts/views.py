"""Submissions and acts put into their wire form, from one snapshot."""

from collections.abc import Sequence

from tallystick_gateway.kit.clock import from_unix
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.paging import Page, decode_cursor, encode_cursor

from . import repository, waiting
from .desk import Desk, desk_of
from .errors import SubmissionUnknown
from .models import ActRow
from .refusals import read_error
from .repository import SubmissionLine
from .schemas import ActOut, StepOut, SubmissionOut, WaitingOut
from .service import summary
from .states import ENDS, State
from .waiting import Open

__all__ = ["act_page", "show", "submission_page"]


def show(session: Session, gateway: Gateway, submission_id: str) -> SubmissionOut:
    """One submission; with its act and history if it has only one. Raises `SubmissionUnknown`."""
    line = repository.find_submission(session, submission_id)
    if line is None:
        raise SubmissionUnknown(f"There is no submission {submission_id[:64]}.", submission_id=submission_id[:64])
    (out,) = _outs(session, gateway, [line])
    if line.total != 1:
        return out
    acts = repository.acts_of_submission(session, submission_id, 0, 1)
    return out.model_copy(update={"acts": [_act(session, desk_of(gateway), row, history=True) for row in acts]})


def submission_page(
    session: Session, gateway: Gateway, cursor: str | None, limit: int, state: State | None, subject: str | None
) -> Page[SubmissionOut]:
    """Submissions, newest first. Raises `CursorRefused`."""
    after = int(decode_cursor(cursor)) if cursor else None
    lines = repository.list_submissions(session, after, limit + 1, state=state, subject=subject)
    more = len(lines) > limit
    lines = lines[:limit]
    return Page(items=_outs(session, gateway, lines), next=encode_cursor(lines[-1].sequence) if more else None)


def act_page(
    session: Session, gateway: Gateway, submission_id: str, cursor: str | None, limit: int, state: State | None
) -> Page[ActOut]:
    """Acts of one submission in order, each with its history. Raises `SubmissionUnknown`, `CursorRefused`."""
    if repository.find_submission(session, submission_id) is None:
        raise SubmissionUnknown(f"There is no submission {submission_id[:64]}.", submission_id=submission_id[:64])
    after = int(decode_cursor(cursor)) if cursor else 0
    rows = repository.acts_of_submission(session, submission_id, after, limit + 1, state)
    more = len(rows) > limit
    rows = rows[:limit]
    desk = desk_of(gateway)
    items = [_act(session, desk, row, history=True) for row in rows]
    return Page(items=items, next=encode_cursor(rows[-1].id or 0) if more else None)


def _outs(session: Session, gateway: Gateway, lines: Sequence[SubmissionLine]) -> list[SubmissionOut]:
    goal = desk_of(gateway).goal
    counts = repository.counts_by_state(session, [line.id for line in lines])
    states = {line.id: summary(counts[line.id], goal) for line in lines}
    open_ = [Open(line.id, states[line.id].state, line.created_at) for line in lines if not states[line.id].done]
    kept = waiting.reasons(session, gateway, open_)
    outs = []
    for line in lines:
        state, why = states[line.id], kept.get(line.id)
        failed = any(end in state.counts for end in ENDS)
        outs.append(
            SubmissionOut(
                id=line.id,
                kind=line.kind,
                subject=line.subject,
                created_at=line.created_at,
                total=line.total,
                state=state.state.value,
                done=state.done,
                goal=goal.value,
                counts={name.value: count for name, count in state.counts.items()},
                waiting=WaitingOut(code=why.code, detail=why.detail, advice=why.advice) if why else None,
                error=read_error(repository.first_error(session, line.id)) if failed else None,
            )
        )
    return outs


def _act(session: Session, desk: Desk, row: ActRow, *, history: bool) -> ActOut:
    steps = repository.history_of(session, row.id or 0) if history else []
    return ActOut(
        act_id=row.act_id,
        kind=row.kind,
        contract=row.contract,
        contract_address=desk.consortium.contract(row.contract).address,
        subject=row.subject,
        state=row.state,
        issued_at=from_unix(row.issued_at),
        valid_until=from_unix(row.valid_until),
        attempts=row.attempts,
        height=row.height,
        error=read_error(row.error),
        history=[
            StepOut(state=step.state, at=step.at, attempt=step.attempt, error=read_error(step.error)) for step in steps
        ],
    )
