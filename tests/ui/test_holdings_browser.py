"""The Holdings page in a browser, on the real server with its demo and its ticks."""

from __future__ import annotations

import csv
import io
import re
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import Look

READY = '#holdings-page[data-state="full"] .ag-row[row-id]'

# At every repaint: what the cells say, in cents, against their groups and the total.
AUDIT = """() => {
  const cents = (text) => Math.round(Number(text.replaceAll(",", "").replaceAll("\\u2212", "-").replaceAll("+", "")) * 100);
  const shown = (row, column) => row.querySelector(`[col-id="${column}"] .num`)?.textContent ?? "";
  window.audit = { paints: 0, wrong: [], prices: new Set() };
  document.addEventListener("portolan:painted", () => {
    const page = portolan.holdings.page, leaves = [...page.leaves.values()];
    const rows = [...document.querySelectorAll("#holdings-grid .ag-row[row-id]")].filter((row) => row.offsetParent);
    const sums = { value: 0, day_pnl: 0, total_pnl: 0 };
    for (const leaf of leaves) for (const name of Object.keys(sums)) sums[name] += leaf[name] ?? 0;
    const total = document.querySelector("#holdings-grid .ag-floating-bottom .ag-row");
    for (const [name, sum] of Object.entries(sums)) {
      if (cents(shown(total, name)) !== sum) audit.wrong.push(`total ${name}: ${shown(total, name)} is not ${sum}`);
    }
    for (const [name, figure] of [["value", "value"], ["day_pnl", "day"], ["total_pnl", "total"]]) {
      const text = document.querySelector(`[data-figure=${figure}] [data-part=value]`).textContent;
      if (cents(text) !== sums[name]) audit.wrong.push(`figure ${name}: ${text} is not ${sums[name]}`);
    }
    for (const row of rows) {
      const id = row.getAttribute("row-id"), leaf = page.leaves.get(id), group = page.groups.get(id.replace("group:", ""));
      const valued = leaf && leaf.value !== null && ["holding", "cash"].includes(leaf.kind);
      if (valued && cents(shown(row, "value")) !== leaf.value) audit.wrong.push(`${leaf.id}: ${shown(row, "value")}`);
      if (group) {
        const sum = leaves.filter((each) => each.group === group.group).reduce((all, each) => all + (each.value ?? 0), 0);
        if (cents(shown(row, "value")) !== sum) audit.wrong.push(`${group.id}: ${shown(row, "value")} is not ${sum}`);
      }
      if (leaf) audit.prices.add(`${leaf.id} ${shown(row, "price")}`);
    }
    const weight = leaves.reduce((all, each) => all + (each.weight ?? 0), 0);
    if (weight !== 1000) audit.wrong.push(`weights add up to ${weight}`);
    audit.paints += 1;
  });
}"""


@pytest.fixture
def holdings(page: Page, server: Any) -> Page:
    return ready(page, server)


def ready(page: Page, server: Any) -> Page:
    page.goto(f"{server.url}/holdings")
    page.wait_for_selector(READY)
    return page


@pytest.fixture
def seen(look: Look, server: Any) -> Page:
    """The page, for tests that look and touch nothing."""
    return look(partial(ready, server=server))


def clean(watch: Any) -> None:
    assert watch.errors == []
    assert watch.strangers == []


def audited(page: Page, seconds: float) -> dict[str, Any]:
    page.evaluate(AUDIT)
    page.wait_for_timeout(seconds * 1000)
    return page.evaluate("() => ({ paints: audit.paints, wrong: [...new Set(audit.wrong)].slice(0, 5), prices: audit.prices.size })")


def test_rows_groups_total_and_figures_agree_at_every_repaint(holdings: Page, watch: Any) -> None:
    rows = holdings.locator("#holdings-grid .ag-center-cols-container .ag-row").count()
    seen = audited(holdings, 5)
    assert seen["wrong"] == []
    assert seen["paints"] >= 5
    assert seen["prices"] > rows  # prices did move while we looked
    clean(watch)


def test_the_sums_hold_when_portfolios_are_told_apart(holdings: Page, watch: Any) -> None:
    total = holdings.locator("#holdings-grid .ag-floating-bottom")
    holdings.get_by_role("button", name="Portfolio", exact=True).click()
    holdings.wait_for_selector('[row-id="group:US growth"]')
    names = set(holdings.evaluate("() => [...portolan.holdings.page.groups.keys()]"))
    assert {"US growth", "Global balanced", "Concentrated"} <= names
    seen = audited(holdings, 3)
    assert seen["wrong"] == []
    assert seen["paints"] >= 3
    expect(total).to_contain_text("holdings")
    clean(watch)


