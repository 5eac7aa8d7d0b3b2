"""The way back from a change, by what it was about. What cannot be taken back says why; what was changed since is a conflict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from data.database import Unit
from data.records import AuditEntry
from data.repositories.base import stale
from engine.errors import Conflict, NotFound
from engine.types import Actor, AssetClass
from services.advice import custom_rules, policy, proposals, suggestions, what_ifs
from services.alerts import rules as alert_rules
from services.attribution import factor_sets
from services.audit_texts import Known, ids_of
from services.benchmark import blends
from services.constituents import service as constituents
from services.market.quarantine import bar_decision_taken_back, quote_decision_taken_back
from services.operations import Deed, done, others_told, taking_back
from services.price_tables import PUTS, ROWS
from services.review_views import Mended
from services.stress import scenarios as stress_scenarios
from services.writes import Told, audit, ledger_changed, market_changed, touch_ledgers

LEDGER_ENTITIES = frozenset({"transaction", "check", "reconciliation"})
TakeBack = Callable[[Actor, UUID], object]
Way = Callable[[Unit, Actor, AuditEntry, list[Told]], Mended]


class Undoer:
    """Takes entries of the audit trail back."""

    def __init__(self, take_back: TakeBack | None = None) -> None:
        self._take_back = take_back  # of an import run, where files can be imported

    def undo(self, unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
        """Take an entry back in this transaction, or raise why not."""
        way = self._way(entry)
        if way is None:
            raise Conflict(_no_way(entry), entity=entry.entity, action=entry.action, rule="no_way_back")
        return way(unit, actor, entry, told)

    def why_not(self, entry: AuditEntry, known: Known) -> str | None:
        """Tell why an entry cannot be taken back, as far as that is known without trying; None where it can."""
        if str(entry.id) in known.undone:
            return "It was taken back already"
        if self._way(entry) is None:
            return _no_way(entry)
        moved = next((key for key in ids_of(entry) if not _still(entry, key, known)), None)
        return None if moved is None else "It was changed since: take the later change back first"

    def _way(self, entry: AuditEntry) -> Way | None:
        if (entry.entity, entry.action) == ("import_run", "import") and self._take_back is not None:
            return _import_taken_back(self._take_back)
        if (entry.entity, entry.action) == ("reconciliation", "create"):
            return _statement_forgotten
        if entry.entity in LEDGER_ENTITIES:
            if entry.entity == "check" and entry.action in {"dismiss", "restore"}:
                return _other_judgement
            return _ledger if _operations(entry) else None
        return _WAYS.get((entry.entity, "undo" if entry.action == "undo" else entry.action)) if _is_whole(entry) else None


def _no_way(entry: AuditEntry) -> str:
    if entry.entity in {"bars", "actions", "fx"}:
        return "Only the number of these rows was kept, not what they replaced"
    return f"There is no way back from {entry.action} of {entry.entity}"


def _is_whole(entry: AuditEntry) -> bool:
    """Tell whether an entry holds what it takes to go back."""
    return entry.entity not in {"bars", "actions", "fx"} or "rows" in (entry.after or {})


def _still(entry: AuditEntry, key: str, known: Known) -> bool:
    """Tell whether a transaction is as an entry left it, as far as its history was read."""
    versions = known.history.get(UUID(key))
    return versions is None or not versions or versions[-1].version == _left_at(entry, key)


def _left_at(entry: AuditEntry, key: str) -> int:
    told = entry.after or {}
    if key in told.get("moved", {}):
        return int(told["moved"][key][1])
    return 1 if key in told.get("ids", ()) else int(told.get("version", 1))


def _operations(entry: AuditEntry) -> list[dict[str, Any]]:
    """Give the operations that take a change of a ledger back."""
    told = entry.after or {}
    if "ids" in told or "moved" in told:
        return taking_back(told)
    if entry.before and "version" in entry.before and "version" in told:
        return taking_back({"moved": {entry.entity_id: (entry.before["version"], told["version"])}})
    return []


def _ledger(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    own = UUID(str({**(entry.before or {}), **(entry.after or {})}.get("portfolio") or (entry.after or {})["portfolio_id"]))
    deed = Deed()
    for portfolio_id, operations in sorted(_by_portfolio(unit, own, _operations(entry)).items()):
        portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
        told.append(ledger_changed(actor, portfolio_id, unit.portfolios.bump(portfolio_id)))
        done(unit, actor, portfolio, operations, deed)
    others_told(unit, actor, own, deed, told)
    undone = audit(unit, actor, "undo", entry.entity, entry.entity_id, after={**deed.told(own), "undoes": str(entry.id)})
    if deed.prices:
        _repriced(unit, actor, told)
    return Mended(undone, "Taken back", tuple(deed.stored))


def _by_portfolio(unit: Unit, own: UUID, operations: Sequence[dict[str, Any]]) -> dict[UUID, list[dict[str, Any]]]:
    """Part operations by the ledger they are of: a transfer between portfolios has a leg in each."""
    places = unit.ledger.portfolios_of([UUID(key) for each in operations for key in each.get("moved", ())])
    parts: dict[UUID, list[dict[str, Any]]] = {}
    for each in operations:
        moved: dict[UUID, dict[str, Any]] = {}
        for key, pair in each.get("moved", {}).items():
            moved.setdefault(places.get(UUID(key), own), {})[key] = pair
        for place, mine in moved.items():
            parts.setdefault(place, []).append({"op": "rewind", "moved": mine})
        if not moved:
            parts.setdefault(own, []).append(each)
    return parts


def _import_taken_back(take_back: TakeBack) -> Way:
    """Take a file back by the service that read it, which writes down what it did."""

    def way(unit: Unit, actor: Actor, entry: AuditEntry, _told: list[Told]) -> Mended:
        take_back(actor, UUID(entry.entity_id))
        return _noted(unit, actor, entry, None, {name: (entry.after or {}).get(name) for name in ("portfolio", "file")})

    return way


def _repriced(unit: Unit, actor: Actor, told: list[Told]) -> None:
    told.append(market_changed(actor))
    touch_ledgers(unit, actor, told)


def _noted(unit: Unit, actor: Actor, entry: AuditEntry, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Mended:
    """Write down that an entry was taken back."""
    undone = audit(unit, actor, "undo", entry.entity, entry.entity_id, before=dict(before) if before else None,
                   after={**(after or {}), "undoes": str(entry.id)})
    return Mended(undone, "Taken back", ())


# ------------------------------------------------------------------------------------------------------------------------- portfolios


def _portfolio_changed(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    before, after = entry.before or {}, entry.after or {}
    changed = {name: value for name, value in before.items() if name != "version" and value != after.get(name)}
    found = unit.portfolios.get(actor.workspace_id, UUID(entry.entity_id))
    if found.version != after.get("version"):
        raise _moved("portfolio", int(after.get("version", 0)), found.version, after, {name: getattr(found, name, None) for name in before})
    put = unit.portfolios.change(actor.workspace_id, found.id, found.version, **changed)
    told.append(ledger_changed(actor, found.id, unit.portfolios.bump(found.id)))
    return _noted(unit, actor, entry, after, {**before, "version": put.version})


def _portfolio_removed(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    version = int((entry.before or {})["version"])
    found = unit.portfolios.restore(actor.workspace_id, UUID(entry.entity_id), version)
    told.append(ledger_changed(actor, found.id, found.revision))
    return _noted(unit, actor, entry, None, {**(entry.before or {}), "version": found.version})


def _portfolio_created(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    found = unit.portfolios.get(actor.workspace_id, UUID(entry.entity_id))
    if unit.ledger.find(found.id, limit=1):
        raise Conflict(f"{found.name} holds transactions.", hint="Void them first, or remove the portfolio", rule="depended_on")
    gone = unit.portfolios.remove(actor.workspace_id, found.id, found.version)
    told.append(ledger_changed(actor, found.id, gone.revision + 1))
    return _noted(unit, actor, entry, {**(entry.after or {}), "version": gone.version}, None)


def _portfolio_back(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    """Do again what an undo took back."""
    if entry.before is None:
        gone = unit.portfolios.remove(actor.workspace_id, UUID(entry.entity_id), int((entry.after or {})["version"]))
        told.append(ledger_changed(actor, gone.id, gone.revision + 1))
        return _noted(unit, actor, entry, {**(entry.after or {}), "version": gone.version}, None)
    if (entry.after or {}).keys() <= {"undoes"}:
        return _portfolio_removed(unit, actor, entry, told)
    return _portfolio_changed(unit, actor, entry, told)


def _moved(kind: str, expected: int, found: int, read: Mapping[str, Any], current: Mapping[str, Any]) -> Conflict:
    error = stale(kind, expected=expected, found=found)
    error.context.update({"read": dict(read), "current": {name: None if value is None else str(value) for name, value in current.items()}})
    return error


# ------------------------------------------------------------------------------------------------------------------------ instruments


def _instrument_put(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    before, after = entry.before, entry.after or {}
    symbol = str(after.get("symbol") or (before or {}).get("symbol"))
    found = unit.instruments.get(actor.workspace_id, symbol)
    if found.version != after.get("version", found.version):
        raise _moved("instrument", int(after["version"]), found.version, after, {name: getattr(found, name, None) for name in after})
    if not before or before.keys() <= {"undoes"}:
        return _instrument_added(unit, actor, entry, told)
    changed = {name: _field(name, value) for name, value in before.items()
               if name not in {"id", "workspace_id", "symbol", "version", "undoes"} and value != after.get(name)}
    put, _ = unit.instruments.put(actor.workspace_id, actor.user_id, symbol, version=found.version, **changed)
    _repriced(unit, actor, told)
    return _noted(unit, actor, entry, after, {**before, "version": put.version})


def _field(name: str, value: object) -> object:
    return Decimal(str(value)) if name == "multiplier" else AssetClass(str(value)) if name == "asset_class" else value


def _instrument_added(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    after = entry.after or {}
    found = unit.instruments.get(actor.workspace_id, str(after["symbol"]))
    used = unit.instruments.used(found.id, found.symbol, actor.workspace_id)
    depending = [f"{count} {what}" for what, count in used.items() if count]
    if depending:
        raise Conflict(f"{found.symbol} has {' and '.join(depending)}.", hint="Take those back first", rule="depended_on", **used)
    unit.instruments.remove(found.id)
    told.append(market_changed(actor))
    return _noted(unit, actor, entry, after, {"symbol": found.symbol})


# ---------------------------------------------------------------------------------------------------------------------------- prices


def _rows_put(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    """Put back the rows that a table of prices, actions or rates replaced, and take out those that were new."""
    before, after = (entry.before or {}).get("rows", {}), (entry.after or {})["rows"]
    now = ROWS[entry.entity](unit, actor, entry.entity_id, list(after))
    changed = [key for key, row in after.items() if now.get(key) != row]
    if changed:
        raise Conflict(f"{len(changed)} of these rows were changed since, the first of {changed[0]}.", read=after[changed[0]],
                       current=now.get(changed[0]), hint="Take the later change back first", rule="changed_since")
    PUTS[entry.entity](unit, actor, entry.entity_id, before, [key for key in after if key not in before])
    _repriced(unit, actor, told)
    name = (entry.after or {}).get("symbol", entry.entity_id)
    kept = {"symbol": name, "count": len(after)}
    return _noted(unit, actor, entry, {**kept, "rows": after}, {**kept, "rows": before})


# ----------------------------------------------------------------------------------------------------------------------------- checks


def _other_judgement(unit: Unit, actor: Actor, entry: AuditEntry, _told: list[Told]) -> Mended:
    """Ask again about a dismissed finding; dismiss one that was asked again."""
    after = entry.after or {}
    if entry.action == "dismiss":
        if not unit.reviews.restore(actor.workspace_id, entry.entity_id):
            raise NotFound("dismissed finding", entry.entity_id)
        return _noted(unit, actor, entry, None, after)
    unit.reviews.dismiss(actor.workspace_id, actor.user_id, UUID(after["portfolio"]), entry.entity_id, after["code"], after["message"])
    return _noted(unit, actor, entry, None, after)


def _statement_forgotten(unit: Unit, actor: Actor, entry: AuditEntry, _told: list[Told]) -> Mended:
    after = entry.after or {}
    portfolio, key = UUID(after["portfolio"]), UUID(entry.entity_id)
    unit.reviews.reconciliation(actor.workspace_id, portfolio, key)
    unit.reviews.forget_reconciliation(actor.workspace_id, portfolio, key)
    return _noted(unit, actor, entry, None, after)


_WAYS: Mapping[tuple[str, str], Way] = {
    ("portfolio", "change"): _portfolio_changed, ("portfolio", "remove"): _portfolio_removed, ("portfolio", "create"): _portfolio_created,
    ("portfolio", "undo"): _portfolio_back, ("instrument", "put"): _instrument_put, ("instrument", "undo"): _instrument_put,
    **{("finding", f"quote_{status}"): quote_decision_taken_back for status in ("released", "rejected")},
    **{("finding", f"bar_{status}"): bar_decision_taken_back for status in ("released", "rejected")},
    **{(alert_rules.ENTITY, action): alert_rules.rule_undone for action in ("create", "change", "remove", "undo")},
    **{(stress_scenarios.ENTITY, action): stress_scenarios.scenario_undone for action in ("create", "change", "remove", "undo")},
    **{(what_ifs.ENTITY, action): what_ifs.what_if_undone for action in ("create", "change", "remove", "undo")},
    **{(proposals.ENTITY, action): proposals.proposal_undone for action in ("confirm", "reject")},
    **{(blends.ENTITY, action): blends.blend_undone for action in ("create", "change", "remove", "restore", "undo")},
    **{(constituents.ENTITY, action): constituents.constituents_undone for action in ("put", "remove", "undo")},
    **{(factor_sets.ENTITY, action): factor_sets.factors_undone for action in ("create", "remove", "undo")},
    **{(policy.ENTITY, action): policy.policy_undone for action in ("put", "undo")},
    **{(custom_rules.ENTITY, action): custom_rules.rule_undone for action in ("create", "change", "remove", "undo")},
    **{(suggestions.ENTITY, action): suggestions.suggestion_undone for action in ("dismiss", "done", "undo")},
    **{(entity, action): _rows_put for entity in ("bars", "actions", "fx") for action in ("put", "undo")},
}  # fmt: skip
