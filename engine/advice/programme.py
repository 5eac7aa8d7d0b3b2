"""A linear programme put together row by row, whose rows have the names of what they hold.

Where nothing satisfies all rows, the names tell which of them conflict, and how far one of them would have to give way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
FIXED = ""  # name of rows that are what the problem is, and never give way


class Core(NamedTuple):
    """Names of rows that cannot hold together, and how far each would have to give way: alone, or all of them at once."""

    slacks: dict[str, float]
    jointly: bool

    def mends(self) -> list[list[str]]:
        """List the sets of names that mend it where they give way."""
        finite = [name for name, slack in self.slacks.items() if math.isfinite(slack)]
        return [finite] if self.jointly and finite else [[name] for name in finite]


@dataclass(slots=True)
class Programme:
    """Variables with costs and bounds, and rows with names; what `solve` minimises is the cost."""

    cost: list[Floats] = field(default_factory=list)
    low: list[Floats] = field(default_factory=list)
    high: list[Floats] = field(default_factory=list)
    whole: list[NDArray[np.bool_]] = field(default_factory=list)
    count: int = 0
    names: list[str] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    slopes: list[float] = field(default_factory=list)
    entries: list[tuple[Places, Floats]] = field(default_factory=list)

    def variables(self, cost: ArrayLike, *, low: ArrayLike = 0.0, high: ArrayLike = np.inf, whole: bool = False) -> Places:
        """Add variables, one a cost; gives their places."""
        costs = np.atleast_1d(np.asarray(cost, dtype=np.float64))
        size = costs.size
        self.cost.append(costs)
        self.low.append(np.broadcast_to(np.asarray(low, dtype=np.float64), size))
        self.high.append(np.broadcast_to(np.asarray(high, dtype=np.float64), size))
        self.whole.append(np.full(size, whole))
        self.count += size
        return np.arange(self.count - size, self.count)

    def row(self, name: str, parts: Sequence[tuple[Places, ArrayLike]], *, low: float = -np.inf, high: float = np.inf, slope: float = 0.0) -> None:
        """Add a row; `slope` is how far its bounds move where one unit of its name gives way."""
        places = np.concatenate([place for place, _ in parts]) if parts else np.zeros(0, dtype=np.int64)
        values = [np.broadcast_to(np.asarray(value, dtype=np.float64), place.shape) for place, value in parts]
        self.entries.append((places, np.concatenate(values) if values else np.zeros(0)))
        self.names.append(name)
        self.least.append(low)
        self.most.append(high)
        self.slopes.append(slope)

    def solve(self, *, without: frozenset[str] = frozenset(), giving: Sequence[str] = (), nodes: int = 400) -> Floats | None:
        """Find the values of all variables with the least cost.

        Parameters
        ----------
        without
            Names whose rows are left out.
        giving
            Names whose rows may give way: instead of the cost, how far they do is minimised, and is in the last values, one a name.
        nodes
            Of the search among whole numbers, at most: a limit that does not depend on how fast the machine is.

        Returns
        -------
        ndarray of shape (n_variables,) or None
            None where nothing satisfies all rows.
        """
        from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415  # half a second of every start
        from scipy.sparse import csr_array  # noqa: PLC0415  # likewise

        kept = [place for place, name in enumerate(self.names) if name not in without]
        rows, columns, values = self._cells(kept, giving)
        size = self.count + len(giving)
        cost, low, high, whole = (np.concatenate(each) if each else np.zeros(0) for each in (self.cost, self.low, self.high, self.whole))
        if giving:
            more = np.ones(len(giving))
            cost, low, high = np.append(np.zeros(self.count), more), np.append(low, 0 * more), np.append(high, np.inf * more)
            whole = np.append(whole, more > 1)
        matrix = csr_array((values, (rows, columns)), shape=(len(kept), size))
        limits = LinearConstraint(matrix, np.array(self.least)[kept], np.array(self.most)[kept])
        answer = milp(cost, integrality=whole.astype(np.int64), bounds=Bounds(low, high), constraints=limits,
                      options={"node_limit": nodes, "mip_rel_gap": 1e-3})
        return None if answer.x is None else np.asarray(answer.x, dtype=np.float64)

    def conflict(self) -> Core:
        """Name the rows that cannot hold together, with how far each alone would have to give way.

        Where there are several such sets at once no row alone mends all: then each is told how far it gives way where all do, in sum the least.

        Returns
        -------
        Core
            NaN: it would have to be lifted altogether, or it alone mends nothing. Empty: there is a solution.
        """
        found: list[str] = []
        while not self._is_solvable(frozenset(found)):
            more = self._core(found)
            if not more:
                break
            found += more
        alone = {name: self._giving([name])[0] for name in found}
        if not alone or any(slack == slack for slack in alone.values()):  # noqa: PLR0124 - one that is not NaN
            return Core(alone, jointly=False)
        movable = [name for name in found if self._has_slope(name)]
        return Core({**alone, **dict(zip(movable, self._giving(movable), strict=True))}, jointly=True)

    def _core(self, known: Sequence[str]) -> list[str]:
        """Name rows that cannot hold together, none of which could be left out, without those that are known to be of another such set."""
        gone = frozenset(known)
        needed = [name for name in dict.fromkeys(self.names) if name != FIXED and name not in gone]
        if not self._is_solvable(gone | frozenset(needed)):
            return []
        for name in needed:
            if not self._is_solvable(gone | {name}):
                gone |= {name}
        return [name for name in needed if name not in gone]

    def _is_solvable(self, without: frozenset[str]) -> bool:
        return self.solve(without=without, nodes=50) is not None

    def _has_slope(self, name: str) -> bool:
        return any(slope for slope, each in zip(self.slopes, self.names, strict=True) if each == name)

    def _giving(self, names: Sequence[str]) -> list[float]:
        """Tell how far each name gives way where all of them may and their sum is the least."""
        found = self.solve(giving=names, nodes=50) if names and all(map(self._has_slope, names)) else None
        return [float("nan")] * len(names) if found is None else [float(value) for value in found[self.count :]]

    def _cells(self, kept: Sequence[int], giving: Sequence[str]) -> tuple[Places, Places, Floats]:
        rows = [np.full(self.entries[place][0].size, number) for number, place in enumerate(kept)]
        columns, values = [self.entries[place][0] for place in kept], [self.entries[place][1] for place in kept]
        for given, name in enumerate(giving):
            mine = [(number, place) for number, place in enumerate(kept) if self.names[place] == name]
            rows.append(np.array([number for number, _ in mine], dtype=np.int64))
            columns.append(np.full(len(mine), self.count + given, dtype=np.int64))
            signs = [1.0 if np.isfinite(self.least[place]) else -1.0 for _, place in mine]
            values.append(np.array([sign * self.slopes[place] for sign, (_, place) in zip(signs, mine, strict=True)]))
        if not rows:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
        return np.concatenate(rows).astype(np.int64), np.concatenate(columns).astype(np.int64), np.concatenate(values)
