"""One field of a request as what it should be, or an error that names the field, the rule and the mend.

Every function takes the `Place` of a foreign value and the value. Its error has in `context` the field, the value as it came, a hint, and
`rule`, a finer slug than the error's code: required not_a_number not_finite negative zero decimals digits not_a_date future_date
early_date not_an_instant unknown_currency not_a_symbol unknown_value unknown_field too_long not_text not_a_uuid.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from data import calendar
from engine.currencies import CURRENCIES, currency_code
from engine.errors import InvalidInput, PortfolioError

DECIMALS = 18
CLOCKS_DIFFER = timedelta(seconds=5)  # the database's clock may be a little ahead of ours
INTEGER_DIGITS = 20
FIRST_DATE = date(1900, 1, 1)
LONGEST_NUMBER = 200
EXAMPLE_ID = "0190c0de-0000-7000-8000-000000000001"
FLOAT_DIGITS = 17  # what a float64 prints at most
FLOAT_SMALLEST = -12  # powers of ten below which cutting a float to 18 decimals would lose too much
SYMBOL = re.compile(r"[A-Z0-9^][A-Z0-9.^=_:+-]{0,31}")
PROVIDER = re.compile(r"[a-z][a-z0-9_]{0,31}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NOT_FINITE = re.compile(r"[+-]?(nan|s?nan[0-9]*|inf|infinity)", re.IGNORECASE)

@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: its field, its row in a list, and the error that tells what is wrong with it."""

    field: str
    row: int | None = None
    error: type[InvalidInput] = InvalidInput

    def refusal(self, value: object, rule: str, reason: str, hint: str) -> InvalidInput:
        """Build the error for a value of this place."""
        return self.error(self.field, value, reason, hint=hint, row=self.row, rule=rule)


def number(place: Place, value: object, *, signed: bool = False, zero: bool = True) -> Decimal:
    """Read an exact decimal: finite, at most 18 decimals and 20 digits before the point."""
    found = _decimal(place, value)
    if not found.is_finite():
        raise place.refusal(value, "not_finite", "must be a finite number", "Send a number such as 12.34")
    found = _fitted(place, value, found)
    if found < 0 and not signed:
        raise place.refusal(value, "negative", "must not be negative", "Signs are in the kind: send the amount without a sign")
    if found == 0 and not zero:
        raise place.refusal(value, "zero", "must not be 0", f"Send a {place.field} other than 0")
    return found


def trading_date(place: Place, value: object, *, today: date) -> date:
    """Read a trading date from 1900-01-01 to today."""
    found = calendar_date(place, value)
    if found > today:
        raise place.refusal(value, "future_date", "lies in the future", f"Use {today.isoformat()} (UTC) or an earlier date")
    if found < FIRST_DATE:
        raise place.refusal(value, "early_date", "lies before 1900", "Use 1900-01-01 or a later date")
    return found


def calendar_date(place: Place, value: object) -> date:
    """Read a calendar date of any year from a `date` or a text YYYY-MM-DD."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    found = _date_or_none(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise place.refusal(value, "not_a_date", "is not a date", "Write it as YYYY-MM-DD, such as 2024-03-28")
    return found


def moment(place: Place, value: str) -> date | datetime:
    """Read a date from YYYY-MM-DD, or an aware UTC instant from RFC 3339."""
    return calendar_date(place, value) if DATE.fullmatch(value.strip()) else instant(place, value)


def instant(place: Place, value: object) -> datetime:
    """Read an aware UTC instant; text without an offset is UTC."""
    try:  # a plus sign that nobody escaped arrives as a space
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip().replace(" ", "+"))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise place.refusal(value, "not_an_instant", "is not an instant", "Write it as 2024-03-28T15:30:00Z") from None


def known_instant(place: Place, value: object, *, now: datetime) -> datetime:
    """Read an instant of the past: a date means its end, and today's end is now."""
    if isinstance(value, str) and DATE.fullmatch(value.strip()):
        day = calendar_date(place, value)
        found = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        found = now if day == now.date() else found - timedelta(microseconds=1)
    else:
        found = instant(place, value)
    if found > now + CLOCKS_DIFFER:
        raise place.refusal(value, "future_instant", "lies in the future", f"Use {now:%Y-%m-%dT%H:%M:%SZ} (UTC) or an earlier instant")
    return found


