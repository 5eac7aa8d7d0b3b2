"""The audit log over REST: every write field by field, and the way back from each."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

Client = TestClient
BUY = {"date": "2024-01-02", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "400", "currency": "USD"}


def log(client: Client, **asked: object) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/audit", params={name: str(value) for name, value in asked.items()})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def undo(client: Client, entry: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/audit/{entry['id']}/undo")


def recorded(client: Client, portfolio: str, **changes: object) -> dict[str, Any]:
    found: dict[str, Any] = client.post(f"{portfolio}/transactions", json={**BUY, **changes}).json()
    return found


def changes(entry: dict[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    return {each["field"]: (each["before"], each["after"]) for each in entry["changes"]}


def test_a_correction_is_told_field_by_field_and_taken_back(client: Client, portfolio: str) -> None:
    entry = recorded(client, portfolio)
    answer = client.patch(f"{portfolio}/transactions/{entry['id']}", json={"quantity": "12", "note": "asked", "version": 1},
                          headers={"X-Request-Id": "mine-1"})
    assert answer.status_code == 200
    told = log(client, entity_id=entry["id"])
    assert [each["title"] for each in told] == ["Corrected BUY 12 AAPL", "Recorded BUY 10 AAPL"]
    assert changes(told[0]) == {"quantity": ("10", "12"), "note": (None, "asked")}
    assert (told[0]["request_id"], told[0]["actor"], told[0]["portfolio"], told[0]["can_undo"]) == ("mine-1", "tester", "Test", True)
    assert changes(told[1])["price"] == (None, "400")
    assert not told[1]["can_undo"], "it was corrected since"
    assert undo(client, told[0]).status_code == 200
    now = client.get(f"{portfolio}/transactions/{entry['id']}").json()
    assert (now["quantity"], now["note"], now["version"]) == ("10", None, 3)
    assert [each["action"] for each in log(client, entity_id=entry["id"])] == ["undo", "correct", "record"]


def test_what_moved_on_is_a_conflict_with_both_versions(client: Client, portfolio: str) -> None:
    entry = recorded(client, portfolio)
    client.patch(f"{portfolio}/transactions/{entry['id']}", json={"quantity": "12", "version": 1})
    answer = undo(client, log(client, action="record")[0])
    assert answer.status_code == 409
    context = answer.json()["context"]
    assert (context["read"]["quantity"], context["current"]["quantity"]) == ("10", "12")
    assert (context["expected_version"], context["found_version"]) == (1, 2)


def test_a_change_is_taken_back_once(client: Client, portfolio: str) -> None:
    recorded(client, portfolio)
    first = log(client, action="record")[0]
    assert undo(client, first).status_code == 200
    answer = undo(client, first)
    assert (answer.status_code, "undone_by" in answer.json()["context"]) == (409, True)
    told = client.get(f"/api/v1/audit/{first['id']}").json()
    assert told["undone_by"]
    assert not told["can_undo"]


def test_a_batch_is_taken_back_as_one(client: Client, portfolio: str) -> None:
    rows = [{**BUY, "quantity": str(number)} for number in range(1, 31)]
    assert client.post(f"{portfolio}/transactions", json=rows).status_code == 201
    entry = log(client, entity="transaction")[0]
    assert (entry["title"], entry["row_count"], len(entry["rows"])) == ("Recorded 30 transactions", 30, 20)
    assert len(client.get(f"/api/v1/audit/{entry['id']}").json()["rows"]) == 30
    assert undo(client, entry).status_code == 200
    assert client.get(f"{portfolio}/transactions").json() == []


def test_a_batch_with_one_row_corrected_since_stays_whole(client: Client, portfolio: str) -> None:
    rows = client.post(f"{portfolio}/transactions", json=[BUY, {**BUY, "quantity": "5"}]).json()
    client.patch(f"{portfolio}/transactions/{rows[0]['id']}", json={"quantity": "11", "version": 1})
    assert undo(client, log(client, action="record")[0]).status_code == 409
    assert [row["quantity"] for row in client.get(f"{portfolio}/transactions").json()] == ["11", "5"]


def test_a_void_and_its_undo(client: Client, portfolio: str) -> None:
    entry = recorded(client, portfolio)
    client.delete(f"{portfolio}/transactions/{entry['id']}", headers={"If-Match": '"1"'})
    told = log(client, action="void")[0]
    assert (told["title"], told["rows"][0]["action"], changes(told)) == ("Voided BUY 10 AAPL", "void", {"voided": ("no", "yes")})
    assert undo(client, told).status_code == 200
    assert client.get(f"{portfolio}/transactions/{entry['id']}").json()["voided"] is False


def test_a_portfolio_is_changed_removed_and_brought_back(client: Client, portfolio: str) -> None:
    client.patch(portfolio, json={"name": "Later", "version": 1})
    told = log(client, entity="portfolio", action="change")[0]
    assert changes(told) == {"name": ("Test", "Later")}
    assert undo(client, told).status_code == 200
    assert client.get(portfolio).json()["name"] == "Test"
    version = client.get(portfolio).json()["version"]
    assert client.delete(portfolio, headers={"If-Match": f'"{version}"'}).status_code == 204
    assert client.get(portfolio).status_code == 404
    assert undo(client, log(client, action="remove")[0]).status_code == 200
    assert client.get(portfolio).json()["name"] == "Test"


def test_a_portfolio_changed_since_keeps_what_came_later(client: Client, portfolio: str) -> None:
    client.patch(portfolio, json={"name": "Later", "version": 1})
    first = log(client, entity="portfolio", action="change")[0]
    client.patch(portfolio, json={"name": "Latest", "version": 2})
    answer = undo(client, first)
    assert (answer.status_code, answer.json()["context"]["current"]["name"]) == (409, "Latest")


def test_a_new_portfolio_with_transactions_stays(client: Client, portfolio: str) -> None:
    recorded(client, portfolio)
    made = log(client, entity="portfolio", action="create")[0]
    assert undo(client, made).status_code == 409
    assert undo(client, log(client, action="record")[0]).status_code == 200
    assert undo(client, made).status_code == 200
    assert client.get(portfolio).status_code == 404


def test_an_instrument_goes_back_and_a_used_one_stays(client: Client, portfolio: str) -> None:
    client.put("/api/v1/instruments/AAPL", json={"sector": "Technology"})
    told = log(client, entity="instrument")[0]
    assert changes(told) == {"sector": (None, "Technology")}
    assert undo(client, told).status_code == 200
    assert client.get("/api/v1/instruments/AAPL").json()["sector"] is None
    recorded(client, portfolio)
    client.put("/api/v1/instruments/MSFT", json={"name": "Microsoft"})
    assert undo(client, log(client, entity="instrument")[0]).status_code == 200
    assert client.get("/api/v1/instruments/MSFT").status_code == 404
    recorded(client, portfolio, quantity="3")
    made = log(client, entity="instrument")[-1]
    assert undo(client, made).status_code == 409


def test_prices_go_back_to_what_they_replaced(client: Client, portfolio: str) -> None:
    recorded(client, portfolio)
    path = "/api/v1/instruments/AAPL/bars"
    client.put(path, json=[{"date": "2024-01-02", "close": 400}])
    client.put(path, json=[{"date": "2024-01-02", "close": 4}, {"date": "2024-01-03", "close": 5}])
    told = log(client, entity="bars")
    assert told[0]["title"] == "Put 2 prices of AAPL"
    assert undo(client, told[1]).status_code == 409
    assert undo(client, told[0]).status_code == 200
    assert [(bar["date"], bar["close"]) for bar in client.get(path).json()] == [("2024-01-02", "400")]


def test_rates_and_actions_go_back(client: Client, portfolio: str) -> None:
    assert portfolio
    client.put("/api/v1/fx/EURUSD", json=[{"date": "2024-01-02", "rate": 1.1}])
    client.put("/api/v1/instruments/AAPL/actions", json=[{"date": "2024-01-02", "kind": "split", "ratio": 4}])
    assert undo(client, log(client, entity="actions")[0]).status_code == 200
    assert undo(client, log(client, entity="fx")[0]).status_code == 200
    assert client.get("/api/v1/instruments/AAPL/actions").json() == []
    assert client.get("/api/v1/fx/EURUSD").json() == []


def test_pages_follow_each_other_and_filters_narrow(client: Client, portfolio: str) -> None:
    for number in range(1, 8):
        recorded(client, portfolio, quantity=str(number))
    seen, after = [], None
    while True:
        answer = client.get("/api/v1/audit", params={"entity": "transaction", "limit": 3, **({"after": after} if after else {})})
        seen += [each["title"] for each in answer.json()]
        after = answer.headers.get("X-Next-After")
        if after is None:
            break
    assert seen == [f"Recorded BUY {number} AAPL" for number in range(7, 0, -1)]
    key = portfolio.rsplit("/", 1)[1]
    assert {each["entity"] for each in log(client, portfolio=key)} == {"transaction", "portfolio"}
    assert log(client, start="2100-01-01") == []
    assert log(client, end="2000-01-01") == []
    assert len(log(client, entity="transaction", actor=log(client)[0]["actor_id"])) == 7


def test_bad_filters_name_their_field(client: Client) -> None:
    for asked, field in (({"actor": "me"}, "actor"), ({"start": "soon"}, "start"), ({"start": "2024-02-01", "end": "2024-01-01"}, "end")):
        answer = client.get("/api/v1/audit", params=asked)
        assert (answer.status_code, answer.json()["context"]["field"]) == (422, field)
    assert client.post("/api/v1/audit/0190c0de-0000-7000-8000-000000000001/undo").status_code == 404


def test_a_transfer_is_taken_back_in_both_portfolios(client: Client, portfolio: str) -> None:
    recorded(client, portfolio)
    other = client.post("/api/v1/portfolios", json={"name": "Other"}).json()["id"]
    moved = client.post(f"{portfolio}/transfers", json={"date": "2024-02-01", "symbol": "AAPL", "quantity": "4", "to_portfolio": other})
    assert moved.status_code == 201, moved.text
    told = log(client, action="transfer")[0]
    assert undo(client, told).status_code == 200
    held = [client.get(f"{path}/holdings").json()["holdings"] for path in (portfolio, f"/api/v1/portfolios/{other}")]
    assert [[row["quantity"] for row in rows] for rows in held] == [[10.0], []]
    assert undo(client, log(client, action="undo")[0]).status_code == 200
    assert client.get(f"/api/v1/portfolios/{other}/holdings").json()["holdings"][0]["quantity"] == 4.0


def test_an_import_is_taken_back(client: Client, portfolio: str) -> None:
    text = "date,kind,symbol,quantity,price,currency\n2024-01-02,BUY,AAPL,10,400,USD\n2024-01-03,BUY,AAPL,5,401,USD\n"
    sent = client.post(f"{portfolio}/imports", files={"file": ("trades.csv", text.encode(), "text/csv")})
    assert sent.status_code == 201, sent.text
    told = log(client, entity="import_run", action="import")[0]
    assert (told["title"], told["portfolio"], told["can_undo"]) == ("Imported 2 transactions of trades.csv", "Test", True)
    assert undo(client, told).status_code == 200
    assert client.get(f"{portfolio}/transactions").json() == []
    assert client.get(f"/api/v1/audit/{told['id']}").json()["undone_by"]


def test_an_undo_that_the_portfolio_refuses_changes_nothing(client: Client, portfolio: str) -> None:
    version = client.get(portfolio).json()["version"]
    assert client.patch(portfolio, json={"oversell": "error", "version": version}).status_code == 200
    recorded(client, portfolio)
    sold = recorded(client, portfolio, kind="SELL", date="2024-02-01")
    answer = undo(client, log(client, action="record")[1])
    assert (answer.status_code, answer.json()["code"]) == (422, "oversold_position")
    assert sold["id"] in answer.text
    assert len(client.get(f"{portfolio}/transactions").json()) == 2


def order(client: Client, portfolio: str) -> list[str]:
    return [each["quantity"] for each in client.get(f"{portfolio}/transactions").json()]


def test_another_order_of_a_day_is_one_change_and_goes_back_as_one(client: Client, portfolio: str) -> None:
    ids = [recorded(client, portfolio, quantity=str(place))["id"] for place in (1, 2, 3)]
    sent = {"date": BUY["date"], "ids": [ids[2], ids[1], ids[0]]}
    assert client.put(f"{portfolio}/transactions/order", json=sent).status_code == 200
    assert order(client, portfolio) == ["3", "2", "1"]
    entry = log(client, action="reorder")
    assert [(each["title"], each["row_count"], each["can_undo"]) for each in entry] == [("Reordered 2 transactions", 2, True)]
    assert undo(client, entry[0]).status_code == 200
    assert order(client, portfolio) == ["1", "2", "3"]
    back = log(client, action="undo")[0]
    assert undo(client, back).status_code == 200
    assert order(client, portfolio) == ["3", "2", "1"]
    assert client.put(f"{portfolio}/transactions/order", json=sent).status_code == 200
    assert len(log(client, action="reorder")) == 1, "the same order again is no change"
