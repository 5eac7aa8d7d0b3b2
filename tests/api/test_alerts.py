"""`/alerts` over HTTP: rules, trials on hand-worked history, events, channels; and what is refused, with field and hint."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from data.alert_records import StoredEvent
from data.ids import uuid7
from engine.types import Actor
from services import Services

ALERTS = "/api/v1/alerts"
PRICE = {"measure": "price", "symbol": "AAPL", "direction": "below", "threshold": "150", "note": "Buy more"}
CLOSES = {"2021-12-31": 160, "2022-01-03": 149, "2022-01-04": 148, "2022-01-05": 155, "2022-01-06": 150, "2022-01-07": 151, "2023-01-03": 149}


@pytest.fixture
def rule(client: TestClient, portfolio: str) -> dict[str, Any]:
    del portfolio
    answer = client.post(ALERTS, json=PRICE)
    assert answer.status_code == 201, answer.text
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Location"] == f"{ALERTS}/{answer.json()['id']}"
    return dict(answer.json())


def fired(services: Services, actor: Actor, rule_id: str, value: float) -> str:
    event = StoredEvent(uuid7(), actor.workspace_id, actor.user_id, UUID(rule_id), value, "AAPL", "AAPL.", {"symbol": "AAPL"}, datetime.now(UTC))
    with services.database.begin() as unit:
        unit.alerts.add_events([event])
    return str(event.id)


def test_a_rule_is_made_read_changed_removed_and_brought_back(client: TestClient, rule: dict[str, Any]) -> None:
    assert (rule["title"], rule["unit"], rule["scope"], rule["state"]) == ("AAPL price at or below 150 USD", "USD", "all", "new")
    assert (rule["threshold"], rule["cool_down_seconds"], rule["active"], rule["margin"]) == ("150", 0, True, None)
    path = f"{ALERTS}/{rule['id']}"
    assert client.get(path).json() == rule
    changed = client.patch(path, json={"threshold": 145.5, "active": False}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["threshold"], changed.json()["state"], changed.json()["version"]) == ("145.5", "off", 2)
    assert changed.json()["note"] == "Buy more", "what is not sent stays"
    assert client.patch(path, json={"note": None, "version": 2}).json()["note"] is None
    stale = client.patch(path, json={"threshold": 1}, headers={"If-Match": '"2"'})
    assert (stale.status_code, stale.json()["context"]["found_version"]) == (409, 3)
    assert client.patch(path, json={"threshold": 1}).status_code == 428
    assert client.delete(path, headers={"If-Match": '"3"'}).status_code == 204
    assert client.get(path).status_code == 404
    assert client.get(ALERTS).json() == []
    assert client.post(f"{path}/undo").json()["title"] == "AAPL price at or below 145.5 USD"
    assert client.post(f"{path}/undo").json() is None, "an undo is undone by the next"
    assert client.post(f"{path}/undo").json()["active"] is False


def test_a_change_is_taken_back_and_the_making_too(client: TestClient, rule: dict[str, Any]) -> None:
    path = f"{ALERTS}/{rule['id']}"
    client.patch(path, json={"measure": "move", "threshold": "0.05", "version": 1})
    moved = client.get(path).json()
    assert (moved["direction"], moved["days"], moved["title"]) == ("either", 1, "AAPL moves 5\u202f% or more in a day")
    back = client.post(f"{path}/undo").json()
    assert (back["measure"], back["threshold"], back["direction"], back["days"]) == ("price", "150", "below", None)
    other = client.post(ALERTS, json=PRICE).json()
    assert client.post(f"{ALERTS}/{other['id']}/undo").json() is None
    assert client.get(f"{ALERTS}/{other['id']}").status_code == 404


def test_the_history_tells_it_and_takes_it_back(client: TestClient, rule: dict[str, Any]) -> None:
    path = f"{ALERTS}/{rule['id']}"
    client.patch(path, json={"threshold": "140", "version": 1})
    client.delete(path, headers={"If-Match": "2"})
    entries = client.get("/api/v1/audit", params={"entity": "alert"}).json()
    assert [entry["action"] for entry in entries] == ["remove", "change", "create"]
    assert entries[0]["title"] == "Removed alert AAPL price at or below 140 USD"
    assert [(each["before"], each["after"]) for each in entries[1]["changes"] if each["field"] == "threshold"] == [("150", "140")]
    assert client.post(f"/api/v1/audit/{entries[0]['id']}/undo").status_code == 200
    assert client.get(path).json()["threshold"] == "140"


def test_the_same_key_makes_one_rule(client: TestClient, portfolio: str) -> None:
    del portfolio
    first, second = (client.post(ALERTS, json=PRICE, headers={"Idempotency-Key": "one"}).json() for _ in range(2))
    assert first == second
    assert len(client.get(ALERTS).json()) == 1


def test_lists_are_walked_by_key(client: TestClient, portfolio: str) -> None:
    del portfolio
    made = [client.post(ALERTS, json={**PRICE, "threshold": str(150 + number)}).json()["id"] for number in range(5)]
    page = client.get(ALERTS, params={"limit": 2})
    assert [each["id"] for each in page.json()] == made[:2]
    rest = client.get(ALERTS, params={"limit": 10, "after": page.headers["X-Next-After"]})
    assert [each["id"] for each in rest.json()] == made[2:]
    assert "X-Next-After" not in rest.headers


@pytest.mark.parametrize(("body", "field", "code"), [
    ({**PRICE, "threshold": "NaN"}, "threshold", "not_finite"),
    ({**PRICE, "threshold": "1e400"}, "threshold", None),
    ({**PRICE, "threshold": "-5"}, "threshold", "out_of_range"),
    ({**PRICE, "threshold": None}, "threshold", "required"),
    ({**PRICE, "symbol": None}, "symbol", "required"),
    ({**PRICE, "symbol": "NOPE"}, "symbol", None),
    ({**PRICE, "symbol": "../../x"}, "symbol", None),
    ({**PRICE, "measure": "mood"}, "measure", None),
    ({**PRICE, "direction": "either"}, "direction", "not_of_measure"),
    ({**PRICE, "direction": "sideways"}, "direction", None),
    ({**PRICE, "days": 3}, "days", "not_of_measure"),
    ({**PRICE, "cool_down_seconds": -1}, "cool_down_seconds", None),
    ({**PRICE, "cool_down_seconds": 1.5}, "cool_down_seconds", "out_of_range"),
    ({**PRICE, "margin": "-1"}, "margin", "negative"),
    ({**PRICE, "active": "yes"}, "active", "not_a_flag"),
    ({**PRICE, "note": "x" * 501}, "note", "too_long"),
    ({**PRICE, "channels": ["0190c0de-0000-7000-8000-000000000001"]}, "channels", None),
    ({**PRICE, "channels": "all"}, "channels", None),
    ({**PRICE, "owner_id": "0190c0de-0000-7000-8000-000000000001"}, "owner_id", None),
    ({"measure": "move", "symbol": "AAPL", "threshold": "-0.05"}, "threshold", "out_of_range"),
    ({"measure": "move", "threshold": 5, "days": 0}, "days", None),
    ({"measure": "drawdown", "threshold": "0.1"}, "threshold", "out_of_range"),
    ({"measure": "drawdown", "threshold": "-10"}, "threshold", "out_of_range"),
    ({"measure": "var", "threshold": "3"}, "threshold", "out_of_range"),
    ({"measure": "var", "threshold": "0.03", "level": 95}, "level", "out_of_range"),
    ({"measure": "weight", "threshold": "0.25"}, "symbol", "required"),
    ({"measure": "finding", "threshold": "1.5"}, "threshold", "not_whole"),
    ({"measure": "finding", "threshold": "1", "code": "bad_mood"}, "code", None),
    ({"measure": "value", "threshold": "1", "scope": "0190c0de-0000-7000-8000-000000000001"}, "scope", None),
    ({"measure": "value", "threshold": "1", "scope": "mine"}, "scope", "not_a_uuid"),
    ([], "body", None),
])
def test_what_cannot_be_is_refused_with_field_and_hint(client: TestClient, portfolio: str, body: Any, field: str, code: str | None) -> None:
    del portfolio
    for path in (ALERTS, f"{ALERTS}/try"):
        answer = client.post(path, json=body)
        if path.endswith("/try") and field == "channels" and isinstance(body["channels"], list):
            continue  # nobody is told of a trial
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        context = answer.json()["context"]
        assert context["field"] == field
        assert context["hint"]
        assert code in {None, context.get("rule")}
    assert client.get(ALERTS).json() == []


def test_several_things_wrong_are_told_together(client: TestClient, portfolio: str) -> None:
    del portfolio
    answer = client.post(ALERTS, json={"measure": "price", "threshold": "-1", "days": 2}).json()
    assert {each["field"] for each in answer["context"]["errors"]} == {"symbol", "days", "threshold"}
    assert client.post(ALERTS, content=b"{", headers={"content-type": "application/json"}).status_code == 400


def test_a_trial_by_hand(client: TestClient, portfolio: str) -> None:
    """At or below 150, armed again above 150.15: 149 fires on the 3rd, 150 on the 6th after 155, and 149 in 2023 after 151."""
    del portfolio
    bars = [{"date": day, "close": close} for day, close in CLOSES.items()]
    assert client.put("/api/v1/instruments/AAPL/bars", json=bars).status_code == 200
    told = client.post(f"{ALERTS}/try", json=PRICE).json()
    assert [(each["date"], each["value"]) for each in told["firings"]] == [("2022-01-03", 149), ("2022-01-06", 150), ("2023-01-03", 149)]
    assert told["years"] == {"2022": 2, "2023": 1}
    assert told["sentence"] == "Would have fired 3 times between 2021 and 2023: 2 in 2022, 1 in 2023."
    assert (told["days"], told["count"], told["last"], told["beyond"], told["reason"]) == (7, 3, 149, True, None)
    year = client.post(f"{ALERTS}/try", json=PRICE, params={"start": "2022-01-01", "end": "2022-12-31"}).json()
    assert [each["date"] for each in year["firings"]] == ["2022-01-06"], "what is beyond on the first day has not crossed"
    assert year["sentence"] == "Would have fired once in 2022."
    assert client.get(ALERTS).json() == [], "nothing is kept"
    weekly = client.post(f"{ALERTS}/try", json={**PRICE, "cool_down_seconds": 7 * 86400}).json()
    assert [each["date"] for each in weekly["firings"]] == ["2022-01-03", "2023-01-03"]


def test_a_stored_rule_is_tried_by_the_same_way(client: TestClient, rule: dict[str, Any]) -> None:
    client.put("/api/v1/instruments/AAPL/bars", json=[{"date": day, "close": close} for day, close in CLOSES.items()])
    stored = client.post(f"{ALERTS}/{rule['id']}/try")
    assert stored.status_code == 200
    assert stored.json() == client.post(f"{ALERTS}/try", json=PRICE).json()
    assert client.post(f"{ALERTS}/{rule['id']}/try", params={"start": "2023-01-01", "end": "2022-01-01"}).status_code == 422


def test_a_split_is_no_fall_on_history(client: TestClient, portfolio: str) -> None:
    del portfolio
    bars = [{"date": day, "close": close} for day, close in (("2014-06-05", "647.35"), ("2014-06-06", "645.57"), ("2014-06-09", "93.70"))]
    client.put("/api/v1/instruments/AAPL/bars", json=bars)
    body = {"measure": "move", "symbol": "AAPL", "direction": "below", "threshold": "-0.5"}
    assert client.post(f"{ALERTS}/try", json=body).json()["count"] == 1
    client.put("/api/v1/instruments/AAPL/actions", json=[{"date": "2014-06-09", "kind": "split", "ratio": 7}])
    assert client.post(f"{ALERTS}/try", json=body).json()["count"] == 0


def test_scopes_are_tried_on_values_and_growth(client: TestClient, portfolio: str) -> None:
    """1,000 deposited, 10 AAPL at 100: worth 1,000, then 900, 1,100 and, with 5,000 more deposited, 6,050; growth falls by a tenth, never more."""
    closes = (("2022-01-03", 100), ("2022-01-04", 90), ("2022-01-05", 110), ("2022-01-06", 105))
    client.put("/api/v1/instruments/AAPL/bars", json=[{"date": day, "close": close} for day, close in closes])
    drafts = [{"date": "2022-01-03", "kind": "DEPOSIT", "amount": "1000", "currency": "USD"},
              {"date": "2022-01-03", "kind": "BUY", "symbol": "AAPL", "quantity": "10", "price": "100"},
              {"date": "2022-01-06", "kind": "DEPOSIT", "amount": "5000", "currency": "USD"}]
    assert client.post(f"{portfolio}/transactions", json=drafts).status_code in {200, 201}
    scope, window = portfolio.rpartition("/")[2], {"start": "2022-01-03", "end": "2022-01-07"}

    def days(**body: str) -> dict[str, float]:
        told = client.post(f"{ALERTS}/try", json={"scope": scope, "cool_down_seconds": 0, **body}, params=window).json()
        return {each["date"]: round(each["value"], 6) for each in told["firings"]}

    assert days(measure="value", direction="below", threshold="950") == {"2022-01-04": 900}
    assert days(measure="value", direction="above", threshold="6000") == {"2022-01-06": 6050}
    assert days(measure="drawdown", threshold="-0.1") == {"2022-01-04": -0.1}
    assert days(measure="move", threshold="0.2") == {"2022-01-05": round(110 / 90 - 1, 6)}, "a deposit is no move"
    assert days(measure="weight", symbol="AAPL", direction="below", threshold="0.5") == {"2022-01-06": round(1050 / 6050, 6)}


def test_what_has_no_history_says_so(client: TestClient, portfolio: str) -> None:
    del portfolio
    finding = client.post(f"{ALERTS}/try", json={"measure": "finding", "threshold": 1}).json()
    assert (finding["count"], finding["beyond"]) == (0, None)
    assert "No history of findings" in finding["reason"]
    assert "no history" in client.post(f"{ALERTS}/try", json=PRICE).json()["reason"]


def test_events_are_listed_by_key_and_acknowledged(client: TestClient, rule: dict[str, Any], services: Services, actor: Actor) -> None:
    made = [fired(services, actor, rule["id"], float(number)) for number in range(5)]
    page = client.get(f"{ALERTS}/events", params={"limit": 2})
    assert [each["id"] for each in page.json()] == made[:-3:-1], "the newest first"
    assert page.headers["X-Unread"] == "5"
    rest = client.get(f"{ALERTS}/events", params={"after": page.headers["X-Next-After"]}).json()
    assert [each["id"] for each in rest] == made[2::-1]
    assert client.post(f"{ALERTS}/events/acknowledge", json={"ids": made[:2]}).json() == {"unread": 3}
    unread = client.get(f"{ALERTS}/events", params={"unread": True, "rule": rule["id"]}).json()
    assert [each["id"] for each in unread] == made[:1:-1]
    assert client.post(f"{ALERTS}/events/acknowledge").json() == {"unread": 0}
    assert client.post(f"{ALERTS}/events/acknowledge", json={"ids": made}).json() == {"unread": 0}
    assert client.post(f"{ALERTS}/events/acknowledge", json={"ids": ["x"]}).status_code == 422
    unknown = client.post(f"{ALERTS}/events/acknowledge", json={"ids": ["0190c0de-0000-7000-8000-000000000001"]})
    assert unknown.status_code == 404


def test_nothing_of_another_workspace_is_seen(client: TestClient, services: Services, rule: dict[str, Any], server: Any) -> None:
    from api import dependencies  # noqa: PLC0415

    with services.database.begin() as unit:
        stranger = unit.system.add_user(unit.system.add_workspace("stranger").id, "stranger")
    server.dependency_overrides[dependencies.actor] = lambda: stranger
    path = f"{ALERTS}/{rule['id']}"
    assert client.get(ALERTS).json() == []
    for method, where in (("GET", path), ("PATCH", path), ("DELETE", path), ("POST", f"{path}/undo"), ("POST", f"{path}/try")):
        answer = client.request(method, where, headers={"If-Match": "1"}, json={} if method in {"PATCH", "DELETE"} else None)
        assert answer.status_code == 404, (method, where, answer.text)
    assert client.post(ALERTS, json=PRICE).status_code == 422, "nor its instruments"


def test_channels_over_http(client: TestClient, monkeypatch: pytest.MonkeyPatch, services: Services) -> None:
    monkeypatch.setattr(services.alerts.courier.webhooks, "_resolve", lambda _name: ["93.184.216.34"])
    made = client.post(f"{ALERTS}/channels", json={"kind": "webhook", "address": "https://hooks.example.com/in", "name": "Desk"})
    assert made.status_code == 201, made.text
    channel = made.json()
    assert channel["secret"].startswith("whsec_")
    (listed,) = client.get(f"{ALERTS}/channels").json()
    assert (listed["name"], listed["secret"]) == ("Desk", None)
    path = f"{ALERTS}/channels/{channel['id']}"
    assert client.patch(path, json={"name": "Night desk"}, headers={"If-Match": "1"}).json()["name"] == "Night desk"
    assert client.patch(path, json={"address": "https://elsewhere.example.com"}, headers={"If-Match": "2"}).status_code == 422
    rotated = client.post(f"{path}/secret", headers={"If-Match": "2"}).json()
    assert rotated["secret"] != channel["secret"]
    assert client.delete(path, headers={"If-Match": "1"}).status_code == 409
    assert client.delete(path, headers={"If-Match": "3"}).status_code == 204
    assert client.get(f"{ALERTS}/channels").json() == []
    refused = client.post(f"{ALERTS}/channels", json={"kind": "webhook", "address": "https://10.0.0.1/in"})
    assert (refused.status_code, refused.json()["context"]["field"]) == (422, "address")
    assert client.get(f"{ALERTS}/deliveries").json() == []
    assert client.get(f"{ALERTS}/deliveries", params={"status": "lost"}).status_code == 422
    assert client.post(f"{ALERTS}/deliveries/0190c0de-0000-7000-8000-000000000001/retry").status_code == 404


def test_a_channel_that_was_removed_does_not_hold_a_rule_fast(client: TestClient, portfolio: str, monkeypatch: pytest.MonkeyPatch,
                                                              services: Services) -> None:
    del portfolio
    monkeypatch.setattr(services.alerts.courier.webhooks, "_resolve", lambda _name: ["93.184.216.34"])
    channel = client.post(f"{ALERTS}/channels", json={"kind": "webhook", "address": "https://hooks.example.com/in"}).json()
    made = client.post(ALERTS, json={**PRICE, "channels": [channel["id"]]}).json()
    path = f"{ALERTS}/{made['id']}"
    assert client.patch(path, json={"threshold": "140", "version": 1}).json()["channels"] == [channel["id"]]
    assert client.delete(f"{ALERTS}/channels/{channel['id']}", headers={"If-Match": "1"}).status_code == 204
    back = client.post(f"{path}/undo")
    assert (back.status_code, back.json()["threshold"], back.json()["channels"]) == (200, "150", [])
    off = client.patch(path, json={"active": False, "version": 3})
    assert (off.status_code, off.json()["channels"]) == (200, [])
    assert client.patch(path, json={"channels": [channel["id"]], "version": 4}).status_code == 422
