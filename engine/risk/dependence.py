"""Whether returns remember: autocorrelation, its test, the scaling of ranges, and the smoothing of stale prices."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

from engine.columns import Figure, Floats, Table, figure_like, product_sums
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, quotient, sample

HURST_METHODS = ("slope", "rescaled_range")
ROOM = "Dependence"
_USUAL_LAGS = 20  # worked out once a sample: several figures ask for some of them
_SHORT = 64  # places of a block
_FLAT = 1e-14  # of the variance of all: a block whose own is less has no width


def autocovariances(at: Sample, most: int) -> Floats:
    """Add up products of returns less their mean with those some periods before.

    Parameters
    ----------
    at
        Returns.
    most
        Largest lag.

    Returns
    -------
    ndarray of shape (most + 1, n_series)
        Of lag 0 first; pairs with a missing return add nothing.
    """
    found: Floats = at.once("autocovariances", lambda: _lagged(at, max(most, _USUAL_LAGS)))
    return found[: most + 1] if most < len(found) else _lagged(at, most)


def autocorrelation_of(at: Sample, lag: int = 1) -> Floats:
    """Kernel of `autocorrelation`."""
    if lag == 0:
        return quotient(at.squares, at.squares)
    product = product_sums(at.centred[lag:], at.centred[:-lag])
    return np.where(at.counts > lag, quotient(product, at.squares), np.nan)


def ljung_box_of(at: Sample, lags: int = 10) -> Floats:
    """Kernel of `ljung_box`."""
    correlations = quotient(autocovariances(at, lags)[1:], at.squares)
    left = np.where(at.counts > lags, at.counts, np.nan) - np.arange(1.0, lags + 1.0)[:, None]
    found: Floats = at.counts * (at.counts + 2.0) * (correlations**2 / left).sum(axis=0)
    return found


def ljung_box_p_value_of(at: Sample, lags: int = 10) -> Floats:
    """Kernel of `ljung_box_p_value`."""
    found: Floats = chdtrc(float(lags), ljung_box_of(at, lags))
    return found


def hurst_exponent_of(at: Sample, method: str = "slope", smallest: int = 8) -> Floats:
    """Kernel of `hurst_exponent`."""
    if method == "rescaled_range":
        path = np.cumsum(at.centred, axis=0)
        spread = quotient(path.max(axis=0) - path.min(axis=0) if len(path) else at.mean, at.deviation())
        found: Floats = quotient(np.log(np.where(spread > 0, spread, np.nan)), np.log(np.where(at.counts > 1, at.counts, np.nan)))
        return found
    sizes = _sizes(len(at.cells), smallest)
    if len(sizes) < 2:
        return np.full(at.cells.shape[1], np.nan)
    scale = np.where(at.squares > 0, at.deviation(), np.nan)
    cells = np.ascontiguousarray(((packed(at) - at.mean) / scale).T)  # the periods of a series beside each other: its blocks are slices
    path = np.cumsum(cells, axis=1)
    ranges = np.array([_rescaled(cells, path, size) for size in sizes])
    ranges = np.where(2 * np.array(sizes)[:, None] <= at.counts, ranges, np.nan)
    return _slope(np.log(np.array(sizes, dtype=np.float64)), np.log(np.where(ranges > 0, ranges, np.nan)))


def packed(at: Sample) -> Floats:
    """Close the gaps of returns: the known of each column first, in their order, then NaN."""
    if at.complete:
        return at.cells
    order = np.argsort(~at.known, axis=0, kind="stable")
    found: Floats = np.take_along_axis(at.cells, order, axis=0)
    return found


def autocorrelation(returns: Table, *, lag: int = 1) -> Figure:
    """Correlation of returns with those some periods before.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    lag
        Periods before, default 1.

    Returns
    -------
    float, Series or ndarray
        Between -1 and 1; NaN where not more than `lag` are known or all are the same.

    Notes
    -----
    Convention: sum of products with the mean of all returns taken off, over the sum of squares of all. A missing return takes its two
    pairs with it.

    Raises
    ------
    InvalidInput
        A cell is not a number, or a lag below 0.

    References
    ----------
    Box, Jenkins and Reinsel, Time Series Analysis, 4th ed., eq. 2.1.12.

    Examples
    --------
    >>> round(autocorrelation([0.01, -0.01, 0.03, -0.05]), 6)
    -0.521429
    """
    return figure_like(returns, autocorrelation_of(sample(returns), _at_least("lag", lag, 0)), "autocorrelation")


def ljung_box(returns: Table, *, lags: int = 10) -> Figure:
    """Ljung and Box's statistic: autocorrelation of several lags at once.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    lags
        How many, from 1 on, default 10.

    Returns
    -------
    float, Series or ndarray
        Not below 0; NaN where not more than `lags` are known or all are the same.

    Notes
    -----
    Convention: T (T + 2) times the sum of squared autocorrelations over T - lag.

    Raises
    ------
    InvalidInput
        A cell is not a number, or fewer than one lag.

    References
    ----------
    Ljung and Box 1978, "On a measure of lack of fit in time series models", Biometrika 65, eq. 1.3.

    Examples
    --------
    >>> round(ljung_box([0.01, -0.01, 0.03, -0.05], lags=1), 6)
    2.175102
    """
    return figure_like(returns, ljung_box_of(sample(returns), _at_least("lags", lags, 1)), "ljung_box")


def ljung_box_p_value(returns: Table, *, lags: int = 10) -> Figure:
    """Chance that independent returns are as autocorrelated as these.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    lags
        As in `ljung_box`.

    Returns
    -------
    float, Series or ndarray
        Probability; small where returns remember.

    Notes
    -----
    Convention: of `ljung_box` under chi squared with as many degrees as lags.

    Raises
    ------
    InvalidInput
        As in `ljung_box`.

    References
    ----------
    As in `ljung_box`.

    Examples
    --------
    >>> round(ljung_box_p_value([0.01, -0.01, 0.03, -0.05], lags=1), 6)
    0.14026
    """
    return figure_like(returns, ljung_box_p_value_of(sample(returns), _at_least("lags", lags, 1)), "ljung_box_p_value")


def hurst_exponent(returns: Table, *, method: str = "slope", smallest: int = 8) -> Figure:
    """How ranges grow with time: 0.5 by chance, more where trends last.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    method
        ``slope`` (default) of the logarithm of mean rescaled ranges on that of the length of blocks; ``rescaled_range``: the logarithm of
        the one of all returns over that of their number.
    smallest
        Length of the smallest blocks, default 8; the others are twice, four times ... as long, at most half of all.

    Returns
    -------
    float, Series or ndarray
        Number; NaN for fewer returns than four of the smallest blocks, and where all are the same.

    Notes
    -----
    Convention: the range of the running sum of returns less their mean, over their deviation: of the population in blocks that follow each
    other without gap, of the sample in ``rescaled_range``. Missing returns are left out before. Small blocks raise the slope of independent
    returns to about 0.55.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown method, or blocks of fewer than two.

    References
    ----------
    Hurst 1951, "Long-term storage capacity of reservoirs"; Mandelbrot and Wallis 1969; Peters 1991, Chaos and Order, ch. 7.

    Examples
    --------
    >>> round(hurst_exponent([0.01, -0.01, 0.03, -0.05], method="rescaled_range"), 6)
    0.198882
    """
    one_of("method", method, HURST_METHODS)
    return figure_like(returns, hurst_exponent_of(sample(returns), method, _at_least("smallest", smallest, 2)), "hurst_exponent")


def _lagged(at: Sample, most: int) -> Floats:
    cells = at.centred
    found = np.zeros((most + 1, cells.shape[1]))
    found[0] = at.squares
    for lag in range(1, min(most, len(cells) - 1) + 1):
        found[lag] = product_sums(cells[lag:], cells[:-lag])
    return found


def _at_least(field: str, number: int, least: int) -> int:
    if number < least:
        raise InvalidInput(field, number, f"is below {least}", hint="Use a whole number of periods")
    return number


def _sizes(length: int, smallest: int) -> list[int]:
    """Lengths of blocks: the smallest, twice as long, and so on to half of all."""
    return [smallest * 2**power for power in range(64) if smallest * 2 ** (power + 1) <= length]


def _rescaled(cells: Floats, path: Floats, size: int) -> Floats:
    """Mean over whole blocks of the range of each over its deviation; blocks that are flat or not full are left out."""
    count = cells.shape[1] // size
    blocks, paths = (_side_by_side(part[:, : count * size].reshape(len(cells), count, size)) for part in (cells, path))
    mean = blocks.sum(axis=0) / size
    level = np.multiply(mean, np.arange(1.0, size + 1.0)[:, None, None], out=np.empty_like(paths))
    np.subtract(paths, level, out=level)  # that the path of a block begins anywhere moves no range
    variances = np.multiply(blocks, blocks).sum(axis=0) / size - mean * mean
    ranges = (level.max(axis=0) - level.min(axis=0)) / np.sqrt(np.where(variances > _FLAT, variances, np.nan))
    known = ~np.isnan(ranges)
    if known.all():
        return np.asarray(ranges.sum(axis=1) / ranges.shape[1])
    return quotient(np.where(known, ranges, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64))


def _side_by_side(blocks: Floats) -> Floats:
    """Put the places of blocks first: of short ones in memory too, so that a sum adds whole rows."""
    turned = blocks.transpose(2, 0, 1)
    return np.ascontiguousarray(turned) if len(turned) <= _SHORT else turned


def _slope(places: Floats, heights: Floats) -> Floats:
    """Slope of least squares of each column over the places where it is known; NaN for fewer than two."""
    known = ~np.isnan(heights)
    counts = known.sum(axis=0)
    middle = quotient((known * places[:, None]).sum(axis=0), counts.astype(np.float64))
    away = np.where(known, places[:, None] - middle, 0.0)
    found = quotient((away * np.where(known, heights, 0.0)).sum(axis=0), (away**2).sum(axis=0))
    return np.where(counts >= 2, found, np.nan)


TERMS: tuple[Term, ...] = (
    Term("autocorrelation", "Autocorrelation", ROOM, "ratio", "Correlation of a return with the one before it.", "Box and Jenkins", minimum=30),
    Term("ljung_box", "Ljung-Box", ROOM, "statistic", "Autocorrelation of ten lags at once.", "Ljung and Box 1978", minimum=50),
    Term("ljung_box_p_value", "Ljung-Box, p", ROOM, "p_value", "Chance that independent returns are as autocorrelated.", "Ljung and Box 1978",
         minimum=50),
    Term("hurst_exponent", "Hurst exponent", ROOM, "number", "0.5 by chance; above it trends last, below it they turn.", "Hurst 1951", minimum=250),
)  # fmt: skip
