"""The Markets page in a browser, on the real server: search, watchlists, the chart, an instrument's form, prices held back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import until

CLOSES = [("2024-06-03", 400.0), ("2024-06-04", 404.0), ("2024-06-05", 101.0), ("2024-06-06", 102.0), ("2024-06-07", 99.0)]


class Stall:
    """An instrument and a watchlist of its own, and the page that shows them."""

    def __init__(self, page: Page, server: Any) -> None:
        self.page, self.url, self.api = page, server.url, f"{server.url}/api/v1"
        self.symbol, self.other, self.list_name = (f"{letter}{uuid4().hex[:7].upper()}" for letter in "MNL")
        for symbol in (self.symbol, self.other):
            self.done("put", f"instruments/{symbol}", {"name": f"Stall of {symbol}", "currency": "USD"})
        bars = [{"date": day, "open": close - 1, "high": close + 2, "low": close - 3, "close": close, "volume": 5000} for day, close in CLOSES]
        self.done("put", f"instruments/{self.symbol}/bars", bars)
        self.done("put", f"instruments/{self.symbol}/actions", [{"date": "2024-06-05", "kind": "split", "ratio": 4},
                                                                {"date": "2024-06-06", "kind": "dividend", "amount": 0.25}])
        self.list = self.done("post", "watchlists", {"name": self.list_name, "symbols": [self.symbol, self.other]})["id"]

    def done(self, method: str, path: str, data: Any = None) -> Any:
        answer = getattr(self.page.request, method)(f"{self.api}/{path}", data=data)
        assert answer.ok, answer.text()
        return answer.json()

    def watched(self) -> list[str]:
        return list(self.done("get", f"watchlists/{self.list}")["symbols"])

    def open(self, extra: str = "") -> Page:
        self.page.goto(f"{self.url}/markets?symbol={self.symbol}&range=ALL&list={self.list}{extra}")
        expect(self.page.locator(".instrument h2")).to_contain_text(self.symbol)
        return self.page

    def rows(self) -> Any:
        return self.page.locator(".row-of b")


@pytest.fixture
def stall(page: Page, server: Any) -> Stall:
    return Stall(page, server)


def clean(watch: Any) -> None:
    assert watch.errors == []
    assert watch.strangers == []


def test_a_search_finds_what_is_known_as_one_types_and_opens_it_by_keys(stall: Stall, watch: Any) -> None:
    page = stall.open()
    field = page.get_by_placeholder("Symbol, name or ISIN")
    field.press_sequentially(stall.other[:6].lower(), delay=20)
    hit = page.locator(".results .hit", has_text=stall.other)
    expect(hit).to_be_visible()
    expect(page.locator(".results .hit")).to_have_count(1)  # what the first letters found is gone
    field.press("ArrowDown")
    expect(hit).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(page.locator(".instrument h2")).to_contain_text(stall.other)
    expect(page).to_have_url(re.compile(f"symbol={stall.other}"))
    expect(page.locator(".results")).to_be_hidden()
    clean(watch)


def test_escape_and_a_press_outside_close_what_was_found(stall: Stall) -> None:
    page = stall.open()
    field = page.get_by_placeholder("Symbol, name or ISIN")
    field.fill(stall.other)
    expect(page.locator(".results .hit").first).to_be_visible()
    field.press("Escape")
    expect(page.locator(".results")).to_be_hidden()
    field.press("ArrowDown")
    expect(page.locator(".results")).to_be_visible()
    page.locator("h1").click()
    expect(page.locator(".results")).to_be_hidden()


def test_what_nobody_knows_is_added_by_hand_and_edited_under_a_new_symbol(stall: Stall, watch: Any) -> None:
    page, symbol = stall.open(), f"H{uuid4().hex[:7].upper()}"
    page.get_by_placeholder("Symbol, name or ISIN").fill(symbol)
    page.get_by_role("button", name=f"Add {symbol} by hand").click()
    form = page.locator("#markets-form")
    expect(form.locator("[name=symbol]")).to_have_value(symbol)
    form.locator("[name=name]").fill("By hand")
    form.locator("[name=currency]").fill("xxx")
    form.get_by_role("button", name="Add").click()
    expect(form.locator(".form-note")).to_contain_text("currency")
    form.locator("[name=currency]").fill("chf")
    form.get_by_role("button", name="Add").click()
    expect(page.locator(".instrument h2")).to_contain_text(symbol)
    page.locator(".instrument").get_by_role("button", name="Edit").click()
    expect(form.locator("[name=currency]")).to_have_value("CHF")
    form.locator("[name=symbol]").fill(f"{symbol}2")
    form.locator("[name=sources]").fill(f"yahoo:{symbol}.SW")
    form.get_by_role("button", name="Save").click()
    expect(page.locator(".instrument h2")).to_contain_text(f"{symbol}2")
    assert stall.done("get", f"instruments/{symbol}2")["sources"] == [{"provider": "yahoo", "symbol": f"{symbol}.SW"}]
    clean(watch)


def test_a_form_that_was_overtaken_says_so_and_offers_the_newer_version(stall: Stall) -> None:
    page = stall.open()
    page.locator(".instrument").get_by_role("button", name="Edit").click()
    form = page.locator("#markets-form")
    expect(form.locator("[name=symbol]")).to_have_value(stall.symbol)
    stall.done("put", f"instruments/{stall.symbol}", {"name": "Faster"})
    form.locator("[name=sector]").fill("Slower")
    form.get_by_role("button", name="Save").click()
    form.get_by_role("button", name="Read it again").click()
    expect(form.locator("[name=name]")).to_have_value("Faster")
    expect(form.locator("[name=sector]")).to_have_value("")


def test_a_list_is_reordered_by_keys_shortened_and_taken_back(stall: Stall, watch: Any) -> None:
    page = stall.open()
    expect(stall.rows()).to_have_text([stall.symbol, stall.other])
    page.locator(".row-of", has_text=stall.symbol).first.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(stall.rows()).to_have_text([stall.other, stall.symbol])
    page.locator(".watch li", has_text=f"Stall of {stall.other}").hover()
    page.get_by_role("button", name=f"Take {stall.other} off the list").click()
    expect(stall.rows()).to_have_text([stall.symbol])
    page.get_by_role("button", name="Undo").click()
    expect(stall.rows()).to_have_text([stall.other, stall.symbol])
    assert stall.watched() == [stall.other, stall.symbol]
    clean(watch)


def test_a_list_is_made_renamed_removed_and_brought_back(stall: Stall) -> None:
    page, name = stall.open(), f"List {uuid4().hex[:6]}"
    page.get_by_role("button", name="New watchlist").click()
    form = page.locator("#markets-name")
    form.locator("[name=name]").fill(name)
    form.get_by_role("button", name="Save").click()
    expect(page.locator("[data-markets-list]")).not_to_have_value(stall.list)
    expect(page.get_by_text(f"{name} is empty")).to_be_visible()
    page.locator(".instrument").get_by_role("button", name="Watch").click()
    expect(stall.rows()).to_have_text([stall.symbol])
    page.get_by_role("button", name=f"Rename {name}").click()
    form.locator("[name=name]").fill(f"{name} two")
    form.get_by_role("button", name="Save").click()
    page.get_by_role("button", name=f"Remove {name} two").click()
    expect(page.locator("#markets-done")).to_contain_text("was removed")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-markets-list] option", has_text=f"{name} two")).to_have_count(1)
    expect(stall.rows()).to_have_text([stall.symbol])


def test_the_chart_tells_candles_splits_and_payments_and_follows_the_address(stall: Stall, watch: Any) -> None:
    page = stall.open()
    until(page, "() => document.querySelectorAll('.candles .boxlayer path.box').length === 5")
    assert page.evaluate("() => [...document.querySelectorAll('.candles .textpoint text')].map((each) => each.textContent)") == ["S", "D"]
    first = page.locator("#markets-chart-table tbody tr").last
    expect(first).to_contain_text("100.00")  # of 400 before 4 for 1
    page.get_by_role("button", name="Adjusted").click()
    expect(first).to_contain_text("400.00")
    expect(page).to_have_url(re.compile("adjusted=0"))
    page.locator("[data-markets-range='1M']").click()
    expect(page.get_by_text("No price in this range")).to_be_visible()
    clean(watch)


def test_the_crosshair_tells_open_high_low_close_and_volume(stall: Stall) -> None:
    page = stall.open()
    until(page, "() => document.querySelectorAll('.candles .boxlayer path.box').length === 5")
    box = page.locator(".candles .nsewdrag").first.bounding_box()
    assert box
    until(page, "() => document.querySelector('.candle-tip')")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2 + 2, box["y"] + box["height"] / 2 + 2)
    tip = page.locator(".candle-tip")
    expect(tip).to_contain_text("2024-06-05")
    expect(tip).to_contain_text("O100.00H103.00L98.00C101.00V5k")
    expect(tip).to_contain_text("Split 4 for 1")


def test_a_new_price_is_painted_with_source_times_and_state(stall: Stall, watch: Any) -> None:
    page = stall.open()
    stall.done("post", "quotes", {"symbol": stall.symbol, "price": 99.5, "source": "stall"})
    expect(page.locator(".instrument .figure")).to_have_text("99.50")
    expect(page.locator(".row-of", has_text=stall.symbol).first.locator(".price")).to_have_text("99.50")
    expect(page.locator(".instrument .change")).to_contain_text("+0.50")
    expect(page.locator("[data-fact=source]")).to_have_text("stall")
    expect(page.locator("[data-fact=state]")).to_contain_text(re.compile("live|closed"))
    expect(page.locator("[data-fact=received]")).to_contain_text("UTC")
    expect(page.locator("[data-fact=age]")).to_contain_text("s")
    page.mouse.move(5, 5)
    expect(page.locator(".candles .annotation text")).to_have_text("99.50")
    clean(watch)


def test_a_price_held_back_is_released_and_another_rejected(stall: Stall, watch: Any) -> None:
    stall.done("post", "quotes", {"symbol": stall.symbol, "price": 99.0, "source": "stall"})
    stall.done("post", "quotes", [{"symbol": stall.symbol, "price": 9900.0, "source": "stall"}])
    page = stall.open()
    row = page.locator(".feed-panel tr", has_text=stall.symbol)
    expect(row).to_contain_text("9,900.00")
    row.get_by_role("button", name="Reject").click()
    expect(page.locator("#markets-done")).to_contain_text("was rejected")
    expect(row).to_have_count(0)
    stall.done("post", "quotes", [{"symbol": stall.symbol, "price": 9950.0, "source": "stall"}])
    expect(row).to_contain_text("9,950.00")
    row.get_by_role("button", name="Release").click()
    expect(row).to_have_count(0)
    expect(page.locator(".instrument .figure")).to_have_text("9,950.00")
    clean(watch)


def test_providers_and_the_log_are_told_and_kept_in_the_address(stall: Stall, watch: Any) -> None:
    page = stall.open()
    page.locator("[data-markets-tab=providers]").click()
    expect(page.locator(".feed-panel")).to_contain_text("simulated")
    expect(page.locator(".feed-panel th").nth(2)).to_have_text("Left today")
    page.locator("[data-markets-tab=log]").click()
    expect(page.locator(".feed-panel th").first).to_have_text("When, UTC")
    page.reload()
    expect(page.locator("[data-markets-tab=log]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".feed-panel th").first).to_have_text("When, UTC")
    clean(watch)


def test_a_symbol_that_nobody_knows_is_told(stall: Stall, watch: Any) -> None:
    stall.page.goto(f"{stall.url}/markets?symbol=ZZ{uuid4().hex[:6]}")
    expect(stall.page.locator("#markets-chart-state")).to_contain_text("is not known here")
    clean(watch)


def test_a_phone_shows_the_chart_first_and_nothing_is_wider_than_the_screen(stall: Stall) -> None:
    stall.page.set_viewport_size({"width": 390, "height": 844})
    page = stall.open()
    until(page, "() => document.querySelectorAll('.candles .boxlayer path.box').length === 5")
    assert page.evaluate("() => document.documentElement.scrollWidth <= 390")
    tops = [page.locator(selector).bounding_box() for selector in (".chart-panel", ".lists-panel")]
    assert tops[0]
    assert tops[1]
    assert tops[0]["y"] < tops[1]["y"]


def test_a_history_on_its_way_shows_how_far_it_is_and_is_read_when_it_is_there(stall: Stall, watch: Any) -> None:
    page, path = stall.page, f"instruments/{stall.other}/history"
    stall.done("post", path)
    run = {**stall.done("get", path), "state": "running", "done": 500, "of": 1000, "provider": "yahoo"}
    page.route(f"**/{path}", lambda route: route.fulfill(json=run))
    page.goto(f"{stall.url}/markets?symbol={stall.other}")
    expect(page.locator("#markets-chart-state")).to_contain_text("The history is on its way")
    expect(page.locator(".backfill")).to_contain_text("500 of 1,000 days from yahoo")
    expect(page.locator(".backfill progress")).to_have_attribute("value", "500")
    stall.done("put", f"instruments/{stall.other}/bars", [{"date": (datetime.now(UTC) - timedelta(days=back)).date().isoformat(), "close": 10 + back}
                                                         for back in (1, 2, 3)])
    run["state"] = "done"
    until(page, "() => document.querySelectorAll('.candles .js-line').length === 1", seconds=30)
    expect(page.locator("#markets-chart-state")).to_be_empty()
    clean(watch)


def holding(stall: Stall, quote: dict[str, Any]) -> str:
    """Hold ten of an instrument that trades at any hour, bought for all the cash there is; gives the portfolio's id."""
    symbol = stall.other
    stall.done("put", f"instruments/{symbol}", {"asset_class": "crypto"})
    portfolio = str(stall.done("post", "portfolios", {"name": f"Prices {symbol}", "base_currency": "USD"})["id"])
    stall.done("post", f"portfolios/{portfolio}/transactions", [
        {"date": "2024-06-03", "kind": "DEPOSIT", "amount": "1000", "currency": "USD"},
        {"date": "2024-06-03", "kind": "BUY", "symbol": symbol, "quantity": "10", "price": "100", "currency": "USD"}])
    stall.done("post", "quotes", {"symbol": symbol, "price": 101.0, "source": "stall", **quote})
    return portfolio


