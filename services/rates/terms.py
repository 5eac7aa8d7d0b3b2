"""Terms of bonds and options, as the tags of an instrument write them: `coupon:0.04`, `maturity:2031-05-15`, `strike:200`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from types import MappingProxyType
from typing import Any, Final

from engine.types import AssetClass, Finding, Instrument, Severity

FREQUENCIES: Final = (1, 2, 4, 12)
RIGHTS: Final = ("call", "put")


@dataclass(frozen=True, slots=True)
class BondTerms:
    """A bond with fixed coupons."""

    coupon: float  # a year, fraction of what is paid back
    maturity: date
    frequency: int = 2  # coupons a year
    redemption: float = 100.0  # paid back, in the unit of the price


@dataclass(frozen=True, slots=True)
class OptionTerms:
    """A European option."""

    underlying: str  # symbol
    strike: float
    expiry: date
    right: str


def _number(text: str) -> float:
    found = float(text)
    if not isfinite(found) or found < 0:
        raise ValueError(text)
    return found


def _above_zero(text: str) -> float:
    found = _number(text)
    if not found:
        raise ValueError(text)
    return found


def _frequency(text: str) -> int:
    found = int(text)
    if found not in FREQUENCIES:
        raise ValueError(text)
    return found


def _right(text: str) -> str:
    if text.lower() not in RIGHTS:
        raise ValueError(text)
    return text.lower()


Readers = Mapping[str, tuple[Callable[[str], Any], str]]
BOND: Final[Readers] = MappingProxyType({
    "coupon": (_number, "coupon:0.04 for 4 % a year"), "maturity": (date.fromisoformat, "maturity:2031-05-15"),
    "frequency": (_frequency, "frequency:2 (1, 2, 4 or 12 coupons a year)"), "redemption": (_above_zero, "redemption:100, in the unit of the price"),
})
OPTION: Final[Readers] = MappingProxyType({
    "underlying": (str.upper, "underlying:AAPL"), "strike": (_above_zero, "strike:200"), "expiry": (date.fromisoformat, "expiry:2027-01-15"),
    "right": (_right, "right:call or right:put"),
})
NEEDED: Final = MappingProxyType({AssetClass.BOND: ("coupon", "maturity"), AssetClass.OPTION: tuple(OPTION)})


def terms_of(instrument: Instrument) -> tuple[BondTerms | OptionTerms | None, tuple[Finding, ...]]:
    """Read the terms of a bond or an option.

    Parameters
    ----------
    instrument : Instrument

    Returns
    -------
    tuple
        The terms, None where they are not known or the instrument is neither; and what is missing or cannot be read.
    """
    needed = NEEDED.get(instrument.asset_class)
    if needed is None:
        return None, ()
    readers: Readers = BOND if instrument.asset_class is AssetClass.BOND else OPTION
    found: dict[str, Any] = {}
    odd = [finding for name, text in _written(instrument, readers) if (finding := _read(instrument, name, text, readers, found))]
    lacking = [name for name in needed if name not in found]
    if lacking and not odd:
        examples = ", ".join(readers[name][1] for name in lacking)
        odd.append(Finding("no_terms", f"{instrument.symbol}: {', '.join(lacking)} not known; add to its tags {examples}", Severity.INFO,
                           {"symbol": instrument.symbol, "missing": lacking}))
    if lacking:
        return None, tuple(odd)
    return (BondTerms(**found) if instrument.asset_class is AssetClass.BOND else OptionTerms(**found)), tuple(odd)


def _written(instrument: Instrument, readers: Readers) -> list[tuple[str, str]]:
    parts = [(name.strip().lower(), text.strip()) for name, _, text in (tag.partition(":") for tag in instrument.tags)]
    return [(name, text) for name, text in parts if name in readers]


def _read(instrument: Instrument, name: str, text: str, readers: Readers, found: dict[str, Any]) -> Finding | None:
    """Read a tag into what was found, or say why not."""
    read, example = readers[name]
    try:
        found[name] = read(text)
    except ValueError:
        context = {"symbol": instrument.symbol, "tag": f"{name}:{text}", "accepted": example}
        return Finding("bad_terms", f"{instrument.symbol}: the tag {name}:{text} cannot be read; write {example}", Severity.WARNING, context)
    return None
