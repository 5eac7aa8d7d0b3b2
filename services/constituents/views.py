"""What a fund holds, as people and programs send it and are told it. Weights are fractions of the fund, shorts below zero."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from engine.types import Finding

GROUPS: Final = ("sector", "country", "region", "currency", "asset_class")  # what a fund can be divided by, beside names
NAMES: Final = ("symbol", "name", "isin")
HOLDINGS: Final = "holdings"
SUM_WITHIN: Final = 0.005  # of 1: as far as factsheets round


@dataclass(frozen=True, slots=True)
class Constituent:
    """A part of a fund: a thing it holds, with what is known of it; or, without a name, a group and all that is held of it."""

    weight: float
    symbol: str | None = None
    name: str | None = None
    isin: str | None = None
    sector: str | None = None
    country: str | None = None
    region: str | None = None
    currency: str | None = None
    asset_class: str | None = None

    @property
    def kind(self) -> str:
        """`holdings`, or which group it is one of."""
        if any(getattr(self, each) for each in NAMES):
            return HOLDINGS
        return next(each for each in GROUPS if getattr(self, each))

    @property
    def label(self) -> str:
        """What it is called."""
        return self.symbol or self.name or self.isin or str(getattr(self, self.kind))


@dataclass(frozen=True, slots=True)
class FundContents:
    """What an instrument holds."""

    symbol: str
    name: str
    date: dt.date | None  # of the weights
    source: str | None
    version: int
    recorded_at: dt.datetime
    constituents: tuple[Constituent, ...]  # in the order they were told
    sums: Mapping[str, float]  # kind -> what its weights add up to
    findings: tuple[Finding, ...]  # weights_sum, read_as_percent


def sums_of(parts: tuple[Constituent, ...]) -> dict[str, float]:
    """Add weights up by kind."""
    found: dict[str, float] = {}
    for each in parts:
        found[each.kind] = found.get(each.kind, 0.0) + each.weight
    return found


def kept(part: Constituent) -> dict[str, Any]:
    """Give a part as it is kept: what is not known is left out."""
    return {name: value for name, value in asdict(part).items() if value is not None}
