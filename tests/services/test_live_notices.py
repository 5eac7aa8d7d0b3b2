"""Messages about alerts beside the stream: to everybody of a workspace, in order, and never more than a few that nobody reads."""

from __future__ import annotations

import json
from uuid import uuid4

from engine.types import Actor
from services import Services
from services.live import Hub, Limits

LIMITS = Limits(notices_waiting=3, spacing_seconds=0.0)


def message(number: int) -> dict[str, object]:
    return {"type": "alert", "event": {"id": str(number)}, "unread": number}


async def test_every_screen_of_a_workspace_is_told_and_nobody_else(services: Services, actor: Actor) -> None:
    hub = Hub(services, limits=LIMITS)
    first, second, stranger = hub.connect(actor), hub.connect(actor), hub.connect(Actor(uuid4(), uuid4(), "stranger"))
    hub.take_notice(actor.workspace_id, message(1))
    for client in (first, second):
        assert json.loads(await client.receive() or "{}") == message(1)
    stranger.beat()
    assert json.loads(await stranger.receive() or "{}")["type"] == "heartbeat"


async def test_a_reader_that_is_behind_misses_the_oldest_and_is_not_cut(services: Services, actor: Actor) -> None:
    hub = Hub(services, limits=LIMITS)
    client = hub.connect(actor)
    for number in range(50):
        hub.take_notice(actor.workspace_id, message(number))
    told = [json.loads(await client.receive() or "{}")["unread"] for _ in range(3)]
    assert told == [47, 48, 49]
    assert not client.ended.is_set()


async def test_an_answer_goes_before_a_notice(services: Services, actor: Actor) -> None:
    hub = Hub(services, limits=LIMITS)
    client = hub.connect(actor)
    hub.take_notice(actor.workspace_id, message(1))
    client.reply(type="pong", ts=1)
    assert [json.loads(await client.receive() or "{}")["type"] for _ in range(2)] == ["pong", "alert"]