def test_the_grouping_is_in_the_address_and_comes_back_with_it(holdings: Page, watch: Any) -> None:
    value = holdings.evaluate("() => portolan.holdings.page.leaves.size")
    for button, group in (("Class", "group:Equities"), ("Currency", "group:USD"), ("None", None), ("Sector", "group:Technology")):
        holdings.get_by_role("button", name=button, exact=True).click()
        if group:
            holdings.wait_for_selector(f'[row-id="{group}"]')
        assert holdings.evaluate("() => portolan.holdings.page.leaves.size") == value
        assert ("group=" in holdings.url) is (button != "Sector")
        holdings.reload()
        holdings.wait_for_selector(READY)
        expect(holdings.get_by_role("button", name=button, exact=True)).to_have_attribute("aria-pressed", "true")
        assert holdings.locator('[row-id="group:Technology"]').count() == (1 if button == "Sector" else 0)
    clean(watch)


def displayed(page: Page) -> list[list[Any]]:
    return page.evaluate("""() => {
      const rows = [];
      portolan.holdings.page.api.forEachNodeAfterFilterAndSort(({ id, data }) => rows.push([id, data.type, data.group, data.value]));
      return rows;
    }""")


def order(page: Page) -> list[str]:
    return [row[0] for row in displayed(page)]


def test_groups_stand_by_their_subtotal_and_rows_inside_their_group(seen: Page) -> None:
    facts = [row[1:] for row in displayed(seen)]
    groups = [value for kind, group, value in facts if kind == "group" and group not in {"Cash", "Closed positions"}]
    assert groups == sorted(groups, reverse=True)
    assert [group for kind, group, _ in facts if kind == "group"][-1] in {"Cash", "Closed positions"}
    current = None
    last: float = 0
    for kind, group, value in facts:
        if kind == "group":
            current, last = group, float("inf")
        else:
            assert group == current
            known = float("-inf") if value is None else value  # without a price: at the end of its group
            assert known <= last
            last = known


def test_a_tick_moves_digits_and_nothing_else(seen: Page) -> None:
    view = seen.locator("#holdings-grid .ag-body-viewport")
    view.evaluate("(element) => { element.scrollTop = 90; }")
    seen.wait_for_timeout(300)
    state = """() => [document.querySelector('#holdings-grid .ag-body-viewport').scrollTop,
                      portolan.holdings.page.api.getColumnState().map((column) => column.width).join()]"""
    before, rows = seen.evaluate(state), order(seen)
    found = audited(seen, 3)
    assert found["paints"] >= 3
    assert seen.evaluate(state) == before
    assert order(seen) == rows


def test_a_number_flashes_at_most_once_a_second_and_groups_never(seen: Page) -> None:
    seen.evaluate("""() => {
      window.flashes = {}; window.groups = 0;
      const on = /\\b(up|down)\\b/;
      new MutationObserver((changes) => { for (const { target, oldValue } of changes) {
        if (!on.test(target.className) || on.test(oldValue || "")) continue;
        const row = target.closest("[row-id]");
        if (!row || row.classList.contains("group") || row.closest(".ag-floating-bottom")) { window.groups += 1; continue; }
        (flashes[row.getAttribute("row-id")] ||= []).push(performance.now());
      } }).observe(document.querySelector("#holdings-grid"), { attributeFilter: ["class"], attributeOldValue: true, subtree: true });
    }""")
    seen.wait_for_timeout(5000)
    flashes = seen.evaluate("() => flashes")
    assert flashes
    gaps = [later - earlier for times in flashes.values() for earlier, later in pairwise(times)]
    assert all(gap >= 800 for gap in gaps)  # a busy page sees the first of two a little late
    assert seen.evaluate("() => window.groups") == 0


def test_groups_fold_by_press_and_by_key(holdings: Page, watch: Any) -> None:
    group = holdings.locator('[row-id="group:Technology"] [col-id="name"]')
    leaves = holdings.locator('#holdings-grid .ag-row[row-id="AAPL"]')
    expect(leaves).to_be_visible()
    group.click()
    expect(leaves).to_have_count(0)
    holdings.keyboard.press("ArrowRight")
    expect(leaves).to_be_visible()
    holdings.keyboard.press("ArrowLeft")
    expect(leaves).to_have_count(0)
    holdings.keyboard.press("Enter")
    expect(leaves).to_be_visible()
    assert audited(holdings, 1.5)["wrong"] == []
    clean(watch)


