"""A broker's statement as it is sent: typed, pasted from a spreadsheet or as a small table of text. What cannot be read names its row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from data import calendar
from engine.currencies import CURRENCIES
from engine.errors import InvalidInput
from services import fields
from services.fields import Place, Reader
from services.files.tables import ZIP, decoded, read_table

MAX_LINES = 5000
MAX_TEXT = 1_000_000
ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
HEADS = {
    "symbol": ("symbol", "ticker", "instrument", "security", "name", "currency", "wertpapier"),
    "isin": ("isin",),
    "quantity": ("quantity", "qty", "shares", "units", "amount", "balance", "position", "nominal", "anzahl", "stück", "menge"),
    "cost": ("cost", "cost basis", "book value", "book cost", "einstand", "total cost"),
    "price": ("price", "close", "market price", "kurs", "last price"),
}  # fmt: skip
ORDER = ("symbol", "quantity", "cost", "price")


@dataclass(frozen=True, slots=True)
class Line:
    """One position of a statement; `key` is a symbol or an ISIN."""

    key: str
    quantity: Decimal
    cost: Decimal | None = None
    price: Decimal | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What a statement says of a portfolio or an account at the end of a day."""

    date: date
    account: str | None
    positions: tuple[Line, ...]
    cash: dict[str, Decimal]
    complete: bool

    def kept(self) -> dict[str, Any]:
        """Tell it as the database keeps it, so that it can be read again."""
        lines = [{"symbol": line.key, "quantity": format(line.quantity, "f"), "cost": None if line.cost is None else format(line.cost, "f"),
                  "price": None if line.price is None else format(line.price, "f")} for line in self.positions]
        return {"date": self.date.isoformat(), "account": self.account, "positions": lines,
                "cash": {code: format(amount, "f") for code, amount in self.cash.items()}, "complete": self.complete}


def _signed(place: Place, value: object) -> Decimal:
    return fields.number(place, value, signed=True)


def _yes(place: Place, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise place.refusal(value, "not_a_choice", "is neither true nor false", "Send true or false")


def _isin(place: Place, value: object) -> str:
    found = str(value).strip().upper()
    if not ISIN.fullmatch(found):
        raise place.refusal(value, "not_an_isin", "is not an ISIN", "Two letters, nine letters or digits, one digit: US0378331005")
    return found


HEAD_READERS: dict[str, Reader] = {
    "date": lambda place, value: fields.trading_date(place, value, today=calendar.today()),
    "account": lambda place, value: fields.text(place, value, limit=80), "complete": _yes,
    "positions": lambda _place, value: value, "cash": lambda _place, value: value,
    "text": lambda place, value: fields.text(place, value, limit=MAX_TEXT),
}
LINE_READERS: dict[str, Reader] = {"symbol": fields.symbol, "isin": _isin, "quantity": _signed, "cost": _signed, "price": fields.number}


def read_statement(raw: object) -> Statement:
    """Read a statement, or tell all that is wrong with it.

    Raises
    ------
    InvalidInput
        With row, field and hint; every row that is wrong stands in `errors`.
    """
    head = fields.record(raw, HEAD_READERS, required=("date",))
    text, positions, cash = head.get("text"), head.get("positions"), head.get("cash")
    if text is None and not positions and not cash:
        raise InvalidInput("positions", None, "is missing", hint="Send positions, cash, or a table as text", rule="required")
    lines, balances = _parted(read_text(text)) if text is not None else ([], {})
    lines += _listed(positions)
    balances |= _balances(cash)
    _refuse_twice(lines)
    return Statement(head["date"], head.get("account"), tuple(lines), balances, head.get("complete", True) is not False)


def text_of(name: str, content: bytes) -> str:
    """Read a statement's file, a workbook or text, as the table that `read_statement` takes.

    Raises
    ------
    FileTooLarge, UnreadableFile
        As an import's file.
    """
    if not content.startswith(ZIP):
        return decoded(name, content)[0]
    table = read_table(name, content)
    return "\n".join("\t".join(cells) for cells in (table.header, *(cells for _, cells in table.rows)))


def _listed(positions: object) -> list[Line]:
    if positions is None or positions == []:
        return []
    errors: list[InvalidInput] = []
    found: list[Line] = []
    for row, each in enumerate(fields.rows(positions, limit=MAX_LINES), start=1):
        try:
            found.append(_line(fields.record(each, LINE_READERS, required=("quantity",), row=row), row))
        except InvalidInput as error:
            errors.append(error)
    fields.raise_all(errors)
    return found


def _line(found: Mapping[str, Any], row: int) -> Line:
    key = found.get("symbol") or found.get("isin")
    if key is None:
        raise Place("symbol", row).refusal(None, "required", "is missing", "Name the instrument by symbol or isin")
    return Line(str(key), found["quantity"], found.get("cost"), found.get("price"), row)


def _balances(cash: object) -> dict[str, Decimal]:
    if cash is None:
        return {}
    given = cash if isinstance(cash, Mapping) else {str(each.get("currency")): each.get("amount") for each in cash if isinstance(each, Mapping)} \
        if isinstance(cash, list) else None
    if given is None:
        raise InvalidInput("cash", cash, "is not an object", hint='Send {"EUR": "1204.55"}', rule="not_an_object")
    return {fields.currency(Place(f"cash.{code}"), code): _signed(Place(f"cash.{code}"), amount) for code, amount in given.items()}


def _refuse_twice(lines: Sequence[Line]) -> None:
    seen: dict[str, int | None] = {}
    for line in lines:
        if line.key in seen:
            raise Place("symbol", line.row).refusal(line.key, "twice", f"{line.key} is there twice", "Add the two lines up")
        seen[line.key] = line.row


def _parted(lines: Sequence[Line]) -> tuple[list[Line], dict[str, Decimal]]:
    """Tell cash from positions: a currency code is cash."""
    return [line for line in lines if line.key not in CURRENCIES], {line.key: line.quantity for line in lines if line.key in CURRENCIES}


# ------------------------------------------------------------------------------------------------------------------------------- text


def read_text(text: str) -> list[Line]:
    """Read a table of two to four columns: symbol or ISIN, quantity, and cost and price where a heading names them.

    Tabs (a spreadsheet), semicolons and commas part columns; a heading is optional; a decimal comma is understood.
    """
    rows = _table(text)
    names = _heading(rows[0][1]) if rows else None
    body = rows[1:] if names else rows
    if not body:
        raise InvalidInput("text", text[:80], "holds no row", hint="One line each: symbol, quantity", rule="required")
    if len(body) > MAX_LINES:
        raise InvalidInput("text", "", f"has {len(body)} rows, at most {MAX_LINES} are taken at once", hint="Split the table", rule="rows")
    errors: list[InvalidInput] = []
    found: list[Line] = []
    for row, cells in body:
        try:
            found.append(_text_line(cells, names or ORDER, row))
        except InvalidInput as error:
            errors.append(error)
    fields.raise_all(errors)
    return found


def _table(text: str) -> list[tuple[int, list[str]]]:
    lines = [(row, line) for row, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1) if line.strip()]
    sample = "\n".join(line for _, line in lines[:20])
    parting = "\t" if "\t" in sample else ";" if ";" in sample else ","
    if parting == "," and "," not in sample:
        return [(row, line.split()) for row, line in lines]
    return [(row, [cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=parting))]) for row, line in lines]


