"""The Performance page and the time machine, in a browser on the real server: it adds up, follows the address, and looks back."""

from __future__ import annotations

import re
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.ui.conftest import Look, Server, Watch, until, wait_for

PATIENCE = 30_000
FIXED = "from=2023-01-31&to=2025-06-30"  # closed days: nothing of it moves

READ_BARS = """() => [...document.querySelectorAll("#performance-bars .spread")]
  .map((row) => [row.className, row.lastElementChild.textContent])"""
READ_BRIDGE = """() => {
  const table = document.querySelector("#performance-bridge-table table"), cells = (row) => [...row.cells].map((cell) => cell.textContent);
  return { rows: [...table.tBodies[0].rows].map(cells), total: cells(table.tFoot.rows[0]) }; }"""
READ_CURRENCY = """() => [...document.querySelectorAll("#performance-currency tr")].slice(1)
  .map((row) => [...row.cells].map((cell) => cell.textContent))"""


def amount(text: str) -> float:
    return float(re.sub(r"[^\d.\-]", "", text.replace("\u2212", "-")) or 0)


def cents(text: str) -> int:
    return round(amount(text) * 100)


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def kpi(page: Page, name: str) -> Locator:
    return page.locator("#performance-kpis .kpi").filter(has=page.locator("dt", has_text=re.compile(f"^{name}$"))).locator("dd").first


def opened(page: Page, server: Server, search: str = "") -> Page:
    page.goto(f"{server.url}/performance{search and '?'}{search}")
    expect(kpi(page, "TWR")).to_contain_text("%", timeout=PATIENCE)
    expect(page.locator(".growth-index .js-line").first).to_be_attached(timeout=PATIENCE)
    expect(page.locator("#performance-bars .sum")).to_be_visible(timeout=PATIENCE)
    return page


def changed(act: Any, read: Any) -> None:
    """Do something and wait until what is read is no longer what it was."""
    before = read()
    act()
    wait_for(lambda: read() != before, PATIENCE / 1000, "another figure")


@pytest.fixture
def performance(page: Page, server: Server) -> Page:
    return opened(page, server, FIXED)


@pytest.fixture
def seen(look: Look, server: Server) -> Page:
    """The page, for tests that look and touch nothing."""
    return look(partial(opened, server=server, search=FIXED))


# ---------------------------------------------------------------------------------------------------------------- it adds up


def test_it_opens_without_an_error_or_a_stranger(page: Page, server: Server, watch: Watch) -> None:
    opened(page, server)
    expect(page.locator("#performance-calendar .cell").first).to_be_visible()
    expect(page.locator("#performance-when")).to_contain_text("All portfolios")
    assert watch.errors == []
    assert watch.strangers == []


def test_the_page_tells_what_the_service_tells(seen: Page, server: Server) -> None:
    told = seen.request.get(f"{server.url}/api/v1/portfolios/all/performance?start=2023-01-31&end=2025-06-30").json()
    assert cents(kpi(seen, "TWR").text_content() or "") == pytest.approx(told["twr"] * 10_000, abs=0.51)
    assert cents(kpi(seen, "Modified Dietz").text_content() or "") == pytest.approx(told["modified_dietz"] * 10_000, abs=0.51)
    drawn = seen.evaluate("document.querySelector('.growth-index .js-plotly-plot').data[0].y.at(-1)")
    assert drawn == pytest.approx(told["twr"], abs=2e-6)


def test_the_bridge_adds_up_with_no_residual(seen: Page) -> None:
    told = seen.evaluate(READ_BRIDGE)
    rows = dict(told["rows"])
    assert cents(rows["Residual"]) == 0
    assert sum(cents(text) for text in rows.values()) == cents(told["total"][1])
    drawn = seen.evaluate("document.querySelector('.bridge .js-plotly-plot').data.flatMap((trace) => trace.customdata)")
    assert sum(drawn) == pytest.approx(2 * amount(told["total"][1]), abs=0.02)  # the opening value, the steps, and the closing value


def test_the_currency_effects_make_the_return(seen: Page) -> None:
    rows = seen.evaluate(READ_CURRENCY)
    assert len(rows) > 2
    for row in rows:
        assert sum(cents(text) for text in row[2:5]) == cents(row[5])
    assert sum(cents(row[5]) for row in rows[:-1]) == cents(rows[-1][5]) == cents(kpi(seen, "TWR").text_content() or "")


