"""How many shares change hands a day in the simulated market: round numbers of the size usual for these shares, with days that differ.

No package carries real volumes, so these are made up from the first simulated day on, and every bar that has one says that it is simulated.
They move with the day's return, as volumes do: a share that falls or rises three deviations trades about twice as much.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.providers.continuation import Panel

USUAL: Final[Mapping[str, float]] = MappingProxyType({  # shares a day, of the size of 2022
    "AAPL": 85e6, "AMD": 90e6, "BAC": 45e6, "BBY": 3e6, "CVX": 10e6, "GE": 6.5e6, "HD": 4e6, "JNJ": 7.5e6, "JPM": 12e6, "KO": 16e6, "LLY": 3.2e6,
    "MRK": 10e6, "MSFT": 30e6, "PEP": 5.5e6, "PFE": 25e6, "PG": 7.5e6, "RRC": 4.5e6, "UNH": 3.3e6, "WMT": 7e6, "XOM": 20e6,
})
SPREAD: Final = 0.25  # of the logarithm, from day to day
WITH_MOVES: Final = 0.2  # of the logarithm, for each deviation that the price moved
ROUNDED: Final = 100.0  # shares


def volumes(panel: Panel, symbol: str, *, seed: int) -> NDArray[np.float64]:
    """Shares traded each day after the last real one; the same for the same seed, symbol and day.

    Parameters
    ----------
    panel
        Prices, of which those after `last_real` are simulated.
    symbol
        Of the panel.
    seed
        Of the market.

    Returns
    -------
    ndarray of shape (n_days,), shares; NaN on real days, and of what has no volume: an index
    """
    found = np.full(len(panel.days), np.nan)
    ahead = panel.days > panel.last_real
    if symbol not in USUAL:
        return found
    place = panel.symbols.index(symbol)
    moves = np.abs(np.diff(np.log(panel.closes[:, place]), prepend=np.nan)) / panel.sigma[place]
    chance = np.random.default_rng([seed, place]).standard_normal(int(ahead.sum()))
    size = USUAL[symbol] * np.exp(SPREAD * chance + WITH_MOVES * np.minimum(np.nan_to_num(moves[ahead]), 5.0))
    found[ahead] = np.rint(size / ROUNDED) * ROUNDED
    return found
