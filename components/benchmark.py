"""What the Benchmark page says in words and tables, from plain rows. No arithmetic but the rounding of what must add up."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dash import html

from components import theme
from components.cards import kpi, live, unit
from components.figures_benchmark import looks_of
from components.performance import percent, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from components.figures_benchmark import Form, Line

SMALLEST_P = 0.001
MOVED = "The sum of what the transactions of that day moved in or out"
PIECES = "At the end of the window; half of the sizes of the active weights is the active share, whose explanation lists them"


class Term(Protocol):
    """A figure of the catalogue, as far as a table tells it."""

    name: str
    label: str
    group: str
    unit: str
    meaning: str
    source: str


class Beside(NamedTuple):
    """One benchmark's column: its figures, which of them need more observations, and why some are unknown."""

    key: str
    name: str
    figures: Mapping[str, float]
    missing: Mapping[str, int]
    gaps: Mapping[str, str]
    note: str = ""  # what stands under its name

    def __getitem__(self, name: str) -> float | None:  # type: ignore[override]
        """Give a figure; None where there is none."""
        return self.figures.get(name)


# ------------------------------------------------------------------------------------------------------------------------- figures


def figure_text(value: float | None, kind: str) -> str:
    """Write a figure in its unit: fractions in percent, p-values with three decimals, counts whole.

    Examples
    --------
    >>> figure_text(0.1234, "fraction"), figure_text(0.0004, "p_value")
    ('12.34\u202f%', '< 0.001')
    """
    if value is None or not theme.known(value):
        return theme.UNKNOWN
    if kind == "fraction":
        return theme.percent(value, signed=False)
    if kind == "p_value":
        return f"< {SMALLEST_P}" if value < SMALLEST_P else theme.number(value, decimals=3)
    return theme.number(value, decimals=0 if kind in {"periods", "days"} else 2)


class Headline(NamedTuple):
    """One figure of a strip: what it is, and one line of context."""

    name: str
    label: str
    value: float | None
    kind: str
    what: object
    context: object = ""
    toned: bool = False
    why_not: str = ""
    missing: int = 0
    explain: str = ""


def headline(told: Headline) -> html.Div:
    """Show a figure of the strip; one that rests on too few observations is grey and says how many are missing."""
    known = told.value is not None and theme.known(told.value)
    second = f"{told.missing} more needed" if told.missing else told.context if known else told.why_not
    return kpi(told.label, _shown(told) if known else theme.UNKNOWN, [_titled(told.what), _titled(second)])


def _titled(words: object) -> html.Span:
    return html.Span(words, title=words) if isinstance(words, str) else html.Span(words)


def _shown(told: Headline) -> list[object]:
    value = float(told.value or 0.0)
    data = {"explain": told.explain} if told.explain else {}
    look = "few" if told.missing else ""
    if told.kind in {"fraction", "signed"}:
        return [live(value * 100, form="signed" if told.kind == "signed" else "money", toned=told.toned, className=look, **data), unit("%")]
    if told.kind == "amount":
        return [live(value, form="whole-signed" if told.toned else "whole", toned=told.toned, className=look, **data)]
    return [html.Span(figure_text(value, told.kind), className=f"num {look}".strip(), **{f"data-{name}": text for name, text in data.items()})]


def figures_table(terms: Sequence[Term], columns: Sequence[Beside]) -> html.Table:
    """Lay every figure out by its group, a column for each benchmark; a press tells how it is defined."""
    heads = ["Figure", *(column.name for column in columns)]
    rows: list[html.Tr] = []
    several = len({term.group for term in terms}) > 1
    for group, members in groupby(terms, key=lambda term: term.group):
        rows += [html.Tr(html.Td(group, colSpan=len(heads), className="l"), className="group")] if several else []
        rows += [_figure_row(term, columns) for term in members]
    return table("Every figure against each benchmark", heads, rows, classes="figures")


def _figure_row(term: Term, columns: Sequence[Beside]) -> html.Tr:
    name = html.Td([html.Span(term.label, className="name"), html.Span(term.meaning, className="meaning")], className="l")
    return html.Tr([name, *(_figure_cell(term, column) for column in columns)], **{"data-words": f"{term.label} {term.name} {term.group}".lower()})


