"""Models that learn: against closed forms and other libraries, blind to the future, used only where there is something to learn."""

from __future__ import annotations

import numpy as np
import pytest
from arch import arch_model
from scipy import integrate, stats
from sklearn.mixture import GaussianMixture

from engine.advice.learning import anomalies, clusters, covariance, regimes, volatility
from engine.advice.learning.scores import best_of, crps_of_mixture, qlike, scored
from engine.errors import InsufficientHistory


def changing(length: int, series: int, seed: int) -> np.ndarray:
    """Returns whose variance is a GARCH(1,1)."""
    chance = np.random.default_rng(seed)
    shocks, variance, cells = chance.standard_normal((length, series)), np.full(series, 1e-4), np.empty((length, series))
    for day in range(length):
        cells[day] = np.sqrt(variance) * shocks[day]
        variance = 2e-6 + 0.1 * cells[day] ** 2 + 0.88 * variance
    return cells


STEADY = np.random.default_rng(2).normal(0.0, 0.01, (1100, 4))


def test_losses_against_integrals_and_by_hand() -> None:
    weights, means, deviations = np.array([[0.3, 0.7]]), np.array([[-1.0, 0.5]]), np.array([[2.0, 0.4]])
    def cdf(x: float) -> float:
        return float(0.3 * stats.norm.cdf(x, -1, 2) + 0.7 * stats.norm.cdf(x, 0.5, 0.4))
    below, above = integrate.quad(lambda x: cdf(x) ** 2, -20, 0.2)[0], integrate.quad(lambda x: (1 - cdf(x)) ** 2, 0.2, 20)[0]
    assert crps_of_mixture(weights, means, deviations, np.array([0.2]))[0] == pytest.approx(below + above, rel=1e-6)
    assert qlike(np.array([2.0]), np.array([3.0]))[0] == pytest.approx(np.log(2) + 1.5)


def test_a_model_is_used_only_where_it_lost_less_by_more_than_chance() -> None:
    chance = np.random.default_rng(1)
    naive = chance.normal(1.0, 0.1, 300)
    better, same = naive - 0.05 + chance.normal(0, 0.1, 300), naive + chance.normal(0, 0.1, 300)
    scores = [scored("volatility", "ewma", "qlike", better, naive), scored("volatility", "har", "qlike", same, naive)]
    assert [each.beats for each in scores] == [True, False]
    assert best_of(scores) == "ewma"
    assert best_of(scores[1:]) is None
    assert not scored("volatility", "har", "qlike", naive, naive).beats


def test_volatility_is_learnt_where_it_changes_and_not_where_it_does_not() -> None:
    rough = changing(1100, 4, 7)
    forecasts, first = volatility.variance_forecasts(rough)
    found = {each.name: each for each in volatility.volatility_scores(rough, forecasts, first)}
    assert found["garch"].beats
    assert best_of([*found.values()]) == "garch"
    plain, first = volatility.variance_forecasts(STEADY)
    assert not any(each.beats for each in volatility.volatility_scores(STEADY, plain, first))


def test_garch_forecasts_are_those_of_arch() -> None:
    rough = changing(693, 1, 3)
    forecasts, first = volatility.variance_forecasts(rough, window=504, every=63)
    fitted = arch_model(100 * rough[first - 504 : first, 0], mean="Constant", rescale=False).fit(disp="off")
    ahead = fitted.forecast(horizon=1, reindex=False).variance.to_numpy()[-1, 0] / 1e4
    assert forecasts["garch"][0, 0] == pytest.approx(ahead, rel=1e-3)


def test_no_forecast_sees_the_future() -> None:
    rough = changing(760, 2, 5)
    other = rough.copy()
    other[693:] *= -3.0
    one, first = volatility.variance_forecasts(rough)
    two, _ = volatility.variance_forecasts(other)
    for name, told in one.items():
        np.testing.assert_array_equal(told[: 693 - first + 1], two[name][: 693 - first + 1], err_msg=name)
        assert (told[695 - first :] != two[name][695 - first :]).any(), name
    plain, moved = (covariance.covariance_losses(cells) for cells in (rough, other))
    known = 693 - max(covariance.WINDOW, len(rough) - covariance.DAYS)
    for name in plain:
        np.testing.assert_array_equal(plain[name][:known], moved[name][:known], err_msg=name)
    model = regimes.hidden_states(rough[:693, 0])
    np.testing.assert_allclose(model.filtered(rough[:, 0])[:693], model.filtered(other[:, 0])[:693], rtol=1e-12)
    np.testing.assert_array_equal(anomalies.price_features(rough)[:693], anomalies.price_features(other)[:693])


