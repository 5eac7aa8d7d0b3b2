"""`kill -9` of the server in the middle of writes: what was acknowledged is there once, what was not is there at most once."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.ui.conftest import Server, server_in, wait_for

WRITERS = 4
ROUNDS = 2
pytestmark = pytest.mark.slow


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Server]:
    server = server_in(tmp_path, MARKET_DATA="").start()
    yield server
    if server.process is None:
        server.start()
    server.stop()


@dataclass
class Writer:
    """Posts one transaction after the other, each under a key of its own, and notes what was acknowledged."""

    server: Server
    portfolio: str
    name: str
    sent: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def post(self, client: httpx.Client, key: str) -> None:
        body = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "10.00", "currency": "USD", "external_id": key}
        answer = client.post(f"{self.server.url}/api/v1/portfolios/{self.portfolio}/transactions", json=body, headers={"Idempotency-Key": key})
        assert answer.status_code in {200, 201}, answer.text
        self.acknowledged.append(key)

    def write(self) -> None:
        """Write until the server is gone."""
        with httpx.Client(timeout=10) as client:
            while True:
                key = f"{self.name}-{len(self.sent)}"
                self.sent.append(key)
                try:
                    self.post(client, key)
                except httpx.TransportError:
                    return

    def repeat(self) -> None:
        """Send again, under the same keys, what was not acknowledged."""
        with httpx.Client(timeout=10) as client:
            for key in [key for key in self.sent if key not in set(self.acknowledged)]:
                self.post(client, key)


def portfolio(server: Server) -> str:
    answer = httpx.post(f"{server.url}/api/v1/portfolios", json={"name": "Killed", "base_currency": "USD"}, timeout=10)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def recorded(server: Server, portfolio_id: str) -> Counter[str]:
    found: Counter[str] = Counter()
    after: str | None = None
    while True:
        query = {"limit": 500, **({"after": after} if after else {})}
        page = httpx.get(f"{server.url}/api/v1/portfolios/{portfolio_id}/transactions", params=query, timeout=20)
        found.update(row["external_id"] for row in page.json())
        after = page.headers.get("X-Next-After")
        if not after:
            return found


def cash(server: Server, portfolio_id: str) -> float:
    return float(httpx.get(f"{server.url}/api/v1/portfolios/{portfolio_id}/holdings", timeout=20).json()["totals"]["cash"])


def test_every_acknowledged_write_is_there_once(killed: Server) -> None:
    place = portfolio(killed)
    writers: list[Writer] = []
    for number in range(ROUNDS):
        batch = [Writer(killed, place, f"round{number}-writer{index}") for index in range(WRITERS)]
        threads = [threading.Thread(target=writer.write, daemon=True) for writer in batch]
        for thread in threads:
            thread.start()
        wait_for(lambda batch=batch: sum(len(writer.acknowledged) for writer in batch) >= 60, 30, "writes")
        time.sleep(0.03 * number)
        killed.stop(signal.SIGKILL)
        for thread in threads:
            thread.join(15)
        writers += batch
        killed.start()
        there = recorded(killed, place)
        acknowledged = [key for writer in writers for key in writer.acknowledged]
        assert len(acknowledged) >= 60
        assert all(there[key] == 1 for key in acknowledged), "an acknowledged write is missing or doubled"
        assert set(there.values()) == {1}
    for writer in writers:
        writer.repeat()
    there, sent = recorded(killed, place), {key for writer in writers for key in writer.sent}
    assert set(there) == sent
    assert set(there.values()) == {1}
    assert cash(killed, place) == pytest.approx(10.0 * len(sent), abs=1e-6)
