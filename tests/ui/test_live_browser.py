"""The bars of live screens, on the real server with its demo: prices repaint in time, sums hold at every repaint, tabs see each other's writes."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.ui.conftest import Server, Watch, until, wait_for
from tests.ui.live_watch import deposit_seen, opened, repaints

WATCHED_SECONDS = 10

NUMBER = """const number = (text) => text === "\u2013" ? 0 : Math.round(parseFloat(text.replace("\u2212", "-").replace(/[^0-9.-]/g, "")) * 100);"""

SUMS_OF_HOLDINGS = "() => {" + NUMBER + """
    window.sums = [];
    const cell = (row, column) => number(row.querySelector(`[col-id="${column}"] .num`)?.textContent || "0") || 0;
    document.addEventListener("portolan:painted", () => {
        const name = (row) => row.getAttribute("row-id"), place = (row) => row.getAttribute("row-index");
        const rows = [...document.querySelectorAll("#holdings-grid [row-id]")].sort((a, b) => place(a) - place(b));
        const groups = rows.filter((row) => name(row).startsWith("group:")), total = rows.find((row) => name(row) === "total");
        const figure = document.querySelector("#holdings-page [data-figure=value] [data-part=value]");
        for (const column of ["value", "day_pnl", "total_pnl"]) {
            window.sums.push([column, groups.reduce((sum, row) => sum + cell(row, column), 0), cell(total, column)]);
        }
        window.sums.push(["figure", number(figure.textContent), cell(total, "value")]);
        for (const group of groups) {
            const leaves = [];
            for (let at = rows.indexOf(group) + 1; rows[at]?.classList.contains("leaf"); at += 1) leaves.push(rows[at]);
            const sum = leaves.reduce((cents, row) => cents + cell(row, "value"), 0);
            if (leaves.length) window.sums.push([name(group), sum, cell(group, "value")]);
        }
    });
}"""

SUMS_OF_OVERVIEW = "() => {" + NUMBER + """
    window.sums = [];
    document.addEventListener("portolan:painted", () => {
        const shown = (path) => document.querySelector(`[data-scope="all"] [data-live="${path}"]`);
        const read = (path) => number(shown(path).textContent);
        const rows = new Map([...document.querySelectorAll('[data-live^="holdings."][data-live$=".market_value"]')]
            .filter((cell) => cell.closest("[data-scope]").dataset.scope === "all").map((cell) => [cell.dataset.live, number(cell.textContent)]));
        const value = read("value");
        window.sums.push(["rows", [...rows.values()].reduce((sum, cents) => sum + cents, 0), value]);
        const total = (paths) => paths.filter(shown).reduce((sum, path) => sum + read(path), 0);
        const gains = total(["net_contributions", "unrealised", "realised", "income", "fx_gain"]);
        window.sums.push(["identity", gains - total(["fees", "taxes", "cost_excluded"]), value]);
    });
}"""


def nothing_wrong(watch: Watch) -> None:
    assert watch.errors == []
    assert watch.strangers == []


def test_three_holdings_repaint_with_every_price(page: Page, server: Server, watch: Watch) -> None:
    opened(page, server, "/holdings")
    symbols, seen = repaints(page, WATCHED_SECONDS)
    assert {each["symbol"] for each in seen} == set(symbols)
    assert all(float(each["shown"].replace(",", "")) == pytest.approx(each["price"], abs=0.00501) for each in seen)
    assert page.evaluate("portolan.live.stats.gaps") == 0
    nothing_wrong(watch)


@pytest.mark.parametrize(("path", "recorder"), [("/holdings", SUMS_OF_HOLDINGS), ("/", SUMS_OF_OVERVIEW)], ids=["holdings", "overview"])
def test_totals_are_the_sum_of_the_rows_at_every_repaint(page: Page, server: Server, watch: Watch, path: str, recorder: str) -> None:
    opened(page, server, path)
    page.wait_for_timeout(2_000)
    page.evaluate(recorder)
    page.wait_for_timeout(WATCHED_SECONDS * 1000)
    sums = page.evaluate("window.sums")
    assert len(sums) > 10
    assert [each for each in sums if each[1] != each[2]] == []
    nothing_wrong(watch)


def test_the_light_is_live_and_its_age_is_small(page: Page, server: Server, watch: Watch) -> None:
    for path in ("/", "/holdings", "/transactions"):
        opened(page, server, path)
        until(page, "document.getElementById('status').dataset.state === 'live'")
        assert page.evaluate("portolan.live.status().age") < 30
    nothing_wrong(watch)


def test_two_tabs_see_each_others_transactions(context: BrowserContext, server: Server) -> None:
    watch = Watch(server.host)
    writer, reader = (opened(watch.on(context.new_page()), server, "/transactions") for _ in range(2))
    holder = watch.on(context.new_page())
    opened(holder, server, "/holdings")
    before = holder.evaluate("portolan.live.state.portfolios.all.cash")
    deposit_seen(writer, reader, "1234.00")
    wait_for(lambda: holder.evaluate("portolan.live.state.portfolios.all.cash") > before + 1000, 5, "the cash in the third tab")
    nothing_wrong(watch)


def test_a_price_pushed_by_a_program_is_painted(page: Page, server: Server, watch: Watch) -> None:
    """A user's own price goes the way of every price, and what is simulated does not hide it."""
    opened(page, server, "/holdings")
    page.wait_for_selector('#holdings-grid [row-id="PEP"] .price')
    price = round(page.evaluate("portolan.live.state.quotes.PEP.price") * 1.01, 2)
    status = page.evaluate("""async (price) => (await fetch('/api/v1/quotes', { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify([{ symbol: 'PEP', price, source: 'test' }]) })).status""", price)
    assert status < 300
    shown = "(text) => document.querySelector('#holdings-grid [row-id=PEP] .price').textContent === text"
    until(page, shown, arg=f"{price:,.2f}", seconds=3)
    page.wait_for_timeout(3_000)
    assert page.evaluate("portolan.live.state.quotes.PEP.price") == price
    nothing_wrong(watch)


def test_a_server_that_restarts_is_found_again(page: Page, server: Server) -> None:
    opened(page, server, "/holdings")
    server.stop()
    try:
        until(page, "document.getElementById('status').dataset.state === 'down'", seconds=10)
    finally:
        server.start()  # other tests share it
    until(page, "portolan.live.line.readyState === 1 && document.getElementById('status').dataset.state === 'live'", seconds=30)
    paints = page.evaluate("portolan.live.stats.paints")
    until(page, "(paints) => portolan.live.stats.paints > paints + 2", arg=paints, seconds=10)
