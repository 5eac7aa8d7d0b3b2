"""Reading a rule: every field by its rule, and what a measure takes together with what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from data.alert_records import StoredRule
from data.quarantine import QUARANTINED
from engine.alerts import AlertRule, Direction, Measure, default_margin
from engine.errors import InvalidInput
from services import fields
from services.fields import Place, Reader
from services.review.checks import TITLES
from services.views import ALL

NOTE_LENGTH: Final = 500
MOST_CHANNELS: Final = 20
LONGEST_COOL_DOWN: Final = 366 * 86400
COOL_DOWN: Final = 0  # fires on crossings alone
LOOKBACK: Final = 250
LEVEL: Final = 0.95
FRACTION: Final = "fraction"
FRACTIONS: Final = frozenset({Measure.MOVE, Measure.WEIGHT, Measure.DRAWDOWN, Measure.VAR})
CODES: Final = (*TITLES, QUARANTINED)
OPTIONS: Final[Mapping[Measure, tuple[str, ...]]] = {Measure.MOVE: ("days",), Measure.DRAWDOWN: ("lookback",), Measure.VAR: ("lookback", "level"),
                                                     Measure.FINDING: ("code",)}
OPTION_NAMES: Final = ("days", "lookback", "level", "code")
USUAL: Final[Mapping[Measure, Direction]] = {Measure.MOVE: Direction.EITHER, Measure.VALUE: Direction.BELOW, Measure.DRAWDOWN: Direction.BELOW}
NEEDS_SYMBOL: Final = frozenset({Measure.PRICE, Measure.WEIGHT})
OF_SYMBOL_ALONE: Final = frozenset({Measure.PRICE, Measure.MOVE, Measure.DRAWDOWN, Measure.VAR, Measure.STALE})  # whoever holds it


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule is about, as it was asked: scope and symbol are still texts."""

    scope: str = ALL
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as it was sent, read and held together."""

    rule: AlertRule
    subject: Subject
    margin: Decimal | None
    threshold: Decimal
    active: bool
    note: str | None
    options: dict[str, Any] = field(default_factory=dict)
    channels: tuple[UUID, ...] = ()


def whole(low: int, high: int) -> Reader:
    """Give a reader of whole numbers."""

    def read(place: Place, value: object) -> int:
        found = fields.number(place, value)
        if found != int(found) or not low <= found <= high:
            raise place.refusal(value, "out_of_range", f"is not a whole number from {low} to {high}", f"Send {low} to {high}")
        return int(found)

    return read


def flag(place: Place, value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise place.refusal(value, "not_a_flag", "is not true or false", "Send true or false")
    return value


def _level(place: Place, value: object) -> float:
    found = float(fields.number(place, value))
    if not 0.5 <= found < 1:
        raise place.refusal(value, "out_of_range", "is not from 0.5 to below 1", "Send 0.95 for 95 %")
    return found


def _channels(place: Place, value: object) -> tuple[UUID, ...]:
    if not isinstance(value, list) or len(value) > MOST_CHANNELS:
        raise place.refusal(value, "not_a_list", "is not a list of channels", f"Send a list of at most {MOST_CHANNELS} channel ids")
    return tuple(dict.fromkeys(fields.uuid(place, each) for each in value))


def _scope(place: Place, value: object) -> str:
    return ALL if str(value).strip().lower() == ALL else str(fields.uuid(place, value))


READERS: Final[Mapping[str, Reader]] = {
    "measure": lambda place, value: Measure(fields.choice(place, value, [each.value for each in Measure])),
    "direction": lambda place, value: Direction(fields.choice(place, value, [each.value for each in Direction])),
    "scope": _scope, "symbol": fields.symbol,
    "threshold": lambda place, value: fields.number(place, value, signed=True),
    "margin": fields.number,
    "cool_down_seconds": whole(0, LONGEST_COOL_DOWN),
    "active": flag, "note": lambda place, value: fields.text(place, value, limit=NOTE_LENGTH),
    "days": whole(1, 366), "lookback": whole(2, 2520), "level": _level,
    "code": lambda place, value: fields.choice(place, value, CODES),
    "channels": _channels,
}


def read_rule(raw: object) -> Draft:
    """Read a rule as it was sent.

    Raises
    ------
    InvalidInput
        The first thing wrong, with field and hint; `errors` in its context lists all.
    """
    found = fields.record(raw, READERS, required=("measure", "threshold"))
    measure = found["measure"]
    direction = found.get("direction") or USUAL.get(measure, Direction.ABOVE)
    fields.raise_all([*_subject_errors(measure, found), *_option_errors(measure, found), *_threshold_errors(measure, direction, found["threshold"])])
    threshold, margin, cool_down = found["threshold"], found.get("margin"), found.get("cool_down_seconds")
    rule = AlertRule(measure, direction, float(threshold), default_margin(measure, float(threshold)) if margin is None else float(margin),
                     float(COOL_DOWN if cool_down is None else cool_down))
    scope = ALL if found.get("symbol") and measure in OF_SYMBOL_ALONE else found.get("scope") or ALL
    active = found.get("active")
    return Draft(rule, Subject(scope, found.get("symbol")), margin, threshold, active=True if active is None else active, note=found.get("note"),
                 options=_options(measure, found), channels=found.get("channels") or ())


def raw_of(stored: StoredRule) -> dict[str, Any]:
    """Give a rule as it would be sent, so that a change is read as a whole."""
    return {"measure": stored.measure, "direction": stored.direction, "scope": str(stored.portfolio_id or ALL), "symbol": stored.symbol,
            "threshold": format(stored.threshold, "f"), "margin": None if stored.margin is None else format(stored.margin, "f"),
            "cool_down_seconds": stored.cool_down_seconds, "active": stored.active, "note": stored.note,
            "channels": [str(each) for each in stored.channels], **{name: stored.options.get(name) for name in OPTION_NAMES}}


def merged(stored: StoredRule, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay changes over a rule; another measure leaves behind what only the old one takes."""
    base = raw_of(stored)
    if "measure" in changes and changes["measure"] != stored.measure:
        base |= dict.fromkeys((*OPTION_NAMES, "direction", "margin"))
    return {**base, **changes}


