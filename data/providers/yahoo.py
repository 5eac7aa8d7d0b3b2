"""Yahoo Finance: charts for quotes, bars, actions and rates, one request for many quotes where it lets us, and its search.

Yahoo promises nothing. A chart (v8) and the search (v1) need no ticket; quotes of many symbols (v7) want a cookie with its crumb, and
where there is none, charts answer one symbol after the other. Prices of London are in pence (`GBp`); see `yahoo_chart` for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count as counter
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Self

from data import calendar
from data.providers.base import History, HttpProvider, Limits, Listing
from data.providers.numbers import EARLIEST, cleaned, count, instant, price
from data.providers.parts import each
from data.providers.streaming import Stream
from data.providers.units import in_currency
from data.providers.wire import Answer, Wire, quoted
from data.providers.yahoo_chart import PHANTOM, Chart, decimals, read, result
from data.providers.yahoo_entrance import Entrance, Ticket
from data.providers.yahoo_stream import YahooDialect, stream_url
from data.providers.yahoo_symbols import CLASSES, same, yahoo_symbol
from data.records import Rate
from engine.errors import InvalidInput, MalformedResponse, ProviderRefused, RateLimited
from engine.types import AssetClass, Instrument, Quote

if TYPE_CHECKING:
    from data.database import Database
    from data.settings import Settings

READ: Final = frozenset({200, 400, 404, 422})  # statuses whose body says what is wrong
DOORWAY: Final = "https://fc.yahoo.com"
UNSUITED: Final = frozenset({AssetClass.CASH, AssetClass.BOND, AssetClass.OTHER})
STEPS: Final = ((60, "1m", 7), (120, "2m", 59), (300, "5m", 59), (900, "15m", 59), (1800, "30m", 59), (3600, "60m", 729))


class Told(NamedTuple):
    """A price as Yahoo tells it, in its unit's currency."""

    price: Decimal
    currency: str
    ts: datetime
    volume: Decimal | None