def test_the_drawer_opens_by_key_follows_the_stream_and_closes_by_escape(holdings: Page, watch: Any) -> None:
    holdings.locator('[row-id="AAPL"] [col-id="name"]').click()
    drawer = holdings.locator("#holdings-drawer")
    expect(drawer).to_have_class(re.compile("open"))
    expect(drawer).to_contain_text("Transactions")
    assert "symbol=AAPL" in holdings.url
    holdings.evaluate("""() => {
      const cents = (text) => Math.round(Number(text.replaceAll(",", "").replaceAll("\\u2212", "-").replaceAll("+", "")) * 100);
      window.drawer = { wrong: [], seen: new Set() };
      document.addEventListener("portolan:painted", () => {
        const body = document.getElementById("holdings-drawer-body"), row = portolan.holdings.page.merged.get("AAPL");
        const text = (name) => body.querySelector(`[data-field=${name}]`)?.textContent ?? "0";
        const lots = [...body.querySelectorAll("[data-lot] [data-cell=value]")].reduce((all, cell) => all + cents(cell.textContent), 0);
        const split = ["unrealised", "realised", "income", "fees", "taxes"].reduce((all, name) => all + cents(text(name)), 0);
        if (cents(text("value")) !== row.value || lots !== row.value) drawer.wrong.push(`value ${text("value")} ${lots} ${row.value}`);
        if (cents(text("total")) !== row.total_pnl || split !== row.total_pnl) drawer.wrong.push(`total ${text("total")} ${split} ${row.total_pnl}`);
        drawer.seen.add(text("value"));
      });
    }""")
    holdings.wait_for_timeout(5000)
    assert holdings.evaluate("() => drawer.wrong.slice(0, 3)") == []
    assert holdings.evaluate("() => drawer.seen.size") > 1
    holdings.keyboard.press("Escape")
    expect(drawer).not_to_have_class(re.compile("open"))
    assert "symbol=" not in holdings.url
    holdings.keyboard.press("Enter")  # the row has the focus again
    expect(drawer).to_have_class(re.compile("open"))
    clean(watch)


def test_the_address_opens_the_drawer(page: Page, server: Any, watch: Any) -> None:
    page.goto(f"{server.url}/holdings?symbol=KO")
    page.wait_for_selector(READY)
    expect(page.locator("#holdings-drawer")).to_have_class(re.compile("open"))
    expect(page.locator("#holdings-drawer")).to_contain_text("Coca-Cola")
    expect(page.locator("#holdings-drawer [data-lot]").first).to_be_visible()
    expect(page.locator('[row-id="KO"] .chosen')).to_have_count(1)
    clean(watch)


def test_the_filter_finds_by_words_and_the_total_stays_that_of_the_portfolio(holdings: Page, watch: Any) -> None:
    total = holdings.evaluate("() => portolan.holdings.page.total.count")
    holdings.locator(".filter input").fill("micro")
    expect(holdings.locator("#holdings-grid .ag-row.leaf")).to_have_count(2)  # Microsoft, Advanced Micro Devices
    assert holdings.evaluate("() => portolan.holdings.page.total.count") == total
    holdings.locator(".filter input").fill("nothing like this")
    expect(holdings.locator("#holdings-grid .ag-row.leaf")).to_have_count(0)
    clean(watch)


