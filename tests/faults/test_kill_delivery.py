"""`kill -9` of whoever delivers, after the message was taken and before that is written down: it is sent again, under the same id."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.settings import Settings
from engine.types import Actor
from services import Services
from tests.receivers.post import PostOffice, post_office
from tests.receivers.web import Receiver, receiving
from tests.services.alert_world import Post, eventually, furnish, told_to
from tests.services.test_alert_delivery import channel, due, put, status

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent.parent
COURIER = """
import os, signal, socket, ssl, sys
from datetime import timedelta
from data.database import Database
from data.mail import Mailer
from data.settings import Smtp
from data.webhooks import Webhooks
from services.alerts.delivery import Courier

url, key, web, mail, pem, when = sys.argv[1:]
trusting = ssl.create_default_context(cafile=pem)
database = Database(url)
hooks = Webhooks(resolve=lambda _name: ["93.184.216.34"], context=trusting,
                 connect=lambda address, timeout: socket.create_connection(("127.0.0.1", int(web)), timeout))
courier = Courier(database, Mailer(Smtp("localhost", int(mail), "p@example.com"), context=trusting), hooks, key, lease=timedelta(seconds=1))
send = courier.send


def send_and_die(message):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    send(message)
    os.kill(os.getpid(), signal.SIGKILL)


if when != "never":
    courier.send = send_and_die
courier.deliver()
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


@pytest.fixture
def post(services: Services, actor: Actor, office: PostOffice, receiver: Receiver) -> Post:
    with services.database.begin() as unit:
        unit.system.affected("UPDATE outbox SET status = 'dead' WHERE status = 'pending'")  # what other tests left would come due here
    return furnish(told_to(services, office, receiver), actor)


def courier(settings: Settings, receiver: Receiver, office: PostOffice, when: str) -> int:
    pem = ROOT / "tests" / "receivers" / "hooks.pem"
    given = [settings.database_url, settings.secret_key, str(receiver.port), str(office.port), str(pem), when]
    return subprocess.run([sys.executable, "-c", COURIER, *map(str, given)], cwd=ROOT, timeout=60, check=False).returncode


@pytest.mark.parametrize("kind", ["webhook", "email"])
def test_killed_between_sending_and_settling(settings: Settings, post: Post, receiver: Receiver, office: PostOffice, kind: str) -> None:
    (key,) = put(post, channel(post, kind, receiver.url if kind == "webhook" else "ann@example.com"))

    def ids() -> list[str]:
        return [got.headers["x-portolan-id"] for got in receiver.got] + [str(letter["X-Portolan-Id"]) for letter in office.letters]

    assert courier(settings, receiver, office, "before") == -signal.SIGKILL
    assert (ids(), status(post, key)[:2]) == ([], ("pending", 1)), "claimed, and not lost"
    eventually(lambda: courier(settings, receiver, office, "after") == -signal.SIGKILL, "the lease to be over")
    assert (ids(), status(post, key)[0]) == ([key], "pending"), "sent, and not settled"
    eventually(lambda: courier(settings, receiver, office, "never") == 0 and status(post, key)[0] == "sent", "the lease to be over")
    assert ids() == [key, key], "once more, under the same id"
    if kind == "email":
        assert len({str(letter["Message-ID"]) for letter in office.letters}) == 1
    else:
        assert len({got.body for got in receiver.got}) == 1
    due(post)
    assert courier(settings, receiver, office, "never") == 0
    assert ids() == [key, key]
