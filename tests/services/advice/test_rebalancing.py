"""From targets to the ledger: what a preview says is what the ledger says once its trades are booked."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from data import calendar
from engine.advice.lot_choice import tax_due, term_of
from engine.advice.policy import Taxes
from engine.errors import Conflict, InvalidInput, InvalidTransaction, NegativeCash, UnknownInstrument
from engine.types import Actor
from services import Services
from services.advice.effects import before_after
from services.advice.reading import accept_question, rebalance_question
from services.advice.views_trades import AcceptQuestion, RebalanceView
from services.risk.exposures import ExposureQuestion

TODAY = calendar.today()
DAYS = [day.date() for day in pd.bdate_range(end=TODAY - timedelta(days=1), periods=420)]
NAMES = {"TEC": "Technology", "OIL": "Energy", "BNK": "Finance", "NEW": "Technology"}
RATES = {"short_rate": 0.4, "long_rate": 0.2}
TARGETS = {"TEC": 0.3, "OIL": 0.25, "BNK": 0.25, "NEW": 0.15}


def walk(seed: int) -> Any:
    return np.round(100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0003, 0.012, len(DAYS)))), 2)


def world(services: Services, actor: Actor, **fields: Any) -> UUID:
    """Hold three shares bought on three days in two accounts, one of them in euro, with cash of both currencies."""
    for seed, (symbol, sector) in enumerate(NAMES.items()):
        code = "EUR" if symbol == "OIL" else "USD"
        services.instruments.put(actor, symbol, {"name": f"{symbol} Inc", "currency": code, "sector": sector, "asset_class": "equity", "isin": None})
        services.instruments.put_bars(actor, symbol, [{"date": str(day), "close": str(close)} for day, close in zip(DAYS, walk(seed), strict=True)])
    services.instruments.put_rates(actor, "EURUSD", [{"date": str(day), "rate": "1.1"} for day in (DAYS[0], DAYS[-1])])
    key = services.portfolios.create(actor, {"name": "P", "base_currency": "USD", "cost_method": "specific", **fields}).id
    early, late = str(DAYS[10]), str(DAYS[-20])
    services.transactions.record(actor, key, [
        {"date": early, "kind": "DEPOSIT", "amount": "60000", "currency": "USD", "account": "A"},
        {"date": early, "kind": "DEPOSIT", "amount": "9000", "currency": "EUR", "account": "B"},
        {"date": early, "kind": "BUY", "symbol": "TEC", "quantity": "200", "price": "70", "account": "A"},
        {"date": str(DAYS[100]), "kind": "BUY", "symbol": "TEC", "quantity": "150", "price": "120", "fee": "9", "account": "A"},
        {"date": early, "kind": "BUY", "symbol": "OIL", "quantity": "60", "price": "95", "currency": "EUR", "account": "B"},
        {"date": late, "kind": "BUY", "symbol": "BNK", "quantity": "100", "price": "130", "account": "A"}])
    return key


def ask(services: Services, actor: Actor, key: UUID, **more: Any) -> RebalanceView:
    raw = {"targets": {**TARGETS, "cash": 0.05}, "taxes": RATES, "costs": {"fee": 1.5, "fee_rate": 0.001, "spread": 0.002}, "conversion_rate": 0.002}
    return services.rebalancing.preview(actor, key, rebalance_question({**raw, **more}))


def confirmed(services: Services, actor: Actor, key: UUID, view: RebalanceView) -> UUID:
    made = services.rebalancing.accept(actor, key, AcceptQuestion(view.orders, None, revision=view.revision), services.proposals)
    done = services.proposals.confirm(actor, key, made.id, made.version)
    assert done.status == "confirmed"
    return done.id


@pytest.mark.parametrize("method", ["specific", "fifo", "average"])
def test_what_is_promised_is_what_the_ledger_says_afterwards(services: Services, actor: Actor, method: str) -> None:
    key = world(services, actor, cost_method=method, negative_cash="refuse", oversell="error")
    view = ask(services, actor, key)
    assert not view.conflicts
    assert {trade.symbol for trade in view.trade_list.trades} >= {"TEC", "NEW"}
    before = services.valuation.holdings(actor, key)
    confirmed(services, actor, key, view)
    after, promised = services.valuation.holdings(actor, key), view.effect.after
    assert after.snapshot.totals["value"] == pytest.approx(promised.value, abs=1e-6)
    assert before.snapshot.totals["value"] - after.snapshot.totals["value"] == pytest.approx(view.trade_list.cost, abs=1e-6)
    holdings = after.snapshot.holdings.set_index("symbol")
    weights = (holdings["market_value"] / after.snapshot.totals["value"]).to_dict()
    assert weights == pytest.approx(dict(promised.weights), abs=1e-9)
    assert after.snapshot.totals["cash"] == pytest.approx(promised.cash, abs=1e-6)
    risk_agrees(services, actor, key, view)
    tax_agrees(services, actor, key, view)


def risk_agrees(services: Services, actor: Actor, key: UUID, view: RebalanceView) -> None:
    """Read the exposure of the new ledger, with nothing told of the old one."""
    exposure = services.exposures.exposure(actor, key, ExposureQuestion())
    past = exposure.of_today.dropna().tail(504)
    promised = view.effect.after
    assert promised.volatility == pytest.approx(float(past.std(ddof=1)) * np.sqrt(exposure.periods_per_year), abs=1e-9)
    assert promised.value_at_risk == pytest.approx(-float(np.quantile(past, 0.05)), abs=1e-9)
    again = before_after(exposure, exposure.weights.to_dict(), exposure.weights.to_dict(), (exposure.value, exposure.value), targets=view.targets)
    for name in ("tracking_error", "drift", "expected_shortfall", "effective_number", "largest", "cash_weight"):
        assert getattr(promised, name) == pytest.approx(getattr(again.after, name), abs=1e-6), name


def tax_agrees(services: Services, actor: Actor, key: UUID, view: RebalanceView) -> None:
    gains, rates = services.gains.report(actor, key).rows, Taxes(**RATES)
    mine = gains[gains["closed"] == pd.Timestamp(TODAY)]
    sums = {"short": 0.0, "long": 0.0}
    for opened, gain in zip(mine["opened"], mine["gain"], strict=True):
        sums[term_of(opened.date(), rates, TODAY)] += gain
    assert (view.trade_list.gain_short, view.trade_list.gain_long) == pytest.approx((sums["short"], sums["long"]), abs=1e-6)
    assert view.trade_list.tax == pytest.approx(tax_due(sums["short"], sums["long"], rates), abs=1e-6)
    if view.conventions["cost_method"] == "specific":
        named = {(part.lot_id, round(part.quantity, 6)) for trade in view.trade_list.trades for part in trade.lots}
        assert {(lot, round(count, 6)) for lot, count in zip(mine["lot_id"], mine["quantity"], strict=True)} == named


def test_whole_lots_small_trades_and_new_money(services: Services, actor: Actor) -> None:
    key = world(services, actor)
    view = ask(services, actor, key, new_money=5000, buy_only=True, constraints={"lot": 5, "min_trade": 600})
    assert view.orders[0].draft["kind"] == "DEPOSIT"
    bought = list(view.trade_list.trades)
    assert bought
    assert all(trade.side == "BUY" and trade.quantity % 5 == 0 and trade.amount >= 600 for trade in bought)
    confirmed(services, actor, key, view)
    after = services.valuation.holdings(actor, key)
    assert after.snapshot.totals["value"] == pytest.approx(view.effect.after.value, abs=1e-6)
    assert (after.snapshot.cash["balance"] >= -1e-6).all()


def test_targets_of_sectors_and_the_lots_the_book_takes(services: Services, actor: Actor) -> None:
    key = world(services, actor, cost_method="fifo")
    view = ask(services, actor, key, targets={"Technology": 0.4, "Energy": 0.3, "Finance": 0.3}, by="sector")
    found = {name: after for name, (_, after) in view.effect.groups["sector"].items()}
    assert found == pytest.approx({"Technology": 0.4, "Energy": 0.3, "Finance": 0.3}, abs=2e-3)
    assert [finding.code for finding in view.findings].count("lots_not_chosen") == 1


def test_a_proposal_is_confirmed_in_parts_changed_put_aside_and_taken_back(services: Services, actor: Actor) -> None:
    key = world(services, actor)
    view = ask(services, actor, key, constraints={"lot": 1})
    asked = accept_question({"question": {"targets": {**TARGETS}, "constraints": {"lot": 1}}, "note": "March"})
    made, again = (services.rebalancing.accept(actor, key, asked, services.proposals, idempotency_key="once") for _ in range(2))
    assert made.id == again.id
    count = len(services.transactions.find(actor, key).items)
    part = services.proposals.confirm(actor, key, made.id, made.version, {"lines": [1], "changes": {"1": {"fee": "7.5"}}})
    assert (part.status, part.lines[0].state, part.is_outdated) == ("open", "confirmed", True)
    booked = services.transactions.get(actor, key, part.lines[0].transaction_id or UUID(int=0))
    assert (booked.fee, booked.symbol) == (pytest.approx(7.5), made.lines[0].draft["symbol"])
    with pytest.raises(Conflict, match="confirmed already"):
        services.proposals.confirm(actor, key, made.id, part.version, {"lines": [1]})
    with pytest.raises(Conflict):
        services.proposals.confirm(actor, key, made.id, made.version)
    aside = services.proposals.reject(actor, key, made.id, part.version)
    assert {line.state for line in aside.lines[1:]} == {"skipped"}
    back = services.proposals.undo(actor, key, made.id)
    assert (back.status, back.lines[1].state) == ("open", "open")
    whole = services.proposals.confirm(actor, key, made.id, back.version)
    assert len(services.transactions.find(actor, key).items) == count + len(made.lines)
    undone = services.proposals.undo(actor, key, made.id)
    assert undone.lines[1].state == "open"
    assert len(services.transactions.find(actor, key).items) == count + 1
    assert whole.status == "confirmed"
    assert [each.id for each in services.proposals.find(actor, key).items] == [made.id]
    with pytest.raises(Conflict, match="changed since"):
        services.rebalancing.accept(actor, key, AcceptQuestion(view.orders, None, revision=view.revision), services.proposals)


def test_nothing_is_booked_of_what_the_ledger_refuses(services: Services, actor: Actor) -> None:
    key = world(services, actor, negative_cash="refuse")
    order = {"draft": {"date": str(TODAY), "kind": "BUY", "symbol": "NEW", "quantity": "100000", "price": "100", "account": "A"}}
    made = services.rebalancing.accept(actor, key, accept_question({"orders": [order]}), services.proposals)
    with pytest.raises(NegativeCash):
        services.proposals.confirm(actor, key, made.id, made.version)
    assert services.proposals.get(actor, key, made.id).status == "open"
    with pytest.raises(InvalidTransaction, match="row 2"):
        services.rebalancing.accept(actor, key, accept_question({"orders": [order, {"draft": {"kind": "BUY", "symbol": "NEW"}}]}), services.proposals)


BAD = [({"targets": {"TEC": 0.7, "OIL": 0.7}}, "targets", "not 1"), ({"targets": {}}, "targets", "1 to 500"),
       ({"bring": "all"}, "bring", "not a known"),
       ({"targets": {"TEC": "half"}}, "targets.TEC", "number"), ({"constraints": {"max_wait": 1}}, "constraints.max_wait", "not a known field"),
       ({"constraints": {"max_weight": 3}}, "constraints.max_weight", "0 % to 100 %"),
       ({"taxes": {"short_rate": -1}}, "taxes.short_rate", "0 % to 100 %"),
       ({"constraints": {"groups": [{"by": "region", "key": "Europa"}]}}, "constraints.groups[0].key", "no known region"),
       ({"account": "Z"}, "account", "not an account"), ({"level": 0.2}, "level", "between"),
       ({"new_money": -5, "buy_only": True}, "new_money", "sale"),
       ({"new_money": -10**9}, "new_money", "nothing to put")]


@pytest.fixture
def place(services: Services, actor: Actor) -> UUID:
    return world(services, actor)


def test_bad_questions_are_told_where_they_are_wrong(services: Services, actor: Actor, place: UUID) -> None:
    for wrong, field, reason in BAD:
        with pytest.raises(InvalidInput, match=reason) as caught:
            ask(services, actor, place, **wrong)
        assert caught.value.context["field"] == field
        assert caught.value.context["hint"]


def test_unknown_symbols_and_no_targets(services: Services, actor: Actor, place: UUID) -> None:
    with pytest.raises(UnknownInstrument):
        ask(services, actor, place, targets={"TEX": 1})
    with pytest.raises(InvalidInput, match="neither in the question nor in the portfolio's policy"):
        services.rebalancing.preview(actor, place)


def test_the_file_for_the_broker(services: Services, actor: Actor, place: UUID) -> None:
    view = ask(services, actor, place, constraints={"lot": 1})
    told = services.rebalancing.csv(actor, view.orders).decode().splitlines()
    assert told[0].startswith("number,account,action,symbol,name")
    assert len(told) == len(view.orders) + 1
    assert any(",SELL,TEC,TEC Inc," in line for line in told)


def test_yesterday_and_no_money(services: Services, actor: Actor) -> None:
    key = services.portfolios.create(actor, {"name": "Empty", "base_currency": "USD"}).id
    services.instruments.put(actor, "TEC", {"name": "T", "currency": "USD"})
    services.instruments.put_bars(actor, "TEC", [{"date": str(date(2024, 1, 2)), "close": "10"}])
    with pytest.raises(InvalidInput, match="nothing to put into targets"):
        ask(services, actor, key, targets={"TEC": 1})
    view = ask(services, actor, key, targets={"TEC": 1}, new_money=1000, constraints={"lot": 1})
    assert [order.draft["kind"] for order in view.orders] == ["DEPOSIT", "BUY"]


def test_targets_of_regions_limits_of_groups_and_what_may_be_bought(services: Services, actor: Actor) -> None:
    key = world(services, actor)
    for symbol, country in (("TEC", "US"), ("OIL", "FR"), ("BNK", "DE"), ("NEW", "JP")):
        code = "EUR" if symbol == "OIL" else "USD"
        services.instruments.put(actor, symbol, {"name": symbol, "currency": code, "country": country, "sector": NAMES[symbol]})
    regions = {"North America": 0.3, "Europe": 0.4, "Pacific": 0.3}
    bare = ask(services, actor, key, targets=regions, by="region")
    assert any("Nothing of the region Pacific" in note for note in bare.trade_list.notes)
    at_most = {"groups": [{"by": "country", "key": "fr", "most": 0.1}]}
    view = ask(services, actor, key, targets=regions, by="region", symbols=["NEW"], constraints=at_most)
    after = {name: now for name, (_, now) in view.effect.groups["region"].items()}
    assert after == pytest.approx(regions, abs=2e-3)
    assert view.effect.groups["country"]["FR"][1] <= 0.1 + 1e-9
    services.policies.put(actor, key, None, {"targets_by": "region", "targets": [{"key": name, "weight": weight} for name, weight in regions.items()],
                                             "constraints": {"groups": [{"by": "country", "key": "CH", "least": 0.2}]}})
    told = services.rebalancing.preview(actor, key, rebalance_question({"symbols": ["NEW"]}))
    with pytest.raises(InvalidInput, match="the sector of no known instrument") as caught:
        services.policies.put(actor, key, 1, {"targets_by": "sector", "targets": [{"key": "Tecnology", "weight": 1}]})
    assert (caught.value.context["field"], caught.value.context["hint"]) == ("targets[0].key", "Did you mean Technology?")
    assert [(each.what, each.relaxed) for each in told.conflicts] == [("at least 20.0% in CH", pytest.approx(0.0, abs=1e-6))]
    assert services.policies.get(actor, key).policy.constraints.groups[0].most == 1.0


def test_a_limit_of_the_tracking_error_that_cannot_be_measured_is_refused(services: Services, actor: Actor) -> None:
    key = services.portfolios.create(actor, {"name": "Young", "base_currency": "USD"}).id
    services.instruments.put(actor, "YNG", {"name": "Y", "currency": "USD"})
    services.instruments.put_bars(actor, "YNG", [{"date": str(day), "close": "10"} for day in DAYS[-5:]])
    services.transactions.record(actor, key, [{"date": str(DAYS[-4]), "kind": "DEPOSIT", "amount": "1000", "currency": "USD"}])
    with pytest.raises(InvalidInput, match="cannot be held") as caught:
        ask(services, actor, key, targets={"YNG": 1}, constraints={"max_tracking_error": 0.05})
    assert caught.value.context["field"] == "constraints.max_tracking_error"
    assert ask(services, actor, key, targets={"YNG": 1}).trade_list.trades