def test_the_contributions_make_the_return_in_every_grouping(performance: Page) -> None:
    twr = cents(kpi(performance, "TWR").text_content() or "")
    for by in ("sector", "asset_class", "currency", "portfolio", "symbol"):
        performance.locator(f"[data-by='{by}']").click()
        expect(performance.locator(f"[data-by='{by}']")).to_have_attribute("aria-pressed", "true")
        until(performance, "(by) => document.querySelector('#performance-bars-table th').textContent.toLowerCase().startsWith(by)",
              {"asset_class": "class", "symbol": "holding"}.get(by, by), seconds=PATIENCE / 1000)
        *parts, (kind, total) = performance.evaluate(READ_BARS)
        assert "sum" in kind
        assert sum(cents(text) for _, text in parts) == cents(total) == twr, by


# ------------------------------------------------------------------------------------------------------------ it follows the address


def test_a_period_changes_address_and_figures_and_ends_a_range(performance: Page, watch: Watch) -> None:
    changed(performance.locator(".bar [data-period='3Y']").click, kpi(performance, "TWR").text_content)
    assert query(performance) == {"period": "3Y"}
    expect(performance.locator("[name=from]")).to_have_value("")
    expect(performance.locator(".bar [data-period='3Y']")).to_have_attribute("aria-pressed", "true")
    changed(performance.locator(".bar [data-period='YTD']").click, kpi(performance, "TWR").text_content)
    performance.go_back()
    expect(performance.locator(".bar [data-period='3Y']")).to_have_attribute("aria-pressed", "true")
    assert watch.errors == []


def test_a_range_of_ones_own_stands_in_place_of_the_period(page: Page, server: Server) -> None:
    opened(page, server)
    page.locator("[name=from]").fill("2024-01-31")
    changed(lambda: page.locator("[name=to]").fill("2024-12-31"), page.locator("#performance-when").text_content)
    expect(page.locator("#performance-when")).to_contain_text("31 Jan 2024 to 31 Dec 2024", timeout=PATIENCE)
    assert query(page) == {"from": "2024-01-31", "to": "2024-12-31"}
    expect(page.locator(".bar [data-period][aria-pressed='true']")).to_have_count(0)
    page.locator("[data-do='performance-range']").click()
    expect(page.locator(".bar [data-period='1Y']")).to_have_attribute("aria-pressed", "true")


def test_another_benchmark_is_searched_for_and_compared_with(performance: Page, watch: Watch) -> None:
    performance.locator("[data-menu='performance-benchmark-sheet']").click()
    expect(performance.locator("#performance-found [data-benchmark='']")).to_be_visible(timeout=PATIENCE)
    performance.locator("[name=benchmark-search]").fill("coca")
    found = performance.locator("#performance-found [data-benchmark='KO']")
    expect(found).to_be_visible(timeout=PATIENCE)
    changed(found.click, kpi(performance, "Active return").text_content)
    assert query(performance)["benchmark"] == "KO"
    expect(performance.locator("#performance-growth-legend")).to_contain_text("Coca")
    performance.locator("[data-menu='performance-benchmark-sheet']").click()
    performance.locator("#performance-found [data-benchmark='none']").click()
    expect(kpi(performance, "Active return")).to_have_text("–", timeout=PATIENCE)
    until(performance, "document.querySelector('.growth-index .js-plotly-plot').data[1].y.length === 0")
    assert performance.locator("#performance-windows th", has_text="Benchmark").count() == 0
    assert watch.errors == []


def test_a_blend_is_searched_for_by_its_name(performance: Page, server: Server, watch: Watch) -> None:
    parts = [{"symbol": "KO", "weight": 0.6}, {"kind": "cash", "weight": 0.4, "plus": 0.02}]
    made = performance.request.post(f"{server.url}/api/v1/benchmarks", data={"name": "Cola and cash", "components": parts}).json()
    performance.locator("[data-menu='performance-benchmark-sheet']").click()
    performance.locator("[name=benchmark-search]").fill("cola and")
    found = performance.locator(f"#performance-found [data-benchmark='{made['key']}']")
    expect(found).to_have_text(re.compile("Cola and cash.*Blend"), timeout=PATIENCE)
    changed(found.click, kpi(performance, "Active return").text_content)
    expect(performance.locator("#performance-growth-legend")).to_contain_text("Cola and cash")
    performance.request.delete(f"{server.url}/api/v1/benchmarks/{made['key']}", headers={"If-Match": '"1"'})
    assert watch.errors == []


