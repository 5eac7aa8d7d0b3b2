"""The Transactions page in a browser, on the real server: form, corrections, undo, two tabs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

FORM, SHEET, HISTORY, DONE = "#transactions-form", "#transactions-form-sheet", "#transactions-history", "#transactions-done"
OPEN = re.compile(r"\bopen\b")


class Book:
    """A portfolio of its own, and the page that shows its ledger."""

    def __init__(self, page: Page, server: Any) -> None:
        self.page, self.server = page, server
        self.api = f"{server.url}/api/v1"
        made = page.request.post(f"{self.api}/portfolios", data={"name": f"Book {uuid4().hex[:6]}", "base_currency": "USD"})
        assert made.ok, made.text()
        self.id = made.json()["id"]

    def record(self, *drafts: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self.page.request.post(f"{self.api}/portfolios/{self.id}/transactions", data=list(drafts))
        assert answer.ok, answer.text()
        return answer.json()

    def correct(self, which: str, **changes: str) -> None:
        place = f"{self.api}/portfolios/{self.id}/transactions/{which}"
        answer = self.page.request.patch(place, data=changes, headers={"If-Match": '"1"'})
        assert answer.ok, answer.text()

    def ledger(self) -> list[dict[str, Any]]:
        answer = self.page.request.get(f"{self.api}/portfolios/{self.id}/transactions").json()
        return answer["items"] if isinstance(answer, dict) else answer

    def open(self, extra: str = "", page: Page | None = None) -> Page:
        shown = page or self.page
        shown.goto(f"{self.server.url}/transactions?portfolio={self.id}{extra}")
        shown.wait_for_selector('#transactions-page:not([data-state="waiting"])')
        return shown


@pytest.fixture
def book(page: Page, server: Any) -> Book:
    return Book(page, server)


@pytest.fixture
def filled(book: Book) -> Book:
    book.record({"date": "2024-01-02", "kind": "DEPOSIT", "amount": "10000"},
                {"date": "2024-01-03", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "150", "fee": "1"},
                {"date": "2024-02-05", "kind": "DIVIDEND", "symbol": "AAPL", "amount": "2.40"})
    return book


def clean(watch: Any) -> None:
    assert watch.errors == []
    assert watch.strangers == []


def field(page: Page, name: str) -> Locator:
    return page.locator(f'{FORM} [data-field="{name}"] :is(input, select)')


def fill(page: Page, **values: str) -> None:
    for name, value in values.items():
        found = field(page, name)
        if name in {"kind", "portfolio"}:
            found.select_option(value)
        else:
            found.fill(value)


def kinds(page: Page) -> list[str]:
    return page.evaluate("() => [...portolan.transactions.page.rows.values()].map(({ kind }) => kind)")


def test_a_purchase_is_typed_checked_previewed_and_saved_by_keys_alone(filled: Book, watch: Any) -> None:
    page = filled.open()
    page.keyboard.press("n")
    expect(page.locator(SHEET)).to_have_class(OPEN)
    expect(field(page, "symbol")).to_be_focused()
    page.keyboard.type("aapl")
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    page.keyboard.type("200")
    expect(page.locator("#transactions-effect")).to_contain_text("8,501.40")  # 10,000 - 1,501 + 2.40
    expect(page.locator("#transactions-effect")).to_contain_text("7,501.40")
    expect(page.locator("#transactions-effect")).to_contain_text("15")
    assert len(filled.ledger()) == 3  # nothing was written by looking
    page.keyboard.press("Control+Enter")
    expect(page.locator(DONE)).to_contain_text("Recorded BUY 5 AAPL.")
    expect(page.locator(SHEET)).not_to_have_class(OPEN)
    page.wait_for_function("() => portolan.transactions.page.rows.size === 4")
    assert filled.ledger()[-1]["quantity"] == "5"
    clean(watch)


def test_a_transaction_is_booked_earlier_and_later_within_its_day(book: Book, watch: Any) -> None:
    book.record({"date": "2024-01-02", "kind": "DEPOSIT", "amount": "100"},
                *({"date": "2024-01-03", "kind": "BUY", "symbol": symbol, "quantity": "1", "price": "5"} for symbol in ("KO", "PEP", "AAPL")))
    page = book.open()

    def order() -> list[str]:
        return [each["symbol"] for each in book.ledger()[1:]]

    row(page, "PEP").click()
    earlier, later = (page.locator(f"{HISTORY} [data-do={name}-entry]") for name in ("earlier", "later"))
    earlier.click()
    expect(page.locator(DONE)).to_contain_text("Booked earlier in its day: BUY 1 PEP.")
    assert order() == ["PEP", "KO", "AAPL"]
    expect(earlier).to_be_hidden()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator(DONE)).to_contain_text("Booked later in its day: BUY 1 PEP.")
    expect(earlier).to_be_visible()
    later.click()
    expect(later).to_be_hidden()
    assert order() == ["KO", "AAPL", "PEP"]
    page.locator("[data-do=undo-entry]").click()
    expect(later).to_be_visible()
    assert order() == ["KO", "PEP", "AAPL"]
    row(page, "Deposit").click()  # alone on its day
    expect(earlier).to_be_hidden()
    expect(later).to_be_hidden()
    clean(watch)


def test_undo_takes_back_what_was_just_done_and_redo_brings_it_again(filled: Book, watch: Any) -> None:
    page = filled.open("&new=BUY&instrument=MSFT")
    expect(field(page, "symbol")).to_have_value("MSFT")
    fill(page, quantity="2", price="300")
    page.locator("[data-do=save-transaction]").click()
    expect(page.locator(DONE)).to_contain_text("Recorded BUY 2 MSFT.")
    page.locator("[data-do=undo-entry]").click()
    expect(page.locator(DONE)).to_contain_text("Taken back: BUY 2 MSFT. It is void now.")
    page.wait_for_function("() => portolan.transactions.page.rows.size === 3")
    page.locator("[data-do=undo-entry]").click()
    page.wait_for_function("() => portolan.transactions.page.rows.size === 4")
    page.locator("[data-do=dismiss-done]").click()
    expect(page.locator(DONE)).to_be_empty()
    clean(watch)


@pytest.mark.parametrize(("kind", "shown", "hidden"), [
    ("BUY", {"symbol", "quantity", "price", "fee"}, {"ratio", "to_symbol", "to_amount"}),
    ("DEPOSIT", {"amount", "currency"}, {"symbol", "quantity", "price", "ratio"}),
    ("SPLIT", {"symbol", "ratio"}, {"quantity", "price", "currency", "fee"}),
    ("FX_CONVERSION", {"amount", "currency", "to_amount", "to_currency"}, {"symbol", "quantity", "ratio"}),
    ("SPIN_OFF", {"symbol", "to_symbol", "quantity", "ratio", "amount"}, {"price", "fee"}),
])
def test_the_form_shows_the_fields_of_its_kind_and_keeps_what_was_typed(book: Book, watch: Any, kind: str, shown: set[str], hidden: set[str]) -> None:
    page = book.open("&new=BUY")
    expect(page.locator(SHEET)).to_have_class(OPEN)
    fill(page, account="Main")
    field(page, "kind").select_option(kind)
    for name in shown:
        expect(page.locator(f'{FORM} [data-field="{name}"]')).to_be_visible()
    for name in hidden:
        expect(page.locator(f'{FORM} [data-field="{name}"]')).to_be_hidden()
    expect(field(page, "account")).to_have_value("Main")
    expect(page.locator(f"{FORM} [data-part=effect]")).not_to_be_empty()
    clean(watch)


@pytest.mark.parametrize(("values", "name", "message"), [
    ({"symbol": "AAPL", "quantity": "0", "price": "5"}, "quantity", "must not be 0"),
    ({"symbol": "AAPL", "quantity": "1", "price": "-5"}, "price", "must not be negative"),
    ({"symbol": "AAPL", "quantity": "1", "price": "abc"}, "price", "is not a number"),
    ({"symbol": "AAPL", "quantity": "1", "price": "1e999"}, "price", "more than 20 digits"),
    ({"symbol": "AAPL", "quantity": "NaN", "price": "1"}, "quantity", "must be a finite number"),
    ({"symbol": "AAPL", "quantity": "1", "price": "0." + "1" * 41}, "price", "41 decimals"),
    ({"symbol": "AAPL", "quantity": "1", "price": "1", "date": "2999-01-01"}, "date", "lies in the future"),
    ({"symbol": "AAPL", "quantity": "1", "price": "1", "date": "1850-01-01"}, "date", "before 1900"),
    ({"symbol": "AAPL", "quantity": "1", "price": "1", "currency": "ZZZ"}, "currency", "is not a currency"),
])
def test_what_is_wrong_stands_under_its_field_and_nothing_is_written(book: Book, watch: Any, values: dict[str, str], name: str, message: str) -> None:
    page = book.open("&new=BUY")
    fill(page, **values)
    field(page, "note").focus()
    hint = page.locator(f'{FORM} [data-field="{name}"] [data-part=hint]')
    expect(hint).to_contain_text(message, ignore_case=True)
    expect(field(page, name)).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(400)
    expect(page.locator(SHEET)).to_have_class(OPEN)
    expect(hint).to_contain_text(message, ignore_case=True)
    assert book.ledger() == []
    clean(watch)


def test_a_field_that_nobody_touched_is_not_called_wrong_until_a_save(book: Book) -> None:
    page = book.open("&new=BUY")
    field(page, "symbol").fill("AAPL")
    page.wait_for_timeout(600)
    expect(page.locator(f"{FORM} .hint.bad:not(:empty)")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.locator(f'{FORM} [data-field="quantity"] [data-part=hint]')).to_contain_text("Is missing")
    expect(field(page, "quantity")).to_be_focused()


def test_a_sale_of_more_than_is_held_warns_of_the_short_and_is_allowed(filled: Book, watch: Any) -> None:
    page = filled.open("&new=SELL&instrument=AAPL")
    fill(page, quantity="15", price="160")
    expect(page.locator("#transactions-effect .notice")).to_contain_text("short of 5 AAPL")
    page.keyboard.press("Control+Enter")
    expect(page.locator(DONE)).to_contain_text("Recorded SELL 15 AAPL.")
    clean(watch)


def test_an_unknown_symbol_can_be_added_on_the_spot(book: Book, watch: Any) -> None:
    symbol = f"N{uuid4().hex[:5].upper()}"
    page = book.open("&new=BUY")
    fill(page, symbol=symbol.lower(), quantity="3", price="7")
    box = page.locator("[data-part=new-instrument]")
    expect(box).to_be_visible()
    expect(box).to_contain_text(symbol)
    fill(page, instrument_name="Newly listed", instrument_sector="Energy")
    page.get_by_role("button", name="Add instrument").click()
    expect(box).to_be_hidden()
    expect(page.locator("#transactions-effect")).to_contain_text(f"Position {symbol}")
    page.keyboard.press("Control+Enter")
    expect(page.locator(DONE)).to_contain_text(f"Recorded BUY 3 {symbol}.")
    known = page.request.get(f"{book.api}/instruments?query={symbol}").json()
    found = (known["items"] if isinstance(known, dict) else known)[0]
    assert (found["name"], found["sector"], found["currency"]) == ("Newly listed", "Energy", "USD")
    clean(watch)


def row(page: Page, text: str) -> Locator:
    return page.locator("#transactions-grid .ag-row", has_text=text)


def test_a_correction_keeps_the_first_version_in_the_history(filled: Book, watch: Any) -> None:
    page = filled.open()
    row(page, "150.00").click()
    expect(page.locator(HISTORY)).to_have_class(OPEN)
    expect(page.locator(f"{HISTORY} .versions li")).to_have_count(1)
    page.locator("[data-do=correct-entry]").click()
    expect(field(page, "price")).to_have_value("150")
    expect(field(page, "portfolio")).to_be_disabled()
    fill(page, price="155")
    expect(page.locator("#transactions-effect")).to_contain_text("8,451.40")  # without the old version: 10,000 - 1,551 + 2.40
    page.keyboard.press("Control+Enter")
    expect(page.locator(DONE)).to_contain_text("Corrected BUY 10 AAPL.")
    row(page, "155.00").click()
    expect(page.locator(f"{HISTORY} .versions li")).to_have_count(2)
    expect(page.locator(f"{HISTORY} .versions li").first).to_contain_text("150")
    expect(page.locator(f"{HISTORY} .versions li").first).to_contain_text("155")
    clean(watch)


def test_a_void_asks_first_is_struck_through_and_can_be_restored(filled: Book, watch: Any) -> None:
    page = filled.open()
    row(page, "Dividend").click()
    page.locator("[data-do=void-entry]").click()
    dialog = page.locator("#transactions-confirm")
    expect(dialog).to_contain_text("Dividend 2.40 AAPL, 5 Feb 2024")
    dialog.get_by_role("button", name="Void").click()
    expect(page.locator(DONE)).to_contain_text("Voided DIVIDEND")
    page.wait_for_function("() => portolan.transactions.page.rows.size === 2")
    page.get_by_role("button", name="Show voided").click()
    expect(page.locator("#transactions-grid .ag-row.voided")).to_have_count(1)
    assert "voided=1" in page.url
    page.locator("#transactions-grid .ag-row.voided").click()
    page.locator("[data-do=restore-entry]").click()
    expect(page.locator("#transactions-grid .ag-row.voided")).to_have_count(0)
    assert len(filled.ledger()) == 3
    clean(watch)


def test_two_people_who_correct_the_same_see_both_versions(filled: Book, watch: Any) -> None:
    page = filled.open()
    row(page, "150.00").click()
    page.locator("[data-do=correct-entry]").click()
    bought = next(each for each in filled.ledger() if each["kind"] == "BUY")
    filled.correct(bought["id"], quantity="12")
    fill(page, price="151")
    page.keyboard.press("Control+Enter")
    both = page.locator("#transactions-conflict")
    expect(both).to_contain_text("Somebody saved another version")
    expect(both.locator(".differs", has_text="Quantity")).to_contain_text("12")
    expect(both.locator(".differs", has_text="Price")).to_contain_text("151")
    page.locator("[data-do=save-mine]").click()
    expect(page.locator(DONE)).to_contain_text("Corrected BUY 10 AAPL.")
    now = next(each for each in filled.ledger() if each["kind"] == "BUY")
    assert (now["quantity"], now["price"], now["version"]) == ("10", "151", 3)
    clean(watch)


def test_the_other_version_can_be_taken_instead(filled: Book) -> None:
    page = filled.open()
    row(page, "150.00").click()
    page.locator("[data-do=correct-entry]").click()
    bought = next(each for each in filled.ledger() if each["kind"] == "BUY")
    filled.correct(bought["id"], quantity="12")
    fill(page, price="151")
    page.keyboard.press("Control+Enter")
    page.locator("[data-do=take-theirs]").click()
    expect(field(page, "quantity")).to_have_value("12")
    expect(field(page, "price")).to_have_value("150")
    expect(page.locator("#transactions-conflict")).to_be_empty()


def test_the_same_save_sent_twice_is_recorded_once(book: Book, watch: Any) -> None:
    page = book.open()
    draft = {"kind": "DEPOSIT", "date": "2024-01-02", "amount": "100"}
    save = {"action": "record", "portfolio": book.id, "draft": draft, "editing": None, "key": str(uuid4())}
    for at in (1, 2):
        page.evaluate("(data) => dash_clientside.set_props('transactions-save', { data })", {**save, "at": at})
        page.wait_for_timeout(700)
    assert len(book.ledger()) == 1
    clean(watch)


@pytest.fixture
def second_tab(context: BrowserContext, watch: Any) -> Iterator[Page]:
    page = watch.on(context.new_page())
    yield page
    page.close()


def test_another_tab_sees_a_transaction(filled: Book, second_tab: Page, watch: Any) -> None:
    page = filled.open("&new=BUY&instrument=KO")
    filled.open(page=second_tab)
    second_tab.wait_for_function("() => portolan.live.state.live && portolan.transactions.page.rows.size === 3")
    fill(page, quantity="4", price="60")
    expect(page.locator("#transactions-effect")).to_contain_text("Position KO")
    page.keyboard.press("Control+Enter")
    second_tab.wait_for_function("() => portolan.transactions.page.rows.size === 4")
    expect(row(second_tab, "KO")).to_be_visible()
    clean(watch)


def test_filters_are_in_the_address_and_hold_after_a_reload(filled: Book, watch: Any) -> None:
    page = filled.open()
    page.locator('[data-filter="kind"] select').select_option("BUY")
    page.wait_for_function("() => portolan.transactions.page.rows.size === 1")
    assert "kind=BUY" in page.url
    page.reload()
    page.wait_for_function("() => portolan.transactions.page.rows.size === 1")
    expect(page.locator('[data-filter="kind"] select')).to_have_value("BUY")
    page.locator('[data-filter="symbol"] input').fill("NONE")
    page.wait_for_selector('#transactions-page[data-state="none"]')
    page.locator(".when-none [data-do=clear-filters]").click()
    page.wait_for_function("() => portolan.transactions.page.rows.size === 3")
    assert "kind=" not in page.url
    page.locator('[data-filter="start"] input').fill("2024-02-01")
    page.wait_for_function("() => portolan.transactions.page.rows.size === 1")
    assert kinds(page) == ["DIVIDEND"]
    clean(watch)


def test_escape_closes_the_form_and_gives_the_focus_back(filled: Book, watch: Any) -> None:
    page = filled.open()
    page.locator(".toolbar [data-do=new-transaction]").click()
    expect(page.locator(SHEET)).to_have_class(OPEN)
    page.keyboard.press("Escape")
    expect(page.locator(SHEET)).not_to_have_class(OPEN)
    expect(page.locator(".toolbar [data-do=new-transaction]")).to_be_focused()
    clean(watch)


def test_rows_open_by_arrow_keys_and_enter(filled: Book, watch: Any) -> None:
    page = filled.open()
    page.locator("#transactions-grid .ag-row").first.locator('[col-id="symbol"]').click()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(HISTORY)).to_have_class(OPEN)
    expect(page.locator(f"{HISTORY} [data-part=title]")).to_have_text("Buy 10 AAPL")
    clean(watch)


def test_on_a_phone_the_ledger_and_the_form_fit(browser: Browser, server: Any, watch: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-US", has_touch=True, is_mobile=True)
    page = watch.on(context.new_page())
    page.goto(f"{server.url}/transactions")
    page.wait_for_selector('#transactions-page[data-state="full"] .ag-row')
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.locator(".toolbar [data-do=new-transaction]").click()
    sheet = page.locator(SHEET).bounding_box()
    assert sheet is not None
    assert sheet["width"] == pytest.approx(390, abs=0.01)
    context.close()
    clean(watch)


def test_an_empty_ledger_says_how_to_begin(book: Book, watch: Any) -> None:
    page = book.open()
    expect(page.locator(".when-empty")).to_contain_text("No transactions yet")
    page.locator(".when-empty [data-do=new-transaction]").click()
    expect(page.locator(SHEET)).to_have_class(OPEN)
    clean(watch)
