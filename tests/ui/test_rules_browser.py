"""Settings of a portfolio and the entries that make two records, in a browser on the real server."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

PATIENCE = 30_000
FORM, SHEET, DONE = "#transactions-form", "#transactions-form-sheet", "#transactions-done"
SETTINGS = "#portfolio-settings"


class World:
    """Two portfolios, and the page."""

    def __init__(self, page: Page, server: Any) -> None:
        self.page, self.server, self.api = page, server, f"{server.url}/api/v1"
        self.name = f"Here {uuid4().hex[:6]}"
        self.here, self.there = self.make(self.name), self.make(f"There {uuid4().hex[:6]}")

    def make(self, name: str) -> str:
        made = self.page.request.post(f"{self.api}/portfolios", data={"name": name, "base_currency": "USD"})
        assert made.ok, made.text()
        return made.json()["id"]

    def record(self, *drafts: dict[str, Any]) -> None:
        answer = self.page.request.post(f"{self.api}/portfolios/{self.here}/transactions", data=list(drafts))
        assert answer.ok, answer.text()

    def get(self, path: str) -> Any:
        return self.page.request.get(f"{self.api}/portfolios/{path}").json()

    def open(self, path: str = "/transactions") -> Page:
        self.page.goto(f"{self.server.url}{path}?portfolio={self.here}")
        expect(self.page.locator("#portfolio-menu-name")).to_have_text(self.name, timeout=PATIENCE)
        return self.page


@pytest.fixture
def world(page: Page, server: Any) -> World:
    return World(page, server)


def fill(page: Page, **values: str) -> None:
    for name, value in values.items():
        found = page.locator(f'{FORM} [data-field="{name}"] :is(input, select)')
        if name in {"kind", "to_portfolio"}:
            found.select_option(value)
        else:
            found.fill(value)


def save(page: Page) -> None:
    page.locator(f"{SHEET} [data-do=save-transaction]").click()


def open_settings(page: Page) -> None:
    page.locator("[data-menu=portfolio-menu]").click()
    page.locator("#portfolio-menu [data-do=portfolio-settings]").click()
    expect(page.locator(SETTINGS)).to_be_visible(timeout=PATIENCE)


def test_settings_are_shown_changed_and_obeyed(world: World, watch: Any) -> None:
    page = world.open()
    open_settings(page)
    expect(page.locator(f"{SETTINGS} [name=name]")).to_have_value(world.name)
    page.locator(f"{SETTINGS} [name=name]").fill("")
    page.locator(f"{SETTINGS} [type=submit]").click()
    expect(page.locator("#portfolio-settings-error")).to_contain_text("Name", timeout=PATIENCE)
    page.locator(f"{SETTINGS} [name=name]").fill("Renamed")
    page.locator(f"{SETTINGS} [name=oversell]").select_option("error")
    page.locator(f"{SETTINGS} [name=cost_method]").select_option("average")
    page.locator(f"{SETTINGS} [name=providers]").fill("Stooq, yahoo")
    page.locator(f"{SETTINGS} [type=submit]").click()
    expect(page.locator(SETTINGS)).to_be_hidden(timeout=PATIENCE)
    expect(page.locator("#portfolio-menu-name")).to_have_text("Renamed", timeout=PATIENCE)
    told = world.get(world.here)
    assert (told["name"], told["oversell"], told["negative_cash"], told["cost_method"]) == ("Renamed", "error", "allow", "average")
    assert told["providers"] == ["stooq", "yahoo"]
    page.keyboard.press("n")
    fill(page, kind="SELL", symbol="AAPL", quantity="3", price="100", date="2024-01-05")
    save(page)
    expect(page.locator(f'{FORM} [data-field="quantity"] [data-part=hint]')).to_contain_text("0 are held", timeout=PATIENCE)
    assert watch.errors == []


def test_a_deleted_portfolio_comes_back(world: World, watch: Any) -> None:
    page = world.open()
    open_settings(page)
    page.locator(f"{SETTINGS} [data-do=delete-portfolio]").click()
    expect(page.locator("#portfolio-removed")).to_contain_text(f"{world.name} was deleted", timeout=PATIENCE)
    expect(page.locator("#portfolio-menu-name")).to_have_text("All portfolios", timeout=PATIENCE)
    assert page.request.get(f"{world.api}/portfolios/{world.here}").status == 404
    page.locator("#portfolio-removed [data-do=restore-portfolio]").click()
    expect(page.locator("#portfolio-menu-name")).to_have_text(world.name, timeout=PATIENCE)
    expect(page.locator("#portfolio-removed")).to_be_hidden()
    assert world.get(world.here)["name"] == world.name
    assert watch.errors == []


def test_a_transfer_leads_to_another_portfolio_and_undo_takes_both_legs(world: World, watch: Any) -> None:
    world.record({"date": "2024-01-02", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "150"})
    page = world.open()
    page.wait_for_selector('#transactions-page[data-state="full"]')
    page.keyboard.press("n")
    fill(page, kind="TRANSFER", symbol="AAPL", quantity="4", to_portfolio=world.there, date="2024-03-01")
    expect(page.locator("#transactions-effect")).to_contain_text("Moves 1 lot with a cost of 600.00 USD", timeout=PATIENCE)
    save(page)
    expect(page.locator(DONE)).to_contain_text("Recorded TRANSFER OUT 4 AAPL", timeout=PATIENCE)
    arrived = world.get(f"{world.there}/transactions")
    assert [(each["kind"], each["lots"][0]["cost"]) for each in arrived] == [("TRANSFER_IN", "600")]
    page.locator(f"{DONE} [data-do=undo-entry]").click()
    expect(page.locator(DONE)).to_contain_text("It is void now", timeout=PATIENCE)
    assert world.get(f"{world.there}/transactions") == []
    assert watch.errors == []


def test_a_reinvested_dividend_is_one_entry_and_one_undo(world: World, watch: Any) -> None:
    page = world.open()
    page.keyboard.press("n")
    fill(page, kind="REINVESTMENT", symbol="AAPL", amount="20", tax="3", quantity="0.1", date="2024-03-01")
    save(page)
    expect(page.locator(DONE)).to_contain_text("Recorded DIVIDEND 20.00 USD AAPL", timeout=PATIENCE)
    assert [(each["kind"], each["amount"]) for each in world.get(f"{world.here}/transactions")] == [("DIVIDEND", "20"), ("BUY", "17")]
    page.locator(f"{DONE} [data-do=undo-entry]").click()
    expect(page.locator(DONE)).to_contain_text("It is void now", timeout=PATIENCE)
    assert world.get(f"{world.here}/transactions") == []
    assert watch.errors == []
