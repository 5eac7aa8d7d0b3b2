from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import RFC_4122, UUID

import pytest

from data import calendar, ids


def test_now_is_aware_and_utc() -> None:
    assert calendar.now().utcoffset() == timedelta(0)
    assert calendar.today() == calendar.now().date()
    assert abs(calendar.nanoseconds() / 1e9 - calendar.now().timestamp()) < 1


def test_business_days_over_a_year_end() -> None:
    days = [date(2027, 12, 30), date(2027, 12, 31), date(2028, 1, 3), date(2028, 1, 4)]
    assert calendar.business_days(days[0], days[-1]) == days
    assert calendar.business_days(date(2026, 11, 21), date(2026, 11, 22)) == []
    assert calendar.business_days(date(2026, 11, 23), date(2026, 11, 20)) == []
    assert len(calendar.business_days(date(2024, 2, 26), date(2024, 3, 1))) == 5, "a leap day is a day"


@pytest.mark.parametrize(("day", "previous", "newest"), [
    (date(2026, 11, 23), date(2026, 11, 20), date(2026, 11, 23)),
    (date(2026, 11, 21), date(2026, 11, 20), date(2026, 11, 20)),
    (date(2026, 11, 22), date(2026, 11, 20), date(2026, 11, 20)),
    (date(2026, 11, 24), date(2026, 11, 23), date(2026, 11, 24)),
])
def test_the_business_day_before(day: date, previous: date, newest: date) -> None:
    assert calendar.previous_business_day(day) == previous
    assert calendar.newest_business_day(day) == newest
    assert calendar.is_business_day(newest)


def test_age_is_never_below_zero() -> None:
    noon = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert calendar.age_seconds(noon, at=noon + timedelta(seconds=90)) == 90
    assert calendar.age_seconds(noon.astimezone(timezone(timedelta(hours=5.5))), at=noon + timedelta(seconds=1)) == 1
    assert calendar.age_seconds(noon + timedelta(seconds=5), at=noon) == 0
    assert 0 <= calendar.age_seconds(calendar.now()) < 1


def test_a_day_is_whole() -> None:
    day = date(2024, 2, 29)
    assert calendar.start_of(day) == datetime(2024, 2, 29, tzinfo=UTC)
    assert calendar.end_of(day) + timedelta(microseconds=1) == calendar.start_of(date(2024, 3, 1))
    assert calendar.milliseconds(datetime(2024, 2, 29, 0, 0, 0, 1500, tzinfo=UTC)) == 1_709_164_800_002


def test_ids_are_version_7_and_tell_their_time() -> None:
    before = calendar.nanoseconds() // 1_000_000
    made = ids.uuid7()
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= calendar.nanoseconds() // 1_000_000


def test_ids_only_grow_and_never_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [ids.uuid7() for _ in range(10_000)]
    assert made == sorted(made)
    with ThreadPoolExecutor(4) as threads:
        many = [each for batch in threads.map(lambda _: [ids.uuid7() for _ in range(2_000)], range(4)) for each in batch]
    assert len({*many, *made}) == 18_000
    monkeypatch.setattr(calendar, "nanoseconds", lambda: 0)
    behind: list[UUID] = [ids.uuid7() for _ in range(5)]
    assert behind == sorted(behind)
    assert behind[0] > max(many), "a clock that is set back does not set ids back"
