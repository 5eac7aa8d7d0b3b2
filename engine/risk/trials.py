"""The best of many trials looks good by chance: what luck alone gives, and a Sharpe ratio with that taken off."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InsufficientHistory, InvalidInput
from engine.risk.sample import above_rate
from engine.risk.uncertainty import probabilistic_sharpe_ratio_of


def expected_max_sharpe_ratio(trials: float, deviation: float) -> float:
    """Sharpe ratio that the luckiest of many worthless trials has.

    Parameters
    ----------
    trials
        How many independent ones, from 1 on.
    deviation
        Standard deviation of their Sharpe ratios, of a period.

    Returns
    -------
    float
        Ratio of a period; 0 for one trial.

    Notes
    -----
    Convention: the deviation times (1 - g) z(1 - 1 / N) + g z(1 - 1 / (N e)), with g Euler's constant and z the normal quantile.

    Raises
    ------
    InvalidInput
        Fewer than one trial, or a deviation below 0.

    References
    ----------
    Bailey and Lopez de Prado 2014, "The deflated Sharpe ratio", Journal of Portfolio Management 40, eq. 1.

    Examples
    --------
    >>> round(expected_max_sharpe_ratio(100, (0.5 / 250) ** 0.5), 4)
    0.1132
    """
    if not trials >= 1:
        raise InvalidInput("trials", trials, "is below 1", hint="Count every variant that was tried")
    if not deviation >= 0:
        raise InvalidInput("deviation", deviation, "is below 0", hint="Use the standard deviation of the trials' Sharpe ratios")
    if trials == 1:
        return 0.0
    share = 1.0 / trials
    return float(deviation * ((1.0 - np.euler_gamma) * ndtri(1.0 - share) + np.euler_gamma * ndtri(1.0 - share / np.e)))


def deflated_sharpe_ratio(
    returns: Table, trial_sharpe_ratios: Table | None = None, *, trials: float | None = None, trial_deviation: float | None = None,
    risk_free: float | Table = 0.0, risk_free_basis: str = "period", periods_per_year: float = 252,
) -> Figure:  # fmt: skip
    """Chance that a Sharpe ratio is above what luck gives the best trial.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction: those of the chosen trial.
    trial_sharpe_ratios
        Sharpe ratios of a period of all trials, the chosen one among them.
    trials, trial_deviation
        Instead of them: how many, and the standard deviation of their ratios of a period.
    risk_free
        One rate, default 0, or a series of one a period.
    risk_free_basis
        The rate is one of a ``period`` (default) or of a ``year``.
    periods_per_year
        For a rate of a year.

    Returns
    -------
    float, Series or ndarray
        Probability; NaN for fewer than three returns and where all are the same.

    Notes
    -----
    Convention: `probabilistic_sharpe_ratio` with `expected_max_sharpe_ratio` as the reference.

    Raises
    ------
    InvalidInput
        A cell is not a number, or neither ratios nor their number and deviation.
    InsufficientHistory
        No ratio among those of the trials.
    MisalignedSeries
        Rates of other periods.

    References
    ----------
    Bailey and Lopez de Prado 2014, eq. 2.

    Examples
    --------
    >>> round(deflated_sharpe_ratio([0.02, -0.01, 0.03], [0.1, 0.6, -0.2]), 6)
    0.638687
    """
    count, deviation = _trials(trial_sharpe_ratios, trials, trial_deviation)
    over = above_rate(returns, risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, probabilistic_sharpe_ratio_of(over, expected_max_sharpe_ratio(count, deviation)), "deflated_sharpe_ratio")


def _trials(ratios: Table | None, trials: float | None, deviation: float | None) -> tuple[float, float]:
    if ratios is None:
        if trials is None or deviation is None:
            raise InvalidInput("trial_sharpe_ratios", None, "are missing", hint="Give the Sharpe ratios of all trials, or trials and trial_deviation")
        return trials, deviation
    known: Floats = np.asarray(ratios, dtype=np.float64).ravel()
    known = known[np.isfinite(known)]
    if not len(known):
        raise InsufficientHistory("deflated_sharpe_ratio", needed=1, found=0)
    return len(known), float(known.std(ddof=1)) if len(known) > 1 else 0.0


