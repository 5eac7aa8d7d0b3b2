# ruff: noqa: PT012  # what is tried fails at the end of its block, at the commit
from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from data.database import Database, Unit
from data.repositories.market import partition_name
from data.settings import Settings
from engine.errors import Conflict, InvalidInput, NotFound
from engine.types import Actor, Finding, Instrument, Quote, Severity

NOON = datetime(2031, 5, 5, 12, tzinfo=UTC)
Tick = Callable[..., Quote]


@pytest.fixture
def instruments(database: Database, actor: Actor) -> list[Instrument]:
    with database.begin() as unit:
        return [unit.instruments.put(actor.workspace_id, actor.user_id, symbol, currency="EUR")[0] for symbol in ("AAA", "BBB")]


@pytest.fixture
def tick(instruments: list[Instrument]) -> Tick:
    def make(seconds: float = 0, price: float = 10.1, of: int = 0, *, simulated: bool = False, received: datetime | None = None) -> Quote:
        at = NOON + timedelta(seconds=seconds)
        return Quote(instruments[of].id, instruments[of].symbol, price, at, received or at, "test", "EUR", 5.0, simulated)
    return make


def test_the_latest_comes_back(database: Database, tick: Tick) -> None:
    with database.begin() as unit:
        assert unit.market.put_latest([tick(), tick(of=1)]) == {tick().instrument_id, tick(of=1).instrument_id}
        assert unit.market.latest([tick().instrument_id]) == {tick().instrument_id: tick()}
        assert unit.market.latest()[tick(of=1).instrument_id] == tick(of=1)
        assert unit.market.latest([uuid4()]) == {}
        assert unit.market.put_latest([]) == set()


@pytest.mark.parametrize("text", ['say "{so}"', "a, b", 'back\\slash \\"', "NULL", " ", "naïve ☂", "'; --"])
def test_any_text_comes_back_as_it_was(database: Database, tick: Tick, text: str) -> None:
    told = replace(tick(), source=text, mark=text, price=np.float64(0.1), volume=0.1 + 0.2, sequence=2**60)
    with database.begin() as unit:
        unit.market.put_latest([told])
        assert unit.market.latest([told.instrument_id]) == {told.instrument_id: told}
        assert unit.market.references([told.instrument_id]) == [(told.instrument_id, 0.1, told.ts, text, False, 2**60)]


def test_the_latest_never_goes_back_in_time(database: Database, tick: Tick) -> None:
    with database.begin() as unit:
        unit.market.put_latest([tick(10, 11.0)])
        assert unit.market.put_latest([tick(9, 12.0)]) == set()
        assert unit.market.put_latest([tick(10, 12.0)]) == set(), "of the same instant the first one stays"
        assert unit.market.latest([tick().instrument_id])[tick().instrument_id].price == 11.0
        assert unit.market.put_latest([tick(12, 14.0), tick(13, 15.0), tick(11, 13.0)]) == {tick().instrument_id}
        assert unit.market.latest([tick().instrument_id])[tick().instrument_id].price == 15.0


def test_a_simulated_quote_never_replaces_a_real_one(database: Database, tick: Tick) -> None:
    real, invented = tick(0, 10.0), tick(60, 99.0, simulated=True)
    with database.begin() as unit:
        unit.market.put_latest([real])
        assert unit.market.put_latest([invented]) == set()
        assert unit.market.latest([real.instrument_id])[real.instrument_id] == real
        assert unit.market.put_latest([tick(1, 11.0)]) == {real.instrument_id}
        assert unit.market.put_latest([replace(invented, instrument_id=tick(of=1).instrument_id)]) == {tick(of=1).instrument_id}
        assert unit.market.put_latest([tick(61, 12.0, of=1)]) == {tick(of=1).instrument_id}, "a real one replaces a simulated one"


def test_within_a_batch_a_real_quote_wins(database: Database, tick: Tick) -> None:
    with database.begin() as unit:
        unit.market.put_latest([tick(60, 99.0, simulated=True), tick(0, 10.0), tick(61, 98.0, simulated=True)])
        assert unit.market.latest([tick().instrument_id])[tick().instrument_id] == tick(0, 10.0)


def test_writers_in_any_order_leave_the_newest(database: Database, tick: Tick) -> None:
    def write(seconds: int) -> None:
        with database.begin() as unit:
            batch = [tick(seconds, 1.0 + seconds), tick(seconds, 1.0 + seconds, of=1)]
            unit.market.put_latest(batch if seconds % 2 else batch[::-1])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, np.random.default_rng(7).permutation(60).tolist()))
    with database.read() as unit:
        assert [quote.price for quote in unit.market.latest([tick().instrument_id, tick(of=1).instrument_id]).values()] == [60.0, 60.0]


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_no_invalid_price_is_stored(database: Database, tick: Tick, price: float) -> None:
    for write in (lambda unit: unit.market.put_latest([tick(price=price)]), lambda unit: unit.market.append_ticks([tick(price=price)])):
        with pytest.raises(InvalidInput), database.begin() as unit:
            write(unit)


def test_ticks_find_their_partition(database: Database, tick: Tick) -> None:
    day = date(2031, 5, 5)
    with database.begin() as unit:
        assert unit.market.append_ticks([tick(0), tick(3600 * 13)]) == 2
        assert unit.market.append_ticks([]) == 0
        assert {partition_name(day), partition_name(day + timedelta(days=1))} <= set(unit.market.partitions())
        query = "SELECT tableoid::regclass::text FROM quote_tick WHERE instrument_id = %s ORDER BY received"
        places = unit.market.fetch(query, [tick().instrument_id])
    assert places == [(partition_name(day),), (partition_name(day + timedelta(days=1)),)]


