"""What a chart of one instrument shows: candles of a range, splits and payments on them, and the panel of its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import pandas as pd

from data import calendar, venues
from data.database import Database, Unit
from engine.adjustment import adjustment_factors
from engine.errors import InvalidInput
from engine.types import Actor, Bar, CorporateAction, Instrument
from services.market.service import Market
from services.views import QuoteView

WITHIN: Final = {"1D": (timedelta(days=1), timedelta(minutes=5)), "1W": (timedelta(days=7), timedelta(minutes=30))}  # span, width of a candle
MONTHS: Final = {"1M": 1, "3M": 3, "6M": 6, "1Y": 12, "3Y": 36, "5Y": 60, "10Y": 120}
RANGES: Final = (*WITHIN, *MONTHS, "YTD", "ALL")
MOST: Final = 800  # candles; longer ranges are told by the week, then by the month
PRICES: Final = ("open", "high", "low", "close")
YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Candle:
    """What a price did within an interval. Local currency, a unit."""

    at: date | datetime  # its first instant, or its day; of a week or month the first day with a bar
    open: float | None
    high: float | None
    low: float | None
    close: float
    volume: float | None
    mark: str | None = None  # what was repaired or filled, or `simulated`


@dataclass(frozen=True, slots=True)
class Candles:
    """The candles of a range, oldest first."""

    symbol: str
    currency: str
    range: str
    every: str  # "5 minutes", "30 minutes", "day", "week", "month"
    adjusted: bool
    candles: tuple[Candle, ...]
    actions: tuple[CorporateAction, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """The price of an instrument and what it is seen against. Local currency."""

    instrument: Instrument
    quote: QuoteView
    session: str  # open, closed, pre, post
    next_change: datetime  # when the venue opens or closes next
    day: Candle | None  # today's open, high, low, volume as far as ticks were told
    high_52w: float | None
    low_52w: float | None
    first_bar: date | None
    last_bar: date | None


class Charts:
    """Candles and panels of the actor's instruments."""

    def __init__(self, database: Database, market: Market) -> None:
        self._database, self._market = database, market

    def candles(self, actor: Actor, symbol: str, range: str = "1Y", *, adjusted: bool = True) -> Candles:  # noqa: A002  # the field's word
        """Give the candles of a range.

        Parameters
        ----------
        actor : Actor
        symbol : str
        range : str
            1D and 1W of ticks; 1M 3M 6M 1Y 3Y 5Y 10Y YTD ALL of daily bars, by the week or month where there are more than 800.
        adjusted : bool
            Whether splits are taken out of the prices before them. Payments are not: what was paid is marked.

        Raises
        ------
        NotFound
            No such instrument.
        InvalidInput
            No such range.
        """
        asked = range.upper()
        if asked not in RANGES:
            raise InvalidInput("range", range, "is not a range", hint=f"Use one of {', '.join(RANGES)}", rule="not_a_choice")
        with self._database.read() as unit:
            instrument = unit.instruments.get(actor.workspace_id, symbol.strip().upper())
            return _of_ticks(unit, instrument, asked) if asked in WITHIN else _of_bars(unit, instrument, asked, adjusted=adjusted)

    def panel(self, actor: Actor, symbol: str) -> Panel:
        """Tell the price of an instrument, its day and its year; `NotFound` where there is none."""
        now = calendar.now()
        with self._database.read() as unit:
            instrument = unit.instruments.get(actor.workspace_id, symbol.strip().upper())
            ticks = unit.market.candles(instrument.id, calendar.start_of(now.date()), now, timedelta(days=1))
            year = _levelled(unit.prices.bars(instrument.id, (now - YEAR).date(), now.date()), unit.instruments.actions(instrument.id))
            first, last = unit.history.span(instrument.id) or (None, None)
        quote = self._market.quotes(actor, [instrument.symbol])[0]
        session = venues.session(instrument, now)
        change = venues.next_close(instrument, now) if session is venues.Session.OPEN else venues.next_open(instrument, now)
        day = _tick_candle(ticks[-1]) if ticks else None
        candles = [*year, *([day] if day else [])]
        high, low = max(map(_high, candles), default=None), min(map(_low, candles), default=None)
        return Panel(instrument, quote, session.value, change, day, high, low, first, last)


def _of_ticks(unit: Unit, instrument: Instrument, asked: str) -> Candles:
    span, width = WITHIN[asked]
    now = calendar.now()
    rows = unit.market.candles(instrument.id, _floor(now - span, width), now, width)
    every = f"{int(width.total_seconds() // 60)} minutes"
    return Candles(instrument.symbol, instrument.currency, asked, every, adjusted=False, candles=tuple(map(_tick_candle, rows)), actions=())


