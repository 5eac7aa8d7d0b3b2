"""The Stress section of the Risk page: bars of losses, who makes them, what it takes to lose so much, and the sheet of a scenario."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from dash import dcc, html

from components import cards, controls, theme
from components.icons import Icon
from components.performance import table

if TYPE_CHECKING:
    from collections.abc import Sequence

LOSSES = (("0.1", "10\u202f%"), ("", "20\u202f%"), ("0.3", "30\u202f%"), ("0.5", "50\u202f%"))
WITHIN = (("1", "1 day"), ("5", "1 week"), ("", "1 month"), ("63", "3 months"), ("252", "1 year"))
GAIN_ROOM = 0.5  # of the room that losses have; a longer gain is cut, and its end says so
FIRST = 16  # bars that stand open; the rest is behind a line
SOURCES = {"own": "", "sector": "its sector", "asset_class": "its class", "benchmark": "beta to the benchmark", "market": "beta, S&P 500",
           "": "unknown"}


class StressIds(StrEnum):
    """The Stress section; `assets/risk_stress.js` reads these as strings."""

    ASKED = "risk-stress-asked"  # {portfolio, benchmark, stress, loss, within, past, n}
    READ = "risk-stress-read"  # {revisions}: of what was read
    CHANGED = "risk-stress-changed"  # a counter: a scenario was saved, removed or taken back
    CHOICES = "risk-stress-choices"  # {scope, currency, choices, scenarios}: for the sheet
    BODY = "risk-stress-body"
    SHEET = "risk-stress-sheet"


class Loss(NamedTuple):
    """One bar: an episode or a scenario."""

    key: str  # in the address
    label: str
    note: str  # beside the label, dim
    title: str
    pnl: float | None  # money, negative for a loss; None: unknown
    share: float | None  # of the value, negative for a loss
    thin: str = ""  # why it is to be read with care
    scenario: str = ""  # id of one's own


class Part(NamedTuple):
    """What one holding adds."""

    symbol: str
    name: str
    weight: float
    move: float | None
    because: str  # what its move is from, where that is not its own history
    pnl: float
    key: str = ""  # of cash, which has another name than it shows


class Step(NamedTuple):
    """What one holding does on the most likely way to a loss."""

    symbol: str
    name: str
    weight: float
    move: float
    deviations: float | None
    alone: float | None
    contribution: float


def skeleton() -> list[object]:
    """Build stores, the body that `callbacks/risk_stress.py` fills, and the sheet that `assets/risk_stress.js` fills."""
    form = html.Form([], className="form alert-form", noValidate="noValidate", **{"data-form": "scenario", "data-part": "scenario-form"})
    return [
        *[dcc.Store(id=store) for store in (StressIds.ASKED, StressIds.READ, StressIds.CHANGED, StressIds.CHOICES)],
        html.Div([], className="done", role="status", **{"data-part": "stress-done"}),
        html.Div(html.Div([html.Section(cards.bones(), className="panel c7"), html.Section(cards.bones(), className="panel c5")],
                          className="cols waiting"), id=StressIds.BODY),
        controls.dialog("New scenario", [form], id=StressIds.SHEET, className="scenario-sheet"),
    ]


# ------------------------------------------------------------------------------------------------------------------------------ bars


def losses_panel(title: str, note: str, losses: Sequence[Loss], *, chosen: str, foot: str, tools: Sequence[object] = ()) -> html.Section:
    """Panel of bars, each of which can be pressed to see who makes it, and the same as a table."""
    bars = html.Div(loss_bars(losses, chosen=chosen), className="as-chart", role="group", **{"aria-label": title})
    shown = cards.panel(title, html.Div([bars, html.Div(losses_table(title, losses), className="scroll as-rows")], className="stack losses"),
                        note=note, span="c7", tools=[cards.stale_tag(), *tools, cards.table_tool()])
    shown.children.append(html.Footer(foot))
    return shown


def loss_bars(losses: Sequence[Loss], *, chosen: str) -> list[object]:
    """Bars from the line of nothing, losses to its left and gains to its right, in one unit: the largest loss is as long as there is room."""
    widest = max((-loss.share for loss in losses if loss.share is not None), default=0.0)
    if widest <= 0:
        widest = max((loss.share for loss in losses if loss.share is not None), default=0.0) or 1.0
    shares = [loss.share or 0.0 for loss in losses]
    lost = max(shares, default=0.0) <= 0 > min(shares, default=0.0)  # nothing gains: losses have all of the room
    rows = [_bar(loss, widest, chosen=chosen, only_lost=lost) for loss in losses]
    if len(rows) <= FIRST + 1:
        return list(rows)
    behind = any(loss.key == chosen for loss in losses[FIRST:])
    more = html.Details([html.Summary(f"{len(rows) - FIRST} more"), html.Div(rows[FIRST:])], className="more", open=behind)
    return [*rows[:FIRST], more]


def _bar(loss: Loss, widest: float, *, chosen: str, only_lost: bool = False) -> html.Div:
    share = loss.share or 0.0
    gain = share / (GAIN_ROOM * widest)
    sides = ((-share / widest, "lost"), (gain, "won cut" if gain > 1.0 else "won"))
    bars = html.Span([html.Progress(value=f"{100 * min(max(part, 0.0), 1.0):.1f}", max="100", className=look, **{"aria-hidden": "true"})
                      for part, look in (sides[:1] if only_lost else sides)],
                     className="two-way one" if only_lost else "two-way")
    words = html.Span([html.B(loss.label), html.Span(loss.note, className="dim")], className="words")
    figures = [_asked(theme.money(loss.pnl, decimals=0, signed=True), f"pnl:{loss.key}", theme.tone(loss.pnl, decimals=0)),
               _asked(theme.percent(loss.share, decimals=1), f"return:{loss.key}", "soft")]
    title = f"{loss.title} To be read with care: {loss.thin}." if loss.thin else loss.title
    press = html.Button([words, bars], type="button", title=title, className="fall",
                        **{"data-stress": loss.key, "aria-pressed": str(loss.key == chosen).lower()})
    return html.Div([press, *figures, *([_deeds(loss)] if loss.scenario else [])], className="fall-row" + (" is-thin" if loss.thin else ""))


def _asked(text: str, figure: str, look: str = "") -> html.Span:
    """Write a number that says how it comes about when it is pressed; unknown ones have nothing to say."""
    told = {} if text == theme.UNKNOWN else {"data-explain": f"stress.{figure}"}
    return html.Span(text, className=f"num {look}".strip(), **told)


def _deeds(loss: Loss) -> html.Span:
    """Change and remove stand beside one's own scenarios."""
    deeds = ((Icon.EDIT, "Change", "scenario-edit"), (Icon.CLOSE, "Remove", "scenario-remove"))
    return html.Span([controls.tool(name, f"{word}: {loss.label}", do=do, **{"data-scenario": loss.scenario}) for name, word, do in deeds],
                     className="deeds")


