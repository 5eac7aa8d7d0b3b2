"""The optimisers that can be asked for, and how each is built of skfolio's parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.advice.view_words import View

__all__ = ["COVARIANCES", "EXPECTED", "MEASURES", "MODELS", "OBJECTIVES", "Model", "Setup"]

Floats = NDArray[np.float64]
MEASURES: Final = (
    "variance", "standard_deviation", "semi_variance", "semi_deviation", "mean_absolute_deviation", "first_lower_partial_moment", "cvar", "evar",
    "worst_realization", "cdar", "edar", "max_drawdown", "average_drawdown", "ulcer_index", "gini_mean_difference",
)  # fmt: skip
OF_BUDGETS: Final = tuple(name for name in MEASURES if name not in {"worst_realization", "average_drawdown"})  # whose budgets the solver finds
OBJECTIVES: Final = ("minimise_risk", "maximise_return", "maximise_utility", "maximise_ratio")
EXPECTED: Final = ("empirical", "ew", "shrunk", "equilibrium")
COVARIANCES: Final = ("ledoit_wolf", "empirical", "oas", "shrunk", "denoise", "ew", "gerber", "graphical_lasso", "factor")
WEIGHTS: Final = ("min_weight", "max_weight")
EXACT: Final[Mapping[str, float]] = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11}  # of the solver: a day's variance is a ten-thousandth
LINEAR: Final = (*WEIGHTS, "groups", "max_turnover", "min_return", "transaction_cost", "management_fee")


@dataclass(frozen=True, slots=True)
class Model:
    """One optimiser."""

    name: str
    label: str
    meaning: str
    measures: tuple[str, ...]
    objectives: tuple[str, ...]
    constraints: tuple[str, ...]


def _model(name: str, label: str, meaning: str, measures: tuple[str, ...] = (), objectives: tuple[str, ...] = (),
           constraints: tuple[str, ...] = ()) -> Model:
    return Model(name, label, meaning, measures, objectives, constraints)


MODELS: Final[Mapping[str, Model]] = {
    model.name: model
    for model in (
        _model("mean_risk", "Mean and risk", "The best return for a risk, or the least risk, by any measure.", MEASURES, OBJECTIVES,
               (*LINEAR, "max_tracking_error", "views")),
        _model("minimum_variance", "Minimum variance", "The portfolio that varies the least.", (), (), (*LINEAR, "max_tracking_error", "views")),
        _model("black_litterman", "Black-Litterman", "What the market expects, moved by one's own views as far as one is sure of them.", MEASURES,
               OBJECTIVES, (*LINEAR, "max_tracking_error", "views")),
        _model("robust", "Robust mean and risk", "Mean and risk where the expected returns are only known to lie in a region.", MEASURES, OBJECTIVES,
               (*LINEAR, "max_tracking_error")),
        _model("risk_parity", "Risk parity", "Every holding adds the same to the risk.", OF_BUDGETS, (), (*LINEAR, "views")),
        _model("risk_budgeting", "Risk budgeting", "Every holding adds to the risk what its budget says.", OF_BUDGETS, (),
               (*LINEAR, "budgets", "views")),
        _model("maximum_diversification", "Maximum diversification", "The highest ratio of mean volatility to volatility of the whole.", (), (),
               (*LINEAR, "max_tracking_error", "views")),
        _model("hrp", "Hierarchical risk parity", "Risk shared out along the tree of what moves together.", MEASURES, (), (*WEIGHTS, "views")),
        _model("herc", "Hierarchical equal risk contribution", "Risk shared out evenly between clusters, then within them.", MEASURES, (),
               (*WEIGHTS, "views")),
        _model("nco", "Nested clusters", "Minimum variance within clusters, then risk parity among them.", (), (), ()),
        _model("cvar_robust", "Robust to other histories", "The mean loss in the worst 5 %, over every history near the one that was.", (), (),
               (*WEIGHTS, "groups")),
        _model("inverse_volatility", "Inverse volatility", "Weights that fall with volatility.", (), (), ()),
        _model("equal_weight", "Equal weights", "One over N: what every optimiser has to beat.", (), (), ()),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that an optimiser is built with; returns and costs of one period, columns by their places."""

    model: str
    measure: str = "variance"
    objective: str = "minimise_risk"
    expected: str = "empirical"
    covariance: str = "ledoit_wolf"
    views: tuple[View, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)  # symbol -> column
    periods: float = 252.0
    risk_aversion: float = 1.0
    risk_free: float = 0.0  # of a period
    budgets: Floats | None = None
    least: Floats | None = None
    most: Floats | None = None
    left: Floats | None = None  # rows of left @ weights <= right
    right: Floats | None = None
    present: Floats | None = None
    max_turnover: float | None = None  # half of the sum of changes
    transaction_cost: float = 0.0  # of a period
    management_fee: float = 0.0  # of a period
    min_return: float | list[float] | None = None  # of a period
    max_tracking_error: float | None = None  # of a period
    exact: bool = True  # whether the solver goes on until the twelfth digit


