"""All SQL on submissions, acts and their history. Statements over many rows are bulk statements."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, insert, literal, select, text, update

from tallystick_gateway.kit.db import Session, UtcDateTime
from tallystick_gateway.kit.scoping import bulk_insert, owned_by, table_of

from .models import (
    NOT_FAILED,
    OPEN,
    UNCARRIED,
    ActRow,
    Submission,
    Transition,
)
from .packing import Waiting
from .states import ENDS, Facts, State, advance

__all__ = [
    "ActLine",
    "CarriedAct",
    "SubmissionLine",
    "UnsignedAct",
    "act_ids_by_kind",
    "acts_by_id",
    "acts_of_submission",
    "acts_on",
    "add_acts",
    "add_submission",
    "assign_carriers",
    "count_of_kind",
    "count_unpacked",
    "counts_by_state",
    "earlier_requests",
    "expirable",
    "find_act",
    "find_submission",
    "first_error",
    "history_of",
    "items_of",
    "list_submissions",
    "lowest_carriers",
    "move",
    "note_attempt",
    "note_failures",
    "release",
    "store_signatures",
    "unpacked_acts",
    "unsigned_acts",
]

_T = TypeVar("_T")
_IN_A_STATEMENT = 500
acts = table_of(ActRow)
submissions = table_of(Submission)
transitions = table_of(Transition)


class ActLine(NamedTuple):
    """What a step needs to know of an act."""

    id: int
    state: State
    submission_id: str
    valid_until: int
    failures: int = 0


class UnsignedAct(NamedTuple):
    """An act that was accepted before a node of the right chain was seen."""

    id: int
    act_id: bytes
    submission_id: str
    valid_until: int
    by_recovery: bool


class CarriedAct(NamedTuple):
    """An act in a transaction."""

    id: int
    act_id: bytes
    contract: str
    kind: str
    encoded: bytes
    signature: bytes
    companion: bytes | None
    failures: int
    state: str
    submission_id: str
    valid_until: int


class SubmissionLine(NamedTuple):
    """A submission with the number of its acts in each state."""

    id: str
    sequence: int
    kind: str
    subject: str
    total: int
    created_at: datetime


def chunks(items: Sequence[_T], size: int = _IN_A_STATEMENT) -> Iterator[Sequence[_T]]:
    """`items` in runs that fit into one statement."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


# ── submissions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def add_submission(session: Session, submission_id: str, kind: str, subject: str, total: int, now: datetime) -> None:
    """Add the row; its sequence is the owner's next."""
    last = session.execute(select(func.max(submissions.c.sequence)).where(owned_by(session, submissions))).scalar()
    row = {"id": submission_id, "sequence": (last or 0) + 1, "kind": kind, "subject": subject, "total": total}
    bulk_insert(session, Submission, [{**row, "created_at": now}])


def find_submission(session: Session, submission_id: str) -> SubmissionLine | None:
    """The submission, if it is this owner's."""
    row = session.execute(_submission_columns(session).where(submissions.c.id == submission_id)).first()
    return None if row is None else SubmissionLine(*row)


def list_submissions(
    session: Session, after: int | None, limit: int, *, state: State | None = None, subject: str | None = None
) -> list[SubmissionLine]:
    """Newest first, those before sequence `after`; with `state`, those with an act in that state."""
    query = _submission_columns(session).order_by(submissions.c.sequence.desc()).limit(limit)
    if after is not None:
        query = query.where(submissions.c.sequence < after)
    if subject is not None:
        query = query.where(submissions.c.subject == subject)
    if state is not None:
        query = query.where(
            select(acts.c.id)
            .where(owned_by(session, acts), acts.c.submission_id == submissions.c.id, acts.c.state == state)
            .exists()
        )
    return [SubmissionLine(*row) for row in session.execute(query)]


def counts_by_state(session: Session, submission_ids: Sequence[str]) -> dict[str, dict[State, int]]:
    """For each submission, how many of its acts are in each state."""
    counts: dict[str, dict[State, int]] = {submission_id: {} for submission_id in submission_ids}
    query = (
        select(acts.c.submission_id, acts.c.state, func.count())
        .where(owned_by(session, acts), acts.c.submission_id.in_(submission_ids))
        .group_by(acts.c.submission_id, acts.c.state)
    )
    for submission_id, state, count in session.execute(query):
        counts[submission_id][State(state)] = count
    return counts


def _submission_columns(session: Session) -> Select[tuple[str, int, str, str, int, datetime]]:
    columns = (submissions.c[name] for name in SubmissionLine._fields)
    return select(*columns).where(owned_by(session, submissions))


