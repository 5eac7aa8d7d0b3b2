"""Explanations of the Risk page: figures of the sheet, of today's holdings, of each model and its backtest, of what each holding adds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import pandas as pd

from engine.risk.var.backtest import Backtest
from engine.risk.var.methods import METHODS
from services.attribution.views import ConcentrationView
from services.explain.figures.catalogue import TERMS, by_method, of_catalogue
from services.explain.figures.material import Material
from services.explain.figures.told import Said, call_of, explanation, plain, spoken, unknown
from services.explain.formula import number
from services.explain.views import Explanation
from services.risk.exposures import Exposure
from services.risk.losses import HISTORY, Losses
from services.risk.today import Today
from services.risk.views import RiskQuestion, RiskView

PREFIX: Final = "risk."
HINT: Final = "GET /api/v1/figures lists them"
JORION: Final = "Jorion, Value at Risk, 3rd ed.; weights of now on past returns (historical simulation)"
EULER: Final = "Tasche, Risk contributions and performance measurement (1999); Garman, Improving on VaR (1996)"
OF_TODAY: Final[Mapping[str, tuple[str, str, str]]] = {
    "value_at_risk": ("Value at risk of today's holdings", "fraction",
                      "The loss that today's weights would not have exceeded, with the confidence below, on the returns below."),
    "expected_shortfall": ("Expected shortfall of today's holdings", "fraction", "The mean of the losses beyond the value at risk."),
    "volatility": ("Volatility of today's holdings", "fraction", "Standard deviation of what today's weights would have returned, a year."),
    "beta": ("Beta of today's holdings", "ratio", "What today's weights would have returned with one unit of the benchmark's return: cov / var."),
    "risk_score": ("Risk score", "ratio",
                   "1 to 7: the class of the volatility and how far through its band it is, and what tail, concentration and slow sale add to it."),
}
OF_MODELS: Final[Mapping[str, tuple[str, str]]] = {
    "value_at_risk": ("Value at risk", "fraction"), "expected_shortfall": ("Expected shortfall", "fraction"),
    "violations": ("Hits", "count"), "expected": ("Hits expected", "ratio"), "kupiec_p_value": ("Kupiec, p", "ratio"),
    "independence_p_value": ("Independence, p", "ratio"), "conditional_coverage_p_value": ("Conditional coverage, p", "ratio"),
    "duration_p_value": ("Durations, p", "ratio"), "shortfall_p_value": ("Shortfall, p", "ratio"), "loss": ("Mean pinball loss", "fraction"),
}
TESTS: Final[Mapping[str, tuple[str, str, str]]] = {  # formula, what it says, after whom
    "violations": ("days - count(days_that_held)", "Days on which the loss was larger than the forecast.", "Basel Committee (1996)"),
    "expected": ("days * (1 - level)", "Days on which a right forecast is exceeded.", "Basel Committee (1996)"),
    "kupiec_p_value": ("2 * normal(-sqrt(statistic))", "Chance that a right model has as odd a number of hits.", "Kupiec (1995)"),
    "independence_p_value": ("2 * normal(-sqrt(statistic))", "Chance that hits follow each other so much, were they independent.",
                             "Christoffersen, Evaluating Interval Forecasts (1998)"),
    "conditional_coverage_p_value": ("chance_beyond(statistic, 2)", "Chance of both the number and the order of hits under a right model.",
                                     "Christoffersen (1998)"),
    "duration_p_value": ("", "Chance that days between hits are so uneven without memory, by simulation.", "Christoffersen and Pelletier (2004)"),
    "shortfall_p_value": ("", "Chance of losses so far beyond the forecast, by simulation from it.", "Acerbi and Szekely (2014), test 2"),
    "loss": ("", "Mean of (level of hits less 1 on a hit) x (return + forecast): what ranks models that no test rejects.",
             "Koenker and Bassett (1978)"),
}
OF_PARTS: Final[Mapping[str, tuple[str, str, str, str]]] = {  # column: title, unit, formula, what it says
    "standalone": ("Loss of it alone", "fraction", "", "Value at risk of this holding at its weight, nothing else held."),
    "component": ("Part of the loss", "fraction", "weight * marginal", "Weight times marginal: the parts add up to the portfolio's loss."),
    "marginal": ("Loss of one more unit in it", "fraction", "component / weight", "How the loss rises with its weight: a central difference."),
    "incremental": ("Loss with it less without it", "fraction", "portfolio_loss - loss_without_it", "Its money in cash instead."),
    "share": ("Share of the loss", "fraction", "component / sum(components)", "Of all parts."),
}
MEUCCI: Final = "Meucci, Risk Contributions from Generic User-Defined Factors (2007); Meucci, Santangelo and Deguest (2015)"
OF_CONCENTRATION: Final[Mapping[str, tuple[str, str, str, str, str]]] = {  # title, unit, formula, what it says, after whom
    "hhi": ("Herfindahl index", "ratio", "sum(parts_of_invested ** 2)", "Sum of squared parts of what is invested; 1 is all in one.", "Herfindahl"),
    "effective_number_of_assets": ("Effective number of holdings", "ratio", "1 / hhi", "As many of one size would be as concentrated.", "Herfindahl"),
    "effective_number_of_bets": ("Effective number of bets", "ratio", "", "exp of the entropy of the parts of risk, by minimum torsion.", MEUCCI),
    "effective_number_of_bets_pca": ("Effective number of bets, PCA", "ratio", "", "The same by principal components.",
                                     MEUCCI),
    "diversification_ratio": ("Diversification ratio", "ratio", "sum(abs(weights) * volatilities) / portfolio_volatility",
                              "Volatilities of the holdings over that of all together; 1 is none.", "Choueifaty and Coignard (2008)"),
    "average_pairwise_correlation": ("Average correlation", "ratio", "", "Mean of the correlations of all pairs.", "Pollet and Wilson (2010)"),
    "weighted_average_correlation": ("Weighted average correlation", "ratio", "", "The same, pairs by the product of their weights.",
                                     "Tierens and Anadu (2004)"),
    "absorption_ratio": ("Absorption ratio", "fraction", "", "Share of all variance in the first fifth of the principal components.",
                         "Kritzman, Li, Page and Rigobon (2011)"),
    "top_1": ("Largest holding", "fraction", "largest(abs(weights))", "Its weight.", "Share of the value"),
    "top_5": ("Largest five", "fraction", "sum(largest_five)", "Their weight.", "Share of the value"),
    "top_10": ("Largest ten", "fraction", "sum(largest_ten)", "Their weight.", "Share of the value"),
    "largest_share": ("Largest share of risk", "fraction", "largest(shares_of_risk)", "Of one holding.", EULER),
    "gross_exposure": ("Gross exposure", "fraction", "sum(abs(weights))", "Sizes of all weights.", "Share of the value"),
    "net_exposure": ("Net exposure", "fraction", "sum(weights)", "Longs less shorts.", "Share of the value"),
    "long_exposure": ("Long", "fraction", "sum(surpluses(weights))", "Weights above zero.", "Share of the value"),
    "short_exposure": ("Short", "fraction", "sum(shortfalls(weights))", "Size of the weights below zero.", "Share of the value"),
    "volatility": ("Volatility of what is held", "fraction", "sum(contributions)", "A year, from the covariance of the last two years.", EULER),
}
OF_HOLDINGS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "volatility": ("Volatility", "fraction", "", "Of its own daily returns, a year."),
    "marginal": ("Marginal volatility", "fraction", "contribution / weight", "How the volatility of all rises with its weight."),
    "contribution": ("Contribution to volatility", "fraction", "weight * marginal", "They add up to the volatility of what is held."),
    "share": ("Share of risk", "fraction", "contribution / sum(contributions)", "Of the volatility of what is held."),
    "beta": ("Beta to all", "ratio", "marginal / sum(contributions)", "How far it moves for each percent that all together move."),
}


def of_sheet(view: RiskView, name: str, asked: RiskQuestion) -> Explanation:
    """Tell how a figure of the sheet comes about."""
    term = TERMS.get(name)
    if term is None:
        raise unknown(name, "GET /api/v1/risk/figures lists them")
    lacking = [f"It says little below {term.minimum} trading days: {view.missing[name]} are missing"] if name in view.missing else []
    gap = [f"It has no value: {view.gaps[name]}"] if name in view.gaps else []
    said = Said(f"{PREFIX}{name}", view.scope, term.label, view.figures.get(name), term.unit, view.base_currency, term.meaning,
                [*gap, *lacking, *spoken(view.conventions)], term.source, call_of(view.scope, "risk", asked, RiskQuestion()), name,
                findings=view.findings)
    at = Material(view.series["return"], view.series["benchmark_return"] if view.benchmark else None, view.periods_per_year, asked.level,
                  asked.risk_free, view.figures)
    figure, words = by_method(name, asked.method, asked.horizon_days) if name in {"value_at_risk", "expected_shortfall"} else (name, "")
    return of_catalogue(said, figure, at, prefix=PREFIX) if figure else explanation(said, "", plain({}), instead=words)


def of_today(view: RiskView, exposure: Exposure, today: Today, name: str, asked: RiskQuestion, told: Losses) -> Explanation:
    """Tell how a figure of today's holdings comes about; `told`: the losses that it takes its own from."""
    if name not in OF_TODAY:
        raise unknown(name, f"Use one of {', '.join(OF_TODAY)}")
    title, unit, meaning = OF_TODAY[name]
    value = float(today.score.score or "nan") if name == "risk_score" else float(getattr(today, name))
    words = [*_basis(today.days), f"Losses by the model {today.method.replace('_', ' ')}, over {_days(today.horizon)}"]
    said = Said(f"{PREFIX}today.{name}", view.scope, title, value, unit, view.base_currency, meaning, words, JORION,
                call_of(view.scope, "risk", asked, RiskQuestion()), f"today.{'score' if name == 'risk_score' else name}", findings=view.findings)
    if name == "risk_score":
        parts = pd.Series(today.score.components, dtype=float)
        return explanation(said, "whole(sum(components))", plain({"components": ("What volatility, tail, concentration and slow sale make",
                                                                                 "ratio", parts)}))
    at = _material(exposure, asked, today.days)
    if name in {"volatility", "beta"}:
        return of_catalogue(said, name, at, prefix=f"{PREFIX}today.")
    figure, instead = by_method(name, today.method, today.horizon)
    at = _of_model(exposure, told, today.method, asked)
    return of_catalogue(said, figure, at, prefix=f"{PREFIX}var.") if figure else explanation(said, "", plain({}), instead=instead)


