"""Several processes on one port: killed, replaced one by one and stopped, while a writer and a reader go on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psutil
import pytest
from websockets.sync.client import connect

import server
from data.database import Database
from data.settings import Settings
from tests.faults.invariants import Checker

Start = Callable[..., Any]
PATIENCE = 180.0


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


class House:
    """A server with two workers."""

    def __init__(self, process: Any, log: Path) -> None:
        self.process, self.log = process, log
        self.is_ready(1)
        self.url = next(word for word in log.read_text().split() if word.startswith("http://"))

    def is_ready(self, times: int) -> None:
        """Wait until it has said that all workers answer, at the start and after each replacement."""
        until(lambda: self.log.read_text().count("is ready with 2 processes") >= times, f"it did not get ready for the {times}. time")

    def workers(self) -> set[int]:
        return {each.pid for each in psutil.Process(self.process.pid).children() if _is_worker(each)}


def _is_worker(each: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(each.cmdline())
    except psutil.Error:  # it is gone, or waits to be buried
        return False


@pytest.fixture
def portfolio(own: Settings) -> UUID:
    """A portfolio that is there before the server starts, so that no demo is made."""
    services = server.build_services(own)
    try:
        return services.portfolios.create(services.accounts.local(), {"name": "W", "base_currency": "USD"}).id
    finally:
        services.close()


class Writer:
    """Writes deposits one after the other, each under an id of its own until it is acknowledged, as a good client does."""

    def __init__(self, url: str, portfolio: UUID) -> None:
        self.url, self.acked, self.failed, self.ending = f"{url}/api/v1/portfolios/{portfolio}/transactions", list[str](), 0, threading.Event()

    def write(self) -> None:
        while not self.ending.is_set():
            name = uuid4().hex
            while not self._sent(name):
                self.failed += 1
                time.sleep(0.05)
            self.acked.append(name)

    def _sent(self, name: str) -> bool:
        body = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "1", "external_id": name}
        try:
            answer = httpx.post(self.url, json=body, headers={"Idempotency-Key": name}, timeout=10)
        except httpx.HTTPError:
            return False
        assert answer.status_code in {201, 409, 503}, answer.text
        return answer.status_code == 201


@contextmanager
def writing(url: str, portfolio: UUID) -> Iterator[Writer]:
    writer = Writer(url, portfolio)
    thread = threading.Thread(target=writer.write)
    thread.start()
    try:
        until(lambda: len(writer.acked) > 5, "nothing was written")
        yield writer
    finally:
        writer.ending.set()
        thread.join()


def streamed(url: str) -> None:
    with connect(f"{url.replace('http', 'ws')}/api/v1/stream", origin=url) as stream:  # type: ignore[arg-type]
        stream.send('{"op": "ping"}')
        assert stream.recv(timeout=10)


def test_workers_are_killed_replaced_and_stopped_and_no_write_is_lost(run: Start, portfolio: UUID, base: Database, tmp_path: Path) -> None:
    house = House(run("serve", "--workers", "2", "--port", "0", MARKET_DATA="", log="house"), tmp_path / "house")
    with writing(house.url, portfolio) as writer:
        count, victim = len(writer.acked), min(house.workers())
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(writer.acked) > count + 10, "the other one did not answer")
        house.is_ready(2)
        assert victim not in house.workers(), "another took its place"
        failed, before = writer.failed, house.workers()
        house.process.send_signal(signal.SIGHUP)
        house.is_ready(3)
        assert not before & house.workers(), "all were replaced"
        after = len(writer.acked)
        until(lambda: len(writer.acked) > after + 5, "the new ones do not answer")
        streamed(house.url)
        assert writer.failed - failed <= 2, "a rolling restart may cut what a worker is answering just then, and nothing else"
    workers = house.workers()
    house.process.send_signal(signal.SIGINT)
    house.process.wait(PATIENCE)
    until(lambda: not any(psutil.pid_exists(each) for each in workers), "some went on")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{house.url}/healthz")
    with base.session() as session:
        found = [row[0] for row in session.execute("SELECT external_id FROM ledger_entry").fetchall()]
        assert Checker(session).check(acked={portfolio: writer.acked}) == []
    assert len(found) == len(set(found))
    assert set(writer.acked) <= set(found)
    assert len(found) == len(writer.acked), "whoever got no answer asked again under the same id"
