"""Portfolios: add, read, change, remove, and the accounts within."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from data.database import Unit
from engine.errors import InvalidInput
from engine.types import Actor, CostMethod, Portfolio
from services import fields
from services.fields import Place, Reader
from services.ledger.guards import NEGATIVE_CASH, OVERSELL
from services.references import key_of, stored_key
from services.views import Page
from services.writes import NOTHING, Request, Told, Writes, audit, ledger_changed

NAME_LENGTH = 120
MAX_PROVIDERS = 20
KEPT: TypeAdapter[Portfolio] = TypeAdapter(Portfolio)
REVALUES = frozenset({"base_currency", "cost_method"})


def _name(place: Place, value: object) -> str:
    found = fields.text(place, value, limit=NAME_LENGTH)
    if found is None:
        raise place.refusal(value, "required", "is empty", "Give the portfolio a name")
    return found


def _providers(place: Place, value: object) -> tuple[str, ...]:
    """Read an order of preference: names of providers, each once."""
    if not isinstance(value, list | tuple) or len(value) > MAX_PROVIDERS:
        raise place.refusal(value, "not_a_list", f"is not a list of at most {MAX_PROVIDERS} providers", 'Send ["yahoo", "stooq"]')
    return tuple(dict.fromkeys(fields.provider(place, each) for each in value))


CHANGEABLE: dict[str, Reader] = {
    "name": _name,
    "base_currency": fields.currency,
    "cost_method": lambda place, value: CostMethod(fields.choice(place, value, [method.value for method in CostMethod])),
    "benchmark": key_of,
    "oversell": lambda place, value: fields.choice(place, value, OVERSELL),
    "negative_cash": lambda place, value: fields.choice(place, value, NEGATIVE_CASH),
    "providers": _providers,
}
READERS: dict[str, Reader] = {"id": fields.uuid, **CHANGEABLE}


class Portfolios:
    """Portfolios of the actor's workspace."""

    def __init__(self, writes: Writes) -> None:
        self._writes, self._database = writes, writes.database

    def create(self, actor: Actor, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> Portfolio:
        """Add a portfolio.

        Parameters
        ----------
        actor : Actor
        raw : Mapping
            `name` (required), `base_currency` (USD), `cost_method` (fifo), `benchmark`, `oversell` (short), `negative_cash` (allow),
            `providers`, `id`.
        idempotency_key : str, optional
            The same key gives the same portfolio again.

        Raises
        ------
        InvalidInput
            What cannot be read, with field and hint.
        Conflict
            The id is taken.
        """
        found = {"base_currency": "USD", **fields.record(raw, READERS, required=("name",))}

        def effect(unit: Unit, _told: list[Told]) -> Portfolio:
            portfolio = unit.portfolios.add(actor.workspace_id, actor.user_id, **_with_benchmark(unit, actor, found))
            audit(unit, actor, "create", "portfolio", portfolio.id, after=_shown(portfolio))
            return portfolio

        return self._writes.once(actor, Request("portfolios.create", (dict(raw),), KEPT, idempotency_key), effect)

    def get(self, actor: Actor, portfolio_id: UUID) -> Portfolio:
        """Give a portfolio; `NotFound` where the workspace has none under this id."""
        with self._database.read() as unit:
            return unit.portfolios.get(actor.workspace_id, portfolio_id)

    def find(self, actor: Actor) -> list[Portfolio]:
        """List every portfolio, oldest first."""
        with self._database.read() as unit:
            return unit.portfolios.find(actor.workspace_id)

    def page(self, actor: Actor, *, limit: int = 100, after: UUID | None = None) -> Page[Portfolio]:
        """List portfolios, oldest first, at most `limit` behind the one with id `after`."""
        every = self.find(actor)
        places = {portfolio.id: place for place, portfolio in enumerate(every, start=1)}
        if after is not None and after not in places:
            raise InvalidInput("after", after, "is not a portfolio of this list", hint="Begin again without after", rule="unknown_value")
        rest = every[places[after] if after else 0 :]
        return Page(tuple(rest[:limit]), str(rest[limit - 1].id) if len(rest) > limit else None)

    def change(self, actor: Actor, portfolio_id: UUID, version: int, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> Portfolio:
        """Change name, base currency, cost method, benchmark, or what is refused, of the version that was read.

        Raises
        ------
        Conflict
            Somebody changed it since; the context holds both versions.
        InvalidInput
            What cannot be read; a base currency cannot change once there are transactions, because their rates are in it.
        """
        found = {name: value for name, value in fields.record(raw, CHANGEABLE).items() if value is not None or name == "benchmark"}
        emptied = [name for name in CHANGEABLE if name != "benchmark" and raw.get(name) == ""]
        fields.raise_all([Place(name).refusal("", "required", "is empty", f"Send another {name}, or leave it out") for name in emptied])

        def effect(unit: Unit, told: list[Told]) -> Portfolio:
            before = unit.portfolios.get(actor.workspace_id, portfolio_id)
            changed = unit.portfolios.change(actor.workspace_id, portfolio_id, version, **_with_benchmark(unit, actor, found))
            _check_currency(unit, before, changed)
            if any(getattr(before, name) != getattr(changed, name) for name in REVALUES):
                told.append(ledger_changed(actor, portfolio_id, unit.portfolios.bump(portfolio_id)))
            audit(unit, actor, "change", "portfolio", portfolio_id, before=_shown(before), after=_shown(changed))
            return unit.portfolios.get(actor.workspace_id, portfolio_id)

        request = Request("portfolios.change", (portfolio_id, version, dict(raw)), KEPT, idempotency_key)
        return self._writes.once(actor, request, effect)

    def remove(self, actor: Actor, portfolio_id: UUID, version: int, *, idempotency_key: str | None = None) -> None:
        """Take a portfolio out of sight; its ledger stays in the database."""

        def effect(unit: Unit, told: list[Told]) -> None:
            removed = unit.portfolios.remove(actor.workspace_id, portfolio_id, version)
            audit(unit, actor, "remove", "portfolio", portfolio_id, before=_shown(removed))
            told.append(ledger_changed(actor, portfolio_id, removed.revision + 1))

        self._writes.once(actor, Request("portfolios.remove", (portfolio_id, version), NOTHING, idempotency_key), effect)

    def restore(self, actor: Actor, portfolio_id: UUID, *, idempotency_key: str | None = None) -> Portfolio:
        """Take a removal back; `NotFound` where no such portfolio was removed."""

        def effect(unit: Unit, told: list[Told]) -> Portfolio:
            restored = unit.portfolios.restore(actor.workspace_id, portfolio_id)
            audit(unit, actor, "restore", "portfolio", portfolio_id, after=_shown(restored))
            told.append(ledger_changed(actor, portfolio_id, restored.revision))
            return restored

        return self._writes.once(actor, Request("portfolios.restore", (portfolio_id,), KEPT, idempotency_key), effect)

    def accounts(self, actor: Actor, portfolio_id: UUID) -> list[str]:
        """List the accounts that the transactions of a portfolio name."""
        with self._database.read() as unit:
            unit.portfolios.get(actor.workspace_id, portfolio_id)
            return unit.portfolios.accounts(portfolio_id)


def _with_benchmark(unit: Unit, actor: Actor, found: Mapping[str, Any]) -> dict[str, Any]:
    """Name a blend by its id, so that it may be called something else later."""
    named = found.get("benchmark")
    return {**found, "benchmark": stored_key(unit, actor, named)} if named else dict(found)


def _check_currency(unit: Unit, before: Portfolio, changed: Portfolio) -> None:
    if before.base_currency != changed.base_currency and unit.ledger.find(before.id, include_voided=True, limit=1):
        raise InvalidInput("base_currency", changed.base_currency, "cannot change once there are transactions",
                           hint=f"Keep {before.base_currency}, or start another portfolio", rule="fixed")


def _shown(portfolio: Portfolio) -> dict[str, Any]:
    shown: dict[str, Any] = KEPT.dump_python(portfolio, mode="json")
    return {name: shown[name] for name in (*CHANGEABLE, "version")}
