"""Answers the Realised gains page: matched lots of a window, as `assets/realised.js` paints them."""

from __future__ import annotations

import asyncio
import math
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks.history import period_start
from components import theme
from components.ids import GainsIds, Ids
from engine.errors import PortfolioError
from services.gains.views import GainsQuestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from services import Services
    from services.gains.views import GainsView

NUMBERS = ("quantity", "proceeds", "cost", "gain", "gain_local", "fx_gain", "disallowed", "carried_cost", "adjusted_gain", "days_held")
TEXTS = ("id", "symbol", "name", "portfolio_name", "account", "kind", "term", "rule", "currency", "transaction_id", "lot_id")
DAYS = ("opened", "closed")


def register(app: Dash, services: Services) -> None:
    """Wire the page."""
    app.clientside_callback(ClientsideFunction("gains", "query"), Output(GainsIds.QUERY, "data"), Input(Ids.SCOPE, "data"),
                            Input(GainsIds.CHOICE, "data"), Input(GainsIds.RETRY, "data"), Input(Ids.LEDGER, "data"), State(GainsIds.QUERY, "data"))
    app.clientside_callback(ClientsideFunction("gains", "load"), Input(GainsIds.ROWS, "data"))

    @app.callback(Output(GainsIds.ROWS, "data"), Input(GainsIds.QUERY, "data"), prevent_initial_call=True)
    async def update_rows(query: dict[str, Any] | None) -> dict[str, Any]:
        """Read the realised gains of a scope."""
        if not query:
            raise PreventUpdate
        return await asyncio.to_thread(gains_of, services, query)


def gains_of(services: Services, query: Mapping[str, Any]) -> dict[str, Any]:
    """Give the rows of a scope as realised.js paints them; an error is an answer too, so that the old rows stay."""
    scope = str(query.get("scope") or "all")
    past = f"{query.get('as_of') or ''} {query.get('known_at') or ''}"
    asked = {"scope": scope, "past": past, "asked": {name: query.get(name) for name in ("scope", "period", "rules", "method", "year", "tax_year")}}
    try:
        question = question_of(query, services.market.sight().day)
        view = services.gains.report(services.accounts.local(), scope, question)
    except PortfolioError as error:
        return {**asked, "error": error.message}
    last = question.as_of or services.market.sight().day
    window = {"start": view.start.isoformat(), "end": min(view.end or last, last).isoformat()} if view.start else {}
    return {**asked, **told(view), **window, "window": window_of(view)}


def question_of(query: Mapping[str, Any], today: date) -> GainsQuestion:
    """Read what the page asks for; without a year of its own it is the period of the top bar."""
    year, rules, day, instant = (query.get(name) or None for name in ("year", "rules", "as_of", "known_at"))
    seen_on = date.fromisoformat(day) if day else None
    start = None if year else period_start(str(query.get("period") or "1Y"), seen_on or today)
    return GainsQuestion(start=start, year=None if year == "all" else year, tax_year=query.get("tax_year") or None, rules=rules,
                         cost_method=None if rules == "uk" else query.get("method") or None, as_of=seen_on,
                         known_at=datetime.fromisoformat(instant) if instant else None)


def told(view: GainsView) -> dict[str, Any]:
    """Lay a report out for the browser."""
    bought = dict(zip(view.replacements["lot_id"] + view.replacements["transaction_id"], view.replacements["replaced_on"], strict=True))
    keys = view.rows["lot_id"].fillna("") + view.rows["transaction_id"]
    rows = [{**_row(record), "replaced_on": _day(bought.get(key))} for record, key in zip(view.rows.to_dict("records"), keys, strict=True)]
    return {
        "base_currency": view.base_currency, "cost_method": view.cost_method, "rules": view.rules, "tax_year": view.tax_year,
        "years": list(view.years),
        "income": _number(view.totals["income"]), "fees": _number(view.totals["fees"]), "taxes": _number(view.totals["taxes"]),
        "revisions": view.revisions, "many": len(view.portfolios) > 1, "rows": rows,
        "findings": [finding.message for finding in view.findings],
    }


def window_of(view: GainsView) -> str:
    """Say which days count."""
    if view.start is None:
        return "all years"
    return f"{theme.day(view.start)} to {theme.day(view.end) if view.end else 'today'}"


def _row(record: Mapping[Any, Any]) -> dict[str, Any]:
    charges = _number(record["fee"] + record["tax"])
    return {**{name: record[name] or None for name in TEXTS}, **{name: _number(record[name]) for name in NUMBERS},
            **{name: _day(record[name]) for name in DAYS}, "charges": charges, "washed": bool(record["washed"]), "year": record["year"]}


def _day(stamp: pd.Timestamp | None) -> str | None:
    return None if stamp is None or stamp != stamp else stamp.date().isoformat()  # noqa: PLR0124 - NaT


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
