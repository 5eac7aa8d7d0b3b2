from __future__ import annotations

from collections.abc import Iterator

import pytest

from data.webhooks import Webhooks, target_of
from engine.errors import DeliveryFailed, InvalidInput
from tests.receivers.web import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def test_a_message_arrives_as_it_was_sent(receiver: Receiver) -> None:
    assert receiver.sender().post(receiver.url, b'{"a":1}', {"Content-Type": "application/json", "X-Portolan-Id": "7"}) == 200
    (got,) = receiver.got
    assert (got.path, got.body) == ("/in?team=a", b'{"a":1}')
    assert got.headers["host"] == f"hooks.example.com:{receiver.port}"
    assert got.headers["x-portolan-id"] == "7"


@pytest.mark.parametrize(("status", "final"), [(500, False), (404, False), (429, False), (410, True), (302, False), (199 + 101, False)])
def test_any_other_answer_is_a_failure(receiver: Receiver, status: int, final: bool) -> None:  # noqa: FBT001
    receiver.statuses = [status]
    receiver.headers = {"Location": f"https://hooks.example.com:{receiver.port}/elsewhere"}
    with pytest.raises(DeliveryFailed) as failed:
        receiver.sender().post(receiver.url, b"{}", {})
    assert failed.value.context["final"] is final
    assert len(receiver.got) == 1, "a redirect is not followed"


def test_an_answer_byte_by_byte_ends_with_the_time(receiver: Receiver) -> None:
    receiver.drip_seconds = 0.2  # half a minute in all, never 0.6 s without a byte
    with pytest.raises(DeliveryFailed):
        receiver.sender(timeout_seconds=0.6).post(receiver.url, b"{}", {})


def test_a_name_that_points_inside_is_never_connected_to(receiver: Receiver) -> None:
    for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"):
        sender = receiver.sender(resolve=lambda _name, address=address: [address])
        with pytest.raises(InvalidInput):
            sender.check(receiver.url)
        with pytest.raises(DeliveryFailed) as failed:
            sender.post(receiver.url, b"{}", {})
        assert failed.value.context["final"]
    assert not receiver.got


def test_a_name_that_changes_is_checked_each_time(receiver: Receiver) -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    sender = receiver.sender(resolve=lambda _name: answers.pop(0))
    assert sender.check(receiver.url).host == "hooks.example.com"
    with pytest.raises(DeliveryFailed):
        sender.post(receiver.url, b"{}", {})
    assert not receiver.got


def test_a_certificate_of_somebody_else_is_refused(receiver: Receiver) -> None:
    with pytest.raises(DeliveryFailed, match="Cert"):
        receiver.sender().post(receiver.url.replace("hooks.", "evil."), b"{}", {})
    with pytest.raises(DeliveryFailed):
        Webhooks(resolve=lambda _name: ["93.184.216.34"], connect=receiver._connect).post(receiver.url, b"{}", {})
    assert not receiver.got


@pytest.mark.parametrize("url", ["http://hooks.example.com/", "ftp://hooks.example.com", "https://", "https://u:p@hooks.example.com/", "", "hooks",
                                 "https://hooks.example.com/a b", "https://hooks.example.com/\r\nX: y", "https://[::1", "https://h.example.com:x/",
                                 "https://h.example.com/" + "a" * 2000, "javascript:alert(1)"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        target_of(url)
    assert refused.value.context["hint"]
