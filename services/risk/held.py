"""What is held today through its own past, without a gap: what value at risk is taken apart and simulated on."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from services.risk.exposures import Exposure


@dataclass(frozen=True, slots=True)
class Held:
    """Days without a gap: what is held x its returns, and its weights."""

    returns: pd.DataFrame
    weights: pd.Series
    state: Hashable

    def last(self, days: int) -> Held:
        """Give the last days."""
        return Held(self.returns.tail(days), self.weights, (self.state, days))


def held_of(exposure: Exposure) -> Held:
    """Give the days that risk of today rests on, gaps filled by what the rest of the holdings did on that day.

    The sum of weights times returns is `exposure.of_today`.
    """
    weights = exposure.weights.fillna(0.0).astype(np.float64)
    known = exposure.returns.notna()
    kept = [symbol for symbol in weights.index if weights[symbol] != 0 and known[symbol].any()]
    whole = exposure.of_today.dropna()
    cells = exposure.returns.loc[whole.index, kept]
    size = float(weights.abs().sum())
    scale = size / float(weights[kept].abs().sum()) if kept else 1.0
    rest = (whole / size).to_numpy()[:, None] * np.sign(weights[kept].to_numpy())
    filled = pd.DataFrame(np.where(cells.isna(), rest, cells), index=cells.index, columns=cells.columns)
    return Held(filled, weights[kept] * scale, exposure.state)
