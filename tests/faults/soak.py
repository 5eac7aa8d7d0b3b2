"""A soak: writers, readers and screens on a server of its own, a fault every few minutes, and the invariants after each.

    python -m tests.faults.soak                                     an hour, a fault every three minutes
    python -m tests.faults.soak --minutes 2 --every 5 --brief 0.4   what `make test` runs beside the tests

It goes on until every fault has come once, however short it is. Writes are counted where they were acknowledged, asked for again under
their key where they were not, and looked for in the ledger at the end. No speed is held against a bar. What is printed: what each fault
cost, writes and refusals, the slope of the server's memory after it had warmed up.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import psycopg
import redis
import sqlalchemy as sa
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from data import embedded
from data.embedded import Embedded
from data.settings import Settings
from tests.faults.invariants import Broken, Checker, heard, slope
from tests.faults.line import Line, socket_of
from tests.faults.world import own_database, own_redis
from tests.load.listeners import TEXT, frame
from tests.ui.conftest import Server, server_in, wait_for

WRITERS, SCREENS = 3, 4
PATIENCE = 240.0
LONGEST_REQUEST = 20.0
LOCKED_SECONDS = 8.0  # longer than anybody waits for a lock (5 s), in the brief form too
GREETING = ("GET /api/v1/stream HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
KEPT = 3000  # transactions a portfolio gets before the next one: that of a growing ledger would be taken for a leak


@dataclass
class Told:
    """What the driver saw."""

    acked: dict[str, list[str]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    reads: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many writes were acknowledged."""
        return sum(map(len, self.acked.values()))


