"""Factors through the service: a portfolio that is made of factors, sets of one's own, and what has no answer."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from data.factor_files import files_in, sample
from engine.errors import Conflict, FileTooLarge, InvalidInput, NotFound
from engine.types import Actor
from services import Services
from services.attribution.factor_sets import FactorSets
from services.attribution.factors import FIGURES
from services.attribution.views import FactorQuestion, FactorView
from services.performance.views import PerformanceQuestion
from services.writes import Writes

Ask = FactorQuestion
DAYS = pd.bdate_range("2023-01-02", periods=260)
CHANCE = np.random.default_rng(23)
FACTORS = pd.DataFrame(CHANCE.normal(0.0004, [0.01, 0.004, 0.005], (260, 3)), index=DAYS, columns=["Mkt-RF", "SMB", "HML"]).assign(RF=0.0001)
START, END = date(2023, 1, 2), DAYS[-1].date()


def text_of(frame: pd.DataFrame) -> bytes:
    """A file as the library writes it: percent, dates in digits."""
    told = frame.mul(100).round(6).set_axis(pd.DatetimeIndex(frame.index).strftime("%Y%m%d"), axis=0)
    return b"Made by hand.\n\n" + told.to_csv().encode()


def closes(returns: np.ndarray) -> list[dict[str, object]]:
    prices = 100 * np.cumprod(1 + np.concatenate([[0.0], returns[1:]]))
    return [{"date": day.date().isoformat(), "close": round(float(price), 8)} for day, price in zip(DAYS, prices, strict=True)]


@pytest.fixture
def key(services: Services, actor: Actor) -> UUID:
    """One share that is 1.2 of the market, 0.5 of size and noise, held from the first day on."""
    returns = 0.0001 + FACTORS[["Mkt-RF", "SMB"]].to_numpy() @ [1.2, 0.5] + CHANCE.normal(0, 0.002, 260)
    for symbol, made in {"MINE": returns, "MKT": FACTORS["Mkt-RF"].to_numpy(), "SIZE": FACTORS["SMB"].to_numpy()}.items():
        services.instruments.put(actor, symbol, {"name": symbol.title(), "currency": "USD"})
        services.instruments.put_bars(actor, symbol, closes(made))
    portfolio = services.portfolios.create(actor, {"name": "P", "base_currency": "USD", "benchmark": "MKT"}).id
    services.transactions.record(actor, portfolio, [
        {"date": START, "kind": "DEPOSIT", "amount": "10000"}, {"date": START, "kind": "BUY", "symbol": "MINE", "quantity": "100", "price": "100"}])
    return portfolio


@pytest.fixture
def brought(services: Services, actor: Actor) -> str:
    return services.factors.sets.add(actor, "daily", text_of(FACTORS)).key


def check(view: FactorView) -> None:
    """What holds of every answer: parts add up to return, volatility and one."""
    parts = view.contributions
    assert parts["contribution"].sum() == pytest.approx(view.figures["portfolio_return"], abs=1e-12)
    assert parts["volatility"].sum() == pytest.approx(view.figures["volatility"], rel=1e-12)
    assert parts["risk_share"].sum() == pytest.approx(1.0)
    assert set(FIGURES) == set(view.figures)


def test_a_portfolio_made_of_factors_is_found_out(services: Services, actor: Actor, key: UUID, brought: str) -> None:
    view = services.factors.factors(actor, key, Ask(start=START, end=END, source=brought, model="ff3"))
    check(view)
    growth = services.performance.performance(actor, key, PerformanceQuestion(start=START, end=END)).series["growth"]
    returns = growth.pct_change().dropna()
    expected = sm.OLS(returns - 0.0001, sm.add_constant(FACTORS.loc[returns.index, ["Mkt-RF", "SMB", "HML"]])).fit(
        cov_type="HAC", cov_kwds={"maxlags": 4}, use_t=True)
    told = view.loadings.set_index("factor")
    assert told["loading"].to_numpy() == pytest.approx(expected.params.to_numpy(), abs=1e-7)  # the file has eight decimals
    assert told["standard_error"].to_numpy() == pytest.approx(expected.bse.to_numpy(), rel=1e-6)
    assert told.loc[["Mkt-RF", "SMB"], "loading"].tolist() == pytest.approx([1.2, 0.5], abs=0.1)
    assert view.figures["portfolio_return"] == pytest.approx(growth.iloc[-1] - 1)
    assert view.figures["volatility"] == pytest.approx((returns - 0.0001).std() * 252**0.5, rel=1e-9)
    assert view.figures["systematic_share"] == pytest.approx(view.figures["r_squared"])
    assert (view.conventions["lags"], view.frequency, view.observations) == ("4", "daily", 259)
    assert len(view.rolling) == 259 - 126 + 1
    assert view.source is not None
    assert view.source.models == ("capm", "ff3", "own")


def test_the_default_takes_what_covers_the_window(services: Services, actor: Actor, key: UUID) -> None:
    """Without a set for these years the portfolio's benchmark is the factor; with one, its largest model."""
    alone = services.factors.factors(actor, key, Ask(start=START, end=END))
    check(alone)
    assert (alone.source, alone.conventions["model"], list(alone.loadings["factor"])) == (None, "own", ["alpha", "MKT"])
    services.factors.sets.add(actor, "daily", text_of(FACTORS))
    covered = services.factors.factors(actor, key, Ask(start=START, end=END))
    assert covered.conventions["model"] == "ff3"


