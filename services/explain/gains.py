"""Figures of realised gains, and the numbers that their formulas name."""

from __future__ import annotations

from typing import Any

import pandas as pd

from services.explain.formula import number
from services.explain.holdings import rows_of
from services.explain.views import FactUsed, Inputs, Part
from services.gains.rows import summed
from services.gains.views import GROUPINGS, GainsView

PAID = ("income", "fees", "taxes")  # of the window, not of matched lots
COLUMNS = {"net": "gain", "gains": "gain", "losses": "gain", "short": "gain", "long": "gain", "adjusted": "adjusted_gain"}


def selected(view: GainsView, key: str | None) -> pd.DataFrame:
    """Keep the matched lots of a symbol, or of `year:2024`, `term:short` and the like; of several together, with a comma between."""
    if not key:
        return view.rows
    kept = pd.Series(data=False, index=view.rows.index)
    for each in key.split(","):
        kind, colon, value = each.partition(":")
        kept |= _of(view.rows, kind, value) if colon and kind in GROUPINGS else view.rows["symbol"] == each
    if not kept.any():
        raise KeyError(key)
    return view.rows[kept]


def _of(rows: pd.DataFrame, kind: str, value: str) -> pd.Series:
    told = rows["closed"].dt.strftime("%Y-%m") if kind == "month" else rows[kind].fillna("")
    return told == value


def value_of(view: GainsView, figure: str, key: str | None) -> float:
    """Read a figure out of the report; KeyError where it has no such row."""
    section, _, name = figure.partition(".")
    if section == "realised_lots":
        return number(_row(view, str(key))[name])
    if key and name in {*PAID, "paid"}:
        raise KeyError(key)
    totals = {**view.totals, "paid": view.totals["fees"] + view.totals["taxes"]} if not key else summed(selected(view, key))
    return number({**totals, "charges": totals["fee"] + totals["tax"]}[name])


def inputs_of(view: GainsView, figure: str, key: str | None, paid: list[Part]) -> Inputs:
    """Give the numbers that the formula of a figure names; `paid` is what a figure of the window sums."""
    section, _, name = figure.partition(".")
    if section == "realised_lots":
        row = _row(view, str(key))
        days = f"{row['opened'] or 'pool'} to {row['closed']}"
        cells: Inputs = {each: number(cell) for each, cell in row.items() if isinstance(cell, int | float)}
        return {**cells, "of_lot": [Part(days, number(row[name]))], "lot_days": [Part(days, number(row["days_held"]))]}
    totals: Inputs = {**(summed(selected(view, key)) if key else view.totals)}
    return {**totals, "matched": _matched(selected(view, key), name, apart=bool(key)), "by_instrument": paid}


def facts_of(view: GainsView, figure: str, key: str | None) -> list[FactUsed]:
    """List the sales that a figure rests on, newest first."""
    rows = view.rows[view.rows["id"] == key] if figure.startswith("realised_lots.") else selected(view, key)
    return [FactUsed(str(row.transaction_id), row.closed.date(), str(row.kind), str(row.symbol), float(row.quantity), float(row.gain))
            for row in rows_of(rows)][::-1]


def path_of(figure: str, key: str | None) -> str:
    """Tell where in the report a figure stands."""
    section, _, name = figure.partition(".")
    if section == "realised_lots":
        return f"gains[id={key}].{_sum_of(name)}"
    if not key:
        return f"totals.{name}" if name not in {"paid", "charges"} else f"totals.{'fees + totals.taxes' if name == 'paid' else 'fee + totals.tax'}"
    kinds = [each.partition(":")[::2] if each.partition(":")[0] in GROUPINGS else ("symbol", each) for each in key.split(",")]
    lists = {kind: f"by_{kind}" if kind in {"year", "term", "symbol"} else "groups" for kind, _ in kinds}
    return " + ".join(f"{lists[kind]}[{kind}={value}].{_sum_of(name)}" for kind, value in kinds)


def grouping_of(key: str | None) -> str | None:
    """Name the grouping that the report must be asked for, so that its answer has the figure."""
    kind, colon, _ = (key or "").split(",")[0].partition(":")
    return kind if colon and kind in GROUPINGS and kind not in {"year", "term", "symbol"} else None


def _sum_of(name: str) -> str:
    return "fee + tax" if name == "charges" else name


def _row(view: GainsView, key: str) -> dict[str, Any]:
    found = view.rows[view.rows["id"] == key]
    if not len(found):
        raise KeyError(key)
    row = {str(name): cell for name, cell in found.iloc[0].items()}
    opened = "" if pd.isna(row["opened"]) else str(row["opened"].date())
    days = float(row["days_held"]) if pd.notna(row["days_held"]) else float("nan")
    dated = {"opened": opened, "closed": str(row["closed"].date()), "days_held": days}
    return {**row, **dated, "charges": row["fee"] + row["tax"], "closing_rate": row["rate"]}


def _matched(rows: pd.DataFrame, name: str, *, apart: bool) -> list[Part]:
    """List what a figure of matched lots sums: by instrument, or lot by lot."""
    if name == "count":
        return [Part(f"{row.symbol} {row.closed.date()}", 1.0) for row in rows_of(rows)]
    column = COLUMNS.get(name, name)
    if column not in rows:
        return []
    chosen = {"gains": rows["gain"] > 0, "losses": rows["gain"] < 0, "short": rows["term"] == "short", "long": rows["term"] == "long"}
    kept = rows[chosen[name]] if name in chosen else rows
    if apart:
        lots = [Part(f"{row.symbol} {row.closed.date()}", number(getattr(row, column)), f"realised_lots.{column}:{row.id}") for row in rows_of(kept)]
        return [part for part in lots if part.value == part.value and part.value]
    sums = kept.groupby("symbol")[column].sum()
    whole = name if name not in PAID else None
    return [Part(str(symbol), number(value), f"gains.{whole}:{symbol}") for symbol, value in sums.items() if value]
