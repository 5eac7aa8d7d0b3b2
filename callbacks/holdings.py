"""Answers the Holdings page: its rows, and the drawer of one holding."""

from __future__ import annotations

import asyncio
import math
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from components import cards, dialogs, tables
from components.ids import HoldingsIds, Ids
from engine.errors import PortfolioError
from engine.types import AssetClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from engine.types import Actor, Finding, Instrument, Transaction
    from services import Services
    from services.views import HoldingsView, InstrumentDetail, QuoteView

FACTS = 50  # transactions in the drawer
CLASSES = {
    AssetClass.EQUITY: "Equities", AssetClass.FUND: "Funds", AssetClass.BOND: "Bonds", AssetClass.CASH: "Cash", AssetClass.COMMODITY: "Commodities",
    AssetClass.CRYPTO: "Crypto", AssetClass.INDEX: "Indices", AssetClass.FX: "Currencies", AssetClass.OPTION: "Options", AssetClass.OTHER: "Other",
}
METHODS = {
    "fifo": "first in, first out", "lifo": "last in, first out", "hifo": "highest cost first", "lofo": "lowest cost first",
    "average": "average cost", "specific": "lots named in each sale", "mixed": "each portfolio's own method",
}
REASONS = ("missing_price", "missing_rate")
NOTHING: dict[str, Any] = {  # a row that is no holding: what it does not have
    "quantity": None, "price": None, "fx_rate": None, "average_cost": None, "cost_basis": 0.0, "market_value": 0.0, "day_pnl": 0.0,
    "day_return": None, "total_pnl": None, "on_cost": None, "state": None, "ts": None, "reason": None, "spark": None,
}


def register(app: Dash, services: Services) -> None:
    """Wire the page."""
    app.clientside_callback(ClientsideFunction("holdings", "query"), Output(HoldingsIds.QUERY, "data"), Input(Ids.SCOPE, "data"),
                            Input(HoldingsIds.GROUP, "data"), Input(HoldingsIds.RETRY, "data"), Input(Ids.LEDGER, "data"),
                            State(HoldingsIds.QUERY, "data"))
    app.clientside_callback(ClientsideFunction("holdings", "load"), Input(HoldingsIds.ROWS, "data"))
    app.clientside_callback(ClientsideFunction("holdings", "opened"), Input(HoldingsIds.DRAWER_BODY, "children"))

    @app.callback(Output(HoldingsIds.ROWS, "data"), Input(HoldingsIds.QUERY, "data"), prevent_initial_call=True)
    async def update_rows(query: dict[str, Any] | None) -> dict[str, Any]:
        """Read the holdings of a scope."""
        if not query:
            raise PreventUpdate
        return await asyncio.to_thread(rows_of, services, str(query.get("scope") or "all"), by_portfolio=bool(query.get("by_portfolio")),
                                       **looking_back(query))

    @app.callback(Output(HoldingsIds.DRAWER_BODY, "children"), Input(HoldingsIds.SYMBOL, "data"), Input(HoldingsIds.QUERY, "data"),
                  prevent_initial_call=True)
    async def update_drawer(symbol: str | None, query: dict[str, Any] | None) -> list[Any]:
        """Read lots and transactions of one holding."""
        if not symbol or not query:
            raise PreventUpdate
        return await asyncio.to_thread(drawer_of, services, str(query.get("scope") or "all"), symbol, **looking_back(query))


# ------------------------------------------------------------------------------------------------------------------------------------ rows


def looking_back(query: Mapping[str, Any]) -> dict[str, Any]:
    """Read the day one looks back to and the instant whose records count; nothing of either for now."""
    day, instant = query.get("as_of"), query.get("known_at")
    return {"as_of": date.fromisoformat(day) if day else None, "known_at": datetime.fromisoformat(instant) if instant else None}


