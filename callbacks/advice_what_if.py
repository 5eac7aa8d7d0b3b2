"""Answers the what-if tab: a draft tried on what is held, and what-ifs under a name."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output
from dash.exceptions import PreventUpdate

from components import advice_what_if as words
from components import theme
from components.ids import AdviceIds, AdviceTrialIds, Ids
from engine.errors import InvalidInput, PortfolioError
from services.advice.what_if_drafts import address_of, draft_at, raw_draft

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types import Actor
    from services import Services
    from services.advice.views_evidence import SavedWhatIf, WhatIfSide, WhatIfView

DONE_WORDS = {"save": "Saved.", "remove": "Removed.", "undo": "Taken back."}
SHOWN_FALLS = 10


def register(app: Dash, services: Services) -> None:
    """Wire the tab."""
    page = "advice_what_if"
    app.clientside_callback(ClientsideFunction(page, "ask"), Output(AdviceTrialIds.WHAT_IF_ASKED, "data"), Input(AdviceIds.QUERY, "data"),
                            Input(Ids.URL, "search"))
    app.clientside_callback(ClientsideFunction(page, "told"), Input(AdviceTrialIds.WHAT_IF_TOLD, "data"), prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction(page, "done"), Input(AdviceTrialIds.WHAT_IF_RESULT, "data"), prevent_initial_call=True)

    @app.callback(Output(AdviceTrialIds.WHAT_IF_TOLD, "data"), Input(AdviceTrialIds.WHAT_IF_ASKED, "data"), prevent_initial_call=True)
    async def update_what_if(asked: dict[str, Any] | None) -> dict[str, Any]:
        """Try a draft."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(tried, services, asked)

    @app.callback(Output(AdviceTrialIds.WHAT_IF_RESULT, "data"), Input(AdviceTrialIds.WHAT_IF_ACTION, "data"), prevent_initial_call=True)
    async def keep_what_if(asked: dict[str, Any] | None) -> dict[str, Any]:
        """List, save, remove, take back and compare what is kept."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(act, services, asked)


# -------------------------------------------------------------------------------------------------------------------------------- trying


def tried(services: Services, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Try what the address says, or what was saved; a refusal names its field."""
    actor, scope, number = services.accounts.local(), str(asked.get("scope") or "all"), asked.get("n")
    try:
        key = asked.get("id")
        draft = services.what_ifs.get(actor, _id(key)).draft if key else draft_at(str(asked.get("text") or ""))
        view = services.what_if.tried(actor, scope, draft)
    except PortfolioError as error:
        return {"n": number, "ok": False, "words": error.message, "hint": error.context.get("hint") or "", "field": error.context.get("field") or ""}
    return {"n": number, "ok": True, **_told(view)}


