"""What the feed knows of a source of market data, and what every source over HTTP stands on.

A new source is one module in this folder: a class beneath `HttpProvider`, and a line `PROVIDER = ThatClass` (see CONTRIBUTING).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol, Self, runtime_checkable

from data.budgets import Limits, ProviderState
from data.providers.symbols import check_symbol
from data.providers.wire import Wire
from data.records import Rate
from engine.errors import MalformedResponse, ProviderError
from engine.types import AssetClass, Bar, CorporateAction, Instrument, Quote

if TYPE_CHECKING:
    from data.database import Database
    from data.settings import Settings

__all__ = ["History", "HttpProvider", "Limits", "Listing", "Provider", "Refusal"]


class Refusal(NamedTuple):
    """A provider that was asked for and cannot run, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One hit of a search: what a provider calls by this symbol."""

    symbol: str
    name: str
    asset_class: AssetClass
    currency: str | None
    exchange: str | None
    isin: str | None
    provider: str


@dataclass(frozen=True, slots=True)
class History:
    """Bars and actions that one request brought. `currency` is what the provider's prices were in, after units like GBp were turned."""

    bars: list[Bar] = field(default_factory=list)
    actions: list[CorporateAction] = field(default_factory=list)
    currency: str | None = None


@runtime_checkable
class Provider(Protocol):
    """A source of quotes, bars, actions and exchange rates.

    Methods answer what they have and leave out what they do not; they raise `ProviderError` where no answer was to be had.
    """

    @property
    def name(self) -> str:
        """Slug under which quotes and bars are stored."""

    @property
    def simulated(self) -> bool:
        """Whether what it tells is made up."""

    @property
    def limits(self) -> Limits:
        """How much it may be asked, and how many instruments one request takes."""

    @property
    def offers(self) -> frozenset[str]:
        """What it has, of quotes, bars, actions, search, fx and intraday."""

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked for this instrument."""

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the newest quote of each instrument, or all after `since` where the provider can tell, oldest first.

        The feed asks for at most `limits.batch` instruments at a time, so that what was answered is not lost with what was not.
        """

    def fetch_intraday(self, instruments: Sequence[Instrument], start: datetime, end: datetime, *, every_seconds: int) -> list[Quote]:
        """Return what the prices were from `start` to `end`, about one quote of each instrument a step, oldest first."""

    def fetch_bars(self, instrument: Instrument, start: date, end: date) -> list[Bar]:
        """Return the daily bars from `start` to `end`, both included, raw: as traded that day."""

    def fetch_actions(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return the splits and dividends from `start` to `end`, both included."""

    def fetch_history(self, instrument: Instrument, start: date, end: date) -> History:
        """Return bars and actions, in one request where the provider can."""

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return the daily rates of each pair from `start` to `end`, both included."""

    def search(self, text: str) -> list[Listing]:
        """Return what a text may mean, best first."""


class HttpProvider:
    """What providers over HTTP share: their wire, their symbols, and empty answers to what they do not offer.

    Parameters
    ----------
    wire : Wire
        Asks; holds budget, breaker and deadline.
    key : str or None
        `<NAME>_API_KEY`.
    """

    name: ClassVar[str]
    home: ClassVar[str]  # public base URL, where <NAME>_BASE_URL names no other
    needs_key: ClassVar[bool] = False
    simulated: ClassVar[bool] = False
    limits: ClassVar[Limits] = Limits()
    offers: ClassVar[frozenset[str]] = frozenset()
    headers: ClassVar[dict[str, str]] = {}  # sent with every request

    def __init__(self, wire: Wire, key: str | None = None) -> None:
        self.wire = wire
        self.key = key
        if wire.state is not None:
            self.limits = wire.state.limits  # type: ignore[misc]  # those of the user's plan

    @property
    def waits(self) -> bool:
        """Whether our own budget of the moment is what ended its answers: their turn comes."""
        return self.wire.state is not None and self.wire.state.waits

    def abort(self) -> None:
        """End what is being asked now: the process stops."""
        self.wire.abort()

    @classmethod
    def refusal(cls, settings: Settings) -> str | None:
        """Tell why it cannot run with these settings; None where it can."""
        missing = cls.needs_key and not settings.provider_api_keys.get(cls.name)
        return f"needs a key: set {cls.name.upper()}_API_KEY" if missing else None

    @classmethod
    def from_settings(cls, settings: Settings, database: Database | None, argument: str = "") -> Self:
        """Build it from its base URL and key; `argument` is what MARKET_DATA says behind a colon."""
        del argument
        key = settings.provider_api_keys.get(cls.name)
        limits = settings.limits_of(cls.name, cls.limits)
        state = ProviderState(database, cls.name, limits) if database is not None else None
        wire = Wire(cls.name, settings.provider_base_urls.get(cls.name, cls.home), state=state, secrets=[key] if key else [], headers=cls.headers)
        return cls(wire, key)

    def symbol(self, instrument: Instrument) -> str:
        """Give the symbol to ask for: the one the instrument names for this provider, else the provider's own rule."""
        given = next((source.symbol for source in instrument.sources if source.provider == self.name), None)
        return check_symbol(given or self.symbol_of(instrument))

    def symbol_of(self, instrument: Instrument) -> str:
        """Give the symbol by the provider's own rule, from symbol, exchange and currency."""
        return instrument.symbol

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked for this instrument: named as its source, or of no kind that others are for."""
        named = any(source.provider == self.name for source in instrument.sources)
        return named or ("quotes" in self.offers and instrument.asset_class is not AssetClass.CASH)

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return nothing: quotes are not offered."""
        del instruments, now, since
        return []

    def fetch_intraday(self, instruments: Sequence[Instrument], start: datetime, end: datetime, *, every_seconds: int) -> list[Quote]:
        """Return nothing: prices within the day are not offered."""
        del instruments, start, end, every_seconds
        return []

    def fetch_bars(self, instrument: Instrument, start: date, end: date) -> list[Bar]:
        """Return the bars of the history."""
        return self.fetch_history(instrument, start, end).bars

    def fetch_actions(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return the actions of the history."""
        return self.fetch_history(instrument, start, end).actions

    def fetch_history(self, instrument: Instrument, start: date, end: date) -> History:
        """Return nothing: a history is not offered."""
        del instrument, start, end
        return History()

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return nothing: rates are not offered."""
        del pairs, start, end
        return {}

    def search(self, text: str) -> list[Listing]:
        """Return nothing: a search is not offered."""
        del text
        return []

    @contextmanager
    def reading(self, what: str = "the answer") -> Iterator[None]:
        """Turn whatever a strange answer does to its reader into `MalformedResponse`, and count it against the provider.

        Parameters
        ----------
        what : str
            Named in the message, e.g. the symbol.
        """
        try:
            yield
        except ProviderError as error:
            raise self.wire.failed(error) from None
        except (KeyError, IndexError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            reason = f"{what}: {type(error).__name__} {error}"
            raise self.wire.failed(MalformedResponse(self.name, reason=self.wire.redacted(reason))) from None
