"""Rules on the stream: pushed quotes come by the way of every quote, and what fired is in the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import redis

from data import calendar, venues
from data.bus import ALERTS, Bus
from data.leadership import Leadership
from engine.types import Actor
from services import Services
from services.alerts import watcher as watching_module
from services.alerts.watcher import OFFICE, Watcher
from tests.services.alert_world import Post, eventually, furnish, watching


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same clockwork, ten times as fast."""
    for name in ("SPACING_SECONDS", "CLOCK_SECONDS", "REREAD_SECONDS", "STANDBY_SECONDS", "LOOK_SECONDS", "DEAF_SECONDS"):
        monkeypatch.setattr(watching_module, name, getattr(watching_module, name) / 10)


@pytest.fixture
def post(services: Services, actor: Actor) -> Post:
    return furnish(services, actor)


@pytest.fixture
def watcher(services: Services, post: Post) -> Iterator[Watcher]:
    del post  # the workspace first
    with watching(services) as running:
        yield running


def test_a_price_fires_as_it_crosses_and_not_while_it_stays_beyond(post: Post, watcher: Watcher) -> None:
    rule = post.armed(measure="price", symbol="AAA", threshold="110", margin="1", cool_down_seconds=0, note="Sell half")
    assert rule.state == "armed"
    post.world.push(AAA=110.5)
    (event,) = post.fires(rule, 1)
    assert event.value == 110.5
    assert event.title == "AAA price at or above 110 USD"
    assert event.message == "AAA price at or above 110 USD. It is at 110.5 USD."
    assert event.context["note"] == "Sell half"
    post.world.push(AAA=112)
    post.world.push(AAA=109.5)  # not back by the margin
    post.world.push(AAA=113)
    before = watcher.status().evaluations
    eventually(lambda: watcher.status().evaluations > before + 2)
    assert len(post.events(rule)) == 1
    assert post.seen(rule.id).state == "beyond"
    post.world.push(AAA=108)
    eventually(lambda: post.seen(rule.id).state == "armed")
    post.world.push(AAA=111)
    assert [each.value for each in post.fires(rule, 2)] == [111, 110.5]
    assert post.seen(rule.id).firings == 2


@pytest.mark.usefixtures("watcher")
def test_every_measure_of_a_scope_moves_with_its_prices(post: Post) -> None:
    """100 AAA at 100, 20 BBB at 50, and 89,000 in cash: 100,000. AAA at 130 makes 103,000, of which AAA is 12.6 %."""
    portfolio = post.world.portfolio(AAA=100, BBB=20)
    rules = {
        "value": post.armed(measure="value", scope=portfolio, direction="above", threshold="101000"),
        "held": post.armed(measure="value", scope=portfolio, symbol="AAA", direction="above", threshold="12000"),
        "weight": post.armed(measure="weight", scope=portfolio, symbol="AAA", threshold="0.12"),
        "move": post.armed(measure="move", scope=portfolio, threshold="0.015"),
        "all": post.armed(measure="value", direction="above", threshold="101500"),
        "other": post.armed(measure="value", direction="above", threshold="104000"),
    }
    post.world.push(AAA=130)
    values = {name: post.fires(rule, 1)[0].value for name, rule in rules.items() if name != "other"}
    assert values["value"] == values["all"] == pytest.approx(103_000)
    assert values["held"] == pytest.approx(13_000)
    assert values["weight"] == pytest.approx(13_000 / 103_000)
    assert values["move"] == pytest.approx(0.03, abs=1e-6)
    assert not post.events(rules["other"])


