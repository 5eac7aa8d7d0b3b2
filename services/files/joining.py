"""Drafts of a file joined with what the ledger and the workspace know: unknown instruments, facts that are there already, ids.

A row is a duplicate by its `external_id`, else by its own `id`, else by what it says: then the first row of a file that says a thing is the
first of that thing in the ledger, the second the second, so that two fills alike stay two. A transaction that was corrected is still
found by what it said before. What was voided because its import was taken back may be recorded again, under the id it had.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from data.database import Unit
from data.ids import uuid7
from data.records import Fingerprint
from data.repositories.imports import KEY_FIELDS
from engine.errors import InvalidInput
from engine.types import Actor, AssetClass, Instrument, Kind, Portfolio, Transaction
from services import fields
from services.files.drafting import ACCEPTED, DUPLICATE, REFUSED, Line, in_order, refusal
from services.files.layout import FORMAT
from services.files.mapping import Understood
from services.instruments import READERS
from services.ledger.validation import Draft, complete

TRADES = frozenset({Kind.BUY, Kind.SELL})
ROUNDED = Decimal("0.01")  # how far a rounded price may be off its amount
NOT_YET = UUID(int=0)
DEFAULT_FEE = Decimal(0)


@dataclass(slots=True)
class Joined:
    """What a file comes to: its lines judged, the transactions to append, the instruments to make first."""

    lines: list[Line]
    entries: list[Transaction] = field(default_factory=list)
    instruments: list[Instrument] = field(default_factory=list)

    def count(self) -> dict[str, int]:
        """Count the lines by what became of them."""
        found = {"total": len(self.lines), "accepted": 0, "duplicate": 0, "refused": 0, "ignored": 0}
        for line in self.lines:
            found[line.status] += 1
        return found


def join(unit: Unit, actor: Actor, portfolio: Portfolio, lines: Sequence[Line], understood: Understood, run_id: UUID) -> Joined:
    """Judge every line against the ledger as this transaction sees it, and make the entries of those that are new."""
    joiner = _Joiner(unit, actor, portfolio, understood, run_id)
    joined = Joined(list(lines))
    joined.instruments = joiner.meet(joined.lines)
    ordered = [line for line in in_order(joined.lines) if line.status == ACCEPTED]
    joiner.complete(ordered)
    joiner.find_known(ordered)
    joined.entries = joiner.entries(ordered)
    return joined


class _Joiner:
    """What one file is joined with."""

    def __init__(self, unit: Unit, actor: Actor, portfolio: Portfolio, understood: Understood, run_id: UUID) -> None:
        self.unit, self.actor, self.portfolio, self.understood, self.run_id = unit, actor, portfolio, understood, run_id
        self.instruments: dict[str, Instrument] = {}
        self.symbols: list[str] = []
        self.restored: dict[int, Fingerprint] = {}  # number of a line -> the voided transaction that it brings back

    def refuse(self, line: Line, error: InvalidInput) -> None:
        line.errors.append(refusal(line, self.understood, error))
        line.status = REFUSED

    # -------------------------------------------------------------------------------------------------------------------- instruments

    def meet(self, lines: Iterable[Line]) -> list[Instrument]:
        """Find the instruments that rows name; make those that nobody knows and that the file describes."""
        wanted: dict[str, Line] = {}
        for line in lines:
            for name in ("symbol", "to_symbol"):
                if line.draft and line.draft.fields.get(name):
                    wanted.setdefault(line.draft.fields[name], line)
        every = self.unit.instruments.find_all(self.actor.workspace_id) if wanted else []
        self.symbols = [each.symbol for each in every]
        self.instruments = {each.symbol: each for each in every if each.symbol in wanted}
        self._by_isin(lines, {each.isin: each for each in every if each.isin})
        about: dict[str, dict[str, Any]] = {}
        for line in lines:
            for symbol, told in line.about.items():
                about.setdefault(symbol, told)
        return [made for symbol, line in wanted.items() if symbol not in self.instruments and (made := self._made(symbol, line, about.get(symbol)))]

    def _by_isin(self, lines: Iterable[Line], isins: Mapping[str, Instrument]) -> None:
        """Read an ISIN in the place of a symbol as the instrument that has it."""
        for line in lines:
            for name in ("symbol", "to_symbol"):
                known = isins.get(line.draft.fields.get(name, "")) if line.draft else None
                if line.draft and known and line.draft.fields[name] not in self.instruments:
                    line.draft.fields[name] = known.symbol
                    self.instruments[known.symbol] = known

    def _made(self, symbol: str, line: Line, told: Mapping[str, Any] | None) -> Instrument | None:
        if told is None and not self.understood.mapping.create_instruments:
            return None
        given = {("currency" if name == "instrument_currency" else name): value for name, value in (told or {}).items()}
        try:
            found = {name: value for name, value in fields.record(given, READERS, row=line.number).items() if value is not None}
        except InvalidInput as error:
            error.context["field"] = "instrument_currency" if error.context.get("field") == "currency" else error.context.get("field")
            self.refuse(line, error)
            return None
        drafted = line.draft.fields if line.draft else {}
        found.setdefault("currency", drafted.get("currency", self.portfolio.base_currency))
        plain = {"id": NOT_YET, "workspace_id": self.actor.workspace_id, "symbol": symbol, "name": symbol, "asset_class": AssetClass.EQUITY}
        made = Instrument(**{**plain, **found})
        self.instruments[symbol] = made
        return made

    # ------------------------------------------------------------------------------------------------------------------- what it comes to

    def complete(self, lines: Iterable[Line]) -> None:
        """Check each draft against instruments and currencies."""
        for line in lines:
            if line.draft is None:
                continue
            if self.understood.format != FORMAT:
                _settle_price(line.draft, self.instruments.get(line.draft.fields.get("symbol", "")))
            complete(line.draft, self.portfolio, self.instruments, self.symbols)
            if line.draft.errors:
                line.errors = [refusal(line, self.understood, error) for error in line.draft.errors]
                line.status = REFUSED

    def find_known(self, lines: Sequence[Line]) -> None:
        """Mark the lines whose facts are in the ledger already, or twice in the file."""
        fresh = [line for line in lines if line.status == ACCEPTED and line.draft]
        if not fresh:
            return
        known = self._known(fresh)
        by_external = {each.external_id: each for each in known if each.external_id}
        by_id = {each.id: each for each in known}
        named = {}
        for line in fresh:
            found = by_external.get(_of(line, "external_id")) or by_id.get(_of(line, "id"))
            if found:
                named[line.number] = found
        self._compare(fresh, named, _by_key(known, {each.id for each in named.values()}))

    def _known(self, lines: Sequence[Line]) -> list[Fingerprint]:
        days = [_of(line, "date") for line in lines]
        ids = [key for line in lines if (key := _of(line, "id"))]
        external = [key for line in lines if (key := _of(line, "external_id"))]
        return self.unit.imports.fingerprints(self.portfolio.id, min(days), max(days), ids, external)

    def _compare(self, lines: Sequence[Line], named: Mapping[int, Fingerprint], by_key: dict[tuple[Any, ...], list[UUID]]) -> None:
        first: dict[tuple[str, Any], Line] = {}
        used: dict[UUID, Line] = {}
        for line in lines:
            found = named.get(line.number)
            if self._twice(line, first) or (found and self._again(line, found, used)):
                continue
            if found and found.free:
                self.restored[line.number] = found
            elif found:
                _mark(line, found.id, "is in the ledger already" + _difference(line, found))
            elif not _of(line, "external_id") and (waiting := by_key.get(key_of(line))):
                _mark(line, waiting.pop(0), "the same is in the ledger already")

    def _twice(self, line: Line, first: dict[tuple[str, Any], Line]) -> bool:
        """Tell a row whose id stood in the file before: the same again is a duplicate, another thing under it is refused."""
        for name in ("external_id", "id"):
            value = _of(line, name)
            before = first.setdefault((name, value), line) if value else line
            if before is not line:
                if key_of(before) == key_of(line):
                    _mark(line, None, f"stands in row {before.number}, too")
                else:
                    error = InvalidInput(name, value, f"stands in row {before.number} for another fact", rule="twice", row=line.number,
                                         hint=f"Give each row a {name} of its own, or leave that column out")
                    self.refuse(line, error)
                return True
        return False

    def _again(self, line: Line, found: Fingerprint, used: dict[UUID, Line]) -> bool:
        before = used.setdefault(found.id, line)
        if before is not line:
            _mark(line, found.id, f"is the transaction of row {before.number}")
        return before is not line

    # ------------------------------------------------------------------------------------------------------------------------- entries

    def entries(self, lines: Iterable[Line]) -> list[Transaction]:
        """Make the transactions of the accepted lines; an id that is taken elsewhere gives way to a new one, also where lots name it."""
        accepted = [line for line in lines if line.status == ACCEPTED and line.draft]
        ids = [key for line in accepted if (key := _of(line, "id")) and line.number not in self.restored]
        taken = self.unit.imports.taken_ids(ids) if ids else {}
        renamed: dict[str, str] = {}
        for line in accepted:
            told = _of(line, "id")
            back = self.restored.get(line.number)
            line.transaction_id = back.id if back else uuid7() if told is None or told in taken else told
            if told is not None and told != line.transaction_id:
                renamed[str(told)] = str(line.transaction_id)
        return [self._entry(line, renamed) for line in accepted]

    def _entry(self, line: Line, renamed: Mapping[str, str]) -> Transaction:
        given = dict(line.draft.fields) if line.draft else {}
        if renamed and given.get("lots"):
            given["lots"] = [{**lot, "id": renamed.get(lot["id"], lot["id"])} if "id" in lot else lot for lot in given["lots"]]
        line.entry = Transaction(**{**given, "id": line.transaction_id, "portfolio_id": self.portfolio.id, "import_run_id": self.run_id})
        back = self.restored.get(line.number)
        if back:
            line.note = "comes back, its import had been taken back"
            line.entry = replace(line.entry, version=back.version + 1, sequence=back.sequence, external_id=back.external_id)
        line.draft = None  # of 100,000 rows, what is not needed any more
        return line.entry


def key_of(line: Line) -> tuple[Any, ...]:
    """Give what a line says, comparable with a fingerprint's key."""
    given = line.draft.fields if line.draft else {}
    return tuple(given.get(name, DEFAULT_FEE if name in {"fee", "tax"} else None) for name in KEY_FIELDS)