def _basis(days: int) -> list[str]:
    return ["Weights of now, in base currency; cash returns nothing",
            f"The last {days} trading days; what has no return on a day counts as the rest of the portfolio"]


def _days(count: int) -> str:
    return f"{count} trading {'day' if count == 1 else 'days'}"


def _material(exposure: Exposure, asked: RiskQuestion, days: int = HISTORY) -> Material:
    past = exposure.of_today.dropna().tail(days)
    beside = exposure.benchmark_of_today
    return Material(past, None if beside is None else beside.reindex(past.index), exposure.periods_per_year, asked.level)


def of_model(exposure: Exposure, told: Losses, name: str, model: str, asked: RiskQuestion) -> Explanation:
    """Tell how a loss by a model, or a figure of its backtest, comes about."""
    if name not in OF_MODELS or model not in told.now.index:
        raise unknown(f"{name}:{model}", HINT)
    title, unit = OF_MODELS[name]
    label = METHODS[model].label
    is_now = name in told.now
    ranking = told.test.ranking if told.test is not None else pd.DataFrame()
    known = is_now or model in ranking.index
    value = number(told.now.loc[model, name]) if is_now else number(ranking.loc[model, name]) if known else math.nan
    meaning = f"{TERMS[name].meaning} By the method {label}." if is_now else TESTS[name][1]
    gap = [f"It has no value: {told.gaps[model]}"] if model in told.gaps else [] if known else ["It has not been tried on the past yet"]
    path = f"methods[name={model}].{name}" if is_now else f"ranking[name={model}].{name}"
    answer = "risk/var" if is_now else "risk/backtest"
    said = Said(f"{PREFIX}var.{name}", exposure.scope, f"{title}, {label}", value, unit, exposure.base_currency, meaning,
                [*gap, *_basis(told.observations), f"Confidence {told.level:g}, over {_days(told.horizon if is_now else 1)}"],
                METHODS[model].source if is_now else TESTS[name][2], _var_call(exposure, answer, asked), path, symbol=model)
    if not is_now:
        return _of_test(said, told, told.test, name, model) if known and told.test is not None else explanation(said, "", plain({}))
    figure, words = by_method(name, model, told.horizon)
    if not figure:
        return explanation(said, "", plain({}), instead=words)
    return of_catalogue(said, figure, _of_model(exposure, told, model, asked), prefix=f"{PREFIX}var.")


