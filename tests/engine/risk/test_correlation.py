"""Correlation, its matrix, its window, its order, and covariances pulled in: against pandas, scipy, scikit-learn, and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from skfolio.datasets import load_sp500_dataset
from sklearn.covariance import ledoit_wolf

from engine import (
    clustered_order,
    correlation,
    rolling_correlation,
    shrinkage_intensity,
    shrunk_correlation,
    shrunk_covariance,
)
from engine.errors import InsufficientHistory, InvalidInput, MisalignedSeries
from engine.risk import correlation as blocks

pytestmark = pytest.mark.filterwarnings("error")
CHANCE = np.random.default_rng(2)
FRAME = pd.DataFrame(CHANCE.normal(size=(80, 6)) @ CHANCE.normal(size=(6, 6)) * 0.01, columns=list("ABCDEF"))
GAPS = FRAME.round(2).mask(CHANCE.random(FRAME.shape) < 0.1)  # ties, and holes in other places of each column
METHODS = ["pearson", "spearman", "kendall"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("frame", [FRAME, GAPS], ids=["whole", "gaps and ties"])
def test_matrix_and_column_of_pandas(method: Any, frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(correlation(frame, method=method), frame.corr(method=method), rtol=1e-12)
    against = correlation(frame, frame["A"], method=method)
    assert against.tolist() == pytest.approx(frame.corrwith(frame["A"], method=method).tolist(), rel=1e-12)


@pytest.mark.parametrize("rows", [1, 7, 80])
def test_pairs_of_periods_are_each_met_once_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(blocks, "_PAIR_CELLS", rows * GAPS.size)
    pd.testing.assert_frame_equal(correlation(GAPS, method="kendall"), GAPS.corr(method="kendall"), rtol=1e-12)


def test_one_pair_of_scipy() -> None:
    own, other = FRAME["A"], FRAME["B"]
    assert correlation(own, other) == pytest.approx(stats.pearsonr(own, other).statistic, rel=1e-12)
    assert correlation(own, other, method="spearman") == pytest.approx(stats.spearmanr(own, other).statistic, rel=1e-12)
    assert correlation(own, other, method="kendall") == pytest.approx(stats.kendalltau(own, other).statistic, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_scaling_and_shifting_move_nothing_and_a_mirror_turns_it(method: str) -> None:
    plain = correlation(FRAME, FRAME["A"], method=method)
    assert correlation(FRAME * 3 + 0.1, FRAME["A"], method=method).tolist() == pytest.approx(plain.tolist(), rel=1e-9)
    assert correlation(-FRAME, FRAME["A"], method=method).tolist() == pytest.approx((-plain).tolist(), rel=1e-12)
    assert correlation(FRAME.to_numpy(), FRAME["A"].to_numpy(), method=method).tolist() == pytest.approx(plain.tolist(), rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cells", [np.zeros((0, 2)), np.full((9, 2), np.nan), np.full((9, 2), 0.1), np.zeros((1, 2))])
def test_too_little_is_nan(method: str, cells: Any) -> None:
    assert np.isnan(correlation(cells, method=method)).all()
    assert np.isnan(correlation(cells, cells, method=method)).all()
    assert np.isnan(correlation(cells[:, 0], cells[:, 1], method=method))
    assert np.isnan(rolling_correlation(cells, cells, window=2)).all()


def test_a_bad_call_is_named() -> None:
    with pytest.raises(InvalidInput, match="is missing"):
        correlation(FRAME["A"])
    with pytest.raises(InvalidInput):
        correlation(FRAME, method="cosine")
    with pytest.raises(MisalignedSeries):
        correlation(FRAME, FRAME["A"].iloc[1:])
    with pytest.raises(InvalidInput):
        rolling_correlation(FRAME, FRAME["A"], window=1)
    with pytest.raises(InvalidInput, match="is not square"):
        clustered_order(np.zeros((2, 3)))
    with pytest.raises(InvalidInput):
        clustered_order(np.eye(3), method="median")


def test_window_of_pandas() -> None:
    found = rolling_correlation(GAPS, FRAME["A"], window=15)
    expected = GAPS.rolling(15).corr(FRAME["A"])
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert found.iloc[:14].isna().all(axis=None)


def test_a_window_that_is_flat_has_none() -> None:
    returns = np.concatenate([FRAME["A"], [0.0] * 20])
    found = rolling_correlation(returns, np.arange(100.0) % 7, window=10)
    assert np.isnan(found[89:]).all()
    assert np.isfinite(found[9:88]).all()


def test_what_moves_together_stands_together() -> None:
    first, second = CHANCE.normal(size=(2, 300))
    noise = CHANCE.normal(size=(300, 6)) * 0.5
    mixed = pd.DataFrame(np.column_stack([first, second, first, second, first, second]) + noise, columns=list("ABCDEF"))
    order = clustered_order(correlation(mixed))
    assert {frozenset(order[:3]), frozenset(order[3:])} == {frozenset("ACE"), frozenset("BDF")}
    assert clustered_order(correlation(mixed[list("AB")])) == ["A", "B"]
    assert sorted(clustered_order(np.full((4, 4), np.nan))) == [0, 1, 2, 3]


def test_pulled_to_the_identity_of_scikit_learn() -> None:
    covariance, intensity = ledoit_wolf(FRAME.to_numpy())
    np.testing.assert_allclose(shrunk_covariance(FRAME, target="identity"), covariance, rtol=1e-12)
    assert shrinkage_intensity(FRAME, target="identity") == pytest.approx(intensity, rel=1e-9)


def test_pulled_to_the_mean_correlation_of_pyportfolioopt() -> None:
    # PyPortfolioOpt 1.6.0, CovarianceShrinkage(...).ledoit_wolf("constant_correlation") on its covariance divided by the number of periods
    returns = load_sp500_dataset().pct_change().iloc[1:253]
    assert shrinkage_intensity(returns) == pytest.approx(0.0540487650123955, rel=1e-9)
    found = shrunk_covariance(returns)
    assert found.loc["AAPL", "AMD"] == pytest.approx(0.0002742625234337126, rel=1e-9)
    assert np.abs(found.to_numpy()).sum() == pytest.approx(0.07300669924728775, rel=1e-9)
    assert found.columns.equals(returns.columns)


def test_pulled_in_it_lies_between_what_was_seen_and_the_mean() -> None:
    plain, pulled = correlation(FRAME).to_numpy(), shrunk_correlation(FRAME).to_numpy()
    off = ~np.eye(6, dtype=bool)
    mean = plain[off].mean()
    assert (np.abs(pulled[off] - mean) <= np.abs(plain[off] - mean) + 1e-12).all()
    assert np.diag(pulled).tolist() == pytest.approx([1.0] * 6)
    assert (np.linalg.eigvalsh(pulled) > 0).all()


def test_what_cannot_be_pulled_in_is_named() -> None:
    with pytest.raises(InsufficientHistory, match="needs 2 observations, 1 are there"):
        shrunk_covariance(FRAME.iloc[:1])
    with pytest.raises(InvalidInput, match="B never changes"):
        shrunk_covariance(FRAME.assign(B=0.0))
    with pytest.raises(InvalidInput):
        shrunk_covariance(FRAME["A"])
    with pytest.raises(InvalidInput):
        shrunk_covariance(FRAME, target="zero")
