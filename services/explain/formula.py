"""Formulas as text that is evaluated: one source for what is written and what is computed."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from services.explain.figures import functions
from services.explain.views import Term

Value = float | Sequence[float]
OPERATORS: Final[Mapping[type, Callable[[Any, Any], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
SHOWN: Final = 5  # parts of a sum that are written out
NAME: Final = re.compile(r"[a-z_][a-z_0-9]*")


def evaluate(formula: str, inputs: Mapping[str, Value]) -> float:
    """Compute a formula from its inputs; NaN where one of them is unknown or a capital is zero.

    Parameters
    ----------
    formula : str
        Names, numbers, + - * / ** and the functions in `FUNCTIONS`.
    inputs : mapping
        A number, or the numbers of a table, by name.
    """
    try:
        return float(_walk(ast.parse(formula, mode="eval").body, inputs))
    except (ZeroDivisionError, OverflowError):
        return math.nan


def names_in(formula: str) -> list[str]:
    """List the inputs that a formula names, in its order."""
    return list(dict.fromkeys(name for name in NAME.findall(formula) if name not in FUNCTIONS))


def in_words(formula: str, terms: Sequence[Term]) -> str:
    """Write a formula with the titles of its inputs."""
    titles = {term.name: term.title[:1].lower() + term.title[1:] for term in terms}
    return _typeset(formula, lambda name: titles.get(name, SAID.get(name, name)))


def with_numbers(formula: str, terms: Sequence[Term]) -> str:
    """Write a formula with the numbers put in."""
    texts = {term.name: _parts(term) if term.is_table else _number(term.value, term.unit) for term in terms}
    return _typeset(formula, lambda name: texts.get(name, SAID.get(name, name)))


def _typeset(formula: str, say: Callable[[str], str]) -> str:
    signs = {"**": " ^ ", "*": " × ", "/": " ÷ ", "-": " − ", "+": " + "}
    bare = re.sub(r"\s*(\*\*|[*/+])\s*|\s+(-)\s+", lambda found: signs[found[1] or found[2]], formula)
    return NAME.sub(lambda found: say(found[0]), bare)


def _parts(term: Term) -> str:
    shown = "; ".join(_number(part.value, term.unit) for part in term.parts[:SHOWN])
    more = len(term.parts) - SHOWN
    return f"{shown or 'none'}{f'; and {more} more' if more > 0 else ''}"


def _number(value: float | None, unit: str) -> str:
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:,.2f}" if unit in {"money", "local"} else f"{value:.6g}" if abs(value) < 1e6 else f"{value:,.2f}"
    return f"({text.replace('-', '−')})" if value < 0 else text


def _walk(node: ast.AST, inputs: Mapping[str, Value]) -> Any:  # noqa: ANN401 - a number or a table
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return inputs[node.id]
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](_walk(node.left, inputs), _walk(node.right, inputs))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_walk(node.operand, inputs)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return FUNCTIONS[node.func.id](*(_walk(each, inputs) for each in node.args))
    raise ValueError(ast.dump(node))


def _irr(amounts: Sequence[float], years: Sequence[float]) -> float:
    """Find the rate at which the present values add up to nothing; of several the one nearest to zero."""
    paid, when = np.asarray(amounts, dtype=np.float64), np.asarray(years, dtype=np.float64)

    def left(log: float) -> float:
        return float((paid * np.exp(-log * when)).sum())

    grid = np.linspace(-14.0, 14.0, 2801)
    sides = np.array([left(each) for each in grid])
    changes = np.flatnonzero(np.sign(sides[:-1]) != np.sign(sides[1:]))
    roots = [_halved(left, float(grid[at]), float(grid[at + 1])) for at in changes]
    return math.expm1(min(roots, key=abs)) if roots else math.nan


def _halved(left: Callable[[float], float], low: float, high: float) -> float:
    rising = left(low) < 0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (left(middle) < 0) == rising else (low, middle)
    return (low + high) / 2


def _largest(values: Sequence[float]) -> float:
    return max(values, default=math.nan)


def _smallest(values: Sequence[float]) -> float:
    return min(values, default=math.nan)


def _above_zero(values: Sequence[float]) -> float:
    return float(sum(value > 0 for value in values))


def _below_zero(values: Sequence[float]) -> float:
    return float(sum(value < 0 for value in values))


def _larger(left: float, right: float) -> float:
    return math.nan if math.isnan(left) or math.isnan(right) else max(left, right)


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    **functions.FUNCTIONS,
    "sum": math.fsum,
    "product": math.prod,
    "largest": _largest,
    "smallest": _smallest,
    "count": len,
    "above_zero": _above_zero,
    "below_zero": _below_zero,
    "sqrt": math.sqrt,
    "abs": abs,
    "larger": _larger,
    "irr": _irr,
}
SAID: Final[Mapping[str, str]] = {
    **functions.SAID,
    "sqrt": "√",
    "irr": "rate at which these are worth nothing",
    "above_zero": "number above zero",
    "below_zero": "number below zero",
    "abs": "size of",
    "larger": "larger of",
}


def number(value: Any) -> float:  # noqa: ANN401 - a cell of a frame
    """Read a cell as a number."""
    return float(value)
