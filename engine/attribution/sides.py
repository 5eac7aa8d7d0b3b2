"""A portfolio and a benchmark as two sides of one table: weights, contributions and currencies of each row and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Floats
from engine.contribution import currency_parts, rates_of
from engine.errors import MisalignedSeries
from engine.panel import CASH, Panel
from engine.time_weighted import capital, gain_before_costs, over_capital


@dataclass(frozen=True, slots=True)
class Side:
    """What one side held and made, day by day. Arrays are of shape (n_days, n_rows) unless told.

    Attributes
    ----------
    days
        ndarray of shape (n_days,), datetime64: the closes that the days end with.
    rows
        Names.
    weight
        Share of the capital at the opening, external flows in it as the return counts them; a day's add up to 1.
    traded
        What was moved into the row from others during the day, share of the capital.
    contribution
        Gain over the capital of the whole, fraction, base currency; a day's add up to its return.
    local
        The part of it that was made in the row's own currency.
    spot
        Change of the row's currency against the base currency, fraction.
    """

    days: NDArray[np.datetime64]
    rows: tuple[str, ...]
    weight: Floats
    traded: Floats
    contribution: Floats
    local: Floats
    spot: Floats

    @property
    def returns(self) -> Floats:
        """Return of the whole on each day, shape (n_days,)."""
        found: Floats = self.contribution.sum(axis=1)
        return found

    def on(self, rows: Sequence[str]) -> Side:
        """Lay the side over more rows; 0 where it has nothing."""
        place = {name: at for at, name in enumerate(self.rows)}
        at = np.array([place.get(name, -1) for name in rows], dtype=np.int64)
        return replace(self, rows=tuple(rows), **{
            name: np.where(at >= 0, getattr(self, name)[:, at], 0.0) for name in ("weight", "traded", "contribution", "local", "spot")
        })


def panel_side(laid: Panel, *, flow_timing: str = "start", costs: str = "net") -> Side:
    """Give the side of a portfolio.

    Parameters
    ----------
    laid
        Panel of the window.
    flow_timing, costs
        As in `panel_returns`, for what crosses the boundary of the portfolio.

    Returns
    -------
    Side
        Of each day but the first; NaN where there is no capital beside a gain.

    Notes
    -----
    Convention: what moves within the portfolio counts at the end of its day, so that a purchase is no weight of a day on which it was cash;
    what it gained until the close is a contribution all the same. A day on which nothing is invested is one of cash.

    Raises
    ------
    InvalidInput
        An unknown timing or costs.

    Examples
    --------
    >>> from engine import book, panel
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"])
    >>> ledger = [{"date": days[0], "kind": "DEPOSIT", "amount": 20}, {"date": days[1], "kind": "BUY", "symbol": "A", "quantity": 1, "price": 10}]
    >>> prices = pd.DataFrame({"A": [10.0, 10.5, 12.0]}, index=days)
    >>> side = panel_side(panel(book(ledger, base_currency="EUR"), prices, start=days[0], end=days[2]))
    >>> side.rows, side.weight.round(6).tolist(), side.contribution.round(6).tolist()
    (('A', 'cash:EUR'), [[0.0, 1.0], [0.512195, 0.487805]], [[0.025, 0.0], [0.073171, 0.0]])
    """
    whole = _with_cash(laid.settled())
    base = capital(whole.value.sum(axis=1)[:, None], whole.flow.sum(axis=1)[:, None], flow_timing)
    share = np.where(base > 0, 1.0 / np.where(base > 0, base, 1.0), np.where(base < 0, np.nan, 0.0))
    crossing = _crossing(laid, whole)
    weight = (whole.value[:-1] + _counted(whole, base) * crossing) * share
    weight[:, whole.rows.index(CASH + whole.base_currency)] += np.where(base == 0, 1.0, 0.0)[:, 0]
    gain = gain_before_costs(whole, costs)[1:]
    broken = np.where(np.isnan(over_capital(gain.sum(axis=1, keepdims=True), base)), np.nan, 0.0)
    foreign = {*whole.currencies} - {whole.base_currency}
    local = currency_parts(whole, costs)["local"][1:] if foreign else gain
    return Side(whole.days[1:], whole.rows, weight + broken, (whole.flow[1:] - crossing) * share, gain * share + broken, local * share + broken,
                _changes(rates_of(whole)) if foreign else np.zeros_like(gain))


def blend_side(weights: pd.DataFrame, returns: pd.DataFrame, currency_returns: pd.DataFrame | None = None) -> Side:
    """Give the side of a benchmark of one or more parts.

    Parameters
    ----------
    weights
        Days x parts, at the opening of each day, fraction; a day's add up to 1.
    returns
        Days x parts, over each day in base currency, fraction.
    currency_returns
        Days x parts, change of the part's currency against the base currency; None (default): 0.

    Returns
    -------
    Side

    Raises
    ------
    MisalignedSeries
        Other days or parts.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-03"])
    >>> side = blend_side(pd.DataFrame({"A": [0.6], "B": [0.4]}, index=days), pd.DataFrame({"A": [0.01], "B": [-0.02]}, index=days))
    >>> side.returns.round(6).tolist()
    [-0.002]
    """
    for name, table in (("returns", returns), ("currency_returns", currency_returns)):
        if table is not None and not (table.index.equals(weights.index) and table.columns.equals(weights.columns)):
            raise MisalignedSeries("weights", name, reason="their days or parts differ")
    held, made = weights.to_numpy(dtype=np.float64), returns.to_numpy(dtype=np.float64)
    spot = np.zeros_like(made) if currency_returns is None else currency_returns.to_numpy(dtype=np.float64)
    contribution = np.where(held == 0, 0.0, held * made)
    local = np.where(held == 0, 0.0, held * ((1.0 + made) / (1.0 + spot) - 1.0))
    return Side(weights.index.to_numpy(), tuple(map(str, weights.columns)), held, np.zeros_like(held), contribution, local, spot)


def _with_cash(laid: Panel) -> Panel:
    """Add a row for cash in base currency where there is none: idle days are its."""
    name = CASH + laid.base_currency
    if name in laid.rows:
        return laid
    sheets = ("value", "flow", "income", "fee", "tax", "external", "value_local", "flow_local", "moved", "price_effect", "fx_effect", "action")
    wider: dict[str, Any] = {each: np.column_stack([getattr(laid, each), np.zeros(len(laid.days))]) for each in sheets}
    rate = None if laid.rate is None else np.column_stack([laid.rate, np.ones(len(laid.days))])
    return replace(laid, rows=(*laid.rows, name), currencies=(*laid.currencies, laid.base_currency), rate=rate, **wider,
                   missing=np.column_stack([laid.missing, np.zeros(len(laid.days), dtype=np.bool_)]))


def _crossing(laid: Panel, whole: Panel) -> Floats:
    """Tell what crossed the boundary on each day but the first; all that moved, where rows came in late for want of a price."""
    external = whole.external[1:]
    late = np.abs(external.sum(axis=1) - whole.flow[1:].sum(axis=1)) > 1e-9 * (1.0 + np.abs(whole.flow[1:]).sum(axis=1))
    unpriced = np.asarray(laid.missing.any(axis=1))
    late |= unpriced[1:] | unpriced[:-1]
    found: Floats = np.where(late[:, None], whole.flow[1:], external)
    return found


def _counted(whole: Panel, base: Floats) -> Floats:
    """Tell which part of a day's flow is in its capital, shape (n_days, 1)."""
    opening, moved = whole.value[:-1].sum(axis=1, keepdims=True), whole.flow[1:].sum(axis=1, keepdims=True)
    found: Floats = np.where(moved == 0, 1.0, (base - opening) / np.where(moved == 0, 1.0, moved))
    return found


def _changes(rates: Floats) -> Floats:
    found: Floats = rates[1:] / rates[:-1] - 1.0
    return found
