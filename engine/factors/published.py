"""Factor returns as their publishers print them: the files of Kenneth French's data library, and plain tables."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from engine.errors import InvalidInput

RISK_FREE_COLUMN = "RF"
MODELS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "capm": ("Mkt-RF",),
    "ff3": ("Mkt-RF", "SMB", "HML"),
    "carhart": ("Mkt-RF", "SMB", "HML", "Mom"),
    "ff5": ("Mkt-RF", "SMB", "HML", "RMW", "CMA"),
    "ff6": ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "Mom"),
})
LABELS: Mapping[str, str] = MappingProxyType({
    "Mkt-RF": "Market", "SMB": "Size (SMB)", "HML": "Value (HML)", "Mom": "Momentum", "RMW": "Profitability (RMW)", "CMA": "Investment (CMA)",
    "RF": "Risk-free rate",
})
UNITS = ("percent", "fraction")
_KNOWN_AS = MappingProxyType({
    "MKTRF": "Mkt-RF", "MKT": "Mkt-RF", "RMRF": "Mkt-RF", "SMB": "SMB", "HML": "HML", "RMW": "RMW", "CMA": "CMA", "MOM": "Mom", "UMD": "Mom",
    "WML": "Mom", "RF": "RF", "RISKFREE": "RF",
})
_MISSING = (-99.99, -999.0)
_DAY = re.compile(r"^\d{4}(-?\d{2}(-?\d{2})?)?$")
_MONTH_DIGITS, _YEAR_DIGITS = 6, 4
_FRACTIONS_BELOW = 0.5  # a typical move of half the value or more is one in percent


def published_factors(text: str, *, unit: str | None = None) -> pd.DataFrame:
    r"""Read a table of factor returns.

    Parameters
    ----------
    text
        What the file holds: of Kenneth French's data library as it is, or any table with a date first (YYYY-MM-DD, YYYYMMDD, YYYY-MM,
        YYYYMM or YYYY), separated by comma, semicolon or tab. Lines before the first row of numbers are passed over but for the names of
        the columns.
    unit
        ``percent`` or ``fraction``; default percent for dates written in digits alone, as French writes them, else fraction.

    Returns
    -------
    DataFrame
        Dates x factors, fraction; a month or year is dated at its end. Names as usual are told as `Mkt-RF SMB HML RMW CMA Mom RF`.

    Notes
    -----
    Convention: the first block of rows of one kind of date, which in French's files is the finest; -99.99 and -999 are NaN, as the library
    tells.

    Raises
    ------
    InvalidInput
        No row of a date and numbers, no names above it, a date twice, an unknown unit, or a unit that the numbers cannot be in.

    References
    ----------
    French, Data Library: Description of Fama/French Factors, mba.tuck.dartmouth.edu/pages/faculty/ken.french.

    Examples
    --------
    >>> found = published_factors("Made by CMPT_ME_BEME_RETS\n\n,Mkt-RF,SMB,HML,RF\n192607,  2.96, -2.30, -2.87, 0.22\n")
    >>> found.index[0].strftime("%d.%m.%Y"), found.iloc[0].to_dict()
    ('31.07.1926', {'Mkt-RF': 0.0296, 'SMB': -0.023, 'HML': -0.0287, 'RF': 0.0022})
    """
    if unit is not None and unit not in UNITS:
        raise InvalidInput("unit", unit, f"{unit} is not a choice", hint="Use percent or fraction")
    rows = _rows(text)
    first = next((at for at, row in enumerate(rows) if _is_data(row)), None)
    if first is None:
        raise InvalidInput("file", text[:60], "has no row of a date and numbers", hint="One line a period: a date, then one number a factor")
    names = _names(rows[:first], len(rows[first]))
    block = _block(rows[first:])
    days = pd.DatetimeIndex([_day(row[0]) for row in block], name="date")
    if days.has_duplicates:
        again = days[days.duplicated()][0].date().isoformat()
        raise InvalidInput("file", again, "a date comes twice", hint="One line a period")
    cells = np.array([[_number(row[at]) if at < len(row) else np.nan for at in range(1, len(names) + 1)] for row in block])
    cells[np.isin(cells, _MISSING)] = np.nan
    found = pd.DataFrame(cells, index=days, columns=names).sort_index()
    return found / 100.0 if (unit or _told_unit(block[0][0], found)) == "percent" else found


def canonical_factor(name: str) -> str:
    """Name a factor as the library does: UMD is Mom, MKT_RF is Mkt-RF.

    Parameters
    ----------
    name
        As it is written.

    Returns
    -------
    str

    Examples
    --------
    >>> canonical_factor(" mkt_rf "), canonical_factor("UMD"), canonical_factor("Oil")
    ('Mkt-RF', 'Mom', 'Oil')
    """
    return _KNOWN_AS.get(re.sub(r"[^A-Z]", "", name.upper()), name.strip())


def models_of(columns: Sequence[str]) -> tuple[str, ...]:
    """Name the models whose factors are all among some columns.

    Parameters
    ----------
    columns
        Names of factors.

    Returns
    -------
    tuple of str
        Of `MODELS`.

    Examples
    --------
    >>> models_of(["Mkt-RF", "SMB", "HML", "RF"])
    ('capm', 'ff3')
    """
    return tuple(model for model, factors in MODELS.items() if set(factors) <= set(columns))


def _rows(text: str) -> list[list[str]]:
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    separator = max(",;\t", key=lambda sign: sum(line.count(sign) for line in lines[:50]))
    return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]


def _is_data(row: Sequence[str]) -> bool:
    return len(row) > 1 and bool(_DAY.match(row[0])) and any(cell and not np.isnan(_number(cell)) for cell in row[1:])


def _block(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Rows up to the first of another kind."""
    length = len(rows[0][0])
    end = next((at for at, row in enumerate(rows) if not _is_date(row) or len(row[0]) != length), len(rows))
    return list(rows[:end])


