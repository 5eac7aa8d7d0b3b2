"""Records of the endpoints that people have their own prices read from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Reading:
    """Where things stand in an answer.

    Attributes
    ----------
    format : str
        `json` or `csv`.
    price, time, currency, volume, symbol : str or None
        A path such as `data.quotes[0].last` or `/data/quotes/0/last`; in CSV the name of a column, or its number where there is no header.
        Without a time the price is of the moment it was asked for. With a symbol, the row of it is read, or the answer must be of it.
    time_unit : str
        `iso`, `s`, `ms`, `us`, `ns`, or `auto`: by its size.
    time_zone : str
        Of times that name none.
    unit : str or None
        Currency or part of one (`GBp`) where the answer tells none; without both, the instrument's.
    delimiter, decimal : str
        Of the CSV, and of numbers in texts.
    header : bool
        Whether the first line of the CSV names the columns.
    """

    price: str
    format: str = "json"
    time: str | None = None
    currency: str | None = None
    volume: str | None = None
    symbol: str | None = None
    time_unit: str = "auto"
    time_zone: str = "UTC"
    unit: str | None = None
    delimiter: str = ","
    decimal: str = "."
    header: bool = True


@dataclass(frozen=True, slots=True)
class StoredEndpoint:
    """An endpoint of a workspace, under the name by which instruments mean it."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID
    name: str
    url: str
    reading: Reading
    version: int
    created_at: datetime
    changed_at: datetime