def _figure_cell(term: Term, column: Beside) -> html.Td:
    value, missing = column[term.name], column.missing.get(term.name, 0)
    if value is None or not theme.known(value):
        return html.Td(theme.UNKNOWN, title=column.gaps.get(term.name) or "No answer here", className="dim")
    told = {"title": f"Too few observations: {missing} more are needed"} if missing else {}
    number = html.Span(figure_text(value, term.unit), className="num few" if missing else "num",
                       **{"data-explain": f"benchmark.{term.name}:{column.key}"})
    return html.Td([number, *([html.Span(f"{missing} missing", className="lacks")] if missing else [])], **told)


# --------------------------------------------------------------------------------------------------------------------------- lines


def lines_table(caption: str, days: Sequence[date], lines: Sequence[Line], form: Form, *, most: int = 70) -> html.Table:
    """Give the values of lines by day, newest first: every day of a short period, the last of each week, month or quarter of a longer one."""
    rows = [html.Tr([html.Td(theme.day(days[at]), className="l"), *(html.Td(_cell(line.values[at], form)) for line in lines)])
            for at in reversed(kept_of(days, most))]
    return table(caption, ["Date", *(line.name for line in lines)], rows)


def _cell(value: float, form: Form) -> html.Span:
    return live(value, form=form.name) if theme.known(value) else html.Span(theme.UNKNOWN, className="dim")


