"""Answers the Performance page: one reading of the service fills every panel, so that at every moment all of them agree."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output, State, html, no_update
from dash.exceptions import PreventUpdate

from callbacks import performance_rows as rows
from components import cards, contributions, controls, figures_performance, months, theme
from components import performance as parts
from components.ids import Ids as Frame
from components.ids import PerformanceIds as Ids
from engine.errors import InvalidInput, NotFound, PortfolioError
from engine.types import AssetClass
from services.performance.views import PerformanceQuestion

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services import Services
    from services.performance.views import PerformanceView

ALL = "all"
MOST_FOUND, MOST_READ = 30, 1000  # instruments that the search lists, and looks through
MOST_NOTICES = 3
WHOLE, LOST = "page performance", "page performance is-lost"
PERIODS = {"All": "ITD"}  # the bar's word for it, and the service's


class Answer(NamedTuple):
    """Every part of the page that one reading fills, in the order of the outputs; what is not given is emptied."""

    look: str = WHOLE
    scope: str = ""
    state: object = ()
    when: str = ""
    notices: object = ()
    kpis: object = ()
    growth: object = no_update
    growth_note: str = ""
    growth_legend: object = ()
    growth_state: object = ()
    growth_table: object = ()
    windows: object = ()
    windows_note: str = ""
    bridge: object = no_update
    bridge_note: str = ""
    bridge_state: object = ()
    bridge_table: object = ()
    bars: object = ()
    bars_note: str = ""
    bars_table: object = ()
    methods: object = ()
    why: str = ""
    currency: object = ()
    calendar: object = ()
    calendar_note: str = ""
    foot: str = ""
    benchmark: str = ""
    read: object = None


OUTPUTS = (
    (Ids.PAGE, "className"), (Ids.PAGE, "data-scope"), (Ids.STATE, "children"), (Ids.WHEN, "children"), (Ids.NOTICES, "children"),
    (Ids.KPIS, "children"), (Ids.GROWTH_DATA, "data"), (Ids.GROWTH_NOTE, "children"), (Ids.GROWTH_LEGEND, "children"),
    (Ids.GROWTH_STATE, "children"), (Ids.GROWTH_TABLE, "children"), (Ids.WINDOWS, "children"), (Ids.WINDOWS_NOTE, "children"),
    (Ids.BRIDGE_DATA, "data"), (Ids.BRIDGE_NOTE, "children"), (Ids.BRIDGE_STATE, "children"), (Ids.BRIDGE_TABLE, "children"),
    (Ids.BARS, "children"), (Ids.BARS_NOTE, "children"), (Ids.BARS_TABLE, "children"),
    (Ids.METHODS, "children"), (Ids.WHY, "children"), (Ids.CURRENCY, "children"), (Ids.CALENDAR, "children"), (Ids.CALENDAR_NOTE, "children"),
    (Ids.FOOT, "children"), (Ids.BENCHMARK, "children"), (Ids.READ, "data"),
)


def register(app: Dash, services: Services) -> None:
    """Wire the page."""
    _register_clientside(app)
    _register_page(app, services)
    _register_choices(app, services)


def _register_clientside(app: Dash) -> None:
    address = [Input(Frame.URL, "search"), Input(Frame.SCOPE, "data")]
    news = [Input(Frame.LEDGER, "data"), Input(Ids.RETRY, "data"), Input(Frame.DIRECTORY_CHANGED, "data")]
    app.clientside_callback(ClientsideFunction("performance", "ask"), Output(Ids.ASKED, "data"), *address, *news,
                            State(Ids.READ, "data"), State(Ids.ASKED, "data"))
    app.clientside_callback(ClientsideFunction("performance", "askGroups"), Output(Ids.GROUPS_ASKED, "data"), Input(Ids.READ, "data"),
                            State(Ids.GROUPS_ASKED, "data"))
    app.clientside_callback(ClientsideFunction("performance", "chart"), Output(Ids.GROWTH, "figure"), Input(Ids.GROWTH_DATA, "data"))
    app.clientside_callback(ClientsideFunction("performance", "bridge"), Output(Ids.BRIDGE, "figure"), Input(Ids.BRIDGE_DATA, "data"))
    app.clientside_callback(ClientsideFunction("performance", "chosen"), Input(Ids.GROUPS, "children"))


# ------------------------------------------------------------------------------------------------------------------------ the page


def _register_page(app: Dash, services: Services) -> None:
    @app.callback(*[Output(place, name) for place, name in OUTPUTS], Input(Ids.ASKED, "data"), State(Ids.READ, "data"))
    async def update_performance(asked: dict[str, Any] | None, read: dict[str, Any] | None) -> Answer:
        """Answer every panel from one reading."""
        if not asked:
            raise PreventUpdate
        kept = bool(read and read.get("address") == _address(asked))
        try:
            return await asyncio.to_thread(_answer, services, asked)
        except PortfolioError as error:
            return failure(error, kept=kept)


def _address(asked: dict[str, Any]) -> dict[str, Any]:
    """Give what is asked without the counter that tells one asking from the next."""
    return {key: value for key, value in asked.items() if key not in {"n", "by"}}


def grouping_of(asked: dict[str, Any]) -> str:
    """Name what contributions are told by; a page that is narrowed tells its holdings."""
    by = asked.get("by")
    return by if by in rows.NOUNS and not asked.get("group") else "symbol"


def question_of(asked: dict[str, Any]) -> PerformanceQuestion:
    """Read the address into the service's words; what the service does not know it refuses itself.

    Raises
    ------
    InvalidInput
        A date that is none.
    """
    grouping, _, group = (asked.get("group") or "").partition(":")
    benchmark = asked.get("benchmark")
    start, end = _day(asked, "from"), _day(asked, "to") or _day(asked, "as_of")
    period = asked.get("period") or theme.DEFAULT_PERIOD
    return PerformanceQuestion(
        start=start, end=end, period=None if start else PERIODS.get(period, period),
        group_by=grouping or (by if (by := grouping_of(asked)) != "symbol" else None), group=group or None,
        benchmark="" if benchmark == "none" else benchmark,
        flow_timing=asked.get("flow") or None, costs=asked.get("costs") or "net", currency_mode=asked.get("currency") or "base",
        day_count=asked.get("days") or "act/365", inflation=asked.get("inflation"), known_at=_instant(asked, "known_at"),
    )


def _day(asked: dict[str, Any], name: str) -> date | None:
    text = asked.get(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput(name, text, "is not a date", hint="Write it as 2026-03-31", rule="date") from None


def _instant(asked: dict[str, Any], name: str) -> datetime | None:
    text = asked.get(name)
    return datetime.fromisoformat(text) if text else None  # the browser's own: `shell.js` made it of what the address says


def _is_live(asked: dict[str, Any]) -> bool:
    """Whether the window ends now, as the ledger stands."""
    return not any(asked.get(name) for name in ("to", "as_of", "known_at"))


def _read(services: Services, asked: dict[str, Any]) -> PerformanceView:
    return services.performance.performance(services.accounts.local(), asked["portfolio"], question_of(asked))


def _answer(services: Services, asked: dict[str, Any]) -> Answer:
    if not services.portfolios.find(services.accounts.local()):
        return Answer(LOST, state=_welcome())
    view = _read(services, asked)
    if not rows.has_history(view):
        return Answer(LOST, view.scope, rows.nothing(view), benchmark=rows.benchmark_name(view) or "none", read=_told(view, asked))
    return Answer(**_panels(view, asked))


def _told(view: PerformanceView, asked: dict[str, Any]) -> dict[str, Any]:
    """Tell the browser what was read, so that it knows when to ask again."""
    return {"scope": view.scope, "revisions": view.revisions, "address": _address(asked), "live": _is_live(asked),
            "own": None if asked.get("benchmark") else rows.benchmark_name(view)}


def _panels(view: PerformanceView, asked: dict[str, Any]) -> dict[str, Any]:
    facts, growth, benchmark = rows.facts(view), rows.growth(view), rows.benchmark_name(view)
    split = rows.effects(view)
    look = " ".join(filter(None, [WHOLE, "" if split else "one-currency", "is-narrowed" if view.conventions.get("group") else "",
                                  "" if benchmark else "no-benchmark"]))
    return {
        "look": look, "scope": view.scope if _is_live(asked) else "", "when": rows.when(view), "notices": notices(view),
        "kpis": parts.kpi_strip(facts),
        "growth_note": rows.growth_note(view), "growth_legend": _legend(view, benchmark),
        **_growth(view, growth, benchmark, asked),
        "windows": [parts.windows_table(rows.windows(view), benchmark=benchmark), parts.month_facts(facts)], "windows_note": rows.measured(view),
        **_bridge(view, asked),
        **_bars(view, asked),
        "methods": parts.methods_table(rows.methods(view), yearly=rows.is_yearly(view)), "why": view.why,
        "currency": contributions.currency_table(split, view.figures["twr"]) if split else (),
        **_months(view), "foot": rows.foot(view), "benchmark": benchmark or "none", "read": _told(view, asked),
    }


def _growth(view: PerformanceView, growth: figures_performance.Growth, benchmark: str | None, asked: dict[str, Any]) -> dict[str, Any]:
    revision = repr(sorted((key, value) for key, value in _address(asked).items() if value))
    figure = figures_performance.growth_index_figure(growth, name=view.label, benchmark=benchmark or "", revision=revision)
    return {"growth": {"figure": figure, "label": rows.spoken_growth(view), "currency": view.base_currency, "flows": rows.flows_by_day(view),
                       "words": [word.capitalize() for word in rows.flow_names(view)]},
            "growth_table": parts.growth_table(growth, benchmark=benchmark)}


def _legend(view: PerformanceView, benchmark: str | None) -> list[Component]:
    return [html.Span([html.I(), view.label]), *([html.Span([html.I(className="dash"), benchmark])] if benchmark else []),
            html.Span([html.I(className="tri"), ", ".join(rows.flow_names(view)).capitalize()])]


def _bridge(view: PerformanceView, asked: dict[str, Any]) -> dict[str, Any]:
    steps = rows.steps(view, now=_is_live(asked))
    if not steps:
        return {"bridge_state": cards.blank("The bridge is open", "A price or a rate is missing at one of its ends; the notices above say which.")}
    residual = view.bridge["residual"]
    told = parts.fitted_steps(steps, residual)
    figure = figures_performance.bridge_figure(told, revision="bridge")
    return {"bridge": {"figure": figure, "label": rows.spoken_bridge(told, view.base_currency)},
            "bridge_note": f"P/L bridge in {view.base_currency}, residual {theme.money(residual)}",
            "bridge_table": parts.bridge_table(told, residual, view.base_currency)}


def _bars(view: PerformanceView, asked: dict[str, Any]) -> dict[str, Any]:
    by = grouping_of(asked)
    bars, total = rows.bars(view, by), view.figures["twr"]
    if not bars or not theme.known(total):
        return {"bars": cards.blank("No contribution yet", "Whoever earned or lost something in this window stands here.")}
    noun, head = rows.NOUNS[by]
    return {"bars": contributions.contribution_bars(bars, total, noun=noun), "bars_note": "percentage points, linked",
            "bars_table": contributions.contribution_table(bars, total, currency=view.base_currency, head=head)}


def _months(view: PerformanceView) -> dict[str, Any]:
    returns = rows.calendar(view)
    if not returns:
        return {"calendar": cards.blank("No month yet", "The first month stands here with its first day.")}
    cap = theme.number(months.heat_cap(returns) * 100, decimals=0)
    return {"calendar": months.calendar_table(returns), "calendar_note": f"{rows.measured(view)} in %, tinted up to ±{cap}"}


def notices(view: PerformanceView) -> list[Any]:
    """Say what weakens the figures, the grave first; more than three lines are folded away."""
    order = {"error": 0, "warning": 1, "info": 2}
    unique = sorted(dict.fromkeys((finding.severity.value, rows.sentence(finding)) for finding in view.findings), key=lambda told: order[told[0]])
    lines = [cards.notice(head, kind={"error": "crit", "warning": "warn", "info": "info"}[severity]) for severity, head in unique]
    more = lines[MOST_NOTICES:]
    return [*lines[:MOST_NOTICES],
            *([html.Details([html.Summary(f"{len(more)} more about the quality of these figures"), *more], className="more")] if more else [])]


def failure(error: PortfolioError, *, kept: bool) -> Answer:
    """Keep the figures of before, where they answer the same question, and say that they are; else say what failed."""
    if kept:
        line = cards.notice("The figures could not be read again.", f"{error.message} What stands here is from before.", kind="crit")
        return Answer(*[no_update] * len(Answer._fields))._replace(notices=line)
    if isinstance(error, NotFound):
        return Answer(LOST, state=cards.blank("Not found", f"{error.message} Choose another in the bar, or go back to all.",
                                              controls.button("All portfolios", **{"data-portfolio": ALL}),
                                              controls.button("Clear the choices", do="performance-defaults")))
    return Answer(LOST, state=[cards.failed("The performance cannot be told now", _reason(error)),
                               *_way_out(error)])


def _reason(error: PortfolioError) -> str:
    hint = error.context.get("hint")
    return f"{error.message} {hint}." if hint and hint not in error.message else error.message


def _way_out(error: PortfolioError) -> list[Component]:
    """Offer to take back what was asked, where asking was the mistake."""
    return [controls.button("Clear the choices", do="performance-defaults")] if isinstance(error, InvalidInput) else []


def _welcome() -> Component:
    return cards.blank("No portfolio yet", "What your portfolios earned, measured in every way, stands here.",
                       controls.button("New portfolio", look="primary", do="new-portfolio"), controls.button("Load the demo", do="demo"))


# ------------------------------------------------------------------------------------------------------------------------- choices


def _register_choices(app: Dash, services: Services) -> None:
    @app.callback(Output(Ids.GROUPS, "children"), Input(Ids.GROUPS_ASKED, "data"))
    async def update_groups(asked: dict[str, Any] | None) -> list[Any]:
        """List what the page can be narrowed to."""
        if not asked:
            raise PreventUpdate
        return parts.group_options(await asyncio.to_thread(_groups, services, asked["portfolio"]))

    @app.callback(Output(Ids.FOUND, "children"), Input(Ids.SEARCH, "data"), prevent_initial_call=True)
    async def update_found(asked: dict[str, Any] | None) -> list[Any]:
        """List instruments to compare with."""
        if not asked:
            raise PreventUpdate
        found = await asyncio.to_thread(comparable, services, asked.get("query") or None)
        return parts.found_instruments(found, own=asked.get("own"))


def comparable(services: Services, text: str | None) -> list[tuple[str, str, str]]:
    """Find what one can compare with: blends, then indices and funds, no currency pairs."""
    actor, wanted = services.accounts.local(), (text or "").lower()
    blends = [(each.key, each.name, "Blend") for each in services.blends.find(actor) if wanted in each.name.lower()]
    found = services.instruments.find(actor, text, limit=MOST_READ).items
    kinds = [AssetClass.INDEX, AssetClass.FUND]
    order = sorted((each for each in found if each.asset_class is not AssetClass.FX), key=lambda each: each.asset_class not in kinds)
    return [*blends, *((each.symbol, each.name or each.symbol, each.symbol) for each in order)][:MOST_FOUND]


def _groups(services: Services, scope: str) -> list[tuple[str, list[tuple[str, str]]]]:
    actor = services.accounts.local()
    try:
        view = services.valuation.holdings(actor, scope)
        accounts = [account for portfolio in view.portfolios for account in services.portfolios.accounts(actor, UUID(portfolio))]
    except PortfolioError:
        return []  # the page itself says why
    return rows.groups(view, accounts)
