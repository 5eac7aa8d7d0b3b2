"""Answers the Benchmark page: one reading of the service fills the tabs Against and Same cash flows, so that they agree."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from dash import ClientsideFunction, Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from callbacks import benchmark_rows as rows
from components import benchmark as parts
from components import cards, controls, figures_benchmark, months, theme
from components.benchmark import headline
from components.figures_benchmark import MONEY, PERCENT
from components.ids import AttributionIds, BlendIds, FactorIds
from components.ids import BenchmarkIds as Ids
from components.ids import Ids as Frame
from engine.errors import InvalidInput, NotFound, PortfolioError
from services.benchmark.views import BenchmarkQuestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services import Services
    from services.benchmark.views import BenchmarkView

PERIODS = {"All": "ITD"}  # the bar's word for it, and the service's
MOST_FOUND = 40
WHOLE, LOST = "tab-body", "tab-body is-lost"
ROLL = "beta"  # what is rolled where nothing is chosen
WORDS = {"freq": "frequency", "alpha": "alpha", "excess": "excess", "capture": "capture", "zero": "zero", "errors": "errors", "costs": "costs"}
NUMBERS = {"window": "window", "horizon": "horizon"}


class Answer(NamedTuple):
    """Every part of the two tabs that one reading fills, in the order of the outputs; what is not given is emptied."""

    look: object = WHOLE
    flows_look: object = WHOLE
    scope: object = ""
    state: object = ()
    when: object = ""
    notices: object = ()
    chosen: object = ()
    charts: object = no_update
    kpis: object = ()
    legend: object = ()
    growth_table: object = ()
    scatter_note: object = ""
    scatter_table: object = ()
    rolling_note: object = ""
    rolling_legend: object = ()
    rolling_table: object = ()
    months: object = ()
    months_note: object = ""
    pieces: object = ()
    pieces_note: object = ""
    figures: object = ()
    figures_note: object = ""
    flows_kpis: object = ()
    sentence: object = ()
    money_legend: object = ()
    money_table: object = ()
    multiples: object = ()
    moves: object = ()
    foot: object = ""
    read: object = None


OUTPUTS = (
    (Ids.AGAINST, "className"), (Ids.FLOWS, "className"), (Ids.PAGE, "data-scope"), (Ids.STATE, "children"), (Ids.WHEN, "children"),
    (Ids.NOTICES, "children"), (Ids.CHOSEN, "children"), (Ids.CHARTS, "data"), (Ids.KPIS, "children"), (f"{Ids.GROWTH}-legend", "children"),
    (f"{Ids.GROWTH}-table", "children"), (f"{Ids.SCATTER}-note", "children"), (f"{Ids.SCATTER}-table", "children"),
    (f"{Ids.ROLLING}-note", "children"), (f"{Ids.ROLLING}-legend", "children"), (f"{Ids.ROLLING}-table", "children"), (Ids.MONTHS, "children"),
    (f"{Ids.MONTHS}-note", "children"), (Ids.PARTS, "children"), (f"{Ids.PARTS}-note", "children"), (Ids.FIGURES, "children"),
    (f"{Ids.FIGURES}-note", "children"), (Ids.FLOWS_KPIS, "children"), (Ids.FLOWS_SENTENCE, "children"), (f"{Ids.MONEY}-legend", "children"),
    (f"{Ids.MONEY}-table", "children"), (Ids.MULTIPLES, "children"), (Ids.MOVES, "children"), (Ids.FOOT, "children"), (Ids.READ, "data"),
)


def register(app: Dash, services: Services) -> None:
    """Wire the page's frame and its first two tabs."""
    _register_clientside(app)
    _register_page(app, services)
    _register_choices(app, services)


def _register_clientside(app: Dash) -> None:
    address = [Input(Frame.URL, "search"), Input(Frame.SCOPE, "data")]
    news = [Input(Frame.LEDGER_SETTLED, "data"), Input(Ids.RETRY, "data"), Input(Frame.DIRECTORY_CHANGED, "data"), Input(BlendIds.RESULT, "data")]
    asked = [Output(Ids.ASKED, "data"), Output(AttributionIds.ASKED, "data"), Output(FactorIds.ASKED, "data"), Output(BlendIds.LISTED, "data")]
    app.clientside_callback(ClientsideFunction("benchmark", "ask"), *asked, *address, *news, State(Ids.READ, "data"))
    for store in (Ids.CHARTS, AttributionIds.CHARTS, FactorIds.CHARTS):
        app.clientside_callback(ClientsideFunction("benchmark", "charts"), Input(store, "data"))
    app.clientside_callback(ClientsideFunction("benchmark", "drawn"), Input(Ids.FIGURES, "children"), Input(AttributionIds.GROUPS, "children"),
                            Input(FactorIds.SETS, "children"), Input(Ids.READ, "data"), Input(AttributionIds.READ, "data"))


