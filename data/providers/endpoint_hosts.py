"""Which URLs a user may have prices read from: hosts that the operator named, over https, at public addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from data.addresses import Resolver, checked
from engine.errors import InvalidInput

LONGEST: Final = 2000
PLACES: Final = frozenset({"symbol", "key"})  # what a template may leave open
PORTS: Final = {"http": 80, "https": 443}
ENTRY: Final = re.compile(r"(?:(?P<scheme>https?)://)?(?P<host>(?:\*\.)?[a-z0-9][a-z0-9.-]*|\[[0-9a-f:]+\])(?::(?P<port>[0-9]{1,5}))?")
HINT: Final = "Ask who runs this server to name the host in ENDPOINT_HOSTS"


@dataclass(frozen=True, slots=True)
class Allowed:
    """One entry of the list: `prices.example.com`, `*.example.org`, `https://a.example:8443`, or `http://plain.example` without encryption."""

    scheme: str
    host: str
    port: int

    @classmethod
    def read(cls, entry: str) -> Self | None:
        """Read an entry; None where it is none."""
        found = ENTRY.fullmatch(entry.strip().lower().rstrip("/"))
        if found is None or int(found["port"] or 1) not in range(1, 65536):
            return None
        scheme = found["scheme"] or "https"
        return cls(scheme, found["host"].strip("[]"), int(found["port"] or PORTS[scheme]))

    def covers(self, parts: SplitResult) -> bool:
        """Tell whether a URL is of this entry."""
        host = (parts.hostname or "").rstrip(".")
        named = host.endswith(self.host[1:]) if self.host.startswith("*.") else host == self.host
        return named and (parts.scheme, _port(parts)) == (self.scheme, self.port)


@dataclass(frozen=True, slots=True)
class AllowList:
    """What `ENDPOINT_HOSTS` names.

    Attributes
    ----------
    entries : tuple of Allowed
        Empty: no endpoint may be asked.
    resolve : callable, optional
        Looks names up; default the system's resolver.
    """

    entries: tuple[Allowed, ...] = ()
    resolve: Resolver | None = None

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Read what a setting says."""
        return cls(tuple(entry for text in texts if (entry := Allowed.read(text)) is not None))

    def addresses(self, host: str) -> tuple[str, ...]:
        """Give the addresses of a host, every one of them public; raises `InvalidInput` where one is not."""
        return checked(host, resolve=self.resolve)

    def check(self, url: str, *, needs_symbol: bool = True, look_up: bool = True) -> SplitResult:
        """Give the parts of a template that may be asked; without `look_up` as far as that is known without asking for its addresses.

        Raises
        ------
        InvalidInput
            It is no URL, not https, names a password, leaves more open than `{symbol}` and `{key}`, or its host is not named by the operator, or is
            not public. Names are looked up last, so that one that is not allowed never is.
        """
        parts = _parts(url)
        if parts.scheme not in PORTS or (parts.scheme == "http" and not any(entry.covers(parts) for entry in self.entries)):
            raise _refusal(url, "not_https", "is not an https address", "Use https://, or have http:// and the host named in ENDPOINT_HOSTS")
        _check_template(url, parts, needs_symbol=needs_symbol)
        _refuse_private(parts.hostname or "")
        if not any(entry.covers(parts) for entry in self.entries):
            raise _refusal(url, "host_not_allowed", f"is on {parts.hostname}, which may not be asked", HINT)
        if look_up:
            self.addresses(parts.hostname or "")
        return parts


def _parts(url: str) -> SplitResult:
    """Split a URL that is plain text of a usual length."""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or any(char in url for char in ' \\"<>^`|'):
        raise _refusal(url[:80], "not_a_url", "is not an address", f"Send at most {LONGEST} characters, without spaces")
    try:
        parts = urlsplit(url)
        _port(parts)
    except ValueError:
        raise _refusal(url, "not_a_url", "is not an address", "Send one such as https://prices.example.com/last?s={symbol}") from None
    if not parts.hostname:
        raise _refusal(url, "not_a_url", "names no host", "Send one such as https://prices.example.com/last?s={symbol}")
    return parts


def _check_template(url: str, parts: SplitResult, *, needs_symbol: bool) -> None:
    """Refuse what a template may not hold."""
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        shown = f"{parts.scheme}://{parts.hostname}"
        raise _refusal(shown, "credentials", "holds a name or a password", "Put {key} where a key stands, and the key into ENDPOINT_API_KEY")
    open_places = re.findall(r"\{([^{}]*)\}", url)
    if set(open_places) - PLACES or len(open_places) != url.count("{") or len(open_places) != url.count("}"):
        raise _refusal(url, "not_a_template", "leaves open what is not known", "Use {symbol}, and {key} where a key is wanted")
    if "{" in parts.netloc or parts.fragment:
        raise _refusal(url, "not_a_template", "has an open place in its host, or a fragment", "Use {symbol} behind the host")
    if needs_symbol and "symbol" not in open_places:
        raise _refusal(url, "no_symbol", "does not say where the symbol stands", "Put {symbol} into it, or name the column or path of the symbol")


def _refuse_private(host: str) -> None:
    """Refuse an address that is told as such; a name is not looked up here."""

    def as_public(_name: str) -> list[str]:
        return ["1.1.1.1"]  # any public address: only the form of the name is judged

    checked(host, resolve=as_public)


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS.get(parts.scheme, 0)


def _refusal(url: str, rule: str, reason: str, hint: str) -> InvalidInput:
    return InvalidInput("url", url, reason, hint=hint, rule=rule)
