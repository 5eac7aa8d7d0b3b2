"""Answers the tab where benchmarks are made: blends are listed, made, changed, removed and taken back."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output, no_update
from dash.exceptions import PreventUpdate

from callbacks.benchmark import keys_of
from components import blends as parts
from components import cards
from components.blends import Part, Row
from components.ids import BlendIds as Ids
from engine.errors import Conflict, PortfolioError
from engine.types import AssetClass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.types import Actor
    from services import Services
    from services.benchmark.views import Blend

Deed = tuple[str, dict[str, str] | None]  # what was done, in words; how it is taken back
MOST_READ = 1000


def register(app: Dash, services: Services) -> None:
    """Wire the tab."""

    @app.callback(Output(Ids.LIST, "children"), Output(Ids.NAMES, "children"), Input(Ids.LISTED, "data"))
    async def update_blends(asked: dict[str, Any] | None) -> tuple[Any, Any]:
        """List the blends, and the symbols that one can be made of."""
        if not asked:
            raise PreventUpdate
        try:
            return await asyncio.to_thread(listed, services, asked)
        except PortfolioError as error:
            return cards.failed("The blends cannot be read now", error.message), no_update

    @app.callback(Output(Ids.RESULT, "data"), Output(Ids.DONE, "children"), Output(Ids.ERROR, "children"), Input(Ids.ACTION, "data"),
                  prevent_initial_call=True)
    async def record_blend(asked: dict[str, Any] | None) -> tuple[Any, Any, Any]:
        """Do what was pressed."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(act, services, asked)

    app.clientside_callback(ClientsideFunction("blends", "done"), Input(Ids.RESULT, "data"), prevent_initial_call=True)


def listed(services: Services, asked: Mapping[str, Any]) -> tuple[Any, Any]:
    """Give the list, and what can be a part."""
    actor, chosen = services.accounts.local(), set(keys_of(asked) or ())
    found = [row_of(blend, chosen=bool({blend.key, blend.name} & chosen)) for blend in services.blends.find(actor)]
    known = [each for each in services.instruments.find(actor, None, limit=MOST_READ).items if each.asset_class is not AssetClass.FX]
    return parts.blend_list(found), parts.symbol_options([(each.symbol, each.name or each.symbol) for each in known])


def row_of(blend: Blend, *, chosen: bool) -> Row:
    """Give a blend as the list shows it."""
    told = [Part(each.kind, each.symbol, each.weight, each.plus, each.hedged) for each in blend.components]
    return Row(blend.key, blend.name, blend.rebalancing, told, blend.version, json.dumps(fields_of(blend)), chosen)


def fields_of(blend: Blend) -> dict[str, Any]:
    """Give what a write of this blend would send."""
    return {"name": blend.name, "rebalancing": blend.rebalancing, "components": [
        {"kind": each.kind, "symbol": each.symbol, "weight": each.weight, "plus": each.plus, "hedged": each.hedged} for each in blend.components]}


def act(services: Services, asked: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Do what was asked; give what became of it, the line that says so, and what is wrong in the form."""
    action = str(asked.get("action"))
    if action == "close":
        return no_update, [], no_update
    told = {"action": action, "at": time.time_ns()}
    try:
        sentence, back = DEEDS[action](services, services.accounts.local(), asked)
    except PortfolioError as error:
        said = cards.notice(error.message, str(error.context.get("hint") or ""), kind="crit")
        again = [cards.notice("Close this and open it again to see what it is now.", kind="info")] if isinstance(error, Conflict) else []
        return ({**told, "ok": False}, no_update, [said, *again]) if action in {"create", "change"} else ({**told, "ok": False}, [said], no_update)
    return {**told, "ok": True}, parts.done(sentence, back), []


def _create(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    made = services.blends.create(actor, asked["fields"], idempotency_key=asked.get("key"))
    return f"{made.name} was made.", _told("remove", made)


def _change(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    which = UUID(str(asked["id"]))
    before = services.blends.get(actor, which)
    after = services.blends.change(actor, which, int(asked["version"]), asked["fields"], idempotency_key=asked.get("key"))
    return f"{after.name} was changed.", {**_told("back", after), "data-document": json.dumps(fields_of(before))}


def _remove(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    services.blends.remove(actor, UUID(str(asked["id"])), int(asked["version"]), idempotency_key=asked.get("key"))
    return f"{asked.get('name') or 'The blend'} was removed.", {"data-blend": "restore", "data-key": str(asked["id"])}


def _restore(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    restored = services.blends.restore(actor, UUID(str(asked["id"])), idempotency_key=asked.get("key"))
    return f"{restored.name} is back.", None


def _told(action: str, blend: Blend) -> dict[str, str]:
    return {"data-blend": action, "data-key": blend.key, "data-version": str(blend.version), "data-name": blend.name}


DEEDS: dict[str, Callable[[Services, Actor, Mapping[str, Any]], Deed]] = {
    "create": _create, "change": _change, "back": _change, "remove": _remove, "restore": _restore,
}
