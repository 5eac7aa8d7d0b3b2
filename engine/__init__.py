"""What is true about a portfolio: pure arithmetic on pandas and numpy, usable from a notebook alone."""

from engine.bridges import pnl_bridge
from engine.currencies import CURRENCIES, currency_code, rate_history, rates_to
from engine.daily import daily_values
from engine.evidence import Fix, LedgerFinding
from engine.frames import LEDGER_COLUMNS, fx_frame, ledger_frame, price_frame
from engine.ledger import EFFECTS, Book, Effect, book
from engine.panel import Panel, add, panel
from engine.rate_ages import stale_rates
from engine.revaluation import Marks, Revaluation, Terms, revalue, row_rates, terms
from engine.review import ledger_checks
from engine.rounding import largest_remainder, to_cents
from engine.snapshots import Snapshot, snapshot
from engine.valuation import marks_at, positions, realised_gains, valuation

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
    "Snapshot",
    "Terms",
    "add",
    "book",
    "currency_code",
    "daily_values",
    "fx_frame",
    "largest_remainder",
    "ledger_checks",
    "ledger_frame",
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
    "snapshot",
    "stale_rates",
    "terms",
    "to_cents",
    "valuation",
]
