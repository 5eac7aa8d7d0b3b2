# ruff: noqa: E501 - rows of a table
from __future__ import annotations

from tests.data.listings import day, rates_of
from tests.data.replay import Case

TABLE = {
    "centralbanks/boe-iadb.csv": Case(rates_of("GBPUSD", "EURGBP", "GBPCZK", start=day("2026-03-17"), end=day("2026-03-18")), {
        "GBPUSD": [("2026-03-17", "1.3343"), ("2026-03-18", "1.3323")], "EURGBP": [("2026-03-17", "0.863781636002"), ("2026-03-18", "0.864154856550")],
        "GBPCZK": [("2026-03-17", "28.3025"), ("2026-03-18", "28.3163")]}),
}
