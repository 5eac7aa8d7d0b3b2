"""The tab of every portfolio: firm-wide runs, begun, followed, stopped and read."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dash import html

from components import cards, firm, theme
from engine.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash.development.base_component import Component

    from callbacks.risk_page import Page
    from services.risk.firm_views import FirmRow, RunView

HEADLINES = ("annualised_return", "volatility", "sharpe_ratio", "max_drawdown", "value_at_risk", "expected_shortfall", "beta", "tracking_error",
             "information_ratio")
HEADLINE = "Headline figures"
MOST_RUNS, MOST_ROWS, MOST_READ = 12, 200, 10_000


def tab(page: Page) -> list[Component]:
    """Lay the tab out."""
    found = page.services.firm.find(page.actor, limit=MOST_RUNS).items
    run = _chosen(page, found)
    rows = page.services.firm.rows(page.actor, run.id, limit=MOST_READ).items if run and run.portfolios else ()
    group = page.asked.get("figures") or HEADLINE
    terms = _terms(page, group, rows)
    sort, blends = page.asked.get("sort") or "name", {each.key: each.name for each in page.services.blends.find(page.actor)} if rows else {}
    body = firm.figures_table([_column(term) for term in terms], _lines(rows, terms, sort, blends), sort=sort,
                               asked=_explained(run)) if rows and run else _nothing(run)
    more = [html.P(f"The first {MOST_ROWS} of {len(rows):,} are shown; the file has all.", className="nothing")] if len(rows) > MOST_ROWS else []
    return [firm.panel(None if run is None else _told(run), html.Div([body, *more]), question=json.dumps(_question(page)),
                       runs=[(str(each.id), _words(each)) for each in found], tools=[_groups(page, group)] if rows else [])]


def _chosen(page: Page, found: Sequence[RunView]) -> RunView | None:
    """Read the run that the address names, else the newest."""
    text = page.asked.get("run")
    if not text:
        return found[0] if found else None
    try:
        return page.services.firm.get(page.actor, UUID(text))
    except ValueError:
        raise InvalidInput("run", text, "is no run", hint="Choose one on the page", rule="unknown_value") from None


def _question(page: Page) -> dict[str, Any]:
    """Ask a new run what the page asks of one portfolio."""
    asked = page.question
    told: dict[str, Any] = {"level": asked.level, "risk_free": asked.risk_free}
    window = {"start": asked.start and asked.start.isoformat(), "end": asked.end and asked.end.isoformat(), "period": asked.period,
              "benchmark": asked.benchmark}
    return told | {name: value for name, value in window.items() if value is not None}


def _explained(run: RunView) -> str:
    """Give what a run was asked in the words of the page's address."""
    asked = run.question
    told = {"from": asked.get("start"), "to": asked.get("end"), "period": asked.get("period") or "ITD", "benchmark": asked.get("benchmark"),
            "level": asked.get("level"), "rf": 100 * float(asked.get("risk_free") or 0.0), "horizon": None, "method": None}
    return json.dumps(told)


def _words(run: RunView) -> str:
    state = firm.STATES.get(run.status, ("", run.status))[1].lower()
    return f"{run.created_at:%d %b %Y %H:%M} UTC, {run.total or run.portfolios} portfolios, {state}"


def _told(run: RunView) -> firm.Run:
    asked = run.question
    span = asked.get("period") or (f"from {asked['start']}" if asked.get("start") else "all of each history")
    until = f" to {asked['end']}" if asked.get("end") else ""
    words = f"{'all of each history' if span == 'ITD' else span}{until}, {theme.share(float(asked.get('level') or 0.95), decimals=0)}"
    problem = str((run.problem or {}).get("detail") or "")
    return firm.Run(str(run.id), run.status, run.phase, run.done, run.total, run.portfolios, words, f"{run.created_at:%d %b %Y %H:%M} UTC",
                    run.place or "", problem)


def _nothing(run: RunView | None) -> Component:
    if run is None:
        return cards.blank("No run yet", "Every figure of every portfolio, side by side, stands here after the first run.")
    return cards.blank("No portfolio yet", "The first ones stand here as soon as they are worked out." if run.status == "running"
                       else "This run ended before a portfolio was worked out.")


def _terms(page: Page, group: str, rows: Sequence[FirmRow]) -> list[Any]:
    """Choose the figures of a group, those that the run has."""
    there = {name for row in rows[:1] for name in row.figures} | {name for row in rows for name in row.figures}
    every = {term.name: term for term in page.services.risk.terms()}
    names = HEADLINES if group == HEADLINE else [name for name, term in every.items() if term.group == group]
    return [every[name] for name in names if name in there and name in every]


def _groups(page: Page, group: str) -> Component:
    names = [HEADLINE, *dict.fromkeys(term.group for term in page.services.risk.terms())]
    options = [html.Option(name, value="" if name == HEADLINE else name, selected=name == group) for name in names]
    return html.Label([html.Span("Figures", className="sr"), html.Select(options, name="figures", className="input", **{"data-choice": "figures"})])


def _column(term: Any) -> firm.Column:  # noqa: ANN401  # a figure of the catalogue
    return firm.Column(term.name, term.label, term.unit, term.meaning, term.minimum)


def _lines(rows: Sequence[FirmRow], terms: Sequence[Any], sort: str, blends: Mapping[str, str]) -> list[firm.Line]:
    name, falls = sort.removeprefix("-"), sort.startswith("-")
    ordered = sorted(rows, key=lambda row: row.name.casefold(), reverse=falls and name == "name")
    if name != "name":
        ordered = sorted(ordered, key=lambda row: _place(row.figures.get(name), falls=falls))
    return [firm.Line(str(row.portfolio_id), row.name, row.base_currency or "", row.observations,
                      blends.get(row.benchmark or "", row.benchmark or ""), [row.figures.get(term.name) for term in terms],
                      [str(each.get("message", "")) for each in row.findings])
            for row in ordered[:MOST_ROWS]]


def _place(value: float | None, *, falls: bool) -> float:
    """Sort by a figure; what has none stands last."""
    if value is None or not theme.known(value):
        return math.inf
    return -value if falls else value