def built(setup: Setup) -> Any:  # noqa: ANN401 - an estimator of skfolio
    """Build the estimator of a setup."""
    return _BUILDERS[setup.model](setup)


def prior_of(setup: Setup) -> Any:  # noqa: ANN401 - likewise
    """Build what the estimator believes of the returns."""
    from skfolio import moments, prior  # noqa: PLC0415  # seconds of every start

    covariances: dict[str, Callable[[], Any]] = {
        "empirical": moments.EmpiricalCovariance, "ledoit_wolf": moments.LedoitWolf, "oas": moments.OAS, "shrunk": moments.ShrunkCovariance,
        "denoise": moments.DenoiseCovariance, "ew": moments.EWCovariance, "gerber": moments.GerberCovariance,
        "graphical_lasso": moments.GraphicalLassoCV, "factor": moments.LedoitWolf,
    }  # fmt: skip
    means: dict[str, Callable[[], Any]] = {"empirical": moments.EmpiricalMu, "ew": moments.EWMu, "shrunk": moments.ShrunkMu,
                                           "equilibrium": moments.EquilibriumMu}
    expected = "equilibrium" if setup.views else setup.expected
    found = prior.EmpiricalPrior(mu_estimator=means[expected](), covariance_estimator=covariances[setup.covariance]())
    if setup.covariance == "factor":
        found = prior.TimeSeriesFactorModel(factor_prior_estimator=found).set_fit_request(factors=True)
    if not setup.views:
        return found
    return prior.BlackLitterman(views=[view.equation(setup.names, setup.periods) for view in setup.views], prior_estimator=found,
                                view_confidences=[view.confidence for view in setup.views], risk_free_rate=setup.risk_free)


def measure_of(name: str) -> Any:  # noqa: ANN401 - a measure of skfolio
    """Give skfolio's word for a measure."""
    from skfolio import RiskMeasure  # noqa: PLC0415  # seconds of every start

    return RiskMeasure[name.upper()]


def _bounds(setup: Setup) -> dict[str, Any]:
    return {"prior_estimator": prior_of(setup), "min_weights": 0.0 if setup.least is None else setup.least,
            "max_weights": 1.0 if setup.most is None else setup.most}


def _charges(setup: Setup) -> dict[str, Any]:
    return {"transaction_costs": setup.transaction_cost, "management_fees": setup.management_fee, "previous_weights": setup.present}


def _convex(setup: Setup) -> dict[str, Any]:
    told: dict[str, Any] = {**_bounds(setup), **_charges(setup), "risk_free_rate": setup.risk_free}
    if setup.exact:
        told["solver_params"] = dict(EXACT)
    if setup.left is not None and len(setup.left):
        told |= {"left_inequality": setup.left, "right_inequality": setup.right}
    if setup.min_return is not None:
        told["min_return"] = setup.min_return
    if setup.max_turnover is not None:
        told["add_constraints"] = _turnover(setup)
    return told


def _turnover(setup: Setup) -> Callable[[Any], Any]:
    """Hold the turnover of the whole; the sum of weights is what they are scaled by where a ratio is sought."""
    import cvxpy  # noqa: PLC0415  # seconds of every start

    atoms: Any = cvxpy
    present, most = setup.present, 2 * (setup.max_turnover or 0.0)

    def held(w: Any) -> Any:  # noqa: ANN401 - expressions of cvxpy
        return atoms.norm1(w - present * atoms.sum(w)) <= most * atoms.sum(w)

    return held