def kept_of(days: Sequence[date], most: int) -> list[int]:
    """Choose the days of a table."""
    for key in (lambda day: day, lambda day: day.isocalendar()[:2], lambda day: (day.year, day.month), lambda day: (day.year, (day.month - 1) // 3)):
        last = {key(day): index for index, day in enumerate(days)}
        if len(last) <= most:
            break
    return sorted({0, *last.values()})


def legend(lines: Sequence[Line]) -> list[html.Span]:
    """Name the lines, in their order; `assets/benchmark.css` gives the colours by the same order."""
    return [html.Span([html.I(className=f"{look} {'dash' if look == 'k1' else ''}".strip()), line.name]) for line, look in
            zip(lines, looks_of(lines), strict=True)]


# ----------------------------------------------------------------------------------------------------------------------- what it is


class Piece(NamedTuple):
    """One part of a benchmark."""

    key: str
    name: str
    target: float | None
    weight: float | None
    own_weight: float | None
    active_weight: float | None
    total_return: float | None


def pieces_table(pieces: Sequence[Piece], active_share: float | None) -> html.Table:
    """Tell what a benchmark is made of, and how the portfolio differs from it."""
    rows = [html.Tr([
        html.Td([html.B(piece.key if piece.key != piece.name else ""), html.Span(f" {piece.name}", className="dim")], className="l"),
        html.Td(live(piece.target, form="share"), className="soft"), html.Td(live(piece.weight, form="share")),
        html.Td(live(piece.own_weight, form="share")), html.Td(live(piece.active_weight, form="percent1")),
        html.Td(percent(piece.total_return), className="soft"),
    ], title=PIECES) for piece in pieces]
    foot = html.Tr([html.Td("Active share", className="l"), *[html.Td("") for _ in range(3)],
                    html.Td(live(active_share, form="share", explain="benchmark.active_share")), html.Td("")])
    return table("What the benchmark is made of", ["Part", "Target", "Weight", "Portfolio", "Active", "Return"], rows, foot=foot)


# ----------------------------------------------------------------------------------------------------------------------- same flows


class Elsewhere(NamedTuple):
    """The same cash flows in one benchmark. Money in base currency; rates are fractions, a year's where `is_annual`."""

    key: str
    name: str
    value: float | None
    excess: float | None
    gain: float | None
    mwr: float | None
    excess_mwr: float | None
    ks_pme: float | None
    direct_alpha: float | None
    exhausted: date | None
    is_annual: bool


def flows_sentence(own: float | None, told: Elsewhere, currency: str) -> list[object]:
    """Say what would have become of the money."""
    if told.exhausted:
        return [(f"Withdrawals would have used {told.name} up on {theme.day(told.exhausted)}: from there its value is below zero, "
                "and its rates say little.")]
    if told.value is None or not theme.known(told.value) or not theme.known(told.excess) or own is None:
        return [f"What the same deposits would be worth in {told.name} is not known for this window."]
    better = float(told.excess or 0.0) >= 0
    amount = html.B([theme.money(abs(float(told.excess or 0.0)), decimals=0), " ", currency], className="gain" if better else "loss")
    return [f"Had every deposit bought {told.name} on its day, and every withdrawal sold it, you would have ",
            html.B(f"{theme.money(told.value, decimals=0)} {currency}"), ": you have ", amount, f" {'more' if better else 'less'} than that."]


def multiples_table(rows: Sequence[Elsewhere], own: Elsewhere, currency: str) -> html.Table:
    """Put the portfolio and each benchmark with the same flows beside each other."""
    rate = "MWR p.a." if own.is_annual else "MWR"
    heads = ["", f"Value {currency}", "Gain", rate, "You have more by", "More MWR", "KS-PME", "Direct alpha"]
    lines = [html.Tr([html.Td(html.B(row.name), className="l"), html.Td(live(row.value, form="whole", **_asked("benchmark_value", row.key))),
                      html.Td(live(row.gain, form="whole-signed", **_asked("benchmark_gain", row.key)), className="soft"),
                      html.Td(live(row.mwr, form="percent", **_asked("benchmark_mwr", row.key)), className="soft"),
                      html.Td(live(row.excess, form="whole-signed", toned=True, **_asked("excess_value", row.key))),
                      html.Td(live(row.excess_mwr, form="percent", **_asked("excess_mwr", row.key))),
                      html.Td(live(row.ks_pme, form="money", **_asked("ks_pme", row.key))),
                      html.Td(live(row.direct_alpha, form="percent", **_asked("direct_alpha", row.key)))]) for row in rows]
    first = html.Tr([html.Td(html.B(own.name), className="l"), html.Td(live(own.value, form="whole", **_asked("portfolio_value", ""))),
                     html.Td(live(own.gain, form="whole-signed", **_asked("portfolio_gain", "")), className="soft"),
                     html.Td(live(own.mwr, form="percent", **_asked("portfolio_mwr", "")), className="soft"), *[html.Td("")] * 4], className="sel")
    return table("The same cash flows", heads, [first, *lines])


def _asked(name: str, key: str) -> dict[str, str]:
    return {"explain": f"benchmark.flows.{name}:{key}" if key else f"benchmark.flows.{name}"}


def moves_table(moves: Sequence[tuple[date, float]], currency: str, *, most: int = 60) -> html.Table:
    """List the money that went in and out, newest first; the oldest is the value at the start."""
    order = list(reversed(moves))
    names = [*("Deposit" if amount > 0 else "Withdrawal" for _, amount in order[:-1]), "Opening value"]
    rows = [html.Tr([html.Td(theme.day(day), className="l"), html.Td(name, className="l soft"),
                     html.Td(live(amount, form="signed"), title=MOVED)])
            for name, (day, amount) in zip(names, order, strict=True)]
    kept = rows if len(rows) <= most else [*rows[: most - 1], rows[-1]]
    foot = html.Tr([html.Td(f"{len(rows)} in all" if len(rows) > most else "Net", className="l"), html.Td(""),
                    html.Td([live(sum(amount for _, amount in moves), form="signed", **_asked("net_contributions", "")), unit(currency)])])
    return table("Money in and out", ["Date", "", f"Amount {currency}"], kept, foot=foot)


# -------------------------------------------------------------------------------------------------------------------------- choices


def choice_list(found: Sequence[tuple[str, str, str, bool]], *, own: str) -> list[html.Button]:
    """List what can be compared with; what is chosen is marked, a press adds it or takes it off. `found`: key, name, detail, chosen."""
    first = [("", "The portfolio's own", own, False)]
    return [html.Button([html.Span(name), html.Span(detail, className="dim")], type="button", className="item",
                        **{"data-vs": key, "aria-pressed": str(chosen).lower()}) for key, name, detail, chosen in [*first, *found]]


def chosen_chips(chosen: Sequence[tuple[str, str]]) -> list[html.Span]:
    """Name what the page compares with; a press puts one first, its cross takes it off."""
    return [html.Span([_chip(key, name, "Compare with it first" if place else "Compared with first"), _cross(key, name)],
                      className="chip" if place else "chip on") for place, (key, name) in enumerate(chosen)]


def _chip(key: str, name: str, title: str) -> html.Button:
    return html.Button(name, type="button", title=title, **{"data-vs-first": key})


def _cross(key: str, name: str) -> html.Button:
    return html.Button("×", type="button", title=f"Take {name} off", className="off", **{"data-vs-off": key, "aria-label": f"Take {name} off"})
