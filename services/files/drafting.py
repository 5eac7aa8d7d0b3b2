"""Rows of a file as drafts of transactions: our own format word by word, any other through its mapping and its signs."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from engine.errors import PortfolioError
from engine.types import EFFECTS, Kind, Transaction
from services import fields
from services.files import values
from services.files.layout import FORMAT, INSTRUMENT, NUMERIC, OF_TARGET, unguarded
from services.files.mapping import LEFT_OUT, Understood
from services.files.tables import Table
from services.files.words import SIGNED_WORDS, folded, kind_of
from services.ledger.validation import DRAFT_FIELDS, NUMBERS, SPECIAL, Draft, read_draft

ACCEPTED, DUPLICATE, REFUSED, IGNORED = "accepted", "duplicate", "refused", "ignored"
STATUSES = (ACCEPTED, DUPLICATE, REFUSED, IGNORED)
PAID = frozenset({Kind.DIVIDEND, Kind.INTEREST, Kind.FEE, Kind.TAX, Kind.RETURN_OF_CAPITAL, Kind.DEPOSIT, Kind.WITHDRAWAL})
ADDED_COSTS = {Kind.SELL: 1, Kind.DIVIDEND: 1, Kind.INTEREST: 1, Kind.RETURN_OF_CAPITAL: 1, Kind.DEPOSIT: 1, Kind.BUY: -1, Kind.WITHDRAWAL: -1}
TURNED = {Kind.DEPOSIT: Kind.WITHDRAWAL, Kind.TRANSFER_IN: Kind.TRANSFER_OUT}  # what a negative one is
KEEPS_SIGN = {Kind.ADJUSTMENT: ("quantity", "amount"), Kind.BUY: ("quantity",), Kind.DIVIDEND: ("amount", "net"), Kind.INTEREST: ("amount", "net")}
MOVES = frozenset({"transfer", "umbuchung", "journal"})
OUTGOING = frozenset({"debit", "d", "s", "soll", "out"})
STEP = 2000  # rows between two reports of progress

Raw = dict[str, Any]
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Line:
    """A row of a file on its way into the ledger."""

    number: int
    cells: list[str]
    draft: Draft | None = None
    about: dict[str, Raw] = field(default_factory=dict)  # symbol -> what the row says about the instrument
    status: str = ACCEPTED
    errors: list[dict[str, Any]] = field(default_factory=list)
    entry: Transaction | None = None
    transaction_id: UUID | None = None
    note: str | None = None


def draft_rows(table: Table, understood: Understood, *, today: date, progress: Progress | None = None) -> list[Line]:
    """Read every row as a draft; what is wrong with one stands in its `errors`."""
    reader = _Own(table, understood) if understood.format == FORMAT else _Mapped(table, understood)
    lines, total = [], len(table.rows)
    for count, (number, cells) in enumerate(table.rows, start=1):
        lines.append(reader.line(number, cells, today))
        if progress and count % STEP == 0:
            progress(count, total)
    if understood.format != FORMAT:
        _leave_out_footer(lines, reader.places.get("date"))
    return lines


def refusal(line: Line, understood: Understood, error: PortfolioError) -> dict[str, Any]:
    """Tell what is wrong with a row: column, value as it stands in the file, reason, hint."""
    context = error.context
    name = str(context.get("field") or "row")
    column = understood.mapping.columns.get(name.split(".", maxsplit=1)[0])
    place = understood.places[column] if column else len(line.cells)
    value = line.cells[place] if place < len(line.cells) else str(context.get("value") or context.get("found") or "")
    return {"row": line.number, "column": column, "field": name, "value": value[:80],
            "reason": context.get("reason") or error.message.rstrip("."), "hint": context.get("hint"), "code": context.get("rule", error.code)}


class _Reader(ABC):
    """Cells of a row by field."""

    def __init__(self, table: Table, understood: Understood) -> None:
        self.understood, self.mapping, self.width, self.source = understood, understood.mapping, len(table.header), table.source
        self.places = {name: understood.places[column] for name, column in understood.mapping.columns.items()}

    def line(self, number: int, cells: list[str], today: date) -> Line:
        line = Line(number, cells)
        if any(cell.strip() for cell in cells[self.width :]):
            line.errors.append({"row": number, "column": None, "field": "row", "value": str(len(cells)), "code": "too_many_cells",
                                "reason": f"has {len(cells)} cells under {self.width} names",
                                "hint": "Put a text that holds the delimiter into quotation marks"})
        given = {name: cells[place].strip() for name, place in self.places.items() if place < len(cells) and cells[place].strip()}
        given = {**{name: value for name, value in self.mapping.defaults.items() if not given.get(name)}, **given}
        raw = self.raw(given)
        if raw is None:
            line.status, line.note = IGNORED, "rows of this kind are left out, as you said"
            return line
        for name in INSTRUMENT, OF_TARGET:
            self._describe(line, raw, name)
        line.draft = read_draft({name: value for name, value in raw.items() if name in DRAFT_FIELDS}, today=today, row=number)
        line.errors += [refusal(line, self.understood, error) for error in line.draft.errors]
        line.draft.errors = []
        line.status = REFUSED if line.errors else ACCEPTED
        return line

    @abstractmethod
    def raw(self, given: dict[str, str]) -> Raw | None:
        """Give the row as a draft is read from, None where it is to be left out."""

    def _describe(self, line: Line, raw: Raw, names: tuple[str, ...]) -> None:
        """Keep what a row says about its instrument, or the one it leads to."""
        prefix = "to_" if names is OF_TARGET else ""
        told = {name.removeprefix(prefix): raw[name] for name in names if raw.get(name)}
        symbol = str(raw.get(f"{prefix}symbol") or "").strip().upper()
        if symbol and told:
            line.about[symbol] = told


class _Own(_Reader):
    """Our own format."""

    def raw(self, given: dict[str, str]) -> Raw:
        found: Raw = dict(given) if self.source == "json" else {name: unguarded(value) for name, value in given.items()}
        for name in NUMERIC & found.keys():
            found[name] = values.number_text(found[name], self.mapping.decimal, lenient=False)
        if "date" in found:
            found["date"] = values.date_text(found["date"], self.mapping.date_order)
        if "lots" in found:
            found["lots"] = _listed(found["lots"])
        _to_major(found)
        return found


class _Mapped(_Reader):
    """A file of another layout."""

    def __init__(self, table: Table, understood: Understood) -> None:
        super().__init__(table, understood)
        self.kinds = {folded(word): kind for word, kind in understood.mapping.kinds.items()}

    def raw(self, given: dict[str, str]) -> Raw | None:
        found: Raw = {name: unguarded(value) for name, value in given.items()}
        word = str(found.get("kind", ""))
        if self.kinds.get(folded(word)) == LEFT_OUT:
            return None
        for name in (NUMERIC | {"net"}) & found.keys():
            found[name] = values.number_text(found[name], self.mapping.decimal)
        if "date" in found:
            found["date"] = values.date_text(found["date"], self.mapping.date_order)
        if "lots" in found:
            found["lots"] = _listed(found["lots"])
        if not found.get("symbol") and found.get("isin"):
            found["symbol"] = found["isin"]
        _take_side(found)
        kind = Kind(self.kinds[folded(word)]) if folded(word) in self.kinds else _kind_by_sign(found, word)
        found["kind"] = kind.value if kind else word
        if kind:
            _shape(found, kind)
        _to_major(found)
        return found


# ----------------------------------------------------------------------------------------------------------------------- signs and amounts


def _take_side(found: Raw) -> None:
    """Give amounts the sign that a column of debit and credit says."""
    if folded(str(found.pop("side", ""))) in OUTGOING:
        for name in ("amount", "net"):
            if found.get(name) and not str(found[name]).startswith("-"):
                found[name] = f"-{found[name]}"


def _kind_by_sign(found: Raw, word: str) -> Kind | None:
    """Tell the kind by its word; where the word leaves the direction open, or is missing, by the signs."""
    kind = kind_of(word)[0]
    moved = str(found.get("quantity") if found.get("symbol") and found.get("quantity") else found.get("amount") or found.get("net") or "")
    negative = moved.startswith("-")
    if kind in TURNED and negative:
        return TURNED[kind]
    if kind or (word and folded(word) not in SIGNED_WORDS) or not moved:
        return kind
    if found.get("symbol") and found.get("quantity"):
        pair = (Kind.TRANSFER_OUT, Kind.TRANSFER_IN) if folded(word) in MOVES else (Kind.SELL, Kind.BUY)
    else:
        pair = (Kind.WITHDRAWAL, Kind.DEPOSIT)
    return pair[0] if negative else pair[1]


def _shape(found: Raw, kind: Kind) -> None:
    """Bring what a broker tells to what the ledger keeps of a kind: amounts without sign, gross, and no column that has no place."""
    keeps_sign = KEEPS_SIGN.get(kind, ())
    for name in (*NUMBERS, "net"):
        if name in found and name not in keeps_sign:
            found[name] = str(found[name]).removeprefix("-")
    _gross(found, kind)
    if kind in PAID and found.get("amount"):
        found.pop("quantity", None)
        found.pop("price", None)
    for name in SPECIAL:
        if not EFFECTS[kind].takes(name):
            found.pop(name, None)
    if not EFFECTS[kind].takes_symbol:
        found.pop("symbol", None)


def _gross(found: Raw, kind: Kind) -> None:
    """Work the gross amount out of the net one where neither it nor a price is told."""
    net = found.pop("net", None)
    if not net or found.get("amount") or (found.get("price") and found.get("quantity") and kind not in PAID):
        return
    costs = [_decimal(found.get(name)) for name in ("fee", "tax")]
    amount = _decimal(net)
    if amount is None:
        found["amount"] = net
    else:
        found["amount"] = f"{amount + ADDED_COSTS.get(kind, 0) * sum((cost for cost in costs if cost), Decimal(0)):f}"


def _to_major(found: Raw) -> None:
    """Turn pence and cents into pounds and rands: a hundredth of the price, and of the amounts that are told in them."""
    major = values.MINOR.get(str(found.get("currency", "")).strip())
    if major is None:
        return
    found["currency"] = major
    quantity, price, amount = (_decimal(found.get(name)) for name in ("quantity", "price", "amount"))
    told_in_major = bool(quantity and price and amount and abs(amount * 100 - quantity * price) < abs(quantity * price) / 20)
    for name in ("price",) if told_in_major else ("price", "amount", "fee", "tax"):
        value = _decimal(found.get(name))
        if value is not None:
            found[name] = f"{value.scaleb(-2):f}"


def _decimal(value: object) -> Decimal | None:
    text = str(value) if value else ""
    return Decimal(text) if fields.NUMBER.fullmatch(text) and len(text) < fields.LONGEST_NUMBER else None


def _listed(text: str) -> object:
    """Read a cell that holds JSON; what does not stays text, and is refused as such."""
    try:
        return json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return text


def _leave_out_footer(lines: list[Line], place: int | None) -> None:
    """Leave out the lines under the last row: totals and disclaimers have no date and hardly a cell."""
    for line in reversed(lines):
        filled = sum(bool(cell.strip()) for cell in line.cells)
        dated = place is not None and place < len(line.cells) and values.is_date(line.cells[place])
        if dated or filled > 2:
            return
        line.status, line.note, line.errors, line.draft = IGNORED, "stands under the last row", [], None


def in_order(lines: Iterable[Line]) -> Iterator[Line]:
    """Give lines in the order in which they happened: of a file that begins with the newest day, from its end."""
    listed = list(lines)
    days = [line.draft.fields["date"] for line in listed if line.draft and "date" in line.draft.fields]
    falls = bool(days) and days[0] > days[-1] and all(after <= before for before, after in pairwise(days))
    return reversed(listed) if falls else iter(listed)
