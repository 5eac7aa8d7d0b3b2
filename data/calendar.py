"""The clock of the house, and trading dates.

Everything outside the engine that wants to know the time asks here; a test that needs another time replaces `now`.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Final

_SATURDAY: Final = 5


def now() -> datetime:
    """Tell the instant, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Tell the date in UTC."""
    return now().date()


def nanoseconds() -> int:
    """Tell the nanoseconds since 1970: what ids are made of."""
    return time.time_ns()


def is_business_day(day: date) -> bool:
    """Tell whether a date is a Monday to Friday."""
    return day.weekday() < _SATURDAY


def business_days(start: date, end: date) -> list[date]:
    """List Mondays to Fridays from `start` to `end`, both included."""
    days = (start + timedelta(days=ahead) for ahead in range((end - start).days + 1))
    return [day for day in days if is_business_day(day)]


def previous_business_day(day: date) -> date:
    """Give the last Monday to Friday before a date."""
    return next(before for back in range(1, 4) if is_business_day(before := day - timedelta(days=back)))


def newest_business_day(day: date) -> date:
    """Give the date itself where it is a Monday to Friday, else the Friday before."""
    return day if is_business_day(day) else previous_business_day(day)


def age_seconds(instant: datetime, *, at: datetime | None = None) -> float:
    """Tell how old an instant is, never below zero: a clock a little ahead of ours is not younger than now."""
    return max(((at or now()) - instant).total_seconds(), 0.0)


def start_of(day: date) -> datetime:
    """Give the first instant of a date in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def end_of(day: date) -> datetime:
    """Give the last instant of a date in UTC, to the microsecond."""
    return start_of(day + timedelta(days=1)) - timedelta(microseconds=1)


def milliseconds(instant: datetime) -> int:
    """Give an instant as whole milliseconds since 1970: what the stream speaks."""
    return round(instant.timestamp() * 1000)
