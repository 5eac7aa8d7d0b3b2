"""`/portfolios/{id}/risk/var` and `/risk/backtest`: what today's holdings could lose, and how forecasts of that did."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Depends, Query

from api.analytics import Scope
from api.dependencies import Asks
from api.risk_var_schemas import BacktestPublic, ValueAtRiskPublic
from engine.errors import InvalidInput
from services import fields
from services.fields import Place
from services.risk.var_views import LABELS, TEST_NAMES, BacktestView, VarQuestion, VarView

routes = APIRouter(prefix="/portfolios/{portfolio_id}/risk", tags=["risk"])
TOLD = ("scope", "label", "base_currency", "value", "gaps", "conventions", "simulated", "revisions", "findings")
AMOUNTS = ("value_at_risk", "expected_shortfall")
Text = Annotated[str | None, Query()]


def question(  # noqa: PLR0913, PLR0917 - one parameter a query parameter
    level: Annotated[str, Query(description="Confidence")] = "0.95", horizon_days: Annotated[str, Query(description="Trading days")] = "1",
    method: Annotated[str | None, Query(description="Of the parts; the best by its backtest where absent")] = None,
    methods: Annotated[str | None, Query(description="Comma-separated; all of them where absent")] = None,
    window: Annotated[str | None, Query(description="Trading days that count: 504, of a backtest 250 before each")] = None,
    days: Annotated[str, Query(description="Trading days that a backtest forecasts")] = "500",
    by: Annotated[str, Query(description="What the parts are of: symbol sector asset_class currency country")] = "symbol",
    participation: Annotated[str, Query(description="Share of a day's volume that one would sell")] = "0.2",
    start: Text = None, end: Text = None, base_currency: Text = None, group_by: Text = None, group: Text = None,
) -> VarQuestion:
    """Read what is asked."""
    named = None if methods is None else tuple(name.strip() for name in methods.split(",") if name.strip())
    first, last = (None if text is None else fields.calendar_date(Place(name), text) for name, text in (("start", start), ("end", end)))
    return VarQuestion(
        level=_number("level", level), horizon_days=_whole("horizon_days", horizon_days), method=method, methods=named,
        window=None if window is None else _whole("window", window), days=_whole("days", days), by=by,
        participation=_number("participation", participation), start=first, end=last, base_currency=base_currency, group_by=group_by, group=group)


Asked = Annotated[VarQuestion, Depends(question)]


@routes.get("/var", response_model=ValueAtRiskPublic)
def value_at_risk(call: Asks, portfolio_id: Scope, asked: Asked) -> dict[str, Any]:
    """Tell what today's holdings could lose by every method, what each adds, and how fast they could be sold."""
    return _var(call.services.value_at_risk.value_at_risk(call.actor, portfolio_id, asked))


@routes.get("/backtest", response_model=BacktestPublic)
def backtest(call: Asks, portfolio_id: Scope, asked: Asked) -> dict[str, Any]:
    """Forecast each past day by every method from the days before it, test and rank; GARCH and simulations take a second each."""
    return _backtest(call.services.value_at_risk.backtest(call.actor, portfolio_id, asked))


def _var(view: VarView) -> dict[str, Any]:
    asked, value, adjusted = view.question, view.value, view.liquidity_adjusted_value_at_risk
    methods = {row["name"]: row for row in _rows(view.methods)}
    for row in methods.values():
        row |= {f"{name}_amount": None if row[name] is None else row[name] * value for name in AMOUNTS}
    top = {name: methods[view.method][name] for name in (*AMOUNTS, *(f"{name}_amount" for name in AMOUNTS))}
    parts = [{**row, "component_amount": None if row["component"] is None else row["component"] * value} for row in _rows(view.parts)]
    liquidity = {"days_to_liquidate": _known(view.days_to_liquidate), "liquidity_adjusted_value_at_risk": _known(adjusted),
                 "liquidity_adjusted_value_at_risk_amount": _known(adjusted * value), "holdings": _rows(view.liquidity, "symbol")}
    return {**_told(view), **top, "level": asked.level, "horizon_days": asked.horizon_days, "days": view.observations, "start": view.start,
            "end": view.end, "method": view.method, "best": view.best, "methods": list(methods.values()), "by": asked.by, "parts": parts,
            "figures": {name: _known(found) for name, found in view.figures.items()}, "diversification_benefit": _known(view.benefit),
            "liquidity": liquidity}


def _backtest(view: BacktestView) -> dict[str, Any]:
    test = view.test
    days = [stamp.date() for stamp in test.returns.index]
    hits = {str(name): [day for day, hit in zip(days, test.violations[name], strict=True) if hit == 1.0] for name in test.violations}
    series = {"dates": days, "returns": test.returns.tolist(), "forecasts": _columns(test.forecasts), "shortfalls": _columns(test.shortfalls),
              "violations": hits}
    return {**_told(view), "level": test.level, "window": test.window, "days": len(days), "best": test.best,
            "ranking": [_rank(row) for row in _rows(test.ranking)], "series": series}


def _rank(row: Mapping[str, Any]) -> dict[str, Any]:
    tests = {name: {"statistic": row[f"{name}_statistic"], "p_value": row[f"{name}_p_value"]} for name in TEST_NAMES}
    return {**row, "label": LABELS[row["name"]], "tests": tests}


def _told(view: VarView | BacktestView) -> dict[str, Any]:
    return {name: getattr(view, name) for name in TOLD}


def _rows(table: pd.DataFrame, key: str = "name") -> list[dict[str, Any]]:
    return [{key: str(label), **{str(name): _known(cell) for name, cell in row.items()}}
            for label, row in zip(table.index, table.to_dict("records"), strict=True)]


def _columns(table: pd.DataFrame) -> dict[str, list[float | None]]:
    return {str(name): [_known(cell) for cell in table[name].tolist()] for name in table}


def _known(cell: Any) -> Any:  # noqa: ANN401 - a number becomes null where it is none, everything else stays
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _number(field: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(field, text, "is not a number", hint="Send 0.95 for 95 %", rule="not_a_number") from None


def _whole(field: str, text: str) -> int:
    if not text.strip().isdecimal() or len(text) > 6:
        raise InvalidInput(field, text, "is not a whole number", hint="Count trading days", rule="not_a_number")
    return int(text)