def _of_model(exposure: Exposure, told: Losses, model: str, asked: RiskQuestion) -> Material:
    """Lay out what a model was measured on: quotes may have moved the weights since."""
    figures = {f"{name}_{model}": number(told.now.loc[model, name]) for name in told.now.columns} if model in told.now.index else {}
    return Material(told.past, None, exposure.periods_per_year, asked.level, figures=figures)


def _of_test(said: Said, told: Losses, test: Backtest, name: str, model: str) -> Explanation:
    forecasts = test.forecasts[model].dropna()
    made = test.returns.reindex(forecasts.index)
    statistic = number(test.ranking.loc[model].get(name.replace("_p_value", "_statistic"), math.nan))
    return explanation(said, TESTS[name][0], plain({
        "days": ("Days that were forecast", "count", float(len(forecasts))), "level": ("Confidence", "fraction", told.level),
        "statistic": ("Statistic of the test", "ratio", statistic),
        "days_that_held": ("Returns of days within the forecast", "fraction", made[made >= -forecasts])}))


def of_part(exposure: Exposure, told: Losses, name: str, symbol: str, asked: RiskQuestion) -> Explanation:
    """Tell how what a holding adds to the loss comes about."""
    if name not in OF_PARTS or symbol not in told.parts.index:
        raise unknown(f"{name}:{symbol}", HINT)
    title, unit, formula, meaning = OF_PARTS[name]
    row, total = told.parts.loc[symbol], told.parts["component"]
    said = Said(f"{PREFIX}part.{name}", exposure.scope, f"{title}, {symbol}", number(row[name]), unit, exposure.base_currency, meaning,
                [*_basis(told.observations), f"Losses by the model {told.method.replace('_', ' ')}, over {_days(told.horizon)}",
                 "Fractions of the portfolio's value; the screen tells them in money"], EULER, _var_call(exposure, "risk/var", asked),
                f"parts[name={symbol}].{name}", symbol=symbol)
    whole = float(total.sum())
    return explanation(said, formula, plain({
        "weight": ("Weight", "fraction", number(row["weight"])), "marginal": ("Loss of one more unit", "fraction", number(row["marginal"])),
        "component": ("Part of the loss", "fraction", number(row["component"])), "components": ("Parts of all holdings", "fraction", total),
        "portfolio_loss": ("Loss of all together", "fraction", whole),
        "loss_without_it": ("Loss without it", "fraction", whole - number(row["incremental"]))}))


