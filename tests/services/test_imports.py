"""Files in and out of a ledger: what goes out comes in again digit by digit, once, and can be taken back."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from openpyxl import load_workbook

from data.database import Database
from engine.errors import Conflict, FileTooLarge, InvalidInput, NotFound, OversoldPosition, RowsRefused, UnreadableFile
from engine.types import Actor, Kind, Portfolio, Transaction
from services import Services
from services.imports.views import ImportOptions, ImportView, Upload

PURCHASE = "here goes an id"
LONG = "12345678901234567890.123456789012345678"
LEDGER: list[dict[str, Any]] = [
    {"date": "1900-01-02", "kind": "DEPOSIT", "amount": LONG, "currency": "USD", "account": "=cmd|' /C calc'!A0", "note": "'quoted'\nand, broken"},
    {"date": "2024-01-03", "kind": "BUY", "symbol": "ACME", "quantity": "0.000000000000000001", "price": LONG, "fee": "1.10", "tax": "0.5",
     "external_id": "-1+1", "id": PURCHASE},
    {"date": "2024-01-03", "kind": "BUY", "symbol": "ACME", "quantity": "10", "amount": "999.99", "note": "@SUM(1)"},
    {"date": "2024-01-04", "kind": "SELL", "symbol": "ACME", "quantity": "4", "price": "20", "fx_rate": "1", "external_id": "s-1",
     "lots": [{"id": PURCHASE, "quantity": "0.000000000000000001"}]},
    {"date": "2024-01-05", "kind": "DIVIDEND", "symbol": "ACME", "amount": "3.25", "tax": "0.49", "currency": "EUR", "fx_rate": "1.0811"},
    {"date": "2024-01-06", "kind": "INTEREST", "amount": "1.5"},
    {"date": "2024-01-06", "kind": "FEE", "amount": "2", "symbol": "ACME"},
    {"date": "2024-01-06", "kind": "TAX", "amount": "3"},
    {"date": "2024-01-07", "kind": "WITHDRAWAL", "amount": "40", "account": "Bank"},
    {"date": "2024-01-08", "kind": "TRANSFER_IN", "symbol": "ACME", "quantity": "5", "price": "7"},
    {"date": "2024-01-08", "kind": "TRANSFER_OUT", "amount": "5"},
    {"date": "2024-01-09", "kind": "SPLIT", "symbol": "ACME", "ratio": "4"},
    {"date": "2024-01-10", "kind": "SPIN_OFF", "symbol": "ACME", "to_symbol": "BABY", "quantity": "3", "ratio": "0.2"},
    {"date": "2024-01-11", "kind": "MERGER", "symbol": "BABY", "to_symbol": "GIANT", "ratio": "0.5"},
    {"date": "2024-01-12", "kind": "RETURN_OF_CAPITAL", "symbol": "ACME", "amount": "1"},
    {"date": "2024-01-12", "kind": "STOCK_DIVIDEND", "symbol": "ACME", "quantity": "1"},
    {"date": "2024-01-15", "kind": "FX_CONVERSION", "amount": "100", "currency": "USD", "to_amount": "92.1", "to_currency": "EUR"},
    {"date": "2024-01-16", "kind": "ADJUSTMENT", "symbol": "ACME", "quantity": "-1", "price": "3"},
    {"date": "2024-01-16", "kind": "ADJUSTMENT", "amount": "-0.01"},
    {"date": "2024-01-17", "kind": "BUY", "symbol": "OPT", "quantity": "1", "price": "2.5", "currency": "EUR"},
]
COMPARED = [name for name in Transaction.__dataclass_fields__
            if name not in {"id", "portfolio_id", "version", "sequence", "recorded_at", "recorded_by", "import_run_id"}]


def make_instruments(services: Services, actor: Actor) -> None:
    services.instruments.put(actor, "ACME", {"name": "=Acme, Inc.", "currency": "USD", "isin": "US0000000001", "sector": "Tools"})
    services.instruments.put(actor, "BABY", {"name": "Baby", "currency": "USD"})
    services.instruments.put(actor, "GIANT", {"name": "Giant", "currency": "GBP", "asset_class": "fund", "multiplier": "2"})
    services.instruments.put(actor, "OPT", {"name": "Option", "currency": "EUR", "asset_class": "option", "multiplier": "100"})


@pytest.fixture
def filled(services: Services, actor: Actor, portfolio: Portfolio) -> Portfolio:
    make_instruments(services, actor)
    services.transactions.record(actor, portfolio.id, json.loads(json.dumps(LEDGER).replace(PURCHASE, str(uuid4()))))
    return portfolio


def stranger(database: Database) -> tuple[Actor, Portfolio]:
    """Somebody in another workspace, with an empty portfolio."""
    with database.begin() as unit:
        actor = unit.system.add_user(unit.system.add_workspace("elsewhere").id, "other")
        return actor, unit.portfolios.add(actor.workspace_id, actor.user_id, name="Empty", base_currency="USD")


def ledger(services: Services, actor: Actor, portfolio: UUID) -> list[Transaction]:
    return list(services.transactions.find(actor, portfolio, limit=5000).items)


def facts(entries: list[Transaction]) -> list[dict[str, Any]]:
    """What transactions say; a lot is named by the place of its purchase, because ids may differ between workspaces."""
    places = {str(entry.id): place for place, entry in enumerate(entries)}

    def said(entry: Transaction) -> dict[str, Any]:
        lots = entry.lots and [{**lot, "id": places[lot["id"]]} if "id" in lot else lot for lot in entry.lots]
        return {**{name: getattr(entry, name) for name in COMPARED}, "lots": lots}

    return [said(entry) for entry in entries]


def exported(services: Services, actor: Actor, portfolio: Portfolio, form: str = "csv") -> Upload:
    found = services.exports.export(actor, str(portfolio.id), "transactions", form)
    return Upload(found.name, found.content)


def csv(*lines: str) -> Upload:
    return Upload("some.csv", "\n".join(lines).encode())


def run(services: Services, actor: Actor, portfolio: Portfolio, upload: Upload, **options: Any) -> ImportView:
    return services.imports.run(actor, portfolio.id, upload, ImportOptions(**options))


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_every_field_of_every_kind_goes_out_and_comes_in_exactly(services: Services, actor: Actor, filled: Portfolio, database: Database,
                                                                 form: str) -> None:
    assert {Kind(each["kind"]) for each in LEDGER} == set(Kind)
    other, empty = stranger(database)
    view = run(services, other, empty, exported(services, actor, filled, form))
    assert (view.status, view.format, view.accepted, view.total) == ("done", "portolan", len(LEDGER), len(LEDGER))
    assert facts(ledger(services, other, empty.id)) == facts(ledger(services, actor, filled.id))
    assert {entry.import_run_id for entry in ledger(services, other, empty.id)} == {view.id}
    for symbol in ("ACME", "BABY", "GIANT", "OPT"):
        made, known = (services.instruments.get(who, symbol) for who in (other, actor))
        assert replace(made, id=known.id, workspace_id=known.workspace_id, version=known.version) == known


def test_the_same_file_again_writes_nothing(services: Services, actor: Actor, filled: Portfolio, database: Database) -> None:
    other, empty = stranger(database)
    upload = exported(services, actor, filled)
    run(services, other, empty, upload)
    revision = services.portfolios.get(other, empty.id).revision
    for who, where in ((other, empty), (actor, filled)):
        again = run(services, who, where, upload)
        assert (again.status, again.accepted, again.duplicate) == ("done", 0, len(LEDGER))
    assert len(ledger(services, other, empty.id)) == len(LEDGER)
    assert services.portfolios.get(other, empty.id).revision == revision


def test_formulas_are_disarmed_in_the_file_and_armed_again_on_the_way_in(services: Services, actor: Actor, filled: Portfolio) -> None:
    for cell in exported(services, actor, filled).content.decode().replace("\r\n", ",").split(","):
        assert not cell.strip('"').startswith(("=", "+", "@")), cell
    sheet = load_workbook(io.BytesIO(exported(services, actor, filled, "xlsx").content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert any(isinstance(cell.value, int | float) for cell in cells), "numbers stay numbers"
    assert any(cell.is_date for cell in cells)


def test_rows_alike_are_told_apart_by_their_number(services: Services, actor: Actor, portfolio: Portfolio) -> None:
    fill = "2024-01-02,DEPOSIT,5"
    header = "date,kind,amount"
    assert run(services, actor, portfolio, csv(header, fill, fill)).accepted == 2
    third = run(services, actor, portfolio, csv(header, fill, fill, fill))
    assert [row.status for row in third.rows] == ["duplicate", "duplicate", "accepted"]


def test_a_corrected_transaction_is_found_by_what_it_said_before(services: Services, actor: Actor, portfolio: Portfolio) -> None:
    upload = csv("date,kind,amount", "2024-01-02,DEPOSIT,5")
    run(services, actor, portfolio, upload)
    entry = ledger(services, actor, portfolio.id)[0]
    services.transactions.correct(actor, portfolio.id, entry.id, 1, {"amount": "6", "date": "2025-03-01"})
    assert run(services, actor, portfolio, upload).duplicate == 1
    services.transactions.void(actor, portfolio.id, entry.id, 2)
    assert run(services, actor, portfolio, upload).duplicate == 1, "what a person voided does not come back with the file"


def test_an_external_id_is_booked_once(services: Services, actor: Actor, portfolio: Portfolio) -> None:
    header = "date,kind,amount,external_id"
    assert run(services, actor, portfolio, csv(header, "2024-01-02,DEPOSIT,5,a", "2024-01-02,DEPOSIT,5,a")).duplicate == 1
    again = run(services, actor, portfolio, csv(header, "2024-02-02,DEPOSIT,7,a"), dry_run=True)
    assert again.duplicate == 1
    assert "date, amount" in str(again.rows[0].reason)
    twice = run(services, actor, portfolio, csv(header, "2024-01-02,DEPOSIT,5,b", "2024-01-02,DEPOSIT,6,b"), dry_run=True)
    assert [(row.status, row.column) for row in twice.rows] == [("accepted", None), ("refused", "external_id")]


@pytest.mark.parametrize("external", ["", "x-1"])
def test_what_was_taken_back_can_be_imported_again(services: Services, actor: Actor, portfolio: Portfolio, external: str) -> None:
    upload = csv("date,kind,amount,external_id", f"2024-01-02,DEPOSIT,5,{external}")
    first = run(services, actor, portfolio, upload)
    services.imports.take_back(actor, first.id)
    services.imports.take_back(actor, first.id)
    assert ledger(services, actor, portfolio.id) == []
    again = run(services, actor, portfolio, upload)
    found = ledger(services, actor, portfolio.id)
    assert (again.accepted, [entry.import_run_id for entry in found], [entry.amount for entry in found]) == (1, [again.id], [Decimal(5)])
    services.imports.take_back(actor, again.id)
    assert ledger(services, actor, portfolio.id) == []
    assert services.imports.get(actor, first.id).status == "taken_back"


def test_a_run_that_booked_nothing_cannot_be_taken_back(services: Services, actor: Actor, portfolio: Portfolio) -> None:
    looked = run(services, actor, portfolio, csv("date,kind,amount", "2024-01-02,DEPOSIT,5"), dry_run=True)
    with pytest.raises(Conflict):
        services.imports.take_back(actor, looked.id)
    with pytest.raises(NotFound):
        services.imports.take_back(actor, UUID(int=1))


def test_where_shorts_are_refused_the_row_that_opens_one_is_named(services: Services, actor: Actor) -> None:
    services.instruments.put(actor, "ACME", {"currency": "USD"})
    strict = services.portfolios.create(actor, {"name": "Strict", "oversell": "error"})
    header = "date,kind,symbol,quantity,price"
    upload = csv(header, "2024-01-02,BUY,ACME,5,1", "2024-01-03,SELL,ACME,6,1")
    looked = run(services, actor, strict, upload, dry_run=True)
    assert [(row.status, row.column) for row in looked.rows] == [("accepted", None), ("refused", "quantity")]
    with pytest.raises(RowsRefused) as caught:
        run(services, actor, strict, upload)
    assert caught.value.context["row"] == 3
    assert ledger(services, actor, strict.id) == []
    bought = run(services, actor, strict, csv(header, "2024-01-02,BUY,ACME,5,1"))
    run(services, actor, strict, csv(header, "2024-01-03,SELL,ACME,5,1"))
    with pytest.raises(OversoldPosition) as named:
        services.imports.take_back(actor, bought.id)
    assert "2024-01-03" in named.value.message
    assert len(ledger(services, actor, strict.id)) == 2


def test_unknown_symbols_are_refused_unless_the_file_describes_them(services: Services, actor: Actor, portfolio: Portfolio) -> None:
    bare = csv("date,kind,symbol,quantity,price", "2024-01-02,BUY,NEWCO,1,1")
    assert run(services, actor, portfolio, bare, dry_run=True).rows[0].column == "symbol"
    assert run(services, actor, portfolio, bare, dry_run=True, mapping={"create_instruments": True}).instruments == ("NEWCO",)
    told = csv("date,kind,symbol,quantity,price,currency,name,asset_class", "2024-01-02,BUY,NEWCO,1,1,EUR,New Company,fund")
    assert run(services, actor, portfolio, told).instruments == ("NEWCO",)
    made = services.instruments.get(actor, "NEWCO")
    assert (made.name, made.asset_class.value, made.currency) == ("New Company", "fund", "EUR")
    wrong = csv("date,kind,symbol,quantity,price,name,asset_class", "2024-01-02,BUY,OTHER,1,1,Other,stonk")
    assert run(services, actor, portfolio, wrong, dry_run=True).rows[0].column == "asset_class"


def test_a_mapping_that_was_corrected_is_remembered_for_such_files(services: Services, actor: Actor, portfolio: Portfolio) -> None:
    services.instruments.put(actor, "ACME", {"currency": "USD"})
    upload = csv("Date,Action,Ticker,Qty,Price,Code", "01/02/2024,Zap,ACME,1,2,7")
    assert run(services, actor, portfolio, upload, dry_run=True).rows[0].column == "Action"
    mapping = {"kinds": {"Zap": "BUY"}, "date_order": "dmy"}
    assert run(services, actor, portfolio, upload, mapping=json.dumps(mapping)).accepted == 1
    later = run(services, actor, portfolio, csv("Date,Action,Ticker,Qty,Price,Code", "03/04/2024,zap,ACME,1,2,7"))
    assert later.reading["remembered"] is True
    assert ledger(services, actor, portfolio.id)[-1].date.isoformat() == "2024-04-03"
    assert run(services, actor, portfolio, upload, dry_run=True, mapping={}).rows[0].column == "Action", "guessed anew"


def test_limits_are_kept(services: Services, actor: Actor, portfolio: Portfolio) -> None:
    lines = "date,kind,amount\n" + "2024-01-02,DEPOSIT,5\n" * 100_001
    with pytest.raises(FileTooLarge):
        run(services, actor, portfolio, Upload("many.csv", lines.encode()))
    with pytest.raises(UnreadableFile):
        run(services, actor, portfolio, Upload("wide.csv", ("a," * 1_000_000).encode()))
    with pytest.raises(InvalidInput):
        run(services, actor, portfolio, csv("a,b", "1,2"), format="portolan")
    assert services.imports.find(actor).items == ()
