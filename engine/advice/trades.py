"""Trades that somebody may do: which, at what cost and tax, out of which lots, and what they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

__all__ = ["BeforeAfter", "Conflict", "Conversion", "LotTaken", "Side", "Trade", "TradeList"]

BUY: Final = "BUY"
SELL: Final = "SELL"
NAN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class LotTaken:
    """What a sale takes of one lot. Money in base currency."""

    lot_id: str  # the transaction that opened it
    opened: date | None  # None: pooled at average cost
    quantity: float
    cost: float
    proceeds: float  # net of its share of fee and spread
    gain: float  # proceeds - cost
    term: str  # short long
    tax: float  # gain times the rate of its term; negative: what the loss saves where there are gains to set it against


@dataclass(frozen=True, slots=True)
class Trade:
    """One purchase or sale. Money in base currency unless a name says `_local`."""

    side: str  # BUY SELL
    symbol: str
    quantity: float  # positive
    price_local: float
    currency: str
    fx_rate: float  # base units per local unit
    amount: float  # quantity * price * multiplier in base currency, positive
    fee: float
    spread: float  # half the spread, lost in the price
    tax: float  # of its lots, before losses and gains are set off between trades
    account: str | None
    weight_before: float  # of the symbol over all accounts, fraction of the value
    weight_after: float
    target: float  # NaN where there is none
    reason: str  # a sentence
    lots: tuple[LotTaken, ...] = ()
    multiplier: float = 1.0

    @property
    def signed_quantity(self) -> float:
        """Positive for a purchase, negative for a sale."""
        return self.quantity if self.side == BUY else -self.quantity

    @property
    def cash(self) -> float:
        """What it moves in cash, base currency: negative for a purchase; without tax, which is due later."""
        return (self.amount if self.side == SELL else -self.amount) - self.fee - self.spread


@dataclass(frozen=True, slots=True)
class Conversion:
    """Cash of one currency into another, so that purchases can be paid."""

    currency: str
    amount: float  # of `currency`
    to_currency: str
    to_amount: float  # of `to_currency`
    cost: float  # base currency, part of the rate
    account: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class TradeList:
    """Trades in the order they are to be done: sales, conversions, purchases. Money in base currency."""

    trades: tuple[Trade, ...]
    conversions: tuple[Conversion, ...] = ()
    new_money: float = 0.0  # that comes in before (positive) or is taken out after
    money_account: str | None = None
    cost: float = 0.0  # fees, spreads and conversions
    tax: float = 0.0  # after losses and gains are set off; positive: to pay, negative: saved
    gain_short: float = 0.0
    gain_long: float = 0.0
    turnover: float = 0.0  # half of what is bought and sold over the value, fraction
    notes: tuple[str, ...] = ()  # what was left out, and why


@dataclass(frozen=True, slots=True)
class Side:
    """How a portfolio stands before or after; risk is of today's weights on the past of what is held. Losses are positive."""

    value: float
    cash: float
    cash_weight: float
    weights: Mapping[str, float]  # by symbol, cash apart
    drift: float = NAN  # half the sum of distances from the targets, fraction
    volatility: float = NAN  # a year
    value_at_risk: float = NAN  # of a day, fraction
    expected_shortfall: float = NAN
    tracking_error: float = NAN  # against the targets, a year
    benchmark_tracking_error: float = NAN  # against the benchmark, a year
    beta: float = NAN
    largest: float = NAN  # weight of the largest holding
    effective_number: float = NAN  # of holdings: 1 over the sum of squared weights


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """A portfolio before and after some trades, side by side."""

    before: Side
    after: Side
    groups: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)  # sector, asset_class, ... -> name -> weight before, after
    days: int = 0  # of history that the risk rests on
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Conflict:
    """One constraint of those that cannot all hold, and how far it alone would have to give way."""

    name: str  # the policy's name for it, such as max_weight
    what: str  # "no holding above 10 %"
    limit: float
    relaxed: float  # the limit with which all of them hold, the others unchanged; NaN: it alone mends nothing, or would have to be lifted
    subject: str | None = None  # symbol or group it is about
    jointly: bool = False  # `relaxed` mends only together with the others'
