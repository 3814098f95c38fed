"""Events about submissions: one for each submission and step, with the number of its acts that took it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.events import NewEvent, emit_many

from .repository import ActLine
from .states import State

__all__ = ["announce"]


def announce(session: Session, at: datetime, lines: Iterable[ActLine], state: State) -> None:
    """Emit `submission.<state>` for every submission among `lines`."""
    counts = Counter(line.submission_id for line in lines)
    events = [NewEvent(f"submission.{state}", id_, {"acts": count}) for id_, count in sorted(counts.items())]
    emit_many(session, at, events)
