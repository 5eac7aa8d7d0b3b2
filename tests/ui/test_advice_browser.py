"""Recommendations in a browser, on the real server: put aside and asked again, drafted, booked and taken back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

WAIT = 20_000


def put(page: Page, method: str, address: str, data: Any) -> Any:
    answer = getattr(page.request, method)(address, data=data)
    assert answer.ok, answer.text()
    return answer.json()


@pytest.mark.browser
def test_a_suggestion_is_put_aside_asked_again_drafted_booked_and_taken_back(page: Page, server: Any) -> None:
    api, names = f"{server.url}/api/v1", [f"T{uuid4().hex[:6].upper()}" for _ in range(2)]
    for name in names:
        put(page, "put", f"{api}/instruments/{name}", {"name": name, "currency": "USD"})
        put(page, "put", f"{api}/instruments/{name}/bars", [{"date": f"2024-01-{day:02}", "close": 100 + day % 3} for day in range(2, 30)])
    key = put(page, "post", f"{api}/portfolios", {"name": f"Advised {uuid4().hex[:6]}", "base_currency": "USD"})["id"]
    buys = ({"date": "2024-01-03", "kind": "BUY", "symbol": name, "quantity": count, "price": "100"}
            for name, count in zip(names, ("80", "10"), strict=True))
    rows = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": "10000"}, *buys]
    put(page, "post", f"{api}/portfolios/{key}/transactions", [{"currency": "USD", **row} for row in rows])

    page.goto(f"{server.url}/recommendations?portfolio={key}")
    large = page.locator(f'.suggestion[data-key="concentration_holding~{names[0]}"]')
    expect(large).to_be_visible(timeout=WAIT)
    expect(large).to_contain_text("limit 15.0")
    expect(large).to_contain_text("Too short a history: 0 windows of a year, needs 12")
    large.get_by_role("button", name="Dismiss").click()
    large.get_by_label("Why").fill("meant to be")
    large.evaluate("card => { card.dataset.before = 'yes'; window.dash_clientside.set_props('advice-retry', { data: 1 }); }")
    expect(page.locator(".suggestion[data-before]")).to_have_count(0, timeout=WAIT)  # the cards were drawn anew
    expect(large.get_by_label("Why")).to_have_value("meant to be")
    large.locator(".put-aside button").click()
    expect(large).to_have_count(0, timeout=WAIT)
    expect(page.locator("#advice-dismissed")).to_contain_text("meant to be", timeout=WAIT)
    page.locator("#advice-done [data-advice=undo]").click()
    expect(large).to_be_visible(timeout=WAIT)

    large.get_by_role("button", name="Draft").click()
    expect(page.locator("#advice-done")).to_contain_text("Drafted", timeout=WAIT)
    page.get_by_role("button", name="Drafted", exact=True).click()
    page.locator("[data-advice=confirm]").click(timeout=WAIT)
    expect(page.locator("#advice-done")).to_contain_text("Booked", timeout=WAIT)
    assert held(page, api, key)[names[0]] < 80
    page.locator("[data-advice=take-back]").click(timeout=WAIT)
    expect(page.locator("#advice-done")).to_contain_text("Taken back", timeout=WAIT)
    assert held(page, api, key)[names[0]] == 80


def held(page: Page, api: str, key: str) -> dict[str, float]:
    rows = page.request.get(f"{api}/portfolios/{key}/holdings").json()["holdings"]
    return {row["symbol"]: row["quantity"] for row in rows}
