"""A press on a figure says how it comes about; an input leads on, Esc leads back to the figure."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.ui.conftest import Server, Watch

PATIENCE = 30_000


def test_a_figure_leads_to_its_inputs_and_back(page: Page, server: Server, watch: Watch) -> None:
    page.goto(f"{server.url}/performance?from=2023-01-31&to=2025-06-30")
    figure = page.locator("#performance-kpis [data-explain=roi]")
    expect(figure).to_have_attribute("tabindex", "0", timeout=PATIENCE)
    figure.focus()
    page.keyboard.press("Enter")
    sheet = page.locator("#explain-sheet")
    expect(sheet).to_contain_text("Return on investment", timeout=PATIENCE)
    expect(sheet).to_contain_text(re.compile(r"GET /api/v1/portfolios/all/performance\?start=2023-01-31&end=2025-06-30"))
    told = page.request.get(f"{server.url}/api/v1/portfolios/all/performance?start=2023-01-31&end=2025-06-30").json()
    expect(sheet.locator(".explain-value")).to_contain_text(f"{told['roi'] * 100:,.4f}")
    sheet.locator("[data-explain-input=invested]").click()
    expect(sheet.locator(".explain-head")).to_contain_text("Capital put in", timeout=PATIENCE)
    sheet.locator("[data-do=explain-back]").click()
    expect(sheet.locator(".explain-head")).to_contain_text("Return on investment", timeout=PATIENCE)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(figure).to_be_focused()
    assert watch.errors == []


def test_figures_of_the_other_pages(page: Page, server: Server, watch: Watch) -> None:
    for path, figure, title in (("/", "#overview-hero [data-explain=value]", "Value"),
                                ("/holdings", "[data-figure=total] [data-explain]", "Total P/L"),
                                ("/gains", "[data-figure=net] [data-explain]", "Realised: net")):
        page.goto(server.url + path)
        expect(page.locator(figure)).to_have_text(re.compile(r"\d"), timeout=PATIENCE)
        page.locator(figure).click()
        expect(page.locator("#explain-sheet .explain-head")).to_contain_text(title, timeout=PATIENCE)
        page.keyboard.press("Escape")
    assert watch.errors == []
    assert watch.strangers == []


def test_a_cell_of_the_holdings_on_a_phone_too(page: Page, server: Server, watch: Watch) -> None:
    page.goto(f"{server.url}/holdings")
    cell = page.locator("#holdings-grid .ag-center-cols-container .ag-row.leaf .of-value").first
    cell.click(modifiers=["Alt"], timeout=PATIENCE)
    expect(page.locator("#explain-sheet .explain-head")).to_contain_text(re.compile("Market value,|Value,"), timeout=PATIENCE)
    expect(page.locator("#explain-sheet")).to_contain_text("Prices and rates")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.querySelector('#explain-sheet').scrollWidth <= 390")
    assert watch.errors == []
