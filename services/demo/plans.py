"""What the three demo portfolios are: whose they could be, what they hold, and how they save.

Everything here is a decision a person might have taken; prices and rates come from the market, so that the ledgers that
`services.demo.ledgers` writes from these plans are arithmetic and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from engine.types import AssetClass


@dataclass(frozen=True, slots=True)
class Listing:
    """What the demo knows of an instrument. The yield is illustrative: the prices already hold the real dividends."""

    symbol: str
    name: str
    sector: str
    exchange: str
    dividend_yield: Decimal = Decimal(0)
    dividend_month: int = 3
    asset_class: AssetClass = AssetClass.EQUITY


@dataclass(frozen=True, slots=True)
class Conversion:
    """Money changed on a date: so much of one currency into another at the reference rate of that day."""

    day: date
    amount: int
    currency: str
    to_currency: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How a portfolio is run.

    Attributes
    ----------
    saving : mapping of date to monthly deposit from then on, in the base currency
    targets : mapping of date to the shares of the invested money from then on; what is no longer named is sold
    reserve : fraction of the portfolio that stays in cash
    abroad : fraction of the free cash in the base currency that is changed into US dollars each quarter
    shorts : mapping of symbol to quantity, date sold, date bought back
    """

    name: str
    base_currency: str
    opened: date
    opening: int
    saving: Mapping[date, int]
    targets: Mapping[date, Mapping[str, int]]
    commission: Decimal
    custody: Decimal
    reserve: Decimal = Decimal("0.03")
    withholding: Decimal = Decimal(0)
    abroad: Decimal = Decimal(0)
    conversions: tuple[Conversion, ...] = ()
    withdrawals: Mapping[date, int] = field(default_factory=dict)
    shorts: Mapping[str, tuple[int, date, date]] = field(default_factory=dict)
    benchmark: str = "SP500"  # a symbol, or the name of a mix


@dataclass(frozen=True, slots=True)
class Mix:
    """A benchmark made of several things, in points of a whole."""

    name: str
    rebalancing: str
    shares: Mapping[str, int]
    cash: int = 0
    cash_rate: Decimal = Decimal(0)  # a year

    @property
    def points(self) -> int:
        """What all parts add up to."""
        return sum(self.shares.values()) + self.cash


def listing(symbol: str, name: str, sector: str, exchange: str, yearly: str, month: int) -> Listing:
    """Describe a US share."""
    return Listing(symbol, name, sector, exchange, Decimal(yearly), month)


LISTINGS = (
    listing("AAPL", "Apple", "Technology", "XNAS", "0.006", 2),
    listing("AMD", "Advanced Micro Devices", "Technology", "XNAS", "0", 3),
    listing("BAC", "Bank of America", "Financials", "XNYS", "0.022", 3),
    listing("BBY", "Best Buy", "Consumer", "XNYS", "0.028", 1),
    listing("CVX", "Chevron", "Energy", "XNYS", "0.038", 3),
    listing("GE", "General Electric", "Industrials", "XNYS", "0.012", 1),
    listing("HD", "Home Depot", "Consumer", "XNYS", "0.022", 3),
    listing("JNJ", "Johnson & Johnson", "Health care", "XNYS", "0.027", 3),
    listing("JPM", "JPMorgan Chase", "Financials", "XNYS", "0.025", 1),
    listing("KO", "Coca-Cola", "Consumer", "XNYS", "0.030", 1),
    listing("LLY", "Eli Lilly", "Health care", "XNYS", "0.012", 3),
    listing("MRK", "Merck", "Health care", "XNYS", "0.028", 1),
    listing("MSFT", "Microsoft", "Technology", "XNAS", "0.009", 3),
    listing("PEP", "PepsiCo", "Consumer", "XNAS", "0.028", 3),
    listing("PFE", "Pfizer", "Health care", "XNYS", "0.036", 3),
    listing("PG", "Procter & Gamble", "Consumer", "XNYS", "0.025", 2),
    listing("RRC", "Range Resources", "Energy", "XNYS", "0.008", 3),
    listing("UNH", "UnitedHealth", "Health care", "XNYS", "0.014", 3),
    listing("WMT", "Walmart", "Consumer", "XNAS", "0.015", 1),
    listing("XOM", "Exxon Mobil", "Energy", "XNYS", "0.035", 3),
    Listing("SP500", "S&P 500", "", "XNYS", asset_class=AssetClass.INDEX),
)

