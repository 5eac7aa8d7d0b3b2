"""Answers the Overview's lines: today, and value with contributions over a period."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, no_update
from dash.exceptions import PreventUpdate

from callbacks.holdings import looking_back
from components import cards, figures, summary, theme
from components.figures import History
from components.ids import OverviewIds as Ids
from engine.errors import NotFound, PortfolioError
from services.recent import span
from services.views import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from engine.types import Actor
    from services import Services
    from services.views import HoldingsView


def register(app: Dash, services: Services) -> None:
    """Wire the line of today and the growth chart."""

    @app.callback(Output(Ids.TODAY, "data"), Input(Ids.ASKED, "data"))
    async def update_today(asked: dict[str, Any] | None) -> dict[str, Any]:
        """Line of today, in milliseconds and money."""
        if not asked:
            raise PreventUpdate
        try:
            points = [] if any(looking_back(asked).values()) else await asyncio.to_thread(_points, services, asked["portfolio"])
        except PortfolioError:
            return {"scope": asked["portfolio"], "points": []}
        return {"scope": asked["portfolio"], "points": [[round(at.timestamp() * 1000), value] for at, value in points if theme.known(value)]}

    outputs = [
        Output(Ids.GROWTH_DATA, "data"),
        Output(Ids.GROWTH_TABLE, "children"),
        Output(Ids.GROWTH_NOTE, "children"),
        Output(Ids.GROWTH_STATE, "children"),
    ]

    @app.callback(*outputs, Input(Ids.HISTORY_ASKED, "data"))
    async def update_growth(asked: dict[str, Any] | None) -> Sequence[Any]:
        """Value and contributions over the period."""
        if not asked:
            raise PreventUpdate
        try:
            return await asyncio.to_thread(_growth, services, asked["portfolio"], asked["period"], looking_back(asked))
        except NotFound:
            return no_update, [], "", cards.blank("No such portfolio", "Choose one in the top bar.")
        except PortfolioError as error:
            return no_update, [], "", cards.failed("The history could not be read", error.message)


def _points(services: Services, scope: str) -> list[tuple[datetime, float]]:
    actor = services.accounts.local()
    revision = tuple(sorted((str(each.id), each.revision) for each in services.portfolios.find(actor)))
    key = ("today", actor.workspace_id, scope, revision if scope == ALL else dict(revision).get(scope))
    found: list[tuple[datetime, float]] = services.recent.get_or_compute(key, span(10), partial(services.valuation.intraday, actor, scope))
    return found


def _growth(services: Services, scope: str, period: str, past: dict[str, Any]) -> Sequence[Any]:
    actor = services.accounts.local()
    view = services.valuation.holdings(actor, scope, **past)
    history = _history(services, actor, scope, period, view, past["known_at"])
    if len(history.days) < 2:
        return no_update, [], "", cards.blank("No history yet", "The line begins the day after the first transaction.")
    name = next(iter(view.portfolios.values())) if len(view.portfolios) == 1 else "All portfolios"
    picture = figures.growth_figure(history, name=name, revision=f"{scope}:{period}")
    rows = figures.thinned(history)
    table = summary.history_table(rows.days, rows.value, rows.contributed, view.base_currency)
    return {"figure": picture, "scope": scope, "label": _spoken(history, view.base_currency)}, table, _note(period, view), []


def _history(services: Services, actor: Actor, scope: str, period: str, view: HoldingsView, known_at: datetime | None) -> History:
    """Days of a period; the last is now, at the latest prices, or the day one looks back to. One day is told by the line of today."""
    now, paid = float(view.snapshot.totals["value"]), float(view.snapshot.totals["net_contributions"])
    if period == "1D" and view.live and known_at is None:
        points = [(at, value) for at, value in services.valuation.intraday(actor, scope) if theme.known(value)]
        return History([at for at, _ in points], [value for _, value in points], [paid] * len(points))
    today = view.as_of.date()
    key = ("history", actor.workspace_id, scope, period, today, known_at, tuple(sorted(view.revisions.items())))
    ask = partial(services.performance.history, actor, scope, period_start(period, today), today, known_at=known_at)
    frame = services.recent.get_or_compute(key, span(60), ask)
    frame = frame[(frame.index.date < today) & frame["value"].notna()]
    frame = frame[(frame[["value", "net_contributions"]] != 0).any(axis=1).cummax()]  # what was before the first transaction is no history
    days = [moment.date() for moment in frame.index]
    return History([*days, today], [*frame["value"].tolist(), now], [*frame["net_contributions"].tolist(), paid])


def period_start(period: str, today: date) -> date | None:
    """Give the first day of a period; none for All, which begins with the first transaction."""
    if period == "YTD":
        return date(today.year - 1, 12, 31)
    if period == "All":
        return None
    if period.endswith("Y"):
        return _years_before(today, int(period[:-1]))
    return today - timedelta(days={"1D": 1, "1W": 7, "1M": 31, "3M": 92}[period])


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


_PERIOD_NAMES = {
    "1D": "today",
    "1W": "1 week",
    "1M": "1 month",
    "3M": "3 months",
    "YTD": "this year",
    "1Y": "1 year",
    "3Y": "3 years",
    "All": "since the first transaction",
}


def _note(period: str, view: HoldingsView) -> str:
    return f"{_PERIOD_NAMES[period]}, {view.base_currency}" + (", partly simulated" if view.simulated else "")


def _spoken(history: History, currency: str) -> str:
    """Say what the chart shows, for those who do not see it."""
    first, last = theme.day(history.days[0]), theme.day(history.days[-1])
    worth, paid = ([theme.money(line[0], decimals=0), theme.money(line[-1], decimals=0)] for line in (history.value, history.contributed))
    return f"Value from {first} to {last}: {' to '.join(worth)} {currency}; net contributions {' to '.join(paid)}"
