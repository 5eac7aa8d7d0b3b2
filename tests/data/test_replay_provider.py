"""Recorded ticks played again: every tick once, in order, over restarts and failures; LEAN's formats and plain CSV."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from data import calendar
from data.bus import Bus
from data.database import Database
from data.feed import Feed
from data.providers.registry import create, refusals
from data.providers.replay import Replay
from data.providers.replay_tapes import tapes
from data.settings import Settings
from engine.errors import MalformedResponse, SettingError, StorageError
from engine.types import Actor, AssetClass, Instrument

LEAN = Path(__file__).parents[2].parent / "shared" / "datasets" / "lean"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
IBM_TICKS = 24_293
recorded = pytest.mark.skipif(not LEAN.is_dir(), reason="../shared/datasets/lean is not there")


def zipped(folder: Path, place: str, entry: str, *lines: str) -> None:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "\n".join(lines) + "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two days of a share, the second half of them in one millisecond; a pair of currencies; a coin by minutes; a CSV."""
    zipped(tmp_path, "tick/abc/20131007_trade.zip", "20131007_abc_Trade_Tick.csv",
           "1000,1000000,5,P,0,0", "2000,1010000,5,P,0,0", "2000,1010000,5,P,0,0")
    zipped(tmp_path, "tick/abc/20131007_quote.zip", "20131007_abc_Quote_Tick.csv", "1000,0,0,1000000,5,P,0,0")
    zipped(tmp_path, "tick/abc/20131008_trade.zip", "20131008_abc_Trade_Tick.csv", "500,1020000,5,P,0,0", "500,1030000,7,P,0,0")
    zipped(tmp_path, "tick/eurusd_oanda/20140505_quote.zip", "20140505_eurusd_tick_quote.csv", "100,1.38,1.40", "200,1.42,1.40", "300,1.39,1.41")
    zipped(tmp_path, "minute/btcusd_coinbase/20180404_trade.zip", "20180404_btcusd_minute_trade.csv",
           "0,7424,7425,7420,7422.5,3", "60000,7420,7425,7420,7405,3")
    (tmp_path / "mine.csv").write_text(
        "symbol,ts,price,volume\nxyz,2024-01-02T10:00:00Z,10.5,3\nxyz,2024-01-02T10:00:01Z,10.6,\nqrs,1704189600000,7,1\n")
    return tmp_path


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    told = [calendar.now()]
    monkeypatch.setattr(calendar, "now", lambda: told[0])
    return told


def instrument(symbol: str, currency: str = "USD", kind: AssetClass = AssetClass.EQUITY) -> Instrument:
    return Instrument(UUID(int=sum(symbol.encode())), UUID(int=2), symbol, symbol, kind, currency)


def test_every_format_is_read(folder: Path) -> None:
    found = tapes(folder)
    assert sorted(found) == ["ABC", "BTCUSD", "EURUSD", "QRS", "XYZ"]
    assert found["ABC"].price.tolist() == [100.0, 101.0, 101.0, 102.0, 103.0]
    assert found["ABC"].at.tolist() == [0, 1000, 1000, 2000, 2000]
    assert found["EURUSD"].price.tolist() == pytest.approx([1.39, 1.40])
    assert found["EURUSD"].bid.tolist() == [1.38, 1.39]
    assert found["BTCUSD"].price.tolist() == [7422.5, 7405.0]
    assert found["XYZ"].at.tolist() == [0, 1000]
    np.testing.assert_array_equal(found["XYZ"].volume, [3.0, np.nan])


