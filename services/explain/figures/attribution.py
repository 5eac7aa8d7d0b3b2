"""Explanations of attribution and of factors: effects that add up, and loadings with what they make of the return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from services.attribution.views import EFFECTS, AttributionQuestion, AttributionView, FactorQuestion, FactorView
from services.explain.figures.told import Said, call_of, explanation, plain, spoken, unknown
from services.explain.views import Explanation

HINT: Final = "Press one of the page's numbers, or see GET /api/v1/figures"
BRINSON: Final = "Brinson and Fachler (1985); Brinson, Hood and Beebower (1986)"
WORDS: Final[Mapping[str, str]] = {"allocation": "Allocation", "selection": "Selection", "interaction": "Interaction", "currency": "Currency",
                                   "total": "Total", "active_return": "Active return", "portfolio_return": "Portfolio return",
                                   "benchmark_return": "Benchmark return", "residual": "Residual"}
MEANT: Final[Mapping[str, str]] = {
    "allocation": "(weight - benchmark's weight) x (benchmark's return in the group - benchmark's return), by day, linked.",
    "selection": "Benchmark's weight x (own return in the group - benchmark's return in it), by day, linked.",
    "interaction": "(weight - benchmark's weight) x (own return - benchmark's return in the group), by day, linked.",
    "currency": "Currencies held beyond the benchmark's x what their rates did (Karnosky and Singer 1994), by day, linked.",
    "total": "The sum of the effects: what this part adds to the active return.",
    "active_return": "The portfolio's return less the benchmark's; as a ratio where effects multiply.",
    "portfolio_return": "Time-weighted return of the portfolio over the window.",
    "benchmark_return": "Return of the benchmark over the window.",
    "residual": "What the effects leave over: nothing but rounding.",
}
CELLS: Final[Mapping[str, tuple[str, str]]] = {  # of a row, beside the effects: title, what it says
    "weight": ("Weight", "Mean of the portfolio's weights of all days."),
    "benchmark_weight": ("Benchmark's weight", "Mean of the benchmark's weights of all days."),
    "return": ("Own return", "Linked over the days on which the portfolio held it."),
    "benchmark_return": ("Benchmark's return in it", "Linked over the days on which the benchmark held it."),
    "currency_return": ("Return of the currency", "Of the currency against the base, over the window."),
    "effect": ("Rate effect", "(weight - benchmark's weight) x what the rate did beyond the benchmark's rates, by day, linked."),
    "cross": ("Cross", "What the rate did to the local gains: weight x local return x return of the rate, by day, linked."),
    "portfolio": ("Portfolio return", "Time-weighted, of this month alone."),
    "benchmark": ("Benchmark return", "Of this month alone."),
    "active": ("Active return", "The portfolio's return less the benchmark's, of this month alone; as a ratio where effects multiply."),
}
OF_LOADINGS: Final[Mapping[str, tuple[str, str, str]]] = {  # column: title, unit, what it says
    "standard_error": ("Standard error", "ratio", "How far the loading may be off, errors of neighbouring days counted."),
    "t_statistic": ("t", "ratio", "The loading over its standard error."),
    "p_value": ("p", "ratio", "Chance of so large a loading if it were 0."),
    "low": ("Lower bound", "ratio", "Of the interval at the confidence asked for."),
    "high": ("Upper bound", "ratio", "Of the interval at the confidence asked for."),
    "factor_return": ("Return of the factor", "fraction", "Over the window."),
    "volatility": ("Volatility that it brings", "fraction", "Loading x its covariance with all factors, over the volatility: they add up."),
    "risk_share": ("Share of risk", "fraction", "Of the variance of the portfolio."),
}
REGRESSION: Final = "Fama and French (1993, 2015); Carhart (1997); errors after Newey and West (1987)"
OF_FACTORS: Final[Mapping[str, tuple[str, str, str, str]]] = {  # title, unit, formula, what it says
    "r_squared": ("R squared", "ratio", "1 - residual_variance / variance",
        "Share of the ups and downs of the excess return that the factors explain."),
    "alpha_annualised": ("Alpha, a year", "fraction", "alpha * periods_per_year",
        "Return of a period that the factors do not explain, times the periods of a year."),
    "explained_return": ("Explained return", "fraction", "sum(contributions_of_factors)",
        "What the loadings made of the factors' returns, linked over the window."),
    "specific_return": ("Specific return", "fraction", "excess_return - explained_return - alpha_return",
                        "What is left of the excess return beyond alpha and the factors."),
    "systematic_share": ("Systematic share", "fraction", "systematic_volatility ** 2 / volatility ** 2",
        "Share of the variance that comes with the factors."),
    "f_p_value": ("F test, p", "ratio", "", "Chance of such a fit if no factor mattered."),
    "durbin_watson": ("Durbin-Watson", "ratio", "", "2 where residuals do not follow each other; near 0 or 4 errors are worse than they look."),
    "loading": ("Loading", "ratio", "t_statistic * standard_error",
                "How far the excess return moves for each percent of the factor, the other factors held still."),
    "contribution": ("Contribution", "fraction", "", "Loading x return of the factor, linked: its part of the portfolio's return."),
}


def of_attribution(view: AttributionView, name: str, key: str, asked: AttributionQuestion) -> Explanation:
    """Tell how an effect of the whole, of a group or of a holding comes about.

    Raises
    ------
    InvalidInput
        No such effect, or none of such a part.
    """
    level, _, effect = name.rpartition(".")
    row = _row(_frame(view, level), "key", key)
    if row is not None and (effect in CELLS or level not in {"groups", "holdings"}) and effect in row:
        return _of_cell(view, level, effect, row, asked)
    if effect not in MEANT or (level and row is None):
        raise unknown(name, HINT)
    value = view.figures.get(effect) if row is None else float(row[effect])
    whose = f", {row['label']}" if row is not None else ""
    said = Said(
        f"attribution.{name}", view.scope, f"{WORDS[effect]}{whose}", value, "fraction", view.base_currency, MEANT[effect],
        [f"Against {view.benchmark[1]}" if view.benchmark else "Without a benchmark", f"{view.start} to {view.end}", *spoken(view.conventions)],
        BRINSON,
        call_of(view.scope, "attribution", replace(asked, period=None, start=view.start, end=view.end), AttributionQuestion()),
        f"{level}[key={key}].{effect}" if level else f"figures.{effect}" if effect in EFFECTS else effect, symbol=key or None, findings=view.findings)
    return explanation(said, _formula(view, level, effect), plain(_inputs(view, level, row, effect)))


def _frame(view: AttributionView, level: str) -> pd.DataFrame | None:
    """Give the rows of a table, each under its `key`: months by the month, currencies by their code."""
    if level == "months":
        return view.periods.assign(key=[str(day)[:7] for day in view.periods["end"]], label=[f"{day:%b %Y}" for day in view.periods["end"]])
    if level == "currencies":
        return view.currencies.assign(key=view.currencies["currency"], label=view.currencies["currency"])
    return {"groups": view.groups, "holdings": view.holdings}.get(level)


def _of_cell(view: AttributionView, level: str, column: str, row: Any, asked: AttributionQuestion) -> Explanation:  # noqa: ANN401  # a row
    title, meaning = CELLS.get(column) or (WORDS[column], MEANT[column])
    place = f"periods[{int(row.name)}]" if level == "months" else f"{level}[{'currency' if level == 'currencies' else 'key'}={row['key']}]"
    said = Said(f"attribution.{level}.{column}", view.scope, f"{title}, {row['label']}", float(row[column]), "fraction", view.base_currency, meaning,
                [f"Against {view.benchmark[1]}" if view.benchmark else "Without a benchmark", *spoken(view.conventions)], BRINSON,
                call_of(view.scope, "attribution", replace(asked, period=None, start=view.start, end=view.end), AttributionQuestion()),
                f"{place}.{column}", symbol=str(row["key"]), findings=view.findings)
    above = _formula(view, "", "active_return")
    formula = {"active": above, "total": "effect + cross" if level == "currencies" else ""}.get(column, "")
    return explanation(said, formula, plain({
        **{f"{each}_return": (WORDS[f"{each}_return"], "fraction", float(row[each])) for each in ("portfolio", "benchmark") if each in row},
        **{each: (CELLS[each][0], "fraction", float(row[each])) for each in ("effect", "cross") if each in row}}))


def _row(frame: pd.DataFrame | None, column: str, key: str) -> Any:  # noqa: ANN401  # a row of a frame
    found = frame is not None and (frame[column].astype(str) == key)
    return frame[found].iloc[0] if frame is not None and found.any() else None  # type: ignore[union-attr]


def _formula(view: AttributionView, level: str, effect: str) -> str:
    """Give the formula: of the whole from its groups, of a group from its holdings, of a holding from its effects."""
    multiplies = view.combine == "multiply"
    if effect == "active_return":
        return "(1 + portfolio_return) / (1 + benchmark_return) - 1" if multiplies else "portfolio_return - benchmark_return"
    if effect == "residual":
        return "active_return - total"
    if effect in {"portfolio_return", "benchmark_return"}:
        return ""
    if effect == "total":
        return "product(1 + effects) - 1" if multiplies and not level else "sum(effects)"
    return {"": "sum(parts_of_groups)", "groups": "sum(parts_of_holdings)"}.get(level, "")


def _inputs(view: AttributionView, level: str, row: Any, effect: str) -> dict[str, tuple[str, str, Any]]:  # noqa: ANN401  # a row of a frame
    told = view.figures if row is None else row
    own = view.holdings[view.holdings["group"] == row["key"]] if level == "groups" and row is not None else view.holdings.iloc[:0]
    column = effect if effect in view.groups else "total"
    return {
        "effects": ("Effects", "fraction", pd.Series({WORDS[each]: float(told[each]) for each in EFFECTS}, dtype=float)),
        "parts_of_groups": ("Of each group", "fraction", _named(view.groups, column)),
        "parts_of_holdings": ("Of each holding", "fraction", _named(own, column)),
        **{each: (WORDS[each], "fraction", view.figures.get(each, float("nan")))
           for each in ("portfolio_return", "benchmark_return", "active_return", "total")},
    }


def _named(frame: pd.DataFrame, column: str) -> pd.Series:
    return pd.Series(frame[column].to_numpy(dtype=float), index=frame["label"].astype(str))


def of_factors(view: FactorView, name: str, key: str, asked: FactorQuestion) -> Explanation:
    """Tell how a figure of a factor model comes about.

    Raises
    ------
    InvalidInput
        No such figure, or none of such a factor.
    """
    frame = {"loading": view.loadings, "contribution": view.contributions}.get(name)
    row = _row(frame, "factor", key)
    if name in OF_LOADINGS:
        return _of_loading(view, name, key, asked)
    if name not in OF_FACTORS or (frame is not None and row is None):
        raise unknown(name, HINT)
    title, unit, formula, meaning = OF_FACTORS[name]
    value = float(row[name]) if row is not None else view.figures.get(name)
    whose = f", {row['label']}" if row is not None else ""
    source = f"Factors: {view.source.name}, {view.source.source}" if view.source else "Factors: returns of instruments"
    path = {"loading": f"loadings[factor={key}].loading", "contribution": f"contributions[factor={key}].contribution"}.get(name, name)
    said = Said(f"factors.{name}", view.scope, f"{title}{whose}", value, "fraction" if key == "alpha" else unit, view.base_currency, meaning,
                [source, f"{view.observations:,} {view.frequency} returns", *spoken(view.conventions)], REGRESSION,
                call_of(view.scope, "factors", replace(asked, period=None, start=view.start, end=view.end), FactorQuestion()), path,
                symbol=key or None, findings=view.findings)
    return explanation(said, formula if _has(view, name, row) else "", plain(_of_model(view, row)))


def _of_loading(view: FactorView, name: str, key: str, asked: FactorQuestion) -> Explanation:
    table = "loadings" if name in view.loadings else "contributions"
    row = _row(view.loadings if table == "loadings" else view.contributions, "factor", key)
    if row is None:
        raise unknown(f"{name}:{key}", HINT)
    title, unit, meaning = OF_LOADINGS[name]
    said = Said(f"factors.{name}", view.scope, f"{title}, {row['label']}", float(row[name]), unit, view.base_currency, meaning,
                [f"{view.observations:,} {view.frequency} returns", *spoken(view.conventions)], REGRESSION,
                call_of(view.scope, "factors", replace(asked, period=None, start=view.start, end=view.end), FactorQuestion()),
                f"{table}[factor={key}].{name}", symbol=key, findings=view.findings)
    formula = "loading / standard_error" if name == "t_statistic" and _has(view, "loading", row) else ""
    return explanation(said, formula, plain({each: (each.replace("_", " ").capitalize(), "ratio", float(row[each]))
                                             for each in ("loading", "standard_error") if each in row}))


def _has(view: FactorView, name: str, row: Any) -> bool:  # noqa: ANN401  # a row of a frame
    """Whether the inputs of a formula are there: ridge has no errors."""
    return name != "loading" or bool(pd.notna(row["standard_error"])) or not len(view.loadings)


def _alpha(view: FactorView) -> float:
    """Give what alpha made of the return over the window."""
    found = view.contributions.loc[view.contributions["factor"] == "alpha", "contribution"]
    return float(found.iloc[0]) if len(found) else 0.0


def _of_model(view: FactorView, row: Any) -> dict[str, tuple[str, str, Any]]:  # noqa: ANN401  # a row of a frame
    figures = view.figures
    factors = view.contributions[~view.contributions["factor"].isin(["risk_free", "alpha", "specific"])]
    of_row = {each: (each.replace("_", " ").capitalize(), "ratio", float(row[each])) for each in ("t_statistic", "standard_error")
              if row is not None and each in row}
    return {
        "periods_per_year": ("Periods of a year", "count", view.periods_per_year),
        "alpha": ("Alpha of a period", "fraction", figures.get("alpha", float("nan"))),
        "alpha_return": ("Contribution of alpha", "fraction", _alpha(view)),
        "contributions_of_factors": ("Contribution of each factor", "fraction", _named(factors, "contribution")),
        **{each: (each.replace("_", " ").capitalize(), "fraction", figures.get(each, float("nan")))
           for each in ("excess_return", "explained_return", "systematic_volatility", "volatility", "specific_volatility")},
        "variance": ("Variance of the excess return, a year", "ratio", figures.get("volatility", float("nan")) ** 2),
        "residual_variance": ("Variance that is not explained, a year", "ratio", figures.get("specific_volatility", float("nan")) ** 2), **of_row,
    }
