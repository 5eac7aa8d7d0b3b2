"""How an explanation is answered."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import BaseModel, Field

from api.schemas import FindingPublic, Public


class FigurePublic(Public):
    """A row of the table of figures."""

    figure: str
    title: str
    unit: str
    formula: str
    convention: str
    source: str
    of: str = Field(description="What `symbol` names: holding, lot, window, month, group, currency, date, ...; empty: the figure needs none")
    answer: str = Field(description="Which answer has it: holdings, performance, gains, sale or portfolios")


class PartPublic(Public):
    """One of several amounts of an input."""

    name: str
    value: float | None
    figure: str | None


class TermPublic(Public):
    """An input of the formula: a number, or the numbers in `parts`."""

    name: str
    title: str
    value: float | None
    unit: str
    figure: str | None = Field(description="What explains this input: figure, or figure:symbol")
    parts: list[PartPublic]
    is_table: bool


class PricePublic(Public):
    """A price or rate used."""

    symbol: str
    value: float | None
    currency: str
    source: str | None
    ts: dt.datetime | None
    state: str
    simulated: bool
    filled_from: dt.date | None = Field(description="Its own day, where it was filled forward")


class FlowUsedPublic(Public):
    """Money that crossed the boundary, with its weight where the figure weighs."""

    date: dt.date
    kind: str
    amount: float
    weight: float | None


class FactPublic(Public):
    """A transaction used."""

    id: str
    date: dt.date
    kind: str
    symbol: str | None
    quantity: float | None
    amount: float | None
    rate: float | None = Field(description="Base units for one unit of its currency, where that is another")


class ExplanationPublic(Public):
    """How one number comes about."""

    figure: str
    symbol: str | None
    scope: str
    title: str
    value: float | None = Field(description="The same number that `call` answers at `path`")
    unit: str
    currency: str
    formula: str
    expression: str = Field(description="The formula in the names of `inputs`")
    with_numbers: str
    reproduced: float | None = Field(description="What the expression gives with the inputs")
    conventions: list[str]
    inputs: list[TermPublic]
    prices: list[PricePublic]
    price_count: int
    flows: list[FlowUsedPublic]
    flow_count: int
    transactions: list[FactPublic]
    transaction_count: int
    findings: list[FindingPublic]
    source: str
    call: str
    path: str


class FiguresPublic(BaseModel):
    """Every number that can be explained."""

    figures: list[FigurePublic]


EXAMPLE: dict[str, Any] = {
    "figure": "roi",
    "symbol": None,
    "scope": "all",
    "title": "Return on investment",
    "value": 0.035,
    "unit": "fraction",
    "currency": "USD",
    "formula": "gain of the window ÷ capital put in",
    "expression": "pnl / invested",
    "with_numbers": "420.00 ÷ 12,000.00",
    "reproduced": 0.035,
    "conventions": ["What was taken out reduces nothing."],
    "prices": [],
    "price_count": 0,
    "flows": [],
    "flow_count": 0,
    "transactions": [],
    "inputs": [
        {"name": "pnl", "title": "Gain of the window", "value": 420.0, "unit": "money", "figure": "pnl", "parts": [], "is_table": False},
        {
            "name": "invested",
            "title": "Capital put in",
            "value": 12000.0,
            "unit": "money",
            "figure": "invested",
            "parts": [],
            "is_table": False,
        },
    ],
    "transaction_count": 0,
    "findings": [],
    "source": "CFA Institute curriculum",
    "call": "/api/v1/portfolios/all/performance?start=2023-12-29&end=2024-03-28",
    "path": "roi",
}
