"""Exposures of today's holdings seen through the funds among them: by group, and by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from engine import effective_number_of_assets, hhi, look_through, look_through_coverage, top_n_weight
from engine.advice.regions import region_of
from engine.types import Finding, Instrument, Severity
from services.constituents.book import GROUP, Book, node_of
from services.constituents.reading import findings_of
from services.constituents.views import HOLDINGS
from services.performance.groups import NO_COUNTRY, NO_REGION, NO_SECTOR, group_of

NO_CURRENCY: Final = "no currency"
UNKNOWN: Final[Mapping[str, str]] = {"sector": NO_SECTOR, "country": NO_COUNTRY, "region": NO_REGION, "currency": NO_CURRENCY, "asset_class": "other"}
NAMED: Final = 100  # names of a table
NAMES: Final = ["key", "label", "weight", "direct", "through", "via"]
FUNDS: Final = ["symbol", "name", "weight", "date", "source", "version", "constituents", "known"]


@dataclass(frozen=True, slots=True)
class Through:
    """What is held through funds; all of it empty where no fund is held, or where it was not asked for."""

    is_on: bool = False
    coverage: Mapping[str, float] = field(default_factory=dict)  # how of `exposures` -> share of the weight in funds that is known; NaN: no fund
    weight: float = 0.0  # in funds, by size, fraction of the value
    figures: Mapping[str, float] = field(default_factory=dict)  # of names: hhi effective_number_of_assets top_1 top_5 top_10
    names: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=NAMES))  # NAMES: the largest; `via` says through which funds
    funds: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=FUNDS))  # FUNDS: those held; `known` is the share known by name
    findings: tuple[Finding, ...] = ()


class Glass:
    """Holdings with what is in them.

    Parameters
    ----------
    held : mapping of str to Instrument
    weights : Series
        By symbol, fraction of the value.
    book : Book
    """

    def __init__(self, held: Mapping[str, Instrument], weights: pd.Series, book: Book) -> None:
        self.held, self.book = held, book
        self.symbols = {node_of(each): symbol for symbol, each in held.items()}
        known = weights[np.isfinite(weights.to_numpy(dtype=np.float64))]
        nodes = [node_of(held[str(symbol)]) for symbol in known.index]
        self.weights: pd.Series = pd.Series(known.to_numpy(dtype=np.float64), index=pd.Index(nodes, dtype=object)).groupby(level=0, sort=False).sum()
        self.pooled = book.pooled(held.values())

    def parts(self, by: str) -> pd.DataFrame:
        """Take every holding apart: key of its group, holding, weight, and whether it comes through a fund that tells so."""
        inside = self.book.inside(by)
        funds = [node for node in self.weights.index if node in inside]
        found = look_through(self.weights[funds], inside).rename_axis("node").reset_index().melt("node", var_name="holding", value_name="weight")
        others = self.weights.drop(funds)
        plain = pd.DataFrame({"node": others.index, "holding": others.index, "weight": others.to_numpy()})
        told = pd.concat([found[found["weight"] != 0.0], plain], ignore_index=True) if funds else plain
        keys, symbols = [self._group(by, str(node)) for node in told["node"]], [self.symbols[each] for each in told["holding"]]
        frame: pd.DataFrame = told.assign(key=keys, symbol=symbols, is_direct=(told["node"] == told["holding"]).to_numpy())
        return frame

    def coverage(self, by: str) -> float:
        """Tell the share of what is held in funds of which this is known."""
        return look_through_coverage(self.weights, self.book.inside(by), self.pooled)

    @cached_property
    def in_funds(self) -> float:
        """Weight in funds, by size."""
        return float(self.weights[[node for node in self.weights.index if node in self.pooled]].abs().sum())

    def _group(self, by: str, node: str) -> str:
        """Name the group of a node: what it says itself, what its instrument is, or what the issuer of the fund says of it."""
        if node.startswith(GROUP):
            return node.removeprefix(GROUP)
        if by == "symbol":
            return node
        instrument = self.held.get(self.symbols.get(node, "")) or self.book.instruments.get(node)
        told = self.book.parts.get(node)
        own = None if instrument is None else group_of(by, instrument.symbol, instrument.currency, instrument)
        if own is not None and (own not in UNKNOWN.values() or told is None):
            return own
        said = None if told is None else region_of(told.country) if by == "region" and not told.region else getattr(told, by)
        return str(said) if said else UNKNOWN[by]


def through(held: Mapping[str, Instrument], weights: pd.Series, book: Book, ways: Sequence[str]) -> Through:
    """Tell what is held through funds.

    Parameters
    ----------
    held : mapping of str to Instrument
    weights : Series
        By symbol, fraction of the value, cash apart.
    book : Book
    ways : sequence of str
        Of groups, whose coverage is told.
    """
    glass = Glass(held, weights, book)
    if not book.funds:
        return Through(True, dict.fromkeys((*ways, "symbol"), float("nan") if not glass.in_funds else 0.0), glass.in_funds)
    coverage = {by: glass.coverage(by) for by in (*ways, "symbol")}
    names = _names(glass)
    return Through(True, coverage, glass.in_funds, _figures(names), _told(names.head(NAMED)), _funds(glass), tuple(_findings(glass)))


def _names(glass: Glass) -> pd.DataFrame:
    parts = glass.parts("symbol")
    apart = parts.assign(direct=parts["weight"].where(parts["is_direct"], 0.0), through=parts["weight"].where(~parts["is_direct"], 0.0))
    sums = apart.groupby("node")[["weight", "direct", "through"]].sum()
    inside = apart[~apart["is_direct"]].sort_values("weight", ascending=False)
    via = {node: list(zip(rows["symbol"], rows["weight"], strict=True)) for node, rows in inside.groupby("node")}
    order = sums["weight"].abs().sort_values(ascending=False, kind="stable").index
    named = sums.loc[order].reset_index()
    named["via"] = pd.Series([via.get(node, []) for node in named["node"]], dtype=object)
    return named.assign(key=[glass.symbols.get(node) or glass.book.name(node) for node in named["node"]],
                        label=[glass.held[glass.symbols[node]].name if node in glass.symbols else glass.book.label(node) for node in named["node"]])


def _told(names: pd.DataFrame) -> pd.DataFrame:
    via = [[{"symbol": str(symbol), "weight": float(weight)} for symbol, weight in each] for each in names["via"]]
    return names.assign(via=pd.Series(via, index=names.index, dtype=object))[NAMES].reset_index(drop=True)


def _figures(names: pd.DataFrame) -> dict[str, float]:
    weights = names["weight"]
    invested = float(weights.abs().sum())
    parts = weights / invested if invested > 0 else weights * np.nan
    return {"hhi": float(hhi(parts)), "effective_number_of_assets": float(effective_number_of_assets(parts)),
            **{f"top_{n}": float(top_n_weight(weights, n=n)) for n in (1, 5, 10)}}


def _funds(glass: Glass) -> pd.DataFrame:
    """List the funds that are held, with what is known of each and where from."""
    inside, rows = glass.book.inside("symbol"), []
    for node, weight in glass.weights[[node for node in glass.weights.index if node in glass.pooled]].items():
        told, instrument = glass.book.funds.get(str(node)), glass.held[glass.symbols[str(node)]]
        known = look_through_coverage({str(node): 1.0}, inside, glass.pooled)
        about = (told.date, told.source, told.version, len(told.constituents)) if told else (None, None, None, 0)
        rows.append((instrument.symbol, instrument.name, float(weight), *about, known))
    return pd.DataFrame(rows, columns=FUNDS).sort_values("weight", ascending=False, kind="stable", ignore_index=True)


def _findings(glass: Glass) -> list[Finding]:
    """Say whose weights do not add up, and how much of what is held in funds is known by name."""
    found = [each for fund in glass.book.funds.values() for each in findings_of(fund.symbol, dict(fund.sums))]
    share = glass.coverage("symbol")
    if any(HOLDINGS in fund.sums for fund in glass.book.funds.values()) and share < 1.0:
        said = f"{share:.0%} of what is held in funds is known by name"
        found.append(Finding("looked_through", said, Severity.INFO, {"coverage": round(share, 6)}))
    return found
