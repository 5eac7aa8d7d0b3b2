"""Foreign cells as what they should be: numbers, prices, instants and dates, or None for what they are not.

What a provider sends is believed only in its plain form: `"N/D"`, `null`, `true`, `NaN`, `1e999` and an empty text are no numbers, and a
price is above zero and within what any listing ever cost. Nothing here raises but `shaped`, which says that a body is not built as it
should be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final, TypeVar

from data.providers import numbers
from engine.errors import MalformedResponse

DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?=$|[T ])")
CURRENCY: Final = re.compile(r"[A-Z]{3}")
ZERO: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
Shape = TypeVar("Shape")


def number(value: object) -> Decimal | None:
    """Read a finite number from a number or its plain text."""
    return numbers.number(value, texts=True)


def price(value: object) -> Decimal | None:
    """Read a number that can be a price."""
    return numbers.price(value, texts=True)


def volume(value: object) -> Decimal | None:
    """Read a number that can be a volume; 0 is one."""
    return numbers.count(value, texts=True)


def epoch(value: object, *, per_second: int = 1) -> datetime | None:
    """Read an instant from seconds since 1970, or from parts of a second; zero is how providers say that there is none."""
    found = number(value)
    return numbers.instant(found, per_second=per_second) if found else None


def stamp(value: object, zone: tzinfo | None = None) -> datetime | None:
    """Read an instant from ISO 8601; one without an offset is local to `zone`, and none where no zone is given."""
    if not isinstance(value, str) or not DAY.match(value) or len(value) < len("2024-01-01T00:00"):
        return None
    try:
        found = datetime.fromisoformat(_six_digits(value))
    except ValueError:
        return None
    if found.tzinfo is None:
        return _within(found.replace(tzinfo=zone)) if zone else None
    return _within(found)


def utc(instant: datetime) -> datetime:
    """Give an aware instant in UTC."""
    return instant.astimezone(UTC)


def day(value: object) -> date | None:
    """Read the date that a text begins with: YYYY-MM-DD, alone or before a time."""
    if not isinstance(value, str) or not (begins := DAY.match(value.strip())):
        return None
    try:
        found = date.fromisoformat(begins[0])
    except ValueError:
        return None
    return found if FIRST.date() <= found < LAST.date() else None


def currency(value: object) -> str | None:
    """Read a code of three letters, in whatever case it came."""
    return value.upper() if isinstance(value, str) and CURRENCY.fullmatch(value.upper()) else None


def word(value: object, limit: int = 200) -> str:
    """Read a short printable text; whatever else it is, nothing."""
    return "".join(char for char in value if char.isprintable()).strip()[:limit] if isinstance(value, str) else ""


def shaped(provider: str, value: object, kind: type[Shape], what: str) -> Shape:
    """Give a value that is of the kind it should be.

    Raises
    ------
    MalformedResponse
        It is not.
    """
    if not isinstance(value, kind) or isinstance(value, bool):
        raise MalformedResponse(provider, reason=f"{what} is {'missing' if value is None else 'a ' + type(value).__name__}, not a {kind.__name__}")
    return value


def records(provider: str, value: object, what: str) -> list[dict[str, Any]]:
    """Give the rows of a list every one of which is an object."""
    return [shaped(provider, row, dict, f"a row of {what}") for row in shaped(provider, value, list, what)]


def told(body: object, *names: str) -> str:
    """Find what an error body says under one of its usual names, in lower case."""
    if isinstance(body, Mapping):
        return next((text.lower() for name in names if (text := word(body.get(name)))), "")
    return ""


def _six_digits(text: str) -> str:
    """Cut a fraction of nanoseconds to microseconds, which is as fine as an instant is here."""
    return re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text.strip())


def _within(found: datetime) -> datetime | None:
    try:
        utc = found.astimezone(UTC)
    except OverflowError:
        return None
    return utc if FIRST <= utc < LAST else None
