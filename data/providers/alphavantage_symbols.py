"""How Alpha Vantage writes a symbol, and what it leaves out beside it: currency and hours go by what stands behind the point."""

from __future__ import annotations

from datetime import time
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from engine.types import Instrument


class Market(NamedTuple):
    """Where a symbol trades. `currency` is None where it may be one of several: only the search tells it then."""

    currency: str | None
    zone: str
    close: time
    codes: str

    @property
    def clock(self) -> ZoneInfo:
        """Give the time zone."""
        return ZoneInfo(self.zone)


HOME: Final = Market("USD", "America/New_York", time(16), "XNYS XNAS XASE ARCX BATS IEXG US USA NYSE NASDAQ AMEX NMS NGM NCM NYQ ASE PCX PNK OTC")
MARKETS: Final = {
    "LON": Market(None, "Europe/London", time(16, 35), "XLON LSE"), "DEX": Market("EUR", "Europe/Berlin", time(17, 35), "XETR XETRA GER"),
    "FRK": Market("EUR", "Europe/Berlin", time(17, 35), "XFRA FRA"), "PAR": Market("EUR", "Europe/Paris", time(17, 35), "XPAR PAR"),
    "AMS": Market("EUR", "Europe/Amsterdam", time(17, 35), "XAMS AMS"), "TRT": Market("CAD", "America/Toronto", time(16), "XTSE TSX TOR"),
    "TRV": Market("CAD", "America/Toronto", time(16), "XTSX TSXV VAN"), "BSE": Market("INR", "Asia/Kolkata", time(15, 30), "XBOM BSE"),
    "SHH": Market("CNY", "Asia/Shanghai", time(15), "XSHG SHH"), "SHZ": Market("CNY", "Asia/Shanghai", time(15), "XSHE SHZ"),
    "HKG": Market("HKD", "Asia/Hong_Kong", time(16, 10), "XHKG HKG HKEX"), "SAO": Market("BRL", "America/Sao_Paulo", time(18), "BVMF XBSP SAO"),
}
_ENDINGS: Final = {code: ending for ending, market in MARKETS.items() for code in market.codes.split()}


def market_of(symbol: str) -> Market | None:
    """Give the market by a symbol's ending; without one it is of the United States, an unknown one is None."""
    _, point, ending = symbol.rpartition(".")
    return MARKETS.get(ending.upper()) if point else HOME


def listed(instrument: Instrument) -> str | None:
    """Give the symbol of a share or fund by its exchange; None where Alpha Vantage is not known to have that exchange."""
    exchange = (instrument.exchange or "").strip().upper()
    symbol = instrument.symbol.strip().replace(".", "-")
    if exchange in _ENDINGS:
        return f"{symbol.removesuffix('-' + _ENDINGS[exchange])}.{_ENDINGS[exchange]}"
    at_home = exchange in HOME.codes.split() or (not exchange and instrument.currency == HOME.currency)
    return symbol if at_home else None
