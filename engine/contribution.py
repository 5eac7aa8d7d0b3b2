"""Who made the return: contributions of rows or groups that add up to it, and the part of it that currencies made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Floats
from engine.contribution_days import by_stretch
from engine.day_sums import Known
from engine.errors import InvalidInput, MisalignedSeries
from engine.linking import link_weights
from engine.panel import Panel
from engine.time_weighted import DAILY_TIMINGS, capital, charged_sheets, check_timing, gain_before_costs, over_capital

Groups = Mapping[str, str] | Sequence[str] | None
_PARTS = ("local", "currency", "cross")


def contributions(laid: Panel, *, flow_timing: str = "start", costs: str = "net", groups: Groups = None, method: str = "carino",
                  own_timing: str = "in_out") -> pd.DataFrame:
    """Contribution of every row or group to the time-weighted return.

    Parameters
    ----------
    laid
        Panel, or a selection of its rows, whose return it is.
    flow_timing
        ``start`` (default), ``end`` or ``mid``, as of the return.
    costs
        ``net`` (default), ``gross_of_fees`` or ``gross`` of fees and taxes, as of the return.
    groups
        Row to group, or a group for each row; default each row by itself.
    method
        Linking, see `link_attribution`; default ``carino``.
    own_timing
        Timing of a row's own return, default ``in_out``: what is bought works from the start of its day, what is sold until its end. With
        ``start`` a sale of nearly all of a row leaves the gain of its day on next to no capital.

    Returns
    -------
    DataFrame
        Index: row or group. `contribution` (fraction; they add up to the return of `panel_returns`, linked), `pnl` (base currency),
        `weight` (mean share of the capital), `return` (its own time-weighted return).

    Notes
    -----
    Convention: on each day gain over the capital of the whole. Where the whole's chain is broken contributions are NaN; a row's own
    return is NaN for shorts, which have no capital of their own. Cash is a row.

    Raises
    ------
    InvalidInput
        An unknown timing, costs or method, or a row without group.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 8 "Multi-period attribution"; Carino, Combining
    Attribution Effects over Time (1999).

    Examples
    --------
    >>> from engine import book, panel
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"])
    >>> prices = pd.DataFrame({"A": [10.0, 11.0, 12.0], "B": [10.0, 9.0, 9.9]}, index=days)
    >>> ledger = [{"date": days[0], "kind": "DEPOSIT", "amount": 20}, {"date": days[0], "kind": "BUY", "symbol": "A", "quantity": 1, "price": 10},
    ...           {"date": days[0], "kind": "BUY", "symbol": "B", "quantity": 1, "price": 10}]
    >>> found = contributions(panel(book(ledger, base_currency="EUR"), prices, start=days[0], end=days[2]))
    >>> found["contribution"].round(6).tolist(), round(float(found["contribution"].sum()), 6)
    ([0.102339, -0.007339, 0.0], 0.095)
    """
    check_timing(flow_timing, DAILY_TIMINGS)
    check_timing(own_timing, DAILY_TIMINGS)
    whole = laid.settled()
    names, place = _grouped(whole, groups)
    charged = charged_sheets(costs)
    sheets = {name: _sum_by(getattr(whole, name), place, len(names)) for name in ("value", "flow", *charged)}
    found = by_stretch(sheets, laid.sums(), laid.known if whole is laid and groups is None else Known(), (flow_timing, costs, own_timing, method))
    index = pd.Index(names, name="row" if groups is None else "group", dtype=object)
    return pd.DataFrame({name: found[name] for name in ("contribution", "pnl", "weight", "return")}, index=index)


def currency_split(
    laid: Panel,
    *,
    flow_timing: str = "start",
    costs: str = "net",
    by: str = "currency",
    method: str = "carino",
    forward_premium: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Split the return into local, currency and cross effect.

    Parameters
    ----------
    laid
        Panel, or a selection of its rows, whose return it is.
    flow_timing, costs, method
        As in `contributions`.
    by
        ``currency`` (default) or ``row``.
    forward_premium
        Dates x currencies: forward over spot rate, less one, of each day; adds `hedged`, the local contribution plus the premium on what
        was held. A currency without a column has 0.

    Returns
    -------
    DataFrame
        Index: currency or row. Contributions `local currency cross base`, fraction, that add up to the return by `base`; `weight`, mean
        share of the capital; `pnl_local pnl_currency pnl_cross`, base currency; and `hedged`.

    Notes
    -----
    Convention: on each day, with V local value, X rate and F flow: local (V1 - V0 - F) X0, currency V0 (X1 - X0) + F X1 - flow in base
    currency, cross (V1 - V0 - F)(X1 - X0). Gains on cash in a foreign currency are of its row. Nothing is left over.

    Raises
    ------
    InvalidInput
        An unknown choice.

    References
    ----------
    Karnosky and Singer, Global Asset Management and Performance Attribution (1994); Bacon, 2nd ed., ch. 6 "Multi-currency attribution".

    Examples
    --------
    >>> from engine import book, panel
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-03"])
    >>> fx = pd.DataFrame({"EURUSD": [1.0, 0.8]}, index=days)
    >>> ledger = [{"date": days[0], "kind": "TRANSFER_IN", "symbol": "A", "quantity": 1, "price": 10, "currency": "USD"}]
    >>> laid = panel(book(ledger, base_currency="EUR", fx=fx), pd.DataFrame({"A": [10.0, 11.0]}, index=days), fx, start=days[0], end=days[1])
    >>> currency_split(laid).loc["USD", ["local", "currency", "cross", "base"]].round(6).tolist()
    [0.1, 0.25, 0.025, 0.375]
    """
    check_timing(flow_timing, DAILY_TIMINGS)
    if by not in {"currency", "row"}:
        raise InvalidInput("by", by, f"{by} is not a choice", hint="Use currency or row")
    whole = laid.settled()
    names, place = _grouped(whole, whole.currencies if by == "currency" else None)
    parts = currency_parts(whole, costs)
    base, returns = _day_returns(whole.value, whole.flow, sum(parts.values(), np.zeros_like(whole.value)), flow_timing)
    summed = {name: _sum_by(cells, place, len(names)) for name, cells in parts.items()}
    columns = {name: _linked(cells[1:], base, returns, method) for name, cells in summed.items()}
    own = _sum_by(capital(whole.value, whole.flow, flow_timing), place, len(names))
    frame = pd.DataFrame({"weight": _mean_weight(own, base), **columns}, index=pd.Index(names, name=by, dtype=object))
    frame["base"] = frame[list(_PARTS)].sum(axis=1, skipna=False)
    for name in _PARTS:
        frame[f"pnl_{name}"] = summed[name].sum(axis=0)
    frame["hedged"] = frame["local"]
    if forward_premium is not None:
        frame["hedged"] += _linked(_sum_by(_premium(whole, forward_premium), place, len(names))[1:], base, returns, method)
    return frame


