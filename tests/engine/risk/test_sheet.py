"""The sheet: each of its rows is what the function of that name says, for whatever series, alone or among thousands."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import engine
from engine.errors import InvalidInput, MisalignedSeries
from engine.risk.sheet import CATALOGUE
from engine.risk.sheet_figures import KERNELS, QUICK_METHODS

RNG = np.random.default_rng(3)
DAYS = pd.bdate_range("2019-01-01", periods=700)
FRAME = pd.DataFrame(RNG.standard_t(5, (700, 5)) * 0.009 + 0.0004, index=DAYS, columns=list("abcde"))
MARKET = pd.Series(FRAME.mean(axis=1) + RNG.normal(0, 0.003, 700), index=DAYS, name="market")
HOLED = FRAME.mask(RNG.random(FRAME.shape) < 0.05)
HOLED.loc[: DAYS[199], "c"] = np.nan
ASKED = {"risk_free": 0.0001, "minimum_acceptable_return": 0.0002, "level": 0.9, "periods_per_year": 250}
# A level of theirs is no confidence of a tail.
OWN_LEVEL = {("level", name) for name in ("outlier_win_ratio", "outlier_loss_ratio", "ex_outlier_return", "minimum_track_record_length")}
PLAIN = [term.name for term in CATALOGUE if not term.relative]
BESIDE = [term.name for term in CATALOGUE if term.relative]


@pytest.fixture(autouse=True)
def _silent() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def asked_of(name: str, returns: Any, market: Any, conventions: dict[str, Any]) -> Any:
    """The public function under those of the conventions that it knows."""
    for figure in ("value_at_risk", "expected_shortfall"):
        if name.removeprefix(f"{figure}_") in QUICK_METHODS:
            return getattr(engine, figure)(returns, method=name.removeprefix(f"{figure}_"), level=conventions.get("level", 0.95))
    function = getattr(engine, name)
    known = inspect.signature(function).parameters
    kept = {key: value for key, value in conventions.items() if key in known and (key, name) not in OWN_LEVEL}
    if "target" in known and "minimum_acceptable_return" in conventions:
        kept["target"] = conventions["minimum_acceptable_return"]
    return function(returns, market, **kept) if "benchmark_returns" in known else function(returns, **kept)


@pytest.mark.parametrize("frame", [FRAME, HOLED], ids=["whole", "with holes"])
@pytest.mark.parametrize("conventions", [{}, ASKED], ids=["defaults", "asked"])
def test_every_row_is_what_its_function_says(frame: pd.DataFrame, conventions: dict[str, Any]) -> None:
    sheet = engine.tear_sheet(frame, MARKET, **conventions)
    assert set(sheet.index) == {*PLAIN, *BESIDE}
    wrong = []
    for name in sheet.index:
        alone = np.asarray(asked_of(name, frame, MARKET, conventions))
        if not np.allclose(sheet.loc[name], alone, rtol=1e-9, atol=1e-13, equal_nan=True):
            wrong.append(name)
    assert not wrong


def test_the_catalogue_is_whole() -> None:
    """Every figure once, each with a kernel and a function, and whoever has a kernel has a name."""
    names = [term.name for term in CATALOGUE]
    assert len(names) == len(set(names))
    assert set(names) == set(KERNELS)
    methods = {f"{figure}_{method}" for figure in ("value_at_risk", "expected_shortfall") for method in QUICK_METHODS}
    assert not [name for name in names if name not in engine.__all__ and name not in methods]
    assert all(term.meaning.endswith(".") and term.label and term.group and term.source for term in CATALOGUE)


def test_blocks_leave_no_seam() -> None:
    """More columns than one block holds: as each is alone."""
    wide = pd.DataFrame(RNG.normal(0.0003, 0.01, (600, 200)), index=DAYS[:600])
    market = MARKET.iloc[:600]
    sheet = engine.tear_sheet(wide, market)
    for column in (0, 82, 83, 84, 166, 199):
        alone = engine.tear_sheet(wide[column], market)
        assert np.allclose(sheet[column], alone.iloc[:, 0], rtol=1e-9, atol=1e-13, equal_nan=True)


def test_threads_change_no_number() -> None:
    wide = pd.DataFrame(RNG.normal(0.0003, 0.01, (600, 400)), index=DAYS[:600])
    alone = engine.tear_sheet(wide, MARKET.iloc[:600], threads=1)
    assert alone.equals(engine.tear_sheet(wide, MARKET.iloc[:600], threads=3))
    with pytest.raises(InvalidInput, match="below 1"):
        engine.tear_sheet(FRAME, threads=0)


def test_a_benchmark_for_each_series() -> None:
    each = FRAME * 0.5 + 0.001
    sheet = engine.tear_sheet(FRAME, each)
    assert np.allclose(sheet.loc["beta"], 2.0)
    turned = engine.tear_sheet(FRAME[list("edcba")], each[list("edcba")])
    assert np.allclose(turned[list("abcde")].to_numpy(), sheet.to_numpy(), rtol=1e-9, atol=1e-13, equal_nan=True)


def test_without_a_benchmark_nothing_stands_beside_one() -> None:
    assert list(engine.tear_sheet(FRAME["a"]).index) == PLAIN
    with pytest.raises(InvalidInput, match="needs a benchmark"):
        engine.tear_sheet(FRAME, figures=["beta"])
    with pytest.raises(InvalidInput, match="not in the catalogue"):
        engine.tear_sheet(FRAME, figures=["sharp_ratio"])


def test_names_of_series_are_kept() -> None:
    assert list(engine.tear_sheet(FRAME, figures=["volatility"]).columns) == list("abcde")
    assert list(engine.tear_sheet(FRAME["b"], figures=["volatility"]).columns) == ["b"]
    assert list(engine.tear_sheet(FRAME.to_numpy(), figures=["volatility"]).columns) == [0, 1, 2, 3, 4]
    assert list(engine.tear_sheet([0.1, 0.2], figures=["volatility"]).index) == ["volatility"]


@pytest.mark.parametrize("returns", [
    pd.Series(dtype=float), pd.Series([0.01], index=DAYS[:1]), pd.Series(0.0, index=DAYS), pd.Series(0.003, index=DAYS),
    pd.Series(np.nan, index=DAYS), pd.DataFrame(index=DAYS), pd.DataFrame(columns=["a", "b"], dtype=float),
    pd.Series([0.01, -1.0, 0.02, 0.01], index=DAYS[:4]),
    pd.Series([0.01, -1.5, 0.02, 0.01], index=DAYS[:4]), FRAME["a"].iloc[:2], FRAME["a"].iloc[:12],
], ids=["empty", "one", "zero", "constant", "unknown", "no series", "no rows", "total loss", "more than all", "two", "twelve"])
def test_degenerate_series_have_a_sheet(returns: Any) -> None:
    """No warning, no infinity, and a fall or a count where there is one."""
    sheet = engine.full_sheet(returns, MARKET.reindex(returns.index))
    assert not np.isinf(sheet.figures.to_numpy(dtype=float)).any()
    assert sheet.figures.shape == (len(CATALOGUE), 1 if isinstance(returns, pd.Series) else returns.shape[1])


def test_bad_calls_have_named_errors() -> None:
    for wrong in ({"level": 1.0}, {"periods_per_year": 0}, {"risk_free_basis": "month"}):
        with pytest.raises(InvalidInput):
            engine.tear_sheet(FRAME, **wrong)  # type: ignore[arg-type]
    with pytest.raises(MisalignedSeries, match="0 of 700 are in both"):
        engine.tear_sheet(FRAME, MARKET.set_axis(DAYS + pd.DateOffset(years=20)))


def test_the_tables_beside_the_figures() -> None:
    sheet = engine.full_sheet(FRAME["a"], MARKET)
    assert sheet.drawdowns["drawdown"].iloc[0] == pytest.approx(sheet.figures.loc["max_drawdown", "a"])
    assert sheet.months.equals(engine.calendar_matrix(FRAME["a"]))
    together = engine.full_sheet(FRAME, MARKET)
    assert together.months["a"].max() == pytest.approx(together.figures.loc["best_period", "a"])
    assert together.drawdowns.groupby("series")["drawdown"].min().to_numpy() == pytest.approx(together.figures.loc["max_drawdown"].to_numpy())
