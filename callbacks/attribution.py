"""Answers the Attribution tab of the Benchmark page: why a portfolio did better or worse than its benchmark."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
from dash import Dash, Input, Output, State, html, no_update
from dash.exceptions import PreventUpdate

from callbacks import benchmark
from callbacks.benchmark_rows import days_of, notices, spoken_lines
from components import attribution as parts
from components import benchmark as words
from components import cards, controls, figures_attribution, figures_benchmark, theme
from components.attribution import CurrencyRow, Effects, Month
from components.benchmark import Headline, headline
from components.figures_attribution import Fall
from components.figures_benchmark import PERCENT, Line
from components.ids import AttributionIds as Ids
from components.ids import BenchmarkIds as Page
from engine.errors import PortfolioError
from services.attribution.views import EFFECTS, GROUPINGS, AttributionQuestion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services import Services
    from services.attribution.views import AttributionView

WORDS = {"by": "by", "method": "method", "linking": "linking", "interaction": "interaction", "fx": "currency_effect", "outside": "outside",
         "costs": "costs"}
NOUNS = {"sector": "sector", "asset_class": "class", "country": "country", "currency": "currency", "tag": "tag", "symbol": "holding"}
METHODS = {"bf": "Brinson-Fachler", "bhb": "Brinson-Hood-Beebower"}
LINKINGS = {"carino": "Carino", "menchero": "Menchero", "grap": "GRAP", "frongello": "Frongello", "geometric": "geometric"}
DUST = 5e-9


class Answer(NamedTuple):
    """Every part of the tab, in the order of the outputs; what is not given is emptied."""

    look: object = benchmark.WHOLE
    state: object = ()
    notices: object = ()
    charts: object = no_update
    kpis: object = ()
    waterfall_note: object = ""
    waterfall_table: object = ()
    legend: object = ()
    series_table: object = ()
    groups: object = ()
    groups_note: object = ""
    groups_foot: object = ""
    currencies: object = ()
    periods: object = ()
    read: object = None
    when: object = no_update
    chosen: object = no_update


OUTPUTS = (
    (Ids.BODY, "className"), (Ids.STATE, "children"), (Ids.NOTICES, "children"), (Ids.CHARTS, "data"), (Ids.KPIS, "children"),
    (f"{Ids.WATERFALL}-note", "children"), (f"{Ids.WATERFALL}-table", "children"), (f"{Ids.SERIES}-legend", "children"),
    (f"{Ids.SERIES}-table", "children"), (Ids.GROUPS, "children"), (f"{Ids.GROUPS}-note", "children"), (f"{Ids.GROUPS}-foot", "children"),
    (Ids.CURRENCIES, "children"), (Ids.PERIODS, "children"), (Ids.READ, "data"),
)
SHARED = ((Page.WHEN, "children"), (Page.CHOSEN, "children"))  # of the title, which whoever answers fills


def register(app: Dash, services: Services) -> None:
    """Wire the tab."""
    shared = [Output(place, name, allow_duplicate=True) for place, name in SHARED]

    @app.callback(*[Output(place, name) for place, name in OUTPUTS], *shared, Input(Ids.ASKED, "data"), State(Ids.READ, "data"),
                  prevent_initial_call=True)
    async def update_attribution(asked: dict[str, Any] | None, read: dict[str, Any] | None) -> Answer:
        """Answer the tab from one reading."""
        if not asked:
            raise PreventUpdate
        try:
            return await asyncio.to_thread(answer, services, asked)
        except PortfolioError as error:
            kept = bool(read and read.get("address") == benchmark.address_of(asked))
            return failure(error, kept=kept)


def question_of(asked: Mapping[str, Any]) -> AttributionQuestion:
    """Read the address into the service's words; the first benchmark is the one that is explained."""
    start, end, period = benchmark.window_of(asked)
    keys = benchmark.keys_of(asked)
    said = {field: asked[name] for name, field in WORDS.items() if asked.get(name)}
    return AttributionQuestion(start=start, end=end, period=period, benchmark=keys[0] if keys else None, **said)


def answer(services: Services, asked: Mapping[str, Any]) -> Answer:
    """Read once, and lay out the tab."""
    view = read_of(services, asked)
    title = {"when": f"{theme.day(view.start)} to {theme.day(view.end)}, {view.label}, {view.base_currency}", "chosen": _chips(services, view, asked)}
    return _laid(view, asked)._replace(**title)


