"""Answers the Factors tab of the Benchmark page: what common factors explain of a portfolio's returns and of its risk."""

from __future__ import annotations

import asyncio
import time
from base64 import b64decode
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from dash import Dash, Input, Output, State, html, no_update
from dash.exceptions import PreventUpdate

from callbacks import benchmark
from callbacks.benchmark_rows import PERIOD_WORDS, days_of, notices, spoken_lines
from components import benchmark as words
from components import cards, controls, figures_attribution, figures_benchmark, theme
from components import factors as parts
from components.benchmark import Headline, figure_text, headline
from components.factors import Loading, Share, Source
from components.figures_attribution import Estimate
from components.figures_benchmark import PERCENT, RATIO, Line
from components.ids import BenchmarkIds as Page
from components.ids import FactorIds as Ids
from engine.errors import PortfolioError
from services.attribution.views import FactorQuestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services import Services
    from services.attribution.views import FactorView

WORDS = {"model": "model", "source": "source", "every": "frequency", "estimator": "estimator", "costs": "costs"}
NUMBERS = {"lags": "lags", "span": "window"}
ALPHA, ROLLED_NOT = "alpha", ("alpha", "r_squared")
MODELS = {"": "", "capm": "market", "ff3": "Fama-French three factors", "carhart": "Carhart four factors", "ff5": "Fama-French five factors",
          "ff6": "five factors and momentum", "own": "own factors"}


class Answer(NamedTuple):
    """Every part of the tab, in the order of the outputs; what is not given is emptied."""

    look: object = benchmark.WHOLE
    state: object = ()
    notices: object = ()
    charts: object = no_update
    kpis: object = ()
    loadings_note: object = ""
    loadings_table: object = ()
    contributions: object = ()
    rolling_note: object = ""
    rolling_legend: object = ()
    rolling_table: object = ()
    growth_legend: object = ()
    growth_table: object = ()
    correlation: object = ()
    sets: object = no_update
    foot: object = ""
    read: object = None
    when: object = no_update


OUTPUTS = (
    (Ids.BODY, "className"), (Ids.STATE, "children"), (Ids.NOTICES, "children"), (Ids.CHARTS, "data"), (Ids.KPIS, "children"),
    (f"{Ids.LOADINGS}-note", "children"), (f"{Ids.LOADINGS}-table", "children"), (Ids.CONTRIBUTIONS, "children"), (f"{Ids.ROLLING}-note", "children"),
    (f"{Ids.ROLLING}-legend", "children"), (f"{Ids.ROLLING}-table", "children"), (f"{Ids.GROWTH}-legend", "children"),
    (f"{Ids.GROWTH}-table", "children"), (Ids.CORRELATION, "children"), (Ids.SETS, "children"), (f"{Ids.BODY}-foot", "children"), (Ids.READ, "data"),
)


def register(app: Dash, services: Services) -> None:
    """Wire the tab."""

    @app.callback(*[Output(place, name) for place, name in OUTPUTS], Output(Page.WHEN, "children", allow_duplicate=True), Input(Ids.ASKED, "data"),
                  State(Ids.READ, "data"), prevent_initial_call=True)
    async def update_factors(asked: dict[str, Any] | None, read: dict[str, Any] | None) -> Answer:
        """Answer the tab from one reading."""
        if not asked:
            raise PreventUpdate
        try:
            return await asyncio.to_thread(answer, services, asked)
        except PortfolioError as error:
            return failure(error, kept=bool(read and read.get("address") == benchmark.address_of(asked)))

    @app.callback(Output(Ids.DONE, "children"), Output(Page.RETRY, "data", allow_duplicate=True), Input(Ids.FILE, "contents"),
                  State(Ids.FILE, "filename"), prevent_initial_call=True)
    async def record_file(content: str | None, name: str | None) -> tuple[Any, Any]:
        """Keep a file of factors, and ask again."""
        if not content:
            raise PreventUpdate
        return await asyncio.to_thread(kept_file, services, name or "factors", content)


def kept_file(services: Services, name: str, content: str) -> tuple[list[Any], Any]:
    """Keep a file; what cannot be read is refused with the reason."""
    try:
        kept = services.factors.sets.add(services.accounts.local(), PurePath(name).stem, b64decode(content.partition(",")[2]))
    except PortfolioError as error:
        return [cards.notice(error.message, str(error.context.get("hint") or ""), kind="crit")], no_update
    said = f"{', '.join(kept.factors)}, {kept.frequency}, {theme.day(kept.begins)} to {theme.day(kept.ends)}."
    return [cards.notice(f"{kept.name} is kept.", said, kind="info")], time.time_ns()


