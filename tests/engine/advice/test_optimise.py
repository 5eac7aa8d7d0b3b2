"""Optimisers against skfolio called directly, other libraries, closed forms, and what must hold for any answer."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.advice.optimise import Optimised, Task, frontier, optimise
from engine.advice.optimise_limits import GroupLimit, Limits
from engine.advice.optimise_models import COVARIANCES, MODELS
from engine.advice.view_words import views_of
from engine.errors import InsufficientHistory, InvalidInput
from tests.golden.optimised import PEERS, SYMBOLS

pytestmark = [pytest.mark.filterwarnings("ignore")]  # the solver's remarks on accuracy: what it found is held against closed forms here
PLAIN: dict[str, Any] = {"covariance": "empirical"}
QUICK = [name for name in MODELS if name not in {"cvar_robust", "nco"}]


@cache
def shares() -> pd.DataFrame:
    from skfolio.datasets import load_sp500_dataset  # noqa: PLC0415 - seconds of every collection

    returns: pd.DataFrame = load_sp500_dataset().pct_change().dropna().tail(504)
    return returns[[*SYMBOLS]]


@cache
def few() -> pd.DataFrame:
    return shares()[["AAPL", "JNJ", "XOM", "JPM", "KO", "GE"]].tail(252)


def weights(found: Optimised) -> np.ndarray:
    assert found.point is not None
    return np.array([*found.point.weights.values()])


def now(returns: pd.DataFrame) -> dict[str, float]:
    return {str(symbol): 1 / len(returns.columns) for symbol in returns.columns}


def solved(returns: pd.DataFrame, task: Task, **more: Any) -> Optimised:
    return optimise(returns, task, now(returns), **more)


@pytest.mark.parametrize(("name", "task", "near"), [
    ("pypfopt_min_volatility", Task(**PLAIN), 1e-4), ("riskfolio_min_variance", Task(**PLAIN), 1e-4),
    ("pypfopt_max_sharpe_20", Task(objective="maximise_ratio", limits=Limits(max_weight=0.2), **PLAIN), 1e-4),
    ("pypfopt_efficient_return_25", Task(limits=Limits(min_return=0.25), **PLAIN), 1e-4),
    ("pypfopt_min_cvar", Task(measure="cvar", **PLAIN), 1e-4), ("riskfolio_min_cvar", Task(measure="cvar", **PLAIN), 1e-4),
    ("riskfolio_risk_parity", Task(model="risk_parity", **PLAIN), 1e-4), ("riskfolio_min_mdd", Task(measure="max_drawdown", **PLAIN), 1e-4),
])
def test_weights_are_those_of_other_libraries(name: str, task: Task, near: float) -> None:
    assert weights(solved(shares(), task)) == pytest.approx(np.array(PEERS[name]), abs=near)


def test_minimum_variance_has_its_closed_form() -> None:
    """Where no bound binds: the inverse of the covariance times ones, scaled."""
    chance = np.random.default_rng(7)
    returns = pd.DataFrame(chance.normal(0, [0.01, 0.012, 0.015, 0.02], (300, 4)), columns=list("ABCD"))
    inverse = np.linalg.inv(np.cov(returns.to_numpy(), rowvar=False)) @ np.ones(4)
    assert weights(solved(returns, Task(model="minimum_variance", **PLAIN))) == pytest.approx(inverse / inverse.sum(), abs=1e-5)


def test_minimum_variance_meets_its_conditions_where_bounds_bind() -> None:
    """Karush, Kuhn and Tucker: equal marginal variance where a weight is inside, no lower where it is 0, no higher where it is at its most."""
    found = weights(solved(shares(), Task(limits=Limits(max_weight=0.2), **PLAIN)))
    marginal = shares().cov().to_numpy() @ found * 252
    inside = (found > 1e-4) & (found < 0.2 - 1e-4)
    level = float(marginal[inside].mean())
    assert marginal[inside] == pytest.approx(np.full(inside.sum(), level), abs=1e-5)
    assert (marginal[found <= 1e-4] >= level - 1e-5).all()
    assert (marginal[found >= 0.2 - 1e-4] <= level + 1e-5).all()
    assert found.sum() == pytest.approx(1)


def test_risk_parity_and_budgets_share_the_risk_out_as_asked() -> None:
    even = solved(few(), Task(model="risk_parity"))
    assert [*even.contributions.values()] == pytest.approx([1 / 6] * 6, abs=1e-4)
    asked = {"AAPL": 0.3, "JNJ": 0.1, "XOM": 0.2, "JPM": 0.1, "KO": 0.1, "GE": 0.2}
    budgeted = solved(few(), Task(model="risk_budgeting", budgets=asked))
    assert budgeted.contributions == pytest.approx(asked, abs=1e-4)
    two = few()[["AAPL", "KO"]]
    spread = two.std().to_numpy()
    assert weights(solved(two, Task(model="risk_parity", **PLAIN))) == pytest.approx((1 / spread) / (1 / spread).sum(), abs=1e-4)


def test_what_is_asked_is_what_skfolio_is_asked() -> None:
    from skfolio import RiskMeasure  # noqa: PLC0415
    from skfolio.moments import LedoitWolf  # noqa: PLC0415
    from skfolio.optimization import (  # noqa: PLC0415
        HierarchicalEqualRiskContribution,
        HierarchicalRiskParity,
        MaximumDiversification,
        MeanRisk,
        ObjectiveFunction,
        RiskBudgeting,
    )
    from skfolio.prior import BlackLitterman, EmpiricalPrior  # noqa: PLC0415

    believed = EmpiricalPrior(covariance_estimator=LedoitWolf())
    bounds = GroupLimit("sector Bold", ("AAPL", "GE"), 0.3, 0.4)
    direct = {
        Task(model="herc"): HierarchicalEqualRiskContribution(risk_measure=RiskMeasure.VARIANCE, prior_estimator=believed),
        Task(model="risk_parity", measure="cvar"): RiskBudgeting(risk_measure=RiskMeasure.CVAR, prior_estimator=believed),
        Task(measure="cvar", limits=Limits(0.05, 0.5, (), (bounds,))): MeanRisk(
            risk_measure=RiskMeasure.CVAR, min_weights=0.05, max_weights=0.5,
            groups=[["bold" if name in bounds.members else "calm" for name in few()]], linear_constraints=["bold >= 0.3", "bold <= 0.4"],
            prior_estimator=believed),
        Task(measure="semi_variance", objective="maximise_ratio", risk_free=0.0252): MeanRisk(
            risk_measure=RiskMeasure.SEMI_VARIANCE, objective_function=ObjectiveFunction.MAXIMIZE_RATIO, risk_free_rate=0.0001,
            prior_estimator=believed),
        Task(model="hrp", measure="cdar"): HierarchicalRiskParity(risk_measure=RiskMeasure.CDAR, prior_estimator=believed),
        Task(model="maximum_diversification", limits=Limits(max_weight=0.3)): MaximumDiversification(max_weights=0.3, prior_estimator=believed),
        Task(model="black_litterman", objective="maximise_utility", risk_aversion=3,
             views=views_of(["AAPL outperforms KO by 5 %", "XOM returns 12 % (80 %)"], [*few().columns])): MeanRisk(
            objective_function=ObjectiveFunction.MAXIMIZE_UTILITY, risk_aversion=3,
            prior_estimator=BlackLitterman(["AAPL - KO = 0.00019841269841269841", "XOM = 0.00047619047619047619"], view_confidences=[0.5, 0.8],
                                           prior_estimator=EmpiricalPrior(mu_estimator=_equilibrium(), covariance_estimator=LedoitWolf()))),
    }
    for task, model in direct.items():
        assert weights(solved(few(), task)) == pytest.approx(model.fit(few()).weights_, abs=1e-4), task.model


def test_views_move_what_the_market_expects_as_black_and_litterman_wrote_it() -> None:
    """The posterior by its closed form (He and Litterman 1999, Idzorek 2005): tau 0.05, the uncertainty of a view by how sure one is of it."""
    covariance, tau, sure = few().cov().to_numpy(), 0.05, np.array([0.5, 0.8])
    even = np.full(6, 1 / 6)
    picks = np.zeros((2, 6))
    picks[0, [*few().columns].index("AAPL")], picks[0, [*few().columns].index("KO")], picks[1, [*few().columns].index("XOM")] = 1, -1, 1
    prior, told = covariance @ even, np.array([0.05, 0.12]) / 252
    doubt = np.diag(np.diag(tau * picks @ covariance @ picks.T) * (1 - sure) / sure)
    gain = tau * covariance @ picks.T @ np.linalg.inv(tau * picks @ covariance @ picks.T + doubt)
    posterior = prior + gain @ (told - picks @ prior)
    views = views_of(["AAPL outperforms KO by 5 %", "XOM returns 12 % (80 %)"], [*few().columns])
    found = solved(few(), Task(model="black_litterman", views=views, **PLAIN))
    assert found.present.expected_return == pytest.approx(float(even @ posterior) * 252, rel=1e-6)
    assert found.point is not None
    assert found.point.expected_return == pytest.approx(float(weights(found) @ posterior) * 252, rel=1e-6)


def _equilibrium() -> Any:
    from skfolio.moments import EquilibriumMu  # noqa: PLC0415

    return EquilibriumMu()


@pytest.mark.parametrize("model", QUICK)
def test_every_model_gives_weights_that_sum_to_one(model: str) -> None:
    task = Task(model=model, views=views_of(["AAPL outperforms GE by 3 %"], [*few().columns]) if model == "black_litterman" else (),
                budgets=dict.fromkeys(few().columns, 1.0) if model == "risk_budgeting" else None)
    found = solved(few(), task)
    assert weights(found).sum() == pytest.approx(1, abs=1e-6)
    assert weights(found).min() >= 0
    assert sum(found.contributions.values()) == pytest.approx(1)


def test_every_covariance_is_an_estimate_of_the_same_thing() -> None:
    benchmark = few().mean(axis=1)
    risks = {name: solved(few(), Task(covariance=name), benchmark=benchmark).present.risk for name in COVARIANCES if name != "graphical_lasso"}
    plain = float((few().mean(axis=1)).std() * np.sqrt(252))
    assert risks["empirical"] == pytest.approx(plain, rel=1e-9)
    assert all(0.6 * plain < risk < 1.4 * plain for risk in risks.values()), risks


def test_constraints_hold() -> None:
    groups = (GroupLimit("sector Health", ("JNJ", "LLY", "PFE", "MRK", "UNH"), 0.1, 0.3),
              GroupLimit("sector Energy", ("XOM", "CVX", "RRC"), 0.2, 1.0))
    for objective in ("minimise_risk", "maximise_ratio", "maximise_utility"):
        found = solved(shares(), Task(objective=objective, limits=Limits(0.0, 0.25, ("KO",), groups, max_turnover=0.3)))
        told = found.point.weights if found.point else {}
        assert max(told.values()) <= 0.25 + 1e-6
        assert told["KO"] == 0
        assert 0.1 - 1e-6 <= sum(told[symbol] for symbol in groups[0].members) <= 0.3 + 1e-6
        assert sum(told[symbol] for symbol in groups[1].members) >= 0.2 - 1e-6
        assert sum(abs(told[symbol] - 0.05) for symbol in SYMBOLS) / 2 <= 0.3 + 1e-6
    benchmark = shares().mean(axis=1)
    near = weights(solved(shares(), Task(limits=Limits(max_tracking_error=0.03)), benchmark=benchmark))
    gap = shares().to_numpy() @ near - benchmark
    assert np.sqrt(float((gap**2).sum()) / 503 * 252) == pytest.approx(0.03, abs=1e-4)  # about nothing, as skfolio has it


def test_costs_keep_weights_where_they_are() -> None:
    free, dear = (weights(solved(few(), Task(objective="maximise_utility", transaction_cost=cost))) for cost in (0.0, 5.0))
    assert np.abs(dear - 1 / 6).sum() < 0.5 * np.abs(free - 1 / 6).sum()


def test_the_frontier_rises_and_lies_above_the_present_portfolio() -> None:
    steps: list[tuple[str, int, int]] = []
    line = frontier(shares(), Task(**PLAIN), now(shares()), size=12, tell=lambda *step: steps.append(step))
    risks, returns = ([getattr(point, name) for point in line.points] for name in ("risk", "expected_return"))
    assert len(line.points) == 12
    assert (np.diff(risks) > 0).all()
    assert (np.diff(returns) > 0).all()
    assert line.points[0].risk == pytest.approx(solved(shares(), Task(**PLAIN)).point.risk, rel=1e-6)  # type: ignore[union-attr]
    assert np.interp(line.present.expected_return, returns, risks) < line.present.risk
    assert line.points[line.best].ratio == max(point.ratio for point in line.points)
    assert [step[1] for step in steps] == sorted(step[1] for step in steps)
    assert len(steps) >= 4


def test_a_frontier_is_stopped_between_its_points() -> None:
    class Enough(Exception):  # noqa: N818
        pass

    def tell(_phase: str, done: int, _total: int) -> None:
        if done > 1:
            raise Enough

    with pytest.raises(Enough):
        frontier(few(), Task(), now(few()), size=12, tell=tell)


def test_contradictions_are_named_with_the_least_that_mends_them() -> None:
    few_at_most = solved(shares(), Task(limits=Limits(max_weight=0.04)))
    assert few_at_most.point is None
    assert [(each.name, each.relaxed) for each in few_at_most.conflicts] == [("max_weight", pytest.approx(0.05))]
    tech = GroupLimit("sector Technology", ("AAPL", "AMD", "MSFT"), 0.7)
    two = {each.name: each for each in solved(shares(), Task(limits=Limits(max_weight=0.2, groups=(tech,)))).conflicts}
    assert two["max_weight"].relaxed == pytest.approx(0.7 / 3, abs=1e-6)
    assert two["groups"].relaxed == pytest.approx(0.6, abs=1e-6)
    assert solved(shares(), Task(limits=Limits(max_weight=0.7 / 3 + 1e-6, groups=(tech,)))).point
    close = solved(shares(), Task(limits=Limits(max_tracking_error=0.02, groups=(tech,))), benchmark=shares().mean(axis=1))
    assert {each.name for each in close.conflicts} == {"max_tracking_error", "groups"}
    least = next(each.relaxed for each in close.conflicts if each.name == "max_tracking_error")
    mended = Limits(max_tracking_error=least * 1.01, groups=(tech,))
    assert solved(shares(), Task(limits=mended), benchmark=shares().mean(axis=1)).point


@pytest.mark.parametrize(("task", "field"), [
    (Task(model="mean_risc"), "model"), (Task(measure="var"), "measure"), (Task(covariance="magic"), "covariance"),
    (Task(expected="hope"), "expected"), (Task(objective="win"), "objective"), (Task(model="black_litterman"), "views"),
    (Task(model="hrp", limits=Limits(max_turnover=0.1)), "max_turnover"), (Task(limits=Limits(0.5, 0.2)), "max_weight"),
    (Task(covariance="factor"), "covariance"), (Task(limits=Limits(max_tracking_error=0.1)), "max_tracking_error"),
    (Task(model="risk_budgeting", budgets={"AAPL": 1.0}), "budgets"), (Task(model="risk_budgeting", budgets={"ZZZ": 1.0}), "budgets")])
def test_bad_tasks_are_told_where_they_are_wrong(task: Task, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        solved(few(), task)
    assert caught.value.context["field"] == field
    assert caught.value.context["hint"]


def test_too_short_a_history_is_no_history() -> None:
    with pytest.raises(InsufficientHistory, match="60"):
        solved(few().tail(30), Task())


@pytest.mark.parametrize(("text", "told"), [
    ("AAPL outperforms MSFT by 2 %", ("AAPL", "MSFT", 0.02, 0.5)), ("aapl beats msft by 2%", ("AAPL", "MSFT", 0.02, 0.5)),
    ("AAPL underperforms MSFT by 1,5 % (80 %)", ("AAPL", "MSFT", -0.015, 0.8)), ("BRK.B returns 5 % a year", ("BRK.B", None, 0.05, 0.5)),
    ("MSFT = 5 %, confidence 0.3", ("MSFT", None, 0.05, 0.3)), ("MSFT loses 4 percent with confidence of 60 %", ("MSFT", None, -0.04, 0.6)),
    ("MSFT returns -3 %", ("MSFT", None, -0.03, 0.5))])
def test_views_in_plain_words(text: str, told: tuple[Any, ...]) -> None:
    view = views_of([text], ["AAPL", "MSFT", "BRK.B"])[0]
    assert (view.symbol, view.other, view.size, view.confidence) == pytest.approx(told)


@pytest.mark.parametrize(("text", "reason"), [
    ("AAPL will do well", "no verb"), ("AAPL outperforms MSFT", "by how much"), ("AAPL outperforms MSFT by a lot", "percentage"), ("", "no verb"),
    ("APPL returns 5 %", "not among"), ("AAPL outperforms AAPL by 2 %", "itself"), ("AAPL returns 900 %", "more than 500%"),
    ("AAPL returns 5 % (0 %)", "confidence"), ("x" * 300, "longer"), ("AAPL returns " + "9" * 150, "")])
def test_what_is_no_view_is_told_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as caught:
        views_of(["MSFT returns 1 %", text], ["AAPL", "MSFT"])
    assert caught.value.context["row"] == 2
    assert caught.value.context["position"] >= 0
