"""Policies, suggestions, and rules of one's own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields as names_of
from dataclasses import is_dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.advice_schemas import (
    CustomRulePublic,
    DeedBody,
    DismissalBody,
    HistoryPublic,
    PolicyBody,
    PolicyPublic,
    RuleBody,
    RuleChangeBody,
    RuleTrialPublic,
    SuggestionsPublic,
    TrialBody,
    WordPublic,
)
from api.analytics import Scope
from api.dependencies import Asks, Call, Changes, ExactRoute, Id, Writes, etag, found_id, parsed
from api.portfolios import without_version
from api.requests import VersionBody
from services.advice.suggestions import read_key
from services.advice.views_rules import CustomRule, PolicyView, Word

routes = APIRouter(tags=["advice"], route_class=ExactRoute)


@routes.get("/portfolios/{portfolio_id}/policy", response_model=PolicyPublic)
def policy(call: Asks, portfolio_id: Id, response: Response) -> dict[str, Any]:
    """Read what a portfolio is meant to be: targets, bands, constraints, costs, taxes, goals, and the thresholds of the rules."""
    return _policy(call, call.services.policies.get(call.actor, found_id("portfolio", portfolio_id)), response)


@routes.put("/portfolios/{portfolio_id}/policy", response_model=PolicyPublic)
def put_policy(call: Changes, portfolio_id: Id, body: PolicyBody, response: Response) -> dict[str, Any]:
    """Set the policy as a whole; what is not sent is as the house has it. The version may be left out where there is none yet."""
    version, found = call.optional_version(parsed(body)), found_id("portfolio", portfolio_id)
    view = call.services.policies.put(call.actor, found, version, _object(without_version(body)), idempotency_key=call.key)
    return _policy(call, view, response)


@routes.post("/portfolios/{portfolio_id}/policy/undo", response_model=PolicyPublic)
def undo_policy(call: Writes, portfolio_id: Id, response: Response) -> dict[str, Any]:
    """Take the last change of the policy back; an undo is undone by the next."""
    view = call.services.policies.undo(call.actor, found_id("portfolio", portfolio_id), idempotency_key=call.key)
    return _policy(call, view, response)


@routes.get("/portfolios/{portfolio_id}/suggestions", response_model=SuggestionsPublic)
def suggestions(call: Asks, portfolio_id: Scope) -> Any:  # noqa: ANN401
    """Tell what one could do, with the id `all` about every portfolio, each by its own policy; the highest score first.

    Each carries its evidence in `replay`: what its fix would have done in windows of the past. It is worked out by a job that this begins
    (`waiting`, `working`), and kept until ledger, prices or policy change; ask again for what came of it.
    """
    return _plain(call.services.suggestions.find(call.actor, portfolio_id, begin=True))


@routes.get("/portfolios/{portfolio_id}/suggestions/history", response_model=list[HistoryPublic])
def suggestions_history(call: Asks, portfolio_id: Scope) -> Any:  # noqa: ANN401
    """Tell everything that was ever suggested, what was decided, and what came of what was done."""
    return _plain(call.services.suggestions.history(call.actor, portfolio_id))


@routes.post("/portfolios/{portfolio_id}/suggestions/{suggestion}/dismiss", response_model=SuggestionsPublic)
def dismiss(call: Writes, portfolio_id: Id, suggestion: str, body: DismissalBody = None) -> Any:  # noqa: ANN401
    """Put a suggestion aside, with a reason, until a day or for good."""
    found = found_id("portfolio", portfolio_id)
    return _plain(call.services.suggestions.dismiss(call.actor, found, read_key(suggestion), parsed(body), idempotency_key=call.key))


@routes.post("/portfolios/{portfolio_id}/suggestions/{suggestion}/done", response_model=SuggestionsPublic)
def done(call: Writes, portfolio_id: Id, suggestion: str, body: DeedBody = None) -> Any:  # noqa: ANN401
    """Say that it was done; its numbers of now are kept, so that the history can tell what came of it."""
    found = found_id("portfolio", portfolio_id)
    return _plain(call.services.suggestions.done(call.actor, found, read_key(suggestion), parsed(body), idempotency_key=call.key))


@routes.post("/portfolios/{portfolio_id}/suggestions/{suggestion}/undo", response_model=SuggestionsPublic)
def undo(call: Writes, portfolio_id: Id, suggestion: str) -> Any:  # noqa: ANN401
    """Take the last decision about a suggestion back; an undo is undone by the next."""
    found = found_id("portfolio", portfolio_id)
    return _plain(call.services.suggestions.undo(call.actor, found, read_key(suggestion), idempotency_key=call.key))


# ------------------------------------------------------------------------------------------------------------------- rules of one's own


@routes.get("/rules", response_model=list[CustomRulePublic])
def find_rules(call: Asks) -> list[CustomRule]:
    """List the rules of one's own, oldest first."""
    return call.services.custom_rules.find(call.actor)