class Yahoo(HttpProvider):
    """Provider of Yahoo's prices.

    Parameters
    ----------
    wire : Wire
    key : str or None
        Not needed.
    doorway : Wire, optional
        Where the cookie comes from; the same place as `wire` where nothing else is told.
    socket : str, optional
        Address of the streaming socket.
    """

    name: ClassVar[str] = "yahoo"
    home: ClassVar[str] = "https://query2.finance.yahoo.com"
    limits: ClassVar[Limits] = Limits(per_second=0.65, burst=10, batch=150, pause_seconds=900.0)  # what it blocks, it blocks for longer
    offers: ClassVar[frozenset[str]] = frozenset({"quotes", "bars", "actions", "search", "fx", "intraday"})
    headers: ClassVar[dict[str, str]] = {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
        "Accept": "application/json, text/plain, */*", "Accept-Language": "en-US,en;q=0.9",
    }

    def __init__(self, wire: Wire, key: str | None = None, *, doorway: Wire | None = None, socket: str | None = None) -> None:
        super().__init__(wire, key)
        self.units: dict[str, str] = {}  # what each symbol was last seen to be priced in
        self.socket = socket or stream_url(wire.base_url, self.home)
        self._entrance = Entrance(wire, doorway or wire)
        self._turns = counter(1)
        self._turn: dict[str, int] = {}

    @classmethod
    def from_settings(cls, settings: Settings, database: Database | None, argument: str = "") -> Self:
        """Build it; Yahoo's own cookie comes from a host of its own, a stand-in's from the stand-in."""
        wire = super().from_settings(settings, database, argument).wire
        doorway = Wire(cls.name, DOORWAY, state=wire.state, headers=cls.headers) if wire.base_url == cls.home else None
        return cls(wire, doorway=doorway, socket=settings.provider_stream_urls.get(cls.name))

    def symbol_of(self, instrument: Instrument) -> str:
        """Give Yahoo's symbol by exchange and class."""
        return yahoo_symbol(instrument)

    def covers(self, instrument: Instrument) -> bool:
        """Whether it has prices of this kind, under a symbol that can be asked for."""
        named = any(source.provider == self.name for source in instrument.sources)
        with suppress(InvalidInput):
            return bool(self.symbol(instrument)) and (named or instrument.asset_class not in UNSUITED)
        return False

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the newest price of each instrument in the regular session, oldest first."""
        del since
        wanted = self._by_symbol(instruments)
        told = self._batch(list(wanted)) if len(wanted) > 1 else None
        told = self._newest(list(wanted)) if told is None else told
        quotes = [self._quote(one, told[symbol], now) for symbol in told for one in wanted[symbol]]
        return sorted(quotes, key=lambda quote: quote.ts)

    def fetch_intraday(self, instruments: Sequence[Instrument], start: datetime, end: datetime, *, every_seconds: int) -> list[Quote]:
        """Return the closes of the steps from `start` to `end`; nothing where that is longer ago than Yahoo keeps steps."""
        step = _step(start, every_seconds)
        if step is None:
            return []
        wanted = self._by_symbol(instruments)
        asked = each(list(wanted), lambda symbol: self._steps(symbol, start, end, step))
        quotes = [self._quote(one, told, told.ts) for symbol, found in asked.items() for told in found for one in wanted[symbol]]
        return sorted(quotes, key=lambda quote: quote.ts)

    def fetch_history(self, instrument: Instrument, start: date, end: date) -> History:
        """Return bars as they were traded, and actions, in one request that reaches to the present: later splits must be known."""
        chart = self._daily(self.symbol(instrument), start)
        if chart is None:
            return History()
        with self.reading(chart.symbol):
            bars = [bar for bar in chart.bars(now=calendar.now()) if start <= bar.date <= end]
            return History(bars, [action for action in chart.actions() if start <= action.date <= end], chart.currency)

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return the daily closes of currency pairs."""
        charts = each([f"{pair}=X" for pair in pairs if len(pair) == 6], lambda symbol: self._daily(symbol, start))
        return {symbol[:6]: self._rates(symbol[:6], chart, start, end) for symbol, chart in charts.items() if chart is not None}

    def search(self, text: str) -> list[Listing]:
        """Return what a name, symbol or ISIN may mean, best first."""
        sought = "".join(char for char in text if char.isprintable()).strip()[:100]
        if not sought:
            return []
        params = {"q": sought, "quotesCount": 10, "newsCount": 0, "listsCount": 0, "enableFuzzyQuery": "true", "lang": "en-US", "region": "US"}
        with self.reading("a search"):
            return _listings(self._body(self.wire.get("/v1/finance/search", params, expected=READ)))

    def stream(self, ingest: Callable[..., object], instruments: Callable[[], Sequence[Instrument]]) -> Stream:
        """Give the line on which Yahoo tells prices as they come."""
        dialect = YahooDialect(self.symbol, self.units, lambda fresh: self.fetch_quotes(fresh[: self.limits.batch], calendar.now()))
        return Stream(dialect, self.socket, ingest, lambda: [one for one in instruments() if self.covers(one)],
                      headers={"User-Agent": self.headers["User-Agent"], "Origin": "https://finance.yahoo.com"})

    def _by_symbol(self, instruments: Iterable[Instrument]) -> dict[str, list[Instrument]]:
        found: dict[str, list[Instrument]] = {}
        for instrument in instruments:
            found.setdefault(self.symbol(instrument), []).append(instrument)
        return found

    def _quote(self, instrument: Instrument, told: Told, received: datetime) -> Quote:
        volume = None if told.volume is None else float(told.volume)
        return Quote(instrument.id, instrument.symbol, float(told.price), told.ts, received, self.name, told.currency, volume)

    def _newest(self, symbols: Sequence[str]) -> dict[str, Told]:
        """Newest prices by one chart each, those first whose turn was longest ago: the budget may end on the way."""
        asked = each(sorted(symbols, key=lambda symbol: self._turn.get(symbol, 0)), self._last)
        return {symbol: told for symbol, told in asked.items() if told is not None}

    def _last(self, symbol: str) -> Told | None:
        self._turn[symbol] = next(self._turns)
        chart = self._chart(symbol, {"range": "1d", "interval": "1d"})
        with self.reading(symbol):
            newest = chart.newest() if chart else None
        return Told(newest[0], chart.currency, newest[1], chart.volume) if chart and newest else None

    def _batch(self, symbols: Sequence[str]) -> dict[str, Told] | None:
        """Newest prices in one request; None where Yahoo does not let us. A symbol that has no price is left out."""
        ticket = self._entrance.ticket()
        if ticket is None:
            return None
        try:
            return self._batched(symbols, ticket)
        except (ProviderRefused, MalformedResponse):
            self._entrance.refused()
            return None

    def _batched(self, symbols: Sequence[str], ticket: Ticket) -> dict[str, Told]:
        params = {"symbols": ",".join(symbols), "crumb": ticket.crumb}
        with self.reading("quotes"):
            body = self._body(self.wire.get("/v7/finance/quote", params, headers={"Cookie": ticket.cookie}, expected=READ))
            rows = result(body, "quoteResponse", ", ".join(symbols))
            return {symbol: told for symbol in symbols for row in rows if same(str(row.get("symbol")), symbol) and (told := self._told(symbol, row))}

    def _told(self, symbol: str, row: Mapping[str, Any]) -> Told | None:
        """Read the row of one symbol; one without price, instant or currency tells nothing."""
        unit, worth, ts = row.get("currency") or self.units.get(symbol), price(row.get("regularMarketPrice")), instant(row.get("regularMarketTime"))
        if worth is None or ts is None or not isinstance(unit, str) or str(row.get("quoteType")) in {"NONE", PHANTOM}:
            return None
        self.units[symbol] = unit
        money, currency = in_currency(cleaned(worth, decimals=decimals(row.get("priceHint"))), unit)
        return Told(money, currency, ts, count(row.get("regularMarketVolume")))

    def _steps(self, symbol: str, start: datetime, end: datetime, step: tuple[int, str]) -> list[Told]:
        """Give the closes of a chart's steps, each told when the step is over."""
        seconds, interval = step
        params = {"period1": int(start.timestamp()), "period2": int(end.timestamp()) + seconds, "interval": interval, "includePrePost": "false"}
        chart = self._chart(symbol, params, interval)
        rows = [(row, min(row.ts + timedelta(seconds=seconds), calendar.now())) for row in (chart.rows if chart else ())]
        with self.reading(symbol):
            return [Told(chart.money(row.close), chart.currency, ts, row.volume) for row, ts in rows if chart and start <= ts <= end]

    def _daily(self, symbol: str, start: date) -> Chart | None:
        """Chart of days from before `start`, whose date at the exchange may begin earlier, up to now."""
        first, last = calendar.start_of(max(start, EARLIEST.date())) - timedelta(days=1), calendar.start_of(calendar.today()) + timedelta(days=2)
        params = {"period1": _seconds(first), "period2": _seconds(last), "interval": "1d", "events": "div|split", "includePrePost": "false"}
        return self._chart(symbol, params, "1d")

    def _chart(self, symbol: str, params: Mapping[str, object], interval: str | None = None) -> Chart | None:
        with self.reading(symbol):
            answer = self.wire.get(f"/v8/finance/chart/{quoted(symbol)}", params, expected=READ)
            chart = read(self._body(answer), symbol, interval)
        if chart is not None:
            self.units[symbol] = chart.unit
        return chart

    def _rates(self, pair: str, chart: Chart, start: date, end: date) -> list[Rate]:
        with self.reading(pair):
            if chart.currency != pair[3:]:
                raise MalformedResponse(self.name, reason=f"{pair} in {chart.currency}")
            return [Rate(bar.date, bar.close, self.name) for bar in chart.bars(now=calendar.now()) if start <= bar.date <= end]

    def _body(self, answer: Answer) -> Any:  # noqa: ANN401 - a body
        """Read JSON; what Yahoo says in HTML or in plain words has its own meaning."""
        head = answer.body[:8192].lstrip().lower()
        if head.startswith(b"<") and b"consent" in head:
            raise ProviderRefused(self.name, reason="it wants its cookies consented to in a browser", answered=answer.status)
        if len(head) < 100 and b"too many requests" in head:
            raise RateLimited(self.name)
        return answer.json(exact=True)


