# ruff: noqa: S608 - statements are put together from constants of this module; every value is a parameter
"""What providers may still be asked, and whether they are left alone: one row a provider, the same for all processes and after restarts.

Every change is one statement, so two processes never spend the same request twice. A token bucket holds the requests of a moment,
a counter those of the day. The breaker opens after five failures in a row, or at once where the provider asks to wait; after a
pause, doubled each time, one process may probe.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, LiteralString

from data import calendar
from engine.errors import CircuitOpen, ProviderError, RateLimited, UnknownSymbol

if TYPE_CHECKING:
    from data.database import Database, Unit

OPENS_AFTER: Final = 5
FIRST_PAUSE_SECONDS: Final = 15.0
LONGEST_PAUSE_SECONDS: Final = 900.0
BURST_PAUSE_SECONDS: Final = 2.0
PROBE_SECONDS: Final = 30.0  # how long a probe may take before another process may try


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a provider may be asked. None means that it names no limit.

    Attributes
    ----------
    per_second : float or None
        Requests a second on the average.
    burst : int
        Requests at once after a pause.
    per_day : int or None
        Requests a day (UTC).
    batch : int
        Instruments that one request for quotes takes.
    pause_seconds : float or None
        How long it is left alone when it refuses for a limit and does not say for how long.
    """

    per_second: float | None = None
    burst: int = 10
    per_day: int | None = None
    batch: int = 1
    pause_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """How a provider fares, as all processes have seen it."""

    provider: str
    breaker: str
    failures: int
    retry_at: datetime | None
    per_second: float | None
    per_day: int | None
    used_today: int
    left_today: int | None
    latency_ms: float | None
    last_ok_at: datetime | None
    last_error: str | None
    last_error_code: str | None
    last_error_at: datetime | None


class ProviderState:
    """Budget and breaker of one provider.

    Parameters
    ----------
    database : Database
    provider : str
    limits : Limits
    """

    def __init__(self, database: Database, provider: str, limits: Limits) -> None:
        self.provider = provider
        self.limits = limits
        self.waits = False  # our own budget of the moment is what refused last
        self._database = database
        self._known = False

    def take(self, cost: int = 1) -> None:
        """Spend requests, or refuse.

        Raises
        ------
        RateLimited
            The budget of the moment or of the day is used up.
        CircuitOpen
            It failed too often and is left alone.
        """
        self._ensure()
        with self._database.begin() as unit:
            if _rows(unit, _TAKE, {**self._named(), "cost": cost}):
                self.waits = False
                return
            row = _rows(unit, _WHY, {**self._named(), "cost": cost})[0]
        error = self._refused(*row)
        self.waits = error.context.get("until") == "burst"
        raise error

    def succeeded(self, latency_ms: float) -> None:
        """Note an answer; a probe that got one closes the breaker."""
        self._ensure()
        with self._database.begin() as unit:
            _rows(unit, _SUCCEEDED, {"provider": self.provider, "latency": latency_ms})

    def failed(self, error: ProviderError, *, late: bool = False) -> None:
        """Note a failure. `late`: of an answer that had been noted and then could not be read."""
        if error.noted or isinstance(error, CircuitOpen | UnknownSymbol):
            return
        error.noted = True
        self._ensure()
        values = {"provider": self.provider, "late": late, "message": error.message, "code": error.code, "opens": OPENS_AFTER,
                  "first": FIRST_PAUSE_SECONDS, "longest": LONGEST_PAUSE_SECONDS, "jitter": random.uniform(0.8, 1.2),  # noqa: S311  # no secret
                  "until": _asked_to_wait(error, self.limits.pause_seconds), "day_is_over": error.context.get("until") == "day",
                  "limited": isinstance(error, RateLimited)}
        with self._database.begin() as unit:
            _rows(unit, _FAILED, values)

    def _ensure(self) -> None:
        """Have the row, with the limits of now."""
        if not self._known:
            with self._database.begin() as unit:
                _rows(unit, _ENSURE, {**self._named(), "per_second": self.limits.per_second})
            self._known = True

    def _named(self) -> dict[str, Any]:
        return {"provider": self.provider, "burst": self.limits.burst, "per_day": self.limits.per_day, "today": calendar.today(),
                "probe": PROBE_SECONDS}

    def _refused(self, breaker: str, wait: float | None, day_is_over: bool, token_wait: float | None) -> ProviderError:  # noqa: FBT001
        if breaker != "closed" and wait is not None and wait > 0:
            return CircuitOpen(self.provider, seconds=wait)
        if day_is_over:
            return _own_budget(RateLimited(self.provider, until="day", retry_after_seconds=_until_tomorrow()))
        return _own_budget(RateLimited(self.provider, until="burst", retry_after_seconds=token_wait))


def health(database: Database) -> list[ProviderHealth]:
    """Tell how every provider fares that was ever asked, by name."""
    with database.read() as unit:
        return [ProviderHealth(*row) for row in _rows(unit, _HEALTH, {"today": calendar.today()})]


def _own_budget(error: RateLimited) -> RateLimited:
    """Mark a refusal as ours: the provider did not fail."""
    error.noted = True
    return error