@pytest.mark.usefixtures("watcher")
def test_moves_and_falls_of_an_instrument_are_counted_from_closed_days(post: Post) -> None:
    days = calendar.business_days(calendar.today() - timedelta(days=12), calendar.today() - timedelta(days=1))[-4:]
    closes = zip(days, ("80", "60", "55", "50"), strict=True)
    post.services.instruments.put_bars(post.actor, "BBB", [{"date": str(day), "close": close} for day, close in closes])
    fall = post.armed(measure="drawdown", symbol="BBB", threshold="-0.45")
    days3 = post.armed(measure="move", symbol="BBB", days=3, direction="below", threshold="-0.25")
    one = post.armed(measure="move", symbol="BBB", threshold="0.1")
    post.world.push(BBB=44)
    assert post.fires(fall, 1)[0].value == pytest.approx(44 / 80 - 1)
    assert post.fires(days3, 1)[0].value == pytest.approx(44 / 60 - 1)
    (event,) = post.fires(one, 1)
    assert event.value == pytest.approx(-0.12)
    assert event.message == "BBB moves 10\u202f% or more in a day. It has moved −12\u202f%."


@pytest.mark.usefixtures("watcher")
def test_a_new_finding_fires_and_the_next_one_again(post: Post) -> None:
    portfolio = post.world.portfolio(AAA=10)
    rule = post.armed(measure="finding", scope=portfolio, threshold=1, cool_down_seconds=0)
    assert rule.last == 0
    post.world.record(portfolio, {"date": "2024-02-01", "kind": "WITHDRAWAL", "amount": "500000", "currency": "USD"})
    (first,) = post.fires(rule, 1)
    assert first.message == "Live: 1 finding or more. There is 1 finding now."
    post.world.record(portfolio, {"date": "2024-02-02", "kind": "SELL", "symbol": "AAA", "quantity": "50", "price": "100"})
    second = post.fires(rule, 2)[0]
    assert second.value > first.value


@pytest.mark.usefixtures("watcher")
def test_a_missing_price_is_no_fall(post: Post) -> None:
    """The portfolio is bought into what has no price: its value is not known, and a rule on it stays silent."""
    portfolio = post.world.portfolio(AAA=10)
    rule = post.armed(measure="value", scope=portfolio, threshold="99000")
    post.services.instruments.put(post.actor, "NEW", {"name": "New", "currency": "USD"})
    post.world.record(portfolio, {"date": "2024-02-01", "kind": "BUY", "symbol": "NEW", "quantity": "10", "price": "5000"})
    eventually(lambda: post.services.valuation.holdings(post.actor, portfolio).snapshot.totals["value"] < 60_000)
    post.world.push(AAA=101)
    follow = post.armed(measure="price", symbol="BBB", threshold="60")  # read again since
    post.world.push(BBB=61)
    post.fires(follow, 1)
    assert not post.events(rule)


