"""The audit log as a reader sees it: when, who, what, and every field from, to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dash import html

from components import cards, theme
from components.controls import button
from components.icons import Icon

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 6  # fields of an entry that stand open
LABELS = {"fx_rate": "exchange rate", "to_symbol": "new instrument", "to_currency": "currency received", "to_amount": "amount received",
          "external_id": "id at the broker", "cost_method": "cost method", "base_currency": "base currency", "asset_class": "class"}


class Change(NamedTuple):
    """A field from, to."""

    field: str
    before: str | None
    after: str | None


class Row(NamedTuple):
    """What an entry did to one transaction."""

    title: str
    action: str
    changes: Sequence[Change]


class Entry(NamedTuple):
    """An entry of the log. `tone`: how its word is coloured."""

    id: str
    day: str
    time: str
    who: str
    action: str
    title: str
    portfolio: str | None
    changes: Sequence[Change]
    rows: Sequence[Row]
    row_count: int
    can_undo: bool
    why_not: str | None
    undone: bool
    request: str | None


def log(entries: Sequence[Entry], *, more: bool) -> list[Any]:
    """Build the log, newest first, under the days it is of."""
    days = list(dict.fromkeys(entry.day for entry in entries))
    panels = [_day(day, [entry for entry in entries if entry.day == day]) for day in days]
    older = [html.Div(button("Show older", **{"data-audit": "more"}), className="acts end")] if more else []
    return [*panels, *older]


def _day(day: str, entries: Sequence[Entry]) -> html.Section:
    count = f"{len(entries)} {'change' if len(entries) == 1 else 'changes'}"
    return cards.panel(day, [_entry(entry) for entry in entries], note=count, flush=True)


def _entry(entry: Entry) -> html.Article:
    head = html.Header([
        html.Span(entry.time, className="dim num when", title=f"Request {entry.request}" if entry.request else None),
        html.Span(entry.who, className="soft who"),
        html.H3(entry.title), *([html.Span(entry.portfolio, className="dim")] if entry.portfolio else []),
        *([cards.tag("taken back")] if entry.undone else []), html.Span(className="grow"), _back(entry),
    ])
    body = _rows(entry) if entry.rows and not entry.changes else _changes(entry.changes)
    return html.Article([head, *body], className="entry undone" if entry.undone else "entry", tabIndex="0", **{"data-entry-of": entry.id})


def _back(entry: Entry) -> html.Button:
    if entry.undone:
        return html.Span()
    return button("Undo", look="quiet", name=Icon.UNDO, disabled=not entry.can_undo, title=entry.why_not,
                  **{"data-audit": "undo", "data-entry": entry.id, "aria-label": f"Undo: {entry.title}"})


def _changes(changes: Sequence[Change]) -> list[Any]:
    shown = html.Ul([_change(each) for each in changes[:SHOWN]], className="changes")
    if len(changes) <= SHOWN:
        return [shown] if changes else []
    rest = html.Ul([_change(each) for each in changes[SHOWN:]], className="changes")
    return [shown, html.Details([html.Summary(f"{len(changes) - SHOWN} more fields"), rest])]


def _change(change: Change) -> html.Li:
    name = LABELS.get(change.field, change.field.replace("_", " "))
    if change.before is None:
        return html.Li([html.Span(name, className="soft"), html.Span(change.after or theme.UNKNOWN)])
    return html.Li([html.Span(name, className="soft"), html.S(change.before), html.Em("→"), html.Span(change.after or theme.UNKNOWN)])


def _rows(entry: Entry) -> list[Any]:
    """Build the transactions of a batch, folded away where they are many."""
    listed = html.Ul([html.Li([html.B(row.title), html.Span(_deed(row), className="dim"), *_changes(row.changes if row.action == "correct" else ())])
                      for row in entry.rows], className="batch")
    left = [html.P(f"and {entry.row_count - len(entry.rows)} more", className="soft")] if entry.row_count > len(entry.rows) else []
    if entry.row_count <= 3:
        return [listed]
    return [html.Details([html.Summary(f"{entry.row_count} transactions"), listed, *left])]


def _deed(row: Row) -> str:
    return {"record": "recorded", "correct": "corrected", "void": "voided", "restore": "restored"}.get(row.action, row.action)