def _asked_to_wait(error: ProviderError, pause: float | None) -> datetime | None:
    """Until when a provider asks not to be asked."""
    if not isinstance(error, RateLimited):
        return None
    told, until = error.context.get("retry_after_seconds"), error.context.get("until")
    if until == "day":
        return calendar.now() + timedelta(seconds=_until_tomorrow())
    seconds = float(told) if told is not None else (BURST_PAUSE_SECONDS if until == "burst" else pause)
    return None if seconds is None else calendar.now() + timedelta(seconds=min(max(seconds, 1.0), 86400.0))


def _until_tomorrow() -> float:
    """Seconds to the next day of the budgets."""
    now = calendar.now()
    return (datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1) - now).total_seconds()


def _rows(unit: Unit, statement: LiteralString, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with unit.system.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


_ENSURE: Final = """
INSERT INTO provider_state AS s (provider, per_second, burst, per_day, tokens, day)
VALUES (%(provider)s, %(per_second)s::float8::numeric, %(burst)s, %(per_day)s, %(burst)s, %(today)s)
ON CONFLICT (provider) DO UPDATE SET per_second = excluded.per_second, burst = excluded.burst, per_day = excluded.per_day,
    tokens = least(s.tokens, excluded.burst)
WHERE (s.per_second, s.burst, s.per_day) IS DISTINCT FROM (excluded.per_second, excluded.burst, excluded.per_day)
"""
_FILLED: Final = """
least(burst, tokens + coalesce(per_second, burst) * greatest(extract(epoch FROM clock_timestamp() - refilled_at), 0))
"""
_USED: Final = "(CASE WHEN day = %(today)s THEN used_today ELSE 0 END)"
_TAKE: Final = f"""
UPDATE provider_state SET
    tokens = CASE WHEN per_second IS NULL THEN tokens ELSE {_FILLED} - %(cost)s END,
    refilled_at = clock_timestamp(), day = %(today)s, used_today = {_USED} + %(cost)s,
    breaker = CASE WHEN breaker = 'closed' THEN 'closed' ELSE 'half_open' END,
    retry_at = CASE WHEN breaker = 'closed' THEN NULL ELSE clock_timestamp() + %(probe)s * interval '1 second' END
WHERE provider = %(provider)s
    AND (breaker = 'closed' OR retry_at <= clock_timestamp())
    AND (per_second IS NULL OR {_FILLED} >= least(%(cost)s, burst))
    AND (per_day IS NULL OR {_USED} + %(cost)s <= per_day)
RETURNING 1
"""
_WHY: Final = f"""
SELECT breaker, extract(epoch FROM retry_at - clock_timestamp())::float8, per_day IS NOT NULL AND {_USED} + %(cost)s > per_day,
    CASE WHEN per_second > 0 THEN greatest((least(%(cost)s, burst) - ({_FILLED})) / per_second, 0.001)::float8 END
FROM provider_state WHERE provider = %(provider)s
"""
_SUCCEEDED: Final = """
UPDATE provider_state SET failures_before = failures, failures = 0, breaker = 'closed', opened_at = NULL, retry_at = NULL,
    last_ok_at = clock_timestamp(), latency_ms = coalesce(0.8 * latency_ms, 0.8 * %(latency)s::float8::numeric) + 0.2 * %(latency)s::float8::numeric
WHERE provider = %(provider)s
"""
_COUNT: Final = "(CASE WHEN %(late)s THEN greatest(failures, failures_before) ELSE failures END + 1)"
_BEYOND: Final = f"least(greatest({_COUNT} - CASE WHEN %(limited)s THEN 1 ELSE %(opens)s END, 0), 20)"
_PAUSE: Final = f"least(%(longest)s::float8, %(first)s::float8 * power(2, {_BEYOND})) * %(jitter)s::float8"
_OPENS: Final = f"(%(limited)s OR {_COUNT} >= %(opens)s OR breaker = 'half_open')"
_FAILED: Final = f"""
UPDATE provider_state SET failures = {_COUNT}, last_error = %(message)s, last_error_code = %(code)s, last_error_at = clock_timestamp(),
    used_today = CASE WHEN %(day_is_over)s THEN greatest(used_today, coalesce(per_day, 0)) ELSE used_today END,
    breaker = CASE WHEN %(until)s::timestamptz IS NOT NULL OR {_OPENS} THEN 'open' ELSE breaker END,
    opened_at = CASE WHEN breaker = 'closed' AND (%(until)s::timestamptz IS NOT NULL OR {_OPENS}) THEN clock_timestamp() ELSE opened_at END,
    retry_at = CASE WHEN %(until)s::timestamptz IS NOT NULL THEN %(until)s::timestamptz
        WHEN {_OPENS} THEN clock_timestamp() + {_PAUSE} * interval '1 second' ELSE retry_at END
WHERE provider = %(provider)s
"""
_HEALTH: Final = """
SELECT provider, breaker, failures, retry_at, per_second::float8, per_day, CASE WHEN day = %(today)s THEN used_today ELSE 0 END,
    per_day - CASE WHEN day = %(today)s THEN used_today ELSE 0 END, latency_ms::float8, last_ok_at, last_error, last_error_code, last_error_at
FROM provider_state ORDER BY provider
"""
