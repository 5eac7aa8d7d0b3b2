"""What is asked of performance, and what is answered: plain frozen records that screens and routes read.

Money is float64 in `base_currency`, unrounded; returns are fractions (0.05 is 5 %) of the whole window unless a name says
`annualised`. NaN means "no answer" and comes with a `Finding`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import pandas as pd

from engine.types import Finding

PERIODS: Final = ("1D", "1W", "1M", "3M", "6M", "MTD", "QTD", "YTD", "1Y", "3Y", "5Y", "10Y", "ITD")
GROUPINGS: Final = ("symbol", "sector", "asset_class", "currency", "account", "tag", "portfolio")
FLOW_TIMINGS: Final = ("start", "end", "mid", "in_out")
DAY_COUNTS: Final = ("act/365", "act/360", "30/360", "30e/360", "act/act")
TRANSFERS_AT: Final = ("booked", "market")
CASHES: Final = ("auto", "included", "excluded")
COSTS: Final = ("net", "gross_of_fees", "gross")
CURRENCY_MODES: Final = ("base", "local", "hedged")
BRIDGE: Final = ("opening_value", "flows", "price", "fx", "income", "fees", "taxes", "corporate_actions", "closing_value", "residual")


@dataclass(frozen=True, slots=True)
class PerformanceQuestion:
    """What is asked of a scope; every field has a default."""

    start: date | None = None  # opening value at its close; None: by `period`
    end: date | None = None  # closing value at its close; None or today: now, at the latest quotes
    period: str | None = None  # of PERIODS, instead of `start`; None without a start: ITD (the day before the first transaction)
    group_by: str | None = None  # of GROUPINGS: fills `groups`
    group: str | None = None  # one value of `group_by` ("AAPL", "Technology", "EUR", an account, a tag, a portfolio's id): the whole answer is of it
    benchmark: str | None = None  # symbol; None: the portfolio's own; "": none
    flow_timing: str | None = None  # of FLOW_TIMINGS: when on its day a flow counts; None: see `timing` and `part_timing`
    day_count: str = "act/365"  # of DAY_COUNTS: years of the money-weighted return
    costs: str = "net"  # of COSTS: what `twr`, `mwr`, ... are after; "gross" is before fees and taxes
    currency_mode: str = "base"  # of CURRENCY_MODES: whether `twr`, growth, windows and calendar have currency in them
    inflation: str | None = None  # symbol of an index instrument whose closes are consumer prices: fills real_twr
    cost_method: str | None = None  # instead of the portfolio's own
    known_at: datetime | None = None  # the ledger as it was known at an instant
    base_currency: str | None = None  # instead of the portfolio's own; of "all": of the oldest portfolio
    cash: str = "auto"  # of CASHES: whether cash is part of what is measured; auto: where money was ever booked as coming in
    transfers_at: str = "market"  # of TRANSFERS_AT: what securities that cross the boundary count as: the close of the day, or their price or cost

    @property
    def timing(self) -> str:
        """When a flow of a whole counts: money that came in could work from the start of its day."""
        return self.flow_timing or "start"

    @property
    def part_timing(self) -> str:
        """When a purchase or sale counts in the return of a holding or group: what was sold worked until it was sold."""
        return self.flow_timing or "in_out"


@dataclass(frozen=True, slots=True)
class PerformanceView:
    """A window of a scope in every way that it can be measured: what the page and `GET /performance` show."""

    scope: str  # portfolio id, or "all"
    base_currency: str
    start: date  # opening value is at its close
    end: date
    days: int  # calendar days from start to end
    label: str  # whose figures: the portfolio's name, "All portfolios", or the group ("Sector Technology")
    conventions: dict[str, str]  # flow_timing day_count costs currency_mode cost_method benchmark inflation group_by group, as they were applied

    # twr twr_annualised mwr mwr_period mwr_annualised simple_dietz modified_dietz roi simple_return twr_gross twr_gross_of_fees twr_net real_twr
    # local_twr hedged_twr benchmark_twr benchmark_annualised active_return active_return_annualised tracking_error information_ratio volatility
    # max_drawdown best_day worst_day best_month worst_month months_positive months up_capture down_capture pnl invested return_gap
    # opening_value closing_value. Annualised ones are NaN for less than a year; mwr is a
    # year's rate for a year or more and the window's for less, mwr_period always the window's: the one to put beside twr.
    figures: dict[str, float]
    bridge: dict[str, float]  # BRIDGE; opening + flows + price + fx + income - fees - taxes + corporate_actions = closing
    series: pd.DataFrame  # date x value market_value cash flow net_contributions missing growth benchmark_growth (growth from 1.0 at `start`)
    flows: pd.DataFrame  # date kind amount: external flows of the window, positive in
    windows: pd.DataFrame  # index window (PERIODS without 1D 1W), those that history covers: start end twr benchmark active mwr annualised
    # benchmark_annualised active_annualised mwr_period
    calendar: pd.DataFrame  # index year x columns 1 .. 12 and "total": returns; NaN where there is no history
    contributions: pd.DataFrame  # name label contribution return weight pnl: one row a holding or cash currency; contribution sums to twr
    groups: pd.DataFrame  # the same, one row a group, when `group_by` is given, with `key` to ask for it as `group`; else empty
    currency: pd.DataFrame  # index currency: weight local fx cross base, contributions that sum to twr by `base`
    why: str  # one sentence: why TWR and MWR differ
    quality: tuple[Finding, ...]  # what weakens the figures: missing prices, large flows, a chain broken at zero
    findings: tuple[Finding, ...]  # everything odd, `quality` included
    benchmark: tuple[str, str] | None  # symbol and name
    simulated: bool  # any price, rate or benchmark close used is simulated
    revisions: dict[str, int]  # portfolio id -> ledger revision that was read
    known_at: datetime | None
    gaps: dict[str, str] = field(default_factory=dict)  # figure that is NaN -> why, in a sentence
