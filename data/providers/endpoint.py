"""Endpoints of a user's own: a URL with a place for the symbol, and where the price stands in its answer.

What may be asked is decided anew before every request: the operator's list of hosts may have changed, and so may the addresses of a name.
One endpoint that fails does not keep the others from their answers; each has a budget and a breaker of its own.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final, Self
from urllib.parse import quote
from uuid import UUID

from data.budgets import Limits, ProviderState
from data.endpoint_records import Reading, StoredEndpoint
from data.providers import endpoint_reading
from data.providers.base import HttpProvider
from data.providers.endpoint_hosts import AllowList
from data.providers.endpoint_reading import Seen
from data.providers.symbols import check_symbol
from data.providers.wire import Answer, Wire, quoted
from engine.errors import InvalidInput, MalformedResponse, PortfolioError, ProviderError, ProviderRefused, ProviderUnavailable, UnknownSymbol
from engine.types import Instrument, Quote

if TYPE_CHECKING:
    from data.database import Database
    from data.settings import Settings

REFRESH_SECONDS: Final = 10.0
MAX_BYTES: Final = 2 * 2**20
OF_EACH: Final = Limits(per_second=5.0, burst=20)
WIRES: Final = 200
Find = Callable[[UUID, str], StoredEndpoint | None]  # of a workspace, by name
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trial:
    """What one call of an endpoint brought: what was read, or the error, and the beginning of the answer."""

    status: int | None
    content_type: str | None
    size: int | None
    excerpt: str | None
    seen: Seen | None
    error: ProviderError | None


class Endpoints(HttpProvider):
    """Asks the endpoints that instruments name as their source: `endpoint` with the symbol `desk/AAPL`, or `desk` for the instrument's own.

    Parameters
    ----------
    find : callable
        Gives an endpoint of a workspace by its name.
    allowed : AllowList
    key : str, optional
        Put where `{key}` stands in a URL.
    state : callable, optional
        Gives budget and breaker by name.
    addresses : callable, optional
        Gives the addresses of a host; default those that `allowed` has checked.
    """

    name: ClassVar[str] = endpoint_reading.NAME
    home: ClassVar[str] = ""
    limits: ClassVar[Limits] = Limits(batch=100)
    offers: ClassVar[frozenset[str]] = frozenset({"quotes"})

    def __init__(self, find: Find, allowed: AllowList, key: str | None = None, *, state: Callable[[str], ProviderState] | None = None,
                 addresses: Callable[[str], Sequence[str]] | None = None) -> None:
        super().__init__(Wire(self.name, "https://localhost"), key)  # asks nobody: every endpoint has a line of its own
        self.allowed = allowed
        self._find, self._state, self._addresses = find, state, addresses or allowed.addresses
        self._wires: OrderedDict[tuple[str, str], Wire] = OrderedDict()
        self._known: dict[tuple[UUID, str], tuple[float, StoredEndpoint | None]] = {}

    @classmethod
    def refusal(cls, settings: Settings) -> str | None:
        """Tell why it cannot run with these settings; None where it can."""
        return None if settings.endpoint_hosts else "may ask nobody: name hosts in ENDPOINT_HOSTS"

    @classmethod
    def from_settings(cls, settings: Settings, database: Database | None, argument: str = "") -> Self:
        """Build it."""
        del argument

        def find(workspace_id: UUID, name: str) -> StoredEndpoint | None:
            if database is None:
                return None
            with database.read() as unit:
                return unit.endpoints.by_name(workspace_id, name)

        state = None if database is None else lambda name: ProviderState(database, name, OF_EACH)
        return cls(find, AllowList.of(settings.endpoint_hosts), settings.provider_api_keys.get(cls.name), state=state)

    def abort(self) -> None:
        """End what is being asked now: the process stops."""
        super().abort()
        for wire in tuple(self._wires.values()):
            wire.abort()

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked: what names it as its source."""
        return any(source.provider == self.name for source in instrument.sources)

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the last price of each instrument that its endpoint tells."""
        del since
        found: list[Quote] = []
        answers: dict[str, Answer | PortfolioError] = {}
        first: ProviderError | None = None
        for instrument in instruments:
            try:
                found.append(self._quote(instrument, now, answers))
            except ProviderError as error:
                first = first or error
                _log.warning("%s: %s", instrument.symbol, error.message)
        if first is not None and not found:
            raise first
        return found

    def trial(self, name: str, url: str, reading: Reading, symbol: str) -> Trial:
        """Ask once, and give what would be read; nothing is stored.

        Raises
        ------
        InvalidInput
            The URL may not be asked, or the symbol is none.
        """
        self.allowed.check(url, needs_symbol=reading.symbol is None)
        check_symbol(symbol)
        try:
            answer = self._asked(self._wire(name, url, tried=True), url, symbol)
        except ProviderError as error:
            return Trial(None, None, None, None, None, error)
        shown = self._wire(name, url, tried=True).redacted(answer.text[:1000])
        told = Trial(answer.status, answer.content_type or None, len(answer.body), shown, None, None)
        try:
            return replace(told, seen=endpoint_reading.read(reading, answer, symbol))
        except ProviderError as error:
            return replace(told, error=error)

    def _quote(self, instrument: Instrument, now: datetime, answers: dict[str, Answer | PortfolioError]) -> Quote:
        endpoint, symbol = self._source(instrument)
        wire = self._wire(endpoint.name, endpoint.url)
        key = f"{endpoint.id} {symbol if '{symbol}' in endpoint.url else ''}"
        if key not in answers:
            answers[key] = self._answer(endpoint, wire, symbol)
        answer = answers[key]
        if isinstance(answer, PortfolioError):
            raise answer
        try:
            seen = endpoint_reading.read(endpoint.reading, answer, symbol)
        except ProviderError as error:
            raise wire.failed(error) from None
        if seen.currency not in {None, instrument.currency}:
            reason = f"{endpoint.name} tells {instrument.symbol} in {seen.currency}, not {instrument.currency}"
            raise wire.failed(MalformedResponse(self.name, reason=reason))
        volume = None if seen.volume is None else float(seen.volume)
        return Quote(instrument.id, instrument.symbol, float(seen.price), seen.ts or answer.received, now, self.name, instrument.currency, volume)

    def _answer(self, endpoint: StoredEndpoint, wire: Wire, symbol: str) -> Answer | PortfolioError:
        """Ask, if that is still allowed; gives the error, so that an endpoint that failed is not asked again for the same."""
        try:
            self.allowed.check(endpoint.url, needs_symbol=endpoint.reading.symbol is None, look_up=False)
            return self._asked(wire, endpoint.url, symbol)
        except InvalidInput as error:
            return _refusal(error, f"{endpoint.name}: ")
        except ProviderError as error:
            return error

    def _asked(self, wire: Wire, url: str, symbol: str) -> Answer:
        path = url[len(wire.base_url):].replace("{symbol}", quoted(symbol)).replace("{key}", quote(self.key or "", safe=""))
        try:
            answer = wire.get(path or "/", expected=(200, 404))
        except InvalidInput as error:  # the name turned to another address since it was checked
            raise _refusal(error) from None
        if answer.status != 200:
            raise UnknownSymbol(self.name, symbol)
        return answer

    def _source(self, instrument: Instrument) -> tuple[StoredEndpoint, str]:
        """Find which endpoint an instrument means, and what it is called there."""
        told = next(source.symbol for source in instrument.sources if source.provider == self.name)
        name, _, symbol = told.partition("/")
        known = self._known.get((instrument.workspace_id, name))
        if known is None or time.monotonic() - known[0] > REFRESH_SECONDS:
            known = self._known[instrument.workspace_id, name] = (time.monotonic(), self._find(instrument.workspace_id, name))
        if known[1] is None:
            raise MalformedResponse(self.name, reason=f"there is no endpoint {name}")
        return known[1], symbol or instrument.symbol

    def _wire(self, name: str, url: str, *, tried: bool = False) -> Wire:
        """Give the line to a host; one of a trial has no budget and no breaker."""
        origin = "/".join(url.split("/", 3)[:3]).split("?")[0]
        key = (f"{self.name}:{name}{' (trial)' if tried else ''}", origin)
        if key not in self._wires:
            state = self._state(key[0]) if self._state is not None and not tried else None
            secrets = [self.key] if self.key else []
            self._wires[key] = Wire(self.name, origin, state=state, secrets=secrets, max_bytes=MAX_BYTES, addresses=self._addresses)
        self._wires.move_to_end(key)
        while len(self._wires) > WIRES:
            self._wires.popitem(last=False)[1].close()
        return self._wires[key]


def _refusal(error: InvalidInput, whose: str = "") -> ProviderError:
    """Say that a URL may not be asked, or that its host is not found just now, as an error of a provider."""
    if error.context.get("rule") == "unknown_host":
        return ProviderUnavailable(Endpoints.name, reason=whose + error.message)
    return ProviderRefused(Endpoints.name, reason=whose + error.message)


PROVIDER = Endpoints
