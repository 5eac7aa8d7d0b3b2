"""What a series does while the market is under water: CDaR beta and alpha."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.dispersion import periods_of
from engine.risk.catalogue import Term
from engine.risk.falls import levels_of
from engine.risk.sample import Sample, level_of, paired, quotient
from engine.risk.yearly import annual_of


def cdar_beta(returns: Table, benchmark_returns: Table, *, level: float = 0.95, compounded: bool = True, relative: bool = True) -> Figure:
    """Loss since the market's peak while the market is deepest under water.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.
    level
        Confidence, default 0.95: the deepest 5 % of the benchmark's drawdowns count.
    compounded, relative
        As in `drawdown_series`; both off is the uncompounded drawdown of the source.

    Returns
    -------
    float, Series or ndarray
        Ratio, 1 for the benchmark itself, below 0 for what gained meanwhile; NaN where the benchmark never fell.

    Notes
    -----
    Convention: mean loss since the benchmark's last peak over the benchmark's own conditional drawdown at risk, over the same periods, the
    last with the fraction of it that counts; periods that both have. PerformanceAnalytics counts episodes instead of periods.

    Raises
    ------
    InvalidInput
        A cell is not a number, or a level outside of 0 to 1.
    MisalignedSeries
        Another number of periods, or other labels.

    References
    ----------
    Zabarankin, Pavlikov and Uryasev 2014, "Capital asset pricing model (CAPM) with drawdown measure", eq. 14.

    Examples
    --------
    >>> round(cdar_beta([0.02, -0.02, 0.01], [0.01, -0.04, 0.02], level=0.5), 6)
    0.498016
    """
    own, theirs = paired(returns, benchmark_returns)
    return figure_like(returns, cdar_beta_of(own, theirs, level_of(level), compounded=compounded, relative=relative), "cdar_beta")


def cdar_alpha(
    returns: Table, benchmark_returns: Table, *, level: float = 0.95, compounded: bool = True, relative: bool = True, periods_per_year: float = 252,
    method: str = "arithmetic",
) -> Figure:
    """Return a year beyond what its drawdown beta deserves.

    Parameters
    ----------
    returns, benchmark_returns, level, compounded, relative
        As in `cdar_beta`.
    periods_per_year
        252 (default) for trading days, 12 for months.
    method
        Of the returns a year: ``arithmetic`` (default), ``compounded`` or ``mean_first``, as PerformanceAnalytics.

    Returns
    -------
    float, Series or ndarray
        Fraction a year; NaN as for `cdar_beta`.

    Notes
    -----
    Convention: the return less CDaR beta times the benchmark's.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `cdar_beta`.

    References
    ----------
    Zabarankin, Pavlikov and Uryasev 2014, "Capital asset pricing model (CAPM) with drawdown measure", sec. 4.

    Examples
    --------
    >>> round(cdar_alpha([0.02, -0.02, 0.01], [0.01, -0.04, 0.02], level=0.5, periods_per_year=12), 6)
    0.059921
    """
    own, theirs = paired(returns, benchmark_returns)
    periods = periods_of(periods_per_year)
    found = cdar_alpha_of(own, theirs, periods, level_of(level), compounded=compounded, relative=relative, method=method)
    return figure_like(returns, found, "cdar_alpha")


def cdar_beta_of(own: Sample, theirs: Sample, level: float = 0.95, *, compounded: bool = True, relative: bool = True) -> Floats:
    """Kernel of `cdar_beta`."""
    return own.once(("cdar_beta", id(theirs), level, compounded, relative), lambda: _beta(own, theirs, level, compounded, relative))  # type: ignore[no-any-return]


def cdar_alpha_of(
    own: Sample, theirs: Sample, periods_per_year: float = 252, level: float = 0.95, *, compounded: bool = True, relative: bool = True,
    method: str = "arithmetic",
) -> Floats:
    """Kernel of `cdar_alpha`."""
    beta = cdar_beta_of(own, theirs, level, compounded=compounded, relative=relative)
    return annual_of(own, periods_per_year, method) - beta * annual_of(theirs, periods_per_year, method)


def _beta(own: Sample, theirs: Sample, level: float, compounded: bool, relative: bool) -> Floats:  # noqa: FBT001 - the key of what is kept
    if not len(own.cells):
        return np.full(own.cells.shape[1], np.nan)
    levels = levels_of(theirs, compounded=compounded, relative=relative)
    share = (1.0 - level) * theirs.counts
    deepest = _lowest(levels if theirs.complete else np.where(theirs.known, levels, np.inf), max(int(np.ceil(share.max() - 1e-9)), 1))
    weights = np.clip(share - np.arange(len(deepest))[:, None], 0.0, 1.0)
    columns = np.arange(levels.shape[1])
    since = _peaks(levels)[deepest, columns]
    grown = np.concatenate([np.ones((1, own.cells.shape[1])), own.wealth if compounded else 1.0 + np.cumsum(own.filled, axis=0)])
    before, after = grown[since, np.arange(grown.shape[1])], grown[deepest + 1, np.arange(grown.shape[1])]
    lost = 1.0 - quotient(after, before) if relative else before - after
    return quotient((weights * lost).sum(axis=0), -(weights * levels[deepest, columns]).sum(axis=0))


def _lowest(levels: Floats, most: int) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Rows of the lowest of each column, the earlier first among equals; of a single column only those are ordered."""
    if levels.shape[1] > 1:
        return np.argsort(levels, axis=0, kind="stable")[:most]
    alone = levels[:, 0]
    rows = np.flatnonzero(alone <= np.partition(alone, most - 1)[most - 1])
    found: np.ndarray[tuple[int, ...], np.dtype[np.intp]] = rows[np.argsort(alone[rows], kind="stable")][:most, None]
    return found


def _peaks(levels: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Place of the last peak up to each period, 0 for the start."""
    places = np.arange(1, len(levels) + 1)[:, None]
    found: np.ndarray[tuple[int, ...], np.dtype[np.intp]] = np.maximum.accumulate(np.where(levels >= 0, places, 0), axis=0)
    return found


TERMS: tuple[Term, ...] = (
    Term("cdar_beta", "Drawdown beta, 95 %", "Drawdown", "ratio", "Loss since the benchmark's peak while it is deepest under water, against its own.",
         "Zabarankin, Pavlikov and Uryasev 2014", 252, "low", True),
    Term("cdar_alpha", "Drawdown alpha, 95 %", "Drawdown", "fraction", "Return beyond what the behaviour in the benchmark's drawdowns deserves.",
         "Zabarankin, Pavlikov and Uryasev 2014", 252, "high", True),
)
