"""Findings of the ledger's checks with their fixes, and a statement beside the ledger: cards that say what is wrong and what would mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dash import html

from components import cards, theme
from components.controls import button
from components.tables import small_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

GRAVITY = {"error": ("crit", "Errors", "These make figures wrong"), "warning": ("warn", "Warnings", "These are probably mistakes"),
           "info": ("", "Worth a look", "These may well be right")}
WORDS = {"error": "Error", "warning": "Warning", "info": "Look"}
SHOWN = 60  # findings of one gravity that are drawn; mending them brings up the next


class Shift(NamedTuple):
    """One figure before and after. `form`: quantity or money."""

    name: str
    before: float
    after: float
    form: str


class Fix(NamedTuple):
    """One way to mend something. `act`: the data-* attributes that say what a press does."""

    label: str
    shifts: Sequence[Shift]
    errors: Sequence[str]
    act: dict[str, str]


class Fact(NamedTuple):
    """A row of the ledger that a finding is about."""

    date: date
    kind: str
    symbol: str
    quantity: str
    price: str
    amount: str
    fee: str
    account: str


class Finding(NamedTuple):
    """A finding as a card shows it."""

    id: str
    portfolio: str
    portfolio_name: str
    title: str
    message: str
    severity: str
    hint: str | None
    facts: Sequence[Fact]
    fixes: Sequence[Fix]


class Line(NamedTuple):
    """A break of a statement. `form`: quantity or money."""

    key: str
    name: str
    kind: str
    ours: float | None
    theirs: float | None
    difference: float | None
    form: str
    cause: str | None
    fixes: Sequence[Fix]


def findings(found: Sequence[Finding], *, many: bool, checked: str) -> list[Any]:
    """Build the panels of every gravity, or the state in which nothing is to be mended.

    Parameters
    ----------
    found : sequence of Finding
        Open ones, the gravest first.
    many : bool
        Several portfolios are shown: each card names its own.
    checked : str
        How many were checked and when: "812 transactions checked at 11:20".
    """
    if not found:
        return [cards.blank("Nothing to mend", f"{checked}. New findings come with new transactions and prices.")]
    first = next((one.id for one in found if one.fixes and not one.fixes[0].errors), "")
    return [_group(gravity, [one for one in found if one.severity == gravity], many=many, first=first) for gravity in GRAVITY
            if any(one.severity == gravity for one in found)]


def _group(gravity: str, found: Sequence[Finding], *, many: bool, first: str) -> html.Section:
    _, name, note = GRAVITY[gravity]
    body = [_finding(one, many=many, primary=one.id == first) for one in found[:SHOWN]]
    more = [html.P(f"{len(found) - SHOWN} more come up as these are mended.", className="more soft")] if len(found) > SHOWN else []
    return cards.panel(f"{name} {len(found)}", [*body, *more], note=note, flush=True)


def _finding(one: Finding, *, many: bool, primary: bool = False) -> html.Article:
    kind = GRAVITY[one.severity][0]
    head = html.Header([
        cards.tag(WORDS[one.severity], kind), html.H3(one.title), *([html.Span(one.portfolio_name, className="dim")] if many else []),
        html.Span(className="grow"),
        button("Not a problem", look="quiet", **{"data-review": "dismiss", "data-finding": one.id, "data-portfolio-of": one.portfolio}),
    ])
    hint = [html.P(one.hint, className="hint")] if one.hint else []
    body = [head, html.P(one.message), *hint, *_facts(one.facts), *_fixes(one.fixes, primary=primary)]
    return html.Article(body, className="finding", tabIndex="0", **{"data-finding": one.id, "aria-label": f"{WORDS[one.severity]}: {one.title}"})


def _facts(facts: Sequence[Fact]) -> list[Any]:
    if not facts:
        return []
    accounts, fees = any(fact.account for fact in facts), any(fact.fee for fact in facts)
    heads = ["Date", "Kind", "Instrument", *(["Account"] if accounts else []), "Quantity", "Price", "Amount", *(["Fee"] if fees else [])]
    rows = [html.Tr([*[html.Td(text, className="l") for text in (theme.day(fact.date), fact.kind, fact.symbol)],
                     *([html.Td(fact.account, className="l")] if accounts else []),
                     *[html.Td(text) for text in (fact.quantity, fact.price, fact.amount, *((fact.fee,) if fees else ()))]]) for fact in facts]
    return [small_table(heads, rows, starts=4 if accounts else 3)]


def _fixes(fixes: Sequence[Fix], *, primary: bool = False, word: str = "Apply") -> list[Any]:
    if not fixes:
        return []
    return [html.Ul([_fix(fix, look="primary" if primary and not place else "", word=word) for place, fix in enumerate(fixes)], className="fixes")]


def _fix(fix: Fix, *, look: str, word: str) -> html.Li:
    effect = html.Dl([part for shift in fix.shifts for part in (html.Dt(shift.name), html.Dd(_change(shift)))], className="kv effect-of")
    wrong = [html.P(text, className="hint bad") for text in fix.errors]
    apply = button(word, look=look, disabled=bool(fix.errors), **fix.act, **{"aria-label": f"{word}: {fix.label}"})
    return html.Li([html.Div([html.B(fix.label), *wrong, *([effect] if fix.shifts else [])], className="words-of"), apply])


def _change(shift: Shift) -> list[Any]:
    text = theme.quantity if shift.form == "quantity" else theme.money
    return [html.S(text(shift.before)), html.Em("→"), html.Span(text(shift.after))]


def dismissed(found: Sequence[Finding], *, many: bool) -> list[Any]:
    """Build the findings that were said to be no problem, folded away."""
    if not found:
        return []
    rows = [html.Li([html.Span([html.B(one.title), html.Span(one.message, className="soft"),
                                *([html.Span(one.portfolio_name, className="dim")] if many else [])], className="words"),
                     button("Ask again", look="quiet", **{"data-review": "restore", "data-finding": one.id, "data-portfolio-of": one.portfolio})])
            for one in found]
    return [html.Details([html.Summary(f"{len(found)} said to be no problem"), html.Ul(rows, className="rows")], className="panel put-by")]


def done(sentence: str, *, undo: str | None, word: str = "Undo") -> list[Any]:
    """Build the line that says what was done and offers to take it back. `undo`: id of the audit entry."""
    back = [button(word, look="quiet", **{"data-review": "undo", "data-entry": undo})] if undo else []
    return [html.Span(sentence), *back, html.Span(className="grow"), button("Close", look="quiet", **{"data-review": "close"})]


# ---------------------------------------------------------------------------------------------------------------------- reconciling


def comparison(name: str, day: date, breaks: Sequence[Line], agreeing: int) -> list[Any]:
    """Build what a statement came to: reconciled, or its breaks with causes and fixes."""
    agree = f"{agreeing} {'line agrees' if agreeing == 1 else 'lines agree'}"
    if not breaks:
        return [html.Div([cards.tag("Reconciled", "ok"), html.B(f"{name} is reconciled to {theme.day(day)}"), html.Span(agree, className="dim")],
                         className="verdict")]
    count = f"{len(breaks)} {'line differs' if len(breaks) == 1 else 'lines differ'}"
    head = html.Div([cards.tag(count, "warn"), html.B(f"{name} on {theme.day(day)}"), html.Span(agree, className="dim")], className="verdict")
    return [head, *[_break(line) for line in breaks]]


KINDS = {"missing_here": "Not in the ledger", "missing_there": "Not in the statement", "quantity": "Quantity differs", "cash": "Cash differs",
         "cost": "Cost differs", "unknown_instrument": "Not known"}


def _break(line: Line) -> html.Article:
    text = theme.quantity if line.form == "quantity" else theme.money
    signed = theme.number(line.difference, decimals=8 if line.form == "quantity" else 2, least=0 if line.form == "quantity" else 2, signed=True)
    table = html.Dl([part for name, value in (("Ledger", text(line.ours)), ("Statement", text(line.theirs)), ("Difference", signed))
                     for part in (html.Dt(name), html.Dd(value))], className="kv three-of")
    cause = [html.P(line.cause, className="cause")] if line.cause else []
    head = html.Header([cards.tag(KINDS.get(line.kind, line.kind), "crit" if line.kind == "unknown_instrument" else "warn"), html.H3(line.name)])
    return html.Article([head, table, *cause, *_fixes(line.fixes, word="Accept")], className="finding", tabIndex="0",
                        **{"data-finding": line.key, "aria-label": f"{KINDS.get(line.kind, line.kind)}: {line.name}"})


class Kept(NamedTuple):
    """A statement that was compared before."""

    id: str
    day: date
    account: str | None
    breaks: int


def statements(kept: Sequence[Kept], chosen: str | None) -> list[Any]:
    """List the statements that were compared, those of the latest days first."""
    if not kept:
        return [html.P("No statement was compared yet.", className="soft")]
    return [html.Ul([_statement(one, current=one.id == chosen) for one in kept], className="rows")]


def _statement(one: Kept, *, current: bool) -> html.Li:
    state = cards.tag("reconciled", "ok") if not one.breaks else cards.tag(f"{one.breaks} differ" if one.breaks > 1 else "1 differs", "warn")
    name = [html.B(theme.day(one.day)), *([html.Span(one.account, className="dim")] if one.account else []), state]
    open_ = html.Button(name, type="button", className="words open-statement", **{"data-review": "open", "data-statement": one.id,
                                                                                  "aria-current": str(current).lower()})
    return html.Li([open_, button("Forget", look="quiet", **{"data-review": "forget", "data-statement": one.id})])
