"""Endpoints of one's own on the Markets page: what a press does, on the real service behind a server of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from callbacks import markets_endpoints
from callbacks.markets_deeds import act
from data.providers.endpoint import Endpoints
from data.providers.endpoint_hosts import Allowed, AllowList
from services import Services
from tests.data.replay import Replay

FIELDS = {"name": "desk", "price": "data.last", "time": "data.ts", "currency": "data.ccy", "header": "yes", "delimiter": "", "format": "json"}


@pytest.fixture
def url(services: Services) -> Iterator[str]:
    """A server of ours behind a public name."""
    before = services.endpoints._asker
    with Replay.serving('{"data": {"last": "101.25", "ts": 1767384000, "ccy": "USD"}}') as server:
        port = int(server.url.rpartition(":")[2])
        allowed = AllowList((Allowed("http", "plain.example", port),), lambda _name: ["93.184.216.34"])
        services.endpoints._asker = Endpoints(lambda _workspace, _name: None, allowed, "", addresses=lambda _name: ["127.0.0.1"])
        yield f"http://plain.example:{port}/last?s={{symbol}}"
    services.endpoints._asker = before
    local = services.accounts.local()
    for each in services.endpoints.find(local):
        services.endpoints.remove(local, each.id)


def words(part: Any) -> str:
    return json.dumps(part, default=lambda each: each.to_plotly_json())


def held(part: Any, name: str) -> Any:
    """Find an attribute anywhere within what is drawn."""
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    if isinstance(part, dict) and name in part:
        return part[name]
    return next((found for each in inner if (found := held(each, name)) is not None), None)


def listed(services: Services) -> str:
    return words(markets_endpoints.listing(services, services.accounts.local()))


def test_an_endpoint_is_tried_saved_changed_deleted_and_taken_back(services: Services, url: str) -> None:
    fields = {**FIELDS, "url": url, "try_symbol": "AAPL"}
    told, _, _, note = act(services, {"action": "endpoint-try", "fields": fields})
    assert not told["ok"], "the form stays"
    assert "AAPL: 101.25 USD of 02 Jan 2026 20:00:00 UTC" in words(note)
    assert "No endpoint" in listed(services)
    saved, done, _, _ = act(services, {"action": "endpoint-save", "fields": fields, "id": "", "version": ""})
    assert saved["ok"]
    assert "desk was added" in words(done)
    kept, = services.endpoints.find(services.accounts.local())
    assert (kept.url, kept.reading.price, kept.reading.delimiter, kept.reading.header) == (url, "data.last", ",", True)
    opened, _, form, _ = act(services, {"action": "endpoint-edit", "id": str(kept.id)})
    assert opened["ok"]
    assert '"data.last"' in words(form)
    refused, _, _, why = act(services, {"action": "endpoint-save", "fields": {**fields, "price": "data..last"}, "id": str(kept.id), "version": "1"})
    assert not refused["ok"]
    assert "is not a path" in words(why)
    act(services, {"action": "endpoint-save", "fields": {**fields, "price": "data.close"}, "id": str(kept.id), "version": "1"})
    _, done, _, _ = act(services, {"action": "endpoint-remove", "id": str(kept.id), "version": "2"})
    assert "No endpoint" in listed(services)
    act(services, {"action": "endpoint-restore", "fields": held(json.loads(words(done)), "data-fields")})
    again, = services.endpoints.find(services.accounts.local())
    assert (again.name, again.reading.price) == ("desk", "data.close")


def test_a_trial_that_reads_no_price_says_why_and_shows_the_answer(services: Services, url: str) -> None:
    _, _, _, note = act(services, {"action": "endpoint-try", "fields": {**FIELDS, "url": url, "price": "data.nothing", "try_symbol": "AAPL"}})
    assert "data.nothing" in words(note)
    assert "101.25" in words(note), "the beginning of the answer"
