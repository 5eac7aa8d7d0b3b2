"""What the services say about risk, in the words of the Risk page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from components import theme
from components.figures_distribution import Band
from components.figures_risk import Line
from components.risk import METHOD_NAMES, SCORE_WORDS, Fall, Figure, Row
from components.risk_certainty import between
from services.explain.figures.risk import OF_CONCENTRATION
from services.risk_report.terms import HELD, held_figures, held_gaps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.attribution.views import ConcentrationView
    from services.rates.rates import RatesView
    from services.risk.exposures import Exposure
    from services.risk.today import RiskScore, Today
    from services.risk.views import RiskView, RollingView

WORDS = {"volatility": "volatility", "tail": "tail losses", "concentration": "concentration", "liquidity": "liquidity"}
MEASURES = {"volatility": "a volatility of", "tail": "a tail ratio of", "concentration": "an effective number of holdings of",
            "liquidity": "days to sell of"}
UNITS = {"tail": "\u202f\u00d7 normal", "concentration": " holdings", "liquidity": " days"}
LEAST_DAYS = 60


def when(view: RiskView) -> str:
    """Give the page's subtitle: which days, whose, in what."""
    span = f"{theme.day(view.start)} to {theme.day(view.end)}" if view.start and view.end else "no day yet"
    return f"{span}, {view.label}, {view.base_currency}"


def benchmark_name(view: RiskView | Exposure) -> str | None:
    """Name what the page compares with."""
    told = view.benchmark if hasattr(view, "conventions") else view.benchmark_name
    return (told[1] or told[0]) if told else None


def foot(view: RiskView) -> str:
    """Say at the foot of a printed sheet what was measured, and how."""
    said = {key.replace("_", " "): value for key, value in view.conventions.items() if value}
    told = "; ".join(f"{key} {value}" for key, value in said.items())
    return f"{when(view)}. {told}{'. Prices are partly simulated.' if view.simulated else '.'}"


# --------------------------------------------------------------------------------------------------------------------------- strip


def strip(view: RiskView, exposure: Exposure, today: Today, sure: pd.DataFrame, *, level: float) -> list[Figure]:
    """Headline figures: today's losses in money, how much it moves, against what, and where it stands below its peak."""
    share, basis = theme.number(level * 100, decimals=1, least=0), two_years(today.days)
    spread, lacking = "1 day" if today.horizon == 1 else f"{today.horizon} days", max(0, LEAST_DAYS - today.days)
    losses = [Figure(f"{name} {share}, {spread}", value * exposure.value, "whole", exposure.base_currency,
                     [theme.percent(value, signed=False), said], explain, missing=lacking, title=f"{METHOD_NAMES.get(today.method)}, {basis}",
                     sure=interval(sure, explain, exposure.value) if today.horizon == 1 else "")
              for name, value, said, explain in (("VaR", today.value_at_risk, " of the value", "risk.today.value_at_risk"),
                                                 ("ES", today.expected_shortfall, ", mean beyond VaR", "risk.today.expected_shortfall"))]
    current, deepest = view.figures.get("current_drawdown"), view.figures.get("max_drawdown")
    fall = view.series["drawdown"] if len(view.series) else pd.Series(dtype=float)
    current = float(fall.iloc[-1]) if len(fall) and current is None else current
    deepest = float(fall.min()) if len(fall) and deepest is None else deepest
    return [
        *losses,
        Figure("Volatility", hundred(today.volatility), "money", "%", basis, "risk.today.volatility", missing=lacking,
               sure=interval(sure, "risk.today.volatility")),
        Figure("Beta", today.beta, "money", "", f"2 years, to {benchmark_name(view)}" if view.benchmark else "no benchmark is chosen",
               "risk.today.beta", missing=lacking, sure=interval(sure, "risk.today.beta")),
        Figure("Drawdown now", hundred(current), "money", "%", f"maximum {theme.percent(deepest, decimals=1)}", "risk.current_drawdown"),
    ]


def interval(sure: pd.DataFrame, figure: str, money: float | None = None) -> str:
    """Write the interval of one of today's figures; of a loss in money."""
    name = figure.rpartition(".")[2]
    low, high = (float(sure.loc[name, side]) for side in ("lower", "upper"))
    if not (theme.known(low) and theme.known(high)):
        return ""
    if money is not None:
        return f"{theme.money(low * money, decimals=0)} to {theme.money(high * money, decimals=0)}"
    return between(low, high, "fraction" if name == "volatility" else "ratio")


def hundred(value: float | None) -> float | None:
    """Give a fraction in percent."""
    return None if value is None else value * 100


