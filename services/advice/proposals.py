"""Proposals: drafts of transactions that wait for a person, and what a person makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from data.advice_records import StoredProposal
from data.database import Unit
from data.records import AuditEntry
from engine.errors import Conflict, InvalidInput, NotFound
from engine.types import Actor, Portfolio
from services import fields
from services.advice.views_trades import OrderLine, ProposalLine, ProposalView
from services.fields import Place, Reader
from services.ledger.guards import rules_kept_of
from services.ledger.transactions import entries_of, recorded, superseded, taken_out
from services.review_views import Mended
from services.views import Page
from services.writes import Request, Told, Writes, audit, ledger_changed

ENTITY: Final = "proposal"
MOST_LINES: Final = 500
CHANGEABLE: Final = ("date", "quantity", "price", "fee", "tax", "amount", "to_amount", "fx_rate", "account", "note", "external_id", "lots")
VIEW: TypeAdapter[ProposalView] = TypeAdapter(ProposalView)


class Proposals:
    """Proposals for the actor's portfolios."""

    def __init__(self, writes: Writes) -> None:
        self._writes, self._database = writes, writes.database

    def propose(self, actor: Actor, portfolio_id: UUID, lines: Sequence[OrderLine], *, source: str = "rebalance", note: str | None = None,
                effect: Mapping[str, Any] | None = None, revision: int | None = None, idempotency_key: str | None = None) -> ProposalView:
        """Keep drafts until somebody confirms them. Nothing is booked.

        Parameters
        ----------
        actor : Actor
        portfolio_id : UUID
        lines : sequence of OrderLine
            Drafts as `POST /transactions` takes them, in the order they are to be done.
        source : str
            What they come from: rebalance, optimise, or the key of a suggestion.
        note : str, optional
        effect : Mapping, optional
            Figures before and after, to be shown with it.
        revision : int, optional
            Of the ledger they were made for; `Conflict` where it is another one by now.
        idempotency_key : str, optional
            The same key gives the same proposal again.

        Raises
        ------
        InvalidInput
            No line, too many, or a draft that the ledger would not take, with its row and field.
        Conflict
            The ledger has changed.
        """
        raw = [{"draft": line.draft, "reason": line.reason} for line in lines]

        def work(unit: Unit, _told: list[Told]) -> ProposalView:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
            _refuse_old(portfolio, revision)
            _checked(unit, actor, portfolio, lines)
            kept = [{"number": number, "draft": line.draft, "reason": line.reason, "state": "open", "transaction_id": None}
                    for number, line in enumerate(lines, start=1)]
            stored = unit.proposals.add(actor.workspace_id, actor.user_id, portfolio_id,
                                        {"source": source, "note": note, "lines": kept, "effect": dict(effect or {}), "revision": portfolio.revision})
            audit(unit, actor, "create", ENTITY, stored.id, after=_kept(stored))
            return _view(stored, portfolio)

        request = Request("proposals.create", (portfolio_id, raw, source, note, revision), VIEW, idempotency_key)
        return self._writes.once(actor, request, work)

    def find(self, actor: Actor, portfolio_id: UUID, *, limit: int = 100, after: UUID | None = None) -> Page[ProposalView]:
        """List the proposals of a portfolio, newest first."""
        with self._database.read() as unit:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
            found = unit.proposals.find(actor.workspace_id, portfolio_id, limit=limit + 1, after=after)
        return Page(tuple(_view(each, portfolio) for each in found[:limit]), str(found[limit - 1].id) if len(found) > limit else None)

    def get(self, actor: Actor, portfolio_id: UUID, proposal_id: UUID) -> ProposalView:
        """Give a proposal; `NotFound` where the portfolio has none under this id."""
        with self._database.read() as unit:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
            return _view(unit.proposals.get(actor.workspace_id, portfolio_id, proposal_id), portfolio)

    def confirm(self, actor: Actor, portfolio_id: UUID, proposal_id: UUID, version: int, raw: Mapping[str, Any] | None = None, *,
                idempotency_key: str | None = None) -> ProposalView:
        """Book lines of a proposal, all of one call or none.

        Parameters
        ----------
        actor : Actor
        portfolio_id, proposal_id : UUID
        version : int
            Of the proposal that was read.
        raw : Mapping, optional
            `lines` (numbers; default every open one), and `changes` (by number: the fields that came out otherwise, such as price and fee).
        idempotency_key : str, optional

        Raises
        ------
        Conflict
            Somebody was faster, or a line is not open any more.
        InvalidInput
            A number that is no line, a field that cannot be changed, or a draft that the ledger refuses.
        """
        told = fields.record(raw or {}, CONFIRM)

        def work(unit: Unit, told_: list[Told]) -> ProposalView:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
            before = unit.proposals.get(actor.workspace_id, portfolio_id, proposal_id)
            numbers = _chosen(before, told.get("lines"))
            drafts = [{**_line(before, number)["draft"], **(told.get("changes") or {}).get(number, {})} for number in numbers]
            revision = unit.portfolios.bump(portfolio_id)
            stored = recorded(unit, actor, portfolio, drafts, numbered=len(drafts) > 1)
            ids = {number: str(entry.id) for number, entry in zip(numbers, stored, strict=True)}
            lines = [{**line, "state": "confirmed", "transaction_id": ids[line["number"]]} if line["number"] in ids else line
                     for line in before.lines]
            status = "open" if any(line["state"] == "open" for line in lines) else "confirmed"
            changed = unit.proposals.change(actor.workspace_id, portfolio_id, proposal_id, version, status=status, lines=lines)
            audit(unit, actor, "confirm", ENTITY, proposal_id, before=_kept(before), after={**_kept(changed), "ids": [*ids.values()],
                                                                                         "portfolio": str(portfolio_id)})
            told_.append(ledger_changed(actor, portfolio_id, revision))
            return _view(changed, unit.portfolios.get(actor.workspace_id, portfolio_id))

        request = Request("proposals.confirm", (portfolio_id, proposal_id, version, dict(raw or {})), VIEW, idempotency_key)
        return self._writes.once(actor, request, work)

    def reject(self, actor: Actor, portfolio_id: UUID, proposal_id: UUID, version: int, *, idempotency_key: str | None = None) -> ProposalView:
        """Put a proposal aside: lines that are open are left out; what was booked of it stays."""

        def work(unit: Unit, _told: list[Told]) -> ProposalView:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
            before = unit.proposals.get(actor.workspace_id, portfolio_id, proposal_id)
            if before.status != "open":
                raise Conflict(f"This proposal is {before.status} already.", field="id", hint="Undo takes that back")
            lines = [{**line, "state": "skipped"} if line["state"] == "open" else line for line in before.lines]
            changed = unit.proposals.change(actor.workspace_id, portfolio_id, proposal_id, version, status="rejected", lines=lines)
            audit(unit, actor, "reject", ENTITY, proposal_id, before=_kept(before), after=_kept(changed))
            return _view(changed, portfolio)

        return self._writes.once(actor, Request("proposals.reject", (portfolio_id, proposal_id, version), VIEW, idempotency_key), work)

    def undo(self, actor: Actor, portfolio_id: UUID, proposal_id: UUID, *, idempotency_key: str | None = None) -> ProposalView:
        """Take the last thing that was done with a proposal back: what a confirmation booked is voided."""

        def work(unit: Unit, told: list[Told]) -> ProposalView:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
            entries = unit.trail.find(actor.workspace_id, entity=ENTITY, entity_id=str(proposal_id), limit=1)
            if not entries:
                raise NotFound(ENTITY, proposal_id)
            proposal_undone(unit, actor, entries[0], told)
            stored = unit.proposals.get(actor.workspace_id, portfolio_id, proposal_id)
            return _view(stored, unit.portfolios.get(actor.workspace_id, portfolio.id))

        return self._writes.once(actor, Request("proposals.undo", (portfolio_id, proposal_id), VIEW, idempotency_key), work)


