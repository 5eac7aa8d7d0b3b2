"""Short figures of the tails: the worst, one tail against the other, and how returns bend where the market moves most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.columns import Figure, Floats, Table, figure_like
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, above_rate, level_of, mirrored, paired, quotient, sample
from engine.risk.var.historical import mean_beyond
from engine.risk.var.ways import TAILS, Ways


def worst_realisation(returns: Table) -> Figure:
    """Largest loss of a period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Positive for a loss, fraction; NaN without returns.

    Notes
    -----
    Convention: minus the smallest return, below 0 where all are gains.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Young, A Minimax Portfolio Selection Rule with Linear Programming Solution, 1998.

    Examples
    --------
    >>> worst_realisation([-0.05, 0.02])
    0.05
    """
    return figure_like(returns, worst_realisation_of(sample(returns)), "worst_realisation")


def tail_ratio(returns: Table, *, level: float = 0.95, interpolation: str = "linear") -> Figure:
    """Size of the high quantile against that of the low one.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        Of the high quantile, default 0.95; the low one is as far from the other end.
    interpolation
        Between two observations: ``linear`` (default), ``lower`` or ``higher``.

    Returns
    -------
    float, Series or ndarray
        Above 1 where gains reach further than losses; NaN without returns or with a low quantile of 0.

    Notes
    -----
    Convention: |q(level)| / |q(1 - level)|.

    Raises
    ------
    InvalidInput
        A level outside of 0 to 1.

    References
    ----------
    Quantopian, empyrical `tail_ratio`.

    Examples
    --------
    >>> round(tail_ratio([-0.02, -0.01, 0.0, 0.01, 0.04], level=0.75), 6)
    1.0
    """
    return figure_like(returns, tail_ratio_of(sample(returns), level, interpolation), "tail_ratio")


def rachev_ratio(returns: Table, *, level: float = 0.95, upper_level: float | None = None, risk_free: float | Table = 0.0,
                 risk_free_basis: str = "period", tail: str = "strict", periods_per_year: float = 252) -> Figure:
    """Mean of the best returns against that of the worst.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    level
        Of the lower tail, default 0.95: the worst twentieth.
    upper_level
        Of the upper tail, default the same.
    risk_free, risk_free_basis, periods_per_year
        Taken off first, default 0; a rate of a ``period`` (default) or of a ``year``.
    tail
        As in `expected_shortfall`.

    Returns
    -------
    float, Series or ndarray
        Above 1 where the good tail is the heavier; NaN without returns or where the bad tail has no loss to divide by.

    Notes
    -----
    Convention: expected shortfall of minus the excess return over that of the excess return.

    Raises
    ------
    InvalidInput
        A level outside of 0 to 1, an unknown tail.
    MisalignedSeries
        A series of rates of another length or with other labels.

    References
    ----------
    Biglova, Ortobelli, Rachev and Stoyanov, Different Approaches to Risk Estimation in Portfolio Theory, 2004.

    Examples
    --------
    >>> round(rachev_ratio([-0.02, -0.01, 0.0, 0.01, 0.04], level=0.75), 6)
    1.666667
    """
    one_of("tail", tail, TAILS)
    at = above_rate(returns, risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, rachev_ratio_of(at, level, upper_level, tail), "rachev_ratio")


def beta_fragility_heuristic(returns: Table, benchmark_returns: Table) -> Figure:
    """How far returns at the market's extremes lie above those at its middle.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Of the market or a factor.

    Returns
    -------
    float, Series or ndarray
        Fraction; below 0 is fragile: the extremes cost more than the middle; NaN of fewer than three periods.

    Notes
    -----
    Convention: periods sorted by the benchmark, of which the first, the last and the one at half count; the extremes are weighed so
    that the middle lies on the line between them, and what is linear has none.

    Raises
    ------
    MisalignedSeries
        Another number of periods, or other labels.

    References
    ----------
    Taleb, Canetti, Kinda, Loukoianova and Schmieder, A New Heuristic Measure of Fragility and Tail Risks, 2012; empyrical
    `beta_fragility_heuristic`.

    Examples
    --------
    >>> round(beta_fragility_heuristic([-0.04, 0.01, 0.02], [-0.02, 0.0, 0.02]), 6)
    -0.02
    """
    return figure_like(returns, beta_fragility_heuristic_of(*paired(returns, benchmark_returns)), "beta_fragility_heuristic")


def worst_realisation_of(at: Sample) -> Floats:
    """Largest loss of each column, shape (n_series,)."""
    return -at.lowest


def tail_ratio_of(at: Sample, level: float = 0.95, interpolation: str = "linear") -> Floats:
    """Size of the high quantile of each column against that of the low one, shape (n_series,)."""
    share = 1.0 - level_of(level)
    return quotient(np.abs(at.quantile(level, interpolation)), np.abs(at.quantile(share, interpolation)))


def rachev_ratio_of(at: Sample, level: float = 0.95, upper_level: float | None = None, tail: str = "strict") -> Floats:
    """Mean of the best of each column against that of the worst, shape (n_series,)."""
    lower, upper = Ways(level, tail=tail), Ways(upper_level or level, tail=tail)
    turned = mirrored(at)
    worst = mean_beyond(at, at.quantile(lower.share), lower)
    return quotient(mean_beyond(turned, turned.quantile(upper.share), upper), np.where(worst > 0, worst, np.nan))


def beta_fragility_heuristic_of(at: Sample, benchmark: Sample) -> Floats:
    """Give returns of each column at the benchmark's extremes less that at its middle, shape (n_series,)."""
    if not len(at.cells):
        return np.full(at.cells.shape[1], np.nan)
    most = np.maximum(benchmark.counts - 1.0, 0.0)
    rows = np.stack([_row_of(benchmark, place.astype(np.intp)) for place in (0.0 * most, np.minimum(np.floor(benchmark.counts / 2.0), most), most)])
    market, mine = benchmark.cells[rows, np.arange(rows.shape[1])], at.cells[rows, np.arange(at.cells.shape[1])]
    span = market[2] - market[0]
    near = np.where(span > 0, (market[1] - market[0]) / np.where(span > 0, span, 1.0), 0.5)
    bend = (1.0 - near) * mine[0] + near * mine[2] - mine[1]
    return np.where(at.counts >= 3, bend, np.nan)


