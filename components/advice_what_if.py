"""What-ifs in words: a portfolio as it is and as it would be, every number written; `assets/advice_what_if.js` draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dash import dcc, html

from components import cards, theme
from components.ids import AdviceTrialIds as Ids

if TYPE_CHECKING:
    from collections.abc import Sequence

STORES = (Ids.WHAT_IF_ASKED, Ids.WHAT_IF_TOLD, Ids.WHAT_IF_ACTION, Ids.WHAT_IF_RESULT)
FORMS = {"money": theme.money, "share": theme.share, "percent": lambda value: theme.percent(value, signed=False), "number": theme.number,
         "count": lambda value: theme.number(value, decimals=0)}


class Side(NamedTuple):
    """One figure of both sides. `form`: money, share, percent, number or count."""

    label: str
    form: str
    before: float
    after: float
    unit: str = ""


class Held(NamedTuple):
    """A holding of both sides; weights and shares of the risk are fractions, money is base currency."""

    symbol: str
    name: str
    before: float
    after: float
    quantity: float  # traded
    money: float  # traded
    risk_before: float
    risk_after: float
    gain: float


class Fall(NamedTuple):
    """A scenario or an episode of both sides: losses as fractions, positive, and in money."""

    name: str
    before: float
    after: float
    money_before: float
    money_after: float


def pane() -> html.Div:
    """Build the tab: grey shapes until the first answer is drawn."""
    return html.Div([*[dcc.Store(id=store) for store in STORES], html.Div(_bones(), **{"data-part": "waits"}), html.Div(id=Ids.WHAT_IF)],
                    className="pane attempt", **{"data-pane": "what-if"})


def _bones() -> html.Section:
    return html.Section(cards.bones("title", "row", "row", "row", "row", "row"), className="panel padded")


def side(one: Side) -> dict[str, str]:
    """Write a figure of both sides."""
    write = FORMS[one.form]
    return {"label": one.label, "before": write(one.before), "after": write(one.after), "unit": one.unit}


def held(one: Held) -> dict[str, Any]:
    """Write a holding; its weight stays a number too, for the slider."""
    moves = bool(theme.known(one.money) and round(one.money, 2))
    return {"symbol": one.symbol, "name": one.name, "before": theme.share(one.before), "after": theme.share(one.after), "moves": moves,
            "weight": round(one.after * 100, 4) if theme.known(one.after) else None,
            "quantity": theme.number(one.quantity, decimals=4, least=0, signed=True) if moves else "",
            "money": theme.money(one.money, signed=True) if moves else "",
            "risk": [theme.share(one.risk_before), theme.share(one.risk_after)],
            "gain": theme.money(one.gain, signed=True) if round(one.gain, 2) else ""}


def fall(one: Fall) -> dict[str, Any]:
    """Write a loss of both sides as a move: a loss has a minus."""
    return {"name": one.name, "before": theme.percent(-one.before, decimals=1), "after": theme.percent(-one.after, decimals=1),
            "money": theme.money(-one.money_after, decimals=0, signed=True)}


def compared(heads: Sequence[str], columns: Sequence[Sequence[Side]]) -> dict[str, Any]:
    """Lay what-ifs beside each other, what is held first.

    Parameters
    ----------
    heads : sequence of str
        Their names.
    columns : sequence of sequence of Side
        Their figures, each in the same order.
    """
    rows = []
    for row in zip(*columns, strict=True):
        write = FORMS[row[0].form]
        rows.append([" ".join(filter(None, [row[0].label, row[0].unit])), write(row[0].before), *(write(one.after) for one in row)])
    return {"heads": ["", "As it is", *heads], "rows": rows}