def test_a_bar_narrows_the_page_and_the_filter_widens_it(performance: Page) -> None:
    whole = kpi(performance, "TWR").text_content()
    bar = performance.locator("#performance-bars button[data-group]").first
    chosen = bar.get_attribute("data-group") or ""
    changed(bar.click, kpi(performance, "TWR").text_content)
    assert query(performance)["group"] == chosen
    expect(performance.locator("#performance-when")).not_to_contain_text("All portfolios")
    *parts, (_, total) = performance.evaluate(READ_BARS)
    assert sum(cents(text) for _, text in parts) == cents(total) == cents(kpi(performance, "TWR").text_content() or "")
    performance.locator("#performance-groups").select_option("")
    expect(kpi(performance, "TWR")).to_have_text(whole or "", timeout=PATIENCE)
    assert "group" not in query(performance)


def test_conventions_change_the_figures_and_are_counted(performance: Page) -> None:
    performance.locator("[data-menu='performance-conventions']").click()
    changed(lambda: performance.locator("[name=costs]").select_option("gross"), kpi(performance, "TWR").text_content)
    changed(lambda: performance.locator("[name=currency]").select_option("local"), kpi(performance, "TWR").text_content)
    expect(performance.locator("[data-part=conventions]")).to_have_text("2")
    assert (query(performance)["costs"], query(performance)["currency"]) == ("gross", "local")
    expect(performance.locator("#performance-growth-note")).to_contain_text("before fees, taxes")
    performance.locator("[data-do='performance-conventions']").click()
    expect(performance.locator("[data-part=conventions]")).to_have_text("")
    assert query(performance) == {"from": "2023-01-31", "to": "2025-06-30"}


def test_an_address_can_be_bookmarked(page: Page, server: Server) -> None:
    opened(page, server, f"{FIXED}&benchmark=KO&costs=gross_of_fees&by=sector&group=")
    expect(page.locator("[name=from]")).to_have_value("2023-01-31")
    expect(page.locator("#performance-benchmark")).to_contain_text("Coca", timeout=PATIENCE)
    expect(page.locator("[data-by='sector']")).to_have_attribute("aria-pressed", "true")
    assert page.locator("[name=costs]").input_value() == "gross_of_fees"


def test_what_cannot_be_answered_is_told_and_left(page: Page, server: Server, watch: Watch) -> None:
    page.goto(f"{server.url}/performance?from=2025-01-31&to=2024-01-31")
    expect(page.locator("#performance-state")).to_contain_text("cannot be told", timeout=PATIENCE)
    page.locator("#performance-state [data-do='performance-defaults']").click()
    expect(kpi(page, "TWR")).to_contain_text("%", timeout=PATIENCE)
    page.goto(f"{server.url}/performance?portfolio=00000000-0000-0000-0000-000000000000")
    expect(page.locator("#performance-state")).to_contain_text("Not found", timeout=PATIENCE)
    page.locator("#performance-state button", has_text="All portfolios").click()
    expect(kpi(page, "TWR")).to_contain_text("%", timeout=PATIENCE)
    assert watch.errors == []


# ---------------------------------------------------------------------------------------------------------------- reading, keys, sizes


def test_every_chart_has_a_table_and_a_name(performance: Page) -> None:
    tools = performance.locator("#performance-page .tool[data-do='table']")
    for index in range(tools.count()):
        tools.nth(index).click()
    for table in ("growth", "bridge", "bars"):
        expect(performance.locator(f"#performance-{table}-table table")).to_be_visible()
    for body in ("growth", "bridge"):
        assert len(performance.locator(f"#performance-{body}-body").get_attribute("aria-label") or "") > 40


def test_hovering_tells_date_growth_benchmark_and_active(performance: Page) -> None:
    box = performance.locator(".growth-index .xy .nsewdrag").bounding_box()
    assert box is not None
    performance.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip = performance.locator(".growth-panel .tip")
    expect(tip).to_contain_text("Active", timeout=5000)
    assert re.search(r"\d{1,2} \w{3} 202[345]", tip.text_content() or "")


