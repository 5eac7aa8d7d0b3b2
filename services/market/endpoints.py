"""Endpoints of one's own: where a workspace has prices read from, tried before they are saved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from dataclasses import fields as fields_of
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from data.database import Unit
from data.endpoint_records import Reading, StoredEndpoint
from data.providers.endpoint import Endpoints as Asker
from data.providers.endpoint import Trial
from data.providers.endpoint_reading import TIMES, steps, zone_of
from data.settings import Settings
from engine.errors import InvalidInput
from engine.types import Actor
from services import fields
from services.fields import Place, Reader
from services.market.endpoint_views import EndpointTrial
from services.writes import NOTHING, Request, Told, Writes, audit

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
MAX_ENDPOINTS = 100
STORED: TypeAdapter[StoredEndpoint] = TypeAdapter(StoredEndpoint)
OF_READING = tuple(field.name for field in fields_of(Reading))


def _name(place: Place, value: object) -> str:
    found = value.strip().lower() if isinstance(value, str) else ""
    if not NAME.fullmatch(found):
        raise place.refusal(value, "not_a_name", "is not a name", "Up to 40 small letters, digits, - and _, such as desk")
    return found


def _url(place: Place, value: object) -> str:
    found = fields.text(place, value, limit=2000)
    if found is None:
        raise place.refusal(value, "required", "is missing", "Send one such as https://prices.example.com/last?s={symbol}")
    return found


def _path(place: Place, value: object) -> str | None:
    return fields.text(place, value, limit=200)


def _one_character(place: Place, value: object) -> str:
    if not isinstance(value, str) or len(value) != 1 or value in "\r\n\"'" or value.isalnum():
        raise place.refusal(value, "not_a_delimiter", "is not one character", "Send one of , ; | or a tab")
    return value


def _zone(place: Place, value: object) -> str:
    found = str(fields.text(place, value, limit=60))
    if zone_of(found) is None:
        raise place.refusal(value, "not_a_zone", "is not a time zone", "Send one such as Europe/Berlin or UTC")
    return found


def _yes(place: Place, value: object) -> bool:
    if not isinstance(value, bool):
        raise place.refusal(value, "not_a_boolean", "is neither true nor false", "Send true or false")
    return value


READERS: dict[str, Reader] = {
    "name": _name, "url": _url, "format": lambda place, value: fields.choice(place, value, ("json", "csv")), "price": _path, "time": _path,
    "currency": _path, "volume": _path, "symbol": _path, "time_unit": lambda place, value: fields.choice(place, value, TIMES), "time_zone": _zone,
    "unit": lambda place, value: fields.text(place, value, limit=6), "delimiter": _one_character,
    "decimal": lambda place, value: fields.choice(place, value, (".", ",")), "header": _yes,
}
TRIED: dict[str, Reader] = {**READERS, "try_symbol": fields.symbol}


class Endpoints:
    """Endpoints of the actor's workspace."""

    def __init__(self, settings: Settings, writes: Writes, asker: Asker | None = None) -> None:
        self._writes, self._database = writes, writes.database
        self._asker = asker or Asker.from_settings(settings, writes.database)

    def find(self, actor: Actor) -> list[StoredEndpoint]:
        """List endpoints by name."""
        with self._database.read() as unit:
            return unit.endpoints.find(actor.workspace_id)

    def get(self, actor: Actor, endpoint_id: UUID) -> StoredEndpoint:
        """Give an endpoint; `NotFound` where there is none."""
        with self._database.read() as unit:
            return unit.endpoints.get(actor.workspace_id, endpoint_id)

    def add(self, actor: Actor, raw: object, *, idempotency_key: str | None = None) -> StoredEndpoint:
        """Store an endpoint that may be asked.

        Parameters
        ----------
        actor : Actor
        raw : object
            `name`, `url`, and the fields of a `Reading`.

        Raises
        ------
        InvalidInput
            A field that cannot be read, or a URL that may not be asked, and why.
        Conflict
            The name is taken.
        """
        name, url, reading = self._read(fields.record(raw, READERS, required=("name", "url", "price")))

        def effect(unit: Unit, _told: list[Told]) -> StoredEndpoint:
            if len(unit.endpoints.find(actor.workspace_id)) >= MAX_ENDPOINTS:
                raise InvalidInput("name", name, f"is one too many: {MAX_ENDPOINTS} are kept", hint="Delete one that is not used", rule="too_many")
            added = unit.endpoints.add(actor.workspace_id, actor.user_id, name=name, url=url, reading=reading)
            audit(unit, actor, "add", "endpoint", added.id, after=_shown(added))
            return added

        return self._writes.once(actor, Request("endpoints.add", (raw,), STORED, idempotency_key), effect)

    def change(self, actor: Actor, endpoint_id: UUID, raw: object, version: int, *, idempotency_key: str | None = None) -> StoredEndpoint:
        """Change the given fields of an endpoint; all of it is checked as if it were new."""
        given = fields.record(raw, READERS)

        def effect(unit: Unit, _told: list[Told]) -> StoredEndpoint:
            before = unit.endpoints.get(actor.workspace_id, endpoint_id)
            name, url, reading = self._read({"name": before.name, "url": before.url, **asdict(before.reading), **given})
            after = unit.endpoints.change(actor.workspace_id, endpoint_id, version, {"name": name, "url": url, "reading": reading})
            audit(unit, actor, "change", "endpoint", endpoint_id, before=_shown(before), after=_shown(after))
            return after

        return self._writes.once(actor, Request("endpoints.change", (endpoint_id, version, raw), STORED, idempotency_key), effect)

    def remove(self, actor: Actor, endpoint_id: UUID, version: int | None = None, *, idempotency_key: str | None = None) -> None:
        """Delete an endpoint; instruments that name it get no price from it any more."""

        def effect(unit: Unit, _told: list[Told]) -> None:
            was = unit.endpoints.remove(actor.workspace_id, endpoint_id, version)
            audit(unit, actor, "remove", "endpoint", endpoint_id, before=_shown(was))

        self._writes.once(actor, Request("endpoints.remove", (endpoint_id, version), NOTHING, idempotency_key), effect)

    def trial(self, actor: Actor, raw: object) -> EndpointTrial:
        """Ask an endpoint once, stored or not, and tell what would be read; nothing is stored.

        Parameters
        ----------
        actor : Actor
        raw : object
            As for `add`, the name not needed, and `try_symbol`.

        Raises
        ------
        InvalidInput
            What `add` would refuse. An answer that cannot be read is no error here: it is told, with the beginning of the answer.
        """
        found = fields.record(raw, TRIED, required=("url", "price", "try_symbol"))
        symbol = found.pop("try_symbol")
        name, url, reading = self._read({"name": "trial", **found})
        return _view(self._asker.trial(f"{actor.workspace_id}/{name}", url, reading, symbol), symbol)

    def _read(self, found: Mapping[str, Any]) -> tuple[str, str, Reading]:
        """Give name, URL and reading of what was sent, where the URL may be asked and every path is one."""
        told = {key: value for key, value in found.items() if value is not None}
        if "price" not in told:
            raise Place("price").refusal(None, "required", "is missing", "Send the path of the price, such as data.last")
        reading = Reading(**{key: told[key] for key in OF_READING if key in told})
        if reading.format == "json":
            _check_paths(reading)
        self._asker.allowed.check(told["url"], needs_symbol=reading.symbol is None)
        return told["name"], told["url"], reading


def _check_paths(reading: Reading) -> None:
    for name in ("price", "time", "currency", "volume", "symbol"):
        path = getattr(reading, name)
        if path is not None and steps(path) is None:
            raise Place(name).refusal(path, "not_a_path", "is not a path", "Write it as data.quotes[0].last or /data/quotes/0/last")


def _shown(endpoint: StoredEndpoint) -> dict[str, Any]:
    """Tell an endpoint as the audit trail keeps it."""
    return {"name": endpoint.name, "url": endpoint.url, "version": endpoint.version, **asdict(endpoint.reading)}


def _view(trial: Trial, symbol: str) -> EndpointTrial:
    seen, error = trial.seen, trial.error
    view = EndpointTrial(symbol, seen is not None, trial.status, trial.content_type, trial.size, trial.excerpt)
    if seen is not None:
        return replace(view, price=seen.price, ts=seen.ts, currency=seen.currency, volume=seen.volume)
    return view if error is None else replace(view, problem=error.message, code=error.code)
