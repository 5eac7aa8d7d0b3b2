"""Bacon's 24 months, as the `portfolio_bacon` of R's PerformanceAnalytics holds them: of a portfolio and of its benchmark."""

from __future__ import annotations

import pandas as pd

MONTHS = pd.date_range("2000-01-31", periods=24, freq="ME")
_OWN = [0.3, 2.6, 1.1, -1.0, 1.5, 2.5, 1.6, 6.7, -1.4, 4.0, -0.5, 8.1, 4.0, -3.7, -6.1, 1.7, -4.9, -2.2, 7.0, 5.8, -6.5, 2.4, -0.5, -0.9]
_OTHER = [0.2, 2.5, 1.8, -1.1, 1.4, 1.8, 1.4, 6.5, -1.5, 4.2, -0.6, 8.3, 3.9, -3.8, -6.2, 1.5, -4.8, 2.1, 6.0, 5.6, -6.7, 1.9, -0.3, 0.0]
PORTFOLIO = pd.Series(_OWN, index=MONTHS, name="portfolio") / 100
BENCHMARK = pd.Series(_OTHER, index=MONTHS, name="benchmark") / 100
