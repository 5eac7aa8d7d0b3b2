"""Inputs of what a window is made of: steps of the bridge, currencies, days, months, holdings and groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from engine import Panel, add, contributions, currency_split
from engine.time_weighted import capital, gain_before_costs, over_capital
from services.explain.formula import number
from services.explain.views import Inputs, Part
from services.explain.window import Measured, benchmark_ends, links_of, parts_of
from services.performance.figures import Basis
from services.performance.groups import OF_LEDGERS
from services.performance.parts import APART
from services.performance.tables import DUST
from services.performance.track import Floats
from services.performance.views import PerformanceQuestion

SHEETS = {
    "flows": "moved",
    "price": "price_effect",
    "fx": "fx_effect",
    "income": "income",
    "fees": "fee",
    "taxes": "tax",
    "corporate_actions": "action",
}


def flow_parts(basis: Basis, name: str) -> list[Part]:
    """List what was paid in (`flows_in`) or taken out (`flows_out`) in a window."""
    told = basis.view.flows
    kept = told[told["amount"] > 0] if name == "flows_in" else told[told["amount"] < 0]
    return [Part(f"{pd.Timestamp(day).date()} {str(kind).lower().replace('_', ' ')}", number(amount))
            for day, kind, amount in zip(kept["date"], kept["kind"], kept["amount"], strict=True)]


def of_bridge(told: Measured, name: str) -> Inputs:
    """Give the rows of a step of the bridge, or the steps that close it."""
    bridge, shown = told.basis.view.bridge, told.shown
    if name in SHEETS:
        return {"rows": parts_of(shown.rows, getattr(shown, SHEETS[name])[1:].sum(axis=0))}
    if name in {"flows_in", "flows_out"}:
        return {"flow_parts": flow_parts(told.basis, name)}
    if name == "opening_value":
        return {"rows": parts_of(shown.rows, shown.value[0])}
    keys = {"opening_value": "opening", "corporate_actions": "actions", "closing_value": "closing"}
    return {**{f"bridge_{keys.get(key, key)}": value for key, value in bridge.items()}, "residual": bridge["residual"]}


def of_currency(told: Measured, code: str, name: str) -> Inputs:
    """Give the rows of a currency, or its three effects."""
    table, question = told.basis.view.currency, told.track.question
    if name == "base":
        return {
            "local_effect": number(table.loc[code, "local"]),
            "currency_effect": number(table.loc[code, "fx"]),
            "cross_effect": number(table.loc[code, "cross"]),
        }
    rows = currency_split(told.shown, flow_timing=question.timing, costs=question.costs, by="row").rename(columns={"currency": "fx"})
    own = rows[np.array(told.shown.currencies) == code]
    if len(own) and name == "weight" and {*told.shown.currencies} <= {told.shown.base_currency}:
        return {"rows": [Part(code, 1.0)]}  # one currency is all of it
    return {"rows": parts_of([*map(str, own.index)], own[name].to_numpy())}


def of_day(told: Measured, day: pd.Timestamp, name: str) -> Inputs:
    """Give the rows of a day, or the growth up to it."""
    place = told.track.place(day.date())
    whole, panel = told.basis.brief.panel.settled(), told.basis.brief.panel
    is_cash = np.array([row.startswith("cash:") for row in whole.rows], dtype=np.bool_)
    moved = whole.external if told.basis.brief.group is None else whole.flow
    if name == "gain":
        return {"day_value": number(whole.value[place].sum()), "net_contributions": number(moved[: place + 1].sum())}
    if name == "active_return":
        ends = benchmark_ends(told, _first_known(told), place)
        grown = number(np.prod(1.0 + told.track.returns[told.first : place])) - 1
        return {"total_return": grown, "benchmark_return": number(ends["benchmark_close"]) / number(ends["benchmark_open"]) - 1}
    if name in {"growth", "total_return"}:
        return {
            "links": links_of(told.track.returns[told.first : place], told.track.days[told.first + 1 : place + 1])
            if place > told.first
            else [Part("start", 1.0)]
        }
    if name in {"benchmark_growth", "benchmark_return"}:
        return benchmark_ends(told, _first_known(told), place)
    cells = {
        "value": whole.value[place],
        "cash": np.where(is_cash, whole.value[place], 0.0),
        "market_value": np.where(is_cash, 0.0, whole.value[place]),
        "flow": moved[place],
        "net_contributions": moved[: place + 1].sum(axis=0),
        "missing": panel.missing[place].astype(np.float64),
    }
    return {"rows": parts_of(whole.rows, cells[name])}


def _first_known(told: Measured) -> int:
    levels = told.basis.brief.levels
    known: list[int] = [] if levels is None else np.flatnonzero(np.isfinite(levels.closes[told.first : told.last + 1])).tolist()
    return told.first + (int(known[0]) if len(known) else 0)


def of_month(told: Measured, key: str) -> Inputs:
    """Give the growth of the days of a month or year."""
    days = told.track.dated(told.first, told.last)
    inside = days[pd.DatetimeIndex(days.index).strftime("%Y-%m" if "-" in key else "%Y") == key]
    return {"links": links_of(inside.to_numpy(), inside.index.to_numpy())}


def of_part(told: Measured, section: str, key: str, name: str) -> Inputs:
    """Take a holding, or the members of a group, out of the whole that they add up to."""
    panel, members = _whole_of(told, section, key)
    question = told.track.question
    if name == "return":
        return {"links": links_of(_own_returns(panel.select(members), question), panel.days[1:])}
    if name == "contribution" and section == "contributions":
        split = currency_split(panel, flow_timing=question.timing, costs=question.costs, by="row").loc[key]
        return {
            "effects": [Part(word, number(split[part])) for word, part in (("local", "local"), ("currency", "currency"), ("cross", "cross"))]
        }
    rows = contributions(panel, flow_timing=question.timing, costs=question.costs).loc[members]
    column = {"contribution": ("effects", "contribution"), "pnl": ("row_gains", "pnl"), "weight": ("row_weights", "weight")}[name]
    if name == "pnl" and section == "contributions":
        return {"row_gains": _gain_parts(panel.select(members), question)}
    return {column[0]: parts_of([row.rpartition(APART)[2] for row in members], rows[column[1]].to_numpy())}


def _gain_parts(own: Panel, question: PerformanceQuestion) -> list[Part]:
    whole = own.settled()
    charged = number(gain_before_costs(whole, question.costs)[1:].sum() - whole.gain[1:].sum())
    return [
        part
        for part in (
            Part("closing value", number(whole.value[-1].sum())),
            Part("opening value", -number(whole.value[0].sum())),
            Part("moved in", -number(whole.flow[1:].sum())),
            Part("costs put back", charged),
        )
        if abs(part.value) > DUST
    ]


def _whole_of(told: Measured, section: str, key: str) -> tuple[Panel, list[str]]:
    brief, view = told.basis.brief, told.basis.view
    if section == "contributions":
        return told.shown, [key]
    group = next(each for each in brief.groups if each.key == key)
    if brief.asked.question.group_by not in OF_LEDGERS:
        return told.shown, [row for row in group.panel.rows if row in told.shown.rows]
    apart = [replace(each.panel, rows=tuple(each.key + APART + row for row in each.panel.rows)) for each in brief.groups]
    whole = add(apart).between(view.start, view.end)
    return whole, [row for row in whole.rows if row.split(APART)[0] == key]


def _own_returns(own: Panel, question: PerformanceQuestion) -> Floats:
    whole = own.settled()
    value, flow, gain = (cells.sum(axis=1)[:, None] for cells in (whole.value, whole.flow, gain_before_costs(whole, question.costs)))
    return over_capital(gain[1:], capital(value, flow, question.part_timing))[:, 0]
