"""Finnhub's socket of trades: frames of several trades each, stamped in milliseconds.

Trades of the same instant, price and size are legal and none is dropped: Finnhub does not number them, so they are numbered as they come,
by a clock that goes on after a restart. A frame of type `ping` says nothing; one of type `error` is told
as what it is. The key is part of the address, which is never told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

from data import calendar
from data.providers import cells
from data.providers.streaming import Tick
from engine.errors import MalformedResponse
from engine.types import Instrument, Quote

NAME: Final = "finnhub"
HOME: Final = "wss://ws.finnhub.io"
PUBLIC: Final = "finnhub.io"
LONGEST_FRAME: Final = 2**20
SILENT: Final = frozenset({"ping", "pong"})


class FinnhubDialect:
    """How Finnhub speaks on its socket.

    Parameters
    ----------
    symbol : callable
        Gives Finnhub's symbol of an instrument.
    """

    name: str = NAME

    def __init__(self, symbol: Callable[[Instrument], str]) -> None:
        self._symbol = symbol
        self._last = 0

    def symbol(self, instrument: Instrument) -> str:
        """Give Finnhub's symbol of an instrument."""
        return self._symbol(instrument)

    def subscribe(self, symbols: Sequence[str]) -> Iterable[str]:
        """Give one message for each symbol that is asked for."""
        return [json.dumps({"type": "subscribe", "symbol": symbol}) for symbol in symbols]

    def unsubscribe(self, symbols: Sequence[str]) -> Iterable[str]:
        """Give one message for each symbol that is not wanted any more."""
        return [json.dumps({"type": "unsubscribe", "symbol": symbol}) for symbol in symbols]

    def opened(self, instruments: Sequence[Instrument]) -> list[Quote]:
        """Give no quotes to begin with: the polls have them."""
        del instruments
        return []

    def read(self, message: str | bytes) -> list[Tick]:
        """Read a frame into the ticks of its trades, every one of them, in its order.

        Raises
        ------
        MalformedResponse
            It cannot be read, is a complaint, or none of its trades has a symbol, a price and a time.
        """
        body = _object(message)
        kind = body.get("type")
        if kind in SILENT:
            return []
        if kind == "error":
            raise MalformedResponse(NAME, reason=f"the socket says: {cells.word(body.get('msg'), 80) or 'an error'}")
        if kind != "trade":
            raise MalformedResponse(NAME, reason="a frame of a kind that is not known")
        trades = cells.records(NAME, body.get("data"), "data")
        found = [tick._replace(sequence=self._next()) for trade in trades if (tick := _tick(trade)) is not None]
        if trades and not found:
            raise MalformedResponse(NAME, reason="a frame without a price")
        return found

    def _next(self) -> int:
        """Give a number above all before, also of a process before this one."""
        self._last = max(self._last + 1, calendar.nanoseconds() // 1000)
        return self._last


def stream_url(base_url: str, key: str) -> str:
    """Give the socket's address that goes with a base URL: Finnhub's own, or the same place as a stand-in's.

    Examples
    --------
    >>> stream_url("http://127.0.0.1:8080/api/v1", "k")
    'ws://127.0.0.1:8080/?token=k'
    """
    token, parts = quote(key, safe=""), urlsplit(base_url)
    if parts.hostname == PUBLIC:
        return f"{HOME}?token={token}"
    return f"{'ws' if parts.scheme == 'http' else 'wss'}://{parts.netloc}/?token={token}"


def _object(message: str | bytes) -> dict[str, Any]:
    if len(message) > LONGEST_FRAME:
        raise MalformedResponse(NAME, reason="a frame is too long")
    try:
        text = message.decode("utf-8") if isinstance(message, bytes) else message
        return cells.shaped(NAME, json.loads(text), dict, "a frame")
    except (ValueError, RecursionError):
        raise MalformedResponse(NAME, reason="a frame is no JSON") from None


def _tick(trade: dict[str, Any]) -> Tick | None:
    """Make a tick of a trade; None where it lacks something. Its unit is the instrument's: Finnhub does not tell it."""
    symbol, price, ts = cells.word(trade.get("s")), cells.price(trade.get("p")), cells.epoch(trade.get("t"), per_second=1000)
    if not symbol or price is None or ts is None:
        return None
    size = cells.volume(trade.get("v"))
    return Tick(symbol, price, ts, None, None if size is None else float(size))
