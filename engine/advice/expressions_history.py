"""A portfolio day by day, as rules of one's own look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.columns import Floats


@dataclass(frozen=True, slots=True)
class Timeline:
    """A portfolio on its trading days; the last of them may be today.

    Attributes
    ----------
    days
        datetime64 of shape (n_days,), ascending.
    symbols
        Everything that was held on any of them.
    value
        Base currency, shape (n_days, n_symbols), 0 where it was not held, NaN where it had no price.
    price
        In the instrument's own currency, same shape, NaN where there is none.
    returns
        Of the close before, base currency, payments included, same shape.
    cash
        Base currency, shape (n_days,).
    portfolio, benchmark
        Returns of the scope, and of its benchmark, shape (n_days,); None without one.
    words
        Kind of group to symbol to the words it has: one, or several tags.
    now
        What is only known now: metric to symbol to value.
    periods_per_year
        252, or 365.
    """

    days: NDArray[np.datetime64]
    symbols: tuple[str, ...]
    value: Floats
    price: Floats
    returns: Floats
    cash: Floats
    portfolio: Floats
    benchmark: Floats | None = None
    words: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    now: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    periods_per_year: float = 252.0

    def tail(self, count: int) -> Timeline:
        """Give the last days alone."""
        first = max(len(self.days) - count, 0)
        if first == 0:
            return self
        cut = {name: getattr(self, name)[first:] for name in ("days", "value", "price", "returns", "cash", "portfolio")}
        return replace(self, **cut, benchmark=None if self.benchmark is None else self.benchmark[first:])

    @property
    def total(self) -> Floats:
        """What all of it is worth, shape (n_days,)."""
        found: Floats = np.nansum(self.value, axis=1) + self.cash
        return found

    def names(self, kind: str) -> tuple[str, ...]:
        """Name every member of a kind of group, holdings in their order, others sorted."""
        if kind == "holding":
            return self.symbols
        return tuple(sorted({word for words in self.words.get(kind, {}).values() for word in words}))

    def members(self, kind: str, name: str) -> NDArray[np.bool_]:
        """Tell which columns belong to a group, shape (n_symbols,); names are compared without regard to capitals."""
        if kind == "holding":
            return np.array([symbol == name for symbol in self.symbols], dtype=np.bool_)
        words, wanted = self.words.get(kind, {}), name.lower()
        return np.array([any(word.lower() == wanted for word in words.get(symbol, ())) for symbol in self.symbols], dtype=np.bool_)