@dataclass
class Soak:
    """A server with its lines, and who uses it."""

    server: Server
    direct: str
    to_database: Line
    to_redis: Line
    redis_url: str
    pause: float
    brief: float = 1.0  # how long faults last, as a part of their length
    told: Told = field(default_factory=Told)
    ending: threading.Event = field(default_factory=threading.Event)
    portfolio: str = ""

    def api(self, seconds: float = LONGEST_REQUEST) -> httpx.Client:
        """Give a client that keeps its connections, as a browser does."""
        return httpx.Client(base_url=self.server.url, timeout=seconds)

    def fresh(self) -> str:
        """Make a portfolio to write to."""
        with self.api() as api:
            answer = api.post("/api/v1/portfolios", json={"name": f"Soak {uuid4().hex[:6]}", "base_currency": "USD"})
        answer.raise_for_status()
        self.portfolio = str(answer.json()["id"])
        self.told.acked[self.portfolio] = []
        return self.portfolio

    def write(self) -> None:
        """Write one deposit after the other; what is not acknowledged is asked for again under its key."""
        with self.api() as api:
            while not self.ending.is_set():
                name, place = uuid4().hex, self.portfolio
                while not self._sent(api, place, name) and not self.ending.wait(0.1):
                    pass
                self.ending.wait(self.pause)

    def _sent(self, api: httpx.Client, place: str, name: str) -> bool:
        body = {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "1", "external_id": name}
        try:
            answer = api.post(f"/api/v1/portfolios/{place}/transactions", json=body, headers={"Idempotency-Key": name})
        except httpx.HTTPError as error:
            self.told.refused[type(error).__name__] += 1
            return False
        if answer.status_code == 201:
            self.told.acked[place].append(name)
            return True
        self.told.refused[str(answer.status_code)] += 1
        if answer.status_code not in {409, 503}:
            self.told.broken.append(Broken("I1", f"a write was answered {answer.status_code}: {answer.text[:200]}"))
        return False

    def read(self) -> None:
        """Read as a screen does."""
        paths = itertools.cycle(["/api/v1/portfolios/all/holdings", "/api/v1/status", "/api/v1/portfolios", "/readyz"])
        with self.api() as api:
            while not self.ending.wait(0.5):
                with suppress(httpx.HTTPError):
                    answer = api.get(next(paths))
                    self.told.reads += 1
                    if answer.status_code == 500:
                        self.told.broken.append(Broken("I12", f"{answer.url.path}: {answer.text[:200]}"))

    def watch(self) -> None:
        """Follow the stream, and come back when it is cut."""
        while not self.ending.is_set():
            with suppress(OSError, WebSocketException), connect(f"{self.server.url.replace('http', 'ws')}/api/v1/stream") as line:
                line.send('{"op": "subscribe", "portfolios": ["all"]}')
                while not self.ending.is_set():
                    json.loads(line.recv(timeout=30))
                    self.told.messages += 1
            self.ending.wait(random.uniform(0.2, 1.0))  # noqa: S311  # spreads, guards nothing

    def weigh(self) -> None:
        """Note the memory of the server."""
        while not self.ending.wait(2.0):
            with suppress(psutil.Error, AttributeError):
                process = psutil.Process(self.server.process.pid)  # type: ignore[union-attr]
                self.told.memory.append((time.monotonic(), process.memory_full_info().uss / 1e6))

    def check(self) -> None:
        """Ask every invariant."""
        with psycopg.connect(self.direct, autocommit=True) as connection, self.api(PATIENCE) as api:
            checker, acked = Checker(connection), {place: tuple(names) for place, names in self.told.acked.items()}
            self.told.broken += checker.check(acked=acked)
            books = checker.books()
            still = {key: book for key, book in books.items() if str(key) in acked and str(key) != self.portfolio}
            self.told.broken += heard(api, still)  # the one that is being written to moves between the two looks

    # ------------------------------------------------------------------------------------------------------------------ faults

    def lasts(self, seconds: float) -> None:
        """Leave a fault as it is for so long."""
        time.sleep(self.brief * seconds)

    def killed(self) -> None:
        """Kill the server without a word, and start it again; its memory is weighed anew."""
        self.server.stop(signal.SIGKILL)
        wait_for(self._started, PATIENCE, "the server to start again")
        self.told.memory.clear()

    def _started(self) -> bool:
        """Start it, if its port is free: somebody's connection may have been given it meanwhile."""
        with suppress(AssertionError):
            return bool(self.server.start())
        return False

    def lost_answers(self) -> None:
        """Cut every connection to the database, several times: some in the middle of a commit."""
        for _ in range(20):
            self.to_database.cut()
            time.sleep(0.1)

    def database_away(self) -> None:
        """Let nobody to the database for ten seconds."""
        self.to_database.refusing = True
        self.to_database.cut()
        self.lasts(10)
        self.to_database.refusing = False

    def database_slow(self) -> None:
        """Delay every answer of the database."""
        self.to_database.delay = 0.2
        self.lasts(10)
        self.to_database.delay = 0.0

    def ledger_locked(self) -> None:
        """Hold the lock of the ledger for longer than anybody waits."""
        with psycopg.connect(self.direct) as lock:
            lock.execute("LOCK TABLE ledger_entry IN ACCESS EXCLUSIVE MODE")
            time.sleep(LOCKED_SECONDS)

    def backends_killed(self) -> None:
        """End every backend of the database."""
        with psycopg.connect(self.direct, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                               " WHERE datname = current_database() AND pid <> pg_backend_pid()")

    def redis_silent(self) -> None:
        """Keep every answer of Redis back."""
        self.to_redis.mute = True
        self.lasts(15)
        self.to_redis.mute = False

    def redis_away(self) -> None:
        """Let nobody to Redis."""
        self.to_redis.refusing = True
        self.to_redis.cut()
        self.lasts(10)
        self.to_redis.refusing = False

    def redis_full_and_flushed(self) -> None:
        """Let Redis keep nothing, then empty it."""
        with redis.Redis.from_url(self.redis_url) as client:
            client.config_set("maxmemory", "1")
            self.lasts(10)
            client.config_set("maxmemory", "256mb")
            client.flushall()

    def frozen(self) -> None:
        """Stop the whole server for a while, as a lid that is shut does."""
        if self.server.process is not None:
            self.server.process.send_signal(signal.SIGSTOP)
            self.lasts(12)
            self.server.process.send_signal(signal.SIGCONT)

    def dead_readers(self) -> None:
        """Open streams that nobody reads."""
        with suppress(OSError), ExitStack() as stack:
            for _ in range(10):
                line = stack.enter_context(socket.create_connection(("127.0.0.1", self.server.port), timeout=LONGEST_REQUEST))
                line.sendall(GREETING.format(self.server.host).encode())
                line.recv(12)  # it was let in
                line.sendall(frame(TEXT, b'{"op": "subscribe", "portfolios": ["all"]}'))
            self.lasts(15)

    def faults(self) -> list[Callable[[], None]]:
        """Every fault once, in the order of the round."""
        return [self.lost_answers, self.redis_silent, self.ledger_locked, self.database_away, self.redis_full_and_flushed, self.backends_killed,
                self.database_slow, self.redis_away, self.frozen, self.dead_readers]

    def healed(self) -> float:
        """Wait until it is ready and writes go on; give the seconds."""
        began, count = time.monotonic(), self.told.count
        wait_for(lambda: self.told.count > count + 5, PATIENCE, "writes to go on")
        wait_for(self._ready, PATIENCE, "the server to be ready")
        return time.monotonic() - began

    def _ready(self) -> bool:
        with suppress(httpx.HTTPError), self.api() as api:
            return bool(api.get("/readyz").json()["status"] == "ok")
        return False


