"""What-ifs on 200 holdings with two years of closes over REST, and a plan of the same portfolio."""

from __future__ import annotations

import datetime as dt
import statistics
from typing import Any

import httpx

from tests.bench.bench_rest import milliseconds
from tests.bench.table import Row
from tests.ui.conftest import Server

HOLDINGS, DAYS = 200, 560


def fill(client: httpx.Client) -> str:
    """Make instruments with closes of two years, and a portfolio of all but two of them."""
    last = dt.datetime.now(dt.UTC).date()
    known = [day for day in (last - dt.timedelta(days=back) for back in range(DAYS * 7 // 5, 0, -1)) if day.weekday() < 5]
    for place in range(HOLDINGS + 2):
        path = f"/instruments/WHATIF{place}"
        told = {"name": path, "currency": "USD", "asset_class": "equity", "sector": f"Sector {place % 11}"}
        milliseconds(lambda path=path, told=told: client.put(path, json=told))
        bars = [{"date": str(day), "close": 100 + place / 10 + ((7 * place + 3 * number + number * number % 17) % 23) / 4}
                for number, day in enumerate(known)]
        milliseconds(lambda path=path, bars=bars: client.put(f"{path}/bars", json=bars))
    key = str(client.post("/portfolios", json={"name": "Bench what-if", "base_currency": "USD", "benchmark": f"WHATIF{HOLDINGS}"}).json()["id"])
    rows: list[dict[str, Any]] = [{"date": str(known[20]), "kind": "DEPOSIT", "amount": str(HOLDINGS * 1500), "currency": "USD"}]
    rows += [{"date": str(known[20]), "kind": "BUY", "symbol": f"WHATIF{place}", "quantity": "10", "price": "100"} for place in range(HOLDINGS)]
    milliseconds(lambda: client.post(f"/portfolios/{key}/transactions", json=rows))
    return key


def draft(number: int) -> dict[str, Any]:
    """Move three sliders and buy something new; no two drafts are alike."""
    new = {"symbol": f"WHATIF{HOLDINGS + 1}", "quantity": 5}
    return {"weights": {"WHATIF1": 0.01 + number / 1000, "WHATIF2": 0.0, "WHATIF3": 0.02}, "trades": [new], "tax_short": 0.3, "tax_long": 0.2}


def run(server: Server) -> list[Row]:
    """Measure on a running server of this bench's own, and stop it."""
    try:
        with httpx.Client(base_url=f"{server.url}/api/v1", timeout=120) as client:
            key = fill(client)
            cold = milliseconds(lambda: client.post(f"/portfolios/{key}/what-if", json=draft(0)))
            warm = [milliseconds(lambda number=number: client.post(f"/portfolios/{key}/what-if", json=draft(number))) for number in range(1, 31)]
            plan = milliseconds(lambda: client.post(f"/portfolios/{key}/plan", json={"goal": 500_000, "contribution": 500}))
    finally:
        server.stop()
    return [
        Row("what-if on 200 holdings, for the first time", cold, None, "ms"),
        Row("what-if on 200 holdings, warm (median)", statistics.median(warm), 100, "ms"),
        Row("plan of 20 years, 2,000 futures", plan, None, "ms"),
    ]
