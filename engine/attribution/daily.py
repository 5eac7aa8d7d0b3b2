"""Attribution of a portfolio day by day, down to the holding, and linked over any window: nothing is left over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.attribution.brinson import METHODS
from engine.attribution.segments import OUTSIDES
from engine.attribution.sides import Side
from engine.columns import Floats
from engine.errors import InvalidInput, MisalignedSeries
from engine.linking import link_weights, linked_path
from engine.returns import one_of
from engine.risk.sample import quotient

INTERACTIONS = ("apart", "selection")
LINKINGS = ("carino", "menchero", "grap", "frongello", "geometric")
EFFECTS = ("allocation", "selection", "interaction", "currency", "cross")


@dataclass(frozen=True, slots=True)
class Attribution:
    """Effects of every row on every day.

    Attributes
    ----------
    days
        ndarray of shape (n_days,), datetime64.
    rows
        What the portfolio or the benchmark holds.
    groups
        Names of the groups, in the order they come.
    place
        ndarray of shape (n_rows,): the group of each row.
    mine, theirs
        The two sides, laid over `rows`.
    effects
        `allocation selection interaction currency cross` -> ndarray of shape (n_days, n_rows), fraction. Those of a group are the sum of
        its rows'. `currency` is of the exchange rates alone, `cross` of the rates on what was gained.
    linking
        How days become a window. ``geometric``: the sums of the effects multiply to (1 + r) / (1 + b) - 1; any other: they add up to r - b.
    """

    days: NDArray[np.datetime64]
    rows: tuple[str, ...]
    groups: tuple[str, ...]
    place: NDArray[np.int64]
    mine: Side
    theirs: Side
    effects: Mapping[str, Floats]
    linking: str

    def between(self, first: int, last: int) -> Attribution:
        """Give some days of it, from place `first` up to but not with `last`."""
        return Attribution(self.days[first:last], self.rows, self.groups, self.place, _cut(self.mine, first, last), _cut(self.theirs, first, last),
                           {name: cells[first:last] for name, cells in self.effects.items()}, self.linking)

    def linked(self) -> pd.DataFrame:
        """Give the effects of the window: rows x EFFECTS."""
        mine, theirs = self.mine.returns, self.theirs.returns
        if self.linking == "geometric":
            told = {name: _weights_of_sum(cells.sum(axis=1)) @ cells for name, cells in self.effects.items()}
        else:
            weights = link_weights(mine, theirs, self.linking)
            told = {name: weights @ cells for name, cells in self.effects.items()}
        return pd.DataFrame(told, index=pd.Index(self.rows, dtype=object, name="row"))

    def path(self) -> pd.DataFrame:
        """Give the effects of all rows together since the first day: days x `portfolio benchmark active` and EFFECTS."""
        mine, theirs = (np.cumprod(1.0 + side.returns) - 1.0 for side in (self.mine, self.theirs))
        sums = np.column_stack([self.effects[name].sum(axis=1) for name in EFFECTS])
        if self.linking == "geometric":
            active, linked = (1.0 + mine) / (1.0 + theirs) - 1.0, np.cumprod(1.0 + sums, axis=0) - 1.0
        else:
            active, linked = mine - theirs, linked_path(sums, self.mine.returns, self.theirs.returns, self.linking)
        columns = {"portfolio": mine, "benchmark": theirs, "active": active} | dict(zip(EFFECTS, linked.T, strict=True))
        return pd.DataFrame(columns, index=pd.DatetimeIndex(self.days, name="date"))

    def group_path(self) -> pd.DataFrame:
        """Give the effects of each group together since the first day: days x groups."""
        if self.linking == "geometric":
            found = sum((_path_of_sum(self.by_group(cells)) for cells in self.effects.values()), np.zeros((len(self.days), len(self.groups))))
        else:
            total = self.by_group(np.sum(list(self.effects.values()), axis=0))
            found = linked_path(total, self.mine.returns, self.theirs.returns, self.linking)
        return pd.DataFrame(found, index=pd.DatetimeIndex(self.days, name="date"), columns=pd.Index(self.groups, dtype=object))

    def by_group(self, cells: Floats) -> Floats:
        """Sum the rows of each group, shape (n_days, n_groups)."""
        return _grouped(cells, self.place, len(self.groups))


def daily_attribution(
    portfolio: Side,
    benchmark: Side,
    groups: Mapping[str, str],
    *,
    method: str = "bf",
    interaction: str = "apart",
    outside: str = "own",
    currency_effect: bool = True,
    linking: str = "carino",
) -> Attribution:
    """Attribute every day of a portfolio to its groups and holdings.

    Parameters
    ----------
    portfolio
        Of `panel_side`.
    benchmark
        Of `blend_side`, on the same days.
    groups
        Row to group, for the rows of both sides.
    method, interaction, outside
        As in `brinson`; interaction ``apart`` or in ``selection``.
    currency_effect
        Whether currencies stand apart (default, Karnosky-Singer): allocation and selection are then of returns in local currency.
    linking
        ``carino`` (default), ``menchero``, ``grap``, ``frongello`` or ``geometric``.

    Returns
    -------
    Attribution

    Notes
    -----
    Convention: as `brinson` on each day. The allocation of a row is its active weight times the group's; its selection is what it made
    beside the benchmark's group, less the same of what the benchmark itself chose there, to the scale of the portfolio's weight. A group
    that is bought during a day is selected on its way in; what was gained there is interaction where nothing was held. Every day's effects
    add up to its active return, whatever was traded; a day without capital beside a gain is NaN.

    Raises
    ------
    InvalidInput
        An unknown choice, or a row without group.
    MisalignedSeries
        The sides have other days.

    References
    ----------
    Brinson and Fachler (1985); Karnosky and Singer (1994); Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed.,
    ch. 5, 6 and 8.

    Examples
    --------
    >>> from engine.attribution.sides import blend_side
    >>> days = pd.to_datetime(["2024-01-03", "2024-01-04"])
    >>> frame = lambda *rows: pd.DataFrame(list(rows), index=days, columns=["UK", "US"])
    >>> mine = blend_side(frame([0.7, 0.3], [0.6, 0.4]), frame([0.01, 0.02], [0.00, 0.01]))
    >>> theirs = blend_side(frame([0.5, 0.5], [0.5, 0.5]), frame([0.02, 0.01], [0.01, 0.00]))
    >>> found = daily_attribution(mine, theirs, {"UK": "Britain", "US": "America"})
    >>> found.linked().sum().round(6).to_dict()
    {'allocation': 0.003023, 'selection': 0.0, 'interaction': -0.006046, 'currency': 0.0, 'cross': 0.0}
    """
    for name, value, known in (("method", method, METHODS), ("interaction", interaction, INTERACTIONS), ("outside", outside, OUTSIDES),
                               ("linking", linking, LINKINGS)):
        one_of(name, value, known)
    if not np.array_equal(portfolio.days, benchmark.days):
        raise MisalignedSeries("portfolio", "benchmark", reason=f"{len(portfolio.days)} days against {len(benchmark.days)}, or other ones")
    rows = tuple(dict.fromkeys((*portfolio.rows, *benchmark.rows)))
    names, place = _places(rows, groups)
    mine, theirs = portfolio.on(rows), benchmark.on(rows)
    table = _Table(mine, theirs, place, len(names), outside, currency_effect=currency_effect)
    effects = table.effects(method, interaction, geometric=linking == "geometric")
    return Attribution(portfolio.days, rows, names, place, mine, theirs, effects, linking)


class _Table:
    """Both sides of all days, and the benchmark's return of each group."""

    def __init__(self, mine: Side, theirs: Side, place: NDArray[np.int64], count: int, outside: str, *, currency_effect: bool) -> None:
        self.mine, self.theirs, self.place, self.count, self.apart = mine, theirs, place, count, currency_effect
        self.made, self.other = (side.local if currency_effect else side.contribution for side in (mine, theirs))
        self.level = self.other.sum(axis=1, keepdims=True)
        self.weight, self.index_weight = self._sum(mine.weight), self._sum(theirs.weight)
        self.at_work = _at_work(self.weight, self._sum(mine.traded))
        self.index_return = self._index_return(outside)

    def _sum(self, cells: Floats) -> Floats:
        return _grouped(cells, self.place, self.count)

    def _index_return(self, outside: str) -> Floats:
        """Return of the benchmark in each group, shape (n_days, n_groups); what it is said to be where it holds nothing."""
        own = np.nan_to_num(quotient(self._sum(self.made), self.at_work)) + np.where(np.isnan(self.weight), np.nan, 0.0)
        other = {"own": own, "benchmark": np.broadcast_to(self.level, own.shape), "zero": np.zeros_like(own)}[outside]
        found: Floats = np.where(self.index_weight == 0, other, quotient(self._sum(self.other), self.index_weight))
        return found

    def effects(self, method: str, interaction: str, *, geometric: bool) -> dict[str, Floats]:
        """Allocation, selection, interaction, currency and cross of each day and row."""
        returns, active = self.index_return[:, self.place], self.mine.weight - self.theirs.weight
        below = self.level if method == "bf" or geometric else 0.0
        allocation, chosen = active * (returns - below), self._chosen(returns)
        folded = geometric or interaction == "selection"
        selection = chosen if folded else chosen * np.nan_to_num(quotient(self.index_weight, self.at_work))[:, self.place]
        told = {"allocation": allocation, "selection": selection, "interaction": chosen - selection}
        if not geometric:
            return told | self._currency(active)
        notional = 1.0 + (self.weight * self.index_return).sum(axis=1, keepdims=True)
        told["allocation"], told["selection"] = allocation / (1.0 + self.level), selection / notional
        return told | self._geometric_currency(active)

    def _chosen(self, returns: Floats) -> Floats:
        """Tell what each row made beside its group, less what the benchmark's own choice made there: selection and interaction."""
        scale = np.nan_to_num(quotient(self.weight, self.index_weight))[:, self.place]
        mine, theirs = self.made - self.mine.weight * returns, self.other - self.theirs.weight * returns
        found: Floats = mine - np.where(self.theirs.weight == 0, 0.0, scale * theirs)
        return found

    def _currency(self, active: Floats) -> dict[str, Floats]:
        if not self.apart:
            return {"currency": np.zeros_like(active), "cross": np.zeros_like(active)}
        rates = [side.weight * side.spot for side in (self.mine, self.theirs)]
        rest = [side.contribution - side.local - rate for side, rate in zip((self.mine, self.theirs), rates, strict=True)]
        mean = rates[1].sum(axis=1, keepdims=True)
        return {"currency": rates[0] - rates[1] - active * mean, "cross": rest[0] - rest[1]}

    def _geometric_currency(self, active: Floats) -> dict[str, Floats]:
        """Part of each row in the ratio of base to local return, portfolio over benchmark; rates and products are not told apart."""
        if not self.apart:
            return self._currency(active)
        mine = (self.mine.contribution - self.made) / (1.0 + self.made.sum(axis=1, keepdims=True))
        theirs = (self.theirs.contribution - self.other) / (1.0 + self.level)
        mean = theirs.sum(axis=1, keepdims=True)
        return {"currency": (mine - theirs - active * mean) / (1.0 + mean), "cross": np.zeros_like(active)}