def local_returns(laid: Panel, *, flow_timing: str = "start", costs: str = "net", forward_premium: pd.DataFrame | None = None) -> pd.Series:
    """Return of each day at the exchange rates of its opening.

    Parameters
    ----------
    laid
        Panel, or a selection of its rows.
    flow_timing, costs
        As in `panel_returns`.
    forward_premium
        As in `currency_split`: with it the returns are hedged ones, local plus premium.

    Returns
    -------
    Series
        By date from the second day on, fraction.

    Notes
    -----
    Convention: gain in the row's currency at the rate of the day's opening, over the capital in base currency; a row that comes in during
    the day is taken at the day's closing rate.

    Raises
    ------
    InvalidInput
        An unknown timing or costs.

    References
    ----------
    Karnosky and Singer, Global Asset Management and Performance Attribution (1994).

    Examples
    --------
    >>> from engine import book, panel
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-03"])
    >>> fx = pd.DataFrame({"EURUSD": [1.0, 0.8]}, index=days)
    >>> ledger = [{"date": days[0], "kind": "TRANSFER_IN", "symbol": "A", "quantity": 1, "price": 10, "currency": "USD"}]
    >>> laid = panel(book(ledger, base_currency="EUR", fx=fx), pd.DataFrame({"A": [10.0, 11.0]}, index=days), fx, start=days[0], end=days[1])
    >>> local_returns(laid).round(6).tolist()
    [0.1]
    """
    check_timing(flow_timing, DAILY_TIMINGS)
    whole = laid.settled()
    gain = (currency_parts(whole, costs)["local"] + _premium(whole, forward_premium))[1:].sum(axis=1)[:, None]
    base = capital(whole.value.sum(axis=1)[:, None], whole.flow.sum(axis=1)[:, None], flow_timing)
    return pd.Series(over_capital(gain, base)[:, 0], index=pd.DatetimeIndex(whole.days[1:], name="date"), name="return")


