"""Plans in words: what may come of one's money, every number written; `assets/advice_plan.js` draws the fan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dash import dcc, html

from components import cards, theme
from components.ids import AdviceTrialIds as Ids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

STORES = (Ids.PLAN_ASKED, Ids.PLAN_TOLD)
BANDS = ("p5", "p25", "p50", "p75", "p95")
YEAR = 12  # months


class Outcome(NamedTuple):
    """What may come of a plan. Money is base currency, shares are fractions; NaN: there is no answer."""

    goal: float
    confidence: float
    final: float  # in the median
    lowest: float  # 5 % are below
    highest: float  # 5 % are above
    probability: float
    probability_low: float
    probability_high: float
    shortfall: float
    sustainable: float
    needed: float
    ruin: float
    ruin_year: float
    below_floor: float
    has_floor: bool
    median_return: float
    worst_fall: float
    paid_in: float
    taken_out: float
    fees: float
    taxes: float


def pane() -> html.Div:
    """Build the tab: grey shapes until the first answer is drawn."""
    bones = html.Section(cards.bones("title", "row", "row", "row"), className="panel padded")
    return html.Div([*[dcc.Store(id=store) for store in STORES], html.Div(bones, **{"data-part": "waits"}), html.Div(id=Ids.PLAN)],
                    className="pane attempt", **{"data-pane": "plan"})


def headline(one: Outcome, currency: str) -> list[dict[str, str]]:
    """Write the figures one came for: label, text, unit, and the line under it."""
    sure = theme.share(one.confidence, decimals=0)
    chance = [] if not theme.known(one.goal) else [
        _figure("Goal reached", theme.share(one.probability), "",
                f"{theme.share(one.probability_low)} to {theme.share(one.probability_high)} of all draws"),
        _figure("Short where missed", theme.money(one.shortfall, decimals=0), currency, f"of {theme.money(one.goal, decimals=0)}, on average"),
        _figure("Contribution needed", theme.money(one.needed), currency, f"a month, with {sure}"),
    ]
    return [*chance, _figure("Sustainable withdrawal", theme.money(one.sustainable), currency, f"a month, lasting with {sure}"),
            _figure("In the median", theme.money(one.final, decimals=0), currency,
                    f"{theme.compact(one.lowest)} to {theme.compact(one.highest)} in nine of ten draws")]


def _figure(label: str, text: str, unit: str, context: str) -> dict[str, str]:
    return {"label": label, "text": text, "unit": unit if text != theme.UNKNOWN else "", "sub": context}


def rest(one: Outcome, currency: str) -> list[list[str]]:
    """Write what else comes of it: name, text, unit."""
    runs_out = theme.share(one.ruin) + (f", in year {theme.number(one.ruin_year, decimals=1)}" if theme.known(one.ruin_year) else "")
    floor = [["Below the floor on the way", theme.share(one.below_floor), ""]] if one.has_floor else []
    return [["Money runs out", runs_out, ""], *floor, ["Return a year, before flows", theme.percent(one.median_return), ""],
            ["Worst fall on the way", theme.percent(one.worst_fall, decimals=1), ""],
            *([name, theme.money(value, decimals=0), currency] for name, value in
              (("Paid in", one.paid_in), ("Taken out", one.taken_out), ("Fees", one.fees), ("Taxes", one.taxes)))]


def fan(days: Sequence[date], bands: dict[str, Sequence[float]]) -> dict[str, Any]:
    """Tell the fan: numbers for the picture, and a row a year, written, for the table."""
    count = len(days)
    yearly = [*range(0, count, YEAR), *([count - 1] if (count - 1) % YEAR else [])]
    rows = [[theme.day(days[at]), *(theme.money(bands[name][at], decimals=0) for name in BANDS)] for at in yearly]
    return {"days": [each.isoformat() for each in days], "bands": {name: [round(float(value), 2) for value in bands[name]] for name in BANDS},
            "heads": ["", "5 % below", "25 % below", "Median", "25 % above", "5 % above"], "rows": rows}
