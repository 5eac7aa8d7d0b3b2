"""A rule of one's own in a browser, on the real server: written with help, tried, switched on, changed by two, removed and brought back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect


def put(page: Page, method: str, address: str, data: Any) -> Any:
    answer = getattr(page.request, method)(address, data=data)
    assert answer.ok, answer.text()
    return answer.json()


@pytest.mark.browser
def test_a_rule_is_written_with_help_tried_switched_changed_by_two_removed_and_brought_back(page: Page, server: Any, watch: Any) -> None:
    api, symbol, name = f"{server.url}/api/v1", f"T{uuid4().hex[:6].upper()}", f"Mine {uuid4().hex[:6]}"
    put(page, "put", f"{api}/instruments/{symbol}", {"name": symbol, "currency": "USD"})
    put(page, "put", f"{api}/instruments/{symbol}/bars", [{"date": f"2024-01-{day:02}", "close": 100 + day % 3} for day in range(2, 30)])
    key = put(page, "post", f"{api}/portfolios", {"name": f"Ruled {uuid4().hex[:6]}", "base_currency": "USD"})["id"]
    rows = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": "10000"}, {"date": "2024-01-03", "kind": "BUY", "symbol": symbol, "quantity": "80",
                                                                           "price": "100"}]
    put(page, "post", f"{api}/portfolios/{key}/transactions", [{"currency": "USD", **row} for row in rows])

    page.goto(f"{server.url}/recommendations?portfolio={key}&tab=rules")
    page.locator("#advice-rules-body [data-part=new]").click()
    page.locator("form[data-form=own-rule] [name=name]").fill(name)
    text, wrong = page.locator("#rule-text"), page.locator("#rule-wrong")
    expect(page.locator(".word-list .word").first).to_be_visible()
    text.press_sequentially("weight of any hold")
    expect(page.locator(".code-field .hits li").first).to_contain_text("holding")
    text.press("Enter")
    expect(text).to_have_value("weight of any holding")
    text.press_sequentially(" > 25 % and volatilty(20) > 0")
    expect(wrong).to_contain_text("Volatilty is no metric")
    expect(page.locator(".code-field mark")).to_have_text("volatilty")
    wrong.get_by_role("button", name="volatility", exact=True).click()
    expect(text).to_have_value("weight of any holding > 25 % and volatility(20) > 0")
    expect(page.locator("#advice-rules-body .trial")).to_contain_text("Would have fired on 1 of")
    expect(page.locator("#advice-rules-body .rule-chart path.line")).to_be_attached()
    page.locator("form[data-form=own-rule] [type=submit]").click()
    row = page.locator(".own-rule", has_text=name)
    expect(row).to_be_focused()
    page.keyboard.press("s")
    expect(row.get_by_role("switch")).to_be_checked()
    expect(row).to_contain_text("spoke")

    page.keyboard.press("Enter")
    kept = next(each for each in page.request.get(f"{api}/rules").json() if each["name"] == name)
    put(page, "patch", f"{api}/rules/{kept['id']}", {"expression": "cash > 5 %", "version": kept["version"]})
    text.fill("weight of any holding > 30 %")
    page.locator("form[data-form=own-rule] [type=submit]").click()
    expect(page.locator("[data-part=conflict]")).to_contain_text("cash > 5 %")
    page.get_by_role("button", name="Save mine over it").click()
    expect(row).to_contain_text("weight of any holding > 30 %")
    page.keyboard.press("Delete")
    expect(row).to_have_count(0)
    page.keyboard.press("u")
    expect(row).to_be_visible()
    assert [each for each in watch.errors if "409" not in each] == []
    assert watch.strangers == []
    put_away(page, api, kept["id"])


def put_away(page: Page, api: str, rule: str) -> None:
    version = page.request.get(f"{api}/rules/{rule}").json()["version"]
    assert page.request.delete(f"{api}/rules/{rule}", headers={"If-Match": f'"{version}"'}).ok
