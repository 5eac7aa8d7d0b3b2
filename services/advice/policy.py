"""Policies of portfolios: read, set, take back; and what a model portfolio weighs now."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from data.database import Unit
from data.records import AuditEntry
from data.suggestion_records import StoredPolicy
from engine.advice.policy import CASH, Policy, Target
from engine.advice.rules import RULES
from engine.advice.rules_thresholds import THRESHOLDS
from engine.errors import Conflict, InvalidInput, NotFound, UnknownInstrument, VersionRequired
from engine.types import Actor, Finding, Portfolio, Severity
from services import fields
from services.advice.policy_reading import kept, read_policy
from services.advice.views_rules import PolicyView, ThresholdView
from services.books.valuation import Valuation
from services.fields import Place
from services.references import find_reference
from services.review_views import Mended
from services.writes import NOTHING, Request, Told, Writes, audit

ENTITY: Final = "policy"
NO_WAY_BACK: Final = "There is no way back from this."
VERSION: TypeAdapter[int] = TypeAdapter(int)


class Policies:
    """Policies of the actor's portfolios."""

    def __init__(self, writes: Writes, valuation: Valuation) -> None:
        self._writes, self._database, self._valuation = writes, writes.database, valuation

    def get(self, actor: Actor, portfolio_id: UUID) -> PolicyView:
        """Give the policy of a portfolio; where none was set, the house's, with version 0.

        Raises
        ------
        NotFound
            No such portfolio in the actor's workspace.
        """
        with self._database.read() as unit:
            portfolio = unit.portfolios.get(actor.workspace_id, portfolio_id)
            stored = unit.advice.policy(actor.workspace_id, portfolio_id)
        return self._view(actor, portfolio, stored)

    def laid_out(self, actor: Actor, portfolio_id: UUID) -> Policy:
        """Give the policy of a portfolio with its model portfolio laid out as targets."""
        view = self.get(actor, portfolio_id)
        if view.policy.targets_by != "model":
            return view.policy
        return replace(view.policy, targets=tuple(Target(key, weight) for key, weight in view.resolved.items()))

    def put(self, actor: Actor, portfolio_id: UUID, version: int | None, raw: Mapping[str, Any], *, idempotency_key: str | None = None) -> PolicyView:
        """Set the policy of a portfolio; what is not sent is as the house has it.

        Parameters
        ----------
        actor : Actor
        portfolio_id : UUID
        version : int, optional
            That was read; may be left out where there is none yet.
        raw : Mapping
            The fields of `engine.advice.policy.Policy`, all of them optional.
        idempotency_key : str, optional
            The same key gives the same answer again.

        Raises
        ------
        InvalidInput
            What cannot be read or contradicts itself, with the way to the field.
        UnknownInstrument
            A symbol that the workspace does not know, with neighbours that it does.
        Conflict
            Somebody changed it since.
        """
        policy = read_policy(raw)

        def effect(unit: Unit, _told: list[Told]) -> int:
            before = unit.advice.policy(actor.workspace_id, unit.portfolios.get(actor.workspace_id, portfolio_id).id)
            if before is not None and version is None:
                raise VersionRequired
            self._check(unit, actor, portfolio_id, policy)
            stored = unit.advice.put_policy(actor.workspace_id, actor.user_id, portfolio_id, version or 0, kept(policy))
            audit(unit, actor, "put", ENTITY, portfolio_id, before=_shown(before), after=_shown(stored))
            return stored.version

        self._writes.once(actor, Request("policy.put", (portfolio_id, version, dict(raw)), VERSION, idempotency_key), effect)
        return self.get(actor, portfolio_id)

    def undo(self, actor: Actor, portfolio_id: UUID, *, idempotency_key: str | None = None) -> PolicyView:
        """Take the last change of a policy back; an undo is taken back by the next."""

        def effect(unit: Unit, told: list[Told]) -> None:
            entries = unit.trail.find(actor.workspace_id, entity=ENTITY, entity_id=str(portfolio_id), limit=1)
            if not entries:
                raise NotFound(ENTITY, portfolio_id)
            policy_undone(unit, actor, entries[0], told)

        self._writes.once(actor, Request("policy.undo", (portfolio_id,), NOTHING, idempotency_key), effect)
        return self.get(actor, portfolio_id)

    @staticmethod
    def thresholds(policy: Policy) -> tuple[ThresholdView, ...]:
        """List every threshold with what a policy takes for it."""
        return tuple(ThresholdView(each.name, each.label, each.meaning, each.unit, each.default, each.lowest, each.highest,
                                   policy.thresholds.get(name, each.default), name in policy.thresholds) for name, each in THRESHOLDS.items())

    @staticmethod
    def rules(policy: Policy) -> tuple[tuple[str, str, bool], ...]:
        """List the rules of the house: key, label, and whether a policy has them asked."""
        return tuple((rule.key, rule.label, rule.key not in policy.off) for rule in RULES)

    # ---------------------------------------------------------------------------------------------------------------------------- reading

    def _view(self, actor: Actor, portfolio: Portfolio, stored: StoredPolicy | None) -> PolicyView:
        policy = read_policy(_still_to_come(stored.told)) if stored else Policy()
        resolved, findings = self.resolved(actor, policy)
        return PolicyView(portfolio.id, portfolio.name, portfolio.base_currency, policy, stored.version if stored else 0,
                          stored.changed_at if stored else None, resolved, findings)

    def resolved(self, actor: Actor, policy: Policy) -> tuple[dict[str, float], tuple[Finding, ...]]:
        """Give the targets by key; those of a model portfolio as it is now."""
        if policy.targets_by != "model" or policy.model is None:
            return {target.key: target.weight for target in policy.targets}, ()
        try:
            return self._model(actor, policy.model), ()
        except (NotFound, InvalidInput):
            return {}, (Finding("model_gone", f"The model {policy.model} is gone: there are no targets", Severity.WARNING, {"model": policy.model}),)

    def _model(self, actor: Actor, key: str) -> dict[str, float]:
        """Look a model up: a blend by its fixed weights, another portfolio by what it holds now."""
        with self._database.read() as unit:
            portfolio = _portfolio(unit, actor, key)
            reference = None if portfolio else find_reference(unit, actor, key)
        if reference is not None:
            return _summed([(part.key, part.weight) for part in reference.parts])
        view = self._valuation.holdings(actor, str(portfolio.id) if portfolio else key)
        held = view.snapshot.holdings
        known = [(str(symbol), float(value)) for symbol, value in zip(held["symbol"], held["market_value"], strict=True) if math.isfinite(value)]
        total = math.fsum([value for _, value in known]) + float(view.snapshot.totals["cash"])
        return _summed([(symbol, value / total) for symbol, value in known] + [(CASH, float(view.snapshot.totals["cash"]) / total)]) if total else {}

    @staticmethod
    def _check(unit: Unit, actor: Actor, portfolio_id: UUID, policy: Policy) -> None:
        """Refuse what the workspace does not know."""
        places = [(f"constraints.excluded[{at}]", symbol) for at, symbol in enumerate(policy.constraints.excluded)]
        if policy.targets_by == "symbol":
            places += [(f"targets[{at}].key", target.key) for at, target in enumerate(policy.targets) if target.key != CASH]
        known = unit.instruments.by_symbols(actor.workspace_id, [symbol for _, symbol in places])
        wrong = [(field, symbol) for field, symbol in places if symbol not in known]
        every = [each.symbol for each in unit.instruments.find_all(actor.workspace_id)] if wrong else []
        fields.raise_all([_unknown(field, symbol, fields.near(symbol, every)) for field, symbol in wrong])
        _check_sectors(unit, actor, policy)
        if policy.model is not None:
            _check_model(unit, actor, portfolio_id, policy.model)