def test_partitions_come_and_go(database: Database, tick: Tick) -> None:
    today = date(2029, 3, 1)
    with database.begin() as unit:
        unit.market.ensure_partitions(today)
        unit.market.ensure_partitions(today)
        made = [name for name in unit.market.partitions() if name.startswith("quote_tick_202903")]
        assert made == ["quote_tick_20290301", "quote_tick_20290302", "quote_tick_20290303"]
        unit.market.append_ticks([tick(received=datetime(2029, 3, 1, 5, tzinfo=UTC))])
    with database.begin() as unit:
        dropped = unit.market.drop_partitions(date(2029, 3, 3))
        assert dropped[-2:] == ["quote_tick_20290301", "quote_tick_20290302"]
        assert [name for name in unit.market.partitions() if name.startswith("quote_tick_202903")] == ["quote_tick_20290303"]
    with database.begin() as unit:
        assert unit.market.append_ticks([tick(received=datetime(2029, 3, 1, 5, tzinfo=UTC))]) == 1, "a dropped day can come again"


def test_a_partition_that_was_rolled_back_is_made_again(database: Database, tick: Tick) -> None:
    early = tick(received=datetime(2028, 1, 1, tzinfo=UTC))
    with pytest.raises(ZeroDivisionError), database.begin() as unit:
        unit.market.append_ticks([early])
        unit.market.append_ticks([early])
        _ = 1 / 0
    with database.begin() as unit:
        assert partition_name(date(2028, 1, 1)) not in unit.market.partitions()
        assert unit.market.append_ticks([early]) == 1


def test_several_processes_make_the_same_partition(settings: Settings, tick: Tick) -> None:
    def work(_: int) -> None:
        database = Database(settings.database_url, pool_size=1)
        with database.begin() as unit:
            unit.market.ensure_partitions(date(2027, 6, 1))
            unit.market.append_ticks([tick(received=datetime(2027, 6, 2, tzinfo=UTC))])
        database.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))


def test_a_reader_goes_on_while_a_partition_is_attached(database: Database, tick: Tick) -> None:
    with database.begin() as unit:
        unit.market.append_ticks([tick()])
    with database.read() as reader:
        assert reader.market.fetch("SELECT count(*) FROM quote_tick WHERE instrument_id = %s", [tick().instrument_id]) == [(1,)]
        with database.begin() as unit:
            unit.market.ensure_partitions(date(2027, 9, 1))


def test_buckets_hold_the_last_price(database: Database, instruments: list[Instrument], tick: Tick) -> None:
    first, second = (each.id for each in instruments)
    with database.begin() as unit:
        ticks = [tick(0, 1.0), tick(299, 2.0), tick(300, 3.0), tick(1000, 4.0), tick(310, 7.0, of=1), tick(-1, 0.5), tick(1200, 9.0)]
        unit.market.append_ticks(ticks)
        frame = unit.market.ticks_by_bucket([first, second], NOON, NOON + timedelta(seconds=1200), 300)
        assert unit.market.ticks_by_bucket([first], NOON + timedelta(days=2), NOON + timedelta(days=3), 300).empty
    assert list(frame.index) == [NOON + timedelta(seconds=seconds) for seconds in (0, 300, 900)]
    np.testing.assert_equal(frame[[first, second]].to_numpy(), [[2.0, np.nan], [3.0, 7.0], [4.0, np.nan]])


def quarantined(unit: Unit, actor: Actor, code: str = "quote_quarantined") -> None:
    unit.market.add_finding(actor.workspace_id, Finding(code, "20 times off", Severity.ERROR, {"symbol": "AAA", "price": 1.5}))


def test_findings_wait_until_somebody_settles_them(database: Database, actor: Actor) -> None:
    with database.begin() as unit:
        quarantined(unit, actor)
        quarantined(unit, actor, "other")
        stored = unit.market.findings(actor.workspace_id, "quote_quarantined")
        assert [(each.code, each.severity, each.context, each.status) for each in stored] == [
            ("quote_quarantined", Severity.ERROR, {"symbol": "AAA", "price": 1.5}, "open")]
        assert [each.code for each in unit.market.findings(actor.workspace_id)] == ["other", "quote_quarantined"]
        settled = unit.market.settle_finding(stored[0].id, "released", actor)
        assert (settled.status, settled.settled_by) == ("released", actor.user_id)
        assert settled.settled_at is not None
        assert unit.market.finding(actor.workspace_id, settled.id) == settled
        assert unit.market.findings(actor.workspace_id, "quote_quarantined") == []
        assert unit.market.findings(actor.workspace_id, "quote_quarantined", None) == [settled]
        with pytest.raises(Conflict) as caught:
            unit.market.settle_finding(settled.id, "rejected", actor)
    assert caught.value.context["status"] == "released"


def test_a_finding_belongs_to_its_workspace(database: Database, actor: Actor) -> None:
    with database.begin() as unit:
        quarantined(unit, actor)
        stranger = unit.system.add_user(unit.system.add_workspace("other").id, "other")
        stored = unit.market.findings(actor.workspace_id)[0]
        assert unit.market.findings(stranger.workspace_id) == []
        uses = (lambda: unit.market.settle_finding(stored.id, "released", stranger), lambda: unit.market.finding(stranger.workspace_id, stored.id))
        for use in uses:
            with pytest.raises(NotFound):
                use()
