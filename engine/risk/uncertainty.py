"""How far a Sharpe ratio can be trusted: its standard error, and the chance that there is skill behind it."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from engine.columns import Figure, Floats, Table, figure_like, product_sums
from engine.dispersion import periods_of
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.dependence import autocovariances
from engine.risk.sample import Sample, above_rate, level_of, quotient
from engine.risk.shape import kurtosis_of, second_moment, skewness_of

METHODS = ("independent", "moments", "autocorrelated")
ROOM = "Uncertainty"
_FEWEST = 3  # below them a Sharpe ratio has no distribution to speak of


def period_sharpe(at: Sample) -> Floats:
    """Mean over sample deviation of a period, of returns above the risk-free rate; NaN where they have no width."""
    return quotient(at.mean, np.where(second_moment(at) > 0, at.deviation(), np.nan))


def sharpe_standard_error_of(at: Sample, periods_per_year: float = 252, method: str = "independent", lags: int | None = None) -> Floats:
    """Kernel of `sharpe_standard_error`, on returns above the risk-free rate."""
    if method == "autocorrelated":
        found: Floats = np.sqrt(_long_run(at, lags) * periods_per_year / at.atleast(_FEWEST))
        return found
    sharpe = period_sharpe(at)
    if method == "independent":
        return np.sqrt((1.0 + 0.5 * sharpe**2) / at.atleast(_FEWEST) * periods_per_year)
    return np.sqrt(_width(at, sharpe) / at.atleast(_FEWEST, less=1) * periods_per_year)


def autocorrelation_adjusted_sharpe_ratio_of(at: Sample, periods_per_year: float = 252, lags: int | None = None) -> Floats:
    """Kernel of `autocorrelation_adjusted_sharpe_ratio`."""
    periods = round(periods_per_year)
    scale = quotient(_of_all_windows(at, periods) if lags is None or lags >= periods - 1 else _of_some_lags(at, periods, lags), at.squares)
    sharpe = np.where(at.counts >= _FEWEST, period_sharpe(at), np.nan)
    return np.asarray(sharpe * periods / np.sqrt(np.where(scale > 0, scale, np.nan)))


def probabilistic_sharpe_ratio_of(at: Sample, benchmark_sharpe_ratio: float | Floats = 0.0) -> Floats:
    """Kernel of `probabilistic_sharpe_ratio`."""
    sharpe = period_sharpe(at)
    found: Floats = ndtr((sharpe - benchmark_sharpe_ratio) * np.sqrt(at.atleast(_FEWEST, less=1)) / np.sqrt(_width(at, sharpe)))
    return found


def minimum_track_record_length_of(at: Sample, benchmark_sharpe_ratio: float = 0.0, level: float = 0.95) -> Floats:
    """Kernel of `minimum_track_record_length`."""
    sharpe = np.where(at.counts >= _FEWEST, period_sharpe(at), np.nan)
    return track_record(sharpe, benchmark_sharpe_ratio, _width(at, sharpe), level)


def sharpe_width(sharpe: Floats, skew: Floats, excess: Floats) -> Floats:
    """Give the variance of a Sharpe ratio's estimate times the returns it is from; NaN where it is none.

    Parameters
    ----------
    sharpe
        Of a period.
    skew, excess
        Skewness and excess kurtosis of the population.

    Returns
    -------
    ndarray
        Number above 0.
    """
    wide = 1.0 - skew * sharpe + (excess + 2.0) / 4.0 * sharpe**2
    return np.where(wide > 0, wide, np.nan)


def track_record(sharpe: Floats, reference: float, width: Floats, level: float) -> Floats:
    """Count the returns that a Sharpe ratio needs to be above a reference with some confidence; NaN where it is not above."""
    above = sharpe - reference
    found: Floats = 1.0 + width * (ndtri(level) / np.where(above > 0, above, np.nan)) ** 2
    return found


def sharpe_standard_error(
    returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", periods_per_year: float = 252, method: str = "independent",
    lags: int | None = None,
) -> Figure:  # fmt: skip
    """How far the yearly Sharpe ratio may be off: its standard error.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    risk_free
        One rate, default 0, or a series of one a period.
    risk_free_basis
        The rate is one of a ``period`` (default) or of a ``year``.
    periods_per_year
        252 (default) for trading days, 12 for months; 1 gives the error of a period's ratio.
    method
        ``independent`` (default) normal returns, ``moments``: skewness and kurtosis count, ``autocorrelated``: memory counts too.
    lags
        Of ``autocorrelated``: default 4 (T / 100)^(2/9).

    Returns
    -------
    float, Series or ndarray
        Not below 0, in the units of the ratio; NaN for fewer than three returns and where all are the same.

    Notes
    -----
    Convention: the root of (1 + SR^2 / 2) / T, of (1 - S SR + (K + 2) / 4 SR^2) / (T - 1), or the delta method on mean and variance with
    Newey and West's long-run covariance; SR of a period, the error times the root of the periods of a year.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown method, lags below 0, or periods a year not above zero.
    MisalignedSeries
        Rates of other periods.

    References
    ----------
    Lo 2002, "The statistics of Sharpe ratios", Financial Analysts Journal 58, eq. 9 and appendix A; Mertens 2002; Newey and West 1987.

    Examples
    --------
    >>> round(sharpe_standard_error([0.02, -0.01, 0.03], periods_per_year=1), 6)
    0.633805
    """
    one_of("method", method, METHODS)
    if lags is not None and lags < 0:
        raise InvalidInput("lags", lags, "is below 0", hint="Leave it empty for the usual number")
    over = above_rate(returns, risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, sharpe_standard_error_of(over, periods_of(periods_per_year), method, lags), "sharpe_standard_error")


def autocorrelation_adjusted_sharpe_ratio(
    returns: Table, *, risk_free: float | Table = 0.0, risk_free_basis: str = "period", periods_per_year: float = 252, lags: int | None = None,
) -> Figure:  # fmt: skip
    """Yearly Sharpe ratio of returns that remember.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    risk_free
        One rate, default 0, or a series of one a period.
    risk_free_basis
        The rate is one of a ``period`` (default) or of a ``year``.
    periods_per_year
        252 (default) for trading days, 12 for months.
    lags
        Autocorrelations that count, default all of a year.

    Returns
    -------
    float, Series or ndarray
        Ratio: lower than the plain one where returns trend; NaN where a year's variance would not be above 0.

    Notes
    -----
    Convention: SR q / root(q + 2 sum over k below q of (q - k) rho_k), with q periods a year and SR that of a period.

    Raises
    ------
    InvalidInput
        A cell is not a number, lags below 0, or periods a year not above zero.
    MisalignedSeries
        Rates of other periods.

    References
    ----------
    Lo 2002, eq. 20.

    Examples
    --------
    >>> round(autocorrelation_adjusted_sharpe_ratio([0.02, -0.01, 0.03], periods_per_year=12, lags=0), 6)
    2.218801
    """
    if lags is not None and lags < 0:
        raise InvalidInput("lags", lags, "is below 0", hint="Leave it empty for all of a year")
    over = above_rate(returns, risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    found = autocorrelation_adjusted_sharpe_ratio_of(over, periods_of(periods_per_year), lags)
    return figure_like(returns, found, "autocorrelation_adjusted_sharpe_ratio")


def probabilistic_sharpe_ratio(
    returns: Table, *, benchmark_sharpe_ratio: float = 0.0, risk_free: float | Table = 0.0, risk_free_basis: str = "period",
    periods_per_year: float = 252,
) -> Figure:  # fmt: skip
    """Chance that the true Sharpe ratio is above a reference.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_sharpe_ratio
        The reference, of a period, default 0: a yearly one over the root of the periods of a year.
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
    Convention: skewness and kurtosis of the population, deviation of the sample, all of a period.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        Rates of other periods.

    References
    ----------
    Bailey and Lopez de Prado 2012, "The Sharpe ratio efficient frontier", Journal of Risk 15, eq. 11.

    Examples
    --------
    >>> round(probabilistic_sharpe_ratio([0.02, -0.01, 0.03]), 6)
    0.778891
    """
    over = above_rate(returns, risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, probabilistic_sharpe_ratio_of(over, benchmark_sharpe_ratio), "probabilistic_sharpe_ratio")


def minimum_track_record_length(
    returns: Table, *, benchmark_sharpe_ratio: float = 0.0, level: float = 0.95, risk_free: float | Table = 0.0, risk_free_basis: str = "period",
    periods_per_year: float = 252,
) -> Figure:  # fmt: skip
    """Count the returns before a Sharpe ratio is above a reference.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_sharpe_ratio
        The reference, of a period, default 0.
    level
        Confidence, default 0.95.
    risk_free
        One rate, default 0, or a series of one a period.
    risk_free_basis
        The rate is one of a ``period`` (default) or of a ``year``.
    periods_per_year
        For a rate of a year.

    Returns
    -------
    float, Series or ndarray
        Periods; NaN where the ratio is not above the reference.

    Notes
    -----
    Convention: 1 + (1 - S SR + (K + 2) / 4 SR^2) (z / (SR - SR*))^2.

    Raises
    ------
    InvalidInput
        A cell is not a number, or a level outside of 0 to 1.
    MisalignedSeries
        Rates of other periods.

    References
    ----------
    Bailey and Lopez de Prado 2012, eq. 13.

    Examples
    --------
    >>> round(minimum_track_record_length([0.02, -0.01, 0.03]), 6)
    10.163263
    """
    over = above_rate(returns, risk_free, basis=risk_free_basis, periods_per_year=periods_per_year)
    return figure_like(returns, minimum_track_record_length_of(over, benchmark_sharpe_ratio, level_of(level)), "minimum_track_record_length")


def _width(at: Sample, sharpe: Floats) -> Floats:
    return sharpe_width(sharpe, skewness_of(at, "population"), kurtosis_of(at, "population"))


def _of_all_windows(at: Sample, periods: int) -> Floats:
    """Sum of squares of what each window of so many periods returned beyond the mean, those that only touch the history too.

    Two periods k apart share periods - k windows: this is the weighted sum of all autocovariances, without working them out.
    """
    path = np.concatenate([np.zeros((1, at.cells.shape[1])), np.cumsum(at.centred, axis=0)])
    begun = path.copy()
    begun[periods:] -= path[: max(len(path) - periods, 0)]
    ending = path[max(len(path) - periods, 1) : -1]  # to the end, where the path is back at 0
    return np.asarray(product_sums(begun, begun) + product_sums(ending, ending))


def _of_some_lags(at: Sample, periods: int, lags: int) -> Floats:
    covariances = autocovariances(at, lags)
    weights = periods - np.arange(0.0, len(covariances))
    return np.asarray(2.0 * (weights @ covariances) - periods * covariances[0])


def _long_run(at: Sample, lags: int | None) -> Floats:
    """Long-run variance of the influence of each return on the ratio, by Bartlett's weights."""
    sigma = np.where(second_moment(at) > 0, at.deviation(0), np.nan)
    influence = at.centred / sigma - at.mean / (2.0 * sigma) * ((at.centred / sigma) ** 2 - np.where(at.known, 1.0, 0.0))
    usual = int(4.0 * (len(influence) / 100.0) ** (2.0 / 9.0))
    found = product_sums(influence, influence)
    most = min(usual if lags is None else lags, max(len(influence) - 1, 0))
    for lag in range(1, most + 1):
        found = found + 2.0 * (1.0 - lag / (most + 1.0)) * product_sums(influence[lag:], influence[:-lag])
    return np.asarray(np.maximum(found / at.atleast(_FEWEST), 0.0))


TERMS: tuple[Term, ...] = (
    Term("sharpe_standard_error", "Standard error of Sharpe", ROOM, "ratio", "How far the Sharpe ratio may be off: two of these either way.",
         "Lo 2002", minimum=60, better="low"),
    Term("autocorrelation_adjusted_sharpe_ratio", "Sharpe, autocorrelation-adjusted", ROOM, "ratio",
         "Sharpe ratio after trends and reversals of returns are counted.", "Lo 2002", minimum=252, better="high"),
    Term("probabilistic_sharpe_ratio", "Probabilistic Sharpe", ROOM, "fraction", "Chance that the true Sharpe ratio is above 0.",
         "Bailey and Lopez de Prado 2012", minimum=60, better="high"),
    Term("minimum_track_record_length", "Minimum track record", ROOM, "periods", "Periods needed to be 95 % sure that the Sharpe ratio is above 0.",
         "Bailey and Lopez de Prado 2012", minimum=60, better="low"),
)  # fmt: skip
