"""A server with a collector: what it tells of a request, a callback, its statements, and of a batch of prices from the poll to the flush."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.sync.client import connect

from components.ids import StatusIds
from data.database import Database
from engine.types import AssetClass
from tests.faults.conftest import Start
from tests.receivers.traces import Collector, collecting
from tests.ui.conftest import wait_for

PATIENCE_SECONDS = 60
HIDDEN = "marker-Password"
FLUSH = ["flush", "take quotes", "publish", "ingest", "job poll_quotes"]
pytestmark = pytest.mark.slow


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]


def address(log: Path) -> str:
    return next((word for word in log.read_text(encoding="utf-8").split() if word.startswith("http://127.0.0.1")), "")


def press_status(client: httpx.Client, headers: dict[str, str]) -> None:
    """Do what the Status page does."""
    every = client.get("/_dash-dependencies").json()
    wired = next(each for each in every if f"{StatusIds.NOTE}.children" in each["output"])
    outputs = [dict(zip(("id", "property"), part.rsplit(".", 1), strict=True)) for part in wired["output"].strip(".").split("...")]
    body = {"output": wired["output"], "outputs": outputs, "state": [], "changedPropIds": [],
            "inputs": [{**each, "value": 1} for each in wired["inputs"]]}
    answer = client.post("/_dash-update-component", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert "running since" in answer.text


def test_requests_callbacks_statements_and_batches_are_traced(run: Start, base: Database, tmp_path: Path) -> None:
    with base.begin() as unit:
        actor = unit.system.local_actor()
        unit.instruments.put(actor.workspace_id, actor.user_id, "AAPL", name="Apple", asset_class=AssetClass.EQUITY, currency="USD")
    with collecting() as collector:
        endpoint = collector.url.replace("//", f"//somebody:{HIDDEN}@")
        process = run("serve", "--port", "0", MARKET_DATA="simulated", LOG_FORMAT="json", LOG_LEVEL="debug", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
                      OTEL_BSP_SCHEDULE_DELAY="100")
        wait_for(lambda: "is ready" in (tmp_path / "log").read_text(), PATIENCE_SECONDS, "the server")
        request, callback, caller = uuid4().hex, uuid4().hex, "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
        with httpx.Client(base_url=address(tmp_path / "log"), timeout=30) as client:
            assert client.get("/api/v1/instruments?query=secret", headers={"X-Request-Id": request, "traceparent": caller}).status_code == 200
            press_status(client, {"X-Request-Id": callback})
        with connect(f"{address(tmp_path / 'log').replace('http', 'ws')}/api/v1/stream") as stream:
            stream.send('{"op": "subscribe", "symbols": ["AAPL"]}')
            wait_for(lambda: any(collector.way_of(span) == FLUSH for span in collector.named("flush")), PATIENCE_SECONDS,
                     "a flush")
        wait_for(lambda: collector.named("callback status.update_status"), PATIENCE_SECONDS, "the callback")
        process.terminate()
        process.wait(PATIENCE_SECONDS)
    assert collector.paths == {"/v1/traces"}
    assert {span.service for span in collector.spans} == {"portolan-web"}
    in_request(collector, request, lines(tmp_path / "log"))
    in_callback(collector, callback, lines(tmp_path / "log"))
    assert all("wrong" not in span.status for span in collector.spans)
    assert HIDDEN not in (tmp_path / "log").read_text(encoding="utf-8") + collector.raw.decode(errors="replace")
    assert b"secret" not in collector.raw, "what is asked for is nobody's matter"


def in_request(collector: Collector, request: str, log: list[dict[str, Any]]) -> None:
    """The request goes on with the trace of its caller; its statements and its line in the log are in it."""
    (span,) = [each for each in collector.named("GET market.") if each.attributes["portolan.request_id"] == request]
    assert (span.trace, span.parent) == ("ab" * 16, "cd" * 8)
    assert span.attributes["http.response.status_code"] == 200
    statements = [each for each in collector.spans if each.trace == span.trace and each.attributes.get("db.system.name") == "postgresql"]
    assert any("instrument" in each.name and each.name.startswith("SELECT") for each in statements)
    assert [line["trace_id"] for line in log if line["request_id"] == request and line["logger"] == "portolan.http"] == [span.trace]


def in_callback(collector: Collector, request: str, log: list[dict[str, Any]]) -> None:
    """A callback is a part of the request that asked for it; its statements are in its trace too, though they ran in a thread."""
    (span,) = [each for each in collector.named("POST screens") if each.attributes["portolan.request_id"] == request]
    (callback,) = [each for each in collector.named("callback status.update_status") if each.trace == span.trace]
    assert callback.parent == span.id
    assert any(each.parent == callback.id for each in collector.named("SELECT"))
    assert {line["trace_id"] for line in log if line["request_id"] == request} == {span.trace}
