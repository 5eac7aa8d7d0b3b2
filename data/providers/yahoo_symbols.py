"""How Yahoo writes a symbol: what stands behind the point for each exchange."""

from __future__ import annotations

from typing import Final

from engine.types import AssetClass, Instrument

CLASSES: Final = {
    "EQUITY": AssetClass.EQUITY, "ETF": AssetClass.FUND, "MUTUALFUND": AssetClass.FUND, "CRYPTOCURRENCY": AssetClass.CRYPTO,
    "CURRENCY": AssetClass.FX, "INDEX": AssetClass.INDEX, "FUTURE": AssetClass.COMMODITY, "OPTION": AssetClass.OPTION,
}
# market identifier codes (ISO 10383), and the names that Yahoo itself uses in a search
SUFFIXES: Final = {
    "L": "XLON LSE", "IL": "IOB", "DE": "XETR XETRA GER", "F": "XFRA FRA", "SG": "XSTU STU", "MU": "XMUN MUN", "DU": "XDUS DUS", "HM": "XHAM HAM",
    "BE": "XBER BER", "PA": "XPAR PAR", "AS": "XAMS AMS", "BR": "XBRU BRU", "LS": "XLIS LIS", "MI": "XMIL MTAA MIL", "MC": "XMAD BMEX MCE",
    "SW": "XSWX XVTX EBS", "VI": "XWBO VIE", "ST": "XSTO STO", "HE": "XHEL HEL", "CO": "XCSE CPH", "OL": "XOSL OSL", "IC": "XICE ICE",
    "IR": "XDUB ISE", "WA": "XWAR WSE", "PR": "XPRA PRA", "BD": "XBUD BUD", "AT": "XATH ASEX ATH", "IS": "XIST IST", "TO": "XTSE TSX TOR",
    "V": "XTSX TSXV VAN", "NE": "XNEO NEO", "CN": "XCNQ CNQ", "AX": "XASX ASX", "NZ": "XNZE NZE", "T": "XTKS XJPX TSE JPX", "HK": "XHKG HKG HKEX",
    "SS": "XSHG SHH", "SZ": "XSHE SHZ", "KS": "XKRX KSC", "KQ": "XKOS KOE", "TW": "XTAI TAI", "TWO": "ROCO TWO", "SI": "XSES SGX SES",
    "BK": "XBKK SET", "KL": "XKLS KLS", "JK": "XIDX IDX JKT", "BO": "XBOM BSE", "NS": "XNSE NSE NSI", "TA": "XTAE TLV", "SR": "XSAU SAU",
    "JO": "XJSE JSE JNB", "SA": "BVMF XBSP SAO", "MX": "XMEX MEX", "BA": "XBUE BUE", "SN": "XSGO SGO", "QA": "DSMD DOH", "CA": "XCAI CAI",
}
OF_EXCHANGE: Final = {code: suffix for suffix, codes in SUFFIXES.items() for code in codes.split()}


def yahoo_symbol(instrument: Instrument) -> str:
    """Give the symbol that Yahoo most likely has for an instrument.

    The pair EURUSD is `EURUSD=X`, bitcoin in dollars `BTC-USD`, a share of London `VOD.L`; a share class of New York has a dash.
    """
    symbol = instrument.symbol.strip()
    if instrument.asset_class is AssetClass.FX:
        return symbol if symbol.endswith("=X") else f"{symbol}=X"
    if instrument.asset_class is AssetClass.CRYPTO:
        return symbol if "-" in symbol else f"{symbol.removesuffix(instrument.currency) or symbol}-{instrument.currency}"
    suffix = OF_EXCHANGE.get((instrument.exchange or "").strip().upper())
    if suffix:
        return symbol if symbol.upper().endswith(f".{suffix}") else f"{symbol.replace('.', '-')}.{suffix}"
    stem, point, ending = symbol.rpartition(".")
    return f"{stem}-{ending}" if point and len(ending) == 1 and ending in "AB" else symbol


def same(told: str, asked: str) -> bool:
    """Whether an answer is for what was asked; the dollar's own pairs are told without it: USDINR=X as INR=X."""
    first, second = (text.upper().removeprefix("USD") if text.upper().endswith("=X") and len(text) == 8 else text.upper() for text in (told, asked))
    return first == second
