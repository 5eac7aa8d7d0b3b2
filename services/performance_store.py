"""Panels of portfolios, kept and extended: what did not change is read, what did is computed from its first day on.

A panel is kept in this process and, for the ledger as it is, in the database. It holds closed days; today is laid behind it at the
latest prices with every question. Notes in the database tell the first day that a ledger, a bar or a rate changed for.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.records import StoredDays
from engine.panel import Panel

DENSE: Final = ("value", "value_local")
SPARSE: Final = ("flow", "income", "fee", "tax", "external", "flow_local")
CELLS: Final = (*DENSE, *SPARSE, "missing")
_DAY = np.timedelta64(1, "D")

Laid = Callable[[date], Panel]  # gives the panel from the close of a day on


@dataclass(frozen=True, slots=True)
class Closed:
    """The closed days of a portfolio and what they know of (a mark of `Valuations`)."""

    panel: Panel
    mark: int


class Shelf:
    """The last panels by key, as many as fit; safe between threads."""

    def __init__(self, size: int = 64) -> None:
        self._size, self._lock = size, threading.Lock()
        self._kept: OrderedDict[str, Closed] = OrderedDict()

    def get(self, key: str) -> Closed | None:
        """Give what is kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, closed: Closed) -> None:
        """Keep closed days, unless those that are there know more."""
        with self._lock:
            there = self._kept.get(key)
            if there is None or there.mark <= closed.mark:
                self._kept[key] = closed
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)


def extended(closed: Panel | None, changed: date | None, start: date, lay: Laid) -> Panel:
    """Lay the days behind those that still hold.

    Parameters
    ----------
    closed : Panel, optional
        Closed days as they were known.
    changed : date, optional
        First day that something changed for since then.
    start : date
        The close that everything opens with.
    lay : callable
        Gives the panel from the close of a day to the end.

    Returns
    -------
    Panel
        From `start` to the end, as if laid in one.
    """
    if closed is None or closed.days[0] != np.datetime64(start, "ns"):
        return lay(start)
    still = closed if changed is None else _until(closed, np.datetime64(changed, "ns"))
    if len(still.days) < 2:
        return lay(start)
    return joined(still, lay(pd.Timestamp(still.days[-1]).date()))


def joined(before: Panel, after: Panel) -> Panel:
    """Put days behind days; the last of `before` is the first of `after`."""
    rows, currencies = _merged(before, after)
    cells: dict[str, Any] = {name: np.vstack([_wide(before, name, rows), _wide(after, name, rows)[1:]]) for name in CELLS}
    findings = tuple({finding.message: finding for finding in (*before.findings, *after.findings)}.values())
    return replace(after, days=np.concatenate([before.days, after.days[1:]]), rows=rows, currencies=currencies, findings=findings, **cells)


def closed_days(panel: Panel, today: date) -> Panel:
    """Give the days before today: a bar, a rate or a quote of today may still move."""
    return _until(panel, np.datetime64(today, "ns"))


def packed(closed: Closed) -> StoredDays:
    """Pack closed days for the database: dense cells as they are, the others as places and amounts."""
    panel = closed.panel
    parts: list[NDArray[Any]] = [panel.days.astype("datetime64[D]").astype(np.int64), *(getattr(panel, name).ravel() for name in DENSE)]
    counts = []
    for name in SPARSE:
        cells = getattr(panel, name).ravel()
        places = np.flatnonzero(cells)
        counts.append(len(places))
        parts += [places, cells[places]]
    places = np.flatnonzero(panel.missing)
    layout = {"rows": panel.rows, "currencies": panel.currencies, "base_currency": panel.base_currency, "days": len(panel.days),
              "counts": [*counts, len(places)]}
    content = b"".join(part.astype("<i8" if part.dtype.kind == "i" else "<f8").tobytes() for part in [*parts, places])
    return StoredDays(closed.mark, pd.Timestamp(panel.days[-1]).date(), layout, content)


def unpacked(stored: StoredDays) -> Closed:
    """Read what `packed` wrote."""
    layout, reader = stored.layout, _Reader(stored.content)
    shape = (int(layout["days"]), len(layout["rows"]))
    days = reader.take(shape[0], "<i8").astype("datetime64[D]").astype("datetime64[ns]")
    cells: dict[str, Any] = {name: reader.take(shape[0] * shape[1], "<f8").reshape(shape).copy() for name in DENSE}
    for name, count in zip(SPARSE, layout["counts"], strict=False):
        sheet = np.zeros(shape[0] * shape[1])
        places = reader.take(count, "<i8")
        sheet[places] = reader.take(count, "<f8")
        cells[name] = sheet.reshape(shape)
    missing = np.zeros(shape[0] * shape[1], dtype=np.bool_)
    missing[reader.take(layout["counts"][-1], "<i8")] = True
    panel = Panel(days=days, rows=tuple(layout["rows"]), currencies=tuple(layout["currencies"]), missing=missing.reshape(shape),
                  base_currency=layout["base_currency"], **cells)
    return Closed(panel, stored.seen)


class _Reader:
    """Takes arrays of eight-byte numbers from the front of some bytes."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def take(self, count: int, kind: str) -> NDArray[Any]:
        """Give the next `count` numbers."""
        found = np.frombuffer(self._content, dtype=kind, count=count, offset=self._at)
        self._at += 8 * count
        return found


def _until(panel: Panel, day: np.datetime64) -> Panel:
    """Give the days before one."""
    count = int(np.searchsorted(panel.days, day, side="left"))
    kept: Mapping[str, Any] = {name: getattr(panel, name)[:count] for name in CELLS}
    return replace(panel, days=panel.days[:count], **kept)


def _merged(before: Panel, after: Panel) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Rows of both in the order of a panel: symbols, then cash."""
    known = dict(zip(before.rows, before.currencies, strict=True)) | dict(zip(after.rows, after.currencies, strict=True))
    rows = after.rows if set(known) == set(after.rows) else tuple(sorted(known, key=lambda name: (name.startswith("cash:"), name)))
    return rows, tuple(known[name] for name in rows)


def _wide(panel: Panel, name: str, rows: tuple[str, ...]) -> NDArray[Any]:
    """Cells of a panel with a column for every row."""
    cells: NDArray[Any] = getattr(panel, name)
    if panel.rows == rows:
        return cells
    places = {row: place for place, row in enumerate(rows)}
    wide = np.zeros((len(cells), len(rows)), dtype=cells.dtype)
    wide[:, [places[row] for row in panel.rows]] = cells
    return wide


def day_before(day: date) -> date:
    """Give the day before."""
    return day - timedelta(days=1)
