"""The line in the browser: connecting, gaps, breaks, the fallback, painting; against a stream that the test plays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.ui.conftest import Line, wait_for


def quote(price: float, **more: Any) -> dict[str, Any]:
    now = int(time.time() * 1000)
    return {"BRK.B": {"price": price, "ts": now, "received": now, "source": "test", "currency": "USD", "simulated": False, "state": "live", **more}}


def snapshot(seq: int = 0, value: float = 1000.0, price: float = 10.0, **more: Any) -> dict[str, Any]:
    rows = {"BRK.B": {"market_value": 500.0, "price": price}}
    figures = {"all": {"full": True, "currency": "USD", "value": value, "day_pnl": 1.5, "holdings": rows}}
    return {"type": "snapshot", "seq": seq, "ts": int(time.time() * 1000), "quotes": quote(price), "portfolios": figures, "degraded": False, **more}


def tick(seq: int, value: float, price: float | None = None, **more: Any) -> dict[str, Any]:
    figures = {"all": {"value": value, "day_pnl": -2.25, "holdings": {}}}
    return {"type": "tick", "seq": seq, "ts": int(time.time() * 1000), "quotes": quote(price) if price else {}, "portfolios": figures, **more}


@pytest.fixture
def shown(line: Line, context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    page.goto(line.url)
    wait_for(lambda: line.heard("subscribe"), what="the subscription")
    yield page
    page.close()


def reads(page: Page, where: str, text: str) -> None:
    page.wait_for_function("([id, text]) => document.getElementById(id).textContent === text", arg=[where, text], timeout=5000)


def stats(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("portolan.live.stats")
    return found


def test_it_follows_what_the_page_shows_and_paints_it(line: Line, shown: Page) -> None:
    asked = line.heard("subscribe")[0]
    assert asked["portfolios"] == ["all"]
    assert asked["replace"] is True
    line.send(snapshot())
    reads(shown, "value", "1,000.00")
    reads(shown, "row", "500.00")
    reads(shown, "day", "+1.50")
    line.send(tick(1, 1234.5, 11.0))
    reads(shown, "value", "1,234.50")
    reads(shown, "day", "\u22122.25")
    assert "loss" in (shown.get_attribute("#day", "class") or "")
    reads(shown, "price", "11.00")
    assert int(shown.get_attribute("#price", "data-ts") or 0) > 0
    assert stats(shown)["gaps"] == 0
    assert stats(shown)["lastSeq"] == 1


def test_what_did_not_change_stays(line: Line, shown: Page) -> None:
    line.send(snapshot())
    reads(shown, "row", "500.00")
    line.send(tick(1, 1.0))
    reads(shown, "value", "1.00")
    reads(shown, "row", "500.00")


def test_a_burst_ends_on_the_last_state(line: Line, shown: Page) -> None:
    """Messages that come faster than Dash runs callbacks are all heard."""
    line.send(snapshot(), *[tick(number, float(number)) for number in range(1, 41)])
    reads(shown, "value", "40.00")
    reads(shown, "row", "500.00")
    assert stats(shown)["lastSeq"] == 40
    assert stats(shown)["gaps"] == 0


def test_prices_do_not_wait_for_slow_answers(line: Line, shown: Page) -> None:
    """Dash runs twelve callbacks at once; with that many unanswered the stream is painted all the same."""
    line.send(snapshot())
    reads(shown, "value", "1,000.00")
    shown.click("#slow")
    wait_for(lambda: line.slow >= 6, what="as many questions as a browser asks at once")
    line.send(tick(1, 2.0))
    shown.wait_for_function("document.getElementById('value').textContent === '2.00'", timeout=1000)
    line.patience.set()


def test_a_snapshot_that_was_lost_is_asked_for_again(line: Line, shown: Page) -> None:
    line.whole = lambda: snapshot(1, 11.0)
    line.send(tick(1, 1.0))
    reads(shown, "value", "11.00")
    assert stats(shown)["gaps"] == 1


def test_a_snapshot_that_does_not_come_is_asked_for_again(line: Line, shown: Page) -> None:
    line.whole = lambda: snapshot(0, 12.0)
    reads(shown, "value", "12.00")
    assert line.heard("resync")


@pytest.mark.usefixtures("shown")
def test_what_is_refused_is_asked_for_again_in_a_while(line: Line) -> None:
    line.send({"type": "error", "code": "not_found", "portfolio": "all", "message": "There is no portfolio all."})
    wait_for(lambda: len(line.heard("subscribe")) == 2, 8, "the second question")
    assert not line.heard("resync")


def test_a_gap_asks_for_the_whole_state(line: Line, shown: Page) -> None:
    line.send(snapshot())
    reads(shown, "value", "1,000.00")
    line.send(tick(1, 1.0))
    reads(shown, "value", "1.00")
    line.send(tick(3, 3.0))
    wait_for(lambda: line.heard("resync"), what="resync")
    line.send(snapshot(3, 33.0))
    reads(shown, "value", "33.00")
    line.send(tick(4, 44.0))
    reads(shown, "value", "44.00")
    assert stats(shown)["gaps"] == 1


def test_a_broken_line_comes_back_and_resumes_from_a_snapshot(line: Line, shown: Page) -> None:
    line.send(snapshot())
    reads(shown, "value", "1,000.00")
    line.break_off()
    wait_for(lambda: len(line.heard("subscribe")) == 2, what="the second subscription")
    assert len(set(line.opened)) == 2, "every attempt has an address of its own"
    line.send(snapshot(0, 2000.0))
    reads(shown, "value", "2,000.00")
    line.send(tick(1, 2001.0))
    reads(shown, "value", "2,001.00")
    assert stats(shown)["gaps"] == 0


def test_attempts_are_spaced_and_the_fallback_takes_over(line: Line, shown: Page) -> None:
    line.send(snapshot())
    reads(shown, "value", "1,000.00")
    line.refusing = True
    line.break_off()
    wait_for(lambda: line.polls >= 2, 20, "two polls")
    assert 3 <= len(line.opened) <= 8, "a few attempts with growing pauses, not a storm"
    assert float(shown.text_content("#value") or 0) >= 1, "the poll's state is painted"
    line.refusing = False
    wait_for(lambda: len(line.heard("subscribe")) == 2, 15, "the socket to be back")
    line.send(snapshot(0, 777.0))
    reads(shown, "value", "777.00")
    polls = line.polls
    time.sleep(4.5)
    assert line.polls <= polls + 1, "polling ends when the socket works"


def test_a_hidden_page_pauses_and_shows_the_newest_when_it_is_back(line: Line, shown: Page) -> None:
    line.send(snapshot())
    reads(shown, "value", "1,000.00")
    hide = """(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange')); }"""
    shown.evaluate(hide, True)
    wait_for(lambda: line.heard("pause"), what="pause")
    line.send(tick(1, 5.0))
    time.sleep(0.3)
    assert shown.text_content("#value") == "1,000.00", "nothing is painted where nobody looks"
    shown.evaluate(hide, False)
    wait_for(lambda: line.heard("resume"), what="resume")
    reads(shown, "value", "5.00")


def test_a_price_flashes_at_most_once_a_second(line: Line, shown: Page) -> None:
    line.send(snapshot())
    reads(shown, "price", "10.00")
    shown.evaluate("""() => { window.flashes = []; new MutationObserver(() => { const list = document.getElementById('price').classList;
        if (list.contains('up') || list.contains('down')) window.flashes.push([performance.now(), list.contains('up')]); })
        .observe(document.getElementById('price'), { attributes: true, attributeFilter: ['class'] }); }""")
    for number in range(1, 13):
        line.send(tick(number, 1000.0, 10.0 + number))
        time.sleep(0.2)
    times = [at for at, _ in shown.evaluate("window.flashes")]
    assert 2 <= len(times) <= 4
    assert all(later - earlier > 900 for earlier, later in pairwise(times))


def test_the_light_says_state_and_age(line: Line, shown: Page) -> None:
    line.send(snapshot())
    reads(shown, "status-word", "Live")
    shown.wait_for_function("/s$/.test(document.getElementById('status-age').textContent)")
    assert "1 live" in (shown.get_attribute("#status", "title") or "")
    shown.evaluate("document.body.append(Object.assign(document.createElement('div'), { id: 'condition-line', hidden: true }))")
    line.send({**tick(1, 1.0), "quotes": quote(10.0, state="stale"), "degraded": True})
    reads(shown, "status-word", "Stale")
    assert shown.get_attribute("#status", "data-state") == "stale"
    reads(shown, "condition-line", "News comes late: the bus is lost, and the database is asked every few seconds.")
    line.send({**tick(2, 1.0), "degraded": False, "offline": True})
    reads(shown, "condition-line", "The database does not answer: what you see may be old, and nothing can be saved until it is back.")
    line.send({**tick(3, 1.0), "degraded": False})
    reads(shown, "condition-line", "")
    assert shown.locator("#condition-line").is_hidden()
    line.refusing = True
    line.break_off()
    shown.wait_for_function("document.getElementById('status-word').textContent === 'No feed'", timeout=30_000)  # the poll must fall silent first


def test_a_ledger_change_reaches_the_tables(line: Line, shown: Page) -> None:
    line.send(snapshot(ledger={"p1": 4}))
    reads(shown, "value", "1,000.00")
    line.send(tick(1, 1.0, ledger={"p1": 5}))
    reads(shown, "value", "1.00")
    store = "JSON.stringify(portolan.live.state.ledger)"
    assert shown.evaluate(store) == '{"p1":5}'
