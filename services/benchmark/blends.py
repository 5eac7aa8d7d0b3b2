"""Blends: add, read, change, remove, take back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from data.database import Unit
from data.records import AuditEntry, StoredBlend, StoredComponent
from engine.errors import Conflict, InvalidInput, UnknownInstrument
from engine.types import Actor
from services import fields
from services.benchmark.views import KINDS, MOST_COMPONENTS, REBALANCINGS, Blend, Component
from services.fields import Place, Reader
from services.references import Choice, choices, instruments_of
from services.review_views import Mended
from services.writes import NOTHING, Request, Told, Writes, audit, market_changed

KEPT: TypeAdapter[Blend] = TypeAdapter(Blend)
ENTITY: Final = "benchmark"
NAME_LENGTH: Final = 80
SUM_WITHIN: Final = Decimal("1e-6")
Components = Sequence[Component]


def _share(place: Place, value: object) -> float:
    found = fields.number(place, value, zero=False)
    if found > 1:
        raise place.refusal(value, "too_large", "is above 1", "Weights are fractions: 0.6 is 60 %")
    return float(found)


def _rate(place: Place, value: object) -> float:
    found = fields.number(place, value, signed=True)
    if not -1 < found < 10:
        raise place.refusal(value, "too_large", "is no rate a year", "Rates are fractions: 0.03 is 3 %")
    return float(found)


def _truth(place: Place, value: object) -> bool:
    if not isinstance(value, bool):
        raise place.refusal(value, "unknown_value", "is neither true nor false", "Send true or false")
    return value


def _name(place: Place, value: object) -> str:
    found = fields.text(place, value, limit=NAME_LENGTH)
    if found is None:
        raise place.refusal(value, "required", "is empty", "Give the benchmark a name")
    return found


PARTS: Final[dict[str, Reader]] = {
    "kind": lambda place, value: fields.choice(place, value, KINDS), "symbol": fields.symbol, "weight": _share, "plus": _rate, "hedged": _truth,
}


def _components(place: Place, value: object) -> list[Component]:
    """Read the parts of a blend, which add up to 1."""
    if not isinstance(value, list | tuple) or not 0 < len(value) <= MOST_COMPONENTS:
        raise place.refusal(value, "not_a_list", f"is not a list of 1 to {MOST_COMPONENTS} components", 'Send [{"symbol": "SPY", "weight": 1}]')
    told = [Component(**{"kind": "instrument", **{name: cell for name, cell in fields.record(each, PARTS, required=("weight",), row=row).items()
                                                  if cell is not None}}) for row, each in enumerate(value, 1)]
    for row, each in enumerate(told, 1):
        _check_part(each, row)
    total = sum((Decimal(repr(each.weight)) for each in told), Decimal(0)).normalize()
    if abs(total - 1) > SUM_WITHIN:
        raise place.refusal(str(total), "weights_sum", f"add up to {total:f}, not to 1", "Change a weight, or add what is missing")
    return told


def _check_part(part: Component, row: int) -> None:
    if (part.kind == "cash") == bool(part.symbol):
        reason = "cash has none" if part.kind == "cash" else "is missing"
        hint = "An instrument, inflation or a rate has a symbol; cash has only plus, its rate"
        raise InvalidInput("symbol", part.symbol, reason, hint=hint, row=row, rule="contradiction" if part.kind == "cash" else "required")


READERS: Final[dict[str, Reader]] = {
    "name": _name, "rebalancing": lambda place, value: fields.choice(place, value, REBALANCINGS), "components": _components,
}


class Blends:
    """Blends of the actor's workspace."""

    def __init__(self, writes: Writes) -> None:
        self._writes, self._database = writes, writes.database

    def find(self, actor: Actor) -> list[Blend]:
        """List them by name."""
        with self._database.read() as unit:
            return _shown(unit, actor, unit.benchmarks.find(actor.workspace_id))

    def get(self, actor: Actor, blend_id: UUID) -> Blend:
        """Give a blend; `NotFound` where the workspace has none under this id."""
        with self._database.read() as unit:
            return _one(unit, actor, unit.benchmarks.get(actor.workspace_id, blend_id))

    def choices(self, actor: Actor) -> list[Choice]:
        """List everything that can be compared with: blends first, then instruments."""
        with self._database.read() as unit:
            return choices(unit, actor)

    def create(self, actor: Actor, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> Blend:
        """Add a blend.

        Parameters
        ----------
        actor : Actor
        raw : Mapping
            `name` and `components` (each with `weight`, and `kind` (instrument), `symbol`, `plus`, `hedged`), `rebalancing` (monthly).
        idempotency_key : str, optional
            The same key gives the same blend again.

        Raises
        ------
        InvalidInput
            What cannot be read; weights that do not add up to 1.
        UnknownInstrument
            A symbol that is not known, with neighbours that are.
        Conflict
            The name is taken.
        """
        found = fields.record(raw, READERS, required=("name", "components"))

        def effect(unit: Unit, _told: list[Told]) -> Blend:
            parts = _stored(unit, actor, found["components"])
            stored = unit.benchmarks.add(actor.workspace_id, actor.user_id, found["name"], found.get("rebalancing") or REBALANCINGS[0], parts)
            shown = _one(unit, actor, stored)
            audit(unit, actor, "create", ENTITY, shown.id, after=kept(shown))
            return shown

        return self._writes.once(actor, Request("benchmarks.create", (dict(raw),), KEPT, idempotency_key), effect)

    def change(self, actor: Actor, blend_id: UUID, version: int, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> Blend:
        """Change name, rule or components of the version that was read; `Conflict` where somebody was faster."""
        found = {name: value for name, value in fields.record(raw, READERS).items() if value is not None}

        def effect(unit: Unit, told: list[Told]) -> Blend:
            before = _one(unit, actor, unit.benchmarks.get(actor.workspace_id, blend_id))
            after = _put(unit, actor, blend_id, version, {**_fields(before), **found})
            audit(unit, actor, "change", ENTITY, blend_id, before=kept(before), after=kept(after))
            told.append(market_changed(actor))
            return after

        return self._writes.once(actor, Request("benchmarks.change", (blend_id, version, dict(raw)), KEPT, idempotency_key), effect)

    def remove(self, actor: Actor, blend_id: UUID, version: int, *, idempotency_key: str | None = None) -> None:
        """Take a blend out of sight; portfolios that are measured against it say so until it is back."""

        def effect(unit: Unit, told: list[Told]) -> None:
            removed = _one(unit, actor, unit.benchmarks.remove(actor.workspace_id, blend_id, version))
            audit(unit, actor, "remove", ENTITY, blend_id, before=kept(removed))
            told.append(market_changed(actor))

        self._writes.once(actor, Request("benchmarks.remove", (blend_id, version), NOTHING, idempotency_key), effect)

    def restore(self, actor: Actor, blend_id: UUID, *, idempotency_key: str | None = None) -> Blend:
        """Bring a blend back that was taken out of sight."""

        def effect(unit: Unit, told: list[Told]) -> Blend:
            shown = _one(unit, actor, unit.benchmarks.restore(actor.workspace_id, blend_id))
            audit(unit, actor, "restore", ENTITY, blend_id, after=kept(shown))
            told.append(market_changed(actor))
            return shown

        return self._writes.once(actor, Request("benchmarks.restore", (blend_id,), KEPT, idempotency_key), effect)


def blend_undone(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    """Take an entry of the audit trail about a blend back."""
    before, after, blend_id = _state(entry.before), _state(entry.after), UUID(entry.entity_id)
    if before is not None and after is not None:
        _put(unit, actor, blend_id, int(after["version"]), {**before, "components": [Component(**part) for part in before["components"]]})
    elif before is not None:
        unit.benchmarks.restore(actor.workspace_id, blend_id)
    elif after is not None:
        unit.benchmarks.remove(actor.workspace_id, blend_id, int(after["version"]))
    else:
        raise Conflict("There is no way back from this.", entity=entry.entity, action=entry.action, rule="no_way_back")
    told.append(market_changed(actor))
    now = kept(_one(unit, actor, unit.benchmarks.get(actor.workspace_id, blend_id))) if before is not None else None
    undone = audit(unit, actor, "undo", ENTITY, blend_id, before=after, after={**(now or {}), "undoes": str(entry.id)})
    return Mended(undone, "Taken back", ())


def kept(shown: Blend) -> dict[str, Any]:
    """Give a blend as the audit trail keeps it."""
    return {"name": shown.name, "rebalancing": shown.rebalancing, "version": shown.version,
            "components": [{name: getattr(part, name) for name in PARTS} for part in shown.components]}


def _state(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Give what was kept of a blend; nothing where only the entry that was undone is named."""
    return {name: value for name, value in (told or {}).items() if name != "undoes"} or None


def _fields(blend: Blend) -> dict[str, Any]:
    return {"name": blend.name, "rebalancing": blend.rebalancing, "components": list(blend.components)}


def _put(unit: Unit, actor: Actor, blend_id: UUID, version: int, told: Mapping[str, Any]) -> Blend:
    parts = _stored(unit, actor, told["components"])
    return _one(unit, actor, unit.benchmarks.change(actor.workspace_id, blend_id, version, told["name"], told["rebalancing"], parts))


def _stored(unit: Unit, actor: Actor, components: Components) -> list[StoredComponent]:
    """Name the instruments of components by id."""
    symbols = [each.symbol for each in components if each.symbol]
    known = unit.instruments.by_symbols(actor.workspace_id, symbols)
    every = [each.symbol for each in unit.instruments.find_all(actor.workspace_id)] if len(known) < len({*symbols}) else []
    fields.raise_all([UnknownInstrument(symbol, near=fields.near(symbol, every)) for symbol in symbols if symbol not in known])
    return [StoredComponent(each.kind, known[each.symbol].id if each.symbol else None, Decimal(repr(each.weight)), Decimal(repr(each.plus)),
                            each.hedged) for each in components]


def _one(unit: Unit, actor: Actor, stored: StoredBlend) -> Blend:
    return _shown(unit, actor, [stored])[0]


def _shown(unit: Unit, actor: Actor, every: Sequence[StoredBlend]) -> list[Blend]:
    known = instruments_of(unit, actor, *every)
    names = {key: each.symbol for key, each in known.items()}
    return [Blend(blend.id, blend.name, blend.rebalancing, tuple(_component(each, names) for each in blend.components), blend.version)
            for blend in every]


def _component(stored: StoredComponent, names: Mapping[UUID, str]) -> Component:
    symbol = names.get(stored.instrument_id) if stored.instrument_id else None
    return Component(stored.kind, symbol, float(stored.weight), float(stored.plus), stored.hedged)