# ------------------------------------------------------------------------------------------------------------------------ the page


def _register_page(app: Dash, services: Services) -> None:
    @app.callback(*[Output(place, name) for place, name in OUTPUTS], Input(Ids.ASKED, "data"), State(Ids.READ, "data"))
    async def update_benchmark(asked: dict[str, Any] | None, read: dict[str, Any] | None) -> Answer:
        """Answer both tabs from one reading."""
        if not asked:
            raise PreventUpdate
        kept = bool(read and read.get("address") == address_of(asked))
        try:
            return await asyncio.to_thread(answer, services, asked)
        except PortfolioError as error:
            return failure(error, kept=kept)._replace(chosen=no_update if kept else parts.chosen_chips([(key, key) for key in keys_of(asked) or ()]))


def address_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is asked without the counter that tells one asking from the next."""
    return {key: value for key, value in asked.items() if key != "n"}


def question_of(asked: Mapping[str, Any]) -> BenchmarkQuestion:
    """Read the address into the service's words; what the service does not know it refuses itself.

    Raises
    ------
    InvalidInput
        A date or a number that is none.
    """
    start, end, period = window_of(asked)
    words = {field: asked[name] for name, field in WORDS.items() if asked.get(name)}
    numbers = {field: whole(asked, name) for name, field in NUMBERS.items() if asked.get(name)}
    rate = fraction(asked, "rf")
    return BenchmarkQuestion(start=start, end=end, period=period, benchmarks=keys_of(asked), risk_free=rate or 0.0, **words, **numbers)


def window_of(asked: Mapping[str, Any]) -> tuple[date | None, date | None, str | None]:
    """Read the days that are asked about: from, to, or the period of the bar."""
    start, end, period = _day(asked, "from"), _day(asked, "to"), str(asked.get("period") or theme.DEFAULT_PERIOD)
    return start, end, None if start else PERIODS.get(period, period)


def keys_of(asked: Mapping[str, Any]) -> tuple[str, ...] | None:
    """List the benchmarks of the address; None: the portfolio's own."""
    found = tuple(dict.fromkeys(key.strip() for key in str(asked.get("benchmark") or "").split(",") if key.strip()))
    return found or None


