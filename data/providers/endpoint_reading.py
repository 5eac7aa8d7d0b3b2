"""How the answer of somebody's own endpoint is read: which path or column holds the price, its time, its currency."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data.endpoint_records import Reading
from data.providers import cells
from data.providers.units import in_currency
from data.providers.wire import Answer
from engine.errors import MalformedResponse, UnknownSymbol

NAME: Final = "endpoint"
UNITS: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
TIMES: Final = ("auto", "iso", *UNITS)
STEP: Final = re.compile(r"[^.\[\]]+|\[-?[0-9]+\]")
LONGEST_PATH: Final = 20
ROWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read. `currency` is None where neither the answer nor the reading tells one; `ts` is None where no time is told."""

    price: Decimal
    ts: datetime | None
    currency: str | None
    volume: Decimal | None


def read(reading: Reading, answer: Answer, symbol: str) -> Seen:
    """Read an answer.

    Raises
    ------
    MalformedResponse
        There is no price, or no time where one should be, or it is of another symbol.
    UnknownSymbol
        A table has no row of the symbol.
    """
    holder = _row(reading, answer.text, symbol) if reading.format == "csv" else _of_symbol(reading, answer.json(exact=True), symbol)
    price = cells.price(_plain(reading, _at(holder, reading.price)))
    if price is None:
        raise MalformedResponse(NAME, reason=f"no price at {reading.price}")
    ts = instant(_at(holder, reading.time), reading) if reading.time else None
    if reading.time and ts is None:
        raise MalformedResponse(NAME, reason=f"no time at {reading.time}")
    told = cells.word(_at(holder, reading.currency)) if reading.currency else ""
    worth, currency = in_currency(price, told or reading.unit)
    if currency and not cells.currency(currency):
        raise MalformedResponse(NAME, reason=f"{cells.word(currency, 20)} is not a currency")
    return Seen(worth, ts, currency or None, cells.volume(_plain(reading, _at(holder, reading.volume))) if reading.volume else None)


def instant(value: object, reading: Reading) -> datetime | None:
    """Read an instant: ISO 8601, a date, or a number since 1970 in some unit."""
    number = cells.number(value)
    if reading.time_unit != "iso" and number is not None:
        return cells.epoch(number, per_second=UNITS.get(reading.time_unit) or _parts_of_second(number))
    if reading.time_unit not in {"iso", "auto"} or not isinstance(value, str):
        return None
    zone = zone_of(reading.time_zone) or UTC
    text = value.strip().replace("/", "-")
    day = cells.day(text)
    if day is not None and len(text) == len("2024-01-01"):
        return cells.utc(datetime(day.year, day.month, day.day, tzinfo=zone))
    return cells.stamp(text, zone)


def zone_of(name: str) -> tzinfo | None:
    """Give a time zone by its name; None where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def steps(path: str) -> list[str] | None:
    """Cut a path into names and places; None where it is none.

    Examples
    --------
    >>> steps("data.quotes[-1].last"), steps("/a.b/0"), steps("a..b")
    (['data', 'quotes', '-1', 'last'], ['a.b', '0'], None)
    """
    if path.startswith("/"):
        found = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
        return found if len(found) <= LONGEST_PATH else None
    found = [part.strip("[]") for part in STEP.findall(path)]
    whole = ".".join(STEP.findall(path)).replace(".[", "[")
    return found if found and whole == path and len(found) <= LONGEST_PATH else None


def _at(holder: object, path: str | None) -> object:
    """Give what stands at a path; None where nothing does."""
    if isinstance(holder, _Row):
        return holder.get((path or "").strip().lower())
    for step in steps(path or "") or []:
        if isinstance(holder, Mapping):
            holder = holder.get(step)
        elif isinstance(holder, list) and re.fullmatch(r"-?[0-9]{1,6}", step) and -len(holder) <= int(step) < len(holder):
            holder = holder[int(step)]
        else:
            return None
    return holder


class _Row(dict[str, str]):
    """One line of a table by the names of its columns, in small letters."""


def _of_symbol(reading: Reading, body: Any, symbol: str) -> object:  # noqa: ANN401  # whatever JSON holds
    """Give a body that is of the symbol, as far as it tells."""
    if reading.symbol and cells.word(_at(body, reading.symbol)).upper() != symbol.upper():
        raise MalformedResponse(NAME, reason=f"it is not of {symbol}, by what stands at {reading.symbol}")
    return body


def _row(reading: Reading, text: str, symbol: str) -> _Row:
    """Give the row of the symbol, or without a column of symbols the last one."""
    if text.lstrip().startswith("<"):
        raise MalformedResponse(NAME, reason="HTML where a table was due")
    try:
        lines = [line for line in csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=reading.delimiter, strict=True) if any(line)]
    except csv.Error:
        raise MalformedResponse(NAME, reason="the table cannot be read") from None
    if len(lines) > ROWS or len(lines) <= int(reading.header):
        raise MalformedResponse(NAME, reason="the table has no rows, or too many")
    names = [name.strip().lower() for name in lines[0]] if reading.header else [str(place) for place in range(1, len(lines[0]) + 1)]
    rows = [_Row(zip(names, line, strict=False)) for line in lines[int(reading.header):]]
    if not reading.symbol:
        return rows[-1]
    column = reading.symbol.strip().lower()
    found = [row for row in rows if row.get(column, "").strip().upper() == symbol.upper()]
    if not found:
        raise UnknownSymbol(NAME, symbol)
    return found[-1]


def _plain(reading: Reading, value: object) -> object:
    """Give a number in the words of this house, where a text writes it with a comma or with spaces between thousands."""
    if not isinstance(value, str):
        return value
    text = re.sub(r"[\s\u00a0\u202f']", "", value)
    return text.replace(".", "").replace(",", ".") if reading.decimal == "," else text


def _parts_of_second(number: Decimal) -> int:
    """Guess the unit of a time since 1970 by its size: seconds have ten digits for the next two centuries."""
    return next((parts for limit, parts in ((10**11, 1), (10**14, 10**3), (10**17, 10**6)) if abs(number) < limit), 10**9)
