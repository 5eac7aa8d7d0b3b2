"""Fills the sheet that says how a number comes about."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output
from dash.exceptions import PreventUpdate

from callbacks import attribution, benchmark, factors, gains, holdings, performance, risk, risk_stress
from callbacks.history import period_start
from components import explain
from components.ids import ExplainIds as Ids
from engine.errors import PortfolioError
from services.explain.views import AnalyticsQuestion, ExplainQuestion
from services.performance.views import PerformanceQuestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from services import Services
    from services.explain.views import Explanation


def register(app: Dash, services: Services) -> None:
    """Wire the sheet."""
    app.clientside_callback(ClientsideFunction("explain", "filled"), Input(Ids.BODY, "children"))

    @app.callback(Output(Ids.BODY, "children"), Input(Ids.ASKED, "data"), prevent_initial_call=True)
    async def update_sheet(asked: dict[str, Any] | None) -> list[Any]:
        """Explain the figure that was pressed."""
        if not asked or not asked.get("figure"):
            raise PreventUpdate
        return await asyncio.to_thread(answer_of, services, asked)


def answer_of(services: Services, asked: Mapping[str, Any]) -> list[Any]:
    """Build the explanation, or say why there is none."""
    figure, _, symbol = str(asked["figure"]).partition(":")
    try:
        told = services.explain.explain(services.accounts.local(), str(asked.get("portfolio") or "all"), figure, symbol=symbol or None,
                                        question=_question(asked, services, figure.partition(".")[0]))
    except PortfolioError as error:
        return explain.refused(error.message, str(error.context.get("hint") or ""))
    return told_of(told)


def _question(asked: Mapping[str, Any], services: Services, root: str) -> ExplainQuestion:
    """Read the address as the page of a figure reads it."""
    readers: dict[str, Callable[[dict[str, Any]], Any]] = {"risk": risk.question_of, "benchmark": benchmark.question_of,
                                                           "attribution": attribution.question_of, "factors": factors.question_of,
                                                           "stress": risk_stress.question_of}
    if root in readers:
        return ExplainQuestion(analytics=AnalyticsQuestion(**{root: readers[root](dict(asked))}))
    return question_of(asked, services)


def question_of(asked: Mapping[str, Any], services: Services) -> ExplainQuestion:
    """Read the page's address as each page does."""
    past, page, today = holdings.looking_back(asked), dict(asked), services.market.sight().day
    seen_on = past["as_of"] or today
    measured = performance.question_of(page) if asked.get("path") == "/performance" else _of_days(page, seen_on, past["known_at"])
    realised = gains.question_of({**page, **page.get("gains", {})}, today)
    return ExplainQuestion(past["as_of"], None, past["known_at"], page.get("base_currency"), measured, realised, page.get("sale") or {})


def _of_days(page: Mapping[str, Any], today: date, known_at: datetime | None) -> PerformanceQuestion:
    """Give the window of a figure outside of the Performance page: so many days, or the period of the top bar."""
    back = page.get("days_back")
    start = today - timedelta(days=int(back)) if back else period_start(str(page.get("period") or "1Y"), today)
    return PerformanceQuestion(start=start, end=today, period=None if start else "ITD", known_at=known_at)


def told_of(told: Explanation) -> list[Any]:
    """Lay an explanation out."""
    prices = [(each.symbol, each.value, each.currency, each.source, each.ts, each.state, each.simulated, each.filled_from) for each in told.prices]
    flows = [(each.date, each.kind, each.amount, each.weight) for each in told.flows]
    facts = [(each.date, each.kind, each.symbol, each.amount, each.rate) for each in told.transactions]
    return [
        explain.head(told.title, told.value, told.unit, told.currency), explain.formula(told.formula, told.with_numbers), explain.inputs(told.inputs),
        explain.words("Conventions", told.conventions), *([explain.prices(prices, told.price_count)] if prices else []),
        *([explain.flows(flows, told.flow_count)] if flows else []), *([explain.facts(facts, told.transaction_count)] if facts else []),
        *([explain.words("Findings", [each.message for each in told.findings])] if told.findings else []), explain.words("Source", [told.source]),
        explain.call(told.call, told.path),
    ]
