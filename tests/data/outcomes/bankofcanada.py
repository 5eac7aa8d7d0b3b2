# ruff: noqa: E501 - rows of a table
from __future__ import annotations

from tests.data.listings import day, rates_of
from tests.data.replay import Case

TABLE = {
    "centralbanks/bankofcanada-valet-fx.json": Case(rates_of("USDCAD", "CADUSD", "EURUSD", end=day("2026-03-13")), {
        "USDCAD": [("2026-03-12", "1.3617"), ("2026-03-13", "1.3716")], "CADUSD": [("2026-03-12", "0.734376147463"), ("2026-03-13", "0.729075532225")],
        "EURUSD": [("2026-03-12", "1.15245648821"), ("2026-03-13", "1.14530475357")]}),
}
