"""Currencies that exist, and the rate between any two of them.

A pair is six letters: `EURUSD` is the price of one EUR in USD. A rate "to base" is base units per one unit of a currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import InvalidInput

# One string a number of decimals: ISO 4217, plus withdrawn codes (last line) whose rates the ECB still publishes, because ledgers reach back.
_BY_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD "
        "EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD "
        "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK "
        "SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG "
        "CYP EEK HRK LTL LVL ROL SIT SKK"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND MTL",
    4: "CLF UYW",
}

CURRENCIES: dict[str, int] = {code: decimals for decimals, codes in _BY_DECIMALS.items() for code in codes.split()}

_MINOR_UNITS = {"GBX": "GBP", "GBp": "GBP", "ZAC": "ZAR", "ZAc": "ZAR", "ILA": "ILS"}
_PIVOTS = ("EUR", "USD")

Rates = Mapping[str, NDArray[np.float64]]


def currency_code(value: object, *, field: str = "currency", row: int | None = None) -> str:
    """Return the ISO 4217 code a value names.

    Parameters
    ----------
    value
        Text such as ``"usd"``; blanks around it and lower case are accepted.
    field, row
        Where the value stood, for the error.

    Returns
    -------
    str
        Three capital letters, a key of `CURRENCIES`.

    Raises
    ------
    InvalidInput
        No such currency. Pence and cents (``GBX``, ``ZAC``) are refused with a hint, because a price in them is 100 times off.

    Examples
    --------
    >>> currency_code(" usd ")
    'USD'
    """
    text = str(value).strip()
    code = text.upper()
    if code in CURRENCIES and text not in _MINOR_UNITS:
        return code
    major = _MINOR_UNITS.get(text) or _MINOR_UNITS.get(code)
    hint = f"Use {major} and divide by 100" if major else "Use an ISO 4217 code such as EUR or USD"
    raise InvalidInput(field, value, f"{text or 'nothing'} is not a currency", hint=hint, row=row)


def rates_to(base: str, currencies: Iterable[str], fx_row: Mapping[str, float]) -> pd.Series:
    """Rate of each currency to the base at one instant.

    Parameters
    ----------
    base
        Currency of the result.
    currencies
        Codes wanted, repeats allowed.
    fx_row
        Pair to rate, e.g. ``{"EURUSD": 1.25}`` or a Series with pairs as index. NaN counts as absent.

    Returns
    -------
    Series
        Index: currency; values: base units per one unit, NaN where no path exists.

    Notes
    -----
    Convention: the direct pair first, then its inverse, then a cross through EUR, USD, or any other common currency.

    Raises
    ------
    InvalidInput
        `base` or one of `currencies` does not exist.

    Examples
    --------
    >>> rates_to("USD", ["USD", "EUR", "GBP"], {"EURUSD": 1.2, "EURGBP": 0.8}).round(6).to_dict()
    {'USD': 1.0, 'EUR': 1.2, 'GBP': 1.5}
    """
    rates = {str(pair): np.array([rate], dtype=np.float64) for pair, rate in fx_row.items()}
    codes = list(dict.fromkeys(currency_code(code) for code in currencies))
    return pd.Series({code: float(_rate(code, currency_code(base), rates, 1)[0]) for code in codes}, dtype=np.float64, name="rate")


def rate_history(base: str, currencies: Iterable[str], fx: pd.DataFrame) -> pd.DataFrame:
    """Rate of each currency to the base on each date of a history.

    Parameters
    ----------
    base
        Currency of the result.
    currencies
        Codes wanted.
    fx
        DataFrame of shape (n_dates, n_pairs), DatetimeIndex ascending, columns pairs such as ``EURUSD``.

    Returns
    -------
    DataFrame
        Shape (n_dates, n_currencies), base units per one unit.

    Notes
    -----
    Convention: a gap takes the last rate before it; there is nothing before the first rate, so that is NaN.

    Raises
    ------
    InvalidInput
        A currency does not exist.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-02"])
    >>> rate_history("EUR", ["USD"], pd.DataFrame({"EURUSD": [1.25, None]}, index=days))["USD"].tolist()
    [0.8, 0.8]
    """
    base = currency_code(base)
    codes = list(dict.fromkeys(currency_code(code) for code in currencies))
    rates = _Filled(fx)
    table = {code: _rate(code, base, rates, len(fx)) for code in codes}
    return pd.DataFrame(table, index=fx.index, columns=pd.Index(codes, dtype=object), dtype=np.float64)


def rate_path(base: str, currency: str, fx_row: Mapping[str, float]) -> tuple[str, ...]:
    """Name the pairs behind the rate of a currency to the base.

    Parameters
    ----------
    base, currency
        The two currencies.
    fx_row
        As for `rates_to`.

    Returns
    -------
    tuple of str
        One pair, two where the rate is a cross; none where the currency is the base or no path exists.

    Notes
    -----
    Convention: the path of `rates_to`.

    Examples
    --------
    >>> rate_path("USD", "GBP", {"EURUSD": 1.2, "EURGBP": 0.8})
    ('EURGBP', 'EURUSD')
    """
    known = {str(pair) for pair, rate in fx_row.items() if np.isfinite(rate) and rate > 0.0}
    if currency == base:
        return ()
    for pivot in (base, *_pivots(dict.fromkeys(known, np.ones(1)), currency, base)):
        legs = [_quoted(known, *leg) for leg in ((currency, pivot), (pivot, base)) if leg[0] != leg[1]]
        if all(legs):
            return tuple(str(leg) for leg in legs)
    return ()


def _quoted(known: set[str], source: str, target: str) -> str | None:
    return next((pair for pair in (source + target, target + source) if pair in known), None)


class _Filled(Mapping[str, NDArray[np.float64]]):
    """Columns of a frame as forward-filled arrays, filled when asked for: a history holds many pairs and a ledger needs few."""

    def __init__(self, fx: pd.DataFrame) -> None:
        self._fx = fx
        self._places = {str(pair): place for place, pair in enumerate(fx.columns)}
        self._done: dict[str, NDArray[np.float64]] = {}

    def __getitem__(self, pair: str) -> NDArray[np.float64]:
        if pair not in self._done:
            column = self._fx.iloc[:, self._places[pair]].to_numpy(dtype=np.float64, na_value=np.nan)
            self._done[pair] = forward_filled(_positive(column))
        return self._done[pair]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def forward_filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Array in which a NaN takes the last number above it.

    Parameters
    ----------
    values
        ndarray of shape (n_dates,) or (n_dates, n_series), any unit.

    Returns
    -------
    ndarray
        Same shape; NaN only where nothing stands above.

    Examples
    --------
    >>> forward_filled(np.array([np.nan, 1.0, np.nan, 2.0])).tolist()
    [nan, 1.0, 1.0, 2.0]
    """
    rows = np.arange(len(values)).reshape(-1, *([1] * (values.ndim - 1)))
    known = np.maximum.accumulate(np.where(np.isnan(values), 0, rows), axis=0)
    return np.take_along_axis(values, known, axis=0)


