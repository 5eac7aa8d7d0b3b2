"""Weights and returns of groups, of a portfolio and of its benchmark, laid beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Floats, Table, cells_of
from engine.errors import MisalignedSeries

OUTSIDES = ("own", "benchmark", "zero")
Segment = Table | Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Segments:
    """Groups of one or more periods. Every array is of shape (n_periods, n_groups), fraction.

    Attributes
    ----------
    index
        Labels of the periods, None where there is one period without label.
    groups
        Names of the groups.
    weights, benchmark_weights
        At the beginning of the period; 0 where nothing is held.
    returns, benchmark_returns
        NaN where nothing is known.
    """

    index: pd.Index | None
    groups: pd.Index
    weights: Floats
    returns: Floats
    benchmark_weights: Floats
    benchmark_returns: Floats

    def whole(self, weights: Floats, returns: Floats) -> Floats:
        """Return of all groups together, shape (n_periods, 1); NaN where one that is held has none."""
        found: Floats = np.where(weights == 0, 0.0, weights * returns).sum(axis=1, keepdims=True)
        return found

    def filled(self, outside: str) -> Segments:
        """Give returns to what is not held: the other side's, so that nothing is selected there; `outside` is said of the benchmark."""
        theirs = self.benchmark_returns
        total = self.whole(self.benchmark_weights, theirs)
        other = {"own": self.returns, "benchmark": np.broadcast_to(total, theirs.shape), "zero": np.zeros_like(theirs)}[outside]
        theirs = np.where((self.benchmark_weights == 0) & np.isnan(theirs), other, theirs)
        idle = (self.benchmark_weights == 0) & (self.weights == 0)
        mine = np.where((self.weights == 0) & np.isnan(self.returns), theirs, self.returns)
        mine, theirs = (np.where(idle & np.isnan(side), 0.0, side) for side in (mine, theirs))
        return Segments(self.index, self.groups, self.weights, mine, self.benchmark_weights, theirs)

    def framed(self, effects: Mapping[str, Floats]) -> pd.DataFrame:
        """Effects of shape (n_periods, n_groups) as a frame: groups x effects for one period, else periods x (effect, group)."""
        if self.index is None:
            return pd.DataFrame({name: cells[0] for name, cells in effects.items()}, index=self.groups)
        columns = pd.MultiIndex.from_product([list(effects), self.groups], names=["effect", "group"])
        return pd.DataFrame(np.hstack(list(effects.values())), index=self.index, columns=columns)


def segments(weights: Segment, returns: Segment, benchmark_weights: Segment, benchmark_returns: Segment) -> Segments:
    """Lay four tables beside each other.

    Parameters
    ----------
    weights, returns, benchmark_weights, benchmark_returns
        One number a group: a mapping or Series by name or a sequence, all of one period; or frames of shape (n_periods, n_groups).

    Returns
    -------
    Segments
        Groups that only one side names are there with weight 0 on the other.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        Another number of periods or groups, or other labels of the periods.
    """
    given = {"weights": weights, "returns": returns, "benchmark_weights": benchmark_weights, "benchmark_returns": benchmark_returns}
    frames = {name: table for name, each in given.items() if isinstance(table := _named(each), pd.DataFrame)}
    if len(frames) not in {0, len(given)}:
        bare = next(name for name in given if name not in frames)
        raise MisalignedSeries(next(iter(frames)), bare, reason="one names its groups, the other does not")
    groups = list(dict.fromkeys(group for table in frames.values() for group in table.columns)) if frames else None
    cells = _same_shape({name: _cells(each, groups, name) for name, each in given.items()})
    labels = pd.Index(range(cells["weights"].shape[1]) if groups is None else groups, name="group")
    index = None if all(_is_one_period(each) for each in given.values()) else _periods(given, len(cells["weights"]))
    return Segments(index, labels, **{name: np.nan_to_num(each) if "weights" in name else each for name, each in cells.items()})


def effect_table(values: Segment, like: Segments, field: str) -> Floats:
    """Read one more table of the same groups and periods.

    Parameters
    ----------
    values
        As the tables of `segments`.
    like
        What it lies beside.
    field
        Name for the error.

    Returns
    -------
    ndarray of shape (n_periods, n_groups)
        NaN where a group is not named.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        Another number of periods or groups.
    """
    groups = list(like.groups) if isinstance(_named(values), pd.DataFrame) else None
    cells = _cells(values, groups, field)
    return _same_shape({"weights": like.weights, field: cells})[field]


def _is_one_period(values: Segment) -> bool:
    return isinstance(values, Mapping) or np.ndim(values) == 1


def _named(values: Segment) -> Any:  # noqa: ANN401 - any table
    """Give what names its groups as a frame, one period a row; anything else stays."""
    if isinstance(values, pd.Series | Mapping):
        return pd.Series(values, dtype=np.float64).to_frame().T
    return values


def _cells(values: Segment, groups: Sequence[Any] | None, field: str) -> Floats:
    """Numbers of a table in the order of the groups, one period a row."""
    table = _named(values)
    cells = cells_of(table if groups is None else table.reindex(columns=groups), field, ordered=False)
    return cells.T if not isinstance(table, pd.DataFrame) and _is_one_period(values) else cells


def _same_shape(cells: dict[str, Floats]) -> dict[str, Floats]:
    """Repeat what is told once for every period, and refuse what then does not fit."""
    first = next(iter(cells))
    longest = max((len(each) for each in cells.values()), default=0)
    for name, each in cells.items():
        if len(each) not in {1, longest} or each.shape[1] != cells[first].shape[1]:
            raise MisalignedSeries(first, name, reason=f"{_shape(cells[first])} against {_shape(each)}")
    return {name: np.broadcast_to(each, (longest, each.shape[1])) for name, each in cells.items()}


def _periods(given: Mapping[str, Segment], count: int) -> pd.Index:
    """Labels of the periods, the same wherever they are told."""
    told = {name: table.index for name, table in given.items() if isinstance(table, pd.DataFrame) and len(table) == count}
    for name, index in told.items():
        first = next(iter(told))
        if not index.equals(told[first]):
            raise MisalignedSeries(first, name, reason="their periods differ")
    return next(iter(told.values()), pd.RangeIndex(count))


def _shape(cells: Floats) -> str:
    return f"{cells.shape[0]} periods x {cells.shape[1]} groups"
