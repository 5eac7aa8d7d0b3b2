"""What the funds of a portfolio hold, fund in fund, laid out for each way of dividing it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from data.constituent_records import StoredConstituents
from data.database import Unit
from engine.advice.regions import region_of
from engine.types import Actor, AssetClass, Instrument
from services.books.service import Kept
from services.constituents.views import HOLDINGS, Constituent, FundContents, sums_of

GROUP, NAME = "=", "~"  # before a node that is a group, or a thing that is no instrument here
PARTS: Final[TypeAdapter[tuple[Constituent, ...]]] = TypeAdapter(tuple[Constituent, ...])
POOLED: Final = frozenset({AssetClass.FUND, AssetClass.INDEX})  # what holds something, be it told or not
KEPT: Final = 256


@dataclass(frozen=True, slots=True)
class Book:
    """Funds that are held, directly or in each other, with what they hold. A node is an instrument's id, a group, or a name."""

    funds: Mapping[str, FundContents] = field(default_factory=dict)  # by node
    instruments: Mapping[str, Instrument] = field(default_factory=dict)  # by node, those that are known
    nodes: Mapping[str, str] = field(default_factory=dict)  # symbol of a part -> node
    parts: Mapping[str, Constituent] = field(default_factory=dict)  # what an issuer says of a part, by node

    def node(self, part: Constituent) -> str:
        """Name the node of something that a fund holds."""
        return self.nodes.get(part.symbol or "") or NAME + part.label.upper()

    def name(self, node: str) -> str:
        """Name a node for people: its symbol, its group, or its name."""
        return self.instruments[node].symbol if node in self.instruments else node.removeprefix(GROUP).removeprefix(NAME)

    def label(self, node: str) -> str:
        """Tell a node's whole name."""
        told = self.parts.get(node)
        return self.instruments[node].name if node in self.instruments else (told.name if told and told.name else self.name(node))

    def inside(self, by: str) -> dict[str, dict[str, float]]:
        """Tell what each fund holds: by a group where it says so, else by what it holds."""
        return {node: self._inside(fund, by) for node, fund in self.funds.items()}

    def _inside(self, fund: FundContents, by: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for part, group in _divided(fund, by):
            node = GROUP + group if group else self.node(part)
            found[node] = found.get(node, 0.0) + part.weight
        return found

    def pooled(self, held: Iterable[Instrument]) -> set[str]:
        """Name the nodes that are funds, of what is held and of what funds hold."""
        return {*self.funds} | {node_of(each) for each in (*held, *self.instruments.values()) if each.asset_class in POOLED}


def node_of(instrument: Instrument) -> str:
    """Name the node of an instrument; under any of its symbols the same."""
    return str(instrument.id)


class Books:
    """Reads what funds hold; lists that were read once are kept."""

    def __init__(self) -> None:
        self._kept: Kept[FundContents] = Kept(KEPT)

    def read(self, unit: Unit, actor: Actor, held: Sequence[Instrument], drafts: Mapping[UUID, FundContents] | None = None) -> Book:
        """Read what is held in funds, down to the last.

        Parameters
        ----------
        unit : Unit
        actor : Actor
        held : sequence of Instrument
            Where to begin.
        drafts : mapping, optional
            Lists that count instead of those that are kept, by the fund's id.
        """
        told = drafts or {}
        versions = unit.constituents.versions(actor.workspace_id) | dict.fromkeys(told, 0)
        book = Book({}, {}, {}, {})
        wanted = [each for each in held if each.id in versions]
        while wanted:
            found = self._lists(unit, [(each, versions[each.id]) for each in wanted if each.id not in told])
            fresh = {node_of(each): found[each.id] if each.id in found else told[each.id] for each in wanted}
            inner = _known(unit, actor, book, fresh)
            book = _longer(book, wanted, inner, fresh)
            wanted = [each for each in {each.id: each for each in inner.values()}.values() if each.id in versions and node_of(each) not in book.funds]
        return book

    def _lists(self, unit: Unit, wanted: Sequence[tuple[Instrument, int]]) -> dict[UUID, FundContents]:
        """Read lists by instrument and version, those that are not kept in one go."""
        missing = [(each.id, version) for each, version in wanted if not self._kept.has((each.id, version, each.symbol, each.name))]
        read = {each.instrument_id: each for each in unit.constituents.read(missing)} if missing else {}

        def contents(fund: Instrument, version: int) -> FundContents:
            return contents_of(fund, read[fund.id] if fund.id in read else unit.constituents.read([(fund.id, version)])[0])

        return {each.id: self._kept.get_or_compute((each.id, version, each.symbol, each.name), partial(contents, each, version))
                for each, version in wanted}


def _known(unit: Unit, actor: Actor, book: Book, fresh: Mapping[str, FundContents]) -> dict[str, Instrument]:
    """Find the instruments that lists name, by symbol."""
    symbols = {part.symbol for each in fresh.values() for part in each.constituents if part.symbol and part.symbol not in book.nodes}
    return unit.instruments.by_symbols(actor.workspace_id, symbols)


def _longer(book: Book, wanted: Sequence[Instrument], inner: Mapping[str, Instrument], fresh: Mapping[str, FundContents]) -> Book:
    """Add lists to a book."""
    known = {**{node_of(each): each for each in (*inner.values(), *wanted)}, **book.instruments}
    longer = Book({**book.funds, **fresh}, known, {**book.nodes, **{symbol: node_of(each) for symbol, each in inner.items()}}, {})
    told = {longer.node(part): part for each in fresh.values() for part in each.constituents if part.kind == HOLDINGS}
    return replace(longer, parts={**told, **book.parts})


def _divided(fund: FundContents, by: str) -> list[tuple[Constituent, str | None]]:
    """Part a fund: by groups where it tells those, regions also by countries; else by what it holds, without a group."""
    groups = [(part, str(getattr(part, by))) for part in fund.constituents if part.kind == by]
    if not groups and by == "region":
        groups = [(part, str(region_of(part.country))) for part in fund.constituents if part.kind == "country"]
    return [*groups] or [(part, None) for part in fund.constituents if part.kind == HOLDINGS]


def contents_of(fund: Instrument, stored: StoredConstituents) -> FundContents:
    """Lay out what is stored of a fund."""
    parts = PARTS.validate_python(stored.parts)
    return FundContents(fund.symbol, fund.name, stored.as_of, stored.source, stored.version, stored.recorded_at, parts, sums_of(parts), ())
