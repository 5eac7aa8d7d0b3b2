"""Who made the return: holdings, groups and currencies, so that each table adds up to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine import Panel, add, contributions, currency_split
from engine.day_sums import has_any, stretches
from engine.types import Instrument
from services.performance.groups import OF_LEDGERS, Group, row_label
from services.performance.views import PerformanceQuestion

CURRENCY = ["weight", "local", "fx", "cross", "base"]
COLUMNS = ["name", "label", "contribution", "return", "weight", "pnl"]
DUST = 1e-12
APART = "\x1f"  # between the group and the row, so that one symbol in two accounts is two rows


def contribution_table(shown: Panel, question: PerformanceQuestion, instruments: Mapping[str, Instrument]) -> pd.DataFrame:
    """Tell every row that had a part in the window, the largest first; what `contribution` adds up to is the return of the whole."""
    found = contributions(shown, flow_timing=question.timing, costs=question.costs, own_timing=question.part_timing)
    kept = _was_there(shown) | _beyond_dust(shown, "flow", 1)
    names = [name for name, there in zip(shown.rows, kept.tolist(), strict=True) if there]
    labels = [row_label(name, instruments) for name in names]
    figures = {column: found[column].to_numpy()[kept] for column in COLUMNS[2:]}
    return _sorted(pd.DataFrame({"name": names, "label": labels, **figures}))


def group_table(groups: Sequence[Group], shown: Panel, window: tuple[date, date], question: PerformanceQuestion) -> pd.DataFrame:
    """Tell every group that had a part in the window; a row of several groups counts in each of them."""
    columns = ["key", *COLUMNS]
    if not groups:
        return pd.DataFrame(columns=columns)
    found = _of_ledgers(groups, window, question) if question.group_by in OF_LEDGERS else _of_rows(groups, shown, question)
    labels = {group.key: group.label for group in groups}
    told = found.rename_axis("key").reset_index()
    return _sorted(told.assign(name=told["key"], label=told["key"].map(labels))[columns])


def currency_table(shown: Panel, question: PerformanceQuestion, twr: float) -> pd.DataFrame:
    """Tell what holdings did at home and what their currencies did, by currency; `twr` is the return in base currency."""
    if {*shown.currencies} <= {shown.base_currency}:
        return pd.DataFrame([[1.0, twr, 0.0, 0.0, twr]], index=pd.Index([shown.base_currency], name="currency"), columns=CURRENCY)
    found = currency_split(shown, flow_timing=question.timing, costs=question.costs)
    there = {code for code, held in zip(shown.currencies, _was_there(shown).tolist(), strict=True) if held}
    kept = found[found.index.isin(there) | (found["base"].abs() > DUST)]
    return kept.rename(columns={"currency": "fx"})[CURRENCY].rename_axis("currency")


def _was_there(shown: Panel) -> NDArray[np.bool_]:
    """Tell which rows were worth something on some day, or had no price."""
    found = _beyond_dust(shown, "value", 0)
    return found | np.any(shown.missing, axis=0) if has_any(shown.missing) else found


def _beyond_dust(shown: Panel, name: str, first: int) -> NDArray[np.bool_]:
    """Tell which rows have an amount on some day of each stretch of days, `first` days after its opening or later; what is not known is none."""
    cells: NDArray[np.float64] = getattr(shown, name)
    told = [shown.known.of_stretch(("amounts", name), days, b"", partial(_amounts, cells[days[0] + first:days[1] + 1]))
            for days in stretches(len(cells))]
    found: NDArray[np.bool_] = np.any(told or [_amounts(cells[first:])], axis=0)
    return found


def _amounts(cells: NDArray[np.float64]) -> NDArray[np.bool_]:
    known = np.nan_to_num(cells) if np.isnan(cells).any() else cells
    found: NDArray[np.bool_] = (known.max(axis=0, initial=0.0) > DUST) | (known.min(axis=0, initial=0.0) < -DUST)
    return found


def _of_rows(groups: Sequence[Group], shown: Panel, question: PerformanceQuestion) -> pd.DataFrame:
    """Add the contributions of rows up; the return of a group is its own."""
    rows = contributions(shown, flow_timing=question.timing, costs=question.costs)
    inside = [(group, list(group.panel.rows)) for group in groups if set(group.panel.rows) <= set(shown.rows)]
    summed = {group.key: rows.loc[names, ["contribution", "weight", "pnl"]].sum(skipna=False) for group, names in inside}
    frame = pd.DataFrame.from_dict(summed, orient="index", columns=["contribution", "weight", "pnl"])
    own = [contributions(shown.select(names), flow_timing=question.timing, costs=question.costs, groups=["own"] * len(names),
                         own_timing=question.part_timing)
           for _, names in inside]
    return frame.assign(**{"return": [float(each["return"].iloc[0]) for each in own]})


def _of_ledgers(groups: Sequence[Group], window: tuple[date, date], question: PerformanceQuestion) -> pd.DataFrame:
    """Part the return of several ledgers together among them."""
    apart = [replace(group.panel, rows=tuple(group.key + APART + row for row in group.panel.rows)) for group in groups]
    whole = add(apart).between(*window)
    keys = [row.split(APART)[0] for row in whole.rows]
    return contributions(whole, flow_timing=question.timing, costs=question.costs, groups=keys, own_timing=question.part_timing)


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    size = np.abs(table["contribution"].to_numpy(dtype=np.float64))
    return table.iloc[np.argsort(-np.where(np.isnan(size), -1.0, size), kind="stable")].reset_index(drop=True)
