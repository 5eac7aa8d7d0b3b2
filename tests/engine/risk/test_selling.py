"""How long a portfolio takes to sell, against a search by scipy on the definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from engine.errors import InvalidInput, MisalignedSeries
from engine.risk.selling import days_until_sold


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 1.0])
def test_it_is_the_day_on_which_the_share_is_sold(share: float) -> None:
    random = np.random.default_rng(6)
    values, days, cash = random.normal(0, 100, 12), random.uniform(0.1, 40, 12), 50.0
    gross = np.abs(values)

    def lacking(day: float) -> float:
        return float((gross * np.minimum(day / days, 1)).sum() + cash - share * (gross.sum() + cash))

    expected = days.max() if share == 1.0 else brentq(lacking, 0, 50, xtol=1e-12)
    assert days_until_sold(values, days, share=share, cash=cash) == pytest.approx(expected, rel=1e-9)


def test_what_is_never_sold_counts_only_where_it_is_too_much() -> None:
    assert days_until_sold([95.0, 5.0], [2.0, np.nan]) == pytest.approx(2.0 * 90 / 95)
    assert np.isnan(days_until_sold([80.0, 20.0], [2.0, np.nan]))
    assert np.isnan(days_until_sold([80.0, 20.0], [2.0, np.inf]))


def test_cash_is_there_at_once_and_a_loan_is_none() -> None:
    assert days_until_sold([10.0], [30.0], cash=90.0) == 0.0
    assert days_until_sold([100.0], [10.0], cash=-40.0) == pytest.approx(9.0)
    assert days_until_sold([], []) == 0.0
    assert days_until_sold(pd.Series([100.0, 0.0]), pd.Series([0.0, 5.0])) == 0.0


def test_a_bad_question_is_refused() -> None:
    for asked in ({"share": 0.0}, {"share": 1.1}, {"days": [-1.0]}, {"values": [np.nan]}):
        with pytest.raises(InvalidInput):
            days_until_sold(**({"values": [1.0], "days": [1.0]} | asked))  # type: ignore[arg-type]
    with pytest.raises(MisalignedSeries):
        days_until_sold([1.0], [1.0, 2.0])
