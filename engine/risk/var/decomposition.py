"""A portfolio's value at risk and expected shortfall taken apart by holding or group, so that the parts add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Unpack

import numpy as np
import pandas as pd

from engine.columns import Floats, Table, cells_of
from engine.errors import MisalignedSeries
from engine.returns import one_of
from engine.risk.sample import Sample
from engine.risk.var.measures import Weights, complete_rows, held_over, method_of, tail_of, weights_of
from engine.risk.var.methods import METHODS, minimum_of
from engine.risk.var.simulated import simulated_returns
from engine.risk.var.ways import Conventions, Ways

MEASURES = ("value_at_risk", "expected_shortfall")
RESTS = ("cash", "pro_rata")
_BUMP = 1e-5
# What is searched for is found to a ten-millionth or less, which a smaller bump would magnify.
_BUMPS = MappingProxyType({"garch": 1e-3, "filtered_historical": 1e-3, "student_t": 1e-3, "evt": 1e-4, "conditional_evt": 1e-4})


def risk_decomposition(returns: Table, weights: Weights, *, measure: str = "value_at_risk", level: float = 0.95, method: str = "historical",
                       groups: Mapping[Any, Any] | pd.Series | None = None, rest: str = "cash", **choices: Unpack[Conventions]) -> pd.DataFrame:
    """Risk of a portfolio by holding: alone, at the margin, its part of it.

    Parameters
    ----------
    returns
        Simple returns of the holdings, shape (n_periods, n_holdings), fraction; periods with a gap are left out.
    weights
        Of the holdings, as a Series or mapping by column, or one number a column.
    measure
        ``value_at_risk`` (default) or ``expected_shortfall``.
    level, method
        As in `value_at_risk`.
    groups
        What each holding belongs to: the rows are then the groups.
    rest
        Where the money of what is taken out goes: to ``cash`` (default), or ``pro_rata`` to what stays.
    **choices
        As in `value_at_risk`, and `ddof`, `interpolation`, `horizon`.

    Returns
    -------
    DataFrame
        A row a holding: weight, standalone (of the holding alone, at its weight), marginal (the change for one unit of weight more),
        component (weight times marginal; they sum to the portfolio's figure), share (of the sum), incremental (the figure with it
        less that without it). Fractions of the portfolio; NaN where the method has no answer.

    Notes
    -----
    Convention: Euler's parts of a measure of degree one. The derivative is a central difference of the measure itself, so that it
    holds for every method; of a history it is the return on the day of the quantile. What the difference leaves over, below a
    thousandth even for fitted models, is spread by size, and the components sum to the last bit but rounding.

    Raises
    ------
    InvalidInput
        As in `value_at_risk`, an unknown measure or rest.
    MisalignedSeries
        Weights or groups of other columns.

    References
    ----------
    Garman, Improving on VaR, 1996; Tasche, Risk contributions and performance measurement, 1999; Jorion, Value at Risk, ch. 7.

    Examples
    --------
    >>> parts = risk_decomposition([[-0.02, 0.01], [0.02, -0.01], [0.02, 0.02]], [0.5, 0.5], level=0.9)
    >>> parts["component"].round(6).tolist()
    [0.006, -0.003]
    """
    one_of("measure", measure, MEASURES)
    one_of("rest", rest, RESTS)
    parts = _Parts(returns, weights_of(returns, weights), groups)
    ways, method = Ways(level, **choices), method_of(method)
    cells, kernel, ways = _scenarios(parts, method, ways)
    worth = _Worth(measure, kernel, ways)
    return parts.told(cells, worth, rest)


def marginal_value_at_risk(returns: Table, weights: Weights, **conventions: Any) -> pd.Series:  # noqa: ANN401 - those of risk_decomposition
    """Change of the portfolio's value at risk for a unit of weight more.

    Parameters
    ----------
    returns, weights
        As in `risk_decomposition`.
    **conventions
        As there.

    Returns
    -------
    Series
        By holding, fraction for a weight of 1.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As there.

    References
    ----------
    Garman, Improving on VaR, 1996.

    Examples
    --------
    >>> marginal_value_at_risk([[-0.02, 0.01], [0.01, -0.01], [0.0, 0.0]], [1.0, 0.0], level=0.75).round(6).tolist()
    [0.01, -0.005]
    """
    return risk_decomposition(returns, weights, **conventions)["marginal"]


def component_value_at_risk(returns: Table, weights: Weights, **conventions: Any) -> pd.Series:  # noqa: ANN401 - those of risk_decomposition
    """Part of each holding in the portfolio's value at risk.

    Parameters
    ----------
    returns, weights
        As in `risk_decomposition`.
    **conventions
        As there.

    Returns
    -------
    Series
        By holding, fraction of the portfolio; they sum to its value at risk.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As there.

    References
    ----------
    Garman, Improving on VaR, 1996; Jorion, Value at Risk, 3rd ed., eq. 7.29.

    Examples
    --------
    >>> component_value_at_risk([[-0.02, 0.01], [0.01, -0.01], [0.0, 0.0]], [1.0, 0.0], level=0.75).abs().round(6).tolist()
    [0.01, 0.0]
    """
    return risk_decomposition(returns, weights, **conventions)["component"]


def incremental_value_at_risk(returns: Table, weights: Weights, **conventions: Any) -> pd.Series:  # noqa: ANN401 - those of risk_decomposition
    """Value at risk of the portfolio less that without each holding.

    Parameters
    ----------
    returns, weights
        As in `risk_decomposition`.
    **conventions
        As there; `rest` says where the money goes.

    Returns
    -------
    Series
        By holding, fraction of the portfolio; negative for one that hedges.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As there.

    References
    ----------
    Jorion, Value at Risk, 3rd ed., sec. 7.2.3.

    Examples
    --------
    >>> incremental_value_at_risk([[-0.02, 0.01], [0.01, -0.01], [0.0, 0.0]], [1.0, 0.0], level=0.75).round(6).tolist()
    [0.01, 0.0]
    """
    return risk_decomposition(returns, weights, **conventions)["incremental"]


def component_expected_shortfall(returns: Table, weights: Weights, **conventions: Any) -> pd.Series:  # noqa: ANN401 - those of risk_decomposition
    """Part of each holding in the portfolio's expected shortfall.

    Parameters
    ----------
    returns, weights
        As in `risk_decomposition`.
    **conventions
        As there.

    Returns
    -------
    Series
        By holding, fraction of the portfolio: its mean loss on the days of the tail; they sum to the expected shortfall.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As there.

    References
    ----------
    Tasche, Risk contributions and performance measurement, 1999, eq. 4.6.

    Examples
    --------
    >>> component_expected_shortfall([[-0.02, 0.01], [0.01, -0.01], [0.0, 0.0]], [0.5, 0.5], level=0.9).round(6).tolist()
    [0.01, -0.005]
    """
    return risk_decomposition(returns, weights, measure="expected_shortfall", **conventions)["component"]


def diversification_benefit(returns: Table, weights: Weights, **conventions: Any) -> float:  # noqa: ANN401 - those of risk_decomposition
    """Risk of the holdings one by one less that of the portfolio.

    Parameters
    ----------
    returns, weights
        As in `risk_decomposition`.
    **conventions
        As there.

    Returns
    -------
    float
        Fraction of the portfolio; below 0 where the measure is not subadditive.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As there.

    References
    ----------
    Jorion, Value at Risk, 3rd ed., sec. 7.1.

    Examples
    --------
    >>> round(diversification_benefit([[-0.02, 0.01], [0.01, -0.01], [0.0, 0.0]], [0.5, 0.5], level=0.75), 6)
    0.005
    """
    parts = risk_decomposition(returns, weights, **conventions)
    return float((parts["standalone"] - parts["component"]).sum(skipna=False)) if len(parts) else float("nan")


class _Parts:
    """What a portfolio is taken apart into: directions in which its return moves, and how much of each it has."""

    def __init__(self, returns: Table, weights: Floats, groups: Mapping[Any, Any] | pd.Series | None) -> None:
        self.cells = complete_rows(cells_of(returns))
        self.weights = weights
        labels = returns.columns if isinstance(returns, pd.DataFrame) else pd.RangeIndex(len(weights))
        self.rows, self.member = self._grouped(labels, groups)

    def _grouped(self, labels: pd.Index[Any], groups: Mapping[Any, Any] | pd.Series | None) -> tuple[pd.Index[Any], Floats]:
        if groups is None:
            return labels, np.eye(len(labels))
        lacking = [str(label) for label in labels if label not in groups]
        if lacking:
            raise MisalignedSeries("groups", "returns", reason=f"no group of {', '.join(lacking)}")
        codes, names = pd.factorize(np.array([groups[label] for label in labels], dtype=object), sort=True)
        return pd.Index(names), (codes[:, None] == np.arange(len(names))).astype(np.float64)

    def told(self, cells: Floats, worth: _Worth, rest: str) -> pd.DataFrame:
        """Every column of the decomposition."""
        held = (cells * self.weights) @ self.member
        whole, weight = held.sum(axis=1), self.weights @ self.member
        single = self.member.shape[0] == self.member.shape[1]
        directions, amount = (cells, self.weights) if single else (held, np.ones_like(weight))
        figure = worth.told(whole[:, None])[0]
        slopes = worth.slopes(whole, directions)
        component = _adding_up(amount * slopes, figure)
        marginal = slopes if single else component / np.where(weight != 0, weight, np.nan)
        share = component / figure if figure else np.full_like(component, np.nan)
        incremental = worth(whole[:, None])[0] - worth(_without(whole, held, weight, rest))
        columns = {"weight": weight, "standalone": worth.told(held), "marginal": marginal, "component": component, "share": share,
                   "incremental": incremental}
        return pd.DataFrame(columns, index=self.rows)


class _Worth:
    """The figure of each column: of a method on returns, or of the quantile on what was simulated."""

    def __init__(self, measure: str, method: str, ways: Ways) -> None:
        self.place, self.method, self.ways = MEASURES.index(measure), method, ways
        self.bump = _BUMPS.get(method, _BUMP)

    def __call__(self, columns: Floats) -> Floats:
        """Give those that are held against each other: a search that stops a hair early would drown their differences."""
        return tail_of(Sample(columns), self.method, replace(self.ways, fitted_by="own"))[self.place]

    def told(self, columns: Floats) -> Floats:
        """Give those that are told."""
        return tail_of(Sample(columns), self.method, self.ways)[self.place]

    def slopes(self, whole: Floats, directions: Floats) -> Floats:
        """Change of the figure for a unit more of each direction."""
        size = np.std(directions, axis=0) if len(directions) else np.zeros(directions.shape[1])
        step = self.bump * (np.std(whole) if len(whole) else 0.0) / np.where(size > 0, size, 1.0)
        step = np.where(step > 0, step, self.bump)
        both = np.concatenate([whole[:, None] + step * directions, whole[:, None] - step * directions], axis=1)
        up, down = np.split(self(both), 2)
        return (up - down) / (2.0 * step)


def _scenarios(parts: _Parts, method: str, ways: Ways) -> tuple[Floats, str, Ways]:
    """Give what is taken apart: the history with its method, or what the method simulates with the plain quantile."""
    cells, ways = held_over(parts.cells, ways)
    if METHODS[method].simulated and len(cells) >= minimum_of(method, ways):
        return simulated_returns(Sample(cells), method, ways), "historical", replace(ways, horizon=1)
    return cells, method, ways


def _without(whole: Floats, held: Floats, weight: Floats, rest: str) -> Floats:
    """Give the returns of the portfolio without each part."""
    left = whole[:, None] - held
    remaining = weight.sum() - weight
    stretch = weight.sum() / np.where(remaining != 0, remaining, np.nan)
    return left if rest == "cash" else left * stretch


def _adding_up(components: Floats, figure: float) -> Floats:
    """Spread what the differences left over by the size of the parts."""
    sizes = np.abs(components)
    total = sizes.sum()
    return components + (figure - components.sum()) * (sizes / total) if total > 0 else components
