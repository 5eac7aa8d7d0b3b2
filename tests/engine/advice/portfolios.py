"""Portfolios made by chance for the search of trades."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import strategies as st

from engine.advice.legs import Ways
from engine.advice.lot_choice import HeldLot, Realised
from engine.advice.policy import Constraints, Costs, GroupBound, Taxes
from engine.advice.settling import Tracking
from engine.advice.standing import Standing
from engine.types import CostMethod

DAY = date(2026, 3, 2)
RATES = {"USD": 1.0, "EUR": 1.1}


def standing_of(seed: int, count: int, lots: int, *, method: str = "specific", accounts: tuple[str | None, ...] = (None,), pooled: bool = True,
                cash: float = 5_000.0) -> Standing:
    """Hold some symbols in lots of chance, half of them in euro."""
    chance = np.random.default_rng(seed)
    symbols = tuple(f"S{place:03}" for place in range(count))
    price = chance.uniform(5, 300, count).round(2)
    held: dict[tuple[str, str | None], list[HeldLot]] = {}
    for number in range(lots):
        at, account = int(chance.integers(count)), accounts[int(chance.integers(len(accounts)))]
        units = float(chance.integers(1, 60)) / (1 if number % 3 else 4)
        rate = RATES["EUR" if at % 2 else "USD"]
        opened = DAY - timedelta(days=int(chance.integers(1, 2_000)))
        held.setdefault((symbols[at], account), []).append(HeldLot(f"L{number}", opened, units, units * price[at] * rate * chance.uniform(0.4, 1.4)))
    for mine in held.values():
        mine.sort(key=lambda lot: lot.opened or DAY)
    currencies = tuple("EUR" if at % 2 else "USD" for at in range(count))
    purses = {(None if pooled else account, currency): cash * chance.uniform(0, 1) for account in accounts for currency in ("USD", "EUR")}
    return Standing(
        DAY, "USD", symbols, currencies, price, np.array([RATES[each] for each in currencies]), np.ones(count), held, purses, RATES,
        CostMethod(method), groups={"sector": tuple("ABC"[at % 3] for at in range(count))},
        tags=tuple(frozenset({"esg"} if at % 4 else ()) for at in range(count)),
        washed=frozenset(symbols[::5]), realised=Realised(float(chance.uniform(-500, 500)), float(chance.uniform(-500, 500))),
    )


GROUPS = ((), (), (GroupBound("sector", "A", 0.0, 0.3),), (GroupBound("sector", "b", 0.15, 1.0), GroupBound("sector", "C", 0.0, 0.5)))


def tracking_of(seed: int, reference: np.ndarray) -> Tracking:
    """Measure against some weights, by a covariance of chance."""
    chance = np.random.default_rng(seed)
    size = len(reference)
    moves = chance.normal(0.0, chance.uniform(0.05, 0.4, size), (60, size)) + chance.normal(0.0, 0.15, (60, 1))
    covariance = np.cov(moves, rowvar=False).reshape(size, size)
    return Tracking(covariance, covariance @ reference, float(reference @ covariance @ reference))


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    """Draw a portfolio."""
    accounts: tuple[str | None, ...] = draw(st.sampled_from([(None,), ("A",), ("A", "B"), (None, "A", "B")]))
    return standing_of(draw(st.integers(0, 10_000)), draw(st.integers(1, 9)), draw(st.integers(0, 30)),
                       method=draw(st.sampled_from([each.value for each in CostMethod])), accounts=accounts,
                       pooled=draw(st.booleans()), cash=draw(st.sampled_from([100.0, 5_000.0, 100_000.0])))


@st.composite
def conditions(draw: st.DrawFn) -> Ways:
    """Draw constraints, costs and taxes."""
    def some(*values: float) -> float | None:
        return draw(st.sampled_from([None, None, *values]))

    constraints = Constraints(
        max_weight=some(0.2, 0.5), max_turnover=some(0.05, 0.3), min_trade=draw(st.sampled_from([0.0, 50.0, 500.0])),
        lot=draw(st.sampled_from([0.0, 1.0, 10.0])), excluded=draw(st.sampled_from([(), (), ("S000",), ("S001", "S002")])),
        required_tag=draw(st.sampled_from([None, "esg"])), cash_buffer=draw(st.sampled_from([0.0, 0.02])), tax_budget=some(0.0, 200.0),
        max_tracking_error=some(0.05, 0.2), groups=draw(st.sampled_from(GROUPS)))
    rates = draw(st.sampled_from([(0.0, 0.0), (0.4, 0.2), (0.25, 0.25)]))
    return Ways(constraints, Costs(draw(st.sampled_from([0.0, 1.0, 9.9])), draw(st.sampled_from([0.0, 0.002])), 0.001), Taxes(*rates),
                new_money=draw(st.sampled_from([0.0, 0.0, 1_000.0, -500.0])), buy_only=draw(st.booleans()),
                account=draw(st.sampled_from([None, None, None, "A"])), conversion_rate=draw(st.sampled_from([0.0, 0.003])))
