"""Whatever is done to ledgers, in whatever order: after every step they are what an independent model in decimals says.

What is dear (the bridge, contributions, a rebuild by services that know nothing) is held at every tenth step and at the end.

`make test` walks a few hundred steps, the same ones each time. Some three thousand others, and the shortest way to what is wrong:

    pytest tests/services/test_ledger_machine.py --hypothesis-profile=long
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from data import calendar
from engine import Book
from engine.errors import Conflict, PortfolioError
from engine.types import Kind, Transaction
from services import Services, build
from services.answers import Question
from services.import_views import ImportOptions, Upload
from tests.services.ledger_model import TINY, ZERO, Lot, Unsaid, World

START = date(2024, 1, 2)
CURRENCY = {"AAA": "USD", "BBB": "USD", "NEW": "USD", "OPT": "USD", "EEE": "EUR", "FFF": "EUR"}
TARGET = {"AAA": "NEW", "BBB": "NEW", "NEW": "BBB", "EEE": "FFF", "FFF": "EEE"}
MULTIPLIERS = {"OPT": Decimal(100)}
RATES = {date(2024, 1, 1): Decimal("1.10"), date(2024, 1, 9): Decimal("1.12"), date(2024, 2, 1): Decimal("1.05"), date(2024, 3, 1): Decimal("1.20")}
COLUMNS = ("date", "kind", "symbol", "quantity", "price", "amount", "currency", "fee", "tax", "account", "external_id")

SYMBOL, PORTFOLIO, LATER = st.sampled_from(sorted(CURRENCY)), st.integers(0, 1), st.integers(0, 3)
SHARED, ACCOUNT = st.sampled_from(sorted(TARGET)), st.sampled_from([None, None, "X"])
UNITS = st.decimals("0.01", "50", places=2)
PRICE = st.decimals("0.5", "200", places=2)
MONEY = st.decimals("0.01", "5000", places=2)
CHARGE = st.sampled_from([ZERO, Decimal("0.99"), Decimal("2.5")])
CASH = st.sampled_from(["USD", "EUR"])


def rate_of(currency: str, day: date) -> Decimal:
    return Decimal(1) if currency == "USD" else RATES[max(known for known in RATES if known <= day)]


@dataclass
class Row:
    """A transaction as the model keeps it: every version's fact, or None where it is voided."""

    versions: list[dict[str, Any] | None]
    run: UUID | None = None

    @property
    def now(self) -> dict[str, Any] | None:
        return self.versions[-1]

    @property
    def content(self) -> dict[str, Any]:
        return next(each for each in reversed(self.versions) if each)


@dataclass
class Place:
    """A portfolio: its rows in the order recorded, and what was seen of its ledger."""

    id: UUID
    method: str
    rows: dict[str, Row] = field(default_factory=dict)
    seen: dict[tuple[UUID, int], Transaction] = field(default_factory=dict)

    def world(self) -> World:
        facts = [row.now for row in self.rows.values() if row.now]
        return World("USD", self.method, rate_of, MULTIPLIERS).run(deepcopy(sorted(facts, key=lambda fact: fact["day"])))


def draft_of(fact: Mapping[str, Any]) -> dict[str, Any]:
    """Write a fact as a program sends it."""
    told = {name: str(value) for name, value in fact.items() if name in {*COLUMNS, "id", "ratio", "to_symbol", "to_currency", "to_amount", "fx_rate"}
            and value is not None}
    return {**told, "date": fact["day"].isoformat()}


def near(wanted: Decimal) -> Any:
    return pytest.approx(float(wanted), rel=1e-9, abs=1e-7)