def test_instruments_are_factors(services: Services, actor: Actor, key: UUID) -> None:
    view = services.factors.factors(actor, key, Ask(start=START, end=END, factors=("MKT", "SIZE"), risk_free=0.02, frequency="weekly"))
    check(view)
    assert list(view.loadings["factor"]) == ["alpha", "MKT", "SIZE"]
    assert view.loadings["label"].tolist() == ["Alpha", "Mkt", "Size"]
    assert (view.frequency, view.periods_per_year) == ("weekly", 52)
    assert view.loadings.set_index("factor").loc["MKT", "loading"] == pytest.approx(1.2, abs=0.15)
    with pytest.raises(NotFound):
        services.factors.factors(actor, key, Ask(factors=("NOBODY",)))


def test_a_set_is_compounded_to_longer_periods(services: Services, actor: Actor, key: UUID, brought: str) -> None:
    view = services.factors.factors(actor, key, Ask(start=START, end=END, source=brought, model="capm", frequency="monthly"))
    check(view)
    assert (view.frequency, view.observations, view.needed) == ("monthly", 11, 3)
    monthly = FACTORS.groupby(FACTORS.index.to_period("M"))["Mkt-RF"].apply(lambda column: (1 + column).prod() - 1)
    part = view.contributions.set_index("factor").loc["Mkt-RF", "factor_return"]
    assert part == pytest.approx((1 + monthly.iloc[1:12]).prod() - 1, rel=1e-6)
    assert "rolling" in view.gaps
    with pytest.raises(InvalidInput, match="finer than the monthly"):
        services.factors.factors(actor, key, Ask(source="french_sample", frequency="daily"))


def test_a_set_of_other_years_is_a_finding_with_both_ends(services: Services, actor: Actor, key: UUID) -> None:
    view = services.factors.factors(actor, key, Ask(start=START, end=END, source="french_sample", model="ff3"))
    codes = {each.code: each for each in view.findings}
    assert "from 1926-07-31 to 2018-11-30" in codes["no_overlap"].message
    assert "needs 5 periods, 0 are there" in codes["too_short"].message
    assert view.start is None
    assert np.isnan(view.figures["alpha"])
    assert view.gaps["alpha"] == codes["no_overlap"].message


def test_another_currency_is_told(services: Services, actor: Actor, key: UUID, brought: str) -> None:
    services.instruments.put_rates(actor, "EURUSD", [{"date": day.date().isoformat(), "rate": 1.1} for day in DAYS])
    view = services.factors.factors(actor, key, Ask(start=START, end=END, source=brought, base_currency="EUR"))
    assert "factors_in_usd" in {each.code for each in view.findings}


