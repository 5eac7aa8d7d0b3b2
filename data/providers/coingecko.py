"""CoinGecko: prices of coins by its own ids.

It answers an id that it does not know with `{}`, and its refusals come under any status, 200 included. A ticker names many coins, so it is
taken only where it is one of the great ones below or belongs to a single coin; else the instrument's source says the id.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

from data import calendar
from data.providers import cells, rows
from data.providers.base import Limits, Listing
from data.providers.wire import Answer, quoted
from engine.errors import MalformedResponse, ProviderRefused, RateLimited, UnknownSymbol
from engine.types import AssetClass, Bar, Instrument, Quote

COINS: Final = {
    "BTC": "bitcoin", "ETH": "ethereum", "USDT": "tether", "BNB": "binancecoin", "SOL": "solana", "USDC": "usd-coin", "XRP": "ripple",
    "DOGE": "dogecoin", "TRX": "tron", "ADA": "cardano", "AVAX": "avalanche-2", "SHIB": "shiba-inu", "TON": "the-open-network",
    "DOT": "polkadot", "LINK": "chainlink", "BCH": "bitcoin-cash", "NEAR": "near", "LTC": "litecoin", "UNI": "uniswap", "DAI": "dai",
    "ETC": "ethereum-classic", "XMR": "monero", "XLM": "stellar", "ATOM": "cosmos", "ALGO": "algorand", "FIL": "filecoin", "AAVE": "aave",
    "MKR": "maker", "HBAR": "hedera-hashgraph", "VET": "vechain", "ICP": "internet-computer", "XTZ": "tezos", "EOS": "eos", "ZEC": "zcash",
    "DASH": "dash",
}  # fmt: skip
VERSION: Final = "/api/v3"
A_YEAR: Final = 365  # what the plans without a price tell
READ: Final = (200, 400, 404)
REFUSED: Final = frozenset({10002, 10005, 10006, 10010, 10011, 10012})
_log = logging.getLogger(__name__)


class CoinGecko(rows.ToldApart):
    """CoinGecko's public interface; a key of the demo plan is sent where there is one."""

    name: ClassVar[str] = "coingecko"
    home: ClassVar[str] = "https://api.coingecko.com"
    limits: ClassVar[Limits] = Limits(per_second=0.4, burst=5, batch=100)
    offers: ClassVar[frozenset[str]] = frozenset({"quotes", "bars", "search"})
    _tickers: dict[str, str] | None = None

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked: coins."""
        return instrument.asset_class is AssetClass.CRYPTO

    def symbol_of(self, instrument: Instrument) -> str:
        """Give the id of a coin by its ticker: BTC, BTC-USD and BTCUSD are bitcoin."""
        ticker = instrument.symbol.upper().removesuffix(instrument.currency).rstrip("-/") or instrument.symbol.upper()
        found = COINS.get(ticker) or self._single_coins().get(ticker)
        if found is None:
            raise UnknownSymbol(self.name, instrument.symbol)
        return found

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the last price of each coin, all in one request."""
        del since
        ids = self._ids(instruments)
        if not ids:
            return []
        asked = {"ids": ",".join(dict.fromkeys(ids.values())), "vs_currencies": ",".join(sorted({each.currency.lower() for each in instruments})),
                 "include_last_updated_at": "true", "include_24hr_vol": "true", "precision": "full"}
        answer = self._get("/simple/price", asked)
        with self.reading("the prices"):
            body = cells.shaped(self.name, self._body(answer, asked["ids"]), dict, "the answer")
            wanted = [each for each in instruments if each.id in ids]
            return rows.one_by_one(wanted, lambda each: self._quote(each, body.get(ids[each.id]), answer, now))

    def fetch_bars(self, instrument: Instrument, start: date, end: date) -> list[Bar]:
        """Return the last price of each day (UTC) from `start` to `end`, both included."""
        coin = self.symbol(instrument)
        days = max((calendar.today() - start).days + 1, 1)
        if days > A_YEAR and "pro-api" not in self.wire.base_url:
            _log.warning("coingecko tells the last year of %s alone, not since %s", coin, start)
            days = A_YEAR
        answer = self._get(f"/coins/{quoted(coin)}/market_chart", {"vs_currency": instrument.currency.lower(), "days": days})
        with self.reading(coin):
            body = cells.shaped(self.name, self._body(answer, coin), dict, "the answer")
            return rows.in_order(self.name, _last_of_days(cells.shaped(self.name, body.get("prices"), list, "prices")), start, end)

    def search(self, text: str) -> list[Listing]:
        """Return the coins that a text may mean, by their ids."""
        answer = self._get("/search", {"query": text})
        with self.reading("search"):
            body = cells.shaped(self.name, self._body(answer, text), dict, "the answer")
            return [Listing(coin, cells.word(row.get("name")), AssetClass.CRYPTO, None, None, None, self.name)
                    for row in cells.records(self.name, body.get("coins"), "coins") if (coin := cells.word(row.get("id")))]

    def _ids(self, instruments: Sequence[Instrument]) -> dict[UUID, str]:
        """Give the ids of coins by instrument; one that is unknown is left out, unless it is the only one."""
        found: dict[UUID, str] = {}
        for instrument in instruments:
            try:
                found[instrument.id] = self.symbol(instrument)
            except UnknownSymbol:
                if len(instruments) == 1:
                    raise
        return found

    def _single_coins(self) -> dict[str, str]:
        """Give the ids of the tickers that belong to one coin alone; asked for once."""
        if self._tickers is None:
            answer = self._get("/coins/list", {})
            with self.reading("the list of coins"):
                told: dict[str, list[str]] = {}
                for row in cells.records(self.name, self._body(answer, "coins"), "coins"):
                    told.setdefault(cells.word(row.get("symbol")).upper(), []).append(cells.word(row.get("id")))
                self._tickers = {ticker: ids[0] for ticker, ids in told.items() if ticker and len(ids) == 1 and ids[0]}
        return self._tickers

    def _quote(self, instrument: Instrument, told: object, answer: Answer, now: datetime) -> Quote:
        """Make a quote; where no time is told, the price is of the moment it was asked for."""
        if told is None:
            raise UnknownSymbol(self.name, instrument.symbol)
        coin, code = cells.shaped(self.name, told, dict, "a coin"), instrument.currency.lower()
        ts = cells.epoch(coin["last_updated_at"]) if "last_updated_at" in coin else answer.received
        return rows.quote(self.name, instrument, coin.get(code), ts, now, volume=coin.get(f"{code}_24h_vol"))

    def _get(self, path: str, params: Mapping[str, Any]) -> Answer:
        headers = {"x-cg-demo-api-key": self.key} if self.key else {}
        return self.wire.get(rows.beneath(self.wire.base_url, VERSION) + path, params, headers=headers, expected=READ)

    def _body(self, answer: Answer, asked: str) -> Any:  # noqa: ANN401  # whatever JSON holds
        """Read an answer, or raise what it complains of."""
        body = answer.json(exact=True)
        code = _code(body)
        if code == 429:
            raise RateLimited(self.name)
        if code in REFUSED:
            raise ProviderRefused(self.name, reason="the key or the plan does not allow this")
        said = cells.told(body, "error")
        if "not found" in said or answer.status == 404:
            raise UnknownSymbol(self.name, asked)
        if code is not None or said or answer.status != 200:
            raise MalformedResponse(self.name, reason="it answered with an error")
        return body


def _code(body: object) -> object:
    """Find the number of an error: in the body, in its `status`, or in the `status` of its `error`."""
    for path in (("error_code",), ("status", "error_code"), ("error", "status", "error_code")):
        found = body
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        if found is not None:
            return found
    return None


def _last_of_days(points: Sequence[object]) -> list[Bar | None]:
    """Make a bar of the last price of each day; what a coin costs at midnight is the close of the day before."""
    last: dict[date, tuple[datetime, object]] = {}
    for point in points:
        time, price = point if isinstance(point, list) and len(point) == 2 else (None, None)
        ts = cells.epoch(time, per_second=1000)
        if ts is None:
            raise MalformedResponse(CoinGecko.name, reason="a price is no pair of time and price")
        day = (ts - timedelta(microseconds=1)).date()
        if day not in last or last[day][0] <= ts:
            last[day] = (ts, price)
    return [rows.bar(day, (None, None, None, close, None), source=CoinGecko.name) for day, (_, close) in sorted(last.items())]


PROVIDER = CoinGecko
