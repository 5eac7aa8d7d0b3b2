"""Tables of factor returns: those of a workspace, those in a folder of this machine, and the sample of the French library."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import pandas as pd
from pydantic import TypeAdapter

from data.database import Unit
from data.factor_files import MAX_BYTES, FactorText, files_in, sample
from data.factor_records import StoredFactors
from data.records import AuditEntry
from engine import published_factors
from engine.errors import Conflict, FileTooLarge, InvalidInput, NotFound, PortfolioError
from engine.factors.published import RISK_FREE_COLUMN, UNITS, models_of
from engine.types import Actor
from services import fields
from services.attribution.views import FactorSet
from services.books.service import Kept
from services.fields import Place
from services.review_views import Mended
from services.writes import NOTHING, Request, Told, Writes, audit

ENTITY: Final = "factor_set"
FOLDER: Final = "folder:"  # before the name of a file in the folder, in its key
NAME_LENGTH: Final = 80
MOST: Final = 50
KEPT: Final = 32
SHORTEST: Final = 2  # rows of a table that is of any use
STORED: TypeAdapter[FactorSet] = TypeAdapter(FactorSet)
FRENCH: Final = "Kenneth R. French, Data Library"


@dataclass(frozen=True, slots=True)
class FactorTable:
    """A set with its returns, fraction: dates x factors, with RF where it is there."""

    told: FactorSet
    returns: pd.DataFrame


class FactorSets:
    """Factor sets that an actor can ask for."""

    def __init__(self, writes: Writes, folder: Path) -> None:
        self._writes, self._database, self._folder = writes, writes.database, folder
        self._kept: Kept[FactorTable] = Kept(KEPT)

    def find(self, actor: Actor) -> list[FactorSet]:
        """List them: the workspace's own, the folder's, then the sample; what cannot be read any more is left out."""
        return [table.told for table in self.tables(actor)]

    def tables(self, actor: Actor) -> list[FactorTable]:
        """Give them with their returns, in the same order."""
        with self._database.read() as unit:
            own = [self._own(stored) for stored in unit.factors.find(actor.workspace_id)]
        lying = [table for name, text in files_in(self._folder).items() if (table := self._lying(name, text))]
        built_in = sample()
        return [*own, *lying, *([self._sample(built_in)] if built_in else [])]

    def table(self, actor: Actor, key: str) -> FactorTable:
        """Give one by its key or name.

        Raises
        ------
        NotFound
            There is none, with the keys that there are.
        """
        every = self.tables(actor)
        found = next((table for table in every if key in {table.told.key, table.told.name}), None)
        if found is None:
            error = NotFound("factor set", key)
            error.context |= {"field": "source", "hint": f"Use one of {', '.join(table.told.key for table in every) or 'none: bring a file first'}"}
            raise error
        return found

    def state(self, unit: Unit, actor: Actor) -> Hashable:
        """Name the state of all of them."""
        lying = tuple((name, text.stamp) for name, text in files_in(self._folder).items())
        return tuple(sorted(unit.factors.versions(actor.workspace_id).items())), lying

    def add(self, actor: Actor, name: object, content: bytes, *, unit: str | None = None, idempotency_key: str | None = None) -> FactorSet:
        """Keep a file of factor returns.

        Parameters
        ----------
        actor : Actor
        name : object
            What it is called.
        content : bytes
            A file of the French library as it is, or a table with a date first and a name above each column.
        unit : str, optional
            `percent` or `fraction`; as its dates tell where it is not sent.
        idempotency_key : str, optional
            The same key gives the same set again.

        Raises
        ------
        InvalidInput
            No name, an unknown unit, or a file that is no such table.
        FileTooLarge
            More than 8 MB.
        Conflict
            The name is taken.
        """
        told, text = _name(name), _text(str(name), content)
        checked = fields.choice(Place("unit"), unit, UNITS) if unit else None
        _read(text, checked)

        def effect(work: Unit, _told: list[Told]) -> FactorSet:
            if len(work.factors.versions(actor.workspace_id)) >= MOST:
                raise InvalidInput("name", told, f"is one too many: {MOST} are kept", hint="Delete one that is not used", rule="too_many")
            stored = work.factors.add(actor.workspace_id, actor.user_id, name=told, unit=checked, content=text)
            audit(work, actor, "create", ENTITY, stored.id, after={"name": told, "version": stored.version})
            return self._own(stored).told

        digest = hashlib.sha256(content).hexdigest()
        return self._writes.once(actor, Request("factors.add", (told, digest, unit), STORED, idempotency_key), effect)

    def remove(self, actor: Actor, key: UUID, version: int | None = None, *, idempotency_key: str | None = None) -> None:
        """Take one out of sight; the audit trail brings it back."""

        def effect(work: Unit, _told: list[Told]) -> None:
            was = work.factors.remove(actor.workspace_id, key, version)
            audit(work, actor, "remove", ENTITY, key, before={"name": was.name, "version": was.version})

        self._writes.once(actor, Request("factors.remove", (key, version), NOTHING, idempotency_key), effect)

    def _own(self, stored: StoredFactors) -> FactorTable:
        def compute() -> FactorTable:
            return _table(str(stored.id), stored.name, "file", _read(stored.content, stored.unit), version=stored.version)

        return self._kept.get_or_compute((stored.id, stored.version), compute)

    def _lying(self, name: str, text: FactorText) -> FactorTable | None:
        try:
            return self._kept.get_or_compute((name, text.stamp), lambda: _table(FOLDER + name, name, "file", _read(text.read(), None)))
        except (PortfolioError, OSError):
            return None  # somebody is writing it, or it is another kind of file

    def _sample(self, text: FactorText) -> FactorTable:
        def compute() -> FactorTable:
            return _table(text.name, "Fama-French 3 factors, to 2018", "built_in", _read(text.read(), "percent"), source=FRENCH)

        return self._kept.get_or_compute((text.name, text.stamp), compute)


def factors_undone(unit: Unit, actor: Actor, entry: AuditEntry, _told: list[Told]) -> Mended:
    """Take an entry of the audit trail about a factor set back."""
    key = UUID(entry.entity_id)
    if entry.before is not None:
        name, before, after = unit.factors.restore(actor.workspace_id, key).name, None, {"name": entry.before.get("name")}
    elif (entry.after or {}).get("name"):
        name, before, after = unit.factors.remove(actor.workspace_id, key).name, dict(entry.after or {}), None
    else:
        raise Conflict("There is no way back from this.", entity=entry.entity, action=entry.action, rule="no_way_back")
    undone = audit(unit, actor, "undo", ENTITY, key, before=before, after={**(after or {}), "undoes": str(entry.id)})
    return Mended(undone, f"{name} taken back", ())


def _name(value: object) -> str:
    found = fields.text(Place("name"), value, limit=NAME_LENGTH)
    if not found:
        raise InvalidInput("name", value, "is empty", hint="Give the set a name", rule="required")
    return found


def _text(name: str, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise FileTooLarge(name, what="bytes", limit=MAX_BYTES)
    return content.decode("utf-8-sig", errors="replace").replace("\x00", "")


def _read(text: str, unit: str | None) -> pd.DataFrame:
    found = published_factors(text, unit=unit)
    if len(found) < SHORTEST:
        raise InvalidInput("file", len(found), f"has {len(found)} rows, {SHORTEST} are the least", hint="One line a period")
    return found


def _table(key: str, name: str, kind: str, returns: pd.DataFrame, *, source: str = "", version: int = 1) -> FactorTable:
    columns = [column for column in returns.columns if column != RISK_FREE_COLUMN]
    index = pd.DatetimeIndex(returns.index)
    models = models_of(columns)
    told = FactorSet(
        key=key, name=name, kind=kind, factors=tuple(columns), has_risk_free=RISK_FREE_COLUMN in returns.columns, frequency=frequency_of(index),
        begins=index[0].date(), ends=index[-1].date(), observations=len(index), models=(*models, "own"),
        source=source or (FRENCH if models else "your own"), version=version,
    )
    return FactorTable(told, returns)


def frequency_of(days: pd.DatetimeIndex) -> str:
    """Tell how often a table has a row, by the usual distance."""
    usual = float(pd.Series(days).diff().dt.days.median())
    for limit, name in ((4.0, "daily"), (15.0, "weekly"), (45.0, "monthly")):
        if usual <= limit:
            return name
    raise InvalidInput("file", f"{usual:g} days", "has rows further apart than a month", hint="Bring daily, weekly or monthly returns")
