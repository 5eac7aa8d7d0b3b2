"""Bytes as a table: which encoding, which delimiter, which row is the header. Every limit on size is here."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import FileTooLarge, UnreadableFile
from services.files import sheets
from services.files.words import aliases_among

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 200
DELIMITERS = (",", ";", "\t", "|")
MOST_ALIKE = 50_000
LOOKED_AT = 60  # records that decide delimiter and header
ZIP, OLE, PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
SAVE_AS = "Save it as CSV (UTF-8) or XLSX"

Row = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Table:
    """A file as header and rows of text. A row's number is its place in the file, from 1, as a spreadsheet counts."""

    source: str  # csv, xlsx or json
    header: list[str]
    header_row: int
    rows: list[Row]
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What a person said about how a file is laid out; None: find out."""

    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None


def read_table(name: str, content: bytes, layout: Layout | None = None) -> Table:
    """Read a file as a table.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    content : bytes
        At most `MAX_BYTES`.
    layout : Layout, optional
        What is known about it.

    Raises
    ------
    FileTooLarge
        More bytes, rows, or, unpacked, more than one import takes.
    UnreadableFile
        Not a table in CSV, XLSX or JSON.
    """
    if len(content) > MAX_BYTES:
        raise FileTooLarge(name, what="bytes", limit=MAX_BYTES)
    if not content.strip():
        raise UnreadableFile(name, "it is empty", hint="Send a file with a header and rows")
    if content.startswith((OLE, PDF)):
        raise UnreadableFile(name, "it is an old Excel or a PDF file", hint=SAVE_AS)
    known = layout or Layout()
    if content.startswith(ZIP):
        title, records = sheets.read(name, content, max_rows=MAX_ROWS, max_columns=MAX_COLUMNS)
        return _table("xlsx", name, records, known, sheet=title)
    text, encoding = decoded(name, content, known.encoding)
    if text.lstrip()[:1] in {"[", "{"}:
        return _of_json(name, text, encoding)
    return _of_csv(name, text, encoding, known)


def decoded(name: str, content: bytes, wanted: str | None = None) -> tuple[str, str]:
    """Turn bytes into text: by mark, by zeros (UTF-16), as UTF-8, else as Windows-1252."""
    for encoding in [wanted] if wanted else _candidates(content):
        try:
            return content.decode(encoding).removeprefix("\ufeff"), encoding
        except (UnicodeDecodeError, LookupError):
            continue
    raise UnreadableFile(name, f"it is not text in {wanted or 'any encoding known here'}", hint=SAVE_AS)


def _candidates(content: bytes) -> Iterator[str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield "utf-16"
    elif content.startswith(b"\xef\xbb\xbf"):
        yield "utf-8-sig"
    start = content[:2000]
    for encoding, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[0::2])):
        if len(zeros) > 3 and zeros.count(0) > 0.8 * len(zeros):
            yield encoding
    yield from ("utf-8", "cp1252", "latin-1")


# --------------------------------------------------------------------------------------------------------------------------------- CSV


def _of_csv(name: str, text: str, encoding: str, known: Layout) -> Table:
    named = known.delimiter
    if text[:4].lower() == "sep=" and len(text) > 5:  # spreadsheets write and obey this line
        named = named or text[4]
        text = "\n" + text.split("\n", 1)[-1] if "\n" in text else ""  # the line stays counted
    delimiter = named or max(DELIMITERS, key=lambda each: _fitness(text, each))
    return _table("csv", name, _records(name, text, delimiter), known, encoding=encoding, delimiter=delimiter)


def _records(name: str, text: str, delimiter: str) -> Iterator[Row]:
    reader, number, seen = csv.reader(_lines(text), delimiter=delimiter, strict=True), 0, {"": ""}
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = "Put a text with quotation marks or line breaks into quotation marks, and double those inside"
            raise UnreadableFile(name, f"its quotation marks do not match ({error})", hint=hint, row=number) from error
        if len(cells) > MAX_COLUMNS:
            raise UnreadableFile(name, f"it has {len(cells)} columns, at most {MAX_COLUMNS} are read", hint="Leave columns out", row=number)
        if len(seen) > MOST_ALIKE:
            seen.clear()
        yield number, [seen.setdefault(cell, cell) for cell in cells]  # cells alike are one text in memory


def _lines(text: str) -> Iterator[str]:
    """Give lines one by one, without a second copy of the whole."""
    start, mark = 0, "\n" if "\n" in text else "\r"
    while start < len(text):
        end = text.find(mark, start) + 1 or len(text)
        yield text[start:end]
        start = end


def _fitness(text: str, delimiter: str) -> tuple[int, float, int]:
    """Tell how well a delimiter makes a table: names that are known in a row, rows of one width, columns."""
    lines = text[:20_000].splitlines()[:LOOKED_AT]
    try:
        found = [cells for cells in csv.reader(lines, delimiter=delimiter) if any(cells)]
    except csv.Error:
        return 0, 0.0, 0
    widths = Counter(len(cells) for cells in found)
    width, count = max(widths.items(), key=lambda each: (each[1], each[0]), default=(1, 0))
    known = max((aliases_among(cells) for cells in found), default=0)
    return known, count / len(found) if width > 1 and found else 0.0, width


# -------------------------------------------------------------------------------------------------------------------------------- JSON


def _of_json(name: str, text: str, encoding: str) -> Table:
    try:
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(name, "it is not JSON, nor a table", hint="Send a list of objects, or CSV") from error
    listed = found.get("transactions") if isinstance(found, dict) else found
    if not isinstance(listed, list) or not listed or not all(isinstance(each, dict) for each in listed):
        raise UnreadableFile(name, "it is not a list of objects", hint='Send [{"date": "2024-03-28", "kind": "BUY", ...}]')
    if len(listed) > MAX_ROWS:
        raise FileTooLarge(name, what="rows", limit=MAX_ROWS)
    header = list(dict.fromkeys(key for each in listed for key in each))
    if len(header) > MAX_COLUMNS:
        raise UnreadableFile(name, f"it has {len(header)} different fields, at most {MAX_COLUMNS} are read", hint="Leave fields out")
    rows = [(number, [_cell(each.get(key)) for key in header]) for number, each in enumerate(listed, start=1)]
    return Table("json", header, 0, rows, encoding=encoding)


def _cell(value: Any) -> str:  # noqa: ANN401  # whatever JSON held
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value).lower() if isinstance(value, bool) else str(value)


# ------------------------------------------------------------------------------------------------------------------------------ header


def _table(source: str, name: str, records: Iterable[Row], known: Layout, **about: str | None) -> Table:
    """Split records into header and rows; blank rows are passed over, those before the header are a preamble."""
    filled = [(number, [cell.replace("\x00", "\u2400") for cell in cells]) for number, cells in _bounded(name, records) if any(map(str.strip, cells))]
    if not filled:
        raise UnreadableFile(name, "it holds no row", hint="Send a file with a header and rows")
    place = _header_place(name, filled, known.header_row)
    number, header = filled[place]
    rows = filled[place + 1 :]
    if len(rows) > MAX_ROWS:
        raise FileTooLarge(name, what="rows", limit=MAX_ROWS)
    return Table(source, distinct(header), number, rows, **about)


def _bounded(name: str, records: Iterable[Row]) -> Iterator[Row]:
    for count, record in enumerate(records):
        if count > MAX_ROWS + LOOKED_AT:
            raise FileTooLarge(name, what="rows", limit=MAX_ROWS)
        yield record


def _header_place(name: str, filled: Sequence[Row], wanted: int | None) -> int:
    """Find the header: the row that was named, else the one with most known names, else the first with two cells."""
    if wanted is not None:
        places = [place for place, (number, _) in enumerate(filled) if number == wanted]
        if not places:
            raise UnreadableFile(name, f"row {wanted} cannot be the header, it is blank or not there", hint="Name another header_row")
        return places[0]
    scores = [aliases_among(cells) for _, cells in filled[:LOOKED_AT]]
    if max(scores) >= 2:
        return scores.index(max(scores))
    wide: Callable[[Row], bool] = lambda row: sum(bool(cell.strip()) for cell in row[1]) > 1  # noqa: E731
    return next((place for place, row in enumerate(filled) if wide(row)), 0)


def distinct(header: Sequence[str]) -> list[str]:
    """Name every column, and no two alike."""
    seen: Counter[str] = Counter()
    found = []
    for place, cell in enumerate(header, start=1):
        name = " ".join(cell.split()) or f"Column {place}"
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found
