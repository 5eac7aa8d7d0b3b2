"""Moving windows against the figure of each window on its own, and against empyrical."""

from __future__ import annotations

import empyrical
import numpy as np
import pandas as pd
import pytest

from engine import max_drawdown, rolling_max_drawdown, rolling_sharpe_ratio, rolling_volatility, volatility
from engine.errors import InvalidInput

RETURNS = pd.DataFrame(np.random.default_rng(5).normal(0.0004, 0.01, (120, 3)), index=pd.bdate_range("2024-01-01", periods=120), columns=list("ABC"))


def test_each_window_is_the_figure_of_its_returns() -> None:
    volatilities, falls = rolling_volatility(RETURNS, window=40), rolling_max_drawdown(RETURNS, window=40)
    for end in (40, 77, 120):
        pd.testing.assert_series_equal(volatilities.iloc[end - 1], volatility(RETURNS.iloc[end - 40:end]), check_names=False)
        pd.testing.assert_series_equal(falls.iloc[end - 1], max_drawdown(RETURNS.iloc[end - 40:end]), check_names=False)
    assert volatilities.iloc[:39].isna().all().all()


def test_sharpe_is_empyrical_s() -> None:
    ours = rolling_sharpe_ratio(RETURNS["A"], window=60, risk_free=0.0001)
    theirs = [empyrical.sharpe_ratio(RETURNS["A"].iloc[end - 60:end], risk_free=0.0001) for end in range(60, 121)]
    assert ours.iloc[59:].tolist() == pytest.approx(theirs, rel=1e-9)


def test_blocks_of_windows_are_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rolling_max_drawdown(RETURNS, window=30)
    monkeypatch.setattr("engine.risk.rolling.BLOCK_CELLS", 500)
    pd.testing.assert_frame_equal(rolling_max_drawdown(RETURNS, window=30), whole)


def test_a_missing_return_is_unknown_as_long_as_it_is_in_the_window() -> None:
    holed = RETURNS["A"].mask(RETURNS.index == RETURNS.index[50])
    for found in (rolling_volatility(holed, window=10), rolling_sharpe_ratio(holed, window=10), rolling_max_drawdown(holed, window=10)):
        assert np.flatnonzero(found.isna()).tolist() == [*range(9), *range(50, 60)]


@pytest.mark.parametrize("given", [[], [0.1], [0.0] * 30, np.zeros((0, 2)), [np.nan] * 30])
def test_too_little_and_nothing_that_moves(given: object) -> None:
    assert np.isnan(rolling_sharpe_ratio(given, window=10)).all()  # type: ignore[arg-type]
    assert np.shape(rolling_max_drawdown(given, window=10)) == np.shape(given)  # type: ignore[arg-type]
    assert not np.nan_to_num(rolling_volatility(given, window=10)).any()  # type: ignore[arg-type]


@pytest.mark.parametrize("window", [1, 0, -3])
def test_a_window_that_is_none_is_refused(window: int) -> None:
    with pytest.raises(InvalidInput, match="window"):
        rolling_volatility(RETURNS, window=window)
