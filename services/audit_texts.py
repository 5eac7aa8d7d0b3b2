"""Entries of the audit trail as people read them: a sentence, and every field from, to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from data.records import AuditEntry
from engine.types import Transaction
from services.review_views import AuditView, FieldChange, RowChange

UNTOLD = frozenset({"id", "portfolio_id", "version", "sequence", "recorded_at", "recorded_by", "import_run_id", "workspace_id", "undoes", "portfolio",
                    "created_at", "revision", "owner_id"})
FACTS = ("date", "kind", "symbol", "quantity", "price", "amount", "fee", "tax", "currency", "fx_rate", "account", "note", "ratio", "to_symbol",
         "to_currency", "to_amount", "lots", "external_id", "transfer_id", "voided")
DONE = {"record": "Recorded", "correct": "Corrected", "void": "Voided", "undo": "Took back", "create": "Added", "change": "Changed",
        "remove": "Removed", "put": "Put", "apply": "Mended", "dismiss": "Said to be no problem:", "restore": "Asked again:", "accept": "Accepted",
        "transfer": "Transferred", "import": "Imported", "take_back": "Took back", "reorder": "Reordered",
        "quote_released": "Let pass", "quote_rejected": "Kept out", "bar_released": "Let pass", "bar_rejected": "Kept out",
        "acknowledge": "Saw", "test": "Tested", "retry": "Tried again", "confirm": "Confirmed",
        "reject": "Put aside"}


@dataclass(frozen=True, slots=True)
class Known:
    """What a list of entries is told with."""

    names: Mapping[UUID, str]
    history: Mapping[UUID, Sequence[Transaction]]
    portfolios: Mapping[str, str]
    undone: Mapping[str, UUID]
    most: int | None
    now: datetime


def ids_of(entry: AuditEntry) -> list[str]:
    """Name the transactions that an entry is about."""
    told = entry.after or {}
    several = [*told.get("ids", ()), *told.get("moved", {})]
    if several:
        return list(dict.fromkeys(several))
    return [entry.entity_id] if entry.entity == "transaction" else []


def view(entry: AuditEntry, known: Known, why_not: str | None) -> AuditView:
    """Tell an entry."""
    ids = ids_of(entry)
    rows = tuple(_rows(entry, ids[: known.most], known))
    portfolio = _portfolio(entry)
    undone, undoes = known.undone.get(str(entry.id)), (entry.after or {}).get("undoes")
    return AuditView(
        id=entry.id, at=entry.created_at, actor_id=entry.actor_id, actor=known.names.get(entry.actor_id, "somebody"), action=entry.action,
        entity=entry.entity, entity_id=entry.entity_id, title=_title(entry, rows, len(ids)), portfolio_id=UUID(portfolio) if portfolio else None,
        portfolio=known.portfolios.get(portfolio or ""), request_id=entry.request_id, changes=tuple(_changes(entry, rows)), rows=rows,
        row_count=len(ids), can_undo=why_not is None, why_not=why_not, undone_by=undone, undoes=UUID(undoes) if undoes else None,
    )


def text(value: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    """Give a kept value as text; nothing is None."""
    if value is None or (isinstance(value, str | list | tuple) and not value):
        return None
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def differences(before: Mapping[str, Any], after: Mapping[str, Any], names: Sequence[str] | None = None) -> list[FieldChange]:
    """List the fields that differ between two states."""
    fields = names or list(dict.fromkeys([*before, *after]))
    told = [(name, text(before.get(name)), text(after.get(name))) for name in fields if name not in UNTOLD]
    return [FieldChange(name, old, new) for name, old, new in told if not _same(old, new)]


def _same(old: str | None, new: str | None) -> bool:
    """Tell whether two texts are one value: 10 and 10.0 are."""
    if old == new:
        return True
    try:
        return old is not None and new is not None and Decimal(old) == Decimal(new)
    except ArithmeticError:
        return False


def sentence(entry: Transaction) -> str:
    """Say a transaction in a few words: BUY 10 AAPL, DEPOSIT 500 USD."""
    kind = entry.kind.value.replace("_", " ")
    if entry.symbol and entry.quantity is not None:
        return f"{kind} {text(entry.quantity)} {entry.symbol}"
    if entry.ratio is not None and entry.symbol:
        return f"{kind} {entry.symbol}"
    return " ".join(filter(None, [kind, text(entry.amount), entry.currency if entry.amount is not None else None, entry.symbol]))


def _rows(entry: AuditEntry, ids: Sequence[str], known: Known) -> Iterator[RowChange]:
    moved = (entry.after or {}).get("moved", {})
    recorded = {*(entry.after or {}).get("ids", ())}
    for key in ids:
        versions = known.history.get(UUID(key), ())
        if not versions:
            continue
        if key in moved:
            origin, to = moved[key]
            yield _row(versions[origin - 1], versions[to - 1])
        elif key in recorded:
            yield _row(None, versions[0])
        elif entry.before and entry.after and "version" in entry.after:
            yield _row(versions[int(entry.before["version"]) - 1], versions[int(entry.after["version"]) - 1])


def _row(before: Transaction | None, after: Transaction) -> RowChange:
    old = {} if before is None else {name: getattr(before, name, None) for name in FACTS}
    new = {name: getattr(after, name, None) for name in FACTS}
    if before is None:
        changed = [change for change in differences(old, new, FACTS) if change.after not in {"0", "no"}]
        return RowChange(after.id, sentence(after), "record", tuple(changed))
    action = "void" if after.voided and not before.voided else "restore" if before.voided and not after.voided else "correct"
    return RowChange(after.id, sentence(after), action, tuple(differences(old, new, FACTS)))


def _changes(entry: AuditEntry, rows: Sequence[RowChange]) -> list[FieldChange]:
    """List the fields of a single thing; several transactions each tell their own."""
    if rows:
        return list(rows[0].changes) if len(rows) == 1 and len(ids_of(entry)) == 1 else []
    if entry.entity in {"check", "reconciliation"}:
        return []
    before, after = entry.before or {}, entry.after or {}
    if entry.entity in {"bars", "actions", "fx"} and "rows" in after:
        return differences(before.get("rows", {}), after["rows"])
    return differences(before, after)


def _portfolio(entry: AuditEntry) -> str | None:
    if entry.entity == "portfolio":
        return entry.entity_id
    told = {**(entry.before or {}), **(entry.after or {})}
    found = told.get("portfolio") or told.get("portfolio_id")
    return str(found) if found else None


def _title(entry: AuditEntry, rows: Sequence[RowChange], count: int) -> str:
    told = {**(entry.before or {}), **(entry.after or {})}
    verb = DONE.get(entry.action, entry.action.capitalize())
    if entry.entity in {"check", "reconciliation"} and told.get("message"):
        return f"{verb} {told['message']}" if entry.action != "apply" else f"{told.get('fix') or 'Mended'}: {told['message']}"
    if entry.entity == "import_run":
        many = told.get("accepted", told.get("voided"))
        return " ".join(filter(None, [verb, f"{many} transactions of" if many is not None else None, str(told.get("file") or "a file")]))
    if count > 1:
        return f"{verb} {count} transactions"
    if rows:
        return f"{verb} {rows[0].title}"
    name = (told.get("name") if entry.entity.startswith("alert") else told.get("symbol")) or told.get("name") or entry.entity_id
    if entry.entity in {"bars", "actions", "fx"}:
        what = {"bars": "prices", "actions": "corporate actions", "fx": "rates"}[entry.entity]
        return f"{verb} {told.get('count', '')} {what} of {name}".replace("  ", " ")
    return f"{verb} {told.get('count')} alerts" if entry.entity == "alert_event" else f"{verb} {entry.entity.replace('_', ' ')} {name}"