def _row_of(at: Sample, rank: NDArray[np.intp]) -> NDArray[np.intp]:
    """Row of the return of a rank, from 0, the earlier first among equals: quicker than to order all rows for three of them."""
    wanted = at.ordered[rank, np.arange(len(rank))]
    if not rank.any():
        return np.asarray(np.argmax(at.cells == wanted, axis=0), dtype=np.intp)
    among = rank - np.count_nonzero(at.cells < wanted, axis=0)
    found: NDArray[np.intp] = np.argmax(np.cumsum(at.cells == wanted, axis=0) > among, axis=0)
    return found


TERMS: tuple[Term, ...] = (
    Term("value_at_risk", "Value at risk", "Tail risk", "fraction", "Loss of a period that is not exceeded with the chosen confidence.",
         "Jorion, Value at Risk", 60, "low"),
    Term("expected_shortfall", "Expected shortfall", "Tail risk", "fraction", "Mean loss of the periods that are at the value at risk or worse.",
         "Rockafellar and Uryasev 2000; Acerbi and Tasche 2002", 60, "low"),
    Term("worst_realisation", "Worst period", "Tail risk", "fraction", "Largest loss of a single period.", "Young 1998", 2, "low"),
    Term("tail_ratio", "Tail ratio", "Tail risk", "ratio", "High quantile of the returns against the low one.", "empyrical", 60, "high"),
    Term("rachev_ratio", "Rachev ratio", "Tail risk", "ratio", "Mean of the best returns against the mean of the worst.",
         "Biglova et al. 2004", 60, "high"),
    Term("beta_fragility_heuristic", "Beta fragility", "Tail risk", "fraction", "Returns at the market's extremes less those at its middle.",
         "Taleb et al. 2012", 60, "high", relative=True),
)
