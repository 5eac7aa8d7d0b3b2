"""How closely returns move together: with a benchmark, with each other, over a moving window, and in which order they cluster."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, cells_of, figure_like, product_sums, series_like
from engine.errors import InsufficientHistory, InvalidInput
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, paired, quotient, sample

METHODS = ("pearson", "spearman", "kendall")
LINKAGES = ("average", "single", "complete", "ward")
ROOM = "Against a benchmark"
_PAIR_CELLS = 2_000_000  # signs that are laid out at once; single precision counts them exactly


def correlation_of(at: Sample, against: Sample, method: str = "pearson") -> Floats:
    """Kernel of `correlation` with a benchmark: both of one shape, known in the same periods."""
    if method == "kendall":
        return _concordance(at.cells, against.cells)
    if method == "spearman":
        at, against = Sample(ranks(at)), Sample(ranks(against))
    product = product_sums(at.centred, against.centred)
    return _bounded(quotient(product, np.sqrt(at.squares) * np.sqrt(against.squares)))


def ranks(at: Sample) -> Floats:
    """Rank each column from 1 on, those that tie with the mean of theirs; NaN where nothing is known."""
    if not at.cells.size:
        return at.cells
    order = np.argsort(at.cells, axis=0, kind="stable")
    rising = np.take_along_axis(at.cells, order, axis=0)
    fresh = np.concatenate([np.ones((1, rising.shape[1]), dtype=np.bool_), rising[1:] != rising[:-1]])
    places = np.broadcast_to(np.arange(len(rising))[:, None], rising.shape)
    first = np.maximum.accumulate(np.where(fresh, places, 0), axis=0)
    ends = np.concatenate([fresh[1:], np.ones((1, rising.shape[1]), dtype=np.bool_)])
    last = np.minimum.accumulate(np.where(ends, places, len(rising))[::-1], axis=0)[::-1]
    found = np.empty_like(rising)
    np.put_along_axis(found, order, (first + last) / 2.0 + 1.0, axis=0)
    return np.where(at.known, found, np.nan)


def correlation(returns: Table, benchmark_returns: Table | None = None, *, method: str = "pearson") -> Figure:
    """Correlation with a benchmark, or of every series with every other.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series; without it the series are laid against each other.
    method
        ``pearson`` (default): of the returns; ``spearman``: of their ranks; ``kendall``: how much oftener pairs of periods agree, tau-b.

    Returns
    -------
    float, Series or ndarray; DataFrame or ndarray of shape (n_series, n_series) without a benchmark
        Between -1 and 1; NaN for fewer than two common periods and where either is flat.

    Notes
    -----
    Convention: each pair over the periods that both have. Kendall's looks at every pair of periods: its time grows with their square.

    Raises
    ------
    InvalidInput
        A cell is not a number, an unknown method, or one series and no benchmark.
    MisalignedSeries
        The two do not line up.

    References
    ----------
    Bacon, 2nd ed., ch. 4 "Correlation"; Spearman 1904; Kendall 1938, "A new measure of rank correlation", and 1945 for ties.

    Examples
    --------
    >>> round(correlation([0.01, -0.01, 0.03, -0.05], [0.02, -0.01, 0.01, -0.04]), 6)
    0.922139
    """
    one_of("method", method, METHODS)
    if benchmark_returns is not None:
        return figure_like(returns, correlation_of(*paired(returns, benchmark_returns), method), "correlation")
    if np.ndim(returns) != 2:
        raise InvalidInput("benchmark_returns", None, "is missing", hint="One series has a correlation with something else only")
    return matrix_like(returns, correlation_matrix(sample(returns), method))


def correlation_matrix(at: Sample, method: str = "pearson") -> Floats:
    """Correlate every column with every other.

    Parameters
    ----------
    at
        Returns.
    method
        As in `correlation`.

    Returns
    -------
    ndarray of shape (n_series, n_series)
        Symmetric; NaN where a pair has fewer than two common periods or either is flat in them.
    """
    if method == "kendall":
        return _concordances(at.cells)
    if method == "spearman" and not at.complete:
        rows = [correlation_of(*_common(at.cells, place), method) for place in range(at.cells.shape[1])]
        return np.array(rows).reshape(at.cells.shape[1], at.cells.shape[1])
    return _products(Sample(ranks(at)) if method == "spearman" else at)


def rolling_correlation(returns: Table, benchmark_returns: Table, *, window: int = 126) -> Figure:
    """Correlation with a benchmark over the last periods, after each.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.
    window
        Periods that each value looks back over, its own included, default 126: half a year of trading days.

    Returns
    -------
    Series, DataFrame or ndarray
        Same shape and index; NaN until the window is full, and where a return within it is missing or all are the same.

    Notes
    -----
    Convention: Pearson's.

    Raises
    ------
    InvalidInput
        A cell is not a number, or a window of fewer than two periods.
    MisalignedSeries
        The two do not line up.

    References
    ----------
    As in `correlation`.

    Examples
    --------
    >>> rolling_correlation([0.01, -0.01, 0.03], [0.02, 0.01, -0.01], window=2).round(6).tolist()
    [nan, 1.0, -1.0]
    """
    if window < 2:
        raise InvalidInput("window", window, "is below 2", hint="Use 63 or 126 trading days")
    at, against = paired(returns, benchmark_returns)
    own, other = (pd.DataFrame(side.centred).where(side.known).rolling(window) for side in (at, against))
    together = pd.DataFrame(at.centred * against.centred).where(at.known).rolling(window).mean()
    product = (together - own.mean() * other.mean()).to_numpy(dtype=np.float64)
    spread = (own.std(ddof=0) * other.std(ddof=0)).to_numpy(dtype=np.float64)
    still = ((own.max() == own.min()) | (other.max() == other.min())).to_numpy()  # a running sum leaves a trace of what has gone
    return series_like(returns, _bounded(quotient(product, np.where(still, np.nan, spread))))


def clustered_order(matrix: pd.DataFrame | Floats, *, method: str = "average") -> list[Any]:
    """Order in which series that move together stand together.

    Parameters
    ----------
    matrix
        Correlations of shape (n_series, n_series).
    method
        How far apart clusters are: ``average`` (default), ``single``, ``complete`` or ``ward``.

    Returns
    -------
    list
        Labels of a frame, places of an array.

    Notes
    -----
    Convention: distance is the root of (1 - correlation) / 2; among the orders that the tree allows the one with the nearest neighbours. An
    unknown correlation counts as none.

    Raises
    ------
    InvalidInput
        Not square, or an unknown method.

    References
    ----------
    Mantegna 1999, "Hierarchical structure in financial markets"; Bar-Joseph, Gifford and Jaakkola 2001 for the order of leaves.

    Examples
    --------
    >>> clustered_order(np.array([[1.0, 0.1, 0.9], [0.1, 1.0, 0.2], [0.9, 0.2, 1.0]]))
    [1, 2, 0]
    """
    one_of("method", method, LINKAGES)
    cells = cells_of(matrix, "matrix", ordered=False)
    labels = matrix.columns.tolist() if isinstance(matrix, pd.DataFrame) else list(range(len(cells)))
    if cells.shape[0] != cells.shape[1]:
        raise InvalidInput("matrix", cells.shape, "is not square", hint="Give what correlation(frame) gives")
    return labels if len(labels) < 3 else [labels[place] for place in _leaves(cells, method)]


def matrix_like(returns: Table, cells: Floats) -> Figure:
    """Lay a matrix out as what came in: with the columns of a frame on both sides, or as an array."""
    return pd.DataFrame(cells, index=returns.columns, columns=returns.columns) if isinstance(returns, pd.DataFrame) else cells


def complete_rows(returns: Table, figure: str, needed: int) -> Floats:
    """Keep the periods in which every series has a return.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods, n_series), fraction.
    figure
        Name for the error.
    needed
        How many there must be.

    Returns
    -------
    ndarray of shape (n_complete, n_series)

    Raises
    ------
    InsufficientHistory
        Fewer.
    """
    cells = cells_of(returns)
    whole: Floats = cells[~np.isnan(cells).any(axis=1)]
    if len(whole) < needed:
        raise InsufficientHistory(figure, needed=needed, found=len(whole))
    return whole


def _bounded(found: Floats) -> Floats:
    """Take off what rounding adds beyond 1."""
    return np.clip(found, -1.0, 1.0)


def _products(at: Sample) -> Floats:
    """Pearson's of every pair over what both know, by sums of products alone."""
    known, cells = at.known.astype(np.float64), at.centred
    counts = known.T @ known
    sums, squares = cells.T @ known, (cells * cells).T @ known
    divisor = np.where(counts >= 2, counts, np.nan)
    product = cells.T @ cells - sums * sums.T / divisor
    spread = squares - sums * sums / divisor
    spread = np.where(spread > 1e-14 * squares, spread, 0.0)
    return _bounded(quotient(product, np.sqrt(spread) * np.sqrt(spread.T)))


