"""Student's distribution fitted to returns: where they lie, how wide, and how fat their tails are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import gammaln

from engine.columns import Floats, Table
from engine.risk.sample import Sample, sample
from engine.risk.shape import second_moment
from engine.risk.var.search import least

MOST_DEGREES = 200.0  # from there on it is a normal distribution to any eye
_FEWEST = 10
_ROUNDS = 200
_NEAR = 1e-10
_TRIALS = np.log(np.geomspace(0.5, MOST_DEGREES, 19))
Known = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def student_t_fit(returns: Table) -> pd.Series | pd.DataFrame:
    """Fit a Student-t distribution to returns.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    Series or DataFrame
        `location scale degrees_of_freedom`; a frame has a row a series. NaN for fewer than ten returns and where all are the same.

    Notes
    -----
    Convention: maximum likelihood, location and scale by weights that fall with the distance; degrees of freedom between 0.5 and 200, which
    stands for a normal.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Lange, Little and Taylor 1989, "Robust statistical modeling using the t distribution", Journal of the American Statistical Association
    84, eq. 3.

    Examples
    --------
    >>> student_t_fit(np.random.default_rng(1).standard_t(4, 1000) * 0.01).round(2).to_dict()
    {'location': 0.0, 'scale': 0.01, 'degrees_of_freedom': 3.89}
    """
    location, scale, degrees = fitted_student(sample(returns))
    names = returns.columns if isinstance(returns, pd.DataFrame) else pd.RangeIndex(len(location))
    found = pd.DataFrame({"location": location, "scale": scale, "degrees_of_freedom": degrees}, index=names)
    return found.iloc[0].rename(None) if np.ndim(returns) == 1 else found


def fitted_student(at: Sample) -> tuple[Floats, Floats, Floats]:
    """Fit every column at once.

    Parameters
    ----------
    at
        Returns.

    Returns
    -------
    tuple of ndarray
        Location, scale and degrees of freedom, shape (n_series,) each.
    """
    held = (at.counts >= _FEWEST) & (second_moment(at) > 0)
    fitted = np.full((3, len(held)), np.nan)
    if held.any():
        width = at.deviation(0)[held]
        known, counts = at.known[:, held], at.counts[held]
        cells = at.centred[:, held] / width  # in units of the deviation, so that one precision fits all
        location, scale, degrees = _climbed(cells, known, counts)
        fitted[:, held] = at.mean[held] + location * width, scale * width, degrees
    return fitted[0], fitted[1], fitted[2]


def _climbed(cells: Floats, known: Known, counts: Floats) -> tuple[Floats, Floats, Floats]:
    """Search for the degrees; location and scale follow them, each time from where they were."""
    place = [np.zeros(len(counts)), np.full(len(counts), 0.8)]

    def unlikely(trial: Floats) -> Floats:
        degrees = np.exp(trial)
        place[:] = _settled(cells, known, counts, degrees, place)
        squares = np.where(known, ((cells - place[0]) / place[1]) ** 2, 0.0)
        constant = gammaln((degrees + 1.0) / 2.0) - gammaln(degrees / 2.0) - 0.5 * np.log(degrees)
        return np.asarray((degrees + 1.0) / 2.0 * np.log1p(squares / degrees).sum(axis=0) / counts - constant + np.log(place[1]))

    degrees = np.exp(least(unlikely, _TRIALS, len(counts)))
    location, scale = _settled(cells, known, counts, degrees, place)
    return location, scale, degrees


def _settled(cells: Floats, known: Known, counts: Floats, degrees: Floats, place: list[Floats]) -> tuple[Floats, Floats]:
    """Location and scale that are most likely with some degrees of freedom: what lies far out weighs less."""
    location, scale = place
    for _ in range(_ROUNDS):
        weights = np.where(known, (degrees + 1.0) / (degrees + ((cells - location) / scale) ** 2), 0.0)
        moved = (weights * cells).sum(axis=0) / weights.sum(axis=0)
        wide = np.sqrt((weights * (cells - moved) ** 2).sum(axis=0) / counts)
        still = max(float(np.abs(moved - location).max()), float(np.abs(wide - scale).max())) < _NEAR
        location, scale = moved, wide
        if still:
            break
    return location, scale
