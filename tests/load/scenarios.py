"""One scenario a bar. Each gives what was found and the rows of its table."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.bench.table import Row
from tests.load import bare, dashboards, feeder, listeners, traffic
from tests.load.parts import Meter, Part, quantiles, rss_bytes, servers_under
from tests.load.plan import Plan
from tests.load.world import World, world
from tests.ui.conftest import Server, free_port, server_in

BARE = {"ws": "websockets-sansio", "ws_max_size": 65536, "ws_per_message_deflate": False, "log_config": None, "access_log": False}
SETTLE_SECONDS = 1.5
BURST_QUOTES, BURST_SECONDS = 20_000.0, 10.0
DEAF_TURNS = 2
LATEST_CUT_SECONDS = 60.0
MOST_FOLLOWED = 20  # portfolios that one client may follow
LONGEST_WARMTH_SECONDS, IDLE_SECONDS, IDLE_CORES = 30.0, 0.4, 0.06


@dataclass
class Stage:
    """A furnished home with its server, and the parts that every scenario has."""

    plan: Plan
    world: World
    server: Server
    listeners: Part
    feeder: Part
    meter: Meter

    def subscriptions(self, count: int, offset: int = 0) -> list[str]:
        """Give what each client follows: one portfolio, in turn."""
        portfolios = self.world.portfolios[:self.plan.portfolios]
        return [json.dumps({"op": "subscribe", "portfolios": [portfolios[place % len(portfolios)]], "replace": True})
                for place in range(offset, offset + count)]

    def greedy(self) -> str:
        """Follow as much as one client may."""
        return json.dumps({"op": "subscribe", "portfolios": self.world.portfolios[:min(self.plan.portfolios, MOST_FOLLOWED)], "replace": True})

    def connect(self, count: int, *, offset: int = 0, light: bool = False) -> dict[str, Any]:
        """Open clients; gives what one of them costs the server in memory."""
        assert self.server.process
        before = rss_bytes(self.server.process.pid)
        made: dict[str, Any] = self.listeners.ask("connect", "127.0.0.1", self.server.port, self.subscriptions(count, offset), light)
        return {**made, "kilobytes_a_client": (rss_bytes(self.server.process.pid) - before) / 1024 / count}

    def settled(self, before: dict[str, float] | None = None) -> dict[str, Any]:
        """Wait until the last flush is out, and compare every client with the feed, and with what another one told before it."""
        time.sleep(SETTLE_SECONDS)
        fed = self.feeder.ask("told")
        kept: dict[str, Any] = self.listeners.ask("wrong", {**(before or {}), **fed["last"]}, self.world.held, self.plan.portfolios)
        return {**kept, "ticks_accepted": fed["accepted"], "ticks_refused": fed["refused"], "ticks_stored": fed["stored"],
                "ticks_lost": fed["accepted"] - fed["stored"]}

    def metric(self, name: str) -> float:
        """Read one figure from the server's own metrics."""
        found = re.search(rf"^{re.escape(name)} (\S+)$", httpx.get(f"{self.server.url}/metrics", timeout=30).text, re.MULTILINE)
        assert found, name
        return float(found[1])

    def sending(self) -> tuple[float, float]:
        """Read the processor seconds in which the hub encoded and sent, and how many messages."""
        return self.metric("portolan_hub_sending_total"), self.metric("portolan_hub_pushed_total")

    def lag_ms(self, quantile: str = "0.99") -> float:
        """Read how late the event loop was."""
        return 1000 * self.metric(f'portolan_loop_lag_seconds{{quantile="{quantile}"}}')

    def warm(self) -> None:
        """Give every instrument a price, and wait until the server has nothing left to do of its start and of the first flushes."""
        self.feeder.ask("warm")
        assert self.server.process
        end = time.monotonic() + LONGEST_WARMTH_SECONDS
        while time.monotonic() < end:
            meter = Meter(server=self.server.process.pid)
            time.sleep(IDLE_SECONDS)
            if meter.cores()["server"] < IDLE_CORES:
                return


@contextmanager
def stage(home: Path, plan: Plan) -> Iterator[Stage]:
    """Furnish a home of its own, with its PostgreSQL and Redis, and start everything on it."""
    home.mkdir(parents=True, exist_ok=True)
    with world(home / "home", plan) as made, served(home, plan, made) as on:
        yield on


