"""Returns beside a benchmark's, with what the relative figures need of them: each worked out once, and only when a figure asks.

Where every series has returns on the same periods, the benchmark stays one column, and what is of it alone is worked out once.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Floats, Table, cells_of, product_sums
from engine.errors import MisalignedSeries
from engine.returns import one_of
from engine.risk.sample import RATE_BASES, Sample, quotient

ZEROS = ("up", "down", "neither")
ALPHAS = ("compounded", "arithmetic", "annualised")
NOISE = 1e-13  # of a sum of squares: what is left of it by subtraction is rounding, not risk

Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Pair:
    """Columns of returns and the benchmark's over the periods that both have.

    Attributes
    ----------
    own
        Sample of shape (n_periods, n_series).
    theirs
        Sample of shape (n_periods, 1) or (n_periods, n_series), NaN where `own` is.
    rates
        Risk-free rate of each period, shape (n_periods or 1, 1); None for 0.
    """

    def __init__(self, own: Sample, theirs: Sample, rates: Floats | None = None) -> None:
        self.rates = None if rates is None or not rates.any() else rates
        self.errors: dict[tuple[str, int | None], tuple[Floats, Floats]] = {}  # of alpha and beta, by how they are measured
        unknown = ~own.known | ~theirs.known if self.rates is None else ~own.known | ~theirs.known | np.isnan(self.rates)
        if not unknown.any():
            self.own, self.theirs = own, theirs
            return
        self.own = Sample(np.where(unknown, np.nan, own.cells))
        same = theirs.cells.shape[1] == 1 and np.array_equal(unknown.any(axis=1), unknown.all(axis=1))
        self.theirs = Sample(np.where(unknown[:, :1] if same else unknown, np.nan, theirs.cells))

    @cached_property
    def counts(self) -> Floats:
        """Periods that both have, shape (n_series,)."""
        return self.own.counts

    @cached_property
    def excess(self) -> Sample:
        """Returns above the risk-free rate."""
        return self.own if self.rates is None else Sample(self.own.cells - self.rates)

    @cached_property
    def market(self) -> Sample:
        """The benchmark's above the risk-free rate."""
        return self.theirs if self.rates is None else Sample(self.theirs.cells - self.rates)

    @cached_property
    def active(self) -> Sample:
        """Returns less the benchmark's."""
        return Sample(self.own.cells - self.theirs.cells)

    @cached_property
    def relative(self) -> Sample:
        """Wealth relative to the benchmark's, less one; NaN where the benchmark lost everything."""
        return Sample(quotient(1.0 + self.own.cells, np.maximum(1.0 + self.theirs.cells, 0.0)) - 1.0)

    @cached_property
    def products(self) -> Floats:
        """Sum of the products of what both are away from their means."""
        return dots(self.market.centred, self.excess.centred)

    @cached_property
    def beta(self) -> Floats:
        """Slope of the excess returns on the benchmark's; NaN where the benchmark stood still."""
        return quotient(self.products, self.market.squares)

    @cached_property
    def alpha(self) -> Floats:
        """Intercept, of a period."""
        found: Floats = self.excess.mean - self.beta * self.market.mean
        return found

    @cached_property
    def residual_squares(self) -> Floats:
        """Sum of the squares of what the line does not explain; exactly 0 where only rounding is left."""
        left: Floats = self.excess.squares - self.beta * self.products
        return np.where(left <= NOISE * self.excess.squares, 0.0 * left, left)

    @cached_property
    def residuals(self) -> Floats:
        """What the line does not explain of each period, 0 where nothing is known."""
        found: Floats = self.excess.centred - self.beta * self.market.centred
        return found

    def specific(self, ddof: int) -> Floats:
        """Deviation of the residuals of a period; NaN where not more than `ddof` are known."""
        return np.sqrt(self.residual_squares / self.own.atleast(max(ddof + 1, 2), less=ddof))

    def up(self, zero: str) -> Mask:
        """Periods in which the benchmark rose; `zero` says what one is in which it stood still."""
        return self._way(self.theirs.cells, "up", zero)

    def down(self, zero: str) -> Mask:
        """Periods in which the benchmark fell."""
        return self._way(self.theirs.cells, "down", zero)

    def side(self, way: str, zero: str) -> Mask:
        """Periods in which the benchmark was above, or below, the risk-free rate."""
        return self._way(self.market.cells, way, zero)

    def _way(self, cells: Floats, way: str, zero: str) -> Mask:
        one_of("zero", zero, ZEROS)
        chosen: Mask = cells > 0 if way == "up" else cells < 0
        return chosen | (cells == 0) if zero == way else chosen

    @cached_property
    def logs(self) -> tuple[Floats, Floats]:
        """ln(1 + r) of both, 0 where nothing is known or everything was lost."""
        own, theirs = (side.filled if not side.losses_everything.any() else np.where(side.filled <= -1.0, 0.0, side.filled)
                       for side in (self.own, self.theirs))
        return np.log1p(own), np.log1p(theirs)

    @cached_property
    def packed(self) -> tuple[Floats, Floats]:
        """Known returns of both with those that are missing moved to the end, where they are 0."""
        own, theirs = self.own, self.theirs
        if own.known.all():
            return own.cells, theirs.cells
        order = np.argsort(~own.known, axis=0, kind="stable")
        wide = np.broadcast_to(theirs.filled, own.cells.shape)
        return np.take_along_axis(own.filled, order, axis=0), np.take_along_axis(wide, order, axis=0)


