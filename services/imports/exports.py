"""Files out: the ledger in our own format, holdings and performance as they stand."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from data import calendar
from data.database import Database
from engine.types import Actor, Instrument, Portfolio, Transaction
from services import fields
from services.books.valuation import Valuation, read_scope
from services.fields import Place
from services.files.layout import COLUMNS, CORE, INSTRUMENT
from services.files.writing import Cell, csv_bytes, json_bytes, xlsx_bytes
from services.performance.service import Performance
from services.performance.views import PerformanceQuestion
from services.views import HoldingsView

MEDIA = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "json": "application/json"}
SUBJECTS = ("transactions", "holdings", "performance")
HOLDING_COLUMNS = ("symbol", "name", "isin", "asset_class", "sector", "currency", "quantity", "price", "fx_rate", "average_cost", "cost_basis",
                   "market_value", "unrealised", "realised", "income", "fees", "taxes", "day_pnl", "day_return", "weight")


@dataclass(frozen=True, slots=True)
class Download:
    """A file as it goes out."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Sight:
    """Of which time an export is."""

    as_of: date | datetime | None = None
    known_at: datetime | None = None
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class _Sheet:
    header: Sequence[str]
    rows: list[list[Cell]]
    about: dict[str, Any]


class Exports:
    """Exports of the actor's portfolios."""

    def __init__(self, database: Database, valuation: Valuation, performance: Performance) -> None:
        self._database, self._valuation, self._measured = database, valuation, performance

    def export(self, actor: Actor, scope: str, subject: str, form: str, sight: Sight | None = None) -> Download:
        """Write transactions, holdings or performance of a scope as a file.

        Parameters
        ----------
        actor : Actor
        scope : str
            Portfolio id, or "all".
        subject : str
            transactions, holdings or performance.
        form : str
            csv, xlsx or json.
        sight : Sight, optional
            Of which time; default now.

        Raises
        ------
        NotFound
            No such portfolio.
        InvalidInput
            A subject or form that does not exist.
        """
        what = fields.choice(Place("subject"), subject, SUBJECTS)
        kind = fields.choice(Place("format"), form, MEDIA)
        with self._database.read() as unit:
            portfolios = read_scope(unit, actor, scope)
        write = {"transactions": self._transactions, "holdings": self._holdings, "performance": self._performance}[what]
        sheet = write(actor, scope, portfolios, sight or Sight())
        name = f"portolan-{_slug(portfolios[0].name) if scope != 'all' and portfolios else 'all'}-{what}-{calendar.today().isoformat()}.{kind}"
        return Download(name, MEDIA[kind], _written(what, kind, sheet))

    def _transactions(self, actor: Actor, scope: str, portfolios: Sequence[Portfolio], sight: Sight) -> _Sheet:
        end = sight.as_of.date() if isinstance(sight.as_of, datetime) else sight.as_of or sight.end
        with self._database.read() as unit:
            ledgers = [(each, unit.ledger.find(each.id, known_at=sight.known_at, start=sight.start, end=end)) for each in portfolios]
            instruments = {each.symbol: each for each in unit.instruments.find_all(actor.workspace_id)}
        facts = [(portfolio, entry) for portfolio, entries in ledgers for entry in entries]
        rows = list(_ledger_rows(facts, instruments))
        used = {name for row in rows for name, value in row.items() if value is not None}
        header = [*(("portfolio",) if scope == "all" else ()), *(name for name in COLUMNS if name in CORE or name in used)]
        return _Sheet(header, [[row.get(name) for name in header] for row in rows], {"portfolio": portfolios[0].name if scope != "all" else "all"})

    def _holdings(self, actor: Actor, scope: str, _portfolios: Sequence[Portfolio], sight: Sight) -> _Sheet:
        view = self._valuation.holdings(actor, scope, as_of=sight.as_of, known_at=sight.known_at)
        rows = [*_holding_rows(view), *_cash_rows(view)]
        about = {"as_of": view.as_of, "base_currency": view.base_currency, "simulated": view.simulated, "totals": dict(view.snapshot.totals)}
        return _Sheet(HOLDING_COLUMNS, rows, about)

    def _performance(self, actor: Actor, scope: str, _portfolios: Sequence[Portfolio], sight: Sight) -> _Sheet:
        view = self._measured.performance(actor, scope, PerformanceQuestion(start=sight.start, end=sight.end, known_at=sight.known_at))
        series = view.series
        stamps: list[Any] = list(pd.DatetimeIndex(series.index))
        rows: list[list[Cell]] = [[stamp.date(), *values] for stamp, values in zip(stamps, series.to_numpy(dtype="float64").tolist(), strict=True)]
        return _Sheet(["date", *map(str, series.columns)], rows, {})


