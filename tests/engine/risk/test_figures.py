"""What every figure of one series keeps: kinds, columns at once, scaling, shifting, permuting, and input with little in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import engine
from engine.errors import PortfolioError
from engine.risk.sample import Sample

pytestmark = pytest.mark.filterwarnings("error")
CHANCE = np.random.default_rng(3)
MANY = CHANCE.standard_t(4, (300, 40)) * 0.01 + 0.0005

# How a figure follows when every return is multiplied: by which power of the factor; None where it does not follow by one.
POWERS: dict[str, float | None] = {
    "anderson": 0, "anderson_p_value": 0, "autocorrelation": 0, "autocorrelation_adjusted_sharpe_ratio": 0, "downside_deviation": 1,
    "downside_frequency": 0, "downside_potential": 1, "even_moment": 4, "exposure": 0, "hill_tail_index": 0,
    "gini_mean_difference": 1, "higher_partial_moment": 2,
    "hurst_exponent": 0, "jarque_bera": 0, "jarque_bera_p_value": 0, "kurtosis": 0, "kurtosis_root": 2, "l_kurtosis": 0, "l_moment": 1,
    "l_skewness": 0, "ljung_box": 0, "ljung_box_p_value": 0, "lower_partial_moment": 2, "mean_absolute_deviation": 1,
    "minimum_track_record_length": 0, "probabilistic_sharpe_ratio": 0, "semideviation": 1, "semikurtosis_root": 2, "semivariance": 2,
    "shapiro": 0, "shapiro_p_value": 0, "sharpe_standard_error": 0, "skewness": 0, "skewness_kurtosis_ratio": 0, "smoothing_index": 0,
    "tail_gini": 1, "time_in_market": 0, "upside_deviation": 1, "upside_frequency": 0, "upside_potential": 1, "variability_skewness": 0,
    "variance": 2, "volatility": 1, "volatility_skewness": 0, "return_range": 1, "value_at_risk_range": 1, "expected_shortfall_range": 1,
    "tail_gini_range": 1, "entropic_value_at_risk_range": 1, "relativistic_value_at_risk_range": 1,
}  # fmt: skip
OF_ORDER = {"autocorrelation", "autocorrelation_adjusted_sharpe_ratio", "hurst_exponent", "ljung_box", "ljung_box_p_value", "smoothing_index"}
UNMOVED_BY_A_SHIFT = {
    "anderson", "anderson_p_value", "autocorrelation", "even_moment", "gini_mean_difference", "hurst_exponent", "jarque_bera", "jarque_bera_p_value",
    "kurtosis", "kurtosis_root", "l_kurtosis", "l_moment", "l_skewness", "ljung_box", "ljung_box_p_value", "mean_absolute_deviation",
    "semideviation", "semikurtosis_root", "semivariance", "shapiro", "shapiro_p_value", "skewness", "skewness_kurtosis_ratio", "smoothing_index",
    "variance", "volatility", "return_range", "value_at_risk_range", "expected_shortfall_range", "tail_gini_range", "entropic_value_at_risk_range",
    "relativistic_value_at_risk_range",
}  # fmt: skip
EMPTY: dict[str, Any] = {
    "nothing": [], "one": [0.01], "one known": [np.nan, 0.01, np.nan], "all unknown": [np.nan] * 12, "no periods": np.zeros((0, 3)),
    "no series": np.zeros((12, 0)), "unknown columns": np.full((12, 2), np.nan), "empty frame": pd.DataFrame({"A": [], "B": []}, dtype=float),
}  # fmt: skip
OF_A_FLAT_SERIES = {  # what has an answer where every return is the same
    "downside_deviation": 0.0, "downside_frequency": 0.0, "downside_potential": 0.0, "even_moment": 0.0, "gini_mean_difference": 0.0,
    "higher_partial_moment": 0.0001, "kurtosis_root": 0.0, "l_moment": 0.0, "lower_partial_moment": 0.0, "mean_absolute_deviation": 0.0,
    "exposure": 1.0, "time_in_market": 1.0,
    "semideviation": 0.0, "semikurtosis_root": 0.0, "semivariance": 0.0, "tail_gini": -0.01, "upside_deviation": 0.01 * 252**0.5,
    "upside_frequency": 1.0, "upside_potential": 0.01, "variance": 0.0, "volatility": 0.0, "return_range": 0.0, "value_at_risk_range": 0.0,
    "expected_shortfall_range": 0.0, "tail_gini_range": 0.0, "entropic_value_at_risk_range": 0.0, "relativistic_value_at_risk_range": 0.0,
}  # fmt: skip
OF_ONE_RETURN = {  # 0.01: what has an answer there
    "downside_deviation", "downside_frequency", "downside_potential", "even_moment", "higher_partial_moment", "kurtosis_root",
    "lower_partial_moment", "mean_absolute_deviation", "exposure", "time_in_market",
    "semideviation", "semikurtosis_root", "semivariance", "tail_gini", "upside_deviation",
    "upside_frequency", "upside_potential", "return_range", "value_at_risk_range", "expected_shortfall_range", "tail_gini_range",
    "entropic_value_at_risk_range", "relativistic_value_at_risk_range",
}  # fmt: skip


def figure(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(engine, name)
    return found


@pytest.mark.parametrize("name", POWERS)
def test_many_at_once_are_each_alone(name: str) -> None:
    some = MANY[:, :7].copy()
    some[5:40, 2], some[:, 4], some[::3, 5] = np.nan, np.nan, np.nan
    together = figure(name)(pd.DataFrame(some, columns=list("ABCDEFG")))
    assert isinstance(together, pd.Series)
    assert together.name == name
    assert together.index.tolist() == list("ABCDEFG")
    for place, column in enumerate("ABCDEFG"):
        alone = figure(name)(pd.Series(some[:, place]))
        assert isinstance(alone, float)
        assert together[column] == pytest.approx(alone, rel=1e-9, abs=1e-12, nan_ok=True)
    assert isinstance(figure(name)(some), np.ndarray)


@pytest.mark.parametrize(("name", "power"), POWERS.items())
def test_scaled_returns_scale_the_figure(name: str, power: float) -> None:
    plain, scaled = figure(name)(MANY), figure(name)(MANY * 2.5)
    assert scaled == pytest.approx(plain * 2.5**power, rel=1e-9, abs=1e-14, nan_ok=True)
    assert np.isfinite(plain).any()


@pytest.mark.parametrize("name", sorted(UNMOVED_BY_A_SHIFT))
def test_a_constant_added_moves_no_spread(name: str) -> None:
    assert figure(name)(MANY + 0.003) == pytest.approx(figure(name)(MANY), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("name", sorted(set(POWERS) - OF_ORDER))
def test_the_order_of_periods_does_not_count(name: str) -> None:
    assert figure(name)(CHANCE.permutation(MANY)) == pytest.approx(figure(name)(MANY), rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("name", sorted(OF_ORDER))
def test_the_order_of_periods_counts(name: str) -> None:
    assert not np.allclose(figure(name)(CHANCE.permutation(MANY)), figure(name)(MANY), equal_nan=True)


@pytest.mark.parametrize("name", sorted(set(POWERS) - OF_ORDER))
def test_missing_returns_are_left_out(name: str) -> None:
    gaps = MANY[:, 0].copy()
    gaps[CHANCE.choice(300, 60, replace=False)] = np.nan
    assert figure(name)(gaps) == pytest.approx(figure(name)(gaps[~np.isnan(gaps)]), rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", POWERS)
@pytest.mark.parametrize("case", EMPTY)
def test_too_little_is_nan(name: str, case: str) -> None:
    found = np.atleast_1d(np.asarray(figure(name)(EMPTY[case]), dtype=float))
    known = case in {"one", "one known"} and name in OF_ONE_RETURN
    assert np.isfinite(found).all() if known else np.isnan(found).all()


@pytest.mark.parametrize("name", POWERS)
def test_a_flat_series_has_no_shape(name: str) -> None:
    expected = OF_A_FLAT_SERIES.get(name, np.nan)
    assert figure(name)([0.01] * 60) == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert figure(name)(np.full((60, 2), 0.01)).tolist() == pytest.approx([expected] * 2, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", POWERS)
def test_what_is_no_number_is_refused(name: str) -> None:
    with pytest.raises(PortfolioError):
        figure(name)(["a", "b"])


def test_a_sample_is_worked_on_and_left_as_it_was() -> None:
    cells = MANY.copy()
    at = Sample(cells)
    for name in POWERS:
        figure(name)(cells)
    assert (cells == MANY).all()
    assert at.mean == pytest.approx(MANY.mean(axis=0))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("skewness", {"method": "biased"}), ("kurtosis", {"method": ""}), ("even_moment", {"order": 3}), ("even_moment", {"order": 0}),
        ("lower_partial_moment", {"order": -1}), ("l_moment", {"order": 0}), ("tail_gini", {"level": 1.0}), ("tail_gini", {"points": 2}),
        ("downside_deviation", {"denominator": "some"}), ("semivariance", {"denominator": "some"}), ("volatility", {"periods_per_year": 0}),
        ("upside_deviation", {"periods_per_year": -1}), ("autocorrelation", {"lag": -1}), ("ljung_box", {"lags": 0}),
        ("hurst_exponent", {"method": "spectrum"}), ("hurst_exponent", {"smallest": 1}), ("smoothing_index", {"order": 0}),
        ("sharpe_standard_error", {"method": "x"}), ("sharpe_standard_error", {"lags": -1}), ("sharpe_standard_error", {"periods_per_year": 0}),
        ("autocorrelation_adjusted_sharpe_ratio", {"lags": -1}), ("minimum_track_record_length", {"level": 0.0}),
        ("deflated_sharpe_ratio", {}), ("deflated_sharpe_ratio", {"trials": 0.5, "trial_deviation": 1.0}),
        ("deflated_sharpe_ratio", {"trials": 5, "trial_deviation": -1.0}), ("deflated_sharpe_ratio", {"trial_sharpe_ratios": [np.nan]}),
        ("downside_deviation", {"minimum_acceptable_return": [0.1, 0.2]}),
    ],
)  # fmt: skip
def test_a_bad_call_is_named(name: str, given: dict[str, Any]) -> None:
    with pytest.raises(PortfolioError) as caught:
        figure(name)(MANY[:, 0], **given)
    assert caught.value.context
