"""Keeping what an evaluation came to: states, events and messages in one transaction, then a word to the screens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np

from data.alert_records import Posted, StoredEvent, StoredRule, StoredState
from data.database import Unit
from data.ids import uuid7
from engine.alerts import Measure
from services.alerts.events import to_screens
from services.alerts.letters import body_of
from services.alerts.rules import rule_title, rule_unit
from services.alerts.sheet import Outcome, Sheet
from services.alerts.texts import message
from services.views import ALL
from services.writes import Told, Writes

if TYPE_CHECKING:
    from data.database import Database

MOST_TOLD: Final = 20  # events of one batch that a screen is told one by one


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired, and what it saw."""

    rule: StoredRule
    value: float
    simulated: bool


def kept_outcome(database: Database, writes: Writes, sheet: Sheet, outcome: Outcome) -> tuple[bool, int]:
    """Keep what rules remember and what fired.

    Returns
    -------
    tuple of bool and int
        Whether all was kept: not where a rule was changed meanwhile, or told by another process; and how many events there are.
    """
    fired = [Fired(sheet.rules[line], float(outcome.values[line]), sheet.simulated(line)) for line in np.flatnonzero(outcome.fired).tolist()]
    states = [state_of(sheet.rules[line], outcome, line) for line in np.flatnonzero(outcome.moved).tolist()]

    def work(unit: Unit) -> tuple[bool, list[StoredEvent], dict[UUID, int]]:
        kept = unit.alerts.put_states(states)
        events = [event_of(each, sheet.basis.displays.get(each.rule.workspace_id, ""), outcome) for each in fired if each.rule.id in kept]
        unit.alerts.add_events(events)
        _post(unit, events, {each.rule.id: each.rule for each in fired})
        return len(kept) == len(states), events, {each: unit.alerts.unread(each) for each in {event.workspace_id for event in events}}

    whole, events, unread = database.run(work)
    writes.tell(tellings(events, unread))
    return whole, len(events)


def state_of(rule: StoredRule, outcome: Outcome, line: int) -> StoredState:
    """Give what a line is to remember."""
    fired, last = bool(outcome.fired[line]), float(outcome.states.last[line])
    return StoredState(rule.id, rule.version, int(outcome.states.side[line]), last if np.isfinite(last) else None,
                       outcome.at if fired else rule.fired_at, rule.fired_at, fired)


def event_of(fired: Fired, display: str, outcome: Outcome) -> StoredEvent:
    """Tell a firing in words, with the rule as it was then."""
    rule, unit = fired.rule, rule_unit(fired.rule, display)
    head = rule_title(rule, display)
    context: dict[str, Any] = {
        "measure": rule.measure, "direction": rule.direction, "threshold": format(rule.threshold, "f"), "unit": unit, "symbol": rule.symbol,
        "scope": str(rule.portfolio_id or ALL), "portfolio": rule.portfolio, "note": rule.note, "simulated": fired.simulated, **rule.options,
    }
    said = message(head, Measure(rule.measure), fired.value, unit, simulated=fired.simulated)
    return StoredEvent(uuid7(), rule.workspace_id, rule.owner_id, rule.id, fired.value, head, said, context, outcome.at)


def _post(unit: Unit, events: Sequence[StoredEvent], rules: dict[UUID, StoredRule]) -> None:
    """Put a message for every channel of every event into the outbox."""
    wanted = {channel for event in events for channel in rules[event.rule_id].channels}
    usable = unit.outbox.usable(sorted(wanted)) if wanted else {}
    unit.outbox.post([Posted(event.workspace_id, event.owner_id, event.id, channel, body_of(event)) for event in events
                      for channel in rules[event.rule_id].channels if usable.get(channel) == event.workspace_id])


def tellings(events: Sequence[StoredEvent], unread: dict[UUID, int]) -> list[Told]:
    """Give the messages for the screens: the first events one by one, of more the number alone."""
    told: list[Told] = []
    counts: Counter[UUID] = Counter()
    for event in events:
        counts[event.workspace_id] += 1
        if counts[event.workspace_id] <= MOST_TOLD:
            shown = {"id": str(event.id), "rule_id": str(event.rule_id), "title": event.title, "message": event.message, "value": event.value,
                     "at": event.created_at.isoformat(), "symbol": event.context["symbol"], "scope": event.context["scope"]}
            told.append(to_screens(event.workspace_id, {"type": "alert", "event": shown, "unread": unread[event.workspace_id]}))
    more = [workspace for workspace, count in counts.items() if count > MOST_TOLD]
    return [*told, *(to_screens(workspace, {"type": "alerts", "unread": unread[workspace]}) for workspace in more)]
