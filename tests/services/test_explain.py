"""Every number has an explanation, and its formula gives the number again from the inputs that are told."""

from __future__ import annotations

import math
from datetime import date
from typing import Any
from uuid import UUID

import pandas as pd
import pytest

from engine.errors import InvalidInput
from engine.types import Actor
from services import Services
from services.explain.formula import evaluate
from services.explain.views import ExplainQuestion, Explanation
from services.gains.views import GainsQuestion
from services.performance.json import as_json
from services.performance.views import PerformanceQuestion

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


@pytest.mark.usefixtures("portfolio", "answers_once")
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


@pytest.mark.usefixtures("portfolio", "answers_once")
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


@pytest.mark.usefixtures("portfolio", "answers_once")
@pytest.mark.parametrize("rules", [None, "us", "uk"])
def test_every_figure_of_realised_gains(services: Services, actor: Actor, portfolio: UUID, rules: str | None) -> None:
    question = GainsQuestion(start=date(2024, 1, 3), rules=rules)
    if rules == "uk":
        services.instruments.put_rates(actor, "GBPUSD", [{"date": "2024-01-02", "rate": 1.25}])
    view = services.gains.report(actor, portfolio, question)

    def check(figure: str, value: float | None, symbol: str | None = None) -> None:
        same(services.explain.explain(actor, portfolio, figure, symbol=symbol, question=ExplainQuestion(gains=question)), value)

    assert len(view.rows)
    for name, value in view.totals.items():
        check(f"gains.{name}", value)
    check("gains.paid", view.totals["fees"] + view.totals["taxes"])
    for table, kind in ((view.by_symbol, ""), (view.by_year, "year:"), (view.by_term, "term:")):
        for key, row in table.iterrows():
            for name, value in row.items():
                check(f"gains.{name}", float(value), f"{kind}{key}")
    check("gains.net", view.totals["net"], "month:2024-02,month:2024-03")
    for record in view.rows.to_dict("records"):
        for name, value in record.items():
            if isinstance(value, float | int) and not isinstance(value, bool) and name != "rate":
                check(f"realised_lots.{name}", float(value), record["id"])


@pytest.mark.usefixtures("portfolio", "answers_once")
@pytest.mark.parametrize("draft", [{}, {"price": "130", "fee": "2", "tax_rate_short": "0.3", "tax_rate_long": "0.1"}, {"history": "each"}])
@pytest.mark.parametrize("symbol", ["AAA", "BBB"])
def test_every_figure_of_a_sale(services: Services, actor: Actor, portfolio: UUID, symbol: str, draft: dict[str, str]) -> None:
    sale = {"symbol": symbol, "quantity": "8", "date": "2024-03-28", **draft}
    view = services.gains.simulate(actor, portfolio, sale)

    def check(figure: str, value: float, key: str) -> None:
        asked = ExplainQuestion(sale={name: value for name, value in sale.items() if name != "symbol"})
        same(services.explain.explain(actor, portfolio, figure, symbol=key, question=asked), value)

    for method, row in view.simulation.methods.iterrows():
        for name, value in row.items():
            check(f"sale.{name}", float(value), f"{symbol}:{method}")
    for method, lots in view.simulation.lots.groupby("method"):
        for place, record in enumerate(lots.to_dict("records"), start=1):
            for name, value in record.items():
                if isinstance(value, float | int) and name not in {"method", "account"}:
                    check(f"sale_lots.{name}", float(value), f"{symbol}:{method}#{place}")


def test_lots_and_sums_of_several(services: Services, actor: Actor, portfolio: UUID) -> None:
    asked = ExplainQuestion(as_of=date(2024, 3, 28))

    def check(figure: str, symbol: str, value: float) -> Explanation:
        told = services.explain.explain(actor, portfolio, figure, symbol=symbol, question=asked)
        same(told, value)
        return told

    view = services.valuation.holdings(actor, portfolio, as_of=asked.as_of)
    lot = services.valuation.lots(actor, portfolio, "BBB", as_of=asked.as_of).lots.iloc[0]
    for name in ("quantity", "price", "cost_local", "cost_base"):
        check(f"lots.{name}", "BBB#1", float(lot[name]))
    value = 20 * 51 * 1.09
    check("lots.value", "bbb#1", value)
    check("lots.unrealised", "BBB#1", value - lot["cost_base"])
    rows, totals = view.snapshot.holdings.set_index("symbol"), view.snapshot.totals
    told = check("market_value", "AAA,BBB,cash:EUR,cash:USD", totals["value"])
    assert {part.figure for part in told.inputs[0].parts} == {"market_value:AAA", "market_value:BBB", "value:cash:EUR", "value:cash:USD"}
    check("weight", "AAA,BBB,cash:EUR,cash:USD", 1.0)
    check("total_pnl", "AAA,BBB,other", totals["total_pnl"])
    earned = {name: rows.loc[name, ["unrealised", "realised", "income"]].sum() - rows.loc[name, ["fees", "taxes"]].sum() for name in rows.index}
    check("on_cost", "AAA,BBB", sum(earned.values()) / rows["cost_basis"].sum())
    assert check("other_pnl", "", totals["total_pnl"] - sum(earned.values())).value is not None
    check("day_return", "AAA,BBB", rows["day_pnl"].sum() / (rows["market_value"].sum() - rows["day_pnl"].sum()))
    check("holdings_count", "", 2)
    check("up", "", (rows["day_pnl"].round(2) > 0).sum())