def _day(asked: Mapping[str, Any], name: str) -> date | None:
    text = asked.get(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput(name, text, "is not a date", hint="Write it as 2026-03-31", rule="date") from None


def whole(asked: Mapping[str, Any], name: str) -> int:
    """Read a whole number of the address."""
    text = str(asked.get(name))
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise InvalidInput(name, text, "is not a whole number", hint="Write it as 126", rule="not_a_number")
    return int(text)


def fraction(asked: Mapping[str, Any], name: str) -> float | None:
    """Read a percentage of the address as a fraction; None where there is none."""
    text = str(asked.get(name) or "").replace(",", ".").strip()
    if not text:
        return None
    try:
        told = float(text) / 100
    except ValueError:
        told = float("nan")
    if not theme.known(told):
        raise InvalidInput(name, text, "is not a percentage", hint="Write 2.5 for 2.5 % a year", rule="not_a_number")
    return told


def answer(services: Services, asked: Mapping[str, Any]) -> Answer:
    """Read once, and lay out what both tabs show."""
    actor = services.accounts.local()
    if not services.portfolios.find(actor):
        return _lost(cards.blank("No portfolio yet", "How your portfolios did against what you could have held instead stands here.",
                                 controls.button("New portfolio", look="primary", do="new-portfolio"), controls.button("Load the demo", do="demo")))
    view = services.benchmark.compare(actor, asked["portfolio"], question_of(asked))
    chosen = [(each.key, each.name or each.key) for each in view.benchmarks]
    read = told_of(view, asked)
    if not rows.has_answer(view):
        return _lost(nothing(view), rows.notices(view.findings) if view.benchmarks else ())._replace(
            when=rows.when(view), chosen=parts.chosen_chips(chosen), scope=view.scope, read=read)
    return Answer(scope=view.scope, when=rows.when(view), notices=rows.notices(view.findings), chosen=parts.chosen_chips(chosen),
                  foot=rows.foot(view), read=read, **against(view, asked), **same_flows(view, asked))


def told_of(view: BenchmarkView, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Tell the browser what was read, so that it knows when to ask again."""
    return {"scope": view.scope, "revisions": view.revisions, "address": address_of(asked), "live": not asked.get("to"),
            "chosen": [each.key for each in view.benchmarks]}


def nothing(view: BenchmarkView) -> Any:  # noqa: ANN401  # a part of the screen
    """Say why there is nothing to compare."""
    if not view.benchmarks:
        return cards.blank("No benchmark is chosen", "Choose an index, a fund, a share or a blend of your own to see how you did against it.",
                           controls.button("Choose a benchmark", look="primary", do="benchmark-choose"),
                           controls.button("Make a blend", **{"data-tab": "manage"}))
    if len(view.growth) < 2:
        return cards.blank("No history yet", "The comparison begins the day after the first transaction.",
                           controls.link("Record a transaction", "/transactions"))
    named = ", ".join(rows.names(view).values())
    return cards.blank("Nothing to compare", f"{named} and the portfolio have no days in common in this window; the notices say which days each has.",
                       controls.button("Choose another", do="benchmark-choose"))


def _lost(state: Any, notices: Any = ()) -> Answer:  # noqa: ANN401  # parts of the screen
    return Answer(LOST, LOST, state=state, notices=notices)


def revision_of(asked: Mapping[str, Any]) -> str:
    """Name what is asked: as long as it stays the same, a reader's zoom stays."""
    return repr(sorted((key, value) for key, value in address_of(asked).items() if value and key not in {"tab", "roll"}))


# --------------------------------------------------------------------------------------------------------------------------- tabs


def against(view: BenchmarkView, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Lay out the tab Against, and the charts of both tabs."""
    lines, days, revision = rows.growth_lines(view), rows.days_of(view.growth), revision_of(asked)
    growth = figures_benchmark.lines_figure(days, lines, revision=revision, strip=rows.excess_strip(view))
    money = rows.money_lines(view)
    worth = figures_benchmark.lines_figure(rows.days_of(rows.money_days(view)), money, form=MONEY, revision=revision, level=None)
    charts = {Ids.GROWTH.value: {"figure": growth, "label": rows.spoken_lines(lines, PERCENT, "Growth since the start")},
              Ids.MONEY.value: {"figure": worth, "label": rows.spoken_lines(money, MONEY, f"Value of the same deposits in {view.base_currency}")}}
    scatter, rolling = _scatter(view, charts, revision), _rolling(view, asked, charts, revision)
    table = parts.lines_table("Growth by day", days, lines, PERCENT)
    return {"charts": charts, "kpis": [headline(each) for each in rows.headlines(view)], "legend": parts.legend(lines), "growth_table": table,
            **scatter, **rolling, **_months(view), **_pieces(view), "figures": _figures(view), "figures_note": _counts(view)}


def _scatter(view: BenchmarkView, charts: dict[str, Any], revision: str) -> dict[str, Any]:
    found, first = rows.pairs(view), view.benchmarks[0]
    if found is None:
        charts[Ids.SCATTER.value] = {"title": "Too few periods", "text": f"{view.label} and {first.name} have fewer than two in common."}
        return {}
    figure = figures_benchmark.scatter_figure(found, own=view.label, benchmark=first.name, revision=revision)
    up, down = (theme.percent(first.figures.get(name), decimals=0, signed=False) for name in ("up_capture", "down_capture"))
    unit = rows.PERIOD_WORDS[view.conventions.get("frequency", "daily")][0]
    charts[Ids.SCATTER.value] = {"figure": figure, "label": f"Each {unit}'s return of {view.label} against {first.name}; {len(found.own)} {unit}s"}
    lines = [figures_benchmark.Line(view.label, found.own), figures_benchmark.Line(first.name, found.benchmark)]
    frame = view.returns[["portfolio", first.key]].dropna()
    return {"scatter_note": f"a dot a {unit}; captures {up} up, {down} down",
            "scatter_table": parts.lines_table("Returns by period", rows.days_of(frame), lines, PERCENT)}


def _rolling(view: BenchmarkView, asked: Mapping[str, Any], charts: dict[str, Any], revision: str) -> dict[str, Any]:
    name = str(asked.get("roll") or ROLL)
    name = name if name in rows.ROLLED else ROLL
    days, lines = rows.rolling_lines(view, name)
    if len(days) < 2:
        there = max(each.observations for each in view.benchmarks)
        text = f"A window takes {view.window} returns, {there} are there: choose a longer period, or a shorter window under Conventions."
        charts[Ids.ROLLING.value] = {"title": "Too short for a rolling window", "text": text}
        return {}
    title, form, level = rows.rolling_look(name)
    charts[Ids.ROLLING.value] = {"label": rows.spoken_lines(lines, form, f"Rolling {title.lower()}"), "figure": figures_benchmark.lines_figure(
        days, lines, form=form, revision=f"{revision}{name}", level=level)}
    return {"rolling_note": f"{title.lower()}, {rows.window_words(view)}", "rolling_legend": parts.legend(lines),
            "rolling_table": parts.lines_table(f"Rolling {title.lower()}", days, lines, form)}


def _months(view: BenchmarkView) -> dict[str, Any]:
    found = rows.months(view)
    if not found:
        return {"months": cards.blank("No whole month yet", "The first month stands here with its end.")}
    cap = theme.number(months.heat_cap(found) * 100, decimals=0)
    return {"months": months.calendar_table(found, figure="benchmark.active_month"),
            "months_note": f"points above {view.benchmarks[0].name}, tinted up to ±{cap}"}


def _pieces(view: BenchmarkView) -> dict[str, Any]:
    first = view.benchmarks[0]
    found = rows.pieces(first)
    if not found:
        return {"look": f"{WHOLE} no-parts"}
    return {"pieces": parts.pieces_table(found, first.figures.get("active_share")), "pieces_note": first.name}


def _figures(view: BenchmarkView) -> Any:  # noqa: ANN401  # a part of the screen
    return parts.figures_table(rows.terms(), rows.columns(view))


def _counts(view: BenchmarkView) -> str:
    unit = rows.PERIOD_WORDS[view.conventions.get("frequency", "daily")][1]
    told = [f"{each.observations:,} {unit}" for each in view.benchmarks]
    return f"{told[0] if len(set(told)) == 1 else ', '.join(told)}, press a figure to see how it is defined"


def same_flows(view: BenchmarkView, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Lay out the tab Same cash flows."""
    del asked
    lines, days = rows.money_lines(view), rows.days_of(rows.money_days(view))
    return {"flows_kpis": [headline(each) for each in rows.money_headlines(view)], "sentence": rows.said(view), "money_legend": parts.legend(lines),
            "money_table": parts.lines_table("The same deposits by day", days, lines, MONEY),
            "multiples": parts.multiples_table(rows.elsewhere(view), rows.own_money(view), view.base_currency),
            "moves": parts.moves_table(rows.moves(view), view.base_currency)}


def failure(error: PortfolioError, *, kept: bool) -> Answer:
    """Keep the figures of before, where they answer the same question, and say that they are; else say what failed."""
    if kept:
        line = cards.notice("The figures could not be read again.", f"{error.message} What stands here is from before.", kind="crit")
        return Answer(*[no_update] * len(Answer._fields))._replace(notices=line)
    return _lost(trouble(error, "The comparison cannot be told now"))._replace(charts=no_update)


def trouble(error: PortfolioError, head: str) -> list[Any]:
    """Say what failed, and offer to take back what was asked, where asking was the mistake."""
    hint = error.context.get("hint")
    reason = f"{error.message} {hint}." if hint and hint not in error.message else error.message
    if isinstance(error, NotFound) and error.context.get("kind") != "portfolio":
        return [cards.blank("Not found", f"{error.message} It may have been removed.", controls.button("Choose another", do="benchmark-choose"),
                            controls.button("Clear the choices", do="benchmark-defaults"))]
    if isinstance(error, NotFound):
        return [cards.blank("Not found", f"{error.message} Choose another, or go back to all.",
                            controls.button("All portfolios", **{"data-portfolio": "all"}),
                            controls.button("Clear the choices", do="benchmark-defaults"))]
    return [cards.failed(head, reason), *([controls.button("Clear the choices", do="benchmark-defaults")] if isinstance(error, InvalidInput) else [])]


# ------------------------------------------------------------------------------------------------------------------------- choices


def _register_choices(app: Dash, services: Services) -> None:
    @app.callback(Output(Ids.FOUND, "children"), Input(Ids.SEARCH, "data"), prevent_initial_call=True)
    async def update_found(asked: dict[str, Any] | None) -> list[Any]:
        """List what can be compared with: blends first, then indices and funds."""
        if not asked:
            raise PreventUpdate
        return await asyncio.to_thread(found_of, services, asked)


def found_of(services: Services, asked: Mapping[str, Any]) -> list[Any]:
    """Search what can be compared with by name, key or detail."""
    text, chosen = str(asked.get("query") or "").casefold(), set(asked.get("chosen") or ())
    every = services.blends.choices(services.accounts.local())
    kept = [each for each in every if not text or any(text in word.casefold() for word in (each.key, each.name, each.detail))]
    order = sorted(kept, key=lambda each: each.key not in chosen)[:MOST_FOUND]
    return parts.choice_list([(each.key, each.name, each.detail, each.key in chosen) for each in order], own="")
