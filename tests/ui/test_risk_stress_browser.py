"""The Stress section in a browser, and the live line: on the real server with its demo."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import Server, Watch

BAR = "#risk-stress .fall"
SHEET = "#risk-stress-sheet"


@pytest.fixture
def api(server: Server) -> Iterator[httpx.Client]:
    """A client of the server; scenarios that a test made are gone behind it."""
    with httpx.Client(base_url=f"{server.url}/api/v1", timeout=30) as client:
        yield client
        for each in client.get("/scenarios").json():
            if each["id"]:
                client.delete(f"/scenarios/{each['id']}", headers={"If-Match": str(each["version"])}).raise_for_status()


def opened(page: Page, server: Server, query: str = "") -> Page:
    page.goto(f"{server.url}/risk?tab=stress{query}")
    expect(page.locator(BAR).first).to_be_visible(timeout=40_000)
    return page


def money(text: str) -> int:
    return int(re.sub(r"[^\d-]", "", text.replace("\u2212", "-")))


def test_a_bar_shows_who_makes_it_and_the_address_keeps_it(page: Page, server: Server, watch: Watch) -> None:
    opened(page, server)
    first = page.locator(BAR).first
    expect(first).to_have_attribute("aria-pressed", "true")
    loss = money(page.locator("#risk-stress .fall-row > .num").first.inner_text())
    parts = page.locator("#risk-stress .panel.c5").first
    made = sum(money(cell) for cell in parts.locator("tbody td:last-child").all_inner_texts())
    assert abs(made - loss) <= 20, "the parts are the whole, but for rounding"
    page.locator(f"{BAR}[data-stress='s.technology_down_30']").click()
    expect(parts.locator("h2")).to_have_text("Technology \u221230 %")
    assert "stress=s.technology_down_30" in page.url
    page.locator("[data-stress-loss='0.5']").click()
    expect(page.locator("#risk-stress .sentence")).to_contain_text("A loss of 50")
    page.reload()
    expect(page.locator(f"{BAR}[data-stress='s.technology_down_30']")).to_have_attribute("aria-pressed", "true", timeout=40_000)
    page.locator("#risk-stress .panel").first.locator("[data-do=table]").click()
    expect(page.locator("#risk-stress .as-rows table").first).to_be_visible()
    assert not watch.errors
    assert not watch.strangers


def test_a_scenario_is_tried_saved_changed_removed_and_taken_back(page: Page, server: Server, api: httpx.Client, watch: Watch) -> None:
    opened(page, server)
    page.locator("[data-do=scenario-new]").click()
    sheet = page.locator(SHEET)
    expect(sheet.locator("[data-part=scenario-amount]")).to_be_visible()
    half = money(sheet.locator("[data-part=scenario-amount]").inner_text())
    sheet.locator("[name=size]").fill("-40")
    expect(sheet.locator("[data-part=scenario-trial]")).to_contain_text(re.compile(r"−3\d\.\d"))
    assert abs(money(sheet.locator("[data-part=scenario-amount]").inner_text()) / half - 2) < 0.02, "twice the shock is twice the loss"
    sheet.locator("[name=size]").fill("-140")
    expect(sheet.locator(".shock.bad .hint")).to_contain_text("is not between -1")
    sheet.locator("[name=size]").fill("-40")
    sheet.locator("[type=submit]").click()
    expect(sheet.locator("[data-field=name].bad .hint")).to_contain_text("missing")
    sheet.locator("[name=title]").fill("All of it")
    sheet.locator("[type=submit]").click()
    row = page.locator("#risk-stress .fall-row", has_text="All of it")
    expect(row.locator(".fall")).to_have_attribute("aria-pressed", "true", timeout=30_000)
    assert [each["shocks"][0]["size"] for each in api.get("/scenarios").json() if each["id"]] == [-0.4]
    row.locator("[data-do=scenario-edit]").click()
    sheet.locator("[name=title]").fill("Nearly all")
    sheet.locator("[type=submit]").click()
    expect(page.locator("#risk-stress .fall-row", has_text="Nearly all")).to_be_visible(timeout=30_000)
    page.locator("#risk-stress .fall-row", has_text="Nearly all").locator("[data-do=scenario-remove]").click()
    expect(page.locator("#risk-stress .fall-row", has_text="Nearly all")).to_have_count(0, timeout=30_000)
    page.locator("[data-do=scenario-undo]").click()
    expect(page.locator("#risk-stress .fall-row", has_text="Nearly all")).to_be_visible(timeout=30_000)
    assert [error for error in watch.errors if "422" not in error] == []


def test_live_risk_moves_with_the_prices_and_says_how_old_they_are(page: Page, server: Server, watch: Watch) -> None:
    page.goto(f"{server.url}/risk?tab=stress")
    line = page.locator("#risk-live")
    expect(line).to_be_visible(timeout=40_000)
    expect(line.locator("[data-part=risk-live-age]")).to_contain_text(re.compile(r"prices .+ old, 500 days of history to 20\d\d-"))
    today = line.locator("[data-live='risk.day_return']")
    before = today.get_attribute("data-v")
    assert before
    expect(today).not_to_have_attribute("data-v", before, timeout=30_000)
    told = page.evaluate("Object.values(portolan.live.state.portfolios).map((each) => each.risk)")
    assert [risk["value_at_risk"] > 0 and risk["expected_shortfall"] >= risk["value_at_risk"] and risk["drawdown"] <= 0 for risk in told] == [True]
    assert not watch.errors