def proposal_undone(unit: Unit, actor: Actor, entry: AuditEntry, told: list[Told]) -> Mended:
    """Take an entry of the audit trail about a proposal back."""
    before, after = entry.before, entry.after
    if entry.action not in {"confirm", "reject"} or before is None or after is None:
        raise Conflict("There is no way back from this.", entity=entry.entity, action=entry.action, rule="no_way_back",
                       hint="Reject the proposal instead")
    portfolio = unit.portfolios.get(actor.workspace_id, UUID(before["portfolio_id"]))
    if after.get("ids"):
        _voided(unit, actor, portfolio, [UUID(key) for key in after["ids"]], told)
    changed = unit.proposals.change(actor.workspace_id, portfolio.id, UUID(entry.entity_id), int(after["version"]), status=before["status"],
                                    lines=before["lines"])
    undone = audit(unit, actor, "undo", ENTITY, entry.entity_id, before=_kept_of(after), after={**_kept(changed), "undoes": str(entry.id)})
    return Mended(undone, "Taken back", ())


def _voided(unit: Unit, actor: Actor, portfolio: Portfolio, ids: Sequence[UUID], told: list[Told]) -> None:
    with rules_kept_of(unit, actor, [portfolio], told) as news:
        news.update(dict.fromkeys(map(str, ids)))
        for key in reversed(ids):
            current = unit.ledger.versions(portfolio.id, key)[-1]
            if not current.voided:
                superseded(unit, actor, current, taken_out(current), "void")


