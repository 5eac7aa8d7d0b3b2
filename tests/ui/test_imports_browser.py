"""The Import page in a browser, on the real server: look, correct, book, take back, export."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.ui.conftest import until

FILE, FAILED, RESULT = "#import-page input[type=file]", '#import-page [data-part="failed"]', '#import-page [data-part="result"]'
PATIENCE_MS = 30_000  # a file is read in a thread that may have to wait for its turn
ROWS, BOOK = '#import-page [data-part="table"] tbody tr', "[data-do=import-book]"
BROKER = ("Datum;Typ;Wertpapier;Stück;Kurs;Währung;Gebühren\n03.01.2024;Kauf;AAPL;10;1.184,25;USD;1,00\n04.02.2024;Verkauf;AAPL;-4;190,5;USD;1,00\n"
          "05.02.2024;Dings;AAPL;1;1,00;USD;\n")
OURS = "date,kind,symbol,quantity,price,amount\n2024-01-02,DEPOSIT,,,,5000\n2024-01-03,BUY,AAPL,10,184.25,\n"


def payload(content: str, name: str = "broker.csv") -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": content.encode()}


class Desk:
    """A portfolio of its own, and the page that imports into it."""

    def __init__(self, page: Page, server: Any) -> None:
        self.page, self.server, self.api = page, server, f"{server.url}/api/v1"
        made = page.request.post(f"{self.api}/portfolios", data={"name": f"Desk {uuid4().hex[:6]}", "base_currency": "USD"})
        self.id = made.json()["id"]

    def open(self) -> Page:
        self.page.goto(f"{self.server.url}/import?portfolio={self.id}")
        self.page.wait_for_selector(FILE, state="attached")
        until(self.page, "(id) => portolan.imports.state.portfolio === id", self.id)
        return self.page

    def ledger(self) -> list[dict[str, Any]]:
        return self.page.request.get(f"{self.api}/portfolios/{self.id}/transactions").json()


@pytest.fixture
def desk(page: Page, server: Any) -> Desk:
    return Desk(page, server)


def clean(watch: Any) -> None:
    assert watch.errors == []
    assert watch.strangers == []


def test_a_file_of_ours_is_looked_at_booked_and_taken_back(desk: Desk, watch: Any) -> None:
    page = desk.open()
    page.set_input_files(FILE, payload(OURS))
    expect(page.locator(ROWS)).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.locator('#import-page [data-part="columns"]')).to_be_hidden()
    assert desk.ledger() == []
    page.locator(BOOK).click()
    expect(page.locator(RESULT)).to_contain_text("2 transactions booked from broker.csv.", timeout=PATIENCE_MS)
    assert [entry["kind"] for entry in desk.ledger()] == ["DEPOSIT", "BUY"]
    page.locator(f"{RESULT} [data-do=import-back]").click()
    expect(page.locator(RESULT)).to_contain_text("was taken back")
    assert desk.ledger() == []
    expect(page.locator('#import-page [data-part="runs"] tbody tr').first).to_contain_text("Taken back")
    clean(watch)


def test_a_guess_is_corrected_and_remembered(desk: Desk, watch: Any) -> None:
    page = desk.open()
    page.set_input_files(FILE, payload(BROKER))
    expect(page.locator(ROWS)).to_have_count(3, timeout=PATIENCE_MS)
    expect(page.locator('[data-column="Kurs"]')).to_have_value("price")
    expect(page.locator('[data-style="decimal"]')).to_have_value(",")
    expect(page.locator(f'{ROWS}[data-status="refused"]')).to_contain_text("Dings")
    expect(page.locator(BOOK)).to_be_disabled()
    page.locator('[data-import-status="refused"]').click()
    expect(page.locator(ROWS)).to_have_count(1)
    page.locator('[data-kind-word="Dings"]').select_option("IGNORE")
    expect(page.locator(BOOK)).to_be_enabled()
    page.locator('[data-column="Gebühren"]').select_option("tax")
    until(page, "() => portolan.imports.state.run.mapping.columns.tax === 'Gebühren'")
    page.locator(BOOK).click()
    expect(page.locator(RESULT)).to_contain_text("2 transactions booked", timeout=PATIENCE_MS)
    assert [(entry["kind"], entry["quantity"], entry["price"], entry["tax"]) for entry in desk.ledger()] == [
        ("BUY", "10", "1184.25", "1"), ("SELL", "4", "190.5", "1")]
    page.set_input_files(FILE, payload(BROKER, "next.csv"))
    expect(page.locator('#import-page [data-part="columns-note"]')).to_have_text("as you said for such a file before")
    expect(page.locator(f'{ROWS}[data-status="duplicate"]')).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.locator('[data-column="Gebühren"]')).to_have_value("tax")
    clean(watch)


def test_refused_rows_are_left_out_only_when_that_is_chosen(desk: Desk, watch: Any) -> None:
    page = desk.open()
    page.set_input_files(FILE, payload(OURS + "2024-01-04,BUY,AAPL,NaN,1,\n"))
    expect(page.locator(BOOK)).to_be_disabled()
    page.get_by_label("Book the others, leave out the refused").check()
    page.locator(BOOK).click()
    expect(page.locator(RESULT)).to_contain_text("2 transactions booked", timeout=PATIENCE_MS)
    assert len(desk.ledger()) == 2
    clean(watch)


def test_what_is_no_table_is_said_in_the_page(desk: Desk, watch: Any) -> None:
    page = desk.open()
    page.set_input_files(FILE, payload("", "empty.csv"))
    expect(page.locator(FAILED)).to_contain_text("it is empty")
    page.set_input_files(FILE, payload(OURS))
    expect(page.locator(ROWS)).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.locator(FAILED)).to_be_hidden()
    clean(watch)


def test_the_ledger_goes_out_of_the_page_and_comes_in_elsewhere(desk: Desk, watch: Any) -> None:
    page = desk.open()
    page.set_input_files(FILE, payload(OURS))
    page.locator(BOOK).click()
    expect(page.locator(RESULT)).to_contain_text("2 transactions booked", timeout=PATIENCE_MS)
    page.goto(f"{desk.server.url}/transactions?portfolio={desk.id}")
    with page.expect_download() as started:
        page.locator('[data-export="transactions.csv"]').click()
    content = started.value.path().read_text(encoding="utf-8")
    assert [row["kind"] for row in csv.DictReader(io.StringIO(content))] == ["DEPOSIT", "BUY"]
    other = Desk(page, desk.server)
    page = other.open()
    page.set_input_files(FILE, payload(content, started.value.suggested_filename))
    page.locator(BOOK).click()
    expect(page.locator(RESULT)).to_contain_text("2 transactions booked", timeout=PATIENCE_MS)
    told = ("date", "kind", "symbol", "quantity", "price", "amount", "currency")
    assert [[entry[name] for name in told] for entry in other.ledger()] == [[entry[name] for name in told] for entry in desk.ledger()]
    clean(watch)


def test_the_page_is_reached_from_transactions_and_fits_a_phone(desk: Desk, browser: Browser, server: Any, watch: Any) -> None:
    page = desk.open()
    page.goto(f"{server.url}/transactions?portfolio={desk.id}")
    page.get_by_role("link", name="Import", exact=True).click()
    page.wait_for_selector(FILE, state="attached")
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-US", has_touch=True, is_mobile=True)
    phone = watch.on(context.new_page())
    phone.goto(f"{server.url}/import?portfolio={desk.id}")
    phone.wait_for_selector(FILE, state="attached")
    phone.set_input_files(FILE, payload(BROKER))
    expect(phone.locator(ROWS)).to_have_count(3, timeout=PATIENCE_MS)
    assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    context.close()
    clean(watch)
