"""`/alerts`: rules, what fired, and where it is told."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.alert_schemas import (
    AcknowledgeBody,
    AlertEventPublic,
    ChannelBody,
    ChannelChange,
    ChannelPublic,
    DeliveryPublic,
    EventFilter,
    RuleBody,
    RuleChange,
    RulePublic,
    TrialPublic,
    UnreadPublic,
)
from api.dependencies import After, Asks, Changes, Day, ExactRoute, Id, Limit, Writes, after_id, day, etag, found_id, paged, parsed
from api.portfolios import without_version
from api.requests import VersionBody
from engine.errors import InvalidInput
from services import fields
from services.alerts.views import ChannelView, DeliveryView, RuleView, Trial
from services.fields import Place

routes = APIRouter(prefix="/alerts", tags=["alerts"], route_class=ExactRoute)


@routes.get("", response_model=list[RulePublic])
def find(call: Asks, request: Request, response: Response, limit: Limit = 100, after: After = None) -> list[Any]:
    """List rules, oldest first, with what each saw last."""
    return paged(call.services.alerts.rules.page(call.actor, limit=limit, after=after_id(after)), request, response)


@routes.post("", response_model=RulePublic, status_code=201)
def create(call: Writes, body: RuleBody, response: Response) -> RuleView:
    """Add a rule. It is evaluated from its first measure on: what is beyond the threshold then has not crossed it."""
    rule = call.services.alerts.rules.create(call.actor, parsed(body), idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/alerts/{rule.id}"
    etag(response, rule.version)
    return rule


@routes.post("/try", response_model=TrialPublic)
def try_draft(call: Asks, body: RuleBody, start: Day = None, end: Day = None) -> Trial:
    """Try a rule on history before it is made: on which days it would have fired. Nothing is kept."""
    return call.services.alerts.trials.draft(call.actor, parsed(body), start=day("start", start), end=day("end", end))


@routes.get("/events", response_model=list[AlertEventPublic])
def events(call: Asks, asked: Annotated[EventFilter, Query()], request: Request, response: Response) -> list[Any]:
    """List what fired, newest first; X-Unread says how many nobody has seen."""
    service = call.services.alerts.events
    rule = found_id("alert", asked.rule) if asked.rule else None
    page = service.page(call.actor, rule_id=rule, unread=asked.unread, limit=asked.limit, after=after_id(asked.after))
    response.headers["X-Unread"] = str(service.unread(call.actor))
    return paged(page, request, response)


@routes.post("/events/acknowledge", response_model=UnreadPublic)
def acknowledge(call: Writes, body: AcknowledgeBody = None) -> dict[str, int]:
    """Mark events as seen, all of them without ids."""
    return {"unread": call.services.alerts.events.acknowledge(call.actor, _ids(parsed(body)), idempotency_key=call.key)}


@routes.get("/channels", response_model=list[ChannelPublic])
def channels(call: Asks) -> list[ChannelView]:
    """List e-mail addresses and webhooks, with how many messages wait, arrived and are dead."""
    return call.services.alerts.channels.find(call.actor)


@routes.post("/channels", response_model=ChannelPublic, status_code=201)
def add_channel(call: Writes, body: ChannelBody, response: Response) -> ChannelView:
    """Add an e-mail address or a webhook. The webhook's secret is in this answer and in no other."""
    channel = call.services.alerts.channels.create(call.actor, parsed(body), idempotency_key=call.key)
    etag(response, channel.version)
    return channel


@routes.patch("/channels/{channel_id}", response_model=ChannelPublic)
def change_channel(call: Changes, channel_id: Id, body: ChannelChange, response: Response) -> ChannelView:
    """Rename a channel or switch it off, in the version that was read."""
    version, found = call.version(parsed(body)), found_id("channel", channel_id)
    channel = call.services.alerts.channels.change(call.actor, found, version, without_version(body), idempotency_key=call.key)
    etag(response, channel.version)
    return channel


