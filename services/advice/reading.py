"""Questions about trades as programs send them: every field read, named where it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as fields_of
from decimal import Decimal
from typing import Any, Final

from engine.advice.policy import TARGETS_BY, Constraints, Costs, Taxes
from engine.advice.rebalance import BRINGS
from engine.errors import InvalidInput
from services import fields
from services.advice import policy_reading
from services.advice.views_trades import AcceptQuestion, OrderLine, RebalanceQuestion
from services.fields import Place, Reader

MOST_TARGETS: Final = 500


fraction, amount = policy_reading.fraction(), policy_reading.amount


def signed(place: Place, value: object) -> float:
    """Read a number of either sign."""
    return float(fields.number(place, value, signed=True))


def truth(place: Place, value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise place.refusal(value, "unknown_value", "is neither true nor false", "Send true or false")
    return value


def names(place: Place, value: object) -> tuple[str, ...]:
    """Read a list of symbols."""
    if not isinstance(value, list) or len(value) > MOST_TARGETS:
        raise place.refusal(value, "not_a_list", f"is not a list of at most {MOST_TARGETS} symbols", 'Send ["AAPL", "MSFT"]')
    return tuple(fields.symbol(place, each) for each in value)


def weights(place: Place, value: object, *, symbols: bool) -> dict[str, float]:
    """Read weights by name; each that is wrong is told under its name."""
    if not isinstance(value, Mapping) or not 1 <= len(value) <= MOST_TARGETS:
        raise place.refusal(value, "not_an_object", f"is not an object of 1 to {MOST_TARGETS} names with their weights",
                            'Send {"AAPL": 0.6, "MSFT": 0.4}')
    found: dict[str, float] = {}
    for name, weight in value.items():
        own = Place(f"{place.field}.{name}")
        key = "cash" if str(name).strip().lower() == "cash" else fields.symbol(own, name) if symbols else str(name).strip()
        found[key] = found.get(key, 0.0) + fraction(own, weight)
    return found


LIMITS: Final[dict[str, Reader]] = {
    "long_only": truth, "max_weight": fraction, "max_turnover": policy_reading.fraction(0.0, 10.0), "min_trade": amount, "lot": amount,
    "excluded": names, "required_tag": lambda place, value: fields.text(place, value, limit=40), "cash_buffer": fraction, "tax_budget": amount,
    "max_tracking_error": policy_reading.fraction(0.0, 10.0), "groups": policy_reading.group_bounds,
}
COSTS: Final[dict[str, Reader]] = {"fee": amount, "fee_rate": fraction, "spread": fraction, "conversion_rate": fraction}
TAXES: Final[dict[str, Reader]] = {
    "short_rate": fraction, "long_rate": fraction, "long_days": lambda place, value: int(amount(place, value)),
    "wash_days": lambda place, value: int(amount(place, value)),
}


def limits_of(base: Constraints, told: Mapping[str, Any]) -> Constraints:
    """Lay constraints that are asked for over those of the policy; null lifts one."""
    return Constraints(**_laid(base, told, LIMITS, "constraints"))


def costs_of(base: Costs, told: Mapping[str, Any]) -> Costs:
    """Lay costs that are asked for over those of the policy."""
    return Costs(**_laid(base, told, COSTS, "costs"))


def taxes_of(base: Taxes, told: Mapping[str, Any]) -> Taxes:
    """Lay tax rates that are asked for over those of the policy."""
    return Taxes(**_laid(base, told, TAXES, "taxes"))


def _laid(base: Constraints | Costs | Taxes, told: Mapping[str, Any], readers: Mapping[str, Reader], where: str) -> dict[str, Any]:
    wrong = [name for name in told if name not in readers]
    if wrong:
        raise InvalidInput(f"{where}.{wrong[0]}", wrong[0], "is not a known field", hint=fields.nearest_field(wrong[0], readers),
                           rule="unknown_field")
    own = {name: _at(where, reader) for name, reader in readers.items()}
    lifted = {each.name: each.default for each in fields_of(base)}
    found = fields.record(told, own) if told else {}
    was = {each.name: getattr(base, each.name) for each in fields_of(base)}
    return {**was, **{name: lifted[name] if value is None else value for name, value in found.items()}}


def _at(where: str, reader: Reader) -> Reader:
    return lambda place, value: reader(Place(f"{where}.{place.field}"), value)


def _plain(place: Place, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise place.refusal(value, "not_an_object", "is not an object", f"Send {place.field} as an object")
    return dict(value)


REBALANCE: Final[dict[str, Reader]] = {
    "targets": _plain, "by": lambda place, value: fields.choice(place, value, [name for name in TARGETS_BY if name != "model"]),
    "bring": lambda place, value: fields.choice(place, value, BRINGS), "new_money": signed, "buy_only": truth, "cost_aversion": amount,
    "symbols": names, "account": lambda place, value: fields.text(place, value, limit=120), "constraints": _plain, "costs": _plain, "taxes": _plain,
    "conversion_rate": fraction, "level": fraction,
}


def rebalance_question(raw: object) -> RebalanceQuestion:
    """Read a question of rebalancing.

    Raises
    ------
    InvalidInput
        What cannot be read, with field and hint.
    """
    told = {name: value for name, value in fields.record({} if raw is None else raw, REBALANCE).items() if value is not None}
    if "targets" in told:
        told["targets"] = weights(Place("targets"), told["targets"], symbols=told.get("by", "symbol") == "symbol")
    if not 0.5 <= told.get("level", 0.95) < 1:
        raise Place("level").refusal(told["level"], "out_of_range", "is not between 0.5 and 1", "Send 0.95 for 95 %")
    limits_of(Constraints(), told.get("constraints", {}))
    return RebalanceQuestion(**told)


def household_accepted(raw: object) -> tuple[RebalanceQuestion, dict[str, int]]:
    """Read what of all portfolios is to be kept: the question of a preview, and the revisions that were looked at.

    Raises
    ------
    InvalidInput
        What cannot be read, with field and hint.
    """
    told = fields.record({} if raw is None else raw, {"question": _plain, "revisions": _plain})
    revisions = {str(key): _revision(Place(f"revisions.{key}"), value) for key, value in (told.get("revisions") or {}).items()}
    return rebalance_question(told.get("question")), revisions


def accept_question(raw: object) -> AcceptQuestion:
    """Read which orders are to be kept as a proposal.

    Raises
    ------
    InvalidInput
        What cannot be read, with field and hint.
    """
    told = fields.record({} if raw is None else raw, ACCEPT)
    orders = told.get("orders")
    question = rebalance_question(told["question"]) if told.get("question") is not None else None
    if (orders is None) == (question is None):
        raise Place("orders").refusal(None, "required", "and question: one of them must be there", "Send the orders of a preview, or its question")
    return AcceptQuestion(orders, question, told.get("source") or "rebalance", told.get("note"), told.get("effect") or {}, told.get("revision"))


def _orders(place: Place, value: object) -> tuple[OrderLine, ...]:
    if not isinstance(value, list):
        raise place.refusal(value, "not_a_list", "is not a list", "Send the orders of a preview")
    found = [fields.record(each, ORDER, required=("draft",), row=row) for row, each in enumerate(value, start=1)]
    return tuple(OrderLine(row, each["draft"], each.get("reason") or "") for row, each in enumerate(found, start=1))


def _draft(place: Place, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise place.refusal(value, "not_an_object", "is not an object", "Send a transaction as POST /transactions takes it")
    return {str(name): str(each) if isinstance(each, Decimal) else each for name, each in value.items()}


def _revision(place: Place, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise place.refusal(value, "not_a_number", "is not a whole number", "Send the revision of the preview")
    return value


ORDER: Final[dict[str, Reader]] = {
    "draft": _draft, "reason": lambda place, value: fields.text(place, value, limit=400),
    "number": lambda _place, value: value,  # as a preview tells it; the order of the list counts
}
ACCEPT: Final[dict[str, Reader]] = {
    "orders": _orders, "question": _plain, "source": lambda place, value: fields.text(place, value, limit=80),
    "note": lambda place, value: fields.text(place, value, limit=400), "effect": _plain, "revision": _revision,
}
