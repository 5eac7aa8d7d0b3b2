"""What a press on the Markets page does: instruments added and changed, lists made and taken back, prices released or rejected."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import no_update

from callbacks import markets_endpoints as endpoints
from callbacks import markets_rows as rows
from components import cards, markets
from components.controls import button
from engine.errors import Conflict, NotFound, PortfolioError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.types import Actor
    from services import Services
    from services.watchlists import Watchlist

Deed = tuple[str, dict[str, str] | None, dict[str, Any]]  # sentence; how it is taken back; what the page is to know
FORMS = {"save", "create", "endpoint-save", "endpoint-try"}
OPENING = {"edit", "by-hand", "endpoint-new", "endpoint-edit"}
OPTIONAL = ("sector", "exchange", "isin")


def act(services: Services, asked: Mapping[str, Any]) -> tuple[Any, Any, Any, Any]:
    """Do what was asked; give what became of it, the line that says so, the form where one is to be filled in, and what is wrong in it."""
    action, actor = str(asked.get("action")), services.accounts.local()
    if action == "close":
        return no_update, [], no_update, no_update
    told = {"action": action, "at": time.time_ns()}
    try:
        if action in OPENING:
            return {**told, "ok": True}, no_update, _form(services, actor, action, asked), []
        if action == "endpoint-try":
            return {**told, "ok": False}, no_update, no_update, endpoints.tried(services, actor, asked)
        sentence, back, news = DEEDS[action](services, actor, asked)
    except PortfolioError as error:
        said = [refusal(error), *_read_again(error, asked)]
        return ({**told, "ok": False}, *((no_update, no_update, said) if action in FORMS else (said, no_update, no_update)))
    return {**told, "ok": True, **news}, markets.done(sentence, back), no_update, []


def _form(services: Services, actor: Actor, action: str, asked: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Build the form that was asked for."""
    if action.startswith("endpoint"):
        return endpoints.form_of(services, actor, asked)
    return rows.form_of(services.instruments.get(actor, str(asked["symbol"]))) if action == "edit" else rows.new_form(asked)


def refusal(error: PortfolioError) -> Any:  # noqa: ANN401
    """Say what was refused, with the mend."""
    return cards.notice(error.message, str(error.context.get("hint") or ""), kind="crit")


def _read_again(error: PortfolioError, asked: Mapping[str, Any]) -> list[Any]:
    """Offer the newer version where somebody was faster."""
    newer = isinstance(error, Conflict) and asked.get("action") == "save"
    return [button("Read it again", **{"data-markets": "edit", "data-symbol": str(asked["symbol"])})] if newer else []


# --------------------------------------------------------------------------------------------------------------------- instruments