@routes.delete("/channels/{channel_id}", status_code=204)
def remove_channel(call: Changes, channel_id: Id, body: VersionBody = None) -> None:
    """Take a channel away."""
    version = call.version(parsed(body))
    call.services.alerts.channels.remove(call.actor, found_id("channel", channel_id), version, idempotency_key=call.key)


@routes.post("/channels/{channel_id}/secret", response_model=ChannelPublic)
def rotate(call: Changes, channel_id: Id, response: Response, body: VersionBody = None) -> ChannelView:
    """Give a webhook another secret; the one before signs nothing from now on."""
    version = call.version(parsed(body))
    channel = call.services.alerts.channels.rotate(call.actor, found_id("channel", channel_id), version, idempotency_key=call.key)
    etag(response, channel.version)
    return channel


@routes.post("/channels/{channel_id}/test", response_model=DeliveryPublic)
def test_channel(call: Writes, channel_id: Id) -> DeliveryView:
    """Send a test message now; the answer says what became of it."""
    return call.services.alerts.channels.test(call.actor, found_id("channel", channel_id), idempotency_key=call.key)


@routes.get("/deliveries", response_model=list[DeliveryPublic])
def deliveries(call: Asks, request: Request, response: Response, status: str | None = None, limit: Limit = 100, after: After = None) -> list[Any]:
    """List messages to channels, newest first; `status` pending, sent or dead."""
    return paged(call.services.alerts.channels.deliveries(call.actor, status=status, limit=limit, after=after_id(after)), request, response)


@routes.post("/deliveries/{message_id}/retry", response_model=DeliveryPublic)
def retry(call: Writes, message_id: Id) -> DeliveryView:
    """Try a dead message again, under the same id."""
    return call.services.alerts.channels.retry(call.actor, found_id("message", message_id), idempotency_key=call.key)


@routes.get("/{rule_id}", response_model=RulePublic)
def get(call: Asks, rule_id: Id, response: Response) -> RuleView:
    """Read a rule."""
    rule = call.services.alerts.rules.get(call.actor, found_id("alert", rule_id))
    etag(response, rule.version)
    return rule


@routes.patch("/{rule_id}", response_model=RulePublic)
def change(call: Changes, rule_id: Id, body: RuleChange, response: Response) -> RuleView:
    """Change fields of the version that was read; null empties one."""
    version, found = call.version(parsed(body)), found_id("alert", rule_id)
    rule = call.services.alerts.rules.change(call.actor, found, version, without_version(body), idempotency_key=call.key)
    etag(response, rule.version)
    return rule


@routes.delete("/{rule_id}", status_code=204)
def remove(call: Changes, rule_id: Id, body: VersionBody = None) -> None:
    """Take a rule out of sight; `undo` brings it back."""
    version = call.version(parsed(body))
    call.services.alerts.rules.remove(call.actor, found_id("alert", rule_id), version, idempotency_key=call.key)


@routes.post("/{rule_id}/undo", response_model=RulePublic | None)
def undo(call: Writes, rule_id: Id) -> RuleView | None:
    """Take the last change of a rule back, its removal and its making too; null where the rule is gone by that. An undo is undone by the next."""
    return call.services.alerts.rules.undo(call.actor, found_id("alert", rule_id), idempotency_key=call.key)


@routes.post("/{rule_id}/try", response_model=TrialPublic)
def try_rule(call: Asks, rule_id: Id, start: Day = None, end: Day = None) -> Trial:
    """Try a rule that is there on history."""
    return call.services.alerts.trials.stored(call.actor, found_id("alert", rule_id), start=day("start", start), end=day("end", end))


def _ids(body: Any) -> list[UUID] | None:  # noqa: ANN401 - whatever was sent
    """Read which events are meant; all where nothing is said."""
    found = body.get("ids") if isinstance(body, dict) else body
    if found is None:
        return None
    if not isinstance(found, list) or not 0 < len(found) <= 1000:
        raise InvalidInput("ids", found, "is not a list of 1 to 1000 ids", hint="Send the ids of events, or leave it out for all", rule="not_a_list")
    return [fields.uuid(Place("ids", row), each) for row, each in enumerate(found, start=1)]