def _written(what: str, kind: str, sheet: _Sheet) -> bytes:
    if kind == "csv":
        return csv_bytes(sheet.header, sheet.rows)
    if kind == "xlsx":
        return xlsx_bytes(what.capitalize(), sheet.header, sheet.rows)
    listed = [{name: cell for name, cell in zip(sheet.header, row, strict=True) if cell is not None} for row in sheet.rows]
    return json_bytes({**sheet.about, what: listed})


def _ledger_rows(facts: Sequence[tuple[Portfolio, Transaction]], instruments: dict[str, Instrument]) -> Iterator[dict[str, Cell]]:
    """Write each transaction; the first row that names an instrument describes it, so that a workspace that does not know it can."""
    described: set[str] = set()
    for portfolio, entry in facts:
        row: dict[str, Cell] = {"portfolio": portfolio.name}
        for name in COLUMNS:
            value = getattr(entry, name, None)
            if value is not None and not (name in {"fee", "tax"} and value == 0):
                row[name] = _cell(value)
        for prefix, symbol in (("", entry.symbol), ("to_", entry.to_symbol)):
            known = instruments.get(symbol or "")
            if known and known.symbol not in described:
                described.add(known.symbol)
                row |= {f"{prefix}{name}": value for name, value in _description(known, entry).items() if value is not None}
        yield row


def _description(known: Instrument, entry: Transaction) -> dict[str, Cell]:
    named = [name for name in INSTRUMENT if name != "instrument_currency" and getattr(known, name) is not None]
    told: dict[str, Cell] = {name: _cell(getattr(known, name)) for name in named}
    told["instrument_currency"] = None if known.currency == entry.currency else known.currency
    told["multiplier"] = None if known.multiplier == 1 else known.multiplier
    return told


def _cell(value: Any) -> Cell:  # noqa: ANN401  # whatever a field holds
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, date | int | float) or hasattr(value, "as_tuple"):
        cell: Cell = value
        return cell
    return str(value)


def _holding_rows(view: HoldingsView) -> Iterator[list[Cell]]:
    for record in view.snapshot.holdings.to_dict("records"):
        known = view.instruments.get(str(record["symbol"]))
        told = ("name", "isin", "asset_class", "sector")
        named: dict[str, Cell] = {name: _cell(getattr(known, name)) for name in told if getattr(known, name, None)}
        yield [named.get(name, record.get(name)) for name in HOLDING_COLUMNS]


def _cash_rows(view: HoldingsView) -> Iterator[list[Cell]]:
    for record in view.snapshot.cash.to_dict("records"):
        cash: dict[str, Cell] = {"symbol": f"cash:{record['currency']}", "name": "Cash", "asset_class": "cash", "currency": str(record["currency"]),
                                 "quantity": record["balance"], "price": 1.0, "fx_rate": record["fx_rate"], "market_value": record["value"],
                                 "day_pnl": record.get("day_pnl"), "weight": record.get("weight")}
        yield [cash.get(name) for name in HOLDING_COLUMNS]


def _slug(name: str) -> str:
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:60] or "portfolio"