# ── acts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def add_acts(session: Session, rows: Sequence[dict[str, object]], submission_id: str, now: datetime) -> None:
    """Insert acts and the first line of each one's history."""
    bulk_insert(session, ActRow, rows)
    _note(session, acts.c.submission_id == submission_id, now)


def count_of_kind(session: Session, kind: str) -> int:
    """Acts of this kind that have not failed."""
    query = select(func.count()).select_from(acts)
    query = query.where(owned_by(session, acts), acts.c.kind == kind, text(NOT_FAILED))
    return int(session.execute(query).scalar_one())


def first_error(session: Session, submission_id: str) -> str | None:
    """Why the first failed act of the submission failed."""
    query = select(acts.c.error).where(
        owned_by(session, acts), acts.c.submission_id == submission_id, acts.c.state.in_(ENDS)
    )
    return session.execute(query.order_by(acts.c.id).limit(1)).scalar()


def earlier_requests(session: Session, kind: str, refs: Sequence[bytes]) -> dict[bytes, str]:
    """Of these facts, those that have an act that has not failed: ref → submission id."""
    found: dict[bytes, str] = {}
    for some in chunks(refs):
        query = select(acts.c.ref, acts.c.submission_id).where(
            owned_by(session, acts), acts.c.kind == kind, acts.c.ref.in_(some), text(NOT_FAILED)
        )
        found.update((ref, submission_id) for ref, submission_id in session.execute(query))
    return found


def find_act(session: Session, act_id: bytes) -> ActRow | None:
    """The act, if it is ours."""
    return session.execute(select(ActRow).where(acts.c.act_id == act_id)).scalar_one_or_none()


def acts_by_id(session: Session, act_ids: Sequence[bytes]) -> list[ActLine]:
    """Those of `act_ids` that are ours."""
    lines = []
    for some in chunks(act_ids):
        lines += _lines(session, acts.c.act_id.in_(some))
    return lines


def acts_on(session: Session, carrier_ids: Sequence[int]) -> list[ActLine]:
    """Acts that these transactions carry."""
    lines = []
    for some in chunks(carrier_ids):
        lines += _lines(session, acts.c.carrier_id.in_(some))
    return lines


def lowest_carriers(session: Session, submission_ids: Sequence[str], state: State) -> dict[str, int | None]:
    """For each submission the first transaction that carries acts of it that are in `state`; None if none does."""
    found: dict[str, int | None] = {}
    for some in chunks(submission_ids):
        query = select(acts.c.submission_id, func.min(acts.c.carrier_id)).where(
            owned_by(session, acts), acts.c.submission_id.in_(some), acts.c.state == state
        )
        found.update((id_, carrier_id) for id_, carrier_id in session.execute(query.group_by(acts.c.submission_id)))
    return found


def items_of(session: Session, carrier_id: int) -> list[CarriedAct]:
    """The acts of one transaction in packing order, as far as they are open."""
    columns = (acts.c[name] for name in CarriedAct._fields)
    query = (
        select(*columns)
        .where(owned_by(session, acts), acts.c.carrier_id == carrier_id)
        .where(acts.c.state.in_((State.SIGNED, State.BROADCAST)))
        .order_by(acts.c.id)
    )
    return [CarriedAct(*row) for row in session.execute(query)]


def acts_of_submission(
    session: Session, submission_id: str, after: int, limit: int, state: State | None = None
) -> list[ActRow]:
    """Acts in order, those after row `after`."""
    query = (
        select(ActRow).where(acts.c.submission_id == submission_id, acts.c.id > after).order_by(acts.c.id).limit(limit)
    )
    if state is not None:
        query = query.where(acts.c.state == state)
    return list(session.execute(query).scalars())


def unsigned_acts(session: Session, limit: int) -> list[UnsignedAct]:
    """Acts that wait for their signature, oldest first."""
    columns = (acts.c[name] for name in UnsignedAct._fields)
    query = select(*columns).where(owned_by(session, acts), text(UNCARRIED), acts.c.state == State.RECEIVED)
    return [UnsignedAct(*row) for row in session.execute(query.order_by(acts.c.id).limit(limit))]


def store_signatures(session: Session, signatures: Sequence[tuple[int, bytes]]) -> None:
    """Store the signatures of acts, by row."""
    mine = (owned_by(session, acts), acts.c.id == bindparam("row_id"))
    session.connection().execute(
        update(acts).where(*mine).values(signature=bindparam("made")),
        [{"row_id": row_id, "made": signature} for row_id, signature in signatures],
    )


def count_unpacked(session: Session, most: int) -> int:
    """How many signed acts no transaction carries; counted up to `most`."""
    some = select(acts.c.id).where(owned_by(session, acts), text(UNCARRIED), acts.c.state == State.SIGNED).limit(most)
    return int(session.execute(select(func.count()).select_from(some.subquery())).scalar_one())


