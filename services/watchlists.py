"""Watchlists: what somebody looks at without holding it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from data.database import Unit
from data.records import StoredWatchlist
from engine.errors import UnknownInstrument
from engine.types import Actor, AssetClass, Instrument
from services import fields
from services.fields import Place, Reader
from services.writes import NOTHING, Request, Told, Writes, audit

MOST = 200  # instruments of one list


@dataclass(frozen=True, slots=True)
class Watchlist:
    """A list with the symbols of its instruments, in its order."""

    id: UUID
    name: str
    symbols: tuple[str, ...]
    version: int


KEPT: TypeAdapter[Watchlist] = TypeAdapter(Watchlist)


def _symbols(place: Place, value: object) -> list[str]:
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list) or len(given) > MOST:
        raise place.refusal(value, "not_a_list", f"is not a list of at most {MOST} symbols", 'Send ["AAPL", "MSFT"]')
    return list(dict.fromkeys(fields.symbol(place, each) for each in given if str(each).strip()))


READERS: dict[str, Reader] = {"name": lambda place, value: fields.text(place, value, limit=80), "symbols": _symbols}


class Watchlists:
    """Lists of the actor's workspace."""

    def __init__(self, writes: Writes) -> None:
        self._writes, self._database = writes, writes.database

    def find(self, actor: Actor) -> list[Watchlist]:
        """List them, oldest first."""
        with self._database.read() as unit:
            return [_shown(unit, actor, each) for each in unit.watchlists.find(actor.workspace_id)]

    def everything(self, actor: Actor) -> dict[str, Instrument]:
        """Give every instrument that can be watched, by its symbol: pairs of currencies last."""
        with self._database.read() as unit:
            found = unit.instruments.find_all(actor.workspace_id)
        return {each.symbol: each for each in sorted(found, key=lambda each: (each.asset_class is AssetClass.FX, each.symbol))}

    def get(self, actor: Actor, watchlist_id: UUID) -> Watchlist:
        """Give a list; `NotFound` where the workspace has none under this id."""
        with self._database.read() as unit:
            return _shown(unit, actor, unit.watchlists.get(actor.workspace_id, watchlist_id))

    def create(self, actor: Actor, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> Watchlist:
        """Add a list: `name`, and `symbols` of instruments that are known.

        Raises
        ------
        InvalidInput
            What cannot be read.
        UnknownInstrument
            A symbol that is not known, with neighbours that are.
        """
        found = fields.record(raw, READERS, required=("name",))

        def effect(unit: Unit, _told: list[Told]) -> Watchlist:
            ids = _ids(unit, actor, found.get("symbols", []))
            shown = _shown(unit, actor, unit.watchlists.add(actor.workspace_id, actor.user_id, found["name"], ids))
            audit(unit, actor, "create", "watchlist", shown.id, after=_told_of(shown))
            return shown

        return self._writes.once(actor, Request("watchlists.create", (dict(raw),), KEPT, idempotency_key), effect)

    def change(self, actor: Actor, watchlist_id: UUID, version: int, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> Watchlist:
        """Change name or symbols of the version that was read; `Conflict` where somebody was faster."""
        found = fields.record(raw, READERS)

        def effect(unit: Unit, _told: list[Told]) -> Watchlist:
            before = _shown(unit, actor, unit.watchlists.get(actor.workspace_id, watchlist_id))
            news = {**({"name": found["name"]} if found.get("name") else {}),
                    **({"instruments": _ids(unit, actor, found["symbols"])} if found.get("symbols") is not None else {})}
            after = _shown(unit, actor, unit.watchlists.change(actor.workspace_id, watchlist_id, version, news))
            audit(unit, actor, "change", "watchlist", watchlist_id, before=_told_of(before), after=_told_of(after))
            return after

        return self._writes.once(actor, Request("watchlists.change", (watchlist_id, version, dict(raw)), KEPT, idempotency_key), effect)

    def remove(self, actor: Actor, watchlist_id: UUID, version: int, *, idempotency_key: str | None = None) -> None:
        """Take a list out of sight; `restore` brings it back."""

        def effect(unit: Unit, _told: list[Told]) -> None:
            removed = _shown(unit, actor, unit.watchlists.remove(actor.workspace_id, watchlist_id, version))
            audit(unit, actor, "remove", "watchlist", watchlist_id, before=_told_of(removed))

        self._writes.once(actor, Request("watchlists.remove", (watchlist_id, version), NOTHING, idempotency_key), effect)

    def restore(self, actor: Actor, watchlist_id: UUID, *, idempotency_key: str | None = None) -> Watchlist:
        """Bring a list back that was taken out of sight."""

        def effect(unit: Unit, _told: list[Told]) -> Watchlist:
            shown = _shown(unit, actor, unit.watchlists.restore(actor.workspace_id, watchlist_id))
            audit(unit, actor, "restore", "watchlist", watchlist_id, after=_told_of(shown))
            return shown

        return self._writes.once(actor, Request("watchlists.restore", (watchlist_id,), KEPT, idempotency_key), effect)


def _ids(unit: Unit, actor: Actor, symbols: Sequence[str]) -> list[UUID]:
    known = unit.instruments.by_symbols(actor.workspace_id, symbols)
    wrong = [symbol for symbol in symbols if symbol not in known]
    every = [each.symbol for each in unit.instruments.find_all(actor.workspace_id)] if wrong else []
    fields.raise_all([UnknownInstrument(symbol, near=fields.near(symbol, every)) for symbol in wrong])
    return [known[symbol].id for symbol in symbols]


def _shown(unit: Unit, actor: Actor, stored: StoredWatchlist) -> Watchlist:
    names = {each.id: each.symbol for each in unit.instruments.find_all(actor.workspace_id)} if stored.instruments else {}
    return Watchlist(stored.id, stored.name, tuple(names[key] for key in stored.instruments if key in names), stored.version)


def _told_of(shown: Watchlist) -> dict[str, Any]:
    return {"name": shown.name, "symbols": list(shown.symbols), "version": shown.version}
