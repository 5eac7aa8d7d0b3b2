"""A list of trades laid out for the screen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from components import advice_rebalance as parts
from components.advice import Order, Shift

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.advice.views_trades import RebalanceView, Trade

CASH = "cash"
FIGURES = (("Value", "value", "money"), ("Cash", "cash_weight", "fraction"), ("Distance to targets", "drift", "fraction"),
           ("Volatility a year", "volatility", "fraction"), ("VaR, 1 day", "value_at_risk", "fraction"),
           ("Expected shortfall, 1 day", "expected_shortfall", "fraction"), ("Tracking error to targets", "tracking_error", "fraction"),
           ("Tracking error to benchmark", "benchmark_tracking_error", "fraction"), ("Beta", "beta", "number"),
           ("Largest holding", "largest", "fraction"), ("Effective holdings", "effective_number", "number"))


def preview(view: RebalanceView, portfolio: str, name: str, accounts: list[str]) -> parts.Preview:
    """Lay a list of trades out for the tab."""
    trades, before, after = view.trade_list, view.effect.before, view.effect.after
    shifts = [Shift(label, unit, getattr(after, figure), getattr(before, figure)) for label, figure, unit in FIGURES]
    sums = [("Turnover", trades.turnover, "fraction"), ("Cost", trades.cost, "money"), ("Tax, losses set off", trades.tax, "money"),
            ("Gains, short term", trades.gain_short, "money"), ("Gains, long term", trades.gain_long, "money")]
    conversions = [f"{each.amount:,.2f} {each.currency} into {each.to_amount:,.2f} {each.to_currency}: {each.reason}" for each in trades.conversions]
    clashes = [parts.Clash(each.name, each.what, each.relaxed, each.jointly) for each in view.conflicts]
    return parts.Preview(portfolio, name, view.base_currency, view.revision, view.simulated, accounts,
                         [_line(trade, view.names) for trade in trades.trades], conversions, shifts, sums, weights(view), clashes, trades.notes,
                         [each.message for each in view.findings], view.effect.days)


def _line(trade: Trade, names: Mapping[str, str]) -> parts.Line:
    order = Order(trade.side, trade.symbol, trade.quantity, trade.price_local, trade.currency, trade.amount, trade.weight_before,
                  trade.weight_after, trade.tax, trade.fee + trade.spread, trade.reason)
    lots = [parts.Lot(lot.opened, lot.quantity, lot.cost, lot.proceeds, lot.gain, lot.tax, lot.term) for lot in trade.lots]
    return parts.Line(order, names.get(trade.symbol, ""), trade.account or "", lots)


def weights(view: RebalanceView) -> list[parts.Weight]:
    """Give what everything weighs before and after, beside its target; cash comes last."""
    before, after = view.effect.before, view.effect.after
    keys = sorted({*before.weights, *after.weights, *view.targets} - {CASH}, key=lambda key: -view.targets.get(key, 0.0))
    rows = [parts.Weight(key, view.names.get(key, ""), before.weights.get(key, 0.0), after.weights.get(key, 0.0), view.targets.get(key, 0.0),
                         *view.bands.get(key, (0.0, 0.0))) for key in keys]
    rest = 1.0 - math.fsum(weight for key, weight in view.targets.items() if key != CASH)
    rest = rest if abs(rest) > 1e-9 else 0.0
    return [*[each for each in rows if each.now or each.after or each.target],
            parts.Weight("Cash", "", before.cash_weight, after.cash_weight, rest, math.nan, math.nan)]
