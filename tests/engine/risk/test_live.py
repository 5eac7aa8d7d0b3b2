"""Live risk against the same figures computed from scratch by pandas, after many updates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from engine.errors import InsufficientHistory, InvalidInput
from engine.risk import live
from engine.risk.live import AFRESH, LiveFigures, LiveStatistics, live_statistics

DAYS = pd.bdate_range("2022-01-03", periods=400)
RANDOM = np.random.default_rng(17)
MARKET = pd.Series(RANDOM.standard_t(4, 400) * 0.008, index=DAYS)
RETURNS = pd.DataFrame(RANDOM.standard_t(4, (400, 8)) * 0.01 + 0.7 * MARKET.to_numpy()[:, None], index=DAYS, columns=list("ABCDEFGH"))
REALISED = pd.Series(RANDOM.normal(0.0003, 0.01, 400), index=DAYS)


def kept(**asked: object) -> LiveStatistics:
    return live_statistics(RETURNS, **({"benchmark_returns": MARKET, "realised": REALISED} | asked))  # type: ignore[arg-type]


class LiveRisk:
    """The risk of one portfolio, as floats."""

    def __init__(self, kept: LiveStatistics, *, level: float = 0.95) -> None:
        self.running = live.LiveRisk([kept], level=level)

    def update(self, values: np.ndarray, moves: np.ndarray, whole: float, **asked: float) -> LiveFigures:
        found = self.running.update(values, moves, np.array([whole]), **asked)
        return LiveFigures(*(float(getattr(found, name)[0]) for name in LiveFigures.__slots__))  # type: ignore[arg-type]


def from_scratch(values: np.ndarray, moves: np.ndarray, whole: float, market_move: float, level: float = 0.95) -> dict[str, float]:
    """Append today to the history and compute everything over it."""
    today = float((values - values / (1 + moves)).sum()) / (whole - float((values - values / (1 + moves)).sum()))
    weights = values / whole
    past = RETURNS.to_numpy() @ weights
    returns, market = np.append(past, today), np.append(MARKET.to_numpy(), market_move)
    before = float(pd.Series(past**2).ewm(alpha=0.06, adjust=False).mean().iloc[-1])
    spread = np.sqrt(0.94 * before + 0.06 * today**2)
    loss = -float(np.quantile(returns, 1 - level))
    tail = np.sort(returns)[: round((1 - level) * (len(returns) - 1) - 0.499999) + 1]  # those at the quantile or below
    return {"value_at_risk": loss, "expected_shortfall": -float(tail.mean()), "volatility": spread * np.sqrt(252),
            "value_at_risk_ewma": float(stats.norm.ppf(level)) * spread, "beta": float(np.polyfit(market, returns, 1)[0]), "day_return": today}


def close(found: LiveFigures, expected: dict[str, float]) -> None:
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_after_many_ticks_every_figure_is_what_a_recount_gives(level: float) -> None:
    random, running = np.random.default_rng(5), LiveRisk(kept(), level=level)
    values, moves = random.uniform(-50, 200, 8), random.normal(0, 0.01, 8)
    for _ in range(AFRESH + 40):
        changed = random.integers(0, 8, 2)
        step = random.normal(0, 0.002, 2)
        values[changed] *= 1 + step
        moves[changed] = (1 + moves[changed]) * (1 + step) - 1
        found = running.update(values, moves, float(values.sum()) + 400.0, benchmark_move=0.004)
    close(found, from_scratch(values, moves, float(values.sum()) + 400.0, 0.004, level))


def test_what_is_given_is_not_kept_by_reference() -> None:
    """A caller that fills the same array again must not hide a change."""
    running, values = LiveRisk(kept()), np.full(8, 100.0)
    running.update(values, np.zeros(8), 800.0)
    values[0] = 500.0
    found = running.update(values, np.full(8, 0.01), 1200.0, benchmark_move=0.01)
    close(found, from_scratch(values, np.full(8, 0.01), 1200.0, 0.01))


def test_before_anything_moved_the_figures_are_those_of_the_last_close() -> None:
    found = LiveRisk(kept()).update(np.full(8, 100.0), np.zeros(8), 800.0, benchmark_move=0.0)
    past = RETURNS.mean(axis=1)
    assert found.value_at_risk == pytest.approx(-past.quantile(0.05))
    assert found.volatility == pytest.approx(np.sqrt(float((past**2).ewm(alpha=0.06, adjust=False).mean().iloc[-1]) * 252))
    assert found.beta == pytest.approx(np.polyfit(MARKET, past, 1)[0])
    assert found.day_return == 0.0


def test_a_move_of_today_raises_the_volatility_and_deepens_the_drawdown() -> None:
    running = LiveRisk(kept())
    calm = running.update(np.full(8, 100.0), np.full(8, 0.0001), 800.0)
    shaken = running.update(np.full(8, 95.0), np.full(8, -0.05), 760.0, realised_today=-0.05)
    assert shaken.volatility > calm.volatility
    grown = (1 + REALISED).cumprod()
    today = float(grown.iloc[-1]) * 0.95
    assert shaken.drawdown == pytest.approx(today / max(float(grown.max()), 1.0) - 1)
    assert running.update(np.full(8, 900.0), np.full(8, 8.0), 7200.0, realised_today=8.0).drawdown == 0.0


def test_of_a_short_past_the_first_day_weighs_what_it_does_in_pandas() -> None:
    short = RETURNS.iloc[-60:]
    found = LiveRisk(live_statistics(short)).update(np.full(8, 100.0), np.zeros(8), 800.0)
    assert found.volatility == pytest.approx(np.sqrt(float((short.mean(axis=1) ** 2).ewm(alpha=0.06, adjust=False).mean().iloc[-1]) * 252), rel=1e-12)


def test_a_young_holding_is_stood_in_for_and_told() -> None:
    returns = RETURNS.copy()
    returns.iloc[:390, 0] = np.nan  # ten days: no beta is believed, so it stands still
    returns.iloc[:300, 1] = np.nan
    found = LiveRisk(live_statistics(returns, benchmark_returns=MARKET)).update(np.full(8, 100.0), np.full(8, 0.001), 800.0, gross_missing=200.0)
    assert found.missing == pytest.approx(300 / 1000)
    assert np.isnan(found.drawdown)
    assert np.isnan(LiveRisk(live_statistics(returns)).update(np.full(8, 1.0), np.full(8, 0.1), 8.0).beta)


def test_unknown_prices_count_for_nothing_and_a_worthless_whole_has_no_figures() -> None:
    running = LiveRisk(kept())
    values = np.array([np.nan, *[100.0] * 7])
    close(running.update(values, np.array([np.nan, *[0.01] * 7]), 700.0, benchmark_move=0.01),
          from_scratch(np.nan_to_num(values), np.array([0.0, *[0.01] * 7]), 700.0, 0.01))
    nothing = running.update(np.zeros(8), np.zeros(8), 0.0)
    assert np.isnan(nothing.value_at_risk)
    assert nothing.missing == 0.0
    assert np.isnan(running.update(np.full(8, -100.0), np.zeros(8), -800.0).volatility)


def test_flat_and_short_histories() -> None:
    flat = LiveRisk(live_statistics(RETURNS * 0, benchmark_returns=MARKET * 0)).update(np.full(8, 1.0), np.zeros(8), 8.0)
    assert (flat.volatility, flat.value_at_risk) == (0.0, 0.0)
    assert np.isnan(flat.beta)
    for short in (RETURNS[:59], RETURNS[:0], RETURNS * np.nan):
        with pytest.raises(InsufficientHistory, match="needs 60 observations"):
            live_statistics(short)
    assert live_statistics(RETURNS, window=100).scenarios.shape == (8, 100)


@pytest.mark.parametrize("asked", [{"decay": 0.0}, {"decay": 1.0}, {"window": 10}])
def test_a_bad_question_is_refused(asked: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        kept(**asked)


def test_a_level_outside_of_0_to_1_is_refused() -> None:
    with pytest.raises(InvalidInput):
        live.LiveRisk([kept()], level=1.0)


def test_many_portfolios_at_once_are_each_as_by_itself() -> None:
    """Of several widths and lengths, some of which did not move; what moves in one changes nothing in another."""
    random = np.random.default_rng(23)
    shapes = ((400, 8), (90, 1), (250, 3))
    parts = [live_statistics(RETURNS.iloc[-days:, :width], benchmark_returns=MARKET, realised=REALISED) for days, width in shapes]
    together, alone = live.LiveRisk(parts), [LiveRisk(each) for each in parts]
    values, moves = random.uniform(50, 150, 12), np.zeros(12)
    for step in range(30):
        place = int(random.integers(0, 8 if step < 15 else 12))
        values[place] *= 1.01
        moves[place] = 1.01 * (1 + moves[place]) - 1
        sides = [slice(0, 8), slice(8, 9), slice(9, 12)]
        whole = np.array([values[side].sum() + 10 for side in sides])
        found = together.update(values, moves, whole, benchmark_move=np.array([0.01, np.nan, -0.02]), realised_today=np.array([0.0, 0.1, -0.1]))
        for each, side, number, market, lived in zip(alone, sides, range(3), (0.01, np.nan, -0.02), (0.0, 0.1, -0.1), strict=True):
            single = each.update(values[side], moves[side], float(whole[number]), benchmark_move=market, realised_today=lived)
            for name in LiveFigures.__slots__:
                assert getattr(found, name)[number] == pytest.approx(getattr(single, name), rel=1e-9, nan_ok=True), (step, number, name)


def test_portfolios_that_come_and_go_leave_the_others_as_they_were() -> None:
    one, two = kept(), live_statistics(RETURNS.iloc[-90:, :2], benchmark_returns=MARKET)
    values, moves = np.linspace(50, 120, 8), np.full(8, 0.01)
    running = live.LiveRisk([one])
    running.update(values, moves, np.array([800.0]))
    both = live.LiveRisk([two, one], before=running)
    found = both.update(np.concatenate([[10.0, 20.0], values]), np.concatenate([[0.0, 0.0], moves]), np.array([30.0, 800.0]), benchmark_move=0.01)
    for name, value in from_scratch(values, moves, 800.0, 0.01).items():
        assert getattr(found, name)[1] == pytest.approx(value, rel=1e-9), name
    back = live.LiveRisk([one], before=both).update(values * 2, moves, np.array([1600.0]), benchmark_move=0.01)
    assert back.value_at_risk[0] == pytest.approx(found.value_at_risk[1])


def test_no_portfolio_at_all_is_refused() -> None:
    with pytest.raises(InvalidInput, match="1 is needed"):
        live.LiveRisk([])
