"""How a provider is asked over HTTP: within its budget and a deadline, with a cap on bytes, and so that no key is ever told.

Whatever goes wrong becomes one of the errors of `engine.errors` whose `retry` says what the feed does next, and is noted in the
provider's state. Equal requests of one moment are asked once; what did not change since the last time is not sent again.
"""

from __future__ import annotations

import json
import time
import zlib
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from html import escape
from threading import Lock
from typing import Final, Protocol
from urllib.parse import quote, quote_plus, urljoin, urlsplit

import requests
import urllib3

from data import calendar, logs
from data.budgets import ProviderState
from data.providers.answer import Answer, seconds_to_wait
from data.providers.sockets import Adapter, Addresses, Deadline
from data.providers.symbols import check_symbol
from engine.errors import MalformedResponse, ProviderError, ProviderRefused, ProviderTimeout, ProviderUnavailable, RateLimited

__all__ = ["Answer", "Wire", "check_symbol", "quoted"]
AGENT: Final = "Mozilla/5.0 (compatible; Portolan/1; portfolio prices)"
CHUNK: Final = 64 * 1024
PIECE: Final = 256 * 1024
MAX_REDIRECTS: Final = 3
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
REMEMBERED: Final = 128
REMEMBERED_BYTES: Final = 256 * 1024
PACKINGS: Final = {"": False, "identity": False, "gzip": True, "x-gzip": True, "deflate": True}
SHOWN: Final = 200
HIDDEN: Final = "[hidden]"
LEAST_SECRET: Final = 6  # a shorter one is no secret, and stands in words


def quoted(symbol: str) -> str:
    """Check a symbol and write it so that it is one piece of a path."""
    return quote(check_symbol(symbol), safe="")


class Inflate(Protocol):
    """What unpacks (`zlib.decompressobj`)."""

    @property
    def unconsumed_tail(self) -> bytes:
        """What waits to be unpacked."""

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        """Unpack some."""


