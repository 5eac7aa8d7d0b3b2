"""Closes, payments and exchange rates of some instruments as one matrix of daily total returns in a base currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.database import Unit
from engine import Panel, adjusted_closes, carried_prices, rate_history
from engine.adjustment import PAYMENTS, SPLITS
from engine.types import Actor, CorporateAction, Instrument, Kind
from services.books.service import read_rates
from services.market.marks import ALWAYS_OPEN

NEAR_DAYS: Final = 10  # a split of the ledger this near to one of the table is the same split
Floats = NDArray[np.float64]
Actions = Mapping[UUID, Sequence[CorporateAction]]


@dataclass(frozen=True, slots=True)
class Known:
    """What ledgers tell of splits and payments that no table of corporate actions knows."""

    splits: Mapping[str, Sequence[tuple[date, float]]] = field(default_factory=dict)  # new shares per old one
    yields: pd.DataFrame = field(default_factory=pd.DataFrame)  # date x symbol: income over the value of the close before


def ledger_splits(ledgers: Sequence[pd.DataFrame]) -> dict[str, list[tuple[date, float]]]:
    """List the splits that are booked, by symbol; one that two ledgers book is one."""
    found: dict[str, list[tuple[date, float]]] = {}
    for ledger in ledgers:
        rows = ledger[(ledger["kind"] == Kind.SPLIT.value) & ledger["symbol"].notna()]
        ratios = rows["ratio"].fillna(rows["quantity"]).fillna(rows["amount"]).astype(np.float64)
        for symbol, stamp, ratio in zip(rows["symbol"], rows["date"], ratios, strict=True):
            booked = found.setdefault(str(symbol), [])
            if ratio > 0 and not _is_near(stamp.date(), [day for day, _ in booked]):
                booked.append((stamp.date(), float(ratio)))
    return found


def ledger_yields(panel: Panel) -> pd.DataFrame:
    """Give what each row of a panel paid on a day over its value at the close before, 0 where it paid nothing."""
    rows = [place for place, name in enumerate(panel.rows) if not name.startswith("cash:") and bool((panel.income[:, place] != 0).any())]
    value, income = panel.value[:-1, rows], panel.income[1:, rows]
    known = np.isfinite(value) & (value != 0) & np.isfinite(income)
    shares = np.where(known, income, 0.0) / np.where(known, value, 1.0)
    return pd.DataFrame(shares, index=pd.DatetimeIndex(panel.days[1:]), columns=[panel.rows[place] for place in rows])


def read_closes(unit: Unit, instruments: Mapping[str, Instrument], end: date) -> pd.DataFrame:
    """Read every close up to a day, as it was traded, by symbol."""
    ids = [each.id for each in instruments.values()]
    closes = unit.instruments.closes(ids, end=end)
    return closes.reindex(columns=ids).set_axis(pd.Index([*instruments], dtype=object), axis=1)


def trading_days(closes: pd.DataFrame, instruments: Mapping[str, Instrument]) -> pd.DatetimeIndex:
    """List the days that have a close of anything that does not trade around the clock; of all where everything does."""
    scheduled = [symbol for symbol in closes.columns if instruments[symbol].asset_class not in ALWAYS_OPEN]
    told = closes[scheduled] if scheduled else closes
    return pd.DatetimeIndex(closes.index[told.notna().any(axis=1).to_numpy()])


def read_rate_history(unit: Unit, actor: Actor, base: str, currencies: Sequence[str], days: pd.DatetimeIndex) -> pd.DataFrame:
    """Give base units per unit of each currency at the close of some days, the last known one; NaN before the first."""
    codes = sorted({base, *currencies})
    fx = read_rates(unit, actor.workspace_id, codes)
    rates = rate_history(base, codes, fx[fx.index <= days[-1]] if len(days) else fx).reindex(days, method="ffill")
    return rates.assign(**{base: 1.0})


def total_returns(closes: pd.DataFrame, rates: pd.DataFrame, instruments: Mapping[str, Instrument], actions: Actions, known: Known) -> pd.DataFrame:
    """Return what one unit of base currency in each instrument gained each day.

    Parameters
    ----------
    closes
        Days x symbol, as traded, local currency.
    rates
        Trading days x currency, base units for one.
    instruments, actions
        By symbol, and by instrument id.
    known
        What the ledgers know beyond the actions.

    Returns
    -------
    DataFrame
        The trading days but the first x symbol, simple returns, fraction: a day without a close inside a history is 0 and the next one
        holds both; NaN before the second close and after the last.
    """
    days = pd.DatetimeIndex(rates.index)
    adjusted = pd.DataFrame({symbol: _adjusted(closes[symbol], actions.get(each.id, ()), known.splits.get(symbol, ()))
                             for symbol, each in instruments.items()}, index=closes.index, columns=closes.columns, dtype=np.float64)
    levels, _ = carried_prices(adjusted)
    levels = levels.reindex(days)
    currency = rates[[instruments[symbol].currency for symbol in levels.columns]].to_numpy()
    found = (levels * currency).pct_change(fill_method=None).iloc[1:]
    return _with_payments(found, instruments, actions, known.yields)


def _adjusted(closes: pd.Series, told: Sequence[CorporateAction], booked: Sequence[tuple[date, float]]) -> pd.Series:
    splits = [action.date for action in told if action.kind in SPLITS]
    added = [CorporateAction(day, "split", ratio=Decimal(str(ratio))) for day, ratio in booked if not _is_near(day, splits)]
    if not (told or added):
        return closes
    held = closes.dropna()
    return adjusted_closes(held, sorted([*told, *added], key=lambda action: action.date)).reindex(closes.index)


def _with_payments(returns: pd.DataFrame, instruments: Mapping[str, Instrument], actions: Actions, yields: pd.DataFrame) -> pd.DataFrame:
    """Add what ledgers say was paid on the next trading day, for instruments whose payments no table tells."""
    untold = [symbol for symbol in yields.columns if symbol in returns.columns and not _pays(actions.get(instruments[symbol].id, ()))]
    places = returns.index.searchsorted(yields.index)
    within = places < len(returns.index)
    paid: Any = np.zeros((len(returns.index), len(untold)))
    np.add.at(paid, places[within], yields.loc[within, untold].to_numpy())
    wide = pd.DataFrame(paid, index=returns.index, columns=untold).reindex(columns=returns.columns, fill_value=0.0)
    return returns + wide


def _pays(told: Sequence[CorporateAction]) -> bool:
    return any(action.kind in PAYMENTS for action in told)


def _is_near(day: date, others: Sequence[date]) -> bool:
    return any(abs((day - other).days) <= NEAR_DAYS for other in others)