def test_the_export_holds_the_rows_as_they_stand(holdings: Page, watch: Any) -> None:
    with holdings.expect_download() as started:
        holdings.get_by_role("button", name="Export").click()
    text = (started.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert started.value.suggested_filename.startswith("portolan-holdings-")
    assert {row["symbol"] for row in rows} >= {"AAPL", "MSFT", "KO"}
    shown = [name for name in order(holdings) if not name.startswith("group:")]
    assert len(rows) == len(shown)
    assert all(re.fullmatch(r"-?\d+\.\d\d", row["value_USD"]) or (not row["value_USD"] and not row["price"]) for row in rows)
    clean(watch)


def test_on_a_phone_three_columns_are_left_and_nothing_runs_over_the_edge(browser: Browser, server: Any, watch: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-US", has_touch=True, is_mobile=True)
    page = watch.on(context.new_page())
    page.goto(f"{server.url}/holdings")
    page.wait_for_selector(READY)
    assert page.evaluate("() => portolan.holdings.page.api.getAllDisplayedColumns().map((column) => column.getColId())") == ["name", "spark", "value"]
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert page.locator('[row-id="AAPL"]').bounding_box()["height"] >= 52  # type: ignore[index]
    expect(page.locator('[row-id="AAPL"] .of-value .under')).to_be_visible()
    context.close()
    clean(watch)


def test_a_holding_without_price_is_a_dash_with_its_reason_and_the_total_says_so(page: Page, server: Any, watch: Any) -> None:
    api = f"{server.url}/api/v1"
    made = page.request.post(f"{api}/portfolios", data={"name": "No price", "base_currency": "USD"}).json()
    assert page.request.put(f"{api}/instruments/NOPRICE", data={"name": "Nobody quotes it", "asset_class": "equity", "currency": "USD"}).ok
    bought = page.request.post(f"{api}/portfolios/{made['id']}/transactions", data=[
        {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "1000"},
        {"date": "2024-01-03", "kind": "BUY", "symbol": "NOPRICE", "quantity": 10, "price": 5},
    ])
    assert bought.ok, bought.text()
    page.goto(f"{server.url}/holdings?portfolio={made['id']}")
    page.wait_for_selector(READY)
    row = page.locator('[row-id="NOPRICE"]')
    expect(row.locator('[col-id="price"]')).to_contain_text("no price")
    expect(row.locator('[col-id="value"] .mv')).to_have_text("–")
    expect(row.locator('[col-id="weight"]')).to_have_text("–")
    expect(page.locator("#holdings-grid .ag-floating-bottom")).to_contain_text("incomplete")
    expect(page.locator("[data-figure=value] [data-part=value]")).to_have_text("950.00")
    expect(page.locator("[data-part=missing]")).to_contain_text("1 of 1 holdings has no value")
    clean(watch)


def test_an_empty_portfolio_says_what_will_be_here(page: Page, server: Any, watch: Any) -> None:
    made = page.request.post(f"{server.url}/api/v1/portfolios", data={"name": "Empty", "base_currency": "EUR"}).json()
    page.goto(f"{server.url}/holdings?portfolio={made['id']}")
    page.wait_for_selector('#holdings-page[data-state="empty"]')
    expect(page.locator("#holdings-page .when-empty")).to_contain_text("No holdings yet")
    page.locator("#holdings-page .when-empty [data-do=new-transaction]").click()
    page.wait_for_selector("#transactions-form-sheet.open")
    expect(page.locator("#transactions-form [name=portfolio]")).to_have_value(made["id"])
    clean(watch)


def test_an_unknown_portfolio_is_an_error_that_can_be_tried_again(page: Page, server: Any, watch: Any) -> None:
    page.goto(f"{server.url}/holdings?portfolio=00000000-0000-0000-0000-000000000000")
    page.wait_for_selector('#holdings-page[data-state="error"]')
    expect(page.locator("#holdings-page .when-error")).to_contain_text("could not be read")
    expect(page.locator("#holdings-page .when-error")).to_contain_text("There is no portfolio")
    assert watch.strangers == []


def test_rows_that_come_before_the_grid_are_shown_when_it_stands(page: Page, server: Any, watch: Any) -> None:
    def late(route: Any) -> None:
        page.wait_for_timeout(2500)
        route.continue_()

    page.route("**/async-community*", late)
    page.goto(f"{server.url}/holdings")
    page.wait_for_selector(READY)
    clean(watch)


def test_rows_that_could_not_be_read_again_stay_and_say_so(holdings: Page, watch: Any) -> None:
    expect(holdings.locator(".when-kept")).to_be_hidden()
    holdings.evaluate("() => dash_clientside.set_props('holdings-rows', { data: { scope: 'all', error: 'The database did not answer.' } })")
    holdings.wait_for_selector('#holdings-page[data-state="kept"]')
    expect(holdings.locator(".when-kept")).to_contain_text("The database did not answer.")
    expect(holdings.locator('[row-id="AAPL"]')).to_be_visible()
    assert audited(holdings, 2)["wrong"] == []  # prices go on over the rows that are there
    holdings.locator(".when-kept [data-do=retry]").click()
    holdings.wait_for_selector(READY)
    clean(watch)


def test_prices_that_no_longer_come_are_called_stale_with_their_age(holdings: Page) -> None:
    notice = holdings.locator("#holdings-page [data-part=stale]")
    expect(notice).to_be_hidden()
    holdings.evaluate("""() => {
      const { page } = portolan.holdings, old = 22 * 60_000;
      const stale = [...page.merged.values()].map((row) => [row.id, { ...row, state: "stale", ts: row.ts && row.ts - old }]);
      const held = Object.fromEntries([...page.merged.keys()].map((id) => [id, { state: "stale" }])), keys = Object.keys(held);
      page.merged = new Map(stale);
      const detail = { changed: { portfolios: { all: { keys } }, symbols: [] }, portfolios: { all: { holdings: held } }, quotes: {} };
      document.dispatchEvent(new CustomEvent("portolan:tick", { detail }));
    }""")
    expect(notice).to_be_visible()
    expect(notice).to_contain_text(re.compile(r"Prices are 2[12]\u202fmin old\."))