def unpacked_acts(session: Session, limit: int) -> list[Waiting]:
    """Signed acts that no transaction carries, oldest first."""
    columns = (acts.c[name] for name in Waiting._fields)
    query = (
        select(*columns)
        .where(owned_by(session, acts), text(UNCARRIED), acts.c.state == State.SIGNED)
        .order_by(acts.c.id)
        .limit(limit)
    )
    return [Waiting(*row) for row in session.execute(query)]


def expirable(session: Session, block_time: int) -> list[ActLine]:
    """Open acts whose validity ended before `block_time`."""
    return _lines(session, and_(acts.c.valid_until < block_time, text(OPEN)))


def move(
    session: Session,
    lines: Iterable[ActLine],
    to: State,
    facts: Facts,
    now: datetime,
    **columns: object,
) -> list[ActLine]:
    """Take the step to `to` for every line, with its history; `columns` are set beside the state.

    The table is asked for each (state, validity); raises `TransitionRefused`, and nothing is changed.
    """
    lines = list(lines)
    for state in {line.state for line in lines}:
        advance(state, to, facts)
    for some in chunks([line.id for line in lines]):
        where = acts.c.id.in_(some)
        session.execute(update(acts).where(owned_by(session, acts), where).values(state=to, **columns))
        _note(session, where, now)
    return lines


def note_attempt(session: Session, act_row_ids: Sequence[int], error: str) -> None:
    """One more failed try of the present step: counted on the act and on the last line of its history."""
    for some in chunks(act_row_ids):
        mine = and_(owned_by(session, acts), acts.c.id.in_(some))
        session.execute(update(acts).where(mine).values(attempts=acts.c.attempts + 1, error=error))
        last = (
            select(func.max(transitions.c.id))
            .where(owned_by(session, transitions), transitions.c.act_row_id.in_(some))
            .group_by(transitions.c.act_row_id)
        )
        session.execute(
            update(transitions)
            .where(owned_by(session, transitions), transitions.c.id.in_(last.scalar_subquery()))
            .values(attempt=transitions.c.attempt + 1, error=error)
        )


def note_failures(session: Session, act_row_ids: Sequence[int]) -> None:
    """One more transaction that carried these acts failed, and none of its acts was to blame."""
    for some in chunks(act_row_ids):
        mine = and_(owned_by(session, acts), acts.c.id.in_(some))
        session.execute(update(acts).where(mine).values(failures=acts.c.failures + 1))


def act_ids_by_kind(session: Session, act_row_ids: Sequence[int]) -> dict[str, list[bytes]]:
    """The act ids of these rows, by kind of act."""
    found: dict[str, list[bytes]] = {}
    for some in chunks(act_row_ids):
        query = select(acts.c.kind, acts.c.act_id).where(owned_by(session, acts), acts.c.id.in_(some))
        for kind, act_id in session.execute(query):
            found.setdefault(kind, []).append(act_id)
    return found


def assign_carriers(session: Session, carried: Sequence[tuple[int, int]]) -> None:
    """Say which transaction carries each act: (act's row, transaction's row)."""
    mine = (owned_by(session, acts), acts.c.id == bindparam("row_id"))
    session.connection().execute(
        update(acts).where(*mine).values(carrier_id=bindparam("carrier")),
        [{"row_id": row_id, "carrier": carrier_id} for row_id, carrier_id in carried],
    )


def release(session: Session, act_row_ids: Sequence[int]) -> None:
    """No transaction carries these acts any more."""
    for some in chunks(act_row_ids):
        mine = and_(owned_by(session, acts), acts.c.id.in_(some))
        session.execute(update(acts).where(mine).values(carrier_id=None))


def history_of(session: Session, act_row_id: int) -> list[Transition]:
    """Every step of the act, oldest first."""
    query = select(Transition).where(transitions.c.act_row_id == act_row_id).order_by(transitions.c.id)
    return list(session.execute(query).scalars())


def _lines(session: Session, where: ColumnElement[bool]) -> list[ActLine]:
    query = select(acts.c.id, acts.c.state, acts.c.submission_id, acts.c.valid_until, acts.c.failures)
    return [
        ActLine(id_, State(state), submission_id, valid_until, failures)
        for id_, state, submission_id, valid_until, failures in session.execute(
            query.where(owned_by(session, acts), where)
        )
    ]


def _note(session: Session, where: ColumnElement[bool], now: datetime) -> None:
    steps = select(
        acts.c.owner, acts.c.id, literal(now, UtcDateTime), acts.c.state, acts.c.attempts, acts.c.error
    ).where(owned_by(session, acts), where)
    columns = ["owner", "act_row_id", "at", "state", "attempt", "error"]
    session.execute(insert(transitions).from_select(columns, steps))
