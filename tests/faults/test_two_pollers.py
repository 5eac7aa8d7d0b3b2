"""Two pollers started at once: one leads, the budget is not doubled; the leader is stopped and goes on, then killed, and the other leads."""

from __future__ import annotations

import json
import signal
import subprocess
import time

import pytest

from data.database import Database
from engine.types import AssetClass
from tests.data.replay import Asked, Replay, Told
from tests.faults.conftest import Start
from tests.ui.conftest import wait_for

BUDGET = 25
INSTRUMENTS = 40
PATIENCE_SECONDS = 90  # the bar is 10 s; a busy machine may take longer, and no test asserts a time
pytestmark = pytest.mark.slow


def global_quote(asked: Asked) -> Told:
    """Answer as Alpha Vantage does."""
    today = time.strftime("%Y-%m-%d", time.gmtime())
    return Told(json.dumps({"Global Quote": {
        "01. symbol": asked.query.get("symbol", ""), "02. open": "100.0000", "03. high": "101.0000", "04. low": "99.0000", "05. price": "100.5000",
        "06. volume": "1234567", "07. latest trading day": today, "08. previous close": "100.0000", "09. change": "0.5000",
        "10. change percent": "0.5000%"}}).encode())


def pollers(base: Database) -> list[int]:
    """Processes that have polled, in the order in which they first said so."""
    with base.read() as unit:
        rows = unit.system.fetch("SELECT (detail->>'pid')::int FROM job_run WHERE job = 'poll_quotes' ORDER BY created_at, id")
    return list(dict.fromkeys(pid for (pid,) in rows))


def test_one_leads_the_budget_holds_and_the_other_takes_over(base: Database, run: Start) -> None:
    with base.begin() as unit:
        actor = unit.system.local_actor()
        for number in range(INSTRUMENTS):
            unit.instruments.put(actor.workspace_id, actor.user_id, f"S{number}", name="Share", asset_class=AssetClass.EQUITY, currency="USD")
    with Replay(global_quote) as server:
        environment = {"MARKET_DATA": "alphavantage", "ALPHAVANTAGE_BASE_URL": server.url, "ALPHAVANTAGE_API_KEY": "marker-Key",
                       "ALPHAVANTAGE_PER_DAY": str(BUDGET), "ALPHAVANTAGE_PER_MINUTE": "6000", "POLL_SECONDS": "0.2"}
        both: dict[int, subprocess.Popen[bytes]] = {
            process.pid: process for process in (run("poll", log="one", **environment), run("poll", log="two", **environment))}
        wait_for(lambda: len(server.asked) >= BUDGET and pollers(base), PATIENCE_SECONDS, "the first polls")
        leader = pollers(base)[0]
        both[leader].send_signal(signal.SIGSTOP)  # a lid that is shut: it keeps its office, and nobody does its work twice
        time.sleep(3)  # so that a second leader, or a second budget, would show
        both[leader].send_signal(signal.SIGCONT)
        assert pollers(base) == [leader]
        assert all(process.poll() is None for process in both.values())
        assert len([path for path in server.asked if "GLOBAL_QUOTE" in path]) <= BUDGET
        both[leader].send_signal(signal.SIGKILL)
        both[leader].wait(20)
        wait_for(lambda: len(pollers(base)) == 2, PATIENCE_SECONDS, "the other to lead")
        assert set(pollers(base)) == set(both)
        time.sleep(2)
        assert len(server.asked) == BUDGET, "kept over the death of the one who spent it"
        with base.read() as unit:
            assert unit.system.fetch("SELECT used_today FROM provider_state WHERE provider = 'alphavantage'") == [(BUDGET,)]
