"""The columns of Portolan's own format, for CSV, XLSX and JSON alike (described in `docs/files.md`).

A text that a spreadsheet would take for a formula goes out with an apostrophe before it, and comes in without: `guarded` and
`unguarded` undo each other for every text, also for one that begins with an apostrophe itself.
"""

from __future__ import annotations

import re

from services.ledger.validation import DRAFT_FIELDS, NUMBERS

FORMAT = "portolan"
CORE = ("date", "kind", "symbol", "quantity", "price", "fee", "tax", "amount", "currency", "account", "note", "external_id", "id")
RARE = tuple(sorted(DRAFT_FIELDS - set(CORE)))
INSTRUMENT = ("name", "asset_class", "instrument_currency", "multiplier", "isin", "sector", "country", "exchange")
OF_TARGET = tuple(f"to_{name}" for name in INSTRUMENT)
COLUMNS = (*CORE, *RARE, *INSTRUMENT, *OF_TARGET)
NUMERIC = frozenset({*NUMBERS, "multiplier", "to_multiplier"})
TOLERATED = frozenset({"portfolio"})  # stands in exports of all portfolios, and says nothing about a row of one
RISKY = re.compile(r"'*[\s\x00]*[=+\-@\t\r\x00＝＋－＠]")
GUARDED = re.compile(r"'+[\s\x00]*[=+\-@\t\r\x00＝＋－＠]")


def guarded(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run."""
    return f"'{text}" if RISKY.match(text) else text


def unguarded(text: str) -> str:
    """Take off the apostrophe that `guarded` put there."""
    return text[1:] if GUARDED.match(text) else text


def is_ours(header: list[str]) -> bool:
    """Tell whether a header is that of our own format: every name known, with date and kind among them."""
    names = {name.strip() for name in header if name.strip()}
    return {"date", "kind"} <= names <= {*COLUMNS, *TOLERATED}
