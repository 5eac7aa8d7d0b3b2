"""Checks as a service: found once a revision, mended once however many press, told in the docs."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest

from engine import Fix
from engine.errors import Conflict, NotFound, PortfolioError
from engine.evidence import record
from engine.types import Actor, Portfolio
from services import Services
from services.review.checks import TITLES

ROOT = Path(__file__).parent.parent.parent
BUY = {"date": "2024-01-02", "kind": "BUY", "symbol": "ACME", "quantity": "10", "price": "400"}


@pytest.fixture
def ledger(services: Services, actor: Actor, portfolio: Portfolio) -> Portfolio:
    """Ten shares, and a market in which they split four to one."""
    services.instruments.put(actor, "ACME", {"currency": "USD"})
    closes = {"2024-01-02": 400, "2024-01-03": 402, "2024-01-04": 100, "2024-01-05": 101}
    services.instruments.put_bars(actor, "ACME", [{"date": day, "close": close} for day, close in closes.items()])
    services.transactions.record(actor, portfolio.id, [{"date": "2024-01-01", "kind": "DEPOSIT", "amount": "9000"}, BUY])
    return portfolio


def test_every_code_has_a_title_and_stands_in_the_docs() -> None:
    emitted = {code for path in (ROOT / "engine").glob("checks_of_*.py")
               for code in re.findall(r'LedgerFinding\(\s*f?"([a-z_]+)"', path.read_text(encoding="utf-8"))} - {"_out_of_proportion"}
    told = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert len(emitted) >= 15
    assert emitted <= TITLES.keys()
    assert [code for code in TITLES if f"`{code}`" not in told] == []


def test_a_ledger_is_checked_once_until_something_changes(services: Services, actor: Actor, ledger: Portfolio, monkeypatch: Any) -> None:
    asked: list[int] = []
    whole = services.checks._checked
    monkeypatch.setattr(services.checks, "_checked", lambda *given: (asked.append(1), whole(*given))[1])
    for _ in range(3):
        assert [view.code for view in services.checks.find(actor, ledger.id).findings] == ["unrecorded_split"]
    assert len(asked) == 1
    services.transactions.record(actor, ledger.id, [{**BUY, "date": "2024-01-05", "price": "101"}])
    services.checks.find(actor, ledger.id)
    assert len(asked) == 2


def test_two_who_press_at_once_mend_once(services: Services, actor: Actor, ledger: Portfolio) -> None:
    finding = services.checks.find(actor, ledger.id).findings[0]
    gate, ends = threading.Barrier(4), list[str]()

    def press() -> None:
        gate.wait()
        try:
            services.checks.apply(actor, ledger.id, finding.id)
            ends.append("done")
        except (Conflict, NotFound) as error:
            ends.append(error.code)

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends).count("done") == 1
    assert len(ends) == 4
    splits = [entry for entry in services.transactions.find(actor, ledger.id).items if entry.kind == "SPLIT"]
    assert len(splits) == 1


def test_a_fix_that_cannot_be_booked_leaves_nothing(services: Services, actor: Actor, ledger: Portfolio, monkeypatch: Any) -> None:
    finding = services.checks.find(actor, ledger.id).findings[0]
    broken = Fix("both", (record(date="2024-01-04", kind="SPLIT", symbol="ACME", ratio="4"), record(date="2024-01-05", kind="BUY", symbol="ACME")))
    located = services.checks._located
    view = finding.__class__(**{**{name: getattr(finding, name) for name in finding.__slots__},
                                "fixes": (finding.fixes[0].__class__("both", broken.operations, finding.fixes[0].effect),)})
    monkeypatch.setattr(services.checks, "_located", lambda *given: (view, located(*given)[1]))
    with pytest.raises(PortfolioError) as refused:
        services.checks.apply(actor, ledger.id, finding.id)
    assert refused.value.context["field"] == "quantity"
    assert len(services.transactions.find(actor, ledger.id).items) == 2


def test_another_workspace_sees_and_mends_nothing(services: Services, database: Any, actor: Actor, ledger: Portfolio) -> None:
    finding = services.checks.find(actor, ledger.id).findings[0]
    with database.begin() as unit:
        stranger = unit.system.add_user(unit.system.add_workspace("elsewhere").id, "stranger")
    assert services.checks.find(stranger).findings == ()
    for call in (services.checks.apply, services.checks.dismiss, services.checks.get):
        with pytest.raises(NotFound):
            call(stranger, ledger.id, finding.id)
    entry = services.audit.find(actor, entity="transaction").items[0]
    assert services.audit.find(stranger).items == ()
    with pytest.raises(NotFound):
        services.audit.undo(stranger, entry.id)


def test_a_batch_of_thousands_is_taken_back_as_one(services: Services, actor: Actor, ledger: Portfolio) -> None:
    rows = [{**BUY, "date": "2024-01-05", "quantity": str(number + 1), "price": "101"} for number in range(3000)]
    services.transactions.record(actor, ledger.id, rows)
    entry = services.audit.find(actor, entity="transaction", limit=1).items[0]
    assert (entry.row_count, len(entry.rows)) == (3000, 20)
    undone = services.audit.undo(actor, entry.id)
    assert len(services.transactions.find(actor, ledger.id, limit=5000).items) == 2
    services.audit.undo(actor, undone.audit_id)
    assert len(services.transactions.find(actor, ledger.id, limit=5000).items) == 3002
