"""Numbers and dates as people write them. Which style a file uses is decided once, over all its rows, never row by row.

A cell that does not fit the style of its file is handed on as it is, so that validation refuses it by name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from services.files.words import folded

MONTHS = {name: number for number, names in enumerate((
    "jan january januar janvier enero ene gennaio gen janeiro januari", "feb february februar fevrier fev febrero febbraio fevereiro februari",
    "mar march marz mrz mars marzo maart mrt marco", "apr april avril avr abril abr aprile", "may mai mayo maggio mag maio mei",
    "jun june juni juin junio giugno giu junho", "jul july juli juillet juil julio luglio lug julho",
    "aug august aout agosto ago augustus", "sep sept september septembre septiembre settembre set setembro",
    "oct october oktober okt octobre octubre ottobre ott outubro out", "nov november novembre noviembre novembro",
    "dec december dezember dez decembre diciembre dic dicembre dezembro"), start=1) for name in names.split()}
SPACES = str.maketrans(dict.fromkeys(" \xa0\u202f\u2009\t'’") | {"\u2212": "-", "\u2013": "-"})
MONEY = re.compile(r"^([-+(]*)\s*(?:[A-Z]{3}|[$€£¥]|US\$|CHF|kr)?([-+(]*)(.*?)(?:[A-Z]{3}|[$€£¥%]|kr)?([-)]*)$", re.DOTALL)
GROUPED = {".": re.compile(r"[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?"), ",": re.compile(r"[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]*)?")}
PLAIN = {".": re.compile(r"[0-9]*\.?[0-9]*([eE][-+]?[0-9]{1,4})?"), ",": re.compile(r"[0-9]*,?[0-9]*([eE][-+]?[0-9]{1,4})?")}
NOTHING = frozenset({"", "-", "--", "n/a", "na", "#n/a", "null", "none"})
ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
TRIPLE = re.compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
NAMED = re.compile(r"(?:([0-9]{1,2})[-. /]*)?([^\W\d_]{3,10})[-., /]*(?:([0-9]{1,2})(?:st|nd|rd|th)?[, ]+)?([0-9]{4}|[0-9]{2})")
TIME = re.compile(r"[T ,]+[0-9]{1,2}:[0-9]{2}.*$", re.DOTALL)
MINOR = {"GBX": "GBP", "GBp": "GBP", "GBPENCE": "GBP", "GBpence": "GBP", "GBPp": "GBP", "p": "GBP", "ILA": "ILS", "ZAC": "ZAR", "ZAc": "ZAR"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided for a file, and how sure that is."""

    value: str
    confidence: float
    why: str


# ------------------------------------------------------------------------------------------------------------------------------ numbers


def decimal_style(cells: Iterable[str], *, fallback: str = ".") -> Choice:
    """Decide which sign parts the decimals, by the cells of every column of numbers."""
    votes = Counter(vote for vote in map(_vote, cells) if vote)
    points, commas = votes["."], votes[","]
    if points or commas:
        best = "." if points >= commas else ","
        return Choice(best, max(points, commas) / (points + commas), f"{votes[best]} numbers can be read no other way")
    return Choice(fallback, 0.6, "no number says it")


def _vote(cell: str) -> str | None:
    tight = cell.translate(SPACES)
    point, comma = tight.rfind("."), tight.rfind(",")
    if point < 0 and comma < 0:
        return None
    if point >= 0 and comma >= 0:
        return "." if point > comma else ","
    sign = "." if point >= 0 else ","
    other = "," if sign == "." else "."
    if tight.count(sign) > 1:
        return other
    digits = re.match(r"[0-9]*", tight[max(point, comma) + 1 :])
    before = re.search(r"([0-9]*)[.,]", tight)
    return None if digits and len(digits[0]) == 3 and before and 1 <= len(before[1]) <= 3 and before[1] != "0" else sign


