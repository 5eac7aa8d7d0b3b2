"""Letters, handed to a server by SMTP: encrypted where the server can, and never a password over a line that is not."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from uuid import UUID

from data.settings import LOOPBACK, Smtp
from engine.errors import DeliveryFailed

TIMEOUT_SECONDS: Final = 15.0
TLS_PORT: Final = 465
FINAL: Final = frozenset({550, 551, 552, 553, 554})  # what the server will say again however often it is asked


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter. Its id becomes the Message-ID, so that a letter which is sent twice is known as one."""

    id: UUID
    to: str
    subject: str
    text: str
    at: datetime


class Mailer:
    """Hands letters to a server.

    Parameters
    ----------
    smtp : Smtp, optional
        Where; without it every letter fails and says what to set.
    context : ssl.SSLContext, optional
        Whom to trust; default whom the system trusts.
    """

    def __init__(self, smtp: Smtp | None, *, context: ssl.SSLContext | None = None, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._smtp, self._timeout = smtp, timeout_seconds
        self._context = context or ssl.create_default_context()

    @property
    def ready(self) -> bool:
        """Whether a server is set."""
        return self._smtp is not None

    def send(self, letter: Letter) -> None:
        """Hand a letter over, and wait until the server has taken it.

        Raises
        ------
        DeliveryFailed
            With the server's reason; `final` in its context where it will not change its mind.
        """
        smtp = self._smtp
        if smtp is None:
            raise DeliveryFailed("e-mail", "no mail server is set", hint="Set SMTP_HOST and SMTP_FROM")
        try:
            with self._session(smtp) as session:
                session.send_message(written(letter, smtp.sender), from_addr=smtp.sender, to_addrs=[letter.to])
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise DeliveryFailed("e-mail", f"{code} {_text(text)}", final=code in FINAL, hint="Check the address") from error
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryFailed("e-mail", f"{smtp.host} refuses the login", hint="Check SMTP_USER and SMTP_PASSWORD") from error
        except smtplib.SMTPResponseException as error:
            raise DeliveryFailed("e-mail", f"{error.smtp_code} {_text(error.smtp_error)}", final=error.smtp_code in FINAL) from error
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryFailed("e-mail", f"{smtp.host}: {type(error).__name__}", hint="Check SMTP_HOST and SMTP_PORT") from error

    def _session(self, smtp: Smtp) -> smtplib.SMTP:
        """Open a session: encrypted if the server can, signed in if a user is set."""
        session: smtplib.SMTP
        if smtp.port == TLS_PORT:
            session = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=self._timeout, context=self._context)
        else:
            session = smtplib.SMTP(smtp.host, smtp.port, timeout=self._timeout)
        try:
            self._greet(session, smtp)
        except BaseException:
            session.close()
            raise
        return session

    def _greet(self, session: smtplib.SMTP, smtp: Smtp) -> None:
        session.ehlo()
        encrypted = smtp.port == TLS_PORT
        if not encrypted and session.has_extn("starttls"):
            session.starttls(context=self._context)
            session.ehlo()
            encrypted = True
        if smtp.user:
            if not encrypted and smtp.host not in LOOPBACK:
                raise DeliveryFailed("e-mail", f"{smtp.host} offers no STARTTLS, and the password is not sent in the clear",
                                     hint="Use port 465 or a server with STARTTLS")
            session.login(smtp.user, smtp.password or "")


def written(letter: Letter, sender: str) -> EmailMessage:
    """Write a letter out; what would break a header is a blank in it."""
    message = EmailMessage()
    message["From"] = Address("Portolan", addr_spec=sender)
    message["To"] = letter.to
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2]}>"
    message["X-Portolan-Id"] = str(letter.id)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def _text(raw: bytes | str) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
