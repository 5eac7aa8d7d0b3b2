"""Evidence as JSON keeps it: plain words and numbers, null where there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

MOST_POINTS: Final = 420  # of a line


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever a record holds
    """Turn records, tables and series into what JSON knows; lines are thinned to what a screen can show."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, pd.Series):
        return line(value)
    if isinstance(value, pd.DataFrame):
        return {str(name): line(value[name]) for name in value.columns}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return _cell(value)


def line(values: pd.Series) -> dict[str, list[Any]]:
    """Give a series as two lists, its last point always in it."""
    step = max(-(-len(values) // MOST_POINTS), 1)
    kept = values.iloc[(len(values) - 1) % step :: step] if len(values) else values
    return {"dates": [_cell(each) for each in kept.index], "values": [_cell(each) for each in kept.tolist()]}


def _cell(value: Any) -> Any:  # noqa: ANN401 - a number, a word, a date
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date | UUID):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def question_of(question: Any) -> dict[str, Any]:  # noqa: ANN401 - a question of either kind
    """Give a question as it is kept."""
    found: dict[str, Any] = plain(asdict(question))
    return found
