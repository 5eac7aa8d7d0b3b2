"""Dashboards without a browser: each a session of its own that loads the page and asks its callbacks as the browser does."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from multiprocessing.connection import Connection
from typing import Any

import httpx

from tests.load.parts import quantiles, told

REFRESHED = {  # of the Overview: an output that names a callback, and the input that asks it
    "overview-summary.data": ("overview-asked", "summary"),
    "overview-today.data": ("overview-asked", "today"),
    "overview-compare.children": ("overview-asked", "compare"),
    "overview-growth-data.data": ("overview-history-asked", "growth"),
}

LINES = httpx.Limits(max_connections=6, keepalive_expiry=3)  # as a browser has; the server ends a line that was idle for five seconds


class Dashboard:
    """One session on one portfolio."""

    def __init__(self, base: str, portfolio: str) -> None:
        self.client = httpx.AsyncClient(base_url=base, timeout=60, limits=LINES)
        self.portfolio, self.asked, self.callbacks = portfolio, 0, dict[str, dict[str, Any]]()

    async def open(self) -> None:
        """Load what a browser loads first: page, layout, the list of callbacks, and the page's own layout."""
        page = await self.client.get("/")
        assert re.search("_dash-config", page.text)
        await self.client.get("/_dash-layout")
        every = (await self.client.get("/_dash-dependencies")).json()
        for output in REFRESHED:
            self.callbacks[output] = next(each for each in every if output in re.split(r"\.{2,3}", each["output"]))

    def body(self, output: str) -> dict[str, Any]:
        """Write the request of one callback."""
        spec, (trigger, _) = self.callbacks[output], REFRESHED[output]
        value = {"portfolio": self.portfolio, "period": "1Y", "as_of": None, "known_at": None, "n": self.asked}
        names = spec["output"].strip(".").split("...")
        outputs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
        return {"output": spec["output"], "outputs": outputs if spec["output"].startswith("..") else outputs[0],
                "inputs": [{**each, "value": value} for each in spec["inputs"]], "changedPropIds": [f"{trigger}.data"],
                "state": [{**each, "value": None} for each in spec.get("state", [])]}

    async def refresh(self, seen: dict[str, list[float]], answers: Counter[str]) -> None:
        """Ask all callbacks of the page at once."""
        self.asked += 1
        await asyncio.gather(*(self._ask(output, seen, answers) for output in REFRESHED))

    async def _ask(self, output: str, seen: dict[str, list[float]], answers: Counter[str]) -> None:
        began = time.monotonic()
        try:
            answer = await self.client.post("/_dash-update-component", json=self.body(output))
        except (httpx.ReadError, httpx.RemoteProtocolError):  # the line was ended just then: a browser asks again
            answer = await self.client.post("/_dash-update-component", json=self.body(output))
        seen.setdefault(REFRESHED[output][1], []).append(1000 * (time.monotonic() - began))
        answers[str(answer.status_code)] += 1


class Wall:
    """All dashboards of a process."""

    def __init__(self, base: str, portfolios: list[str], seed: int) -> None:
        self.boards, self._chance = [Dashboard(base, portfolio) for portfolio in portfolios], random.Random(seed)  # noqa: S311

    async def open(self) -> None:
        """Load each page, and ask all once: the first look fills caches, as the first visit does."""
        for board in self.boards:
            await board.open()
            await board.refresh({}, Counter())

    async def run(self, every: float, seconds: float) -> dict[str, Any]:
        """Refresh each every so many seconds, at moments of its own."""
        seen, answers, began = dict[str, list[float]](), Counter[str](), time.monotonic()

        async def live(board: Dashboard) -> None:
            due = began + self._chance.random() * every
            while due < began + seconds:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await board.refresh(seen, answers)
                due += every

        await asyncio.gather(*map(live, self.boards))
        took = [each for values in seen.values() for each in values]
        return {"dashboards": len(self.boards), "callbacks": len(took), "callback_ms": quantiles(took), "answers": dict(answers),
                "by_callback": {name: quantiles(values) for name, values in seen.items()}}


def refresh(line: Connection, base: str, portfolios: list[str], seed: int) -> None:
    """Run as a process: `open`, then `run every seconds`."""
    wall = Wall(base, portfolios, seed)
    with asyncio.Runner() as runner:
        line.send("ready")
        while True:
            word, given = told(line)
            if word == "stop":
                return
            line.send(runner.run(getattr(wall, word)(*given)))
