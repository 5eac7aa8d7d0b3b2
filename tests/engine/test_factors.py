"""Factors: statsmodels and sklearn on the same series, what adds up, files as they are published, and what has no answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from statsmodels.regression.rolling import RollingOLS

from engine import factor_regression, factor_return_attribution, factor_risk_contributions, published_factors, rolling_factor_loadings
from engine.errors import InsufficientHistory, InvalidInput, MisalignedSeries
from engine.factors.published import models_of

pytestmark = pytest.mark.filterwarnings("error")
DAYS = pd.bdate_range("2020-01-01", periods=300)
CHANCE = np.random.default_rng(17)
TURNED = CHANCE.normal(0.0003, 0.01, (300, 3)) @ np.array([[1, 0.3, 0], [0, 0.6, 0.1], [0, 0, 0.5]])
FACTORS = pd.DataFrame(TURNED, index=DAYS, columns=["Mkt-RF", "SMB", "HML"])
NOISE = np.convolve(CHANCE.normal(0, 0.004, 302), [1, 0.5, 0.25], "valid")  # autocorrelated, so that Newey-West differs
RETURNS = pd.Series(0.0002 + FACTORS @ [1.1, 0.3, -0.2] + NOISE, index=DAYS, name="mine")
RATE = pd.Series(0.0001, index=DAYS)


def peer(kind: str, lags: int = 5) -> sm.regression.linear_model.RegressionResultsWrapper:
    model = sm.OLS(RETURNS - RATE, sm.add_constant(FACTORS))
    robust = {"newey_west": ("HAC", {"maxlags": lags}), "white": ("HC0", None), "classic": ("nonrobust", None)}[kind]
    return model.fit(cov_type=robust[0], cov_kwds=robust[1], use_t=True)


@pytest.mark.parametrize("kind", ["newey_west", "white", "classic"])
def test_errors_are_those_of_statsmodels(kind: str) -> None:
    found, expected = factor_regression(RETURNS, FACTORS, risk_free=RATE, errors=kind, level=0.9), peer(kind)
    table = found.table()
    for column, theirs in (("loading", "params"), ("standard_error", "bse"), ("t_statistic", "tvalues"), ("p_value", "pvalues")):
        assert table[column].to_numpy() == pytest.approx(getattr(expected, theirs).to_numpy(), rel=1e-9), column
    assert table[["low", "high"]].to_numpy() == pytest.approx(expected.conf_int(0.1).to_numpy(), rel=1e-9)
    assert found.lags == (5 if kind == "newey_west" else 0)  # floor(4 (300 / 100)^(2/9)) = 5


def test_figures_are_those_of_statsmodels() -> None:
    found, expected = factor_regression(RETURNS, FACTORS, risk_free=RATE), peer("classic")
    told = found.figures["mine"]
    assert told["r_squared"] == pytest.approx(expected.rsquared, rel=1e-9)
    assert told["adjusted_r_squared"] == pytest.approx(expected.rsquared_adj, rel=1e-9)
    assert (told["f_statistic"], told["f_p_value"]) == pytest.approx((expected.fvalue, expected.f_pvalue), rel=1e-8)
    assert told["durbin_watson"] == pytest.approx(sm.stats.durbin_watson(expected.resid), rel=1e-9)
    assert told["residual_deviation"] == pytest.approx(expected.mse_resid**0.5, rel=1e-9)
    assert found.residuals["mine"].to_numpy() == pytest.approx(expected.resid.to_numpy(), abs=1e-15)


@pytest.mark.parametrize("penalty", [0.0, 5.0, 400.0])
def test_ridge_is_that_of_sklearn(penalty: float) -> None:
    table = factor_regression(RETURNS, FACTORS, risk_free=RATE, estimator="ridge", penalty=penalty).table()
    scaler = StandardScaler().fit(FACTORS)
    model = Ridge(alpha=penalty).fit(scaler.transform(FACTORS), RETURNS - RATE)
    slopes = model.coef_ / scaler.scale_
    assert table["loading"].to_numpy()[1:] == pytest.approx(slopes, rel=1e-9)
    assert table["loading"]["alpha"] == pytest.approx(model.intercept_ - slopes @ scaler.mean_, rel=1e-9)
    assert table["standard_error"].isna().all()


def test_many_series_are_each_as_alone() -> None:
    many = pd.DataFrame({"mine": RETURNS, "double": 2 * RETURNS, "short": RETURNS.where(RETURNS.index > DAYS[99]), "none": np.nan})
    together = factor_regression(many, FACTORS, lags=4)
    assert together.loadings["mine"].to_numpy() == pytest.approx(factor_regression(RETURNS, FACTORS).loadings["mine"].to_numpy(), rel=1e-12)
    assert together.loadings["double"].to_numpy() == pytest.approx(2 * together.loadings["mine"].to_numpy())
    alone = factor_regression(RETURNS.iloc[100:], FACTORS.iloc[100:], lags=4)
    assert together.standard_errors["short"].to_numpy() == pytest.approx(alone.standard_errors["mine"].to_numpy(), rel=1e-9)
    assert together.figures["short"].to_numpy() == pytest.approx(alone.figures["mine"].to_numpy(), rel=1e-9)
    assert together.loadings["none"].isna().all()
    assert together.figures.loc["observations", "none"] == 0
    ridge = factor_regression(many, FACTORS, estimator="ridge")
    assert ridge.loadings["short"].to_numpy() == pytest.approx(
        factor_regression(RETURNS.iloc[100:], FACTORS.iloc[100:], estimator="ridge").loadings["mine"].to_numpy())


def test_tables_are_laid_by_date() -> None:
    shifted = FACTORS.iloc[50:].sample(frac=1, random_state=1).sort_index()
    assert factor_regression(RETURNS, shifted).figures.loc["observations", "mine"] == 250
    holes = FACTORS.copy()
    holes.loc[DAYS[3], "SMB"] = np.nan
    assert factor_regression(RETURNS, holes, errors="classic").loadings["mine"].to_numpy() == pytest.approx(
        factor_regression(RETURNS.drop(DAYS[3]), FACTORS.drop(DAYS[3]), errors="classic").loadings["mine"].to_numpy())


def test_rolling_loadings_are_those_of_statsmodels() -> None:
    found = rolling_factor_loadings(RETURNS, FACTORS, window=60, risk_free=RATE)
    expected = RollingOLS(RETURNS - RATE, sm.add_constant(FACTORS), window=60).fit()
    assert found[["alpha", "Mkt-RF", "SMB", "HML"]].to_numpy() == pytest.approx(expected.params.dropna().to_numpy(), rel=1e-7, abs=1e-10)
    assert found["r_squared"].to_numpy() == pytest.approx(expected.rsquared.dropna().to_numpy(), rel=1e-8)
    assert len(found) == 241
    assert rolling_factor_loadings(RETURNS, FACTORS, window=300).iloc[0, :4].to_numpy() == pytest.approx(
        factor_regression(RETURNS, FACTORS).loadings["mine"].to_numpy())


def test_what_factors_made_adds_up_to_the_return() -> None:
    table = factor_regression(RETURNS, FACTORS, risk_free=RATE).table()["loading"]
    found = factor_return_attribution(RETURNS, FACTORS, table, alpha=table["alpha"], risk_free=RATE)
    assert found.sum() == pytest.approx((1 + RETURNS).prod() - 1, rel=1e-12)
    assert list(found.index) == ["risk_free", "alpha", "Mkt-RF", "SMB", "HML", "specific"]
    exact = factor_return_attribution(FACTORS @ [1.1, 0.3, -0.2], FACTORS, [1.1, 0.3, -0.2])
    assert exact[["risk_free", "alpha", "specific"]].abs().max() < 1e-15


def test_what_factors_carry_adds_up_to_the_risk() -> None:
    fit = factor_regression(RETURNS, FACTORS, errors="classic")
    loadings, residual = fit.table()["loading"].drop("alpha"), fit.residuals["mine"].var()
    shares = factor_risk_contributions(loadings, FACTORS.cov(), residual)
    assert shares.sum() == pytest.approx(1.0)
    assert shares["specific"] == pytest.approx(1 - fit.figures.loc["r_squared", "mine"])
    parts = factor_risk_contributions(loadings, FACTORS.cov(), residual, relative=False)
    assert parts.sum() == pytest.approx(RETURNS.std(), rel=1e-12)
    assert factor_risk_contributions([1.0, -1.0], [[0.04, 0.03], [0.03, 0.04]])[1] == pytest.approx(0.5)


FRENCH = """This file was created by CMPT_ME_BEME_RETS using the 202412 CRSP database.
The 1-month TBill return is from Ibbotson and Associates.

