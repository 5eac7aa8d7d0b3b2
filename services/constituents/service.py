"""What funds hold: put whole, from a program or a file, read, taken out, taken back. Every version is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from data import calendar
from data.constituent_records import StoredConstituents
from data.database import Unit
from data.records import AuditEntry
from data.repositories.base import stale
from engine import look_through
from engine.errors import NotFound
from engine.types import Actor, Instrument
from services.constituents.book import Books, contents_of
from services.constituents.reading import Draft, findings_of, read_body, read_file
from services.constituents.views import FundContents, kept
from services.review_views import Mended
from services.writes import NOTHING, Request, Told, Writes, audit, market_changed

ENTITY: Final = "constituents"
KEPT: Final[TypeAdapter[FundContents]] = TypeAdapter(FundContents)


class Constituents:
    """What the funds of the actor's workspace hold."""

    def __init__(self, writes: Writes, books: Books) -> None:
        self._writes, self._database, self._books = writes, writes.database, books

    def get(self, actor: Actor, symbol: str, version: int | None = None) -> FundContents:
        """Tell what an instrument holds, now or in a version.

        Raises
        ------
        NotFound
            No such instrument, or it is not told what it holds.
        """
        with self._database.read() as unit:
            fund = unit.instruments.get(actor.workspace_id, symbol.strip().upper())
            return _told(fund, _stored(unit, actor, fund, version))

    def find(self, actor: Actor) -> dict[str, int]:
        """List the symbols of which it is told what they hold, with the version."""
        with self._database.read() as unit:
            versions = unit.constituents.versions(actor.workspace_id)
            every = unit.instruments.find_all(actor.workspace_id) if versions else []
        return {each.symbol: versions[each.id] for each in every if each.id in versions}

    def put(self, actor: Actor, symbol: str, raw: object, *, version: int | None = None, idempotency_key: str | None = None) -> FundContents:
        """Tell what an instrument holds, whole: what was told before is replaced, and kept.

        Parameters
        ----------
        actor : Actor
        symbol : str
        raw : object
            As `services.constituents.reading.read_body` reads it.
        version : int, optional
            The one that was read; 0: none was there.
        idempotency_key : str, optional
            The same key gives the same answer again.

        Raises
        ------
        InvalidInput
            What cannot be read, with row, field and hint.
        CircularHoldings
            It would hold itself, through what it holds: the ring is named.
        NotFound
            No such instrument.
        Conflict
            `version` is not the newest.
        """
        return self._put(actor, symbol, read_body(raw), (raw, version), version, idempotency_key)

    def put_file(self, actor: Actor, symbol: str, name: str, content: bytes, *, day: date | None = None, source: str | None = None,  # noqa: PLR0913
                 version: int | None = None, dry_run: bool = False, idempotency_key: str | None = None) -> FundContents:
        """Tell what an instrument holds by a file, as `read_file` reads it; `dry_run`: say what it would be, and keep nothing."""
        draft = read_file(name, content, day=day, source=source)
        if dry_run:
            with self._database.read() as unit:
                fund = unit.instruments.get(actor.workspace_id, symbol.strip().upper())
                shown = _drafted(fund, unit.constituents.newest(actor.workspace_id, fund.id), draft)
                _check_ring(self._books, unit, actor, fund, shown)
                return shown
        arguments = name, hashlib.sha256(content).hexdigest(), day, source, version
        return self._put(actor, symbol, draft, arguments, version, idempotency_key)

    def remove(self, actor: Actor, symbol: str, version: int | None = None, *, idempotency_key: str | None = None) -> None:
        """Tell nothing any more of what an instrument holds; the audit trail brings it back."""

        def effect(unit: Unit, told: list[Told]) -> None:
            fund = unit.instruments.get(actor.workspace_id, symbol.strip().upper())
            before = unit.constituents.get(actor.workspace_id, fund.id)
            after = unit.constituents.put(actor.workspace_id, actor.user_id, fund.id, [], version=version)
            audit(unit, actor, "remove", ENTITY, fund.id, before=_noted(fund, before), after=_noted(fund, after))
            told.append(market_changed(actor))

        self._writes.once(actor, Request("constituents.remove", (symbol, version), NOTHING, idempotency_key), effect)

    def _put(self, actor: Actor, symbol: str, draft: Draft, arguments: tuple[object, ...], version: int | None, key: str | None) -> FundContents:
        def effect(unit: Unit, told: list[Told]) -> FundContents:
            fund = unit.instruments.get(actor.workspace_id, symbol.strip().upper())
            before = unit.constituents.newest(actor.workspace_id, fund.id)
            if before is not None and _is_same(before, draft) and version in {None, before.version}:
                return _told(fund, before)
            after = unit.constituents.put(actor.workspace_id, actor.user_id, fund.id, [kept(each) for each in draft.parts], as_of=draft.date,
                                          source=draft.source, version=version)
            shown = _with(_told(fund, after), draft)
            _check_ring(self._books, unit, actor, fund, shown)
            audit(unit, actor, "put", ENTITY, fund.id, before=_noted(fund, before) if before else None, after=_noted(fund, after))
            told.append(market_changed(actor))
            return shown

        return self._writes.once(actor, Request("constituents.put", (symbol, *arguments), KEPT, key), effect)


