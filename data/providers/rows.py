"""What providers' clients have in common: bars in order, raw closes out of adjusted ones, one request an instrument, and US symbols."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any, Final, TypeVar

from data.providers import cells
from data.providers.base import History, HttpProvider
from data.providers.units import in_currency
from engine.errors import MalformedResponse, ProviderError, ProviderRefused, UnknownSymbol
from engine.types import AssetClass, Bar, CorporateAction, Instrument, Quote

US: Final = frozenset({"XNAS", "XNGS", "XNMS", "XNCM", "XNYS", "ARCX", "XASE", "BATS", "IEXG", "OOTC", "OTCM", "NASDAQ", "NYSE", "AMEX", "US"})
IN_HUNDREDTHS: Final = frozenset({"GBP", "ZAR", "ILS"})  # currencies in whose hundredths shares are quoted: who does not tell the unit is not asked
LISTED: Final = frozenset({AssetClass.EQUITY, AssetClass.FUND})
EXACT: Final = Context(prec=12)
CLASSES: Final = (  # words of a provider's type of security, the first that is found decides
    (("option", "warrant"), AssetClass.OPTION), (("future", "commodity"), AssetClass.COMMODITY), (("crypto", "coin"), AssetClass.CRYPTO),
    (("etf", "etp", "etn", "fund", "unit trust"), AssetClass.FUND), (("index", "indices"), AssetClass.INDEX),
    (("bond", "note", "debt"), AssetClass.BOND), (("currency", "forex", "fx"), AssetClass.FX),
    (("stock", "equity", "share", "reit", "adr", "gdr", "receipt", "common", "preferred", "ltd part"), AssetClass.EQUITY),
)  # fmt: skip
Found = TypeVar("Found")
_log = logging.getLogger(__name__)


class ToldApart(HttpProvider):
    """A provider that tells bars and actions in requests of their own, or has no actions."""

    def fetch_actions(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return nothing: actions are not offered."""
        del instrument, start, end
        return []

    def fetch_history(self, instrument: Instrument, start: date, end: date) -> History:
        """Return bars and actions; where the plan refuses the actions, the bars alone."""
        bars = self.fetch_bars(instrument, start, end)
        try:
            actions = self.fetch_actions(instrument, start, end) if "actions" in self.offers else []
        except ProviderRefused as error:
            _log.warning("%s has bars of %s, but no splits and dividends: %s", self.name, instrument.symbol, error.message)
            actions = []
        return History(bars, actions, instrument.currency)


def beneath(base_url: str, version: str) -> str:
    """Give the part of a path that names the version of an interface; none where the base URL that a user gave has it already.

    Examples
    --------
    >>> beneath("https://finnhub.io", "/api/v1"), beneath("http://127.0.0.1:8080/api/v1", "/api/v1")
    ('/api/v1', '')
    """
    return "" if base_url.endswith(version) else version


def asset_class(text: object) -> AssetClass:
    """Tell the class of what a provider calls its type of security."""
    words = cells.word(text).lower()
    return next((found for known, found in CLASSES if any(word in words for word in known)), AssetClass.OTHER)


def sourced(instrument: Instrument, provider: str) -> str | None:
    """Give the symbol under which an instrument's own sources name a provider."""
    return next((source.symbol for source in instrument.sources if source.provider == provider), None)


def us_symbol(instrument: Instrument, provider: str) -> str | None:
    """Give the symbol of a US listing, for who quotes these in dollars and says nothing of other units; None for all others."""
    given = sourced(instrument, provider)
    if given is not None:
        return None if instrument.currency in IN_HUNDREDTHS else given
    listed = instrument.asset_class in LISTED and instrument.currency == "USD" and (instrument.exchange is None or instrument.exchange in US)
    return instrument.symbol if listed else None


def quote(provider: str, instrument: Instrument, price: object, ts: datetime | None, received: datetime, *, volume: object = None) -> Quote:
    """Make a quote of what a provider tells of an instrument in its currency.

    Raises
    ------
    MalformedResponse
        The price is none, or there is no time.
    """
    found, traded = cells.price(price), cells.volume(volume)
    if found is None or ts is None:
        raise MalformedResponse(provider, reason=f"the quote of {instrument.symbol} has no {'time' if found else 'price'}")
    size = None if traded is None else float(traded)
    return Quote(instrument.id, instrument.symbol, float(found), ts, received, provider, instrument.currency, size)