def _of(line: Line, name: str) -> Any:  # noqa: ANN401  # whatever the field holds
    return line.draft.fields.get(name) if line.draft else None


def _by_key(known: Iterable[Fingerprint], named: set[UUID]) -> dict[tuple[Any, ...], list[UUID]]:
    """List by what they say the transactions that still count and that no row names by id."""
    found: defaultdict[tuple[Any, ...], dict[UUID, None]] = defaultdict(dict)
    for each in known:
        if not each.free and each.id not in named:
            found[each.key][each.id] = None
    return {key: list(ids) for key, ids in found.items()}


def _mark(line: Line, transaction_id: UUID | None, note: str) -> None:
    line.status, line.transaction_id, line.note = DUPLICATE, transaction_id, note


def _difference(line: Line, found: Fingerprint) -> str:
    """Name what a row says otherwise than the first version of its transaction."""
    differing = [name for name, mine, theirs in zip(KEY_FIELDS, key_of(line), found.key, strict=True) if mine != theirs]
    return f", there with another {', '.join(differing)}: correct it there" if differing else ""


def _settle_price(draft: Draft, instrument: Instrument | None) -> None:
    """Keep one of price and amount where a broker tells both: the exact amount, unless it holds the costs or only rounds the price."""
    given = draft.fields
    if given.get("kind") not in TRADES or not all(given.get(name) for name in ("quantity", "price", "amount")):
        return
    gross = given["quantity"] * given["price"] * (instrument.multiplier if instrument else 1)
    costs = given.get("fee", Decimal(0)) + given.get("tax", Decimal(0))
    nearest = min((gross, gross + costs, gross - costs), key=lambda each: abs(each - given["amount"]))
    if abs(nearest - given["amount"]) <= ROUNDED * 2:
        given.pop("amount")
    elif abs(gross - given["amount"]) <= abs(gross) * ROUNDED:
        given.pop("price")
