"""Rules and firings in words: what lists, letters and messages say."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from engine.alerts import Direction, Measure
from services.alerts.rule_fields import FRACTION, OF_SYMBOL_ALONE
from services.review.checks import TITLES

MINUS, NARROW = "−", "\u202f"
NAMES: Final = {Measure.PRICE: "price", Measure.VALUE: "value", Measure.WEIGHT: "weight", Measure.DRAWDOWN: "drawdown"}


def amount(value: float | Decimal, unit: str) -> str:
    """Write a measure in its unit; fractions are read as percent."""
    if unit == FRACTION:
        return f"{_number(float(value) * 100, 2)}{NARROW}%"
    if unit == "minutes":
        return _span(float(value))
    if unit == "findings":
        return f"{int(value)} {'finding' if int(value) == 1 else 'findings'}"
    return f"{_number(float(value), 2 if abs(float(value)) >= 1 else 6)} {unit}".strip()


def _number(value: float, decimals: int) -> str:
    text = f"{abs(value):,.{decimals}f}"
    if "." in text and decimals:
        text = text.rstrip("0").rstrip(".")
    return f"{MINUS}{text}" if value < 0 and text.strip("0.,") else text


def _span(minutes: float) -> str:
    for size, word in ((1440, "day"), (60, "hour")):
        if minutes >= size and not minutes % size:
            count = int(minutes // size)
            return f"{count} {word}{'' if count == 1 else 's'}"
    return f"{_number(minutes, 0)} minutes" if round(minutes) != 1 else "1 minute"


def title(measure: Measure, direction: Direction, threshold: Decimal | float, unit: str, *, subject: str, options: Mapping[str, Any],
          within: str | None = None) -> str:
    """Say a rule as a sentence without its end: `AAPL price at or above 200 USD`.

    Parameters
    ----------
    subject : str
        Whom it is about: a symbol, a portfolio's name, or all portfolios.
    within : str, optional
        The scope of a symbol's weight or value.
    """
    limit = amount(threshold, unit)
    side = "at or above" if direction is Direction.ABOVE else "at or below"
    if measure is Measure.STALE:
        return f"{subject}: no new price for {limit}"
    if measure is Measure.FINDING:
        code = options.get("code")
        return f"{subject}: {limit} or more{f' of “{TITLES.get(code, code)}”' if code else ''}"
    if measure is Measure.MOVE:
        return f"{subject} {_move(direction, threshold, unit)} in {_days(options.get('days', 1))}"
    if measure is Measure.VAR:
        return f"{subject} VaR {options.get('level', 0.95) * 100:g}{NARROW}% {side} {limit}"
    where = f" in {within}" if within and measure not in OF_SYMBOL_ALONE else ""
    span = f" of {options['lookback']} days" if measure is Measure.DRAWDOWN and options.get("lookback") else ""
    return f"{subject} {NAMES[measure]}{where}{span} {side} {limit}"


def _move(direction: Direction, threshold: Decimal | float, unit: str) -> str:
    size = amount(abs(float(threshold)), unit)
    if direction is Direction.EITHER:
        return f"moves {size} or more"
    up = threshold > 0 or (threshold == 0 and direction is Direction.ABOVE)
    if (direction is Direction.ABOVE) == up:
        return f"{'rises' if up else 'falls'} {size} or more"
    return f"move {'at or above' if direction is Direction.ABOVE else 'at or below'} {amount(threshold, unit)}"


def _days(count: int) -> str:
    return "a day" if count == 1 else f"{count} days"


def message(head: str, measure: Measure, value: float, unit: str, *, simulated: bool) -> str:
    """Say what a rule saw when it fired."""
    seen = {Measure.STALE: f"The last price is {amount(round(value), unit)} old", Measure.FINDING: f"There are {amount(value, unit)} now",
            Measure.MOVE: f"It has moved {amount(value, unit)}"}
    told = seen.get(measure, f"It is at {amount(value, unit)}")
    if measure is Measure.FINDING and int(value) == 1:
        told = "There is 1 finding now"
    return f"{head}. {told}{', by simulated prices' if simulated else ''}."
