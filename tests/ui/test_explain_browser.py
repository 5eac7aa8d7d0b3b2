"""A press on a figure says how it comes about; an input leads on, Esc leads back to the figure."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

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
                                ("/holdings", "[data-figure=total] [data-part=value]", "Total P/L"),
                                ("/gains", "[data-figure=net] [data-part=value]", "Realised: net")):
        page.goto(server.url + path)
        expect(page.locator(figure)).to_have_text(re.compile(r"\d"), timeout=PATIENCE)
        page.locator(figure).click()
        expect(page.locator("#explain-sheet .explain-head")).to_contain_text(title, timeout=PATIENCE)
        page.keyboard.press("Escape")
    assert watch.errors == []
    assert watch.strangers == []


def asked(page: Page, figure: Locator, title: str, *, by_key: bool = False) -> None:
    """Ask how a figure comes about, and see that the sheet tells the number that is shown."""
    shown = figure.inner_text(timeout=PATIENCE)
    if by_key:
        expect(figure).to_have_attribute("tabindex", re.compile("0|-1"))  # it is told so a moment after it is drawn
        figure.focus()
        page.keyboard.press("Enter")
    else:
        figure.click(timeout=PATIENCE)
    sheet = page.locator("#explain-sheet")
    expect(sheet.locator(".in")).not_to_have_class(re.compile("waiting"), timeout=PATIENCE)
    expect(sheet.locator(".explain-head")).to_contain_text(title)
    told, number = number_of(sheet.locator(".explain-value").inner_text()), number_of(shown)
    assert abs(abs(told) - abs(number)) <= 0.06, f"{title}: {shown} on the page, {told} in the sheet"
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()


def number_of(text: str) -> float:
    found = re.search(r"[−-]?[\d,]+(\.\d+)?", text)
    assert found, text
    return float(found[0].replace(",", "").replace("−", "-"))


def test_every_kind_of_figure_of_performance(page: Page, server: Server, watch: Watch) -> None:
    page.goto(f"{server.url}/performance?from=2023-01-31&to=2025-06-30")
    place = page.locator("#performance-page")
    expect(place.locator("#performance-kpis [data-explain=roi]")).to_have_attribute("tabindex", "0", timeout=PATIENCE)
    asked(page, place.locator('[data-explain="calendar:2024-03"]'), "Return of a month or year, 2024-03")
    asked(page, place.locator('[data-explain="calendar:2024"]'), "2024", by_key=True)
    asked(page, place.locator('.spread [data-explain^="contributions.contribution"]').first, "Contribution to return")
    asked(page, place.locator(".spread.sum [data-explain=twr]"), "Time-weighted return", by_key=True)
    asked(page, place.locator('#performance-windows [data-explain^="windows."]').first, "by window")
    asked(page, place.locator("[data-explain=best_month]"), "Best month", by_key=True)
    asked(page, place.locator('[data-explain^="currency.fx:"]').first, "Currency effect")
    for tool in place.get_by_role("button", name="Show as table").all():
        tool.click()
    asked(page, place.locator('[data-explain^="series.total_return:"]').first, "Return until a day", by_key=True)
    asked(page, place.locator('[data-explain^="series.flow:"]').first, "Flow of a day")
    asked(page, place.locator('[data-explain="bridge.flows_in"]'), "Bridge: paid in")
    assert watch.errors == []


def test_contributions_of_sectors_are_asked_as_they_are_shown(page: Page, server: Server, watch: Watch) -> None:
    page.goto(f"{server.url}/performance?from=2023-01-31&to=2025-06-30&by=sector")
    asked(page, page.locator('[data-explain^="groups.contribution:"]').first, "Contribution to return")
    assert watch.errors == []


def test_figures_of_the_gains_and_of_its_lots(page: Page, server: Server, watch: Watch) -> None:
    page.goto(f"{server.url}/gains?year=all")
    asked(page, page.locator('[data-figure=long] [data-explain="gains.long"]'), "Realised: long term", by_key=True)
    asked(page, page.locator("[data-figure=fees] [data-explain='gains.paid']"), "Fees and taxes of the window")
    group = page.locator("#gains-grid .ag-center-cols-container .ag-row.group").first
    asked(page, group.locator(".of-gain .num").first, "Realised: net,")
    group.locator(".of-lot").click()
    asked(page, page.locator("#gains-grid .ag-center-cols-container .ag-row.lot .of-gain .num").first, "Gain of a matched lot")
    asked(page, page.locator("#gains-grid .ag-floating-bottom .of-proceeds .num").first, "Realised: proceeds")
    page.get_by_role("button", name="Show as table").click()
    asked(page, page.locator('#gains-chart-table [data-explain^="gains.net:year:"]').first, "Realised: net, year:")
    assert watch.errors == []


def test_figures_of_a_drawer_and_of_a_sale(page: Page, server: Server, watch: Watch) -> None:
    page.goto(f"{server.url}/holdings?symbol=KO")
    drawer = page.locator("#holdings-drawer")
    asked(page, drawer.locator("[data-explain='lots.quantity:KO#1']"), "Quantity of a lot", by_key=True)
    asked(page, drawer.locator("[data-explain='lots.price:KO#1']"), "Price of a lot")
    page.get_by_role("button", name="What would selling realise?").click()
    answer = page.locator("#sale-answer")
    asked(page, answer.locator("[data-explain='sale.gain:KO:hifo']"), "Sale: gain, KO:hifo")
    asked(page, answer.locator("[data-explain^='sale_lots.cost:KO:']").first, "Sale: cost of a lot", by_key=True)
    expect(page.locator("#sale-dialog")).to_be_visible()  # the sheet is gone, what it stood on is not
    assert watch.errors == []


def test_cells_of_the_holdings_by_press_and_by_key(page: Page, server: Server, watch: Watch) -> None:
    page.goto(f"{server.url}/holdings?group=currency")
    sheet, rows = page.locator("#explain-sheet"), page.locator("#holdings-grid .ag-center-cols-container")
    asked(page, rows.locator(".ag-row.leaf .of-quantity .num").first, "Quantity,")
    asked(page, rows.locator(".ag-row.group .of-weight .num").first, "Weight,")
    expect(page.locator("#holdings-drawer")).not_to_have_class(re.compile("open"))  # the name opens it, a figure does not
    rows.locator(".ag-row.leaf .of-name").first.click()
    expect(page.locator("#holdings-drawer")).to_have_class(re.compile("open"))
    page.keyboard.press("Escape")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(sheet.locator(".explain-head")).to_contain_text("Quantity,", timeout=PATIENCE)
    page.keyboard.press("Escape")
    expect(page.locator("#holdings-grid .ag-cell-focus.of-quantity")).to_have_count(1)
    assert watch.errors == []


def test_a_cell_of_the_holdings_on_a_phone_too(page: Page, server: Server, watch: Watch) -> None:
    page.goto(f"{server.url}/holdings")
    cell = page.locator("#holdings-grid .ag-center-cols-container .ag-row.leaf .of-value").first
    cell.click(modifiers=["Alt"], timeout=PATIENCE)
    expect(page.locator("#explain-sheet .explain-head")).to_contain_text(re.compile("Market value,|Value,"), timeout=PATIENCE)
    expect(page.locator("#explain-sheet")).to_contain_text("Prices and rates")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.querySelector('#explain-sheet').scrollWidth <= 390")
    assert watch.errors == []
