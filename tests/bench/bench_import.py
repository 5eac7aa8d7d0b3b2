"""A file of 100,000 rows through the REST route of a real server: looked at, booked, sent again; and the memory that it took there."""

from __future__ import annotations

import datetime as dt
import re
import time
from pathlib import Path
from typing import Any

import httpx

from tests.bench.table import Row
from tests.ui.conftest import Server

ROWS = 100_000
SYMBOLS = ("AAPL", "MSFT", "JPM", "KO", "PG", "XOM", "JNJ", "WMT")
DAY = dt.date(2000, 1, 3)


def content(rows: int = ROWS) -> bytes:
    """Make a file: four purchases and a sale in turn, fifteen a day."""
    lines = ["date,kind,symbol,quantity,price,fee,currency,account,note"]
    for number in range(rows):
        day, kind = DAY + dt.timedelta(days=number // 15), "SELL" if number % 5 == 4 else "BUY"
        price = f"{100 + number % 50}.{number % 100:02d}"
        lines.append(f"{day},{kind},{SYMBOLS[number % len(SYMBOLS)]},{3 + number % 7},{price},1.00,USD,Main,trade {number}")
    return "\n".join(lines).encode()


def megabytes(server: Server, what: str) -> float:
    """Read the memory of the server's process, now (VmRSS) or at most (VmHWM)."""
    assert server.process is not None
    found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii"), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def seconds(client: httpx.Client, place: str, file: bytes, **form: str) -> tuple[float, dict[str, Any]]:
    """Send the file and ask until it is done."""
    began = time.perf_counter()
    run = client.post(f"/portfolios/{place}/imports", files={"file": ("big.csv", file)}, data={"wait": "false", **form}).json()
    while run["status"] == "running":
        time.sleep(0.2)
        run = client.get(f"/imports/{run['id']}").json()
    return time.perf_counter() - began, run


def run(server: Server) -> list[Row]:
    """Measure on a running server with the demo's instruments."""
    file, before = content(), megabytes(server, "VmRSS")
    with httpx.Client(base_url=f"{server.url}/api/v1", timeout=120) as client:
        place = client.post("/portfolios", json={"name": "Bench import", "base_currency": "USD"}).json()["id"]
        looked, view = seconds(client, place, file, dry_run="true")
        assert (view["status"], view["accepted"]) == ("checked", ROWS), view["problem"]
        booked, view = seconds(client, place, file)
        assert (view["status"], view["accepted"]) == ("done", ROWS), view["problem"]
        again, repeated = seconds(client, place, file)
        assert repeated["duplicate"] == ROWS
        peak = megabytes(server, "VmHWM")
        client.delete(f"/imports/{view['id']}")
        client.delete(f"/portfolios/{place}", headers={"If-Match": "1"})
    return [
        Row("a file of 100,000 rows looked at", looked, 60, "s"),
        Row("a file of 100,000 rows booked", booked, 60, "s"),
        Row("the same file again, all duplicates", again, 60, "s"),
        Row("memory that this took on top", peak - before, 500, "MB"),
    ]
