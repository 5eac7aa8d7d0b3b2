"""What a press on an endpoint of one's own does: listed, tried, saved, deleted, and taken back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from components import markets_endpoints as screen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types import Actor
    from services import Services
    from services.market.endpoint_views import StoredEndpoint

Deed = tuple[str, dict[str, str] | None, dict[str, Any]]
OF_READING = ("price", "format", "time", "currency", "volume", "symbol", "time_unit", "time_zone", "unit", "delimiter", "decimal")


def listing(services: Services, actor: Actor) -> Any:  # noqa: ANN401  # whatever Dash draws
    """List the endpoints of the workspace."""
    return screen.listing([screen.Row(str(each.id), each.version, each.name, each.url, each.reading.price, each.reading.format)
                           for each in services.endpoints.find(actor)])


def form_of(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Any:  # noqa: ANN401  # whatever Dash draws
    """Build the form of an endpoint, empty for a new one."""
    if not asked.get("id"):
        return screen.form({})
    told = services.endpoints.get(actor, UUID(str(asked["id"])))
    return screen.form(_fields(told), key=str(told.id), version=str(told.version))


def tried(services: Services, actor: Actor, asked: Mapping[str, Any]) -> list[Any]:
    """Ask once, and say what would be read."""
    raw = {name: value for name, value in _read(asked["fields"]).items() if name != "name"}
    told = services.endpoints.trial(actor, {**raw, "try_symbol": str(asked["fields"].get("try_symbol") or "").strip()})
    return screen.tried(screen.Trial(told.symbol, told.price, told.currency, told.ts, told.problem, told.excerpt))


def _save(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    raw, key = _read(asked["fields"]), asked.get("key")
    if asked.get("id"):
        changed = services.endpoints.change(actor, UUID(str(asked["id"])), raw, int(asked["version"]), idempotency_key=key)
        return f"The endpoint {changed.name} was changed.", None, {}
    return f"The endpoint {services.endpoints.add(actor, raw, idempotency_key=key).name} was added.", None, {}


def _remove(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    was = services.endpoints.get(actor, UUID(str(asked["id"])))
    services.endpoints.remove(actor, was.id, int(asked["version"]), idempotency_key=asked.get("key"))
    back = {"data-markets": "endpoint-restore", "data-fields": json.dumps(_fields(was))}
    return f"The endpoint {was.name} was deleted: instruments get no price from it any more.", back, {}


def _restore(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    added = services.endpoints.add(actor, _read(json.loads(str(asked["fields"]))), idempotency_key=asked.get("key"))
    return f"The endpoint {added.name} is back.", None, {}


def _fields(told: StoredEndpoint) -> dict[str, str]:
    reading = asdict(told.reading)
    return {"name": told.name, "url": told.url, "header": "yes" if told.reading.header else "no",
            **{name: str(reading[name] or "") for name in OF_READING}}


def _read(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Read the form: what is empty takes its default."""
    given = {name: str(fields.get(name) or "").strip() or None for name in ("name", "url", *OF_READING)}
    given["delimiter"] = fields.get("delimiter") or None  # a tab is one too
    return {**given, "header": fields.get("header") != "no"}


DEEDS = {"endpoint-save": _save, "endpoint-remove": _remove, "endpoint-restore": _restore}