GROWTH = Plan(
    name="US growth",
    base_currency="USD",
    opened=date(2016, 1, 4),
    opening=15_000,
    saving={date(2016, 2, 1): 500, date(2019, 1, 1): 800, date(2023, 1, 1): 1_000},
    targets={
        date(2016, 1, 1): {"AAPL": 20, "MSFT": 20, "HD": 15, "UNH": 15, "JPM": 10, "BBY": 10, "WMT": 10},
        date(2020, 6, 1): {"AAPL": 20, "MSFT": 20, "HD": 13, "UNH": 14, "LLY": 13, "JPM": 10, "AMD": 10},
        date(2026, 2, 1): {"AAPL": 20, "MSFT": 18, "HD": 13, "UNH": 12, "LLY": 11, "JPM": 10, "AMD": 10, "RRC": 6},
    },
    commission=Decimal("1.00"),
    custody=Decimal("24.00"),
    withdrawals={date(2021, 6, 14): 12_000},
)

BALANCED = Plan(
    name="Global balanced",
    base_currency="EUR",
    opened=date(2014, 1, 6),
    opening=50_000,
    saving={date(2014, 2, 1): 700, date(2018, 1, 1): 1_000, date(2022, 1, 1): 1_500},
    targets={
        date(2014, 1, 1): {"JNJ": 10, "PG": 10, "KO": 10, "PEP": 8, "XOM": 10, "CVX": 8, "JPM": 10, "MSFT": 10, "MRK": 8, "GE": 8, "WMT": 8},
        date(2019, 2, 1): {"JNJ": 10, "PG": 10, "KO": 10, "PEP": 8, "XOM": 8, "CVX": 8, "JPM": 10, "MSFT": 10, "MRK": 8, "BAC": 8, "WMT": 10},
    },
    commission=Decimal("4.90"),
    custody=Decimal("60.00"),
    reserve=Decimal("0.09"),
    withholding=Decimal("0.15"),
    abroad=Decimal("0.60"),
    conversions=(
        Conversion(date(2014, 3, 10), 6_000, "EUR", "CHF"),
        Conversion(date(2015, 9, 14), 5_000, "EUR", "GBP"),
        Conversion(date(2016, 10, 10), 4_000, "EUR", "GBP"),
        Conversion(date(2018, 5, 14), 6_000, "EUR", "CHF"),
        Conversion(date(2020, 9, 14), 5_000, "EUR", "CHF"),
        Conversion(date(2021, 4, 12), 2_500, "GBP", "EUR"),
        Conversion(date(2022, 10, 10), 5_000, "USD", "EUR"),
        Conversion(date(2024, 3, 11), 4_000, "EUR", "GBP"),
    ),
    benchmark="Sectors 90/10",
)

CONCENTRATED = Plan(
    name="Concentrated",
    base_currency="USD",
    opened=date(2018, 3, 5),
    opening=25_000,
    saving={date(2018, 4, 1): 300, date(2021, 1, 1): 600},
    targets={date(2018, 1, 1): {"AAPL": 30, "LLY": 25, "JPM": 20, "AMD": 15, "CVX": 10}},
    commission=Decimal("2.50"),
    custody=Decimal("36.00"),
    reserve=Decimal("0.03"),
    withdrawals={date(2022, 3, 14): 8_000},
    shorts={"GE": (40, date(2018, 6, 11), date(2018, 12, 17))},
)

PLANS = (GROWTH, BALANCED, CONCENTRATED)

# Shares of the demo in sectors about as heavy as in the market, and as much cash as the balanced portfolio keeps: it can be taken apart by sector.
SECTORS = Mix(
    name="Sectors 90/10",
    rebalancing="quarterly",
    shares={
        "AAPL": 9, "MSFT": 9, "AMD": 4,  # technology
        "UNH": 4, "JNJ": 4, "LLY": 3, "PFE": 2, "MRK": 3,  # health care
        "HD": 5, "WMT": 4, "PG": 4, "KO": 4, "PEP": 3, "BBY": 2,  # consumer
        "JPM": 8, "BAC": 5,  # financials
        "XOM": 5, "CVX": 4, "RRC": 1,  # energy
        "GE": 7,  # industrials
    },
    cash=10,
    cash_rate=Decimal("0.01"),
)
CAUTIOUS = Mix(name="60/40 S&P 500 and cash", rebalancing="quarterly", shares={"SP500": 60}, cash=40, cash_rate=Decimal("0.02"))
MIXES = (SECTORS, CAUTIOUS)
