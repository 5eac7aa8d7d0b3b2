"""Realised gains: every matched lot under a cost method or the rules of a country, and what a sale would add to them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import pandas as pd

from data import calendar
from data.database import Database, Unit
from engine import Book, ledger_frame, section_104, simulate_sale, tax_year_bounds, wash_sales
from engine.errors import InvalidInput, MissingPrice, MissingRate
from engine.types import Actor, CostMethod, Finding, Portfolio
from services import fields
from services.books.service import Booked, Books, Convention, Kept, once
from services.books.valuation import LOTS_BY, display_currency, read_scope
from services.fields import Place, Reader
from services.gains.rows import laid_out, summed, within
from services.gains.views import GROUPINGS, RULES, GainsQuestion, GainsView, SaleView
from services.market.marks import Marked, Sight, last_rates, read_marks, stamp_of
from services.market.service import Market
from services.views import ALL

POUND = "GBP"
TAX_YEARS = ("calendar", "uk")
HISTORIES = ("own", "each")
NO_REPLACEMENTS = pd.DataFrame(columns=["symbol", "closed", "transaction_id", "lot_id", "replacement_id", "replaced_on", "quantity", "disallowed"])


def _rate(place: Place, value: object) -> float:
    found = float(fields.number(place, value))
    if found > 1:
        raise place.refusal(value, "too_large", "is more than 1", "Send a fraction: 0.2 for 20 %")
    return found


def _taken(place: Place, value: object) -> list[dict[str, Any]]:
    listed = fields.rows(value, limit=1000)
    readers: dict[str, Reader] = {"id": fields.uuid, "quantity": lambda each, told: fields.number(each, told, zero=False)}
    found = [fields.record(each, readers, required=("id",), row=row) for row, each in enumerate(listed, start=1)]
    if not found:
        raise place.refusal(value, "required", "names no lot", "Send lots as [{id, quantity}]")
    return [{"id": str(each["id"]), "quantity": None if each.get("quantity") is None else float(each["quantity"])} for each in found]


SALE: dict[str, Reader] = {
    "symbol": fields.symbol, "quantity": lambda place, value: fields.number(place, value, zero=False),
    "price": lambda place, value: fields.number(place, value, zero=False),
    "date": lambda place, value: fields.trading_date(place, value, today=calendar.today()), "fee": fields.number, "tax": fields.number,
    "account": lambda place, value: fields.text(place, value, limit=120), "tax_rate_short": _rate, "tax_rate_long": _rate, "lots": _taken,
    "base_currency": fields.currency, "known_at": fields.instant, "history": lambda place, value: fields.choice(place, value, HISTORIES),
}


@dataclass(frozen=True, slots=True)
class _Matched:
    """Every gain of some portfolios, laid out, before a window is cut out of it."""

    rows: pd.DataFrame
    book: Book
    replacements: pd.DataFrame
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a scope."""

    parts: list[Booked]
    stamp: Hashable
    base: str
    convention: Convention


