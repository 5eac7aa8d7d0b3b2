"""Figures of a sale that is thought through, and the numbers that their formulas name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from services.explain.formula import number
from services.explain.holdings import rows_of
from services.explain.views import Inputs, Part
from services.gains.views import SaleView

TERMS = {"gain_short": "short", "gain_long": "long"}


def read_key(key: str) -> tuple[str, str, int | None]:
    """Read `AAPL:fifo` or `AAPL:fifo#1` as symbol, method and lot."""
    whole, _, place = key.partition("#")
    symbol, _, method = whole.rpartition(":")
    return symbol.upper(), method, int(place) if place else None


def value_of(view: SaleView, figure: str, method: str, place: int | None) -> float:
    """Read a figure out of the simulation; KeyError where it has no such row."""
    name = figure.partition(".")[2]
    return number(view.simulation.methods.loc[method, name] if place is None else _taken(view, method, place)[name])


def inputs_of(view: SaleView, figure: str, key: str, method: str, place: int | None) -> Inputs:
    """Give the numbers that the formula of a figure of a sale names."""
    told, name = view.simulation, figure.partition(".")[2]
    sums = {str(each): number(cell) for each, cell in told.methods.loc[[method]].iloc[0].items()}
    shared: Inputs = {
        "sold_units": told.quantity,
        "unit_price": told.price,
        "contract_size": number(view.instrument.multiplier),
        "rate": view.fx_rate,
        "sale_fee": view.fee,
        "sale_tax": view.tax,
        "sale_proceeds": sums["proceeds_local"],
    }
    if place is not None:
        return _of_lot(_taken(view, method, place), name) | shared
    lots = told.lots[told.lots["method"] == method]
    return {**sums, **shared, **_tax_terms(sums, lots, view.tax_rates), "matched": _matched(lots, name, key)}


def _of_lot(lot: dict[str, Any], name: str) -> Inputs:
    day = _opened(lot["opened"])
    cells: Inputs = {each: number(cell) for each, cell in lot.items() if isinstance(cell, int | float)}
    return cells | {"lot_units": number(lot["quantity"]), "of_lot": [Part(day, number(lot[name]))], "lot_days": [Part(day, number(lot["days_held"]))]}


def _tax_terms(sums: Mapping[str, float], lots: pd.DataFrame, rates: Mapping[str, float] | None) -> Inputs:
    short, long = sums["gain_short"] + number(lots.loc[lots["term"] == "pooled", "gain"].sum()), sums["gain_long"]
    if short * long < 0:
        net = short + long
        short, long = (net, 0.0) if abs(short) > abs(long) else (0.0, net)
    given = dict.fromkeys(("short", "long"), float("nan")) if rates is None else {"short": 0.0, "long": 0.0, **rates}
    return {"taxed_short": short, "taxed_long": long, "rate_short": given["short"], "rate_long": given["long"]}


def _matched(lots: pd.DataFrame, name: str, key: str) -> list[Part]:
    """List what a figure of a method sums, lot by lot."""
    if name == "lots":
        return [Part(_opened(row.opened), 1.0) for row in rows_of(lots)]
    term, column = TERMS.get(name), "gain" if name in TERMS else name
    if column not in lots:
        return []
    numbered = enumerate(rows_of(lots), start=1)
    return [
        Part(_opened(row.opened), number(getattr(row, column)), f"sale_lots.{column}:{key}#{place}")
        for place, row in numbered
        if term in {None, row.term}
    ]


def _opened(stamp: Any) -> str:  # noqa: ANN401 - a timestamp, or NaT where a pool is matched
    return "pool" if pd.isna(stamp) else str(stamp.date())


def _taken(view: SaleView, method: str, place: int) -> dict[str, Any]:
    lots = view.simulation.lots[view.simulation.lots["method"] == method]
    if not 1 <= place <= len(lots):
        raise KeyError(place)
    return {str(name): cell for name, cell in lots.iloc[place - 1].items()}
