"""A portfolio's risk as one number of 1 to 7, what it is made of, and what would change it by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.columns import Figure, Floats, Table, cells_of, figure_like
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.sample import Sample

# yearly volatility at which the classes 2 to 7 begin
SCALES: Final[Mapping[str, tuple[float, ...]]] = {
    "priips": (0.005, 0.05, 0.12, 0.20, 0.30, 0.80),
    "srri": (0.005, 0.02, 0.05, 0.10, 0.15, 0.25),
}
LOWEST, HIGHEST = 1, 7
SPREAD_HOLDINGS: Final = 10.0  # holdings of the same weight among which nothing is added for concentration
SLOW_DAYS: Final = 30.0  # days to liquidate at which a whole class is added
TAIL_LEVEL: Final = 0.975
NORMAL_TAIL: Final = 2.3378027922014138  # expected shortfall of a standard normal at that level
MINIMUM: Final = 60  # returns below which nothing is said


@dataclass(frozen=True, slots=True)
class Change:
    """What would move the score by one.

    Attributes
    ----------
    component
        ``volatility``, ``tail``, ``concentration`` or ``liquidity``.
    by
        -1 or +1.
    now, needed
        The component's measure as it is, and as it would have to be, all else the same: a yearly volatility (fraction), a tail ratio, an
        effective number of holdings, days to liquidate. `needed` is the bound: a hair beyond it the score is another.
    """

    component: str
    by: int
    now: float
    needed: float


@dataclass(frozen=True, slots=True)
class RiskScore:
    """Risk of 1 (low) to 7 (high).

    Attributes
    ----------
    score
        1 to 7; 0 where the volatility is not known.
    position
        The same without rounding down: 3.9 is a 3 just below 4.
    components
        What each adds to `position`: `volatility` (1.0 to 7.99), `tail`, `concentration`, `liquidity`.
    measures
        What they are from: `volatility` (a year, fraction), `tail_ratio`, `effective_holdings`, `days_to_liquidate`; NaN where unknown.
    changes
        What would move the score by one down and up, by each component that could do it alone.
    scale
        Of the bands of volatility.
    """

    score: int
    position: float
    components: dict[str, float]
    measures: dict[str, float]
    changes: tuple[Change, ...]
    scale: str


def var_equivalent_volatility(returns: Table, *, holding_years: float = 1.0, periods_per_year: float = 252) -> Figure:
    """Yearly volatility of a normal that has the same value at risk.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    holding_years
        Recommended holding period in years, default 1.
    periods_per_year
        252 (default) for trading days, 52 for weeks, 12 for months.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; NaN with fewer than two returns, without any variance, or where the expansion has no root.

    Notes
    -----
    Convention: log returns, population moments, 97.5 %; with M periods of the holding time T, VaR = s sqrt(M) (-1.96 + 0.474 m3 / sqrt(M)
    - 0.0687 m4 / M + 0.146 m3^2 / M) - s^2 M / 2 and VEV = (sqrt(3.842 - 2 VaR) - 1.96) / sqrt(T). A total loss has no logarithm: NaN.

    Raises
    ------
    InvalidInput
        A cell is not a number, or a holding period that is not above 0.

    References
    ----------
    Commission Delegated Regulation (EU) 2017/653 (PRIIPs), annex II, part 1, market risk measure of category 2.

    Examples
    --------
    >>> round(var_equivalent_volatility([0.01, -0.01, 0.02, -0.015] * 60), 4)
    0.2263
    """
    for field, number in (("holding_years", holding_years), ("periods_per_year", periods_per_year)):
        if not number > 0:
            raise InvalidInput(field, number, "is not above 0", hint="Use 1 for one year")
    cells = cells_of(returns)
    logs = Sample(np.log1p(np.where(cells > -1.0, cells, np.nan)))
    spread, periods = logs.deviation(0), holding_years * periods_per_year
    enough = (logs.counts >= 2) & (spread > 0) & ~(cells <= -1.0).any(axis=0)
    safe = np.where(enough, spread, np.nan)
    third, fourth = logs.moment(3) / safe**3, logs.moment(4) / safe**4 - 3.0
    z = -1.96 + 0.474 * third / np.sqrt(periods) - 0.0687 * fourth / periods + 0.146 * third**2 / periods
    under = 3.842 - 2.0 * (safe * np.sqrt(periods) * z - 0.5 * safe**2 * periods)
    found = (np.sqrt(np.where(under >= 0, under, np.nan)) - 1.96) / np.sqrt(holding_years)
    return figure_like(returns, found, "var_equivalent_volatility")


def risk_class(volatility: Table | float, *, scale: str = "priips") -> Figure:
    """Class of 1 to 7 that a yearly volatility falls in.

    Parameters
    ----------
    volatility
        Fraction a year, one or many.
    scale
        ``priips`` (default; 0.5, 5, 12, 20, 30, 80 %) or ``srri`` (0.5, 2, 5, 10, 15, 25 %).

    Returns
    -------
    int, or ndarray
        1 to 7; 0 where the volatility is not known.

    Notes
    -----
    Convention: a volatility on a bound is in the higher class.

    Raises
    ------
    InvalidInput
        An unknown scale.

    References
    ----------
    (EU) 2017/653, annex II, part 1, market risk classes; CESR/10-673, guidelines on the synthetic risk and reward indicator, box 1.

    Examples
    --------
    >>> risk_class(0.15), risk_class(0.15, scale="srri")
    (4, 6)
    """
    one_of("scale", scale, tuple(SCALES))
    level = np.asarray(volatility, dtype=np.float64)
    found = np.where(np.isfinite(level), np.searchsorted(SCALES[scale], level, side="right") + 1, 0)
    return int(found) if level.ndim == 0 else found


def risk_score(returns: Table, *, weights: Table | None = None, days_to_liquidate: float = np.nan, scale: str = "priips",
               periods_per_year: float = 252) -> RiskScore:
    """Risk of a portfolio as a number of 1 to 7.

    Parameters
    ----------
    returns
        Simple returns of the portfolio of shape (n_periods,), fraction.
    weights
        Fractions of the value in single risks, of shape (n_holdings,): without cash, and without funds, which are spread already. Default
        unknown.
    days_to_liquidate
        Days until nine tenths of the value could be sold; default unknown.
    scale
        Bands of the volatility: ``priips`` (default) or ``srri``.
    periods_per_year
        252 (default) for trading days.

    Returns
    -------
    RiskScore

    Notes
    -----
    Convention: position = volatility + tail + concentration + liquidity, the score its whole part, never below 1 or above 7.
    Volatility: the class of the yearly volatility, and how far through its band it is, on a log scale. Tail: what the position would rise
    were the volatility that of a normal with the same 97.5 % expected shortfall (nothing where the tail is thinner than normal).
    Concentration: 1 - ln(N) / ln(10) with N = 1 / sum of squared weights, between 0 and 1. Liquidity: ln(days) / ln(30), between 0 and 1.
    What is unknown adds nothing. Score 0 with fewer than 60 returns.

    Raises
    ------
    InvalidInput
        More than one series, an unknown scale, or days below 0.

    References
    ----------
    Bands: (EU) 2017/653 (PRIIPs), annex II, part 1, and CESR/10-673 (SRRI), box 1. The tail as a volatility: after the VaR-equivalent
    volatility there. Effective number: Herfindahl. How much concentration and liquidity add is a convention of this function.

    Examples
    --------
    >>> found = risk_score([0.01, -0.01, 0.008, -0.012] * 60, weights=[0.5, 0.5])
    >>> found.score, round(found.position, 2), [(each.component, each.by) for each in found.changes]
    (5, 5.26, [('volatility', -1), ('volatility', 1), ('tail', 1), ('concentration', -1)])
    """
    one_of("scale", scale, tuple(SCALES))
    cells = cells_of(returns)
    if cells.shape[1] != 1:
        raise InvalidInput("returns", cells.shape[1], "series were given", hint="Give the returns of one portfolio")
    if days_to_liquidate < 0:
        raise InvalidInput("days_to_liquidate", days_to_liquidate, "is below 0")
    measures = _measures(Sample(cells), weights, days_to_liquidate, periods_per_year)
    components = _components(measures, scale)
    position = float(np.clip(sum(components.values()), LOWEST, HIGHEST + 0.99)) if np.isfinite(measures["volatility"]) else np.nan
    score = int(position) if np.isfinite(position) else 0
    return RiskScore(score, position, components, measures, _changes(score, measures, components, scale) if score else (), scale)


def _measures(laid: Sample, weights: Table | None, days: float, periods_per_year: float) -> dict[str, float]:
    known = laid.cells[laid.known]
    enough = len(known) >= MINIMUM
    spread = float(laid.deviation()[0]) if enough else np.nan
    held = np.asarray([np.nan] if weights is None else weights, dtype=np.float64)
    squares = float((held**2).sum())
    return {"volatility": spread * float(np.sqrt(periods_per_year)), "tail_ratio": _tail_ratio(known, spread) if enough else np.nan,
            "effective_holdings": 1.0 / squares if squares > 0 else (np.inf if squares == 0 else np.nan), "days_to_liquidate": float(days)}


def _tail_ratio(known: Floats, spread: float) -> float:
    """Divide the expected shortfall around the mean by that of a normal of the same spread."""
    if not spread > 0:
        return np.nan
    share = (1.0 - TAIL_LEVEL) * len(known)
    worst = np.sort(known)[: int(np.ceil(share))]
    parts = np.ones(len(worst))
    parts[-1] = share - (len(worst) - 1)
    return float(known.mean() - (worst * parts).sum() / share) / (NORMAL_TAIL * spread)


def _place(volatility: float, scale: str) -> float:
    """Class and how far through its band, 1.0 to 7.99; the first band begins at a tenth of its end, the last ends at three times its beginning."""
    bounds = (SCALES[scale][0] / 10.0, *SCALES[scale], SCALES[scale][-1] * 3.0)
    return float(np.interp(np.log(max(volatility, bounds[0])), np.log(bounds), np.arange(1.0, 9.0)))


def _volatility_at(place: float, scale: str) -> float:
    bounds = (SCALES[scale][0] / 10.0, *SCALES[scale], SCALES[scale][-1] * 3.0)
    return float(np.exp(np.interp(place, np.arange(1.0, 9.0), np.log(bounds))))


def _components(measures: dict[str, float], scale: str) -> dict[str, float]:
    volatility, ratio, number, days = measures.values()
    base = _place(volatility, scale) if np.isfinite(volatility) else np.nan
    tail = max(_place(volatility * ratio, scale) - base, 0.0) if np.isfinite(ratio) else 0.0
    return {"volatility": base, "tail": tail, "concentration": _concentration(number), "liquidity": _liquidity(days)}


def _concentration(number: float) -> float:
    return 0.0 if np.isnan(number) else float(np.clip(1.0 - np.log(max(number, 1.0)) / np.log(SPREAD_HOLDINGS), 0.0, 1.0))


def _liquidity(days: float) -> float:
    return 0.0 if np.isnan(days) else float(np.clip(np.log(max(days, 1.0)) / np.log(SLOW_DAYS), 0.0, 1.0))


def _changes(score: int, measures: dict[str, float], components: dict[str, float], scale: str) -> tuple[Change, ...]:
    """Solve each component for the next bound, all else the same; a part that cannot reach it alone is left out."""
    found = []
    for component, measure in zip(components, measures, strict=True):
        for by in (-1, 1):
            bound = score if by < 0 else score + 1
            if not LOWEST <= score + by <= HIGHEST:
                continue
            needed = _solved(component, bound, measures, components, scale)
            if np.isfinite(needed):
                found.append(Change(component, by, measures[measure], needed))
    return tuple(found)


def _solved(component: str, bound: float, measures: dict[str, float], components: dict[str, float], scale: str) -> float:
    wanted = bound - (sum(components.values()) - components[component])  # what this component would have to add
    if component == "volatility":
        return _solved_volatility(bound, measures, components, scale)
    if not np.isfinite(measures[_MEASURE[component]]) or not 0.0 <= wanted <= (1.0 if component != "tail" else np.inf):
        return np.nan
    if component == "tail":
        return _volatility_at(components["volatility"] + wanted, scale) / measures["volatility"] if measures["volatility"] > 0 else np.nan
    return float(SPREAD_HOLDINGS ** (1.0 - wanted) if component == "concentration" else SLOW_DAYS**wanted)


def _solved_volatility(bound: float, measures: dict[str, float], components: dict[str, float], scale: str) -> float:
    """With the volatility the tail moves along: the larger of both places counts, shifted by what the others add."""
    ratio = measures["tail_ratio"]
    place = bound - components["concentration"] - components["liquidity"]
    if not 1.0 <= place <= 7.99:
        return np.nan
    return _volatility_at(place, scale) / (max(ratio, 1.0) if np.isfinite(ratio) else 1.0)


_MEASURE: Final = {"tail": "tail_ratio", "concentration": "effective_holdings", "liquidity": "days_to_liquidate"}