def _check_sectors(unit: Unit, actor: Actor, policy: Policy) -> None:
    """Refuse sectors that no instrument is in: a slip of the pen would have everything else sold."""
    named = [(f"targets[{at}].key", each.key) for at, each in enumerate(policy.targets) if policy.targets_by == "sector" and each.key != CASH]
    named += [(f"constraints.groups[{at}].key", each.key) for at, each in enumerate(policy.constraints.groups) if each.by == "sector"]
    if not named:
        return
    known = sorted({each.sector for each in unit.instruments.find_all(actor.workspace_id) if each.sector})
    lower = {each.lower() for each in known}
    wrong = [(field, key) for field, key in named if key.lower() not in lower]
    fields.raise_all([Place(field).refusal(key, "unknown_value", "is the sector of no known instrument", _near_sector(key, known))
                      for field, key in wrong])


def _near_sector(key: str, known: list[str]) -> str:
    near = fields.near(key, known)
    return f"Did you mean {' or '.join(near)}?" if near else f"Use one of {', '.join(known[:20])}" if known else "Give the instruments a sector"


def _unknown(field: str, symbol: str, near: list[str]) -> UnknownInstrument:
    error = UnknownInstrument(symbol, near=near)
    error.context["field"] = field
    return error


def _check_model(unit: Unit, actor: Actor, portfolio_id: UUID, model: str) -> None:
    portfolio = _portfolio(unit, actor, model)
    if portfolio is not None and portfolio.id == portfolio_id:
        raise Place("model").refusal(model, "contradiction", "is the portfolio itself", "Name another one, or a blend")
    if portfolio is None:
        try:
            find_reference(unit, actor, model)
        except (NotFound, InvalidInput):
            raise Place("model").refusal(model, "unknown_value", "is neither a blend nor a portfolio", "Send the id of one") from None


def _portfolio(unit: Unit, actor: Actor, key: str) -> Portfolio | None:
    return next((each for each in unit.portfolios.find(actor.workspace_id) if str(each.id) == key.lower()), None)


def _summed(parts: list[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, weight in parts:
        found[key] = found.get(key, 0.0) + weight
    return found


def _still_to_come(told: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out a horizon that is over by now, so that an old policy can still be read."""
    try:
        read_policy({"goals": told.get("goals", {})})
    except InvalidInput:
        return {**told, "goals": {name: value for name, value in told["goals"].items() if name != "horizon"}}
    return dict(told)


def _shown(stored: StoredPolicy | None) -> dict[str, Any] | None:
    return None if stored is None else {"told": stored.told, "version": stored.version, "portfolio": str(stored.portfolio_id)}


def policy_undone(unit: Unit, actor: Actor, entry: AuditEntry, _told: list[Told]) -> Mended:
    """Take an entry of the audit trail about a policy back: what stood before stands again; where there was none, the house's."""
    key, after = UUID(entry.entity_id), entry.after or {}
    if "version" not in after:
        raise Conflict(NO_WAY_BACK, entity=entry.entity, action=entry.action, rule="no_way_back")
    unit.portfolios.get(actor.workspace_id, key)
    stored = unit.advice.put_policy(actor.workspace_id, actor.user_id, key, int(after["version"]), (entry.before or {}).get("told", {}))
    undone = audit(unit, actor, "undo", ENTITY, key, before=after, after={**(_shown(stored) or {}), "undoes": str(entry.id)})
    return Mended(undone, "Taken back", ())
