from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from data.mail import Letter, Mailer
from data.settings import Smtp
from engine.errors import DeliveryFailed
from tests.receivers.post import PEM, PostOffice, post_office

KEY = UUID("0190c0de-0000-7000-8000-000000000001")
LETTER = Letter(KEY, "ann@example.com", "AAPL above 200\r\nBcc: all@example.com", "It is.\n.\nDown by −3 %", datetime(2024, 3, 1, tzinfo=UTC))


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


def mailer(office: PostOffice, user: str | None = "portolan", password: str = "secret", host: str = "localhost") -> Mailer:  # noqa: S107
    return Mailer(Smtp(host, office.port, "portolan@example.com", user, password), context=ssl.create_default_context(cafile=str(PEM)),
                  timeout_seconds=5)


def test_a_letter_arrives_encrypted_and_whole(office: PostOffice) -> None:
    mailer(office).send(LETTER)
    (letter,) = office.letters
    assert office.encrypted == [True]
    assert office.logins == [("portolan", "secret", True)]
    assert office.recipients == ["ann@example.com"], "a header in the subject is no header"
    assert letter["Subject"] == "AAPL above 200 Bcc: all@example.com"
    assert letter["Bcc"] is None
    assert letter["Message-ID"] == f"<{KEY}@example.com>"
    assert "portolan@example.com" in letter["From"]
    assert letter.get_content().strip().replace("\r\n", "\n") == "It is.\n.\nDown by −3 %"


def test_a_password_is_never_sent_in_the_clear_to_another_machine(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    office.starttls = False
    mailer(office).send(LETTER)  # this machine
    assert office.logins == [("portolan", "secret", False)]
    monkeypatch.setattr("data.mail.LOOPBACK", frozenset())
    with pytest.raises(DeliveryFailed, match="STARTTLS"):
        mailer(office).send(LETTER)
    assert len(office.logins) == 1


def test_a_wrong_password_can_be_mended(office: PostOffice) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        mailer(office, password="marker-9").send(LETTER)  # noqa: S106
    assert not failed.value.context["final"]
    assert "marker-9" not in f"{failed.value.message}{failed.value.context}"


@pytest.mark.parametrize(("answer", "final"), [("550 no such person", True), ("450 try later", False)])
def test_refusals(office: PostOffice, answer: str, final: bool) -> None:  # noqa: FBT001
    office.refuse = answer
    with pytest.raises(DeliveryFailed) as failed:
        mailer(office).send(LETTER)
    assert failed.value.context["final"] is final
    assert not office.letters


def test_put_off_and_gone(office: PostOffice) -> None:
    office.busy = 1
    with pytest.raises(DeliveryFailed) as failed:
        mailer(office).send(LETTER)
    assert not failed.value.context["final"]
    mailer(office).send(LETTER)
    assert len(office.letters) == 1
    with pytest.raises(DeliveryFailed):
        Mailer(Smtp("127.0.0.1", 1, "a@example.com"), timeout_seconds=1).send(LETTER)
    with pytest.raises(DeliveryFailed) as unset:
        Mailer(None).send(LETTER)
    assert "SMTP_HOST" in unset.value.context["hint"]
