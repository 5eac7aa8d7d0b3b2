"""Answers the sale that is thought through: what it would realise under each cost method."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output
from dash.exceptions import PreventUpdate

from components import sale, theme
from components.ids import SaleIds
from engine.errors import PortfolioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from services import Services
    from services.gains.views import SaleView

FIELDS = ("symbol", "quantity", "price", "date", "account", "fee", "known_at")
RATES = ("tax_rate_short", "tax_rate_long")


def register(app: Dash, services: Services) -> None:
    """Wire the dialog."""
    app.clientside_callback(ClientsideFunction("sale", "answered"), Input(SaleIds.ANSWER, "children"))

    @app.callback(Output(SaleIds.ANSWER, "children"), Input(SaleIds.ASKED, "data"), prevent_initial_call=True)
    async def update_answer(asked: dict[str, Any] | None) -> list[Any]:
        """Think a sale through."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(answer_of, services, asked)


def answer_of(services: Services, asked: Mapping[str, Any]) -> list[Any]:
    """Build the answer to a sale, or say why it cannot be."""
    draft = {name: asked[name] for name in FIELDS if asked.get(name) not in {None, ""}}
    try:
        rates = {name: _fraction(asked[name]) for name in RATES if asked.get(name) not in {None, ""}}
        view = services.gains.simulate(services.accounts.local(), str(asked.get("scope") or "all"), {**draft, **rates})
    except PortfolioError as error:
        return sale.refused(error.message, str(error.context.get("hint") or ""))
    return sale.answer(_sale(view, {**draft, **rates}), [_outcome(str(name), row, view) for name, row in view.simulation.methods.iterrows()])


def _fraction(percent: object) -> object:
    """Turn a number of percent into a fraction; what is no number stays, for the service to refuse."""
    try:
        return float(str(percent).replace(",", ".")) / 100
    except ValueError:
        return percent


def _sale(view: SaleView, draft: Mapping[str, Any]) -> sale.Sale:
    told = view.simulation
    first = told.methods.iloc[0]
    return sale.Sale(symbol=told.symbol, quantity=told.quantity, currency=view.instrument.currency, base_currency=view.base_currency,
                     proceeds=float(first["proceeds"]), proceeds_local=float(first["proceeds_local"]), own=view.cost_method, price=_price(view),
                     accounts=view.accounts, fee=view.fee, first=str(told.methods.index[0]),
                     draft={name: value for name, value in draft.items() if name not in {"symbol", "known_at"}})


def _price(view: SaleView) -> str:
    price = f"{theme.price(view.simulation.price)}{theme.NARROW}{view.instrument.currency}"
    if view.price_given:
        return price
    source = "the simulated price" if view.simulated else "the last price"
    return f"{price}, {source}"


def _outcome(name: str, row: pd.Series, view: SaleView) -> sale.Outcome:
    tax = float(row["estimated_tax"])
    lots = view.simulation.lots[view.simulation.lots["method"] == name].to_dict("records")
    return sale.Outcome(method=name, gain=float(row["gain"]), short=float(row["gain_short"]), long=float(row["gain_long"]),
                        by_currency=float(row["fx_gain"]), tax=None if math.isnan(tax) else tax, after_tax=float(row["after_tax"]),
                        lots=[_lot(lot) for lot in lots])


def _lot(record: Mapping[Any, Any]) -> sale.SoldLot:
    opened = record["opened"]
    day = None if opened != opened else opened.date()  # noqa: PLR0124 - NaT
    return sale.SoldLot(opened=day, place=record["account"] or "", term=record["term"], quantity=float(record["quantity"]),
                        cost=float(record["cost"]), proceeds=float(record["proceeds"]), gain=float(record["gain"]))
