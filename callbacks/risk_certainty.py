"""The tab of certainty: the interval of each headline figure, and the chances of the Sharpe ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components import controls, theme
from components import risk_certainty as parts
from components import risk_panels as panels
from components.risk import METHOD_NAMES, days
from engine.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from dash.development.base_component import Component

    from callbacks.risk_page import Page
    from services.risk.uncertainty import Uncertainty

UNITS = {"annualised_return": "fraction", "volatility": "fraction", "max_drawdown": "fraction", "value_at_risk": "fraction",
         "expected_shortfall": "fraction"}
LABELS = {"annualised_return": "Return a year", "volatility": "Volatility", "sharpe_ratio": "Sharpe ratio", "sortino_ratio": "Sortino ratio",
          "max_drawdown": "Maximum drawdown", "value_at_risk": "Value at risk, 1 day", "expected_shortfall": "Expected shortfall, 1 day",
          "calmar_ratio": "Calmar ratio", "beta": "Beta"}
LIKELY, LEAST_TODAY = 0.95, 60
NO_INTERVAL = "No interval: days cannot be drawn anew for it, or there are too few"
FOOT = ("Each interval holds 95 % of what the figure is on {draws} histories drawn anew from these returns, in blocks of {block} days on average. "
        "It says what chance alone can do, not what a new crisis would.")


def tab(page: Page) -> list[Component]:
    """Lay the tab out."""
    told = page.services.risk.uncertainty(page.actor, page.scope, page.question, trials=trials_of(page.asked.get("trials")))
    return [_window_panel(told), _sharpe_panel(page, told), _today_panel(page, told)]


def trials_of(text: str | None) -> int:
    """Read the number of trials; ten where none is chosen."""
    if text and not (text.isascii() and text.isdigit()):
        raise InvalidInput("trials", text, "is not a number of trials", hint="Write it as 10", rule="not_a_number")
    return int(text) if text else 10


def _rows(frame: pd.DataFrame, prefix: str, missing: Mapping[str, int], known: Mapping[str, float] | None = None) -> list[parts.Interval]:
    """Read intervals; a figure that none can be drawn of is told as `known` has it, and says why."""
    names = [str(name) for name in frame.index]
    return [parts.Interval(f"{prefix}{name}", LABELS[name], UNITS.get(name, "ratio"), (known or {}).get(name, float(row[0])), *map(float, row[1:]),
                           missing.get(name, 0), "" if theme.known(float(row[1])) else NO_INTERVAL)
            for name, row in zip(names, frame.to_numpy(dtype=float), strict=True)]


def _window_panel(told: Uncertainty) -> Component:
    title = "How sure the figures are"
    body = parts.intervals_table(title, _rows(told.figures, "risk.", dict(told.missing)))
    return panels.plain_panel(title, body, note=f"{told.observations:,} trading days of this window", span="c12",
                              foot=FOOT.format(draws=told.draws, block=theme.number(told.block, decimals=0)))


def _today_panel(page: Page, told: Uncertainty) -> Component:
    _, today = page.services.risk.today(page.actor, page.scope, page.question)
    lacking = dict.fromkeys(map(str, told.today.index), max(0, LEAST_TODAY - today.days))
    known = {str(name): float(getattr(today, str(name))) for name in told.today.index} if today.horizon == 1 else {}
    title = "Of today\u2019s holdings"
    return panels.plain_panel(title, parts.intervals_table(title, _rows(told.today, "risk.today.", lacking, known)), span="c6",
                              note=f"{today.days} trading days, {METHOD_NAMES.get(today.method, today.method)}",
                              foot="No interval where days cannot be drawn anew for it: a volatility followed through time, a simulation.")


def _sharpe_panel(page: Page, told: Uncertainty) -> Component:
    said, count = told.sharpe, told.observations
    needed = said["minimum_track_record"]
    short = max(0, round(needed) - count) if theme.known(needed) else 0
    record = f"{days(round(needed))}, {f'{days(short)} missing' if short else 'all are there'}" if theme.known(needed) else theme.UNKNOWN
    rows = [
        ("Standard error", theme.number(said["standard_error"]), "Two of these either way hold the true ratio, by Lo", False, "standard_error"),
        ("With autocorrelation", theme.number(said["standard_error_autocorrelated"]), "The same where returns follow each other", False,
         "standard_error_autocorrelated"),
        ("Probabilistic Sharpe", theme.share(said["probabilistic"]), "Chance that the true ratio is above 0", said["probabilistic"] < LIKELY,
         "probabilistic"),
        ("Deflated Sharpe", theme.share(said["deflated"]), f"Chance that it is above what luck gives the best of {told.trials:,}",
         said["deflated"] < LIKELY, "deflated"),
        ("Minimum track record", record, "To be 95\u202f% sure that it is above 0; \u2013 where the ratio is below 0", short > 0,
         "minimum_track_record"),
    ]
    choice = controls.segments(parts.TRIALS, attribute="risk-trials", label="Trials", current=page.asked.get("trials") or "")
    return panels.plain_panel("The Sharpe ratio", parts.sharpe_table(rows, trials=told.trials), span="c6 sharpe-panel", tools=[choice],
                              note="best of so many tried",
                              foot="Bailey and L\u00f3pez de Prado 2012, 2014; Lo 2002. Warned of below 95\u202f%.")
