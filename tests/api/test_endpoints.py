"""Endpoints over REST: what is refused and why, and their life."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from data.providers.endpoint import Endpoints
from data.providers.endpoint_hosts import Allowed, AllowList
from services import Services
from tests.data.replay import Replay

URL = "https://prices.example.com/last?s={symbol}"
BASE = "/api/v1/endpoints"


@pytest.fixture
def hosts(services: Services) -> Iterator[Replay]:
    """A server of ours behind a public name, and the list that names it."""
    before = services.endpoints._asker
    with Replay.serving('{"data": {"last": "101.25", "ts": 1767384000, "ccy": "USD"}}') as server:
        port = int(server.url.rpartition(":")[2])
        allowed = AllowList((Allowed("http", "plain.example", port), *AllowList.of(["prices.example.com"]).entries), lambda name: [
            "10.0.0.7" if name == "inside.example.com" else "93.184.216.34"])
        services.endpoints._asker = Endpoints(lambda _workspace, _name: None, allowed, "marker-Key-7Q", addresses=lambda _name: ["127.0.0.1"])
        yield server
    services.endpoints._asker = before


def body(**changed: Any) -> dict[str, Any]:
    return {"name": f"desk-{uuid4().hex[:12]}", "url": URL, "price": "data.last", "time": "data.ts", "currency": "data.ccy", **changed}


def problem(answer: Any, status: int = 422) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.usefixtures("hosts")
def test_an_endpoint_lives(client: TestClient) -> None:
    made = client.post(BASE, json=body(), headers={"Idempotency-Key": str(uuid4())})
    assert made.status_code == 201
    told = made.json()
    place = f"{BASE}/{told['id']}"
    assert made.headers["Location"] == place
    assert (told["reading"]["price"], told["reading"]["format"], told["version"]) == ("data.last", "json", 1)
    assert told["name"] in [each["name"] for each in client.get(BASE).json()]
    changed = client.patch(place, json={"time": None, "price": "data.close"}, headers={"If-Match": made.headers["ETag"]})
    assert (changed.json()["reading"]["price"], changed.json()["reading"]["time"], changed.json()["version"]) == ("data.close", None, 2)
    assert problem(client.patch(place, json={"price": "x", "version": 1}), 409)["context"]["found_version"] == 2
    assert problem(client.patch(place, json={"price": "x"}), 428)
    assert client.get(place).json() == changed.json()
    assert client.delete(place).status_code == 204
    assert problem(client.get(place), 404)["code"] == "not_found"


@pytest.mark.usefixtures("hosts")
def test_the_same_key_adds_once_and_a_name_is_taken_once(client: TestClient) -> None:
    told, key = body(), str(uuid4())
    first, again = (client.post(BASE, json=told, headers={"Idempotency-Key": key}).json() for _ in range(2))
    assert first == again
    assert problem(client.post(BASE, json=told), 409)["code"] == "conflict"


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize(("changed", "field", "rule"), [
    ({"url": "https://127.0.0.1/{symbol}"}, "url", "private_address"), ({"url": "https://2130706433/{symbol}"}, "url", "bad_host"),
    ({"url": "https://[::ffff:127.0.0.1]/{symbol}"}, "url", "private_address"), ({"url": "http://prices.example.com/{symbol}"}, "url", "not_https"),
    ({"url": "https://other.example/{symbol}"}, "url", "host_not_allowed"), ({"url": "https://prices.example.com/"}, "url", "no_symbol"),
    ({"url": "https://a:b@prices.example.com/{symbol}"}, "url", "credentials"), ({"price": "a..b"}, "price", "not_a_path"),
    ({"price": ""}, "price", "required"), ({"name": "../x"}, "name", "not_a_name"), ({"format": "xml"}, "format", "unknown_value"),
    ({"time_zone": "Mars/Base"}, "time_zone", "not_a_zone"), ({"delimiter": ";;"}, "delimiter", "not_a_delimiter"),
    ({"header": "no"}, "header", "not_a_boolean"),
    ({"prize": "x"}, "prize", "unknown_field"), ({"time_unit": "days"}, "time_unit", "unknown_value")])
def test_what_is_refused_is_named_and_nothing_is_stored(client: TestClient, changed: dict[str, Any], field: str, rule: str) -> None:
    before = client.get(BASE).json()
    told = problem(client.post(BASE, json=body(**changed)))
    assert (told["context"]["field"], told["context"]["rule"]) == (field, rule)
    assert told["context"]["hint"]
    assert client.get(BASE).json() == before


def test_a_named_host_inside_our_network_is_refused(client: TestClient, services: Services, hosts: Replay) -> None:
    asker = services.endpoints._asker
    asker.allowed = replace(asker.allowed, entries=AllowList.of(["inside.example.com"]).entries)
    told = problem(client.post(BASE, json=body(url="https://inside.example.com/{symbol}")))
    assert told["context"]["rule"] == "private_address"
    assert hosts.asked == []


def test_without_hosts_in_the_settings_nobody_is_asked(client: TestClient) -> None:
    told = problem(client.post(BASE, json=body()))
    assert "ENDPOINT_HOSTS" in told["context"]["hint"]
    assert problem(client.post(f"{BASE}/trial", json=body(try_symbol="AAPL")))["context"]["rule"] == "host_not_allowed"


def test_a_trial_tells_what_would_be_read(client: TestClient, hosts: Replay) -> None:
    url = f"http://plain.example:{hosts.url.rpartition(':')[2]}/{{symbol}}"
    told = client.post(f"{BASE}/trial", json=body(url=url, try_symbol="AAPL")).json()
    assert (told["ok"], told["price"], told["ts"], told["currency"], told["status"]) == (True, "101.25", "2026-01-02T20:00:00Z", "USD", 200)
    assert "101.25" in told["excerpt"]
    bad = client.post(f"{BASE}/trial", json=body(url=url, price="data.close", try_symbol="AAPL")).json()
    assert (bad["ok"], bad["price"], bad["code"]) == (False, None, "malformed_response")
    assert "data.close" in bad["problem"]
    assert "101.25" in bad["excerpt"]
    assert problem(client.post(f"{BASE}/trial", json=body(url=url, try_symbol="../etc")))["context"]["field"] == "try_symbol"
    assert hosts.asked == ["/AAPL", "/AAPL"]


def test_an_unknown_one(client: TestClient) -> None:
    assert problem(client.get(f"{BASE}/{uuid4()}"), 404)
    assert problem(client.delete(f"{BASE}/nonsense"), 404)