def test_the_drawer_of_a_holding_tells_source_and_times_and_follows_the_stream(stall: Stall, watch: Any) -> None:
    page, portfolio = stall.page, holding(stall, {})
    page.goto(f"{stall.url}/holdings?portfolio={portfolio}&symbol={stall.other}")
    told = {name: page.locator(f"#holdings-drawer-body [data-told={name}]") for name in ("state", "source", "ts", "received", "age")}
    expect(told["source"]).to_have_text("stall")
    expect(told["state"]).to_have_text("live")
    expect(told["received"]).to_contain_text("UTC")
    stall.done("post", "quotes", {"symbol": stall.other, "price": 101.5, "source": "another stall"})
    expect(told["source"]).to_have_text("another stall")
    clean(watch)


def test_totals_say_how_much_of_their_value_is_stale(stall: Stall, watch: Any) -> None:
    page, portfolio = stall.page, holding(stall, {"ts": (datetime.now(UTC) - timedelta(days=2)).isoformat()})
    page.goto(f"{stall.url}/?portfolio={portfolio}")
    expect(page.locator("#overview-page .kpis")).to_contain_text("1 stale, 100.0\u202f% of value")
    expect(page.locator(f"tr[data-symbol={stall.other}] .age")).to_have_attribute("title", re.compile("^Stale, 2.d old, from stall$"))
    page.goto(f"{stall.url}/holdings?portfolio={portfolio}")
    expect(page.locator("#holdings-page [data-part=states]")).to_have_text("1 stale (100.0\u202f% of the value)")
    page.goto(f"{stall.url}/markets?symbol={stall.other}")
    expect(page.locator(".price-panel .stale-tag")).to_have_text(re.compile("^stale 2.d$"))
    expect(page.locator("[data-fact=state]")).to_have_text("stale")
    clean(watch)


def test_an_endpoint_is_tried_and_refused_with_the_mend(stall: Stall, watch: Any) -> None:
    """No host is allowed on this server: what may be asked is the operator's to say, and the form tells how."""
    page = stall.open("&tab=endpoints")
    page.locator(".endpoints [data-markets=endpoint-new]").click()
    form = page.locator("form[data-form=endpoint]")
    for name, value in {"name": "desk", "url": "https://prices.example.com/last?s={symbol}", "price": "data.last", "try_symbol": "AAPL"}.items():
        form.locator(f"[name={name}]").fill(value)
    for press in ("[data-markets=endpoint-try]", "[type=submit]"):
        form.locator(press).click()
        expect(page.locator("#markets-form-note")).to_contain_text("ENDPOINT_HOSTS")
    expect(form.locator("[name=url]")).to_have_value("https://prices.example.com/last?s={symbol}")
    form.locator("[data-do=close]").click()
    expect(page.locator(".endpoints")).to_contain_text("No endpoint")
    clean(watch)
