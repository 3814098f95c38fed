"""The booking date: the agreement's zone, cut-off and calendar."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick_gateway.kit.clock import from_unix
from tallystick_gateway.records.calendar import booking_date, next_business_day
from tallystick_gateway.records.errors import CalendarUnknown

SEVENTEEN = 17 * 3600


@pytest.mark.parametrize(
    ("arrival", "zone", "cut_off_s", "booked"),
    [
        ("2026-11-20T08:59:59", "Asia/Shanghai", SEVENTEEN, "2026-11-20"),
        ("2026-11-20T09:00:00", "Asia/Shanghai", SEVENTEEN, "2026-11-23"),  # Friday 17:00 → Monday
        ("2026-11-19T16:30:00", "Asia/Shanghai", SEVENTEEN, "2026-11-20"),  # half past midnight there
        ("2026-11-21T03:00:00", "UTC", SEVENTEEN, "2026-11-23"),
        ("2026-11-23T23:59:59", "UTC", 0, "2026-11-23"),
        ("2026-11-23T23:59:59", "UTC", 86_400, "2026-11-23"),
        ("2026-03-29T00:59:00", "Europe/Berlin", SEVENTEEN, "2026-03-30"),
        ("2026-07-01T21:30:00", "America/New_York", SEVENTEEN, "2026-07-02"),
    ],
)
def test_the_day_follows_zone_and_cut_off(arrival: str, zone: str, cut_off_s: int, booked: str) -> None:
    instant = datetime.fromisoformat(arrival).replace(tzinfo=UTC)
    assert booking_date(instant, zone, cut_off_s, "WEEKDAYS").isoformat() == booked


@given(st.integers(0, 4_000_000_000).map(from_unix), st.integers(0, 90_000))
def test_it_is_a_business_day_never_before_the_arrival_and_soon(arrival: datetime, cut_off_s: int) -> None:
    booked = booking_date(arrival, "UTC", cut_off_s, "WEEKDAYS")
    assert booked.weekday() < 5
    assert 0 <= (booked - arrival.date()).days <= 3


def test_calendars_and_zones_that_are_not_known_are_refused() -> None:
    with pytest.raises(CalendarUnknown, match="MOON"):
        next_business_day(date(2026, 11, 23), "MOON")
    for zone in ("Mars/Olympus", "../etc/passwd", ""):
        with pytest.raises(CalendarUnknown):
            booking_date(datetime(2026, 11, 23, tzinfo=UTC), zone, 0, "WEEKDAYS")
