"""The Risk page in a browser on the real server: it tells what the service tells, follows the address, and explains its figures."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.ui.conftest import Server, Watch, until

PATIENCE = 60_000
FIXED = "from=2023-01-31&to=2025-06-30"  # closed days: nothing of it moves


def number(text: str | None) -> float:
    return float(re.sub(r"[^\d.\-]", "", (text or "").replace("\u2212", "-")) or "nan")


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def kpi(page: Page, name: str) -> Locator:
    return page.locator("#risk-kpis .kpi").filter(has=page.locator("dt", has_text=re.compile(name))).locator("dd").first


def opened(page: Page, server: Server, search: str = FIXED) -> Page:
    page.goto(f"{server.url}/risk?{search}")
    expect(kpi(page, "^VaR 9")).to_contain_text("USD", timeout=PATIENCE)
    expect(page.locator("#risk-body .panel:not(.waiting .panel)").first).to_be_visible(timeout=PATIENCE)
    return page


def test_it_opens_without_an_error_or_a_stranger_and_tells_what_the_service_tells(page: Page, server: Server, watch: Watch) -> None:
    opened(page, server)
    expect(page.locator(".risk-hits .bars path").first).to_be_attached(timeout=PATIENCE)
    expect(page.locator(".risk-under .js-line").first).to_be_attached(timeout=PATIENCE)
    told = page.request.get(f"{server.url}/api/v1/portfolios/all/risk?start=2023-01-31&end=2025-06-30").json()
    assert number(kpi(page, "^Volatility").text_content()) == pytest.approx(told["today"]["volatility"] * 100, abs=0.02)
    depth = f"{abs(told['max_drawdown']) * 100:.1f}"
    expect(page.locator(".risk-under .annotation text", has_text=depth).first).to_be_attached()
    assert kpi(page, "^Risk score").text_content() == f"{told['risk_score']['score']}of 7"
    assert watch.errors == []
    assert watch.strangers == []


TABS = {"Drawdowns": ".risk-under", "Value at risk": ".models-panel", "Rolling": ".risk-cone", "Distribution": ".risk-bins",
        "Correlation": ".matrix", "Concentration": ".share",
        "Certainty": ".certainty", "Every portfolio": ".firm-panel", "All figures": ".figures-table"}


TABLES = """() => {
    for (const each of document.querySelectorAll("#risk-body .panel:not(.as-table) [data-do=table]")) each.click();
    const rows = [...document.querySelectorAll("#risk-body .as-rows")];
    return rows.every((each) => each.querySelector("tbody tr")?.checkVisibility());
}"""  # asked again while the tab is still being read


def test_every_tab_opens_with_a_table_for_each_chart_and_stays_in_the_address(page: Page, server: Server, watch: Watch) -> None:
    opened(page, server)
    for tab, shown in TABS.items():
        page.get_by_role("tab", name=tab).click()
        expect(page.locator(f"#risk-body {shown}").first).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        until(page, TABLES, seconds=20)
    page.reload()
    expect(page.locator(".figures-table")).to_be_visible(timeout=PATIENCE)
    assert watch.errors == []


def test_the_model_that_is_pressed_is_what_the_page_measures_by(page: Page, server: Server) -> None:
    opened(page, server, f"{FIXED}&tab=var")
    row = page.locator(".models tbody tr", has_text=re.compile("^Normal"))
    wanted = number(row.locator("td").nth(1).text_content())
    row.locator("button").click()
    expect(page.locator(".models tr.sel")).to_contain_text("Normal", timeout=PATIENCE)
    assert query(page)["method"] == "normal"
    until(page, "wanted => Math.abs(Number(document.querySelector('#risk-kpis .num').dataset.v) / wanted - 1) < 0.02", wanted, seconds=20)
    parts = page.locator("text=What each holding adds >> xpath=ancestor::section")
    adds = [number(cell) for cell in parts.locator("tbody td:nth-child(4)").all_text_contents()]
    total = number(parts.locator("tfoot td:nth-child(4)").text_content())
    assert sum(adds) == pytest.approx(total, abs=0.5)


def test_figures_are_searched_and_explained(page: Page, server: Server) -> None:
    opened(page, server, f"{FIXED}&tab=figures")
    rows = page.locator(".figures-table tbody tr[data-words]:visible")
    every = rows.count()
    page.get_by_placeholder("Search figures").fill("sortino")
    until(page, "every => [...document.querySelectorAll('.figures-table tr[data-words]')].filter(row => row.offsetParent).length < every", every)
    expect(rows.first).to_contain_text("sortino", ignore_case=True)
    page.locator(".figures-table [data-explain='risk.sortino_ratio']").click()
    sheet = page.locator("#explain-sheet")
    expect(sheet).to_contain_text("Sortino", timeout=PATIENCE)
    expect(sheet).to_contain_text("/risk?start=2023-01-31&end=2025-06-30")


def test_every_portfolio_is_measured_followed_and_taken_as_a_file(page: Page, server: Server, watch: Watch) -> None:
    opened(page, server, f"{FIXED}&tab=portfolios")
    page.get_by_role("button", name="Measure every portfolio").click()
    rows = page.locator(".firm-table tbody tr")
    expect(page.locator("[data-part=firm-progress][data-status=done]")).to_be_visible(timeout=PATIENCE)
    expect(rows).not_to_have_count(0, timeout=PATIENCE)
    run = query(page)["run"]
    told = page.request.get(f"{server.url}/api/v1/risk/runs/{run}/portfolios").json()
    assert rows.count() == len(told)
    growth = next(row for row in told if row["name"] == "US growth")
    shown = rows.filter(has_text="US growth").locator("td").nth(3).text_content()
    assert number(shown) == pytest.approx(growth["figures"]["volatility"] * 100, abs=0.006)
    with page.expect_download() as file:
        page.get_by_role("link", name="CSV").click()
    assert file.value.path().read_text().startswith("portfolio_id,name,base_currency")
    page.reload()
    expect(rows.filter(has_text="US growth")).to_be_visible(timeout=PATIENCE)
    assert watch.errors == []


def test_a_phone_shows_it_without_scrolling_sideways(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    for tab in ("", "var", "correlation", "figures"):
        opened(page, server, f"{FIXED}&tab={tab}")
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, tab