def constituents_undone(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    """Take an entry of the audit trail about constituents back: the list of before becomes the newest version."""
    fund_id, after = UUID(entry.entity_id), entry.after or {}
    newest = unit.constituents.newest(actor.workspace_id, fund_id)
    if newest is None or newest.version != after.get("version"):
        found = newest.version if newest else 0
        raise stale("list of constituents", expected=int(after.get("version") or 0), found=found)
    fund = unit.instruments.get(actor.workspace_id, str(after["symbol"]))
    was = unit.constituents.at(actor.workspace_id, fund_id, int((entry.before or {})["version"])) if entry.before else None
    now = unit.constituents.put(actor.workspace_id, actor.user_id, fund_id, was.parts if was else [], as_of=was.as_of if was else None,
                                source=was.source if was else None)
    if now.parts:
        _check_ring(Books(), unit, actor, fund, contents_of(fund, now))
    told.append(market_changed(actor))
    undone = audit(unit, actor, "undo", ENTITY, fund_id, before=_noted(fund, newest), after={**_noted(fund, now), "undoes": str(entry.id)})
    return Mended(undone, "Taken back", ())


def _stored(unit: Unit, actor: Actor, fund: Instrument, version: int | None) -> StoredConstituents:
    try:
        return unit.constituents.get(actor.workspace_id, fund.id) if version is None else unit.constituents.at(actor.workspace_id, fund.id, version)
    except NotFound as error:
        told = NotFound("constituents", fund.symbol if version is None else f"{fund.symbol} version {version}")
        told.context |= {"field": "symbol", "hint": f"PUT /api/v1/instruments/{fund.symbol}/constituents tells what it holds, POST by a file"}
        raise told from error


def _told(fund: Instrument, stored: StoredConstituents) -> FundContents:
    found = contents_of(fund, stored)
    return replace(found, findings=tuple(findings_of(fund.symbol, dict(found.sums))))


def _with(found: FundContents, draft: Draft) -> FundContents:
    return replace(found, findings=(*draft.findings, *found.findings))


def _drafted(fund: Instrument, newest: StoredConstituents | None, draft: Draft) -> FundContents:
    """Lay out what a file would become."""
    version = newest.version if newest else 0
    recorded = newest.recorded_at if newest else calendar.now()
    stored = StoredConstituents(fund.id, version, draft.date, draft.source, [kept(each) for each in draft.parts], recorded)
    return _with(_told(fund, stored), draft)


def _is_same(before: StoredConstituents, draft: Draft) -> bool:
    return (before.parts, before.as_of, before.source) == ([kept(each) for each in draft.parts], draft.date, draft.source)


def _check_ring(books: Books, unit: Unit, actor: Actor, fund: Instrument, shown: FundContents) -> None:
    """Refuse that a fund holds itself through what it holds."""
    book = books.read(unit, actor, [fund], {fund.id: shown})
    inside = {book.name(node): {book.name(part): weight for part, weight in parts.items()} for node, parts in book.inside("symbol").items()}
    look_through({fund.symbol: 1.0}, inside)


def _noted(fund: Instrument, stored: StoredConstituents) -> dict[str, Any]:
    """Give a list as the audit trail keeps it: the rows are in its version."""
    return {"symbol": fund.symbol, "version": stored.version, "count": len(stored.parts), "source": stored.source,
            "date": stored.as_of.isoformat() if stored.as_of else None, "largest": _largest(stored.parts)}


def _largest(parts: Sequence[dict[str, Any]]) -> list[str]:
    first = sorted(parts, key=lambda each: -abs(float(each["weight"])))[:5]
    return [f"{next(str(value) for name, value in each.items() if name != 'weight')} {float(each['weight']):.2%}" for each in first]

