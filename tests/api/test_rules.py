"""Rules of a ledger over REST: what is refused and why, transfers in two legs, the ledger as it was known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

API = "/api/v1"


@pytest.fixture
def market(client: TestClient) -> None:
    for symbol, currency, multiplier in (("A", "USD", 1), ("E", "EUR", 1), ("OPT", "USD", 100)):
        assert client.put(f"{API}/instruments/{symbol}", json={"currency": currency, "multiplier": multiplier}).status_code == 201
    client.put(f"{API}/instruments/A/bars", json=[{"date": "2024-03-01", "close": 12}, {"date": "2024-06-03", "close": 20}])


def portfolio(client: TestClient, **fields: Any) -> str:
    created = client.post(f"{API}/portfolios", json={"name": "P", "base_currency": "USD", **fields})
    assert created.status_code == 201, created.text
    return created.json()["id"]


def record(client: TestClient, key: str, *drafts: dict[str, Any], **query: Any) -> Any:
    return client.post(f"{API}/portfolios/{key}/transactions", json=list(drafts) if len(drafts) > 1 else drafts[0], params=query)


def buy(day: str, quantity: float, price: float = 10, **more: Any) -> dict[str, Any]:
    return {"date": day, "kind": "BUY", "symbol": "A", "quantity": quantity, "price": price, **more}


def sell(day: str, quantity: float, price: float = 11, **more: Any) -> dict[str, Any]:
    return {**buy(day, quantity, price, **more), "kind": "SELL"}


def moved(client: TestClient, here: str, there: str, quantity: float) -> list[dict[str, Any]]:
    body = {"date": "2024-03-01", "symbol": "A", "quantity": quantity, "to_portfolio": there}
    answer = client.post(f"{API}/portfolios/{here}/transfers", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def holdings(client: TestClient, key: str, **query: Any) -> dict[str, Any]:
    answer = client.get(f"{API}/portfolios/{key}/holdings", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


# ------------------------------------------------------------------------------------------------------------------------------ settings


def test_a_portfolio_says_what_it_refuses(client: TestClient) -> None:
    key = portfolio(client, oversell="error", negative_cash="refuse")
    told = client.get(f"{API}/portfolios/{key}").json()
    assert (told["oversell"], told["negative_cash"], told["version"]) == ("error", "refuse", 1)
    changed = client.patch(f"{API}/portfolios/{key}", json={"oversell": "short", "version": 1})
    assert (changed.json()["oversell"], changed.json()["negative_cash"]) == ("short", "refuse")
    emptied = client.patch(f"{API}/portfolios/{key}", json={"name": "", "version": 2})
    assert (emptied.status_code, emptied.json()["context"]["field"]) == (422, "name")


def test_a_removed_portfolio_comes_back_with_its_ledger(client: TestClient) -> None:
    key = portfolio(client)
    record(client, key, {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 5})
    assert client.delete(f"{API}/portfolios/{key}", headers={"If-Match": '"1"'}).status_code == 204
    back = client.post(f"{API}/portfolios/{key}/restore")
    assert (back.status_code, back.json()["version"]) == (200, 3)
    assert holdings(client, key)["totals"]["cash"] == 5.0
    assert client.post(f"{API}/portfolios/{key}/restore").status_code == 404


@pytest.mark.parametrize(("field", "value"), [("oversell", "never"), ("negative_cash", "maybe")])
def test_a_setting_that_does_not_exist_is_refused_with_those_that_do(client: TestClient, field: str, value: str) -> None:
    told = client.post(f"{API}/portfolios", json={"name": "P", field: value})
    assert told.status_code == 422
    assert told.json()["context"]["field"] == field
    assert "Use one of" in told.json()["context"]["hint"]


def test_instruments_have_tags(client: TestClient) -> None:
    put = client.put(f"{API}/instruments/A", json={"tags": ["core", " income ", "core"]})
    assert put.json()["tags"] == ["core", "income"]
    assert client.put(f"{API}/instruments/A", json={"name": "Ay"}).json()["tags"] == ["core", "income"]
    assert client.put(f"{API}/instruments/A", json={"tags": []}).json()["tags"] == []
    assert client.put(f"{API}/instruments/A", json={"tags": "core"}).json()["context"]["field"] == "tags"


# ------------------------------------------------------------------------------------------------------------------------------ shorts


@pytest.mark.usefixtures("market")
def test_a_sale_beyond_the_held_says_what_was_held_and_when_it_would_be_right(client: TestClient) -> None:
    key = portfolio(client, oversell="error")
    assert record(client, key, buy("2024-01-02", 10), buy("2024-03-01", 10)).status_code == 201
    told = record(client, key, sell("2024-02-01", 15)).json()
    assert told["code"] == "oversold_position"
    assert told["detail"] == "2024-02-01: cannot sell 15 A, 10 are held."
    assert told["context"] | {"held": 10, "quantity": 15, "symbol": "A", "date": "2024-02-01", "possible_from": "2024-03-01"} == told["context"]
    assert told["context"]["hint"] == "Sell at most 10, date it 2024-03-01 or later, or allow short positions in the portfolio's settings"
    assert record(client, key, sell("2024-03-01", 15)).status_code == 201


@pytest.mark.usefixtures("market")
def test_a_request_can_be_stricter_than_the_portfolio_and_not_laxer(client: TestClient) -> None:
    lax, strict = portfolio(client), portfolio(client, oversell="error")
    assert record(client, lax, sell("2024-02-01", 1), oversell="error").status_code == 422
    assert record(client, strict, sell("2024-02-01", 1), oversell="short").status_code == 422
    assert record(client, lax, sell("2024-02-01", 1)).status_code == 201


@pytest.mark.usefixtures("market")
def test_a_list_is_refused_whole_and_names_the_row(client: TestClient) -> None:
    key = portfolio(client, oversell="error")
    told = record(client, key, buy("2024-01-02", 10), sell("2024-02-01", 4), sell("2024-02-02", 7))
    assert told.status_code == 422
    assert told.json()["context"] | {"row": 3, "held": 6} == told.json()["context"]
    assert client.get(f"{API}/portfolios/{key}/transactions").json() == []


@pytest.mark.usefixtures("market")
def test_a_correction_that_makes_a_later_sale_oversold_names_that_sale(client: TestClient) -> None:
    key = portfolio(client, oversell="error")
    bought, sold = record(client, key, buy("2024-01-02", 10), sell("2024-05-02", 8)).json()
    path = f"{API}/portfolios/{key}/transactions/{bought['id']}"
    for told in (client.patch(path, json={"quantity": 5, "version": 1}), client.delete(path, headers={"If-Match": '"1"'}),
                 client.patch(path, json={"date": "2024-05-03", "version": 1})):
        assert told.status_code == 422, told.text
        context = told.json()["context"]
        assert context | {"transaction_id": sold["id"], "date": "2024-05-02", "symbol": "A", "quantity": 8, "later": True} == context
        assert "2024-05-02" in told.json()["detail"]
        assert "correct or void that sell first" in context["hint"]
    assert client.patch(path, json={"quantity": 8, "version": 1}).status_code == 200
    assert client.patch(path, json={"note": "fine", "version": 2}).status_code == 200


@pytest.mark.usefixtures("market")
def test_undo_keeps_the_rule_too(client: TestClient) -> None:
    key = portfolio(client, oversell="error")
    bought = record(client, key, buy("2024-01-02", 5)).json()
    path = f"{API}/portfolios/{key}/transactions/{bought['id']}"
    assert client.patch(path, json={"quantity": 10, "version": 1}).status_code == 200
    assert record(client, key, sell("2024-02-01", 8)).status_code == 201
    assert client.post(f"{path}/undo", headers={"If-Match": '"2"'}).json()["code"] == "oversold_position"


@pytest.mark.usefixtures("market")
def test_a_purchase_dated_behind_a_sale_of_its_day_is_late_and_one_before_it_is_not(client: TestClient) -> None:
    """Within a day the order given is the order booked."""
    key = portfolio(client, oversell="error")
    assert record(client, key, sell("2024-02-01", 1), buy("2024-02-01", 1)).status_code == 422
    assert record(client, key, buy("2024-02-01", 1), sell("2024-02-01", 1)).status_code == 201


@pytest.mark.usefixtures("market")
def test_a_day_can_be_booked_in_another_order(client: TestClient) -> None:
    # fifo: first the dear lot goes (gain 1), booked the other way round the cheap one (gain 3)
    key = portfolio(client)
    made = record(client, key, buy("2024-02-01", 1, 10), buy("2024-02-01", 1, 8), sell("2024-02-02", 1, 11), buy("2024-02-03", 1)).json()
    assert holdings(client, key)["totals"]["realised"] == 1.0
    place = f"{API}/portfolios/{key}/transactions/order"
    turned = client.put(place, json={"date": "2024-02-01", "ids": [made[1]["id"], made[0]["id"]]})
    assert [(each["id"], each["version"]) for each in turned.json()] == [(made[1]["id"], 2), (made[0]["id"], 2)]
    assert holdings(client, key)["totals"]["realised"] == 3.0
    for ids in ([], [made[0]["id"]], [made[0]["id"], made[0]["id"]], [made[0]["id"], made[3]["id"]], "all"):
        told = client.put(place, json={"date": "2024-02-01", "ids": ids})
        assert (told.status_code, told.json()["context"]["field"]) == (422, "ids")
    assert client.put(place, json={"ids": []}).json()["context"]["field"] == "date"


@pytest.mark.usefixtures("market")
def test_an_order_that_sells_before_it_buys_is_refused_where_shorts_are(client: TestClient) -> None:
    key = portfolio(client, oversell="error")
    made = record(client, key, buy("2024-02-01", 1), sell("2024-02-01", 1)).json()
    told = client.put(f"{API}/portfolios/{key}/transactions/order", json={"date": "2024-02-01", "ids": [each["id"] for each in reversed(made)]})
    assert told.json()["code"] == "oversold_position"


@pytest.mark.usefixtures("market")
def test_a_ledger_that_is_short_since_before_the_rule_can_be_mended(client: TestClient) -> None:
    key = portfolio(client)
    record(client, key, sell("2024-02-01", 5))
    client.patch(f"{API}/portfolios/{key}", json={"oversell": "error", "version": 1})
    assert record(client, key, buy("2024-02-02", 2)).status_code == 201
    assert record(client, key, sell("2024-02-03", 1)).status_code == 422
    assert record(client, key, buy("2024-01-02", 5)).status_code == 201


@pytest.mark.usefixtures("market")
def test_a_split_counts_in_what_is_held(client: TestClient) -> None:
    key = portfolio(client, oversell="error")
    split = {"date": "2024-01-10", "kind": "SPLIT", "symbol": "A", "ratio": 2}
    assert record(client, key, buy("2024-01-02", 10), split, sell("2024-02-01", 20)).status_code == 201
    voided = next(each for each in client.get(f"{API}/portfolios/{key}/transactions").json() if each["kind"] == "SPLIT")
    told = client.delete(f"{API}/portfolios/{key}/transactions/{voided['id']}", headers={"If-Match": '"1"'})
    assert told.json()["context"]["held"] == 10


# ------------------------------------------------------------------------------------------------------------------------------ cash


@pytest.mark.usefixtures("market")
def test_cash_below_zero_is_refused_by_day_currency_and_balance(client: TestClient) -> None:
    key = portfolio(client, negative_cash="refuse")
    assert record(client, key, {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 100}).status_code == 201
    told = record(client, key, buy("2024-02-01", 12)).json()
    assert told["code"] == "negative_cash"
    assert told["detail"] == "2024-02-01: cash would be -20.00 USD."
    assert told["context"] | {"currency": "USD", "balance": -20, "before": 100, "date": "2024-02-01"} == told["context"]
    assert "Deposit or convert 20.00 USD on or before 2024-02-01" in told["context"]["hint"]


@pytest.mark.usefixtures("market")
def test_cash_counts_at_the_end_of_the_day_with_the_multiplier(client: TestClient) -> None:
    key = portfolio(client, negative_cash="refuse")
    option = {"date": "2024-01-02", "kind": "BUY", "symbol": "OPT", "quantity": 1, "price": 2}
    told = record(client, key, option, {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 199})
    assert told.json()["context"] | {"balance": -1, "row": 1} == told.json()["context"]
    assert record(client, key, option, {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 200}).status_code == 201


@pytest.mark.usefixtures("market")
def test_a_voided_deposit_that_overdraws_a_later_day_is_refused(client: TestClient) -> None:
    key = portfolio(client, negative_cash="refuse")
    paid, _ = record(client, key, {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 100}, buy("2024-02-01", 10)).json()
    told = client.delete(f"{API}/portfolios/{key}/transactions/{paid['id']}", headers={"If-Match": '"1"'})
    assert told.json()["context"] | {"date": "2024-02-01", "balance": -100} == told.json()["context"]


def test_another_currency_has_its_own_balance(client: TestClient) -> None:
    key = portfolio(client, negative_cash="refuse")
    deposit = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 100}
    swap = {"date": "2024-01-03", "kind": "FX_CONVERSION", "amount": 90, "currency": "USD", "to_amount": 80, "to_currency": "EUR", "fee": 11}
    assert record(client, key, deposit, swap).json()["context"]["currency"] == "USD"
    assert record(client, key, deposit, {**swap, "fee": 10}).status_code == 201
    assert record(client, key, {"date": "2024-01-04", "kind": "FEE", "amount": 81, "currency": "EUR"}).json()["context"]["balance"] == -1


def test_interest_paid_and_fees_given_back_have_a_minus(client: TestClient) -> None:
    key = portfolio(client)
    paid = {"date": "2024-01-02", "kind": "INTEREST", "amount": "-12.50"}
    assert record(client, key, paid, {"date": "2024-01-03", "kind": "FEE", "amount": -2}).status_code == 201
    totals = holdings(client, key)["totals"]
    assert (totals["income"], totals["fees"], totals["cash"]) == (-12.5, -2.0, -10.5)
    assert record(client, key, {"date": "2024-01-02", "kind": "DEPOSIT", "amount": -5}).status_code == 422


# ---------------------------------------------------------------------------------------------------------------------------- preview


@pytest.mark.usefixtures("market")
def test_the_form_is_told_the_same_before_it_saves(client: TestClient) -> None:
    key = portfolio(client, oversell="error", negative_cash="refuse")
    for draft, code, field in ((sell("2024-02-01", 1), "oversold_position", "quantity"), (buy("2024-02-01", 1), "negative_cash", "amount")):
        told = record(client, key, draft, dry_run=True).json()
        assert [(each["code"], each["field"]) for each in told["errors"]] == [(code, field)]
        assert told["errors"][0]["hint"]


# ------------------------------------------------------------------------------------------------------------------------- collisions


def test_the_second_of_two_who_change_a_row_is_told_both_versions(client: TestClient) -> None:
    key = portfolio(client)
    paid = record(client, key, {"date": "2024-01-02", "kind": "DEPOSIT", "amount": 100}).json()
    path = f"{API}/portfolios/{key}/transactions/{paid['id']}"
    assert client.patch(path, json={"amount": 120, "version": 1}).status_code == 200
    for told in (client.patch(path, json={"amount": 130, "version": 1}), client.delete(path, headers={"If-Match": '"1"'})):
        assert told.status_code == 409
        context = told.json()["context"]
        assert (context["expected_version"], context["found_version"]) == (1, 2)
        assert (context["read"]["amount"], context["current"]["amount"]) == ("100", "120")


# -------------------------------------------------------------------------------------------------------------------------- transfers


@pytest.mark.usefixtures("market")
def test_a_transfer_to_another_portfolio_carries_cost_and_dates_and_is_no_flow_above(client: TestClient) -> None:
    # 10 at 10 (fee 1: 101) and 10 at 12; 15 leave by fifo: 101 + 60 = 161; 60 stay
    here, there = portfolio(client), portfolio(client, name="There")
    record(client, here, {"date": "2023-01-01", "kind": "DEPOSIT", "amount": 221}, buy("2023-01-02", 10, fee=1), buy("2023-06-01", 10, 12))
    out, into = moved(client, here, there, 15)
    assert (out["kind"], into["kind"], out["portfolio_id"], into["portfolio_id"]) == ("TRANSFER_OUT", "TRANSFER_IN", here, there)
    assert out["transfer_id"] == into["transfer_id"] is not None
    assert [(lot["date"], lot["quantity"], lot["cost"]) for lot in into["lots"]] == [("2023-01-02", "10", "101"), ("2023-06-01", "5", "60")]
    lots = client.get(f"{API}/portfolios/{there}/holdings/A").json()["lots"]
    assert [(lot["opened"], lot["quantity"], lot["cost_base"]) for lot in lots] == [("2023-01-02", 10.0, 101.0), ("2023-06-01", 5.0, 60.0)]
    all_day = {"as_of": "2024-06-03"}
    one, two, every = (holdings(client, key, **all_day)["totals"] for key in (here, there, "all"))
    assert (one["net_contributions"], two["net_contributions"], every["net_contributions"]) == (60.0, 161.0, 221.0)
    assert (one["cost_basis"], two["cost_basis"], every["unrealised"]) == (60.0, 161.0, 179.0)
    assert every["realised"] == 0.0


@pytest.mark.usefixtures("market")
def test_a_transfer_is_a_flow_of_one_portfolio_at_market_or_at_cost_and_none_of_both(client: TestClient) -> None:
    # 15 that cost 161 are worth 15 x 12 = 180 on the day they move, and 15 x 20 = 300 at the end
    client.put(f"{API}/instruments/A/bars", json=[{"date": "2024-02-28", "close": 11}])
    here, there = portfolio(client), portfolio(client)
    record(client, here, buy("2023-01-02", 10, fee=1), buy("2023-06-01", 10, 12))
    moved(client, here, there, 15)
    window = {"start": "2024-02-29", "end": "2024-06-03"}

    def told(scope: str, **query: Any) -> dict[str, float]:
        answer = client.get(f"{API}/portfolios/{scope}/performance", params={**window, **query})
        assert answer.status_code == 200, answer.text
        return answer.json()["pnl_bridge"]

    for query, flow in (({}, 180.0), ({"transfers_at": "market"}, 180.0), ({"transfers_at": "booked"}, 161.0)):
        bridge = told(there, **query)
        assert [bridge[name] for name in ("flows", "price", "closing_value", "residual")] == pytest.approx([flow, 300 - flow, 300, 0], abs=1e-9)
    every = told("all")
    assert (every["flows"], abs(every["residual"]) < 1e-9) == (0.0, True)


@pytest.mark.usefixtures("market")
def test_voiding_one_leg_takes_both_and_undo_brings_both_back(client: TestClient) -> None:
    here, there = portfolio(client), portfolio(client)
    record(client, here, buy("2023-01-02", 10))
    out, into = moved(client, here, there, 4)
    revisions = [client.get(f"{API}/portfolios/{key}").json()["revision"] for key in (here, there)]
    path = f"{API}/portfolios/{there}/transactions/{into['id']}"
    assert client.delete(path, headers={"If-Match": '"1"'}).json()["voided"]
    assert client.get(f"{API}/portfolios/{here}/transactions/{out['id']}").json()["voided"]
    assert holdings(client, here)["holdings"][0]["quantity"] == 10
    assert [client.get(f"{API}/portfolios/{key}").json()["revision"] for key in (here, there)] == [each + 1 for each in revisions]
    assert not client.post(f"{path}/undo", headers={"If-Match": '"2"'}).json()["voided"]
    assert [holdings(client, key)["holdings"][0]["quantity"] for key in (here, there)] == [6, 4]


@pytest.mark.usefixtures("market")
def test_a_leg_is_not_corrected_alone(client: TestClient) -> None:
    here, there = portfolio(client), portfolio(client)
    record(client, here, buy("2023-01-02", 10))
    out, _ = moved(client, here, there, 4)
    path = f"{API}/portfolios/{here}/transactions/{out['id']}"
    told = client.patch(path, json={"quantity": 5, "version": 1})
    assert (told.status_code, told.json()["context"]["rule"], told.json()["context"]["field"]) == (422, "transfer_leg", "quantity")
    noted = client.patch(path, json={"note": "moved house", "version": 1}).json()
    assert (noted["note"], noted["transfer_id"]) == ("moved house", out["transfer_id"])


@pytest.mark.usefixtures("market")
def test_between_accounts_of_one_portfolio(client: TestClient) -> None:
    key = portfolio(client)
    record(client, key, buy("2023-01-02", 10, account="Old"), {"date": "2023-01-02", "kind": "DEPOSIT", "amount": 50, "account": "Old"})
    body = {"date": "2024-03-01", "account": "Old", "to_account": "New"}
    assert client.post(f"{API}/portfolios/{key}/transfers", json={**body, "symbol": "A", "quantity": 4}).status_code == 201
    assert client.post(f"{API}/portfolios/{key}/transfers", json={**body, "amount": 20}).status_code == 201
    lots = client.get(f"{API}/portfolios/{key}/holdings/A").json()["lots"]
    assert [(lot["account"], lot["opened"], lot["quantity"], lot["cost_base"]) for lot in lots] == [
        ("Old", "2023-01-02", 6.0, 60.0), ("New", "2023-01-02", 4.0, 40.0)]
    told = holdings(client, key)
    assert (told["totals"]["net_contributions"], told["cash"]["USD"]) == (50.0, -50.0)


@pytest.mark.usefixtures("market")
def test_named_lots_leave(client: TestClient) -> None:
    here, there = portfolio(client), portfolio(client)
    _, late = record(client, here, buy("2023-01-02", 10), buy("2023-06-01", 10, 12)).json()
    body = {"date": "2024-03-01", "symbol": "A", "quantity": 3, "to_portfolio": there, "lots": [{"id": late["id"], "quantity": 3}]}
    _, into = client.post(f"{API}/portfolios/{here}/transfers", json=body).json()
    assert [(lot["date"], lot["cost"]) for lot in into["lots"]] == [("2023-06-01", "36")]


@pytest.mark.usefixtures("market")
def test_a_target_in_another_currency_gets_the_rate_of_the_day_of_purchase(client: TestClient) -> None:
    # cost 100 USD; one dollar was 0.8 EUR when it was bought and is 0.9 when it moves
    client.put(f"{API}/fx/USDEUR", json=[{"date": "2023-01-02", "rate": 0.8}, {"date": "2024-03-01", "rate": 0.9}])
    here, there = portfolio(client), portfolio(client, base_currency="EUR")
    record(client, here, buy("2023-01-02", 10))
    _, into = moved(client, here, there, 10)
    assert into["lots"] == [{"date": "2023-01-02", "quantity": "10", "cost": "100", "fx_rate": "0.8"}]
    assert client.get(f"{API}/portfolios/{there}/holdings/A").json()["lots"][0]["cost_base"] == 80.0


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(("change", "field", "rule"), [
    ({"quantity": 11}, "quantity", None), ({"to_portfolio": None}, "to_account", "same_place"), ({"quantity": None}, "quantity", "required"),
    ({"symbol": "NOPE"}, "symbol", None), ({"date": "2999-01-01"}, "date", "future_date"), ({"colour": "red"}, "colour", "unknown_field"),
    ({"to_portfolio": "me"}, "to_portfolio", "not_a_uuid"), ({"quantity": -1}, "quantity", "negative")])
def test_a_transfer_that_cannot_be_says_why(client: TestClient, change: dict[str, Any], field: str, rule: str | None) -> None:
    here, there = portfolio(client), portfolio(client)
    record(client, here, buy("2023-01-02", 10))
    body = {"date": "2024-03-01", "symbol": "A", "quantity": 4, "to_portfolio": there, **change}
    told = client.post(f"{API}/portfolios/{here}/transfers", json={name: value for name, value in body.items() if value is not None})
    assert told.status_code == 422, told.text
    assert (told.json()["context"]["field"], told.json()["context"].get("rule")) == (field, rule)
    assert told.json()["context"]["hint"]
    assert client.get(f"{API}/portfolios/{there}/transactions").json() == []


@pytest.mark.usefixtures("market")
def test_more_than_the_account_holds_says_where_the_rest_is(client: TestClient) -> None:
    here, there = portfolio(client), portfolio(client)
    record(client, here, buy("2023-01-02", 10, account="Bank"), buy("2023-01-03", 5, account="Broker"))
    body = {"date": "2024-03-01", "symbol": "A", "quantity": 8, "account": "Broker", "to_portfolio": there}
    told = client.post(f"{API}/portfolios/{here}/transfers", json=body).json()
    assert told["context"] | {"held": 5, "hint": "Transfer at most 5; 10 in Bank: name that account"} == told["context"]


@pytest.mark.usefixtures("market")
def test_the_same_key_moves_once(client: TestClient) -> None:
    here, there = portfolio(client), portfolio(client)
    record(client, here, buy("2023-01-02", 10))
    body = {"date": "2024-03-01", "symbol": "A", "quantity": 4, "to_portfolio": there}
    answers = [client.post(f"{API}/portfolios/{here}/transfers", json=body, headers={"Idempotency-Key": "once"}).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert holdings(client, here)["holdings"][0]["quantity"] == 6


@pytest.mark.usefixtures("market")
def test_a_dividend_reinvested_is_income_and_cost(client: TestClient) -> None:
    # 20 gross, 3 withheld, 17 buy 1.7 shares: income 20, taxes 3, cost 100 + 17, no cash moved
    key = portfolio(client)
    record(client, key, {"date": "2023-01-01", "kind": "DEPOSIT", "amount": 100}, buy("2023-01-02", 10))
    body = {"date": "2024-03-01", "symbol": "A", "amount": "20", "tax": 3, "quantity": "1.7", "external_id": "x"}
    made = client.post(f"{API}/portfolios/{key}/reinvestments", json=body)
    assert [each["kind"] for each in made.json()] == ["DIVIDEND", "BUY"]
    totals = holdings(client, key, as_of="2024-03-01")["totals"]
    assert [totals[name] for name in ("income", "taxes", "cost_basis", "cash")] == pytest.approx([20.0, 3.0, 117.0, 0.0], abs=1e-9)
    assert client.post(f"{API}/portfolios/{key}/reinvestments", json={**body, "tax": 20}).json()["context"]["rule"] == "zero"
    assert client.post(f"{API}/portfolios/{key}/reinvestments", json={"date": "2024-03-01"}).json()["context"]["error_count"] == 3


# ------------------------------------------------------------------------------------------------------------------------- as it was known


@pytest.mark.usefixtures("market")
def test_everything_is_read_as_it_was_known(client: TestClient) -> None:
    key = portfolio(client)
    bought = record(client, key, buy("2024-01-02", 10)).json()
    path = f"{API}/portfolios/{key}/transactions/{bought['id']}"
    changed = client.patch(path, json={"quantity": 12, "version": 1}).json()
    before = (datetime.fromisoformat(changed["recorded_at"]) - timedelta(microseconds=1)).isoformat()
    told = {"known_at": before}
    assert client.get(path, params=told).json()["quantity"] == "10"
    assert len(client.get(f"{path}/history", params=told).json()) == 1
    assert client.get(f"{API}/portfolios/{key}/transactions", params=told).json()[0]["quantity"] == "10"
    assert holdings(client, key, **told)["holdings"][0]["quantity"] == 10
    detail = client.get(f"{API}/portfolios/{key}/holdings/A", params=told).json()
    assert (detail["lots"][0]["quantity"], detail["transactions"][0]["quantity"]) == (10.0, "10")
    assert holdings(client, key)["holdings"][0]["quantity"] == 12
    assert client.get(path, params={"known_at": "2020-01-01"}).status_code == 404
    today = datetime.now(UTC).date().isoformat()
    assert holdings(client, key, known_at=today)["holdings"][0]["quantity"] == 12


@pytest.mark.parametrize("when", ["2999-01-01T00:00:00Z", "2999-01-01", "yesterday", "2024-13-01"])
@pytest.mark.parametrize("what", ["holdings", "transactions", "holdings/A"])
def test_an_instant_that_nobody_can_know_is_refused(client: TestClient, when: str, what: str) -> None:
    key = portfolio(client)
    client.put(f"{API}/instruments/A", json={})
    told = client.get(f"{API}/portfolios/{key}/{what}", params={"known_at": when})
    assert told.status_code == 422
    assert told.json()["context"]["field"] == "known_at"
    assert told.json()["context"]["hint"]


def test_the_table_of_kinds_is_told(client: TestClient) -> None:
    told = {each["kind"]: each for each in client.get(f"{API}/kinds").json()}
    assert told["DIVIDEND"]["effect"]["income"] == "+ amount, gross"
    assert told["BUY"]["needs"] == ["symbol", "quantity"]
    assert told["TRANSFER"]["makes"] == ["TRANSFER_OUT", "TRANSFER_IN"]
    assert len(told) == 19


# ------------------------------------------------------------------------------------------------------------------------------ rates


@pytest.mark.usefixtures("market")
def test_a_rate_older_than_five_days_is_used_and_told(client: TestClient) -> None:
    """ECB gaps are filled forward: Easter is nothing, a week is a finding, at booking and at valuation alike."""
    client.put(f"{API}/fx/EURUSD", json=[{"date": "2024-03-27", "rate": 1.25}])
    client.put(f"{API}/instruments/E/bars", json=[{"date": "2024-04-01", "close": 10}, {"date": "2024-04-03", "close": 10}])
    key = portfolio(client)
    bought = {"date": "2024-04-01", "kind": "BUY", "symbol": "E", "quantity": 4, "price": 10}
    record(client, key, bought)
    told = holdings(client, key, as_of="2024-04-01")
    assert told["findings"] == []
    assert told["totals"]["market_value"] == 50.0
    late = holdings(client, key, as_of="2024-04-03")
    assert [(each["code"], each["context"]["date"], each["context"]["days"]) for each in late["findings"]] == [("stale_rate", "2024-03-27", 7)]
    assert late["totals"]["market_value"] == 50.0
    record(client, key, bought | {"date": "2024-04-03"})
    booked = holdings(client, key, as_of="2024-04-03")["findings"]
    assert [each["code"] for each in booked] == ["stale_rate", "stale_rate"]
    assert booked[0]["context"] | {"rate_date": "2024-03-27", "age_days": 7, "first": "2024-04-03"} == booked[0]["context"]


@pytest.mark.usefixtures("market")
def test_a_rate_of_its_own_is_never_old(client: TestClient) -> None:
    client.put(f"{API}/fx/EURUSD", json=[{"date": "2024-01-02", "rate": 1.25}, {"date": "2024-04-03", "rate": 1.25}])
    client.put(f"{API}/instruments/E/bars", json=[{"date": "2024-04-02", "close": 10}, {"date": "2024-04-03", "close": 10}])
    key = portfolio(client)
    record(client, key, {"date": "2024-04-01", "kind": "BUY", "symbol": "E", "quantity": 4, "price": 10, "fx_rate": 1.2})
    told = holdings(client, key, as_of="2024-04-03")
    assert told["findings"] == []
    assert told["holdings"][0]["cost_basis"] == 48.0


# ---------------------------------------------------------------------------------------------------------------------------- symbols


@pytest.mark.usefixtures("market")
def test_a_renamed_instrument_keeps_prices_and_history(client: TestClient) -> None:
    key = portfolio(client, benchmark="A")
    bought = record(client, key, buy("2024-01-02", 10)).json()
    renamed = client.patch(f"{API}/instruments/A", json={"symbol": "new.a", "version": 1})
    assert (renamed.status_code, renamed.json()["symbol"], renamed.json()["version"]) == (200, "NEW.A", 2)
    told = holdings(client, key, as_of="2024-06-03")
    assert [(each["symbol"], each["market_value"]) for each in told["holdings"]] == [("NEW.A", 200.0)]
    assert client.get(f"{API}/portfolios/{key}").json()["benchmark"] == "NEW.A"
    before = {"known_at": bought["recorded_at"], "as_of": "2024-06-03"}
    assert [(each["symbol"], each["market_value"]) for each in holdings(client, key, **before)["holdings"]] == [("A", 200.0)]
    versions = client.get(f"{API}/portfolios/{key}/transactions/{bought['id']}/history").json()
    assert [each["symbol"] for each in versions] == ["A", "NEW.A"]
    assert client.patch(f"{API}/instruments/NEW.A", json={"symbol": "A"}).json()["symbol"] == "A"


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(("body", "status", "code"), [
    ({"symbol": "E"}, 409, "conflict"), ({"symbol": "A"}, 409, "conflict"), ({"symbol": "  "}, 422, "invalid_input"), ({}, 422, "invalid_input"),
    ({"symbol": "B", "version": 7}, 409, "conflict"), ({"symbol": "B", "name": "Bee"}, 422, "invalid_input")])
def test_a_rename_that_cannot_be_says_why(client: TestClient, body: dict[str, Any], status: int, code: str) -> None:
    told = client.patch(f"{API}/instruments/A", json=body)
    assert (told.status_code, told.json()["code"]) == (status, code)
    assert told.json()["context"]["hint"]
    assert client.get(f"{API}/instruments/A").status_code == 200


@pytest.mark.usefixtures("market")
def test_a_split_of_a_short_is_no_sale(client: TestClient) -> None:
    key = portfolio(client)
    record(client, key, sell("2024-02-01", 5))
    client.patch(f"{API}/portfolios/{key}", json={"oversell": "error", "version": 1})
    assert record(client, key, {"date": "2024-02-02", "kind": "SPLIT", "symbol": "A", "ratio": 2}).status_code == 201
    assert holdings(client, key)["holdings"][0]["quantity"] == -10