def read_of(services: Services, asked: Mapping[str, Any]) -> AttributionView:
    """Read the answer."""
    return services.explain.analytics.attributed(services.accounts.local(), asked["portfolio"], question_of(asked))


def _laid(view: AttributionView, asked: Mapping[str, Any]) -> Answer:
    read = {"address": benchmark.address_of(asked), "scope": view.scope, "revisions": view.revisions,
            "chosen": [view.benchmark[0]] if view.benchmark else []}
    if view.benchmark is None:
        return Answer(benchmark.LOST, read=read, state=cards.blank(
            "No benchmark is chosen", "Attribution explains the difference to a benchmark: a blend whose parts have sectors explains it best.",
            controls.button("Choose a benchmark", look="primary", do="benchmark-choose"), controls.button("Make a blend", **{"data-tab": "manage"})))
    if len(view.series) < 2 or not theme.known(view.figures.get("active_return")):
        return Answer(benchmark.LOST, notices=notices(view.findings), read=read, state=cards.blank(
            "Nothing to explain yet", view.gaps.get("active_return") or "The portfolio and its benchmark have no days in common in this window.",
            controls.button("Choose another", do="benchmark-choose")))
    return Answer(look=f"{benchmark.WHOLE}{'' if len(view.currencies) else ' one-currency'}", notices=notices(view.findings), read=read,
                  **_panels(view, asked))


def _chips(services: Services, view: AttributionView, asked: Mapping[str, Any]) -> list[Any]:
    """Name what the page compares with: the first is the one that is explained."""
    keys = benchmark.keys_of(asked) or ()
    known = {each.key: each.name for each in services.blends.choices(services.accounts.local())} if len(keys) > 1 else {}
    first = [(view.benchmark[0], view.benchmark[1])] if view.benchmark else []
    return words.chosen_chips([*first, *((key, known.get(key, key)) for key in keys[1:])])


# ------------------------------------------------------------------------------------------------------------------------- the panels


def _panels(view: AttributionView, asked: Mapping[str, Any]) -> dict[str, Any]:
    shown, revision = effects_shown(view), benchmark.revision_of(asked)
    falls, lines = falls_of(view), lines_of(view, shown)
    days = days_of(view.series)
    charts = {
        Ids.WATERFALL.value: {"figure": figures_attribution.waterfall_figure(falls, revision="waterfall"), "label": spoken_falls(falls)},
        Ids.SERIES.value: {"figure": figures_benchmark.lines_figure(days, lines, revision=revision),
                           "label": spoken_lines(lines, PERCENT, "Effects since the start")},
    }
    return {"charts": charts, "kpis": [headline(each) for each in headlines(view)], "waterfall_note": _conventions(view),
            "waterfall_table": falls_table(falls), "legend": words.legend(lines),
            "series_table": words.lines_table("Effects by day", days, lines, PERCENT), **_groups(view, shown),
            "currencies": _currencies(view), "periods": parts.months_table(months_of(view, shown), shown)}


def effects_shown(view: AttributionView) -> list[str]:
    """List the effects that are not 0 throughout; allocation and selection stand always."""
    return [name for name in EFFECTS if name in {"allocation", "selection"} or abs(view.figures.get(name) or 0.0) > DUST
            or bool((view.groups[name].abs() > DUST).any())]


def headlines(view: AttributionView) -> list[Headline]:
    """Give the returns, their difference, and what it is made of."""
    figures, told = view.figures, view.gaps
    name = view.benchmark[1] if view.benchmark else ""
    way = "linked by multiplying" if view.combine == "multiply" else "points"

    def one(key: str, label: str, what: str, context: str, *, toned: bool = False) -> Headline:
        return Headline(key, label, figures.get(key), "signed", what, context, toned, told.get(key, ""), explain=f"attribution.{key}")

    return [
        one("portfolio_return", "Portfolio", "time-weighted return", "of the window"),
        one("benchmark_return", "Benchmark", name, "of the window"),
        one("active_return", "Active return", "the difference" if view.combine == "add" else "the ratio, less one",
            f"residual {theme.number(figures.get('residual', 0.0) * 100)}", toned=True),
        one("allocation", "Allocation", "weights of the groups", way, toned=True),
        one("selection", "Selection", "holdings within them", way, toned=True),
        one("interaction", "Interaction", "both together", way, toned=True),
        one("currency", "Currency", "rates of currencies", way, toned=True),
    ]