@contextmanager
def served(home: Path, plan: Plan, made: World, **environment: str) -> Iterator[Stage]:
    """Start a server on a furnished world, and the parts beside it; stop them."""
    count = str(plan.clients + plan.dashboards + 500)
    server = server_in(home, MARKET_DATA="", STREAM_FLUSH_MS=str(plan.flush_ms), STREAM_CLIENTS=count, STREAM_CLIENTS_PER_USER=count,
                       LOG_LEVEL="warning", **environment).start()
    parts = Part(listeners.listen), Part(feeder.feed, made, plan.seed)
    try:
        for part in parts:
            part.hear()
        assert server.process
        meter = Meter(server=server.process.pid, clients=parts[0].pid, feed=parts[1].pid, **servers_under(home))
        yield Stage(plan, made, server, *parts, meter)
    finally:
        for part in parts:
            part.stop()
        server.stop()


def fan_out(home: Path, plan: Plan) -> tuple[dict[str, Any], list[Row]]:
    """The first bar, in a home of its own."""
    with stage(home, plan) as on:
        return fan_out_on(on)


def fan_out_on(on: Stage) -> tuple[dict[str, Any], list[Row]]:
    """The stream by itself; then readers and writers beside it; then the bare stack with the same bytes."""
    plan = on.plan
    first = min(plan.portfolios, plan.clients // 2)
    found: dict[str, Any] = {"first": on.connect(first)}  # with them come the portfolios
    on.warm()
    found["connected"] = on.connect(plan.clients - first, offset=first)
    on.warm()
    found["alone"] = streaming(on, plan.seconds)
    callers = Part(traffic.send, on.server.url, on.world.portfolios[:plan.portfolios], on.world.held, plan.seed)
    callers.hear()
    on.meter.start()
    on.listeners.ask("begin")
    on.feeder.say("run", plan.quotes, plan.batch_seconds, plan.seconds)
    found["traffic"] = callers.ask("run", plan.reads, plan.writes, plan.seconds)
    found["feed"] = on.feeder.hear()
    found["cores"], found["stream"] = on.meter.cores(), on.listeners.ask("told")
    found["lag_ms"] = on.lag_ms()
    callers.stop()
    found["kept"] = on.settled()
    found["bare"] = bare_fan(on, plan.flush_ms / 1000, plan.bare_seconds)
    return found, fan_out_rows(found, plan)


def streaming(on: Stage, seconds: float) -> dict[str, Any]:
    """The stream by itself: what a message costs the server, all told."""
    on.listeners.ask("begin")
    before = on.sending()
    on.meter.start()
    fed = on.feeder.ask("run", on.plan.quotes, on.plan.batch_seconds, seconds)
    heard, cores, spent = on.listeners.ask("told"), on.meter.cores(), on.meter.seconds("server")
    seconds_sending, pushed = (now - then for now, then in zip(on.sending(), before, strict=True))
    return {"feed": {**fed, "batch_ms": quantiles(fed["batch_ms"])}, "stream": heard, "cores": cores, "lag_ms": on.lag_ms(),
            "pushed": pushed, "fan_us_a_message": 1e6 * seconds_sending / max(pushed, 1),
            "cpu_us_a_message": 1e6 * spent / max(heard["messages"], 1), "cpu_us_a_quote": 1e6 * spent / fed["sent"],
            "feed_cpu_us_a_quote": 1e6 * on.meter.seconds("feed") / fed["sent"]}


def bare_fan(on: Stage, pause: float, seconds: float) -> dict[str, Any]:
    """Send the last real message of every client by the bare stack: at the same pace, and as fast as it goes."""
    messages, port = on.listeners.ask("last_messages"), free_port()
    on.listeners.ask("close")
    fan = Part(bare.serve, port, messages, BARE)
    fan.hear()
    try:
        on.listeners.ask("connect", "127.0.0.1", port, ["{}"] * len(messages), True)
        paced = fan.ask("fan", pause, seconds)
        time.sleep(0.3)
        on.listeners.ask("begin")
        fast = fan.ask("fan", 0.0, seconds)
        return {"paced": {**paced, "starts": len(paced["starts"])}, "fast": {**fast, "starts": len(fast["starts"])},
                "bytes_a_message": sum(map(len, messages)) / len(messages)}
    finally:
        on.listeners.ask("close")
        fan.stop()


def fan_out_rows(found: dict[str, Any], plan: Plan) -> list[Row]:
    """Hold what was found against the bars."""
    alone, both, kept, calls = found["alone"], found["stream"], found["kept"], found["traffic"]
    found["feed"]["batch_ms"] = quantiles(found["feed"]["batch_ms"])
    limit = found["bare"]["paced"]["cpu_us_a_message"]
    return [
        Row("received to client, p99", both["late_ms"].get("p99", float("nan")), plan.flush_ms + 100, "ms"),
        Row("received to client, p50", both["late_ms"].get("p50", float("nan")), None, "ms"),
        Row("the same without REST, p99", alone["stream"]["late_ms"].get("p99", float("nan")), None, "ms"),
        Row("messages a second", both["messages_per_second"], None, ""),
        Row("quotes a second fed", found["feed"]["per_second"], None, ""),
        Row("gaps in seq", both["gaps"], 1, ""),
        Row("last prices that are wrong", kept["wrong"], 1, f"of {kept['checked']}"),
        Row("ticks lost in the store", kept["ticks_lost"], 1, f"of {kept['ticks_accepted']}"),
        Row("memory a client", found["connected"]["kilobytes_a_client"], 60, "kB"),
        Row("memory a portfolio with its first client", found["first"]["kilobytes_a_client"], None, "kB"),
        Row("loop lag, p99", found["lag_ms"], 50, "ms"),
        Row("REST reads, p95", calls["read_ms"].get("p95", float("nan")), 150, "ms"),
        Row("writes, p95", calls["write_ms"].get("p95", float("nan")), None, "ms"),
        Row("acknowledged writes lost", calls["lost"], 1, f"of {calls['acknowledged']}"),
        Row("processor time a message, bare", limit, None, "us"),
        Row("the same, hub: encode and send", alone["fan_us_a_message"], None, "us"),
        Row("the same, hub: hear, value, encode, send", alone["cpu_us_a_message"], None, "us"),
        Row("fan-out, part of the bare limit", limit / max(alone["fan_us_a_message"], 1e-9), 0.6, "", at_least=True),
        Row("all that the hub does, part of the bare limit", limit / alone["cpu_us_a_message"], None, ""),
    ]


def dashboard_run(home: Path, plan: Plan) -> tuple[dict[str, Any], list[Row]]:
    """Dashboards in real Dash sessions beside clients on the stream."""
    with stage(home, plan) as on:
        found: dict[str, Any] = {"connected": on.connect(plan.clients)}
        on.warm()
        followed = [on.world.portfolios[place % plan.portfolios] for place in range(plan.dashboards)]
        boards = Part(dashboards.refresh, on.server.url, followed, plan.seed)
        boards.hear()
        boards.ask("open")
        on.listeners.ask("begin")
        on.feeder.say("run", plan.quotes, plan.batch_seconds, plan.seconds)
        on.meter.start()
        found["boards"] = boards.ask("run", plan.refresh_seconds, plan.seconds)
        found["cores"], found["stream"] = on.meter.cores(), on.listeners.ask("told")
        found["lag_ms"] = on.lag_ms()
        found["feed"] = quantiles(on.feeder.hear()["batch_ms"])
        boards.stop()
    told = found["boards"]
    return found, [Row("a callback of a dashboard, p95", told["callback_ms"]["p95"], 300, "ms"),
                   Row("a callback of a dashboard, p50", told["callback_ms"]["p50"], None, "ms"),
                   Row("callbacks", told["callbacks"], None, ""),
                   Row("callbacks that failed", sum(count for code, count in told["answers"].items() if code not in {"200", "204"}), 1, ""),
                   Row("received to client, p99", found["stream"]["late_ms"].get("p99", float("nan")), None, "ms"),
                   Row("loop lag, p99", found["lag_ms"], None, "ms"), Row("cores used by the server", found["cores"]["server"], None, "")]


def burst(home: Path, plan: Plan) -> tuple[dict[str, Any], list[Row]]:
    """Ten times the quotes for ten seconds: before, meanwhile, and from two seconds after."""
    with stage(home, plan) as on:
        assert on.server.process
        found: dict[str, Any] = {"connected": on.connect(plan.clients)}
        on.warm()
        found["before"] = streaming(on, plan.seconds)
        memory = rss_bytes(on.server.process.pid)
        fast = Part(feeder.feed, on.world, plan.seed + 1)
        fast.hear()
        on.listeners.ask("begin")
        found["burst"] = {**fast.ask("run", BURST_QUOTES, plan.batch_seconds, BURST_SECONDS), "stream": on.listeners.ask("told")}
        found["burst"]["batch_ms"] = quantiles(found["burst"]["batch_ms"])
        fed = fast.ask("told")
        fast.stop()
        on.feeder.ask("forget")
        time.sleep(2)
        found["after"] = streaming(on, plan.seconds)
        found["megabytes_grown"] = (rss_bytes(on.server.process.pid) - memory) / 1e6
        found["kept"] = {**on.settled(fed["last"]), "burst_accepted": fed["accepted"], "burst_stored": fed["stored"]}
    before, after = (found[name]["stream"]["late_ms"].get("p99", float("nan")) for name in ("before", "after"))
    lost = found["burst"]["sent"] - fed["accepted"] - fed["refused"] + fed["accepted"] - fed["stored"]
    return found, [Row("quotes a second in the burst", found["burst"]["per_second"], 0.95 * BURST_QUOTES, "", at_least=True),
                   Row("ticks lost in the store", lost, 1, f"of {fed['accepted']}"),
                   Row("gaps in seq", found["burst"]["stream"]["gaps"] + found["after"]["stream"]["gaps"], 1, ""),
                   Row("memory grown over it", found["megabytes_grown"], 30, "MB"),
                   Row("received to client before, p99", before, None, "ms"),
                   Row("received to client in the burst, p99", found["burst"]["stream"]["late_ms"].get("p99", float("nan")), None, "ms"),
                   Row("received to client two seconds after, p99", after, max(1.25 * before, plan.flush_ms + 100), "ms"),
                   Row("last prices that are wrong", found["kept"]["wrong"], 1, f"of {found['kept']['checked']}")]


def until_cut(on: Stage) -> float:
    """Go on feeding until a client was cut, or it is too late."""
    began = time.monotonic()
    while not on.metric("portolan_hub_cut_total") and time.monotonic() < began + LATEST_CUT_SECONDS:
        on.feeder.ask("run", on.plan.quotes, on.plan.batch_seconds, 1)
    return round(time.monotonic() - began, 1)


def deaf(home: Path, plan: Plan) -> tuple[dict[str, Any], list[Row]]:
    """One client that never reads: what the others notice, in turns so that both halves see the same machine."""
    with stage(home, plan) as on:
        found: dict[str, Any] = {"connected": on.connect(plan.clients), "without": [], "with": []}
        on.warm()
        for _ in range(DEAF_TURNS):
            found["without"].append(streaming(on, plan.seconds)["stream"])
            on.listeners.ask("deaf", "127.0.0.1", on.server.port, on.greedy())
            found["with"].append(streaming(on, plan.seconds)["stream"])
        found["seconds_until_cut"] = until_cut(on)
        found["cut"], found["kept"] = on.metric("portolan_hub_cut_total"), on.settled()
    alone, beside = (min(turn["late_ms"]["p99"] for turn in found[name]) for name in ("without", "with"))
    return found, [Row("received to client, p99, all read", alone, None, "ms"),
                   Row("received to client, p99, beside one that never reads", beside, 1.1 * alone, "ms"),
                   Row("clients that never read and were cut", found["cut"], 1, "", at_least=True),
                   Row("others that were cut", sum(len(turn["closed"]) for turn in found["with"]), 1, ""),
                   Row("gaps in seq", sum(turn["gaps"] for turn in found["with"]), 1, ""),
                   Row("last prices that are wrong", found["kept"]["wrong"], 1, f"of {found['kept']['checked']}")]
