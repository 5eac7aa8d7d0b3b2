"""What could be lost: every figure of the catalogue by its name, drawdowns, and the days behind them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.dependencies import Asks, Day, day, truth
from api.risk_schemas import EXAMPLE, RiskPublic, TermsPublic, UncertaintyPublic
from api.schemas import Problem
from engine.errors import InvalidInput
from services import fields
from services.fields import Place
from services.performance.views import PERIODS
from services.risk.exposures import HELD_BY
from services.risk.sheet import held_question
from services.risk.uncertainty import TRIALS
from services.risk.views import RiskQuestion
from services.risk_report.terms import EVERY
from services.risk_report.told import laid_out, term_json, uncertainty_json

routes = APIRouter(tags=["risk"])
Text = str | None


def question(  # noqa: PLR0913, PLR0917  # each is a parameter of the query
    start: Day = None, end: Day = None,
    period: Annotated[Text, Query(description=f"Instead of start: {', '.join(PERIODS)}", examples=["1Y"])] = None,
    level: Annotated[Text, Query(description="Confidence of value at risk and expected shortfall; 0.95 where absent", examples=["0.95"])] = None,
    horizon_days: Annotated[Text, Query(description="Trading days that a loss is told for; 1 where absent", examples=["1"])] = None,
    method: Annotated[Text, Query(description="Of value at risk; historical where absent", examples=["historical"])] = None,
    benchmark: Annotated[Text, Query(description="Symbol to compare with; the portfolio's own where absent, none where empty")] = None,
    risk_free: Annotated[Text, Query(description="A year, fraction; 0 where absent", examples=["0.03"])] = None,
    window: Annotated[Text, Query(description="Trading days of a rolling figure; 63 where absent", examples=["63"])] = None,
    base_currency: Annotated[Text, Query(description="Instead of the portfolio's own")] = None,
    group_by: Annotated[Text, Query(description=f"With group, the answer is of one: {', '.join(HELD_BY[:-1])}")] = None,
    group: Annotated[Text, Query(description="One value of group_by", examples=["Technology"])] = None,
) -> RiskQuestion:
    """Read the query."""
    return RiskQuestion(
        start=day("start", start), end=day("end", end), period=fields.choice(Place("period"), period, PERIODS, upper=True) if period else None,
        level=_number("level", level, 0.95), horizon_days=_whole("horizon_days", horizon_days, 1), method=method or None, benchmark=benchmark,
        risk_free=_number("risk_free", risk_free, 0.0), window=_whole("window", window, 63), base_currency=base_currency or None,
        group_by=group_by or None, group=group or None)


def _number(name: str, text: Text, default: float) -> float:
    return float(fields.number(Place(name), text, signed=True)) if text and text.strip() else default


def _whole(name: str, text: Text, default: int) -> int:
    found = fields.number(Place(name), text, signed=True) if text and text.strip() else Decimal(default)
    if found != int(found):
        raise InvalidInput(name, text, "is not a whole number", hint=f"Use {default}", rule="not_a_number")
    return int(found)


@routes.get("/risk/figures", response_model=TermsPublic)
def figures(_call: Asks) -> dict[str, Any]:
    """List every figure of risk with its meaning, unit and source."""
    return {"figures": [term_json(term) for term in EVERY]}


@routes.get("/portfolios/{portfolio_id}/risk/uncertainty", response_model=UncertaintyPublic)
def uncertainty(call: Asks, portfolio_id: Annotated[str, "or all"], asked: Annotated[RiskQuestion, Depends(question)],
                trials: Annotated[Text, Query(description="Strategies among which this one is the best; 10 where absent", examples=["10"])] = None,
                ) -> dict[str, Any]:
    """Tell how sure the headline figures are: intervals of 95 % by drawing the history anew in blocks, and the chances of the Sharpe ratio."""
    return uncertainty_json(call.services.risk.uncertainty(call.actor, portfolio_id, asked, trials=_whole("trials", trials, TRIALS)))


@routes.get("/portfolios/{portfolio_id}/risk", response_model=RiskPublic, responses={
    200: {"content": {"application/json": {"example": EXAMPLE}}}, 404: {"model": Problem}, 422: {"model": Problem}})
def risk(call: Asks, portfolio_id: Annotated[str, "or all"], asked: Annotated[RiskQuestion, Depends(question)],
         series: Annotated[Text, Query(description="false leaves the days out", examples=["true"])] = None,
         look_through: Annotated[Text, Query(description="false: funds count as what they are, not for what they hold", examples=["true"])] = None,
         ) -> Response:
    """Measure the risk of a portfolio, of a group in it, or with the id `all` of every portfolio together.

    Figures at the top are of the portfolio's own daily returns within the window, as GET /risk/figures explains them; `today` is what is held
    now on its own history; concentration, leverage and `exposures` are of what is held now, through the funds among it where it is told what
    they hold (`look_through` says how much that is). What has no answer is null, and `gaps` says why; what rests on too few days is in `missing`.
    """
    view = call.services.risk.risk(call.actor, portfolio_id, asked)
    _, today = call.services.risk.today(call.actor, portfolio_id, asked)
    seen, now = truth("look_through", look_through), held_question(asked)
    held = call.services.concentrations.concentration(call.actor, portfolio_id, now, look_through=seen)
    told = laid_out(view, today, held, call.services.rates.rates(call.actor, portfolio_id, now), series=truth("series", series))
    return Response(json.dumps(told, separators=(",", ":"), ensure_ascii=False, allow_nan=False), media_type="application/json")