def rows_of(services: Services, scope: str, *, by_portfolio: bool, as_of: date | None = None, known_at: datetime | None = None) -> dict[str, Any]:
    """Give the rows of a scope as holdings.js paints them; an error is an answer too, so that the old rows stay."""
    actor, past = services.accounts.local(), {"as_of": as_of, "known_at": known_at}
    told = {"scope": scope, "past": repr(past) if as_of or known_at else None, "day": as_of.isoformat() if as_of else None}
    try:
        view = services.valuation.holdings(actor, scope, **past)
        lines = {} if as_of else services.valuation.sparklines(actor, list(view.snapshot.holdings["symbol"]))
        parts = _parts(services, actor, view, past) if by_portfolio and len(view.portfolios) > 1 else {}
    except PortfolioError as error:
        return {**told, "error": error.message}
    rows = [{**row, "spark": lines.get(row["symbol"]), "parts": parts.get(row["id"])} for row in _rows(view)]
    totals = _numbers({**view.snapshot.totals, **view.stale})
    return {**told, "base_currency": view.base_currency, "revisions": view.revisions, "totals": totals, "rows": rows}


def _rows(view: HoldingsView) -> list[dict[str, Any]]:
    rows = [*_holdings(view), *_cash(view), *_closed(view)]
    return [*rows, _other(view, rows)]


def _holdings(view: HoldingsView) -> list[dict[str, Any]]:
    reasons = _reasons(view.findings)
    return [
        {"id": record["symbol"], "kind": "holding", "currency": record["currency"], "reason": _reason(record, reasons), **_figures(record),
         **_words(view.instruments[record["symbol"]]), **_quote(view.quotes.get(record["symbol"]))}
        for record in view.snapshot.holdings.to_dict("records")
    ]


def _figures(record: Mapping[str, Any]) -> dict[str, Any]:
    """Give the numbers of one holding; NaN is null."""
    names = ("quantity", "price", "fx_rate", "average_cost", "cost_basis", "market_value", "day_pnl", "day_return")
    gain, cost = record["unrealised"] + _settled(record), record["cost_basis"]
    return {**_numbers({name: record[name] for name in names}), "total_pnl": _number(gain), "on_cost": _number(gain / cost) if cost > 0 else None}


def _settled(record: Mapping[str, Any]) -> float:
    """Give what an instrument earned that no price can change any more."""
    return float(record["realised"] + record["income"] - record["fees"] - record["taxes"])


def _words(instrument: Instrument) -> dict[str, Any]:
    return {"symbol": instrument.symbol, "name": instrument.name, "sector": instrument.sector, "asset_class": CLASSES[instrument.asset_class],
            "price_currency": instrument.currency}


def _quote(quote: QuoteView | None) -> dict[str, Any]:
    if quote is None:
        return {"state": "missing", "ts": None, "source": None, "simulated": False}
    stamp = round(quote.ts.timestamp() * 1000) if quote.ts else None
    return {"state": quote.state.value, "ts": stamp, "source": quote.source, "simulated": quote.simulated}


def _reasons(findings: Iterable[Finding]) -> dict[str, str]:
    """Give why a holding has no value: symbol -> code of the finding."""
    return {str(finding.context["symbol"]): finding.code for finding in findings if finding.code in REASONS and "symbol" in finding.context}


def _reason(record: Mapping[str, Any], reasons: Mapping[str, str]) -> str | None:
    if not math.isnan(record["market_value"]):
        return None
    return "missing_price" if math.isnan(record["price"]) else reasons.get(record["symbol"], "missing_rate")


def _cash(view: HoldingsView) -> list[dict[str, Any]]:
    return [
        {**NOTHING, "id": f"cash:{record['currency']}", "kind": "cash", "symbol": record["currency"], "name": "Cash", "currency": record["currency"],
         "reason": "missing_rate" if math.isnan(record["value"]) else None, "market_value": _number(record["value"]),
         **_numbers({"quantity": record["balance"], "fx_rate": record["fx_rate"], "day_pnl": record["day_pnl"]})}
        for record in view.snapshot.cash.to_dict("records") if record["balance"] or record["day_pnl"]
    ]


