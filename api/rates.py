"""`/portfolios/{id}/risk/rates`: what bonds and options that are held hang on."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from fastapi import APIRouter

from api.analytics import Scope
from api.dependencies import Asks
from api.rates_schemas import RatesPublic

routes = APIRouter(prefix="/portfolios/{portfolio_id}/risk", tags=["risk"])
TOLD = ("scope", "label", "base_currency", "conventions", "simulated", "revisions", "findings")


@routes.get("/rates", response_model=RatesPublic)
def rates(call: Asks, portfolio_id: Scope) -> dict[str, Any]:
    """Tell duration, convexity and the cost of a basis point of bonds, Greeks of options, and both of all together."""
    view = call.services.rates.rates(call.actor, portfolio_id)
    return {**{name: getattr(view, name) for name in TOLD}, "value": _known(view.value), "bonds": _rows(view.bonds), "options": _rows(view.options),
            "figures": {name: _known(value) for name, value in view.figures.items()}}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{"symbol": str(symbol), **{str(name): _known(value) for name, value in row.items()}}
            for symbol, row in zip(table.index, table.to_dict("records"), strict=True)]


def _known(value: Any) -> Any:  # noqa: ANN401 - a number, a day or a word
    return None if isinstance(value, float) and not math.isfinite(value) else value
