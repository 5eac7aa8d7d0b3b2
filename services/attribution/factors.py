"""What common factors explain of a portfolio: loadings with their errors, over time, and what they made of return and risk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

from data.database import Database
from engine import FactorRegression, factor_regression, factor_return_attribution, factor_risk_contributions, rolling_factor_loadings
from engine.factors.design import ALPHA
from engine.factors.explained import RISK_FREE, SPECIFIC
from engine.types import Actor, Finding, Severity
from services import fields
from services.attribution.factor_sets import FactorSets, FactorTable
from services.attribution.factor_sides import OWN, Sides, chosen, fitting, of_instruments, of_table
from services.attribution.views import (
    COSTS,
    ESTIMATORS,
    FACTOR_COLUMNS,
    LOADING_COLUMNS,
    MODELS,
    PERIODS_PER_YEAR,
    ROLLING_WINDOWS,
    FactorQuestion,
    FactorView,
)
from services.books.service import Kept, once
from services.fields import Place
from services.performance.figures import Basis
from services.performance.service import Performance
from services.performance.views import PerformanceQuestion
from services.views import ALL

KEPT: Final = 64
CHOICES: Final = {"model": MODELS, "estimator": ESTIMATORS, "costs": COSTS}
COLLINEAR: Final = 30.0  # Belsley, Kuh and Welsch: from here on factors say much the same
OF_FIT: Final = ("r_squared", "adjusted_r_squared", "f_statistic", "f_p_value", "durbin_watson")
FIGURES: Final = (ALPHA, "alpha_annualised", *OF_FIT, "condition_number", "portfolio_return", "risk_free_return", "excess_return",
                  "explained_return", "specific_return", "volatility", "systematic_volatility", "specific_volatility", "systematic_share")
LABELS: Final = {ALPHA: "Alpha", RISK_FREE: "Risk-free rate", SPECIFIC: "Specific"}


class Factors:
    """Factor models of the actor's portfolios."""

    def __init__(self, database: Database, performance: Performance, sets: FactorSets) -> None:
        self._database, self._performance, self.sets = database, performance, sets
        self._kept: Kept[FactorView] = Kept(KEPT)

    def factors(self, actor: Actor, scope: str | UUID = ALL, question: FactorQuestion | None = None) -> FactorView:
        """Explain the returns of a portfolio, or of all together, by factors.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        question : FactorQuestion, optional
            Window, model, source and conventions; default the largest model that a source has over the window, else the portfolio's own
            benchmark as the only factor.

        Raises
        ------
        NotFound
            No such portfolio, factor set or instrument.
        InvalidInput
            A convention that cannot be, or a factor that the source does not have.
        """
        asked = checked(question or FactorQuestion())
        basis = self._performance.basis(actor, scope, _performance_question(asked))
        with self._database.read() as unit:
            key = basis.brief.asked.key, asked, self.sets.state(unit, actor)
        return self._kept.get_or_compute(key, lambda: self._view(actor, basis, asked))

    def _view(self, actor: Actor, basis: Basis, asked: FactorQuestion) -> FactorView:
        tables = self.sets.tables(actor)
        sides = self._sides(actor, basis, asked, tables)
        return _told(basis, asked, sides, tables)

    def _sides(self, actor: Actor, basis: Basis, asked: FactorQuestion, tables: list[FactorTable]) -> Sides | None:
        """Choose what returns are regressed on."""
        if asked.source is not None:
            table = self.sets.table(actor, asked.source)
            return of_table(table, asked.model or (OWN if asked.factors or len(table.told.models) < 2 else table.told.models[-2]), asked, basis)
        if asked.factors:
            with self._database.read() as unit:
                return of_instruments(unit, actor, asked.factors, asked, basis)
        found = chosen(tables, asked, basis)
        if found is not None:
            return of_table(found[0], found[1], asked, basis)
        if asked.model is None and basis.view.benchmark is not None:
            with self._database.read() as unit:
                return of_instruments(unit, actor, [basis.view.benchmark[0]], asked, basis)
        table_of_model = fitting(tables, asked.model or "capm")
        return of_table(table_of_model, asked.model or "capm", asked, basis) if table_of_model else None


def checked(asked: FactorQuestion) -> FactorQuestion:
    """Give the question in the words of the house.

    Raises
    ------
    InvalidInput
        A choice that does not exist.
    """
    told: dict[str, Any] = {name: fields.choice(Place(name), value, known) for name, known in CHOICES.items()
                            if (value := getattr(asked, name)) is not None}
    return replace(asked, **told)


