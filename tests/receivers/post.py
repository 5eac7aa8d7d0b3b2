"""A mail server that keeps what it is handed: enough of SMTP for STARTTLS, a login, and refusals."""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

PEM = Path(__file__).with_name("hooks.pem")


@dataclass
class PostOffice:
    """What came, and how the server behaves."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[tuple[str, str, bool]] = field(default_factory=list)  # user, password, encrypted
    encrypted: list[bool] = field(default_factory=list)  # of each letter
    starttls: bool = True
    refuse: str | None = None  # answer to the next recipients
    busy: int = 0  # so many letters are put off
    password: str = "secret"  # noqa: S105


@contextmanager
def post_office() -> Iterator[PostOffice]:  # noqa: C901 - one verb of the protocol after the other
    office = PostOffice()

    class Handler(socketserver.StreamRequestHandler):
        encrypted = False

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())
            self.wfile.flush()

        def handle(self) -> None:
            self.say("220 post office")
            while line := self.rfile.readline():
                verb, _, rest = line.decode().strip().partition(" ")
                if verb.upper() == "QUIT":
                    self.say("221 bye")
                    return
                getattr(self, f"on_{verb.lower()}", self.on_other)(rest)

        def on_other(self, _rest: str) -> None:
            self.say("250 ok")

        def on_ehlo(self, _rest: str) -> None:
            offers = ["STARTTLS"] if office.starttls and not self.encrypted else []
            lines = ["post office", *offers, "AUTH PLAIN"]
            for place, text in enumerate(lines):
                self.say(f"250{' ' if place == len(lines) - 1 else '-'}{text}")

        def on_starttls(self, _rest: str) -> None:
            self.say("220 go ahead")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(PEM)
            self.request = context.wrap_socket(self.request, server_side=True)
            self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb")
            self.encrypted = True

        def on_auth(self, rest: str) -> None:
            _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
            office.logins.append((user, password, self.encrypted))
            self.say("235 welcome" if password == office.password else "535 who are you")

        def on_rcpt(self, rest: str) -> None:
            if office.refuse:
                self.say(office.refuse)
                return
            office.recipients.append(rest.partition(":")[2].strip("<> "))
            self.say("250 ok")

        def on_data(self, _rest: str) -> None:
            self.say("354 write")
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            if office.busy:
                office.busy -= 1
                self.say("451 later")
                return
            office.letters.append(message_from_bytes(b"".join(lines), policy=policy.default))  # type: ignore[arg-type]
            office.encrypted.append(self.encrypted)
            self.say("250 taken")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, _request: object, _client: object) -> None:
            """A caller that hangs up is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    office.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield office
    finally:
        server.shutdown()
        server.server_close()
