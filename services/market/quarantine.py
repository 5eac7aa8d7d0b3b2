"""What was held back, and what a person says of it: quotes of the feed, bars and payments of histories. Each decision can be taken back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from data.database import Unit
from data.feed import Feed
from data.records import AuditEntry, StoredFinding
from engine.errors import Conflict
from engine.types import Actor, Bar
from services.history.judging import kept_action, kept_bar, told_bar
from services.history.service import BAR_QUARANTINED
from services.review_views import Mended
from services.views import QuarantinedQuote
from services.writes import NOTHING, Request, Told, Writes, audit, market_changed, touch_ledgers

QUOTE: Final = "quote_quarantined"
CODES: Final = (QUOTE, BAR_QUARANTINED)


class Quarantine:
    """Decides about what was held back."""

    def __init__(self, writes: Writes, feed: Feed) -> None:
        self._writes, self._feed = writes, feed

    def find(self, actor: Actor) -> list[QuarantinedQuote]:
        """List what waits for a decision, newest first."""
        with self._writes.database.read() as unit:
            found = [finding for code in CODES for finding in unit.market.findings(actor.workspace_id, code=code, status="open")]
        return [view_of(finding) for finding in sorted(found, key=lambda finding: finding.created_at, reverse=True)]

    def release(self, actor: Actor, finding_id: UUID, *, idempotency_key: str | None = None) -> None:
        """Let it pass after all: a quote becomes the latest unless there is a newer one, bars and payments are stored with a mark."""
        self._decide(actor, finding_id, "released", idempotency_key)

    def reject(self, actor: Actor, finding_id: UUID, *, idempotency_key: str | None = None) -> None:
        """Settle that it stays out."""
        self._decide(actor, finding_id, "rejected", idempotency_key)

    def _decide(self, actor: Actor, finding_id: UUID, status: str, key: str | None) -> None:
        request = Request(f"market.{status}", (finding_id,), NOTHING, key)

        def effect(unit: Unit, told: list[Told]) -> None:
            if unit.market.finding(actor.workspace_id, finding_id).code == BAR_QUARANTINED:
                _settle_bars(unit, actor, finding_id, status, told)
            elif status == "released":
                self._feed.release(finding_id, actor)
            else:
                self._feed.reject(finding_id, actor)

        self._writes.once(actor, request, effect)


def view_of(finding: StoredFinding) -> QuarantinedQuote:
    """Tell what was held back."""
    told = finding.context
    price, ts = told.get("price"), told.get("ts") or f"{told.get('date')}T00:00:00+00:00"
    return QuarantinedQuote(
        finding.id, str(told["symbol"]), price if isinstance(price, int | float) else None, datetime.fromisoformat(ts), told.get("source"),
        told.get("last_price"), str(told.get("reason_code", finding.code)), finding.message, finding.status, finding.created_at,
        kind="bar" if finding.code == BAR_QUARANTINED else "quote", bars=tuple(told.get("bars", ())), actions=tuple(told.get("actions", ())),
        proposed=dict(told.get("proposed", {})),
    )


def _settle_bars(unit: Unit, actor: Actor, finding_id: UUID, status: str, told: list[Told]) -> None:
    """Settle bars or payments in one transaction, with what they replace written down."""
    finding = unit.market.settle_finding(finding_id, status, actor)
    before: dict[str, Any] = {}
    if status == "released":
        before = _stored(unit, finding.context)
        instrument = UUID(finding.context["instrument_id"])
        unit.instruments.put_bars(instrument, [kept_bar(bar, "released") for bar in finding.context["bars"]])
        unit.instruments.put_actions(instrument, [kept_action(action) for action in finding.context["actions"]])
        told.append(market_changed(actor))
        touch_ledgers(unit, actor, told)
    audit(unit, actor, f"bar_{status}", "finding", finding_id, before=before or None, after=finding.context)


def _stored(unit: Unit, context: dict[str, Any]) -> dict[str, Any]:
    """Read what bars that are to be released replace."""
    days = [date.fromisoformat(bar["date"]) for bar in context["bars"]]
    found = unit.instruments.bars_on(UUID(context["instrument_id"]), days)
    return {"bars": [{**told_bar(bar), "simulated": bar.simulated, "mark": bar.mark} for bar in found.values()]}


def quote_decision_taken_back(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    """Ask again about a quote; one that was let in is taken out, and the newest of the others is the latest."""
    status = entry.action.removeprefix("quote_")
    finding = unit.market.reopen_finding(UUID(entry.entity_id), actor, status)
    if status == "released":
        instrument = UUID(finding.context["instrument_id"])
        unit.history.drop_tick(instrument, float(finding.context["price"]), "released")
        unit.history.latest_from_ticks(instrument)
        _told(unit, actor, told)
    return _noted(unit, actor, entry, finding)


def bar_decision_taken_back(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    """Ask again about bars or payments; those that were let in are taken out, and what they replaced is put back."""
    status = entry.action.removeprefix("bar_")
    finding = unit.market.reopen_finding(UUID(entry.entity_id), actor, status)
    if status == "released":
        _put_back(unit, finding, (entry.before or {}).get("bars", []))
        _told(unit, actor, told)
    return _noted(unit, actor, entry, finding)


def _put_back(unit: Unit, finding: StoredFinding, before: list[dict[str, Any]]) -> None:
    instrument = UUID(finding.context["instrument_id"])
    days = [date.fromisoformat(bar["date"]) for bar in finding.context["bars"]]
    changed = [bar.date for bar in unit.instruments.bars_on(instrument, days).values() if bar.mark != "released"]
    if changed:
        raise Conflict(f"The bar of {changed[0].isoformat()} was changed since.", hint="Take the later change back first", rule="changed_since")
    unit.instruments.remove_bars(instrument, days)
    unit.instruments.put_bars(instrument, [_as_it_was(bar) for bar in before])
    unit.instruments.remove_actions(instrument, [(date.fromisoformat(each["date"]), each["kind"]) for each in finding.context["actions"]])


def _as_it_was(told: dict[str, Any]) -> Bar:
    bar = kept_bar(told, told.get("mark"))
    return Bar(bar.date, bar.close, bar.open, bar.high, bar.low, bar.volume, bar.adjusted_close, bar.source, bool(told.get("simulated")), bar.mark)


def _told(unit: Unit, actor: Actor, told: list[Told]) -> None:
    told.append(market_changed(actor))
    touch_ledgers(unit, actor, told)


def _noted(unit: Unit, actor: Actor, entry: AuditEntry, finding: StoredFinding) -> Mended:
    undone = audit(unit, actor, "undo", entry.entity, entry.entity_id, after={"symbol": finding.context.get("symbol"), "undoes": str(entry.id)})
    return Mended(undone, "Taken back", ())