def dots(left: Floats | Mask, right: Floats | Mask) -> Floats:
    """Give the sums of the products of columns; a single column goes with every other.

    Parameters
    ----------
    left, right
        Of shape (n_periods, 1) or (n_periods, n_series), without NaN.

    Returns
    -------
    ndarray of shape (n_series,)
    """
    one, other = (np.asarray(side, dtype=np.float64) for side in (left, right))
    if one.shape[1] == 1 and other.shape[1] > 1:
        return np.asarray(one[:, 0] @ other)
    if other.shape[1] == 1 and one.shape[1] > 1:
        return np.asarray(other[:, 0] @ one)
    return np.asarray(product_sums(one, other))


def beside(
    returns: Table,
    benchmark_returns: Table,
    *,
    risk_free: float | Table = 0.0,
    risk_free_basis: str = "period",
    periods_per_year: float = 252,
) -> Pair:
    """Read returns and a benchmark's.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.
    risk_free
        One rate, default 0, or a series of one a period.
    risk_free_basis
        The rate is one of a ``period`` (default) or of a ``year``, then compounded down to the period.
    periods_per_year
        252 (default) for trading days, 12 for months; for a rate of a year.

    Returns
    -------
    Pair
        Of the periods that both have.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown basis.
    MisalignedSeries
        Another number of periods, or other labels: with how many each has, and how many both.

    Examples
    --------
    >>> round(float(beside([0.02, 0.01, 0.03], [0.01, 0.0, 0.02]).beta[0]), 6)
    1.0
    """
    own, theirs = cells_of(returns), beside_cells(returns, benchmark_returns, "benchmark_returns")
    return Pair(Sample(own), Sample(theirs), rates_beside(returns, risk_free, risk_free_basis, periods_per_year))


def beside_cells(returns: Table, other: Table, name: str) -> Floats:
    """Read cells that must lie beside returns.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    other
        One for each period, or one a series.
    name
        Name for the error.

    Returns
    -------
    ndarray of shape (n_periods, 1) or (n_periods, n_series)

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        Another number of periods, or other labels.
    """
    cells = cells_of(other, name)
    _check(returns, other, cells_of(returns).shape, cells, name)
    return cells


def rates_beside(returns: Table, risk_free: float | Table, risk_free_basis: str, periods_per_year: float) -> Floats:
    """Read the risk-free rate of each period of returns.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    risk_free, risk_free_basis, periods_per_year
        As in `beside`.

    Returns
    -------
    ndarray of shape (n_periods or 1, 1 or n_series)

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `beside`.
    """
    one_of("risk_free_basis", risk_free_basis, RATE_BASES)
    rates = np.full((1, 1), float(risk_free)) if isinstance(risk_free, int | float) else beside_cells(returns, risk_free, "risk_free")
    return np.expm1(np.log1p(np.where(rates > -1.0, rates, np.nan)) / periods_per_year) if risk_free_basis == "year" else rates


def a_year_of(periodic: Floats, periods_per_year: float, method: str) -> Floats:
    """Make a mean of a period one of a year: times the periods, or compounded; NaN for a loss of everything.

    Parameters
    ----------
    periodic
        ndarray of shape (n_series,), of a period, fraction.
    periods_per_year
        252 for trading days.
    method
        ``compounded`` or ``arithmetic``.

    Returns
    -------
    ndarray of shape (n_series,)
        A year, fraction.
    """
    if method == "arithmetic":
        return np.asarray(periodic * periods_per_year)
    grown: Floats = np.expm1(periods_per_year * np.log1p(np.where(periodic > -1.0, periodic, np.nan)))
    return grown


def grown_a_year(side: Sample, periods_per_year: float) -> Floats:
    """Give the compounded return a year; -1 once everything was lost.

    Parameters
    ----------
    side
        Returns of shape (n_periods, n_series).
    periods_per_year
        252 for trading days.

    Returns
    -------
    ndarray of shape (n_series,)
        Fraction a year.
    """
    if not len(side.cells):
        return np.full(side.cells.shape[1], np.nan)
    found: Floats = np.expm1(periods_per_year * side.log_growth[-1] / side.atleast(1))
    return found


def _check(returns: Table, other: Table, own: tuple[int, ...], cells: Floats, name: str) -> None:
    if len(cells) != own[0] or cells.shape[1] not in {1, own[1]}:
        raise MisalignedSeries("returns", name, reason=f"{own} against {cells.shape}")
    sides: list[Any] = [returns, other]
    if all(isinstance(side, pd.Series | pd.DataFrame) for side in sides) and not sides[0].index.equals(sides[1].index):
        shared = len(sides[0].index.intersection(sides[1].index))
        raise MisalignedSeries("returns", name, reason=f"their labels differ: {shared} of {own[0]} are in both")