def _closed(view: HoldingsView) -> list[dict[str, Any]]:
    """Give positions that were sold: they hold nothing, but what they earned is in the total."""
    return [
        {**NOTHING, **_words(view.instruments[record["symbol"]]), "id": f"closed:{record['symbol']}", "kind": "closed",
         "currency": record["currency"], "day_pnl": _number(record["day_pnl"]), "total_pnl": _number(_settled(record))}
        for record in view.snapshot.closed.to_dict("records")
    ]


def _other(view: HoldingsView, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what belongs to no instrument: interest, account fees, currency gains on cash. It completes the total."""
    rest = view.snapshot.totals["total_pnl"] - sum(row["total_pnl"] or 0.0 for row in rows)
    return {**NOTHING, "id": "other", "kind": "other", "symbol": "", "name": "Interest, fees, currency gains", "currency": view.base_currency,
            "total_pnl": _number(rest)}


def _parts(services: Services, actor: Actor, merged: HoldingsView, past: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Give the share of each portfolio in every row, in the currency of the merged view."""
    parts: dict[str, list[dict[str, Any]]] = {}
    names = ("quantity", "average_cost", "cost_basis", "market_value", "day_pnl", "total_pnl")
    for portfolio, name in merged.portfolios.items():
        for row in _rows(services.valuation.holdings(actor, portfolio, base_currency=merged.base_currency, **past)):
            parts.setdefault(row["id"], []).append({"portfolio": portfolio, "portfolio_name": name, **{key: row[key] for key in names}})
    return parts


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in values.items()}


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


# ---------------------------------------------------------------------------------------------------------------------------------- drawer


def drawer_of(services: Services, scope: str, symbol: str, **past: Any) -> list[Any]:  # noqa: ANN401 (as_of and known_at, as the services take them)
    """Build the drawer of one holding, or say why there is none."""
    actor = services.accounts.local()
    try:
        view = services.valuation.holdings(actor, scope, **past)
        detail = services.valuation.lots(actor, scope, symbol, **past)
    except PortfolioError as error:
        return [cards.failed("This holding could not be read", error.message)]
    return tables.drawer_body(_held(view, detail), _lots(detail), [_fact(entry) for entry in detail.transactions[:FACTS]])


def _held(view: HoldingsView, detail: InstrumentDetail) -> tables.Held:
    instrument, quote = detail.instrument, detail.quote
    held = _record(view.snapshot.holdings, instrument.symbol)
    record = held or _record(view.snapshot.closed, instrument.symbol) or dict.fromkeys(("realised", "income", "fees", "taxes"), 0.0)
    return tables.Held(
        symbol=instrument.symbol, currency=instrument.currency, base_currency=view.base_currency, price=quote.price, state=quote.state.value,
        quantity=held["quantity"] if held else 0.0, cost=held["cost_basis"] if held else 0.0,
        fixed={"realised": record["realised"], "income": record["income"], "fees": -record["fees"], "taxes": -record["taxes"]},
        method=METHODS.get(view.cost_method, view.cost_method), details=_details(instrument), source=quote.source, ts=quote.ts,
        received=quote.received, age_seconds=quote.age_seconds, simulated=quote.simulated,
    )


def _details(instrument: Instrument) -> list[tuple[str, str]]:
    told = (("Class", CLASSES[instrument.asset_class]), ("Sector", instrument.sector), ("Country", instrument.country),
            ("Exchange", instrument.exchange), ("ISIN", instrument.isin))
    return [(name, value) for name, value in told if value]


def _record(frame: pd.DataFrame, symbol: str) -> dict[str, Any] | None:
    found = frame.loc[frame["symbol"] == symbol].to_dict("records")
    return found[0] if found else None


def _lots(detail: InstrumentDetail) -> list[tables.LotRow]:
    return [
        tables.LotRow(record["opened"].date(), float(record["quantity"]), _number(record["price"]), float(record["cost_base"]),
                      detail.portfolios.get(record["portfolio"], ""))
        for record in detail.lots.to_dict("records")
    ]


def _fact(entry: Transaction) -> tables.Fact:
    numbers = [None if value is None else float(value) for value in (entry.quantity, entry.price, entry.amount)]
    return tables.Fact(entry.date, dialogs.name_of(entry.kind), *numbers, entry.currency or "")
