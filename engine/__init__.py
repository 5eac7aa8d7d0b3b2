"""What is true about a portfolio: pure arithmetic on pandas and numpy, usable from a notebook alone."""

from engine.bridges import pnl_bridge
from engine.currencies import CURRENCIES, currency_code, rate_history, rates_to
from engine.daily import daily_values
from engine.evidence import Fix, LedgerFinding
from engine.frames import LEDGER_COLUMNS, fx_frame, ledger_frame, price_frame
from engine.holding_terms import gain_parts, held_days, holding_terms, long_term_from, tax_year_bounds, tax_years
from engine.ledger import EFFECTS, Book, Effect, book
from engine.panel import Panel, add, panel
from engine.rate_ages import stale_rates
from engine.revaluation import Marks, Revaluation, Terms, revalue, row_rates, terms
from engine.review import ledger_checks
from engine.rounding import largest_remainder, to_cents
from engine.sale import SaleSimulation, simulate_sale
from engine.section104 import Section104, section_104
from engine.snapshots import Snapshot, snapshot
from engine.valuation import marks_at, positions, realised_gains, valuation
from engine.wash_sales import WashSales, wash_sales

__all__ = [  # noqa: RUF022 - in the order of `sorted`, as the contract says
    "Book",
    "CURRENCIES",
    "EFFECTS",
    "Effect",
    "Fix",
    "LEDGER_COLUMNS",
    "LedgerFinding",
    "Marks",
    "Panel",
    "Revaluation",
    "SaleSimulation",
    "Section104",
    "Snapshot",
    "Terms",
    "WashSales",
    "add",
    "book",
    "currency_code",
    "daily_values",
    "fx_frame",
    "gain_parts",
    "held_days",
    "holding_terms",
    "largest_remainder",
    "ledger_checks",
    "ledger_frame",
    "long_term_from",
    "marks_at",
    "panel",
    "pnl_bridge",
    "positions",
    "price_frame",
    "rate_history",
    "rates_to",
    "realised_gains",
    "revalue",
    "row_rates",
    "section_104",
    "simulate_sale",
    "snapshot",
    "stale_rates",
    "tax_year_bounds",
    "tax_years",
    "terms",
    "to_cents",
    "valuation",
    "wash_sales",
]
