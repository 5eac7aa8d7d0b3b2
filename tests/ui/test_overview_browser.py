"""The Overview and the frame, in a browser on the real server: it moves, it adds up, it answers keys, it keeps its place."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.ui.conftest import Look, Server, Watch, wait_for

PATIENCE = 40_000

# All texts of one moment: read in one go, so that no tick falls between them.
READ_IDENTITY = """() => [...document.querySelectorAll("#overview-identity .term")]
  .map((term) => [term.querySelector(".op").textContent, term.querySelector("b").textContent])"""
READ_HOLDINGS = """() => {
  const cells = (row) => [...row.cells].map((cell) => cell.textContent);
  const table = document.querySelector("#overview-holdings table");
  return { rows: [...table.tBodies[0].rows].map(cells), total: cells(table.tFoot.rows[0]) };
}"""
READ_MOVERS = (
    """() => [...document.querySelectorAll("#overview-movers .spread")].map((row) => [row.className, row.querySelector(".num").textContent])"""
)


def amount(text: str) -> float:
    return float(re.sub(r"[^\d.\-]", "", text.replace("\u2212", "-")) or 0)


def cents(text: str) -> int:
    return round(amount(text) * 100)


def opened(page: Page, server: Server, path: str = "/") -> Page:
    page.goto(server.url + path)
    expect(page.locator("#overview-page .hero .value")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#status")).to_have_attribute("data-state", "live", timeout=PATIENCE)
    expect(page.locator("#overview-treemap rect").first).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".growth .js-line").nth(1)).to_be_attached(timeout=PATIENCE)
    return page


@pytest.fixture
def overview(page: Page, server: Server) -> Page:
    return opened(page, server)


@pytest.fixture
def seen(look: Look, server: Server) -> Page:
    """The overview, for tests that look and touch nothing."""
    return look(partial(opened, server=server))


def moments(page: Page, script: str, count: int = 12) -> list[Any]:
    found = []
    for _ in range(count):
        found.append(page.evaluate(script))
        page.wait_for_timeout(230)
    return found


def hero(page: Page) -> Locator:
    return page.locator("#overview-hero .value .num")


# ---------------------------------------------------------------------------------------------------------------- it lives


def test_the_value_moves_without_an_error_or_a_stranger(overview: Page, watch: Watch) -> None:
    first = hero(overview).text_content()
    wait_for(lambda: hero(overview).text_content() != first, 20, "another value")
    assert re.fullmatch(r"[\d,]+\.\d\d", first or "")
    assert watch.errors == []
    assert watch.strangers == []


def test_the_identity_adds_up_to_the_cent_at_every_moment(seen: Page) -> None:
    for terms in moments(seen, READ_IDENTITY):
        *parts, (sign, value) = terms
        assert sign == "="
        assert sum(-cents(text) if op == "\u2212" else cents(text) for op, text in parts) == cents(value)


def test_the_rows_add_up_to_the_totals_at_every_moment(seen: Page) -> None:
    for table in moments(seen, READ_HOLDINGS):
        assert sum(cents(row[4]) for row in table["rows"]) == cents(table["total"][4])
        assert sum(cents(row[5].partition("%")[0] if "%" in row[5] else row[5]) for row in table["rows"] if "%" not in row[5]) + sum(
            cents(re.match(r"[\u2212\d,]+\.\d\d", row[5]).group()) for row in table["rows"] if "%" in row[5]
        ) == cents(table["total"][5])
        assert sum(round(amount(row[8]) * 10) for row in table["rows"]) == 1000


def test_the_movers_and_the_rest_make_the_day(seen: Page) -> None:
    for rows in moments(seen, READ_MOVERS):
        *parts, (kind, total) = rows
        assert "sum" in kind
        assert sum(cents(text) for _, text in parts) == cents(total)


def test_a_tick_changes_no_element_of_the_treemap(seen: Page) -> None:
    seen.evaluate("""() => { window.seen = { added: 0, painted: 0 };
      const tree = document.querySelector("#overview-treemap svg");
      new MutationObserver((changes) => { window.seen.added += changes.length; }).observe(tree, { childList: true });
      document.addEventListener("portolan:painted", () => { window.seen.painted += 1; }); }""")
    wait_for(lambda: seen.evaluate("window.seen.painted") >= 6, 20, "six repaints")
    assert seen.evaluate("window.seen.added") == 0


def test_every_holding_has_its_tile_and_no_tile_overlaps(seen: Page) -> None:
    tiles = seen.evaluate("""() => [...document.querySelectorAll("#overview-treemap rect")]
      .map((tile) => ["x", "y", "width", "height"].map((name) => Number(tile.getAttribute(name))))""")
    rows = seen.evaluate("portolan.overview.page.model.rows.filter((row) => row.value > 0).length")
    assert len(tiles) == rows
    for index, (x, y, width, height) in enumerate(tiles):
        for other_x, other_y, other_width, other_height in tiles[index + 1 :]:
            apart = x + width <= other_x + 0.6 or other_x + other_width <= x + 0.6 or y + height <= other_y + 0.6 or other_y + other_height <= y + 0.6
            assert apart


# ------------------------------------------------------------------------------------------------------------ it keeps its place


def test_a_period_changes_the_chart_and_the_address_but_not_the_page(overview: Page) -> None:
    overview.evaluate("document.querySelector('#overview-hero').dataset.mine = 'kept'")
    before = overview.evaluate("document.querySelector('.growth .js-plotly-plot').layout.xaxis.range[0]")
    overview.locator(".bar [data-period='3M']").click()
    expect(overview.locator("#overview-growth-note")).to_contain_text("3 months", timeout=PATIENCE)
    wait_for(lambda: overview.evaluate("document.querySelector('.growth .js-plotly-plot').layout.xaxis.range[0]") != before, 20, "another range")
    assert overview.url.endswith("?period=3M")
    assert overview.locator("#overview-hero").get_attribute("data-mine") == "kept"
    expect(overview.locator(".bar [data-period='3M']")).to_have_attribute("aria-pressed", "true")


def test_a_portfolio_is_chosen_from_the_menu_and_taken_back_with_the_browser(overview: Page) -> None:
    overview.locator(".pick").click()
    overview.locator("#portfolio-menu .item", has_text="Global balanced").click()
    expect(overview.locator("#overview-hero .value .unit")).to_have_text("EUR", timeout=PATIENCE)
    expect(overview.locator("#portfolio-menu-name")).to_have_text("Global balanced")
    assert re.search(r"\?portfolio=[0-9a-f-]{36}$", overview.url)
    assert overview.locator("#overview-page").get_attribute("data-scope") in overview.url
    overview.go_back()
    expect(overview.locator("#overview-hero .value .unit")).to_have_text("USD", timeout=PATIENCE)
    expect(overview.locator("#portfolio-menu-name")).to_have_text("All portfolios")


def test_an_address_can_be_bookmarked(page: Page, server: Server) -> None:
    opened(page, server, "/?period=YTD")
    expect(page.locator(".bar [data-period='YTD']")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#overview-growth-note")).to_contain_text("this year")
    assert page.locator(".rail a", has_text="Holdings").get_attribute("href") == "/holdings?period=YTD"


def test_an_unknown_portfolio_is_told_and_left(page: Page, server: Server, watch: Watch) -> None:
    page.goto(f"{server.url}/?portfolio=00000000-0000-0000-0000-000000000000")
    expect(page.locator("#overview-hero")).to_contain_text("No such portfolio", timeout=PATIENCE)
    page.locator("#overview-hero button", has_text="All portfolios").click()
    expect(hero(page)).to_be_visible(timeout=PATIENCE)
    assert watch.errors == []


def test_an_unknown_page_says_so(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/nowhere")
    expect(page.locator(".page")).to_contain_text("This page is not on the chart", timeout=PATIENCE)


# ------------------------------------------------------------------------------------------------------------------- themes, keys


def colour(page: Page, selector: str, name: str) -> str:
    return str(page.evaluate("([selector, name]) => getComputedStyle(document.querySelector(selector))[name]", [selector, name]))


def test_a_theme_repaints_everything_at_once_and_is_remembered(overview: Page, server: Server) -> None:
    overview.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    dark = colour(overview, "body", "backgroundColor"), colour(overview, ".growth .trace:nth-child(2) .js-line", "stroke")
    overview.evaluate("document.querySelector('.growth svg.main-svg').dataset.mine = 'kept'")
    overview.locator(".bar [data-do='theme']").click()
    light = colour(overview, "body", "backgroundColor"), colour(overview, ".growth .trace:nth-child(2) .js-line", "stroke")
    assert all(before != after for before, after in zip(dark, light, strict=True))
    assert overview.locator(".growth svg.main-svg").first.get_attribute("data-mine") == "kept"
    overview.goto(server.url, wait_until="commit")
    overview.wait_for_selector("body", state="attached")
    assert overview.evaluate("document.documentElement.dataset.bsTheme") == "light"


def test_the_sidebar_folds_and_stays_folded(overview: Page, server: Server) -> None:
    overview.locator(".rail [data-do='fold']").click()
    expect(overview.locator(".rail .lbl").first).to_be_hidden()
    overview.goto(server.url)
    expect(overview.locator(".rail")).to_be_visible(timeout=PATIENCE)
    assert overview.locator(".rail").bounding_box()["width"] < 60


def test_keys_go_to_pages_open_and_close(overview: Page) -> None:
    overview.keyboard.press("?")
    expect(overview.locator("#keys")).to_be_visible()
    overview.keyboard.press("Escape")
    expect(overview.locator("#keys")).to_be_hidden()
    overview.keyboard.press("g")
    overview.keyboard.press("t")
    overview.wait_for_url("**/transactions")
    expect(overview.locator(".rail a[aria-current]")).to_contain_text("Transactions")
    overview.keyboard.press("g")
    overview.keyboard.press("o")
    expect(hero(overview)).to_be_visible(timeout=PATIENCE)


def test_search_finds_a_holding_by_its_name(overview: Page) -> None:
    overview.keyboard.press("/")
    overview.locator(".ask-input").fill("zzz")
    expect(overview.locator("#palette")).to_contain_text("Nothing is called")
    overview.keyboard.press("Escape")
    expect(overview.locator("#palette")).to_be_hidden()
    overview.keyboard.press("Control+k")
    overview.locator(".ask-input").fill("apple")
    expect(overview.locator("#palette .hit[aria-selected='true']")).to_contain_text("AAPL")
    overview.keyboard.press("Enter")
    overview.wait_for_url("**/holdings?symbol=AAPL")


# ------------------------------------------------------------------------------------------------------------- panels and dialogs


def test_every_chart_has_a_table_behind_it(overview: Page) -> None:
    tools = overview.locator("#overview-page .panel .tool[data-do='table']")
    assert tools.count() == 3
    for index in range(3):
        tools.nth(index).click()
    assert overview.locator("#overview-growth-table tbody tr").count() > 20
    assert overview.locator("#overview-treemap-table tbody tr").count() >= 16
    expect(overview.locator("#overview-movers-table")).to_be_visible()
    for named in ("#overview-growth-body", "#overview-treemap svg", "#overview-movers", "#overview-today-chart svg"):
        assert len(overview.locator(named).get_attribute("aria-label") or "") > 20


def test_hovering_tells_value_contributions_and_date(overview: Page) -> None:
    box = overview.locator(".growth .xy .nsewdrag").bounding_box()
    assert box is not None
    overview.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(overview.locator(".growth-panel .tip")).to_contain_text("Contributed", timeout=5000)


def test_the_status_light_tells_where_prices_come_from(overview: Page) -> None:
    overview.locator("#status").click()
    for words in ("Sources", "simulated", "live", "Quotes not believed", "Database"):
        expect(overview.locator("#status-body")).to_contain_text(words, timeout=PATIENCE)
    overview.keyboard.press("Escape")
    expect(overview.locator("#status-sheet")).to_be_hidden()


def test_a_doubted_quote_is_shown_and_rejected(overview: Page, server: Server) -> None:
    pushed = overview.request.post(f"{server.url}/api/v1/quotes", data=[{"symbol": "KO", "price": 0.0123, "source": "desk"}])
    assert pushed.ok, pushed.text()
    overview.locator("#status").click()
    doubt = overview.locator("#status-body .doubt", has_text="desk")
    expect(doubt).to_contain_text("0.0123", timeout=PATIENCE)
    doubt.locator("button", has_text="Reject").click()
    expect(doubt).to_have_count(0, timeout=PATIENCE)


def test_a_new_portfolio_is_refused_without_a_name_then_made_and_shown(overview: Page, watch: Watch) -> None:
    overview.keyboard.press("n")
    overview.locator("#new-portfolio [type=submit]").click()
    expect(overview.locator("#new-portfolio-error")).to_contain_text("Name", timeout=PATIENCE)
    overview.locator("#new-portfolio input[name=name]").fill("Sandbox")
    overview.locator("#new-portfolio select[name=base_currency]").select_option("CHF")
    overview.locator("#new-portfolio [type=submit]").click()
    expect(overview.locator("#new-portfolio")).to_be_hidden(timeout=PATIENCE)
    expect(overview.locator("#portfolio-menu-name")).to_have_text("Sandbox", timeout=PATIENCE)
    expect(overview.locator("#overview-hero .value")).to_contain_text("0.00", timeout=PATIENCE)
    expect(overview.locator("#overview-holdings")).to_contain_text("Nothing is held yet")
    assert watch.errors == []


# ------------------------------------------------------------------------------------------------------------------------ phone


@pytest.mark.parametrize("width", [390, 900])
def test_a_small_screen_needs_no_sideways_scroll(context: BrowserContext, server: Server, watch: Watch, width: int) -> None:
    page = watch.on(context.new_page())
    page.set_viewport_size({"width": width, "height": 844})
    opened(page, server)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 390:
        expect(page.locator(".tabbar")).to_be_visible()
        expect(page.locator(".periods")).to_be_visible()
        page.locator(".tabbar a", has_text="Holdings").click()
        page.wait_for_url("**/holdings")
    assert watch.errors == []
