"""A measured window as JSON can say it: null where there is no number, dates as text. What Redis keeps and programs get."""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.types import Finding
from services.performance.views import PerformanceView


class Lines:
    """The series that were written last, day by day: what says the same as before is not written again. Safe between threads."""

    def __init__(self, size: int = 16) -> None:
        self._size, self._lock = size, threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[NDArray[np.int64], list[str]]] = OrderedDict()

    def of(self, key: Hashable, frame: pd.DataFrame) -> list[str]:
        """Write the rows of a frame by date, floats and counts alone."""
        days = frame.index.to_numpy().astype("datetime64[ns]").astype(np.int64)
        told = np.column_stack([days, *(frame[name].to_numpy(dtype=np.float64).view(np.int64) for name in frame.columns)])
        names = tuple(frame.columns)
        with self._lock:
            before, lines = self._kept.get((key, names), (told[:0], []))
        same = _shared(before, told)
        lines = lines[:same] + _lines(dated(frame.iloc[same:]))
        with self._lock:
            self._kept[key, names] = told, lines
            self._kept.move_to_end((key, names))
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return lines


def _shared(before: NDArray[np.int64], told: NDArray[np.int64]) -> int:
    """Count the first rows that are the same to the last bit."""
    size = min(len(before), len(told))
    other = np.flatnonzero((before[:size] != told[:size]).any(axis=1))
    return int(other[0]) if other.size else size


def as_json(view: PerformanceView, lines: Lines | None = None) -> tuple[str, str]:
    """Write a view for programs: every figure at the top by its name, and apart from it the series, which is most of the text."""
    key = (view.scope, view.base_currency, view.start, *view.conventions.items())
    return _text(laid_out(view)), "[" + ",".join((lines or Lines()).of(key, view.series)) + "]"


def laid_out(view: PerformanceView) -> dict[str, Any]:
    """Lay everything but the series out."""
    benchmark = None if view.benchmark is None else {"symbol": view.benchmark[0], "name": view.benchmark[1]}
    return {
        "scope": view.scope, "label": view.label, "base_currency": view.base_currency, "start": str(view.start), "end": str(view.end),
        "days": view.days, "conventions": view.conventions, **known(view.figures), "why": view.why, "pnl_bridge": known(view.bridge),
        "periods": rows(view.windows.reset_index()), "flows": rows(view.flows),
        "calendar": _calendar(view.calendar), "contributions": rows(view.contributions), "groups": rows(view.groups),
        "currency": rows(view.currency.rename_axis("currency").reset_index()), "benchmark": benchmark, "simulated": view.simulated,
        "revisions": view.revisions, "known_at": None if view.known_at is None else view.known_at.isoformat(), "gaps": view.gaps,
        "quality": [finding_json(each) for each in view.quality], "findings": [finding_json(each) for each in view.findings],
    }


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a frame, null where there is no number."""
    columns = {str(name): _column(frame[name]) for name in frame.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def dated(frame: pd.DataFrame) -> pd.DataFrame:
    """Put the dates of an index into a column."""
    return frame.rename_axis("date").reset_index()


def known(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Put null where there is no number."""
    return {str(name): _cell(value) for name, value in values.items()}


def digest(*parts: object) -> str:
    """Name an answer by all that it depends on."""
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _lines(frame: pd.DataFrame) -> list[str]:
    """Write the rows of a frame, each column at once: a tenth of the calls that a list of objects takes."""
    columns = [_column_text(frame[name]) if len(frame) else [] for name in frame.columns]
    pattern = "{" + ",".join(f"{_text(str(name))}:%s" for name in frame.columns) + "}"
    return [pattern % cells for cells in zip(*columns, strict=True)]


def _column_text(column: pd.Series) -> list[str]:
    """Write the cells of a column of numbers or dates."""
    values = column.to_numpy()
    if values.dtype.kind == "f" and not np.isfinite(values).any():
        return ["null"] * len(values)
    return _text(_column(column))[1:-1].split(",")


def _calendar(frame: pd.DataFrame) -> list[dict[str, Any]]:
    cells = {year: [_cell(float(value)) for value in values] for year, values in zip(frame.index, frame.to_numpy(dtype=float), strict=True)}
    return [{"year": int(year), "months": values[:-1], "total": values[-1]} for year, values in cells.items()]


def _column(column: pd.Series) -> list[Any]:
    values = column.to_numpy()
    if values.dtype.kind == "M":
        return [str(day) for day in np.datetime_as_string(values, unit="D")]
    if values.dtype.kind == "f":
        known = np.isfinite(values)
        return values.tolist() if known.all() else [value if there else None for value, there in zip(values.tolist(), known.tolist(), strict=True)]
    return [_cell(value) for value in values.tolist()]


def _cell(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)[:10] if isinstance(value, pd.Timestamp) or hasattr(value, "isoformat") else value


def finding_json(finding: Finding) -> dict[str, Any]:
    """Give a finding as JSON has it."""
    return {"code": finding.code, "message": finding.message, "severity": finding.severity.value,
            "context": json.loads(json.dumps(finding.context, default=str))}