def rule_of(stored: StoredRule) -> AlertRule:
    """Give a stored rule as the engine takes it."""
    measure, threshold = Measure(stored.measure), float(stored.threshold)
    margin = default_margin(measure, threshold) if stored.margin is None else float(stored.margin)
    return AlertRule(measure, Direction(stored.direction), threshold, margin, float(stored.cool_down_seconds))


def unit_of(measure: Measure | str, currency: str | None) -> str:
    """Name the unit of a threshold."""
    if measure in FRACTIONS:
        return FRACTION
    return {Measure.STALE: "minutes", Measure.FINDING: "findings"}.get(Measure(measure), currency or "")


def _options(measure: Measure, found: Mapping[str, Any]) -> dict[str, Any]:
    usual: dict[str, Any] = {"days": 1} if measure is Measure.MOVE else {"lookback": LOOKBACK, "level": LEVEL} if measure is Measure.VAR else {}
    told = {name: found[name] for name in OPTIONS.get(measure, ()) if found.get(name) is not None}
    return {**usual, **told}


def _subject_errors(measure: Measure, found: Mapping[str, Any]) -> list[InvalidInput]:
    if measure in NEEDS_SYMBOL and not found.get("symbol"):
        return [Place("symbol").refusal(None, "required", f"is missing: a rule on {measure} is about one instrument", "Send symbol, such as AAPL")]
    return []


def _option_errors(measure: Measure, found: Mapping[str, Any]) -> list[InvalidInput]:
    taken = OPTIONS.get(measure, ())
    wrong: Sequence[str] = [name for name in OPTION_NAMES if found.get(name) is not None and name not in taken]
    hint = f"A rule on {measure} takes {' and '.join(taken)}" if taken else f"Leave it out of a rule on {measure}"
    return [Place(name).refusal(found[name], "not_of_measure", f"says nothing about {measure}", hint) for name in wrong]


def _threshold_errors(measure: Measure, direction: Direction, threshold: Decimal) -> list[InvalidInput]:
    """Refuse thresholds that could never be reached, or that are percent where fractions are meant."""
    place = Place("threshold")
    if direction is Direction.EITHER and measure is not Measure.MOVE:
        return [Place("direction").refusal(direction, "not_of_measure", "is for moves alone", "Use above or below")]
    if direction is Direction.EITHER and threshold <= 0:
        return [place.refusal(threshold, "out_of_range", "is not above 0", "A move either way has a size: send 0.05 for 5 %")]
    low, high, hint = _BOUNDS[measure]
    if not low < threshold < high:
        return [place.refusal(threshold, "out_of_range", f"can never be a {measure.value}", hint)]
    if measure is Measure.FINDING and threshold != int(threshold):
        return [place.refusal(threshold, "not_whole", "is not a whole number", "Send 1 to be told of every new finding")]
    return []


_HUGE: Final = Decimal(10) ** 20
_BOUNDS: Final[Mapping[Measure, tuple[Decimal, Decimal, str]]] = {
    Measure.PRICE: (Decimal(0), _HUGE, "Send a price above 0"),
    Measure.MOVE: (Decimal(-1), Decimal(10), "Moves are fractions: send 0.05 for 5 %"),
    Measure.VALUE: (-_HUGE, _HUGE, "Send an amount in the currency of the scope"),
    Measure.WEIGHT: (Decimal(-10), Decimal(10), "Weights are fractions: send 0.25 for 25 %"),
    Measure.DRAWDOWN: (Decimal(-1), Decimal(0), "Drawdowns are fractions below 0: send -0.1 for 10 % under the peak"),
    Measure.VAR: (Decimal(0), Decimal(1), "VaR is a fraction above 0: send 0.03 for 3 %"),
    Measure.STALE: (Decimal(0), Decimal(527_040), "Send minutes, up to a year of them"),
    Measure.FINDING: (Decimal(0), Decimal(1_000_000), "Send 1 to be told of every new finding"),
}
