"""How the installation fares, as those who look after it see it: figures first, then jobs, then what was logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dash import html

from components import cards, theme
from components.tables import small_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

STATES = {"ok": ("Everything answers", "ok"), "degraded": ("Something is not as it should be", "warn"),
          "down": ("The database does not answer", "crit")}
FEEDS = {"live": "ok", "delayed": "warn", "stale": "warn", "closed": "", "down": "crit"}
LEVELS = {"warning": "warn", "error": "crit", "critical": "crit"}


class Figure(NamedTuple):
    """A figure of the row at the top."""

    label: str
    value: str
    unit: str
    sub: str
    kind: str = ""  # warn or crit where it is not as it should be


class Job(NamedTuple):
    """A job of the leader."""

    name: str
    status: str
    at: datetime
    failures: int
    detail: str


class Trouble(NamedTuple):
    """A line of the log."""

    at: datetime
    level: str
    logger: str
    message: str
    request: str


def state(name: str, reasons: Sequence[str]) -> list[Any]:
    """Say whether all is well, and if not, why."""
    words, kind = STATES[name]
    if name == "ok":
        return [cards.tag(words, kind)]
    return [cards.notice(f"{words}.", " ".join(reasons), kind=kind)]


def figures(found: Sequence[Figure]) -> list[html.Div]:
    """Lay the figures of the top row out."""
    return [html.Div([html.Dt(each.label), html.Dd([html.Span(each.value, className=f"num {each.kind}".strip()),
                                                     html.Span(f" {each.unit}", className="unit")]),
                      html.Dd(each.sub, className="sub", title=each.sub)], className="kpi") for each in found]


def jobs(found: Sequence[Job]) -> html.Div:
    """List the newest run of each job."""
    if not found:
        return cards.blank("No job has run", "The process that polls the market runs them; it is told here when it has.")
    rows = [html.Tr([html.Td(html.B(each.name.replace("_", " ")), className="l"),
                     html.Td(cards.tag(each.status, "crit" if each.status == "failed" else "ok" if each.status == "done" else ""), className="l"),
                     html.Td(theme.instant(each.at), className="l num"), html.Td(theme.number(each.failures, decimals=0)),
                     html.Td(each.detail, className="l wrap dim")]) for each in found]
    return small_table(["Job", "Last run", "When", "Failed in 24 h", ""], rows, starts=3)


def troubles(found: Sequence[Trouble]) -> html.Div:
    """List what was logged as a warning or worse, newest first."""
    if not found:
        return cards.blank("Nothing to report", "Warnings and errors of this process stand here.")
    rows = [html.Tr([html.Td(theme.instant(each.at), className="l num"), html.Td(cards.tag(each.level, LEVELS.get(each.level, "")), className="l"),
                     html.Td(each.message, className="l wrap"), html.Td(html.Code(each.request), className="l dim")]) for each in found]
    return small_table(["When", "", "What", "Request"], rows, starts=4)
