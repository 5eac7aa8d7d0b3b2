"""Checks, reconciling and history in a browser, on the real server: what is found, mended, compared and taken back."""

from __future__ import annotations

import io
import re
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import Workbook
from playwright.sync_api import Browser, Locator, Page, expect

WAIT = 20_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PASTE = """([selector, text]) => { const cell = document.querySelector(selector), data = new DataTransfer(); data.setData("text", text);
    cell.focus(); cell.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })); }"""


class Desk:
    """A portfolio of its own with an instrument of its own, and the pages that check it."""

    def __init__(self, page: Page, server: Any) -> None:
        self.page, self.server, self.api = page, server, f"{server.url}/api/v1"
        self.symbol = f"T{uuid4().hex[:6].upper()}"
        self._done("put", f"instruments/{self.symbol}", {"name": "Test Instruments", "currency": "USD"})
        closes = [("2024-01-02", 400), ("2024-01-03", 402), ("2024-01-04", 100.2), ("2024-01-05", 101), ("2024-01-08", 99)]
        self._done("put", f"instruments/{self.symbol}/bars", [{"date": day, "close": close} for day, close in closes])
        self.id = self._done("post", "portfolios", {"name": f"Desk {uuid4().hex[:6]}", "base_currency": "USD"})["id"]

    def _done(self, method: str, path: str, data: Any) -> Any:
        answer = getattr(self.page.request, method)(f"{self.api}/{path}", data=data)
        assert answer.ok, answer.text()
        return answer.json()

    def record(self, *rows: dict[str, Any]) -> None:
        self._done("post", f"portfolios/{self.id}/transactions", [{"currency": "USD", **row} for row in rows])

    def held(self) -> float:
        rows = self.page.request.get(f"{self.api}/portfolios/{self.id}/holdings").json()["holdings"]
        return sum(row["quantity"] for row in rows)

    def open(self, path: str = "/checks", extra: str = "", page: Page | None = None) -> Page:
        shown = page or self.page
        shown.goto(f"{self.server.url}{path}?portfolio={self.id}{extra}")
        return shown

    def card(self, title: str) -> Locator:
        return self.page.locator(".view-of:not([hidden]) .finding", has_text=title)


@pytest.fixture
def desk(page: Page, server: Any) -> Desk:
    return Desk(page, server)


@pytest.fixture
def messy(desk: Desk) -> Desk:
    buy = {"date": "2024-01-02", "kind": "BUY", "symbol": desk.symbol, "quantity": "10", "price": "400"}
    desk.record({"date": "2024-01-01", "kind": "DEPOSIT", "amount": "20000"}, buy, buy)
    return desk


def clean(watch: Any) -> None:
    assert watch.errors == []
    assert watch.strangers == []


def test_a_finding_shows_its_rows_and_effect_and_is_mended_and_taken_back(messy: Desk, watch: Any) -> None:
    page = messy.open()
    card = messy.card("Split not recorded")
    expect(card).to_contain_text("4:1", timeout=WAIT)
    expect(card.locator(".effect-of")).to_contain_text(f"{messy.symbol}20→80")
    expect(messy.card("There twice").locator("tbody tr")).to_have_count(2)
    expect(page.locator("#checks-count")).to_have_text("2", timeout=WAIT)
    card.get_by_role("button", name="Apply").click()
    expect(card).to_have_count(0, timeout=WAIT)
    assert messy.held() == 80
    expect(page.locator("#checks-count")).to_have_text("1", timeout=WAIT)
    page.locator("#checks-done").get_by_role("button", name="Undo").click()
    expect(messy.card("Split not recorded")).to_have_count(1, timeout=WAIT)
    assert messy.held() == 20
    clean(watch)


def test_nothing_to_mend_says_what_was_checked_and_when(desk: Desk, watch: Any) -> None:
    desk.record({"date": "2024-01-01", "kind": "DEPOSIT", "amount": "20000"})
    page = desk.open()
    expect(page.locator("#checks-body .blank")).to_contain_text("1 transactions checked at", timeout=WAIT)
    expect(page.locator("#checks-count")).to_be_empty()
    clean(watch)


def test_keys_walk_dismiss_and_take_back(messy: Desk, watch: Any) -> None:
    page = messy.open()
    expect(messy.card("There twice")).to_be_visible(timeout=WAIT)
    first = page.locator(".finding").first
    page.keyboard.press("j")
    expect(first).to_be_focused()
    page.keyboard.press("d")
    expect(page.locator(".put-by")).to_contain_text("1 said to be no problem", timeout=WAIT)
    expect(page.locator(".finding")).to_have_count(1)
    expect(page.locator(".finding").first).to_be_focused()
    page.reload()
    expect(page.locator(".put-by")).to_be_visible(timeout=WAIT)
    page.locator(".put-by summary").click()
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".finding")).to_have_count(2, timeout=WAIT)
    clean(watch)


