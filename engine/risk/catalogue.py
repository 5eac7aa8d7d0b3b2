"""What a figure of a sheet is, told once: for the API, for the rows of a screen and for the docs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["fraction", "ratio", "number", "periods", "days", "statistic", "p_value"]


@dataclass(frozen=True, slots=True)
class Term:
    """One figure of the sheet.

    Attributes
    ----------
    name
        Of the function in `engine`, and of the field in REST.
    label
        What a screen calls it, a few words.
    group
        Headline of the rows that it stands among.
    unit
        How it is read: a fraction (shown as percent), a ratio, a plain number, periods, days, a test statistic, a p-value.
    meaning
        One sentence for a person who has not met it.
    source
        Who defined it, and where.
    minimum
        Observations below which it says little: the screen greys it and tells how many are missing.
    better
        Whether ``high`` or ``low`` is good; empty where neither is.
    relative
        Whether it needs a benchmark.
    """

    name: str
    label: str
    group: str
    unit: Unit
    meaning: str
    source: str
    minimum: int = 2
    better: Literal["high", "low", ""] = ""
    relative: bool = False