@routes.get("/rules/words", response_model=list[WordPublic])
def words(call: Asks) -> tuple[Word, ...]:
    """List the words that a rule may be made of, each with its meaning and an example."""
    return call.services.custom_rules.words()


@routes.get("/rules/names", response_model=dict[str, list[str]])
def names(call: Asks, scope: Annotated[str, Query(description="Id of a portfolio")]) -> dict[str, tuple[str, ...]]:
    """List what a rule can name in a portfolio, by kind: holding, sector, country, region, currency, asset_class, tag."""
    return call.services.custom_rules.names(call.actor, found_id("portfolio", scope))


@routes.post("/rules/try", response_model=RuleTrialPublic)
def try_rule(call: Asks, body: TrialBody) -> Any:  # noqa: ANN401
    """Try an expression on the history of a portfolio, once a trading day; nothing is kept."""
    return _plain(call.services.custom_rules.try_out(call.actor, parsed(body)))


@routes.post("/rules", response_model=CustomRulePublic, status_code=201)
def create_rule(call: Writes, body: RuleBody, response: Response) -> CustomRule:
    """Add a rule; it is off until it is told to be active."""
    made = call.services.custom_rules.create(call.actor, _object(parsed(body)), idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/rules/{made.id}"
    etag(response, made.version)
    return made


@routes.get("/rules/{rule_id}", response_model=CustomRulePublic)
def get_rule(call: Asks, rule_id: Id, response: Response) -> CustomRule:
    """Read a rule of one's own."""
    found = call.services.custom_rules.get(call.actor, found_id("rule", rule_id))
    etag(response, found.version)
    return found


@routes.patch("/rules/{rule_id}", response_model=CustomRulePublic)
def change_rule(call: Changes, rule_id: Id, body: RuleChangeBody, response: Response) -> CustomRule:
    """Change fields of the version that was read, or switch it on and off."""
    version, found = call.version(parsed(body)), found_id("rule", rule_id)
    changed = call.services.custom_rules.change(call.actor, found, version, _object(without_version(body)), idempotency_key=call.key)
    etag(response, changed.version)
    return changed


@routes.delete("/rules/{rule_id}", status_code=204)
def remove_rule(call: Changes, rule_id: Id, body: VersionBody = None) -> None:
    """Take a rule out of sight; `undo` brings it back."""
    call.services.custom_rules.remove(call.actor, found_id("rule", rule_id), call.version(parsed(body)), idempotency_key=call.key)


@routes.post("/rules/{rule_id}/undo", response_model=CustomRulePublic | None)
def undo_rule(call: Writes, rule_id: Id) -> CustomRule | None:
    """Take the last change of a rule back; null where it is gone by that. An undo is undone by the next."""
    return call.services.custom_rules.undo(call.actor, found_id("rule", rule_id), idempotency_key=call.key)


def _policy(call: Call, view: PolicyView, response: Response) -> dict[str, Any]:
    etag(response, view.version)
    told: dict[str, Any] = _plain(view)
    return {**told, "thresholds": _plain(call.services.policies.thresholds(view.policy))}


def _object(body: Any) -> Mapping[str, Any]:  # noqa: ANN401 - what is no object is refused by the service that reads it
    found: Mapping[str, Any] = body
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Give records as JSON tells them: null where there is no number."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in names_of(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
