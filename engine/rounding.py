"""Rounding where figures become text: money to cents, and parts that still add up to their whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import InvalidInput

Floats = NDArray[np.float64]


def to_cents(values: ArrayLike, decimals: int = 2) -> Floats:
    """Round money half up, away from zero.

    Parameters
    ----------
    values
        array_like of any shape, money.
    decimals
        Minor units of the currency: 2 for most, 0 for JPY.

    Returns
    -------
    ndarray
        Same shape; NaN stays NaN.

    Notes
    -----
    Convention: 0.005 becomes 0.01 and -0.005 becomes -0.01, unlike `numpy.round` (half to even). A value whose nearest double lies
    a hair below the half (1.005) counts as the half, because that is what its sender wrote.

    Examples
    --------
    >>> to_cents([1.005, -2.675, 0.125]).tolist()
    [1.01, -2.68, 0.13]
    """
    amounts = np.asarray(values, dtype=np.float64)
    scaled = np.abs(amounts) * 10.0**decimals
    nudged = scaled + np.minimum(scaled * 4e-16, 0.25) + 0.5
    return np.copysign(np.floor(nudged) / 10.0**decimals, amounts) + 0.0


def largest_remainder(values: ArrayLike, total: float, decimals: int = 2) -> Floats:
    """Round parts so that they add up to a rounded total.

    Parameters
    ----------
    values
        array_like of shape (n_parts,), NaN for an unknown part.
    total
        What the parts add up to, in the unit of `values`.
    decimals
        Decimals of each part.

    Returns
    -------
    ndarray
        Shape (n_parts,). The known parts add up to `total` rounded by `to_cents` to the last decimal; each differs from its value
        by less than one unit of the last decimal if the values add up to the total. NaN stays NaN.

    Notes
    -----
    Convention: every part is rounded down, then the units that lack go to the largest remainders (Hamilton's method), the first of
    equal ones. A surplus beyond one unit a part (values that do not add up to the total) is spread evenly.

    Raises
    ------
    InvalidInput
        `total` is not finite while there are known parts.

    Examples
    --------
    >>> largest_remainder([33.333, 33.333, 33.334], 100.0, 1).tolist()
    [33.3, 33.3, 33.4]
    """
    parts = np.asarray(values, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(parts))
    if not known.size:
        return parts.copy()
    if not np.isfinite(total):
        raise InvalidInput("total", total, "not a finite number")
    unit = 10.0**decimals
    scaled = parts[known] * unit
    floors = np.floor(scaled + 1e-9)
    lacking = round(float(to_cents(total, decimals)) * unit - floors.sum())
    each, rest = divmod(lacking, known.size)
    floors += each
    floors[np.argsort(floors - scaled, kind="stable")[:rest]] += 1.0
    rounded = parts.copy()
    rounded[known] = floors / unit
    return rounded


def largest_remainders(values: ArrayLike, totals: ArrayLike, group: ArrayLike, decimals: int = 2) -> Floats:
    """Round the parts of many wholes, each as `largest_remainder` does.

    Parameters
    ----------
    values
        array_like of shape (n_parts,), NaN for an unknown part; the parts of one whole stand together.
    totals
        array_like of shape (n_wholes,): what the parts of each add up to, in the unit of `values`.
    group
        array_like of shape (n_parts,) of int, ascending: the place in `totals` of each part's whole.
    decimals
        Decimals of each part.

    Returns
    -------
    ndarray
        Shape (n_parts,). The known parts of each whole add up to its rounded total; NaN stays NaN.

    Notes
    -----
    Convention: as `largest_remainder`; a whole whose total is not finite leaves its parts NaN.

    Examples
    --------
    >>> largest_remainders([33.333, 33.333, 33.334, 1.26, 1.24], [100.0, 2.5], [0, 0, 0, 1, 1], 1).tolist()
    [33.3, 33.3, 33.4, 1.3, 1.2]
    """
    parts, wholes, places = np.asarray(values, dtype=np.float64), np.asarray(totals, dtype=np.float64), np.asarray(group, dtype=np.int64)
    known = np.flatnonzero(np.isfinite(parts) & np.isfinite(wholes)[places])
    of, unit = places[known], 10.0**decimals
    scaled = parts[known] * unit
    floors = np.floor(scaled + 1e-9)
    count = np.bincount(of, minlength=wholes.size)
    lacking = np.round(to_cents(np.nan_to_num(wholes), decimals) * unit - np.bincount(of, floors, wholes.size)).astype(np.int64)
    each, rest = np.divmod(lacking, np.maximum(count, 1))
    floors += each[of]
    order = np.lexsort((floors - scaled, of))
    floors[order] += np.arange(known.size) - (np.cumsum(count) - count)[of[order]] < rest[of[order]]
    rounded = np.full(parts.shape, np.nan)
    rounded[known] = floors / unit
    return rounded
