"""Whether losses beyond the value at risk came as often as they should, and independently of each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import bdtr, chdtrc, xlogy

from engine.columns import Floats, Table, cells_of, series_like
from engine.errors import InvalidInput, MisalignedSeries
from engine.risk.sample import Sample, level_of
from engine.risk.var.garch import aligned

Verdict = Any  # Series of named numbers for one series, DataFrame with a row a series for a frame
PLUS_FACTORS = (0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.5, 0.65, 0.75, 0.85, 1.0)
_GREEN, _YELLOW = 0.95, 0.9999


def violations(returns: Table, value_at_risk: Table) -> Any:  # noqa: ANN401 - the kind that came in
    """Periods whose loss was more than its forecast value at risk.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    value_at_risk
        Forecast for the same period, positive for a loss: of the same shape, or one column for all.

    Returns
    -------
    Series, DataFrame or ndarray
        1.0 where -r > VaR, 0.0 where not, NaN where either is unknown.

    Raises
    ------
    MisalignedSeries
        Another number of periods or series, or other labels.

    Examples
    --------
    >>> violations([-0.03, 0.01], [0.02, 0.02]).tolist()
    [1.0, 0.0]
    """
    mine, forecast = cells_of(returns), cells_of(value_at_risk, "value_at_risk")
    sides: list[Any] = [returns, value_at_risk]
    named = all(isinstance(side, pd.Series | pd.DataFrame) for side in sides)
    if len(mine) != len(forecast) or (mine.shape[1] != forecast.shape[1] and 1 not in {mine.shape[1], forecast.shape[1]}):
        raise MisalignedSeries("value_at_risk", "returns", reason=f"{forecast.shape} against {mine.shape}")
    if named and not sides[0].index.equals(sides[1].index):
        raise MisalignedSeries("value_at_risk", "returns", reason="their labels differ")
    hits = np.where(np.isnan(mine + forecast), np.nan, (-mine > forecast).astype(np.float64))
    return series_like(value_at_risk if np.ndim(value_at_risk) == 2 else returns, hits)


def kupiec_test(violations: Table | int, observations: int | None = None, *, level: float = 0.95) -> Verdict:
    """Whether losses exceeded their forecast as often as they should.

    Parameters
    ----------
    violations
        1 or True for each period whose loss exceeded its value at risk, NaN where there was no forecast; or how many there were.
    observations
        Periods, where `violations` is a count.
    level
        Confidence of the value at risk, default 0.95.

    Returns
    -------
    Series or DataFrame
        statistic, p_value, violations, observations, expected, rate; a row a series for a frame.

    Notes
    -----
    Convention: likelihood ratio against chi-squared of one degree. NaN without observations.

    Raises
    ------
    InvalidInput
        A level outside of 0 to 1, a cell that is not 0 or 1, a count without observations or above them.

    References
    ----------
    Kupiec, Techniques for Verifying the Accuracy of Risk Measurement Models, 1995, eq. 4.

    Examples
    --------
    >>> kupiec_test(7, 255, level=0.95).round(3)[["statistic", "p_value"]].tolist()
    [3.241, 0.072]
    """
    share = 1.0 - level_of(level)
    hits = _hits(violations, observations)
    found, count = _counted(hits)
    statistic = _proportion(found, count, share)
    return told(hits.like, {"statistic": statistic, "p_value": p_value(statistic, 1), "violations": found, "observations": count,
                            "expected": share * count, "rate": _rate(found, count)})


def christoffersen_test(violations: Table, *, level: float = 0.95) -> Verdict:
    """Whether losses beyond the forecast were as many, and not clustered.

    Parameters
    ----------
    violations
        1 or True for each period whose loss exceeded its value at risk, in order; NaN where there was no forecast.
    level
        Confidence of the value at risk, default 0.95.

    Returns
    -------
    Series or DataFrame
        statistic and p_value of conditional coverage (chi-squared of two degrees), independence_statistic and independence_p_value,
        coverage_statistic and coverage_p_value (Kupiec's), the transitions n00 n01 n10 n11, and rate_after_none, rate_after_one:
        how often one came after none, and after one.

    Notes
    -----
    Convention: LR of a first-order Markov chain against independence, plus the proportion of failures over all observations. A
    period without forecast is closed up. Where no violation was followed by another period, there is nothing to tell a cluster by:
    the independence statistic is 0.

    Raises
    ------
    InvalidInput
        A level outside of 0 to 1, a cell that is not 0 or 1.

    References
    ----------
    Christoffersen, Evaluating Interval Forecasts, 1998, eq. 6 to 9.

    Examples
    --------
    >>> clustered = [0] * 45 + [1] * 5
    >>> bool(christoffersen_test(clustered, level=0.9)["independence_p_value"] < 0.001)
    True
    """
    share = 1.0 - level_of(level)
    hits = _hits(violations, None)
    moves = _transitions(hits.cells)
    coverage, independence = _proportion(*_counted(hits), share), _markov(*moves)
    both = coverage + independence
    after_none, after_one = _rate(moves[1], moves[0] + moves[1]), _rate(moves[3], moves[2] + moves[3])
    return told(hits.like, {
        "statistic": both, "p_value": p_value(both, 2), "independence_statistic": independence,
        "independence_p_value": p_value(independence, 1), "coverage_statistic": coverage, "coverage_p_value": p_value(coverage, 1),
        **dict(zip(("n00", "n01", "n10", "n11"), moves, strict=True)), "rate_after_none": after_none, "rate_after_one": after_one})


def basel_traffic_light(violations: Table | int, observations: int | None = None, *, level: float = 0.99, last: int = 250) -> Verdict:
    """Zone in which the supervisors' table puts a model: green, yellow or red.

    Parameters
    ----------
    violations
        1 or True for each day whose loss exceeded its value at risk, in order; or how many there were.
    observations
        Days, where `violations` is a count; default 250.
    level
        Confidence of the value at risk, default 0.99.
    last
        Days that count of a series, the latest, default 250.

    Returns
    -------
    Series or DataFrame
        zone (green, yellow, red), multiplier (3 to 4; NaN for other than 250 days at 99 %, for which the Committee set it), plus_factor,
        violations, observations, probability (of so many or fewer from a right model). A row a series for a frame; zone None without observations.

    Notes
    -----
    Convention: yellow from where the cumulative probability reaches 95 %, red from 99.99 %: of 250 days at 99 % that is 5 and 10.

    Raises
    ------
    InvalidInput
        A level outside of 0 to 1, a cell that is not 0 or 1, a count above the observations.

    References
    ----------
    Basel Committee on Banking Supervision, Supervisory framework for the use of "backtesting" in conjunction with the internal models
    approach to market risk capital requirements, January 1996, table 2.

    Examples
    --------
    >>> light = basel_traffic_light(5, 250)
    >>> light["zone"], float(light["multiplier"])
    ('yellow', 3.4)
    """
    share = 1.0 - level_of(level)
    hits = _hits(violations, observations if observations is not None else 250)
    found, count = _counted(hits, last)
    chance = np.where(count > 0, bdtr(found, np.maximum(count, 1).astype(np.int64), share), np.nan)
    zones = np.array(["green", "yellow", "red"], dtype=object)[np.where(chance >= _YELLOW, 2, np.where(chance >= _GREEN, 1, 0))]
    zones[np.isnan(chance)] = None
    published = (count == 250) & (abs(level - 0.99) < 1e-9)
    plus = np.where(published, np.array(PLUS_FACTORS)[np.minimum(np.nan_to_num(found), 10).astype(int)], np.nan)
    return told(hits.like, {"zone": zones, "multiplier": 3.0 + plus, "plus_factor": plus, "violations": found,
                            "observations": count, "probability": chance})


class Hits:
    """Violations in columns, and what they are told like; a count has no order."""

    def __init__(self, cells: Floats, like: Any, observations: int | None) -> None:  # noqa: ANN401 - what came in
        self.cells, self.like, self.observations = cells, like, observations


def told(like: Any, columns: dict[str, Any]) -> Verdict:  # noqa: ANN401 - what came in
    """Lay out the numbers of a test.

    Parameters
    ----------
    like
        What came in: a frame or matrix gives a row a series, anything else one Series of names.
    columns
        By name, each of shape (n_series,).

    Returns
    -------
    Series or DataFrame
    """
    if isinstance(like, pd.DataFrame) or np.ndim(like) == 2:
        return pd.DataFrame(columns, index=like.columns if isinstance(like, pd.DataFrame) else None)
    single = {name: values[0] for name, values in columns.items()}
    kind = object if any(isinstance(value, str | None) for value in single.values()) else np.float64
    return pd.Series(single, dtype=kind)


def p_value(statistic: Floats, degrees: int) -> Floats:
    """Probability of a larger chi-squared."""
    found: Floats = np.where(np.isnan(statistic), np.nan, chdtrc(degrees, np.maximum(statistic, 0.0)))
    return found


def read_hits(violations: Table) -> Floats:
    """Violations as a matrix.

    Parameters
    ----------
    violations
        1 or True, 0 or False, NaN where unknown.

    Returns
    -------
    ndarray of shape (n_periods, n_series)

    Raises
    ------
    InvalidInput
        A cell that is neither.
    """
    cells = cells_of(violations, "violations", ordered=False)
    odd = ~np.isnan(cells) & (cells != 0.0) & (cells != 1.0)
    if odd.any():
        raise InvalidInput("violations", float(cells[odd][0]), "is neither 0 nor 1", hint="Make them with violations(returns, value_at_risk)")
    return cells


def _hits(violations: Table | int, observations: int | None) -> Hits:
    if not isinstance(violations, int):
        return Hits(read_hits(violations), violations, None)
    if observations is None or not 0 <= violations <= observations:
        raise InvalidInput("observations", observations, f"is not a number of periods of which {violations} were violations",
                           hint="Give both counts, or a series of 0 and 1")
    return Hits(np.full((1, 1), float(violations)), violations, observations)


def _counted(hits: Hits, last: int | None = None) -> tuple[Floats, Floats]:
    """How many violations, of how many periods."""
    if hits.observations is not None:
        return hits.cells[0], np.array([float(hits.observations)])
    cells = aligned(Sample(hits.cells))[-last:] if last else hits.cells
    return np.nansum(cells, axis=0), np.count_nonzero(~np.isnan(cells), axis=0).astype(np.float64)


def _rate(found: Floats, count: Floats) -> Floats:
    return found / np.where(count > 0, count, np.nan)


def _proportion(found: Floats, count: Floats, share: float) -> Floats:
    rate = _rate(found, count)
    asked = xlogy(count - found, 1.0 - share) + xlogy(found, share)
    found_rate = xlogy(count - found, 1.0 - rate) + xlogy(found, rate)
    return np.asarray(np.maximum(-2.0 * (asked - found_rate), 0.0))


def _transitions(cells: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    closed = aligned(Sample(cells))
    before, after = closed[:-1], closed[1:]
    n00, n01, n10, n11 = (((before == one) & (after == other)).sum(axis=0).astype(np.float64) for one, other in ((0, 0), (0, 1), (1, 0), (1, 1)))
    return n00, n01, n10, n11


def _markov(n00: Floats, n01: Floats, n10: Floats, n11: Floats) -> Floats:
    rate = _rate(n01 + n11, n00 + n01 + n10 + n11)
    after_none, after_one = np.nan_to_num(_rate(n01, n00 + n01)), np.nan_to_num(_rate(n11, n10 + n11))
    independent = xlogy(n00 + n10, 1.0 - rate) + xlogy(n01 + n11, rate)
    chained = xlogy(n00, 1.0 - after_none) + xlogy(n01, after_none) + xlogy(n10, 1.0 - after_one) + xlogy(n11, after_one)
    return np.asarray(np.maximum(-2.0 * (independent - chained), 0.0))
