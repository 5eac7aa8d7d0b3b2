"""From the outbox to a real mail server and a real HTTPS receiver: at least once, under one id, put off and dead where it does not arrive."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from data import calendar
from data.alert_records import Posted
from engine.errors import Conflict, DeliveryFailed, InvalidInput
from engine.types import Actor
from services import Services
from services.alerts import delivery
from services.alerts.delivery import ATTEMPTS, Courier, pause_seconds
from services.alerts.letters import secret_of, signature
from services.alerts.views import ChannelView
from tests.receivers.post import PostOffice, post_office
from tests.receivers.web import Receiver, receiving
from tests.services.alert_world import Post, eventually, furnish, told_to, watching


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


@pytest.fixture
def telling(services: Services, office: PostOffice, receiver: Receiver) -> Services:
    return told_to(services, office, receiver)


@pytest.fixture
def post(telling: Services, actor: Actor) -> Post:
    return furnish(telling, actor)


def channel(post: Post, kind: str, address: str) -> ChannelView:
    return post.services.alerts.channels.create(post.actor, {"kind": kind, "address": address})


def put(post: Post, *channels: ChannelView) -> list[str]:
    """Put a message of an event to each channel into the outbox."""
    rule = post.rule(measure="price", symbol="AAA", threshold="110", channels=[str(each.id) for each in channels])
    with post.services.database.begin() as unit:
        from data.alert_records import StoredEvent  # noqa: PLC0415
        from data.ids import uuid7  # noqa: PLC0415

        event = StoredEvent(uuid7(), post.actor.workspace_id, post.actor.user_id, rule.id, 111.0, rule.title, f"{rule.title}.", {}, calendar.now())
        unit.alerts.add_events([event])
        body = {"type": "alert", "title": rule.title, "message": event.message, "at": event.created_at.isoformat(), "event_id": str(event.id)}
        posted = [Posted(post.actor.workspace_id, post.actor.user_id, event.id, each.id, body) for each in channels]
        keys = unit.outbox.post(posted)
        assert unit.outbox.post(posted) == [], "the same event to the same channel is there once"
    return [str(key) for key in keys]


def status(post: Post, key: str) -> tuple[str, int, str | None]:
    (found,) = [each for each in post.services.alerts.channels.deliveries(post.actor).items if str(each.id) == key]
    return found.status, found.attempts, found.last_error


def due(post: Post) -> None:
    """Let the pauses of this workspace be over."""
    with post.services.database.begin() as unit:
        query = "UPDATE outbox SET next_at = clock_timestamp() WHERE workspace_id = %s AND status = 'pending'"
        unit.alerts.affected(query, [post.actor.workspace_id])


def test_from_a_quote_to_letter_and_webhook(post: Post, office: PostOffice, receiver: Receiver) -> None:
    letters, hook = channel(post, "email", "ann@example.com"), channel(post, "webhook", receiver.url)
    assert hook.secret is not None
    assert letters.secret is None
    with watching(post.services):
        rule = post.armed(measure="price", symbol="AAA", threshold="110", note="Sell half", channels=[str(letters.id), str(hook.id)])
        post.world.push(AAA=111.25)
        (event,) = post.fires(rule, 1)
        eventually(lambda: office.letters and receiver.got, "both to arrive")
        eventually(lambda: all(each.status == "sent" for each in post.services.alerts.channels.deliveries(post.actor).items), "both to be settled")
    (letter,), (got,) = office.letters, receiver.got
    assert office.recipients == ["ann@example.com"]
    assert letter["Subject"] == "AAA price at or above 110 USD"
    assert "It is at 111.25 USD." in letter.get_content()
    assert "Note: Sell half" in letter.get_content()
    body = json.loads(got.body)
    assert body["event_id"] == str(event.id)
    assert (body["type"], body["value"], body["symbol"], body["threshold"]) == ("alert", 111.25, "AAA", "110")
    assert body["id"] == got.headers["x-portolan-id"]
    signed = hmac.new(hook.secret.encode(), got.headers["x-portolan-timestamp"].encode() + b"." + got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-portolan-signature"] == f"v1={signed}"
    assert {each.kind: each.sent for each in post.services.alerts.channels.find(post.actor)} == {"email": 1, "webhook": 1}


def test_the_secret_stands_nowhere_and_another_generation_has_another(post: Post, receiver: Receiver) -> None:
    hook = channel(post, "webhook", receiver.url)
    secret = hook.secret or ""
    with post.services.database.read() as unit:
        rows = [str(row) for table in ("alert_channel", "audit_entry", "idempotency_key") for row in unit.alerts.fetch(f"SELECT * FROM {table}")]  # noqa: S608
    assert not [row for row in rows if secret in row]
    assert post.services.alerts.channels.find(post.actor)[0].secret is None
    put(post, hook)
    rotated = post.services.alerts.channels.rotate(post.actor, hook.id, hook.version)
    assert rotated.secret not in {None, secret}
    post.services.alerts.courier.deliver()
    got = receiver.got[0]
    assert got.headers["x-portolan-signature"] == f"v1={signature(rotated.secret or '', int(got.headers['x-portolan-timestamp']), got.body)}"
    with pytest.raises(Conflict):
        post.services.alerts.channels.rotate(post.actor, hook.id, hook.version)


def test_what_is_not_taken_is_put_off_and_sent_again_under_its_id(post: Post, receiver: Receiver) -> None:
    (key,) = put(post, channel(post, "webhook", receiver.url))
    receiver.statuses = [500, 503]
    courier = post.services.alerts.courier
    courier.deliver()
    assert status(post, key)[:2] == ("pending", 1)
    assert "500" in (status(post, key)[2] or "")
    courier.deliver()
    assert len(receiver.got) == 1, "it is not due yet"
    for _ in range(2):
        due(post)
        courier.deliver()
    assert status(post, key) == ("sent", 3, None)
    assert {got.headers["x-portolan-id"] for got in receiver.got} == {key}
    assert len({got.body for got in receiver.got}) == 1
    due(post)
    courier.deliver()
    assert len(receiver.got) == 3, "what is sent is not sent again"


def test_dead_after_so_many_attempts_visible_and_revived_by_hand(post: Post, receiver: Receiver) -> None:
    hook = channel(post, "webhook", receiver.url)
    (key,) = put(post, hook)
    receiver.statuses = [500] * ATTEMPTS
    for _ in range(ATTEMPTS):
        due(post)
        post.services.alerts.courier.deliver()
    assert status(post, key)[:2] == ("dead", ATTEMPTS)
    assert post.services.alerts.channels.find(post.actor)[0].dead == 1
    (dead,) = post.services.alerts.channels.deliveries(post.actor, status="dead").items
    revived = post.services.alerts.channels.retry(post.actor, dead.id)
    assert revived.status == "pending"
    post.services.alerts.courier.deliver()
    assert status(post, key)[0] == "sent"
    with pytest.raises(Conflict):
        post.services.alerts.channels.retry(post.actor, dead.id)


def test_what_will_never_arrive_is_dead_at_once(post: Post, receiver: Receiver, office: PostOffice) -> None:
    hook, gone, off = (channel(post, "webhook", f"{receiver.url}&n={number}") for number in range(3))
    letters = channel(post, "email", "nobody@example.com")
    keys = put(post, hook, gone, off, letters)
    receiver.statuses = [410]
    office.refuse = "550 no such person"
    post.services.alerts.channels.remove(post.actor, gone.id, gone.version)
    post.services.alerts.channels.change(post.actor, off.id, off.version, {"active": False})
    post.services.alerts.courier.deliver()
    found = [status(post, key) for key in keys]
    assert [each[0] for each in found] == ["dead"] * 4
    assert [part for each, part in zip(found, ("410", "removed", "switched off", "550"), strict=True) if part not in (each[2] or "")] == []
    assert len(receiver.got) == 1


def test_a_claim_is_nobody_elses_until_its_lease_is_over(post: Post, receiver: Receiver) -> None:
    put(post, channel(post, "webhook", receiver.url))
    with post.services.database.begin() as unit:
        (claimed,) = [each for each in unit.outbox.claim(50, timedelta(seconds=60)) if each.workspace_id == post.actor.workspace_id]
    post.services.alerts.courier.deliver()
    assert not receiver.got
    due(post)  # the lease is over: whoever claimed it died
    post.services.alerts.courier.deliver()
    assert [got.headers["x-portolan-id"] for got in receiver.got] == [str(claimed.id)]


def test_a_test_message_tells_at_once_what_became_of_it(post: Post, receiver: Receiver, office: PostOffice) -> None:
    hook, letters = channel(post, "webhook", receiver.url), channel(post, "email", "ann@example.com")
    assert post.services.alerts.channels.test(post.actor, hook.id).status == "sent"
    assert post.services.alerts.channels.test(post.actor, letters.id).status == "sent"
    assert receiver.got[0].headers["x-portolan-event"] == "test"
    assert office.letters[0]["Subject"] == "Test of ann@example.com"
    receiver.statuses = [500]
    failed = post.services.alerts.channels.test(post.actor, hook.id)
    assert failed.status == "dead"
    assert "500" in (failed.last_error or "")


@pytest.mark.parametrize(("raw", "field", "rule"), [
    ({"kind": "webhook", "address": "http://hooks.example.com/in"}, "address", "not_https"),
    ({"kind": "webhook", "address": "https://127.0.0.1/in"}, "address", "private_address"),
    ({"kind": "webhook", "address": "https://[::ffff:10.0.0.1]/in"}, "address", "private_address"),
    ({"kind": "webhook", "address": "https://169.254.169.254/latest"}, "address", "private_address"),
    ({"kind": "webhook", "address": "https://2130706433/in"}, "address", "bad_host"),
    ({"kind": "email", "address": "ann"}, "address", "not_an_address"),
    ({"kind": "email", "address": "ann@example.com\r\nBcc: all@example.com"}, "address", None),
    ({"kind": "pigeon", "address": "x"}, "kind", None),
    ({"kind": "webhook"}, "address", "required"),
    ({"kind": "webhook", "address": "https://hooks.example.com", "secret": "mine"}, "secret", None),
])
def test_addresses_that_nothing_is_sent_to(post: Post, raw: dict[str, str], field: str, rule: str | None) -> None:
    with pytest.raises(InvalidInput) as refused:
        post.services.alerts.channels.create(post.actor, raw)
    assert refused.value.context["field"] == field
    assert refused.value.context["hint"]
    assert rule in {None, refused.value.context["rule"]}
    assert not post.services.alerts.channels.find(post.actor)


def test_without_a_mail_server_no_address_is_taken(services: Services, actor: Actor) -> None:
    with pytest.raises(InvalidInput, match="mail server") as refused:
        services.alerts.channels.create(actor, {"kind": "email", "address": "ann@example.com"})
    assert "SMTP_HOST" in refused.value.context["hint"]


def test_pauses_grow_to_an_hour() -> None:
    pauses = [pause_seconds(attempt) for attempt in range(1, ATTEMPTS + 1)]
    assert all(0.7 * expected <= pause <= 1.3 * expected for pause, expected in zip(pauses, (10, 40, 160, 640, 2560, 3600, 3600, 3600), strict=True))


def test_secrets_of_two_hooks_and_two_keys_differ(actor: Actor) -> None:
    secrets = {secret_of(key, each, generation) for key in ("a", "b") for each in (actor.user_id, actor.workspace_id) for generation in (1, 2)}
    assert len(secrets) == 8


def test_a_failure_while_settling_sends_again_rather_than_losing_it(post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    from data.repositories.outbox import Outbox  # noqa: PLC0415
    from engine.errors import StorageError  # noqa: PLC0415

    (key,) = put(post, channel(post, "webhook", receiver.url))

    def away(*_given: object) -> None:
        raise StorageError("The database does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "sent", away)
        with pytest.raises(StorageError):
            post.services.alerts.courier.deliver()
    due(post)
    post.services.alerts.courier.deliver()
    assert [got.headers["x-portolan-id"] for got in receiver.got] == [key, key]
    assert status(post, key)[0] == "sent"


def test_delivered_messages_are_forgotten_after_a_while_and_dead_ones_stay(post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = channel(post, "webhook", receiver.url)
    (sent,) = put(post, hook)
    post.services.alerts.courier.deliver()
    receiver.statuses = [410]
    (dead,) = put(post, hook)
    post.services.alerts.courier.deliver()
    monkeypatch.setattr(delivery, "KEPT", timedelta(seconds=-60))
    assert post.services.alerts.courier.tidy() >= 1
    assert [str(each.id) for each in post.services.alerts.channels.deliveries(post.actor).items] == [dead]
    assert sent != dead


def test_a_courier_without_settings_says_what_to_set(post: Post) -> None:
    bare = Courier(post.services.database, type(post.services.alerts.courier.mailer)(None), post.services.alerts.courier.webhooks, "key")
    letters = channel(post, "email", "ann@example.com")
    put(post, letters)
    with post.services.database.begin() as unit:
        (message,) = [each for each in unit.outbox.claim(50, timedelta(seconds=1)) if each.channel.id == letters.id]
    with pytest.raises(DeliveryFailed, match="no mail server"):
        bare.send(message)