def test_factors_that_say_the_same_are_told(services: Services, actor: Actor, key: UUID) -> None:
    twins = FACTORS.assign(HML=FACTORS["SMB"] * 2)
    services.factors.sets.add(actor, "twins", text_of(twins))
    view = services.factors.factors(actor, key, Ask(start=START, end=END, source="twins", model="ff3"))
    assert "collinear" in {each.code for each in view.findings}
    assert np.isnan(view.figures["alpha"])
    ridge = services.factors.factors(actor, key, Ask(start=START, end=END, source="twins", model="ff3", estimator="ridge", penalty=2.0))
    assert np.isfinite(ridge.loadings["loading"]).all()
    assert ridge.loadings["standard_error"].isna().all()


def test_a_set_is_kept_taken_out_and_brought_back(services: Services, actor: Actor) -> None:
    made = services.factors.sets.add(actor, "mine", text_of(FACTORS), idempotency_key="k")
    assert services.factors.sets.add(actor, "mine", text_of(FACTORS), idempotency_key="k") == made
    assert (made.frequency, made.observations, made.has_risk_free, made.begins) == ("daily", 260, True, START)
    with pytest.raises(Conflict, match="mine already"):
        services.factors.sets.add(actor, "mine", text_of(FACTORS))
    with pytest.raises(Conflict, match="changed meanwhile"):
        services.factors.sets.remove(actor, UUID(made.key), 9)
    services.factors.sets.remove(actor, UUID(made.key), made.version)
    assert [each.key for each in services.factors.sets.find(actor)] == ["french_sample"]
    entry = services.audit.find(actor, entity="factor_set").items[0]
    services.audit.undo(actor, entry.id)
    assert services.factors.sets.find(actor)[0].key == made.key
    with pytest.raises(NotFound, match="nothing here"):
        services.factors.sets.table(actor, "nothing here")


def test_what_cannot_be_kept_is_named(services: Services, actor: Actor) -> None:
    for content, says in ((b"", "no row of a date"), (b"\xff\xfe\x00", "no row of a date"),
                          (b"date,oil\n2024-01-02,0.1\n", "1 rows, 2 are the least"),
                          (b"date,oil\n2020,0.1\n2021,0.2\n", "further apart than a month")):
        with pytest.raises(InvalidInput, match=says):
            services.factors.sets.add(actor, "bad", content)
    with pytest.raises(FileTooLarge):
        services.factors.sets.add(actor, "large", b"0" * (8 * 2**20 + 1))
    with pytest.raises(InvalidInput, match="name"):
        services.factors.sets.add(actor, "  ", text_of(FACTORS))
    with pytest.raises(InvalidInput, match="unit"):
        services.factors.sets.add(actor, "units", text_of(FACTORS), unit="bps")
    assert [each.key for each in services.factors.sets.find(actor)] == ["french_sample"]


def test_files_of_a_folder_are_sets_until_they_are_gone(services: Services, actor: Actor, tmp_path: Path) -> None:
    folder = tmp_path / "factors"
    sets = FactorSets(Writes(services.database, services.bus), folder)
    assert [each.key for each in sets.find(actor)] == ["french_sample"]
    folder.mkdir()
    (folder / "oil.csv").write_text("date,oil\n2024-01-02,0.01\n2024-01-03,0.02\n", encoding="utf-8")
    (folder / "letter.txt").write_text("Dear reader", encoding="utf-8")
    assert [each.key for each in sets.find(actor)] == ["folder:oil", "french_sample"]
    assert set(files_in(folder)) == {"oil", "letter"}
    (folder / "oil.csv").unlink()
    assert len(sets.find(actor)) == 1


def test_the_sample_is_that_of_the_package() -> None:
    text = sample()
    assert text is not None
    assert text.read().startswith("Date,Mkt-RF,SMB,HML,RF")


def test_an_empty_portfolio_says_so(services: Services, actor: Actor) -> None:
    made = services.portfolios.create(actor, {"name": "Empty", "base_currency": "USD"}).id
    view = services.factors.factors(actor, made)
    assert np.isnan(view.figures["alpha"])
    assert view.observations == 0
    with pytest.raises(InvalidInput, match="model"):
        services.factors.factors(actor, made, Ask(model="ff9"))