class Gains:
    """Realised gains of the actor's portfolios."""

    def __init__(self, database: Database, market: Market) -> None:
        self._database, self._market = database, market
        self._books = Books(size=32)
        self._matched: Kept[_Matched] = Kept(32)

    def report(self, actor: Actor, scope: str | UUID = ALL, question: GainsQuestion | None = None) -> GainsView:
        """Tell what was realised in a window, lot by lot.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all": every portfolio, as one person's.
        question : GainsQuestion, optional
            Window, cost method or rules, group, and how far the ledger is read.

        Raises
        ------
        NotFound
            No such portfolio in the actor's workspace.
        InvalidInput
            A window that ends before it begins; a rule, group, method, year or currency that does not exist; choices that contradict
            each other.
        """
        asked = _checked(question or GainsQuestion())
        with self._database.read() as unit:
            read = self._read(unit, actor, str(scope), asked)
            matched = self._match(unit, actor, read, asked)
        rows = within(matched.rows, asked.start, asked.end)
        return _view(str(scope), asked, read, matched, rows)

    def simulate(self, actor: Actor, scope: str | UUID, raw: Mapping[str, Any]) -> SaleView:
        """Tell what a sale would realise under each cost method.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        raw : Mapping
            `symbol` and `quantity`; `price` (the last one), `date` (today), `account` (all), `fee`, `tax`, `tax_rate_short`,
            `tax_rate_long` (fractions), `lots` ([{id, quantity}]), `history` (own: earlier sales took the lots that the portfolio's
            own method takes; each: every method books the whole ledger), `base_currency`, `known_at`.

        Raises
        ------
        InvalidInput
            What cannot be read, with field and hint.
        NotFound
            No such portfolio or instrument.
        MoreThanHeld
            More than is held, with what is held.
        MissingPrice
            No price is given and none is known.
        """
        draft = fields.record(raw, SALE, required=("symbol", "quantity"))
        day = draft.get("date") or calendar.today()
        asked = GainsQuestion(as_of=day, known_at=draft.get("known_at"), base_currency=draft.get("base_currency"))
        with self._database.read() as unit:
            read = self._read(unit, actor, str(scope), asked)
            marked = self._marks(unit, actor, read, draft["symbol"], day)
            known = unit.instruments.by_symbols(actor.workspace_id, {draft["symbol"], *(name for part in read.parts for name in part.symbols)})
        return _simulated(str(scope), read, marked, known, {**draft, "date": day})

    # ------------------------------------------------------------------------------------------------------------------------ reading

    def _read(self, unit: Unit, actor: Actor, scope: str, asked: GainsQuestion) -> _Read:
        portfolios = read_scope(unit, actor, scope)
        base = asked.base_currency or (POUND if asked.rules == "uk" else display_currency(portfolios))
        stamp = stamp_of(last_rates(unit, actor.workspace_id, on_or_before=calendar.today()))
        day = asked.as_of if asked.as_of and asked.as_of < calendar.today() else None
        convention = Convention(base, CostMethod.FIFO, day, asked.known_at, asked.fees_in_cost or asked.rules is not None, asked.lots_by)
        parts = [self._books.booked(unit, actor, portfolio, replace(convention, cost_method=_method_of(asked, portfolio)), stamp)
                 for portfolio in portfolios]
        return _Read(parts, stamp, base, convention)

    def _match(self, unit: Unit, actor: Actor, read: _Read, asked: GainsQuestion) -> _Matched:
        symbols = {name for part in read.parts for name in part.symbols}
        known = unit.instruments.by_symbols(actor.workspace_id, symbols)
        words = tuple(sorted((name, each.name, each.currency) for name, each in known.items()))
        state = tuple((part.portfolio.id, part.portfolio.revision, part.portfolio.name, part.book.cost_method) for part in read.parts)
        key = (state, read.convention, read.stamp, asked.rules, asked.tax_year, words)
        return self._matched.get_or_compute(key, lambda: self._compute(read, asked, {name: each.name for name, each in known.items()}))

    def _compute(self, read: _Read, asked: GainsQuestion, names: Mapping[str, str]) -> _Matched:
        book = self._books.merged(read.parts, read.convention, read.stamp)
        findings = once(finding for part in read.parts for finding in part.book.findings)
        year = asked.tax_year or "calendar"
        if asked.rules == "uk":
            told = section_104([part.book for part in read.parts])
            rows = laid_out(told.disposals, read.parts, names, book.positions, tax_year=year)
            return _Matched(rows, book, NO_REPLACEMENTS, (*findings, *told.findings))
        rows = laid_out(book.gains.assign(rule=None), read.parts, names, book.positions, tax_year=year)
        if asked.rules != "us":
            return _Matched(rows, book, NO_REPLACEMENTS, findings)
        washed = wash_sales(book)
        return _Matched(rows.assign(**{str(name): washed.rows[name] for name in washed.rows}), book, washed.replacements, findings)

    def _marks(self, unit: Unit, actor: Actor, read: _Read, symbol: str, day: date) -> Marked:
        now = self._market.sight()
        sight = now if day >= now.day else Sight(day, calendar.end_of(day), live=False)
        instrument = unit.instruments.get(actor.workspace_id, symbol)
        stored = last_rates(unit, actor.workspace_id, on_or_before=sight.day)
        return read_marks(unit, actor.workspace_id, sight, self._market.freshness, base=read.base, instruments={symbol: instrument},
                          currencies=[instrument.currency], stored=stored)


