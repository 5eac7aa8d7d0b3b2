"""How fast what is held could be sold, and what the spread on the way out would cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd

from data import calendar
from data.database import Database
from engine import days_to_liquidate, effective_spread, share_liquidated
from engine.types import Instrument
from services.risk.exposures import Exposure

SESSIONS: Final = 20  # bars that volume and spread are the means of
REACH_DAYS: Final = 45
COLUMNS: Final = ["quantity", "volume", "days", "share_in_a_day", "spread", "simulated"]


def liquidity(database: Database, exposure: Exposure, participation: float) -> pd.DataFrame:
    """Tell how long each holding would take to sell.

    Parameters
    ----------
    database : Database
    exposure : Exposure
    participation : float
        Share of a day's volume that one would sell.

    Returns
    -------
    DataFrame
        Symbol x quantity, volume (mean of the last twenty bars that tell it), days, share_in_a_day, spread (of highs and lows,
        fraction), simulated (share of these volumes that are); NaN where bars do not tell.

    Raises
    ------
    InvalidInput
        A participation that is not between 0 and 1.
    """
    held = exposure.holdings["quantity"].astype(np.float64)
    symbols = {each.id: symbol for symbol, each in exposure.instruments.items()}
    with database.read() as unit:
        bars = unit.instruments.traded(list(symbols), calendar.today() - timedelta(days=REACH_DAYS))
    named = bars.assign(symbol=[symbols[key] for key in bars["instrument_id"]])
    told_of = named[named["volume"].notna()].astype({"simulated": np.float64})
    volume = _last(named, "volume").mean().reindex(held.index)
    high, low = _last(named, "high"), _last(named, "low")
    spread = effective_spread(high, low) if high.shape == low.shape else pd.Series(dtype=np.float64)
    told = {"quantity": held, "volume": volume, "days": days_to_liquidate(held, volume, participation=participation),
            "share_in_a_day": share_liquidated(held, volume, participation=participation), "spread": spread.reindex(held.index),
            "simulated": _last(told_of, "simulated").mean().reindex(held.index)}
    return pd.DataFrame(told, index=held.index, columns=COLUMNS, dtype=np.float64)


def volumes(database: Database, instruments: Mapping[str, Instrument]) -> pd.Series:
    """Give the mean volume of the last twenty bars that tell it, by symbol; NaN where none does."""
    symbols = {each.id: symbol for symbol, each in instruments.items()}
    with database.read() as unit:
        bars = unit.instruments.traded(list(symbols), calendar.today() - timedelta(days=REACH_DAYS))
    named = bars.assign(symbol=[symbols[key] for key in bars["instrument_id"]])
    return _last(named, "volume").mean().reindex(list(instruments)).astype(np.float64)


def _last(bars: pd.DataFrame, name: str) -> pd.DataFrame:
    """Lay the last bars side by side, days x symbol."""
    return bars.pivot_table(index="date", columns="symbol", values=name, dropna=False).tail(SESSIONS)