def _common(cells: Floats, place: int) -> tuple[Sample, Sample]:
    """Every column beside one of them, over the periods that both know."""
    other = np.broadcast_to(cells[:, place : place + 1], cells.shape)
    unknown = np.isnan(cells) | np.isnan(other)
    return Sample(np.where(unknown, np.nan, cells)), Sample(np.where(unknown, np.nan, other))


def _concordance(own: Floats, other: Floats) -> Floats:
    """Kendall's tau-b of columns side by side, over pairs of periods one lag after the other."""
    sums = np.zeros((3, own.shape[1]))
    for lag in range(1, len(own)):
        mine, theirs = (np.nan_to_num(np.sign(cells[lag:] - cells[:-lag])) for cells in (own, other))
        sums += [product_sums(left, right) for left, right in ((mine, theirs), (mine, mine), (theirs, theirs))]
    return quotient(sums[0], np.sqrt(sums[1]) * np.sqrt(sums[2]))


def _concordances(cells: Floats) -> Floats:
    """Kendall's tau-b of every pair of columns: products of the signs of all pairs of periods, some rows against all after them at once."""
    product, moved = (np.zeros((cells.shape[1], cells.shape[1])) for _ in range(2))
    step = max(_PAIR_CELLS // max(cells.size, 1), 1)
    for start in range(0, len(cells), step):
        rows, later = cells[start : start + step], cells[start + step :]
        for others, weight in ((rows, 0.5), (later, 1.0)):  # among themselves each pair is met twice
            apart = (rows[:, None] - others[None]).reshape(len(rows) * len(others), cells.shape[1])
            signs = np.nan_to_num(np.sign(apart).astype(np.float32))
            product += weight * (signs.T @ signs)
            moved += weight * (np.abs(signs).T @ (~np.isnan(apart)).astype(np.float32))
    return quotient(product, np.sqrt(moved) * np.sqrt(moved.T))


def _leaves(cells: Floats, method: str) -> list[int]:
    from scipy.cluster.hierarchy import leaves_list, linkage  # noqa: PLC0415  # half a second of every start

    near = np.nan_to_num(cells)
    apart = np.sqrt(np.maximum((1.0 - (near + near.T) / 2.0) / 2.0, 0.0))
    found: list[int] = leaves_list(linkage(apart[np.triu_indices(len(cells), 1)], method, optimal_ordering=True)).tolist()
    return found


TERMS: tuple[Term, ...] = (
    Term("correlation", "Correlation", ROOM, "ratio", "1 where returns move with the benchmark's, 0 where they do not heed it.",
         "Bacon, 2nd ed., ch. 4", minimum=30, relative=True),
)  # fmt: skip
