"""Policies as people and programs send them, and as they are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from dataclasses import fields as names_of
from typing import Any, Final

from data import calendar
from engine.advice.policy import CASH, GROUPINGS, TARGETS_BY, Constraints, Costs, Goals, GroupBound, Policy, Target, Taxes
from engine.advice.policy_checks import Problem, problems
from engine.advice.regions import COUNTRIES, REGIONS
from engine.advice.rules import KEYS
from engine.advice.rules_thresholds import THRESHOLDS
from engine.advice.rules_words import exact
from engine.errors import InvalidInput
from engine.types import AssetClass
from services import fields
from services.fields import Place, Reader

MOST_TARGETS: Final = 500
KEY_LENGTH: Final = 120
OF_FRACTIONS: Final = "Fractions: 0.1 is 10 %"  # a hint for programs: screens have fields in percent


def fraction(low: float = 0.0, high: float = 1.0) -> Reader:
    """Give a reader of fractions between two bounds, which are told in percent."""
    return _between(low, high, f"is not from {exact(low)} to {exact(high)}", OF_FRACTIONS)


def between(low: float, high: float) -> Reader:
    """Give a reader of numbers between two bounds."""
    return _between(low, high, f"is not from {low:g} to {high:g}", f"Send {low:g} to {high:g}")


def _between(low: float, high: float, reason: str, hint: str) -> Reader:
    def read(place: Place, value: object) -> float:
        found = float(fields.number(place, value, signed=True))
        if not low <= found <= high:
            raise place.refusal(value, "out_of_range", reason, hint)
        return found

    return read


def amount(place: Place, value: object) -> float:
    """Read a number that is not negative."""
    found = float(fields.number(place, value, signed=True))
    if found < 0:
        raise place.refusal(value, "negative", "is below zero", "Send 0 or more")
    return found


def flag(place: Place, value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise place.refusal(value, "not_a_flag", "is not true or false", "Send true or false")
    return value


def _word(place: Place, value: object) -> str:
    found = fields.text(place, value, limit=KEY_LENGTH)
    if found is None:
        raise place.refusal(value, "required", "is empty", f"Send {place.field}")
    return found


def _country(place: Place, value: object) -> str:
    return fields.choice(place, value, COUNTRIES, upper=True)


def listed(reader: Reader, most: int = MOST_TARGETS) -> Reader:
    """Give a reader of lists, each item with its place."""

    def read(place: Place, value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise place.refusal("", "not_a_list", f"is not a list of at most {most}", f"Send {place.field} in square brackets")
        return tuple(_each(Place(f"{place.field}[{at}]"), each, reader) for at, each in enumerate(value))

    return read


def _each(place: Place, value: object, reader: Reader) -> Any:  # noqa: ANN401 - whatever the reader reads
    return reader(place, value)


def section(readers: Mapping[str, Reader], required: tuple[str, ...] = ()) -> Reader:
    """Give a reader of an object within another: errors name the way to the field."""

    def read(place: Place, value: object) -> dict[str, Any]:
        try:
            return {name: found for name, found in fields.record(value, readers, required=required).items() if found is not None}
        except InvalidInput as error:
            raise _within(place, error) from None

    return read


def _within(place: Place, error: InvalidInput) -> InvalidInput:
    """Put the way to an object before the field of an error about it."""
    context = error.context
    inner = context.get("field", "body")
    field = place.field if inner == "body" else f"{place.field}.{inner}"
    reason = error.message.removeprefix(f"{inner}: ").removesuffix(".")
    return place.__class__(field).refusal(context.get("value"), context.get("rule", error.code), reason, str(context.get("hint") or ""))


def _thresholds(place: Place, value: object) -> dict[str, float]:
    readers = {name: (fraction if each.unit == "fraction" else between)(each.lowest, each.highest) for name, each in THRESHOLDS.items()}
    found: dict[str, float] = section(readers)(place, value)
    return found


def _rule(place: Place, value: object) -> str:
    found = str(value).strip().lower()
    if found not in KEYS:
        raise place.refusal(value, "unknown_value", "is no rule of the house", _near(found, list(KEYS)))
    return found


TARGET: Final[Mapping[str, Reader]] = {"key": _word, "weight": fraction(-10.0, 10.0), "band": fraction()}
GROUP: Final[Mapping[str, Reader]] = {"by": lambda place, value: fields.choice(place, value, GROUPINGS), "key": _word, "least": fraction(),
                                      "most": fraction()}


def group_bounds(place: Place, value: object) -> tuple[GroupBound, ...]:
    """Read limits of groups, each with the way to what is wrong in it."""
    found = [GroupBound(**{**each, "key": _key(each["by"], each["key"])}) for each in listed(section(GROUP, ("by", "key")))(place, value)]
    for at, each in enumerate(found):
        known = CHOICES.get(each.by, list)()
        if known and each.key not in known:
            raise Place(f"{place.field}[{at}].key").refusal(each.key, "unknown_value", f"is no known {each.by}", _near(each.key, known))
    return tuple(found)


CONSTRAINTS: Final[Mapping[str, Reader]] = {
    "long_only": flag, "max_weight": fraction(), "max_turnover": fraction(0.0, 10.0), "min_trade": amount, "lot": amount,
    "excluded": listed(fields.symbol), "required_tag": _word, "cash_buffer": fraction(), "tax_budget": amount,
    "max_tracking_error": fraction(0.0, 10.0), "groups": group_bounds,
}
COSTS: Final[Mapping[str, Reader]] = {"fee": amount, "fee_rate": fraction(), "spread": fraction(), "conversion_rate": fraction()}
TAXES: Final[Mapping[str, Reader]] = {"short_rate": fraction(), "long_rate": fraction(), "long_days": between(0, 36500),
                                      "wash_days": between(0, 366)}
GOALS: Final[Mapping[str, Reader]] = {"horizon": fields.calendar_date, "value": amount, "floor": amount}
READERS: Final[Mapping[str, Reader]] = {
    "targets_by": lambda place, value: fields.choice(place, value, TARGETS_BY),
    "targets": listed(section(TARGET, ("key", "weight"))), "model": _word, "band_absolute": fraction(), "band_relative": fraction(0.0, 10.0),
    "constraints": section(CONSTRAINTS), "costs": section(COSTS), "taxes": section(TAXES), "goals": section(GOALS),
    "home_country": _country, "risk_aversion": between(0.0, 100.0),
    "off": listed(_rule), "thresholds": _thresholds,
}
WHOLE: Final = ("long_days", "wash_days")
CHOICES: Final[Mapping[str, Callable[[], list[str]]]] = {
    "asset_class": lambda: [each.value for each in AssetClass], "region": lambda: list(REGIONS), "country": lambda: list(COUNTRIES),
}


def read_policy(raw: object) -> Policy:
    """Read a policy; what is not sent is as the house has it.

    Raises
    ------
    InvalidInput
        What cannot be read or contradicts itself, with the way to the field and a hint; `errors` in its context lists all.
    """
    found = {name: value for name, value in fields.record(raw, READERS).items() if value is not None}
    policy = _built(found)
    wrong = [*problems(policy), *_of_words(policy), *_of_horizon(policy)]
    fields.raise_all([Place(each.field).refusal(each.value, each.rule, each.reason, each.hint) for each in wrong])
    return policy


def _built(found: Mapping[str, Any]) -> Policy:
    """Build the records, keys of targets in the letters that the house writes them in."""
    by = found.get("targets_by")
    targets = tuple(Target(_key(by, each["key"]), each["weight"], each.get("band")) for each in found.get("targets", ()))
    taxes = {name: int(value) if name in WHOLE else value for name, value in found.get("taxes", {}).items()}
    sections = {"constraints": Constraints(**found.get("constraints", {})), "costs": Costs(**found.get("costs", {})), "taxes": Taxes(**taxes),
                "goals": Goals(**found.get("goals", {}))}
    return Policy(**{**found, **sections, "targets": targets})


def _key(by: str | None, key: str) -> str:
    if key.lower() == CASH:
        return CASH
    return key.upper() if by in {"symbol", "country", "currency"} else key.lower() if by == "asset_class" else key


def _of_words(policy: Policy) -> list[Problem]:
    """Refuse targets of groups that do not exist."""
    known = CHOICES.get(policy.targets_by or "", list)()
    wrong = [(at, each.key) for at, each in enumerate(policy.targets) if known and each.key != CASH and each.key not in known]
    return [Problem(f"targets[{at}].key", key, f"is no known {policy.targets_by}", _near(key, known), "unknown_value") for at, key in wrong]


def _near(key: str, known: list[str]) -> str:
    near = fields.near(key, known)
    return f"Did you mean {' or '.join(near)}?" if near else f"Use one of {', '.join(known[:20])}"


def _of_horizon(policy: Policy) -> list[Problem]:
    horizon = policy.goals.horizon
    if horizon is None or horizon > calendar.today():
        return []
    return [Problem("goals.horizon", horizon.isoformat(), "is over", "Send a day to come", "past_date")]


def kept(policy: Policy) -> dict[str, Any]:
    """Give a policy as JSON keeps it and as it can be sent again: what is as the house has it is left out."""
    usual, told = asdict(Policy()), asdict(policy)
    told["goals"]["horizon"] = policy.goals.horizon and policy.goals.horizon.isoformat()
    found = {name: _differing(told[name], usual[name]) for name in told if told[name] != usual[name]}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def _differing(told: Any, usual: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Leave out of an object what is usual in it, and what says nothing."""
    if isinstance(told, tuple):
        return [_differing(each, {}) if isinstance(each, dict) else each for each in told]  # nothing is usual in an item of a list
    if not isinstance(told, dict):
        return told
    found = {name: value for name, value in told.items() if value is not None and value != usual.get(name)}
    return {name: _differing(value, ()) if isinstance(value, tuple) else value for name, value in found.items()}


def whole(policy: Policy) -> dict[str, Any]:
    """Give every field of a policy, nested, as JSON tells it."""
    return {each.name: asdict(policy)[each.name] for each in names_of(Policy)}
