"""How a value becomes text: the only place that knows percent, minus signs and decimals.

`assets/format.js` holds the same rules for what is painted live; `tests/ui` compares the two on the same numbers. Minus is
U+2212, a narrow no-break space U+202F stands before a unit, unknown is an en dash, zero has no sign.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

MINUS = "\u2212"
NARROW = "\u202f"
UNKNOWN = "\u2013"

PERIODS = ("1D", "1W", "1M", "3M", "YTD", "1Y", "3Y", "All")
DEFAULT_PERIOD = "1Y"

Number = float | int | Decimal | None


def known(value: Number) -> bool:
    """Whether there is a number to show."""
    return value is not None and math.isfinite(value)


def number(value: Number, *, decimals: int = 2, least: int | None = None, signed: bool = False) -> str:
    """Text of a number, rounded half away from zero.

    Parameters
    ----------
    value : number or None
        None and NaN give an en dash.
    decimals : int
        Most decimals that are shown.
    least : int, optional
        Fewest decimals that are shown; `decimals` if not given.
    signed : bool
        Write a plus sign before positive numbers.

    Examples
    --------
    >>> number(-1234.5), number(0.001, signed=True), number(None)
    ('−1,234.50', '0.00', '–')
    """
    if value is None or not known(value):
        return UNKNOWN
    rounded = _rounded(value, decimals)
    sign = "" if not rounded else MINUS if rounded < 0 else "+" if signed else ""
    return sign + _trimmed(f"{abs(rounded):,f}", decimals if least is None else least)


def _rounded(value: float | Decimal, decimals: int) -> Decimal:
    """Round what is written, not its binary neighbour, as browsers do: 2.675 is 2.68."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def _trimmed(text: str, least: int) -> str:
    """Drop trailing zeros beyond the fewest decimals."""
    whole, point, decimals = text.partition(".")
    kept = decimals[:least] + decimals[least:].rstrip("0")
    return whole + (point + kept if kept else "")


def with_unit(text: str, unit: str) -> str:
    """Text and unit with a narrow no-break space; unknown stays a dash."""
    return text if text == UNKNOWN else f"{text}{NARROW}{unit}"


def money(value: Number, *, decimals: int = 2, signed: bool = False) -> str:
    """Amount without its currency."""
    return number(value, decimals=decimals, signed=signed)


def percent(fraction: Number, *, decimals: int = 2, signed: bool = True) -> str:
    r"""Return given as a fraction.

    Examples
    --------
    >>> percent(0.0041)
    '+0.41\u202f%'
    """
    return with_unit(number(None if fraction is None else float(fraction) * 100, decimals=decimals, signed=signed), "%")


def share(fraction: Number, *, decimals: int = 1) -> str:
    """Part of a whole given as a fraction."""
    return percent(fraction, decimals=decimals, signed=False)


def weight(hundredths: Number, *, decimals: int = 1) -> str:
    """Part of a whole that is already in percent."""
    return with_unit(number(hundredths, decimals=decimals), "%")


def price(value: Number, *, decimals: int | None = None) -> str:
    """Price with the decimals of its size."""
    if value is None or not known(value):
        return UNKNOWN
    return number(value, decimals=price_decimals(value) if decimals is None else decimals)


def price_decimals(value: float | Decimal) -> int:
    """Decimals of a price of this size."""
    size = abs(value)
    return 2 if size >= 1 else 4 if size >= 0.01 else 6


def quantity(value: Number, *, decimals: int = 8) -> str:
    """Quantity without trailing zeros."""
    return number(value, decimals=decimals, least=0)


def compact(value: Number, *, signed: bool = False) -> str:
    """Short amount for axes and flow markers: 340k, 1.25M."""
    if value is None or not known(value):
        return UNKNOWN
    size = abs(value)
    unit, scale = ("M", 1e6) if size >= 999_500 else ("k", 1e3) if size >= 1000 else ("", 1.0)
    return number(float(value) / scale, decimals=2 if unit == "M" else 0, least=0, signed=signed) + unit


def age(seconds: Number) -> str:
    """Age of a price: 0.4 s, 12 s, 15 min, 3 h, 4 d."""
    if seconds is None or not known(seconds):
        return UNKNOWN
    whole = max(0.0, float(seconds))
    if whole < 9.95:
        return with_unit(number(whole, decimals=1), "s")
    unit, length = next((unit, length) for unit, length, limit in _AGES if whole < limit)
    return with_unit(str(int(whole // length)), unit)


_AGES = (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 86400), ("d", 86400, math.inf))

FORMATS = {
    "money": money,
    "signed": lambda value: money(value, signed=True),
    "signed1": lambda value: money(value, decimals=1, signed=True),
    "whole": lambda value: money(value, decimals=0),
    "whole-signed": lambda value: money(value, decimals=0, signed=True),
    "percent": percent,
    "percent1": lambda value: percent(value, decimals=1),
    "share": share,
    "weight": weight,
    "weight0": lambda value: weight(value, decimals=0),
    "price": price,
    "quantity": quantity,
    "count": lambda value: number(value, decimals=0),
    "compact": compact,
    "age": age,
}


def text(value: Number, name: str = "money") -> str:
    """Text of a value under the name of a format, as `portolan.format.text` in the browser."""
    return FORMATS[name](value)


def fitted(values: Sequence[float], total: float, *, decimals: int = 2) -> list[float]:
    """Round parts so that what is written adds up to the total as it is written (largest remainder).

    Examples
    --------
    >>> fitted([0.333, 0.333, 0.334], 1.0)
    [0.33, 0.33, 0.34]
    """
    step = 10.0**-decimals
    floors = [math.floor(value / step + 1e-9) for value in values]
    missing = int(_rounded(total, decimals).scaleb(decimals)) - sum(floors)
    order = sorted(range(len(values)), key=lambda index: floors[index] - values[index] / step)
    whole, more = divmod(missing, len(values)) if values else (0, 0)
    units = [floor + whole for floor in floors]
    for index in order[:more]:
        units[index] += 1
    return [round(unit * step, decimals) for unit in units]


def hero_parts(value: Number) -> tuple[str, str]:
    """Whole part and cents of the one large figure of a page."""
    whole, point, cents = money(value).partition(".")
    return whole, point + cents


def tone(value: Number, *, decimals: int = 2) -> str:
    """Class name that colours a value by its sign as it is written."""
    if value is None or not known(value):
        return "flat"
    rounded = _rounded(value, decimals)
    return "gain" if rounded > 0 else "loss" if rounded < 0 else "flat"


def instant(at: datetime | None) -> str:
    """Write an instant to the second as a reader says it: 20 Nov 2026, 15:04:05 UTC."""
    return f"{day(at.date())}, {at:%H:%M:%S} UTC" if at else UNKNOWN


def day(date: date) -> str:
    """Date as a reader says it: 20 Nov 2026."""
    return f"{date.day} {date:%b %Y}"
