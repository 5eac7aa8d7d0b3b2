"""XLSX in: looked at as an archive first, so that a small file that unpacks to gigabytes is refused before it is opened."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.errors import FileTooLarge, UnreadableFile

MAX_ENTRIES = 1000
MAX_UNPACKED = 300 * 1024 * 1024
MAX_STRINGS = 60 * 1024 * 1024  # of shared strings, which are held in memory
MAX_RATIO = 200  # a sheet of numbers packs to a tenth, one of equal rows to a hundredth
SMALL = 1024 * 1024  # below this no ratio is a danger
SAVE_AGAIN = "Open it in a spreadsheet program and save it as XLSX or CSV again"


def read(name: str, content: bytes, *, max_rows: int, max_columns: int) -> tuple[str, Iterator[tuple[int, list[str]]]]:
    """Give the title and the rows of the first sheet that holds any.

    Raises
    ------
    UnreadableFile
        Not a workbook, or an archive that unpacks to more than its size allows.
    """
    check_archive(name, content)
    from openpyxl import load_workbook  # noqa: PLC0415  # a tenth of a second that only spreadsheets need
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    broken = (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError, EOFError, OSError)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
        sheet = next((each for each in sheets if _has_rows(each)), sheets[0])
    except broken as error:
        raise UnreadableFile(name, f"it is not a workbook ({type(error).__name__})", hint=SAVE_AGAIN) from error
    return sheet.title, _rows(name, sheet, broken, max_rows=max_rows, max_columns=max_columns)


def check_archive(name: str, content: bytes) -> None:
    """Refuse an archive that is no workbook, is locked, or unpacks to far more than it is."""
    try:
        entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise UnreadableFile(name, "it is a damaged archive", hint=SAVE_AGAIN) from error
    names = {entry.filename for entry in entries}
    if not any(each.startswith("xl/workbook") for each in names):
        raise UnreadableFile(name, "it is an archive, not a workbook", hint="Unpack it and send the table inside")
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnreadableFile(name, "it is locked with a password", hint="Save it without one")
    unpacked = sum(entry.file_size for entry in entries)
    strings = sum(entry.file_size for entry in entries if "sharedStrings" in entry.filename)
    dense = [entry for entry in entries if entry.file_size > SMALL and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)]
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or strings > MAX_STRINGS or dense:
        raise UnreadableFile(name, f"it unpacks to {unpacked // SMALL} MB in {len(entries)} parts, more than its size allows", hint=SAVE_AGAIN)


def _has_rows(sheet: Any) -> bool:  # noqa: ANN401  # openpyxl is not typed
    sheet.reset_dimensions()
    return next(iter(sheet.iter_rows(max_row=20, values_only=True)), None) is not None


def _rows(name: str, sheet: Any, broken: tuple[type[Exception], ...], *, max_rows: int, max_columns: int) -> Iterator[tuple[int, list[str]]]:  # noqa: ANN401
    sheet.reset_dimensions()  # what a file says of its own size is not to be believed
    filled, number = 0, 0
    try:
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            cells = [_text(value) for value in values]
            while cells and not cells[-1]:
                cells.pop()
            if len(cells) > max_columns:
                raise UnreadableFile(name, f"it has {len(cells)} columns, at most {max_columns} are read", hint="Leave columns out", row=number)
            if cells:
                filled += 1
                yield number, cells
            if filled > max_rows + 60:
                raise FileTooLarge(name, what="rows", limit=max_rows)
    except broken as error:
        raise UnreadableFile(name, f"its sheet is damaged ({type(error).__name__})", hint=SAVE_AGAIN, row=number + 1) from error


def _text(value: Any) -> str:  # noqa: ANN401  # whatever a cell held
    """Write a cell as text: dates as ISO 8601, numbers with the fifteen digits that are a spreadsheet's own."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return format(Decimal(format(value, ".15g")), "f")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value.total_seconds()) if isinstance(value, timedelta) else str(value)
