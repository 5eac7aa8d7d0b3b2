"""Every number has an explanation, and its formula gives the number again from the inputs that are told."""

from __future__ import annotations

import math
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from engine.errors import InvalidInput
from engine.types import Actor
from services import Services
from services.explain_formula import evaluate
from services.explain_views import ExplainQuestion, Explanation
from services.gains_views import GainsQuestion
from services.performance_json import as_json
from services.performance_views import PerformanceQuestion

WINDOW = {"start": date(2024, 1, 2), "end": date(2024, 3, 28)}
TEXT = {"name", "label", "window", "start", "end", "key", "year", "currency", "date"}


@pytest.fixture
def portfolio(services: Services, actor: Actor) -> UUID:
    closes = {"AAA": (100, 104, 99, 120), "BBB": (50, 48, 55, 51), "IDX": (10, 10.5, 10.2, 11)}
    days = ("2024-01-02", "2024-01-31", "2024-02-29", "2024-03-28")
    for symbol, prices in closes.items():
        services.instruments.put(actor, symbol, {"name": symbol, "currency": "EUR" if symbol == "BBB" else "USD", "sector": symbol})
        services.instruments.put_bars(actor, symbol, [{"date": day, "close": close} for day, close in zip(days, prices, strict=True)])
    services.instruments.put_rates(
        actor, "EURUSD", [{"date": day, "rate": rate} for day, rate in zip(days, (1.1, 1.08, 1.12, 1.09), strict=True)]
    )
    key = services.portfolios.create(actor, {"name": "P", "base_currency": "USD", "benchmark": "IDX"}).id
    services.transactions.record(
        actor,
        key,
        [
            {"date": "2024-01-02", "kind": "DEPOSIT", "amount": "10000"},
            {"date": "2024-01-02", "kind": "BUY", "symbol": "AAA", "quantity": "40", "price": "100", "fee": "4"},
            {"date": "2024-01-10", "kind": "DEPOSIT", "amount": "3000", "currency": "EUR"},
            {
                "date": "2024-01-11",
                "kind": "BUY",
                "symbol": "BBB",
                "quantity": "20",
                "price": "49",
                "currency": "EUR",
                "fee": "2",
                "tax": "1",
            },
            {"date": "2024-02-12", "kind": "DIVIDEND", "symbol": "AAA", "amount": "30", "tax": "4"},
            {"date": "2024-02-20", "kind": "SELL", "symbol": "AAA", "quantity": "15", "price": "101", "fee": "3"},
            {"date": "2024-03-01", "kind": "WITHDRAWAL", "amount": "800"},
            {"date": "2024-03-15", "kind": "INTEREST", "amount": "7"},
            {"date": "2024-03-20", "kind": "FEE", "amount": "9"},
        ],
    )
    return key


def same(told: Explanation, shown: float | None) -> None:
    where = f"{told.figure} {told.symbol}: {told.with_numbers}"
    if shown is None or not math.isfinite(shown):
        assert told.value is None, where
        return
    assert told.value == pytest.approx(shown, rel=1e-12, abs=1e-12), where
    inputs = {
        term.name: [part.value for part in term.parts] if term.is_table else term.value if term.value is not None else math.nan
        for term in told.inputs
    }
    assert evaluate(told.expression, inputs) == pytest.approx(shown, rel=1e-9, abs=1e-9), where
    assert told.reproduced == pytest.approx(shown, rel=1e-9, abs=1e-9), where
    assert told.formula, where
    assert told.source, where
    assert told.call.startswith("/api/v1/portfolios/"), where


