"""Answers the Overview: its first text comes from the same state as the stream, so that nothing jumps when the stream begins."""

from __future__ import annotations

import asyncio
import json
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dash import ClientsideFunction, Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from callbacks import history
from callbacks.holdings import looking_back
from components import beside, cards, controls, summary, theme
from components.ids import Ids as Frame
from components.ids import OverviewIds as Ids
from engine.errors import NotFound, PortfolioError
from services.live.still import still
from services.recent import span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types import Actor, Finding
    from services import Services
    from services.views import HoldingsView, PortfolioRow

ALL = "all"
Past = dict[str, Any]  # as_of and known_at, None for now
TRIES, PAUSE_SECONDS = 10, 0.3
MOST_BESIDE = 12  # portfolios in the comparison
ORDER_SECONDS = 20.0  # how old the values may be that order and share them; the money beside them is the stream's
LONG = 200_000  # characters of JSON that are read in a thread
MONEY = ("value", "day_pnl", "day_return", "total_pnl", "net_contributions", "cash")
NEW, LOST = "page overview is-new", "page overview is-lost"
EMPTY = ("Nothing is held yet", "Record the first deposit or purchase; its value then moves here.")


class Reading(NamedTuple):
    """A scope as the services name it and as the stream counts it, with the ledger revisions of the latter."""

    view: HoldingsView
    state: dict[str, Any]
    revisions: dict[str, int]
    past: bool = False  # nothing moves it


class Answer(NamedTuple):
    """Every part of the page that one reading of a scope fills, in the order of the outputs; what is not given is emptied."""

    look: str = "page overview"
    scope: str = ""
    hero: object = ()
    identity: object = ()
    kpis: object = ()
    notices: object = ()
    holdings: object = ()
    holdings_note: str = ""
    allocation: object = ()
    movers: object = ()
    movers_note: str = ""
    summary: object = None


def register(app: Dash, services: Services) -> None:
    """Wire the page."""
    _register_clientside(app)
    _register_summary(app, services)
    history.register(app, services)
    _register_compare(app, services)


