"""Whose time it is: the gateway's clock, and its comparison with the chain's blocks.

Times are UTC and aware. The clock comes in as a parameter; nothing else reads the system's time.
"""

import threading
from datetime import UTC, datetime, timedelta
from typing import Protocol

from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "Clock",
    "ClockSkewed",
    "FixedClock",
    "SkewMonitor",
    "SystemClock",
    "as_unix",
    "clock_of",
    "from_unix",
    "rfc3339",
]


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock, moved by `offset` (development only; zero otherwise)."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self._offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset


def clock_of(config: Config) -> Clock:
    """The system's clock, moved only if development on the embedded engine says so."""
    return SystemClock(timedelta(seconds=config.settings.development.clock_offset_s))


class FixedClock:
    """A clock that stands still until it is moved: for tests and simulated days."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by


class ClockSkewed(GatewayError):
    """This machine's clock and the chain's block times are too far apart"""

    status = 503
    code = "clock.skew"
    advice = "Set the machine's clock (NTP); the gateway signs again by itself once block times agree."


class SkewMonitor:
    """Compares new blocks' times with our clock; acts MUST NOT be signed while they disagree.

    Only a block seen to be *new* tells anything about a clock that runs ahead (an old head may just be a chain
    that stands still); a block from the future always shows that ours runs behind.
    """

    def __init__(self, clock: Clock, limit_s: int = 60) -> None:
        self._clock = clock
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._skew_s: float | None = None

    def observe(self, block_time: datetime, *, fresh: bool) -> None:
        """Note the time of the latest block; `fresh` if it was mined since the poll before (≤ a few seconds ago)."""
        skew_s = (self._clock.now() - block_time).total_seconds()
        with self._lock:
            if fresh or skew_s < 0:
                self._skew_s = skew_s

    @property
    def skew_s(self) -> float | None:
        """Our clock minus the last fresh block's time, in seconds; None if no fresh block was seen yet."""
        with self._lock:
            return self._skew_s

    @property
    def sound(self) -> bool:
        """False if the last comparison was over the limit."""
        skew_s = self.skew_s
        return skew_s is None or abs(skew_s) <= self._limit_s

    def require_sound(self) -> None:
        """Raise `ClockSkewed` if the clocks disagree by more than the limit. Call before signing."""
        skew_s = self.skew_s
        if skew_s is not None and abs(skew_s) > self._limit_s:
            direction = "ahead of" if skew_s > 0 else "behind"
            raise ClockSkewed(
                f"Our clock is {abs(skew_s):.0f} s {direction} the chain's blocks.",
                skew_s=round(skew_s),
                limit_s=self._limit_s,
            )


def rfc3339(instant: datetime) -> str:
    """`instant` in UTC to the microsecond at most, with `Z`; raises ValueError if it is naive."""
    if instant.tzinfo is None:
        raise ValueError("a naive datetime names no instant")
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_unix(seconds: int) -> datetime:
    """The instant `seconds` after 1970-01-01T00:00:00Z."""
    return datetime.fromtimestamp(seconds, UTC)


def as_unix(instant: datetime) -> int:
    """Whole seconds since 1970-01-01T00:00:00Z, rounded down."""
    return int(instant.timestamp())
