"""Answers the Risk page: its head from two readings of the service, and the open tab from what that tab needs."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from dash import ClientsideFunction, Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from callbacks import risk_rows as rows
from callbacks import risk_tabs as tabs
from callbacks import risk_var
from callbacks.performance import ALL, PERIODS, comparable, notices
from components import cards, controls, theme
from components import performance as measured
from components import risk as parts
from components.ids import Ids as Frame
from components.ids import RiskIds as Ids
from components.risk import METHOD_NAMES
from engine.errors import InvalidInput, NotFound, PortfolioError
from services.risk.views import RiskQuestion

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services import Services

OWN_CHOICES = ("level", "horizon", "method", "rf", "window")  # of this page alone
WHOLE, LOST = "page risk", "page risk is-lost"


class Head(NamedTuple):
    """Every part of the page's head, in the order of the outputs; what is not given is emptied."""

    look: str = WHOLE
    scope: str = ""
    state: object = ()
    when: str = ""
    notices: object = ()
    kpis: object = ()
    foot: str = ""
    benchmark: str = ""
    read: object = None
    explained: str = ""  # under what question a figure is explained, beyond what the address of every page says


OUTPUTS = ((Ids.PAGE, "className"), (Ids.PAGE, "data-scope"), (Ids.STATE, "children"), (Ids.WHEN, "children"), (Ids.NOTICES, "children"),
           (Ids.KPIS, "children"), (Ids.FOOT, "children"), (Ids.BENCHMARK, "children"), (Ids.READ, "data"), (Ids.PAGE, "data-explain-with"))


def register(app: Dash, services: Services) -> None:
    """Wire the page."""
    _register_clientside(app)
    _register_head(app, services)
    _register_tab(app, services)
    _register_garch(app, services)


def _register_clientside(app: Dash) -> None:
    address = [Input(Frame.URL, "search"), Input(Frame.SCOPE, "data")]
    news = [Input(Frame.LEDGER, "data"), Input(Ids.RETRY, "data")]
    app.clientside_callback(ClientsideFunction("risk", "ask"), Output(Ids.ASKED, "data"), *address, *news,
                            Input(Frame.DIRECTORY_CHANGED, "data"), State(Ids.READ, "data"), State(Ids.ASKED, "data"))
    app.clientside_callback(ClientsideFunction("risk", "askTab"), Output(Ids.TAB_ASKED, "data"), *address, *news,
                            State(Ids.READ, "data"), State(Ids.TAB_ASKED, "data"))
    app.clientside_callback(ClientsideFunction("risk", "drawn"), Input(Ids.BODY, "children"))
    app.clientside_callback(ClientsideFunction("risk", "told"), Input(Ids.READ, "data"))


def _register_head(app: Dash, services: Services) -> None:
    @app.callback(*[Output(place, name) for place, name in OUTPUTS], Input(Ids.ASKED, "data"), Input(Ids.GARCH, "data"), State(Ids.READ, "data"))
    async def update_risk(asked: dict[str, Any] | None, _garch: object, read: dict[str, Any] | None) -> Head:
        """Fill the head."""
        if not asked:
            raise PreventUpdate
        try:
            return await asyncio.to_thread(_head, services, asked)
        except PortfolioError as error:
            return failure(error, kept=bool(read and read.get("address") == _address(asked)))


def _register_tab(app: Dash, services: Services) -> None:
    @app.callback(Output(Ids.BODY, "children"), Input(Ids.TAB_ASKED, "data"), Input(Ids.GARCH, "data"))
    async def update_risk_tab(asked: dict[str, Any] | None, _garch: object) -> Any:  # noqa: ANN401  # whatever Dash draws
        """Fill the open tab; what it cannot tell it says in its own place."""
        if not asked:
            raise PreventUpdate
        try:
            return await asyncio.to_thread(tabs.body, services, asked, question_of(asked))
        except PortfolioError as error:
            return cards.failed("This part cannot be told now", _reason(error))

    @app.callback(Output(Ids.FOUND, "children"), Input(Ids.SEARCH, "data"), prevent_initial_call=True)
    async def update_risk_found(asked: dict[str, Any] | None) -> list[Any]:
        """List instruments to compare with."""
        if not asked:
            raise PreventUpdate
        found = await asyncio.to_thread(comparable, services, asked.get("query") or None)
        return measured.found_instruments(found, own=asked.get("own"))


def _register_garch(app: Dash, services: Services) -> None:
    @app.callback(Output(Ids.GARCH, "data"), Input(Ids.TAB_ASKED, "data"), prevent_initial_call=True)
    async def update_risk_garch(asked: dict[str, Any] | None) -> dict[str, Any]:
        """Try GARCH after the tab of value at risk stands without it; the page is drawn again when it is in."""
        if not asked or asked.get("tab") != "var":
            raise PreventUpdate
        try:
            new = await asyncio.to_thread(risk_var.try_garch, services, asked, question_of(asked))
        except PortfolioError:
            raise PreventUpdate from None
        return {"n": asked.get("n")} if new else no_update