def number_text(cell: str, decimal: str, *, lenient: bool = True) -> str:
    """Write a number as `1234.56`, with its sign; what cannot be read so stays as it is. `lenient` takes off currency signs and dashes."""
    tight = cell.translate(SPACES)
    if lenient and tight.lower() in NOTHING:
        return ""
    signs, body, tail = "", tight, ""
    if lenient:
        parts = MONEY.match(tight)
        if parts:
            signs, body, tail = parts[1] + parts[2], parts[3], parts[4]
    elif tight[:1] in {"-", "+"}:
        signs, body = tight[0], tight[1:]
    if not body or body in {".", ","} or not (PLAIN[decimal].fullmatch(body) or GROUPED[decimal].fullmatch(body)):
        return cell.strip()
    thousands = "," if decimal == "." else "."
    bare = body.replace(thousands, "").replace(",", ".")
    negative = ("-" in signs) != ("-" in tail) or "(" in signs
    return f"-{bare}" if negative else bare


# -------------------------------------------------------------------------------------------------------------------------------- dates


def date_order(cells: Iterable[str], *, decimal: str = ".") -> Choice:
    """Decide whether day or month comes first, over all dates of a file."""
    triples = [found for cell in cells if (found := TRIPLE.match(cell.strip()))]
    if not triples:
        return Choice("ymd", 1.0, "every date begins with the year or names its month")
    first, second = (sum(int(found[place]) > 12 for found in triples) for place in (1, 3))
    if first or second:
        return Choice("dmy" if first >= second else "mdy", max(first, second) / (first + second), "a number above 12 is no month")
    runs = {order: _falls(triples, order) for order in ("dmy", "mdy")}
    if runs["dmy"] != runs["mdy"]:
        best = min(runs, key=lambda order: runs[order])
        return Choice(best, 0.7, "so the dates stand in order")
    if triples[0][2] == ".":
        return Choice("dmy", 0.9, "dates with points begin with the day")
    slashed = triples[0][2] == "/"
    return Choice("mdy" if slashed and decimal == "." else "dmy", 0.5, "no date says it")


def _falls(triples: list[re.Match[str]], order: str) -> int:
    """Count how often the direction of time changes when dates are read in an order."""
    days = [_ordinal(found, order) for found in triples]
    steps = [after - before for before, after in pairwise(days) if after != before]
    ups = sum(step > 0 for step in steps)
    return min(ups, len(steps) - ups)


def _ordinal(found: re.Match[str], order: str) -> int:
    day, month = (int(found[1]), int(found[3])) if order == "dmy" else (int(found[3]), int(found[1]))
    return _year(found[4]) * 372 + month * 31 + day


@lru_cache(maxsize=50_000)
def date_text(cell: str, order: str) -> str:
    """Write a date as `2024-03-28`; what cannot be read so stays as it is."""
    bare = TIME.sub("", cell.strip())
    for pattern in (ISO, COMPACT):
        found = pattern.fullmatch(bare)
        if found:
            return _iso(int(found[1]), int(found[2]), int(found[3]), cell)
    found = TRIPLE.fullmatch(bare)
    if found:
        day, month = (found[1], found[3]) if order != "mdy" else (found[3], found[1])
        return _iso(_year(found[4]), int(month), int(day), cell)
    found = NAMED.fullmatch(bare)
    month_number = MONTHS.get(folded(found[2])) if found else None
    if found and month_number and (found[1] or found[3]):
        return _iso(_year(found[4]), month_number, int(found[1] or found[3]), cell)
    return cell.strip()


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text) if int(text) < 70 else 1900 + int(text)


def _iso(year: int, month: int, day: int, cell: str) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return cell.strip()


def is_date(cell: str) -> bool:
    """Tell whether a cell can be read as a date in some order."""
    return any(date_text(cell, order) != cell.strip() or ISO.fullmatch(cell.strip()) for order in ("dmy", "mdy"))
