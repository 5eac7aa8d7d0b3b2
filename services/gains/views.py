"""What is asked of realised gains and what is answered: plain frozen records that screens and routes read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import pandas as pd

from engine import SaleSimulation
from engine.types import Finding, Instrument
from services.market.marks import Marked
from services.views import QuoteView

RULES: Final = ("uk", "us")
GROUPINGS: Final = ("symbol", "year", "month", "term", "rule", "account", "portfolio")
FIGURES: Final = ("count", "gains", "losses", "net", "short", "long", "price_gain", "fx_gain", "disallowed", "adjusted", "proceeds", "cost",
                  "fee", "tax")


@dataclass(frozen=True, slots=True)
class GainsQuestion:
    """What is asked of a scope; every field has a default."""

    start: date | None = None  # first day of closing that counts; None: from the beginning
    end: date | None = None  # last day that counts; None: to the end
    year: str | None = None  # a tax year instead of start and end: "2024", "2024/25"
    tax_year: str | None = None  # "calendar" or "uk" (from 6 April); None: that of the rules
    cost_method: str | None = None  # None: the portfolio's own; not with the rules of the United Kingdom, which have theirs
    rules: str | None = None  # None, "uk" or "us"
    group: str | None = None  # one of GROUPINGS
    as_of: date | None = None  # the ledger up to a day
    known_at: datetime | None = None
    base_currency: str | None = None  # None: that of the scope; GBP under the rules of the United Kingdom
    fees_in_cost: bool = True  # whether fees and taxes of trades are in cost and proceeds; always under rules
    lots_by: str = "account"  # or "pooled": a sale takes lots of any account


@dataclass(frozen=True, slots=True)
class GainsView:
    """Realised gains of a window: one row a matched lot, and sums of them. Money is base currency, unrounded, unless a name says `_local`."""

    scope: str
    base_currency: str
    cost_method: str  # "section_104" under the rules of the United Kingdom, "mixed" where portfolios differ
    rules: str | None
    tax_year: str
    start: date | None
    end: date | None
    known_at: datetime | None
    rows: pd.DataFrame  # the columns of `gains_rows.ROW`
    totals: dict[str, float]  # FIGURES, and income, fees, taxes of the window
    by_year: pd.DataFrame  # index tax year x FIGURES
    by_term: pd.DataFrame
    by_symbol: pd.DataFrame
    groups: pd.DataFrame | None  # index of the group that was asked for x FIGURES
    replacements: pd.DataFrame  # `WashSales.replacements` of the losses in the window; empty without the rules of the United States
    years: tuple[str, ...]  # every tax year in which something was realised, newest first
    portfolios: dict[str, str]
    revisions: dict[str, int]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class SaleView:
    """A sale that is thought through, with where its price and rate come from."""

    scope: str
    base_currency: str
    cost_method: str  # the scope's own
    instrument: Instrument
    simulation: SaleSimulation
    quote: QuoteView
    price_given: bool
    fx_rate: float
    fee: float
    tax: float
    tax_rates: dict[str, float] | None
    portfolios: dict[str, str]
    accounts: tuple[str, ...]  # those that hold it
    simulated: bool
    marked: Marked  # where price and rate come from
    findings: tuple[Finding, ...] = field(default=())
