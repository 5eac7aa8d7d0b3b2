"""What the services hand out: plain frozen records that screens, routes and the hub read.

Money is float64 in the base currency of the scope, unrounded, unless a comment says otherwise; NaN means "no answer" and comes
with a `Finding`. A scope is the text of a portfolio's id, or `"all"`: every portfolio of the workspace merged, told in the base
currency of the oldest one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Generic, TypeVar
from uuid import UUID

import pandas as pd

from engine import Marks, Snapshot, SnapshotFigures, Terms, framed
from engine.types import Finding, Instrument, PriceState, Transaction

Item = TypeVar("Item")

ALL = "all"  # the scope that merges every portfolio of the workspace


@dataclass(frozen=True, slots=True)
class QuoteView:
    """Last price of an instrument as it is told to people and programs."""

    symbol: str
    instrument_id: UUID
    currency: str  # of `price`
    price: float | None  # local, a unit; None: no quote and no bar (state MISSING)
    previous_close: float | None  # local; the last close before the price's own day
    ts: datetime | None  # instant of the price; of a bar: the end of its trading date (UTC), never in the future
    received: datetime | None  # our clock when the feed took it; None for a bar
    source: str | None  # "simulated", "manual", a provider's name, or the `source` of a push
    state: PriceState
    age_seconds: float | None  # now (or as_of) minus `ts`, never negative
    simulated: bool
    is_bar: bool  # True: a day's close, not a tick
    mark: str | None = None  # how the price was repaired, or that a person released it
    session: str | None = None  # of its venue: open closed pre post; None of what is made up, and while the calendar is not at hand

    @property
    def change(self) -> float | None:
        """Price minus previous close, local."""
        return None if self.price is None or self.previous_close is None else self.price - self.previous_close

    @property
    def change_fraction(self) -> float | None:
        """Change over previous close, fraction."""
        return None if self.change is None or not self.previous_close else self.change / self.previous_close


@dataclass(frozen=True)
class HoldingsView:  # without slots: `snapshot` is kept once it was asked for
    """Positions with their prices at an instant: what the Holdings page and `GET /holdings` show."""

    scope: str  # portfolio id, or "all"
    base_currency: str
    cost_method: str  # the override that was asked for, else the portfolio's own ("mixed" when "all" merges several)
    as_of: datetime  # aware UTC
    live: bool  # True: latest quotes; False: closes on or before the `as_of` that was asked for
    figures: SnapshotFigures  # holdings, closed, cash, totals, findings, in arrays
    instruments: dict[str, Instrument]  # by symbol, every symbol in holdings and closed
    quotes: dict[str, QuoteView]  # by symbol, as `instruments`
    portfolios: dict[str, str]  # portfolio id -> name, those merged here
    revisions: dict[str, int]  # portfolio id -> ledger revision that was read
    simulated: bool  # any price or rate used here is simulated
    findings: tuple[Finding, ...]  # of the book, the marks and the snapshot together

    @cached_property
    def snapshot(self) -> Snapshot:
        """The figures in frames, for those who compute with them."""
        return framed(self.figures)

    @property
    def stale(self) -> dict[str, float]:
        """How much of the value rests on stale prices: `stale_value` in base currency, `stale_share` of the value, `stale_count` of holdings."""
        held = self.figures.holdings
        pairs = zip(held["symbol"].tolist(), held["market_value"].tolist(), strict=True)
        values = [(value, self.quotes[symbol].state) for symbol, value in pairs]
        old = [abs(value) for value, state in values if state is PriceState.STALE and math.isfinite(value)]
        whole = sum(abs(value) for value, _ in values if math.isfinite(value)) + abs(float(self.figures.totals.get("cash", 0.0) or 0.0))
        return {"stale_value": sum(old), "stale_share": sum(old) / whole if whole > 0 else 0.0, "stale_count": float(len(old))}


@dataclass(frozen=True, slots=True)
class LiveTerms:
    """What the hub keeps of one scope between two ledger changes. Rows are holdings first, then cash rows, as in `terms`."""

    scope: str
    base_currency: str
    terms: Terms  # for engine.revalue(terms, price, rate)
    marks: Marks  # of this moment: price, previous_close by symbol; rate, previous_rate by currency
    symbols: tuple[str, ...]  # row -> symbol; "cash:EUR" for a cash row
    instrument_ids: tuple[UUID | None, ...]  # row -> instrument whose quotes price it; None for a cash row
    currencies: tuple[str, ...]  # row -> currency of its price or balance
    rate_ids: dict[UUID, str]  # instrument id of a pair (EURUSD) -> pair; a quote of it moves `rate` of the currencies below
    pairs: dict[str, float]  # pair -> rate now (EURUSD: USD for one EUR), every pair needed for `currencies`
    quotes: dict[str, QuoteView]  # symbol -> quote of now: state, age, simulated
    constants: dict[str, float]  # net_contributions realised income fees taxes cost_basis: fixed until the ledger changes
    on_cost: tuple[float, ...]  # row -> cost basis in base currency (cash rows 0)
    revisions: dict[str, int]  # portfolio id -> revision that was read
    day: date  # the trading date the day P/L is counted from; another day: ask again
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field of a draft."""

    field: str
    code: str  # as in problem+json
    message: str  # a sentence fit for the screen
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would do, told before it is saved. With `errors` nothing else is set."""

    errors: tuple[FieldError, ...] = ()
    warnings: tuple[str, ...] = ()  # allowed but worth a look: "Opens a short of 5 AAPL"
    currency: str | None = None  # of cash_before, cash_after and amount
    amount: Decimal | None = None  # change of cash in `currency`, signed, net of fee and tax
    cash_before: Decimal | None = None  # balance in `currency` of the whole ledger without the draft
    cash_after: Decimal | None = None
    symbol: str | None = None
    position_before: Decimal | None = None  # quantity of `symbol`
    position_after: Decimal | None = None
    realised: float | None = None  # added by this draft, base currency
    base_currency: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the draft could be recorded."""
        return not self.errors


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One provider or push source of prices."""

    name: str
    state: str  # live delayed stale closed down skipped
    last_at: datetime | None  # instant of its newest quote
    age_seconds: float | None
    simulated: bool
    instruments: int  # how many last prices are from it
    message: str | None = None  # why it is down or skipped


@dataclass(frozen=True, slots=True)
class MarketStatus:
    """State of the feed as the status light shows it."""

    state: str  # live delayed stale closed down
    last_tick_at: datetime | None
    age_seconds: float | None
    simulated: bool  # the newest prices are simulated
    sources: tuple[SourceStatus, ...]
    quarantined: int  # quotes that wait for a person
    poller: bool  # some process leads the polling
    database: bool
    bus: bool
    counts: dict[str, int] = field(default_factory=dict)  # instruments by PriceState


@dataclass(frozen=True, slots=True)
class QuarantinedQuote:
    """A quote, or bars or a payment of a history, that was not believed, with the reason."""

    id: UUID
    symbol: str
    price: float | None
    ts: datetime | None
    source: str | None
    last_price: float | None
    reason: str  # slug: not_positive, older, future, jump, ...
    message: str
    status: str  # open released rejected
    created_at: datetime
    kind: str = "quote"  # quote, or bar: of a history
    bars: tuple[dict[str, object], ...] = ()
    actions: tuple[dict[str, object], ...] = ()
    proposed: dict[str, float] = field(default_factory=dict)  # by ISO date, where it can be told


@dataclass(frozen=True, slots=True)
class PushResult:
    """What became of pushed quotes."""

    accepted: int
    quarantined: tuple[dict[str, object], ...]  # {row, symbol, price, reason, message}
    ignored: int = 0  # simulated behind real, or the same again


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One portfolio beside the others."""

    id: str
    name: str
    currency: str  # its base currency: of all money here but `value_display`
    value: float
    day_pnl: float
    day_return: float  # fraction
    total_pnl: float
    unrealised: float
    realised: float
    income: float
    cash: float
    net_contributions: float
    value_display: float  # value in the display currency (base of scope "all")
    weight: float  # share of value_display, fraction
    holdings: int
    findings: int
    version: int
    revision: int
    demo: bool


@dataclass(frozen=True, slots=True)
class InstrumentDetail:
    """One instrument within a scope: what the drawer shows."""

    instrument: Instrument
    quote: QuoteView
    lots: pd.DataFrame  # engine Book.lots of the symbol (+ portfolio): open lots
    gains: pd.DataFrame  # engine Book.gains of the symbol (+ portfolio): matched disposals
    transactions: tuple[Transaction, ...]  # newest first, not voided
    portfolios: dict[str, str]  # id -> name


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list that is walked by key."""

    items: tuple[Item, ...]
    next_after: str | None  # hand it back as `after`; None: this was the last page
