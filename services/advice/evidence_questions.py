"""Questions about evidence: what cannot be worked out is refused before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.errors import InvalidInput
from services import fields
from services.advice.views_evidence import EvidenceQuestion
from services.fields import Place, Reader

BOUNDS: Final[dict[str, tuple[float, float, str]]] = {
    "window": (60, 2520, "Send 504 for two years"), "every": (1, 504, "Send 21 for a month"), "cost_bps": (0, 1000, "Send 10 for 0.1 %"),
    "most_weight": (0.01, 1, "Send 0.25 for 25 %"), "band": (0, 1, "Send 0.05 for five points"), "judged_days": (21, 2520, "Send 252 for a year"),
    "risk_free": (-0.1, 1, "Send 0.02 for 2 %"), "seed": (0, 2**31 - 1, "Send 7"),
}
WHOLE: Final = frozenset({"window", "every", "judged_days", "seed"})


def _number(name: str) -> Reader:
    def read(place: Place, value: object) -> float | int:
        found = fields.number(place, value, signed=True)
        if name in WHOLE and found != int(found):
            raise place.refusal(value, "not_a_number", "is not a whole number", BOUNDS[name][2])
        return int(found) if name in WHOLE else float(found)

    return read


def _strategies(place: Place, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise place.refusal(value, "not_a_list", "is not a list of names", 'Send ["minimum_variance", "risk_parity"]')
    return tuple(dict.fromkeys(value))


def _targets(place: Place, value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise place.refusal(value, "not_an_object", "is not an object of weights", 'Send {"AAPL": 0.5, "MSFT": 0.5}')
    return {fields.symbol(Place(f"targets.{name}"), name): float(fields.number(Place(f"targets.{name}"), weight)) for name, weight in value.items()}


def _truth(place: Place, value: object) -> bool:
    if not isinstance(value, bool):
        raise place.refusal(value, "unknown_value", "is neither true nor false", "Send true or false")
    return value


READERS: Final[dict[str, Reader]] = {
    **{name: _number(name) for name in BOUNDS}, "strategies": _strategies, "targets": _targets, "combinatorial": _truth,
    "start": fields.calendar_date, "end": fields.calendar_date, "benchmark": fields.symbol, "base_currency": fields.currency,
}


def evidence_question(raw: object) -> EvidenceQuestion:
    """Read a question."""
    told: dict[str, Any] = {name: value for name, value in fields.record(raw, READERS).items() if value is not None}
    return EvidenceQuestion(**told)


def checked(asked: EvidenceQuestion) -> EvidenceQuestion:
    """Refuse numbers out of bounds, and targets that do not add up.

    Raises
    ------
    InvalidInput
        With field and hint.
    """
    for name, (low, high, hint) in BOUNDS.items():
        value = getattr(asked, name)
        if not low <= value <= high:
            raise InvalidInput(name, value, f"is not between {low:g} and {high:g}", hint=hint, rule="out_of_range")
    if asked.targets is not None:
        total = sum(asked.targets.values())
        if not 0 < total <= 1.0 + 1e-6:
            raise InvalidInput("targets", round(total, 6), "do not add up to one", hint="Let weights add up to 1; what is missing is cash",
                               rule="sum")
    if asked.start and asked.end and asked.start >= asked.end:
        raise InvalidInput("start", asked.start.isoformat(), "is not before end", hint=f"Choose a day before {asked.end}", rule="order")
    return asked
