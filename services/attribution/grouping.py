"""Which group each row of a portfolio and each part of a benchmark is in, one each, and what the groups are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from engine.types import AssetClass, Finding, Instrument, Severity
from services.attribution.constituents import Constituents
from services.performance.groups import CLASS_NAMES, group_of, row_label

WHOLE: Final = "benchmark:"  # before the key of a benchmark that is one group of its own
POOLED: Final = frozenset({AssetClass.FUND, AssetClass.INDEX})


def groups_of_rows(by: str, rows: Sequence[str], currencies: Sequence[str], instruments: Mapping[str, Instrument]) -> dict[str, str]:
    """Name the group of each row of a panel."""
    return {row: group_of(by, row, code, instruments.get(row)) for row, code in zip(rows, currencies, strict=True)}


def groups_of_parts(by: str, parts: Constituents, base: str) -> dict[str, str]:
    """Name the group of each part of a benchmark; of one that cannot be divided a group of its own."""
    if not is_divided(by, parts):
        return dict.fromkeys(map(str, parts.weights.columns), WHOLE + parts.key)
    found = {}
    for name in map(str, parts.weights.columns):
        instrument = parts.instruments.get(name)
        found[name] = group_of(by, name, instrument.currency if instrument else base, instrument)
    return found


def is_divided(by: str, parts: Constituents) -> bool:
    """Tell whether a benchmark says what it holds of each group.

    One instrument does so only where it is of one sector, country or currency as a whole; an index or fund is of no class that a holding is.
    """
    if not parts.is_single or by == "currency":
        return True
    alone = next(iter(parts.instruments.values()), None)
    return alone is not None and by in {"sector", "country"} and getattr(alone, by) is not None


def group_name(by: str, key: str, instruments: Mapping[str, Instrument], parts: Constituents | None) -> str:
    """Name a group for people."""
    if key.startswith(WHOLE):
        return f"{parts.name if parts else key.removeprefix(WHOLE)} (not divided)"
    if by == "symbol":
        return row_label(key, instruments)
    return CLASS_NAMES.get(key, key.replace("_", " ")) if by == "asset_class" else key


def findings_of(by: str, parts: Constituents) -> list[Finding]:
    """Tell what of a benchmark weakens an attribution by groups."""
    if not is_divided(by, parts):
        message = f"{parts.name} is one instrument: what it holds by {by.replace('_', ' ')} is not known, so all of the difference is selection"
        return [Finding("benchmark_undivided", message, Severity.INFO, {"benchmark": parts.key, "by": by,
                "hint": "Choose a blend whose parts are of the groups, such as one fund a sector"})]
    pooled = sorted(name for name, each in parts.instruments.items() if each.asset_class in POOLED)
    if by == "asset_class" and pooled and not parts.is_single:
        message = f"{', '.join(pooled)} {'is a fund' if len(pooled) == 1 else 'are funds'} by class: set the class of what they hold to compare by it"
        return [Finding("benchmark_of_funds", message, Severity.INFO, {"benchmark": parts.key, "symbols": pooled})]
    return []
