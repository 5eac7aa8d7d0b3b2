"""The audit log: who changed what, from, to, when, by which request; and the way back from any change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter

from data import calendar
from data.database import Unit
from data.records import AuditEntry
from engine.errors import Conflict, InvalidInput
from engine.types import Actor
from services import audit_texts, undoing
from services.audit_texts import Known
from services.review_views import AuditView, Mended
from services.views import Page
from services.writes import Request, Told, Writes

MENDED: TypeAdapter[Mended] = TypeAdapter(Mended)
MOST_ROWS = 20  # transactions of one entry that a list shows
ENTITIES = ("transaction", "portfolio", "instrument", "bars", "actions", "fx", "check", "reconciliation", "import_run")


class Audit:
    """What was done in the actor's workspace."""

    def __init__(self, writes: Writes, undoer: undoing.Undoer) -> None:
        self._writes, self._database, self._undoer = writes, writes.database, undoer

    def find(self, actor: Actor, *, entity: str | None = None, entity_id: str | None = None, by: UUID | None = None,  # noqa: PLR0913
             action: str | None = None, portfolio: UUID | None = None, start: datetime | None = None, end: datetime | None = None,
             after: UUID | None = None, limit: int = 50) -> Page[AuditView]:
        """List what was done, newest first.

        Parameters
        ----------
        actor : Actor
        entity, entity_id : str, optional
            Only about a kind of thing, or about one thing: a transaction also where a batch moved it.
        by : UUID, optional
            Only by this user.
        action : str, optional
            Only of this kind: record, correct, void, undo, create, change, remove, put, apply, ...
        portfolio : UUID, optional
            Only about this portfolio and its ledger.
        start, end : datetime, optional
            From an instant (included) to another (not included).
        after, limit
            A page: at most `limit` entries behind the one with id `after`.
        """
        if start is not None and end is not None and end <= start:
            raise InvalidInput("end", end.isoformat(), "is not after start", hint="Exchange start and end", rule="order")
        with self._database.read() as unit:
            if after is not None:
                unit.trail.get(actor.workspace_id, after)
            found = unit.trail.find(actor.workspace_id, entity=entity, entity_id=entity_id, actor=by, action=action,
                                    portfolio=None if portfolio is None else str(portfolio), start=start, end=end, after=after, limit=limit + 1)
            views = self._views(unit, actor, found[:limit], MOST_ROWS)
        return Page(tuple(views), str(found[limit - 1].id) if len(found) > limit else None)

    def get(self, actor: Actor, entry_id: UUID) -> AuditView:
        """Give one entry with every transaction it touched; `NotFound` where there is none."""
        with self._database.read() as unit:
            return self._views(unit, actor, [unit.trail.get(actor.workspace_id, entry_id)], None)[0]

    def actors(self, actor: Actor) -> dict[UUID, str]:
        """Name everybody who may have acted."""
        with self._database.read() as unit:
            return unit.trail.names(actor.workspace_id)

    def undo(self, actor: Actor, entry_id: UUID, *, idempotency_key: str | None = None) -> Mended:
        """Take a change back: what it did to every transaction, portfolio, instrument or price.

        Raises
        ------
        NotFound
            There is no such entry.
        Conflict
            It was taken back already, something was changed since (the context holds both versions), or something depends on it.
        """

        def effect(unit: Unit, told: list[Told]) -> Mended:
            entry = unit.trail.get(actor.workspace_id, entry_id)
            undone = unit.trail.undone_by(actor.workspace_id, [entry.id]).get(str(entry.id))
            if undone is not None:
                raise Conflict("This change was taken back already.", undone_by=str(undone), hint="Undo that entry to do it again")
            return self._undoer.undo(unit, actor, entry, told)

        return self._writes.once(actor, Request("audit.undo", (entry_id,), MENDED, idempotency_key), effect)

    def _views(self, unit: Unit, actor: Actor, entries: Sequence[AuditEntry], most: int | None) -> list[AuditView]:
        wanted = {key for entry in entries for key in audit_texts.ids_of(entry)[:most]}
        known = Known(
            names=unit.trail.names(actor.workspace_id), history=unit.ledger.by_ids([UUID(key) for key in wanted]),
            portfolios={str(each.id): each.name for each in unit.portfolios.find(actor.workspace_id)},
            undone=unit.trail.undone_by(actor.workspace_id, [entry.id for entry in entries]), most=most, now=calendar.now(),
        )
        return [audit_texts.view(entry, known, self._undoer.why_not(entry, known)) for entry in entries]

