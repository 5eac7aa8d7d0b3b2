"""Files that are dropped: each taken once, whole, and put away."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from data import calendar
from data.providers import folder as module
from data.providers.folder import Dropped, Folder, table
from engine.errors import UnreadableFile

QUOTES = "symbol,price,ts\nAAPL,101.5,2026-01-02T20:00:00Z\n"


@pytest.fixture
def drop(tmp_path: Path) -> Callable[..., Path]:
    def put(name: str, content: str | bytes = QUOTES, *, age: float = 60) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        written = (calendar.now() - timedelta(seconds=age)).timestamp()
        os.utime(path, (written, written))
        return path

    return put


def names(folder: Folder) -> list[str]:
    return [dropped.name for dropped in folder.take()]


def dropped(content: str | bytes, name: str = "a.csv") -> Dropped:
    return Dropped(name, Path(name), "digest", content.encode() if isinstance(content, str) else content)


def test_a_file_is_taken_once_and_put_away(tmp_path: Path, drop: Callable[..., Path]) -> None:
    drop("a.csv")
    folder = Folder(tmp_path)
    taken = list(folder.take())
    assert [each.content.decode() for each in taken] == [QUOTES]
    assert names(Folder(tmp_path)) == ["a.csv"]  # left over by who took it and died
    placed = folder.done(taken[0])
    assert placed == tmp_path / "done" / "a.csv"
    assert names(folder) == []


def test_another_file_of_the_same_name_replaces_none(tmp_path: Path, drop: Callable[..., Path]) -> None:
    folder = Folder(tmp_path)
    for count in (1, 2):
        drop("a.csv", QUOTES.replace("101.5", str(count)))
        placed = folder.done(next(folder.take()))
        assert str(count) in placed.read_text()
    assert sorted(path.name for path in (tmp_path / "done").iterdir()) == ["a-2.csv", "a.csv"]


def test_the_reason_of_a_failure_lies_beside_it(tmp_path: Path, drop: Callable[..., Path]) -> None:
    drop("a.csv")
    folder = Folder(tmp_path)
    folder.failed(next(folder.take()), "It is wrong.")
    assert (tmp_path / "failed" / "a.csv.reason.txt").read_text() == "It is wrong.\n"
    assert (tmp_path / "failed" / "a.csv").read_text() == QUOTES


@pytest.mark.parametrize("name", [".hidden.csv", "a.csv.part", "a.tmp", "a.csv~", "a.csv.crdownload"])
def test_what_is_not_meant_is_left(tmp_path: Path, drop: Callable[..., Path], name: str) -> None:
    drop(name)
    assert names(Folder(tmp_path)) == []
    assert (tmp_path / name).exists()


def test_what_is_still_written_waits(tmp_path: Path, drop: Callable[..., Path]) -> None:
    path = drop("a.csv", age=0)
    os.utime(path, (calendar.now().timestamp() + 3600,) * 2)
    assert names(Folder(tmp_path)) == []
    drop("a.csv")
    assert names(Folder(tmp_path)) == ["a.csv"]


def test_links_and_folders_are_left(tmp_path: Path, drop: Callable[..., Path]) -> None:
    secret = drop(".secret")
    (tmp_path / "a.csv").symlink_to(secret)
    (tmp_path / "b.csv").mkdir()
    os.mkfifo(tmp_path / "c.csv")
    assert names(Folder(tmp_path)) == []


def test_a_file_that_is_too_large_is_put_away(tmp_path: Path, drop: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 20)
    drop("a.csv")
    assert names(Folder(tmp_path)) == []
    assert "20 bytes" in (tmp_path / "failed" / "a.csv.reason.txt").read_text()


def test_of_many_who_take_one_gets_each(tmp_path: Path, drop: Callable[..., Path]) -> None:
    for number in range(40):
        drop(f"{number:02d}.csv")
    Folder(tmp_path / "elsewhere")
    with ThreadPoolExecutor(4) as pool:
        taken = [name for found in pool.map(lambda _each: _settled(tmp_path), range(4)) for name in found]
    assert sorted(set(taken)) == [f"{number:02d}.csv" for number in range(40)]
    assert len(list((tmp_path / "done").iterdir())) == 40
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def _settled(path: Path) -> list[str]:
    folder, found = Folder(path), []
    for each in folder.take():
        try:
            folder.done(each)
        except FileNotFoundError:  # it was left over as far as another could tell, who put it away
            continue
        found.append(each.name)
    return found


@pytest.mark.parametrize(("text", "rows"), [
    (QUOTES, [{"symbol": "AAPL", "price": "101.5", "ts": "2026-01-02T20:00:00Z"}]),
    ("\ufeffTicker;Last\r\nAAPL;1\r\n\r\n", [{"symbol": "AAPL", "price": "1"}]),
    ("Date\tClose\tAdj Close\n2026-01-02\t1.5\t\n", [{"date": "2026-01-02", "close": "1.5"}]),
])
def test_tables(text: str, rows: list[dict[str, str]]) -> None:
    assert table(dropped(text)) == rows


@pytest.mark.parametrize(("content", "name"), [
    ("", "a.csv"), ("symbol,price\n", "a.csv"), ("symbol,symbol\nA,1\n", "a.csv"), ("symbol,price\nA\n", "a.csv"), ('symbol,price\n"A,1\n', "a.csv"),
    (b"symbol,price\n\xff\xfe,1\n", "a.csv"), ("symbol,price\nA,1\n", "a.xlsx"), ("ticker,symbol\nA,B\n", "a.csv")])
def test_what_is_no_table(content: str | bytes, name: str) -> None:
    with pytest.raises(UnreadableFile) as raised:
        table(dropped(content, name))
    assert raised.value.context["hint"]
