from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest

from data.database import Database
from data.ids import uuid7
from data.records import Rate
from engine.errors import Conflict, InvalidInput, NotFound
from engine.types import Actor, AssetClass, Bar, CorporateAction, Instrument

MONDAY = date(2024, 1, 1)
Put = Callable[..., Instrument]


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


@pytest.fixture
def put(database: Database, actor: Actor) -> Put:
    def work(symbol: str, **fields: object) -> Instrument:
        with database.begin() as unit:
            return unit.instruments.put(actor.workspace_id, actor.user_id, symbol, **fields)[0]
    return work


def test_put_adds_then_changes_what_is_given(database: Database, actor: Actor) -> None:
    with database.begin() as unit:
        first, created = unit.instruments.put(actor.workspace_id, actor.user_id, "ACME", name="Acme", asset_class=AssetClass.FUND, currency="EUR",
                                              sector="Energy", multiplier=Decimal("0.5"))
        assert created
        assert (first.version, first.asset_class, first.multiplier, first.sector) == (1, AssetClass.FUND, Decimal("0.5"), "Energy")
        same, created = unit.instruments.put(actor.workspace_id, actor.user_id, "ACME", name="Acme")
        assert not created
        assert same == first, "what does not change is not counted"
        changed, _ = unit.instruments.put(actor.workspace_id, actor.user_id, "ACME", version=1, sector=None, isin="DE0001")
    assert (changed.version, changed.sector, changed.isin, changed.name) == (2, None, "DE0001", "Acme")
    with database.begin() as unit:
        assert unit.instruments.get(actor.workspace_id, "ACME") == changed
        with pytest.raises(Conflict) as caught:
            unit.instruments.put(actor.workspace_id, actor.user_id, "ACME", version=1, name="Late")
    assert (caught.value.context["expected_version"], caught.value.context["found_version"]) == (1, 2)


def test_a_version_of_nothing(database: Database, actor: Actor) -> None:
    with pytest.raises(NotFound), database.begin() as unit:
        unit.instruments.put(actor.workspace_id, actor.user_id, "NONE", version=1, name="x")
    with pytest.raises(NotFound), database.read() as unit:
        unit.instruments.get(actor.workspace_id, "NONE")
    with pytest.raises(TypeError), database.begin() as unit:
        unit.instruments.put(actor.workspace_id, actor.user_id, "ACME", colour="red")


def test_the_same_symbol_at_once_is_one_instrument(database: Database, actor: Actor) -> None:
    def work(_: int) -> tuple[UUID, bool]:
        with database.begin() as unit:
            instrument, created = unit.instruments.put(actor.workspace_id, actor.user_id, "RACE", name="Race")
            time.sleep(0.02)
        return instrument.id, created

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(work, range(4)))
    assert len({found for found, _ in answers}) == 1
    assert [created for _, created in answers].count(True) == 1


def test_workspaces_do_not_share_symbols(database: Database, actor: Actor, put: Put) -> None:
    ours = put("SAME")
    with database.begin() as unit:
        stranger = unit.system.add_user(unit.system.add_workspace("other").id, "other")
        theirs, created = unit.instruments.put(stranger.workspace_id, stranger.user_id, "SAME")
        assert created
        assert theirs.id != ours.id
        assert unit.instruments.by_symbols(actor.workspace_id, ["SAME", "NONE"]) == {"SAME": ours}
        assert unit.instruments.find_all(actor.workspace_id) == [ours]
        assert {ours.id, theirs.id} <= {each.id for each in unit.instruments.find_all()}


def test_search_reads_symbol_name_and_isin_as_text(database: Database, actor: Actor, put: Put) -> None:
    put("AAA", name="Älpha Motors"), put("AAB", name="100% Bonds"), put("AAC", name="Gold", isin="US0378331005")
    with database.read() as unit:
        def symbols(**asked: object) -> list[str]:
            return [each.symbol for each in unit.instruments.find(actor.workspace_id, **asked)]  # type: ignore[arg-type]
        assert symbols() == ["AAA", "AAB", "AAC"]
        assert symbols(query="aab") == ["AAB"]
        assert symbols(query="motors") == ["AAA"]
        assert symbols(query="0378") == ["AAC"]
        assert symbols(query="%") == ["AAB"], "a percent sign is a percent sign"
        assert symbols(query="_") == []
        assert symbols(limit=2) == ["AAA", "AAB"]
        assert symbols(limit=2, after="AAB") == ["AAC"]


