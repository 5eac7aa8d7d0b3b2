"""Tails that follow volatility: EWMA, GARCH, and the history of shocks put through today's volatility."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.columns import Floats
from engine.risk.sample import Sample
from engine.risk.var.extremes import peaks_over_threshold
from engine.risk.var.garch import Garch, aligned, garch, recursed
from engine.risk.var.garch_now import garch_now
from engine.risk.var.historical import mean_beyond
from engine.risk.var.ways import Tail, Ways, located

EWMA_DECAY = 0.94


class Filtered(NamedTuple):
    """Shocks in units of their day's sigma, and the mean and sigma of the next."""

    shocks: Sample
    mean: Floats
    sigma: Floats


def ewma(at: Sample, ways: Ways) -> Tail:
    """Give the normal tail around zero of the variance that forgets."""
    variance = ewma_path(at, ways.decay or EWMA_DECAY)[-1] if len(at.cells) else at.mean
    return located(np.zeros_like(at.mean), np.sqrt(variance), ways.z, ways.z_beyond, ways.horizon)


def ewma_path(at: Sample, decay: float = EWMA_DECAY) -> Floats:
    """Variance of each period and of the one after the last.

    Parameters
    ----------
    at
        Returns.
    decay
        Weight of the variance before, default 0.94.

    Returns
    -------
    ndarray of shape (n_periods + 1, n_series)
        The known returns of a column at its end, as `aligned` puts them; the mean square before them; NaN where fewer than two
        are known or all are zero.

    Notes
    -----
    Convention: around zero. The recursion starts at the mean square of the sample, whose weight has fallen below a millionth
    after 224 periods.

    References
    ----------
    J.P. Morgan, RiskMetrics Technical Document, 4th ed., 1996, eq. 5.3.
    """
    found: Floats = at.once(("ewma_path", decay), lambda: _path(at, decay))
    return found


def _path(at: Sample, decay: float) -> Floats:
    cells = aligned(at)
    known = ~np.isnan(cells)
    squares = np.where(known, cells, 0.0) ** 2
    start = squares.sum(axis=0) / at.atleast(2)
    start = np.where(start > 0, start, np.nan)
    drive = np.where(known, (1.0 - decay) * squares, (1.0 - decay) * start)
    return np.concatenate([start[None], recursed(drive, np.full_like(start, decay), start)])


def garch_tail(at: Sample, ways: Ways) -> Tail:
    """Give the normal tail of the variance that GARCH(1,1) expects over the horizon."""
    fitted = garch_of(at, ways.fitted_by)
    sigma = np.sqrt(fitted.ahead(ways.horizon))
    drift = fitted.mean * ways.horizon
    return Tail(-(drift + ways.z * sigma), ways.z_beyond * sigma - drift)


def garch_of(at: Sample, fitted_by: str = "arch") -> Garch:
    """Fit GARCH(1,1), once a sample: by the `arch` package series by series, or all columns at once by our own search."""
    fitted: Garch = at.once(("garch", fitted_by), lambda: garch_now(at) if fitted_by == "arch" else garch(at))
    return fitted


def filtered_historical(at: Sample, ways: Ways) -> Tail:
    """History of shocks, each in units of its own day's sigma, times the sigma of tomorrow."""
    through = filtered(at, ways)
    quantile = through.shocks.quantile(ways.share, ways.interpolation)
    return located(through.mean, through.sigma, quantile, mean_beyond(through.shocks, quantile, ways), ways.horizon)


def conditional_evt(at: Sample, ways: Ways) -> Tail:
    """Peaks over threshold of the shocks, times the sigma of tomorrow."""
    through = filtered(at, ways)
    tail = peaks_over_threshold(through.shocks, ways)
    return located(through.mean, through.sigma, -tail.loss, tail.shortfall, ways.horizon)


def filtered(at: Sample, ways: Ways) -> Filtered:
    """Take volatility out of returns.

    Parameters
    ----------
    at
        Returns.
    ways
        `filtered_by`: ``ewma`` around zero, or ``garch`` around its mean; `decay` of the first.

    Returns
    -------
    Filtered

    References
    ----------
    Hull and White, Incorporating volatility updating into the historical simulation method, 1998; Barone-Adesi, Giannopoulos and
    Vosper, VaR without correlations for portfolios of derivative securities, 1999.
    """
    if ways.filtered_by == "garch":
        fitted = garch_of(at, ways.fitted_by)
        return Filtered(Sample((aligned(at) - fitted.mean) / np.sqrt(fitted.path)), fitted.mean, np.sqrt(fitted.variance))
    path = np.sqrt(ewma_path(at, ways.decay or EWMA_DECAY))
    return Filtered(Sample(aligned(at) / path[:-1]), np.zeros_like(path[-1]), path[-1])