class LedgerMachine(RuleBasedStateMachine):
    services: ClassVar[Services]
    steps: ClassVar[int] = 0
    kinds: ClassVar[Counter[str]] = Counter()
    writes: ClassVar[int] = 0  # versions appended: a rule that no document settles writes nothing

    @initialize(methods=st.tuples(*[st.sampled_from(["fifo", "lifo", "hifo", "average"])] * 2))
    def begin(self, methods: tuple[str, str]) -> None:
        with self.services.database.begin() as unit:
            self.actor = unit.system.add_user(unit.system.add_workspace(f"machine {uuid4()}").id, "machine")
        for symbol, currency in CURRENCY.items():
            told = {"name": symbol, "currency": currency, "multiplier": str(MULTIPLIERS.get(symbol, 1))}
            self.services.instruments.put(self.actor, symbol, told)
            self.services.instruments.put_bars(self.actor, symbol, [{"date": "2024-01-02", "close": 40}, {"date": "2024-02-01", "close": 50}])
        rates = [{"date": day.isoformat(), "rate": str(rate)} for day, rate in RATES.items()]
        self.services.instruments.put_rates(self.actor, "EURUSD", rates)
        self.places = [Place(self.services.portfolios.create(self.actor, {"name": method, "base_currency": "USD", "cost_method": method}).id, method)
                       for method in methods]
        self.day, self.files, self.past = START, [], []  # type: ignore[var-annotated]

    # ------------------------------------------------------------------------------------------------------------------------ writing

    def fact(self, kind: str, later: int = 0, **told: Any) -> dict[str, Any]:
        self.day += timedelta(days=later)
        given = {name: value for name, value in told.items() if value not in {None, ZERO}}
        currency = CURRENCY.get(str(given.get("symbol")), "USD")
        return {"id": str(uuid4()), "kind": kind, "day": self.day, "currency": currency, **given}

    def held(self, where: int, symbol: str) -> str:
        """Give the symbol, or one that is held where it is not: most rules are about what is held."""
        lots = {key[0]: key for key, lots in self.places[where].world().lots.items() if lots and key[0] in TARGET}
        return symbol if symbol in lots or not lots else min(lots)

    def settled(self, *changes: tuple[Place, str, Row | None]) -> bool:
        """Tell whether the documents say what follows from some changes."""
        trial = {id(place): Place(place.id, place.method, dict(place.rows)) for place in self.places}
        for place, key, row in changes:
            trial[id(place)].rows[key] = row or Row([])
        try:
            for place in trial.values():
                place.world()
        except (Unsaid, KeyError):
            return False
        return True

    def record(self, where: int, *facts: dict[str, Any]) -> None:
        place = self.places[where]
        if not self.settled(*((place, fact["id"], Row([fact])) for fact in facts)):
            return
        stored = self.services.transactions.record(self.actor, place.id, [draft_of(fact) for fact in facts])
        assert [str(each.id) for each in stored] == [fact["id"] for fact in facts]
        place.rows.update({fact["id"]: Row([fact]) for fact in facts})

    @rule(where=PORTFOLIO, kind=st.sampled_from(["DEPOSIT", "DEPOSIT", "WITHDRAWAL"]), amount=MONEY, currency=CASH, fee=CHARGE, later=LATER,
          back=st.sampled_from([0, 0, 5]))
    def deposit_or_withdraw(self, where: int, kind: str, amount: Decimal, currency: str, fee: Decimal, later: int, back: int) -> None:
        fact = self.fact(kind, later, amount=amount, fee=fee) | {"currency": currency}
        self.record(where, fact | {"day": max(START, fact["day"] - timedelta(days=back))})

    @rule(where=PORTFOLIO, symbol=SYMBOL, quantity=UNITS, price=PRICE, charges=st.tuples(CHARGE, CHARGE), account=ACCOUNT, later=LATER,
          back=st.sampled_from([0, 0, 0, 4]))
    def buy(self, where: int, symbol: str, quantity: Decimal, price: Decimal, charges: tuple[Decimal, Decimal], account: str | None, later: int,
            back: int) -> None:
        fact = self.fact("BUY", later, symbol=symbol, quantity=quantity, price=price, fee=charges[0], tax=charges[1], account=account)
        self.record(where, fact | {"day": max(START, fact["day"] - timedelta(days=back))})

    @rule(where=PORTFOLIO, symbol=SYMBOL, price=PRICE, fee=CHARGE, part=st.sampled_from(["0.25", "0.5", "1", "1", "1.5"]), account=ACCOUNT,
          extra=UNITS, later=LATER)
    def sell_short_or_cover(self, where: int, symbol: str, price: Decimal, fee: Decimal, part: str, account: str | None, extra: Decimal,
                            later: int) -> None:
        """Sell a part of what is held, all of it, or through zero; buy a short back; open a short where nothing is held."""
        held = sum((lot.units for lot in self.places[where].world().lots[symbol, account]), ZERO)
        quantity = (abs(held) * Decimal(part)).quantize(Decimal("1e-12")) or extra
        self.record(where, self.fact("BUY" if held < 0 else "SELL", later, symbol=symbol, quantity=quantity, price=price, fee=fee, account=account))

    @rule(where=PORTFOLIO, symbol=SYMBOL, amount=MONEY, tax=CHARGE, fee=CHARGE, later=LATER, rate=st.sampled_from([None, Decimal("1.3")]))
    def dividend_with_withholding(self, where: int, symbol: str, amount: Decimal, tax: Decimal, fee: Decimal, later: int,
                                  rate: Decimal | None) -> None:
        own = {"fx_rate": rate} if CURRENCY[symbol] == "EUR" else {}
        self.record(where, self.fact("DIVIDEND", later, symbol=symbol, amount=amount, tax=tax, fee=fee, **own))

    @rule(where=PORTFOLIO, kind=st.sampled_from(["INTEREST", "FEE", "TAX"]), amount=MONEY, currency=CASH, sign=st.sampled_from([1, -1]), tax=CHARGE,
          later=LATER)
    def interest_fee_or_tax(self, where: int, kind: str, amount: Decimal, currency: str, sign: int, tax: Decimal, later: int) -> None:
        """Interest received or paid, a fee or a tax taken or given back."""
        self.record(where, self.fact(kind, later, amount=sign * amount, tax=tax if kind == "INTEREST" else ZERO) | {"currency": currency})

    @rule(where=PORTFOLIO, amount=MONEY, back=st.booleans(), fee=CHARGE, later=LATER, to_amount=MONEY)
    def convert(self, where: int, amount: Decimal, back: bool, fee: Decimal, later: int, to_amount: Decimal) -> None:  # noqa: FBT001
        currency, other = ("EUR", "USD") if back else ("USD", "EUR")
        fact = self.fact("FX_CONVERSION", later, amount=amount, to_amount=to_amount, to_currency=other, fee=fee)
        self.record(where, fact | {"currency": currency})

    @rule(where=PORTFOLIO, symbol=SHARED, ratio=st.sampled_from(["2", "3", "0.5", "0.1"]), later=LATER, lieu=st.sampled_from([ZERO, Decimal("7.77")]))
    def split_or_reverse_split(self, where: int, symbol: str, ratio: str, later: int, lieu: Decimal) -> None:
        symbol = self.held(where, symbol)
        self.record(where, self.fact("SPLIT", later, symbol=symbol, ratio=Decimal(ratio), amount=lieu))

    @rule(where=PORTFOLIO, symbol=SHARED, quantity=UNITS, ratio=st.sampled_from(["0.1", "0.25", "1"]), later=LATER,
          lieu=st.sampled_from([ZERO, ZERO, Decimal(3)]))
    def spin_off(self, where: int, symbol: str, quantity: Decimal, ratio: str, later: int, lieu: Decimal) -> None:
        symbol = self.held(where, symbol)
        told = {"to_symbol": TARGET[symbol], "quantity": quantity, "ratio": Decimal(ratio), "amount": lieu}
        self.record(where, self.fact("SPIN_OFF", later, symbol=symbol, **told))

    @rule(where=PORTFOLIO, symbol=SHARED, ratio=st.sampled_from(["0.5", "1", "2"]), later=LATER, how=st.sampled_from(["stock", "cash", "mixed"]),
          amount=MONEY)
    def merger(self, where: int, symbol: str, ratio: str, later: int, how: str, amount: Decimal) -> None:
        symbol = self.held(where, symbol)
        stock = {} if how == "cash" else {"to_symbol": TARGET[symbol], "ratio": Decimal(ratio)}
        self.record(where, self.fact("MERGER", later, symbol=symbol, amount=ZERO if how == "stock" else amount, **stock))

    @rule(where=PORTFOLIO, symbol=SHARED, amount=MONEY, fee=CHARGE, later=LATER)
    def return_of_capital(self, where: int, symbol: str, amount: Decimal, fee: Decimal, later: int) -> None:
        symbol = self.held(where, symbol)
        self.record(where, self.fact("RETURN_OF_CAPITAL", later, symbol=symbol, amount=amount, fee=fee))

    @rule(where=PORTFOLIO, symbol=SHARED, quantity=UNITS, later=LATER)
    def stock_dividend(self, where: int, symbol: str, quantity: Decimal, later: int) -> None:
        symbol = self.held(where, symbol)
        self.record(where, self.fact("STOCK_DIVIDEND", later, symbol=symbol, quantity=quantity))

    # ---------------------------------------------------------------------------------------------------------------------- transfers

    @rule(where=PORTFOLIO, symbol=SYMBOL, account=ACCOUNT, to_account=ACCOUNT, other=st.booleans(), part=st.sampled_from(["0.5", "1"]), later=LATER)
    def transfer_shares(self, where: int, symbol: str, account: str | None, to_account: str | None, other: bool, part: str,  # noqa: FBT001
                        later: int) -> None:
        source, target = self.places[where], self.places[1 - where if other else where]
        symbol = self.held(where, symbol)
        world, key = source.world(), (symbol, account)
        quantity = (sum((lot.units for lot in world.lots[key]), ZERO) * Decimal(part)).quantize(Decimal("1e-6"))
        if quantity <= 0 or (not other and account == to_account):
            return
        moved: list[Lot] = []
        while (left := quantity - sum(lot.units for lot in moved)) > TINY:
            if not world.lots[key]:
                return
            moved.append(world.take(key, left))
        shared = self.fact("TRANSFER_OUT", later, symbol=symbol, quantity=quantity)
        told = {"transfer": shared["id"], "brought": moved if other else None}
        out = shared | {"named": None if source.method == "average" else [(lot.origin, lot.units) for lot in moved], "account": account, **told}
        into = shared | {"kind": "TRANSFER_IN", "id": str(uuid4()), "account": to_account, **told}
        self.move(source, target, out, into, {"symbol": symbol, "quantity": str(quantity)})

    @rule(where=PORTFOLIO, amount=MONEY, currency=CASH, later=LATER)
    def transfer_cash(self, where: int, amount: Decimal, currency: str, later: int) -> None:
        out = self.fact("TRANSFER_OUT", later, amount=amount) | {"currency": currency, "transfer": str(uuid4())}
        into = out | {"kind": "TRANSFER_IN", "id": str(uuid4())}
        self.move(self.places[where], self.places[1 - where], out, into, {"amount": str(amount), "currency": currency})

    def move(self, source: Place, target: Place, out: dict[str, Any], into: dict[str, Any], told: dict[str, Any]) -> None:
        if not self.settled((source, out["id"], Row([out])), (target, into["id"], Row([into]))):
            return
        places = {"account": out.get("account"), "to_account": into.get("account"), "to_portfolio": str(target.id)}
        raw = {"date": out["day"].isoformat(), **places, **told}
        legs = self.services.transfers.move(self.actor, source.id, {name: value for name, value in raw.items() if value is not None})
        renamed = {out["id"]: str(legs[0].id), into["id"]: str(legs[1].id)}
        for place, fact in ((source, out), (target, into)):
            place.rows[renamed[fact["id"]]] = Row([fact | {"id": renamed[fact["id"]]}])

    # --------------------------------------------------------------------------------------------------------- correct, void, undo, take back

    def some(self, data: st.DataObject, *, voided: bool | None) -> tuple[Place, str, Row] | None:
        there = [(place, key, row) for place in self.places for key, row in place.rows.items() if voided is None or (row.now is None) == voided]
        return data.draw(st.sampled_from(there)) if there else None

    def legs(self, place: Place, key: str, row: Row) -> list[tuple[Place, str, Row]]:
        """Give a row and, where it is one of two legs, the other one."""
        transfer = row.content.get("transfer")
        others = [(other, name, leg) for other in self.places for name, leg in other.rows.items()
                  if transfer and leg.content.get("transfer") == transfer and name != key]
        return [(place, key, row), *others]

    def versioned(self, changed: Sequence[tuple[Place, str, Row]], write: Callable[[], Any]) -> None:
        if self.settled(*changed):
            write()
            for place, key, row in changed:
                place.rows[key] = row

    @rule(data=st.data(), value=PRICE)
    def correct(self, data: st.DataObject, value: Decimal) -> None:
        found = self.some(data, voided=False)
        if found is None or found[2].content.get("transfer"):
            return
        place, key, row = found
        changed = {name: value for name in ("price", "amount") if name in row.content}
        if changed:
            after = Row([*row.versions, row.content | changed], row.run)
            told = {name: str(number) for name, number in changed.items()}
            call = (self.actor, place.id, UUID(key), len(row.versions), told)
            self.versioned([(place, key, after)], lambda: self.services.transactions.correct(*call))

    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        found = self.some(data, voided=False)
        if found:
            place, key, row = found
            after = [(where, name, Row([*leg.versions, None], leg.run)) for where, name, leg in self.legs(*found)]
            self.versioned(after, lambda: self.services.transactions.void(self.actor, place.id, UUID(key), len(row.versions)))

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        found = self.some(data, voided=None)
        if found:
            place, key, row = found
            before = row.versions[-2] if len(row.versions) > 1 else None
            after = [(where, name, Row([*leg.versions, before if name == key else leg.content if before else None], leg.run))
                     for where, name, leg in self.legs(*found)]
            self.versioned(after, lambda: self.services.transactions.undo(self.actor, place.id, UUID(key), len(row.versions)))

    @rule(data=st.data())
    def stale_version(self, data: st.DataObject) -> None:
        found = self.some(data, voided=False)
        if found:
            place, key, row = found
            with pytest.raises(Conflict):
                self.services.transactions.correct(self.actor, place.id, UUID(key), len(row.versions) - 1, {"note": "too late"})

    @rule(where=PORTFOLIO, amount=MONEY, symbol=SYMBOL, bad=st.sampled_from([{"symbol": "NOBODY"}, {"quantity": "-1"}, {"date": "2999-01-01"}]))
    def batch_with_one_bad_row(self, where: int, amount: Decimal, symbol: str, bad: dict[str, str]) -> None:
        good = [draft_of(self.fact("DEPOSIT", amount=amount)), draft_of(self.fact("BUY", symbol=symbol, quantity=amount, price=amount))]
        with pytest.raises(PortfolioError) as refused:
            self.services.transactions.record(self.actor, self.places[where].id, [*good, {**good[1], "id": str(uuid4()), **bad}])
        assert refused.value.context["row"] == 3

    @rule(where=PORTFOLIO, symbol=SYMBOL, quantity=UNITS, price=PRICE, amount=MONEY, later=LATER)
    def import_file(self, where: int, symbol: str, quantity: Decimal, price: Decimal, amount: Decimal, later: int) -> None:
        facts = [self.fact("DEPOSIT", later, amount=amount), self.fact("BUY", symbol=symbol, quantity=quantity, price=price, fee=Decimal(1)),
                 self.fact("SELL", symbol=symbol, quantity=quantity / 2, price=price)]
        drafts = [{**draft_of(fact), "external_id": fact["id"]} for fact in facts]
        lines = [",".join(COLUMNS), *(",".join(draft.get(name, "") for name in COLUMNS) for draft in drafts)]
        self.files.append((where, Upload("file.csv", "\n".join(lines).encode()), facts, []))
        self.read_in(self.files[-1])

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def import_again(self, data: st.DataObject) -> None:
        self.read_in(data.draw(st.sampled_from(self.files)))

    def read_in(self, file: tuple[int, Upload, list[dict[str, Any]], list[UUID]]) -> None:
        """Import a file: what the ledger has is a duplicate, what was taken back with its run comes again under the id it had."""
        where, upload, facts, runs = file
        place, known = self.places[where], {row.content.get("external", ""): key for key, row in self.places[where].rows.items()}
        back = [fact for fact in facts if fact["id"] in known and place.rows[known[fact["id"]]].run in self.taken]
        fresh = [fact for fact in facts if fact["id"] not in known or fact in back]
        rows = [(place, known.get(fact["id"], fact["id"]),
                 Row([*(place.rows[known[fact["id"]]].versions if fact in back else []), fact | {"external": fact["id"]}])) for fact in fresh]
        if not self.settled(*rows):
            return
        view = self.services.imports.run(self.actor, place.id, upload, ImportOptions())
        assert (view.accepted, view.duplicate) == (len(fresh), len(facts) - len(fresh))
        ids = {each.external_id: str(each.id) for each in self.services.transactions.find(self.actor, place.id, limit=5000).items if each.external_id}
        for fact, (_, key, row) in zip(fresh, rows, strict=True):
            name = ids[fact["id"]]
            assert fact not in back or name == key
            row.versions[-1] = fact | {"id": name, "external": fact["id"]}
            row.run = view.id
            place.rows[name] = row
        if fresh:
            runs.append(view.id)

    @property
    def taken(self) -> set[UUID | None]:
        found: set[UUID | None] = self.__dict__.setdefault("taken_back", set())
        return found

    @precondition(lambda self: any(file[3] for file in self.files))
    @rule(data=st.data())
    def take_a_run_back(self, data: st.DataObject) -> None:
        where, _, _, runs = data.draw(st.sampled_from([file for file in self.files if file[3]]))
        place, run = self.places[where], data.draw(st.sampled_from(runs))
        if run in self.taken:
            return
        gone = [(place, key, Row([*row.versions, None], row.run)) for key, row in place.rows.items() if row.run == run and row.now]
        if self.settled(*gone):
            self.versioned(gone, lambda: self.services.imports.take_back(self.actor, run))
            self.taken.add(run)

    # ---------------------------------------------------------------------------------------------------------------------- invariants

    @invariant()
    def every_figure_is_the_model_s(self) -> None:
        if not hasattr(self, "places"):
            return
        type(self).steps += 1
        now = [figures_of_world(place.world()) for place in self.places]
        booked = self.books(Question("all"))
        for place, wanted in zip(self.places, now, strict=True):
            agree(booked[place.id], wanted)
            self.rows_are_kept(place)
        if self.past:
            instant, then = self.past[(len(self.past) * 2654435761 >> 7) % len(self.past)]
            known = self.books(Question("all", known_at=instant))
            for place, wanted in zip(self.places, then, strict=True):
                agree(known[place.id], wanted)
        self.past.append((calendar.now(), now))
        if len(self.past) % 5 == 0:
            self.dear_invariants()

    def books(self, question: Question) -> dict[UUID, Book]:
        with self.services.database.read() as unit:
            return {part.portfolio.id: part.book for part in self.services.valuation.parts(unit, self.actor, question)[0]}

    def rows_are_kept(self, place: Place) -> None:
        """Every acknowledged write is there once, every old version as it was, nothing else."""
        with self.services.database.read() as unit:
            found = unit.ledger.fetch("SELECT id, version FROM ledger_entry WHERE portfolio_id = %s", [place.id])
            there = {(each.id, each.version): each for key in place.rows for each in unit.ledger.versions(place.id, UUID(key))}
        assert len(found) == len(there) == sum(len(row.versions) for row in place.rows.values())
        assert {key: there[key] for key in place.seen} == place.seen
        assert all(there[UUID(key), len(row.versions)].voided == (row.now is None) for key, row in place.rows.items())
        place.seen = there

    def dear_invariants(self) -> None:
        """Bridge, contributions, and a rebuild by services that know nothing yet."""
        own = self.services
        told = {scope: own.performance.performance(self.actor, scope) for scope in ("all", *(place.id for place in self.places))}
        with own.database.begin() as unit:
            unit.valuations.forget([place.id for place in self.places])
        anew = build(own.settings, own.database, own.bus, own.cache, own.feed)
        for scope, view in told.items():
            assert abs(view.bridge.get("residual", 0.0)) < 1e-6
            if isfinite(view.figures["twr"]) and len(view.contributions):
                assert view.contributions["contribution"].sum() == pytest.approx(view.figures["twr"], rel=1e-6, abs=1e-9)
            again = anew.performance.performance(self.actor, scope)
            assert again.figures == pytest.approx(view.figures, rel=1e-9, abs=1e-9, nan_ok=True)
            assert again.bridge == pytest.approx(view.bridge, rel=1e-9, abs=1e-6)
            totals = [each.valuation.holdings(self.actor, scope).snapshot.totals for each in (own, anew)]
            assert dict(totals[0]) == pytest.approx(dict(totals[1]), nan_ok=True)
        anew.imports.close()

    def teardown(self) -> None:
        if hasattr(self, "places"):
            type(self).kinds.update(row.content["kind"] for place in self.places for row in place.rows.values())
            type(self).writes += sum(len(row.versions) for place in self.places for row in place.rows.values())
            self.dear_invariants()