def _add(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    """Add an instrument that a provider offers, with that provider as its source."""
    symbol = str(asked["symbol"])
    fields = {"name": asked.get("name") or symbol, "asset_class": asked.get("asset_class"), "currency": asked.get("currency"),
              "exchange": asked.get("exchange") or None, "isin": asked.get("isin") or None,
              "sources": [{"provider": asked.get("provider"), "symbol": symbol}]}
    return _added(services, actor, symbol, fields, asked)


def _create(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    """Add an instrument by hand."""
    fields = _read(asked)
    return _added(services, actor, fields.pop("symbol"), fields, asked)


def _added(services: Services, actor: Actor, symbol: str, fields: Mapping[str, Any], asked: Mapping[str, Any]) -> Deed:
    """Put it, unless the symbol is taken: what is known must not become something else."""
    try:
        known = services.instruments.get(actor, symbol)
    except NotFound:
        put, _ = services.instruments.put(actor, symbol, fields, idempotency_key=asked.get("key"))
        return f"{put.symbol} was added.", None, {"symbol": put.symbol}
    raise Conflict(f"There is an instrument {known.symbol} already, quoted in {known.currency}.", field="symbol", rule="taken",
                   hint="Open it, or give this one another symbol and name the provider's among its sources")


def _save(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    """Change an instrument, and give it its new symbol last."""
    symbol, fields = str(asked["symbol"]), _read(asked)
    wanted = fields.pop("symbol") or symbol
    changed, _ = services.instruments.put(actor, symbol, fields, version=int(asked["version"]), idempotency_key=asked.get("key"))
    if wanted != symbol:
        services.renames.rename(actor, symbol, {"symbol": wanted}, version=changed.version)
        return f"{symbol} is {wanted} now, in every ledger.", None, {"symbol": wanted}
    return f"{symbol} was changed.", None, {"symbol": symbol}


def _read(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Read the fields of the form: what is empty and may be is taken out."""
    given = {name: str(value).strip() for name, value in asked["fields"].items()}
    return {**given, "symbol": given.get("symbol", "").upper(), "currency": given.get("currency", "").upper(),
            **{name: given.get(name) or None for name in OPTIONAL},
            "tags": [each.strip() for each in given.get("tags", "").split(",") if each.strip()], "sources": rows.sources_of(given.get("sources", ""))}


# ---------------------------------------------------------------------------------------------------------------------- watchlists


def _list_new(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    made = services.watchlists.create(actor, {"name": asked.get("name"), "symbols": asked.get("symbols") or []}, idempotency_key=asked.get("key"))
    return f"{made.name} was added.", None, {"list": str(made.id)}


def _list_change(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    key, version = UUID(str(asked["list"])), int(asked["version"])
    before = services.watchlists.get(actor, key)
    news = {name: asked[name] for name in ("name", "symbols") if asked.get(name) is not None}
    after = services.watchlists.change(actor, key, version, news, idempotency_key=asked.get("key"))
    back = {"data-markets": "list-back", "data-list": str(key), "data-version": str(after.version), "data-symbols": ",".join(before.symbols),
            "data-name": before.name}
    return what_changed(before, after), back, {"list": str(key)}


def what_changed(before: Watchlist, after: Watchlist) -> str:
    """Say in what two versions of a list differ."""
    new, gone = set(after.symbols) - set(before.symbols), set(before.symbols) - set(after.symbols)
    if new:
        return f"{', '.join(sorted(new))} {'are' if len(new) > 1 else 'is'} in {after.name}."
    if gone:
        return f"{', '.join(sorted(gone))} {'were' if len(gone) > 1 else 'was'} taken off {after.name}."
    return f"{before.name} is {after.name} now." if before.name != after.name else f"{after.name} is in another order."


def _list_remove(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    services.watchlists.remove(actor, UUID(str(asked["list"])), int(asked["version"]), idempotency_key=asked.get("key"))
    return f"{asked.get('name') or 'The list'} was removed.", {"data-markets": "list-restore", "data-list": str(asked["list"])}, {"list": None}


def _list_restore(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    restored = services.watchlists.restore(actor, UUID(str(asked["list"])), idempotency_key=asked.get("key"))
    return f"{restored.name} is back.", None, {"list": str(restored.id)}


# ---------------------------------------------------------------------------------------------------------------------------- prices


def _release(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    services.market.release(actor, UUID(str(asked["id"])), idempotency_key=asked.get("key"))
    return f"The price of {asked.get('symbol')} was released.", None, {}


def _reject(services: Services, actor: Actor, asked: Mapping[str, Any]) -> Deed:
    services.market.reject(actor, UUID(str(asked["id"])), idempotency_key=asked.get("key"))
    return f"The price of {asked.get('symbol')} was rejected.", None, {}


DEEDS: dict[str, Callable[[Services, Actor, Mapping[str, Any]], Deed]] = {
    "add": _add, "create": _create, "save": _save, "list-new": _list_new, "list-change": _list_change, "list-remove": _list_remove,
    "list-restore": _list_restore, "release": _release, "reject": _reject, **endpoints.DEEDS,
}