def _at_work(weight: Floats, traded: Floats) -> Floats:
    """Weight that a group's gain was made on: what was held, and what was added on its side during the day."""
    found: Floats = weight + np.where((np.sign(traded) == np.sign(weight)) | (np.abs(weight) < 1e-12), traded, 0.0)
    return np.where(np.abs(found) < 1e-12, 0.0, found)


def _grouped(cells: Floats, place: NDArray[np.int64], count: int) -> Floats:
    """Sum of the rows of each group."""
    member = np.zeros((len(place), count))
    member[np.arange(len(place)), place] = 1.0
    found: Floats = cells @ member
    return found


def _places(rows: tuple[str, ...], groups: Mapping[str, str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    lost = [row for row in rows if row not in groups]
    if lost:
        raise InvalidInput("groups", lost[0], f"{lost[0]} is in no group", hint="Name a group for every row of both sides")
    names = tuple(dict.fromkeys(groups[row] for row in rows))
    at = {name: place for place, name in enumerate(names)}
    return names, np.array([at[groups[row]] for row in rows], dtype=np.int64)


def _cut(side: Side, first: int, last: int) -> Side:
    return replace(side, **{name: getattr(side, name)[first:last] for name in ("days", "weight", "traded", "contribution", "local", "spot")})


def _weights_of_sum(total: Floats) -> Floats:
    """Weight of each day so that the parts of an effect that compounds add up to what it compounds to."""
    return link_weights(total, np.zeros_like(total))


def _path_of_sum(cells: Floats) -> Floats:
    total = cells.sum(axis=1)
    return linked_path(cells, total, np.zeros_like(total))