def _checked(asked: GainsQuestion) -> GainsQuestion:
    """Read the words of a question, and settle what one of them says of another."""
    rules = None if asked.rules in {None, "", "none"} else fields.choice(Place("rules"), asked.rules, RULES)
    if rules == "uk" and asked.cost_method:
        raise InvalidInput("cost_method", asked.cost_method, "has no meaning under the rules of the United Kingdom, which say what is matched",
                           hint="Leave cost_method or rules away", rule="contradiction")
    base = fields.currency(Place("base_currency"), asked.base_currency) if asked.base_currency else None
    if rules == "uk" and base not in {None, POUND}:
        raise InvalidInput("base_currency", base, "is not the currency in which the rules of the United Kingdom count",
                           hint=f"Leave it away, or send {POUND}", rule="contradiction")
    method = fields.choice(Place("cost_method"), asked.cost_method, [each.value for each in CostMethod]) if asked.cost_method else None
    lots_by = fields.choice(Place("lots_by"), asked.lots_by, LOTS_BY)
    group = fields.choice(Place("group"), asked.group, GROUPINGS) if asked.group else None
    year = fields.choice(Place("tax_year"), asked.tax_year, TAX_YEARS) if asked.tax_year else ("uk" if rules == "uk" else "calendar")
    start, end = _window(asked, year)
    return replace(asked, rules=rules, lots_by=lots_by, base_currency=base, cost_method=method, group=group, tax_year=year, start=start, end=end)


def _window(asked: GainsQuestion, starts: str) -> tuple[date | None, date | None]:
    if asked.year:
        if asked.start or asked.end:
            raise InvalidInput("year", asked.year, "is a window of its own", hint="Send year, or start and end", rule="contradiction")
        return _year(asked.year, starts)
    if asked.start and asked.end and asked.start > asked.end:
        raise InvalidInput("start", asked.start, "lies after end", hint=f"Choose {asked.end.isoformat()} or an earlier date", rule="order")
    return asked.start, asked.end


def _year(text: str, starts: str) -> tuple[date, date]:
    first = text.strip().split("/")[0]
    if not (first.isdigit() and 1900 <= int(first) <= 9998):
        hint = "Write 2024 for the year that begins in 2024" + (", or 2024/25" if starts == "uk" else "")
        raise InvalidInput("year", text, "is not a tax year", hint=hint, rule="not_a_year")
    return tax_year_bounds(int(first), starts)


def _method_of(asked: GainsQuestion, portfolio: Portfolio) -> CostMethod:
    if asked.rules == "uk":
        return CostMethod.FIFO
    return CostMethod(asked.cost_method) if asked.cost_method else portfolio.cost_method


def _methods(parts: Sequence[Booked]) -> str:
    methods = {part.book.cost_method.value for part in parts}
    return methods.pop() if len(methods) == 1 else "mixed" if methods else CostMethod.FIFO.value


def _view(scope: str, asked: GainsQuestion, read: _Read, matched: _Matched, rows: pd.DataFrame) -> GainsView:
    effects = within(matched.book.effects, asked.start, asked.end, day="date")
    totals = {**summed(rows), "income": float(effects["income"].sum()), "fees": float(effects["fee"].sum()), "taxes": float(effects["tax"].sum())}
    washed = matched.replacements
    return GainsView(
        scope=scope, base_currency=read.base, cost_method="section_104" if asked.rules == "uk" else _methods(read.parts), rules=asked.rules,
        tax_year=asked.tax_year or "calendar", start=asked.start, end=asked.end, known_at=asked.known_at, rows=rows, totals=totals,
        by_year=_by(rows, "year"), by_term=_by(rows, "term"), by_symbol=_by(rows, "symbol"),
        groups=_by(rows, asked.group) if asked.group else None,
        replacements=washed[washed["transaction_id"].isin(set(rows["transaction_id"]))].reset_index(drop=True),
        years=tuple(sorted(set(matched.rows["year"]), reverse=True)), portfolios={str(part.portfolio.id): part.portfolio.name for part in read.parts},
        revisions={str(part.portfolio.id): part.portfolio.revision for part in read.parts}, findings=(*matched.findings, *_unknown(rows)),
    )