@contextmanager
def soaking(pause: float, brief: float = 1.0) -> Iterator[Soak]:
    """Start database, Redis, lines and a server that polls simulated prices."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True)))
        parts: Embedded = embedded.start(Settings.from_env({"PORTOLAN_HOME": str(folder / "parts")}))
        stack.callback(parts.stop)
        direct, own = stack.enter_context(own_database(parts.database_url)), stack.enter_context(own_redis())
        to_database, to_redis = stack.enter_context(Line(socket_of(direct))), stack.enter_context(Line(socket_of(own.url)))
        lined = sa.make_url(direct).set(host="127.0.0.1", port=to_database.port, query={}).render_as_string(hide_password=False)
        server = server_in(folder, DATABASE_URL=lined, REDIS_URL=f"redis://127.0.0.1:{to_redis.port}/0", SECRET_KEY=uuid4().hex,
                           MARKET_DATA="simulated", LOG_LEVEL="warning")
        server.start()
        stack.callback(server.stop)
        yield Soak(server, direct, to_database, to_redis, own.url, pause, brief)


def run(minutes: float, every: float, pause: float, brief: float = 1.0, say: Callable[[str], object] = print) -> Told:
    """Do it, and give what was seen."""
    with soaking(pause, brief) as soak:
        soak.fresh()
        work = [*[soak.write] * WRITERS, soak.read, *[soak.watch] * SCREENS, soak.weigh]
        threads = [threading.Thread(target=each, daemon=True) for each in work]
        for thread in threads:
            thread.start()
        try:
            _rounds(soak, minutes, every, say)
        finally:
            soak.ending.set()
            for thread in threads:
                thread.join(40)
        soak.fresh()
        soak.check()
        _report(soak.told, say)
        return soak.told


def _rounds(soak: Soak, minutes: float, every: float, say: Callable[[str], object]) -> None:
    """Go round the faults until the time is over, and at least once; the kill comes first, so that memory is that of one process after it."""
    end, once = time.monotonic() + 60 * minutes, [soak.killed, *soak.faults()]
    for number, fault in enumerate(itertools.chain(once, itertools.cycle(soak.faults()))):
        soak.ending.wait(every if number < len(once) else min(every, max(0.0, end - time.monotonic())))
        if number >= len(once) and time.monotonic() >= end:
            return
        if len(soak.told.acked[soak.portfolio]) > KEPT:
            soak.fresh()
        _injected(soak, fault, say)


def _injected(soak: Soak, fault: Callable[[], None], say: Callable[[str], object]) -> None:
    """Inject one fault, wait until all is well again, and ask the invariants."""
    refused = soak.told.refused.total()
    fault()
    healed = soak.healed()
    soak.check()
    say(f"{fault.__name__}: healed {healed:.1f} s after its end, {soak.told.refused.total() - refused} writes refused and asked for again,"
        f" {soak.told.count} acknowledged so far, {len(soak.told.broken)} invariants broken")


def _report(told: Told, say: Callable[[str], object]) -> None:
    say(f"{told.count} writes acknowledged, {told.reads} reads, {told.messages} messages; refused {dict(told.refused)}")
    say(f"memory {told.memory[0][1]:.0f} MB at first, {told.memory[-1][1]:.0f} MB at last; in the second half {slope(told.memory):+.1f} MB an hour")
    for each in told.broken[:40]:
        say(f"{each.invariant}: {each.what}")
    say(f"{len(told.broken)} broken" if told.broken else "every invariant holds, no acknowledged write is lost")


def main() -> int:
    """Run it from the command line; 1 where an invariant was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=180.0, help="seconds between two faults")
    parser.add_argument("--pause", type=float, default=0.2, help="seconds between two writes of a writer")
    parser.add_argument("--brief", type=float, default=1.0, help="how long faults last, as a part of their length")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    return 1 if run(options.minutes, options.every, options.pause, options.brief).broken else 0


if __name__ == "__main__":
    sys.exit(main())
