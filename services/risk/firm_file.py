"""A firm-wide run as a file: one line a portfolio, one column a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.files.writing import Cell, csv_bytes
from services.risk.firm_views import FirmRow

TOLD: Final = ("portfolio_id", "name", "base_currency", "start", "end", "observations", "benchmark", "simulated")


def as_csv(rows: Sequence[FirmRow]) -> bytes:
    """Write portfolios with all of their figures; what has no answer is empty, texts that a spreadsheet would run are quoted away.

    Parameters
    ----------
    rows
        Of one run, all of which have the same figures; those that could not be read have none.

    Returns
    -------
    bytes
        Comma-separated, with a line of names.
    """
    names = list(dict.fromkeys(name for row in rows for name in row.figures))
    lines = [[*(_cell(getattr(row, name)) for name in TOLD), *(row.figures.get(name) for name in names)] for row in rows]
    return csv_bytes([*TOLD, *names], lines)


def _cell(value: object) -> Cell:
    """Write what is neither text nor number as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, int | float) or value is None else str(value)
