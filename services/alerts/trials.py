"""Trying a rule on history before it is switched on: the evaluation of the stream, once a day."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

import numpy as np
import pandas as pd

from data.database import Database
from engine.alerts import Direction, Measure, alert_firings
from engine.errors import InvalidInput
from engine.types import Actor
from services.alerts.histories import Histories
from services.alerts.rule_fields import Draft, raw_of, read_rule, unit_of
from services.alerts.rules import ALL_PORTFOLIOS, located
from services.alerts.texts import title
from services.alerts.views import Firing, Trial
from services.books.valuation import display_currency

MOST_FIRINGS: Final = 500
NO_FINDINGS: Final = "No history of findings is kept, so that this rule cannot be tried"
NO_HISTORY: Final = "There is no history of this to try the rule on"


class Trials:
    """Rules of the actor's on the history of what they are about."""

    def __init__(self, database: Database, histories: Histories) -> None:
        self._database, self._histories = database, histories

    def stored(self, actor: Actor, rule_id: UUID, *, start: date | None = None, end: date | None = None) -> Trial:
        """Try a rule that is there; `NotFound` where the workspace has none under this id."""
        with self._database.read() as unit:
            raw = raw_of(unit.alerts.get(actor.workspace_id, rule_id))
        return self.draft(actor, raw, start=start, end=end)

    def draft(self, actor: Actor, raw: object, *, start: date | None = None, end: date | None = None) -> Trial:
        """Try a rule as it is typed.

        Parameters
        ----------
        actor : Actor
        raw : object
            As `Rules.create` takes it.
        start, end : date, optional
            Both included; default all the history there is. Peaks and windows look back beyond `start`.

        Raises
        ------
        InvalidInput
            What cannot be read, or a window without days.
        """
        draft = read_rule(raw)
        if start is not None and end is not None and start > end:
            raise InvalidInput("start", start, "is not before end", hint="Choose an earlier start", rule="order")
        head, unit, measures = self._read(actor, draft)
        shown = measures[_within(measures, start, end)]
        return told(draft, head, unit, shown, NO_FINDINGS if draft.rule.measure is Measure.FINDING else NO_HISTORY)

    def _read(self, actor: Actor, draft: Draft) -> tuple[str, str, pd.Series]:
        """Read title, unit and measures of a draft."""
        with self._database.read() as unit:
            portfolio_id, instrument = located(unit, actor, draft.subject)
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id) if portfolio_id else None
            display = portfolio.base_currency if portfolio else display_currency(unit.portfolios.find(actor.workspace_id))
            local = unit.instruments.get(actor.workspace_id, instrument[1]).currency if instrument else None
        measure = draft.rule.measure
        named, where = unit_of(measure, display if measure is Measure.VALUE else local), portfolio.name if portfolio else ALL_PORTFOLIOS
        head = title(measure, draft.rule.direction, draft.threshold, named, subject=draft.subject.symbol or where, options=draft.options,
                     within=where if instrument else None)
        return head, named, self._histories.measures(actor, measure, draft.subject.scope, instrument, draft.options)


def told(draft: Draft, head: str, unit: str, measures: pd.Series, reason: str) -> Trial:
    """Tell what a rule would have done on measures."""
    known = measures.dropna()
    if known.empty:
        return Trial(head, unit, None, None, 0, 0, (), {}, None, None, f"{reason}.", reason)
    fired = alert_firings(draft.rule, measures)
    days = pd.DatetimeIndex(known.index)
    years = {str(year): int(count) for year, count in pd.DatetimeIndex(fired.index).year.value_counts().sort_index().items()}
    firings = tuple(Firing(day.date(), float(value)) for day, value in fired.iloc[-MOST_FIRINGS:].items())  # type: ignore[attr-defined]
    last = float(known.iloc[-1])
    return Trial(head, unit, days[0].date(), days[-1].date(), len(known), len(fired), firings, years, last, _beyond(draft, last),
                 sentence(len(fired), days[0].date(), days[-1].date(), years), None)


def sentence(count: int, first: date, last: date, years: dict[str, int]) -> str:
    """Say how often a rule would have fired: in all, and in the newest years in which it did."""
    span = f"between {first.year} and {last.year}" if first.year != last.year else f"in {first.year}"
    if not count:
        return f"Would not have fired {span}."
    newest = list(years.items())[-3:]
    detail = f": {', '.join(f'{number} in {year}' for year, number in newest)}" if first.year != last.year else ""
    return f"Would have fired {'once' if count == 1 else f'{count} times'} {span}{detail}."


def _beyond(draft: Draft, last: float) -> bool:
    measured = abs(last) if draft.rule.direction is Direction.EITHER else last
    return measured <= draft.rule.threshold if draft.rule.direction is Direction.BELOW else measured >= draft.rule.threshold


def _within(measures: pd.Series, start: date | None, end: date | None) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    days = pd.DatetimeIndex(measures.index)
    inside = np.ones(len(days), dtype=np.bool_)
    if start is not None:
        inside &= days >= pd.Timestamp(start)
    if end is not None:
        inside &= days <= pd.Timestamp(end)
    return inside