def currency(place: Place, value: object) -> str:
    """Read an ISO 4217 code."""
    try:
        return currency_code(value)
    except InvalidInput as error:
        near = difflib.get_close_matches(str(value).strip().upper()[:3], CURRENCIES, n=3, cutoff=0.6)
        hint = f"Did you mean {' or '.join(near)}?" if near and "divide" not in error.context["hint"] else error.context["hint"]
        raise place.refusal(value, "unknown_currency", "is not a currency", hint) from None


def symbol(place: Place, value: object) -> str:
    """Read a symbol in capitals."""
    found = value.strip().upper() if isinstance(value, str) else ""
    if not SYMBOL.fullmatch(found):
        raise place.refusal(value, "not_a_symbol", "is not a symbol", "Up to 32 letters, digits and . ^ = _ : + - such as AAPL or BRK.B")
    return found


def provider(place: Place, value: object) -> str:
    """Read the name of a provider of market data."""
    found = value.strip().lower() if isinstance(value, str) else ""
    if not PROVIDER.fullmatch(found):
        raise place.refusal(value, "not_a_provider", "is not the name of a provider", "Up to 32 letters, digits and _, such as yahoo")
    return found


def text(place: Place, value: object, *, limit: int) -> str | None:
    """Read a text of at most `limit` characters; empty is None."""
    if not isinstance(value, str):
        raise place.refusal(value, "not_text", "must be text", f"Send {place.field} in quotation marks")
    found = value.strip()
    if len(found) > limit:
        raise place.refusal(value, "too_long", f"is longer than {limit} characters", f"Shorten it to {limit} characters")
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\t" for char in found):
        raise place.refusal(value, "not_text", "holds control characters", "Remove the characters that cannot be printed")
    return found or None


def uuid(place: Place, value: object) -> UUID:
    """Read a UUID."""
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        raise place.refusal(value, "not_a_uuid", "is not a UUID", f"Send a UUID such as {EXAMPLE_ID}") from None


def choice(place: Place, value: object, options: Iterable[str], *, upper: bool = False) -> str:
    """Read one of a closed set, in any case of letters."""
    known = list(options)
    wanted = str(value).strip()
    wanted = wanted.upper() if upper else wanted.lower()
    if isinstance(value, str) and wanted in known:
        return wanted
    near = difflib.get_close_matches(wanted, known, n=2, cutoff=0.6)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Use one of {', '.join(known)}"
    raise place.refusal(value, "unknown_value", f"is not a known {place.field}", hint)


def unknown_field(place: Place, known: Iterable[str]) -> InvalidInput:
    """Build the error for a field that nobody reads, with the nearest one that is."""
    names = sorted(known)
    return place.refusal(place.field, "unknown_field", "is not a known field", nearest_field(place.field, names))


def nearest_field(name: str, known: Iterable[str]) -> str:
    """Word the hint for a field that nobody reads."""
    names = sorted(known)
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else f"Known fields: {', '.join(names)}"


def now() -> datetime:
    """Tell the time of this house, which requests are measured by."""
    return calendar.now()


Reader = Callable[[Place, Any], Any]


def record(raw: object, readers: Mapping[str, Reader], *, required: Iterable[str] = (), row: int | None = None) -> dict[str, Any]:
    """Read an object field by field.

    Parameters
    ----------
    raw : object
        Foreign value; a mapping, or it is refused.
    readers : Mapping
        Field to the function that reads it. A given null becomes None where the field is not required.
    required : Iterable of str
        Fields that must be there.
    row : int, optional
        Place in a list, from 1.

    Raises
    ------
    InvalidInput
        The first thing wrong; `errors` in its context lists all.
    """
    if not isinstance(raw, Mapping):
        raise Place("body", row).refusal(raw, "not_an_object", "is not an object", f"Send an object with {', '.join(readers)}")
    errors = [unknown_field(Place(str(name), row), readers) for name in raw if name not in readers]
    found: dict[str, Any] = {}
    for name, reader in readers.items():
        try:
            found.update(_read_one(raw, name, reader, Place(name, row), needed=name in required))
        except InvalidInput as error:
            errors.append(error)
    raise_all(errors)
    return found


