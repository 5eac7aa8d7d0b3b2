"""What the Performance page says in words and tables, from plain rows. No arithmetic but the rounding of what must add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dash import html

from components import theme
from components.cards import kpi, live, unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from components.figures_performance import Growth, Step


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands around the figures of one answer."""

    figures: Mapping[str, float]
    gaps: Mapping[str, str]  # figure without an answer -> why
    currency: str
    costs: str
    flow_timing: str
    flow_days: int
    benchmark: str | None

    def __getitem__(self, name: str) -> float | None:
        """Give a figure; None where there is none."""
        return self.figures.get(name)


class Window(NamedTuple):
    """Returns of one window; those of more than a year are a year's."""

    name: str
    yearly: bool
    start: date
    own: float | None
    benchmark: float | None
    active: float | None
    mwr: float | None
    key: str = ""  # as the service names it


class Bar(NamedTuple):
    """What one holding or group added to the return."""

    key: str  # what the page can be narrowed to ("sector:Technology"); empty: nothing
    name: str
    label: str
    contribution: float
    own: float | None  # its own return
    weight: float | None
    pnl: float | None
    part: str = ""  # as its figures are named: "contributions:AAPL", "groups:Technology"


class Effect(NamedTuple):
    """Return of one currency's holdings, split; contributions to the whole."""

    currency: str
    weight: float | None
    local: float
    fx: float
    cross: float
    base: float


class Method(NamedTuple):
    """One way to measure the same window."""

    name: str
    meaning: str
    value: float | None
    yearly: float | None
    why_not: str = ""
    figure: str = ""
    figure_yearly: str = ""


# ------------------------------------------------------------------------------------------------------------------------- figures

COSTS = {"net": "net of fees, taxes", "gross_of_fees": "before fees", "gross": "before fees, taxes"}
TIMINGS = {"start": "flows at day start", "end": "flows at day end", "mid": "flows at midday",
           "in_out": "in at day start, out at day end"}


def kpi_strip(facts: Facts) -> list[html.Div]:
    """Seven figures, each with what it is and one line of context in small print."""
    return [
        _figure(facts, "twr", "TWR", f"daily, {COSTS[facts.costs]}", _yearly(facts, "twr_annualised")),
        _figure(facts, "mwr", "MWR", f"internal rate, {count(facts.flow_days, 'flow day')}", _yearly(facts, "mwr_annualised")),
        _figure(facts, "modified_dietz", "Modified Dietz", "flows weighted by days", TIMINGS[facts.flow_timing]),
        _figure(facts, "roi", "ROI", "gain on capital put in", [live(facts["pnl"], form="whole-signed", explain="pnl"), f" {facts.currency}"]),
        _figure(facts, "active_return", "Active return", f"vs {facts.benchmark}" if facts.benchmark else "no benchmark is chosen",
                _yearly(facts, "active_return_annualised"), toned=True),
        _figure(facts, "volatility", "Volatility", "of daily returns, a year", _tracking(facts), signed=False),
        _figure(facts, "max_drawdown", "Max drawdown", "deepest fall from a peak", "by daily closes"),
    ]


def _figure(facts: Facts, name: str, label: str, what: str, context: object, *, toned: bool = False, signed: bool = True) -> html.Div:
    value = facts[name]
    known = value is not None and theme.known(value)
    second = context if known else facts.gaps.get(name, "")
    told = {"form": "signed" if signed else "money", "explain": "mwr_period" if name == "mwr" else name}
    number = [live(value * 100, toned=toned, **told), unit("%")] if known and value is not None else theme.UNKNOWN
    return kpi(label, number, [html.Span(what, title=what), html.Span(second, **({"title": second} if isinstance(second, str) else {}))])


def _yearly(facts: Facts, name: str) -> object:
    return [percent(facts[name], explain=name), " p.a."] if theme.known(facts[name]) else "not annualised"


