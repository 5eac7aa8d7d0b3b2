"""The Alerts page, the bell, and what is said when a rule fires; on the real server, with quotes pushed by REST."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import Server, Watch, until, wait_for

SYMBOL = "ALRT"
ROW = "#alerts-page .alert-row"


@pytest.fixture
def api(server: Server) -> Iterator[httpx.Client]:
    """A client of the server, on which there is an instrument at 100 and no rule; what was made is gone behind the test."""
    with httpx.Client(base_url=f"{server.url}/api/v1", timeout=30) as client:
        client.put(f"/instruments/{SYMBOL}", json={"name": "Alerted", "currency": "USD"})
        bars = [{"date": day, "close": close} for day, close in (("2022-01-03", 90), ("2022-03-01", 111), ("2022-06-01", 95), ("2022-09-01", 112))]
        client.put(f"/instruments/{SYMBOL}/bars", json=bars)
        push(client, 100)
        yield client
        for rule in client.get("/alerts").json():
            client.delete(f"/alerts/{rule['id']}", headers={"If-Match": str(rule["version"])}).raise_for_status()
        client.post("/alerts/events/acknowledge").raise_for_status()


def push(client: httpx.Client, price: float) -> None:
    answer = client.post("/quotes", json=[{"symbol": SYMBOL, "price": price}])
    assert answer.json()["accepted"] == 1, answer.text


def armed(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    made = client.post("/alerts", json={"measure": "price", "symbol": SYMBOL, "threshold": "110", **fields}).json()
    wait_for(lambda: client.get(f"/alerts/{made['id']}").json()["state"] == "armed", 20, "the rule to be measured")
    return dict(made)


def opened(page: Page, server: Server) -> Page:
    page.goto(f"{server.url}/alerts")
    expect(page.locator("#alerts-page [data-part=rules] :is(.blank, .alert-row)").first).to_be_visible(timeout=20_000)
    return page


def test_a_rule_is_written_tried_and_switched_by_keyboard(page: Page, server: Server, api: httpx.Client, watch: Watch) -> None:
    opened(page, server)
    expect(page.locator("[data-part=rules] .blank")).to_contain_text("No alert yet")
    page.keyboard.press("a")
    expect(page.locator("#alerts-form")).to_be_visible()
    page.keyboard.type(SYMBOL)
    page.locator("#alerts-form [name=threshold]").fill("110")
    expect(page.locator(".trial b")).to_contain_text("Would have fired 2 times", timeout=30_000)
    expect(page.locator(".trial .days span")).to_have_count(2)
    page.locator("#alerts-form [name=note]").fill("Sell half")
    page.keyboard.press("Enter")
    row = page.locator(ROW)
    expect(row).to_have_count(1)
    expect(row).to_contain_text("ALRT price at or above 110 USD")
    expect(row).to_contain_text("Sell half")
    expect(row).to_be_focused()
    page.keyboard.press("s")
    expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    assert api.get("/alerts").json()[0]["active"] is False
    page.keyboard.press("u")
    expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#alerts-form-title")).to_have_text("Change alert")
    page.locator("#alerts-form [name=threshold]").fill("-3")
    expect(page.locator("[data-field=threshold] .hint")).to_contain_text("above 0", timeout=30_000)
    page.locator("#alerts-form [name=threshold]").fill("120")
    page.locator("#alerts-form [type=submit]").click()
    expect(row).to_contain_text("120 USD")
    row.focus()
    page.keyboard.press("Delete")
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row).to_contain_text("120 USD")
    assert not watch.strangers


def test_percent_is_typed_and_a_fraction_is_kept(page: Page, server: Server, api: httpx.Client) -> None:
    opened(page, server)
    page.locator("[data-do=alert-new]").first.click()
    page.locator("#alerts-form [name=measure]").select_option("drawdown")
    page.locator("#alerts-form [name=symbol]").fill(SYMBOL)
    page.locator("#alerts-form [name=threshold]").fill("12.5")
    expect(page.locator(".trial b")).to_contain_text("fired", timeout=30_000)
    page.locator("#alerts-form [type=submit]").click()
    expect(page.locator(ROW)).to_contain_text("ALRT drawdown at or below −12.5")
    assert api.get("/alerts").json()[0]["threshold"] == "-0.125"


def test_what_fires_is_said_everywhere_until_it_is_seen(context: Any, page: Page, server: Server, api: httpx.Client, watch: Watch) -> None:
    rule = armed(api, cool_down_seconds=0, note="Sell half")
    opened(page, server)
    other = watch.on(context.new_page())
    other.goto(f"{server.url}/")
    expect(other.locator("#status")).to_have_attribute("data-state", "live", timeout=20_000)
    until(page, "() => window.portolan.live.line.readyState === 1")
    push(api, 111.5)
    for each in (page, other):
        notice = each.locator(".alert-notices .told")
        expect(notice).to_have_count(1, timeout=30_000)
        expect(notice).to_contain_text("ALRT price at or above 110 USD")
        expect(notice).to_contain_text("It is at 111.5 USD.")
        expect(each.locator("#alerts-bell-count")).to_have_text("1")
        expect(each.locator("#alerts-count")).to_have_text("1")
    expect(page.locator("#alerts-page [data-part=events] li")).to_contain_text("It is at 111.5 USD.")
    expect(page.locator(ROW)).to_contain_text("Beyond")
    other.locator("#alerts-bell").click()
    expect(other.locator("#alerts-sheet li").first).to_contain_text("ALRT price at or above 110 USD")
    other.locator("#alerts-sheet [data-do=alerts-seen]").click()
    for each in (other, page):
        expect(each.locator("#alerts-bell-count")).to_be_hidden()
    assert api.get(f"/alerts/{rule['id']}").json()["firings"] == 1
    assert not watch.strangers


def test_what_fired_while_the_line_was_cut_is_counted_when_it_is_back(page: Page, server: Server, api: httpx.Client) -> None:
    armed(api, cool_down_seconds=0)
    opened(page, server)
    until(page, "() => window.portolan.live.line.readyState === 1")
    page.context.set_offline(True)
    page.evaluate("() => window.portolan.live.line.socket.close()")
    push(api, 112)
    wait_for(lambda: len(api.get("/alerts/events", params={"unread": True}).json()) == 1, 15, "the rule to fire")
    page.context.set_offline(False)
    expect(page.locator("#alerts-bell-count")).to_have_text("1", timeout=20_000)


def test_from_anywhere_by_palette_and_keys(page: Page, server: Server, api: httpx.Client) -> None:
    del api
    page.goto(f"{server.url}/")
    expect(page.locator("#status")).to_have_attribute("data-state", "live", timeout=20_000)
    page.keyboard.press("Control+k")
    page.keyboard.type("new alert")
    page.keyboard.press("Enter")
    expect(page.locator("#alerts-form")).to_be_visible(timeout=30_000)
    page.keyboard.press("Escape")
    expect(page.locator("#alerts-form")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page).to_have_url(f"{server.url}/holdings")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page).to_have_url(f"{server.url}/alerts")
    expect(page.locator("#alerts-form")).to_be_hidden()


def test_a_failure_is_said_in_its_panel_and_can_be_tried_again(page: Page, server: Server, api: httpx.Client) -> None:
    del api
    page.route("**/api/v1/alerts?limit=500", lambda route: route.abort())
    page.goto(f"{server.url}/alerts")
    panel = page.locator("#alerts-page [data-part=rules]")
    expect(panel).to_contain_text("Rules cannot be read", timeout=20_000)
    expect(page.locator("#alerts-page [data-part=channels]")).to_contain_text("This screen")
    again = panel.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    page.unroute("**/api/v1/alerts?limit=500")
    again.evaluate_all("buttons => buttons.forEach((button) => button.click())")  # an event on the stream may have mended the panel before
    expect(panel).to_contain_text("No alert yet")


def test_a_private_webhook_is_refused_where_it_is_typed(page: Page, server: Server, api: httpx.Client) -> None:
    opened(page, server)
    page.locator("[data-do=channel-new]").click()
    page.locator(".channel [name=kind]").select_option("webhook")
    page.locator(".channel [name=address]").fill("10.0.0.1/in")
    page.keyboard.press("Enter")
    expect(page.locator(".channel .hint")).to_contain_text("private network")
    assert api.get("/alerts/channels").json() == []


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_phone_shows_all_without_scrolling_sideways(browser: Browser, server: Server, api: httpx.Client, watch: Watch, theme: str) -> None:
    armed(api, note="A note that is rather long, so that it has to be broken into several lines")
    phone = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-US")
    phone.add_init_script(f"localStorage.setItem('portolan.theme', '{theme}')")
    page = opened(watch.on(phone.new_page()), server)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("[data-do=alert-new]").first.click()
    expect(page.locator("#alerts-form [name=symbol]")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    phone.close()