def _performance_question(asked: FactorQuestion) -> PerformanceQuestion:
    return PerformanceQuestion(start=asked.start, end=asked.end, period=asked.period, costs=asked.costs, base_currency=asked.base_currency)


def _told(basis: Basis, asked: FactorQuestion, sides: Sides | None, tables: list[FactorTable]) -> FactorView:
    view, count = basis.view, 0 if sides is None else len(sides.returns.dropna())
    needed = 0 if sides is None else sides.factors.shape[1] + 2
    frequency = "daily" if sides is None else sides.frequency
    window = asked.window or ROLLING_WINDOWS[frequency]
    base: dict[str, Any] = {
        "scope": view.scope, "label": view.label, "base_currency": view.base_currency, "observations": count, "needed": needed,
        "frequency": frequency, "periods_per_year": PERIODS_PER_YEAR[frequency], "window": window, "source": sides and sides.source,
        "sets": tuple(table.told for table in tables), "simulated": view.simulated or bool(sides and sides.simulated), "revisions": view.revisions,
    }
    found = list(sides.findings) if sides else [Finding("no_factors", "There is no factor set: bring a file, or take instruments as factors",
                                                        Severity.INFO)]
    if sides is None or count < needed:
        return _nothing(base, once([*found, *(_too_short(needed, count) if sides else ()), *view.findings]), _conventions(asked, sides, 0))
    fit = factor_regression(sides.returns, sides.factors, risk_free=sides.rates, estimator=asked.estimator, penalty=asked.penalty, lags=asked.lags,
                            level=asked.level)
    return _explained(base, asked, sides, fit, [*found, *_of_fit(fit), *view.findings])


def _explained(base: dict[str, Any], asked: FactorQuestion, sides: Sides, fit: FactorRegression, found: list[Finding]) -> FactorView:
    periods, table = base["periods_per_year"], fit.table()
    figures, parts = _figures(sides, fit, periods)
    rolling, gaps = _rolling(sides, base["window"], periods)
    return FactorView(
        **base, start=_date(sides.returns, 0), end=_date(sides.returns, -1), conventions=_conventions(asked, sides, fit.lags), figures=figures,
        loadings=table.rename_axis("factor").reset_index().assign(label=[_label(sides, name) for name in table.index])[list(LOADING_COLUMNS)],
        contributions=parts, rolling=rolling, series=_series(sides, table["loading"]), correlation=sides.factors.corr(), findings=once(found),
        gaps=gaps | {name: "The factors say the same, or the returns do not move" for name, value in figures.items() if not np.isfinite(value)},
    )


def _figures(sides: Sides, fit: FactorRegression, periods: float) -> tuple[dict[str, float], pd.DataFrame]:
    """Tell the figures of a fit, and what each factor made of return and risk."""
    loadings = fit.table()["loading"]
    alpha, slopes = float(loadings[ALPHA]), loadings.drop(ALPHA)
    made = factor_return_attribution(sides.returns, sides.factors, slopes, alpha=alpha, risk_free=sides.rates)
    residuals, known = fit.residuals.iloc[:, 0], sides.factors.loc[sides.returns.notna()]
    own = float(np.nanvar(residuals, ddof=1)) if residuals.notna().any() else float("nan")
    volatilities = factor_risk_contributions(slopes, known.cov(), own, relative=False) * np.sqrt(periods)
    shares = factor_risk_contributions(slopes, known.cov(), own)
    risk = float(volatilities.sum(skipna=False))
    order = [RISK_FREE, ALPHA, *slopes.index, SPECIFIC]
    parts = pd.DataFrame({
        "factor": order, "label": [_label(sides, name) for name in order], "loading": loadings.reindex(order).to_numpy(),
        "factor_return": [_compounded(known[name]) if name in known else np.nan for name in order],
        "contribution": made.reindex(order).to_numpy(), "volatility": volatilities.reindex(order, fill_value=0.0).to_numpy(),
        "risk_share": shares.reindex(order, fill_value=0.0).to_numpy(),
    })[list(FACTOR_COLUMNS)]
    systematic = 1.0 - float(shares[SPECIFIC])
    told = {
        ALPHA: alpha, "alpha_annualised": alpha * periods, **{name: float(fit.figures.iloc[:, 0][name]) for name in OF_FIT},
        "condition_number": fit.condition_number, "portfolio_return": float(made.sum()), "risk_free_return": float(made[RISK_FREE]),
        "excess_return": float(made.sum() - made[RISK_FREE]), "explained_return": float(made[slopes.index].sum()),
        "specific_return": float(made[SPECIFIC]), "volatility": risk, "systematic_volatility": risk * float(np.sqrt(max(systematic, 0.0))),
        "specific_volatility": risk * float(np.sqrt(shares[SPECIFIC])) if shares[SPECIFIC] >= 0 else float("nan"), "systematic_share": systematic,
    }
    return told, parts