def test_keys_lead_to_the_page_and_through_its_choices(page: Page, server: Server) -> None:
    page.goto(server.url)
    expect(page.locator("#overview-page .hero .value")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/performance")
    expect(page.locator("#performance-bars .sum")).to_be_visible(timeout=PATIENCE)
    page.locator("[data-menu='performance-conventions']").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=flow]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#performance-conventions")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 900])
def test_a_small_screen_needs_no_sideways_scroll(context: BrowserContext, server: Server, watch: Watch, width: int) -> None:
    page = watch.on(context.new_page())
    page.set_viewport_size({"width": width, "height": 844})
    opened(page, server, FIXED)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert watch.errors == []


# ------------------------------------------------------------------------------------------------------------------- looking back


def value_shown(page: Page) -> int:
    return cents(page.locator("[data-figure=value] [data-part=value]").text_content() or "")


def test_holdings_look_back_to_a_day_and_nothing_moves(page: Page, server: Server, watch: Watch) -> None:
    told = page.request.get(f"{server.url}/api/v1/portfolios/all/holdings?as_of=2024-03-28").json()["totals"]["value"]
    page.goto(f"{server.url}/holdings")
    expect(page.locator("#status")).to_have_attribute("data-state", "live", timeout=PATIENCE)
    page.locator("#time").click()
    page.locator("#time-sheet [name=as_of]").fill("2024-03-28")
    page.locator("#time-sheet [type=submit]").click()
    expect(page.locator("#time-band")).to_contain_text("As of 28 Mar 2024", timeout=PATIENCE)
    wait_for(lambda: value_shown(page) == pytest.approx(told * 100, abs=20), PATIENCE / 1000, "the value of then")  # rows are rounded each
    then = value_shown(page)
    page.wait_for_timeout(1500)
    assert value_shown(page) == then
    page.locator(".rail a", has_text="Performance").click()
    expect(page.locator("#performance-when")).to_contain_text("28 Mar 2024", timeout=PATIENCE)
    assert query(page)["as_of"] == "2024-03-28"
    page.locator("#time-band button").click()
    expect(page.locator("#time-band")).to_be_hidden()
    assert "as_of" not in query(page)
    assert watch.errors == []


def test_transactions_are_shown_as_they_were_known(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/transactions?as_of=2024-03-28")
    expect(page.locator("#transactions-page [data-part=count]")).not_to_have_text("", timeout=PATIENCE)
    days = until(page, "window.portolan.transactions.page.rows.size && [...window.portolan.transactions.page.rows.values()].map((row) => row.date)")
    assert max(days) <= "2024-03-28"
    page.goto(f"{server.url}/transactions?known_at=2001-01-01T00:00:00Z")
    expect(page.locator("#time-band")).to_contain_text("as known on 1 Jan 2001", timeout=PATIENCE)
    expect(page.locator("#transactions-page")).to_have_attribute("data-state", "none", timeout=PATIENCE)


def test_the_overview_looks_back_and_back_to_live(page: Page, server: Server, watch: Watch) -> None:
    told = page.request.get(f"{server.url}/api/v1/portfolios/all/holdings?as_of=2024-03-28").json()["totals"]["value"]
    page.goto(f"{server.url}/?as_of=2024-03-28")
    expect(page.locator("#overview-hero")).to_contain_text("on that day", timeout=PATIENCE)
    value = page.locator("#overview-hero [data-live=value]")
    assert cents(value.text_content() or "") == pytest.approx(told * 100, abs=20)  # rows are rounded each
    expect(page.locator("#overview-growth-body")).to_have_attribute("aria-label", re.compile("to 28 Mar 2024"), timeout=PATIENCE)
    expect(page.locator("#overview-compare td").first).to_be_visible(timeout=PATIENCE)
    then = page.locator("#overview-page").inner_text()
    page.wait_for_timeout(1500)
    assert page.locator("#overview-page").inner_text() == then
    page.locator("#time-band button").click()
    expect(page.locator("#overview-hero")).to_contain_text("today", timeout=PATIENCE)
    assert watch.errors == []


def test_a_page_that_stays_now_says_so(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/history?as_of=2024-03-28")
    expect(page.locator("#time-band")).to_contain_text("This page shows now", timeout=PATIENCE)
    assert page.locator(".rail a", has_text="Holdings").get_attribute("href") == "/holdings?as_of=2024-03-28"
