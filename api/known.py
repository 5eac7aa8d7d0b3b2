"""Numbers as JSON takes them: null where there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd


def known(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Give a mapping with null where there is no number."""
    return {str(name): cell(value) for name, value in values.items()}


def known_rows(table: pd.DataFrame, key: str = "symbol") -> list[dict[str, Any]]:
    """Give the rows of a table, each with its label under `key`."""
    return [{key: str(label), **known(row)} for label, row in zip(table.index, table.to_dict("records"), strict=True)]


def cell(value: Any) -> Any:  # noqa: ANN401 - a number, a word or a date
    """Give one value; null where it is no number."""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
