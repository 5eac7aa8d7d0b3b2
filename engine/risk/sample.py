"""Returns in columns, with what many figures need of them: each worked out once, and only when a figure asks.

A public figure is one line on a sample, so that the whole sheet is many figures on one sample.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Floats, Table, cells_of, product_sums
from engine.errors import InvalidInput, MisalignedSeries
from engine.returns import one_of

RATE_BASES = ("period", "year")
KINDS = ("simple", "log")
INTERPOLATIONS = ("linear", "lower", "higher")


class Sample:
    """Columns of returns, NaN where there is none.

    Attributes
    ----------
    cells
        ndarray of shape (n_periods, n_series), simple returns, fraction.
    """

    def __init__(self, cells: Floats) -> None:
        self.cells = cells
        self._worked_out: dict[Any, Any] = {}

    def once(self, key: Any, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever a figure keeps
        """Give what was worked out under a key, or work it out: for what several figures of one module share."""
        if key not in self._worked_out:
            self._worked_out[key] = work()
        return self._worked_out[key]

    @cached_property
    def known(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Where a return is, shape (n_periods, n_series)."""
        return ~np.isnan(self.cells)

    @cached_property
    def complete(self) -> bool:
        """Whether every return is known: then nothing has to be left out, which saves passes."""
        return bool(self.known.all())

    @cached_property
    def counts(self) -> Floats:
        """How many are known, shape (n_series,), float."""
        found: Floats = np.count_nonzero(self.known, axis=0).astype(np.float64)
        return found

    @cached_property
    def filled(self) -> Floats:
        """The cells with 0 where nothing is known."""
        return self.cells if self.complete else np.where(self.known, self.cells, 0.0)

    @cached_property
    def mean(self) -> Floats:
        """Arithmetic mean of the known; NaN where none is."""
        found: Floats = self.filled.sum(axis=0) / self.atleast(1)
        return found

    @cached_property
    def centred(self) -> Floats:
        """The cells less their mean, 0 where nothing is known."""
        centred: Floats = self.cells - self.mean
        return centred if self.complete else np.where(self.known, centred, 0.0)

    @cached_property
    def squares(self) -> Floats:
        """Sum of the squares of `centred`; exactly 0 where all returns are the same."""
        sums = product_sums(self.centred, self.centred)
        return np.where(self.lowest == self.highest, 0.0, sums)

    @cached_property
    def ranked(self) -> Floats:
        """The cells of `ordered` with 0 where nothing is known, for sums weighted by rank."""
        ranked: Floats = np.where(np.isnan(self.ordered), 0.0, self.ordered)
        return ranked

    @cached_property
    def ordered(self) -> Floats:
        """Each column ascending, NaN last."""
        ordered: Floats = np.sort(self.cells, axis=0)
        return ordered

    @cached_property
    def lowest(self) -> Floats:
        """Smallest return, NaN where none is known."""
        lowest: Floats = np.fmin.reduce(self.cells, axis=0, initial=np.nan)
        return lowest

    @cached_property
    def highest(self) -> Floats:
        """Largest return, NaN where none is known."""
        highest: Floats = np.fmax.reduce(self.cells, axis=0, initial=np.nan)
        return highest

    @cached_property
    def losses_everything(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether a return of -1 or less is among them: from there wealth has no growth."""
        return np.asarray(self.lowest <= -1.0)

    @cached_property
    def log_growth(self) -> Floats:
        """Running sum of ln(1 + r), shape (n_periods, n_series); -inf from a total loss on."""
        with np.errstate(divide="ignore"):
            grown: Floats = np.cumsum(np.log1p(np.maximum(self.filled, -1.0)), axis=0)
        return grown

    @cached_property
    def wealth(self) -> Floats:
        """Running product of 1 + r, shape (n_periods, n_series); a missing return leaves it as it was."""
        found: Floats = np.asarray(np.cumprod(1.0 + self.filled, axis=0), dtype=np.float64)
        return found

    @cached_property
    def falls(self) -> Floats:
        """Wealth over its running peak less 1, the first peak 1, shape (n_periods, n_series); <= 0, NaN where nothing is known."""
        peak = np.maximum(np.maximum.accumulate(self.wealth, axis=0), 1.0)
        falls: Floats = self.wealth / peak - 1.0
        return falls if self.complete else np.where(self.known, falls, np.nan)

    def atleast(self, least: float, *, less: float = 0.0) -> Floats:
        """Give the counts less something as a divisor, NaN where fewer than `least` are known."""
        divisor: Floats = self.once(("atleast", least, less), lambda: np.where(self.counts >= least, self.counts - less, np.nan))
        return divisor

    def variance(self, ddof: int = 1) -> Floats:
        """Mean square of `centred`; NaN where not more than `ddof` are known."""
        found: Floats = self.once(("variance", ddof), lambda: self.squares / self.atleast(ddof + 1, less=ddof))
        return found

    def deviation(self, ddof: int = 1) -> Floats:
        """Root of the variance of a period."""
        found: Floats = self.once(("deviation", ddof), lambda: np.sqrt(self.variance(ddof)))
        return found

    @cached_property
    def centred_squares(self) -> Floats:
        """The cells of `centred`, squared."""
        return self.centred * self.centred

    def moment(self, power: int) -> Floats:
        """Mean of a power of `centred`; exactly 0 where all returns are the same."""
        found: Floats = self.once(("moment", power), lambda: self._moment(power))
        return found

    def _moment(self, power: int) -> Floats:
        if power == 2:
            return self.squares / self.atleast(1)
        if power in {3, 4}:
            sums = product_sums(self.centred_squares, self.centred if power == 3 else self.centred_squares)
        else:
            sums = _raised(self.centred, power).sum(axis=0)
        return np.where(self.lowest == self.highest, 0.0, sums) / self.atleast(1)

    def below(self, target: float | Floats, power: float) -> Floats:
        """Sum of max(target - r, 0) to a power over the known; the power 0 counts those below."""
        return self._side(-1.0, target, power)

    def above(self, target: float | Floats, power: float) -> Floats:
        """Sum of max(r - target, 0) to a power over the known; the power 0 counts those above."""
        return self._side(1.0, target, power)

    def quantile(self, share: float, interpolation: str = "linear") -> Floats:
        """Quantile of the known: `linear` between two order statistics, the `lower`, or the `higher`; NaN where none is known."""
        one_of("interpolation", interpolation, INTERPOLATIONS)
        place = np.maximum(self.counts - 1.0, 0.0) * share
        low = np.floor(place + 1e-9) if interpolation != "higher" else np.ceil(place - 1e-9)  # 0.05 * 20 is not quite 1
        if interpolation != "linear" or not len(self.cells):
            return self._at(low)
        between, down = np.maximum(place - low, 0.0), self._at(low)
        return down + between * (self._at(np.minimum(low + 1.0, np.maximum(self.counts - 1.0, 0.0))) - down)

    def _side(self, way: float, target: float | Floats, power: float) -> Floats:
        """Sum powers of distances to one side; of one target once, since many figures ask for the same."""
        def work() -> Floats:
            if power == 0:
                beyond = self.cells > target if way > 0 else self.cells < target
                return np.asarray(np.count_nonzero(beyond, axis=0), dtype=np.float64)
            part = self.once(("part", way, target), away) if isinstance(target, int | float) else away()
            return np.asarray(part.sum(axis=0) if power == 1 else _summed_power(part, power))

        def away() -> Floats:
            return self._part(self.cells - target if way > 0 else target - self.cells)

        found: Floats = self.once((way, float(target), power), work) if isinstance(target, int | float) else work()
        return found

    def _part(self, distances: Floats) -> Floats:
        """Keep what is above zero; 0 for the rest and where nothing is known."""
        return np.maximum(distances if self.complete else np.where(self.known, distances, 0.0), 0.0)

    def _at(self, places: Floats) -> Floats:
        if not len(self.cells):
            return np.full(self.cells.shape[1], np.nan)
        found: Floats = self.ordered[places.astype(np.intp), np.arange(len(places))]
        return found


def sample(returns: Table) -> Sample:
    """Read returns.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    Sample

    Raises
    ------
    InvalidInput
        A cell is not a number.
    """
    return Sample(cells_of(returns))


def mirrored(at: Sample) -> Sample:
    """Give minus the returns as a sample: its losses are the gains; made once, ordered where the returns were."""

    def turned() -> Sample:
        found = Sample(-at.cells)
        if at.complete:
            found.ordered = -at.ordered[::-1]
        return found

    found: Sample = at.once("mirrored", turned)
    return found


def sample_of_kind(returns: Table, kind: str = "simple") -> Sample:
    """Read simple returns, as they are or as logarithms of what they grow by.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    kind
        ``simple`` (default) or ``log``.

    Returns
    -------
    Sample
        With logarithms a series that ever lost everything is NaN throughout: that loss has none, and without it the rest would mislead.

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown kind.
    """
    one_of("kind", kind, KINDS)
    cells = cells_of(returns)
    if kind == "log":
        lost = Sample(cells).losses_everything
        cells = np.log1p(np.where(lost, np.nan, cells))
    return Sample(cells)


def above_rate(returns: Table, risk_free: float | Table = 0.0, *, basis: str = "period", periods_per_year: float = 252,
               field: str = "risk_free") -> Sample:
    """Read returns less the risk-free rate of their period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    risk_free
        One rate, default 0, or a series of one a period.
    basis
        The rate is one of a ``period`` (default) or of a ``year``, then compounded down to the period.
    periods_per_year
        For a rate of a year.
    field
        What the rate is, for the error.

    Returns
    -------
    Sample

    Raises
    ------
    InvalidInput
        A cell is not a number, or an unknown basis.
    MisalignedSeries
        A series of rates of another length or with other labels.
    """
    one_of("risk_free_basis", basis, RATE_BASES)
    cells = cells_of(returns)
    rates = np.full((1, 1), float(risk_free)) if isinstance(risk_free, int | float) else cells_of(risk_free, field)
    if not isinstance(risk_free, int | float):
        _same_periods(returns, risk_free, (cells, rates), field)
    if basis == "year":
        rates = np.expm1(np.log1p(rates) / periods_per_year)
    return Sample(cells - rates)


def above_acceptable(returns: Table, minimum: float | Table = 0.0, field: str = "minimum_acceptable_return") -> Sample:
    """Read returns less what is acceptable in their period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    minimum
        One of a period, default 0, or a series of them.
    field
        What it is called, for the error.

    Returns
    -------
    Sample

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        A series of another length or with other labels.
    """
    return above_rate(returns, minimum, field=field)


def paired(returns: Table, benchmark_returns: Table) -> tuple[Sample, Sample]:
    """Read returns and a benchmark's over the periods that both have.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    benchmark_returns
        Those of the benchmark, one for each period, or one a series.

    Returns
    -------
    tuple of Sample
        Of one shape, NaN where either has none.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        Another number of periods, or other labels.
    """
    mine, theirs = cells_of(returns), cells_of(benchmark_returns, "benchmark_returns")
    if len(mine) != len(theirs) or theirs.shape[1] not in {1, mine.shape[1]}:
        raise MisalignedSeries("returns", "benchmark_returns", reason=f"{mine.shape} against {theirs.shape}")
    sides: list[Any] = [returns, benchmark_returns]
    if all(isinstance(side, pd.Series | pd.DataFrame) for side in sides) and not sides[0].index.equals(sides[1].index):
        raise MisalignedSeries("returns", "benchmark_returns", reason="their labels differ")
    theirs = np.broadcast_to(theirs, mine.shape)
    unknown = np.isnan(mine) | np.isnan(theirs)
    return Sample(np.where(unknown, np.nan, mine)), Sample(np.where(unknown, np.nan, theirs))


def _summed_power(values: Floats, power: float) -> Floats:
    found: Floats = product_sums(values, values) if power == 2 else _raised(values, power).sum(axis=0)
    return found


def _raised(values: Floats, power: float) -> Floats:
    """Raise to a power, a whole one by products: `**` calls pow for every cell, which takes fifty times as long."""
    if power < 1 or power % 1:
        return np.where(values != 0, np.power(values, power, where=values != 0, out=np.zeros_like(values)), 0.0)
    raised = values
    for _ in range(int(power) - 1):
        raised = raised * values
    return raised


def quotient(upper: Floats, lower: Floats) -> Floats:
    """Divide, NaN where the divisor is 0 or unknown: a ratio without risk is no number."""
    if lower.all():
        found: Floats = upper / lower
        return found
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(lower == 0, np.nan, upper / lower)


def level_of(level: float) -> float:
    """Refuse a confidence that is none.

    Parameters
    ----------
    level
        As it was asked for.

    Returns
    -------
    float
        The same.

    Raises
    ------
    InvalidInput
        Not between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise InvalidInput("level", level, "is not between 0 and 1", hint="Use 0.95 for 95 %")
    return level


def _same_periods(returns: Table, risk_free: Table, both: tuple[Floats, Floats], field: str) -> None:
    cells, rates = both
    sides: list[Any] = [returns, risk_free]
    if len(rates) != len(cells) or rates.shape[1] not in {1, cells.shape[1]}:
        raise MisalignedSeries(field, "returns", reason=f"{rates.shape} against {cells.shape}")
    if all(isinstance(side, pd.Series | pd.DataFrame) for side in sides) and not sides[0].index.equals(sides[1].index):
        raise MisalignedSeries(field, "returns", reason="their labels differ")
