"""How late the server's event loop is while a browser walks through all pages and prices stream."""

from __future__ import annotations

import re
import time

import httpx
from playwright.sync_api import Page, sync_playwright

from tests.bench.table import Row
from tests.ui.conftest import CHROMIUM, Server, until

PAGES = ("/", "/holdings", "/transactions")
SECONDS = 40


def lag(server: Server, quantile: str) -> float:
    """Read the lateness in milliseconds from the server's own metrics."""
    text = httpx.get(f"{server.url}/metrics", timeout=10).text
    found = re.search(rf'^portolan_loop_lag_seconds{{quantile="{re.escape(quantile)}"}} (\S+)$', text, re.MULTILINE)
    assert found, "the loop's lag is not among the metrics"
    return float(found[1]) * 1000


def walk(page: Page, server: Server, seconds: float) -> int:
    """Open one page after the other, two seconds each."""
    end, visits = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        page.goto(server.url + PAGES[visits % len(PAGES)])
        until(page, "() => window.portolan?.live && portolan.live.stats.lastSeq !== null", seconds=20)
        page.wait_for_timeout(2_000)
        visits += 1
    return visits


def run(server: Server) -> list[Row]:
    """Measure on a running server with the demo."""
    assert CHROMIUM, "this bench needs Chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        walk(page, server, 12)  # first visits import and cache
        time.sleep(5)
        visits = walk(page, server, SECONDS)
        rows = [Row("event-loop lag while pages are used, p99", lag(server, "0.99"), 50, "ms"),
                Row("event-loop lag while pages are used, worst", lag(server, "1.0"), None, "ms"),
                Row("pages opened meanwhile", visits, None, "")]
        browser.close()
    return rows
