"""Panels of portfolios, kept and extended: what did not change is read, what did is computed from its first day on.

A panel is kept in this process and, for the ledger as it is, in the database. It holds closed days; today is laid behind it at the
latest prices with every question. Notes in the database tell the first day that a ledger, a bar or a rate changed for.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.records import StoredDays
from engine.day_sums import FLAT
from engine.panel import Panel
from engine.types import Finding

SHEETS: Final = ("value_local", "flow", "income", "fee", "tax", "external", "flow_local", "moved", "price_effect", "fx_effect", "action")
CELLS: Final = ("value", "rate", "missing", *SHEETS)
LOCAL: Final = {"value_local": "value", "flow_local": "flow"}  # the same in a ledger of one currency
SPARSE_BELOW: Final = 0.4  # share of cells under which a place and an amount for each take less than the whole sheet

Laid = Callable[[date], Panel]  # gives the panel from the close of a day on


@dataclass(frozen=True, slots=True)
class Closed:
    """The closed days of a portfolio and what they know of (a mark of `Valuations`)."""

    panel: Panel
    mark: int


class Shelf:
    """The last panels by key, as many as fit; safe between threads."""

    def __init__(self, size: int = 16) -> None:
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
        return lean(lay(start))
    still = closed if changed is None else _until(closed, np.datetime64(changed, "ns"))
    if len(still.days) < 2:
        return lean(lay(start))
    behind = lay(pd.Timestamp(still.days[-1]).date())
    return joined(still, behind) if _fits(still, behind) else lean(lay(start))


def _fits(before: Panel, after: Panel) -> bool:
    """Tell whether days can be put behind days: what had no price at the joint still has none, and both know the same currencies."""
    waiting = {row for row, gone in zip(before.rows, before.missing[-1].tolist(), strict=True) if gone}
    came = any(row in waiting and not gone.all() for row, gone in zip(after.rows, after.missing[1:].T, strict=True))
    return not came and {*after.currencies} == {*before.currencies}


def joined(before: Panel, after: Panel) -> Panel:
    """Put days behind days; the last of `before` is the first of `after`."""
    rows, currencies = _merged(before, after)
    cells: dict[str, Any] = {}
    for name in CELLS:
        like = LOCAL.get(name, name)
        is_shared = like != name and getattr(before, name) is getattr(before, like) and np.array_equal(getattr(after, name), getattr(after, like))
        cells[name] = cells[like] if is_shared else _stacked(*(_wide(panel, name, rows, currencies) for panel in (before, after)))
    whole = replace(after, days=np.concatenate([before.days, after.days[1:]]), rows=rows, currencies=currencies, **cells)
    if before.rows == after.rows == rows:
        before.by_day(), after.by_day()
        whole.known.extend(before.known, after.known, len(before.days))
    return whole


def in_order(panel: Panel) -> Panel:
    """Give the rows by name, cash last, without those of which nothing is left: the same in whatever order they came to be known.

    Sums over rows are sums of floats, which depend on the order of what is added.
    """
    alive = (panel.value[-1] != 0) | panel.missing[-1]  # mostly all are: days before are looked through only for those that are not
    for name in ("missing", "value", *SHEETS):
        gone = np.flatnonzero(~alive)
        alive[gone] = (getattr(panel, name)[:, gone] != 0).any(axis=0)
    return by_name(panel, np.array(panel.rows, dtype=object)[alive].tolist())


def by_name(panel: Panel, rows: Iterable[str] | None = None) -> Panel:
    """Give some rows of a panel, or all, by name, cash last; all where it is asked for none."""
    names = sorted(panel.rows if rows is None else rows, key=lambda name: (name.startswith("cash:"), name))
    if not names or tuple(names) == panel.rows:
        return panel
    chosen = panel.select(names)
    cells: dict[str, Any] = {name: np.ascontiguousarray(getattr(chosen, name)) for name in CELLS}
    return replace(chosen, **cells)


def with_findings(panel: Panel, findings: tuple[Finding, ...]) -> Panel:
    """Give the same days with other findings."""
    told = replace(panel, findings=findings)
    told.known.share(panel.known, 0, len(panel.days))
    return told


def _stacked(before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
    """Put the days of a sheet but the first behind those of another; one number for all of them stays one."""
    one = before[:1, :1]
    if len(before) and before.strides == FLAT and bool((after[1:] == one).all()):
        return np.broadcast_to(one, (len(before) + len(after) - 1, before.shape[1]))
    return np.vstack([before, after[1:]])


def closed_days(panel: Panel, today: date, kept: Panel | None = None) -> Panel:
    """Give the days before today: a bar, a rate or a quote of today may still move. They are those that are kept where nothing came to them."""
    day = np.datetime64(today, "ns")
    is_same = kept is not None and kept.known.stretches is panel.known.stretches and len(kept.days) == np.searchsorted(panel.days, day)
    return kept if kept is not None and is_same else _until(panel, day)


def lean(panel: Panel) -> Panel:
    """Keep a sheet of one number, as of fees where there are none, as that number, and amounts at home once."""
    cells: dict[str, Any] = {name: _flat(rates_of(panel) if name == "rate" else getattr(panel, name)) for name in CELLS}
    cells |= {name: cells[like] for name, like in LOCAL.items() if np.array_equal(cells[name], cells[like])}
    return replace(panel, **cells)


def _flat(cells: NDArray[Any]) -> NDArray[Any]:
    is_flat = cells.size > 0 and bool((cells == cells[:1, :1]).all())
    return np.broadcast_to(cells[:1, :1].copy(), cells.shape) if is_flat else cells


def packed(closed: Closed) -> StoredDays:
    """Pack closed days for the database: rates by currency, each sheet whole, or as places and amounts where that is less."""
    panel = closed.panel
    codes = tuple(dict.fromkeys(panel.currencies))
    rates = rates_of(panel)[:, [panel.currencies.index(code) for code in codes]]
    parts: list[NDArray[Any]] = [panel.days.astype("datetime64[D]").astype(np.int64), rates.ravel(), np.flatnonzero(panel.missing)]
    counts = []
    for name in SHEETS:
        cells = getattr(panel, name).ravel()
        places = np.flatnonzero(cells)
        is_sparse = len(places) < SPARSE_BELOW * cells.size
        counts.append(len(places) if is_sparse else -1)
        parts += [places, cells[places]] if is_sparse else [cells]
    layout = {"rows": panel.rows, "currencies": panel.currencies, "base_currency": panel.base_currency, "codes": codes, "days": len(panel.days),
              "missing": len(parts[2]), "counts": counts}
    content = b"".join(part.astype("<i8" if part.dtype.kind == "i" else "<f8").tobytes() for part in parts)
    return StoredDays(closed.mark, pd.Timestamp(panel.days[-1]).date(), layout, content)


def unpacked(stored: StoredDays) -> Closed:
    """Read what `packed` wrote."""
    layout, reader = stored.layout, _Reader(stored.content)
    count, width = int(layout["days"]), len(layout["rows"])
    days = reader.take(count, "<i8").astype("datetime64[D]").astype("datetime64[ns]")
    codes = list(layout["codes"])
    by_code = reader.take(count * len(codes), "<f8").reshape(count, len(codes))
    missing = np.zeros(count * width, dtype=np.bool_)
    missing[reader.take(layout["missing"], "<i8")] = True
    cells: dict[str, Any] = {name: reader.sheet(known, count, width) for name, known in zip(SHEETS, layout["counts"], strict=True)}
    rate = by_code[:, [codes.index(code) for code in layout["currencies"]]]
    value = np.where(cells["value_local"] == 0, 0.0, cells["value_local"] * rate)
    panel = Panel(days=days, rows=tuple(layout["rows"]), currencies=tuple(layout["currencies"]), value=value, rate=rate,
                  missing=missing.reshape(count, width), base_currency=layout["base_currency"], **cells)
    return Closed(lean(panel), stored.seen)


def rates_of(panel: Panel) -> NDArray[np.float64]:
    """Give the rates of a panel that was laid out of a book."""
    if panel.rate is None:
        raise ValueError("a panel without rates was not laid out of a book")
    return panel.rate


class _Reader:
    """Takes arrays of eight-byte numbers from the front of some bytes."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def take(self, count: int, kind: str) -> NDArray[Any]:
        """Give the next `count` numbers."""
        found = np.frombuffer(self._content, dtype=kind, count=count, offset=self._at)
        self._at += 8 * count
        return found

    def sheet(self, known: int, count: int, width: int) -> NDArray[np.float64]:
        """Give a sheet of days x rows, of which `known` cells are told; -1: all."""
        if known < 0:
            return self.take(count * width, "<f8").reshape(count, width)
        cells = np.zeros(count * width)
        places = self.take(known, "<i8")
        cells[places] = self.take(known, "<f8")
        return cells.reshape(count, width)