def _floor(at: datetime, width: timedelta) -> datetime:
    """Begin where a candle begins, so that two who ask a minute apart see the same ones."""
    return at - (at - calendar.start_of(at.date())) % width


def _tick_candle(row: tuple[datetime, float, float, float, float, float | None, bool, int]) -> Candle:
    at, first, high, low, last, volume, simulated, _ = row
    return Candle(at, first, high, low, last, volume, "simulated" if simulated else None)


def _of_bars(unit: Unit, instrument: Instrument, asked: str, *, adjusted: bool) -> Candles:
    today = calendar.today()
    start = first_day(asked, today)
    bars, actions = unit.prices.bars(instrument.id, start, today), unit.instruments.actions(instrument.id)
    shown = _levelled(bars, actions) if adjusted else [_bar_candle(bar) for bar in bars]
    shown += _of_today(unit, instrument, shown, today)
    every, grouped = _grouped(shown)
    seen = [action for action in actions if shown and _day(shown[0].at) <= action.date <= _day(shown[-1].at)]
    return Candles(instrument.symbol, instrument.currency, asked, every, adjusted, tuple(grouped), tuple(seen))


def _of_today(unit: Unit, instrument: Instrument, before: Sequence[Candle], today: date) -> list[Candle]:
    """Give the candle of a day that has no bar yet, of its ticks."""
    if before and _day(before[-1].at) >= today:
        return []
    ticks = unit.market.candles(instrument.id, calendar.start_of(today), calendar.now(), timedelta(days=1))
    return [replace(_tick_candle(row), at=today) for row in ticks[-1:]]


def first_day(asked: str, today: date) -> date | None:
    """Give the first day of a range; None for all there is."""
    if asked == "ALL":
        return None
    if asked == "YTD":
        return date(today.year, 1, 1)
    return (pd.Timestamp(today) - pd.DateOffset(months=MONTHS[asked])).date()


def _day(at: date | datetime) -> date:
    return at.date() if isinstance(at, datetime) else at


def _bar_candle(bar: Bar) -> Candle:
    told = {name: None if (value := getattr(bar, name)) is None else float(value) for name in (*PRICES, "volume")}
    return Candle(bar.date, told["open"], told["high"], told["low"], float(bar.close), told["volume"],
                  "simulated" if bar.simulated else bar.mark)


def _levelled(bars: Sequence[Bar], actions: Sequence[CorporateAction]) -> list[Candle]:
    """Tell every candle in shares of today."""
    plain = [_bar_candle(bar) for bar in bars]
    splits = [action for action in actions if action.kind == "split"]
    if not plain or not splits:
        return plain
    closes = pd.Series([candle.close for candle in plain], index=pd.DatetimeIndex([candle.at for candle in plain]))
    factors = adjustment_factors(closes, splits)["split"].to_numpy()
    return [_times(candle, float(factor)) for candle, factor in zip(plain, factors, strict=True)]


def _high(candle: Candle) -> float:
    return candle.close if candle.high is None else candle.high


def _low(candle: Candle) -> float:
    return candle.close if candle.low is None else candle.low


def _times(candle: Candle, factor: float) -> Candle:
    levels = [None if (value := getattr(candle, name)) is None else value * factor for name in PRICES]
    return Candle(candle.at, levels[0], levels[1], levels[2], candle.close * factor, candle.volume and candle.volume / factor, candle.mark)


def _grouped(candles: Sequence[Candle]) -> tuple[str, list[Candle]]:
    """Join days to weeks, and weeks to months, where there are too many to see."""
    for every, key in (("day", None), ("week", "%G-%V"), ("month", "%Y-%m")):
        joined = list(candles) if key is None else _joined(candles, key)
        if len(joined) <= MOST:
            return every, joined
    return "month", joined


def _joined(candles: Sequence[Candle], key: str) -> list[Candle]:
    groups: dict[str, list[Candle]] = {}
    for candle in candles:
        groups.setdefault(_day(candle.at).strftime(key), []).append(candle)
    return [_one(group) for group in groups.values()]


def _one(group: Sequence[Candle]) -> Candle:
    volumes = [candle.volume for candle in group if candle.volume is not None]
    mark = next((candle.mark for candle in group if candle.mark), None)
    return Candle(group[0].at, group[0].open, max(map(_high, group)), min(map(_low, group)), group[-1].close, sum(volumes) if volumes else None, mark)