def _mean_risk(setup: Setup, **more: Any) -> Any:  # noqa: ANN401
    from skfolio.optimization import MeanRisk, ObjectiveFunction  # noqa: PLC0415  # seconds of every start

    words = {"minimise_risk": "MINIMIZE_RISK", "maximise_return": "MAXIMIZE_RETURN", "maximise_utility": "MAXIMIZE_UTILITY",
             "maximise_ratio": "MAXIMIZE_RATIO"}
    if setup.max_tracking_error is not None:
        more["max_tracking_error"] = setup.max_tracking_error
    measure = "standard_deviation" if setup.objective == "maximise_ratio" and setup.measure == "variance" else setup.measure  # Sharpe's ratio
    return MeanRisk(objective_function=ObjectiveFunction[words[setup.objective]], risk_measure=measure_of(measure),
                    risk_aversion=setup.risk_aversion, **_convex(setup), **more)


def _robust(setup: Setup) -> Any:  # noqa: ANN401
    from skfolio.uncertainty_set import EmpiricalMuUncertaintySet  # noqa: PLC0415  # seconds of every start

    return _mean_risk(setup, mu_uncertainty_set_estimator=EmpiricalMuUncertaintySet(prior_estimator=prior_of(setup)))


def _minimum_variance(setup: Setup) -> Any:  # noqa: ANN401
    from dataclasses import replace  # noqa: PLC0415 - beside its only use

    return _mean_risk(replace(setup, measure="variance", objective="minimise_risk"))


def _budgets(setup: Setup) -> Any:  # noqa: ANN401
    from skfolio.optimization import RiskBudgeting  # noqa: PLC0415  # seconds of every start

    return RiskBudgeting(risk_measure=measure_of(setup.measure), risk_budget=setup.budgets, **_convex(setup))


def _diversified(setup: Setup) -> Any:  # noqa: ANN401
    from skfolio.optimization import MaximumDiversification  # noqa: PLC0415  # seconds of every start

    told = _convex(setup)
    if setup.max_tracking_error is not None:
        told["max_tracking_error"] = setup.max_tracking_error
    return MaximumDiversification(**told)


def _hierarchical(setup: Setup) -> Any:  # noqa: ANN401
    from skfolio.optimization import HierarchicalEqualRiskContribution, HierarchicalRiskParity  # noqa: PLC0415  # seconds of every start

    kind = HierarchicalRiskParity if setup.model == "hrp" else HierarchicalEqualRiskContribution
    return kind(risk_measure=measure_of(setup.measure), **_bounds(setup))


def _nested(setup: Setup) -> Any:  # noqa: ANN401
    from skfolio.optimization import MeanRisk, NestedClustersOptimization, RiskBudgeting  # noqa: PLC0415  # seconds of every start

    return NestedClustersOptimization(inner_estimator=MeanRisk(prior_estimator=prior_of(setup)), outer_estimator=RiskBudgeting(), n_jobs=1)


def _distributionally_robust(setup: Setup) -> Any:  # noqa: ANN401
    from skfolio.optimization import DistributionallyRobustCVaR  # noqa: PLC0415  # seconds of every start

    told = _bounds(setup)
    if setup.left is not None and len(setup.left):
        told |= {"left_inequality": setup.left, "right_inequality": setup.right}
    return DistributionallyRobustCVaR(risk_aversion=setup.risk_aversion, wasserstein_ball_radius=0.001, **told)


def _plain(setup: Setup) -> Any:  # noqa: ANN401
    from skfolio.optimization import EqualWeighted, InverseVolatility  # noqa: PLC0415  # seconds of every start

    return EqualWeighted() if setup.model == "equal_weight" else InverseVolatility(prior_estimator=prior_of(setup))


_BUILDERS: Final[Mapping[str, Callable[[Setup], Any]]] = {
    "mean_risk": _mean_risk, "minimum_variance": _minimum_variance, "black_litterman": _mean_risk, "robust": _robust, "risk_parity": _budgets,
    "risk_budgeting": _budgets, "maximum_diversification": _diversified, "hrp": _hierarchical, "herc": _hierarchical, "nco": _nested,
    "cvar_robust": _distributionally_robust, "inverse_volatility": _plain, "equal_weight": _plain,
}  # fmt: skip
