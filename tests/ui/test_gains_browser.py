"""Realised gains and the simulated sale in a browser, on the real server with its demo."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ui.conftest import until

READY = '#gains-page[data-state="full"] .ag-row[row-id]'
FULL = "() => document.getElementById('gains-page')?.dataset.state === 'full' && portolan.gains.page.payload"

# What every place on the page says, in cents, against the sum of the rows.
AUDIT = """() => {
  const cents = (text) => Math.round(Number(text.replaceAll(",", "").replaceAll("\\u2212", "-").replaceAll("+", "")) * 100);
  const page = portolan.gains.page, sum = (rows, name) => rows.reduce((all, row) => all + (row[name] ?? 0), 0), wrong = [];
  const said = (selector) => cents(document.querySelector(selector).textContent);
  if (said('#gains-grid .ag-floating-bottom .ag-row [col-id="gain"] .num') !== sum(page.leaves, "gain")) wrong.push("total");
  const figure = (name) => said(`[data-figure=${name}] [data-part=value]`);
  if (figure("net") !== sum(page.leaves, "gain")) wrong.push("net");
  if (figure("net") !== figure("gains") + figure("losses")) wrong.push("net is not gains and losses");
  if (figure("net") !== figure("short") + figure("long")) wrong.push("net is not short and long");
  for (const row of page.leaves) if (row.proceeds - row.cost !== row.gain) wrong.push(`row ${row.id}`);
  for (const name of page.groups.keys()) {
    const shown = document.querySelector(`#gains-grid [row-id="group:${name}"] [col-id="gain"] .num`);
    if (shown && cents(shown.textContent) !== sum(page.leaves.filter((row) => row.symbol === name), "gain")) wrong.push(name);
  }
  if (!page.leaves.length) wrong.push("nothing to look at");
  return wrong;
}"""


@pytest.fixture
def gains(page: Page, server: Any) -> Page:
    page.goto(f"{server.url}/gains?year=all")
    page.wait_for_selector(READY)
    return page


@pytest.fixture
def washed(page: Page, server: Any) -> Iterator[str]:
    """A portfolio with one wash sale, gone after the test."""
    api = f"{server.url}/api/v1/portfolios"
    made = page.request.post(api, data={"name": "Washed", "base_currency": "USD"}).json()
    rows = [{"date": "2024-01-08", "kind": "BUY", "symbol": "AAPL", "quantity": 100, "price": 10},
            {"date": "2024-03-11", "kind": "SELL", "symbol": "AAPL", "quantity": 100, "price": 7.5},
            {"date": "2024-03-25", "kind": "BUY", "symbol": "AAPL", "quantity": 100, "price": 8}]
    assert page.request.post(f"{api}/{made['id']}/transactions", data=rows).status == 201
    yield made["id"]
    assert page.request.delete(f"{api}/{made['id']}", headers={"If-Match": '"1"'}).ok


def clean(watch: Any) -> None:
    assert watch.errors == []
    assert watch.strangers == []


def answered(page: Page, name: str, value: str) -> None:
    until(page, "([name, value]) => String(portolan.gains.page.payload?.asked[name] || '') === value", [name, value])


def test_rows_groups_figures_and_total_agree_under_every_rule(gains: Page, watch: Any) -> None:
    assert gains.evaluate(AUDIT) == []
    for word, rules in (("UK rules", "uk"), ("US terms", "us"), ("Cost method", "")):
        gains.get_by_role("button", name=word, exact=True).click()
        answered(gains, "rules", rules)
        assert gains.evaluate(AUDIT) == []
    clean(watch)


def test_the_address_carries_what_is_chosen_and_brings_it_back(gains: Page, watch: Any) -> None:
    gains.get_by_role("button", name="US terms", exact=True).click()
    answered(gains, "rules", "us")
    gains.locator("select[name=method]").select_option("hifo")
    answered(gains, "method", "hifo")
    gains.locator("select[name=year]").select_option("2019")
    answered(gains, "year", "2019")
    for part in ("rules=us", "method=hifo", "year=2019"):
        assert part in gains.url
    net = gains.locator("[data-figure=net] [data-part=value]").inner_text()
    gains.reload()
    until(gains, FULL)
    expect(gains.get_by_role("button", name="US terms", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(gains.locator("select[name=method]")).to_have_value("hifo")
    expect(gains.locator("select[name=year]")).to_have_value("2019")
    expect(gains.locator("[data-figure=net] [data-part=value]")).to_have_text(net)
    assert set(gains.evaluate("() => portolan.gains.page.leaves.map((row) => row.closed.slice(0, 4))")) == {"2019"}
    clean(watch)


def test_uk_rules_count_in_pounds_by_tax_years_and_have_no_cost_method(gains: Page) -> None:
    gains.get_by_role("button", name="UK rules", exact=True).click()
    answered(gains, "rules", "uk")
    expect(gains.locator("[data-part=when]")).to_contain_text("GBP")
    expect(gains.locator("select[name=method]")).to_be_disabled()
    expect(gains.get_by_role("button", name="From 6 April")).to_have_attribute("aria-pressed", "true")
    expect(gains.locator("select[name=year]")).to_contain_text("2019/20")
    assert gains.evaluate("() => portolan.gains.page.leaves.some((row) => row.rule === 'section_104')")


def test_without_a_year_the_top_bar_says_which_days_count(gains: Page) -> None:
    gains.locator("select[name=year]").select_option("")
    answered(gains, "year", "")
    year = gains.evaluate("() => portolan.gains.page.payload.start")
    gains.get_by_role("button", name="3Y", exact=True).click()
    answered(gains, "period", "3Y")
    assert gains.evaluate("() => portolan.gains.page.payload.start") < year
    assert "year=" not in gains.url


def test_groups_open_with_the_keyboard(gains: Page) -> None:
    first = gains.locator("#gains-grid .ag-row.group").first
    before = gains.locator("#gains-grid .ag-row.lot").count()
    first.click()
    expect(first.locator("[aria-expanded]")).to_have_attribute("aria-expanded", "true")
    assert gains.locator("#gains-grid .ag-row.lot").count() > before
    gains.keyboard.press("ArrowLeft")
    expect(first.locator("[aria-expanded]")).to_have_attribute("aria-expanded", "false")
    gains.keyboard.press("Enter")
    expect(first.locator("[aria-expanded]")).to_have_attribute("aria-expanded", "true")


THEME_OF_BARS = """async () => {
    const bar = document.querySelector("#gains-chart rect.up"), before = getComputedStyle(bar).fill;
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "t", bubbles: true }));
    await new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(told)));
    return [bar.isConnected, getComputedStyle(bar).fill !== before];
}"""


def test_the_bars_have_a_table_that_adds_up_and_follow_the_theme(gains: Page, watch: Any) -> None:
    bars = gains.locator("#gains-chart rect.up")
    assert bars.count() > 1
    assert gains.evaluate(THEME_OF_BARS) == [True, True], "another colour, and the same bar: nothing was drawn again"
    gains.get_by_role("button", name="Show as table").click()
    table = gains.locator("#gains-chart-table table")
    expect(table).to_be_visible()
    expect(table.locator("tfoot td").last).to_have_text(gains.locator("[data-figure=net] [data-part=value]").inner_text())
    clean(watch)


def test_a_wash_sale_has_its_tag_its_notice_and_its_figure(page: Page, server: Any, washed: str, watch: Any) -> None:
    page.goto(f"{server.url}/gains?portfolio={washed}&year=all&rules=us")
    until(page, FULL)
    row = page.locator("#gains-grid .ag-row.lot").first
    expect(row.locator(".tag")).to_have_text("wash sale")
    expect(row.locator(".tag")).to_have_attribute("title", "250.00 deferred: bought again on 25 Mar 2024; the cost of that lot grows by it")
    expect(row.locator('[col-id="gain"] .num').first).to_have_text("\u2212250.00")
    expect(row.locator('[col-id="adjusted_gain"] .num').first).to_have_text("0.00")
    expect(page.locator("[data-part=wash]")).to_contain_text("250.00 USD of losses is deferred")
    expect(page.locator("[data-figure=net] [data-part=sub]")).to_have_text("0.00 after wash sales")
    page.get_by_role("button", name="Cost method", exact=True).click()
    answered(page, "rules", "")
    expect(page.locator("[data-part=wash]")).to_be_hidden()
    clean(watch)


def test_a_sale_recorded_elsewhere_shows_at_once(page: Page, server: Any, washed: str) -> None:
    page.goto(f"{server.url}/gains?portfolio={washed}&year=all")
    until(page, FULL)
    sale = {"date": "2024-09-02", "kind": "SELL", "symbol": "AAPL", "quantity": 10, "price": 12}
    assert page.request.post(f"{server.url}/api/v1/portfolios/{washed}/transactions", data=sale).status == 201
    until(page, "() => portolan.gains.page.leaves.length === 2")


def test_what_is_exported_is_what_is_shown(gains: Page) -> None:
    with gains.expect_download() as waiting:
        gains.get_by_role("button", name="Export").click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
    cents = gains.evaluate("() => portolan.gains.page.leaves.map((row) => row.gain)")
    assert [round(float(row["gain_USD"]) * 100) for row in rows] == cents


def test_nothing_sold_and_nothing_found_each_say_so(page: Page, server: Any, watch: Any) -> None:
    page.goto(f"{server.url}/gains?year=1999")
    expect(page.get_by_text("Nothing was realised here")).to_be_visible()
    page.get_by_role("button", name="All years").click()
    page.wait_for_selector(READY)
    page.goto(f"{server.url}/gains?portfolio=0190c0de-0000-7000-8000-000000000001")
    expect(page.get_by_text("The gains could not be read")).to_be_visible()
    expect(page.locator("#gains-page .when-error [data-part=reason]")).to_contain_text("There is no portfolio")
    clean(watch)


def test_a_phone_shows_lots_and_gains_and_nothing_spills(browser: Browser, server: Any, watch: Any) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, locale="en-US")
    page = watch.on(phone.new_page())
    page.goto(f"{server.url}/gains?year=all")
    page.wait_for_selector(READY)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert page.evaluate("() => portolan.gains.page.api.getAllDisplayedColumns().map((column) => column.getColId())") == ["lot", "gain"]
    expect(page.locator('.tabbar a[aria-current="page"]')).to_have_text("Gains")
    assert page.evaluate(AUDIT) == []
    phone.close()
    clean(watch)


# ------------------------------------------------------------------------------------------------------------------------ the simulated sale


@pytest.fixture
def dialog(page: Page, server: Any) -> Locator:
    page.goto(f"{server.url}/holdings?symbol=AAPL")
    page.get_by_role("button", name="What would selling realise?").click()
    sheet = page.locator("#sale-dialog")
    expect(sheet.locator("[data-method-row]").first).to_be_visible(timeout=30_000)
    return sheet


def gain_of(dialog: Locator, method: str) -> str:
    return dialog.locator(f'[data-method-row="{method}"] td').nth(1).inner_text()


def test_the_dialog_comes_with_the_live_price_and_shows_every_method(dialog: Locator, page: Page, watch: Any) -> None:
    expect(dialog.get_by_label("Quantity")).to_be_focused()
    assert float(dialog.get_by_label("Price USD").input_value()) > 1
    assert dialog.locator("[data-method-row]").count() == 5
    expect(dialog.locator("[data-lots-of]")).to_have_attribute("data-lots-of", "fifo")
    assert gain_of(dialog, "hifo") != gain_of(dialog, "lofo")
    dialog.get_by_role("button", name="Lowest cost first").focus()
    page.keyboard.press("Enter")
    expect(dialog.locator("[data-lots-of]")).to_have_attribute("data-lots-of", "lofo")
    lots, told = dialog.locator("[data-lots-of] tbody tr"), dialog.locator('[data-method-row="lofo"] td').last
    expect(lots).to_have_count(int(told.inner_text()))
    clean(watch)


def test_the_slider_moves_the_quantity_and_the_answer(dialog: Locator, page: Page) -> None:
    before = gain_of(dialog, "fifo")
    dialog.get_by_role("slider").focus()
    page.keyboard.press("End")
    held = page.evaluate("() => portolan.sale.state.held")
    assert float(dialog.get_by_label("Quantity").input_value()) == held
    until(page, "(before) => document.querySelector('[data-method-row=fifo] td:nth-child(2)').innerText !== before", before)
    assert len({gain_of(dialog, method) for method in ("fifo", "lifo", "hifo", "lofo")}) == 1  # all is sold: the order says nothing


def test_rates_add_the_estimate_and_are_kept(dialog: Locator, page: Page) -> None:
    dialog.get_by_label("Tax on long term, %").fill("20")
    dialog.get_by_label("Tax on short term, %").fill("37,5")
    expect(dialog.get_by_role("columnheader", name="After tax")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#holdings-drawer")).to_be_visible()  # only the dialog closed
    page.reload()
    page.get_by_role("button", name="What would selling realise?").click()
    expect(dialog.get_by_label("Tax on short term, %")).to_have_value("37,5")
    expect(dialog.get_by_role("columnheader", name="After tax")).to_be_visible()


def test_more_than_is_held_says_what_is_held(dialog: Locator, page: Page, watch: Any) -> None:
    held = page.evaluate("() => portolan.sale.state.held")
    dialog.get_by_label("Quantity").fill(str(held + 1))
    expect(dialog.get_by_role("alert")).to_contain_text(f"{held:g} are held")
    dialog.get_by_label("Quantity").fill("1")
    expect(dialog.locator("[data-method-row]")).to_have_count(5)
    clean(watch)


def test_what_is_no_longer_held_offers_no_sale(page: Page, server: Any) -> None:
    page.goto(f"{server.url}/holdings?symbol=GE")
    expect(page.locator("#holdings-drawer.open")).to_be_visible()
    expect(page.get_by_role("button", name="What would selling realise?")).to_be_hidden()


def test_the_dialog_fits_a_phone(browser: Browser, server: Any, watch: Any) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, locale="en-US")
    page = watch.on(phone.new_page())
    page.goto(f"{server.url}/holdings?symbol=AAPL")
    page.get_by_role("button", name="What would selling realise?").click()
    expect(page.locator("#sale-dialog [data-method-row]").first).to_be_visible(timeout=30_000)
    box = page.locator("#sale-dialog").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.locator("#sale-dialog .in").evaluate("(element) => element.scrollWidth <= element.clientWidth")
    phone.close()
    clean(watch)
