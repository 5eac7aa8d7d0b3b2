"""Episodes on today's holdings: own history, what stands in for it, and what is told where nothing does."""

from __future__ import annotations

import arch.data.sp500
import empyrical
import numpy as np
import pandas as pd
import pytest

from engine.errors import InsufficientHistory, InvalidInput, MisalignedSeries
from engine.stress.episodes import EPISODES, episode
from engine.stress.historic import episode_moves, historic_stress
from engine.stress.losses import stress_loss
from engine.stress.proxies import filled_history, single_betas

LEHMAN = [episode("lehman")]
SP500 = arch.data.sp500.load()["Adj Close"].pct_change().dropna()


def market() -> pd.DataFrame:
    random = np.random.default_rng(3)
    window = SP500["2007":"2009"]
    noise = pd.DataFrame(random.normal(0, 0.004, (len(window), 3)), index=window.index, columns=["A", "B", "C"])
    return noise.add(window, axis=0)


def test_own_history_is_compounded_over_the_days_as_empyrical_does() -> None:
    returns, weights = market(), pd.Series({"A": 0.5, "B": 0.3, "C": -0.1})
    found = historic_stress(weights, returns, episodes=LEHMAN)
    inside = returns[str(LEHMAN[0].start) : str(LEHMAN[0].end)]
    expected = {symbol: empyrical.cum_returns_final(inside[symbol]) for symbol in weights.index}
    assert found.moves.loc["lehman"].to_dict() == pytest.approx(expected, abs=1e-12)
    assert found.table.loc["lehman", "loss"] == pytest.approx(-sum(weights[symbol] * move for symbol, move in expected.items()), abs=1e-12)
    assert found.contributions.loc["lehman"].sum() == pytest.approx(-found.table.loc["lehman", "loss"], abs=1e-15)
    assert found.table.loc["lehman", ["own", "proxied", "missing"]].tolist() == [1.0, 0.0, 0.0]


def test_pyfolio_and_the_market_agree_on_what_the_index_itself_lost() -> None:
    """The S&P 500 held alone loses what the table of closes says."""
    alone = SP500.to_frame("SPX")
    found = historic_stress(pd.Series({"SPX": 1.0}), alone, episodes=[each for each in EPISODES if 1999 < each.start.year < 2018])
    assert found.table["loss"].to_numpy() == pytest.approx(-found.table["market"].to_numpy(), abs=1e-4)


def test_peers_of_the_sector_stand_in_first_then_the_class_then_the_market_by_beta() -> None:
    returns = market().assign(D=np.nan, E=np.nan, F=np.nan)
    returns.loc["2009-03":, "F"] = 1.5 * SP500["2009-03":"2009"]
    groups = pd.DataFrame({"sector": ["tech", "tech", "oil", "tech", "", None], "asset_class": ["equity"] * 3 + ["equity", "equity", "bond"]},
                          index=list("ABCDEF"))
    weights = pd.Series(1 / 6, index=list("ABCDEF"))
    found = historic_stress(weights, returns, episodes=LEHMAN, groups=groups, benchmark_returns=SP500["2007":"2009"].rename("SPX"))
    moves = found.moves.loc["lehman"]
    assert found.sources.loc["lehman"].to_dict() == {"A": "own", "B": "own", "C": "own", "D": "sector", "E": "asset_class", "F": "benchmark"}
    assert moves["D"] == pytest.approx((moves["A"] + moves["B"]) / 2)
    assert moves["E"] == pytest.approx(moves[["A", "B", "C"]].mean())
    assert moves["F"] == pytest.approx(1.5 * (empyrical.cum_returns_final(SP500["2008-08-01":"2008-10-01"])))
    assert found.table.loc["lehman", ["own", "proxied", "missing"]].tolist() == pytest.approx([0.5, 0.5, 0.0])


def test_no_text_of_a_sector_is_no_sector() -> None:
    """Two holdings whose sector nobody knows are no peers."""
    returns = market()[["A"]].assign(B=np.nan)
    groups = pd.DataFrame({"sector": ["", ""], "asset_class": [None, None]}, index=["A", "B"])
    found = historic_stress(pd.Series({"A": 0.5, "B": 0.5}), returns, episodes=LEHMAN, groups=groups)
    assert found.sources.loc["lehman"].tolist() == ["own", ""]
    assert found.table.loc["lehman", "missing"] == 0.5


def test_where_even_the_benchmark_is_younger_the_published_move_counts() -> None:
    days = pd.bdate_range("2024-01-01", periods=120)
    random = np.random.default_rng(5)
    benchmark = pd.Series(random.normal(0, 0.01, 120), index=days)
    returns = pd.DataFrame({"A": 0.8 * benchmark, "B": 2.5 * benchmark})
    found = historic_stress(pd.Series({"A": 0.5, "B": 0.5}), returns, episodes=[episode("gfc_crash")], benchmark_returns=benchmark)
    assert found.sources.loc["gfc_crash"].tolist() == ["market", "market"]
    assert found.moves.loc["gfc_crash"].tolist() == pytest.approx([0.8 * -0.5678, -1.0])  # nobody loses more than all
    assert found.table.loc["gfc_crash", "market"] == -0.5678
    assert found.table["worst"].tolist() == ["B"]


