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