class Wire:
    """The line to one provider.

    Parameters
    ----------
    provider : str
    base_url : str
    state : ProviderState, optional
        Budget and breaker, asked before and told after every request.
    secrets : sequence of str
        Never told in a message, whatever a provider echoes.
    deadline_seconds : float
        Of a request as a whole: name, connection, headers, body, redirects.
    max_bytes : int
        Of a body, both as sent and unpacked.
    headers : Mapping, optional
        Sent with every request.
    addresses : callable, optional
        Gives the addresses of a host to connect to, or refuses it: for a URL that a user gave. Such a one is not redirected either.
    """

    def __init__(self, provider: str, base_url: str, *, state: ProviderState | None = None, secrets: Sequence[str] = (),
                 deadline_seconds: float = 10.0, max_bytes: int = 16 * 2**20, headers: Mapping[str, str] | None = None,
                 addresses: Addresses | None = None) -> None:
        logs.hush()
        self.provider = provider
        self.base_url = base_url.rstrip("/")
        self.state = state
        self.deadline_seconds = deadline_seconds
        self.max_bytes = max_bytes
        self._redirects = MAX_REDIRECTS if addresses is None else 0
        self._secrets = tuple(sorted({text for secret in secrets if secret for text in _spellings(secret)}, key=len, reverse=True))
        self._echoes = tuple(secret.encode() for secret in self._secrets if len(secret) >= LEAST_SECRET)
        self._lock = Lock()
        self._flights: dict[str, Future[Answer]] = {}
        self._running: set[Deadline] = set()
        self._remembered: OrderedDict[str, Answer] = OrderedDict()
        self._session = requests.Session()
        self._session.trust_env = False  # settings come from data.settings alone
        self._session.headers.update({"User-Agent": AGENT, "Accept-Encoding": "gzip, deflate", **(headers or {})})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Adapter(addresses=addresses))

    def get(self, path: str, params: Mapping[str, object] | None = None, *, headers: Mapping[str, str] | None = None,
            expected: Collection[int] = (200,), cost: int = 1) -> Answer:
        """Ask for something; who asks for the same at the same time gets the same answer.

        Parameters
        ----------
        path : str
            Behind the base URL; pieces that come from outside go through `quoted`.
        params : Mapping, optional
            Those that are None are left out.
        expected : collection of int
            Statuses that the provider reads itself; any other is an error.
        cost : int
            What it takes of the budget.

        Raises
        ------
        RateLimited, ProviderTimeout, ProviderUnavailable, MalformedResponse, ProviderRefused, CircuitOpen
        """
        request = requests.Request("GET", self._url(path), params=_given(params), headers=dict(headers or {}))
        prepared = self._session.prepare_request(request)
        key = f"{prepared.url} {sorted((headers or {}).items())}"
        with self._lock:
            flight = self._flights.get(key)
            mine = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if not mine:
            return flight.result()
        try:
            answer = self._remembering(key, prepared, expected, cost)
        except BaseException as error:
            flight.set_exception(error)
            raise
        else:
            flight.set_result(answer)
            return answer
        finally:
            with self._lock:
                del self._flights[key]

    def post(self, path: str, json: object, params: Mapping[str, object] | None = None, *, headers: Mapping[str, str] | None = None,
             expected: Collection[int] = (200,), cost: int = 1) -> Answer:
        """Send JSON and give the answer; raises as `get`."""
        request = requests.Request("POST", self._url(path), params=_given(params), json=json, headers=dict(headers or {}))
        return self._checked(self._session.prepare_request(request), expected, cost)

    def failed(self, error: ProviderError) -> ProviderError:
        """Note an error that showed when an answer was read, and give it back to be raised."""
        if self.state is not None:
            self.state.failed(error, late=True)
        return error

    def redacted(self, text: str) -> str:
        """Give a text of the provider's without our secrets, short, on one line."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
        return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"

    def abort(self) -> None:
        """End every question that waits for its answer now, as if its time were over."""
        for deadline in tuple(self._running):
            deadline.abort()

    def close(self) -> None:
        """Close what is open."""
        self._session.close()

    def _url(self, path: str) -> str:
        """Join a path to the base; a whole URL passes where it is on the same host."""
        whole = path if path.startswith(("http://", "https://")) else self.base_url + path
        if not _same_place(self.base_url, whole):
            raise self.failed(MalformedResponse(self.provider, reason="it points to another host"))
        return whole

    def _remembering(self, key: str, prepared: requests.PreparedRequest, expected: Collection[int], cost: int) -> Answer:
        """Ask whether a remembered answer still holds."""
        known = self._remembered.get(key)
        if known is not None:
            prepared.headers.update(_conditions(known))
        answer = self._checked(prepared, {*expected, 304} if known else expected, cost)
        if answer.status == 304 and known is not None:
            return replace(known, received=answer.received)
        with self._lock:
            self._remembered.pop(key, None)
            if answer.status == 200 and len(answer.body) <= REMEMBERED_BYTES and _conditions(answer):
                self._remembered[key] = answer
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return answer

    def _checked(self, prepared: requests.PreparedRequest, expected: Collection[int], cost: int) -> Answer:
        """Ask within the budget, and note what came of it."""
        if self.state is not None:
            self.state.take(cost)
        started = time.monotonic()
        try:
            answer = self._asked(prepared)
            if answer.status not in expected:
                raise self._refusal(answer)
        except ProviderError as error:
            if self.state is not None:
                self.state.failed(error)
            raise
        if self.state is not None:
            self.state.succeeded((time.monotonic() - started) * 1000)
        return answer

    def _asked(self, prepared: requests.PreparedRequest) -> Answer:
        """Ask before the deadline; whatever the libraries raise becomes an error of the house."""
        deadline = Deadline(self.deadline_seconds)
        try:
            with deadline.running():
                self._running.add(deadline)
                answer = self._followed(prepared)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, ProviderUnavailable) as error:
            if deadline.over or isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
                raise self._timeout(deadline) from None
            if isinstance(error, ProviderUnavailable):
                raise
            raise ProviderUnavailable(self.provider, reason=_why(error)) from None
        finally:
            self._running.discard(deadline)
        if deadline.passed:
            raise self._timeout(deadline)
        return answer

    def _timeout(self, deadline: Deadline) -> ProviderTimeout:
        """Say that it was not in time; where we hung up, that is no fault of the provider."""
        error = ProviderTimeout(self.provider, seconds=self.deadline_seconds)
        error.noted = deadline.aborted
        return error

    def _followed(self, prepared: requests.PreparedRequest) -> Answer:
        """Ask, and go where the same host points to; to another one never."""
        for _ in range(self._redirects + 1):
            answer = self._once(prepared)
            target = answer.headers.get("location")
            if answer.status not in REDIRECTS or not target:
                return answer
            if not self._redirects:
                break
            there = urljoin(str(prepared.url), target)
            if prepared.method != "GET" or not _same_place(str(prepared.url), there):
                raise MalformedResponse(self.provider, reason="it points to another host")
            prepared.prepare_url(there, None)
        raise MalformedResponse(self.provider, reason="it points on again and again" if self._redirects else "it points elsewhere")

    def _once(self, prepared: requests.PreparedRequest) -> Answer:
        with self._session.send(prepared, stream=True, allow_redirects=False, timeout=self.deadline_seconds) as response:
            body = self._body(response)
            headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, body, headers.get("content-type", ""), headers, calendar.now(), self._unreadable)

    def _unreadable(self, reason: str) -> ProviderError:
        return self.failed(MalformedResponse(self.provider, reason=self.redacted(reason)))

    def _body(self, response: requests.Response) -> bytes:
        """Read and unpack, neither beyond the cap: a small body may unpack to a large one."""
        packing = response.headers.get("content-encoding", "").strip().lower()
        if packing not in PACKINGS:
            raise MalformedResponse(self.provider, reason="it is packed in a way that was not asked for")
        if int(response.headers.get("content-length", "0").strip() or 0) > self.max_bytes:
            raise self._too_long()
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 32) if PACKINGS[packing] else None
        parts, sent, size = list[bytes](), 0, 0
        for chunk in response.raw.stream(CHUNK, decode_content=False):
            sent += len(chunk)
            for piece in self._unpacked(chunk, inflate):
                parts.append(piece)
                size += len(piece)
                if max(sent, size) > self.max_bytes:
                    raise self._too_long()
        sized = "content-length" in response.headers or "transfer-encoding" in response.headers
        cut_in_head = not sent and not sized and response.status_code == 200
        if cut_in_head or (inflate and sent and not inflate.eof):
            raise ProviderUnavailable(self.provider, reason="it broke off before the end")
        if getattr(getattr(response.raw, "_original_response", None), "surplus", False):
            raise ProviderUnavailable(self.provider, reason="it is longer than it said")
        return self._without_echo(b"".join(parts))

    def _unpacked(self, chunk: bytes, inflate: Inflate | None) -> Iterator[bytes]:
        """Unpack a chunk piece by piece, so that whoever has enough can stop."""
        if inflate is None:
            yield chunk
            return
        while chunk:
            try:
                yield inflate.decompress(chunk, PIECE)
            except zlib.error:
                raise MalformedResponse(self.provider, reason="it cannot be unpacked") from None
            chunk = inflate.unconsumed_tail

    def _too_long(self) -> MalformedResponse:
        return MalformedResponse(self.provider, reason=f"it is longer than {self.max_bytes:,} bytes")

    def _without_echo(self, body: bytes) -> bytes:
        """Take our secrets out of a body that repeats them: whatever is read from it can be stored and shown."""
        for secret in self._echoes:
            body = body.replace(secret, HIDDEN.encode())
        return body

    def _refusal(self, answer: Answer) -> ProviderError:
        """Say what a status means."""
        told = self.redacted(answer.text[:1000])
        if answer.status == 429:
            return RateLimited(self.provider, retry_after_seconds=seconds_to_wait(answer))
        if answer.status in {401, 402, 403, 407, 451}:
            return ProviderRefused(self.provider, reason=told or f"status {answer.status}", answered=answer.status)
        if answer.status >= 500 or answer.status == 408:
            return ProviderUnavailable(self.provider, reason=f"status {answer.status}", answered=answer.status)
        return MalformedResponse(self.provider, reason=f"status {answer.status}: {told}")


def _spellings(secret: str) -> set[str]:
    """Give the ways in which a body or an address may repeat a secret."""
    return {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], secret.replace("/", "\\/"), escape(secret)}


def _given(params: Mapping[str, object] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (params or {}).items() if value is not None}


def _same_place(here: str, there: str) -> bool:
    """Whether two URLs are of one host, and the second is not less safe."""
    first, second = urlsplit(here), urlsplit(there)
    upgraded = (first.scheme, second.scheme) == ("http", "https") and first.port is None and second.port is None
    return first.hostname == second.hostname and (upgraded or (first.scheme, first.port) == (second.scheme, second.port))


def _conditions(known: Answer) -> dict[str, str]:
    told = {"If-None-Match": known.headers.get("etag"), "If-Modified-Since": known.headers.get("last-modified")}
    return {name: value for name, value in told.items() if value}


def _why(error: BaseException) -> str:
    """Say what broke without repeating the library's text, which holds the URL."""
    names = {
        "ConnectTimeout": "no connection in time", "ConnectionError": "the connection failed or was cut", "ChunkedEncodingError": "it broke off",
        "IncompleteRead": "it broke off before the end", "ProtocolError": "it broke off before the end", "SSLError": "its certificate is not trusted",
        "InvalidURL": "its address cannot be read", "InvalidHeader": "its headers cannot be read",
    }
    return names.get(type(error).__name__, "the connection failed or was cut")
