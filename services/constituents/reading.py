"""Constituents as programs send them, and as files of issuers tell them, read into parts; all that is wrong is told with its row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from data import calendar
from engine.errors import InvalidInput, PortfolioError, UnreadableFile
from engine.types import AssetClass, Finding, Severity
from services import fields
from services.constituents.views import GROUPS, HOLDINGS, NAMES, SUM_WITHIN, Constituent, sums_of
from services.constituents.words import CLASSES, column_of, country_of
from services.fields import NUMBER, SYMBOL, Place, Reader
from services.files.tables import Table, read_table
from services.files.values import NOTHING, decimal_style, number_text
from services.files.words import folded

MOST: Final = 20_000
LARGEST: Final = 10.0  # of one weight: more is no fund, it is percent
PERCENT_FROM: Final = 5.0  # what weights add up to when they are percent
TEXT: Final = 200
EXAMPLE: Final = 'Send {"date": "2026-03-31", "source": "issuer", "constituents": [{"symbol": "AAPL", "weight": 0.062}]}'
FRACTIONS: Final = "Weights are fractions: 0.062 is 6.2 %"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was told of a fund, read and found well-formed."""

    parts: tuple[Constituent, ...]
    date: date | None
    source: str | None
    findings: tuple[Finding, ...] = ()


def _text(place: Place, value: object) -> str | None:
    return fields.text(place, value, limit=TEXT)


def _number(place: Place, value: object) -> float:
    return float(fields.number(place, value, signed=True))


def _weight(place: Place, value: object) -> float:
    return _bounded(place, value, _number(place, value))


def _bounded(place: Place, value: object, found: float) -> float:
    if abs(found) > LARGEST:
        raise place.refusal(value, "out_of_range", f"is not between -{LARGEST:g} and {LARGEST:g}", FRACTIONS)
    return found


def _class(place: Place, value: object) -> str:
    return fields.choice(place, value, [each.value for each in AssetClass])


PART: Final[dict[str, Reader]] = {
    "symbol": fields.symbol, "name": _text, "isin": _text, "sector": _text, "country": _text, "region": _text, "currency": fields.currency,
    "asset_class": _class, "weight": _weight,
}
WRITTEN: Final[dict[str, Reader]] = {**PART, "weight": _number}  # a weight of a file may be percent


def _day(place: Place, value: object) -> date:
    return fields.trading_date(place, value, today=calendar.today())