def test_a_statement_is_pasted_compared_and_reconciled(messy: Desk, watch: Any) -> None:
    page = messy.open()
    expect(page.locator(".finding").first).to_be_visible(timeout=WAIT)
    page.locator("[data-tab=reconcile]").click()
    expect(page).to_have_url(f"{messy.server.url}/checks?portfolio={messy.id}&tab=reconcile")
    page.fill("#checks-statement [name=date]", "2024-03-31")
    expect(page.locator("#checks-statement [name=portfolio]")).to_have_value(messy.id)
    page.evaluate(PASTE, ["#checks-statement [data-cell]", f"Symbol\tShares\n{messy.symbol}\t10\nUSD\t16,000.00\n"])
    expect(page.locator("#checks-statement tbody tr").nth(1).locator("input").nth(1)).to_have_value("16,000.00")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".verdict")).to_contain_text("2 lines differ", timeout=WAIT)
    card = messy.card(messy.symbol)
    expect(card).to_contain_text("is there twice")
    card.get_by_role("button", name="Accept: Void the later one").click()
    expect(page.locator(".verdict")).to_contain_text("is reconciled to 31 Mar 2024", timeout=WAIT)
    assert messy.held() == 10
    expect(page.locator("#checks-statements")).to_contain_text("reconciled")
    page.locator("#checks-done").get_by_role("button", name="Undo").click()
    expect(page.locator(".verdict")).to_contain_text("2 lines differ", timeout=WAIT)
    page.reload()
    page.locator(".open-statement").click()
    expect(page.locator(".verdict")).to_contain_text("2 lines differ", timeout=WAIT)
    clean(watch)


def test_a_row_that_cannot_be_read_is_marked_and_a_file_is_read(messy: Desk, watch: Any) -> None:
    page = messy.open(extra="&tab=reconcile")
    expect(page.locator("#checks-statement tbody tr")).to_have_count(6, timeout=WAIT)
    cells = page.locator("#checks-statement tbody tr input")
    for place, text in enumerate((messy.symbol, "10", "", messy.symbol, "ten")):
        cells.nth(place).fill(text)
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#checks-refused")).to_contain_text("row 2, quantity", timeout=WAIT)
    expect(page.locator("#checks-statement tbody tr.bad")).to_have_count(1)
    page.set_input_files("#checks-statement input[type=file]",
                         files=[{"name": "positions.csv", "mimeType": "text/csv", "buffer": f"symbol;quantity\n{messy.symbol};20\n".encode()}])
    expect(page.locator(".verdict")).to_contain_text("is reconciled", timeout=WAIT)
    expect(page.locator("#checks-refused")).to_be_empty()
    kept = io.BytesIO()
    book = Workbook()
    for cells in (("symbol", "quantity"), (messy.symbol, 19)):
        book.active.append(cells)
    book.save(kept)
    page.set_input_files("#checks-statement input[type=file]", files=[{"name": "positions.xlsx", "mimeType": XLSX, "buffer": kept.getvalue()}])
    expect(page.locator(".verdict")).not_to_contain_text("is reconciled", timeout=WAIT)
    clean(watch)


def test_history_tells_field_by_field_and_takes_back(messy: Desk, watch: Any) -> None:
    rows = messy.page.request.get(f"{messy.api}/portfolios/{messy.id}/transactions").json()
    answer = messy.page.request.patch(f"{messy.api}/portfolios/{messy.id}/transactions/{rows[2]['id']}", data={"quantity": "12", "version": 1})
    assert answer.ok
    page = messy.open("/history")
    entry = page.locator(".entry", has_text=f"Corrected BUY 12 {messy.symbol}")
    expect(entry.locator(".changes")).to_contain_text("quantity10→12", timeout=WAIT)
    expect(page.locator(".entry", has_text="Recorded 3 transactions").get_by_role("button", name="Undo")).to_be_disabled()
    page.select_option("[name=entity]", "portfolio")
    expect(page.locator(".entry")).to_have_count(1, timeout=WAIT)
    expect(page).to_have_url(re.compile("entity=portfolio"), timeout=WAIT)
    page.reload()
    expect(page.locator(".entry")).to_have_count(1, timeout=WAIT)
    page.get_by_role("button", name="Clear").click()
    expect(entry).to_be_visible(timeout=WAIT)
    entry.get_by_role("button", name="Undo").click()
    expect(page.locator("#history-done")).to_contain_text("Taken back.", timeout=WAIT)
    assert messy.held() == 20
    expect(entry).to_contain_text("taken back", timeout=WAIT)
    page.locator("#history-done").get_by_role("button", name="Redo").click()
    expect(page.locator(".entry").first).to_contain_text("quantity10→12", timeout=WAIT)
    assert messy.held() == 22
    clean(watch)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_phone_shows_all_without_scrolling_sideways(messy: Desk, browser: Browser, watch: Any, theme: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-US")
    context.add_init_script(f"localStorage.setItem('portolan.theme', '{theme}')")
    page = watch.on(context.new_page())
    for path, extra, wanted in (("/checks", "", ".finding"), ("/checks", "&tab=reconcile", "#checks-statement tbody tr"), ("/history", "", ".entry")):
        messy.open(path, extra, page)
        expect(page.locator(wanted).first).to_be_visible(timeout=WAIT)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
    clean(watch)


def test_the_pages_are_reached_by_keys_and_search(desk: Desk, watch: Any) -> None:
    page = desk.open("/transactions")
    page.wait_for_selector('#transactions-page:not([data-state="waiting"])')
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page.locator("h1")).to_have_text("Checks", timeout=WAIT)
    page.keyboard.press("g")
    page.keyboard.press("y")
    expect(page.locator("h1")).to_have_text("History", timeout=WAIT)
    clean(watch)


def test_the_demo_raises_no_alarm(page: Page, server: Any) -> None:
    portfolios = page.request.get(f"{server.url}/api/v1/portfolios").json()
    demo = [each for each in portfolios if each["demo"]]
    assert demo
    told = [page.request.get(f"{server.url}/api/v1/portfolios/{each['id']}/checks").json() for each in demo]
    assert sum(each["transactions"] for each in told) > 1000
    assert [finding["message"] for each in told for finding in each["findings"]] == []
