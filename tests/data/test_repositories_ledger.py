from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd
import pytest

from data import calendar
from data.database import Database
from data.ids import uuid7
from engine.errors import Conflict, InvalidInput, NotFound, StorageError
from engine.frames import LEDGER_COLUMNS, ledger_frame
from engine.types import Actor, Kind, Portfolio, Transaction

EVERYTHING = {
    "symbol": "ACME", "quantity": Decimal("12.345678901234567890"), "price": Decimal("0.10"), "fee": Decimal("1.50"), "tax": Decimal("0.25"),
    "amount": Decimal("99999999999999999999.999999999999999999"), "currency": "EUR", "fx_rate": Decimal("1.0850"), "account": "Broker",
    "note": "naïve ☂ \\N tab\there\nand there", "external_id": "row-1", "lots": [{"id": "x", "quantity": "1.5"}], "ratio": Decimal(2),
    "to_symbol": "ACMEB", "to_currency": "USD", "to_amount": Decimal("7.0"),
}  # fmt: skip


@pytest.fixture
def entry(portfolio: Portfolio) -> Callable[..., Transaction]:
    def make(day: int = 2, kind: Kind = Kind.BUY, **fields: Any) -> Transaction:
        given = {"symbol": "ACME", "quantity": Decimal(1), "price": Decimal(10), **fields}
        return Transaction(uuid7(), portfolio.id, date(2024, 1, 1) + timedelta(days=day), kind, **given)
    return make


@pytest.fixture
def add(database: Database, actor: Actor) -> Callable[..., list[Transaction]]:
    def work(*entries: Transaction) -> list[Transaction]:
        with database.begin() as unit:
            return unit.ledger.add(entries, actor.workspace_id, actor.user_id)
    return work


def ids(entries: list[Transaction]) -> list[UUID]:
    return [each.id for each in entries]


def test_every_field_comes_back_digit_by_digit(database: Database, actor: Actor, entry: Any, add: Any) -> None:
    given = entry(kind=Kind.MERGER, **EVERYTHING)
    stored = add(given)[0]
    with database.read() as unit:
        found = unit.ledger.get(given.portfolio_id, given.id)
    assert found == stored
    assert found == replace(given, sequence=stored.sequence, recorded_at=stored.recorded_at, recorded_by=actor.user_id)
    for name in ("quantity", "price", "fee", "amount", "fx_rate", "to_amount"):
        assert str(getattr(found, name)) == str(EVERYTHING[name])
    assert found.recorded_at is not None
    assert abs((calendar.now() - found.recorded_at).total_seconds()) < 5


def test_the_order_given_is_the_order_booked(database: Database, portfolio: Portfolio, entry: Any, add: Any) -> None:
    first = add(entry(5, note="a"), entry(2, note="b"), entry(5, note="c"))
    second = add(entry(2, note="d"))
    with database.read() as unit:
        assert [each.note for each in unit.ledger.find(portfolio.id)] == ["b", "d", "a", "c"]
        assert [each.note for each in unit.ledger.find(portfolio.id, newest_first=True)] == ["c", "a", "d", "b"]
        assert unit.ledger.frame(portfolio.id)["note"].tolist() == ["b", "d", "a", "c"]
    sequences = [each.sequence for each in (*first, *second)]
    assert sequences == sorted(set(sequences))


@pytest.mark.parametrize("statement", [
    "UPDATE ledger_entry SET quantity = 2 WHERE portfolio_id = %s",
    "DELETE FROM ledger_entry WHERE portfolio_id = %s",
    "UPDATE ledger_entry SET voided = true WHERE portfolio_id = %s",
])
@pytest.mark.parametrize("purging", ["on", "off"])
def test_the_table_refuses_changes(database: Database, portfolio: Portfolio, entry: Any, add: Any, statement: str, purging: str) -> None:
    """A purge may delete; nothing may update, ever."""
    stored = add(entry())
    with database.begin() as unit:
        unit.ledger.fetch("SELECT set_config('portolan.purge', %s, true)", [purging])
        if purging == "on" and statement.startswith("DELETE"):
            assert unit.ledger.affected(statement, [portfolio.id]) == 1
        else:
            with pytest.raises(StorageError, match="append-only"):
                unit.ledger.affected(statement, [portfolio.id])
        unit.connection.rollback()
    with database.read() as unit:
        assert unit.ledger.find(portfolio.id) == stored


def test_the_table_cannot_be_truncated(database: Database, portfolio: Portfolio, entry: Any, add: Any) -> None:
    stored = add(entry())
    for table in ("ledger_entry", "audit_entry"):
        with pytest.raises(StorageError, match="append-only"), database.begin() as unit:
            unit.ledger.affected(f"TRUNCATE {table}")
    with database.read() as unit:
        assert unit.ledger.find(portfolio.id) == stored


def test_all_or_none(database: Database, portfolio: Portfolio, entry: Any, add: Any) -> None:
    add(entry(external_id="taken"))
    with pytest.raises(Conflict, match="external_id"):
        add(entry(external_id="free"), entry(external_id="taken"))
    with database.read() as unit:
        assert [each.external_id for each in unit.ledger.find(portfolio.id)] == ["taken"]


