"""The checker of invariants is right about a ledger that is right, and sees each damage that is planted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, LiteralString

import httpx
import psycopg
import pytest
from fastapi.testclient import TestClient

import server
from data.database import Database
from data.settings import Settings
from tests.faults import invariants
from tests.faults.invariants import Book, Broken, Checker

COPY: LiteralString = """
    WITH w AS (INSERT INTO workspace (id, name, local) VALUES (gen_random_uuid(), 'other', false) RETURNING id)
    INSERT INTO ledger_entry SELECT (jsonb_populate_record(e, replace(replace(%s, 'fresh', gen_random_uuid()::text), 'strange', w.id::text)::jsonb
                                     || jsonb_build_object('id', gen_random_uuid()))).* FROM ledger_entry e, w WHERE external_id = %s"""
ROWS: dict[str, tuple[str, str, dict[str, Any]]] = {  # a copy of the row of an external id, with other fields
    "a doubled write": ("I1", "first", {}),
    "half a transfer": ("I2", "first", {"kind": "TRANSFER_OUT", "external_id": None, "transfer_id": "fresh"}),
    "cash below zero": ("I3", "first", {"kind": "WITHDRAWAL", "external_id": None, "amount": 5000}),
    "sold more than held": ("I3", "bought", {"kind": "SELL", "external_id": None, "quantity": 50}),
    "a stranger's row": ("I10", "first", {"external_id": None, "workspace_id": "strange"}),
}
DAMAGE: dict[str, tuple[str, LiteralString]] = {
    "closes that are not the bars": ("I4", "UPDATE close_pack SET closes = set_byte(closes, 3, 255 - get_byte(closes, 3))"),
    "a missing version": ("I5", "SET session_replication_role = replica; UPDATE ledger_entry SET version = 2 WHERE external_id = 'first'"),
    "a changed amount": ("I5", "SET session_replication_role = replica; UPDATE ledger_entry SET amount = 1001 WHERE external_id = 'first'"),
    "a row that is gone": ("I5", "SET session_replication_role = replica; DELETE FROM ledger_entry WHERE external_id = 'first'"),
    "a guard that is off": ("I5", "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_append_only"),
    "a price that went back": ("I6", "UPDATE quote_latest SET ts = ts - interval '1 day'"),
    "a price from the future": ("I6", "UPDATE quote_latest SET ts = received + interval '1 hour'"),
    "a price of nothing": ("I7", "ALTER TABLE quote_latest DROP CONSTRAINT quote_latest_price_check; UPDATE quote_latest SET price = 0"),
    "a price in another currency": ("I7", "UPDATE quote_latest SET currency = 'GBP'"),
}


@pytest.fixture
def api(own: Settings) -> Iterator[httpx.Client]:
    with TestClient(server.create_server(own)) as client:
        yield client


@pytest.fixture
def portfolio(api: httpx.Client, base: Database) -> str:
    """A strict portfolio with money, shares, a latest price and closes in one piece."""
    api.put("/api/v1/instruments/AAA", json={"name": "A", "currency": "USD"}).raise_for_status()
    made = api.post("/api/v1/portfolios", json={"name": "Strict", "base_currency": "USD", "oversell": "error", "negative_cash": "refuse"})
    place = f"/api/v1/portfolios/{made.json()['id']}/transactions"
    for body in ({"date": "2024-01-02", "kind": "DEPOSIT", "amount": "1000", "external_id": "first"},
                 {"date": "2024-01-03", "kind": "BUY", "symbol": "AAA", "quantity": "10", "price": "20.01", "fee": "1.5", "external_id": "bought"},
                 {"date": "2024-01-04", "kind": "SPLIT", "symbol": "AAA", "ratio": "3"},
                 {"date": "2024-01-05", "kind": "SELL", "symbol": "AAA", "quantity": "3", "price": "7.1", "tax": "0.2"},
                 {"date": "2024-01-05", "kind": "FEE", "amount": "2.25"}):
        answer = api.post(place, json=body)
        assert answer.status_code == 201, answer.text
    with base.session() as session:
        session.execute("INSERT INTO quote_latest (instrument_id, price, ts, received, source, currency, simulated)"
                        " SELECT id, 7, now(), now(), 'test', 'USD', false FROM instrument WHERE symbol = 'AAA'")
        session.execute("INSERT INTO bar (instrument_id, date, close, source) SELECT id, DATE '2024-01-01' + day, 20 + day, 'test'"
                        " FROM instrument, generate_series(0, 260) day WHERE symbol = 'AAA'")
    with base.begin() as unit:
        assert unit.instruments.pack_closes() == 1
    return str(made.json()["id"])


def names(found: list[Broken]) -> set[str]:
    return {each.invariant for each in found}


def test_what_is_right_passes_and_each_damage_is_seen(api: httpx.Client, portfolio: str, base: Database) -> None:
    with base.session() as session:
        checker = Checker(session)
        before = checker.look()
        assert checker.check(acked={portfolio: ["first", "bought"]}, since=before) == []
        books = checker.books()
        assert invariants.heard(api, books) == []
        assert {str(key): (dict(book.cash), dict(book.units)) for key, book in books.items()} == {
            portfolio: ({"USD": Decimal(1000) - Decimal("201.6") + Decimal("21.1") - Decimal("2.25")}, {"AAA": Decimal(27)})}
        for what, (invariant, damage) in DAMAGE.items():
            assert invariant in names(damaged(checker, before, *damage.split("; "))), what
        for what, (invariant, name, change) in ROWS.items():
            copy = psycopg.ClientCursor(session).mogrify(COPY, [json.dumps(change), name])
            assert invariant in names(damaged(checker, before, "DROP INDEX ledger_entry_external_id_key", copy)), what
        assert checker.check(since=before) == [], "the damage is undone"
        assert names(checker.check(acked={portfolio: ["first", "lost"]})) == {"I1"}


def damaged(checker: Checker, before: invariants.Seen, *statements: str) -> list[Broken]:
    """Check a database with damage in it, which is undone afterwards."""
    with checker.connection.transaction(force_rollback=True):
        for statement in statements:
            checker.connection.execute(statement.encode())
        return checker.check(since=before)


def test_what_a_server_tells_is_compared_with_the_ledger() -> None:
    row = {"symbol": "AAA", "quantity": 27.0, "multiplier": 1.0, "price": 7.0, "market_value_local": 189.0,
           "price_state": "live", "price_age_seconds": 3.0}
    book = Book({"USD": Decimal("817.25")}, {"AAA": Decimal(27)})

    def told(cash: float = 817.25, **change: object) -> set[str]:
        return names(list(invariants.compared("P", book, {"cash": {"USD": cash}, "holdings": [{**row, **change}]})))

    assert told() == set()
    assert told(cash=817.24) == {"I2"}
    assert told(quantity=26.0, market_value_local=182.0) == {"I2"}
    assert told(market_value_local=188.0) == {"I4"}
    assert told(price=0.0, market_value_local=0.0) == {"I7"}
    assert told(price_age_seconds=3600.0) == {"I8"}


def test_streams_memory_and_answers_are_judged() -> None:
    assert list(invariants.converged({"AAA": 7.0}, {"AAA": Decimal(7)})) == []
    assert names(list(invariants.converged({"AAA": 6.9}, {"AAA": Decimal(7)}))) == {"I9"}
    assert names(list(invariants.converged({}, {"AAA": Decimal(7)}))) == {"I9"}
    assert list(invariants.in_order([1, 2, 5])) == []
    assert names(list(invariants.in_order([1, 2, 2]))) == {"I9"}
    assert invariants.slope([(at, 100 + 9.0 * (at < 500)) for at in range(0, 1000, 10)]) == pytest.approx(0.0)
    assert invariants.slope([(at, 100 + at / 1800) for at in range(0, 1000, 10)]) == pytest.approx(2.0)
    assert list(invariants.leaks(["all is well"], ["secret"])) == []
    assert names(list(invariants.leaks(["a secret"], ["secret"]))) == {"I12"}
    assert names(list(invariants.leaks([f"x {invariants.TRACE}"], []))) == {"I12"}
