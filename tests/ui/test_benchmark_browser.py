"""The Benchmark page in a browser on the real server: what it shows is what REST tells, it follows the address, and blends are made in it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.ui.conftest import Server, Watch, until, wait_for

PATIENCE = 30_000
FIXED = "from=2023-01-31&to=2025-06-30"  # closed days: nothing of it moves


def amount(text: str) -> float:
    return float(re.sub(r"[^\d.\-]", "", text.replace("\u2212", "-")) or 0)


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def kpi(page: Page, strip: str, name: str) -> Locator:
    cell = page.locator(f"#{strip} .kpi").filter(has=page.locator("dt", has_text=re.compile(f"^{name}$")))
    return cell.locator("dd").first


def rest(page: Page, server: Server, answer: str, **asked: str) -> dict[str, Any]:
    window = {"start": "2023-01-31", "end": "2025-06-30", **asked}
    told = page.request.get(f"{server.url}/api/v1/portfolios/all/{answer}", params=window)
    assert told.ok, told.text()
    return dict(told.json())


def opened(page: Page, server: Server, search: str = "", strip: str = "benchmark-kpis", name: str = "Portfolio") -> Page:
    page.goto(f"{server.url}/benchmark{search and '?'}{search}")
    expect(kpi(page, strip, name)).to_contain_text(re.compile(r"\d"), timeout=PATIENCE)
    return page


def test_against_shows_what_rest_tells_without_an_error_or_a_stranger(page: Page, server: Server, watch: Watch) -> None:
    opened(page, server, FIXED)
    told = rest(page, server, "benchmark")
    figures = told["benchmarks"][0]["figures"]
    assert amount(kpi(page, "benchmark-kpis", "Beta").text_content() or "") == pytest.approx(figures["beta"], abs=0.0051)
    assert amount(kpi(page, "benchmark-kpis", "Tracking error").text_content() or "") == pytest.approx(figures["tracking_error"] * 100, abs=0.0051)
    expect(page.locator("#benchmark-growth .js-line").first).to_be_attached(timeout=PATIENCE)
    drawn = page.evaluate("document.querySelector('#benchmark-growth .js-plotly-plot').data[0].y.at(-1)")
    assert drawn == pytest.approx(told["own"]["total_return"], abs=2e-6)
    assert page.locator(".figures tbody tr").count() > 30
    page.locator("input[name=figures-search]").fill("capture")
    until(page, "() => [...document.querySelectorAll('.figures tbody tr')].filter((row) => !row.hidden).length < 10")
    page.locator("#benchmark-kpis [data-explain]").first.click()
    expect(page.locator("#explain-body")).to_contain_text("The same number by REST", timeout=PATIENCE)
    assert watch.errors == []
    assert watch.strangers == []


def test_the_same_cash_flows_tell_the_money_that_rest_tells(page: Page, server: Server) -> None:
    opened(page, server, f"tab=flows&{FIXED}", "benchmark-flows-kpis", "You have")
    flows = rest(page, server, "benchmark")["benchmarks"][0]["flows"]
    shown = amount(kpi(page, "benchmark-flows-kpis", "The same deposits").text_content() or "")
    assert shown == pytest.approx(flows["benchmark_value"], abs=0.51)
    assert amount(kpi(page, "benchmark-flows-kpis", "You have more by").text_content() or "") == pytest.approx(flows["excess_value"], abs=0.51)
    expect(page.locator("#benchmark-flows-sentence")).to_contain_text(f"{shown:,.0f}")


def test_effects_add_up_to_the_active_return_down_to_the_holdings(page: Page, server: Server) -> None:
    opened(page, server, f"tab=attribution&{FIXED}", "attribution-kpis", "Active return")
    read = """() => {
      const table = document.querySelector("table.effects"), text = (row) => [...row.cells].slice(5, -1).map((cell) => cell.textContent);
      return { bodies: [...table.tBodies].map((body) => [...body.rows].map(text)), foot: text(table.tFoot.rows[0]) }; }"""
    told = page.evaluate(read)
    cents = [[[round(amount(text) * 100) for text in row] for row in body] for body in told["bodies"]]
    foot = [round(amount(text) * 100) for text in told["foot"]]
    assert [sum(column) for column in zip(*(body[0] for body in cents), strict=True)] == foot
    for group, *held in cents:
        assert not held or [sum(column) for column in zip(*held, strict=True)] == group
    assert foot[-1] == round(amount(kpi(page, "attribution-kpis", "Active return").text_content() or "") * 100)
    page.locator("table.effects button.open").first.click()
    expect(page.locator("table.effects .grp.open .part").first).to_be_visible()
    assert "open" in query(page)


def test_a_blend_is_made_compared_with_and_taken_back(page: Page, server: Server, watch: Watch) -> None:
    name = f"Mix {uuid4().hex[:6]}"
    page.goto(f"{server.url}/benchmark?tab=manage&{FIXED}")
    page.locator("button[data-blend=new]").first.click(timeout=PATIENCE)
    form = page.locator("[data-form=blend]")
    form.locator("[name=name]").fill(name)
    for place, (symbol, weight) in enumerate((("AAPL", "75"), ("MSFT", "45"))):
        form.locator("[name=symbol]").nth(place).fill(symbol)
        form.locator("[name=weight]").nth(place).fill(weight)
    form.locator("[type=submit]").click()
    expect(page.locator("#blends-error")).to_contain_text("1.2", timeout=PATIENCE)  # 120 % is refused, and the form stays
    form.locator("[data-blend=scale]").click()
    expect(form.locator("[data-part=sum]")).to_have_text("100")
    form.locator("[type=submit]").click()
    row = page.locator(".blends tr").filter(has_text=name)
    expect(row).to_contain_text("62.5", timeout=PATIENCE)
    row.locator("[data-vs]").click()
    wait_for(lambda: "benchmark" in query(page), 10, "the blend in the address")
    page.locator(".tabs [data-tab=against]").click()
    expect(page.locator("#benchmark-chosen")).to_contain_text(name, timeout=PATIENCE)
    expect(kpi(page, "benchmark-kpis", "Beta")).to_contain_text(re.compile(r"\d"), timeout=PATIENCE)
    expect(page.locator(".pieces-panel")).to_contain_text("Active share")
    page.locator(".tabs [data-tab=manage]").click()
    page.locator(".blends tr").filter(has_text=name).locator("[data-blend=remove]").click()
    expect(page.locator(".blends tr").filter(has_text=name)).to_have_count(0, timeout=PATIENCE)
    page.locator("#blends-done [data-blend=restore]").click()
    expect(page.locator(".blends tr").filter(has_text=name)).to_have_count(1, timeout=PATIENCE)
    page.locator(".blends tr").filter(has_text=name).locator("[data-blend=remove]").click()
    expect(page.locator(".blends tr").filter(has_text=name)).to_have_count(0, timeout=PATIENCE)
    assert [error for error in watch.errors if "422" not in error] == []


def test_the_address_keeps_tab_conventions_and_what_is_compared(page: Page, server: Server) -> None:
    opened(page, server, f"tab=factors&period=All&{FIXED}", "factors-kpis", "R²")
    page.locator(".tabs [data-tab=against]").click()
    expect(kpi(page, "benchmark-kpis", "Beta")).to_contain_text(re.compile(r"\d"), timeout=PATIENCE)
    page.locator("[data-menu=benchmark-page-conventions]").click()
    page.locator("#benchmark-page-conventions [name=freq]").select_option("monthly")
    expect(page.locator("#benchmark-figures-note")).to_contain_text("months", timeout=PATIENCE)
    assert query(page)["freq"] == "monthly"
    assert page.locator("[data-part=conventions]").text_content() == "1"
    page.reload()
    expect(page.locator("#benchmark-figures-note")).to_contain_text("months", timeout=PATIENCE)


def test_every_tab_fits_a_phone(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    for tab, strip, name in (("against", "benchmark-kpis", "Beta"), ("flows", "benchmark-flows-kpis", "You have"),
                             ("attribution", "attribution-kpis", "Active return"), ("factors", "factors-kpis", "R²")):
        opened(page, server, f"tab={tab}&{FIXED}", strip, name)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, tab
    page.close()