def question_of(asked: Mapping[str, Any]) -> FactorQuestion:
    """Read the address into the service's words."""
    start, end, period = benchmark.window_of(asked)
    said = {field: asked[name] for name, field in WORDS.items() if asked.get(name)}
    numbers = {field: benchmark.whole(asked, name) for name, field in NUMBERS.items() if asked.get(name)}
    rate, level = benchmark.fraction(asked, "rf"), benchmark.fraction(asked, "level")
    columns = tuple(each.strip() for each in str(asked.get("factors") or "").split(",") if each.strip())
    return FactorQuestion(start=start, end=end, period=period, risk_free=rate or 0.0, **({"level": level} if level is not None else {}),
                          **({"factors": columns} if columns else {}), **said, **numbers)


def answer(services: Services, asked: Mapping[str, Any]) -> Answer:
    """Read once, and lay out the tab."""
    question = question_of(asked)
    view = services.factors.factors(services.accounts.local(), asked["portfolio"], question)
    read = {"address": benchmark.address_of(asked), "scope": view.scope, "revisions": view.revisions}
    sets = parts.source_options(sources_of(view))
    if not len(view.loadings) or not theme.known(view.figures.get("r_squared")):
        return Answer(benchmark.LOST, notices=notices(view.findings), sets=sets, read=read, state=cards.blank(
            "Nothing is estimated", why_not(view), controls.button("All of the history", **{"data-period": "All"}),
            controls.button("Clear the choices", do="benchmark-defaults")))
    when = f"{view.label}, {view.base_currency}"
    return Answer(notices=[*_stands_in(view, question), *notices(view.findings)], sets=sets, read=read, when=when, **_panels(view, question, asked))


def _stands_in(view: FactorView, question: FactorQuestion) -> list[Any]:
    """Say that the benchmark is the only factor, where nobody asked for that."""
    if view.source is not None or question.model or question.factors or not view.sets:
        return []
    last = max(each.ends for each in view.sets)
    mend = "choose a longer period, bring a newer file, or name instruments as factors under Conventions."
    return [cards.notice("The portfolio's benchmark is the only factor here.", f"The factor sets end on {theme.day(last)}: {mend}", kind="info")]


def why_not(view: FactorView) -> str:
    """Say what is lacking for an estimate."""
    unit = PERIOD_WORDS[view.frequency][1]
    span = f" {view.source.name} has {theme.day(view.source.begins)} to {theme.day(view.source.ends)}." if view.source else ""
    return f"{view.observations} {unit} are there that the portfolio and the factors both have, {view.needed} are needed.{span}"


def _panels(view: FactorView, question: FactorQuestion, asked: Mapping[str, Any]) -> dict[str, Any]:
    revision, told = benchmark.revision_of(asked), view.figures
    estimates = [Estimate(row.label, float(row.value or 0.0), *(float("nan") if end is None else float(end) for end in (row.low, row.high)))
                 for row in loadings_of(view) if row.factor != ALPHA]
    charts = {Ids.LOADINGS.value: {"figure": figures_attribution.loadings_figure(estimates, revision="loadings"), "label": _spoken(estimates)}}
    unit = PERIOD_WORDS[view.frequency][1]
    return {
        "kpis": [headline(each) for each in headlines(view)], "loadings_note": f"{view.observations:,} {unit}, {_errors(view)}",
        "loadings_table": parts.loadings_table(loadings_of(view), level=question.level),
        "contributions": parts.shares_table(shares_of(view), whole_return=told.get("portfolio_return"), volatility=told.get("volatility")),
        **_rolling(view, charts, revision), **_growth(view, charts, revision), "charts": charts,
        "correlation": parts.correlation_table([*map(str, view.correlation.columns)], view.correlation.to_numpy().tolist()),
        "foot": _foot(view),
    }


def _errors(view: FactorView) -> str:
    if view.conventions.get("estimator") == "ridge":
        return "ridge, without errors"
    return f"errors after Newey-West, {view.conventions.get('lags', '0')} lags"


def _spoken(estimates: list[Estimate]) -> str:
    return "Loadings: " + "; ".join(f"{each.label} {theme.number(each.value)}, {theme.number(each.low)} to {theme.number(each.high)}"
                                    for each in estimates)