def _parts(place: Place, value: object) -> tuple[Constituent, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST:
        raise place.refusal("" if isinstance(value, list) else value, "not_a_list", f"is not a list of 1 to {MOST} constituents", EXAMPLE)
    return _each([*enumerate(value, 1)], _part)


READERS: Final[dict[str, Reader]] = {"date": _day, "source": _text, "constituents": _parts}


def read_body(raw: object) -> Draft:
    """Read what a program sent: an object with `constituents`, `date` (of the weights, today where absent) and `source`, or the list alone.

    Raises
    ------
    InvalidInput
        The first thing that is wrong; its context lists all with their rows.
    """
    told = fields.record({"constituents": raw} if isinstance(raw, list) else raw, READERS, required=("constituents",))
    parts: tuple[Constituent, ...] = told["constituents"]
    _check_twice(parts)
    for kind, total in sums_of(parts).items():
        if abs(total) > PERCENT_FROM:
            raise InvalidInput("weight", round(total, 6), f"adds up to {total:g} over {kind.replace('_', ' ')}", hint=FRACTIONS, rule="weights_sum")
    return Draft(parts, told.get("date") or calendar.today(), told.get("source") or "manual")


def read_file(name: str, content: bytes, *, day: date | None = None, source: str | None = None) -> Draft:
    """Read a file of what a fund holds: CSV, XLSX or JSON, with a column of weights and one of names or groups; other columns are passed over.

    Weights in percent, by the header, by their cells, or by what they add up to, become fractions. Rows of one name are added up.

    Raises
    ------
    UnreadableFile
        No table, or none with weights of something.
    InvalidInput
        A row that cannot be read; the context lists all with their rows.
    """
    table = read_table(name, content)
    columns = _columns(name, table)
    cells = [(number, {field: row[place].strip() for field, place in columns.items() if place < len(row)}) for number, row in table.rows]
    told = [(number, row) for number, row in cells if row.get("weight", "").lower() not in NOTHING]
    style = decimal_style([row["weight"] for _, row in told]).value
    plain = [(number, {**row, "weight": number_text(row["weight"], style)}) for number, row in told]
    scale, findings = _scale(table.header[columns["weight"]], [row["weight"] for _, row in told], _total(plain))
    parts = _each(plain, lambda row, number: _row(row, number, scale))
    if not parts:
        raise UnreadableFile(name, "no row of it has a weight", hint="Send a table with a column weight, and one of symbol, name, sector or country")
    return Draft(_added_up(parts), day or _dated(plain) or calendar.today(), source or name, tuple(findings))


def findings_of(symbol: str, sums: dict[str, float]) -> list[Finding]:
    """Say where weights do not add up to 1: what is lacking stays under the fund's own name."""
    told = []
    for kind, total in sums.items():
        if abs(total - 1.0) > SUM_WITHIN:
            where = "" if kind == HOLDINGS else f" by {kind.replace('_', ' ')}"
            rest = f"the other {1 - total:.1%} stay under its own name" if total < 1 else f"{total - 1:.1%} are taken off its own name"
            told.append(Finding("weights_sum", f"What {symbol} holds{where} adds up to {total:.1%}: {rest}", Severity.INFO,
                                {"symbol": symbol, "kind": kind, "sum": round(total, 6)}))
    return told


# -------------------------------------------------------------------------------------------------------------------------------- rows


def _each(rows: Sequence[tuple[int, Any]], read: Callable[[Any, int], Constituent]) -> tuple[Constituent, ...]:
    """Read every row, or tell what is wrong with all of them."""
    found: list[Constituent] = []
    errors: list[PortfolioError] = []
    for number, row in rows:
        try:
            found.append(read(row, number))
        except InvalidInput as error:
            errors.append(error)
    fields.raise_all(errors)
    return tuple(found)


def _part(raw: object, row: int, readers: dict[str, Reader] = PART) -> Constituent:
    """Read a part: something with a name, or one group."""
    told = {name: value for name, value in fields.record(raw, readers, required=("weight",), row=row).items() if value is not None}
    groups = [name for name in GROUPS if name in told]
    if not any(name in told for name in NAMES) and len(groups) != 1:
        reason = f"says {' and '.join(groups)} at once" if groups else "says of what this is the weight"
        hint = f"Send one of {', '.join(GROUPS)} alone, or with a symbol or name what that is"
        raise Place("symbol", row).refusal(None, "required", reason if groups else "is missing: nothing " + reason, hint)
    return Constituent(**told)


def _check_twice(parts: Sequence[Constituent]) -> None:
    seen: set[tuple[str, str]] = set()
    for row, each in enumerate(parts, 1):
        mark = each.kind, each.label.casefold()
        if mark in seen:
            raise Place("symbol" if each.kind == HOLDINGS else each.kind, row).refusal(each.label, "twice", "is there twice", "Send one row for each")
        seen.add(mark)


def _added_up(parts: Sequence[Constituent]) -> tuple[Constituent, ...]:
    """Make one part of rows of one name."""
    found: dict[tuple[str, str], Constituent] = {}
    for each in parts:
        mark = each.kind, each.label.casefold()
        before = found.get(mark)
        found[mark] = each if before is None else _with_weight(before, round(before.weight + each.weight, 15))
    return tuple(found.values())


def _with_weight(part: Constituent, weight: float) -> Constituent:
    return Constituent(weight, *(getattr(part, name) for name in (*NAMES, "sector", "country", "region", "currency", "asset_class")))


# ------------------------------------------------------------------------------------------------------------------------------- files


def _columns(name: str, table: Table) -> dict[str, int]:
    """Find the column of each field, the first that has its name."""
    found: dict[str, int] = {}
    for place, header in enumerate(table.header):
        field = column_of(header)
        if field is not None:
            found.setdefault(field, place)
    if "weight" not in found or not found.keys() & {*NAMES, *GROUPS}:
        lacking = "weights" if "weight" not in found else "names or groups"
        raise UnreadableFile(name, f"no column of {lacking} was found among {', '.join(table.header[:12])}",
                             hint="Head one column weight, and one symbol, name, isin, sector, country, region, currency or asset_class")
    return found


def _total(rows: Sequence[tuple[int, dict[str, str]]]) -> float:
    """Add up what can be read."""
    return sum(float(row["weight"]) for _, row in rows if NUMBER.fullmatch(row["weight"]))


def _scale(header: str, cells: Sequence[str], total: float) -> tuple[float, list[Finding]]:
    """Tell what a written weight is times, and say so where it was concluded."""
    if "%" in header or "percent" in folded(header) or any(cell.endswith("%") for cell in cells):
        return 0.01, []
    if abs(total) <= PERCENT_FROM:
        return 1.0, []
    return 0.01, [Finding("read_as_percent", f"Weights add up to {total:g}: they were read as percent", Severity.INFO, {"sum": round(total, 6)})]


def _row(row: dict[str, str], number: int, scale: float) -> Constituent:
    """Read a row as an issuer writes it: what is no symbol, class or currency here is left out, names are kept."""
    told: dict[str, Any] = {name: text for name, text in row.items() if name != "date" and text.lower() not in NOTHING}
    symbol = told.pop("symbol", "").upper().replace(" ", ".").replace("/", ".")
    told |= {"symbol": symbol} if SYMBOL.fullmatch(symbol) else {"name": told.get("name") or symbol} if symbol else {}
    if "asset_class" in told:
        told["asset_class"] = CLASSES.get(folded(told["asset_class"]), "other")
    if "country" in told:
        told["country"] = country_of(told["country"])
    if "currency" in told and len(told["currency"]) != 3:
        del told["currency"]
    part = _part(told, number, WRITTEN)
    return _with_weight(part, _bounded(Place("weight", number), row["weight"], round(part.weight * scale, 15)))


def _dated(rows: Sequence[tuple[int, dict[str, str]]]) -> date | None:
    """Give the date that all rows say, if they say one."""
    found = {row.get("date", "") for _, row in rows}
    try:
        return date.fromisoformat(found.pop()[:10]) if len(found) == 1 else None
    except ValueError:
        return None