# ------------------------------------------------------------------------------------------------------------------------ the question


def question_of(asked: dict[str, Any]) -> RiskQuestion:
    """Read the address into the service's words; what the service does not know it refuses itself.

    Raises
    ------
    InvalidInput
        A date, a level, a number of days or a rate that is none.
    """
    start, end = _day(asked, "from"), _day(asked, "to") or _day(asked, "as_of")
    period, benchmark = asked.get("period") or theme.DEFAULT_PERIOD, asked.get("benchmark")
    return RiskQuestion(
        start=start, end=end, period=None if start else PERIODS.get(period, period), level=_number(asked, "level", 0.95),
        horizon_days=int(_number(asked, "horizon", 1)), method=asked.get("method"), benchmark="" if benchmark == "none" else benchmark,
        risk_free=_number(asked, "rf", 0.0) / 100, window=int(_number(asked, "window", 63)))


def _number(asked: dict[str, Any], name: str, default: float) -> float:
    text = asked.get(name)
    try:
        return float(text) if text else default
    except ValueError:
        raise InvalidInput(name, text, "is not a number", hint="Choose it again on the page", rule="number") from None


def _day(asked: dict[str, Any], name: str) -> date | None:
    text = asked.get(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput(name, text, "is not a date", hint="Write it as 2026-03-31", rule="date") from None


def _address(asked: dict[str, Any]) -> dict[str, Any]:
    """Give what is asked without what tells one asking from the next."""
    return {key: value for key, value in asked.items() if key not in {"n", "clock", "narrow"}}


def _is_live(asked: dict[str, Any]) -> bool:
    return not any(asked.get(name) for name in ("to", "as_of", "known_at"))


# ------------------------------------------------------------------------------------------------------------------------------- head


def _head(services: Services, asked: dict[str, Any]) -> Head:
    actor, question = services.accounts.local(), question_of(asked)
    if not services.portfolios.find(actor):
        return Head(LOST, state=_welcome())
    view = services.risk.risk(actor, asked["portfolio"], question)
    exposure, today = services.risk.today(actor, asked["portfolio"], question)
    read = {"scope": view.scope, "revisions": dict(view.revisions), "address": _address(asked), "live": _is_live(asked),
            "best": METHOD_NAMES.get(today.method, "") if not asked.get("method") else "",
            "own": None if asked.get("benchmark") else rows.benchmark_name(view)}
    if not view.observations and not len(exposure.holdings):
        return Head(LOST, view.scope, _nothing(), benchmark=rows.benchmark_name(view) or "none", read=read)
    sure = services.risk.intervals(actor, asked["portfolio"], question)
    strip = parts.kpi_strip(rows.strip(view, exposure, today, sure, level=question.level))
    score = parts.score(float(today.score.score) if today.score.score else None, rows.score_words(today.score), title=rows.score_title(today.score))
    return Head(WHOLE, view.scope if _is_live(asked) else "", (), rows.when(view), notices(view), [*strip, score], rows.foot(view),
                rows.benchmark_name(view) or "none", read, json.dumps({name: asked.get(name) for name in OWN_CHOICES}))


def failure(error: PortfolioError, *, kept: bool) -> Head:
    """Keep the figures of before, where they answer the same question, and say that they are; else say what failed."""
    if kept:
        line = cards.notice("The figures could not be read again.", f"{error.message} What stands here is from before.", kind="crit")
        return Head(*[no_update] * len(Head._fields))._replace(notices=line)
    if isinstance(error, NotFound):
        return Head(LOST, state=cards.blank("Not found", f"{error.message} Choose another in the bar, or go back to all.",
                                            controls.button("All portfolios", **{"data-portfolio": ALL}),
                                            controls.button("Clear the choices", do="risk-defaults")))
    way_out = [controls.button("Clear the choices", do="risk-defaults")] if isinstance(error, InvalidInput) else []
    return Head(LOST, state=[cards.failed("Risk cannot be told now", _reason(error)), *way_out])


def _reason(error: PortfolioError) -> str:
    hint = error.context.get("hint")
    return f"{error.message} {hint}." if hint and hint not in error.message else error.message


def _welcome() -> Component:
    return cards.blank("No portfolio yet", "What your portfolios could lose, and how sure that is, stands here.",
                       controls.button("New portfolio", look="primary", do="new-portfolio"), controls.button("Load the demo", do="demo"))


def _nothing() -> Component:
    return cards.blank("Nothing is held", "Risk is measured on what is held and on what it returned: record a purchase first.",
                       controls.link("Transactions", "/transactions"))