def falls_of(view: AttributionView) -> list[Fall]:
    """Give the bars of the waterfall."""
    roles = {"benchmark": "bench", "portfolio": "own"}
    return [Fall(step.label, roles.get(step.key, "effect"), step.value, step.foot, step.top) for step in view.waterfall]


def falls_table(falls: Sequence[Fall]) -> Any:  # noqa: ANN401  # a table
    """List the bars."""
    rows = [html.Tr([html.Td(fall.label, className="l"), html.Td(theme.percent(fall.value)), html.Td(theme.percent(fall.top), className="soft")])
            for fall in falls]
    return words.table("From the benchmark's return to the portfolio's", ["Step", "Return", "So far"], rows)


def spoken_falls(falls: Sequence[Fall]) -> str:
    """Say what the waterfall shows, for those who do not see it."""
    return "From the benchmark's return to the portfolio's: " + "; ".join(f"{fall.label} {theme.percent(fall.value)}" for fall in falls)


def lines_of(view: AttributionView, shown: Sequence[str]) -> list[Line]:
    """Give the active return and its effects since the start."""
    return [Line("Active return", view.series["active"].tolist(), "own"),
            *(Line(parts.WORDS[name], view.series[name].tolist(), "effect") for name in shown)]


def _conventions(view: AttributionView) -> str:
    said = view.conventions
    return f"{METHODS.get(said.get('method', 'bf'), '')}, linked by {LINKINGS.get(said.get('linking', 'carino'), '')}"


def _groups(view: AttributionView, shown: Sequence[str]) -> dict[str, Any]:
    by = view.conventions.get("by", GROUPINGS[0])
    totals = {**{name: view.figures.get(name, 0.0) for name in shown}, "total": view.figures.get("total", 0.0),
              "own": view.figures.get("portfolio_return", 0.0), "benchmark": view.figures.get("benchmark_return", 0.0)}
    groups = [_effects(row, shown) for row in view.groups.to_dict("records")]
    held: dict[str, list[Effects]] = {}
    for row in view.holdings.to_dict("records") if by != "symbol" else []:
        held.setdefault(str(row["group"]), []).append(_effects(row, shown))
    name = view.benchmark[1] if view.benchmark else "the benchmark"
    whole = f"The parts of {name} are not known, so it is one group and all is selection. Compare with a blend to see allocation."
    table = parts.groups_table(groups, held, shown, totals, noun=NOUNS.get(by, by), adds=view.combine == "add")
    sums = f"Effects add up to the active return; residual {theme.number(view.figures.get('residual', 0.0) * 100)}."
    return {"groups": table, "groups_note": f"points by {NOUNS.get(by, by)}; weights are means of the days",
            "groups_foot": sums if view.is_divided else whole}


def _effects(row: Mapping[Any, Any], shown: Sequence[str]) -> Effects:
    note = "" if row.get("in_portfolio", True) and row.get("in_benchmark", True) else "benchmark alone" if row.get("in_benchmark") else ""
    label, shares = str(row["label"]), (row[name] for name in ("weight", "benchmark_weight", "return", "benchmark_return"))
    return Effects(str(row["key"]), f"{label[:1].upper()}{label[1:]}", str(row.get("group", "")), *shares,
                   {name: float(row[name]) for name in shown}, float(row["total"]), bool(row.get("has_parts")), note)


def months_of(view: AttributionView, shown: Sequence[str]) -> list[Month]:
    """Give the same within each month."""
    return [Month(pd.Timestamp(row["start"]).date(), pd.Timestamp(row["end"]).date(), row["portfolio"], row["benchmark"], row["active"],
                  {name: float(row[name]) for name in shown}) for row in view.periods.to_dict("records")]


def _currencies(view: AttributionView) -> Any:  # noqa: ANN401  # a table
    names = ("weight", "benchmark_weight", "currency_return", "effect", "cross", "total")
    rows = [CurrencyRow(str(row["currency"]), *(row[name] for name in names)) for row in view.currencies.to_dict("records")]
    return parts.currencies_table(rows, view.figures.get("currency", 0.0)) if rows else ()


def failure(error: PortfolioError, *, kept: bool) -> Answer:
    """Keep what stands where it answers the same question, and say so; else say what failed."""
    if kept:
        line = cards.notice("The attribution could not be read again.", f"{error.message} What stands here is from before.", kind="crit")
        return Answer(*[no_update] * len(Answer._fields))._replace(notices=line)
    return Answer(benchmark.LOST, state=benchmark.trouble(error, "The attribution cannot be told now"))
