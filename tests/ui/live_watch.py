"""What is watched on live screens, by the browser tests for what it shows and by the bench for how late it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Page

from tests.ui.conftest import Server, until, wait_for

RECORD = """(symbols) => {
    window.seen = [];
    for (const symbol of symbols) {
        const price = document.querySelector(`#holdings-grid [row-id="${symbol}"] .price`);
        new MutationObserver(() => {
            const quote = portolan.live.state.quotes[symbol];
            window.seen.push({ symbol, late: Date.now() - quote.received, shown: price.textContent, price: quote.price });
        }).observe(price, { childList: true, characterData: true, subtree: true });
    }
}"""

APPEARS = """(note) => {
    window.appeared = 0;
    const watching = new MutationObserver(() => {
        if (!document.querySelector('#transactions-page').innerText.includes(note)) return;
        window.appeared = Date.now();
        watching.disconnect();
    });
    watching.observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def opened(page: Page, server: Server, path: str) -> Page:
    page.set_viewport_size({"width": 1440, "height": 2000})
    page.goto(server.url + path)
    until(page, "window.portolan?.live?.stats.paints > 3", seconds=30)
    return page


def repaints(page: Page, seconds: float) -> tuple[list[str], list[dict[str, Any]]]:
    """Three holdings of the open Holdings page, and each repaint of their prices: symbol, milliseconds late, text shown, price."""
    page.wait_for_selector('#holdings-grid [row-id="AAPL"] .price')
    page.wait_for_timeout(3_000)
    symbols = page.evaluate("Object.keys(portolan.live.state.portfolios.all.holdings).filter((key) => !key.startsWith('cash:')).slice(0, 3)")
    page.evaluate(RECORD, symbols)
    page.wait_for_timeout(seconds * 1000)
    return symbols, page.evaluate("window.seen")


def deposit_seen(writer: Page, reader: Page, amount: str) -> float:
    """Milliseconds from the press of Save in one tab to the row in the other, which is not reloaded."""
    day, note = datetime.now(UTC).date().isoformat(), f"Two tabs {time.time_ns()}"
    reader.evaluate(APPEARS, note)
    fill_deposit(writer, day, amount, note)
    writer.evaluate("document.addEventListener('click', () => { window.clicked = Date.now(); }, { capture: true, once: true })")
    writer.locator("[data-do=save-transaction]").click()
    wait_for(lambda: reader.evaluate("window.appeared"), 10, "the transaction in the other tab")
    return float(reader.evaluate("window.appeared") - writer.evaluate("window.clicked"))


def fill_deposit(page: Page, day: str, amount: str, note: str) -> None:
    page.wait_for_timeout(2_000)  # the list of portfolios
    page.locator("[data-do=new-transaction]").first.click()
    form = page.locator("[data-form=transaction]")
    form.locator("[name=kind]").select_option("DEPOSIT")
    form.locator("[name=portfolio]").select_option(label="US growth")
    form.locator("[name=date]").fill(day)
    form.locator("[name=amount]").fill(amount)
    form.locator("[name=note]").fill(note)
    page.wait_for_timeout(800)  # the form asks the server what the draft would do
