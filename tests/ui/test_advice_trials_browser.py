"""What-if, plan and evidence in a browser, on the real server: typed, answered, kept in the address, refused at its field."""

from __future__ import annotations

import math
import re
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

WAIT = 20_000


def put(page: Page, method: str, address: str, data: Any) -> Any:
    answer = getattr(page.request, method)(address, data=data)
    assert answer.ok, answer.text()
    return answer.json()


@pytest.mark.browser
def test_a_what_if_is_tried_and_kept_a_plan_drawn_and_a_run_of_evidence_refused(page: Page, server: Any) -> None:
    api, names = f"{server.url}/api/v1", [f"T{uuid4().hex[:6].upper()}" for _ in range(2)]
    for place, name in enumerate(names):
        put(page, "put", f"{api}/instruments/{name}", {"name": name, "currency": "USD"})
        bars = [{"date": f"{day:%Y-%m-%d}", "close": round(100 + 10 * math.sin(count / (5 + place)), 2)}
                for count, day in enumerate(pd.bdate_range("2020-01-02", "2023-12-29"))]
        put(page, "put", f"{api}/instruments/{name}/bars", bars)
    key = put(page, "post", f"{api}/portfolios", {"name": f"Tried {uuid4().hex[:6]}", "base_currency": "USD"})["id"]
    buys = ({"date": "2020-01-03", "kind": "BUY", "symbol": name, "quantity": "40", "price": "100"} for name in names)
    rows = [{"date": "2020-01-02", "kind": "DEPOSIT", "amount": "10000"}, *buys]
    put(page, "post", f"{api}/portfolios/{key}/transactions", [{"currency": "USD", **row} for row in rows])

    page.goto(f"{server.url}/recommendations?portfolio={key}&tab=what-if")
    body = page.locator("#what-if-body")
    weight = body.locator(f'[data-symbol="{names[0]}"] input[type=number]')
    expect(weight).to_be_visible(timeout=WAIT)
    for share in ("1", "12", "10"):  # quicker than answers come: the newest wins
        weight.fill(share)
    expect(body.locator(f'[data-symbol="{names[0]}"] [data-cell=money]')).to_contain_text("\u2212", timeout=WAIT)
    expect(page).to_have_url(re.compile(f"what_if=w.{names[0]}%3D0.1$"), timeout=WAIT)
    body.locator("[name=name]").fill("Less of one")
    body.get_by_role("button", name="Save").click()
    expect(body.locator("[data-part=saved]")).to_contain_text("Less of one", timeout=WAIT)
    body.get_by_role("button", name="Remove Less of one").click()
    body.locator("[data-what-if=undo]").click(timeout=WAIT)
    body.get_by_label("Compare Less of one").check(timeout=WAIT)
    expect(body.locator("[data-part=compared] thead")).to_contain_text("Less of one", timeout=WAIT)

    page.get_by_role("button", name="Plan", exact=True).click()
    plan = page.locator("#plan-body")
    expect(plan.locator(".fan .median")).to_be_visible(timeout=WAIT)
    plan.locator("[name=goal]").fill("12000")
    expect(plan.locator(".kpis")).to_contain_text("Goal reached", timeout=WAIT)
    plan.locator("[name=fee]").fill("200")
    expect(plan.locator("[name=fee]")).to_have_attribute("aria-invalid", "true", timeout=WAIT)

    page.get_by_role("button", name="Evidence", exact=True).click()
    evidence = page.locator("#evidence-body")
    expect(evidence).to_contain_text("Nothing was tried yet", timeout=WAIT)
    evidence.locator("[name=window]").fill("5")
    evidence.get_by_role("button", name="Try them").click()
    expect(evidence.locator("[name=window]")).to_have_attribute("aria-invalid", "true", timeout=WAIT)