@pytest.mark.parametrize("fields", [{"currency": "usd"}, {"multiplier": Decimal(0)}, {"multiplier": Decimal("NaN")}, {"asset_class": "stock"}])
def test_rules_of_the_table(put: Put, fields: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        put("RULES", **fields)


def test_bars_come_back_and_are_replaced(database: Database, put: Put) -> None:
    instrument = put("BARS")
    full = Bar(day(0), Decimal("10.50"), Decimal(10), Decimal(11), Decimal("9.99"), Decimal(1_000_000), Decimal("10.1"), "manual")
    with database.begin() as unit:
        assert unit.instruments.put_bars(instrument.id, [full, Bar(day(1), Decimal(11)), Bar(day(1), Decimal(12))]) == 2
        assert unit.instruments.put_bars(instrument.id, []) == 0
    with database.begin() as unit:
        assert unit.instruments.put_bars(instrument.id, [Bar(day(1), Decimal(13), source="yahoo")]) == 1
        assert unit.instruments.bars(instrument.id) == [full, Bar(day(1), Decimal(13), source="yahoo")]
        assert str(unit.instruments.bars(instrument.id)[0].close) == "10.50"
        assert [bar.date for bar in unit.instruments.bars(instrument.id, day(1), day(5))] == [day(1)]
        assert unit.instruments.bars(instrument.id, None, day(0)) == [full]


def test_a_simulated_bar_never_replaces_a_fact(database: Database, put: Put) -> None:
    instrument = put("FACTS")
    with database.begin() as unit:
        unit.instruments.put_bars(instrument.id, [Bar(day(0), Decimal(10)), Bar(day(1), Decimal(10), simulated=True)])
        simulated = [Bar(day(number), Decimal(99), source="simulated", simulated=True) for number in (0, 1, 2)]
        assert unit.instruments.put_bars(instrument.id, simulated) == 2
        assert [bar.close for bar in unit.instruments.bars(instrument.id)] == [10, 99, 99]
        assert unit.instruments.put_bars(instrument.id, [Bar(day(number), Decimal(11)) for number in (0, 1)]) == 2
        assert [(bar.close, bar.simulated) for bar in unit.instruments.bars(instrument.id)] == [(11, False), (11, False), (99, True)]


@pytest.mark.parametrize("close", ["0", "-1", "NaN", "Infinity"])
def test_a_bar_has_a_price(database: Database, put: Put, close: str) -> None:
    instrument = put("PRICE")
    with pytest.raises(InvalidInput), database.begin() as unit:
        unit.instruments.put_bars(instrument.id, [Bar(day(0), Decimal(close))])


def test_bars_of_nothing(database: Database) -> None:
    with pytest.raises(Conflict), database.begin() as unit:
        unit.instruments.put_bars(uuid7(), [Bar(day(0), Decimal(1))])


def test_closes_lie_side_by_side(database: Database, put: Put) -> None:
    first, second, third = put("A"), put("B"), put("C")
    with database.begin() as unit:
        unit.instruments.put_bars(first.id, [Bar(day(number), Decimal(10 + number)) for number in (0, 1, 3)])
        unit.instruments.put_bars(second.id, [Bar(day(number), Decimal("0.1") + number) for number in (1, 2)])
        closes = unit.instruments.closes([second.id, third.id, first.id])
        part = unit.instruments.closes([first.id], day(1), day(2))
        empty = unit.instruments.closes([third.id])
        assert unit.instruments.closes([]).empty
    assert list(closes.columns) == [second.id, third.id, first.id]
    assert [stamp.date() for stamp in closes.index] == [day(number) for number in range(4)]
    np.testing.assert_equal(closes.to_numpy(), [[np.nan, np.nan, 10], [1.1, np.nan, 11], [2.1, np.nan, np.nan], [np.nan, np.nan, 13]])
    assert part[first.id].tolist() == [11.0]
    assert empty.shape == (0, 1)
    assert closes.index.dtype == "datetime64[ns]"


def test_last_closes(database: Database, put: Put) -> None:
    first, second, third = put("A"), put("B"), put("C")
    with database.begin() as unit:
        unit.instruments.put_bars(first.id, [Bar(day(number), Decimal(10 + number), source="x") for number in range(3)])
        unit.instruments.put_bars(second.id, [Bar(day(2), Decimal(7), simulated=True)])
        ids = [first.id, second.id, third.id]
        newest = unit.instruments.last_closes(ids)
        before = unit.instruments.last_closes(ids, before=day(2))
        on = unit.instruments.last_closes(ids, on_or_before=day(2))
        assert unit.instruments.last_closes(ids, before=day(0)).empty
    assert newest["close"].to_dict() == on["close"].to_dict() == {first.id: 12.0, second.id: 7.0}
    assert newest["simulated"].to_dict() == {first.id: False, second.id: True}
    assert before.loc[first.id].to_dict() == {"date": day(1), "close": 11.0, "source": "x", "simulated": False}
    assert list(before.index) == [first.id]


def test_rates(database: Database, actor: Actor) -> None:
    mine = actor.workspace_id
    with database.begin() as unit:
        given = [(day(0), Decimal("1.10")), Rate(day(1), Decimal("1.20"), "ecb")]
        assert unit.instruments.put_rates(mine, "EURUSD", given, owner_id=actor.user_id) == 2
        assert unit.instruments.put_rates(mine, "EURCHF", [(day(1), 0.95, "simulated", True)]) == 1
        assert unit.instruments.put_rates(mine, "EURUSD", [(day(1), 9.9, "simulated", True)]) == 0, "a simulated rate replaces no fact"
        assert unit.instruments.put_rates(mine, "EURUSD", []) == 0
        assert unit.instruments.rates(mine, "EURUSD") == [Rate(day(0), Decimal("1.10")), Rate(day(1), Decimal("1.20"), "ecb")]
        assert unit.instruments.rates(mine, "EURUSD", day(1)) == [Rate(day(1), Decimal("1.20"), "ecb")]
        frame = unit.instruments.rates_frame(mine)
        np.testing.assert_equal(unit.instruments.rates_frame(mine, ["EURUSD", "EURJPY"], day(1)).to_numpy(), [[1.2, np.nan]])
        last = unit.instruments.last_rates(mine, day(0))
        newest = unit.instruments.last_rates(mine)
        assert unit.instruments.last_rates(actor.user_id).empty
        assert unit.instruments.last_rates(mine, before=day(1))["rate"].to_dict() == {"EURUSD": 1.1}
    np.testing.assert_equal(frame[["EURCHF", "EURUSD"]].to_numpy(), [[np.nan, 1.1], [0.95, 1.2]])
    assert last["rate"].to_dict() == {"EURUSD": 1.1}
    assert newest.loc["EURCHF"].to_dict() == {"date": day(1), "rate": 0.95, "source": "simulated", "simulated": True}


@pytest.mark.parametrize(("pair", "rate"), [("EURUS", "1"), ("eurusd", "1"), ("EURUSD", "0"), ("EURUSD", "NaN")])
def test_a_rate_has_a_pair_and_a_number(database: Database, actor: Actor, pair: str, rate: str) -> None:
    with pytest.raises(InvalidInput), database.begin() as unit:
        unit.instruments.put_rates(actor.workspace_id, pair, [(day(0), Decimal(rate))])


def test_actions_are_replaced_by_date_and_kind(database: Database, put: Put) -> None:
    instrument = put("ACTS")
    split, dividend = CorporateAction(day(3), "split", ratio=Decimal(4)), CorporateAction(day(1), "dividend", amount=Decimal("0.24"), currency="USD")
    with database.begin() as unit:
        assert unit.instruments.put_actions(instrument.id, [split, dividend]) == 2
        assert unit.instruments.put_actions(instrument.id, [CorporateAction(day(3), "split", ratio=Decimal(5))]) == 1
        assert unit.instruments.put_actions(instrument.id, []) == 0
        assert unit.instruments.actions(instrument.id) == [dividend, CorporateAction(day(3), "split", ratio=Decimal(5))]
        assert unit.instruments.actions(instrument.id, day(2), day(4)) == [CorporateAction(day(3), "split", ratio=Decimal(5))]


def test_many_bars(database: Database, put: Put) -> None:
    instruments = [put(f"S{number}") for number in range(5)]
    bars = [Bar(day(-number), Decimal(number + 1) / 100) for number in range(8000)]
    with database.begin() as unit:
        assert [unit.instruments.put_bars(each.id, bars) for each in instruments] == [8000] * 5
    with database.read() as unit:
        assert unit.instruments.closes([each.id for each in instruments]).notna().to_numpy().sum() == 40_000


def test_writers_of_the_same_bars_meet_without_a_conflict(database: Database, put: Put) -> None:
    """Also where each of them finds the series empty."""
    instrument = put("MEET")
    bars = [Bar(day(number), Decimal(1 + number)) for number in range(500)]

    def write(_: int) -> int:
        with database.begin() as unit:
            return unit.instruments.put_bars(instrument.id, bars)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(write, range(4))) == [500] * 4
    with database.read() as unit:
        assert unit.instruments.bars(instrument.id) == bars