def _is_date(row: Sequence[str]) -> bool:
    return len(row) > 1 and bool(_DAY.match(row[0]))


def _names(above: Sequence[Sequence[str]], width: int) -> list[str]:
    """Names of the columns: the last line above the numbers that has as many."""
    header = next((row for row in reversed(above) if len(row) == width), None)
    if header is None or not all(header[1:]):
        raise InvalidInput("file", "", "has no line with a name for each column", hint="The first line names the columns: date,Mkt-RF,SMB,HML,RF")
    names = [canonical_factor(name) for name in header[1:]]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InvalidInput("file", twice, f"{twice} names two columns", hint="Name each factor once")
    return names


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _day(written: str) -> pd.Timestamp:
    digits = written.replace("-", "")
    try:
        if len(digits) == _YEAR_DIGITS:
            return pd.Timestamp(year=int(digits), month=12, day=31)
        whole = pd.Timestamp(year=int(digits[:4]), month=int(digits[4:6]), day=int(digits[6:8] or 1))
    except ValueError as error:
        raise InvalidInput("file", written, f"{written} is not a date", hint="Write YYYY-MM-DD, YYYYMMDD or YYYYMM") from error
    return whole + pd.offsets.MonthEnd(0) if len(digits) == _MONTH_DIGITS else whole


def _told_unit(written: str, found: pd.DataFrame) -> str:
    """Read the unit from the way that dates are written; refuse where the numbers say something else."""
    unit = "fraction" if "-" in written else "percent"
    typical = float(np.nanmedian(np.abs(found.to_numpy()))) if found.notna().any(axis=None) else 0.0
    if unit == "fraction" and typical > _FRACTIONS_BELOW:
        raise InvalidInput("unit", f"{typical:.2f}", "the numbers look like percent", hint="Send unit=percent, or divide by 100")
    return unit