def test_what_follows_from_a_day(services: Services, actor: Actor, portfolio: UUID) -> None:
    question = PerformanceQuestion(**WINDOW)
    view = services.performance.performance(actor, portfolio, question)
    day = view.series.loc[pd.Timestamp("2024-02-29")]
    for name, value in (("gain", day["value"] - day["net_contributions"]), ("total_return", day["growth"] - 1),
                        ("benchmark_return", day["benchmark_growth"] - 1), ("active_return", day["growth"] - day["benchmark_growth"])):
        same(services.explain.explain(actor, portfolio, f"series.{name}", symbol="2024-02-29", question=ExplainQuestion(performance=question)), value)
    for name, value in (("flows_in", 3300), ("flows_out", -800), ("income_share", view.bridge["income"] / view.bridge["closing_value"])):
        same(services.explain.explain(actor, portfolio, f"bridge.{name}", question=ExplainQuestion(performance=question)), value)
    whole = services.explain.explain(actor, portfolio, "contributions.contribution", symbol="AAA,BBB", question=ExplainQuestion(performance=question))
    same(whole, view.contributions.set_index("name").loc[["AAA", "BBB"], "contribution"].sum())


def test_the_share_of_a_portfolio(services: Services, actor: Actor, portfolio: UUID) -> None:
    services.portfolios.create(actor, {"name": "Second", "base_currency": "EUR"})
    row = next(row for row in services.valuation.compare(actor) if row.id == str(portfolio))
    same(services.explain.explain(actor, "all", "share_of_total", symbol=row.id), row.weight)
    same(services.explain.explain(actor, "all", "value_display", symbol=row.id), row.value_display)
    held = services.valuation.holdings(actor, portfolio).snapshot.holdings.set_index("symbol")
    same(services.explain.explain(actor, "all", "share_of_total", symbol=f"{row.id}:AAA"), held.loc["AAA", "market_value"] / row.value_display)


def test_a_rate_tells_its_day_and_its_source(services: Services, actor: Actor, portfolio: UUID) -> None:
    services.instruments.put_rates(actor, "EURUSD", [{"date": "2024-03-25", "rate": 1.07, "source": "ecb"}])
    services.instruments.put_rates(actor, "EURCHF", [{"date": "2024-03-26", "rate": 0.98, "source": "ecb"}])

    def rates(figure: str, on: date, **options: Any) -> list[tuple[str, float | None, str | None, date | None]]:
        told = services.explain.explain(actor, portfolio, figure, question=ExplainQuestion(as_of=on, **options))
        assert all(price.ts for price in told.prices), figure
        return [(price.symbol, price.value, price.source, price.filled_from) for price in told.prices if len(price.symbol) == 6]

    assert rates("value", date(2024, 3, 25)) == [("EURUSD", 1.07, "ecb", None)]
    assert rates("value", date(2024, 3, 27)) == [("EURUSD", 1.07, "ecb", date(2024, 3, 25))]
    cross = [("EURCHF", 0.98, "ecb", date(2024, 3, 26)), ("EURUSD", 1.07, "ecb", date(2024, 3, 25))]
    assert rates("value", date(2024, 3, 27), base_currency="CHF") == cross
    window = PerformanceQuestion(start=date(2024, 3, 1), end=date(2024, 3, 26))
    assert rates("twr", date(2024, 3, 26), performance=window) == [
        ("EURUSD", 1.12, "manual", date(2024, 2, 29)), ("EURUSD", 1.07, "ecb", date(2024, 3, 25))]
    closed = services.explain.explain(actor, portfolio, "price", symbol="AAA", question=ExplainQuestion(as_of=date(2024, 3, 27)))
    assert [(price.value, price.filled_from) for price in closed.prices] == [(99, date(2024, 2, 29))]
    bought = services.explain.explain(actor, portfolio, "cost_basis", symbol="BBB", question=ExplainQuestion(as_of=date(2024, 3, 28)))
    assert [fact.rate for fact in bought.transactions] == [pytest.approx(1.1)]


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
        ("lots.value", "AAA#9", "symbol"),
        ("price", "AAA,BBB", "symbol"),
        ("gains.net", "year:1999", "symbol"),
        ("gains.fees", "AAA", "symbol"),
        ("realised_lots.gain", "99", "symbol"),
        ("share_of_total", "NOPE", "symbol"),
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
    from services.explain import holdings  # noqa: PLC0415

    monkeypatch.setattr(holdings, "inputs_of", lambda *_: {"market_value": 1.0, "cash": 2.0})
    told = services.explain.explain(actor, portfolio, "value")
    assert told.reproduced == 3.0
    assert told.value != 3.0
    assert as_json(services.performance.performance(actor, portfolio))
