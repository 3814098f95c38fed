"""Events: an append-only feed, read by cursor or as server-sent events with resume.

An event is written in the transaction of what it tells, so it is seen if and only if that happened.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from tallystick_gateway.kit.clock import rfc3339
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.models import Event
from tallystick_gateway.kit.scoping import bulk_insert

__all__ = ["NewEvent", "after", "emit", "emit_many", "latest_cursor", "wire"]

LONGEST_READ = 1000


@dataclass(frozen=True)
class NewEvent:
    """What happened (`kind`, as `submission.included`) to what (`subject`, its id as text), with details as JSON."""

    kind: str
    subject: str
    body: Mapping[str, Any]


def emit(session: Session, at: datetime, kind: str, subject: str, body: Mapping[str, Any]) -> None:
    """Append one event. `body` MUST be JSON without floats and without secrets."""
    session.add(Event(at=at, kind=kind, subject=subject, body=dict(body)))


def emit_many(session: Session, at: datetime, events: Iterable[NewEvent]) -> None:
    """Append many events in one statement, in the order given."""
    rows = [{"at": at, "kind": event.kind, "subject": event.subject, "body": dict(event.body)} for event in events]
    bulk_insert(session, Event, rows)


def after(session: Session, cursor: int, limit: int, kind_prefix: str = "") -> list[Event]:
    """At most `limit` events with id > `cursor`, ascending, of kinds that start with `kind_prefix`."""
    statement = select(Event).where(col(Event.id) > cursor).order_by(col(Event.id)).limit(min(limit, LONGEST_READ))
    if kind_prefix:
        statement = statement.where(col(Event.kind).startswith(kind_prefix, autoescape=True))
    return list(session.exec(statement))


def latest_cursor(session: Session) -> int:
    """The id of the last event, 0 if there is none."""
    last = session.exec(select(Event.id).order_by(col(Event.id).desc()).limit(1)).first()
    return last or 0


def wire(event: Event) -> dict[str, Any]:
    """The event as clients see it."""
    return {
        "cursor": str(event.id),
        "at": rfc3339(event.at),
        "kind": event.kind,
        "subject": event.subject,
        "body": event.body,
    }
