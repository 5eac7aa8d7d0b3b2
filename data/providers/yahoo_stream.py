"""Yahoo's streaming socket: frames of base64 around a protobuf message, with the fields that changed."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from data.providers import protobuf
from data.providers.numbers import cleaned, instant, price
from data.providers.streaming import Tick
from data.providers.yahoo_chart import NAME, decimals
from engine.errors import MalformedResponse
from engine.types import Instrument, Quote

HOME: Final = "wss://streamer.finance.yahoo.com/?version=2"
REGULAR: Final = 1
A_MESSAGE: Final = 200  # symbols that one message asks for
_READERS: Final[Mapping[str, Callable[[protobuf.Field], object]]] = {
    "string": protobuf.Field.text, "float": protobuf.Field.float32, "double": protobuf.Field.float64, "sint64": protobuf.Field.signed,
    "enum": protobuf.Field.unsigned,
}
FIELDS: Final[Mapping[int, tuple[str, str]]] = {
    1: ("id", "string"), 2: ("price", "float"), 3: ("time", "sint64"), 4: ("currency", "string"), 5: ("exchange", "string"),
    6: ("quote_type", "enum"), 7: ("market_hours", "enum"), 8: ("change_percent", "float"), 9: ("day_volume", "sint64"),
    10: ("day_high", "float"), 11: ("day_low", "float"), 12: ("change", "float"), 13: ("short_name", "string"), 14: ("expire_date", "sint64"),
    15: ("open_price", "float"), 16: ("previous_close", "float"), 17: ("strike_price", "float"), 18: ("underlying_symbol", "string"),
    19: ("open_interest", "sint64"), 20: ("options_type", "sint64"), 21: ("mini_option", "sint64"), 22: ("last_size", "sint64"),
    23: ("bid", "float"), 24: ("bid_size", "sint64"), 25: ("ask", "float"), 26: ("ask_size", "sint64"), 27: ("price_hint", "sint64"),
    28: ("vol_24hr", "sint64"), 29: ("vol_all_currencies", "sint64"), 30: ("from_currency", "string"), 31: ("last_market", "string"),
    32: ("circulating_supply", "double"), 33: ("market_cap", "double"),
}


@dataclass(frozen=True, slots=True)
class Pricing:
    """Fields of a frame that we use. None: not sent, so as it was before."""

    id: str | None = None
    price: float | None = None
    time: int | None = None
    currency: str | None = None
    exchange: str | None = None
    quote_type: int | None = None
    market_hours: int | None = None
    day_volume: int | None = None
    price_hint: int | None = None

    def over(self, before: Pricing) -> Pricing:
        """Lay it over what was sent before."""
        told = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        return replace(before, **told)


def decoded(message: bytes) -> dict[str, object]:
    """Give every known field that a message holds, by name, as it stands there.

    Raises
    ------
    ValueError
        It is no such message.
    """
    found = ((FIELDS[field.number], field) for field in protobuf.fields(message) if field.number in FIELDS)
    return {name: _READERS[kind](field) for (name, kind), field in found}


def frame(message: str | bytes) -> Pricing | None:
    """Read a frame of either version; None where it is of another kind than prices.

    Raises
    ------
    MalformedResponse
        It cannot be read.
    """
    try:
        packed = _packed(message)
        if packed is None:
            return None
        told = decoded(base64.b64decode(packed, validate=True))
    except (ValueError, RecursionError) as error:
        raise MalformedResponse(NAME, reason=f"a frame: {error}") from None
    names = {field.name for field in fields(Pricing)}
    return Pricing(**{name: value for name, value in told.items() if name in names})  # type: ignore[arg-type]


def _packed(message: str | bytes) -> str | None:
    """Base64 text of a frame: version 2 wraps it into JSON, version 1 sends it bare."""
    text = (message.decode("ascii") if isinstance(message, bytes) else message).strip()
    if not text.startswith("{"):
        return text
    told = json.loads(text)
    inner = told.get("message")
    if told.get("type") != "pricing":
        return None
    if not isinstance(inner, str):
        raise ValueError("no message in it")  # noqa: TRY004 - of a foreign text, not of ours
    return inner


def stream_url(base_url: str, home: str) -> str:
    """Give the socket's address that goes with a base URL: Yahoo's own, or the same place as a stand-in's.

    Examples
    --------
    >>> stream_url("http://127.0.0.1:8080", "https://query2.finance.yahoo.com")
    'ws://127.0.0.1:8080/?version=2'
    """
    if base_url.rstrip("/") == home:
        return HOME
    parts = urlsplit(base_url)
    return f"{'ws' if parts.scheme == 'http' else 'wss'}://{parts.netloc}/?version=2"


class YahooDialect:
    """How Yahoo speaks on its socket.

    Frames leave out what did not change, so the last of each symbol is kept. Only prices of the regular session count: those before
    and after it are thin, and would move a portfolio's value on a handful of shares.

    Parameters
    ----------
    symbol : callable
        Gives Yahoo's symbol of an instrument.
    units : Mapping of symbol to unit
        What Yahoo said elsewhere that a symbol is priced in: a frame seldom names its currency, and London's are in pence.
    opened : callable
        Gives quotes to begin with; fills `units`.
    """

    name: str = NAME

    def __init__(self, symbol: Callable[[Instrument], str], units: Mapping[str, str], opened: Callable[[Sequence[Instrument]], list[Quote]]) -> None:
        self._symbol = symbol
        self._units = units
        self._opened = opened
        self._before: dict[str, Pricing] = {}

    def symbol(self, instrument: Instrument) -> str:
        """Give Yahoo's symbol of an instrument."""
        return self._symbol(instrument)

    def subscribe(self, symbols: Sequence[str]) -> Iterable[str]:
        """Give messages that ask for symbols."""
        return _messages("subscribe", symbols)

    def unsubscribe(self, symbols: Sequence[str]) -> Iterable[str]:
        """Give messages that end that, and forget what was sent before."""
        for symbol in symbols:
            self._before.pop(symbol, None)
        return _messages("unsubscribe", symbols)

    def opened(self, instruments: Sequence[Instrument]) -> list[Quote]:
        """Give quotes to begin with."""
        return self._opened(instruments)

    def read(self, message: str | bytes) -> list[Tick]:
        """Read a frame into the tick it tells, if any."""
        told = frame(message)
        if told is None or not told.id:
            return []
        now = self._before[told.id] = told.over(self._before.get(told.id, Pricing()))
        return self._tick(told.id, told, now)

    def _tick(self, symbol: str, told: Pricing, now: Pricing) -> list[Tick]:
        """Make a tick where a frame tells a price of the regular session whose unit is known."""
        ts, unit = _at(now.time), now.currency or self._units.get(symbol)
        worth = _price(told.price, now.price_hint)
        if worth is None or ts is None or not unit or now.market_hours not in {REGULAR, None}:
            return []
        volume = None if now.day_volume is None or now.day_volume < 0 else float(now.day_volume)
        return [Tick(symbol, worth, ts, unit, volume)]


def _price(told: float | None, hint: int | None) -> Decimal | None:
    """Give a price without the noise of its 32 bits; None where it is none."""
    found = price(told) if told is not None and math.isfinite(told) else None
    return None if found is None else cleaned(Decimal(told or 0.0), decimals=decimals(hint))


def _at(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None or milliseconds <= 0 else instant(milliseconds, per_second=1000)


def _messages(verb: str, symbols: Sequence[str]) -> list[str]:
    return [json.dumps({verb: list(symbols[start : start + A_MESSAGE])}) for start in range(0, len(symbols), A_MESSAGE)]
