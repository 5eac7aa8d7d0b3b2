"""The work of one firm-wide run: portfolios are read, their returns laid side by side, and worked on block by block."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

import engine
from data import calendar
from data.cluster import HERE, LOCAL, Here, Workplace, pays, timed, workplace
from data.risk_records import RiskRunRow
from engine.errors import PortfolioError
from engine.risk.firm import Block, block_figures, blocks_of
from engine.types import Actor, Finding, Portfolio
from services.risk.exposures import Exposure, ExposureQuestion, Exposures
from services.risk.firm_views import FirmQuestion
from services.risk.of_months import figures_of_months
from services.writes import Writes

log = logging.getLogger("portolan.firm")
PAUSE_SECONDS = 0.3
CODE = Path(engine.__file__).parent
JSON: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


@dataclass(frozen=True, slots=True)
class Series:
    """One portfolio's returns, and what is told of them."""

    number: int
    portfolio: Portfolio
    exposure: Exposure


@dataclass
class Job:
    """The work of one run."""

    writes: Writes
    exposures: Exposures
    actor: Actor
    question: FirmQuestion
    portfolios: Sequence[Portfolio]
    run_id: UUID
    where: str | None
    stop: Event = field(default_factory=Event)
    told_at: float = 0.0

    def work(self) -> None:
        """Read, work out, write down; how it ends is written down too."""
        try:
            self._work()
        except PortfolioError as error:
            self._fail(code=error.code, status_code=error.status, message=error.message, context=error.context)
            raise
        except Exception:
            self._fail(code="internal_error", status_code=500, message="Something went wrong on our side.", context={})
            raise

    def _work(self) -> None:
        read = [*self._read()]
        batches = [batch for batch in laid_out(read, self.question) if not self.stop.is_set()]
        done, total = 0, sum(len(batch.series) for batch in batches)
        for place, rows in self._figures(batches):
            self._keep([_row(series, figures) for series, figures in zip(batches[place].series, rows, strict=True)])
            done += len(rows)
            self._tell("computing", done, total, at_once=done == total)
        if not self.stop.is_set():
            ended = {"phase": "done", "done": total, "total": total}
            self.writes.database.run(lambda unit: unit.risk_runs.change(self.run_id, expected=("running",), status="done", progress=ended,
                                                                        finished_at=calendar.now()))

    # ---------------------------------------------------------------------------------------------------------------------------- reading

    def _read(self) -> Iterator[Series]:
        """Read portfolio after portfolio; one that cannot be read has a row that says why."""
        asked = ExposureQuestion(start=self.question.start, end=self.question.end, period=self.question.period, benchmark=self.question.benchmark)
        for number, portfolio in enumerate(self.portfolios):
            self._tell("reading", number, len(self.portfolios))
            if self.stop.is_set():
                return
            try:
                yield Series(number, portfolio, self.exposures.exposure(self.actor, portfolio.id, asked))
            except PortfolioError as error:
                finding = {"code": error.code, "message": error.message, "severity": "error"}
                self._keep([RiskRunRow(number, portfolio.id, portfolio.name, {"observations": 0}, {}, [finding])])

    # -------------------------------------------------------------------------------------------------------------------------- computing

    def _figures(self, batches: Sequence[Batch]) -> Iterator[tuple[int, list[dict[str, float]]]]:
        """Work the blocks out where it was asked for; where nothing was, the first one tells by its time whether processes beside this one pay."""
        blocks = [batch.block for batch in batches]
        if self.where is not None or not blocks:
            yield from self._at(self.where, blocks, 0)
            return
        first, seconds = timed(block_figures, blocks[0])
        yield 0, first
        yield from self._at(LOCAL if pays(seconds * (len(blocks) - 1)) else None, blocks[1:], 1)

    def _at(self, where: str | None, blocks: Sequence[Block], before: int) -> Iterator[tuple[int, list[dict[str, float]]]]:
        with workplace(where, CODE) as place:
            self._say_where(place, before)
            yield from ((before + number, rows) for number, rows in place.each(block_figures, blocks, self.stop.is_set))

    def _say_where(self, place: Workplace, before: int) -> None:
        told = place.name if isinstance(place, Here) or not before else f"{HERE}, then {place.name}"
        self.writes.database.run(lambda unit: unit.risk_runs.change(self.run_id, expected=("running",), place=told))

    # ---------------------------------------------------------------------------------------------------------------- how far, and the end

    def _tell(self, phase: str, done: int, total: int, *, at_once: bool = False) -> None:
        """Write down how far it is; a run that was cancelled elsewhere is stopped by it."""
        if not at_once and time.monotonic() - self.told_at < PAUSE_SECONDS:
            return
        self.told_at = time.monotonic()
        progress = {"phase": phase, "done": done, "total": total}
        if not self.writes.database.run(lambda unit: unit.risk_runs.change(self.run_id, expected=("running",), progress=progress)):
            self.stop.set()

    def _keep(self, rows: Sequence[RiskRunRow]) -> None:
        self.writes.database.run(lambda unit: unit.risk_runs.add_rows(self.run_id, rows))

    def _fail(self, **problem: Any) -> None:  # noqa: ANN401  # what an error's context holds
        told = JSON.dump_python(problem, mode="json", fallback=str)
        self.writes.database.run(lambda unit: unit.risk_runs.change(self.run_id, expected=("running",), status="failed", problem=told,
                                                                    finished_at=calendar.now()))


@dataclass(frozen=True, slots=True)
class Batch:
    """A block, and whose columns it has."""

    series: tuple[Series, ...]
    block: Block


def laid_out(read: Sequence[Series], question: FirmQuestion) -> Iterator[Batch]:
    """Lay returns side by side, portfolios of one calendar together, and cut them into blocks."""
    for periods in sorted({each.exposure.periods_per_year for each in read}):
        kept = [each for each in read if each.exposure.periods_per_year == periods]
        own = pd.DataFrame({each.number: each.exposure.realised for each in kept}).sort_index()
        beside = pd.DataFrame({each.number: _benchmark(each.exposure) for each in kept}).reindex(index=own.index)
        whole = Block(own.index.to_numpy(), own.to_numpy(dtype=np.float64), beside.to_numpy(dtype=np.float64), periods, question.risk_free,
                      question.level, question.methods)
        at = 0
        for block in blocks_of(whole):
            count = block.returns.shape[1]
            yield Batch(tuple(kept[at : at + count]), block)
            at += count


def _benchmark(exposure: Exposure) -> pd.Series:
    nothing = pd.Series(np.nan, index=exposure.realised.index)
    return nothing if exposure.benchmark is None else exposure.benchmark


def _row(series: Series, figures: Mapping[str, float]) -> RiskRunRow:
    known, told = series.exposure.realised.dropna(), series.exposure
    about = {"base_currency": told.base_currency, "observations": len(known), "simulated": told.simulated,
             "start": _day(known, 0), "end": _day(known, -1), "benchmark": told.benchmark_name[0] if told.benchmark_name else None}
    of_months = {} if told.benchmark is None else figures_of_months(known, told.benchmark.reindex(known.index))[0]
    shown = {name: float(value) if math.isfinite(value) else None for name, value in {**figures, **of_months}.items() if name in figures}
    return RiskRunRow(series.number, series.portfolio.id, series.portfolio.name, about, shown, [_finding(each) for each in told.findings])


def _day(known: pd.Series, place: int) -> str | None:
    return pd.Timestamp(known.index[place]).date().isoformat() if len(known) else None


def _finding(finding: Finding) -> dict[str, Any]:
    return {"code": finding.code, "message": finding.message, "severity": finding.severity.value}