def _by(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    keys = rows["closed"].dt.strftime("%Y-%m") if name == "month" else rows[name].fillna("")
    sums = {key: summed(rows[keys == key]) for key in sorted(set(keys))}
    return pd.DataFrame.from_dict(sums, orient="index", columns=list(summed(rows))).rename_axis(name)


def _unknown(rows: pd.DataFrame) -> list[Finding]:
    count = int(rows["gain"].isna().sum())
    message = f"{count} gain{' is' if count == 1 else 's are'} unknown for want of a rate; the sums leave {'it' if count == 1 else 'them'} out"
    return [Finding("gains_exclude", message, context={"count": count})] if count else []


def _simulated(scope: str, read: _Read, marked: Marked, known: Mapping[str, Any], draft: Mapping[str, Any]) -> SaleView:
    symbol, day = draft["symbol"], draft["date"]
    instrument, quote = known[symbol], marked.quotes[symbol]
    price = draft.get("price") or quote.price
    if price is None:
        raise MissingPrice(symbol, as_of=day.isoformat())
    rate = float(marked.marks.rate[instrument.currency])
    if rate != rate:  # noqa: PLR0124 - NaN
        raise MissingRate(f"{instrument.currency}{read.base}", as_of=day.isoformat())
    ledger = _together([part.ledger for part in read.parts])
    rates = {term: draft[f"tax_rate_{term}"] for term in ("short", "long") if draft.get(f"tax_rate_{term}") is not None} or None
    simulation = simulate_sale(
        ledger, symbol, float(draft["quantity"]), float(price), day, base_currency=read.base, account=draft.get("account"),
        fee=float(draft.get("fee") or 0), tax=float(draft.get("tax") or 0), fx_rate=None if instrument.currency == read.base else rate,
        tax_rates=rates, lots=draft.get("lots"), held_lots=_held(read.parts) if draft.get("history") != "each" else None,
        with_section_104=read.base == POUND, fx=_rates_of(read.parts),
        multipliers={name: float(each.multiplier) for name, each in known.items()}, currencies={name: each.currency for name, each in known.items()},
    )
    accounts = {name for part in read.parts for name in part.book.lots.loc[part.book.lots["symbol"] == symbol, "account"] if name}
    return SaleView(
        scope=scope, base_currency=read.base, cost_method=_methods(read.parts), instrument=instrument, simulation=simulation, quote=quote,
        price_given=draft.get("price") is not None, fx_rate=rate, fee=float(draft.get("fee") or 0), tax=float(draft.get("tax") or 0), tax_rates=rates,
        portfolios={str(part.portfolio.id): part.portfolio.name for part in read.parts}, accounts=tuple(sorted(accounts)),
        simulated=marked.simulated and draft.get("price") is None, marked=marked,
        findings=once(finding for part in read.parts for finding in part.book.findings),
    )


def _held(parts: Sequence[Booked]) -> pd.DataFrame | None:
    """Give the lots that the portfolios hold, as their own methods have left them."""
    return pd.concat([part.book.lots for part in parts], ignore_index=True) if parts else None


def _together(ledgers: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Give the transactions of several ledgers in the order of their days."""
    every = pd.concat(ledgers, ignore_index=True) if ledgers else ledger_frame([])
    return every.sort_values("date", kind="stable", ignore_index=True)


def _rates_of(parts: Sequence[Booked]) -> pd.DataFrame:
    """Give the rates that any of the books was booked with."""
    every = pd.concat([part.fx for part in parts], axis="columns") if parts else pd.DataFrame(index=pd.DatetimeIndex([]))
    return every.loc[:, ~every.columns.duplicated()].sort_index()
