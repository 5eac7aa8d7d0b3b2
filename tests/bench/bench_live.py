"""How late the screens are: a price on Holdings after the server took it, a transaction in the other tab after it was saved."""

from __future__ import annotations

from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.table import Row
from tests.ui.conftest import CHROMIUM, Server
from tests.ui.live_watch import deposit_seen, opened, repaints

FLUSH_MS = 250
SECONDS = 10
DEPOSITS = 5


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def repaint(page: Page, server: Server) -> list[Row]:
    """Three holdings watched on one page."""
    opened(page, server, "/holdings")
    _, seen = repaints(page, SECONDS)
    return [Row("price on Holdings after it was received, p95", percentile([each["late"] for each in seen], 0.95), FLUSH_MS + 150, "ms")]


def two_tabs(browser: Browser, server: Server) -> list[Row]:
    """Several deposits in one tab, seen in the other."""
    context = browser.new_context(locale="en-US")
    writer, reader = (opened(context.new_page(), server, "/transactions") for _ in range(2))
    late = [deposit_seen(writer, reader, "10.00") for _ in range(DEPOSITS)]
    context.close()
    return [Row("transaction in the other tab after Save, median", median(late), 1_000, "ms"),
            Row("transaction in the other tab after Save, worst", max(late), None, "ms")]


def run(server: Server) -> list[Row]:
    """Measure on a running server with the demo."""
    assert CHROMIUM, "this bench needs Chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        rows = [*repaint(browser.new_page(locale="en-US"), server), *two_tabs(browser, server)]
        browser.close()
    return rows
