"""What can be compared with: an instrument, or a blend, found by its key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from data.database import Unit
from data.records import StoredBlend
from engine.errors import InvalidInput, NotFound
from engine.types import Actor, AssetClass, Instrument
from services import fields
from services.fields import Place

LONGEST: Final = 120
NO_BENCHMARK: Final = frozenset({AssetClass.CASH, AssetClass.FX})


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be compared with."""

    key: str
    name: str
    kind: str  # instrument or blend
    detail: str  # currency and class of an instrument, components of a blend, in words



@dataclass(frozen=True, slots=True)
class Part:
    """One thing of a benchmark; `plus` is a spread a year, of cash its rate."""

    kind: str
    instrument: Instrument | None
    weight: float
    plus: float = 0.0
    hedged: bool = False

    @property
    def key(self) -> str:
        """What it is called among its neighbours."""
        return self.instrument.symbol if self.instrument else "cash"


@dataclass(frozen=True, slots=True)
class Reference:
    """A benchmark with all that its levels are made of."""

    key: str
    name: str
    kind: str  # instrument or blend
    parts: tuple[Part, ...]
    rebalancing: str = "never"
    version: int = 0

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """What it takes prices of."""
        return tuple({part.instrument.id: part.instrument for part in self.parts if part.instrument}.values())

    @property
    def label(self) -> str:
        """What it is called: its symbol, or the name of a blend; both ask for it again."""
        return self.key if self.kind == "instrument" else self.name

    @property
    def currency(self) -> str:
        """Of what it is made of, where that is one."""
        codes = {each.currency for each in self.instruments}
        return codes.pop() if len(codes) == 1 else ""


def key_of(place: Place, value: object) -> str:
    """Read what names a benchmark: the id of a blend, a symbol in capitals, or the name of a blend."""
    text = fields.text(place, value, limit=LONGEST) or ""
    found = _as_uuid(text)
    return str(found) if found else text.upper() if fields.SYMBOL.fullmatch(text.upper()) else text


def find_reference(unit: Unit, actor: Actor, key: str) -> Reference:
    """Find a benchmark by its key.

    Raises
    ------
    NotFound
        Neither a blend nor an instrument, with what is spelled alike.
    """
    blend_id = _as_uuid(key)
    if blend_id is not None:
        return of_blend(unit, actor, unit.benchmarks.get(actor.workspace_id, blend_id))
    instrument = unit.instruments.by_symbols(actor.workspace_id, [key]).get(key)
    if instrument is not None:
        return of_instrument(instrument)
    named = unit.benchmarks.named(actor.workspace_id, key)
    if named is not None:
        return of_blend(unit, actor, named)
    raise _nothing(unit, actor, key)


def known_references(unit: Unit, actor: Actor, keys: Iterable[str]) -> list[Reference]:
    """Find benchmarks by their keys; what is not known is left out."""
    found = []
    for key in sorted({*keys}):
        with suppress(NotFound, InvalidInput):
            found.append(find_reference(unit, actor, key))
    return found


def stored_key(unit: Unit, actor: Actor, key: str) -> str:
    """Give the key under which a portfolio keeps its benchmark: the id of a blend; a symbol may be one that comes later."""
    if _as_uuid(key) is not None:
        return str(unit.benchmarks.get(actor.workspace_id, UUID(key)).id)
    named = unit.benchmarks.named(actor.workspace_id, key)
    if named is not None and key not in unit.instruments.by_symbols(actor.workspace_id, [key]):
        return str(named.id)
    if not fields.SYMBOL.fullmatch(key):
        raise _nothing(unit, actor, key)
    return key


def of_instrument(instrument: Instrument) -> Reference:
    """Compare with an instrument, its payments put back."""
    return Reference(instrument.symbol, instrument.name, "instrument", (Part("instrument", instrument, 1.0),), version=instrument.version)


def of_blend(unit: Unit, actor: Actor, stored: StoredBlend) -> Reference:
    """Compare with a blend."""
    known = instruments_of(unit, actor, stored)
    parts = tuple(Part(each.kind, known.get(each.instrument_id) if each.instrument_id else None, float(each.weight), float(each.plus), each.hedged)
                  for each in stored.components)
    return Reference(str(stored.id), stored.name, "blend", parts, stored.rebalancing, stored.version)


def instruments_of(unit: Unit, actor: Actor, *blends: StoredBlend) -> Mapping[UUID, Instrument]:
    """Give the instruments of blends by id."""
    wanted = {each.instrument_id for blend in blends for each in blend.components}
    return {each.id: each for each in unit.instruments.find_all(actor.workspace_id) if each.id in wanted} if wanted - {None} else {}


def choices(unit: Unit, actor: Actor) -> list[Choice]:
    """List everything that can be compared with: blends first, then instruments by symbol."""
    blends = unit.benchmarks.find(actor.workspace_id)
    known = instruments_of(unit, actor, *blends)
    told = [Choice(str(each.id), each.name, "blend", in_words(each, known)) for each in blends]
    plain = [each for each in unit.instruments.find_all(actor.workspace_id) if each.asset_class not in NO_BENCHMARK]
    return [*told, *(Choice(each.symbol, each.name or each.symbol, "instrument", f"{each.currency} {each.asset_class.value}")
                     for each in sorted(plain, key=lambda each: each.symbol))]


def in_words(blend: StoredBlend, known: Mapping[UUID, Instrument]) -> str:
    """Tell the parts of a blend on one line: "60 % SPY, 40 % AGG, monthly"."""
    symbols = {key: each.symbol for key, each in known.items()}
    names = [(symbols.get(each.instrument_id, "cash") if each.instrument_id else "cash", each) for each in blend.components]
    parts = [f"{100 * float(each.weight):g} % {name}{_spread(name, float(each.plus))}" for name, each in names]
    return ", ".join([*parts, blend.rebalancing] if len(parts) > 1 else parts)


def _spread(name: str, plus: float) -> str:
    if not plus:
        return ""
    return f" at {100 * plus:g} %" if name == "cash" else f" {'+' if plus > 0 else '−'} {abs(100 * plus):g} %"


def _nothing(unit: Unit, actor: Actor, key: str) -> NotFound | InvalidInput:
    known = [each.symbol for each in unit.instruments.find_all(actor.workspace_id)] + [each.name for each in unit.benchmarks.find(actor.workspace_id)]
    near = fields.near(key, known)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Add it as an instrument, or a blend under /benchmarks"
    if not fields.SYMBOL.fullmatch(key):
        return InvalidInput("benchmark", key, "is neither a symbol nor the name of a benchmark", hint=hint, rule="unknown_value")
    error = NotFound("benchmark", key)
    error.context["hint"] = hint
    return error


def _as_uuid(text: str) -> UUID | None:
    """Read an id of the form with dashes; a symbol is never one."""
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None
