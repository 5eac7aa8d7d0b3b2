"""Targets, trades and optimisers in a browser, on the real server: one portfolio from its first targets to drafted orders."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

WAIT = 20_000
DAYS = 90


def put(page: Page, method: str, address: str, data: Any) -> Any:
    answer = getattr(page.request, method)(address, data=data)
    assert answer.ok, answer.text()
    return answer.json()


@pytest.mark.browser
def test_targets_are_set_trades_drafted_and_limits_that_contradict_each_other_told(page: Page, server: Any) -> None:
    api, names = f"{server.url}/api/v1", [f"R{uuid4().hex[:6].upper()}" for _ in range(2)]
    days = [(date(2024, 1, 2) + timedelta(days=at)).isoformat() for at in range(DAYS)]
    for place, name in enumerate(names):
        put(page, "put", f"{api}/instruments/{name}", {"name": name, "currency": "USD"})
        closes = [100 + (at * (3 + place)) % (7 + place) for at in range(DAYS)]
        put(page, "put", f"{api}/instruments/{name}/bars", [{"date": day, "close": close} for day, close in zip(days, closes, strict=True)])
    key = put(page, "post", f"{api}/portfolios", {"name": f"Targeted {uuid4().hex[:6]}", "base_currency": "USD"})["id"]
    buys = [{"date": days[1], "kind": "BUY", "symbol": name, "quantity": "40", "price": "100"} for name in names]
    rows = [{"date": days[0], "kind": "DEPOSIT", "amount": "10000"}, *buys]
    put(page, "post", f"{api}/portfolios/{key}/transactions", [{"currency": "USD", **row} for row in rows])

    page.goto(f"{server.url}/recommendations?portfolio={key}&tab=rebalance")
    page.get_by_role("button", name="Set targets").click(timeout=WAIT)
    form = page.locator("#advice-policy-body form")
    form.locator("[name=targets_by]").select_option("symbol", timeout=WAIT)
    for place, (name, weight) in enumerate(zip(names, ("60", "20"), strict=True)):
        form.get_by_role("button", name="Add a target").click()
        row = form.locator(".target-rows .target-row").nth(place)
        row.locator("[name=key]").fill(name)
        row.locator("[name=weight]").fill(weight)
    form.get_by_role("button", name="Save").click()
    expect(form.locator('[data-field="targets"].bad')).to_contain_text("add up to 80 % and not to 100 %", timeout=WAIT)
    form.get_by_role("button", name="Rest to cash").click()
    form.get_by_role("button", name="Save").click()
    expect(form.locator("[data-part=told]")).to_contain_text("Saved.", timeout=WAIT)
    assert page.request.get(f"{api}/portfolios/{key}/policy").json()["policy"]["targets"][2]["weight"] == pytest.approx(0.2)

    page.get_by_role("button", name="Rebalance", exact=True).click()
    trades = page.locator("#advice-rebalance-body")
    expect(trades.locator(".trades tbody tr:not(.why)")).to_have_count(2, timeout=WAIT)
    expect(trades.locator(".trades tbody")).to_contain_text("its target is 60.0%")
    trades.get_by_role("button", name="Draft").click()
    expect(page.locator("#advice-drafted")).to_contain_text("Rebalancing to targets", timeout=WAIT)

    page.get_by_role("button", name="Optimise", exact=True).click()
    asked = page.locator("#advice-optimise-body")
    asked.locator("[data-field=max_weight] input").fill("30", timeout=WAIT)
    asked.locator("[name=frontier]").uncheck()
    asked.get_by_role("button", name="Find weights").click()
    expect(asked).to_contain_text("Nothing satisfies all of these", timeout=3 * WAIT)
    expect(asked).to_contain_text("With 50.00\u202f% in its place")