def test_shrinking_helps_where_there_are_many_series() -> None:
    chance = np.random.default_rng(4)
    market = chance.normal(0, 0.01, (693, 1))
    cells = market + chance.normal(0, 0.01, (693, 40))
    found = {each.name: each for each in covariance.covariance_scores(covariance.covariance_losses(cells))}
    assert found["constant_correlation"].beats
    assert not found["ewma"].beats
    with pytest.raises(InsufficientHistory):
        covariance.covariance_losses(cells[:300])


def switching(length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    state, states = 0, []
    for _ in range(length):
        state = state if chance.random() > (0.02, 0.05)[state] else 1 - state
        states.append(state)
    rough = np.array(states)
    return np.where(rough == 1, -0.001, 0.0008) + np.where(rough == 1, 0.025, 0.007) * chance.standard_normal(length), rough


def slow_forward(model: regimes.Regimes, returns: np.ndarray) -> tuple[np.ndarray, float]:
    """The recursion as textbooks write it."""
    chance, total, rows = model.start, 0.0, []
    for place, value in enumerate(returns):
        chance = (chance if place == 0 else chance @ model.moves) * stats.norm.pdf(value, model.means, model.deviations)
        total += np.log(chance.sum())
        chance = chance / chance.sum()
        rows.append(chance)
    return np.array(rows), total / len(returns)


def test_hidden_states_are_found_and_filtered_as_in_the_textbook() -> None:
    returns, rough = switching(3000, 9)
    model = regimes.hidden_states(returns)
    np.testing.assert_allclose(model.deviations, [0.007, 0.025], rtol=0.1)
    np.testing.assert_allclose(np.diag(model.moves), [0.98, 0.95], atol=0.015)
    filtered, likelihood = slow_forward(model, returns)
    np.testing.assert_allclose(model.filtered(returns), filtered, atol=1e-9)
    assert model.likelihood == pytest.approx(likelihood, abs=1e-4)
    assert (model.filtered(returns).argmax(axis=1) == rough).mean() > 0.9
    mixture = GaussianMixture(2, random_state=0).fit(returns[:, None])
    assert model.likelihood > mixture.score(returns[:, None])  # knowing the order is worth something


def test_regimes_are_used_where_there_are_some() -> None:
    assert regimes.regime_score(switching(1800, 3)[0]).beats
    assert not regimes.regime_score(STEADY[:, 0]).beats
    with pytest.raises(InsufficientHistory):
        regimes.regime_score(STEADY[:400, 0])


def test_planted_clusters_are_found_and_foretell() -> None:
    chance = np.random.default_rng(6)
    factors = chance.normal(0, 0.01, (800, 3))
    cells = np.repeat(factors, 4, axis=1) + chance.normal(0, 0.006, (800, 12))
    assert clusters.clusters_of(np.corrcoef(cells.T)).tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert clusters.cluster_score(cells).beats
    assert not clusters.cluster_score(chance.normal(0, 0.01, (800, 12))).beats
    with pytest.raises(InsufficientHistory, match="4"):
        clusters.cluster_score(cells[:, :3])


def test_planted_prices_are_missed_less_by_who_looks_at_the_others() -> None:
    chance = np.random.default_rng(8)
    cells = chance.normal(0, 0.015, (600, 1)) + chance.normal(0, 0.004, (600, 8))
    found = {each.name: each for each in anomalies.price_anomaly_scores(cells, trees=20)}
    assert found["peers"].beats
    assert found["peers"].score < 0.5 * found["peers"].baseline
    apart = {each.name: each for each in anomalies.price_anomaly_scores(chance.normal(0, 0.01, (600, 8)), trees=20)}
    assert not apart["peers"].beats
    with pytest.raises(InsufficientHistory):
        anomalies.price_anomaly_scores(cells[:300])


def test_a_planted_price_stands_out() -> None:
    chance = np.random.default_rng(8)
    cells = chance.normal(0, 0.015, (600, 1)) + chance.normal(0, 0.004, (600, 8))
    cells[550, 3] += 0.05
    scores = anomalies.price_scores(anomalies.price_features(cells), trees=20)
    assert np.unravel_index(scores["peers"][anomalies.WARM :].argmax(), scores["peers"][anomalies.WARM :].shape) == (550 - anomalies.WARM, 3)


def test_transactions_are_looked_at_from_three_sides() -> None:
    chance = np.random.default_rng(8)
    features = np.column_stack([chance.normal(8, 0.8, 200), chance.normal(0, 0.004, 200), np.abs(chance.normal(0.001, 0.0003, 200))])
    found = {each.name: each for each in anomalies.transaction_anomaly_scores(features, trees=40)}
    assert found["sides"].beats
    assert found["sides"].score < 0.5 * found["sides"].baseline
    with pytest.raises(InsufficientHistory):
        anomalies.transaction_anomaly_scores(features[:50])
