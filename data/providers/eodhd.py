"""EOD Historical Data: delayed quotes, raw daily bars, dividends and splits of most exchanges.

On the free plan the last row of a history carries a `warning`, which is said once and is no price. Unknown symbols are `NA` in every
cell. London and Johannesburg are in hundredths without a word, so currencies of that kind are not asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final
from urllib.parse import quote

from data.providers import cells, rows
from data.providers.base import Limits, Listing
from data.providers.units import in_currency
from data.providers.wire import quoted
from data.records import Rate
from engine.errors import MalformedResponse, ProviderRefused, RateLimited, UnknownSymbol
from engine.types import AssetClass, Bar, CorporateAction, Instrument, Quote

ENDINGS: Final = {
    "XETR": "XETRA", "XFRA": "F", "XPAR": "PA", "XAMS": "AS", "XBRU": "BR", "XLIS": "LS", "XMAD": "MC", "XMIL": "MI", "XSWX": "SW", "XVTX": "SW",
    "XSTO": "ST", "XCSE": "CO", "XHEL": "HE", "XOSL": "OL", "XWBO": "VI", "XDUB": "IR", "XTSE": "TO", "XASX": "AU", "XHKG": "HK", "XKRX": "KO",
    "XWAR": "WAR",
}  # fmt: skip
OHLCV: Final = ("open", "high", "low", "close", "volume")
READ: Final = (200, 404)
_log = logging.getLogger(__name__)


class Eodhd(rows.ToldApart):
    """EODHD over REST; the key travels in the query, as it wants it."""

    name: ClassVar[str] = "eodhd"
    home: ClassVar[str] = "https://eodhd.com"
    needs_key: ClassVar[bool] = True
    limits: ClassVar[Limits] = Limits(per_second=5.0, burst=20, per_day=20, batch=15)
    offers: ClassVar[frozenset[str]] = frozenset({"quotes", "bars", "actions", "search", "fx"})

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked: listings of exchanges with a known ending, coins, pairs, and what names it as its source."""
        if instrument.asset_class in {AssetClass.FX, AssetClass.CRYPTO}:
            return True
        if instrument.currency in rows.IN_HUNDREDTHS:
            return False
        return rows.us_symbol(instrument, self.name) is not None or (instrument.asset_class in rows.LISTED and instrument.exchange in ENDINGS)

    def symbol_of(self, instrument: Instrument) -> str:
        """Give the symbol with the ending of its exchange: AAPL.US, SAP.XETRA, EURUSD.FOREX, BTC-USD.CC."""
        if instrument.asset_class is AssetClass.FX:
            return f"{instrument.symbol}.FOREX"
        if instrument.asset_class is AssetClass.CRYPTO:
            coin = instrument.symbol.removesuffix(instrument.currency).rstrip("-/") or instrument.symbol
            return f"{coin}-{instrument.currency}.CC"
        ending = ENDINGS.get(instrument.exchange or "")
        return f"{instrument.symbol.split('.')[0]}.{ending}" if ending else f"{instrument.symbol.replace('.', '-')}.US"

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the last price of each instrument, delayed by 15 to 20 minutes, many in one request."""
        del since
        asked = {self.symbol(each).upper(): each for each in instruments}
        if not asked:
            return []
        first, *others = asked
        body = self._get(f"/api/real-time/{quoted(first)}", {"s": ",".join(others) or None}, first)
        with self.reading("the quotes"):
            told = cells.records(self.name, [body] if isinstance(body, dict) else body, "the answer")
            by_code = {cells.word(row.get("code")).upper(): row for row in told}
            if strange := by_code.keys() - asked.keys():
                raise MalformedResponse(self.name, reason=f"it tells {min(strange) or 'no symbol'}, which was not asked for")
            return rows.one_by_one(list(asked.values()), lambda each: self._quote(each, by_code.get(self.symbol(each).upper()), now))

    def fetch_bars(self, instrument: Instrument, start: date, end: date) -> list[Bar]:
        """Return the daily bars from `start` to `end`, both included, as traded."""
        return self._bars(self.symbol(instrument), start, end)

    def fetch_actions(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return splits and dividends by date."""
        splits, paid = self._table("splits", instrument, start, end), self._table("div", instrument, start, end)
        with self.reading(instrument.symbol):
            found = [rows.split(self.name, row.get("date"), *_ratio(row.get("split"))) for row in splits]
            found += [rows.dividend(self.name, row.get("date"), row.get("unadjustedValue", row.get("value")), row.get("currency")) for row in paid]
        return sorted((each for each in found if start <= each.date <= end), key=lambda each: each.date)

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return the daily closes of pairs from `start` to `end`, both included."""
        return {pair: [Rate(bar.date, bar.close, self.name) for bar in self._bars(f"{pair}.FOREX", start, end)] for pair in pairs}

    def search(self, text: str) -> list[Listing]:
        """Return what a text may mean, in currencies as they are, not in hundredths."""
        wanted = cells.word(text, 100)
        if not any(char.isalnum() for char in wanted):
            return []
        body = self._get(f"/api/search/{quote(wanted, safe='')}", {"limit": 50}, wanted)
        with self.reading("search"):
            return [_listing(row) for row in cells.records(self.name, body, "the answer") if cells.word(row.get("Code"))]

    def _quote(self, instrument: Instrument, row: Mapping[str, Any] | None, now: datetime) -> Quote:
        """Make a quote of a row; an unknown symbol has none, or one of `NA`."""
        if row is None or "NA" in [row.get("close"), row.get("timestamp")]:
            raise UnknownSymbol(self.name, instrument.symbol)
        return rows.quote(self.name, instrument, row.get("close"), cells.epoch(row.get("timestamp")), now, volume=row.get("volume"))

    def _bars(self, symbol: str, start: date, end: date) -> list[Bar]:
        body = self._get(f"/api/eod/{quoted(symbol)}", {"from": start, "to": end, "period": "d", "order": "a"}, symbol)
        with self.reading(symbol):
            told = cells.records(self.name, body, "the answer")
            if said := next((cells.word(row["warning"]) for row in told if row.get("warning")), ""):
                _log.warning("eodhd: the history of %s is cut: %s", symbol, self.wire.redacted(said))
            return rows.in_order(self.name, [_bar(row) for row in told if not _is_only_a_warning(row)], start, end)

    def _table(self, what: str, instrument: Instrument, start: date, end: date) -> list[dict[str, Any]]:
        symbol = self.symbol(instrument)
        body = self._get(f"/api/{what}/{quoted(symbol)}", {"from": start, "to": end}, symbol)
        with self.reading(symbol):
            return [row for row in cells.records(self.name, body, what) if not _is_only_a_warning(row)]

    def _get(self, path: str, params: Mapping[str, object], symbol: str) -> Any:  # noqa: ANN401  # whatever JSON holds
        """Ask, or raise what is said in place of data."""
        answer = self.wire.get(path, {**params, "fmt": "json", "api_token": self.key}, expected=READ)
        said = answer.text[:300].lower().strip() if not answer.text.lstrip().startswith(("[", "{")) else ""
        with self.reading(symbol):
            if "limit" in said:
                raise RateLimited(self.name, until="day")
            if answer.status == 404 or "not found" in said:
                raise UnknownSymbol(self.name, symbol)
            if "unauthenticated" in said or "forbidden" in said or "only eod data" in said:
                raise ProviderRefused(self.name, reason="the key or the plan does not allow this")
        return answer.json(exact=True)


def _bar(row: Mapping[str, Any]) -> Bar | None:
    return rows.bar(cells.day(row.get("date")), [row.get(name) for name in OHLCV], adjusted=row.get("adjusted_close"), source=Eodhd.name)


def _is_only_a_warning(row: Mapping[str, Any]) -> bool:
    return set(row) == {"warning"}


def _ratio(text: object) -> tuple[str, str]:
    """Read `4.000000/1.000000`: new shares, old shares."""
    new, _, old = cells.word(text).partition("/")
    return new, old


def _listing(row: Mapping[str, Any]) -> Listing:
    """Make a listing; GBX is told as GBP, because prices are turned into it."""
    _, currency = in_currency(1.0, cells.word(row.get("Currency")))
    exchange = cells.word(row.get("Exchange"))
    return Listing(f"{cells.word(row.get('Code'))}.{exchange}", cells.word(row.get("Name")), rows.asset_class(row.get("Type")),
                   cells.currency(currency), exchange or None, cells.word(row.get("ISIN")) or None, Eodhd.name)


PROVIDER = Eodhd
