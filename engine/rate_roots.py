"""Where an exponential sum is zero: every rate at which dated flows come out even."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pyxirr
from numpy.typing import NDArray

from engine.columns import Floats, day_stamps
from engine.errors import InvalidInput

DAY_COUNTS: Mapping[str, str] = {
    "act/365": "act/365f",
    "act/360": "act/360",
    "30/360": "30/360 isda",
    "30e/360": "30e/360",
    "act/act": "act/act isda",
    "act/365.25": "act/365.25",
    "act/364": "act/364",
    "nl/365": "nl/365",
    "nl/360": "nl/360",
    "30u/360": "30u/360",
    "30e/360 isda": "30e/360 isda",
    "30e+/360": "30e+/360",
}

_ALIASES: Mapping[str, str] = {
    "act/365f": "act/365", "act/365 fixed": "act/365", "act/act isda": "act/act", "30/360 isda": "30/360", "bond basis": "30/360",
    "eurobond basis": "30e/360", "30/360 sia": "30u/360", "30/360 us": "30u/360",
}  # fmt: skip

_GRID = np.concatenate([-np.geomspace(1e5, 1e-6, 1500), [0.0], np.geomspace(1e-6, 1e5, 1500)])
_SAME = 1e-6


def year_fractions(days: Any, day_count: str = "act/365") -> Floats:  # noqa: ANN401 - whatever holds dates
    """Years from the first of some days to each of them.

    Parameters
    ----------
    days
        Dates, the first of them the beginning.
    day_count
        As in `xirr`.

    Returns
    -------
    ndarray of shape (n_days,)
        Years.

    Raises
    ------
    InvalidInput
        An unknown day count, or what are no dates.

    References
    ----------
    2006 ISDA Definitions, section 4.16.

    Examples
    --------
    >>> year_fractions(["2024-01-31", "2024-03-31"], "30/360").round(6).tolist()
    [0.0, 0.166667]
    """
    day_count = day_count_named(day_count)
    stamps = day_stamps(days)
    if day_count in {"act/365", "act/360", "act/365.25"}:
        length: Floats = (stamps - stamps[:1]).astype(np.float64)
        return length / float(day_count.removeprefix("act/"))
    plain: list[date] = stamps.tolist()
    return np.array([pyxirr.year_fraction(plain[0], each, DAY_COUNTS[day_count]) for each in plain], dtype=np.float64)


def day_count_named(text: str) -> str:
    """Find a day count by its name, in any case of letters and by the names that ISDA and spreadsheets have for it.

    Parameters
    ----------
    text
        Such as ``act/365``, ``ACT/365F``, ``Actual/Actual``.

    Returns
    -------
    str
        One of `DAY_COUNTS`.

    Raises
    ------
    InvalidInput
        There is none of that name.

    References
    ----------
    2006 ISDA Definitions, section 4.16.

    Examples
    --------
    >>> day_count_named("Actual/365 (Fixed)"), day_count_named("30E/360")
    ('act/365', '30e/360')
    """
    plain = " ".join(str(text).lower().replace("actual", "act").replace("(", " ").replace(")", " ").split())
    name = _ALIASES.get(plain, plain)
    if name not in DAY_COUNTS:
        raise InvalidInput("day_count", text, f"{text} is not a day count", hint=f"Use one of {', '.join(DAY_COUNTS)}")
    return name


def even_growths(days: NDArray[np.datetime64], flows: Floats, years: Floats, day_count: str) -> tuple[float, ...]:
    """Find every growth over the whole span at which flows come out even.

    Parameters
    ----------
    days
        ndarray of shape (n_flows,), ascending.
    flows
        ndarray of shape (n_flows,), of both signs.
    years
        What `year_fractions` tells of the days.
    day_count
        As in `xirr`.

    Returns
    -------
    tuple of float
        Natural logarithms of the growth from the first day to the last, ascending.
    """
    if not len(years) or not years[-1] > 0:
        return ()
    return _quick(days, flows, years, day_count) or _roots(flows, years)


def _quick(days: NDArray[np.datetime64], flows: Floats, years: Floats, day_count: str) -> tuple[float, ...]:
    """Find the root by the quick finder where there can be no other: after one change of sign, or where money is never owed on the way."""
    rate = pyxirr.xirr(days.tolist(), flows.tolist(), day_count=DAY_COUNTS[day_count_named(day_count)], silent=True)
    if rate is None or not np.isfinite(rate) or rate <= -1 or not _holds(flows, years, float(rate)):
        return ()
    alone = _changes(flows) == 1 or _one_way(flows, years, float(rate))
    return (float(np.log1p(rate) * years[-1]),) if alone else ()


def _one_way(flows: Floats, years: Floats, rate: float) -> bool:
    """Whether the balance at a rate has one sign until the end, which makes the rate the only one (Soper 1959)."""
    with np.errstate(over="ignore"):
        balance = np.cumsum(flows * np.exp(-np.log1p(rate) * years))[:-1]
    return bool((balance < 0).all() or (balance > 0).all())


def _holds(flows: Floats, years: Floats, rate: float) -> bool:
    """Whether the flows come out even at a rate, against the size of what is summed."""
    with np.errstate(over="ignore"):
        present = flows * np.exp(-np.log1p(rate) * years)
    return bool(abs(present.sum()) <= 1e-9 * np.abs(present).max())


def _changes(flows: Floats) -> int:
    signs = np.sign(flows[flows != 0])
    return int((signs[1:] != signs[:-1]).sum())


def _roots(flows: Floats, years: Floats) -> tuple[float, ...]:
    """Find them by changes of sign, from a growth of exp(-100000) to exp(100000): a day's and a decade's flows look alike there."""
    share = years / years[-1]

    def left(growth: Floats) -> Floats:
        exponents = -np.multiply.outer(growth, share)
        scaled: Floats = np.exp(exponents - exponents.max(axis=-1, keepdims=True)) @ flows
        return scaled

    size = float(np.abs(flows).max())
    points = np.sort(np.concatenate([_GRID, _turning(left, left(_GRID), 0.01 * size)]))
    heights = left(points)
    found = points[np.abs(heights) <= 1e-13 * size].tolist()
    crossed = np.flatnonzero(np.sign(heights[:-1]) * np.sign(heights[1:]) < 0)
    found += _between_signs(left, points[crossed], points[crossed + 1]).tolist()
    return _distinct(found)


def _between_signs(left: Callable[[Floats], Floats], low: Floats, high: Floats) -> Floats:
    """Halve every stretch until its ends are neighbours."""
    if not low.size:
        return low
    signs = np.sign(left(low))
    for _ in range(200):
        middle = 0.5 * (low + high)
        same = np.sign(left(middle)) == signs
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.add(low, high, dtype=np.float64) / 2


def _turning(left: Callable[[Floats], Floats], heights: Floats, limit: float) -> Floats:
    """Find places where the curve comes near zero without crossing it between two points of the grid: roots may hide in pairs there."""
    size, signs = np.abs(heights), np.sign(heights)
    same = (signs[1:-1] == signs[:-2]) & (signs[1:-1] == signs[2:])
    falls, rises = size[1:-1] < 0.999999 * size[:-2], size[1:-1] < 0.999999 * size[2:]
    lowest = (falls & (size[1:-1] <= size[2:])) | (rises & (size[1:-1] <= size[:-2]))
    near = np.flatnonzero(same & lowest & (size[1:-1] < limit)) + 1
    low, high = _GRID[near - 1], _GRID[near + 1]
    ratio = (5**0.5 - 1) / 2
    for _ in range(80 if near.size else 0):  # the golden section
        inner, outer = high - ratio * (high - low), low + ratio * (high - low)
        falling = np.abs(left(inner)) < np.abs(left(outer))
        low, high = np.where(falling, low, inner), np.where(falling, outer, high)
    middle: Floats = 0.5 * (low + high)
    return middle


def _distinct(growths: list[float]) -> tuple[float, ...]:
    kept: list[float] = []
    for growth in sorted(growths):
        if not kept or growth - kept[-1] > _SAME * max(1.0, abs(growth)):
            kept.append(growth)
    return tuple(kept)
