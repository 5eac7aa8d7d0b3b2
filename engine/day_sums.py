"""What was worked out of the cells of a panel, and goes with the days that stay when others are put behind them or cut off.

Sums over the rows of one day know nothing of the other days, and what stretches of days come to is added up stretch by stretch from the
first day on: a panel that got one more day has the numbers of the days before it, to the last bit, as if it were laid anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SUMMED: Final = ("value", "flow", "external", "income", "fee", "tax", "moved", "price_effect", "fx_effect", "action")
STRETCH: Final = 256  # days: what fits a cache need not be fetched again
FLAT: Final = (0, 0)  # strides of a sheet that is one number


class Known:
    """What is known of a panel.

    Attributes
    ----------
    sums
        Name of a sheet to its sum over the rows, ndarray of shape (n_days,); empty until it is asked for.
    stretches
        What stretches of days come to, by what was asked and their first day, with what it was made of beside the cells.
    settled
        Number of days, from the first on, that whoever shares `stretches` has alike.
    """

    __slots__ = ("settled", "stretches", "sums")

    def __init__(self) -> None:
        self.sums: dict[str, Floats] = {}
        self.stretches: dict[tuple[Any, ...], tuple[bytes, Any]] = {}
        self.settled = 0

    def share(self, other: Known, first: int, last: int) -> None:
        """Know what another panel knows of the days from `first` to before `last`, which are all that there are here."""
        self.sums = {name: amounts[first:last] for name, amounts in other.sums.items()}
        if first == 0:
            self.stretches, self.settled = other.stretches, min(other.settled, last)

    def keep(self, other: Known, count: int) -> None:
        """Know what another panel knows of its first days, after which other ones may come here."""
        self.sums = {name: amounts[:count] for name, amounts in other.sums.items()}
        self.stretches = {key: told for key, told in other.stretches.copy().items() if key[-1] + STRETCH < count}
        self.settled = count

    def extend(self, before: Known, after: Known, count: int) -> None:
        """Know what panels of the same rows know, of which one comes behind the `count` days of the other, whose last is its first."""
        self.sums = {name: np.concatenate([before.sums[name], after.sums[name][1:]]) for name in SUMMED}
        self.stretches, self.settled = before.stretches, count

    def of_stretch(self, key: tuple[Hashable, ...], days: tuple[int, int], made_of: bytes, compute: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Give what a stretch of days comes to; that of a whole one whose days stay is kept.

        Parameters
        ----------
        key
            What is asked, and how.
        days
            First and last place.
        made_of
            What it depends on beside the cells of its days.
        compute
            Gives it.

        Returns
        -------
        Any
            What `compute` gives or gave.
        """
        first, last = days
        found = self.stretches.get((*key, first)) if last == first + STRETCH else None
        if found is not None and found[0] == made_of:
            return found[1]
        told = compute()
        if first + STRETCH < min(self.settled, last + 1):
            self.stretches[*key, first] = made_of, told
        return told


def stretches(count: int) -> Iterator[tuple[int, int]]:
    """First and last place of each stretch of days; the last of one is the first of the next.

    Parameters
    ----------
    count
        Number of days.

    Yields
    ------
    tuple of int
        Two places.

    Examples
    --------
    >>> list(stretches(300)), list(stretches(1))
    ([(0, 256), (256, 299)], [])
    """
    return ((first, min(first + STRETCH, count - 1)) for first in range(0, count - 1, STRETCH))


def day_sums(sheets: Mapping[str, Floats]) -> dict[str, Floats]:
    """Sum sheets up over their rows.

    Parameters
    ----------
    sheets
        ndarrays of shape (n_days, n_rows) by name.

    Returns
    -------
    dict of str to ndarray of shape (n_days,)
        The same for a sheet that is one number as if every cell had its own.

    Examples
    --------
    >>> day_sums({"fee": np.array([[1.0, 2.0], [3.0, 4.0]])})["fee"].tolist()
    [3.0, 7.0]
    """
    return {name: _flat(cells) if cells.strides == FLAT and cells.size else cells.sum(axis=1) for name, cells in sheets.items()}


def _flat(cells: Floats) -> Floats:
    return np.full(len(cells), cells[:1].copy().sum(axis=1)[0])


def has_any(mask: NDArray[np.bool_]) -> bool:
    """Tell whether any cell is set, at once where all are one.

    Parameters
    ----------
    mask
        ndarray of shape (n_days, n_rows).

    Returns
    -------
    bool
        As `mask.any()`.

    Examples
    --------
    >>> has_any(np.broadcast_to(np.zeros((1, 1), dtype=bool), (5, 3)))
    False
    """
    return bool((mask[:1, :1] if mask.strides == FLAT else mask).any())
