"""A scope with other holdings, measured as the Risk page measures today's: the same weights on the same past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from engine import days_to_liquidate, days_until_sold, expected_shortfall, risk_score, value_at_risk, volatility
from engine.advice.what_if import risk_shares
from engine.types import Instrument
from services.advice.views_evidence import WhatIfSide
from services.risk.exposures import Exposure
from services.risk.held import held_of
from services.risk.losses import HISTORY
from services.risk.sheet import PARTICIPATION
from services.risk.today import LEAST, beta_of, single_risks

WORDS: Final = ("name", "asset_class", "sector", "country", "currency")


def changed(exposure: Exposure, values: pd.Series, quantities: pd.Series, cash: float, added: Mapping[str, Instrument],
            returns: pd.DataFrame) -> Exposure:
    """Give an exposure with other holdings.

    Parameters
    ----------
    exposure
        As it is.
    values, quantities
        Symbol -> what would be held; symbols of `added` too. What falls to nothing stays, with weight 0.
    cash
        In base currency; the difference to today's is of the base currency itself.
    added
        Instruments that are not held today.
    returns
        Of those, on the days of the exposure.
    """
    rows = pd.DataFrame([[str(getattr(each, name) or "") or None for name in WORDS] for each in added.values()], index=[*added], columns=WORDS)
    told = pd.concat([exposure.holdings, rows]) if len(rows) else exposure.holdings.copy()
    whole = float(np.nansum(values)) + cash
    told = told.assign(value=values.reindex(told.index), quantity=quantities.reindex(told.index))
    money = exposure.cash.copy()
    money[exposure.base_currency] = float(money.get(exposure.base_currency, 0.0)) + cash - float(exposure.cash.sum())
    joined = exposure.returns.join(returns.reindex(exposure.returns.index)) if len(added) else exposure.returns
    return replace(exposure, value=whole, cash=money, holdings=told.assign(weight=told["value"] / whole if whole else np.nan),
                   returns=joined, instruments={**exposure.instruments, **added})


def side_of(exposure: Exposure, *, level: float, volume: pd.Series) -> WhatIfSide:
    """Measure a side.

    Parameters
    ----------
    exposure
        Of all of history.
    level
        Of value at risk.
    volume
        Symbol -> shares traded a day; NaN: unknown.
    """
    past = exposure.of_today.dropna().tail(HISTORY)
    enough, periods = len(past) >= LEAST, exposure.periods_per_year
    held = exposure.holdings
    risks = single_risks(exposure)
    days = days_to_liquidate(held["quantity"].astype(float), volume.reindex(held.index), participation=PARTICIPATION)
    score = risk_score(past, weights=risks, periods_per_year=periods,
                       days_to_liquidate=days_until_sold(held["value"].fillna(0.0), days, cash=max(float(exposure.cash.sum()), 0.0)))
    loss = float(value_at_risk(past, level=level, method="historical")) if enough else np.nan
    weights = exposure.weights.fillna(0.0)
    squares = float((weights**2).sum())
    return WhatIfSide(
        value=exposure.value, cash=float(exposure.cash.sum()), cash_weight=exposure.cash_weight,
        volatility=float(volatility(past, periods_per_year=periods)) if enough else np.nan, value_at_risk=loss,
        expected_shortfall=float(expected_shortfall(past, level=level, method="historical")) if enough else np.nan,
        value_at_risk_money=loss * exposure.value, beta=beta_of(past, exposure.benchmark_of_today) if enough else np.nan,
        tracking_error=_tracking_error(past, exposure), effective_holdings=1.0 / squares if squares > 0 else np.nan,
        largest_weight=float(weights.max()) if len(weights) else np.nan, score=score.score, position=score.position, days=len(past),
    )


def _tracking_error(past: pd.Series, exposure: Exposure) -> float:
    if exposure.benchmark_of_today is None:
        return float("nan")
    apart = (past - exposure.benchmark_of_today.reindex(past.index)).dropna()
    return float(apart.std() * np.sqrt(exposure.periods_per_year)) if len(apart) >= LEAST else float("nan")


def shares_of(exposure: Exposure) -> pd.Series:
    """Tell the share of each holding in the variance of today's weights; they add up to one."""
    held = held_of(exposure).last(HISTORY)
    if not len(held.weights) or len(held.returns) < LEAST:
        return pd.Series(np.nan, index=exposure.holdings.index)
    return risk_shares(held.weights, held.returns).reindex(exposure.holdings.index)