def test_an_external_id_belongs_to_its_portfolio(database: Database, actor: Actor, entry: Any, add: Any) -> None:
    with database.begin() as unit:
        other = unit.portfolios.add(actor.workspace_id, actor.user_id, name="Other", base_currency="USD")
    add(entry(external_id="same"))
    add(replace(entry(external_id="same"), portfolio_id=other.id))
    add(entry(external_id=None), entry(external_id=None))
    with pytest.raises(Conflict):
        add(entry(external_id="same"))


def test_the_same_external_id_at_once_is_there_once(database: Database, actor: Actor, portfolio: Portfolio, entry: Any) -> None:
    together = threading.Barrier(2)

    def write(row: Transaction) -> str:
        together.wait(5)
        try:
            with database.begin() as unit:
                unit.ledger.add([row], actor.workspace_id, actor.user_id)
                time.sleep(0.02)
        except Conflict:
            return "conflict"
        return "written"

    for round_ in range(10):
        rows = [entry(external_id=f"race-{round_}") for _ in range(2)]
        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(write, rows)) == ["conflict", "written"]
    with database.read() as unit:
        assert len(unit.ledger.find(portfolio.id)) == 10


def test_a_correction_is_a_new_version(database: Database, portfolio: Portfolio, entry: Any, add: Any) -> None:
    first, second = add(entry(2, external_id="e"), entry(2))
    with database.begin() as unit:
        corrected = unit.ledger.supersede(replace(first, quantity=Decimal(5), version=2, external_id="renamed"))
    assert (corrected.version, corrected.sequence, corrected.external_id) == (2, first.sequence, "e")
    with database.read() as unit:
        assert unit.ledger.get(portfolio.id, first.id) == corrected
        assert unit.ledger.versions(portfolio.id, first.id) == [first, corrected]
        assert ids(unit.ledger.find(portfolio.id)) == [first.id, second.id], "it keeps its place"
        assert unit.ledger.frame(portfolio.id)["quantity"].tolist() == [5.0, 1.0]


def test_an_old_version_is_refused_with_both(database: Database, portfolio: Portfolio, entry: Any, add: Any) -> None:
    first = add(entry())[0]
    for version in (1, 3):
        with pytest.raises(Conflict) as caught, database.begin() as unit:
            unit.ledger.supersede(replace(first, version=version))
        assert (caught.value.context["expected_version"], caught.value.context["found_version"]) == (version - 1, 1)
    with pytest.raises(NotFound), database.begin() as unit:
        unit.ledger.supersede(replace(first, id=uuid7(), version=2))
    with pytest.raises(NotFound), database.begin() as unit:
        unit.ledger.get(portfolio.id, uuid7())


def test_of_two_corrections_at_once_one_wins(database: Database, portfolio: Portfolio, entry: Any, add: Any) -> None:
    first, together = add(entry())[0], threading.Barrier(2)

    def correct(quantity: int) -> str:
        together.wait(5)
        try:
            with database.begin() as unit:
                unit.ledger.supersede(replace(first, quantity=Decimal(quantity), version=2))
                time.sleep(0.02)
        except Conflict:
            return "conflict"
        return "written"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(correct, (7, 8))) == ["conflict", "written"]
    with database.read() as unit:
        assert [each.version for each in unit.ledger.versions(portfolio.id, first.id)] == [1, 2]


def test_the_ledger_as_it_was_known(database: Database, portfolio: Portfolio, entry: Any, add: Any) -> None:
    before = calendar.now()
    first, other = add(entry(quantity=Decimal(1)), entry(quantity=Decimal(10)))
    known_first = calendar.now()
    with database.begin() as unit:
        second = unit.ledger.supersede(replace(first, quantity=Decimal(2), version=2))
    known_second = calendar.now()
    with database.begin() as unit:
        unit.ledger.supersede(replace(second, voided=True, version=3))

    with database.read() as unit:
        for known_at, quantities in ((before, []), (known_first, [1, 10]), (known_second, [2, 10]), (None, [10])):
            assert [each.quantity for each in unit.ledger.find(portfolio.id, known_at=known_at)] == quantities
            assert unit.ledger.frame(portfolio.id, known_at=known_at)["quantity"].tolist() == quantities
        assert [(each.version, each.voided) for each in unit.ledger.find(portfolio.id, include_voided=True)] == [(3, True), (1, False)]
        assert ids(unit.ledger.find(portfolio.id)) == [other.id]
        assert unit.ledger.get(portfolio.id, first.id).voided


