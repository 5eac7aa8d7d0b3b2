"""Where alerts are told beside the screen: e-mail addresses and webhooks, and what is on its way to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from data import calendar
from data.alert_records import Posted, StoredChannel, StoredMessage
from data.database import Unit
from engine.errors import InvalidInput, LimitExceeded
from engine.types import Actor
from services import fields
from services.alerts.delivery import Courier
from services.alerts.letters import secret_of, test_body
from services.alerts.rule_fields import flag
from services.alerts.views import ChannelView, DeliveryView
from services.fields import Place, Reader
from services.views import Page
from services.writes import NOTHING, Request, Writes, audit

CHANNEL: TypeAdapter[ChannelView] = TypeAdapter(ChannelView)
DELIVERY: TypeAdapter[DeliveryView] = TypeAdapter(DeliveryView)
ENTITY: Final = "alert_channel"
MOST_CHANNELS: Final = 50
NAME_LENGTH: Final = 80
EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{4,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
KINDS: Final = ("email", "webhook")
STATUSES: Final = ("pending", "sent", "dead")


def _name(place: Place, value: object) -> str | None:
    return fields.text(place, value, limit=NAME_LENGTH)


READERS: Final[Mapping[str, Reader]] = {
    "kind": lambda place, value: fields.choice(place, value, KINDS), "name": _name,
    "address": lambda place, value: fields.text(place, value, limit=2000), "active": flag,
}
CHANGEABLE: Final[Mapping[str, Reader]] = {name: READERS[name] for name in ("name", "active")}


class Channels:
    """Channels of the actor's workspace."""

    def __init__(self, writes: Writes, courier: Courier, secret_key: str) -> None:
        self._writes, self._database, self._courier, self._key = writes, writes.database, courier, secret_key

    def find(self, actor: Actor) -> list[ChannelView]:
        """List channels, oldest first, with how many messages are on their way, arrived and dead."""
        with self._database.read() as unit:
            counts = unit.outbox.counts(actor.workspace_id)
            return [_view(each, counts) for each in unit.outbox.channels(actor.workspace_id)]

    def create(self, actor: Actor, raw: object, *, idempotency_key: str | None = None) -> ChannelView:
        """Add a channel.

        Parameters
        ----------
        actor : Actor
        raw : object
            `kind` (email or webhook) and `address`; `name`.
        idempotency_key : str, optional
            The same key gives the same channel again, with its secret.

        Raises
        ------
        InvalidInput
            What is no address, or one that is not public; an e-mail address where no mail server is set.
        LimitExceeded
            The workspace has 50 channels.
        """
        found = fields.record(raw, READERS, required=("kind", "address"))
        self._check(found["kind"], found["address"])
        name = found.get("name") or _usual_name(found["kind"], found["address"])

        def effect(unit: Unit, _told: list[Any]) -> ChannelView:
            if len(unit.outbox.channels(actor.workspace_id)) >= MOST_CHANNELS:
                raise LimitExceeded("channels", limit=MOST_CHANNELS)
            stored = unit.outbox.add_channel(actor.workspace_id, actor.user_id, kind=found["kind"], name=name, address=found["address"])
            audit(unit, actor, "create", ENTITY, stored.id, after=_kept(stored))
            return _view(stored, {})

        return self._with_secret(self._writes.once(actor, Request("alerts.channel", (raw,), CHANNEL, idempotency_key), effect), 1)

    def change(self, actor: Actor, channel_id: UUID, version: int, raw: object, *, idempotency_key: str | None = None) -> ChannelView:
        """Change name or `active` of the version that was read; the address of a channel is what it is."""
        found = {name: value for name, value in fields.record(raw, CHANGEABLE).items() if value is not None}
        return self._edited(actor, channel_id, version, found, Request("alerts.channel.change", (channel_id, version, raw), CHANNEL, idempotency_key))

    def rotate(self, actor: Actor, channel_id: UUID, version: int, *, idempotency_key: str | None = None) -> ChannelView:
        """Give a webhook another secret; the one before signs nothing from now on."""
        with self._database.read() as unit:
            stored = unit.outbox.channel(actor.workspace_id, channel_id)
        if stored.kind != "webhook":
            raise InvalidInput("kind", stored.kind, "has no secret", hint="Webhooks alone are signed", rule="not_of_kind")
        request = Request("alerts.channel.rotate", (channel_id, version), CHANNEL, idempotency_key)
        done = self._edited(actor, channel_id, version, {"generation": stored.generation + 1}, request)
        return self._with_secret(done, stored.generation + 1)

    def remove(self, actor: Actor, channel_id: UUID, version: int, *, idempotency_key: str | None = None) -> None:
        """Take a channel away; what is on its way to it dies."""

        def effect(unit: Unit, _told: list[Any]) -> None:
            before = unit.outbox.channel(actor.workspace_id, channel_id)
            unit.outbox.change_channel(actor.workspace_id, channel_id, version, {"removed_at": calendar.now()})
            audit(unit, actor, "remove", ENTITY, channel_id, before=_kept(before))

        self._writes.once(actor, Request("alerts.channel.remove", (channel_id, version), NOTHING, idempotency_key), effect)

    def test(self, actor: Actor, channel_id: UUID, *, idempotency_key: str | None = None) -> DeliveryView:
        """Send a test message now, by the way of every message; what became of it is in the answer; it is not tried again by itself."""

        def effect(unit: Unit, _told: list[Any]) -> DeliveryView:
            channel = unit.outbox.channel(actor.workspace_id, channel_id)
            body = test_body(channel, calendar.now().isoformat())
            (key,) = unit.outbox.post([Posted(actor.workspace_id, actor.user_id, None, channel_id, body)])
            audit(unit, actor, "test", ENTITY, channel_id, after={"name": channel.name, "message": str(key)})
            return _delivery(unit.outbox.message(actor.workspace_id, key))

        posted = self._writes.once(actor, Request("alerts.channel.test", (channel_id,), DELIVERY, idempotency_key), effect)
        self._courier.deliver()
        with self._database.read() as unit:
            return _delivery(unit.outbox.message(actor.workspace_id, posted.id))

    def deliveries(self, actor: Actor, *, status: str | None = None, limit: int = 100, after: UUID | None = None) -> Page[DeliveryView]:
        """List messages, newest first, at most `limit` behind the one with id `after`."""
        wanted = None if status is None else fields.choice(Place("status"), status, STATUSES)
        with self._database.read() as unit:
            found = unit.outbox.messages(actor.workspace_id, status=wanted, after=after, limit=limit + 1)
        views = tuple(_delivery(each) for each in found[:limit])
        return Page(views, str(views[-1].id) if len(found) > limit else None)

    def retry(self, actor: Actor, message_id: UUID, *, idempotency_key: str | None = None) -> DeliveryView:
        """Try a dead message again, under its id; `Conflict` where it is not dead."""

        def effect(unit: Unit, _told: list[Any]) -> DeliveryView:
            revived = unit.outbox.revive(actor.workspace_id, message_id)
            audit(unit, actor, "retry", "alert_message", message_id, after={"name": revived.channel.name})
            return _delivery(revived)

        return self._writes.once(actor, Request("alerts.retry", (message_id,), DELIVERY, idempotency_key), effect)

    # ------------------------------------------------------------------------------------------------------------------------ inside

    def _check(self, kind: str, address: str) -> None:
        """Refuse an address that nothing could be sent to."""
        if kind == "webhook":
            try:
                self._courier.webhooks.check(address)
            except InvalidInput as error:
                raise InvalidInput("address", address, str(error.context["reason"]), hint=error.context.get("hint"),
                                   rule=error.context.get("rule")) from error
            return
        if not EMAIL.fullmatch(address):
            raise InvalidInput("address", address, "is not an e-mail address", hint="Write it as ann@example.com", rule="not_an_address")
        if not self._courier.mailer.ready:
            raise InvalidInput("kind", kind, "needs a mail server, and none is set", hint="Set SMTP_HOST and SMTP_FROM, then start again",
                               rule="no_server")

    def _edited(self, actor: Actor, channel_id: UUID, version: int, values: dict[str, Any], request: Request[ChannelView]) -> ChannelView:
        def effect(unit: Unit, _told: list[Any]) -> ChannelView:
            before = unit.outbox.channel(actor.workspace_id, channel_id)
            unit.outbox.change_channel(actor.workspace_id, channel_id, version, values)
            now = unit.outbox.channel(actor.workspace_id, channel_id)
            audit(unit, actor, "change", ENTITY, channel_id, before=_kept(before), after=_kept(now))
            return _view(now, unit.outbox.counts(actor.workspace_id))

        return self._writes.once(actor, request, effect)

    def _with_secret(self, view: ChannelView, generation: int) -> ChannelView:
        """Show the secret, which the answer that is kept under a key does not hold."""
        return replace(view, secret=secret_of(self._key, view.id, generation)) if view.kind == "webhook" else view


def _usual_name(kind: str, address: str) -> str:
    return (address if kind == "email" else address.removeprefix("https://").partition("/")[0])[:NAME_LENGTH]


def _view(stored: StoredChannel, counts: Mapping[tuple[UUID, str], int]) -> ChannelView:
    pending, sent, dead = (counts.get((stored.id, status), 0) for status in STATUSES)
    return ChannelView(stored.id, stored.version, stored.kind, stored.name, stored.address, stored.active, pending, sent, dead, stored.created_at,
                       stored.changed_at)


def _kept(stored: StoredChannel) -> dict[str, Any]:
    return {"name": stored.name, "kind": stored.kind, "address": stored.address, "active": stored.active, "generation": stored.generation,
            "version": stored.version}


def _delivery(stored: StoredMessage) -> DeliveryView:
    return DeliveryView(stored.id, stored.event_id, stored.channel.id, stored.channel.name, stored.channel.kind, str(stored.body.get("title", "")),
                        stored.status, stored.attempts, stored.next_at if stored.status == "pending" else None, stored.last_error, stored.created_at,
                        stored.finished_at)