def _until(panel: Panel, day: np.datetime64) -> Panel:
    """Give the days before one."""
    count = int(np.searchsorted(panel.days, day, side="left"))
    if count == len(panel.days):
        return panel
    sheets = {name: rates_of(panel) if name == "rate" else getattr(panel, name) for name in CELLS}
    cut = {id(sheet): sheet[:count] for sheet in sheets.values()}  # two that are one stay one
    kept: Mapping[str, Any] = {name: cut[id(sheet)] for name, sheet in sheets.items()}
    cut_off = replace(panel, days=panel.days[:count], **kept)
    cut_off.known.keep(panel.known, count)
    return cut_off


def _merged(before: Panel, after: Panel) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Rows of both in the order of a panel: symbols, then cash."""
    known = dict(zip(before.rows, before.currencies, strict=True)) | dict(zip(after.rows, after.currencies, strict=True))
    rows = after.rows if set(known) == set(after.rows) else tuple(sorted(known, key=lambda name: (name.startswith("cash:"), name)))
    return rows, tuple(known[name] for name in rows)


def _wide(panel: Panel, name: str, rows: tuple[str, ...], currencies: tuple[str, ...]) -> NDArray[Any]:
    """Cells of a panel with a column for every row; the rate of a row that it does not have is that of its currency."""
    cells: NDArray[Any] = rates_of(panel) if name == "rate" else getattr(panel, name)
    if panel.rows == rows:
        return cells
    if cells.strides == FLAT and not cells.any():
        return np.broadcast_to(cells[:1, :1], (len(cells), len(rows)))
    if name == "rate":
        return cells[:, [panel.currencies.index(code) for code in currencies]]
    places = {row: place for place, row in enumerate(rows)}
    wide = np.zeros((len(cells), len(rows)), dtype=cells.dtype)
    wide[:, [places[row] for row in panel.rows]] = cells
    return wide


def day_before(day: date) -> date:
    """Give the day before."""
    return day - timedelta(days=1)