@pytest.mark.parametrize("as_of", [None, date(2024, 3, 28), date(2024, 2, 29)])
def test_every_figure_of_holdings(services: Services, actor: Actor, portfolio: UUID, as_of: date | None) -> None:
    view, asked = services.valuation.holdings(actor, portfolio, as_of=as_of), ExplainQuestion(as_of=as_of)

    def explained(figure: str, symbol: str | None = None) -> Explanation:
        return services.explain.explain(actor, portfolio, figure, symbol=symbol, question=asked)

    for name, value in view.snapshot.totals.items():
        same(explained(name), value)
    for record in [*view.snapshot.holdings.to_dict("records"), *view.snapshot.closed.to_dict("records")]:
        for name, value in record.items():
            if name not in {"symbol", "currency"}:
                same(explained(str(name), record["symbol"]), value)
    for record in view.snapshot.cash.to_dict("records"):
        for name, value in record.items():
            if name != "currency":
                same(explained(str(name), f"cash:{record['currency']}"), value)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"costs": "gross"},
        {"flow_timing": "end", "costs": "gross_of_fees"},
        {"currency_mode": "local"},
        {"group_by": "sector"},
        {"group_by": "portfolio"},
        {"group_by": "sector", "group": "AAA"},
        {"benchmark": ""},
    ],
)
def test_every_figure_of_performance(services: Services, actor: Actor, portfolio: UUID, options: dict[str, Any]) -> None:
    question = PerformanceQuestion(**WINDOW, **options)
    view = services.performance.performance(actor, portfolio, question)

    def check(figure: str, value: float | None, symbol: str | None = None) -> None:
        same(services.explain.explain(actor, portfolio, figure, symbol=symbol, question=ExplainQuestion(performance=question)), value)

    for name, value in view.figures.items():
        check(name, value)
    for name, value in view.bridge.items():
        check(f"bridge.{name}", value)
    for section, frame in (
        ("windows", view.windows),
        ("currency", view.currency),
        ("contributions", view.contributions.set_index("name")),
        ("groups", view.groups.set_index("key")),
        ("series", view.series.iloc[[0, 3, -1]]),
    ):
        for key, row in frame.iterrows():
            for name, value in row.items():
                if name not in TEXT:
                    check(f"{section}.{name}", float(value), str(key.date()) if section == "series" else str(key))
    for year, row in view.calendar.iterrows():
        for month, value in row.items():
            check("calendar", float(value), str(year) if month == "total" else f"{year}-{month:02}")


def test_realised_gains(services: Services, actor: Actor, portfolio: UUID) -> None:
    question = GainsQuestion(start=date(2024, 1, 3))
    view = services.gains.report(actor, portfolio, question)
    for name, value in view.totals.items():
        same(services.explain.explain(actor, portfolio, f"gains.{name}", question=ExplainQuestion(gains=question)), value)


def test_what_it_rests_on(services: Services, actor: Actor, portfolio: UUID) -> None:
    told = services.explain.explain(actor, portfolio, "market_value", symbol="bbb", question=ExplainQuestion(as_of=date(2024, 3, 28)))
    assert {price.symbol: price.value for price in told.prices} == {"BBB": 51, "EURUSD": 1.09}
    assert all(price.source for price in told.prices)
    assert [fact.kind for fact in told.transactions] == ["BUY"]
    assert {term.name: term.figure for term in told.inputs}["price"] == "price:BBB"
    dietz = services.explain.explain(
        actor, portfolio, "modified_dietz", question=ExplainQuestion(performance=PerformanceQuestion(**WINDOW))
    )
    assert [(str(flow.date), flow.amount, flow.weight) for flow in dietz.flows] == [
        ("2024-01-10", pytest.approx(3300), pytest.approx(79 / 86)),
        ("2024-03-01", -800, pytest.approx(28 / 86)),
    ]


@pytest.mark.parametrize(
    ("figure", "symbol", "field"),
    [
        ("tvr", None, "figure"),
        ("price", None, "symbol"),
        ("price", "NOPE", "symbol"),
        ("windows.twr", "9Y", "symbol"),
        ("calendar", "May", "symbol"),
        ("contributions.pnl", "NOPE", "symbol"),
        ("groups.pnl", "Energy", "symbol"),
    ],
)
def test_what_cannot_be_explained_says_why(
    services: Services, actor: Actor, portfolio: UUID, figure: str, symbol: str | None, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        services.explain.explain(actor, portfolio, figure, symbol=symbol)
    assert caught.value.context["field"] == field
    assert caught.value.context["hint"]
    if figure == "tvr":
        assert "twr" in str(caught.value.context["hint"])


def test_the_answer_is_not_a_second_computation(services: Services, actor: Actor, portfolio: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong input would show: what is reproduced comes from the inputs, not from the value."""
    from services import explain_holdings  # noqa: PLC0415

    monkeypatch.setattr(explain_holdings, "inputs_of", lambda *_: {"market_value": 1.0, "cash": 2.0})
    told = services.explain.explain(actor, portfolio, "value")
    assert told.reproduced == 3.0
    assert told.value != 3.0
    assert as_json(services.performance.performance(actor, portfolio))