@pytest.mark.usefixtures("watcher")
def test_a_price_that_grows_old(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.world.push(AAA=100)
    rule = post.armed(measure="stale", symbol="AAA", threshold=60)
    eventually(lambda: post.seen(rule.id).state == "armed", "the price that was just pushed to be heard")
    instrument = post.services.instruments.get(post.actor, "AAA")
    now = venues.next_open(instrument, calendar.now() + timedelta(days=1)) + timedelta(hours=2)  # while its venue is closed a price does not grow old
    monkeypatch.setattr(calendar, "now", lambda: now)
    (event,) = post.fires(rule, 1)
    assert event.title == "AAA: no new price for 1 hour"
    assert event.value >= 60


@pytest.mark.usefixtures("watcher")
def test_switched_off_means_silent_and_on_again_begins_anew(post: Post) -> None:
    rule = post.armed(measure="price", symbol="AAA", threshold="110")
    off = post.services.alerts.rules.change(post.actor, rule.id, rule.version, {"active": False})
    follow = post.armed(measure="price", symbol="AAA", threshold="110")
    post.world.push(AAA=120)
    post.fires(follow, 1)
    assert not post.events(rule)
    on = post.services.alerts.rules.change(post.actor, rule.id, off.version, {"active": True})
    eventually(lambda: post.seen(rule.id).state == "beyond")
    assert not post.events(on), "it is beyond at first sight: nothing has crossed"


def test_state_outlives_a_restart_and_what_crossed_in_between_is_told(services: Services, post: Post) -> None:
    with watching(services):
        crossed = post.armed(measure="price", symbol="AAA", threshold="110", cool_down_seconds=0)
        told = post.armed(measure="price", symbol="BBB", threshold="55", cool_down_seconds=0)
        post.world.push(BBB=60)
        post.fires(told, 1)
    post.world.push(AAA=115, BBB=61)
    with watching(services):
        assert post.fires(crossed, 1)[0].value == 115
    assert len(post.events(told)) == 1, "what was told before is not told again"


def test_the_screens_hear_of_it_with_the_number_of_the_unread(services: Services, post: Post, watcher: Watcher) -> None:
    del watcher
    rule = post.armed(measure="price", symbol="AAA", threshold="110")
    listener = redis.Redis.from_url(services.settings.redis_url or "").pubsub(ignore_subscribe_messages=True)
    listener.subscribe(ALERTS)
    eventually(lambda: listener.subscribed and (listener.get_message(timeout=0.2) or True))
    post.world.push(AAA=115)
    post.fires(rule, 1)
    bodies: list[dict[str, object]] = []

    def ours() -> bool:
        while raw := listener.get_message(timeout=0.1):
            bodies.append(json.loads(raw["data"]))
        return any(body["workspace"] == str(post.actor.workspace_id) for body in bodies)

    eventually(ours)
    (message,) = [body["message"] for body in bodies if body["workspace"] == str(post.actor.workspace_id)]
    assert message["type"] == "alert"
    assert message["unread"] == 1
    assert message["event"]["title"] == rule.title
    listener.close()
    assert post.services.alerts.events.acknowledge(post.actor, [UUID(message["event"]["id"])]) == 0


def test_one_leads_and_another_takes_over(services: Services, post: Post) -> None:
    with watching(services) as first:
        second = Watcher(services)
        second.start()
        try:
            rule = post.armed(measure="price", symbol="AAA", threshold="110", cool_down_seconds=0)
            assert not second.status().leads
            post.world.push(AAA=115)
            post.fires(rule, 1)
            first.stop()
            eventually(lambda: second.status().leads and second.status().evaluations > 0)
            post.world.push(AAA=100)
            eventually(lambda: post.seen(rule.id).state == "armed")
            post.world.push(AAA=116)
            assert len(post.fires(rule, 2)) == 2
        finally:
            second.stop()


def test_two_that_believe_to_lead_tell_a_crossing_once(services: Services, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock fails both: what is kept is fenced by when a rule fired last."""
    monkeypatch.setattr(Leadership, "take", lambda _self: True)
    monkeypatch.setattr(Leadership, "held", lambda _self: True)
    with watching(services) as first, watching(services) as second:
        rule = post.armed(measure="price", symbol="AAA", threshold="110", cool_down_seconds=0)
        for price in (115.0, 100.0, 116.0, 100.0, 117.0):
            counts = first.status().evaluations, second.status().evaluations
            post.world.push(AAA=price)
            eventually(lambda counts=counts: first.status().evaluations > counts[0] + 3 and second.status().evaluations > counts[1] + 3)
        assert [each.value for each in post.events(rule)] == [117, 116, 115]


def test_without_redis_the_database_is_asked(services: Services, post: Post) -> None:
    deaf = Bus("redis://127.0.0.1:1/0")
    with watching(replace(services, bus=deaf)):
        rule = post.armed(measure="price", symbol="AAA", threshold="110", cool_down_seconds=0)
        post.world.push(AAA=115)
        assert post.fires(rule, 1)[0].value == 115
        post.world.push(AAA=100)
        eventually(lambda: post.seen(rule.id).state == "armed")
    deaf.close()


def test_an_error_that_nobody_foresaw_ends_a_session_and_the_next_begins(services: Services, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    with watching(services):
        rule = post.armed(measure="price", symbol="AAA", threshold="110")
        broken = [True]
        real = watching_module.kept_outcome

        def fail(*given: object) -> object:
            if broken.pop() if broken else False:
                raise ZeroDivisionError
            return real(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(watching_module, "kept_outcome", fail)
        post.world.push(AAA=115)
        post.fires(rule, 1)
        assert not broken


def test_the_office_is_its_own() -> None:
    from data.poller import OFFICE as POLLING  # noqa: PLC0415

    assert OFFICE != POLLING
