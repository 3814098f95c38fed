"""Days as the contracts hold them: YYYYMMDD as an integer."""

from datetime import date

__all__ = ["date_word", "day_of"]


def date_word(day: date) -> int:
    """2026-11-23 → 20261123."""
    return day.year * 10_000 + day.month * 100 + day.day


def day_of(word: int) -> date:
    """20261123 → 2026-11-23. Raises `ValueError` if there is no such day."""
    return date(word // 10_000, word // 100 % 100, word % 100)