def _var_call(exposure: Exposure, answer: str, asked: RiskQuestion) -> str:
    usual = RiskQuestion()
    kept = {name: getattr(asked, name) for name in ("level", "horizon_days", "method", "end", "base_currency", "group_by", "group")
            if getattr(asked, name) != getattr(usual, name)}
    return call_of(exposure.scope, answer, usual, usual, **kept)


def of_concentration(view: ConcentrationView, weights: pd.Series, name: str, symbol: str) -> Explanation:
    """Tell how a figure of concentration, or what a holding adds to the volatility, comes about."""
    return _of_holding(view, name, symbol) if symbol else _of_whole(view, weights, name)


def _of_whole(view: ConcentrationView, weights: pd.Series, name: str) -> Explanation:
    if name not in OF_CONCENTRATION:
        raise unknown(name, HINT)
    title, unit, formula, meaning, source = OF_CONCENTRATION[name]
    gap = [f"It has no value: {view.gaps[name]}"] if name in view.gaps else []
    said = Said(f"{PREFIX}concentration.{name}", view.scope, title, view.figures.get(name), unit, view.base_currency, meaning,
                [*gap, f"{view.observations} trading days that all holdings have"], source, f"/api/v1/portfolios/{view.scope}/concentration", name)
    held, sizes = weights.dropna(), weights.dropna().abs().sort_values(ascending=False)
    of_risk = view.risk.set_index("key") if len(view.risk) else pd.DataFrame(columns=["weight", "volatility", "share", "contribution"], dtype=float)
    is_of_risk = name == "diversification_ratio"
    return explanation(said, formula, plain({
        "weights": ("Weights", "fraction", of_risk["weight"] if is_of_risk else held), "parts_of_invested": ("Parts of what is invested", "fraction",
                                                                                                       held / sizes.sum() if len(sizes) else held),
        "hhi": ("Herfindahl index", "ratio", view.figures.get("hhi", math.nan)), "volatilities": ("Volatilities", "fraction", of_risk["volatility"]),
        "portfolio_volatility": ("Volatility of all", "fraction", view.figures.get("volatility", math.nan)),
        "largest_five": ("The largest five", "fraction", sizes.head(5)), "largest_ten": ("The largest ten", "fraction", sizes.head(10)),
        "shares_of_risk": ("Shares of risk", "fraction", of_risk["share"]), "contributions": ("Contributions", "fraction", of_risk["contribution"])}))


def _of_holding(view: ConcentrationView, name: str, symbol: str) -> Explanation:
    frame = view.risk.set_index("key") if len(view.risk) else pd.DataFrame()
    if name not in OF_HOLDINGS or symbol not in frame.index:
        raise unknown(f"{name}:{symbol}", HINT)
    title, unit, formula, meaning = OF_HOLDINGS[name]
    row = frame.loc[symbol]
    said = Said(f"{PREFIX}concentration.{name}", view.scope, f"{title}, {symbol}", number(row[name]), unit, view.base_currency, meaning,
                [f"A year, from {view.observations} trading days that all holdings have"], EULER, f"/api/v1/portfolios/{view.scope}/concentration",
                f"risk[key={symbol}].{name}", symbol=symbol)
    return explanation(said, formula, plain({
        "weight": ("Weight", "fraction", number(row["weight"])), "marginal": ("Marginal volatility", "fraction", number(row["marginal"])),
        "contribution": ("Contribution", "fraction", number(row["contribution"])),
        "contributions": ("Contributions of all holdings", "fraction", frame["contribution"].astype(float))}))
