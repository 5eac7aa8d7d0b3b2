"""How the providers of market data fare: what may still be asked of them, how fast they answer, what they failed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from data import budgets, calendar
from data.budgets import ProviderHealth
from data.database import Database
from data.feed import Feed
from data.providers import registry
from data.providers.base import Provider
from data.records import JobRun
from data.rounds import Streaming
from data.settings import Settings, names_of
from engine.types import Actor

SILENT: Final = timedelta(minutes=3)  # a line is told of once a minute


@dataclass(frozen=True, slots=True)
class LineView:
    """How the socket over which a provider tells its ticks fares, as the leader last told.

    `state` is `connected`, `down`, or `unknown` where nobody has told for some minutes.
    """

    state: str
    since: datetime | None
    symbols: int
    ticks: int
    error: str | None


@dataclass(frozen=True, slots=True)
class ProviderView:
    """One provider of `MARKET_DATA`, in the order of preference.

    `state` is `ok`, `unasked` (nobody has asked it yet), `used_up` (its budget of the day is), `left_alone` (it failed too often or asks to
    wait, until `retry_at`), `probing` (one question is out to see whether it is well again) or `unavailable` (`reason` says why).
    """

    name: str
    place: int
    state: str
    simulated: bool
    offers: tuple[str, ...]
    breaker: str = "closed"
    failures: int = 0
    retry_at: datetime | None = None
    per_minute: float | None = None
    per_day: int | None = None
    used_today: int = 0
    left_today: int | None = None
    latency_ms: float | None = None
    last_ok_at: datetime | None = None
    last_error: str | None = None
    last_error_code: str | None = None
    last_error_at: datetime | None = None
    reason: str | None = None
    line: LineView | None = None


class Providers:
    """The providers that the settings name."""

    def __init__(self, settings: Settings, database: Database, feed: Feed) -> None:
        self._settings = settings
        self._database = database
        self._feed = feed

    def health(self, actor: Actor) -> list[ProviderView]:
        """Tell how each fares, most preferred first, those that cannot run too."""
        del actor  # the providers are the operator's, not a workspace's
        known = {each.provider: each for each in budgets.health(self._database)}
        running = {provider.name: provider for provider in self._feed.providers}
        refused = {refusal.name: refusal.reason for refusal in registry.refusals(self._settings)}
        names = dict.fromkeys([*names_of(self._settings.market_data), *running])
        with self._database.read() as unit:
            lines = {name: _line(unit.system.jobs(job=f"stream_{name}", limit=1)) for name, each in running.items() if isinstance(each, Streaming)}
        return [replace(_view(name, place, running.get(name), known, refused.get(name)), line=lines.get(name))
                for place, name in enumerate(names, start=1)]


def _line(runs: Sequence[JobRun]) -> LineView | None:
    """Read what the leader last wrote of a line."""
    if not runs:
        return None
    told, at = runs[0].detail, runs[0].created_at
    since = datetime.fromisoformat(told["since"]) if told.get("since") else None
    state = "unknown" if calendar.now() - at > SILENT else "connected" if told.get("connected") else "down"
    return LineView(state, since, int(told.get("symbols", 0)), int(told.get("ticks", 0)), told.get("error") or told.get("reason"))


def _view(name: str, place: int, provider: Provider | None, known: Mapping[str, ProviderHealth], reason: str | None) -> ProviderView:
    if provider is None:
        return ProviderView(name, place, "unavailable", simulated=False, offers=(), reason=reason or "not running in this process")
    offers, state = tuple(sorted(provider.offers)), known.get(name)
    if state is None:
        limits = provider.limits
        per_minute = None if limits.per_second is None else limits.per_second * 60
        return ProviderView(name, place, "ok" if provider.simulated else "unasked", provider.simulated, offers, per_minute=per_minute,
                            per_day=limits.per_day, left_today=limits.per_day)
    return ProviderView(
        name, place, _state(state), provider.simulated, offers, state.breaker, state.failures, state.retry_at,
        None if state.per_second is None else state.per_second * 60, state.per_day, state.used_today, state.left_today, state.latency_ms,
        state.last_ok_at, state.last_error, state.last_error_code, state.last_error_at,
    )


def _state(state: ProviderHealth) -> str:
    """Name what matters most."""
    if state.left_today is not None and state.left_today <= 0:
        return "used_up"
    if state.breaker == "open":
        waits = state.retry_at is not None and state.retry_at > calendar.now()
        return "left_alone" if waits else "probing"
    return "probing" if state.breaker == "half_open" else "ok" if state.last_ok_at or state.last_error_at else "unasked"