def two_years(days: int) -> str:
    """Say what today's figures rest on."""
    return "2 years, today’s weights" if days >= 500 else f"{theme.number(days, decimals=0)} days, today’s weights"


def score_words(score: RiskScore) -> str:
    """Say in a word what a score means."""
    return SCORE_WORDS[score.score - 1] if score.score else f"needs {LEAST_DAYS} trading days"


def score_title(score: RiskScore) -> str:
    """Say what a score is made of, and what would change it by one."""
    parts = ", ".join(f"{WORDS.get(name, name)} {theme.number(value, decimals=2, signed=name != 'volatility')}"
                      for name, value in score.components.items())
    changes = "; ".join(f"{theme.number(each.by, decimals=0, signed=True)} at {MEASURES[each.component]} {measure(each.component, each.needed)}"
                        f" (now {measure(each.component, each.now)})" for each in score.changes)
    return f"{parts}. {changes}" if score.score else ""


def measure(component: str, value: float, *, unit: bool = False) -> str:
    """Write what a component of the score is from, in its unit."""
    if component == "volatility":
        return theme.percent(value, decimals=1, signed=False)
    return theme.number(value, decimals=1) + (UNITS[component] if unit and theme.known(value) else "")


# ------------------------------------------------------------------------------------------------------------------------- drawdowns


def days_of(frame: pd.DataFrame | pd.Series) -> list[date]:
    """Give the days of a series."""
    return [day.date() for day in frame.index]


def values_of(series: pd.Series) -> list[float | None]:
    """Give numbers, None where there is none."""
    return [float(value) if known else None for value, known in zip(series, series.notna(), strict=True)]


def under_water(view: RiskView) -> tuple[list[date], list[Line]]:
    """Give the falls of the portfolio and of its benchmark."""
    frame, other = view.series, benchmark_name(view)
    lines = [Line(view.label, values_of(frame["drawdown"]))]
    if other and frame["benchmark_drawdown"].notna().any():
        lines.append(Line(other, values_of(frame["benchmark_drawdown"]), "bench"))
    return days_of(frame), lines


def falls(view: RiskView) -> list[Fall]:
    """List the drawdowns, deepest first."""
    return [_fall(row) for row in view.drawdowns.to_dict("records")]


def _fall(row: dict[Any, Any]) -> Fall:
    back = None if pd.isna(row["recovery"]) else pd.Timestamp(row["recovery"]).date()
    up = None if pd.isna(row["time_to_recover"]) else int(row["time_to_recover"])
    return Fall(float(row["drawdown"]), pd.Timestamp(row["peak"]).date(), pd.Timestamp(row["valley"]).date(), back, int(row["length"]),
                int(row["time_to_valley"]), up)


# --------------------------------------------------------------------------------------------------------------------------- rolling


def rolling_lines(told: RollingView, names: Sequence[tuple[str, str, str]]) -> tuple[list[date], list[Line]]:
    """Give some of the moving figures from the first one that is known: column, name and kind of each."""
    columns = [column for column, _, _ in names]
    known = told.series[columns].notna().any(axis=1)
    frame = told.series[known.cummax()]
    return days_of(frame), [Line(name, values_of(frame[column]), kind) for column, name, kind in names if frame[column].notna().any()]


def bands(told: RollingView) -> list[Band]:
    """Give the volatility cone by horizon."""
    return [Band(int(horizon), *(float(row[name]) for name in ("least", "lower", "median", "upper", "most", "last")))  # type: ignore[call-overload]
            for horizon, row in told.cone.iterrows()]


# ---------------------------------------------------------------------------------------------------------------------------- figures


def figure_rows(view: RiskView) -> list[Row]:
    """Give every figure with what the catalogue says of it."""
    return [Row(term.name, term.label, term.group, term.unit, view.figures.get(term.name), term.meaning, term.source, view.missing.get(term.name, 0),
                view.gaps.get(term.name, "")) for term in view.terms]


def held_rows(concentration: ConcentrationView, rates: RatesView) -> list[Row]:
    """Give the figures of what is held now in the same way."""
    figures, gaps = held_figures(concentration, rates), held_gaps(concentration, rates)
    return [Row(term.name, term.label, term.group, term.unit, figures[term.name], term.meaning, term.source, 0, gaps.get(term.name, ""),
                _explained(term.name)) for term in HELD]


def _explained(name: str) -> str:
    own = "volatility" if name == "ex_ante_volatility" else name
    return f"risk.concentration.{own}" if own in OF_CONCENTRATION else "-"
