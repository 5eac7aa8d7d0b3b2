"""Wealth below its running peak, and the episodes that it spends there: what the figures of drawdown are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Floats, Table, day_stamps
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.sample import Sample, quotient

PEAK_STARTS = ("one", "first")
KINDS = ("peak", "losing")
LENGTHS = ("periods", "days")
_NOISE = 1e-12  # wealth that compounding brings back to its peak misses it by the last bits

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Episodes:
    """Spells of loss of all series, one after the other.

    Attributes
    ----------
    series
        ndarray of shape (n_episodes,): column that each belongs to, ascending.
    first, last
        Place of the first and of the last period in it; the peak is the period before the first.
    depth
        Fraction < 0.
    recovered
        Whether the period after the last one made good for it.
    width
        Number of series.
    """

    series: Places
    first: Places
    last: Places
    depth: Floats
    recovered: NDArray[np.bool_]
    width: int

    def take(self, rows: Places) -> Episodes:
        """Give some of the episodes, in another order."""
        return Episodes(self.series[rows], self.first[rows], self.last[rows], self.depth[rows], self.recovered[rows], self.width)

    @property
    def end(self) -> Places:
        """Place of the recovery, or of the last period where there is none yet."""
        return self.last + self.recovered

    def lasted(self, clock: Floats | None = None) -> Floats:
        """Time from the peak to the recovery, or to the last period: in periods, or by a clock of `clock_of`."""
        if clock is None:
            return (self.end - self.first + 1).astype(np.float64)
        lasted: Floats = clock[self.end + 1] - clock[self.first]
        return lasted

    def total(self, values: Floats | NDArray[np.bool_]) -> Floats:
        """Sum values of episodes by series."""
        return np.bincount(self.series, weights=values, minlength=self.width).astype(np.float64)

    def mean(self, values: Floats, among: NDArray[np.bool_] | None = None) -> Floats:
        """Average values of episodes by series; NaN where there is none."""
        chosen = np.ones(self.series.size, dtype=bool) if among is None else among
        return quotient(self.total(np.where(chosen, values, 0.0)), self.total(chosen))


def levels_of(at: Sample, *, compounded: bool = True, peak_start: str = "one", relative: bool = True) -> Floats:
    """Fall from the running peak after each period; a missing return leaves it as it was.

    Parameters
    ----------
    at
        Returns.
    compounded
        Wealth is the product of 1 + r (default), or 1 + the sum of r.
    peak_start
        The first peak is ``one``, the wealth before the first return (default), or ``first``, the wealth after it.
    relative
        As a fraction of the peak (default), or as the difference.

    Returns
    -------
    ndarray of shape (n_periods, n_series)
        <= 0; NaN where the peak is not above zero.

    Raises
    ------
    InvalidInput
        An unknown `peak_start`.
    """
    one_of("peak_start", peak_start, PEAK_STARTS)
    return at.once(("levels", compounded, peak_start, relative), lambda: _levels(at, compounded, peak_start, relative))  # type: ignore[no-any-return]


def falls_of(at: Sample, *, compounded: bool = True, peak_start: str = "one", relative: bool = True) -> Floats:
    """Fall from the running peak after each period that has a return.

    Parameters
    ----------
    at, compounded, peak_start, relative
        As in `levels_of`.

    Returns
    -------
    ndarray of shape (n_periods, n_series)
        <= 0; NaN where there is no return.

    Raises
    ------
    InvalidInput
        An unknown `peak_start`.
    """
    levels = levels_of(at, compounded=compounded, peak_start=peak_start, relative=relative)
    return levels if at.complete else np.where(at.known, levels, np.nan)


def episodes_of(at: Sample, *, kind: str = "peak", compounded: bool = True, peak_start: str = "one") -> Episodes:
    """Find the spells of loss of every series.

    Parameters
    ----------
    at
        Returns.
    kind
        ``peak`` (default): from a peak until wealth is back at it; ``losing``: periods in a row with a return below zero.
    compounded, peak_start
        As in `levels_of`.

    Returns
    -------
    Episodes

    Raises
    ------
    InvalidInput
        An unknown choice.
    """
    one_of("episodes", kind, KINDS)
    one_of("peak_start", peak_start, PEAK_STARTS)
    work = _below_peak if kind == "peak" else _losing
    return at.once(("episodes", kind, compounded, peak_start), lambda: work(at, compounded, peak_start))  # type: ignore[no-any-return]


def valleys_of(found: Episodes, levels: Floats) -> Places:
    """Find the deepest period of every episode below a peak.

    Parameters
    ----------
    found
        Of the kind ``peak``.
    levels
        ndarray of shape (n_periods, n_series), the falls that they were found in.

    Returns
    -------
    ndarray of shape (n_episodes,)
        Places of periods; the first where several are as deep.
    """
    spans = found.last - found.first + 1
    which = np.repeat(np.arange(spans.size), spans)
    places = np.arange(which.size) - np.repeat(np.cumsum(spans) - spans, spans) + found.first[which]
    deepest = np.flatnonzero(levels[places, found.series[which]] <= found.depth[which])
    found_at: Places = places[deepest[np.searchsorted(which[deepest], np.arange(spans.size))]]
    return found_at


def clock_of(returns: Table, lengths: str) -> Floats:
    """Time at the start and after each period, in periods or in calendar days.

    Parameters
    ----------
    returns
        What came in, with dates where days are asked for.
    lengths
        ``periods`` or ``days``.

    Returns
    -------
    ndarray of shape (n_periods + 1,)
        In days the start is the first date, since that of the close before is not known.

    Raises
    ------
    InvalidInput
        An unknown choice, or days of returns without dates.
    """
    one_of("lengths", lengths, LENGTHS)
    if lengths == "periods":
        return np.arange(len(returns) + 1, dtype=np.float64)
    if not isinstance(returns, pd.Series | pd.DataFrame) or not isinstance(returns.index, pd.DatetimeIndex):
        raise InvalidInput("lengths", lengths, "the returns have no dates", hint="Give them a DatetimeIndex, or ask for periods")
    days = day_stamps(returns.index, "returns").astype(np.float64)
    return np.append(days[:1], days)


def deepest_of(at: Sample, **conventions: Any) -> Floats:  # noqa: ANN401 - those of `levels_of`
    """Deepest fall of each series.

    Parameters
    ----------
    at
        Returns.
    conventions
        As in `levels_of`.

    Returns
    -------
    ndarray of shape (n_series,)
        <= 0; NaN without any return.
    """
    def work() -> Floats:
        lowest: Floats = np.fmin.reduce(levels_of(at, **conventions), axis=0, initial=np.inf)
        return np.where((at.counts > 0) & np.isfinite(lowest), np.minimum(lowest, 0.0), np.nan)

    return at.once(("deepest", *sorted(conventions.items())), work)  # type: ignore[no-any-return]


def _levels(at: Sample, compounded: bool, peak_start: str, relative: bool) -> Floats:  # noqa: FBT001 - the key of what is kept
    wealth = at.wealth if compounded else 1.0 + np.cumsum(at.filled, axis=0)
    peak = np.maximum.accumulate(wealth, axis=0)
    if peak_start == "one":
        peak = np.maximum(peak, 1.0, out=peak)
        found: Floats = wealth / peak - 1.0 if relative else wealth - peak
        return found
    return quotient(wealth, np.where(peak > 0, peak, 0.0)) - 1.0 if relative else wealth - peak


def _below_peak(at: Sample, compounded: bool, peak_start: str) -> Episodes:  # noqa: FBT001 - the key of what is kept
    levels = levels_of(at, compounded=compounded, peak_start=peak_start)
    under = levels < -_NOISE
    if not at.complete:
        under &= np.logical_or.accumulate(at.known[::-1], axis=0)[::-1]  # what follows the last return is no time under water
    series, first, last = _runs(under)
    if not first.size:
        return Episodes(series, first, last, np.zeros(0), np.zeros(0, dtype=bool), levels.shape[1])
    flat = np.ascontiguousarray(levels.T).ravel()
    depth = np.minimum.reduceat(flat, series * len(levels) + first)
    return Episodes(series, first, last, depth, last < _last_known(at)[series], levels.shape[1])


def _losing(at: Sample, compounded: bool, peak_start: str) -> Episodes:  # noqa: ARG001, FBT001 - the same call for both kinds
    series, first, last = _runs(at.filled < 0)
    grown = at.wealth if compounded else np.cumsum(at.filled, axis=0)
    before = np.where(first > 0, grown[first - 1, series], 1.0 if compounded else 0.0) if first.size else np.zeros(0)
    after = grown[last, series] if first.size else before
    depth = quotient(after, before) - 1.0 if compounded else after - before
    return Episodes(series, first, last, depth, last < _last_known(at)[series], grown.shape[1])


def _last_known(at: Sample) -> Places:
    rows = len(at.cells)
    if at.complete or not rows:
        return np.full(at.cells.shape[1], rows - 1, dtype=np.intp)
    known: Places = rows - 1 - np.argmax(at.known[::-1], axis=0)
    return known


def _runs(under: NDArray[np.bool_]) -> tuple[Places, Places, Places]:
    """Column, first and last row of every run of True, by columns."""
    starts, ends = under.copy(), under.copy()
    starts[1:] &= ~under[:-1]
    ends[:-1] &= ~under[1:]
    rows = max(len(under), 1)
    first, last = (np.flatnonzero(np.ascontiguousarray(mask.T).ravel()) for mask in (starts, ends))
    return first // rows, first % rows, last % rows