def _id(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise InvalidInput("what_if_id", text, "is not the id of a what-if", hint="Open it from the list") from None


def _told(view: WhatIfView) -> dict[str, Any]:
    currency = view.base_currency
    sums = [("Traded", view.traded_money), ("Cost of trading", view.cost_money), ("Gain realised", view.gain_money), ("Tax", view.tax_money)]
    is_empty = not (view.before.value or view.after.value or len(view.holdings))
    return {
        "empty": is_empty, "currency": currency, "draft": raw_draft(view.draft), "address": address_of(view.draft),
        "figures": [words.side(one) for one in sides(view)], "rows": [words.held(one) for one in _held(view)],
        "cash": [theme.share(view.before.cash_weight), theme.share(view.after.cash_weight), theme.money(view.after.cash)],
        "stress": [words.fall(one) for one in _falls(view)], "sums": [[name, theme.money(value)] for name, value in sums],
        "findings": [each.message for each in view.findings], "note": "simulated prices" if view.simulated else "",
        "conventions": [*view.conventions.values()],
    }


def sides(view: WhatIfView) -> list[words.Side]:
    """Lay the figures of both sides out in the order of the screen."""
    one, other, unit = view.before, view.after, view.base_currency
    pairs: list[tuple[str, str, str, str]] = [
        ("Value", "money", "value", unit), ("Cash", "share", "cash_weight", ""), ("Volatility a year", "percent", "volatility", ""),
        (f"VaR {view.draft.level:.0%}, 1 day", "percent", "value_at_risk", ""), ("VaR in money", "money", "value_at_risk_money", unit),
        ("Expected shortfall", "percent", "expected_shortfall", ""), ("Beta", "number", "beta", ""),
        ("Tracking error", "percent", "tracking_error", ""), ("Effective holdings", "number", "effective_holdings", ""),
        ("Largest weight", "share", "largest_weight", "")]
    return [*(words.Side(label, form, getattr(one, name), getattr(other, name), unit) for label, form, name, unit in pairs),
            words.Side("Risk score, 1 to 7", "number", _score(one), _score(other))]


def _score(side: WhatIfSide) -> float:
    return side.position if side.score else math.nan


def _held(view: WhatIfView) -> list[words.Held]:
    names = ["name", "weight_before", "weight_after", "trade_quantity", "trade_money", "risk_before", "risk_after", "gain"]
    largest = view.holdings.sort_values("weight_before", ascending=False, kind="stable")
    return [words.Held(str(symbol), str(row[0]), *(float(cell) for cell in row[1:]))
            for symbol, row in zip(largest.index, largest[names].itertuples(index=False, name=None), strict=True)]


def _falls(view: WhatIfView) -> list[words.Fall]:
    """Give the falls that are worst after the change."""
    names = ["name", "loss_before", "loss_after", "loss_before_money", "loss_after_money"]
    worst = view.stress.sort_values("loss_after", ascending=False, kind="stable").head(SHOWN_FALLS)
    return [words.Fall(str(row[0]), *(float(cell) for cell in row[1:])) for row in worst[names].itertuples(index=False, name=None)]


# ------------------------------------------------------------------------------------------------------------------------------- keeping


def act(services: Services, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Do what was asked, then tell what is kept and what is compared."""
    actor, action, scope = services.accounts.local(), str(asked.get("action")), str(asked.get("scope") or "all")
    told: dict[str, Any] = {"ok": True, "action": action, "at": time.time_ns(), "words": DONE_WORDS.get(action, ""), "undo": ""}
    try:
        told["undo"] = _done(services, actor, action, asked)
    except PortfolioError as error:
        said = " ".join(filter(None, [error.message, error.context.get("hint")]))
        told |= {"ok": False, "words": said, "field": error.context.get("field") or ""}
    told["saved"] = [_saved(each) for each in services.what_ifs.find(actor, scope)]
    try:
        told["compared"] = _compared(services, actor, told["saved"], asked)
    except PortfolioError as error:
        told |= {"ok": False, "words": f"They cannot be compared: {error.message}", "compared": None}
    return told


def _done(services: Services, actor: Actor, action: str, asked: Mapping[str, Any]) -> str:
    """Save, remove or take back; give the id under which that can be taken back."""
    once = asked.get("once")
    if action == "save":
        scope, draft = str(asked.get("scope") or "all"), draft_at(str(asked.get("text") or ""))
        services.what_if.tried(actor, scope, draft)  # what cannot be tried is not kept
        raw = {"scope": scope, "name": asked.get("name") or None, "draft": raw_draft(draft)}
        return str(services.what_ifs.create(actor, raw, idempotency_key=once).id)
    if action == "remove":
        services.what_ifs.remove(actor, _id(asked.get("id")), int(asked["version"]), idempotency_key=once)
        return str(asked["id"])
    if action == "undo":
        services.what_ifs.undo(actor, _id(asked.get("id")), idempotency_key=once)
    return ""


def _saved(one: SavedWhatIf) -> dict[str, Any]:
    return {"id": str(one.id), "name": one.name, "note": one.note or "", "when": theme.day(one.changed_at.date()), "version": one.version,
            "text": address_of(one.draft), "path": one.path}


def _compared(services: Services, actor: Actor, saved: list[dict[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """Lay those beside each other that were chosen and are there."""
    there = {one["id"] for one in saved}
    keys = [UUID(key) for key in asked.get("compare") or () if key in there]
    if not keys:
        return None
    found = services.what_ifs.compared(actor, keys)
    return words.compared([one.name for one, _ in found], [sides(view) for _, view in found])