def _compounded(returns: pd.Series) -> float:
    return float(np.prod(1.0 + returns.dropna().to_numpy(dtype=np.float64)) - 1.0)


def _rolling(sides: Sides, window: int, periods: float) -> tuple[pd.DataFrame, dict[str, str]]:
    """Tell the loadings of each window, alpha a year; nothing, and why, where no window is full."""
    names = [ALPHA, *sides.factors.columns, "r_squared"]
    if len(sides.returns) < max(window, sides.factors.shape[1] + 2) or window < sides.factors.shape[1] + 2:
        reason = f"A window of {window} periods needs as many, {len(sides.returns)} are there"
        return pd.DataFrame(columns=names, index=pd.DatetimeIndex([], name="date"), dtype=np.float64), {"rolling": reason}
    found = rolling_factor_loadings(sides.returns, sides.factors, window=window, risk_free=sides.rates)
    return found.assign(**{ALPHA: found[ALPHA] * periods}).rename_axis("date"), {}


def _series(sides: Sides, loadings: pd.Series) -> pd.DataFrame:
    """Tell what the portfolio grew to, and what the factors alone would have made of it."""
    known = sides.returns.dropna().index
    explained = sides.rates.loc[known] + sides.factors.loc[known] @ loadings.drop(ALPHA)
    frame = pd.DataFrame({"portfolio": (1.0 + sides.returns.loc[known]).cumprod(), "explained": (1.0 + explained.fillna(0.0)).cumprod()})
    return frame.rename_axis("date")


def _too_short(needed: int, found: int) -> list[Finding]:
    message = f"This regression needs {needed} periods, {found} are there"
    return [Finding("too_short", message, Severity.WARNING, {"needed": needed, "found": found})]


def _of_fit(fit: FactorRegression) -> list[Finding]:
    if fit.condition_number <= COLLINEAR:
        return []
    message = "The factors say much the same: how the loadings are parted among them says little"
    return [Finding("collinear", message, Severity.WARNING, {"condition_number": min(fit.condition_number, 1e300)})]


def _conventions(asked: FactorQuestion, sides: Sides | None, lags: int) -> dict[str, str]:
    told: dict[str, object] = {name: getattr(asked, name) for name in ("estimator", "level", "risk_free", "costs", "period")}
    told |= {"model": sides.model if sides else asked.model, "source": sides.source.key if sides and sides.source else "", "lags": lags,
             "penalty": asked.penalty if asked.estimator == "ridge" else None}
    return {name: str(value) for name, value in told.items() if value is not None}


def _label(sides: Sides, name: object) -> str:
    return LABELS.get(str(name)) or sides.labels.get(str(name), str(name))


def _date(returns: pd.Series, at: int) -> Any:  # noqa: ANN401  # a date
    return returns.dropna().index[at].date()


def _nothing(base: dict[str, Any], findings: tuple[Finding, ...], conventions: dict[str, str]) -> FactorView:
    empty, reason = pd.DatetimeIndex([], name="date"), findings[0].message
    return FactorView(
        **base, start=None, end=None, conventions=conventions, figures=dict.fromkeys(FIGURES, float("nan")),
        loadings=pd.DataFrame(columns=list(LOADING_COLUMNS)), contributions=pd.DataFrame(columns=list(FACTOR_COLUMNS)),
        rolling=pd.DataFrame(columns=[ALPHA, "r_squared"], index=empty, dtype=np.float64),
        series=pd.DataFrame(columns=["portfolio", "explained"], index=empty, dtype=np.float64), correlation=pd.DataFrame(), findings=findings,
        gaps=dict.fromkeys(FIGURES, reason),
    )