def losses_table(title: str, losses: Sequence[Loss]) -> html.Table:
    """List the same with what each rests on."""
    rows = [html.Tr([html.Td([html.B(loss.label), html.Span(f" {loss.note}", className="dim")], className="l"),
                     html.Td(_asked(theme.money(loss.pnl, decimals=0, signed=True), f"pnl:{loss.key}"),
                             className=theme.tone(loss.pnl, decimals=0)),
                     html.Td(_asked(theme.percent(loss.share, decimals=1), f"return:{loss.key}"), className="soft"),
                     html.Td(loss.thin or "its own history", className="l soft wrap")])
            for loss in losses]
    return table(title, ["", "P/L", "Of value", "Rests on"], rows)


# ---------------------------------------------------------------------------------------------------------------------- who makes it


def parts_panel(title: str, parts: Sequence[Part], *, key: str, pnl: float | None, share: float | None, currency: str, foot: str) -> html.Section:
    """Panel of what each holding adds to a loss; the sum stands under it."""
    rows = [html.Tr([_who(part.symbol, part.because or part.name, title=part.name), html.Td(_weight(part), className="soft"),
                     html.Td(_asked(theme.percent(part.move, decimals=1), f"move:{key}/{part.key or part.symbol}")),
                     html.Td(_asked(theme.money(part.pnl, decimals=0, signed=True), f"holding_pnl:{key}/{part.key or part.symbol}"),
                             className=theme.tone(part.pnl, decimals=0))]) for part in parts]
    total = html.Tr([html.Td("All", className="l"), html.Td(""), html.Td(_asked(theme.percent(share, decimals=1), f"return:{key}")),
                     html.Td(_asked(theme.money(pnl, decimals=0, signed=True), f"pnl:{key}"))])
    heads = ["Holding", "Weight", "Move", f"P/L, {currency}"]
    shown = cards.panel(title, html.Div(table(title, heads, rows, foot=total), className="scroll"), note="by holding", span="c5", flush=True)
    shown.children.append(html.Footer(foot))
    return shown


def _weight(part: Part) -> html.Span:
    return html.Span(theme.share(part.weight), className="num", **{"data-explain": f"weight:{part.key or part.symbol}"})


# ------------------------------------------------------------------------------------------------------------------ what loses so much


def _who(symbol: str, words: str, *, title: str) -> html.Td:
    return html.Td([html.B(symbol), html.Span(words, className="dim")], className="l who", title=title)


def _alone(step: Step) -> str:
    move = theme.percent(step.alone, decimals=0)
    return f"{step.name}: by itself it would have to do {move}" if theme.known(step.alone) else f"{step.name}: by itself it cannot lose that much"


def reverse_panel(steps: Sequence[Step], *, sentence: str, loss: str, within: str) -> html.Section:
    """Panel of the most likely way to a loss, with the loss and the time it may take in reach."""
    times = [html.Option(word, value=value, selected=value == within) for value, word in WITHIN]
    select = html.Select(times, name="within", className="input short", **{"data-stress-within": ""})
    choose = html.Label([html.Span("Within", className="sr"), select])
    choices = html.Div([controls.segments(LOSSES, attribute="stress-loss", label="Loss", current=loss), choose], className="choices")
    rows = [html.Tr([_who(step.symbol, step.name, title=_alone(step)),
                     html.Td(_asked(theme.percent(step.move, decimals=1), f"reverse_move:{step.symbol}")),
                     html.Td(_asked(theme.number(step.deviations, decimals=1), f"reverse_deviations:{step.symbol}"), className="soft"),
                     html.Td(_asked(theme.percent(step.contribution, decimals=1), f"reverse_adds:{step.symbol}"))])
            for step in steps]
    grid = table("The most likely way", ["Holding", "Move", "Deviations", "Adds"], rows)
    shown = cards.panel("What loses that much?", [choices, html.P(sentence, className="sentence"), html.Div(grid, className="scroll")],
                        note="the most likely way", span="c5")
    shown.children.append(html.Footer("Of all moves with this loss the one closest to what is usual, by the covariance of the last 500 trading days. "
                                      "In deviations: of each holding\u2019s own."))
    return shown
