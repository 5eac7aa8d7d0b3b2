"""Alpha Vantage: one symbol a request, 25 requests a day on a free key, status 200 whatever it says.

A free key has the last quote, the last 100 days, currency pairs and the search; a paid one the whole adjusted history and the day's
minutes, which is found out by asking once. On a free key splits and dividends are lists of their own: asked for with a long history,
when a close leaps, and once a week. Answers name no currency: it goes by the market, and where a market has several (London
quotes in pence, dollars and euros) by the search.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final
from zlib import crc32
from zoneinfo import ZoneInfo

from data import calendar
from data.providers import alphavantage_answers as answers
from data.providers.alphavantage_answers import Row
from data.providers.alphavantage_bars import actions as actions_of
from data.providers.alphavantage_bars import bars as bars_of
from data.providers.alphavantage_bars import leaps, payments, splits
from data.providers.alphavantage_symbols import listed, market_of
from data.providers.base import History, HttpProvider, Limits, Listing
from data.providers.numbers import count, price, zone
from data.providers.parts import each
from data.providers.units import in_currency
from data.providers.wire import Wire
from data.records import Rate
from engine.errors import InvalidInput, MalformedResponse, ProviderError, ProviderRefused, RateLimited, UnknownSymbol
from engine.types import AssetClass, CorporateAction, Instrument, Quote

_log = logging.getLogger(__name__)
SPACING_SECONDS: Final = 1.5  # a free key takes one request a second
COMPACT_DAYS: Final = 130  # calendar days that 100 bars surely reach back
STEPS: Final = ((60, "1min"), (300, "5min"), (900, "15min"), (1800, "30min"), (3600, "60min"))
KINDS: Final = frozenset({AssetClass.EQUITY, AssetClass.FUND, AssetClass.FX, AssetClass.CRYPTO})
CLASSES: Final = {"equity": AssetClass.EQUITY, "etf": AssetClass.FUND, "mutual fund": AssetClass.FUND}


class AlphaVantage(HttpProvider):
    """Provider of Alpha Vantage's prices.

    Attributes
    ----------
    premium : bool or None
        Whether the key's plan has the adjusted history; None as long as nobody has asked.
    """

    name: ClassVar[str] = "alphavantage"
    home: ClassVar[str] = "https://www.alphavantage.co"
    needs_key: ClassVar[bool] = True
    limits: ClassVar[Limits] = Limits(per_second=0.9, burst=1, per_day=25, batch=1)
    offers: ClassVar[frozenset[str]] = frozenset({"quotes", "bars", "actions", "search", "fx", "intraday"})

    def __init__(self, wire: Wire, key: str | None = None) -> None:
        super().__init__(wire, key)
        self.premium: bool | None = None
        self._minutes = True
        self._units: dict[str, str] = {}  # of symbols whose market has several

    def symbol_of(self, instrument: Instrument) -> str:
        """Give the symbol by exchange and class; pairs are six letters."""
        if instrument.asset_class is AssetClass.CRYPTO:
            return f"{instrument.symbol.removesuffix(instrument.currency).rstrip('-') or instrument.symbol}{instrument.currency}"
        return instrument.symbol if instrument.asset_class is AssetClass.FX else listed(instrument) or instrument.symbol

    def covers(self, instrument: Instrument) -> bool:
        """Whether it has prices of this kind and of this exchange."""
        named = any(source.provider == self.name for source in instrument.sources)
        at_home = instrument.asset_class in {AssetClass.FX, AssetClass.CRYPTO} or listed(instrument) is not None
        with suppress(InvalidInput):
            return bool(self.symbol(instrument)) and (named or (instrument.asset_class in KINDS and at_home))
        return False

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the last price of each instrument: of shares that of the last trading day."""
        del since
        by_symbol = {self.symbol(instrument): instrument for instrument in instruments}
        found = each(by_symbol, lambda symbol: self._quote(by_symbol[symbol], symbol, now))
        return [quote for quote in found.values() if quote is not None]

    def fetch_intraday(self, instruments: Sequence[Instrument], start: datetime, end: datetime, *, every_seconds: int) -> list[Quote]:
        """Return the closes of the steps from `start` to `end`, where the plan has them."""
        if not self._minutes:
            return []
        step = next((step for step in reversed(STEPS) if step[0] <= every_seconds), STEPS[0])
        by_symbol = {self.symbol(one): one for one in instruments if one.asset_class not in {AssetClass.FX, AssetClass.CRYPTO}}
        found = each(by_symbol, lambda symbol: self._steps(by_symbol[symbol], symbol, step))
        return sorted((quote for quotes in found.values() for quote in quotes if start <= quote.ts <= end), key=lambda quote: quote.ts)

    def fetch_history(self, instrument: Instrument, start: date, end: date) -> History:
        """Return the bars as traded; with actions where the plan has them."""
        symbol = self.symbol(instrument)
        if instrument.asset_class in {AssetClass.FX, AssetClass.CRYPTO}:
            return self._of_pair(instrument, symbol, start, end)
        unit, told = self._unit(symbol), self._adjusted(symbol, start)
        plain = told is None
        rows = self._series(symbol, function="TIME_SERIES_DAILY", outputsize="compact") if told is None else told
        with self.reading(symbol):
            bars = [bar for bar in bars_of(rows, unit, self._running(symbol)) if start <= bar.date <= end]
            actions = actions_of(rows, unit)
        if plain and (_is_long(start) or leaps(bars) or _is_its_day(symbol)):
            actions = self._lists(symbol, unit)
        return History(bars, [action for action in actions if start <= action.date <= end], in_currency(Decimal(1), unit)[1])

    def fetch_actions(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return the splits and dividends of a share, as every plan has them."""
        if instrument.asset_class in {AssetClass.FX, AssetClass.CRYPTO}:
            return []
        symbol = self.symbol(instrument)
        return [action for action in self._listed(symbol, self._unit(symbol)) if start <= action.date <= end]

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return the daily closes of currency pairs."""
        found = each([pair for pair in pairs if len(pair) == 6], lambda pair: self._pair_rows(pair, start))
        return {pair: [Rate(bar.date, bar.close, self.name) for bar in bars_of(told, pair[3:], calendar.today()) if start <= bar.date <= end]
                for pair, told in found.items()}

    def search(self, text: str) -> list[Listing]:
        """Return what a name or a symbol may mean, best first."""
        sought = "".join(char for char in text if char.isprintable()).strip()[:100]
        if not sought:
            return []
        with self.reading("a search"):
            return [_listing(hit) for hit in self._hits(sought)]

    def _asked(self, about: str, /, **params: object) -> Any:  # noqa: ANN401 - a body
        """Ask; where our own spacing refuses for less than a moment, ask then: nothing was sent yet."""
        question = {**params, "apikey": self.key}
        try:
            answer = self.wire.get("/query", question)
        except RateLimited as error:
            wait = error.context.get("retry_after_seconds")
            if error.context.get("until") != "burst" or wait is None or wait > SPACING_SECONDS:
                raise
            time.sleep(wait)
            answer = self.wire.get("/query", question)
        return answers.body(answer, about)

    def _hits(self, sought: str) -> list[Row]:
        told = answers.records(self._asked(sought, function="SYMBOL_SEARCH", keywords=sought), "bestMatches")
        return [hit for hit in told if hit.get("symbol")]

    def _quote(self, instrument: Instrument, symbol: str, now: datetime) -> Quote | None:
        if instrument.asset_class in {AssetClass.FX, AssetClass.CRYPTO}:
            return self._exchange_rate(instrument, symbol, now)
        unit = self._unit(symbol)
        with self.reading(symbol):
            told = self._asked(symbol, function="GLOBAL_QUOTE", symbol=symbol)
            row = told[0] if isinstance(told, list) and told else answers.record(told, "Global Quote")
            return self._of_row(instrument, symbol, row, unit, now)

    def _of_row(self, instrument: Instrument, symbol: str, row: Row, unit: str, now: datetime) -> Quote | None:
        """Read a quote; an empty one is of a symbol that is not known, one without a price tells nothing."""
        if not row:
            raise UnknownSymbol(self.name, symbol)
        if row.get("symbol", "").upper() != symbol.upper():
            raise MalformedResponse(self.name, reason="a quote of another symbol")
        told = price(row.get("price"), texts=True)
        if told is None:
            return None
        worth, currency = in_currency(told, unit)
        traded = answers.day(row.get("latest trading day") or row["latestday"])
        volume = count(row.get("volume"), texts=True)
        return Quote(instrument.id, instrument.symbol, float(worth), _closed(symbol, traded, now), now, self.name, currency,
                     None if volume is None else float(volume))

    def _exchange_rate(self, instrument: Instrument, symbol: str, now: datetime) -> Quote | None:
        """Ask what one currency or coin is worth in another."""
        first, second = _parted(symbol, instrument.currency)
        with self.reading(symbol):
            told = self._asked(symbol, function="CURRENCY_EXCHANGE_RATE", from_currency=first, to_currency=second)
            row = answers.record(told, "Realtime Currency Exchange Rate")
            if (row.get("from currency code"), row.get("to currency code")) != (first, second):
                raise MalformedResponse(self.name, reason="the rate of another pair")
            worth, clock = price(row.get("exchange rate"), texts=True), zone(row["time zone"])
            if clock is None:
                raise MalformedResponse(self.name, reason="a time zone that is not known")
            ts = answers.moment(row["last refreshed"]).replace(tzinfo=clock).astimezone(UTC)
        return None if worth is None else Quote(instrument.id, instrument.symbol, float(worth), ts, now, self.name, second)

    def _adjusted(self, symbol: str, start: date) -> list[Row] | None:
        """Ask for the adjusted history; None where the plan has none, which is asked once, when there is need."""
        if self.premium is False or (self.premium is None and not _is_long(start)):
            return None
        try:
            told = self._series(symbol, function="TIME_SERIES_DAILY_ADJUSTED", outputsize="full" if _is_long(start) else "compact")
        except ProviderRefused as error:
            if self.premium or error.context.get("reason") != answers.NOT_IN_PLAN:
                raise
            self.premium = False
            return None
        self.premium = True
        return told

    def _listed(self, symbol: str, unit: str) -> list[CorporateAction]:
        """Ask for the lists of splits and of dividends."""
        with self.reading(symbol):
            split = splits(answers.records(self._asked(symbol, function="SPLITS", symbol=symbol), "data"))
            paid = payments(answers.records(self._asked(symbol, function="DIVIDENDS", symbol=symbol), "data"), unit)
        return sorted([*split, *paid], key=lambda action: (action.date, action.kind))

    def _lists(self, symbol: str, unit: str) -> list[CorporateAction]:
        """Ask for the lists beside bars that were paid for: those are not thrown away where the budget ends here."""
        try:
            return self._listed(symbol, unit)
        except ProviderError as error:
            _log.warning("Bars of %s without their actions: %s", symbol, error.message)
            return []

    def _series(self, symbol: str, **params: object) -> list[Row]:
        with self.reading(symbol):
            told = self._asked(symbol, symbol=symbol, **params)
            _is_of(told, ("2. Symbol", symbol.upper()))
            return answers.rows(told)

    def _of_pair(self, instrument: Instrument, symbol: str, start: date, end: date) -> History:
        """Give the history of a currency pair, or of a coin in a currency."""
        first, second = _parted(symbol, instrument.currency)
        if instrument.asset_class is AssetClass.FX:
            told = self._pair_rows(symbol, start)
        else:
            with self.reading(symbol):
                asked = self._asked(symbol, function="DIGITAL_CURRENCY_DAILY", symbol=first, market=second)
                _is_of(asked, ("Digital Currency Code", first), ("Market Code", second))
                told = answers.rows(asked, second)
        with self.reading(symbol):
            return History(bars_of([row for row in told if start <= answers.day(row["stamp"]) <= end], second, calendar.today()), [], second)

    def _pair_rows(self, pair: str, start: date) -> list[Row]:
        first, second = _parted(pair, pair[3:])
        size = "full" if self.premium and _is_long(start) else "compact"
        with self.reading(pair):
            told = self._asked(pair, function="FX_DAILY", from_symbol=first, to_symbol=second, outputsize=size)
            _is_of(told, ("From Symbol", first), ("To Symbol", second))
            return answers.rows(told)

    def _steps(self, instrument: Instrument, symbol: str, step: tuple[int, str]) -> list[Quote]:
        """Give the closes of steps within the day, each told when the step is over."""
        seconds, interval = step
        unit = self._unit(symbol)
        with self.reading(symbol):
            told = self._minutes_of(symbol, interval)
            market = market_of(symbol)
            clock = zone(answers.meta(told, "Time Zone") or (market.zone if market else "UTC"))
            if clock is None:
                raise MalformedResponse(self.name, reason="a time zone that is not known")
            found = [(row, price(row.get("close"), texts=True)) for row in answers.rows(told)]
            closes = [(_over(row["stamp"], clock, seconds), in_currency(worth, unit), row) for row, worth in found if worth is not None]
            return [self._step(instrument, ts, money, currency, row) for ts, (money, currency), row in closes]

    def _minutes_of(self, symbol: str, interval: str) -> Any:  # noqa: ANN401 - a body
        """Ask for the steps of the day; a plan that has none is not asked again."""
        try:
            told = self._asked(symbol, function="TIME_SERIES_INTRADAY", symbol=symbol, interval=interval, adjusted="false", extended_hours="false")
        except ProviderRefused as error:
            self._minutes = error.context.get("reason") != answers.NOT_IN_PLAN
            raise
        _is_of(told, ("2. Symbol", symbol.upper()))
        return told

    def _step(self, instrument: Instrument, ts: datetime, money: Decimal, currency: str, row: Row) -> Quote:
        volume = count(row.get("volume"), texts=True)
        return Quote(instrument.id, instrument.symbol, float(money), ts, ts, self.name, currency, None if volume is None else float(volume))

    def _unit(self, symbol: str) -> str:
        """Give what a symbol is priced in: by its market, and where that has several, by the search, once."""
        market = market_of(symbol)
        if market is not None and market.currency is not None:
            return market.currency
        if symbol.upper() not in self._units:
            with self.reading(symbol):
                self._units.update({hit["symbol"].upper(): hit["currency"] for hit in self._hits(symbol) if hit.get("currency")})
        if symbol.upper() not in self._units:
            raise UnknownSymbol(self.name, symbol)
        return self._units[symbol.upper()]

    def _running(self, symbol: str) -> date:
        """Give the first date whose trading is not over."""
        market = market_of(symbol)
        here = calendar.now().astimezone(market.clock if market else UTC)
        return here.date() + timedelta(days=1) if market and here.time() >= market.close else here.date()


def _is_long(start: date) -> bool:
    """Whether more days are wanted than a compact answer has."""
    return (calendar.today() - start).days > COMPACT_DAYS


def _is_its_day(symbol: str) -> bool:
    """Whether it is the day of the week on which the lists of a symbol are asked for anew."""
    return crc32(symbol.encode()) % 7 == calendar.today().weekday()


def _parted(symbol: str, second: str) -> tuple[str, str]:
    """Give both sides of a pair."""
    first = symbol.removesuffix(second).rstrip("-/")
    if not first or first == symbol:
        raise UnknownSymbol(answers.NAME, symbol)
    return first, second


def _is_of(told: Any, *expected: tuple[str, str]) -> None:  # noqa: ANN401 - a body
    """Refuse an answer about something else."""
    for ending, value in expected:
        if (meant := answers.meta(told, ending)) not in {None, value, value.lower()}:
            raise MalformedResponse(answers.NAME, reason=f"a series of {meant}")


def _closed(symbol: str, traded: date, now: datetime) -> datetime:
    """Give the instant of a day's last price: its close, or now where that is still to come."""
    market = market_of(symbol)
    at = datetime.combine(traded, market.close, market.clock).astimezone(UTC) if market else calendar.end_of(traded)
    return min(at, now)


def _over(stamp: str, clock: ZoneInfo, seconds: int) -> datetime:
    """Give the instant at which a step is over that begins at a local time."""
    return min(answers.moment(stamp).replace(tzinfo=clock).astimezone(UTC) + timedelta(seconds=seconds), calendar.now())


def _listing(hit: Row) -> Listing:
    currency = in_currency(Decimal(1), hit.get("currency"))[1]
    return Listing(hit["symbol"], hit.get("name") or hit["symbol"], CLASSES.get(hit.get("type", "").lower(), AssetClass.OTHER), currency or None,
                   hit.get("region"), None, answers.NAME)


PROVIDER = AlphaVantage
