"""Messages to partners: stored before they are sent."""

import secrets
from datetime import timedelta
from typing import Final

from tallystick_gateway.kit.db import Session

from . import repository
from .errors import OutboxFull
from .models import OutboxRow
from .schemas import LARGEST_CONTENT

__all__ = ["LONGEST_WAIT", "pause_after", "send"]

LONGEST_WAIT: Final = timedelta(days=30)
"""After so long a message that was never answered is given up."""
_MOST_WAITING: Final = 10_000
_LONGEST_PAUSE_S: Final = 3600


def send(session: Session, recipient: bytes, kind: str, subject: str, content: bytes) -> OutboxRow:
    """Store a message for `recipient`, once for each (recipient, kind, subject): one that is there already stays.

    The worker delivers it after the transaction. Raises `OutboxFull`.
    """
    if len(content) > LARGEST_CONTENT:
        raise ValueError(f"a message carries at most {LARGEST_CONTENT} bytes")
    if (before := repository.outbox_of(session, recipient, kind, subject)) is not None:
        return before
    if repository.waiting_by_partner(session).get(recipient, 0) >= _MOST_WAITING:
        raise OutboxFull(f"{_MOST_WAITING} messages wait for member {recipient.hex()}.", member=recipient)
    row = OutboxRow(
        message=secrets.token_bytes(32),
        recipient=recipient,
        kind=kind,
        subject=subject,
        content=content,
        state=repository.WAITING,
        created_at=session.now,
        next_at=session.now,
    )
    repository.add_outbox(session, row)
    return row


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: twice as long each time, at most an hour."""
    return timedelta(seconds=min(_LONGEST_PAUSE_S, 2 ** min(attempts, 12)))
