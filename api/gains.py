"""What was realised, lot by lot, and what a sale would realise."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import Asks, Day, ExactRoute, FeesInCost, Id, LotsBy, day, explain_url, instant, parsed, truth
from api.gains_schemas import RealisedGainsPublic, SaleBody, SalePublic
from services import fields
from services.fields import Place
from services.gains.views import GainsQuestion, GainsView, SaleView

routes = APIRouter(prefix="/portfolios/{portfolio_id}", tags=["gains"], route_class=ExactRoute)
Scope = Annotated[Id, "or all"]
FORMATS = ("json", "csv")
RISKY = re.compile(r"[=+\-@\t\r]")  # what a spreadsheet would run
PLAIN = re.compile(r"-?[0-9.]+(e-?[0-9]+)?")
COLUMNS = ("symbol", "name", "portfolio_name", "account", "kind", "opened", "closed", "year", "days_held", "term", "rule", "quantity", "currency",
           "proceeds", "cost", "fee", "tax", "gain", "proceeds_local", "cost_local", "gain_local", "price_gain", "fx_gain", "disallowed",
           "carried_cost", "adjusted_gain", "transaction_id", "lot_id")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Query of the realised gains."""

    question: GainsQuestion
    form: str


def asked(  # noqa: PLR0913, PLR0917 - one parameter a query parameter
    start: Day = None, end: Day = None,
    year: Annotated[str | None, Query(description="A tax year instead of start and end: 2024, or 2024/25")] = None,
    tax_year: Annotated[str | None, Query(description="calendar, or uk: from 6 April; that of the rules where absent")] = None,
    cost_method: Annotated[str | None, Query(description="Instead of the portfolio's own: fifo lifo hifo lofo average specific")] = None,
    rules: Annotated[str | None, Query(description="uk: section 104 with same-day and 30-day rule, in GBP; us: wash sales beside the terms")] = None,
    group: Annotated[str | None, Query(description="symbol, year, month, term, rule, account or portfolio")] = None,
    as_of: Annotated[str | None, Query(description="The ledger up to a day")] = None,
    known_at: Annotated[str | None, Query(description="The ledger as it was known at an instant, RFC 3339")] = None,
    base_currency: Annotated[str | None, Query(description="Instead of the portfolio's own")] = None,
    fees_in_cost: FeesInCost = None, lots_by: LotsBy = None,
    form: Annotated[str, Query(alias="format", description="json, or csv: one line a matched lot")] = "json",
) -> Asked:
    """Read what is asked of realised gains."""
    question = GainsQuestion(day("start", start), day("end", end), year, tax_year, cost_method, rules, group, day("as_of", as_of),
                             instant("known_at", known_at), base_currency, truth("fees_in_cost", fees_in_cost), lots_by or "account")
    return Asked(question, fields.choice(Place("format"), form, FORMATS))


