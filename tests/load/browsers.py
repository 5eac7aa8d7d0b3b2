"""Real Chromium: tabs on the Overview, a page held open for minutes, and pages changed hundreds of times; what it costs the browser."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.bench.table import Row
from tests.load.parts import Meter, quantiles
from tests.load.plan import Plan
from tests.ui.conftest import CHROMIUM, server_in, until

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--js-flags=--expose-gc"]
WATCH = """() => { window.long = []; new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.long.push(entry.duration)))
  .observe({ type: "longtask", buffered: false }); }"""
PAGES = ("/holdings", "/performance", "/risk", "/transactions", "/markets", "/")
LIVE = "() => window.portolan?.live && portolan.live.stats.lastSeq !== null"
SAMPLE_SECONDS = 15.0
GROWTH_BYTES = 20_000  # a page change may leave behind, by the slope of the second half
GROWTH_NODES = 50  # likewise, of nodes; a page has a thousand or more
GROWTH_LISTENERS = 5


def soak(home: Path, plan: Plan) -> tuple[dict[str, Any], list[Row]]:
    """Hold the Overview open at four flushes a second, then change pages; heap after a collection, long tasks, open tabs beside it."""
    assert CHROMIUM, "this run needs Chromium"
    server = server_in(home, STREAM_FLUSH_MS=str(plan.flush_ms), SIMULATED_TICKS_PER_SECOND="200", POLL_SECONDS="0.25").start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            tabs = [opened(browser.new_page(), server.url) for _ in range(plan.tabs)]
            page = opened(browser.new_page(), server.url)
            assert server.process
            meter = Meter(server=server.process.pid)
            found = {"held": held(page, plan.seconds), "changed": changed(page, plan.pages), "tabs": len(tabs), "cores": meter.cores()}
            browser.close()
    finally:
        server.stop()
    return found, rows(found)


def opened(page: Page, url: str) -> Page:
    """Open the Overview and wait until it is live."""
    page.goto(url)
    until(page, LIVE, seconds=60)
    page.evaluate(WATCH)
    return page


def heap(line: CDPSession) -> float:
    """Read the heap in use after a collection, in megabytes, and what hangs on the page."""
    line.send("HeapProfiler.collectGarbage")
    return float(line.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def counters(line: CDPSession) -> dict[str, int]:
    """Count documents, nodes and listeners."""
    told: dict[str, int] = line.send("Memory.getDOMCounters")
    return told


def held(page: Page, seconds: float) -> dict[str, Any]:
    """Leave the page open; heap every quarter of a minute. Its first readings are warm-up."""
    line, heaps, began = page.context.new_cdp_session(page), list[float](), time.monotonic()
    first = page.evaluate("portolan.live.stats.lastSeq")
    page.evaluate("() => { window.long.length = 0; }")
    while time.monotonic() < began + seconds:
        page.wait_for_timeout(1000 * min(SAMPLE_SECONDS, max(seconds / 4, 1)))
        heaps.append(heap(line))
    passed = time.monotonic() - began
    return {"seconds": round(passed), "messages": page.evaluate("portolan.live.stats.lastSeq") - first, "heap_mb": [round(each, 2) for each in heaps],
            "slope_mb_an_hour": slope(heaps[len(heaps) // 3:]) * 3600 * len(heaps) / passed, "nodes": counters(line),
            "long_ms": quantiles(page.evaluate("window.long")), "long_tasks": page.evaluate("window.long.length")}


def changed(page: Page, times: int) -> dict[str, Any]:
    """Change pages as a person does, by the links; heap at each return to the Overview."""
    line, heaps, counts = page.context.new_cdp_session(page), list[float](), list[dict[str, int]]()
    page.evaluate("() => { window.long.length = 0; }")
    for number in range(times):
        path = PAGES[number % len(PAGES)]
        page.locator(f'a[href="{path}"]').first.evaluate("(link) => link.click()")
        until(page, "(path) => location.pathname === path", path, seconds=30)
        page.wait_for_timeout(250)
        if path == "/":
            until(page, "() => document.getElementById('overview-page')", seconds=30)
            heaps.append(heap(line))
            counts.append(counters(line))
    each = slope(heaps[len(heaps) // 2:]) * 1e6 / len(PAGES)
    return {"changes": times, "heap_mb": [round(one, 2) for one in heaps], "bytes_a_change": each, "nodes": counts,
            "left_a_change": {name: left([count[name] for count in counts]) for name in ("documents", "nodes", "jsEventListeners")},
            "long_ms": quantiles(page.evaluate("window.long"))}


def left(values: list[int]) -> float:
    """Give what a change of page leaves behind, by the second half."""
    return slope([float(value) for value in values[len(values) // 2:]]) / len(PAGES)


def slope(values: list[float]) -> float:
    """Give the growth from one value to the next, by least squares."""
    count = len(values)
    if count < 2:
        return 0.0
    middle, mean = (count - 1) / 2, sum(values) / count
    return sum((place - middle) * (value - mean) for place, value in enumerate(values)) / sum((place - middle) ** 2 for place in range(count))


def rows(found: dict[str, Any]) -> list[Row]:
    """Hold it against the bars."""
    held, changed = found["held"], found["changed"]
    return [Row("heap on the Overview, growth an hour", held["slope_mb_an_hour"], 60, "MB"),
            Row("heap on the Overview, last", held["heap_mb"][-1], None, "MB"),
            Row("long tasks on the Overview, p95", held["long_ms"].get("p95", 0.0), 100, "ms"),
            Row("long tasks on the Overview", held["long_tasks"], None, f"in {held['seconds']} s"),
            Row("messages heard", held["messages"], None, ""),
            Row("heap left by a change of page", changed["bytes_a_change"] / 1000, GROWTH_BYTES / 1000, "kB"),
            Row("nodes left by a change of page", changed["left_a_change"]["nodes"], GROWTH_NODES, ""),
            Row("listeners left by a change of page", changed["left_a_change"]["jsEventListeners"], GROWTH_LISTENERS, ""),
            Row("heap after the changes", changed["heap_mb"][-1] if changed["heap_mb"] else 0.0, None, "MB"),
            Row("long tasks while pages change, p95", changed["long_ms"].get("p95", 0.0), None, "ms")]