def _heading(cells: Sequence[str]) -> list[str] | None:
    """Name the columns, where the first line does."""
    known = {word: name for name, words in HEADS.items() for word in words}
    names = [known.get(cell.strip().lower().rstrip("."), "") for cell in cells]
    return names if ("symbol" in names or "isin" in names) and "quantity" in names else None


def _text_line(cells: Sequence[str], names: Sequence[str], row: int) -> Line:
    given = {name: cell for name, cell in zip(names, cells, strict=False) if name and cell}
    name = given.get("symbol", "").upper()
    if name and not given.get("isin") and ISIN.fullmatch(name):
        given["isin"] = given.pop("symbol")
    if "quantity" not in given:
        raise Place("quantity", row).refusal("", "required", "is missing", "Each line needs an instrument and a quantity, parted by tab, ; or ,")
    numbers: dict[str, Any] = {field: _plain(Place(field, row), given[field]) for field in ("quantity", "cost", "price") if field in given}
    named: dict[str, Any] = {}
    if given.get("isin"):
        named["isin"] = _isin(Place("isin", row), given["isin"])
    else:
        named["symbol"] = fields.symbol(Place("symbol", row), given.get("symbol", ""))
    return _line({**named, **numbers}, row)


def _plain(place: Place, text: str) -> Decimal:
    """Read a number as people write it: 1,234.50, 1.234,50 and 1 234,50 are one."""
    tight = re.sub(r"[\s\u00a0\u202f'’]", "", text).replace("\u2212", "-")
    comma, point = tight.rfind(","), tight.rfind(".")
    if comma >= 0 and point >= 0:
        tight = tight.replace(".", "").replace(",", ".") if comma > point else tight.replace(",", "")
    elif tight.count(",") == 1 and not re.search(r",\d{3}$", tight):
        tight = tight.replace(",", ".")
    elif comma >= 0:
        tight = tight.replace(",", "")
    return fields.number(place, tight, signed=True)
