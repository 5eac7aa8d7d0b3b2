# ruff: noqa: E501 - rows of a table
from __future__ import annotations

from tests.data.listings import day, pair, quotes_of, rates_of
from tests.data.replay import Case

TABLE = {
    "ecb/eurofxref-daily-2023-11-10.xml": Case(quotes_of(pair("EURUSD"), pair("USDEUR"), pair("GBPUSD")), [
        ("EURUSD", 1.0683, "2023-11-10T13:15:00+00:00", "USD", None), ("USDEUR", 0.936066647945, "2023-11-10T13:15:00+00:00", "EUR", None),
        ("GBPUSD", 1.22182192486, "2023-11-10T13:15:00+00:00", "USD", None)]),
    "ecb/eurofxref-hist-partial.xml": Case(rates_of("EURUSD", "EURGBP", start=day("2021-01-04"), end=day("2021-01-10")), {
        "EURUSD": [("2021-01-04", "1.2296"), ("2021-01-05", "1.2271"), ("2021-01-06", "1.2338"), ("2021-01-07", "1.2276"), ("2021-01-08", "1.225")],
        "EURGBP": [("2021-01-04", "0.9016"), ("2021-01-05", "0.90333"), ("2021-01-06", "0.90635"), ("2021-01-07", "0.9019"), ("2021-01-08", "0.90128")]}),
    "ecb/eurofxref-hist-empty.xml": Case(rates_of("EURUSD"), {"EURUSD": []}),
    "ecb/data-api-exr-csv-2026-02.csv": Case(rates_of("EURUSD", "EURXXX", start=day("2026-03-13"), end=day("2026-03-17")), {
        "EURUSD": [("2026-03-13", "1.1476"), ("2026-03-16", "1.1478"), ("2026-03-17", "1.1531")], "EURXXX": []}),
}
