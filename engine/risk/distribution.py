"""What returns looked like: how often each size came, the curves that fit them, and how fat both tails are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaln, ndtri, stdtrit

from engine.columns import Floats, Table, cells_of
from engine.errors import InsufficientHistory, InvalidInput
from engine.risk.sample import Sample
from engine.risk.student import fitted_student
from engine.risk.tail_index import hill_tail_index_of, tail_fit

_FEWEST = 2
_BINS = (5, 60)
_FLAT = 5e-4  # half the width of the one bin of returns that are all the same
_SHARES = np.concatenate([[0.001, 0.005], np.arange(0.01, 0.995, 0.01), [0.995, 0.999]])


@dataclass(frozen=True)
class Distribution:
    """How often returns of each size came, and what fits them.

    Attributes
    ----------
    observations
        Returns that are known.
    histogram
        DataFrame, a row a bin: `left right count density`, the density such that the areas of all bars sum to 1.
    curves
        DataFrame, index: return; `normal student_t kernel`: densities of the two fitted distributions and of the returns smoothed.
    quantiles
        DataFrame, index: probability; `observed normal student_t`: returns not exceeded with it.
    fits
        DataFrame, rows `normal student_t`: `location scale degrees_of_freedom`, and `log_likelihood` of the returns under it.
    tails
        DataFrame, rows `lower upper`: `threshold shape scale share` of a fitted Pareto tail, and `hill_tail_index`.
    """

    observations: int
    histogram: pd.DataFrame
    curves: pd.DataFrame
    quantiles: pd.DataFrame
    fits: pd.DataFrame
    tails: pd.DataFrame


def return_distribution(returns: Table, *, bins: int | None = None, points: int = 201, tail_share: float = 0.1) -> Distribution:
    """Tell how the returns of one series are distributed.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,), fraction, or a frame of one column.
    bins
        Bars of the histogram; default by the quartiles, 5 to 60.
    points
        Of the curves, default 201.
    tail_share
        Of the returns that count as a tail, default 0.1; half of it for the index of Hill.

    Returns
    -------
    Distribution

    Notes
    -----
    Convention: the normal has the mean and the sample deviation of the returns, Student's is fitted by maximum likelihood, the kernel is a
    normal of Silverman's width. Missing returns are left out. Where returns do not differ, curves and fits are NaN.

    Raises
    ------
    InvalidInput
        A cell is not a number, more than one series, fewer than one bin or two points, or a share outside of 0 to 1.
    InsufficientHistory
        Fewer than two returns.

    References
    ----------
    Freedman and Diaconis 1981, "On the histogram as a density estimator"; Silverman 1986, Density Estimation, eq. 3.31.

    Examples
    --------
    >>> told = return_distribution([0.01, -0.01, 0.03, 0.02, -0.02, 0.0], bins=5)
    >>> told.histogram["count"].tolist(), told.observations
    ([1, 1, 1, 1, 2], 6)
    """
    at = _one_series(returns, bins, points)
    known = at.ordered[: int(at.counts[0]), 0]
    fits = _fits(at, known)
    places = np.linspace(*_span(known), points)
    curves = pd.DataFrame(_densities(fits, places) | {"kernel": _smoothed(known, places)}, index=pd.Index(places, name="return"))
    tails = pd.DataFrame({side: _tail(at, side, tail_share) for side in ("lower", "upper")}).T
    return Distribution(len(known), return_histogram(known, bins=bins), curves, _quantiles(at, fits), fits, tails)


def return_histogram(returns: Table, *, bins: int | None = None) -> pd.DataFrame:
    """Count returns by their size.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,), fraction, or a frame of one column.
    bins
        How many bars; default by the quartiles, 5 to 60.

    Returns
    -------
    DataFrame
        A row a bin: `left right count density`; a return on an edge counts to the right, the highest to the last.

    Notes
    -----
    Convention: bars of one width from the lowest to the highest return; 2 IQR / T^(1/3) wide by default.

    Raises
    ------
    InvalidInput
        A cell is not a number, more than one series, or fewer than one bin.
    InsufficientHistory
        Fewer than two returns.

    References
    ----------
    Freedman and Diaconis 1981, "On the histogram as a density estimator".

    Examples
    --------
    >>> return_histogram([0.01, -0.01, 0.03, 0.02], bins=2)["count"].tolist()
    [1, 3]
    """
    at = _one_series(returns, bins)
    known = at.ordered[: int(at.counts[0]), 0]
    low, high = float(known[0]), float(known[-1])
    if low == high:
        low, high, bins = low - _FLAT, high + _FLAT, 1
    counts, edges = np.histogram(known, bins=bins or _bins(at, high - low), range=(low, high))
    density = counts / len(known) / np.diff(edges)
    return pd.DataFrame({"left": edges[:-1], "right": edges[1:], "count": counts, "density": density})


def _one_series(returns: Table, bins: int | None, points: int = 2) -> Sample:
    cells = cells_of(returns)
    if cells.shape[1] != 1:
        raise InvalidInput("returns", cells.shape, f"are {cells.shape[1]} series", hint="Give one of them")
    for field, number, least in (("bins", bins, 1), ("points", points, 2)):
        if number is not None and number < least:
            raise InvalidInput(field, number, f"is below {least}", hint="Leave it empty")
    at = Sample(cells)
    if at.counts[0] < _FEWEST:
        raise InsufficientHistory("return_distribution", needed=_FEWEST, found=int(at.counts[0]))
    return at


def _bins(at: Sample, reach: float) -> int:
    quartiles = float(at.quantile(0.75)[0] - at.quantile(0.25)[0])
    width = 2.0 * quartiles / float(at.counts[0]) ** (1.0 / 3.0)
    return int(np.clip(np.ceil(reach / width), *_BINS)) if width > reach / _BINS[1] else _BINS[1]


def _span(known: Floats) -> tuple[float, float]:
    """From a little below the lowest return to a little above the highest."""
    margin = max(0.05 * float(known[-1] - known[0]), _FLAT)
    return float(known[0]) - margin, float(known[-1]) + margin


def _fits(at: Sample, known: Floats) -> pd.DataFrame:
    flat = bool(at.squares[0] <= 0)
    location, scale, degrees = (float(part[0]) for part in fitted_student(at))
    rows = {"normal": [float(at.mean[0]), float(at.deviation()[0]), np.inf], "student_t": [location, scale, degrees]}
    fits = pd.DataFrame(rows, index=["location", "scale", "degrees_of_freedom"]).T
    likely = {name: np.nan if flat else float(np.log(density).sum()) for name, density in _densities(fits, known).items()}
    return fits.assign(log_likelihood=pd.Series(likely))


def _densities(fits: pd.DataFrame, places: Floats) -> dict[str, Floats]:
    return {str(name): _density(places, *row) for name, row in zip(fits.index, fits.to_numpy(dtype=np.float64)[:, :3], strict=True)}


def _density(places: Floats, location: float, scale: float, degrees: float) -> Floats:
    """Density of a Student-t, or of a normal for infinite degrees; NaN where there is no scale."""
    if not scale > 0:
        return np.full(len(places), np.nan)
    scores = (places - location) / scale
    found: Floats = _student(scores, degrees) / scale if np.isfinite(degrees) else np.exp(-0.5 * scores**2) / np.sqrt(2.0 * np.pi) / scale
    return found


def _student(scores: Floats, degrees: float) -> Floats:
    constant = gammaln((degrees + 1.0) / 2.0) - gammaln(degrees / 2.0) - 0.5 * np.log(degrees * np.pi)
    found: Floats = np.exp(constant - (degrees + 1.0) / 2.0 * np.log1p(scores**2 / degrees))
    return found


def _smoothed(known: Floats, places: Floats) -> Floats:
    """Density of the returns, each spread out as a small normal."""
    quartiles = np.subtract(*np.quantile(known, [0.75, 0.25])) / 1.34
    deviation = known.std(ddof=1)
    width = 0.9 * (min(deviation, quartiles) if quartiles > 0 else deviation) / len(known) ** 0.2
    if width <= 0:
        return np.full(len(places), np.nan)
    found: Floats = np.exp(-0.5 * ((places[:, None] - known) / width) ** 2).mean(axis=1) / (width * np.sqrt(2.0 * np.pi))
    return found


def _quantiles(at: Sample, fits: pd.DataFrame) -> pd.DataFrame:
    observed = [float(at.quantile(share)[0]) for share in _SHARES]
    normal, student = fits.loc["normal"], fits.loc["student_t"]
    return pd.DataFrame(
        {
            "observed": observed,
            "normal": normal["location"] + normal["scale"] * ndtri(_SHARES),
            "student_t": student["location"] + student["scale"] * stdtrit(student["degrees_of_freedom"], _SHARES),
        },
        index=pd.Index(_SHARES, name="probability"),
    )


def _tail(at: Sample, side: str, share: float) -> dict[str, float]:
    fitted = tail_fit(at.cells[:, 0], share=share, side=side).to_dict()
    return {str(name): float(value) for name, value in fitted.items()} | {"hill_tail_index": float(hill_tail_index_of(at, share / 2.0, side)[0])}