def _grouped(laid: Panel, groups: Groups) -> tuple[list[str], NDArray[np.int64]]:
    """Names of the groups in the order they come, and the place of each row among them."""
    if groups is None:
        return list(laid.rows), np.arange(len(laid.rows))
    if isinstance(groups, Mapping):
        unknown = [row for row in laid.rows if row not in groups]
        if unknown:
            raise InvalidInput("groups", unknown[0], f"{unknown[0]} is in no group", hint="Name a group for every row")
        groups = [groups[row] for row in laid.rows]
    if len(groups) != len(laid.rows):
        raise MisalignedSeries("groups", "rows", reason=f"{len(groups)} against {len(laid.rows)}")
    names = list(dict.fromkeys(groups))
    places = {name: place for place, name in enumerate(names)}
    return names, np.array([places[name] for name in groups], dtype=np.int64)


def _sum_by(cells: Floats, place: NDArray[np.int64], count: int) -> Floats:
    """Sum of the columns of each group."""
    if count == cells.shape[1] and (place == np.arange(count)).all():
        return cells
    return np.column_stack([cells[:, place == group].sum(axis=1) for group in range(count)]) if count else np.zeros((len(cells), 0))


def _day_returns(values: Floats, flows: Floats, gain: Floats, flow_timing: str) -> tuple[Floats, Floats]:
    """Capital and return of the whole on each day."""
    base = capital(values.sum(axis=1)[:, None], flows.sum(axis=1)[:, None], flow_timing)[:, 0]
    return base, over_capital(gain[1:].sum(axis=1), base)


def _linked(gain: Floats, base: Floats, returns: Floats, method: str) -> Floats:
    """Linked effects of gains over the capital of the whole; all NaN where its chain is broken, none on a day it was idle."""
    if not len(gain):
        return np.full(gain.shape[1], np.nan)
    share = 1.0 / np.where(base > 0, base, np.inf) + np.where(np.isnan(returns), np.nan, 0.0)
    effects: Floats = (link_weights(returns, np.zeros_like(returns), method) * share) @ gain
    return effects


def _mean_weight(own: Floats, base: Floats) -> Floats:
    invested = base > 0
    if not invested.any():
        return np.full(own.shape[1], np.nan)
    weight: Floats = (1.0 / base[invested]) @ own[invested] / np.count_nonzero(invested)
    return weight


def currency_parts(laid: Panel, costs: str) -> dict[str, Floats]:
    """Local, currency and cross gain of each row and day.

    Parameters
    ----------
    laid
        Panel without gaps.
    costs
        ``net``, ``gross_of_fees`` or ``gross`` of fees and taxes.

    Returns
    -------
    dict of str to ndarray of shape (n_days, n_rows)
        `local currency cross`, base currency, 0 on the first day.

    Raises
    ------
    InvalidInput
        Unknown costs.
    """
    gain = gain_before_costs(laid, costs)
    closing = rates_of(laid)
    opening = np.vstack([closing[:1], closing[:-1]])
    local_gain = np.vstack([np.zeros((1, len(laid.rows))), np.diff(laid.value_local, axis=0) - laid.flow_local[1:]])
    local_gain = local_gain + (gain - laid.gain) / closing
    local = local_gain * opening
    cross = local_gain * (closing - opening)
    return {"local": local, "currency": gain - local - cross, "cross": cross}


def rates_of(laid: Panel) -> Floats:
    """Give base units per unit of each row's currency on each day.

    Parameters
    ----------
    laid
        Panel.

    Returns
    -------
    ndarray of shape (n_days, n_rows)
        Gaps take the nearest known rate; without rates those that values imply.
    """
    if laid.rate is not None and not np.isnan(laid.rate).all():
        return pd.DataFrame(laid.rate).ffill().bfill().fillna(1.0).to_numpy() if np.isnan(laid.rate).any() else laid.rate
    rates = np.ones_like(laid.value)
    codes = np.array(laid.currencies, dtype=object)
    for code in {*laid.currencies} - {laid.base_currency}:
        of_code = codes == code
        local, base = np.abs(laid.value_local[:, of_code]).sum(axis=1), np.abs(laid.value[:, of_code]).sum(axis=1)
        seen = np.where(local > 0, base, np.nan) / np.where(local > 0, local, 1.0)
        rates[:, of_code] = pd.Series(seen).ffill().bfill().fillna(1.0).to_numpy()[:, None]
    return rates


def _premium(laid: Panel, forward_premium: pd.DataFrame | None) -> Floats:
    """Forward premium on what was held at the opening of each day, base currency."""
    premium = np.zeros_like(laid.value)
    if forward_premium is None:
        return premium
    given = forward_premium.reindex(index=pd.DatetimeIndex(laid.days), columns=pd.Index(laid.currencies, dtype=object))
    premium[1:] = laid.value[:-1] * given.fillna(0.0).to_numpy(dtype=np.float64)[1:]
    return premium
