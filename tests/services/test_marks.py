"""Marks: rates that are told to be old, and stored pairs that no ledger can use."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

from services.market import marks
from services.market.marks import Sight


def test_a_currency_that_is_gone_does_not_stop_a_valuation_and_an_old_rate_is_told() -> None:
    stored = {"EURUSD": SimpleNamespace(date=date(2026, 11, 1)), "EURTRL": SimpleNamespace(date=date(2004, 12, 31))}
    sight = Sight(date(2026, 11, 20), datetime(2026, 11, 20, 12, tzinfo=UTC), live=True)
    told = marks._old_rates("EUR", ["EUR", "USD"], stored, set(), sight)
    assert [(finding.code, finding.context["currency"]) for finding in told] == [("stale_rate", "USD")]
    assert marks._old_rates("EUR", ["EUR", "USD"], stored, {"EURUSD"}, sight) == []
