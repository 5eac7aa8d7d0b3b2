"""Numbers and instants out of foreign answers. What is none becomes None: never a zero, never a guess."""

from __future__ import annotations

import math
import re
import struct
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

LARGEST: Final = Decimal("1e15")  # no price and no rate of this world is larger
SMALLEST: Final = Decimal("1e-15")
LARGEST_COUNT: Final = Decimal("1e19")  # what a volume's column takes
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
MANTISSA_BITS: Final = 24  # of a 32-bit float
_FLOAT: Final = struct.Struct("f")
_TEXT: Final = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,2})?")


def number(value: Any, *, texts: bool = False) -> Decimal | None:  # noqa: ANN401 - whatever the answer holds
    """Give a finite number as it was written, None for anything else.

    Parameters
    ----------
    value : object
        An int, a float or a Decimal; a bool is none.
    texts : bool
        Whether the provider writes its numbers as texts.

    Examples
    --------
    >>> number(1.5), number("1.5"), number("1.5", texts=True), number("N/D", texts=True)
    (Decimal('1.5'), None, Decimal('1.5'), None)
    """
    if isinstance(value, str):
        return _read(value) if texts and _TEXT.fullmatch(value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return _read(value)


def price(value: Any, *, texts: bool = False) -> Decimal | None:  # noqa: ANN401
    """Give a number that can be a price or a rate: above zero, and not beyond measure."""
    found = number(value, texts=texts)
    return found if found is not None and SMALLEST <= found <= LARGEST else None


def count(value: Any, *, texts: bool = False) -> Decimal | None:  # noqa: ANN401
    """Give a number that can be a volume: zero or more."""
    found = number(value, texts=texts)
    return found if found is not None and 0 <= found <= LARGEST_COUNT else None


def instant(value: Any, *, per_second: int = 1) -> datetime | None:  # noqa: ANN401
    """Give the instant of a number of seconds (or of parts of one) since 1970; before it the number is negative.

    Examples
    --------
    >>> instant(-252322200).isoformat(), instant("now")
    ('1962-01-02T14:30:00+00:00', None)
    """
    found = number(value)
    if found is None or abs(found / per_second) > Decimal("1e10"):
        return None
    at = EPOCH + timedelta(microseconds=int(found * 1_000_000 / per_second))
    return at if EARLIEST <= at <= LATEST else None


def zone(name: Any) -> ZoneInfo | None:  # noqa: ANN401
    """Give a time zone by its name, None where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (TypeError, ValueError, KeyError, OSError):
        return None


def noise(value: Decimal) -> Decimal:
    """Give how far a number may be off because it came through a 32-bit float; zero where it did not.

    Examples
    --------
    >>> noise(Decimal("188.55")), noise(Decimal("75.0875015258789")) > 0
    (Decimal('0'), True)
    """
    near = float(value)
    if abs(near) > 3e38 or _FLOAT.unpack(_FLOAT.pack(near))[0] != near:
        return Decimal(0)
    return Decimal(2.0 ** (math.frexp(near)[1] - MANTISSA_BITS - 1))


def cleaned(value: Decimal, *, decimals: int = 2, factor: Decimal = Decimal(1)) -> Decimal:
    """Take the noise of a 32-bit float off a price, and undo what it was divided by.

    The shortest number of at least `decimals` decimals that the float can have come from: 305.760009765625 was 305.76, and
    75.0875015258789 was 75.0875, also where the provider shows two decimals.

    Parameters
    ----------
    value : Decimal
        As the answer has it.
    decimals : int
        What the provider shows its prices with.
    factor : Decimal
        What the price was divided by, because of splits that came later.

    Examples
    --------
    >>> cleaned(Decimal("305.760009765625")), cleaned(Decimal("75.0875015258789"), factor=Decimal(4))
    (Decimal('305.76'), Decimal('300.35'))
    """
    return shortest(value * factor, within=noise(value) * factor, decimals=decimals)


def shortest(value: Decimal, *, within: Decimal, decimals: int = 2) -> Decimal:
    """Give the number of fewest decimals, `decimals` or more, that is not further off than `within`."""
    if within <= 0:
        return value
    for places in range(decimals, decimals + 20):
        rounded = round(value, places)
        if abs(rounded - value) <= within:
            return rounded
    return value


def _read(value: str | float | Decimal) -> Decimal | None:
    """Read what looks like a number."""
    try:
        found = Decimal(value.strip() if isinstance(value, str) else str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < 40 else None