def rows(raw: object, *, limit: int) -> list[object]:
    """Read a list of objects; one object counts as a list of one."""
    listed = raw if isinstance(raw, list) else [raw]
    if not listed or len(listed) > limit:
        reason = "is empty" if not listed else f"has {len(listed)} rows, at most {limit} are taken at once"
        raise Place("body").refusal("", "rows", reason, f"Send 1 to {limit} rows")
    return listed


def raise_all(errors: Sequence[PortfolioError]) -> None:
    """Raise the first of some errors; its context lists them, at most 100."""
    if errors:
        errors[0].context["errors"] = [described(error) for error in errors[:100]]
        errors[0].context["error_count"] = len(errors)
        raise errors[0]


def _read_one(raw: Mapping[str, Any], name: str, reader: Reader, place: Place, *, needed: bool) -> dict[str, Any]:
    missing = raw.get(name) is None or raw[name] == ""
    if missing and needed:
        raise place.refusal(raw.get(name), "required", "is missing", f"Send {name}")
    if missing:
        return {name: None} if name in raw else {}
    return {name: reader(place, raw[name])}


def near(wanted: str, known: Iterable[str]) -> list[str]:
    """List known words that are spelled alike, at most three."""
    return difflib.get_close_matches(wanted, list(known), n=3, cutoff=0.5)


def described(error: PortfolioError) -> dict[str, Any]:
    """Tell one error among many: row, field, code, message, hint."""
    context = error.context
    return {"row": context.get("row"), "field": context.get("field"), "code": context.get("rule", error.code),
            "message": error.message, "hint": context.get("hint")}


def _decimal(place: Place, value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    found = str(value).strip() if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    if NOT_FINITE.fullmatch(found):
        return Decimal("NaN")
    if len(found) > LONGEST_NUMBER or not NUMBER.fullmatch(found):
        hint = "Use a point for decimals and no separators: 1234.56" if "," in found else "Send a number such as 12.34"
        raise place.refusal(value, "not_a_number", "is not a number", hint)
    return Decimal(found)


def _fitted(place: Place, value: object, found: Decimal) -> Decimal:
    """Hold a number to the ledger's digits. A JSON number that is a float's print is cut to 18 decimals, text never is."""
    found = _trimmed(found)
    _, digits, exponent = found.as_tuple()
    places = -int(exponent)
    if places > DECIMALS and not isinstance(value, str) and len(digits) <= FLOAT_DIGITS and found.adjusted() >= FLOAT_SMALLEST:
        return _trimmed(found.quantize(Decimal(1).scaleb(-DECIMALS)))
    if places > DECIMALS:
        raise place.refusal(value, "decimals", f"has {places} decimals, at most {DECIMALS} are kept", f"Round it to {DECIMALS} decimals")
    if found.adjusted() >= INTEGER_DIGITS:
        raise place.refusal(value, "digits", f"has more than {INTEGER_DIGITS} digits before the point", "Check the unit of the number")
    return found


def _trimmed(found: Decimal) -> Decimal:
    """Drop zeros at the end, without the rounding to 28 digits that `normalize` does."""
    sign, digits, exponent = found.as_tuple()
    kept = len(digits)
    while kept > 1 and digits[kept - 1] == 0:
        kept -= 1
    return Decimal((sign, digits[:kept], int(exponent) + len(digits) - kept)) if any(digits) else Decimal(0)


def _date_or_none(found: str) -> date | None:
    try:
        return date.fromisoformat(found) if DATE.fullmatch(found) else None
    except ValueError:
        return None
