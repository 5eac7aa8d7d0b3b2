"""The policy of a portfolio as a form: targets with bands, limits, costs and taxes, goals, and the thresholds of the rules.

Everything is written here; `assets/advice_policy.js` draws the fields and sends them back under the names that the service reads.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from dash import dcc, html

from components import cards, theme
from components.ids import AdvicePolicyIds as Ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

BYS = (("", "No targets"), ("symbol", "Holding"), ("asset_class", "Asset class"), ("sector", "Sector"), ("region", "Region"), ("country", "Country"),
       ("currency", "Currency"), ("model", "Model portfolio"))
GROUPINGS = tuple((key, word) for key, word in BYS if key not in {"", "symbol", "model"})
CURRENCY = "currency"  # a unit: the portfolio's own


class Field(NamedTuple):
    """One field: its name in a policy, what it is called, how it is written, and what it means where it is empty."""

    name: str
    label: str
    kind: str  # percent number whole flag text list date
    hint: str = ""
    unit: str = ""


BANDS = (
    Field("band_absolute", "Band, points", "percent", "The nearer of the two holds"),
    Field("band_relative", "Band, of the target", "percent"),
)
SECTIONS = (
    ("Limits", "what no trade may break", (
        Field("constraints.max_weight", "Largest weight", "percent", "Empty: any"),
        Field("constraints.cash_buffer", "Cash that stays", "percent"),
        Field("constraints.max_turnover", "Most turnover", "percent", "Of one rebalancing. Empty: any"),
        Field("constraints.max_tracking_error", "Most tracking error a year", "percent", "Empty: any"),
        Field("constraints.min_trade", "Smallest trade", "number", unit=CURRENCY),
        Field("constraints.lot", "Shares that trade together", "number", "1: whole shares, 0: fractions"),
        Field("constraints.tax_budget", "Most tax of one rebalancing", "number", "Empty: any", CURRENCY),
        Field("constraints.required_tag", "Purchases carry the tag", "text", "Such as esg. Empty: anything"),
        Field("constraints.excluded", "Not to be held", "list", "Symbols with commas between them"),
        Field("constraints.long_only", "Nothing is sold short", "flag"),
    )),
    ("Costs and taxes", "what a trade costs, and what a gain", (
        Field("costs.fee", "Fee of a trade", "number", unit=CURRENCY),
        Field("costs.fee_rate", "Fee, of the amount", "percent"),
        Field("costs.spread", "Spread, of the price", "percent", "A trade pays half of it"),
        Field("costs.conversion_rate", "Cost of another currency", "percent", "Of what is converted"),
        Field("taxes.short_rate", "Tax on gains", "percent"),
        Field("taxes.long_rate", "Tax on long-term gains", "percent"),
        Field("taxes.long_days", "Long-term after", "whole", unit="days"),
        Field("taxes.wash_days", "Wash sale within", "whole", "0: no such rule", "days"),
    )),
    ("Goals", "what it is for", (
        Field("goals.horizon", "Until", "date"),
        Field("goals.value", "To be reached", "number", unit=CURRENCY),
        Field("goals.floor", "Never below", "number", unit=CURRENCY),
        Field("home_country", "Home country", "text", "Two letters, such as US"),
        Field("risk_aversion", "Aversion to risk", "number", "Half of it times a year's variance is taken off a return"),
    )),
)


class Threshold(NamedTuple):
    """A threshold of the rules. `own`: the policy sets it."""

    name: str
    label: str
    meaning: str
    unit: str  # fraction number days
    default: float
    value: float
    own: bool


class Sheet(NamedTuple):
    """Everything the form shows."""

    portfolio: str
    name: str
    currency: str
    version: int
    changed: datetime | None
    policy: Any  # as the engine holds it
    resolved: Mapping[str, float]  # of a model portfolio
    thresholds: Sequence[Threshold]
    rules: Sequence[tuple[str, str, bool]]  # key, label, asked
    models: Sequence[tuple[str, str]]
    keys: Mapping[str, Sequence[str]]  # what targets can be of, by the kind of target
    findings: Sequence[str]


def pane() -> html.Div:
    """Tab of targets and limits, before it is drawn."""
    bones = html.Section(cards.bones("title", "row", "row", "row", "row"), className="panel padded bones-of")
    stores = [dcc.Store(id=store) for store in (Ids.SHEET, Ids.ACTION, Ids.RESULT)]
    return html.Div([*stores, html.Div(id=Ids.BODY, className="drawn"), bones], className="pane", **{"data-pane": "policy"})


def told(sheet: Sheet) -> dict[str, Any]:
    """Write the form out."""
    policy = sheet.policy
    return {
        "state": "ready", "portfolio": sheet.portfolio, "name": sheet.name, "version": sheet.version,
        "changed": f"version {sheet.version}, {theme.instant(sheet.changed)}" if sheet.changed else "as the house has it; nothing was set yet",
        "by": policy.targets_by or "", "bys": [*BYS], "model": policy.model or "", "models": [*sheet.models],
        "targets": [{"key": each.key, "weight": percent(each.weight), "band": "" if each.band is None else percent(each.band)}
                    for each in policy.targets],
        "resolved": [{"key": key, "weight": theme.share(weight)} for key, weight in sheet.resolved.items()],
        "groups": [_bound(each) for each in policy.constraints.groups],
        "groupings": [*GROUPINGS], "keys": {name: [*keys] for name, keys in sheet.keys.items()},
        "bands": [_field(each, policy, sheet.currency) for each in BANDS],
        "sections": [{"title": title, "note": note, "fields": [_field(each, policy, sheet.currency) for each in fields]}
                     for title, note, fields in SECTIONS],
        "thresholds": [_threshold(each) for each in sheet.thresholds],
        "rules": [{"key": key, "label": label, "on": asked} for key, label, asked in sheet.rules], "findings": [*sheet.findings],
    }


def _bound(each: Any) -> dict[str, str]:  # noqa: ANN401 - as the engine holds it
    least, most = (percent(value) if value != usual else "" for value, usual in ((each.least, 0.0), (each.most, 1.0)))
    return {"by": each.by, "key": each.key, "least": least, "most": most}


def _field(each: Field, policy: object, currency: str) -> dict[str, str | bool]:
    value = reduce(getattr, each.name.split("."), policy)
    unit = "%" if each.kind == "percent" else currency if each.unit == CURRENCY else each.unit
    return {"name": each.name, "label": each.label, "kind": each.kind, "hint": each.hint, "unit": unit, "value": _written(each.kind, value)}


def _written(kind: str, value: Any) -> str | bool:  # noqa: ANN401 - whatever a policy holds
    if kind == "flag":
        return bool(value)
    if kind == "list":
        return ", ".join(value)
    if value is None:
        return ""
    return percent(value) if kind == "percent" else plain(value) if isinstance(value, int | float) else str(value)


def _threshold(each: Threshold) -> dict[str, str | bool]:
    kind, write = ("percent", percent) if each.unit == "fraction" else ("number", plain)
    unit = "%" if kind == "percent" else "days" if each.unit == "days" else ""
    return {"name": f"thresholds.{each.name}", "label": each.label, "hint": each.meaning, "kind": kind, "unit": unit,
            "value": write(each.value) if each.own else "", "usual": write(each.default)}


def plain(value: float) -> str:
    """Write a number as a field takes it: no thousands, no trailing zeros.

    Examples
    --------
    >>> plain(1200.50), plain(3)
    ('1200.5', '3')
    """
    return f"{value:.8f}".rstrip("0").rstrip(".") if math.isfinite(value) else ""


def percent(fraction: float) -> str:
    """Write a fraction in percent as a field takes it."""
    return plain(round(fraction * 100, 8))
