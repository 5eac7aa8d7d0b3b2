"""Answers the Overview: its first text comes from the same state as the stream, so that nothing jumps when the stream begins."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from components import cards, controls, figures, summary, theme
from components.figures import History
from components.ids import Ids as Frame
from components.ids import OverviewIds as Ids
from engine.errors import NotFound, PortfolioError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types import Actor
    from services import Services
    from services.views import HoldingsView, PortfolioRow

ALL = "all"
EMPTY = ("Nothing is held yet", "Record the first deposit or purchase; its value then moves here.")


def register(app: Dash, services: Services) -> None:
    """Wire the page."""
    _register_clientside(app)
    _register_summary(app, services)
    _register_history(app, services)
    _register_compare(app, services)


def _register_clientside(app: Dash) -> None:
    triggers = [Input(Frame.LEDGER, "data"), Input(Ids.RETRY, "data"), Input(Frame.DIRECTORY_CHANGED, "data")]
    app.clientside_callback(ClientsideFunction("overview", "ask"), Output(Ids.ASKED, "data"), Input(Frame.SCOPE, "data"), *triggers,
                            State(Ids.SUMMARY, "data"), State(Ids.ASKED, "data"))
    app.clientside_callback(ClientsideFunction("overview", "askHistory"), Output(Ids.HISTORY_ASKED, "data"), Input(Frame.SCOPE, "data"), Input(Ids.ASKED, "data"),
                            State(Ids.HISTORY_ASKED, "data"))
    app.clientside_callback(ClientsideFunction("overview", "summary"), Input(Ids.SUMMARY, "data"))
    app.clientside_callback(ClientsideFunction("overview", "today"), Input(Ids.TODAY, "data"))
    app.clientside_callback(ClientsideFunction("overview", "growth"), Output(Ids.GROWTH, "figure"), Input(Ids.GROWTH_DATA, "data"))


# ------------------------------------------------------------------------------------------------------------------------- summary


def _register_summary(app: Dash, services: Services) -> None:
    outputs = [
        Output(Ids.PAGE, "className"), Output(Ids.PAGE, "data-scope"), Output(Ids.HERO, "children"), Output(Ids.IDENTITY, "children"), Output(Ids.KPIS, "children"),
        Output(Ids.NOTICES, "children"), Output(Ids.HOLDINGS, "children"), Output(Ids.HOLDINGS_NOTE, "children"), Output(Ids.ALLOCATION_STATE, "children"),
        Output(Ids.MOVERS_STATE, "children"), Output(Ids.MOVERS_NOTE, "children"), Output(Ids.SUMMARY, "data"),
    ]

    @app.callback(*outputs, Input(Ids.ASKED, "data"))
    async def update_summary(asked: dict[str, Any] | None) -> Sequence[Any]:
        """Value, where it comes from, key figures, holdings."""
        if not asked:
            raise PreventUpdate
        actor = services.accounts.local()
        try:
            return await _summary(services, actor, asked["portfolio"])
        except NotFound as error:
            return _page(hero=cards.blank("No such portfolio", error.message), className="page overview is-lost")
        except PortfolioError as error:
            return _page(hero=cards.failed("The value cannot be told now", f"{error.message} What you recorded is safe."), className="page overview is-lost")


async def _summary(services: Services, actor: Actor, scope: str) -> Sequence[Any]:
    if not await asyncio.to_thread(services.portfolios.find, actor):
        return _page(className="page overview is-new")
    view, state = await asyncio.gather(asyncio.to_thread(services.valuation.holdings, actor, scope), _state(services, actor, scope))
    rows = holding_rows(view, state)
    symbols = [row.symbol for row in rows if not row.is_cash]
    sparks, income = await asyncio.gather(asyncio.to_thread(services.valuation.sparklines, actor, symbols, 30), asyncio.to_thread(_income, services, actor, scope, view.as_of.date()))
    return _page(**_parts(view, state, rows, sparks, income))


async def _state(services: Services, actor: Actor, scope: str) -> dict[str, Any]:
    """Figures of a scope as the stream tells them: rounded so that rows add up to totals."""
    message = json.loads(await services.hub.state(actor, [scope]))
    if scope not in message.get("portfolios", {}):
        raise NotFound("portfolio", scope)
    state: dict[str, Any] = message["portfolios"][scope]
    return state


def _income(services: Services, actor: Actor, scope: str, today: date) -> float | None:
    """Income of the last twelve months; none where the history cannot be valued."""
    try:
        return float(services.valuation.bridge(actor, scope, today - timedelta(days=365), today)["income"])
    except PortfolioError:
        return None


def holding_rows(view: HoldingsView, state: dict[str, Any]) -> list[summary.Row]:
    """Join what is known about instruments with the figures of the stream."""
    return [_cash_row(key, figures_) if key.startswith("cash:") else _holding_row(key, figures_, view) for key, figures_ in state["holdings"].items()]


def _cash_row(key: str, told: dict[str, Any]) -> summary.Row:
    currency = key.partition(":")[2]
    return summary.Row(key=key, symbol=currency, name="Cash", sector=summary.CASH_SECTOR, currency=currency, price=None, state="", age_seconds=None, simulated=False,
                       value=told["market_value"], day_pnl=told["day_pnl"], day_return=None, total_pnl=None, on_cost=None, weight=told["weight"], is_cash=True)


def _holding_row(symbol: str, told: dict[str, Any], view: HoldingsView) -> summary.Row:
    instrument, quote = view.instruments[symbol], view.quotes.get(symbol)
    return summary.Row(
        key=symbol, symbol=symbol, name=instrument.name, sector=instrument.sector or instrument.asset_class.value.capitalize(), currency=instrument.currency,
        price=told["price"], state=told.get("state") or "missing", age_seconds=quote.age_seconds if quote else None, simulated=bool(quote and quote.simulated),
        value=told["market_value"], day_pnl=told["day_pnl"], day_return=told["day_return"], total_pnl=told["total_pnl"], on_cost=told["on_cost"],
        weight=told["weight"], is_cash=False,
    )


def _parts(view: HoldingsView, state: dict[str, Any], rows: Sequence[summary.Row], sparks: dict[str, list[float]], income: float | None) -> dict[str, Any]:
    totals = summary.Totals(currency=view.base_currency, income_year=income,
                            **{name: state[name] for name in ("value", "day_pnl", "day_return", "total_pnl", "cash", "net_contributions")})
    held = [row for row in rows if not row.is_cash]
    empty = [] if held else cards.blank(*EMPTY, controls.link("Record a transaction", "/transactions"))
    name = next(iter(view.portfolios.values())) if len(view.portfolios) == 1 else "All portfolios"
    return {
        "scope": view.scope,
        "hero": cards.hero(value=totals.value, currency=totals.currency, day_pnl=totals.day_pnl, day_return=totals.day_return, simulated=view.simulated),
        "identity": cards.identity(identity_terms(state), totals.value),
        "kpis": summary.kpi_strip(totals, rows),
        "notices": notices(view),
        "holdings": summary.holdings_table(rows, totals, sparks) if rows else cards.blank(*EMPTY, controls.link("Record a transaction", "/transactions")),
        "holdings_note": f"{len(held)} in {len({row.sector for row in held})} sectors, {view.base_currency}",
        "allocation": empty,
        "movers": empty,
        "movers_note": f"by day P/L, {view.base_currency}",
        "data": {"scope": view.scope, "name": name, "currency": view.base_currency, "revisions": view.revisions, "simulated": view.simulated,
                 "as_of": view.as_of.isoformat(), "totals": {key: value for key, value in state.items() if key != "holdings"}, "rows": [row._asdict() for row in rows]},
    }


def _page(*, className: str = "page overview", scope: str = "", hero: Any = (), identity: Any = (), kpis: Any = (), notices: Any = (), holdings: Any = (),  # noqa: N803, PLR0913
          holdings_note: str = "", allocation: Any = (), movers: Any = (), movers_note: str = "", data: Any = None) -> Sequence[Any]:
    """Order the parts as the outputs are ordered; what is not given is emptied."""
    return className, scope, hero, identity, kpis, notices, holdings, holdings_note, allocation, movers, movers_note, data


def identity_terms(state: dict[str, Any]) -> list[cards.Term]:
    """Terms that make the value; those that are nothing and need not be said are left out."""
    terms = [
        cards.Term("", "Contributed", "net_contributions", state["net_contributions"]), cards.Term("+", "Unrealised", "unrealised", state["unrealised"]),
        cards.Term("+", "Realised", "realised", state["realised"]), cards.Term("+", "Income", "income", state["income"]),
        cards.Term(theme.MINUS, "Fees", "fees", state["fees"]), cards.Term(theme.MINUS, "Taxes", "taxes", state["taxes"]),
        cards.Term("+", "Currency gain", "fx_gain", state["fx_gain"]),
    ]
    needed = {"net_contributions", "unrealised", "realised"}
    return [term for term in terms if term.key in needed or term.value]


def notices(view: HoldingsView) -> list[Any]:
    """Say what is odd about these figures, the grave first, at most three lines."""
    order = {"error": 0, "warning": 1, "info": 2}
    told = sorted((finding for finding in view.findings if finding.severity.value in order), key=lambda finding: order[finding.severity.value])
    unique = list(dict.fromkeys((finding.severity.value, finding.message) for finding in told))
    lines = [cards.notice(message, kind={"error": "crit", "warning": "warn", "info": "info"}[severity]) for severity, message in unique[:3]]
    return [*lines, *([cards.notice(f"{len(unique) - 3} more findings", "stand on the Holdings page.", kind="info")] if len(unique) > 3 else [])]


# ------------------------------------------------------------------------------------------------------------------------- history


def _register_history(app: Dash, services: Services) -> None:
    @app.callback(Output(Ids.TODAY, "data"), Input(Ids.ASKED, "data"))
    async def update_today(asked: dict[str, Any] | None) -> Any:
        """Line of today, in milliseconds and money."""
        if not asked:
            raise PreventUpdate
        try:
            points = await asyncio.to_thread(services.valuation.intraday, services.accounts.local(), asked["portfolio"])
        except PortfolioError:
            return {"scope": asked["portfolio"], "points": []}
        return {"scope": asked["portfolio"], "points": [[round(at.timestamp() * 1000), value] for at, value in points if theme.known(value)]}

    outputs = [Output(Ids.GROWTH_DATA, "data"), Output(Ids.GROWTH_TABLE, "children"), Output(Ids.GROWTH_NOTE, "children"), Output(Ids.GROWTH_STATE, "children")]

    @app.callback(*outputs, Input(Ids.HISTORY_ASKED, "data"))
    async def update_growth(asked: dict[str, Any] | None) -> Sequence[Any]:
        """Value and contributions over the period."""
        if not asked:
            raise PreventUpdate
        actor, scope, period = services.accounts.local(), asked["portfolio"], asked["period"]
        try:
            return await asyncio.to_thread(_growth, services, actor, scope, period)
        except NotFound:
            return no_update, [], "", cards.blank("No such portfolio", "Choose one in the top bar.")
        except PortfolioError as error:
            return no_update, [], "", cards.failed("The history could not be read", error.message)


def _growth(services: Services, actor: Actor, scope: str, period: str) -> Sequence[Any]:
    view = services.valuation.holdings(actor, scope)
    history = _history(services, actor, scope, period, view)
    if len(history.days) < 2:
        return no_update, [], "", cards.blank("No history yet", "The line begins the day after the first transaction.")
    name = next(iter(view.portfolios.values())) if len(view.portfolios) == 1 else "All portfolios"
    picture = figures.growth_figure(history, name=name, revision=f"{scope}:{period}")
    rows = figures.thinned(history)
    table = summary.history_table(rows.days, rows.value, rows.contributed, view.base_currency)
    return {"figure": picture, "scope": scope, "label": _spoken(history, view.base_currency)}, table, _note(period, view), []


def _history(services: Services, actor: Actor, scope: str, period: str, view: HoldingsView) -> History:
    """Days of a period; the last is now, at the latest prices. One day is told by the line of today."""
    now, paid = float(view.snapshot.totals["value"]), float(view.snapshot.totals["net_contributions"])
    if period == "1D":
        points = [(at, value) for at, value in services.valuation.intraday(actor, scope) if theme.known(value)]
        return History([at for at, _ in points], [value for _, value in points], [paid] * len(points))
    today = view.as_of.date()
    frame = services.valuation.history(actor, scope, period_start(period, today), today)
    frame = frame[(frame.index.date < today) & frame["value"].notna()]
    days = [moment.date() for moment in frame.index]
    return History([*days, today], [*frame["value"].tolist(), now], [*frame["net_contributions"].tolist(), paid])


def period_start(period: str, today: date) -> date:
    """First day of a period; the day before everything for All."""
    if period == "YTD":
        return date(today.year - 1, 12, 31)
    if period == "All":
        return date(1900, 1, 1)
    if period.endswith("Y"):
        return _years_before(today, int(period[:-1]))
    return today - timedelta(days={"1D": 1, "1W": 7, "1M": 31, "3M": 92}[period])


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


_PERIOD_NAMES = {"1D": "today", "1W": "1 week", "1M": "1 month", "3M": "3 months", "YTD": "this year", "1Y": "1 year", "3Y": "3 years", "All": "since the first transaction"}


def _note(period: str, view: HoldingsView) -> str:
    return f"{_PERIOD_NAMES[period]}, {view.base_currency}" + (", simulated since the last real close" if view.simulated else "")


def _spoken(history: History, currency: str) -> str:
    """What the chart shows, for those who do not see it."""
    first, last = history.days[0], history.days[-1]
    return (f"Value from {theme.day(first)} to {theme.day(last)}: {theme.money(history.value[0], decimals=0)} to {theme.money(history.value[-1], decimals=0)} {currency}; "
            f"net contributions {theme.money(history.contributed[0], decimals=0)} to {theme.money(history.contributed[-1], decimals=0)}")


# ------------------------------------------------------------------------------------------------------------- portfolios side by side


def _register_compare(app: Dash, services: Services) -> None:
    @app.callback(Output(Ids.COMPARE, "children"), Output(Ids.COMPARE_NOTE, "children"), Input(Ids.ASKED, "data"))
    async def update_compare(asked: dict[str, Any] | None) -> Sequence[Any]:
        """Every portfolio beside the others, whatever the scope."""
        if not asked:
            raise PreventUpdate
        try:
            return await asyncio.to_thread(_compare, services, services.accounts.local())
        except PortfolioError as error:
            return cards.failed("The portfolios could not be compared", error.message), ""


def _compare(services: Services, actor: Actor) -> Sequence[Any]:
    rows = services.valuation.compare(actor)
    if not rows:
        return cards.blank("No portfolio yet", "Portfolios stand here side by side."), ""
    view = services.valuation.holdings(actor, ALL)
    today = view.as_of.date()
    columns = [_column(row, _line(services, actor, row.id, today)) for row in rows]
    whole = _whole(view, _line(services, actor, ALL, today)) if len(rows) > 1 else None
    return summary.compare_table(columns, whole), "each in its own currency" if len({row.currency for row in rows}) > 1 else f"in {rows[0].currency}"


def _column(row: PortfolioRow, line: Sequence[float]) -> summary.Column:
    return summary.Column(scope=row.id, name=row.name, currency=row.currency, value=row.value, day_pnl=row.day_pnl, day_return=row.day_return, total_pnl=row.total_pnl,
                          net_contributions=row.net_contributions, cash=row.cash, share=row.weight, holdings=row.holdings, line=line)


def _whole(view: HoldingsView, line: Sequence[float]) -> summary.Column:
    totals = view.snapshot.totals
    money = {name: float(totals[name]) for name in ("value", "day_pnl", "day_return", "total_pnl", "net_contributions", "cash")}
    return summary.Column(scope=ALL, name="All", currency=view.base_currency, share=1.0, holdings=len(view.snapshot.holdings), line=line, **money)


def _line(services: Services, actor: Actor, scope: str, today: date) -> list[float]:
    """Total P/L over one year, a point a week."""
    try:
        frame = services.valuation.history(actor, scope, today - timedelta(days=365), today)
    except PortfolioError:
        return []
    gain = (frame["value"] - frame["net_contributions"]).dropna()
    return [float(value) for value in gain.iloc[:: max(1, len(gain) // 52)]]
