"""Risk of what is held now, against numpy on the same returns; what is short, flat or not there is told and never a wrong number."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from engine.errors import InvalidInput
from engine.risk.var.methods import METHODS
from engine.types import Actor
from services import Services
from services.explain.views import AnalyticsQuestion, ExplainQuestion, Explanation
from services.risk import losses as losses_of
from services.risk.exposures import Exposure
from services.risk.losses import QUICK, losses, tried
from services.risk.relations import relations
from services.risk.uncertainty import uncertainty
from services.risk.views import RiskQuestion

DAYS = pd.bdate_range("2022-01-03", periods=420)
MOVES = np.random.default_rng(8).normal(0.0004, 0.01, (len(DAYS) - 1, 3)).round(6)
Ask = RiskQuestion


def portfolio(services: Services, actor: Actor, days: pd.DatetimeIndex = DAYS, moves: np.ndarray = MOVES) -> UUID:
    """A third of the money in each of two shares that move by themselves and one that follows the first, and some in cash."""
    each = np.column_stack([moves[:, 0], moves[:, 1], 0.8 * moves[:, 0] + 0.3 * moves[:, 2]])
    drafts: list[dict[str, Any]] = [{"date": str(days[0].date()), "kind": "DEPOSIT", "amount": "4000"}]
    for name, returns in zip(("AAA", "BBB", "CCC"), each.T, strict=True):
        services.instruments.put(actor, name, {"name": name.title(), "currency": "USD", "sector": "Energy" if name == "BBB" else "Technology"})
        closes = 100 * np.concatenate([[1.0], np.cumprod(1 + returns)])
        services.instruments.put_bars(actor, name, [{"date": str(day.date()), "close": round(float(close), 8), "volume": 100}
                                                    for day, close in zip(days, closes, strict=True)])
        drafts.append({"date": str(days[0].date()), "kind": "BUY", "symbol": name, "quantity": "10", "price": "100"})
    key = services.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    services.transactions.record(actor, key, drafts)
    return key


@pytest.fixture
def held(services: Services, actor: Actor) -> tuple[UUID, Exposure]:
    key = portfolio(services, actor)
    return key, services.exposures.exposure(actor, key)


def test_losses_add_up_and_the_best_model_is_measured_by(held: tuple[UUID, Exposure]) -> None:
    _, exposure = held
    told = losses(exposure, level=0.95, test=tried(exposure, QUICK, 0.95))
    past = (exposure.returns * exposure.weights).sum(axis=1)
    assert told.now.loc["historical", "value_at_risk"] == pytest.approx(-np.quantile(past, 0.05), rel=1e-9)
    assert told.method == (told.best or "historical")
    assert told.parts["component"].sum() == pytest.approx(told.value_at_risk, rel=1e-6)
    assert told.benefit == pytest.approx(told.parts["standalone"].sum() - told.value_at_risk, rel=1e-6)
    assert told.test is not None
    hits = (past.reindex(told.test.forecasts.index) < -told.test.forecasts["normal"]).sum()
    assert told.test.ranking.loc["normal", "violations"] == hits


def test_a_model_asked_for_is_the_one_measured_by_and_one_unknown_is_refused(held: tuple[UUID, Exposure]) -> None:
    _, exposure = held
    assert losses(exposure, level=0.99, method="gaussian").method == "normal"
    two, one = (losses(exposure, level=0.95, method="historical", horizon=days).value_at_risk for days in (4, 1))
    assert two == pytest.approx(2 * one)
    with pytest.raises(InvalidInput):
        losses(exposure, level=0.95, method="guess")


def test_few_days_have_no_backtest_and_no_score(services: Services, actor: Actor) -> None:
    key = portfolio(services, actor, DAYS[-40:], MOVES[-39:])
    exposure, today = services.risk.today(actor, key)
    told = losses(exposure, level=0.95, test=tried(exposure, QUICK, 0.95))
    assert told.test is None
    assert told.parts.empty
    assert (today.days, today.score.score) == (39, 0)
    assert np.isnan([today.value_at_risk, today.volatility]).all()
    assert services.risk.relations(actor, key).matrix.empty


def test_those_that_move_together_stand_together(held: tuple[UUID, Exposure]) -> None:
    _, exposure = held
    told = relations(exposure)
    names = list(told.matrix.columns)
    assert abs(names.index("AAA") - names.index("CCC")) == 1
    expected = exposure.returns.corr()
    assert told.matrix.loc["AAA", "CCC"] == pytest.approx(expected.loc["AAA", "CCC"])
    assert told.average == pytest.approx(expected.to_numpy()[np.triu_indices(3, 1)].mean())
    last = exposure.returns.tail(63).corr().to_numpy()[np.triu_indices(3, 1)].mean()
    ends = np.flatnonzero(told.over_time.index == exposure.returns.index[-1])
    assert not len(ends) or told.over_time.iloc[ends[0]] == pytest.approx(last)
    shrunk = relations(exposure, shrinkage="identity").matrix.loc["AAA", "CCC"]
    assert 0 < shrunk < expected.loc["AAA", "CCC"]
    with pytest.raises(InvalidInput):
        relations(exposure, method="kendall", shrinkage="identity")


def test_contributions_to_volatility_add_up(services: Services, actor: Actor, held: tuple[UUID, Exposure]) -> None:
    key, exposure = held
    told = services.concentrations.concentration(actor, key)
    weights, covariance = exposure.weights.to_numpy(), exposure.returns.cov().to_numpy() * 252
    assert told.figures["volatility"] == pytest.approx((weights @ covariance @ weights) ** 0.5)
    assert told.risk["contribution"].sum() == pytest.approx(told.figures["volatility"])
    assert told.risk["share"].sum() == pytest.approx(1.0)
    assert told.figures["effective_number_of_assets"] == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert told.exposures["sector"]["weight"].sum() == pytest.approx(1.0)
    assert set(told.exposures["sector"]["key"]) == {"Technology", "Energy", "cash"}
    assert told.gaps == {}


def test_rolling_reaches_back_beyond_the_window(services: Services, actor: Actor, held: tuple[UUID, Exposure]) -> None:
    key, exposure = held
    told = services.risk.rolling(actor, key, Ask(start=DAYS[-30].date(), window=63))
    assert len(told.series) == 29
    assert told.series["volatility"].notna().all()
    assert told.series["volatility"].iloc[-1] == pytest.approx(exposure.realised.tail(63).std() * 252**0.5)
    assert told.series["value_at_risk"].iloc[-1] == pytest.approx(-exposure.realised.tail(63).quantile(0.05))


def explained(services: Services, actor: Actor, key: UUID, figure: str, symbol: str = "", **asked: Any) -> Explanation:
    return services.explain.explain(actor, key, figure, symbol=symbol, question=ExplainQuestion(analytics=AnalyticsQuestion(risk=Ask(**asked))))


def test_a_figure_is_explained_by_what_it_was_measured_on(services: Services, actor: Actor, held: tuple[UUID, Exposure]) -> None:
    key, _ = held
    view = services.risk.risk(actor, key)
    told = explained(services, actor, key, "risk.sharpe_ratio", risk_free=0.02)
    assert told.value == services.risk.risk(actor, key, Ask(risk_free=0.02)).figures["sharpe_ratio"] == pytest.approx(told.reproduced)
    rate = 1.02 ** (1 / 252) - 1
    assert np.allclose([part.value for part in told.inputs[0].parts], view.series["return"].to_numpy()[::-1] - rate)
    assert told.call.endswith("risk?risk_free=0.02")
    with pytest.raises(InvalidInput):
        explained(services, actor, key, "risk.luck")


def test_figures_of_today_of_models_and_of_parts_are_explained_and_worked_out_again(services: Services, actor: Actor,
                                                                                    held: tuple[UUID, Exposure]) -> None:
    key, _ = held
    _, today = services.risk.today(actor, key)
    for name in ("value_at_risk", "expected_shortfall", "volatility", "risk_score"):
        told = explained(services, actor, key, f"risk.today.{name}")
        drawn = METHODS[today.method].simulated and name in {"value_at_risk", "expected_shortfall"}  # words alone
        value = pytest.approx(today.score.score if name == "risk_score" else getattr(today, name))
        assert told.value == value, name
        assert told.reproduced is None if drawn else told.reproduced == value, name
    _, losses_told = services.risk.losses(actor, key)
    for model in losses_told.now.index:
        told = explained(services, actor, key, "risk.var.value_at_risk", str(model))
        assert told.value == losses_told.now.loc[model, "value_at_risk"], model
        assert told.reproduced is None if METHODS[str(model)].simulated else told.reproduced == pytest.approx(told.value), model
    assert losses_told.test is not None
    for name in ("violations", "expected", "kupiec_p_value", "independence_p_value", "conditional_coverage_p_value"):
        told = explained(services, actor, key, f"risk.var.{name}", "normal")
        assert told.value == pytest.approx(losses_told.test.ranking.loc["normal", name], nan_ok=True) == told.reproduced, name
    for name in ("component", "marginal", "incremental", "share"):
        told = explained(services, actor, key, f"risk.part.{name}", "BBB")
        assert told.value == losses_told.parts.loc["BBB", name] == pytest.approx(told.reproduced), name
    whole = services.concentrations.concentration(actor, key)
    for name in ("hhi", "effective_number_of_assets", "diversification_ratio", "top_5", "volatility", "gross_exposure"):
        told = explained(services, actor, key, f"risk.concentration.{name}")
        assert told.value == whole.figures[name] == pytest.approx(told.reproduced), name
    beta = explained(services, actor, key, "risk.concentration.beta", "AAA")
    assert beta.value == whole.risk.set_index("key").loc["AAA", "beta"] == pytest.approx(beta.reproduced)


def test_intervals_hold_the_figures_and_the_sharpe_ratio_is_judged(services: Services, actor: Actor, held: tuple[UUID, Exposure]) -> None:
    key, exposure = held
    told, view = services.risk.uncertainty(actor, key), services.risk.risk(actor, key)
    for name, row in told.figures.drop(index="beta").iterrows():  # no benchmark: no beta
        assert row["estimate"] == pytest.approx(view.figures[str(name)]), name
        assert row["lower"] < row["upper"]
        assert row["standard_error"] > 0
    spread = told.today.loc["volatility"]
    assert spread["lower"] < spread["estimate"] < spread["upper"]
    assert spread["standard_error"] == pytest.approx(spread["estimate"] / np.sqrt(2 * told.observations), rel=0.5)  # of a normal
    assert told.sharpe["probabilistic"] == view.figures["probabilistic_sharpe_ratio"]
    alone = services.risk.uncertainty(actor, key, trials=1)
    assert alone.sharpe["deflated"] == pytest.approx(alone.sharpe["probabilistic"])
    assert told.sharpe["deflated"] < alone.sharpe["deflated"]
    market = exposure.realised.to_numpy()
    beside = uncertainty(replace(exposure, benchmark=exposure.realised * 0.5 + MOVES[:, 1] * 0.01), exposure, Ask())
    assert beside.figures.loc["beta", "lower"] < beside.figures.loc["beta", "estimate"] < beside.figures.loc["beta", "upper"]
    assert beside.figures.loc["beta", "estimate"] == pytest.approx(np.polyfit(market * 0.5 + MOVES[:, 1] * 0.01, market, 1)[0])
    with pytest.raises(InvalidInput):
        services.risk.uncertainty(actor, key, trials=0)


def test_a_record_of_days_has_no_interval_and_says_how_many_are_missing(services: Services, actor: Actor) -> None:
    key = portfolio(services, actor, DAYS[:16], MOVES[:15])
    told = services.risk.uncertainty(actor, key)
    assert told.figures["lower"].isna().all()
    assert told.missing["sharpe_ratio"] == 30 - told.observations == 15


def test_an_empty_portfolio_has_every_figure_as_a_gap(services: Services, actor: Actor) -> None:
    key = services.portfolios.create(actor, {"name": "P", "base_currency": "USD"}).id
    view = services.risk.risk(actor, key)
    assert set(view.gaps) == {name for name, value in view.figures.items() if np.isnan(value)}
    assert {"volatility", "value_at_risk", "max_drawdown"} <= set(view.gaps)
    assert services.risk.distribution(actor, key) is None
    assert services.risk.rolling(actor, key).series.empty
    assert services.concentrations.concentration(actor, key).risk.empty
    assert services.risk.losses(actor, key)[1].parts.empty


def test_the_default_is_sought_among_simulations_too_and_with_garch_once_it_is_in(services: Services, actor: Actor, held: tuple[UUID, Exposure],
                                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    """GARCH of five hundred windows takes seconds: thirty stand for them here."""
    monkeypatch.setattr(losses_of, "backtested", partial(losses_of.backtested, window=120, days=60))
    key, _ = held
    ask = Ask(level=0.9)
    exposure, before = services.risk.losses(actor, key, ask)
    assert before.test is not None
    assert set(before.test.forecasts) == set(METHODS) - {"garch"}
    assert before.test.forecasts[[name for name, method in METHODS.items() if method.simulated]].notna().all().all()
    assert before.best == (before.test.ranking.index[0] if before.test.ranking["passed"].iloc[0] else None)
    _, after = services.risk.losses(actor, key, ask, every=True)
    assert after.test is not None
    assert set(after.test.forecasts) == set(METHODS)
    pd.testing.assert_frame_equal(after.test.forecasts[before.test.forecasts.columns], before.test.forecasts)
    assert services.risk.losses(actor, key, ask)[1] is after, "what was tried counts from then on"
    assert services.risk.today(actor, key, ask)[1].method == after.method
    moved = replace(exposure, holdings=exposure.holdings.assign(weight=exposure.weights + 0.01))
    monkeypatch.setattr(services.exposures, "exposure", lambda *_: moved)
    _, later = services.risk.losses(actor, key, ask)
    assert later.test is after.test, "a quote does not change which model is best"
    assert later.value_at_risk != after.value_at_risk, "but how much it says can be lost"


def test_every_cell_is_explained_by_a_formula_that_gives_it_again(services: Services, actor: Actor, held: tuple[UUID, Exposure]) -> None:
    key, exposure = held

    def told(figure: str, symbol: str) -> Explanation:
        return services.explain.explain(actor, key, figure, symbol=symbol, question=ExplainQuestion(analytics=AnalyticsQuestion()))

    fall = services.risk.risk(actor, key).drawdowns.iloc[0]
    depth, pair = told("risk.drawdown.drawdown", str(fall["peak"])[:10]), told("risk.correlation.pearson", "AAA CCC")
    assert depth.reproduced == pytest.approx(fall["drawdown"])
    assert depth.value == pytest.approx(fall["drawdown"])
    assert pair.reproduced == pytest.approx(exposure.returns["AAA"].corr(exposure.returns["CCC"]))
    assert told("risk.correlation.spearman", "AAA CCC").reproduced == pytest.approx(exposure.returns["AAA"].corr(exposure.returns["CCC"], "spearman"))
    scenario = next(each for each in services.stress.stress(actor, key).scenarios if each.loss)
    whole = told("stress.pnl", f"s.{scenario.scenario.key}")
    assert (whole.value, whole.reproduced) == (pytest.approx(-scenario.loss_money), pytest.approx(-scenario.loss_money))
    part = told("stress.holding_pnl", f"s.{scenario.scenario.key}/AAA")
    assert part.reproduced == pytest.approx(part.value)
    group = told("risk.concentration.group_weight", "sector/Technology")
    assert group.reproduced == pytest.approx(exposure.weights["AAA"] + exposure.weights["CCC"])
    bound, score = told("risk.certainty.lower", "volatility"), told("risk.score", "volatility")
    assert bound.value == pytest.approx(services.risk.uncertainty(actor, key).figures.loc["volatility", "lower"])
    assert score.value == pytest.approx(services.risk.today(actor, key)[1].score.components["volatility"])
    with pytest.raises(InvalidInput):
        told("stress.pnl", "e.never")
    with pytest.raises(InvalidInput):
        told("risk.correlation.pearson", "AAA ZZZ")
