"""Money-weighted returns of a window."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from services.performance.track import grown


@pytest.mark.parametrize(("rate", "years", "period"), [(0.21, 0.5, 0.1), (0.1, 2.0, 0.21), (-1.0, 2.0, -1.0)])
def test_a_window_at_a_year_s_rate(rate: float, years: float, period: float) -> None:
    assert grown(rate, years) == pytest.approx(period)


def test_a_rate_beyond_all_numbers_is_none() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(grown(1e200, 3.0))
