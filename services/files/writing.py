"""Tables as bytes: CSV after RFC 4180, XLSX, JSON. Numbers stay numbers, and texts that a spreadsheet would run are disarmed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from services.files.layout import guarded

EXACT_DIGITS = 15  # of a number that a spreadsheet keeps as it is
FIRST_SHEET_DATE = date(1900, 3, 1)  # spreadsheets believe that 1900 was a leap year
NOT_XML = {ord(char): "\ufffd" for char in "\ufffe\uffff"}

Cell = str | Decimal | float | int | date | datetime | bool | None


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write a table as CSV: UTF-8, comma, CRLF, quotes where needed."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([csv_text(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def csv_text(cell: Cell) -> str:
    """Write one cell as text."""
    if cell is None or (isinstance(cell, float) and not isfinite(cell)):
        return ""
    if isinstance(cell, str):
        return guarded(cell)
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def xlsx_bytes(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write a table as a workbook of one sheet, its header frozen."""
    from openpyxl import Workbook  # noqa: PLC0415  # a tenth of a second that only spreadsheets need

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    sheet.append(list(header))
    for row in rows:
        sheet.append([_sheet_cell(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet_cell(cell: Cell) -> Any:  # noqa: ANN401  # what openpyxl takes
    """Give a cell as a spreadsheet keeps it; a number of more digits than it keeps goes as text."""
    if isinstance(cell, str):
        return guarded(cell).translate(NOT_XML)
    if isinstance(cell, Decimal):
        exact = len(cell.as_tuple().digits) <= EXACT_DIGITS and abs(cell.adjusted()) < EXACT_DIGITS * 2
        return float(cell) if exact else f"{cell:f}"
    if isinstance(cell, float) and not isfinite(cell):
        return None
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    return cell.isoformat() if isinstance(cell, date) and cell < FIRST_SHEET_DATE else cell


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """Write a document as JSON: exact numbers as text, what is unknown as null."""
    return json.dumps(_plain(document), ensure_ascii=False, indent=1).encode()


def _plain(value: Any) -> Any:  # noqa: ANN401  # whatever a document holds
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value if value is None or isinstance(value, str | int) else value.isoformat() if isinstance(value, date) else str(value)
