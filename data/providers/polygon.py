"""Polygon (now Massive): last trades, raw daily bars, splits, dividends and conversions.

Trades are stamped in nanoseconds, bars in milliseconds of New York's day, and the letters of a trade are those of an offer too: `p` of
a last quote is the bid. Errors come as a `status` in the body, under 200 as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from data import calendar
from data.providers import cells, rows
from data.providers.base import Limits, Listing
from data.providers.wire import quoted
from data.records import Rate
from engine.errors import MalformedResponse, ProviderRefused, RateLimited, UnknownSymbol
from engine.types import AssetClass, Bar, CorporateAction, Instrument, Quote

NEW_YORK: Final = ZoneInfo("America/New_York")
UTC_DAY: Final = ZoneInfo("UTC")
NANOSECONDS: Final = 10**9
MILLISECONDS: Final = 1000
READ: Final = (200, 404)
SOUND: Final = frozenset({"OK", "DELAYED", "success"})
OF_AN_OFFER: Final = frozenset({"P", "S", "X"})
AMOUNT: Final = 1_000_000
TOLERANCE: Final = Decimal("0.02")


class Polygon(rows.ToldApart):
    """Polygon over REST."""

    name: ClassVar[str] = "polygon"
    home: ClassVar[str] = "https://api.polygon.io"
    needs_key: ClassVar[bool] = True
    limits: ClassVar[Limits] = Limits(per_second=0.083, burst=5, batch=100)
    offers: ClassVar[frozenset[str]] = frozenset({"quotes", "bars", "actions", "search", "fx"})

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked: US listings and exchange rates."""
        if instrument.asset_class is AssetClass.FX:
            return len(instrument.symbol) == len("EURUSD")
        return rows.us_symbol(instrument, self.name) is not None and instrument.currency == "USD"

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the last trade of each instrument, and of a pair its conversion."""
        del since
        pairs = [each for each in instruments if each.asset_class is AssetClass.FX]
        shares = [each for each in instruments if each.asset_class is not AssetClass.FX]
        many = len(shares) > 1
        return rows.together([lambda: self._snapshots(shares, now) if many else rows.one_by_one(shares, lambda each: self._trade(each, now)),
                              lambda: rows.one_by_one(pairs, lambda each: self._conversion(each, now))])

    def fetch_bars(self, instrument: Instrument, start: date, end: date) -> list[Bar]:
        """Return the daily bars from `start` to `end`, both included, as traded."""
        if instrument.asset_class is AssetClass.FX:
            return self.aggregates(f"C:{instrument.symbol}", start, end, UTC_DAY)[0]
        found, adjusted = self.aggregates(self.symbol(instrument), start, end, NEW_YORK)
        return rows.unadjusted(found, self.fetch_splits(instrument, found[0].date, calendar.today())) if adjusted and found else found

    def aggregates(self, symbol: str, start: date, end: date, zone: ZoneInfo = NEW_YORK) -> tuple[list[Bar], bool]:
        """Return daily bars as they came, and whether they were adjusted for splits in spite of being asked for raw."""
        body = self._get(f"/v2/aggs/ticker/{quoted(symbol)}/range/1/day/{start}/{end}", {"adjusted": "false", "sort": "asc", "limit": 50_000}, symbol)
        with self.reading(symbol):
            if cells.word(body.get("ticker")).upper() != symbol.upper():
                raise MalformedResponse(self.name, reason=f"bars of another symbol than {symbol}")
            told = cells.records(self.name, body.get("results") or [], "results")
            return rows.in_order(self.name, [_bar(row, zone) for row in told], start, end), body.get("adjusted") is True

    def fetch_actions(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return splits and dividends by date."""
        return sorted(self.fetch_splits(instrument, start, end) + self.fetch_dividends(instrument, start, end), key=lambda each: each.date)

    def fetch_splits(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return the splits from `start` to `end`."""
        found = self._reference("splits", "execution_date", instrument, start, end)
        with self.reading(instrument.symbol):
            return [rows.split(self.name, row.get("execution_date"), row.get("split_to"), row.get("split_from")) for row in found]

    def fetch_dividends(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return the dividends from `start` to `end`, by ex-date."""
        found = self._reference("dividends", "ex_dividend_date", instrument, start, end)
        with self.reading(instrument.symbol):
            return [rows.dividend(self.name, row.get("ex_dividend_date"), row.get("cash_amount"), row.get("currency") or "USD") for row in found]

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return the daily closes of pairs from `start` to `end`, both included."""
        return {pair: [Rate(bar.date, bar.close, self.name) for bar in self.aggregates(f"C:{pair}", start, end, UTC_DAY)[0]] for pair in pairs}

    def search(self, text: str) -> list[Listing]:
        """Return what a text may mean; the first page is enough."""
        body = self._get("/v3/reference/tickers", {"search": text, "active": "true", "limit": 50}, text)
        with self.reading("search"):
            return [Listing(symbol, cells.word(row.get("name")), _class(row), cells.currency(row.get("currency_name")),
                            cells.word(row.get("primary_exchange")) or None, None, self.name)
                    for row in cells.records(self.name, body.get("results", []), "results") if (symbol := cells.word(row.get("ticker")))]

    def _trade(self, instrument: Instrument, now: datetime) -> Quote:
        symbol = self.symbol(instrument)
        body = self._get(f"/v2/last/trade/{quoted(symbol)}", {}, symbol)
        with self.reading(symbol):
            return self._of_trade(instrument, cells.shaped(self.name, body.get("results"), dict, "results"), body, now)

    def _snapshots(self, instruments: Sequence[Instrument], now: datetime) -> list[Quote]:
        """Read the last trades of many in one request; one that has not traded today is left out."""
        asked = {self.symbol(each).upper(): each for each in instruments}
        body = self._get("/v2/snapshot/locale/us/markets/stocks/tickers", {"tickers": ",".join(asked)}, ",".join(asked))
        with self.reading("the snapshot"):
            told = [body["ticker"]] if "ticker" in body else body.get("tickers", [])
            found = {cells.word(row.get("ticker")).upper(): row for row in cells.records(self.name, told, "tickers")}
            return rows.one_by_one(list(asked.values()), lambda each: self._of_row(each, found, now))

    def _of_row(self, instrument: Instrument, found: Mapping[str, Mapping[str, Any]], now: datetime) -> Quote | None:
        """Make a quote of a row of the snapshot; None where nothing was traded since it was cleared in the night."""
        row = found.get(self.symbol(instrument).upper())
        if row is None:
            raise UnknownSymbol(self.name, instrument.symbol)
        trade = cells.shaped(self.name, row.get("lastTrade"), dict, "lastTrade")
        return None if cells.number(trade.get("p")) == 0 else self._of_trade(instrument, trade, row, now)

    def _of_trade(self, instrument: Instrument, trade: Mapping[str, Any], holder: Mapping[str, Any], now: datetime) -> Quote:
        told = cells.word(trade.get("T") or holder.get("ticker"))
        if told and told.upper() != self.symbol(instrument).upper():
            raise MalformedResponse(self.name, reason=f"it tells {told}, which was not asked for")
        if trade.keys() & OF_AN_OFFER:
            raise MalformedResponse(self.name, reason="it tells a bid where a trade was due")
        return rows.quote(self.name, instrument, trade.get("p"), cells.epoch(trade.get("t"), per_second=NANOSECONDS), now, volume=trade.get("s"))

    def _conversion(self, instrument: Instrument, now: datetime) -> Quote:
        """Read a rate out of the conversion of a large amount; its bid and ask may be those of the pair turned round."""
        first, second = instrument.symbol[:3], instrument.symbol[3:]
        body = self._get(f"/v1/conversion/{first}/{second}", {"amount": AMOUNT, "precision": 4}, instrument.symbol)
        with self.reading(instrument.symbol):
            last = cells.shaped(self.name, body.get("last"), dict, "last")
            much, little = cells.price(body.get("converted")), cells.price(body.get("initialAmount"))
            bid, ask = cells.price(last.get("bid")), cells.price(last.get("ask"))
            if (body.get("from"), body.get("to")) != (first, second) or not (much and little and bid and ask):
                raise MalformedResponse(self.name, reason=f"it is no conversion of {instrument.symbol}")
            rate, middle = rows.EXACT.divide(much, little), (bid + ask) / 2
            if min(abs(rate / middle - 1), abs(rate * middle - 1)) > TOLERANCE:
                raise MalformedResponse(self.name, reason=f"the conversion of {instrument.symbol} is not at its own bid and ask")
            return rows.quote(self.name, instrument, rate, cells.epoch(last.get("timestamp"), per_second=MILLISECONDS), now)

    def _reference(self, what: str, dated: str, instrument: Instrument, start: date, end: date) -> list[dict[str, Any]]:
        """Give the rows of a reference table that are of this symbol and period."""
        symbol = self.symbol(instrument)
        body = self._get(f"/v3/reference/{what}", {"ticker": symbol, f"{dated}.gte": start, f"{dated}.lte": end, "limit": 1000}, symbol)
        with self.reading(symbol):
            told = cells.records(self.name, body.get("results"), "results")
            if any(dated not in row for row in told):
                raise MalformedResponse(self.name, reason=f"a row of {what} has no {dated}")
            mine = [row for row in told if cells.word(row.get("ticker")).upper() == symbol.upper()]
            return [row for row in mine if (day := cells.day(row[dated])) is None or start <= day <= end]

    def _get(self, path: str, params: Mapping[str, object], asked: str) -> dict[str, Any]:
        """Ask, or raise what the body complains of."""
        answer = self.wire.get(path, params, headers={"Authorization": f"Bearer {self.key}"}, expected=READ)
        raw = answer.json(exact=True)
        with self.reading(asked):
            body = cells.shaped(self.name, raw, dict, "the answer")
            said, status = cells.told(body, "error", "message"), str(body.get("status"))
            if "exceeded" in said or "maximum requests" in said:
                raise RateLimited(self.name, until="burst")
            if status == "NOT_AUTHORIZED" or "api key" in said or "not entitled" in said or "upgrade" in said:
                raise ProviderRefused(self.name, reason="the key or the plan does not allow this")
            if answer.status != 200 or status == "NOT_FOUND" or "not found" in said:
                raise UnknownSymbol(self.name, asked)
            if status not in SOUND:
                raise MalformedResponse(self.name, reason="its status is not OK")
            return body


def _bar(row: Mapping[str, Any], zone: ZoneInfo) -> Bar | None:
    begins = cells.epoch(row.get("t"), per_second=MILLISECONDS)
    return rows.bar(begins and begins.astimezone(zone).date(), [row.get(name) for name in "ohlcv"], source=Polygon.name)


def _class(row: Mapping[str, Any]) -> AssetClass:
    """Tell the class of a ticker by its market and the code of its type."""
    market = cells.word(row.get("market"))
    if market in {"crypto", "fx", "indices"}:
        return rows.asset_class(market)
    kinds = {"CS": AssetClass.EQUITY, "ADRC": AssetClass.EQUITY, "PFD": AssetClass.EQUITY, "OS": AssetClass.EQUITY, "WARRANT": AssetClass.OPTION,
             "BOND": AssetClass.BOND}
    return kinds.get(cells.word(row.get("type")), rows.asset_class(row.get("type")))


PROVIDER = Polygon