@routes.get("/realised-gains", response_model=RealisedGainsPublic, responses={200: {"content": {"text/csv": {}}}})
def realised_gains(call: Asks, request: Request, portfolio_id: Scope, query: Annotated[Asked, Depends(asked)]) -> Any:  # noqa: ANN401 - JSON or CSV
    """Tell what was realised, one row a matched lot, with the sums of tax years, terms and symbols.

    A row counts by the day of its disposal, from `start` to `end`, both included. Purchases after the window still match: under rules=uk a sale
    looks thirty days ahead, under rules=us a loss thirty days both ways.
    """
    view = call.services.gains.report(call.actor, portfolio_id, query.question)
    if query.form == "csv":
        name = f"realised-gains-{view.rules or view.cost_method}.csv"
        return Response(as_csv(view), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'})
    return {**told_gains(view), "explain": explain_url(request, portfolio_id)}


@routes.get("/sale-simulation", response_model=SalePublic)
def sale_simulation(  # noqa: PLR0913, PLR0917 - one parameter a query parameter
    call: Asks, request: Request, portfolio_id: Scope, symbol: Annotated[str | None, Query(examples=["AAPL"])] = None,
    quantity: Annotated[str | None, Query(examples=["10"])] = None,
    price: Annotated[str | None, Query(description="Of one unit; the last one where absent")] = None,
    date: Annotated[str | None, Query(description="YYYY-MM-DD; today where absent")] = None, account: str | None = None,
    fee: str | None = None, tax: str | None = None,
    tax_rate_short: Annotated[str | None, Query(description="Fraction, for an estimate of the tax")] = None, tax_rate_long: str | None = None,
    history: Annotated[str | None, Query(description="own (default) or each: which lots earlier sales took")] = None,
    base_currency: str | None = None, known_at: str | None = None,
) -> dict[str, Any]:
    """Think a sale through under each cost method; nothing is recorded."""
    given = {"symbol": symbol, "quantity": quantity, "price": price, "date": date, "account": account, "fee": fee, "tax": tax,
             "tax_rate_short": tax_rate_short, "tax_rate_long": tax_rate_long, "history": history,
             "base_currency": base_currency, "known_at": known_at}
    view = call.services.gains.simulate(call.actor, portfolio_id, {name: value for name, value in given.items() if value is not None})
    return {**told_sale(view), "explain": explain_url(request, portfolio_id)}


@routes.post("/sale-simulation", response_model=SalePublic)
def sale_simulation_of(call: Asks, request: Request, portfolio_id: Scope, body: SaleBody) -> dict[str, Any]:
    """Think a sale through under each cost method, with lots by name if some are named; nothing is recorded."""
    sent = parsed(body)
    told = told_sale(call.services.gains.simulate(call.actor, portfolio_id, sent))
    return {**told, "explain": explain_url(request, portfolio_id, None if sent.get("lots") else sent)}  # lots by name fit no address


def told_gains(view: GainsView) -> dict[str, Any]:
    """Lay a report out for JSON."""
    return {
        "base_currency": view.base_currency, "cost_method": view.cost_method, "rules": view.rules, "tax_year": view.tax_year, "start": view.start,
        "end": view.end, "known_at": view.known_at, "gains": records(view.rows), "totals": known(view.totals), "by_year": _sums(view.by_year),
        "by_term": _sums(view.by_term), "by_symbol": _sums(view.by_symbol), "groups": None if view.groups is None else _sums(view.groups),
        "wash_sales": records(view.replacements), "years": list(view.years), "portfolios": view.portfolios, "revisions": view.revisions,
        "findings": view.findings,
    }


def told_sale(view: SaleView) -> dict[str, Any]:
    """Lay a simulation out for JSON."""
    told = view.simulation
    lots = {str(name): records(rows) for name, rows in told.lots.groupby("method", sort=False)}
    summaries = zip(told.methods.index, told.methods.to_dict("records"), strict=True)
    methods = [{"method": name, **known(row), "lots": lots.get(str(name), [])} for name, row in summaries]
    return {
        "symbol": told.symbol, "name": view.instrument.name, "quantity": told.quantity, "price": told.price, "price_given": view.price_given,
        "price_ts": view.quote.ts, "price_source": None if view.price_given else view.quote.source, "simulated": view.simulated, "date": told.date,
        "account": told.account, "held": told.held, "currency": view.instrument.currency, "base_currency": view.base_currency,
        "fx_rate": view.fx_rate, "fee": view.fee, "tax": view.tax, "cost_method": view.cost_method, "methods": methods,
        "open_lots": records(told.open_lots), "findings": view.findings,
    }


def as_csv(view: GainsView) -> str:
    """Write a report as one line a matched lot; texts that a spreadsheet would run are quoted away."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([*COLUMNS, "base_currency"])
    for row in records(view.rows):
        writer.writerow([*(_cell(row[name]) for name in COLUMNS), view.base_currency])
    return written.getvalue()


def _cell(value: Any) -> str:  # noqa: ANN401
    text = "" if value is None else str(value)
    return f"'{text}" if RISKY.match(text) and not PLAIN.fullmatch(text) else text


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """List rows for JSON: dates as dates, days as whole numbers, null where there is nothing."""
    return [known(row) for row in frame.to_dict("records")]


def known(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Put null where there is nothing, and dates in the place of instants."""
    return {str(name): _plain(str(name), value) for name, value in values.items()}


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401
    if value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.date()
    return int(value) if name in {"days_held", "days_added", "count"} and value is not None else value


def _sums(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(frame.index.name): key, **known(row)} for key, row in zip(frame.index, frame.to_dict("records"), strict=True)]
