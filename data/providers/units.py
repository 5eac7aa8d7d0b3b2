"""Units in which providers quote prices, turned into currencies.

London quotes shares in pence, Johannesburg in cents, Tel Aviv in agorot. Providers say so with a code that looks like a currency
and is not one; taken for the currency, a price is 100 times off.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeVar

HUNDREDTHS: Final = {
    "GBp": "GBP", "GBX": "GBP", "GBx": "GBP", "GBPp": "GBP", "GBPX": "GBP", "ZAc": "ZAR", "ZAC": "ZAR", "ZAX": "ZAR", "ILA": "ILS", "ILAg": "ILS",
    "ILX": "ILS", "USX": "USD", "USc": "USD", "EUc": "EUR", "EUX": "EUR", "CAc": "CAD", "AUc": "AUD", "SGc": "SGD", "HKc": "HKD",
}
Price = TypeVar("Price", float, Decimal)


def in_currency(price: Price, unit: str | None) -> tuple[Price, str]:
    """Give a price in its currency, and the currency.

    Parameters
    ----------
    price : float or Decimal
    unit : str or None
        As the provider writes it: `GBp` is a hundredth of `GBP`, capitals matter. None or empty stays empty: unknown.

    Returns
    -------
    float or Decimal, str
        ISO 4217 code, or what was given in capitals.

    Examples
    --------
    >>> in_currency(Decimal("1234.5"), "GBp")
    (Decimal('12.345'), 'GBP')
    >>> in_currency(12.0, "usd")
    (12.0, 'USD')
    """
    told = (unit or "").strip()
    if told in HUNDREDTHS:
        return price / 100, HUNDREDTHS[told]
    return price, told.upper()


def quantised(price: float, hint: int | None = None) -> float:
    """Take the noise of a 32-bit float off a price: to `hint` decimals where the provider gives them, else to 7 significant digits.

    Examples
    --------
    >>> quantised(305.760009765625, 2)
    305.76
    >>> quantised(75.0875015258789)
    75.0875
    """
    return round(price, hint) if hint is not None else float(f"{price:.7g}")
