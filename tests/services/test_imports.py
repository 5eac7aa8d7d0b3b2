"""Files in and out of a ledger: what goes out comes in again digit by digit, once, and can be taken back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from data.database import Database
from engine.types import Actor, Kind, Portfolio, Transaction
from services import Services
from services.import_views import ImportOptions, ImportView, Upload

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