def count(number: int, noun: str) -> str:
    """Write how many of what."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _tracking(facts: Facts) -> object:
    return ["tracking error ", live(facts["tracking_error"], form="share", explain="tracking_error")] if theme.known(facts["tracking_error"]) else ""


# ------------------------------------------------------------------------------------------------------------------------- windows


def windows_table(windows: Sequence[Window], *, benchmark: str | None) -> html.Table:
    """Tell the returns by window: own, benchmark, active."""
    heads = ["Window", "Portfolio", *(["Benchmark", "Active"] if benchmark else []), "MWR"]
    rows = [
        html.Tr([
            html.Td([window.name, *([html.Span(" p.a.", className="dim")] if window.yearly else [])],
                    className="l", title=f"from {theme.day(window.start)}"),
            html.Td(percent(window.own, explain=_of(window, "twr"))),
            *([html.Td(percent(window.benchmark, explain=_of(window, "benchmark")), className="soft"),
               html.Td(percent(window.active, toned=True, explain=_of(window, "active")))] if benchmark else []),
            html.Td(percent(window.mwr, explain=_of(window, "mwr")), className="soft"),
        ])
        for window in windows
    ]
    return table("Returns by window", heads, rows, classes="dense")


def month_facts(facts: Facts) -> html.Dl:
    """Best and worst month, months above zero, capture."""
    pairs: list[tuple[str, object]] = [
        ("Best month", percent(facts["best_month"], explain="best_month")),
        ("Worst month", percent(facts["worst_month"], explain="worst_month")),
        ("Months above zero", [_counted(facts, "months_positive"), " of ", _counted(facts, "months")]),
    ]
    if facts.benchmark:
        pairs.append(("Up capture, down capture", _captures(facts)))
    return html.Dl([part for name, figure in pairs for part in (html.Dt(name), html.Dd(figure))], className="kv")


def _counted(facts: Facts, name: str) -> html.Span:
    return live(facts[name], form="count", explain=name)


def _captures(facts: Facts) -> object:
    names = ("up_capture", "down_capture")
    if not any(theme.known(facts[name]) for name in names):
        return theme.UNKNOWN
    up, down = (html.Span(theme.percent(facts[name], decimals=0, signed=False), **{"data-explain": name}) for name in names)
    return [up, ", ", down]


def _of(window: Window, column: str) -> str:
    """Name the figure of a window: a year's, or the window's own."""
    yearly = {"twr": "annualised", "benchmark": "benchmark_annualised", "active": "active_annualised", "mwr": "mwr"}
    return f"windows.{yearly[column] if window.yearly else 'mwr_period' if column == 'mwr' else column}:{window.key}"


def percent(value: float | None, *, toned: bool = False, explain: str = "") -> html.Span:
    """Show a return; `explain` names the figure that it is."""
    return live(value, form="percent", toned=toned, **({"explain": explain} if explain else {}))


def table(caption: str, heads: Sequence[str], rows: Sequence[html.Tr], *, foot: html.Tr | None = None, classes: str = "",
          texts: int = 1) -> html.Table:
    """Build a table with its heads; the first columns, so many as `texts`, are text."""
    head = html.Tr([html.Th(name, scope="col", className="" if index >= texts else "l") for index, name in enumerate(heads)])
    end = [html.Tfoot(foot)] if foot is not None else []
    return html.Table([html.Caption(caption, className="sr"), html.Thead(head), html.Tbody([*rows]), *end], className=f"grid-t {classes}".strip())


# ----------------------------------------------------------------------------------------------------------------- growth, bridge


def growth_table(growth: Growth, *, benchmark: str | None) -> html.Table:
    """Growth in percent by day, newest first, with the flows."""
    flows: dict[date, float] = {}
    for flow in growth.flows:
        flows[flow.date] = flows.get(flow.date, 0.0) + flow.amount
    kept = _sparse(growth.days, flows)
    rows = [html.Tr([
        html.Td(theme.day(growth.days[at]), className="l"),
        html.Td(percent(growth.own[at] - 1, explain=_of_day("total_return", growth.days[at]))),
        *([html.Td(percent(growth.benchmark[at] - 1, explain=_of_day("benchmark_return", growth.days[at]))),
           html.Td(percent(growth.active[at], toned=True, explain=_of_day("active_return", growth.days[at])))] if benchmark else []),
        html.Td(live(flows[growth.days[at]], form="signed", explain=_of_day("flow", growth.days[at])) if growth.days[at] in flows else ""),
    ]) for at in reversed(kept)]
    heads = ["Date", "Growth", *([benchmark, "Active"] if benchmark else []), "Flow"]
    return table("Growth by day", heads, rows)


def _of_day(column: str, day: date) -> str:
    return f"series.{column}:{day.isoformat()}"


def _sparse(days: Sequence[date], flows: Mapping[date, float], most: int = 70) -> list[int]:
    """Rows of a table: every day of a short period, the last of each week or month of a longer one, and every day with a flow."""
    for key in (lambda day: day, lambda day: day.isocalendar()[:2], lambda day: (day.year, day.month), lambda day: (day.year, (day.month - 1) // 3)):
        last = {key(day): index for index, day in enumerate(days)}
        if len(last) <= most:
            break
    return sorted({*last.values(), 0, *(index for index, day in enumerate(days) if day in flows)})


def bridge_table(steps: Sequence[Step], residual: float, currency: str) -> html.Table:
    """List the steps from the opening to the closing value, to the cent, with what is left over."""
    *before, closing = steps
    rows = [html.Tr([html.Td(step.name, className="l"),
                     html.Td(live(step.amount, form="signed" if index else "money", explain=_step(step, index)))])
            for index, step in enumerate(before)]
    rows.append(html.Tr([html.Td("Residual", className="l soft"),
                         html.Td(live(residual, form="signed", explain="bridge.residual"), className="soft")]))
    foot = html.Tr([html.Td(closing.name, className="l"), html.Td([live(closing.amount, explain="bridge.closing_value"), unit(currency)])])
    return table("What moved the value", ["Step", currency], rows, foot=foot)


STEPS = {"Contributions": "flows_in", "Put in": "flows_in", "Withdrawals": "flows_out", "Taken out": "flows_out", "Price": "price",
         "Currency": "fx", "Income": "income", "Fees": "fees", "Taxes": "taxes", "Company actions": "corporate_actions"}


def _step(step: Step, index: int) -> str:
    return f"bridge.{STEPS.get(step.name, 'flows') if index else 'opening_value'}"


def fitted_steps(steps: Sequence[Step], residual: float) -> list[Step]:
    """Round the steps to cents so that, with the residual as written, they add up to the closing value."""
    *before, closing = steps
    left = theme.fitted([residual], residual)[0]
    cents = theme.fitted([step.amount for step in before], closing.amount - left)
    end = theme.fitted([closing.amount], closing.amount)[0]
    return [*(step._replace(amount=amount) for step, amount in zip(before, cents, strict=True)), closing._replace(amount=end)]


# ------------------------------------------------------------------------------------------------------------------------- methods


def methods_table(methods: Sequence[Method], *, yearly: bool) -> html.Table:
    """Ways to measure the same window beside each other, each with the question it answers."""
    rows = [html.Tr([
        html.Td([html.B(method.name), html.Span(method.meaning, className="meaning")], className="l"),
        html.Td(percent(method.value, explain=method.figure), title=method.why_not or None),
        *([html.Td(percent(method.yearly, explain=method.figure_yearly) if theme.known(method.yearly) else "", className="soft")] if yearly else []),
    ]) for method in methods]
    return table("Ways to measure", ["Method", "Return", *(["p.a."] if yearly else [])], rows, classes="methods")


# ---------------------------------------------------------------------------------------------------------------------------- filter


def group_options(groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> list[html.Option | html.Optgroup]:
    """Choices of the filter: everything, then each grouping with its values (`sector:Technology`)."""
    return [html.Option("All holdings", value=""),
            *(html.Optgroup([html.Option(word, value=value) for value, word in options], label=name) for name, options in groups if options)]


def found_instruments(found: Sequence[tuple[str, str, str]], *, own: str | None) -> list[html.Button]:
    """Benchmarks to choose from: the portfolio's own, none, and what was found."""
    choices = [("", "The portfolio's own", own or ""), ("none", "No benchmark", ""), *found]
    return [html.Button([html.Span(name), html.Span(note, className="dim")], type="button", className="item", **{"data-benchmark": value})
            for value, name, note in choices]