def figures_of_world(world: World) -> dict[str, Any]:
    held = {symbol: [lot for key, lots in world.lots.items() if key[0] == symbol for lot in lots] for symbol in CURRENCY}
    return {
        "quantity": {symbol: sum((lot.units for lot in lots), ZERO) for symbol, lots in held.items()},
        "cost_base": {symbol: sum((lot.base for lot in lots), ZERO) for symbol, lots in held.items()},
        "cost_local": {symbol: sum((lot.local for lot in lots), ZERO) for symbol, lots in held.items()},
        "realised": {symbol: world.realised[symbol] for symbol in CURRENCY},
        "balance": dict(world.cash), "income": world.income, "fees": world.fees, "taxes": world.taxes, "flows": world.flows,
        "book_of_cash": world.book_of_cash,
    }


def agree(book: Book, wanted: Mapping[str, Any]) -> None:
    """Compare a book with the model's figures, and its frames with each other."""
    positions, cash = book.positions, book.cash
    for name in ("quantity", "cost_base", "cost_local", "realised"):
        for symbol, number in wanted[name].items():
            assert float(positions[name].get(symbol, 0.0)) == near(number), (name, symbol)
    for currency in {*cash.index, *wanted["balance"]}:
        assert float(cash["balance"].get(currency, 0.0)) == near(wanted["balance"].get(currency, ZERO)), ("cash", currency)
    sums = {name: positions[name].sum() + cash[name].sum() for name in ("income", "fees", "taxes")}
    sums |= {"flows": book.flows["amount_base"].sum(), "book_of_cash": cash["cost_base"].sum()}
    for name, number in sums.items():
        assert float(number) == near(wanted[name]), name
    lots = book.lots.groupby("symbol")["quantity"].sum()
    assert all(float(lots.get(symbol, 0.0)) == pytest.approx(quantity, rel=1e-9, abs=1e-9) for symbol, quantity in positions["quantity"].items())
    left = cash["cost_base"].sum() + positions["cost_base"].sum()
    right = sums["flows"] + positions["realised"].sum() + sums["income"] - sums["fees"] - sums["taxes"]
    assert left == pytest.approx(right, rel=1e-9, abs=1e-6)


def test_ledgers_are_what_the_model_says(services: Services, record_property: Callable[[str, object], None]) -> None:
    machine = type("Machine", (LedgerMachine,), {"services": services, "kinds": Counter()})
    is_long = settings.get_current_profile_name() == "long"
    short = settings(max_examples=8, stateful_step_count=40, derandomize=True, phases=[Phase.generate])
    chosen = settings.get_profile("long") if is_long else short
    run_state_machine_as_test(machine, settings=settings(chosen, deadline=None, database=None, suppress_health_check=list(HealthCheck)))
    record_property("steps", machine.steps)
    record_property("versions", machine.writes)
    record_property("kinds", str(machine.kinds))
    assert machine.steps >= (2000 if is_long else 100)
    assert machine.writes >= machine.steps / 2
    assert not is_long or set(machine.kinds) >= set(Kind) - {Kind.ADJUSTMENT}, "every kind is reached but the one that says of itself what it does"