@pytest.mark.parametrize(("place", "content"), [("tick/abc/20200101_trade.zip", b"no zip"), ("one.csv", b"symbol,price\nabc,1\n"),
                                                ("two.csv", b"symbol,ts,price\nabc,yesterday,1\n")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, place: str, content: bytes) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_bytes(content)
    with pytest.raises(MalformedResponse, match=Path(place).name.replace(".", r"\.")):
        tapes(tmp_path)


def test_it_plays_at_its_speed_and_tells_each_tick_once(folder: Path) -> None:
    abc, pair = instrument("ABC"), instrument("EURUSD", "USD", AssetClass.FX)
    provider = Replay(folder, speed=10)
    told = [(quote.symbol, quote.price, quote.sequence) for quote in provider.fetch_quotes([abc, pair], NOON)]
    assert told == [("ABC", 100.0, 0), ("EURUSD", pytest.approx(1.39), 0)]
    assert provider.fetch_quotes([abc, pair], NOON + timedelta(milliseconds=25))[0].symbol == "EURUSD"
    late = provider.fetch_quotes([abc, pair], NOON + timedelta(seconds=5))
    assert [(quote.price, quote.sequence) for quote in late] == [(101.0, 1), (101.0, 2), (102.0, 3), (103.0, 4)]
    assert [quote.ts for quote in late] == [NOON + timedelta(milliseconds=ms) for ms in (100, 100, 200, 200)]
    assert all(quote.simulated and quote.source == "replay" for quote in late)
    assert provider.fetch_quotes([abc], NOON + timedelta(hours=1)) == []
    assert not provider.covers(instrument("KO"))
    assert provider.covers(instrument("BTC-USD"))
    assert [one.symbol for one in provider.search("x")] == ["XYZ"]


def test_settings_name_the_folder_and_the_speed(folder: Path) -> None:
    settings = Settings.from_env({"MARKET_DATA": f"replay:{folder}", "REPLAY_SPEED": "60"})
    (provider,) = create(settings)
    assert provider.covers(instrument("ABC"))
    assert refusals(settings) == []
    assert "needs a folder" in refusals(Settings.from_env({"MARKET_DATA": "replay:/nowhere/at/all"}))[0].reason
    with pytest.raises(SettingError):
        Settings.from_env({"MARKET_DATA": f"replay:{folder}", "REPLAY_SPEED": "1001"})


def stored(database: Database, key: UUID) -> list[tuple[int, float, datetime]]:
    with database.read() as unit:
        return unit.market.fetch("SELECT sequence, price::float8, ts FROM quote_tick WHERE instrument_id = %s ORDER BY sequence", [key])


def put(database: Database, actor: Actor, symbol: str) -> Instrument:
    with database.begin() as unit:
        return unit.instruments.put(actor.workspace_id, actor.user_id, symbol, currency="USD")[0]


def test_a_batch_that_was_lost_is_told_again_and_a_finished_tape_begins_again(folder: Path, database: Database, bus: Bus, actor: Actor, clock: Any,
                                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    abc = put(database, actor, "ABC")
    feed = Feed(database, bus, [Replay(folder, database=database)])
    feed.poll([abc])
    with monkeypatch.context() as broken:
        def fails(_work: object) -> None:
            raise StorageError("The database is away.")
        broken.setattr(database, "run", fails)
        clock[0] += timedelta(seconds=1)
        with pytest.raises(StorageError):
            feed.poll([abc])
    clock[0] += timedelta(seconds=1)
    feed.poll([abc])
    assert [number for number, *_ in stored(database, abc.id)] == [0, 1, 2, 3, 4]
    clock[0] += timedelta(minutes=1)
    Feed(database, bus, [Replay(folder, database=database)]).poll([abc])
    assert [number for number, *_ in stored(database, abc.id)] == [0, 1, 2, 3, 4, 5]


@recorded
def test_the_day_of_ibm_none_lost_none_twice_never_back(database: Database, bus: Bus, actor: Actor, clock: Any) -> None:
    """24,293 trades, 1,274 of them told twice and each a trade; the leader is killed on the way and another one goes on."""
    ibm, seen = put(database, actor, "IBM"), list[tuple[datetime, int]]()

    def play(polls: int) -> None:
        feed = Feed(database, bus, [Replay(LEAN / "tick", speed=1000, database=database)])
        for _ in range(polls):
            done = feed.poll([ibm])
            assert done.quarantined == []
            with database.read() as unit:
                latest = unit.market.latest([ibm.id])[ibm.id]
            seen.append((latest.ts, latest.sequence or 0))
            clock[0] += timedelta(seconds=2)

    play(12)
    killed_at = seen[-1][1]
    assert 0 < killed_at < IBM_TICKS - 1
    play(25)
    ticks = stored(database, ibm.id)
    assert [number for number, *_ in ticks] == list(range(IBM_TICKS))
    assert seen == sorted(seen)
    assert all(before[2] <= after[2] for before, after in pairwise(ticks))
    tape = tapes(LEAN / "tick" / "ibm")["IBM"]
    assert [price for _, price, _ in ticks] == tape.price.tolist()
    same = {(int(at), price, volume) for at, price, volume in zip(tape.at, tape.price, tape.volume, strict=True)}
    assert len(same) < IBM_TICKS


@recorded
def test_what_lean_recorded_is_read_whole() -> None:
    found = tapes(LEAN / "tick")
    assert {symbol: len(tape) for symbol, tape in found.items()} == {"IBM": IBM_TICKS, "EURUSD": 1164 + 25_177}
    assert all((np.diff(tape.at) >= 0).all() for tape in found.values())
