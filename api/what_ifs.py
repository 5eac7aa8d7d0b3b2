"""`/portfolios/{id}/what-if` and `/what-ifs`: what would change, tried and under a name."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.analytics import Scope
from api.dependencies import Asks, Changes, ExactRoute, Id, Writes, etag, found_id, parsed
from api.known import known, known_rows
from api.portfolios import without_version
from api.requests import VersionBody
from api.what_if_schemas import ComparedPublic, Draft, NewWhatIf, SavedWhatIfPublic, WhatIfChange, WhatIfPublic
from services.advice.views_evidence import SavedWhatIf, WhatIfView
from services.advice.what_if_drafts import draft_at, draft_of, raw_draft

routes = APIRouter(tags=["advice"], route_class=ExactRoute)
TOLD = ("scope", "label", "base_currency", "traded_money", "cost_money", "gain_money", "tax_money", "address", "conventions", "simulated",
        "revisions", "findings")
Address = Annotated[str, Query(description="A draft as a URL carries it", examples=["w.AAPL=0.25,q.SAP=10"])]
Ids = Annotated[str, Query(description="Up to six ids with commas between")]


@routes.post("/portfolios/{portfolio_id}/what-if", response_model=WhatIfPublic)
def tried(call: Asks, portfolio_id: Scope, body: Draft) -> dict[str, Any]:
    """Try weights and trades on a portfolio, or with the id `all` on every one merged; nothing is kept."""
    return told(call.services.what_if.tried(call.actor, portfolio_id, draft_of(parsed(body))))


@routes.get("/portfolios/{portfolio_id}/what-if", response_model=WhatIfPublic)
def at_address(call: Asks, portfolio_id: Scope, what_if: Address = "") -> dict[str, Any]:
    """Try what somebody shared as an address."""
    return told(call.services.what_if.tried(call.actor, portfolio_id, draft_at(what_if)))


@routes.get("/what-ifs", response_model=list[SavedWhatIfPublic])
def find(call: Asks, scope: Annotated[str | None, Query(description="Portfolio id, or all; every one where absent")] = None) -> list[dict[str, Any]]:
    """List what-ifs under a name, oldest first."""
    return [saved(each) for each in call.services.what_ifs.find(call.actor, scope)]


@routes.post("/what-ifs", response_model=SavedWhatIfPublic, status_code=201)
def create(call: Writes, body: NewWhatIf, response: Response) -> dict[str, Any]:
    """Keep a draft under a name."""
    made = call.services.what_ifs.create(call.actor, parsed(body), idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/what-ifs/{made.id}"
    etag(response, made.version)
    return saved(made)


@routes.get("/what-ifs/compare", response_model=list[ComparedPublic])
def compare(call: Asks, ids: Ids) -> list[dict[str, Any]]:
    """Lay some beside each other, each on what is held now."""
    keys = [found_id("what-if", text.strip()) for text in ids.split(",") if text.strip()]
    return [{"saved": saved(one), "result": told(view)} for one, view in call.services.what_ifs.compared(call.actor, keys)]


@routes.get("/what-ifs/{what_if_id}", response_model=SavedWhatIfPublic)
def get(call: Asks, what_if_id: Id, response: Response) -> dict[str, Any]:
    """Read one."""
    found = call.services.what_ifs.get(call.actor, found_id("what-if", what_if_id))
    etag(response, found.version)
    return saved(found)


@routes.get("/what-ifs/{what_if_id}/result", response_model=WhatIfPublic)
def result(call: Asks, what_if_id: Id) -> dict[str, Any]:
    """Try what was saved on what is held now."""
    return told(call.services.what_ifs.shown(call.actor, found_id("what-if", what_if_id)))


@routes.patch("/what-ifs/{what_if_id}", response_model=SavedWhatIfPublic)
def change(call: Changes, what_if_id: Id, body: WhatIfChange, response: Response) -> dict[str, Any]:
    """Change fields of the version that was read; null empties the note."""
    version, found = call.version(parsed(body)), found_id("what-if", what_if_id)
    changed = call.services.what_ifs.change(call.actor, found, version, without_version(body), idempotency_key=call.key)
    etag(response, changed.version)
    return saved(changed)


@routes.delete("/what-ifs/{what_if_id}", status_code=204)
def remove(call: Changes, what_if_id: Id, body: VersionBody = None) -> None:
    """Take one out of sight; `undo` brings it back."""
    call.services.what_ifs.remove(call.actor, found_id("what-if", what_if_id), call.version(parsed(body)), idempotency_key=call.key)


@routes.post("/what-ifs/{what_if_id}/undo", response_model=SavedWhatIfPublic | None)
def undo(call: Writes, what_if_id: Id) -> dict[str, Any] | None:
    """Take the last change back; null where it is gone by that. An undo is undone by the next."""
    found = call.services.what_ifs.undo(call.actor, found_id("what-if", what_if_id), idempotency_key=call.key)
    return None if found is None else saved(found)


def told(view: WhatIfView) -> dict[str, Any]:
    """Lay a view out for JSON."""
    return {**{name: getattr(view, name) for name in TOLD}, "draft": raw_draft(view.draft), "before": known(asdict(view.before)),
            "after": known(asdict(view.after)), "holdings": known_rows(view.holdings), "stress": known_rows(view.stress, "key")}


def saved(each: SavedWhatIf) -> dict[str, Any]:
    """Lay a saved one out for JSON."""
    return {**{name: getattr(each, name) for name in ("id", "scope", "name", "note", "path", "version", "created_at", "changed_at")},
            "draft": raw_draft(each.draft)}