def bar(day: date | None, row: Sequence[Any], *, adjusted: object = None, source: str) -> Bar | None:
    """Make a bar of open, high, low, close and volume; None where there is no day or the close is no price."""
    opened, high, low, close, volume = row
    found = cells.price(close)
    if day is None or found is None:
        return None
    return Bar(day, found, cells.price(opened), cells.price(high), cells.price(low), cells.volume(volume), cells.price(adjusted), source)


def in_order(provider: str, made: Iterable[Bar | None], start: date, end: date) -> list[Bar]:
    """Give the bars of a period by date.

    Raises
    ------
    MalformedResponse
        There were rows and none is a bar, or a date has two different ones.
    """
    rows = list(made)
    found: dict[date, Bar] = {}
    for each in (bar for bar in rows if bar is not None):
        if found.setdefault(each.date, each) != each:
            raise MalformedResponse(provider, reason=f"{each.date} has two different bars")
    if rows and not found:
        raise MalformedResponse(provider, reason="no row has a date and a price")
    return [found[day] for day in sorted(found) if start <= day <= end]


def unadjusted(bars: Iterable[Bar], splits: Iterable[CorporateAction]) -> list[Bar]:
    """Undo splits in bars that were adjusted for them: what a share cost on the day, and how many were traded.

    Parameters
    ----------
    bars : iterable of Bar
    splits : iterable of CorporateAction
        All since the first bar, up to today; their `ratio` is new shares per old.
    """
    known = [action for action in splits if action.kind == "split" and action.ratio]
    return [_times(each, _product(action.ratio for action in known if action.ratio and action.date > each.date)) for each in bars]


def one_by_one(instruments: Sequence[Instrument], fetch: Callable[[Instrument], Found | None]) -> list[Found]:
    """Ask for one instrument after the other, and give what was found; errors as in `together`."""

    def asking(instrument: Instrument) -> Callable[[], list[Found]]:
        return lambda: [found for found in [fetch(instrument)] if found is not None]

    return together(asking(instrument) for instrument in instruments)


def together(questions: Iterable[Callable[[], list[Found]]]) -> list[Found]:
    """Put some questions, and give all that was found.

    One whose symbol is unknown or whose answer cannot be read does not keep the others from their answers; any other failure ends the round
    with what was found so far. Where nothing was found, the first failure is raised.
    """
    found: list[Found] = []
    first: ProviderError | None = None
    for question in questions:
        try:
            found += question()
        except ProviderError as error:
            first = first or error
            if not isinstance(error, UnknownSymbol | MalformedResponse):
                break
    if first is not None and not found:
        raise first
    return found


def _product(ratios: Iterable[Decimal]) -> Decimal:
    product = Decimal(1)
    for ratio in ratios:
        product *= ratio
    return product


def _times(bar: Bar, ratio: Decimal) -> Bar:
    if ratio == 1:
        return bar
    return replace(
        bar, close=EXACT.multiply(bar.close, ratio), open=_product_or_none(bar.open, ratio), high=_product_or_none(bar.high, ratio),
        low=_product_or_none(bar.low, ratio), volume=None if bar.volume is None else EXACT.divide(bar.volume, ratio))


def _product_or_none(price: Decimal | None, ratio: Decimal) -> Decimal | None:
    return None if price is None else EXACT.multiply(price, ratio)


def split(provider: str, day: object, new: object, old: object) -> CorporateAction:
    """Make a split of `new` shares for `old` ones.

    Raises
    ------
    MalformedResponse
        It has no date, or one of the numbers is not above 0.
    """
    date_, many, few = cells.day(day), cells.price(new), cells.price(old)
    if date_ is None or many is None or few is None:
        raise MalformedResponse(provider, reason="a split has no date or no ratio")
    return CorporateAction(date_, "split", ratio=EXACT.divide(many, few), source=provider)


def dividend(provider: str, day: object, amount: object, currency: object) -> CorporateAction:
    """Make a dividend of an amount a share, on its ex-date.

    Raises
    ------
    MalformedResponse
        It has no date, or the amount is not above 0.
    """
    date_, paid = cells.day(day), cells.price(amount)
    unit = currency if isinstance(currency, str) else None
    if date_ is None or paid is None:
        raise MalformedResponse(provider, reason="a dividend has no date or no amount")
    found, code = in_currency(paid, unit)
    return CorporateAction(date_, "dividend", amount=found, currency=code or None, source=provider)
