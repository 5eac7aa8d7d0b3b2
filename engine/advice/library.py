"""Optimisers and rebalancing for a notebook: frames in, frames out, every convention a keyword."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from engine.advice.legs import Ways
from engine.advice.lot_choice import HeldLot
from engine.advice.optimise import Task, frontier, optimise
from engine.advice.optimise_limits import Limits, group_limits
from engine.advice.policy import CASH, Constraints, Costs, Taxes
from engine.advice.rebalance import rebalance
from engine.advice.standing import Standing, aims_of
from engine.advice.trades import Conflict
from engine.advice.view_words import views_of
from engine.errors import InvalidInput
from engine.types import CostMethod

__all__ = ["efficient_frontier", "optimised_weights", "rebalancing_trades"]

Groups = Mapping[str, tuple[float, float]]
COLUMNS = ["side", "symbol", "account", "quantity", "price", "amount", "fee", "spread", "tax", "weight_before", "weight_after", "target", "reason"]
OWN = "the portfolio"


def optimised_weights(  # noqa: PLR0913 - one parameter a convention
    returns: pd.DataFrame, *, model: str = "mean_risk", measure: str = "variance", objective: str = "minimise_risk", covariance: str = "ledoit_wolf",
    expected: str = "empirical", views: Sequence[str] = (), budgets: Mapping[str, float] | None = None, present: Mapping[str, float] | None = None,
    benchmark_returns: pd.Series | None = None, min_weight: float = 0.0, max_weight: float = 1.0, groups: Groups | None = None,
    group_of: Mapping[str, str] | None = None, max_turnover: float | None = None, min_return: float | None = None,
    max_tracking_error: float | None = None, transaction_cost: float = 0.0, risk_aversion: float = 1.0, risk_free: float = 0.0,
    periods_per_year: float = 252.0,
) -> pd.Series:
    """Find the weights of an optimiser of skfolio under constraints.

    Parameters
    ----------
    returns : DataFrame of shape (n_periods, n_symbols), simple returns, fraction
        Without a gap, 60 rows or more.
    model
        One of `engine.advice.optimise_models.MODELS`, such as ``risk_parity``, ``hrp``, ``black_litterman``.
    measure, objective, covariance, expected
        Risk measure, what is sought, and the estimators of risk and of returns.
    views
        In plain words, for Black and Litterman: ``"AAPL outperforms MSFT by 2 % (60 %)"``.
    budgets
        Share of the risk by symbol, for ``risk_budgeting``.
    present
        Weight by symbol now, which a turnover is counted from; default even.
    benchmark_returns
        What a tracking error is against; the same index.
    min_weight, max_weight
        Of each symbol, fraction.
    groups, group_of
        Least and most by group; symbol to its group.
    max_turnover, min_return, max_tracking_error
        Half of the sum of changes; a year's return and tracking error, fractions.
    transaction_cost, risk_aversion, risk_free
        Of what is traded; of ``maximise_utility``; a year.
    periods_per_year
        Rows of a year.

    Returns
    -------
    Series of shape (n_symbols,), fraction
        They sum to one.

    Raises
    ------
    InsufficientHistory
        Fewer than 60 returns.
    InvalidInput
        A word that is none, or constraints that contradict each other: then the sentence says which, and what would mend it.

    Notes
    -----
    Convention: long only, fully invested; figures are a year's, returns arithmetic. A tracking error is about nothing, as skfolio has it.

    References
    ----------
    skfolio 1.x, ``skfolio.optimization``.

    Examples
    --------
    >>> chance = np.random.default_rng(0).normal(0.0, [0.01, 0.02], (90, 2))
    >>> optimised_weights(pd.DataFrame(chance, columns=["A", "B"]), model="equal_weight").tolist()
    [0.5, 0.5]
    """
    limits = _limits(returns, min_weight, max_weight, groups, group_of, (max_turnover, min_return, max_tracking_error))
    task = Task(model, measure, objective, expected, covariance, views_of(views, [*map(str, returns.columns)]), risk_aversion, risk_free, budgets,
                limits, transaction_cost)
    found = optimise(returns, task, present or {}, benchmark=benchmark_returns, periods_per_year=periods_per_year)
    if found.point is None:
        raise _contradiction(found.conflicts)
    return pd.Series(found.point.weights, name="weight").rename_axis("symbol")


def efficient_frontier(  # noqa: PLR0913 - likewise
    returns: pd.DataFrame, *, size: int = 20, measure: str = "variance", covariance: str = "ledoit_wolf", expected: str = "empirical",
    min_weight: float = 0.0, max_weight: float = 1.0, groups: Groups | None = None, group_of: Mapping[str, str] | None = None,
    risk_free: float = 0.0, periods_per_year: float = 252.0,
) -> pd.DataFrame:
    """Trace the efficient frontier from the least risk up.

    Parameters
    ----------
    returns : DataFrame of shape (n_periods, n_symbols), simple returns, fraction
        Without a gap, 60 rows or more.
    size
        Points, evenly spaced in expected return.
    measure, covariance, expected
        Risk measure, and the estimators of risk and of returns.
    min_weight, max_weight
        Of each symbol, fraction.
    groups, group_of
        Least and most by group; symbol to its group.
    risk_free
        A year, for the ratio.
    periods_per_year
        Rows of a year.

    Returns
    -------
    DataFrame of shape (size, 3 + n_symbols)
        ``expected_return``, ``risk`` (a volatility for the variance) and ``ratio``, a year; then the weight of each symbol.

    Raises
    ------
    InsufficientHistory
        Fewer than 60 returns.
    InvalidInput
        A word that is none, or constraints that contradict each other.

    Notes
    -----
    Convention: long only, fully invested.

    References
    ----------
    Markowitz, H. (1952). Portfolio Selection. Journal of Finance 7(1), 77-91.

    Examples
    --------
    >>> chance = np.random.default_rng(0).normal([0.0004, 0.0008], [0.01, 0.02], (90, 2))
    >>> list(efficient_frontier(pd.DataFrame(chance, columns=["A", "B"]), size=3).columns)
    ['expected_return', 'risk', 'ratio', 'A', 'B']
    """
    limits = _limits(returns, min_weight, max_weight, groups, group_of)
    task = Task(measure=measure, expected=expected, covariance=covariance, risk_free=risk_free, limits=limits)
    first = optimise(returns, task, {}, periods_per_year=periods_per_year)
    if first.conflicts:
        raise _contradiction(first.conflicts)
    points = frontier(returns, task, {}, size=size, periods_per_year=periods_per_year).points
    rows = [{"expected_return": each.expected_return, "risk": each.risk, "ratio": each.ratio, **each.weights} for each in points]
    return pd.DataFrame(rows)


def rebalancing_trades(  # noqa: PLR0913 - likewise
    lots: pd.DataFrame, prices: Mapping[str, float], targets: Mapping[str, float], *, as_of: date, cash: float = 0.0,
    group_of: Mapping[str, str] | None = None, cost_method: str = "fifo", constraints: Constraints | None = None, costs: Costs | None = None,
    taxes: Taxes | None = None, new_money: float = 0.0, buy_only: bool = False, bring: str = "targets", band: float = 0.0,
) -> pd.DataFrame:
    """Find the trades that bring holdings to targets, in one currency.

    Parameters
    ----------
    lots : DataFrame with columns symbol, quantity, cost, opened
        What is held: cost of the whole lot; the day it was opened. ``account`` may be there too.
    prices
        Of everything that is held or may be bought.
    targets
        Symbol, or group where `group_of` is given, to weight; what is missing to one is cash.
    as_of
        Day of the trades: it says which gains are long-term.
    cash
        That is there.
    group_of
        Symbol to its group: then the targets are of groups.
    cost_method
        fifo lifo hifo lofo average specific; under ``specific`` the lots that cost the least tax go first.
    constraints, costs, taxes
        What no trade may break, what it costs, what a gain costs.
    new_money, buy_only
        Comes in before the trades, or is taken out (negative); nothing is sold.
    bring
        ``targets``, ``breached`` (only what left its band) or ``edge`` (only to the band's edge).
    band
        How far each may be off either way, fraction.

    Returns
    -------
    DataFrame, one row a trade
        Sales first; quantities positive, money in the one currency.

    Raises
    ------
    InvalidInput
        Targets that are more than one, a name without a price, or constraints that contradict each other.

    Notes
    -----
    Convention: weights are of the value after costs; a trade is done half the spread worse than its price.

    Examples
    --------
    >>> held = pd.DataFrame({"symbol": ["A"], "quantity": [100.0], "cost": [5000.0], "opened": ["2020-01-02"]})
    >>> found = rebalancing_trades(held, {"A": 100.0, "B": 50.0}, {"A": 0.5, "B": 0.5}, as_of=date(2026, 3, 2), costs=Costs(spread=0.0))
    >>> found[["side", "symbol", "quantity"]].values.tolist()
    [['SELL', 'A', 50.0], ['BUY', 'B', 100.0]]
    """
    symbols = tuple(sorted({*map(str, prices)}))
    missing = sorted({*lots["symbol"].astype(str)} - {*symbols})
    if missing:
        raise InvalidInput("prices", missing[0], f"{missing[0]} is held and has no price", hint="Give one, or leave its lots out", rule="required")
    ones = np.ones(len(symbols))
    groups = {} if group_of is None else {"group": tuple(str(group_of.get(symbol, "")) for symbol in symbols)}
    standing = Standing(as_of, OWN, symbols, (OWN,) * len(symbols), np.array([float(prices[symbol]) for symbol in symbols]), ones, ones, _held(lots),
                        {(None, OWN): cash}, {OWN: 1.0}, CostMethod(cost_method), groups=groups)
    aims = aims_of(standing, targets, {name: band for name in targets if name != CASH}, "symbol" if group_of is None else "group")
    found = rebalance(standing, aims, Ways(constraints or Constraints(), costs or Costs(), taxes or Taxes(), new_money, buy_only), bring=bring)
    if found.conflicts:
        raise _contradiction(found.conflicts)
    rows = [{**{name: getattr(each, name) for name in COLUMNS if name != "price"}, "price": each.price_local} for each in found.list.trades]
    return pd.DataFrame(rows, columns=COLUMNS)


def _held(lots: pd.DataFrame) -> dict[tuple[str, str | None], list[HeldLot]]:
    found: dict[tuple[str, str | None], list[HeldLot]] = {}
    for number, row in enumerate(lots.to_dict("records")):
        account, opened = row.get("account"), row.get("opened")
        at = (str(row["symbol"]), None if account is None or pd.isna(account) else str(account))
        day = None if opened is None or pd.isna(opened) else pd.Timestamp(opened).date()
        found.setdefault(at, []).append(HeldLot(str(number), day, float(row["quantity"]), float(row["cost"])))
    for each in found.values():
        each.sort(key=lambda lot: lot.opened or date.min)
    return found


def _limits(returns: pd.DataFrame, least: float, most: float, groups: Groups | None, group_of: Mapping[str, str] | None,
            more: tuple[float | None, float | None, float | None] = (None, None, None)) -> Limits:
    keys = {"group": {str(symbol): str((group_of or {}).get(str(symbol), "")) for symbol in returns.columns}}
    return Limits(least, most, (), group_limits({"group": groups or {}}, keys), *more)


def _contradiction(conflicts: Sequence[Conflict]) -> InvalidInput:
    told = "; ".join(each.what + _would_do(each) for each in conflicts)
    return InvalidInput("constraints", [each.name for each in conflicts], f"cannot all hold: {told}", hint="Relax one of them", rule="contradiction")


def _would_do(each: Conflict) -> str:
    if math.isnan(each.relaxed):
        return ""
    return f" ({each.relaxed:.6g} would do{', with the others' if each.jointly else ''})"
