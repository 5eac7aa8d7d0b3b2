"""How a portfolio did: returns in every convention, the bridge, and the days between."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.dependencies import Asks, Day, day, explain_url, instant, truth
from api.performance_schemas import EXAMPLE, PerformancePublic
from api.schemas import Problem
from services import fields
from services.fields import Place
from services.performance.views import (
    CASHES,
    COSTS,
    CURRENCY_MODES,
    DAY_COUNTS,
    FLOW_TIMINGS,
    GROUPINGS,
    PERIODS,
    TRANSFERS_AT,
    PerformanceQuestion,
)

routes = APIRouter(prefix="/portfolios/{portfolio_id}", tags=["analytics"])
EVERY = ("day", "week", "month")
Text = str | None


def _one_of(says: str, options: tuple[str, ...], default: str | None = None) -> Any:  # noqa: ANN401  # FastAPI's Query
    told = f"{says}: {', '.join(options)}" + (f"; {default} where absent" if default else "")
    return Query(description=told, examples=[default or options[0]])


def question(  # noqa: PLR0913, PLR0917  # each is a parameter of the query
    start: Day = None, end: Day = None,
    period: Annotated[Text, _one_of("Instead of start", PERIODS, "ITD")] = None,
    benchmark: Annotated[Text, Query(description="Symbol to compare with; the portfolio's own where absent, none where empty")] = None,
    flow_timing: Annotated[Text, _one_of("When on its day a flow counts (of groups in_out where absent)", FLOW_TIMINGS, "start")] = None,
    day_count: Annotated[Text, _one_of("Years of the money-weighted return", DAY_COUNTS, "act/365")] = None,
    costs: Annotated[Text, _one_of("What returns are after", COSTS, "net")] = None,
    currency_mode: Annotated[Text, _one_of("What returns have of currency in them", CURRENCY_MODES, "base")] = None,
    inflation: Annotated[Text, Query(description="Symbol of an index whose closes are consumer prices: gives real_twr")] = None,
    group_by: Annotated[Text, _one_of("Parts the answer", GROUPINGS)] = None,
    group: Annotated[Text, Query(description="One value of group_by: the whole answer is of it", examples=["Technology"])] = None,
    cost_method: Annotated[Text, Query(description="Instead of the portfolio's own")] = None,
    known_at: Annotated[Text, Query(description="The ledger as it was known at an instant, RFC 3339")] = None,
    base_currency: Annotated[Text, Query(description="Instead of the portfolio's own")] = None,
    cash: Annotated[Text, _one_of("Whether cash is measured; auto leaves it out where no money was ever booked as coming in", CASHES, "auto")] = None,
    transfers_at: Annotated[Text, _one_of("What securities that cross the boundary count as", TRANSFERS_AT, "market")] = None,
) -> PerformanceQuestion:
    """Read the query."""
    told = {"flow_timing": flow_timing, "day_count": day_count, "costs": costs, "currency_mode": currency_mode, "transfers_at": transfers_at,
            "cash": cash}
    return PerformanceQuestion(
        start=day("start", start), end=day("end", end), period=period or None, benchmark=benchmark, inflation=inflation or None,
        group_by=group_by or None, group=group or None, cost_method=cost_method or None, known_at=instant("known_at", known_at),
        base_currency=base_currency or None, **{name: value for name, value in told.items() if value})


@routes.get("/performance", response_model=PerformancePublic, responses={
    200: {"content": {"application/json": {"example": EXAMPLE}}}, 404: {"model": Problem}, 422: {"model": Problem}})
def performance(call: Asks, request: Request, portfolio_id: Annotated[str, "or all"], asked: Annotated[PerformanceQuestion, Depends(question)],
                series: Annotated[Text, Query(description="false leaves the series out", examples=["true"])] = None,
                every: Annotated[Text, _one_of("Points of the series", EVERY, "day")] = None) -> Response:
    """Measure a portfolio, a group in it, or with the id `all` every portfolio together.

    Returns are fractions of the window; those named annualised are null for a year or less. opening_value + flows + price + fx + income
    - fees - taxes + corporate_actions = closing_value, to `residual`. What has no answer is null, and `gaps` or a finding says why.
    """
    wanted, step = truth("series", series), fields.choice(Place("every"), every or "day", EVERY)
    head, points = call.services.performance.answer(call.actor, portfolio_id, asked)
    if step != "day" and wanted:
        points = json.dumps(thinned(json.loads(points), step))
    told = json.dumps(explain_url(request, portfolio_id))
    return Response(f'{head[:-1]},"explain":{told},"series":{points if wanted else "[]"}}}', media_type="application/json")


def thinned(points: list[dict[str, Any]], every: str) -> list[dict[str, Any]]:
    """Keep the first point, and the last of each week or month with the flow of all of it."""
    if every == "day":
        return points
    found: list[dict[str, Any]] = []
    flow, mark = 0.0, ""
    for place, point in enumerate(points):
        name = _week(point["date"]) if every == "week" else point["date"][:7]
        if place > 1 and name == mark:
            found.pop()
        else:
            flow = 0.0
        flow, mark = flow + (point["flow"] or 0.0), name
        found.append({**point, "flow": flow})
    return found


def _week(text: str) -> str:
    year, week, _ = fields.calendar_date(Place("date"), text).isocalendar()
    return f"{year}-{week:02}"