def _register_clientside(app: Dash) -> None:
    triggers = [Input(Frame.LEDGER, "data"), Input(Ids.RETRY, "data"), Input(Frame.DIRECTORY_CHANGED, "data")]
    app.clientside_callback(
        ClientsideFunction("overview", "ask"),
        Output(Ids.ASKED, "data"),
        Input(Frame.SCOPE, "data"),
        *triggers,
        State(Ids.SUMMARY, "data"),
        State(Ids.ASKED, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("overview", "askHistory"),
        Output(Ids.HISTORY_ASKED, "data"),
        Input(Frame.SCOPE, "data"),
        Input(Ids.ASKED, "data"),
        State(Ids.HISTORY_ASKED, "data"),
    )
    app.clientside_callback(ClientsideFunction("overview", "summary"), Input(Ids.SUMMARY, "data"))
    app.clientside_callback(ClientsideFunction("overview", "today"), Input(Ids.TODAY, "data"))
    app.clientside_callback(ClientsideFunction("overview", "growth"), Output(Ids.GROWTH, "figure"), Input(Ids.GROWTH_DATA, "data"))


# ------------------------------------------------------------------------------------------------------------------------- summary


def _register_summary(app: Dash, services: Services) -> None:
    outputs = [
        Output(Ids.PAGE, "className"),
        Output(Ids.PAGE, "data-scope"),
        Output(Ids.HERO, "children"),
        Output(Ids.IDENTITY, "children"),
        Output(Ids.KPIS, "children"),
        Output(Ids.NOTICES, "children"),
        Output(Ids.HOLDINGS, "children"),
        Output(Ids.HOLDINGS_NOTE, "children"),
        Output(Ids.ALLOCATION_STATE, "children"),
        Output(Ids.MOVERS_STATE, "children"),
        Output(Ids.MOVERS_NOTE, "children"),
        Output(Ids.SUMMARY, "data"),
    ]

    @app.callback(*outputs, Input(Ids.ASKED, "data"), State(Ids.SUMMARY, "data"))
    async def update_summary(asked: dict[str, Any] | None, known: dict[str, Any] | None) -> Answer:
        """Value, where it comes from, key figures, holdings."""
        if not asked:
            raise PreventUpdate
        actor = await asyncio.to_thread(services.accounts.local)
        try:
            return await _summary(services, actor, asked["portfolio"], looking_back(asked))
        except NotFound as error:
            return Answer(LOST, hero=cards.blank("No such portfolio", error.message, controls.button("All portfolios", **{"data-portfolio": ALL})))
        except PortfolioError as error:
            return _failure(error, kept=bool(known and known.get("scope") == asked["portfolio"] and not any(looking_back(asked).values())))


def _failure(error: PortfolioError, *, kept: bool) -> Answer:
    """Keep the figures of before, where there are some, and say that they are; else say what failed."""
    if kept:
        line = cards.notice(
            "The figures could not be read again.", f"{error.message} What stands here is from before; live prices go on.", kind="crit"
        )
        return Answer(*[no_update] * len(Answer._fields))._replace(notices=line)
    return Answer(LOST, hero=cards.failed("The value cannot be told now", f"{error.message} What you recorded is safe."))


async def _summary(services: Services, actor: Actor, scope: str, past: Past) -> Answer:
    if not await asyncio.to_thread(services.portfolios.find, actor):
        return Answer(NEW)
    view, state, *_ = reading = await _read(services, actor, scope, past)
    rows = holding_rows(view, state)
    symbols = [row.symbol for row in rows if not row.is_cash]
    sparks, income = await asyncio.gather(
        asyncio.to_thread(_sparks, services, actor, [] if past["as_of"] else symbols),
        asyncio.to_thread(_income, services, actor, view, past["known_at"]),
    )
    return Answer(**_parts(reading, rows, sparks, income))


async def _read(services: Services, actor: Actor, scope: str, past: Past) -> Reading:
    """Read names and figures of the same ledger: the hub may be a moment behind a write, which is worth a short wait."""
    if any(past.values()):
        view, state = await asyncio.to_thread(still, services.valuation, actor, scope, **past)
        return Reading(view, state, view.revisions, past=True)
    for _ in range(TRIES):
        view, message = await asyncio.gather(asyncio.to_thread(services.valuation.holdings, actor, scope), _message(services, actor, [scope]))
        state, revisions = message.get("portfolios", {}).get(scope), message.get("ledger", {})
        if state and revisions == view.revisions and not state.get("gone"):
            break
        await asyncio.sleep(PAUSE_SECONDS)
    if not state or state.get("gone"):
        raise NotFound("portfolio", scope)
    return Reading(view, state, revisions)


async def _message(services: Services, actor: Actor, scopes: Sequence[str]) -> dict[str, Any]:
    """Read scopes as the stream tells them: rounded so that rows add up to totals, all of one moment."""
    text = await services.hub.state(actor, scopes)
    message: dict[str, Any] = await asyncio.to_thread(json.loads, text) if len(text) > LONG else json.loads(text)
    return message


def _sparks(services: Services, actor: Actor, symbols: list[str]) -> dict[str, list[float]]:
    """Last closes of what is held; told again to whoever asks within ten seconds."""
    key = ("sparks", actor.workspace_id, tuple(symbols))
    found: dict[str, list[float]] = services.recent.get_or_compute(key, span(10), partial(services.valuation.sparklines, actor, symbols, 30))
    return found


def _income(services: Services, actor: Actor, view: HoldingsView, known_at: datetime | None) -> float | None:
    """Income of the last twelve months; none where the history cannot be valued."""
    scope, today = view.scope, view.as_of.date()
    key = ("income", actor.workspace_id, scope, today, known_at, tuple(sorted(view.revisions.items())))
    ask = partial(services.performance.bridge, actor, scope, today - timedelta(days=365), today, known_at=known_at)
    try:
        return float(services.recent.get_or_compute(key, span(60), ask).get("income", 0.0))
    except PortfolioError:
        return None


def holding_rows(view: HoldingsView, state: dict[str, Any]) -> list[summary.Row]:
    """Join what is known about instruments with the figures of the stream."""
    told = {key: figures for key, figures in state["holdings"].items() if key.startswith("cash:") or key in view.instruments}
    return [_cash_row(key, figures) if key.startswith("cash:") else _holding_row(key, figures, view) for key, figures in told.items()]


def _cash_row(key: str, told: dict[str, Any]) -> summary.Row:
    currency = key.partition(":")[2]
    return summary.Row(
        key=key,
        symbol=currency,
        name="Cash",
        sector=summary.CASH_SECTOR,
        currency=currency,
        price=None,
        state="",
        age_seconds=None,
        simulated=False,
        value=told["market_value"],
        day_pnl=told["day_pnl"],
        day_return=None,
        total_pnl=None,
        on_cost=None,
        weight=told["weight"],
        is_cash=True,
    )


def _holding_row(symbol: str, told: dict[str, Any], view: HoldingsView) -> summary.Row:
    instrument, quote = view.instruments[symbol], view.quotes.get(symbol)
    return summary.Row(
        key=symbol,
        symbol=symbol,
        name=instrument.name,
        sector=instrument.sector or instrument.asset_class.value.capitalize(),
        currency=instrument.currency,
        price=told["price"],
        state=told.get("state") or "missing",
        age_seconds=quote.age_seconds if quote else None,
        simulated=bool(quote and quote.simulated),
        source=quote.source if quote else None,
        value=told["market_value"],
        day_pnl=told["day_pnl"],
        day_return=told["day_return"],
        total_pnl=told["total_pnl"],
        on_cost=told["on_cost"],
        weight=told["weight"],
        is_cash=False,
    )


def _parts(reading: Reading, rows: Sequence[summary.Row], sparks: dict[str, list[float]], income: float | None) -> dict[str, Any]:
    view, state, _, _ = reading
    totals = summary.Totals(currency=view.base_currency, income_year=income, stale_share=state.get("stale_share"),
                            **{name: state[name] for name in (*MONEY, "market_value", "unrealised")})
    held = [row for row in rows if not row.is_cash]
    nothing = cards.blank(*EMPTY, controls.link("Record a transaction", "/transactions"))
    return {
        "scope": view.scope,
        "hero": cards.hero(totals.value, totals.currency, totals.day_pnl, totals.day_return, simulated=view.simulated,
                           today=view.live),
        "identity": cards.identity(
            identity_terms(state, foreign=any(row.is_cash and row.currency != view.base_currency for row in rows)), totals.value
        ),
        "kpis": summary.kpi_strip(totals, rows),
        "notices": notices(view),
        "holdings": summary.holdings_table(rows, totals, sparks) if held or totals.cash else nothing,
        "holdings_note": f"{len(held)} in {len({row.sector for row in held})} sectors, {view.base_currency}" if held else "",
        "allocation": [] if held else nothing,
        "movers": [] if held else nothing,
        "movers_note": f"by day P/L, {view.base_currency}",
        "summary": _carried(reading, rows),
    }


def _carried(reading: Reading, rows: Sequence[summary.Row]) -> dict[str, Any]:
    """Give the browser what it draws treemap and movers from, and what tells it when to ask again."""
    view, state, revisions, past = reading
    return {
        "past": past,
        "scope": view.scope,
        "currency": view.base_currency,
        "revisions": revisions,
        "totals": {key: value for key, value in state.items() if key != "holdings"},
        "rows": [row._asdict() for row in rows],
    }


def identity_terms(state: dict[str, Any], *, foreign: bool) -> list[cards.Term]:
    """List the terms that make the value; those that are nothing and stay so until the ledger changes are left out."""
    terms = [
        cards.Term("", "Contributed", "net_contributions", state["net_contributions"]),
        cards.Term("+", "Unrealised", "unrealised", state["unrealised"]),
        cards.Term("+", "Realised", "realised", state["realised"]),
        cards.Term("+", "Income", "income", state["income"]),
        cards.Term(theme.MINUS, "Fees", "fees", state["fees"]),
        cards.Term(theme.MINUS, "Taxes", "taxes", state["taxes"]),
        cards.Term("+", "Currency gain", "fx_gain", state["fx_gain"]),
        cards.Term(theme.MINUS, "Not valued, at cost", "cost_excluded", state["cost_excluded"]),
    ]
    needed = {"net_contributions", "unrealised", "realised", *(["fx_gain"] if foreign else [])}  # foreign cash gains with every rate
    return [term for term in terms if term.key in needed or term.value]


UNPRICED = ("missing_price", "missing_rate")  # each row's reason; `value_excludes` names them all in one line


def _told(finding: Finding) -> str:
    """Give a finding as a sentence, with the rows it is about."""
    rows = ", ".join(finding.context["rows"]) if finding.code == "value_excludes" else ""
    return f"{finding.message[:1].upper()}{finding.message[1:]}{f': {rows}' if rows else ''}."


def notices(view: HoldingsView) -> list[Any]:
    """Say what is odd about these figures, the grave first, at most three lines."""
    order = {"error": 0, "warning": 1, "info": 2}
    unique = list(dict.fromkeys((finding.severity.value, _told(finding)) for finding in view.findings if finding.code not in UNPRICED))
    unique.sort(key=lambda told: order[told[0]])
    lines = [cards.notice(message, kind={"error": "crit", "warning": "warn", "info": "info"}[severity]) for severity, message in unique[:3]]
    return [*lines, *([cards.notice(f"{len(unique) - 3} more findings", "stand on the Holdings page.", kind="info")] if len(unique) > 3 else [])]


# ------------------------------------------------------------------------------------------------------------- portfolios side by side


def _register_compare(app: Dash, services: Services) -> None:
    @app.callback(Output(Ids.COMPARE, "children"), Output(Ids.COMPARE_NOTE, "children"), Input(Ids.ASKED, "data"))
    async def update_compare(asked: dict[str, Any] | None) -> Sequence[Any]:
        """Every portfolio beside the others, whatever the scope."""
        if not asked:
            raise PreventUpdate
        actor = await asyncio.to_thread(services.accounts.local)
        try:
            return await _compare(services, actor, looking_back(asked))
        except PortfolioError as error:
            return cards.failed("The portfolios could not be compared", error.message), ""


async def _compare(services: Services, actor: Actor, past: Past) -> Sequence[Any]:
    every = await asyncio.to_thread(services.valuation.compare, actor, **past, within_seconds=ORDER_SECONDS)
    if not every:
        return cards.blank("No portfolio yet", "Portfolios stand here side by side."), ""
    rows = sorted(every, key=lambda row: -row.value_display)[:MOST_BESIDE] if len(every) > MOST_BESIDE else every
    scopes = [*(row.id for row in rows), *([ALL] if len(every) > 1 else [])]
    revisions = tuple((row.id, row.revision) for row in every)
    lines, states = await asyncio.gather(asyncio.to_thread(_lines, services, actor, scopes, past, revisions), _states(services, actor, scopes, past))
    columns = [_column(row, states, lines) for row in rows]
    whole = _whole(states[ALL], lines[ALL]) if ALL in states else None
    return beside.compare_table(columns, whole), _beside(every, rows)


async def _states(services: Services, actor: Actor, scopes: Sequence[str], past: Past) -> dict[str, dict[str, Any]]:
    """Read scopes as the stream tells them now, or would have told them."""
    if any(past.values()):
        return {scope: (await asyncio.to_thread(still, services.valuation, actor, scope, **past))[1] for scope in scopes}
    return await services.hub.totals(actor, scopes)


def _beside(every: Sequence[PortfolioRow], rows: Sequence[PortfolioRow]) -> str:
    money = "each in its own currency" if len({row.currency for row in rows}) > 1 else f"in {rows[0].currency}"
    return money if len(rows) == len(every) else f"the largest {len(rows)} of {len(every)}, {money}"


def _column(row: PortfolioRow, states: dict[str, dict[str, Any]], lines: dict[str, Sequence[float]]) -> beside.Column:
    money = {name: states.get(row.id, {}).get(name) for name in MONEY}
    return beside.Column(scope=row.id, name=row.name, currency=row.currency, share=row.weight, holdings=row.holdings, line=lines[row.id], **money)


def _whole(state: dict[str, Any], line: Sequence[float]) -> beside.Column:
    held = sum(not key.startswith("cash:") for key in state["holdings"])
    return beside.Column(
        scope=ALL, name="All", currency=state["currency"], share=1.0, holdings=held, line=line, **{name: state[name] for name in MONEY}
    )


def _lines(services: Services, actor: Actor, scopes: Sequence[str], past: Past, revisions: tuple[tuple[str, int], ...]) -> dict[str, Sequence[float]]:
    """Total P/L of each scope over one year, a point a week; none where the history cannot be valued. Every session is told the same."""
    today, known_at, known = past["as_of"] or services.market.sight().day, past["known_at"], dict(revisions)
    lines: dict[str, Sequence[float]] = {}
    for scope in scopes:
        key, version = ("line", actor.workspace_id, scope, known.get(scope), today, known_at), (span(60), revisions if scope == ALL else None)
        lines[scope] = services.recent.get_or_compute(key, version, partial(_line, services, actor, scope, today, known_at))
    return lines


def _line(services: Services, actor: Actor, scope: str, today: date, known_at: datetime | None) -> list[float]:
    try:
        frame = services.performance.history(actor, scope, today - timedelta(days=365), today, known_at=known_at)
    except PortfolioError:
        return []
    gain = (frame["value"] - frame["net_contributions"]).dropna()
    return [float(value) for value in gain.iloc[:: max(1, len(gain) // 52)]]
