"""Files nobody would send: whatever is done to one, every row of it is booked or none is, and what is wrong is told by row."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from data.database import Database
from engine.errors import FileTooLarge, InvalidInput, RowsRefused, UnreadableFile
from engine.types import Actor, Portfolio
from services import Services
from services.imports.views import ImportOptions, Upload

pytestmark = pytest.mark.slow
HEADER = "date,kind,symbol,quantity,price,fee,amount,currency,note,external_id"
ROWS = ['2024-01-02,DEPOSIT,,,,,5000,USD,"first, of all",d1', *["2024-01-03,BUY,ACME,10,184.25,1.00,,USD,,"] * 2,
        '2024-01-04,SELL,ACME,4,190,1.00,,USD,"said ""no""",s1', "2024-01-05,DIVIDEND,ACME,,,,3.25,USD,ünïcode,"]
SEED = "\r\n".join([HEADER, *ROWS]) + "\r\n"
NASTY = ["\x00", "\ufeff", "\u202e", "'", '"', "=1+1", "\n", "\r", ",", ";", "\t", "NaN", "-", "9" * 41, "😀", "1e999", "\\", "A" * 3000]
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def mutilated(draw: st.DrawFn) -> bytes:
    """Damage a good file somewhere: characters put in, taken out, cells exchanged, lines repeated, another encoding, a piece of it."""
    text = SEED
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, max(len(text) - 1, 0)))
        how = draw(st.sampled_from(["put", "cut", "cell", "line", "end"]))
        if how == "put":
            text = text[:place] + draw(st.one_of(st.sampled_from(NASTY), st.text(max_size=3))) + text[place:]
        elif how == "cut":
            text = text[:place] + text[place + draw(st.integers(1, 30)) :]
        elif how == "cell":
            cells = text.split(",")
            cells[draw(st.integers(0, len(cells) - 1))] = draw(st.one_of(st.sampled_from(NASTY), st.text(max_size=12)))
            text = ",".join(cells)
        elif how == "line":
            lines = text.split("\r\n")
            text = "\r\n".join([*lines, draw(st.sampled_from(lines))])
        else:
            text = text[: place + 1]
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-be"]))
    return text.encode(encoding, errors="replace")


@pytest.fixture(scope="module")
def desk(database: Database, services: Services) -> Actor:
    """Somebody whose workspace knows one instrument."""
    with database.begin() as unit:
        actor = unit.system.add_user(unit.system.add_workspace(f"fuzz {uuid4()}").id, "fuzzer")
    services.instruments.put(actor, "ACME", {"name": "Acme", "currency": "USD"})
    return actor


def fresh(services: Services, actor: Actor) -> Portfolio:
    return services.portfolios.create(actor, {"name": "Fuzz", "base_currency": "USD"})


@SETTINGS
@given(content=mutilated(), name=st.sampled_from(["a.csv", "a.xlsx", "a"]))
@example(content=SEED.encode(), name="a.csv")
@example(content=b"", name="a.csv")
@example(content=b"PK\x03\x04" + b"\x00" * 60, name="a.xlsx")
def test_all_rows_are_booked_or_none_is(services: Services, desk: Actor, content: bytes, name: str) -> None:
    place = fresh(services, desk)
    booked, complaint = outcome(services, desk, place, Upload(name, content))
    assert len(services.transactions.find(desk, place.id).items) == booked
    assert complaint is None or complaint["hint"]
    for error in (complaint or {}).get("errors", ()):
        assert error["row"] > 0
        assert error["reason"]


def outcome(services: Services, actor: Actor, place: Portfolio, upload: Upload) -> tuple[int, dict[str, Any] | None]:
    """How many rows were to be booked, or why none was; any other error is a fault."""
    try:
        run = services.imports.run(actor, place.id, upload)
    except (UnreadableFile, FileTooLarge, InvalidInput, RowsRefused) as error:
        return 0, error.context
    assert (run.refused, run.accepted + run.duplicate + run.ignored) == (0, run.total)
    return run.accepted, None


@SETTINGS
@given(content=st.one_of(st.binary(max_size=400), st.text(max_size=300).map(str.encode)))
def test_anything_at_all_is_read_or_refused(services: Services, desk: Actor, content: bytes) -> None:
    place = fresh(services, desk)
    booked, _ = outcome(services, desk, place, Upload("x", content))
    assert len(services.transactions.find(desk, place.id).items) == booked == 0


# ----------------------------------------------------------------------------------------------------------------- ledgers out and in

AMOUNTS = st.decimals(min_value=Decimal("1e-18"), max_value=Decimal(10) ** 19, places=18).filter(lambda number: number > 0)
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"], include_characters="\n\t"), max_size=40)
DAYS = st.integers(0, 40_000).map(lambda count: (date(1900, 1, 1) + timedelta(days=count)).isoformat())


def draft(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    shared = {"date": DAYS, "kind": st.just(kind), "note": TEXTS, "account": TEXTS, "fee": st.one_of(st.just("0"), AMOUNTS.map(str))}
    return st.fixed_dictionaries({**shared, **fields})


ACME = st.just("ACME")
NUMBERS = AMOUNTS.map(str)
LEDGERS = st.lists(st.one_of(
    draft("BUY", symbol=ACME, quantity=NUMBERS, price=NUMBERS), draft("SELL", symbol=ACME, quantity=NUMBERS, price=NUMBERS),
    draft("DEPOSIT", amount=NUMBERS, currency=st.sampled_from(["USD", "EUR", "JPY"])), draft("DIVIDEND", symbol=ACME, amount=NUMBERS),
    draft("SPLIT", symbol=ACME, ratio=NUMBERS), draft("ADJUSTMENT", amount=AMOUNTS.map(lambda number: str(-number))),
    draft("FX_CONVERSION", amount=NUMBERS, to_amount=NUMBERS, to_currency=st.just("CHF")),
), min_size=1, max_size=12)
SAID = ("date", "kind", "symbol", "quantity", "price", "fee", "tax", "amount", "currency", "account", "note", "ratio", "to_amount", "to_currency")


@SETTINGS
@given(drafts=LEDGERS, form=st.sampled_from(["csv", "xlsx", "json"]))
def test_any_ledger_that_goes_out_comes_in_the_same(services: Services, desk: Actor, drafts: list[dict[str, Any]], form: str) -> None:
    source, target = fresh(services, desk), fresh(services, desk)
    services.transactions.record(desk, source.id, json.loads(json.dumps(drafts)))
    download = services.exports.export(desk, str(source.id), "transactions", form)
    services.imports.run(desk, target.id, Upload(download.name, download.content))
    told = [[[getattr(entry, name) for name in SAID] for entry in services.transactions.find(desk, place.id).items] for place in (source, target)]
    assert told[0] == told[1]
    again = services.imports.run(desk, target.id, Upload(download.name, download.content), ImportOptions(dry_run=True))
    assert (again.accepted, again.refused) == (0, 0)