def test_filters(database: Database, portfolio: Portfolio, entry: Any, add: Any) -> None:
    buy, sell, spin, cash = add(entry(2), entry(3, Kind.SELL, account="Broker"), entry(4, Kind.SPIN_OFF, to_symbol="CHILD", ratio=Decimal("0.1")),
                                entry(5, Kind.DEPOSIT, symbol=None, quantity=None, price=None, amount=Decimal(5)))
    asked: list[tuple[dict[str, Any], list[Transaction]]] = [
        ({"symbol": "ACME"}, [buy, sell, spin]), ({"symbol": "CHILD"}, [spin]), ({"symbol": "acme"}, []),
        ({"kind": Kind.SELL}, [sell]), ({"kind": "SELL"}, [sell]), ({"kind": [Kind.BUY, Kind.DEPOSIT]}, [buy, cash]), ({"kind": []}, []),
        ({"account": "Broker"}, [sell]), ({"start": sell.date}, [sell, spin, cash]), ({"end": sell.date}, [buy, sell]),
        ({"start": sell.date, "end": spin.date, "kind": Kind.SPIN_OFF}, [spin]), ({}, [buy, sell, spin, cash]),
    ]
    with database.read() as unit:
        for filters, expected in asked:
            assert unit.ledger.find(portfolio.id, **filters) == expected, filters
        assert unit.ledger.frame(portfolio.id, end=sell.date)["id"].tolist() == [str(buy.id), str(sell.id)]


@pytest.mark.parametrize("newest_first", [False, True])
def test_pages_hold_everything_once(database: Database, portfolio: Portfolio, entry: Any, add: Any, newest_first: bool) -> None:  # noqa: FBT001
    add(*(entry(day % 3) for day in range(25)))
    with database.read() as unit:
        everything = unit.ledger.find(portfolio.id, newest_first=newest_first)
        pages: list[Transaction] = []
        while page := unit.ledger.find(portfolio.id, limit=7, after=pages[-1].id if pages else None, newest_first=newest_first):
            assert len(page) <= 7
            pages += page
    assert pages == everything
    assert len(everything) == 25


def test_the_frame_is_what_the_engine_makes_of_the_records(database: Database, portfolio: Portfolio, entry: Any, add: Any) -> None:
    deposit = entry(1, Kind.DEPOSIT, symbol=None, quantity=None, price=None, amount=Decimal(5))
    add(entry(kind=Kind.MERGER, **EVERYTHING), entry(4, fee=Decimal(1)), deposit)
    with database.read() as unit:
        frame, records = unit.ledger.frame(portfolio.id), unit.ledger.find(portfolio.id)
    pd.testing.assert_frame_equal(frame, ledger_frame(records))
    assert list(frame.columns) == LEDGER_COLUMNS


def test_an_empty_ledger_is_an_empty_frame(database: Database, portfolio: Portfolio) -> None:
    with database.begin() as unit:
        assert unit.ledger.add([], portfolio.workspace_id, portfolio.owner_id) == []
        frame = unit.ledger.frame(portfolio.id)
    assert list(frame.columns) == LEDGER_COLUMNS
    assert frame.empty
    assert frame["quantity"].dtype == "float64"


def test_external_ids_find_the_newest_version(database: Database, portfolio: Portfolio, entry: Any, add: Any) -> None:
    first, second, _ = add(entry(external_id="a"), entry(external_id="b"), entry(external_id="c"))
    with database.begin() as unit:
        corrected = unit.ledger.supersede(replace(first, note="again", version=2))
        assert unit.ledger.by_external_ids(portfolio.id, ["a", "b", "missing"]) == {"a": corrected, "b": second}
        assert unit.ledger.by_external_ids(portfolio.id, []) == {}


@pytest.mark.parametrize(("fields", "rule"), [
    ({"price": Decimal(-1)}, "price"), ({"price": Decimal("NaN")}, "price"), ({"price": Decimal("Infinity")}, "price"),
    ({"quantity": Decimal(-1)}, "amounts"), ({"quantity": Decimal("NaN")}, "amounts"), ({"quantity": Decimal("1e20")}, "amounts"),
    ({"amount": Decimal(-1)}, "amounts"), ({"amount": Decimal("-Infinity")}, "amounts"),
    ({"fee": Decimal(-1)}, "costs"), ({"tax": Decimal("NaN")}, "costs"), ({"fx_rate": Decimal(0)}, "rates"), ({"ratio": Decimal(-2)}, "rates"),
    ({"currency": "usd"}, "currency"), ({"to_currency": "US"}, "currency"), ({"day": -46000}, "date"), ({"version": 0}, "version"),
])
def test_rules_of_the_table(entry: Any, add: Any, fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(entry(**fields))
    assert caught.value.context["constraint"] == f"ledger_entry_{rule}_check"


def test_an_adjustment_may_be_negative(entry: Any, add: Any) -> None:
    assert add(entry(kind=Kind.ADJUSTMENT, quantity=Decimal(-3)))[0].quantity == -3


def test_a_ledger_of_nobody(database: Database, actor: Actor, entry: Any) -> None:
    with pytest.raises(Conflict, match="not there"), database.begin() as unit:
        unit.ledger.add([replace(entry(), portfolio_id=uuid7())], actor.workspace_id, actor.user_id)


def test_recorded_at_is_aware(entry: Any, add: Any) -> None:
    assert add(entry())[0].recorded_at.astimezone(UTC) > datetime(2024, 1, 1, tzinfo=UTC)