def _numbers(place: Place, value: object) -> list[int]:
    if not isinstance(value, list) or not value or not all(isinstance(each, int) and not isinstance(each, bool) for each in value):
        raise place.refusal(value, "not_a_list", "is not a list of line numbers", "Send [1, 2], or leave it out for every open line")
    return list(dict.fromkeys(value))


def _changes(place: Place, value: object) -> dict[int, dict[str, Any]]:
    if not isinstance(value, Mapping):
        raise place.refusal(value, "not_an_object", "is not an object", 'Send {"2": {"price": "101.30", "fee": "4.95"}}')
    found: dict[int, dict[str, Any]] = {}
    for key, fields_told in value.items():
        if not str(key).isdigit() or not isinstance(fields_told, Mapping):
            raise place.refusal(key, "not_a_line", "does not name a line by its number", 'Send {"2": {"price": "101.30"}}')
        wrong = [name for name in fields_told if name not in CHANGEABLE]
        if wrong:
            raise Place(f"changes.{key}.{wrong[0]}").refusal(fields_told[wrong[0]], "fixed", "cannot change here", f"Use {', '.join(CHANGEABLE)}")
        found[int(key)] = dict(fields_told)
    return found


CONFIRM: Final[dict[str, Reader]] = {"lines": _numbers, "changes": _changes}


def _chosen(stored: StoredProposal, wanted: Sequence[int] | None) -> list[int]:
    there = {line["number"]: line["state"] for line in stored.lines}
    if wanted is None:
        wanted = [number for number, state in there.items() if state == "open"]
    unknown = [number for number in wanted if number not in there]
    if unknown:
        raise InvalidInput("lines", unknown[0], "is not a line of this proposal", hint=f"It has lines 1 to {len(there)}", rule="unknown_value")
    taken = [number for number in wanted if there[number] != "open"]
    if taken or not wanted:
        state = there[taken[0]] if taken else stored.status
        raise Conflict(f"Line {taken[0]} is {state} already." if taken else f"This proposal is {state}: no line is open.", field="lines",
                       hint="Read the proposal again")
    return sorted(wanted)


def _line(stored: StoredProposal, number: int) -> dict[str, Any]:
    return next(line for line in stored.lines if line["number"] == number)


def _refuse_old(portfolio: Portfolio, revision: int | None) -> None:
    if revision is not None and revision != portfolio.revision:
        raise Conflict("The ledger has changed since these trades were worked out.", field="revision", expected=revision, found=portfolio.revision,
                       hint="Ask for the trades again", rule="changed_since")


def _checked(unit: Unit, actor: Actor, portfolio: Portfolio, lines: Sequence[OrderLine]) -> None:
    """Refuse drafts that the ledger would not take, before anybody is asked to confirm them."""
    if not 1 <= len(lines) <= MOST_LINES:
        raise InvalidInput("orders", len(lines), f"are not 1 to {MOST_LINES} lines", hint="Send the orders of a preview", rule="required")
    entries_of(unit, actor, portfolio, [line.draft for line in lines], numbered=True)


def _kept(stored: StoredProposal) -> dict[str, Any]:
    return {"portfolio_id": str(stored.portfolio_id), "status": stored.status, "source": stored.source, "lines": stored.lines,
            "version": stored.version}


def _kept_of(after: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in after.items() if name not in {"ids", "portfolio"}}


def _view(stored: StoredProposal, portfolio: Portfolio) -> ProposalView:
    lines = tuple(ProposalLine(line["number"], line["draft"], line["reason"], line["state"],
                               UUID(line["transaction_id"]) if line["transaction_id"] else None) for line in stored.lines)
    return ProposalView(stored.id, stored.portfolio_id, stored.status, stored.source, stored.note, lines, stored.effect, stored.revision,
                        stored.status == "open" and stored.revision != portfolio.revision, stored.version, stored.created_at, stored.changed_at)
