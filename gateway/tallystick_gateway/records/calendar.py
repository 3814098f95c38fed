"""The booking date: on which business day a record that arrives now is booked (agreement's zone, cut-off, calendar)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tallystick_gateway.records.errors import CalendarUnknown

__all__ = ["CALENDARS", "booking_date", "next_business_day"]

_SATURDAY = 5
_DAY_S = 86_400


def _weekday(day: date) -> bool:
    return day.weekday() < _SATURDAY


CALENDARS: dict[str, Callable[[date], bool]] = {"WEEKDAYS": _weekday}
"""Known calendars: whether a day is a business day."""


def booking_date(arrival: datetime, zone: str, cut_off_s: int, calendar: str) -> date:
    """The business day of an arrival: today until `cut_off_s` after local midnight, else the next; rolled forward.

    A cut-off of 0 or of 24 h and more means the whole day. Raises `CalendarUnknown`.
    """
    try:
        local = arrival.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise CalendarUnknown(calendar=calendar, zone=zone) from unknown
    day = local.date()
    since_midnight_s = local.hour * 3600 + local.minute * 60 + local.second
    if 0 < cut_off_s < _DAY_S and since_midnight_s >= cut_off_s:
        day += timedelta(days=1)
    return next_business_day(day, calendar)


def next_business_day(day: date, calendar: str) -> date:
    """`day` itself if it is a business day, else the first one after it. Raises `CalendarUnknown`."""
    is_business_day = CALENDARS.get(calendar)
    if is_business_day is None:
        raise CalendarUnknown(calendar=calendar, zone="")
    while not is_business_day(day):
        day += timedelta(days=1)
    return day
