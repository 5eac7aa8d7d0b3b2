"""Programs that read and write over REST, at a given speed: a request's time counts from when it was due, not from when we got round to it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from multiprocessing.connection import Connection
from typing import Any
from uuid import uuid4

import httpx

from data import calendar
from tests.load.parts import quantiles, told

REPEATED = 0.1  # share of the writes that are sent twice, as by a client that lost the answer


class Traffic:
    """Readers and writers on one clock."""

    def __init__(self, base: str, portfolios: list[str], held: list[list[str]], seed: int) -> None:
        self._client = httpx.AsyncClient(base_url=f"{base}/api/v1", timeout=30, limits=httpx.Limits(max_connections=40))
        self._random = random.Random(seed)  # noqa: S311
        self._portfolios, self._held = portfolios, held
        self.acknowledged: dict[str, str] = {}  # transaction -> portfolio
        self.read_ms: list[float] = []
        self.write_ms: list[float] = []
        self.by_kind: dict[str, list[float]] = {}
        self.answers: Counter[int | str] = Counter()

    def _question(self) -> tuple[str, str]:
        place = self._random.randrange(len(self._portfolios))
        portfolio, dice = self._portfolios[place], self._random.random()
        if dice < 0.5:
            return "holdings", f"/portfolios/{portfolio}/holdings"
        if dice < 0.7:
            return "transactions", f"/portfolios/{portfolio}/transactions?limit=50"
        if dice < 0.9:
            return "quotes", f"/quotes?symbols={','.join(self._held[place][:10])}"
        return "instruments", "/instruments?limit=50"

    async def read(self, due: float) -> None:
        kind, path = self._question()
        answer = await self._client.get(path)
        took = 1000 * (time.monotonic() - due)
        self.read_ms.append(took)
        self.by_kind.setdefault(kind, []).append(took)
        self.answers[answer.status_code] += 1

    async def write(self, due: float) -> None:
        """Record a purchase; some are sent again with the same key, and must be one purchase."""
        place = self._random.randrange(len(self._portfolios))
        portfolio, symbol = self._portfolios[place], self._random.choice(self._held[place])
        body = {"date": str(calendar.today()), "kind": "BUY", "symbol": symbol, "quantity": 1, "price": "10", "note": "load"}
        times = 2 if self._random.random() < REPEATED else 1
        headers, found = {"Idempotency-Key": str(uuid4())}, set()
        for _ in range(times):
            answer = await self._client.post(f"/portfolios/{portfolio}/transactions", json=body, headers=headers)
            self.answers[answer.status_code] += 1
            if answer.is_success:
                found.add(answer.json()["id"])
        if times == 1:
            self.write_ms.append(1000 * (time.monotonic() - due))
        if len(found) > 1:
            self.answers["one key, two writes"] += 1
        self.acknowledged |= dict.fromkeys(found, portfolio)

    async def _at_speed(self, work: Any, rate: float, seconds: float) -> None:
        """Begin one after the other by the clock, whether or not those before are answered."""
        began, waiting = time.monotonic(), set()
        for number in range(round(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.create_task(work(due))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        await asyncio.gather(*waiting)

    async def run(self, reads: float, writes: float, seconds: float) -> dict[str, Any]:
        """Read and write for so long, then look for every acknowledged write."""
        await asyncio.gather(self._at_speed(self.read, reads, seconds), self._at_speed(self.write, writes, seconds))
        lost = await self._lost()
        return {"read_ms": quantiles(self.read_ms), "reads": len(self.read_ms), "write_ms": quantiles(self.write_ms),
                "by_kind_p95": {kind: quantiles(took).get("p95") for kind, took in self.by_kind.items()},
                "acknowledged": len(self.acknowledged), "lost": len(lost), "answers": {str(code): count for code, count in self.answers.items()}}

    async def _lost(self) -> list[str]:
        """Give the acknowledged writes that the ledger does not show exactly once."""
        shown: Counter[str] = Counter()
        for portfolio in sorted(set(self.acknowledged.values())):
            answer = await self._client.get(f"/portfolios/{portfolio}/transactions", params={"limit": 500, "newest_first": "true"})
            shown.update(row["id"] for row in answer.json())
        return [key for key in self.acknowledged if shown[key] != 1]


def send(line: Connection, base: str, portfolios: list[str], held: list[list[str]], seed: int) -> None:
    """Run as a process: `run reads writes seconds`."""
    line.send("ready")
    while True:
        word, given = told(line)
        if word == "stop":
            return
        line.send(asyncio.run(_run(base, portfolios, held, seed, given)))


async def _run(base: str, portfolios: list[str], held: list[list[str]], seed: int, given: tuple[Any, ...]) -> dict[str, Any]:
    return await Traffic(base, portfolios, held, seed).run(*given)