def _seconds(at: datetime) -> int:
    """Give whole seconds since 1970, also before it."""
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


def _step(start: datetime, every_seconds: int) -> tuple[int, str] | None:
    """Choose the finest step not finer than asked that Yahoo still keeps for that time."""
    age = calendar.now() - start
    kept = [(seconds, name) for seconds, name, days in STEPS if age <= timedelta(days=days)]
    return next((step for step in reversed(kept) if step[0] <= every_seconds), kept[0] if kept else None)


def _listings(body: Any) -> list[Listing]:  # noqa: ANN401 - a body
    hits = body.get("quotes") if isinstance(body, Mapping) else None
    if not isinstance(hits, list):
        result(body, "search", "this text")
        raise MalformedResponse("yahoo", reason="no quotes in a search")
    return [_listing(hit) for hit in hits if isinstance(hit, Mapping) and isinstance(hit.get("symbol"), str) and hit["symbol"]]


def _listing(hit: Mapping[str, Any]) -> Listing:
    name = next((hit[key] for key in ("longname", "shortname") if isinstance(hit.get(key), str) and hit[key].strip()), hit["symbol"])
    exchange = hit.get("exchDisp") or hit.get("exchange")
    return Listing(hit["symbol"], name.strip(), CLASSES.get(str(hit.get("quoteType")).upper(), AssetClass.OTHER), None,
                   exchange if isinstance(exchange, str) else None, None, "yahoo")


PROVIDER = Yahoo
