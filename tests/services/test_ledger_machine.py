"""Whatever is done to ledgers, in whatever order: after every step they are what an independent model in decimals says.

Every step holds every invariant (reliability, I1 to I5 and I10): each acknowledged write is there once, with its older versions as they
were; postings, legs and lots add up; nothing is below zero where the portfolio refuses that; books, returns, bridge and values equal a
rebuild from the ledger to the last digits, those of an earlier instant are still what they were, and nobody else sees any of it. A step
that wrote nothing leaves the revision where it was, so nothing that is derived can have moved.

`make test` walks some eighty steps, the same ones each time. The long form walks at least two thousand others in about a quarter of an
hour, finds the shortest way to what is wrong, and tells with `-s` how many steps it made and which kinds it reached:

    .venv/bin/python -m pytest tests/services/test_ledger_machine.py --hypothesis-profile=long -s

Another walk: add `--hypothesis-seed=2`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
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
from engine.errors import Conflict, InvalidTransaction, NegativeCash, NotFound, OversoldPosition, PortfolioError
from engine.types import CostMethod, Kind, Transaction
from services import Services, build
from services.books.answers import Question
from services.imports.views import ImportOptions, Upload
from services.performance.views import PerformanceQuestion
from tests.services.ledger_model import TINY, ZERO, Lot, Unsaid
from tests.services.ledger_places import (
    CLOSES,
    COLUMNS,
    CURRENCY,
    MULTIPLIERS,
    RATES,
    START,
    TARGET,
    Place,
    Row,
    agree,
    balances,
    draft_of,
    figures_of_world,
    rate_of,
)  # fmt: skip

SYMBOL, PORTFOLIO, LATER = st.sampled_from(sorted(CURRENCY)), st.integers(0, 1), st.integers(0, 3)
SHARED, ACCOUNT = st.sampled_from(sorted(TARGET)), st.sampled_from([None, None, "X"])
UNITS = st.decimals("0.01", "50", places=2)
PRICE = st.decimals("0.5", "200", places=2)
MONEY = st.decimals("0.01", "5000", places=2)
CHARGE = st.sampled_from([ZERO, Decimal("0.99"), Decimal("2.5")])
CASH = st.sampled_from(["USD", "EUR"])
METHODS = st.sampled_from([method.value for method in CostMethod])
BASE = st.sampled_from(["USD", "USD", "EUR"])
ENDOWED = ("AAA", "EEE", "NEW")
REFUSED = st.sampled_from([("short", "allow"), ("short", "allow"), ("short", "allow"), ("error", "allow"), ("short", "refuse"), ("error", "refuse")])


class LedgerMachine(RuleBasedStateMachine):
    services: ClassVar[Services]
    steps: ClassVar[int] = 0
    kinds: ClassVar[Counter[str]] = Counter()
    deeds: ClassVar[Counter[str]] = Counter()  # what became of rules
    writes: ClassVar[int] = 0  # versions appended: a rule that no document settles writes nothing

    @initialize(methods=st.tuples(METHODS, METHODS), bases=st.tuples(BASE, BASE), refused=st.tuples(REFUSED, REFUSED),
                endowed=st.sampled_from([2, 2, 1, 0]))
    def begin(self, methods: tuple[str, str], bases: tuple[str, str], refused: tuple[tuple[str, str], tuple[str, str]], endowed: int) -> None:
        with self.services.database.begin() as unit:
            self.actor, self.stranger = (unit.system.add_user(unit.system.add_workspace(f"machine {uuid4()}").id, "machine") for _ in range(2))
        self.own, self.places = self.services, []  # type: ignore[var-annotated]
        for symbol, currency in CURRENCY.items():
            told = {"name": symbol, "currency": currency, "multiplier": str(MULTIPLIERS.get(symbol, 1))}
            self.own.instruments.put(self.actor, symbol, told)
            self.own.instruments.put_bars(self.actor, symbol, [{"date": day, "close": close} for day, close in CLOSES[symbol].items()])
        rates = [{"date": day.isoformat(), "rate": str(rate)} for day, rate in RATES.items()]
        self.own.instruments.put_rates(self.actor, "EURUSD", rates)
        for method, base, (oversell, negative_cash) in zip(methods, bases, refused, strict=True):
            told = {"name": method, "base_currency": base, "cost_method": method, "oversell": oversell, "negative_cash": negative_cash}
            self.places.append(Place(self.own.portfolios.create(self.actor, told).id, method, base, oversell, negative_cash))
        self.day, self.files, self.past, self.taken, self.places_given = START, [], [], set(), 0  # type: ignore[var-annotated]
        self.written: dict[UUID, int] = dict.fromkeys((place.id for place in self.places), 0)
        self.revisions: dict[UUID, int] = {}
        for where in range(endowed):
            self.endow(where)

    def endow(self, where: int) -> None:
        """Begin with money and a few holdings: most rules are about what is there."""
        money = [self.fact("DEPOSIT", amount=Decimal(9000)) | {"currency": currency} for currency in ("USD", "EUR")]
        self.record(where, *money, *(self.fact("BUY", symbol=symbol, quantity=Decimal(12), price=Decimal("41.5")) for symbol in ENDOWED))

    def restart(self) -> None:
        """Go on as another process would: nothing kept in memory, what is stored is there."""
        before = self.own
        self.own = build(before.settings, before.database, before.bus, before.cache, before.feed)
        if before is not self.services:
            before.imports.close()

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

    def new(self, *facts: dict[str, Any]) -> list[Row]:
        """Make rows behind all others, in the order given."""
        self.places_given += len(facts)
        return [Row([fact], None, self.places_given - len(facts) + number) for number, fact in enumerate(facts)]

    def write(self, changes: Sequence[tuple[Place, str, Row]], deed: str, work: Callable[[], Any]) -> bool:
        """Do a write where the documents say what follows; it is refused where and only where a portfolio refuses what it would do."""
        trials = {place.id: Place(place.id, place.method, place.base, place.oversell, place.negative_cash, dict(place.rows)) for place in self.places}
        for place, key, row in changes:
            trials[place.id].rows[key] = row
        try:
            breaks = [trial.id for trial in trials.values() if trial.breaks()]
        except Unsaid:
            self.deeds[f"{deed}: unsaid"] += 1
            return False
        try:
            work()
        except (OversoldPosition, NegativeCash):
            assert breaks, "refused what no rule is against"
            self.deeds[f"{deed}: refused"] += 1
            return False
        assert not breaks, "a portfolio refuses this"
        self.deeds[deed] += 1
        for place, key, row in changes:
            place.rows[key] = row
        return True

    def record(self, where: int, *facts: dict[str, Any]) -> None:
        place = self.places[where]

        def work() -> None:
            stored = self.own.transactions.record(self.actor, place.id, [draft_of(fact) for fact in facts])
            assert [str(each.id) for each in stored] == [fact["id"] for fact in facts]

        self.write([(place, fact["id"], row) for fact, row in zip(facts, self.new(*facts), strict=True)], "record", work)

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
          extra=UNITS, later=LATER, name=st.booleans())
    def sell_short_or_cover(self, where: int, symbol: str, price: Decimal, fee: Decimal, part: str,  # noqa: PLR0917
                            account: str | None, extra: Decimal, later: int, name: bool) -> None:  # noqa: FBT001
        """Sell a part of what is held, all of it, or through zero; buy a short back; open a short where nothing is held."""
        lots = self.places[where].world().lots[symbol, account]
        held = sum((lot.units for lot in lots), ZERO)
        quantity = (abs(held) * Decimal(part)).quantize(Decimal("1e-12")) or extra
        told = {"lots": self.named(lots, quantity)} if held > 0 and name else {}
        kind = "BUY" if held < 0 else "SELL"
        self.record(where, self.fact(kind, later, symbol=symbol, quantity=quantity, price=price, fee=fee, account=account) | told)

    def named(self, lots: Sequence[Lot], quantity: Decimal) -> list[tuple[str, Decimal]]:
        """Name a part of the newest lot, and then of the one before it: what no order of lots would take."""
        parts = [(lot.origin, min(lot.units * Decimal("0.75"), quantity / 2).quantize(Decimal("1e-6"))) for lot in reversed(lots)]
        return [(origin, part) for origin, part in parts if part > 0][:2]

    @rule(where=PORTFOLIO, symbol=SYMBOL, amount=MONEY, tax=CHARGE, fee=CHARGE, later=LATER, rate=st.sampled_from([None, Decimal("1.3")]))
    def dividend_with_withholding(self, where: int, symbol: str, amount: Decimal, tax: Decimal, fee: Decimal, later: int,
                                  rate: Decimal | None) -> None:
        own = {"fx_rate": rate} if CURRENCY[symbol] != self.places[where].base else {}
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

    @rule(where=PORTFOLIO, symbol=SHARED, account=ACCOUNT, quantity=UNITS, price=st.sampled_from([None, Decimal("12.5")]),
          part=st.sampled_from(["0", "0.5", "1"]), later=LATER)
    def adjust_shares(self, where: int, symbol: str, account: str | None, quantity: Decimal, price: Decimal | None, part: str, later: int) -> None:
        """Add shares, with a cost or without, or take a part of what is held."""
        held = sum((lot.units for lot in self.places[where].world().lots[symbol, account]), ZERO)
        taken = (held * Decimal(part)).quantize(Decimal("1e-6"))
        told = {"quantity": -taken if taken > 0 else quantity, "price": price, "account": account}
        self.record(where, self.fact("ADJUSTMENT", later, symbol=symbol, **told))

    @rule(where=PORTFOLIO, amount=MONEY, sign=st.sampled_from([1, -1]), currency=CASH, later=LATER)
    def adjust_cash(self, where: int, amount: Decimal, sign: int, currency: str, later: int) -> None:
        self.record(where, self.fact("ADJUSTMENT", later, amount=sign * amount) | {"currency": currency})

    # ---------------------------------------------------------------------------------------------------------------------- transfers

    @rule(where=PORTFOLIO, symbol=SYMBOL, account=ACCOUNT, to_account=ACCOUNT, other=st.booleans(), part=st.sampled_from(["0.5", "1"]), later=LATER)
    def transfer_shares(self, where: int, symbol: str, account: str | None, to_account: str | None, other: bool, part: str,  # noqa: FBT001
                        later: int) -> None:
        source, target = self.places[where], self.places[1 - where if other else where]
        symbol = self.held(where, symbol)
        world, key, self.symbol_moved = source.world(), (symbol, account), symbol
        quantity = (sum((lot.units for lot in world.lots[key]), ZERO) * Decimal(part)).quantize(Decimal("1e-6"))
        if quantity <= 0 or (not other and account == to_account):
            return
        moved: list[Lot] = []
        while (left := quantity - sum(lot.units for lot in moved)) > TINY:
            if not world.lots[key]:
                return
            moved.append(world.take(key, left))
        shared = self.fact("TRANSFER_OUT", later, symbol=symbol, quantity=quantity)
        told = {"transfer": shared["id"], "brought": [self.brought(lot, source, target) for lot in moved] if other else None}
        out = shared | {"named": None if source.method == "average" else [(lot.origin, lot.units) for lot in moved], "account": account, **told}
        into = shared | {"kind": "TRANSFER_IN", "id": str(uuid4()), "account": to_account, **told}
        self.move(source, target, out, into, {"symbol": symbol, "quantity": str(quantity)})

    @rule(where=PORTFOLIO, amount=MONEY, currency=CASH, later=LATER)
    def transfer_cash(self, where: int, amount: Decimal, currency: str, later: int) -> None:
        out = self.fact("TRANSFER_OUT", later, amount=amount) | {"currency": currency, "transfer": str(uuid4())}
        into = out | {"kind": "TRANSFER_IN", "id": str(uuid4())}
        self.move(self.places[where], self.places[1 - where], out, into, {"amount": str(amount), "currency": currency})

    def brought(self, lot: Lot, source: Place, target: Place) -> Lot:
        """Tell a lot in the target's base currency, at the rate of the day it was acquired."""
        instrument = CURRENCY[self.symbol_moved]
        if instrument == target.base:
            return replace(lot, base=lot.local)
        return replace(lot, base=lot.base * rate_of(target.base, source.base, lot.opened))

    def move(self, source: Place, target: Place, out: dict[str, Any], into: dict[str, Any], told: dict[str, Any]) -> None:
        legs: list[Transaction] = []
        places = {"account": out.get("account"), "to_account": into.get("account"), "to_portfolio": str(target.id)}
        raw = {"date": out["day"].isoformat(), **places, **told}

        def work() -> None:
            legs.extend(self.own.transfers.move(self.actor, source.id, {name: value for name, value in raw.items() if value is not None}))

        rows = self.new(out, into)
        if self.write([(source, out["id"], rows[0]), (target, into["id"], rows[1])], "transfer", work):
            for place, fact, row, leg in zip((source, target), (out, into), rows, legs, strict=True):
                del place.rows[fact["id"]]
                row.versions[0] = fact | {"id": str(leg.id)}
                place.rows[str(leg.id)] = row

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

    @rule(data=st.data(), value=PRICE)
    def correct(self, data: st.DataObject, value: Decimal) -> None:
        found = self.some(data, voided=False)
        if found is None or found[2].content.get("transfer"):
            return
        place, key, row = found
        changed = {name: value for name in ("price", "amount") if name in row.content}
        if changed:
            told = {name: str(number) for name, number in changed.items()}
            call = (self.actor, place.id, UUID(key), len(row.versions), told)
            self.write([(place, key, row.then(row.content | changed))], "correct", lambda: self.own.transactions.correct(*call))

    @rule(data=st.data(), value=PRICE)
    def correct_one_leg(self, data: st.DataObject, value: Decimal) -> None:
        """A note may be corrected; what the other leg must fit may not."""
        there = [(place, key, row) for place in self.places for key, row in place.rows.items() if row.now and row.now.get("transfer")]
        if there:
            place, key, row = data.draw(st.sampled_from(there))
            name = "quantity" if "quantity" in row.content else "amount"
            with pytest.raises(InvalidTransaction) as refused:
                self.own.transactions.correct(self.actor, place.id, UUID(key), len(row.versions), {name: str(value + 10_000)})
            assert refused.value.context["rule"] == "transfer_leg"
            call = (self.actor, place.id, UUID(key), len(row.versions), {"note": str(value)})
            self.write([(place, key, row.then(row.content))], "correct a leg", lambda: self.own.transactions.correct(*call))

    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        found = self.some(data, voided=False)
        if found:
            place, key, row = found
            after = [(where, name, leg.then(None)) for where, name, leg in self.legs(*found) if name == key or leg.now]
            self.write(after, "void", lambda: self.own.transactions.void(self.actor, place.id, UUID(key), len(row.versions)))

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        found = self.some(data, voided=None)
        if found:
            place, key, row = found
            before = row.versions[-2] if len(row.versions) > 1 else None
            after = [(where, name, leg.then(before if name == key else leg.content if before else None))
                     for where, name, leg in self.legs(*found) if name == key or (leg.now is None) != (before is None)]
            self.write(after, "undo", lambda: self.own.transactions.undo(self.actor, place.id, UUID(key), len(row.versions)))

    @rule(data=st.data(), back=st.booleans())
    def reorder(self, data: st.DataObject, back: bool) -> None:  # noqa: FBT001
        """Book a day in another order: each transaction that takes another place gets a version."""
        days = [(place, day) for place in self.places for day, count in Counter(fact["day"] for fact in place.facts).items() if count > 1]
        if days:
            place, day = data.draw(st.sampled_from(days))
            keys = [fact["id"] for fact in place.facts if fact["day"] == day]
            wanted = keys[::-1] if back else [*keys[1:], keys[0]]
            seats = sorted(place.rows[key].place for key in keys)
            after = [(place, key, Row([*place.rows[key].versions, place.rows[key].now], place.rows[key].run, seat))
                     for key, seat in zip(wanted, seats, strict=True) if place.rows[key].place != seat]
            self.write(after, "reorder", lambda: self.own.transactions.reorder(self.actor, place.id, day.isoformat(), wanted))

    @rule(data=st.data(), at_once=st.booleans())
    def two_clients(self, data: st.DataObject, at_once: bool) -> None:  # noqa: FBT001
        """Let two change what both have read, one after the other or at once: one is told what the other made of it."""
        found = self.some(data, voided=False)
        if not found:
            return
        place, key, row = found
        version, refused, done = len(row.versions), list[Conflict](), list[Transaction]()

        def change(note: str) -> None:
            try:
                done.append(self.own.transactions.correct(self.actor, place.id, UUID(key), version, {"note": note}))
            except Conflict as error:
                refused.append(error)

        def both() -> None:
            with ThreadPoolExecutor(2 if at_once else 1) as threads:
                list(threads.map(change, ("one", "other")))

        if self.write([(place, key, row.then(row.content))], "two clients", both):
            assert (len(done), len(refused)) == (1, 1)
            told = refused[0].context
            assert (told["read"]["version"], told["current"]["version"]) == (version, version + 1)
            assert told["current"]["note"] == done[0].note

    @rule(where=PORTFOLIO, amount=MONEY, symbol=SYMBOL, bad=st.sampled_from([{"symbol": "NOBODY"}, {"quantity": "-1"}, {"date": "2999-01-01"}]))
    def batch_with_one_bad_row(self, where: int, amount: Decimal, symbol: str, bad: dict[str, str]) -> None:
        good = [draft_of(self.fact("DEPOSIT", amount=amount)), draft_of(self.fact("BUY", symbol=symbol, quantity=amount, price=amount))]
        with pytest.raises(PortfolioError) as refused:
            self.own.transactions.record(self.actor, self.places[where].id, [*good, {**good[1], "id": str(uuid4()), **bad}])
        assert refused.value.context["row"] == 3

    @rule(where=PORTFOLIO, symbol=SYMBOL, quantity=UNITS, price=PRICE, amount=MONEY, later=LATER)
    def import_file(self, where: int, symbol: str, quantity: Decimal, price: Decimal, amount: Decimal, later: int) -> None:
        if self.places[where].is_strict:
            return
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
        new = dict(zip((fact["id"] for fact in fresh), self.new(*fresh), strict=True))
        rows = [place.rows[known[fact["id"]]].then(None) if fact in back else new[fact["id"]] for fact in fresh]
        told = []

        def work() -> None:
            told.append(self.own.imports.run(self.actor, place.id, upload, ImportOptions()))

        for fact, row in zip(fresh, rows, strict=True):
            row.versions[-1] = fact | {"external": fact["id"]}
        keys = [known.get(fact["id"], fact["id"]) for fact in fresh]
        if not self.write([(place, key, row) for key, row in zip(keys, rows, strict=True)], "import", work):
            return
        view = told[0]
        assert (view.accepted, view.duplicate) == (len(fresh), len(facts) - len(fresh))
        ids = {each.external_id: str(each.id) for each in self.own.transactions.find(self.actor, place.id, limit=5000).items if each.external_id}
        for fact, key, row in zip(fresh, keys, rows, strict=True):
            name = ids[fact["id"]]
            assert fact not in back or name == key
            del place.rows[key]
            row.versions[-1] = fact | {"id": name, "external": fact["id"]}
            row.run = view.id
            place.rows[name] = row
        if fresh:
            runs.append(view.id)

    @precondition(lambda self: any(file[3] for file in self.files))
    @rule(data=st.data())
    def take_a_run_back(self, data: st.DataObject) -> None:
        where, _, _, runs = data.draw(st.sampled_from([file for file in self.files if file[3]]))
        place, run = self.places[where], data.draw(st.sampled_from(runs))
        if run not in self.taken:
            gone = [(place, key, row.then(None)) for key, row in place.rows.items() if row.run == run and row.now]
            if self.write(gone, "take back", lambda: self.own.imports.take_back(self.actor, run)):
                self.taken.add(run)

    @rule()
    def another_process(self) -> None:
        self.restart()

    # ---------------------------------------------------------------------------------------------------------------------- invariants

    @invariant()
    def everything_holds(self) -> None:
        if not hasattr(self, "places"):
            return
        type(self).steps += 1
        revisions = {portfolio.id: portfolio.revision for portfolio in self.own.portfolios.find(self.actor)}
        moved = [place for place in self.places if revisions[place.id] != self.revisions.get(place.id, 0)]
        written = [place for place in self.places if place.written != self.written[place.id]]
        assert all(place in moved for place in written), "what is written moves the revision, which every answer is kept under"
        self.revisions, self.written = revisions, {place.id: place.written for place in self.places}
        for place in self.places:
            self.rows_are_kept(place)
        if moved:
            self.books_are_the_model_s(moved)
            self.derived_equals_a_rebuild(["all", *(place.id for place in moved)])

    def books_are_the_model_s(self, moved: Sequence[Place]) -> None:
        """Hold each ledger in its currency, all of them in one, and one of what was known before."""
        display = self.places[0].base
        now = [figures_of_world(place.world(display)) for place in self.places]
        booked = self.books(Question("all"))
        for place, wanted in zip(self.places, now, strict=True):
            agree(booked[place.id], wanted)
            balances(booked[place.id])
        for place in moved:
            assert not place.breaks()
            if place.base != display:
                book = self.books(Question(str(place.id)))[place.id]
                agree(book, figures_of_world(place.world()))
                balances(book)
        if self.past and len(self.past) % 3 == 0:
            instant, then = self.past[(len(self.past) * 2654435761 >> 7) % len(self.past)]
            known = self.books(Question("all", known_at=instant))
            for place, wanted in zip(self.places, then, strict=True):
                agree(known[place.id], wanted)
        self.past.append((calendar.now(), now))

    def books(self, question: Question) -> dict[UUID, Book]:
        with self.own.database.read() as unit:
            return {part.portfolio.id: part.book for part in self.own.valuation.parts(unit, self.actor, question)[0]}

    def rows_are_kept(self, place: Place) -> None:
        """Every acknowledged write is there once, every old version as it was, nothing else."""
        with self.own.database.read() as unit:
            found = unit.ledger.fetch("SELECT id, version FROM ledger_entry WHERE portfolio_id = %s", [place.id])
            versions = unit.ledger.by_ids([UUID(key) for key in place.rows])
        there = {(each.id, each.version): each for of_one in versions.values() for each in of_one}
        wanted = {(UUID(key), version) for key, row in place.rows.items() for version in range(1, len(row.versions) + 1)}
        assert len(found) == len(wanted)
        assert set(map(tuple, found)) == set(there) == wanted
        assert {key: there[key] for key in place.seen} == place.seen
        assert all(there[UUID(key), len(row.versions)].voided == (row.now is None) for key, row in place.rows.items())
        place.seen = there

    def derived_equals_a_rebuild(self, scopes: Sequence[str | UUID], anew: Services | None = None) -> None:
        """What is kept, stored and read on is what follows from the ledger, as it is known at this instant, when nothing is known of it."""
        known_at = None if anew else calendar.now()
        for scope in scopes:
            view = self.own.performance.performance(self.actor, scope)
            again = (anew or self.own).performance.performance(self.actor, scope, PerformanceQuestion(known_at=known_at))
            assert again.figures == pytest.approx(view.figures, rel=1e-9, abs=1e-9, nan_ok=True)
            assert again.bridge == pytest.approx(view.bridge, rel=1e-9, abs=1e-9)
            assert again.series.equals(view.series)
            assert abs(view.bridge["residual"]) < 1e-6
            if isfinite(view.figures["twr"]) and len(view.contributions):
                assert view.contributions["contribution"].sum() == pytest.approx(view.figures["twr"], rel=1e-6, abs=1e-9)
        scope = scopes[-1]
        totals = [dict(each.valuation.holdings(self.actor, scope, known_at=instant).snapshot.totals)
                  for each, instant in ((self.own, None), (anew or self.own, known_at))]
        assert totals[0] == pytest.approx(totals[1], rel=1e-9, abs=1e-9, nan_ok=True)

    def teardown(self) -> None:
        if not hasattr(self, "places"):
            return
        type(self).kinds.update(row.content["kind"] for place in self.places for row in place.rows.values())
        type(self).writes += sum(place.written for place in self.places)
        with self.own.database.begin() as unit:
            unit.valuations.forget([place.id for place in self.places])
        anew = build(self.own.settings, self.own.database, self.own.bus, self.own.cache, self.own.feed)
        self.derived_equals_a_rebuild(["all", *(place.id for place in self.places)], anew)
        anew.imports.close()
        for place in self.places:
            self.any_method_and_currency(place)
            self.nothing_is_overwritten(place)
            with pytest.raises(NotFound):
                self.own.transactions.find(self.stranger, place.id)
        self.restart()
        self.own.imports.close()

    def any_method_and_currency(self, place: Place) -> None:
        """A ledger may be asked by any cost method and in any currency; lots that a transfer names are those of the portfolio's own method."""
        for base in ("USD", "EUR"):
            book = self.books(Question(str(place.id), base_currency=base))[place.id]
            agree(book, figures_of_world(place.world(base)))
        if not any(fact.get("transfer") for fact in place.facts):
            for method in CostMethod:
                book = self.books(Question(str(place.id), cost_method=method.value))[place.id]
                agree(book, figures_of_world(place.world(method=method.value)))

    def nothing_is_overwritten(self, place: Place) -> None:
        for statement in ("UPDATE ledger_entry SET amount = 1 WHERE portfolio_id = %s", "DELETE FROM ledger_entry WHERE portfolio_id = %s"):
            if place.rows:
                with pytest.raises(PortfolioError), self.own.database.begin() as unit:
                    unit.ledger.affected(statement, [place.id])


def test_ledgers_are_what_the_model_says(services: Services) -> None:
    machine = type("Machine", (LedgerMachine,), {"services": services, "kinds": Counter(), "deeds": Counter()})
    is_long = settings.get_current_profile_name() == "long"
    short = settings(max_examples=4, stateful_step_count=20, derandomize=True, phases=[Phase.generate])
    chosen = settings.get_profile("long") if is_long else short
    run_state_machine_as_test(machine, settings=settings(chosen, deadline=None, database=None, suppress_health_check=list(HealthCheck)))
    print(f"{machine.steps} steps, {machine.writes} versions, kinds {dict(machine.kinds)}, deeds {dict(machine.deeds)}")  # noqa: T201
    assert machine.steps >= (2000 if is_long else 80)
    assert machine.writes >= machine.steps / 3
    assert not is_long or set(machine.kinds) >= set(Kind), "every kind is reached"
