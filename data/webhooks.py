"""Messages posted to other people's servers: over https, to a checked public address, within a total time, without following anybody elsewhere."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Timer
from typing import Final
from urllib.parse import urlsplit

from data.addresses import Resolver, checked
from engine.errors import DeliveryFailed, InvalidInput

TIMEOUT_SECONDS: Final = 10.0
LONGEST_URL: Final = 2000
MOST_ANSWER: Final = 4096  # bytes of the answer that are read; nobody needs more of it
HTTPS_PORT: Final = 443
GONE: Final = 410
PLAIN: Final = re.compile(r"[\x21-\x7e]+")
Connect = Callable[[tuple[str, int], float], socket.socket]


@dataclass(frozen=True, slots=True)
class Target:
    """An address to post to, in parts."""

    host: str
    port: int
    path: str


def target_of(url: str, *, field: str = "url") -> Target:
    """Read the address of a webhook.

    Raises
    ------
    InvalidInput
        It is not https, names a user or nothing, holds blanks or control characters, or is longer than 2,000 characters.
    """
    if len(url) > LONGEST_URL or not PLAIN.fullmatch(url):
        raise InvalidInput(field, url, "is not an address", hint=f"Up to {LONGEST_URL} characters without blanks, such as https://hooks.example.com/in",
                           rule="bad_url")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or HTTPS_PORT
    except ValueError:
        parts, host, port = urlsplit(""), None, HTTPS_PORT
    if parts.scheme != "https":
        raise InvalidInput(field, url, "does not start with https://", hint="Use https: the message holds what you own", rule="not_https")
    if not host or parts.username is not None or parts.password is not None:
        raise InvalidInput(field, url, "has no host, or a password before it", hint="Write it as https://hooks.example.com/in", rule="bad_url")
    return Target(host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


class Webhooks:
    """Posts messages.

    Parameters
    ----------
    resolve : callable, optional
        Looks names up.
    connect : callable, optional
        Opens a connection to an address and port within some seconds.
    context : ssl.SSLContext, optional
        Whom to trust; default whom the system trusts.
    timeout_seconds : float
        For all of it, however slowly the other side drips.
    """

    def __init__(self, *, resolve: Resolver | None = None, connect: Connect | None = None, context: ssl.SSLContext | None = None,
                 timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._resolve, self._connect, self._timeout = resolve, connect or _connected, timeout_seconds
        self._context = context or ssl.create_default_context()

    def check(self, url: str) -> Target:
        """Read an address and make sure that it is public now; `InvalidInput` where it is not."""
        target = target_of(url)
        checked(target.host, resolve=self._resolve)
        return target

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Post a body and give the status, one of 200 to 299.

        Raises
        ------
        DeliveryFailed
            Any other status, a redirect, no answer within the time, an address that is not public; `final` where trying again cannot help.
        """
        try:
            target = target_of(url)
            addresses = checked(target.host, resolve=self._resolve)
        except InvalidInput as error:
            unknown = error.context.get("rule") == "unknown_host"
            raise DeliveryFailed("webhook", str(error.context["reason"]), final=not unknown, hint=error.context.get("hint")) from error
        try:
            status = self._posted(target, addresses[0], body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryFailed("webhook", f"{target.host}: {type(error).__name__}", hint="Is it up, and is its certificate sound?") from error
        if not 200 <= status < 300:
            raise DeliveryFailed("webhook", f"{target.host} answered {status}", final=status == GONE,
                                 hint="Redirects are not followed: give the address that answers" if 300 <= status < 400 else None)
        return status

    def _posted(self, target: Target, address: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Ask the checked address, under the name that its certificate must have."""
        raw = self._connect((address, target.port), self._timeout)
        sealed = self._context.wrap_socket(raw, server_hostname=target.host, do_handshake_on_connect=False)
        watchdog = Timer(self._timeout, _cut, [sealed])  # the socket's own limit begins anew with every byte
        watchdog.daemon = True
        watchdog.start()
        connection = http.client.HTTPConnection(target.host, target.port)
        try:
            sealed.do_handshake()
            connection.sock = sealed
            connection.request("POST", target.path, body, {"Host": _host(target), "Connection": "close", **headers})
            answer = connection.getresponse()
            answer.read(MOST_ANSWER)
            return answer.status
        finally:
            watchdog.cancel()
            connection.close()
            sealed.close()


def _host(target: Target) -> str:
    name = f"[{target.host}]" if ":" in target.host else target.host
    return name if target.port == HTTPS_PORT else f"{name}:{target.port}"


def _connected(address: tuple[str, int], timeout: float) -> socket.socket:
    return socket.create_connection(address, timeout=timeout)


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)  # not TLS's own, which would wait for the other side