def _rolling(view: FactorView, charts: dict[str, Any], revision: str) -> dict[str, Any]:
    frame = view.rolling[view.rolling.notna().any(axis=1)] if len(view.rolling) else view.rolling
    unit = PERIOD_WORDS[view.frequency][1]
    if len(frame) < 2:
        text = f"A window takes {view.window} {unit}, {view.observations} are there: choose a longer period, or a shorter window under Conventions."
        charts[Ids.ROLLING.value] = {"title": "Too short for a rolling window", "text": text}
        return {}
    days, labels = days_of(frame), {row.factor: row.label for row in loadings_of(view)}
    lines = [Line(labels.get(str(name), str(name)), frame[name].tolist(), "effect") for name in frame.columns if name not in ROLLED_NOT]
    charts[Ids.ROLLING.value] = {"figure": figures_benchmark.lines_figure(days, lines, form=RATIO, revision=revision),
                                 "label": spoken_lines(lines, RATIO, "Rolling loadings")}
    return {"rolling_note": f"windows of {view.window} {unit}", "rolling_legend": words.legend(lines),
            "rolling_table": words.lines_table("Rolling loadings", days, lines, RATIO)}


def _growth(view: FactorView, charts: dict[str, Any], revision: str) -> dict[str, Any]:
    days = days_of(view.series)
    lines = [Line(view.label, (view.series["portfolio"] - 1).tolist(), "own"), Line("Factors alone", (view.series["explained"] - 1).tolist())]
    if len(days) < 2:
        return {}
    charts[Ids.GROWTH.value] = {"figure": figures_benchmark.lines_figure(days, lines, revision=revision),
                                "label": spoken_lines(lines, PERCENT, "Growth, and what the factors explain of it")}
    return {"growth_legend": words.legend(lines), "growth_table": words.lines_table("Growth and what is explained", days, lines, PERCENT)}


def headlines(view: FactorView) -> list[Headline]:
    """Give what the model says at large."""
    told, figures = view.gaps, view.figures
    asked = view.conventions.get("model", "")
    model = "instruments as factors" if view.source is None else MODELS.get(asked, asked)

    def one(key: str, label: str, kind: str, what: str, context: str = "", *, toned: bool = False) -> Headline:
        return Headline(key, label, figures.get(key), kind, what, context, toned, told.get(key, ""), explain=f"factors.{key}")

    systematic = f"{theme.percent(figures.get('systematic_volatility'), signed=False)} a year"
    condition = f"condition {theme.number(figures.get('condition_number'), decimals=0)}"
    alpha = next((row for row in loadings_of(view) if row.factor == ALPHA), None)
    return [
        one("r_squared", "R²", "ratio", model, f"adjusted {theme.number(figures.get('adjusted_r_squared'))}"),
        one("alpha_annualised", "Alpha", "signed", "a year, beyond the factors", f"p {figure_text(alpha.p, 'p_value')}" if alpha else "", toned=True),
        one("explained_return", "Explained", "signed", "return by factors", "of the window"),
        one("specific_return", "Specific", "signed", "what they do not explain", "of the window", toned=True),
        one("systematic_share", "Systematic risk", "fraction", "of the variance", systematic),
        one("f_p_value", "F test", "p_value", "that no factor matters", f"F {theme.number(figures.get('f_statistic'))}"),
        one("durbin_watson", "Durbin-Watson", "ratio", "2: no autocorrelation", condition),
    ]


def loadings_of(view: FactorView) -> list[Loading]:
    """Give the coefficients, alpha first."""
    names = ("loading", "standard_error", "t_statistic", "p_value", "low", "high")
    return [Loading(str(row["factor"]), str(row["label"]), *(row[name] for name in names)) for row in view.loadings.to_dict("records")]


def shares_of(view: FactorView) -> list[Share]:
    """Give what each factor added."""
    names = ("loading", "factor_return", "contribution", "volatility", "risk_share")
    return [Share(str(row["factor"]), str(row["label"]), *(row[name] for name in names)) for row in view.contributions.to_dict("records")]


def sources_of(view: FactorView) -> list[Source]:
    """List what can be asked for."""
    chosen = view.source.key if view.source else ""
    return [Source(each.key, each.name, f"{each.frequency}, {each.begins.year} to {each.ends.year}", each.key == chosen) for each in view.sets]


def _foot(view: FactorView) -> list[Any]:
    """Say where the factors come from, and that they end before the window does, where they do."""
    if view.source is None:
        return [html.Span("Factors are the returns of instruments.")]
    first, last = (theme.day(day) if day else theme.UNKNOWN for day in (view.start, view.end))
    return [html.Span(f"{view.source.name}: {view.source.source}, {view.source.frequency}, up to {theme.day(view.source.ends)}. "
                      f"Estimated over {first} to {last}.")]


def failure(error: PortfolioError, *, kept: bool) -> Answer:
    """Keep what stands where it answers the same question, and say so; else say what failed."""
    if kept:
        line = cards.notice("The factors could not be read again.", f"{error.message} What stands here is from before.", kind="crit")
        return Answer(*[no_update] * len(Answer._fields))._replace(notices=line)
    return Answer(benchmark.LOST, state=benchmark.trouble(error, "The factors cannot be told now"))