,Mkt-RF,SMB,HML,RF
192607,    2.96,   -2.56,   -2.43,    0.22
192608,    2.64,   -1.17,    3.82,    0.25
192609,  -99.99,   -1.40,    0.13,    0.23

 Annual Factors: January-December
,Mkt-RF,SMB,HML,RF
  1927,   29.47,   -2.04,   -4.54,    3.12

Copyright 2024 Eugene F. Fama and Kenneth R. French
"""


def test_a_file_of_the_library_as_it_is() -> None:
    found = published_factors(FRENCH)
    assert found.index.strftime("%Y-%m-%d").tolist() == ["1926-07-31", "1926-08-31", "1926-09-30"]
    assert found.iloc[0].to_dict() == pytest.approx({"Mkt-RF": 0.0296, "SMB": -0.0256, "HML": -0.0243, "RF": 0.0022})
    assert np.isnan(found.iloc[2, 0])
    momentum = published_factors("Missing data are -99.99 or -999.\r\n\r\n,Mom   \r\n19261103,   0.56\r\n19261104,  -0.50\r\n")
    assert momentum.to_dict("list") == {"Mom": pytest.approx([0.0056, -0.005])}
    assert momentum.index[1] == pd.Timestamp("1926-11-04")


def test_tables_of_one_s_own() -> None:
    plain = published_factors("date;oil;gold\n2024-01-03;0.02;-0.01\n2024-01-02;0.01;0.004\n")
    assert plain["oil"].tolist() == [0.01, 0.02]
    percent = published_factors("date\toil\n2024-01-02\t1.5\n", unit="percent")
    assert percent.iloc[0, 0] == pytest.approx(0.015)
    assert list(published_factors("date,MKT_RF,UMD\n2024-01,0.01,0.02\n2024-02,0.01,0.02\n")) == ["Mkt-RF", "Mom"]
    assert models_of(["Mkt-RF", "SMB", "HML", "RMW", "CMA", "Mom"]) == ("capm", "ff3", "carhart", "ff5", "ff6")


@pytest.mark.parametrize(("text", "says"), [
    ("", "no row of a date"), ("date,oil\nyesterday,1\n", "no row of a date"), ("2024-01-02,1.0\n", "no line with a name"),
    ("date,oil\n2024-01-02,0.1\n2024-01-02,0.2\n", "comes twice"), ("date,oil\n2024-13-02,0.1\n", "not a date"),
    ("date,oil\n2024-01-02,1.4\n2024-01-03,-2.0\n", "look like percent"), ("date,SMB,smb\n2024-01-02,0.1,0.2\n", "names two columns"),
])
def test_files_that_are_none_are_named(text: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        published_factors(text)


def test_what_has_no_answer() -> None:
    alike = FACTORS.assign(twin=FACTORS["SMB"] * 2)
    found = factor_regression(RETURNS, alike)
    assert found.loadings["mine"].isna().all()
    assert found.condition_number > 1e8
    flat = factor_regression(RETURNS * 0 + 0.01, FACTORS, errors="classic")
    assert flat.loadings["mine"].to_numpy() == pytest.approx([0.01, 0, 0, 0], abs=1e-12)
    assert np.isnan(flat.figures.loc["r_squared", "mine"])
    with pytest.raises(InsufficientHistory, match="needs 5 observations, 4"):
        factor_regression(RETURNS.iloc[:4], FACTORS)
    with pytest.raises(InsufficientHistory, match="needs 5 observations, 0"):
        factor_regression(RETURNS * np.nan, FACTORS)
    with pytest.raises(InsufficientHistory, match="needs 400 observations, 300"):
        rolling_factor_loadings(RETURNS, FACTORS, window=400)
    with pytest.raises(MisalignedSeries, match="2020-01-01 to 2021-02-23 against 1990-01-01 to 1991-02-22: no period is common"):
        factor_regression(RETURNS, FACTORS.set_axis(pd.bdate_range("1990-01-01", periods=300)))
    with pytest.raises(MisalignedSeries, match="300, 299"):
        factor_regression(RETURNS.to_numpy(), FACTORS.to_numpy()[1:])
    with pytest.raises(InvalidInput, match="no factor"):
        factor_regression(RETURNS, FACTORS[[]])
    with pytest.raises(InvalidInput, match="below 5"):
        rolling_factor_loadings(RETURNS, FACTORS, window=4)
    with pytest.raises(InvalidInput, match="level"):
        factor_regression(RETURNS, FACTORS, level=1.0)
    with pytest.raises(MisalignedSeries, match="HML has no loading"):
        factor_return_attribution(RETURNS, FACTORS, {"Mkt-RF": 1.0, "SMB": 0.2})
