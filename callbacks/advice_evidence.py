"""Answers the tab of evidence: runs that try strategies and models on the past, how far they are, and what came of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import ClientsideFunction, Dash, Input, Output
from dash.exceptions import PreventUpdate

from callbacks.advice_plan import asked_of, refused
from components import advice_evidence as words
from components import theme
from components.ids import AdviceIds, AdviceTrialIds, Ids
from engine.errors import PortfolioError
from services.advice.evidence_questions import evidence_question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.types import Actor
    from services import Services
    from services.advice.views_evidence import EvidenceRun

PERCENT = frozenset({"band", "most_weight"})
KINDS = ("strategies", "models")
ENDED = {"failed": "It failed.", "cancelled": "It was stopped.", "interrupted": "It was interrupted: the server was stopped meanwhile."}
LISTED = 100  # runs of the workspace that are looked through
CHOICES = 10  # earlier runs that can be opened


def register(app: Dash, services: Services) -> None:
    """Wire the tab."""
    page = "advice_evidence"
    app.clientside_callback(ClientsideFunction(page, "ask"), Output(AdviceTrialIds.EVIDENCE_ASKED, "data"), Input(AdviceIds.QUERY, "data"),
                            Input(Ids.URL, "search"))
    app.clientside_callback(ClientsideFunction(page, "told"), Input(AdviceTrialIds.EVIDENCE_TOLD, "data"), prevent_initial_call=True)

    @app.callback(Output(AdviceTrialIds.EVIDENCE_TOLD, "data"), Input(AdviceTrialIds.EVIDENCE_ASKED, "data"), prevent_initial_call=True)
    async def update_evidence(asked: dict[str, Any] | None) -> dict[str, Any]:
        """Begin, stop or look at runs."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(found_of, services, asked)


def found_of(services: Services, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Do what was asked, then tell the runs of the scope; what the screen shows already (`have`) is not told again."""
    actor, scope = services.accounts.local(), str(asked.get("scope") or "all")
    told: dict[str, Any] = {"n": asked.get("n"), "ok": True, "scope": scope}
    try:
        _act(services, actor, scope, asked)
    except PortfolioError as error:
        said = refused(error, PERCENT)
        told |= {"ok": False, "words": " ".join(filter(None, [said["words"], said["hint"]])), "field": said["field"]}
    try:
        runs = [each for each in services.evidence.find(actor, limit=LISTED).items if each.scope == scope]
        return told | {kind: _kind(services, actor, [each for each in runs if each.kind == kind], asked) for kind in KINDS}
    except PortfolioError as error:
        return told | {"ok": False, "words": error.message}


def _act(services: Services, actor: Actor, scope: str, asked: Mapping[str, Any]) -> None:
    action, once = asked.get("action"), asked.get("once")
    if action == "strategies":
        services.evidence.begin(actor, scope, evidence_question(asked_of(str(asked.get("text") or ""))), idempotency_key=once)
    elif action == "models":
        services.models.begin(actor, scope, idempotency_key=once)
    elif action == "cancel":
        services.evidence.cancel(actor, UUID(str(asked["id"])))


def _kind(services: Services, actor: Actor, runs: Sequence[EvidenceRun], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Tell the runs of a kind, the newest first: the one at work, how the last ended, and the one that is shown."""
    labels = {each["name"]: each["label"] for each in services.evidence.strategies()}
    done = [each for each in runs if each.status == "done"]
    chosen = next((each for each in done if str(each.id) == asked.get("run")), done[0] if done else None)
    told: dict[str, Any] = {
        "running": [{"id": str(each.id), "phase": words.phase(each.phase, labels), "done": each.done, "total": each.total}
                    for each in runs if each.status == "running"],
        "ended": _ended(runs[0]) if runs else "", "shown": str(chosen.id) if chosen else "",
        "runs": [[str(each.id), theme.instant(each.finished_at or each.created_at)] for each in done[:CHOICES]],
    }
    if chosen and str(chosen.id) not in (asked.get("have") or ()):
        told["result"] = _written(services.evidence.get(actor, chosen.id))
    return told


def _ended(run: EvidenceRun) -> str:
    """Say how the last run ended, where nothing came of it."""
    reason = str((run.problem or {}).get("message") or "")
    return " ".join(filter(None, [ENDED[run.status], reason])) if run.status in ENDED else ""


def _written(run: EvidenceRun) -> dict[str, Any]:
    return words.strategies(run.result or {}) if run.kind == "strategies" else words.models(run.result or {})