def test_beta_times_the_benchmark_never_loses_more_than_all() -> None:
    benchmark = SP500["2007":"2009"].rename("SPX")
    returns = pd.DataFrame({"A": 3.0 * benchmark})
    returns.loc[:"2009-05", "A"] = np.nan
    found = historic_stress(pd.Series({"A": 1.0}), returns, episodes=[episode("gfc")], benchmark_returns=benchmark)
    assert found.sources.loc["gfc"].tolist() == ["benchmark"]
    assert found.table.loc["gfc", "loss"] == 1.0


def test_nothing_known_at_all_is_an_error_and_nothing_held_a_table_of_zeros() -> None:
    young = market()["2009-06":]
    with pytest.raises(InsufficientHistory, match="needs 1 observations, 0 are there"):
        historic_stress(pd.Series({"A": 1.0}), young, episodes=LEHMAN)
    empty = historic_stress(pd.Series(dtype=float), market()[[]], episodes=LEHMAN)
    assert empty.table.loc["lehman", "loss"] == 0.0


def test_an_episode_that_one_of_two_knows_is_told_as_half_missing_and_one_that_none_knows_as_nan() -> None:
    returns = market()[["A"]].assign(B=np.nan)
    found = historic_stress(pd.Series({"A": 0.4, "B": -0.6}), returns, episodes=[*LEHMAN, episode("covid")])
    assert found.table.loc["lehman", "missing"] == pytest.approx(0.6)
    assert np.isnan(found.table.loc["covid", "loss"])
    assert found.table.loc["covid", "missing"] == 1.0


@pytest.mark.parametrize(("changed", "error"), [({"weights": pd.Series({"Z": 1.0})}, MisalignedSeries),
                                                ({"weights": pd.Series({"A": np.nan})}, InvalidInput),
                                                ({"weights": pd.Series([0.5, 0.5], index=["A", "A"])}, InvalidInput),
                                                ({"proxies": ["stars"]}, InvalidInput),
                                                ({"benchmark_returns": SP500[:10]}, MisalignedSeries),
                                                ({"returns": market().reset_index(drop=True)}, InvalidInput)])
def test_a_bad_call_is_a_named_error(changed: dict[str, object], error: type[Exception]) -> None:
    asked: dict[str, object] = {"weights": pd.Series({"A": 1.0}), "returns": market(), "episodes": LEHMAN} | changed
    with pytest.raises(error):
        historic_stress(asked.pop("weights"), asked.pop("returns"), **asked)  # type: ignore[arg-type]


def test_a_holiday_is_no_gap_and_half_an_episode_is_none() -> None:
    days = pd.bdate_range("2024-12-23", "2024-12-31").drop("2024-12-25")
    returns = pd.DataFrame({"A": 0.01, "B": [np.nan] * 3 + [0.01] * (len(days) - 3)}, index=days)
    found = episode_moves(returns, "2024-12-23", "2024-12-31")
    assert found["A"] == pytest.approx(1.01**6 - 1)
    assert np.isnan(found["B"])
    with pytest.raises(InvalidInput, match="before the start"):
        episode_moves(returns, "2024-12-31", "2024-12-23")


def test_betas_are_those_of_numpy_over_the_common_days() -> None:
    returns = market()
    returns.iloc[5:300, 0] = np.nan
    benchmark = SP500["2007":"2009"]
    found = single_betas(returns, benchmark)
    for symbol in returns:
        both = returns[symbol].notna()
        assert found[symbol] == pytest.approx(np.polyfit(benchmark[both], returns.loc[both, symbol], 1)[0], rel=1e-12)
    assert single_betas(returns[:50], benchmark[:50]).isna().all()
    assert single_betas(returns, benchmark * 0).isna().all()


def test_a_filled_history_says_what_was_its_own() -> None:
    returns = market().assign(A=np.nan)
    filled, own = filled_history(returns, SP500["2007":"2009"])
    assert (filled["A"] == 0).all()
    assert own.to_dict() == {"A": 0.0, "B": 1.0, "C": 1.0}
    assert filled_history(returns[:0])[1].to_dict() == {"A": 0.0, "B": 0.0, "C": 0.0}


def test_a_loss_is_the_sum_of_value_times_move() -> None:
    moves = pd.DataFrame({"one": [-0.2, 0.1], "two": [0.0, np.nan]}, index=["A", "B"])
    found = stress_loss(pd.Series({"B": 50.0, "A": 100.0}), moves)
    assert found["one"] == pytest.approx(15.0)
    assert np.isnan(found["two"])
    assert stress_loss(np.array([100.0, 0.0]), np.array([[-0.2], [np.nan]])).tolist() == [20.0]  # what is not held needs no move
    assert stress_loss([], []) == 0.0
    with pytest.raises(MisalignedSeries):
        stress_loss([1.0], [0.1, 0.2])
    with pytest.raises(MisalignedSeries):
        stress_loss(pd.Series({"A": 1.0}), pd.Series({"B": 0.1}))
    with pytest.raises(InvalidInput):
        stress_loss([1.0], ["much"])  # type: ignore[list-item]
