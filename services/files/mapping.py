"""Which column is which field, what the words of kind mean, how numbers and dates are written: guessed, corrected, remembered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from engine.currencies import CURRENCIES
from engine.errors import InvalidInput
from engine.types import Kind
from services import fields
from services.fields import Place
from services.files import values
from services.files.layout import COLUMNS, FORMAT, NUMERIC, TOLERATED, is_ours
from services.files.tables import DELIMITERS, Layout, Table
from services.files.words import ALIASES, KINDS, SECONDARY, SIGNED_WORDS, bare_name, folded, kind_of

MAPPED = "mapped"
FORMATS = ("auto", FORMAT, MAPPED)
TARGETS = (*COLUMNS, *SECONDARY)  # what a column may be; a few help to find others
MONEY = ("quantity", "price", "amount", "net", "fee", "tax", "to_amount", "fx_rate", "ratio", "multiplier")
LEFT_OUT = "IGNORE"
NEVER_GUESSED = frozenset({"fx_rate"})  # elsewhere it often is the other way round
NAMED_SURELY = frozenset({"date", "kind", "quantity", "price", "amount", "fee", "tax", "currency"})
SURE_NAMES, LEAST_FIT = 12, 0.42  # names at the head of a list
SAMPLES, LOOKED_AT = 3, 400
ENOUGH = 0.35
NAME_HINT = f"Name fields and columns: {{\"columns\": {{\"date\": \"Trade date\", \"kind\": \"Type\"}}}}; fields: {', '.join(TARGETS)}"


@dataclass(frozen=True, slots=True)
class Guess:
    """One thing that was found out about a file, how sure that is, and why."""

    field: str
    column: str | None
    confidence: float
    why: str


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How a file is read. `kinds` holds words of its own for a kind, or `IGNORE` for rows that are to be left out."""

    columns: dict[str, str]  # field -> header
    kinds: dict[str, str] = field(default_factory=dict)  # word of the file -> kind
    decimal: str = "."
    date_order: str = "ymd"
    defaults: dict[str, str] = field(default_factory=dict)  # field -> value where the file says none
    create_instruments: bool = False
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None

    @property
    def layout(self) -> Layout:
        """Give what it says about the file itself."""
        return Layout(self.encoding, self.delimiter, self.header_row)

    def as_json(self) -> dict[str, Any]:
        """Write it as what JSON can say, without what it leaves open."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Understood:
    """A mapping with the guesses behind it, the words of kind that nobody knows, and a few cells of each column."""

    format: str
    mapping: FileMapping
    guesses: tuple[Guess, ...]
    unknown_kinds: tuple[str, ...]
    samples: dict[str, list[str]]
    places: dict[str, int]  # header -> place in a row


def signature_of(header: Sequence[str]) -> str:
    """Name a header: the same names in any order are the same kind of file."""
    return hashlib.sha256("\n".join(sorted(folded(name) for name in header)).encode()).hexdigest()


# ----------------------------------------------------------------------------------------------------------------------- what was said



def read_mapping(raw: object) -> dict[str, Any]:
    """Read a mapping that a person or program sends; what it leaves out is guessed.

    Parameters
    ----------
    raw : str or Mapping
        JSON: `columns` (field to header, or header to field), `kinds`, `decimal`, `date_order`, `defaults`, `create_instruments`,
        `encoding`, `delimiter`, `header_row`; or the columns alone.

    Raises
    ------
    InvalidInput
        What it names does not exist.
    """
    found = _parsed(raw)
    known = FileMapping.__dataclass_fields__
    if found and not set(found) & set(known):
        found = {"columns": found}
    strangers = [name for name in found if name not in known]
    if strangers:
        place, hint = Place(f"mapping.{strangers[0]}"), fields.nearest_field(strangers[0], known)
        raise place.refusal(strangers[0], "unknown_field", "is not a part of a mapping", hint)
    return {name: _READERS[name](Place(f"mapping.{name}"), value) for name, value in found.items() if value is not None}


def _parsed(raw: object) -> dict[str, Any]:
    found = raw
    if isinstance(raw, str):
        try:
            found = json.loads(raw) if raw.strip() else {}
        except (ValueError, RecursionError):
            raise InvalidInput("mapping", raw, "is not JSON", hint=NAME_HINT, rule="not_json") from None
    if not isinstance(found, Mapping):
        raise InvalidInput("mapping", found, "is not an object", hint=NAME_HINT, rule="not_an_object")
    return {str(name): value for name, value in found.items()}


def _words(place: Place, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(each, str) or each is None for each in value.values()):
        raise place.refusal(value, "not_an_object", "is not an object of texts", NAME_HINT)
    return {str(name): each for name, each in value.items() if each}


def _columns(place: Place, value: object) -> dict[str, str]:
    """Read field to header; header to field is understood, too."""
    given = _words(place, value)
    if not set(given) <= set(TARGETS) and set(given.values()) <= {*TARGETS, ""}:
        given = {name: header for header, name in given.items()}
    for name in given:
        if name not in TARGETS:
            raise Place(f"mapping.columns.{name}").refusal(name, "unknown_field", "is not a field", fields.nearest_field(name, TARGETS))
    return given


def _kinds(place: Place, value: object) -> dict[str, str]:
    known = [*Kind, LEFT_OUT]
    return {word: fields.choice(Place(f"{place.field}.{word}"), kind, known, upper=True) for word, kind in _words(place, value).items()}


def _defaults(place: Place, value: object) -> dict[str, str]:
    given = _words(place, value)
    for name in given:
        if name not in COLUMNS:
            raise Place(f"{place.field}.{name}").refusal(name, "unknown_field", "is not a field", fields.nearest_field(name, COLUMNS))
    return given


def _flag(place: Place, value: object) -> bool:
    if not isinstance(value, bool):
        raise place.refusal(value, "not_a_flag", "is neither true nor false", "Send true or false")
    return value


def _one(*options: str) -> fields.Reader:
    return lambda place, value: value if value in options else _refuse(place, value, options)


def _refuse(place: Place, value: object, options: Iterable[str]) -> str:
    raise place.refusal(value, "unknown_value", "is not one of those known", f"Use one of {', '.join(map(repr, options))}")


def _row(place: Place, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise place.refusal(value, "not_a_number", "is not the number of a row", "Send a whole number from 1")
    return value


_READERS: dict[str, fields.Reader] = {
    "columns": _columns, "kinds": _kinds, "decimal": _one(".", ","), "date_order": _one("ymd", "dmy", "mdy"), "defaults": _defaults,
    "create_instruments": _flag, "encoding": lambda place, value: fields.text(place, value, limit=40), "delimiter": _one(*DELIMITERS),
    "header_row": _row,
}


# -------------------------------------------------------------------------------------------------------------------------- what is guessed


def understand(table: Table, *, wanted: str = "auto", said: Mapping[str, Any] | None = None) -> Understood:
    """Find out how a table is to be read; what was said about it stands."""
    given = dict(said or {})
    ours = is_ours(table.header) and wanted != MAPPED and not given.get("columns")
    if wanted == FORMAT and not ours:
        strangers = [name for name in table.header if name not in {*COLUMNS, *TOLERATED}] or ["date", "kind"]
        raise InvalidInput("format", strangers[0], "the file is not in Portolan's own format",
                           hint="Its header needs date and kind, and only names of docs/files.md; or choose format=mapped", rule="not_ours")
    columns, guesses = _own_columns(table) if ours else _guessed_columns(table)
    if "columns" in given:
        columns, guesses = _corrected(table, given["columns"])
    cells = _Cells(table, columns)
    decimal, order = _styles(table, cells, given, ours=ours)
    mapping = FileMapping(columns=columns, decimal=decimal.value, date_order=order.value, defaults=_currency(table, columns))
    mapping = replace(mapping, **{name: value for name, value in given.items() if name != "columns"})
    unknown = () if ours else tuple(_unknown_kinds(cells, mapping))
    places = {name: place for place, name in enumerate(table.header)}
    told = [Guess("decimal", None, decimal.confidence, decimal.why), Guess("date_order", None, order.confidence, order.why)]
    samples = {name: _samples(table, place) for place, name in enumerate(table.header)}
    return Understood(FORMAT if ours else MAPPED, mapping, (*guesses, *told), unknown, samples, places)


def _own_columns(table: Table) -> tuple[dict[str, str], list[Guess]]:
    named = {name.strip(): name for name in table.header if name.strip() in COLUMNS}
    return named, [Guess(name, column, 1.0, "our own name") for name, column in named.items()]


def _corrected(table: Table, said: Mapping[str, str]) -> tuple[dict[str, str], list[Guess]]:
    headers = {folded(name): name for name in table.header} | {name: name for name in table.header}
    found = {}
    for name, header in said.items():
        column = headers.get(header) or headers.get(folded(header))
        if column is None:
            raise Place(f"mapping.columns.{name}").refusal(header, "unknown_column", "is not a column of the file",
                                                           f"Use one of {', '.join(table.header[:40])}")
        found[name] = column
    return found, [Guess(name, column, 1.0, "you said so") for name, column in found.items()]


class _Cells:
    """Cells of a table by field."""

    def __init__(self, table: Table, columns: Mapping[str, str]) -> None:
        self.table = table
        self.places = {name: table.header.index(column) for name, column in columns.items()}

    def of(self, name: str) -> Iterable[str]:
        """Give the filled cells of a field."""
        place = self.places.get(name)
        if place is None:
            return ()
        return (cells[place] for _, cells in self.table.rows if len(cells) > place and cells[place].strip())


def _styles(table: Table, cells: _Cells, given: Mapping[str, Any], *, ours: bool) -> tuple[values.Choice, values.Choice]:
    said = values.Choice(given.get("decimal", "."), 1.0, "you said so")
    if table.source != "csv" or (ours and table.delimiter == ","):
        decimal = values.Choice(".", 1.0, "this format writes points")
    else:
        fallback = "," if table.delimiter == ";" else "."
        decimal = values.decimal_style((cell for name in (*MONEY, *NUMERIC) for cell in cells.of(name)), fallback=fallback)
    decimal = said if "decimal" in given else decimal
    order = values.date_order(cells.of("date"), decimal=decimal.value)
    return decimal, values.Choice(given["date_order"], 1.0, "you said so") if "date_order" in given else order


def _currency(table: Table, columns: Mapping[str, str]) -> dict[str, str]:
    """Read the currency out of the headers where no column holds it: 'Price (USD)'."""
    if "currency" in columns:
        return {}
    named = [bare_name(columns[name])[1] for name in ("price", "amount", "net") if name in columns]
    return next(({"currency": code} for code in named if code and code in CURRENCIES), {}) if table.rows else {}


def _samples(table: Table, place: int) -> list[str]:
    found: dict[str, None] = {}
    for _, cells in table.rows[:LOOKED_AT]:
        if len(cells) > place and cells[place].strip():
            found[cells[place][:60]] = None
        if len(found) == SAMPLES:
            break
    return list(found)


def _unknown_kinds(cells: _Cells, mapping: FileMapping) -> list[str]:
    said = {folded(word) for word in mapping.kinds}
    words = dict.fromkeys(word.strip() for word in cells.of("kind"))
    return [word for word in words if kind_of(word)[0] is None and folded(word) not in {*said, *SIGNED_WORDS}][:50]


def _guessed_columns(table: Table) -> tuple[dict[str, str], list[Guess]]:
    """Match names first, each weighed by whether the cells fit, then what is still missing by its cells alone."""
    sampled = {place: [cells[place].strip() for _, cells in table.rows[:LOOKED_AT] if len(cells) > place and cells[place].strip()]
               for place in range(len(table.header))}
    offers = sorted((offer for place, name in enumerate(table.header) for offer in _offers(place, name, sampled[place])), reverse=True)
    taken: dict[str, tuple[int, float, str]] = {}
    for score, target, place, why in offers:
        if target not in taken and place not in {each[0] for each in taken.values()}:
            taken[target] = (place, score, why)
    _by_cells(sampled, taken)
    columns = {target: table.header[place] for target, (place, _, _) in taken.items()}
    return columns, [Guess(target, table.header[place], round(score, 2), why) for target, (place, score, why) in taken.items()]


def _offers(place: int, name: str, cells: Sequence[str]) -> Iterable[tuple[float, str, int, str]]:
    bare, _ = bare_name(name)
    for target, words in ALIASES.items():
        exact = folded(target) == bare
        if (not exact and bare not in words) or (target in NEVER_GUESSED and name != target):
            continue
        rank = 0 if exact else words.index(bare)
        fit = _fit(target, cells)
        if target in NAMED_SURELY and rank < SURE_NAMES:
            fit = max(fit, LEAST_FIT)  # cells that are wrong are to be refused, not to be passed over with their column
        score = (1.0 - min(rank, 40) * 0.006) * fit
        if score >= ENOUGH:
            yield score, target, place, f"called {name}" + ("" if fit > 0.95 else ", though not every cell fits")


def _fit(target: str, cells: Sequence[str]) -> float:
    """Tell how many cells can be what a field holds; an empty column may be anything, but not much."""
    if not cells:
        return 0.5
    test = _TESTS.get(target)
    share = 1.0 if test is None else sum(map(test, cells)) / len(cells)
    if target == "external_id" and len(set(cells)) < len(cells):
        return 0.2  # ids that come twice name an order, not a row
    if target == "symbol" and not any(char.isalpha() for cell in cells[:50] for char in cell):
        return 0.3
    return share


def _is_number(cell: str) -> bool:
    return any(fields.NUMBER.fullmatch(values.number_text(cell, style)) for style in (".", ",")) or cell.lower() in values.NOTHING


def _is_currency(cell: str) -> bool:
    return cell.upper() in CURRENCIES or cell in values.MINOR


def _is_isin(cell: str) -> bool:
    return len(cell) == 12 and cell[:2].isalpha() and cell[:2].isupper() and cell.isalnum() and cell[-1].isdigit()


def _is_symbol(cell: str) -> bool:
    return len(cell) <= 32 and bool(fields.SYMBOL.fullmatch(cell.upper()))


def _is_kind(cell: str) -> bool:
    return len(cell) < 60 and (kind_of(cell)[0] is not None or folded(cell) in SIGNED_WORDS)


_TESTS = {"date": values.is_date, "kind": _is_kind, "symbol": _is_symbol, "isin": _is_isin, "currency": _is_currency,
          "instrument_currency": _is_currency,
          "side": lambda cell: folded(cell) in {"debit", "credit", "d", "c", "s", "h", "soll", "haben", "in", "out"},
          **dict.fromkeys(MONEY, _is_number)}
_NEEDED = (("date", 0.9), ("kind", 0.6), ("isin", 0.8), ("currency", 0.9), ("symbol", 0.9))


def _by_cells(sampled: Mapping[int, Sequence[str]], taken: dict[str, tuple[int, float, str]]) -> None:
    """Give the fields that every file needs a column whose cells can be nothing else."""
    for target, least in _NEEDED:
        if target in taken or (target == "symbol" and "isin" in taken):
            continue
        used = {each[0] for each in taken.values()}
        fits = [(_share(target, cells), -place) for place, cells in sampled.items() if place not in used and cells]
        share, place = max(fits, default=(0.0, 0))
        if share >= least:
            taken[target] = (-place, round(0.6 * share, 2), "by what its cells hold")


def _share(target: str, cells: Sequence[str]) -> float:
    share = _fit(target, cells)
    words = len(set(cells))
    return share if target != "symbol" or (words > 1 and not all(map(_is_number, cells))) else 0.0


__all__ = ["FORMATS", "KINDS", "LEFT_OUT", "TARGETS", "FileMapping", "Guess", "Understood", "read_mapping", "signature_of", "understand"]
