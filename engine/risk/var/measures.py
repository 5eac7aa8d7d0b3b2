"""Value at risk and expected shortfall of series, frames of them, and portfolios of weighted holdings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, cells_of, figure_like, series_like
from engine.errors import InvalidInput, MisalignedSeries
from engine.returns import one_of
from engine.risk.sample import Sample
from engine.risk.var.methods import ALIASES, METHODS, minimum_of
from engine.risk.var.simulated import simulated_returns, tail_of_draws
from engine.risk.var.ways import Choices, Tail, Ways, whole

_CELLS = 2_000_000  # cells of runs that are laid out at once: 16 MB

Weights = pd.Series | Mapping[Any, float] | Floats | list[float]


def value_at_risk(returns: Table, *, level: float = 0.95, method: str = "historical", interpolation: str = "linear", ddof: int = 1,
                  window: int | None = None, horizon: int = 1, weights: Weights | None = None, **choices: Unpack[Choices]) -> Figure:
    """Loss that is not exceeded with a given confidence.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        Confidence, default 0.95.
    method
        ``historical`` (default): the quantile of what happened; ``age_weighted``: the same, recent days counting more; ``normal`` (or
        ``gaussian``), ``student_t``, ``cornish_fisher``: from moments; ``ewma``, ``garch``: from tomorrow's volatility;
        ``filtered_historical``: past shocks at tomorrow's volatility; ``evt``: peaks over a threshold, ``conditional_evt``: those of
        the shocks; ``monte_carlo_normal``, ``t_copula``, ``block_bootstrap``: simulated.
    interpolation
        Of a quantile between two observations: ``linear`` (default), ``lower`` (the larger loss) or ``higher``.
    ddof
        Of the standard deviation, default 1.
    window
        Count the last so many periods only; default all.
    horizon
        Periods ahead, default 1: the figure of one times the square root, means the multiple, GARCH the variances that it expects;
        simulations compound so many draws.
    weights
        Of the columns: the figure is then of the portfolio with these weights in every period, periods with a gap left out.
    **choices
        `scaling`: ``square_root`` (default), or ``overlapping``: returns of `horizon` periods are
        compounded first and taken as they are. `decay`: 0.94 (default) of EWMA, 0.98 of age weights. `degrees_of_freedom`: of Student-t
        and copula, default the most likely. `threshold`: of EVT, default 0.9. `filtered_by`: ``ewma`` (default) or ``garch``.
        `fitted_by`: GARCH of each series by the ``arch`` package (default), NaN where it does not converge, or by our ``own`` search.
        `domain`: ``check`` (default) or ``ignore`` of Cornish-Fisher. `simulations` 10000, `seed` 7, `block` 10 days.

    Returns
    -------
    float, Series or ndarray
        Positive for a loss, fraction; NaN where the method has fewer observations than it needs, or nothing to fit.

    Notes
    -----
    Convention: minus the (1 - level) quantile; missing returns are left out. The square root of time holds for independent returns
    only. Cornish-Fisher outside of its domain, where it is no distribution, is NaN.

    Raises
    ------
    InvalidInput
        A level outside of 0 to 1, an unknown method or interpolation, a window or horizon below 1, a level within EVT's threshold.
    MisalignedSeries
        Weights of other columns.

    References
    ----------
    Jorion, Value at Risk, 3rd ed., ch. 5; J.P. Morgan, RiskMetrics Technical Document, 4th ed., 1996; Favre and Galeano 2002;
    Boudoukh, Richardson and Whitelaw 1998; Hull and White 1998; Barone-Adesi et al. 1999; McNeil and Frey 2000; Glasserman 2003.

    Examples
    --------
    >>> round(value_at_risk([-0.05, -0.02, 0.0, 0.01, 0.03], level=0.75), 6)
    0.02
    """
    ways = Ways(level, interpolation, ddof, horizon, **choices)
    return _figure(returns, method, window, weights, ways, "value_at_risk")


def expected_shortfall(  # noqa: PLR0913 - conventions are keyword arguments
        returns: Table, *, level: float = 0.95, method: str = "historical", interpolation: str = "linear", ddof: int = 1,
        window: int | None = None, horizon: int = 1, tail: str = "strict", weights: Weights | None = None, **choices: Unpack[Choices]) -> Figure:
    """Mean loss in the tail that begins at the value at risk.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level, method, interpolation, ddof, window, horizon, weights
        As in `value_at_risk`.
    tail
        Of observations: ``strict`` (default), the mean of those at the value at risk or beyond; ``weighted``, the mean of the worst
        (1 - level) of them, of which the last counts by its fraction; ``beyond``, of those beyond it only.
    **choices
        As in `value_at_risk`.

    Returns
    -------
    float, Series or ndarray
        Positive for a loss, fraction; NaN where the value at risk is, and where a fitted tail has no mean.

    Notes
    -----
    Convention: for a fitted distribution the integral over its tail; Cornish-Fisher's is that of its own quantile (Maillard).

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `value_at_risk`.

    References
    ----------
    Rockafellar and Uryasev, Optimization of Conditional Value-at-Risk, 2000; Acerbi and Tasche, On the coherence of expected
    shortfall, 2002; McNeil and Frey 2000, eq. 16; Maillard 2012, eq. 20.

    Examples
    --------
    >>> round(expected_shortfall([-0.05, -0.02, 0.0, 0.01, 0.03], level=0.75), 6)
    0.035
    """
    ways = Ways(level, interpolation, ddof, horizon, tail, **choices)
    return _figure(returns, method, window, weights, ways, "expected_shortfall")


def rolling_value_at_risk(returns: Table, *, window: int = 250, level: float = 0.95, interpolation: str = "linear", minimum: int = 60,
                          method: str = "historical", **choices: Unpack[Choices]) -> Figure:
    """Value at risk of the last periods, after each period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    window
        Periods that count, default 250.
    level, interpolation, method
        As in `value_at_risk`.
    minimum
        Returns that must be known among them, default 60.
    **choices
        As in `value_at_risk`.

    Returns
    -------
    Series, DataFrame or ndarray
        Same shape and index: positive for a loss, fraction; NaN while fewer than `minimum` are known.

    Notes
    -----
    Convention: a row counts its own return, so that its last row is `value_at_risk(returns, window=window)`.

    Raises
    ------
    InvalidInput
        As in `value_at_risk`.

    References
    ----------
    As in `value_at_risk`.

    Examples
    --------
    >>> rolling_value_at_risk([-0.05, -0.02, 0.0, 0.01], window=2, level=0.5, minimum=2).round(6).tolist()
    [nan, 0.035, 0.01, -0.005]
    """
    ways = Ways(level, interpolation, **choices)
    cells, window = cells_of(returns), whole("window", window)
    padded = np.concatenate([np.full((window - 1, cells.shape[1]), np.nan), cells])
    found = rolled(padded, method_of(method), ways, window)
    known = np.lib.stride_tricks.sliding_window_view(~np.isnan(padded), window, axis=0).sum(axis=-1) if len(cells) else cells
    return series_like(returns, np.where(known >= min(max(minimum, 1), window), found.loss, np.nan))


def value_at_risk_of(at: Sample, method: str = "historical", ways: Ways | None = None) -> Floats:
    """Give the value at risk of each column of a sample, as a kernel of a sheet: shape (n_series,)."""
    return tail_of(at, method, ways or Ways()).loss


def expected_shortfall_of(at: Sample, method: str = "historical", ways: Ways | None = None) -> Floats:
    """Give the expected shortfall of each column of a sample, as a kernel of a sheet: shape (n_series,)."""
    return tail_of(at, method, ways or Ways()).shortfall


def tail_of(at: Sample, method: str, ways: Ways) -> Tail:
    """Tail of each column, worked out once a sample for both figures.

    Parameters
    ----------
    at
        Returns.
    method
        Its name.
    ways
        Conventions.

    Returns
    -------
    Tail
        NaN where a column has fewer observations than the method needs.

    Raises
    ------
    InvalidInput
        An unknown method.
    """
    found: Tail = at.once((method, ways), lambda: _worked_out(at, method_of(method), ways))
    return found


def portfolio_tail(at: Sample, weights: Floats, method: str, ways: Ways) -> Tail:
    """Tail of a portfolio of the columns, simulated holding by holding where the method does that.

    Parameters
    ----------
    at
        Returns of the holdings without gaps.
    weights
        Of the columns, shape (n_series,).
    method
        Its name.
    ways
        Conventions.

    Returns
    -------
    Tail
        Of one column.
    """
    if METHODS[method_of(method)].simulated and len(at.cells) >= minimum_of(method, ways):
        return tail_of_draws((simulated_returns(at, method, ways) @ weights)[:, None], ways)
    return tail_of(Sample((at.cells @ weights)[:, None]), method, ways)


def rolled(cells: Floats, method: str, ways: Ways, window: int) -> Tail:
    """Tail of every run of so many periods, many runs at once.

    Parameters
    ----------
    cells
        ndarray of shape (n_periods, n_series).
    method
        Its name.
    ways
        Conventions.
    window
        Periods of a run.

    Returns
    -------
    Tail
        Each of shape (n_periods - window + 1, n_series): a row for the run that ends there.
    """
    rows = max(len(cells) - window + 1, 0)
    if not rows:
        return Tail(np.empty((0, cells.shape[1])), np.empty((0, cells.shape[1])))
    runs = np.lib.stride_tricks.sliding_window_view(cells, window, axis=0)
    ways = replace(ways, fitted_by="own")  # a thousand windows are one fit
    step = max(1, _CELLS // (window * cells.shape[1]))
    tails = [tail_of(Sample(_laid(runs[start:start + step])), method, ways) for start in range(0, rows, step)]
    loss, shortfall = (np.concatenate(parts).reshape(rows, -1) for parts in zip(*tails, strict=True))
    return Tail(loss, shortfall)


def method_of(name: str) -> str:
    """Refuse a method that does not exist, and read the other names that some have.

    Parameters
    ----------
    name
        As it was asked for.

    Returns
    -------
    str
        Its own name.

    Raises
    ------
    InvalidInput
        Unknown.
    """
    one_of("method", name, (*METHODS, *ALIASES))
    return ALIASES.get(name, name)


def weights_of(returns: Table, weights: Weights) -> Floats:
    """Weights in the order of the columns.

    Parameters
    ----------
    returns
        What they belong to.
    weights
        A Series or mapping by column, or one number a column.

    Returns
    -------
    ndarray of shape (n_series,)

    Raises
    ------
    MisalignedSeries
        A weight of no column, a column without weight, or another number of them.
    InvalidInput
        A weight that is no finite number.
    """
    columns = list(returns.columns) if isinstance(returns, pd.DataFrame) else list(range(cells_of(returns).shape[1]))
    if isinstance(weights, pd.Series | Mapping):
        stranger, lacking = sorted(map(str, set(weights.keys()) - set(columns))), sorted(map(str, set(columns) - set(weights.keys())))
        if stranger or lacking:
            raise MisalignedSeries("weights", "returns", reason=f"weights of {stranger or 'all'}, none of {lacking or 'any'}")
        weights = [float(weights[column]) for column in columns]
    found = np.asarray(weights, dtype=np.float64)
    if found.shape != (len(columns),):
        raise MisalignedSeries("weights", "returns", reason=f"{found.shape} weights for {len(columns)} columns")
    if not np.isfinite(found).all():
        raise InvalidInput("weights", weights, "a weight is no finite number", hint="Leave the holding out, or give it 0")
    return found


def complete_rows(cells: Floats) -> Floats:
    """Keep the periods in which every column has a return: only there does a portfolio have one."""
    gaps = np.isnan(cells).any(axis=1)
    return cells[~gaps] if gaps.any() else cells


def held_over(cells: Floats, ways: Ways) -> tuple[Floats, Ways]:
    """Compound runs of `horizon` periods where the scaling is `overlapping`, and ask for one such period from there on."""
    if ways.scaling == "square_root" or ways.horizon == 1:
        return cells, ways
    runs = np.lib.stride_tricks.sliding_window_view(1.0 + cells, ways.horizon, axis=0) if len(cells) >= ways.horizon else cells[:0, :, None]
    return runs.prod(axis=-1) - 1.0, replace(ways, horizon=1, scaling="square_root")


def _figure(returns: Table, method: str, window: int | None, weights: Weights | None, ways: Ways, field: str) -> Figure:
    method, cells = method_of(method), cells_of(returns)
    cells = cells[-whole("window", window):] if window is not None else cells
    if weights is None:
        cells, ways = held_over(cells, ways)
        tail = tail_of(Sample(cells), method, ways)
        return figure_like(returns, tail.loss if field == "value_at_risk" else tail.shortfall, field)
    held, ways = held_over(complete_rows(cells), ways)
    tail = portfolio_tail(Sample(held), weights_of(returns, weights), method, ways)
    return float((tail.loss if field == "value_at_risk" else tail.shortfall)[0])


def _worked_out(at: Sample, method: str, ways: Ways) -> Tail:
    enough = at.counts >= minimum_of(method, ways)
    tail = METHODS[method].kernel(at, ways)
    return Tail(np.where(enough, tail.loss, np.nan), np.where(enough, tail.shortfall, np.nan))


def _laid(runs: Floats) -> Floats:
    """Lay runs of shape (n_runs, n_series, window) side by side as columns."""
    return np.ascontiguousarray(runs.reshape(-1, runs.shape[-1]).T)
