"""Instants as the formats write them: `YYYY-MM-DDThh:mm:ssZ`, in UTC."""

import re
from datetime import UTC, datetime
from typing import Final

__all__ = ["format_instant", "from_unix", "parse_instant", "unix"]

_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
LAST_SECOND: Final = 253_402_300_799
"""9999-12-31T23:59:59Z."""


def parse_instant(text: str) -> datetime | None:
    """The instant, aware; None if the text is none."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def format_instant(instant: datetime) -> str:
    """The text of an aware instant, without its fraction of a second."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def from_unix(seconds: int) -> datetime:
    """The instant of Unix seconds; the last second of 9999 for anything later."""
    return datetime.fromtimestamp(min(seconds, LAST_SECOND), UTC)


def unix(instant: datetime) -> int:
    """Unix seconds, rounded down."""
    return int(instant.timestamp())
