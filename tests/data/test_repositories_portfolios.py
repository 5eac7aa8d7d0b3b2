from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from data.database import Database
from data.ids import uuid7
from engine.errors import Conflict, InvalidInput, NotFound, StorageError
from engine.types import Actor, CostMethod, Kind, Portfolio, Transaction


def test_what_is_added_comes_back(database: Database, actor: Actor) -> None:
    wanted = uuid7()
    with database.begin() as unit:
        added = unit.portfolios.add(actor.workspace_id, actor.user_id, id=wanted, name="Growth", base_currency="EUR",
                                    cost_method=CostMethod.AVERAGE, benchmark="SPX", demo=True)
    with database.read() as unit:
        found = unit.portfolios.get(actor.workspace_id, wanted)
    assert found == added
    assert (found.name, found.base_currency, found.cost_method, found.benchmark, found.demo) == ("Growth", "EUR", CostMethod.AVERAGE, "SPX", True)
    assert (found.version, found.revision, found.owner_id) == (1, 0, actor.user_id)
    assert found.created_at.utcoffset() is not None


def test_the_same_id_twice_is_a_conflict(database: Database, actor: Actor, portfolio: Portfolio) -> None:
    with pytest.raises(Conflict, match="portfolio with this id"), database.begin() as unit:
        unit.portfolios.add(actor.workspace_id, actor.user_id, id=portfolio.id, name="Again", base_currency="USD")


def test_a_workspace_sees_its_own(database: Database, actor: Actor, portfolio: Portfolio) -> None:
    with database.begin() as unit:
        stranger = unit.system.add_workspace("stranger")
        assert unit.portfolios.find(stranger.id) == []
        with pytest.raises(NotFound):
            unit.portfolios.get(stranger.id, portfolio.id)
        with pytest.raises(NotFound):
            unit.portfolios.change(stranger.id, portfolio.id, 1, name="Mine now")
        with pytest.raises(NotFound):
            unit.portfolios.remove(stranger.id, portfolio.id)
        assert unit.portfolios.find(actor.workspace_id) == [portfolio]


def test_a_change_counts_and_an_old_version_is_refused_with_both(database: Database, actor: Actor, portfolio: Portfolio) -> None:
    with database.begin() as unit:
        changed = unit.portfolios.change(actor.workspace_id, portfolio.id, 1, name="New", cost_method="average")
    assert (changed.name, changed.cost_method, changed.version, changed.base_currency) == ("New", CostMethod.AVERAGE, 2, "USD")
    with pytest.raises(Conflict) as caught, database.begin() as unit:
        unit.portfolios.change(actor.workspace_id, portfolio.id, 1, name="Newer")
    assert (caught.value.context["expected_version"], caught.value.context["found_version"]) == (1, 2)
    with pytest.raises(TypeError), database.begin() as unit:
        unit.portfolios.change(actor.workspace_id, portfolio.id, 2, revision=9)


def test_of_two_changes_at_once_one_wins(database: Database, actor: Actor, portfolio: Portfolio) -> None:
    def change(name: str) -> str:
        try:
            with database.begin() as unit:
                return unit.portfolios.change(actor.workspace_id, portfolio.id, 1, name=name).name
        except Conflict:
            return "refused"

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(change, "abcd"))
    assert answers.count("refused") == 3


@pytest.mark.parametrize("fields", [{"base_currency": "usd"}, {"base_currency": "EURO"}, {"cost_method": "newest"}])
def test_rules_of_the_table(database: Database, actor: Actor, portfolio: Portfolio, fields: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught, database.begin() as unit:
        unit.portfolios.change(actor.workspace_id, portfolio.id, 1, **fields)
    assert str(caught.value.context["constraint"]).startswith("portfolio_")


def test_what_is_removed_is_gone_from_sight(database: Database, actor: Actor, portfolio: Portfolio) -> None:
    with pytest.raises(Conflict), database.begin() as unit:
        unit.portfolios.remove(actor.workspace_id, portfolio.id, 7)
    with database.begin() as unit:
        unit.portfolios.remove(actor.workspace_id, portfolio.id, 1)
        assert unit.portfolios.find(actor.workspace_id) == []
        assert unit.portfolios.revisions(actor.workspace_id) == {}
        for use in (lambda: unit.portfolios.get(actor.workspace_id, portfolio.id), lambda: unit.portfolios.bump(portfolio.id),
                    lambda: unit.portfolios.remove(actor.workspace_id, portfolio.id, 2)):
            with pytest.raises(NotFound):
                use()


def test_accounts_are_those_that_transactions_named(database: Database, actor: Actor, portfolio: Portfolio) -> None:
    names = ("Bank", "Broker", "Bank", None)
    entries = [Transaction(uuid7(), portfolio.id, date(2024, 1, 2), Kind.DEPOSIT, amount=Decimal(1), account=name) for name in names]
    with database.begin() as unit:
        unit.ledger.add(entries, actor.workspace_id, actor.user_id)
        unit.ledger.add([Transaction(uuid7(), portfolio.id, date(2024, 1, 3), Kind.DEPOSIT, amount=Decimal(1), account="Bank")],
                        actor.workspace_id, actor.user_id)
        assert unit.portfolios.accounts(portfolio.id) == ["Bank", "Broker"]


def test_a_purge_deletes_the_named_portfolios_only_and_ends_its_permission(database: Database, actor: Actor, portfolio: Portfolio) -> None:
    with database.begin() as unit:
        other = unit.portfolios.add(actor.workspace_id, actor.user_id, name="Other", base_currency="USD")
        for place in (portfolio, other):
            unit.ledger.add([Transaction(uuid7(), place.id, date(2024, 1, 2), Kind.DEPOSIT, amount=Decimal(1), account="Bank")],
                            actor.workspace_id, actor.user_id)
    with database.begin() as unit:
        assert unit.portfolios.purge([portfolio.id]) == 1
        assert [found.id for found in unit.portfolios.find(actor.workspace_id)] == [other.id]
        assert unit.ledger.find(portfolio.id) == []
        assert len(unit.ledger.find(other.id)) == 1
        with pytest.raises(StorageError, match="append-only"):
            unit.ledger.fetch("DELETE FROM ledger_entry WHERE portfolio_id = %s", [other.id])
        unit.connection.rollback()
    with database.read() as unit:
        assert len(unit.ledger.find(portfolio.id)) == 1, "a purge that is rolled back deletes nothing"


def test_the_revision_of_nothing(database: Database) -> None:
    with pytest.raises(NotFound), database.begin() as unit:
        unit.portfolios.bump(uuid4())