def _rate(source: str, base: str, rates: Rates, length: int) -> NDArray[np.float64]:
    if source == base:
        return np.ones(length)
    found = _pair(source, base, rates, length)
    for pivot in _pivots(rates, source, base):
        if not np.isnan(found).any():
            break
        cross = _pair(source, pivot, rates, length) * _pair(pivot, base, rates, length)
        found = np.where(np.isnan(found), cross, found)
    return found


def _pair(source: str, target: str, rates: Rates, length: int) -> NDArray[np.float64]:
    if source == target:
        return np.ones(length)
    found = np.full(length, np.nan)
    if source + target in rates:
        found = _positive(rates[source + target])
    if target + source in rates and np.isnan(found).any():
        found = np.where(np.isnan(found), 1.0 / _positive(rates[target + source]), found)
    return found


def _positive(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep what can be a rate: finite and above zero."""
    return np.where(np.isfinite(rates) & (rates > 0.0), rates, np.nan)


def _pivots(rates: Rates, source: str, base: str) -> list[str]:
    """Currencies that share a pair with the source, the usual ones first."""
    partners = {pair[3:] for pair in rates if pair[:3] == source} | {pair[:3] for pair in rates if pair[3:] == source}
    others = sorted(partners - {base, source, *_PIVOTS})
    return [pivot for pivot in (*_PIVOTS, *others) if pivot in partners]
