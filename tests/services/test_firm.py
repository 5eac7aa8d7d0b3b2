"""Firm-wide runs: every portfolio with every figure, the same numbers wherever they are worked out, stopped when asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID, uuid4

import numpy as np
import pytest

from data import cluster
from data.cluster import LOCAL, NONE
from engine.errors import ClusterError, Conflict, InvalidInput, NotFound
from engine.types import Actor, Portfolio
from services import Services
from services.risk import firm_job
from services.risk.exposures import ExposureQuestion
from services.risk.firm import FirmRuns
from services.risk.firm_views import FirmQuestion, RunView
from services.writes import Writes

DAYS = [date(2023, 1, 2) + timedelta(days=count) for count in range(500) if (date(2023, 1, 2) + timedelta(days=count)).weekday() < 5]


@pytest.fixture
def firm_of(services: Services, actor: Actor) -> list[Portfolio]:
    """Three portfolios over a year and a half of one share and an index, the last one empty."""
    chance = np.random.default_rng(8)
    for symbol, kind in (("ACME", "equity"), ("WIDE", "index")):
        services.instruments.put(actor, symbol, {"name": symbol.title(), "asset_class": kind, "currency": "USD"})
        closes = 100 * np.cumprod(1 + chance.normal(0.0005, 0.012, len(DAYS)))
        services.instruments.put_bars(actor, symbol, [{"date": day.isoformat(), "close": round(float(close), 4)} for day, close in
                                                      zip(DAYS, closes, strict=True)])
    made = [services.portfolios.create(actor, {"name": name, "base_currency": "USD", "benchmark": "WIDE"}) for name in ("One", "Two", "Empty")]
    for place, portfolio in enumerate(made[:2]):
        services.transactions.record(actor, portfolio.id, [
            {"date": "2023-01-03", "kind": "DEPOSIT", "amount": 10_000, "currency": "USD"},
            {"date": "2023-01-03", "kind": "BUY", "symbol": "ACME", "quantity": 20 + 30 * place, "price": 100},
        ])
    return made


def runs_at(services: Services, where: str | None) -> FirmRuns:
    return FirmRuns(Writes(services.database, services.bus), services.exposures, where)


def ended(runs: FirmRuns, actor: Actor, run_id: UUID, seconds: float = 60) -> RunView:
    end = time.monotonic() + seconds
    while (view := runs.get(actor, run_id)).status == "running":
        assert time.monotonic() < end, f"still {view.phase} {view.done} of {view.total}"
        time.sleep(0.05)
    return view


@pytest.fixture
def runs(services: Services) -> Iterator[FirmRuns]:
    made = runs_at(services, NONE)
    yield made
    made.close()


def test_every_portfolio_has_every_figure_and_what_the_risk_page_reads(runs: FirmRuns, services: Services, actor: Actor,
                                                                       firm_of: list[Portfolio]) -> None:
    view = ended(runs, actor, runs.begin(actor).id)
    assert (view.status, view.done, view.total, view.portfolios, view.place) == ("done", 3, 3, 3, "this process")
    rows = {row.name: row for row in runs.rows(actor, view.id).items}
    assert {*rows} == {"One", "Two", "Empty"}
    for portfolio in firm_of[:2]:
        lived = services.exposures.exposure(actor, portfolio.id, ExposureQuestion()).realised.dropna()
        row = rows[portfolio.name]
        assert row.observations == len(lived) > 300
        assert row.figures["volatility"] == pytest.approx(float(np.std(lived, ddof=1)) * 252**0.5, rel=1e-12)
        assert (row.benchmark, row.base_currency, row.start, row.end) == ("WIDE", "USD", lived.index[0].date(), lived.index[-1].date())
    assert rows["One"].figures["volatility"] < rows["Two"].figures["volatility"]
    assert set(rows["Empty"].figures.values()) <= {None, 0.0}
    assert rows["Empty"].observations == 0


def test_the_numbers_are_the_same_to_the_last_bit_wherever_they_are_worked_out(services: Services, actor: Actor, firm_of: list[Portfolio],
                                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("engine.risk.firm.HEAVY", 1)  # a block a portfolio, so that both processes have work
    asked, told = FirmQuestion(methods=("historical", "ewma")), {}
    for where in (NONE, LOCAL):
        runs = runs_at(services, where)
        view = ended(runs, actor, runs.begin(actor, asked).id, 120)
        assert view.status == "done", view.problem
        assert ("beside" in str(view.place)) == (where == LOCAL)
        told[where] = [(row.name, row.figures) for row in runs.rows(actor, view.id).items]
        runs.close()
    assert told[NONE] == told[LOCAL]
    assert told[NONE][0][1]["var.historical"] > 0
    assert len(firm_of) == 3


def test_a_run_that_is_stopped_keeps_what_is_there_and_says_so(services: Services, actor: Actor, firm_of: list[Portfolio],
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    runs, elsewhere = runs_at(services, NONE), runs_at(services, NONE)
    read = services.exposures.exposure
    asked: list[object] = []

    def reading(*given: object) -> object:
        if not asked:
            elsewhere.cancel(actor, runs.find(actor).items[0].id)  # as another process would
        asked.append(given[1])
        return read(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(firm_job, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(services.exposures, "exposure", reading)
    begun = runs.begin(actor)
    ended(runs, actor, begun.id)
    while begun.id in runs._jobs:
        time.sleep(0.02)
    view = runs.get(actor, begun.id)
    runs.close()
    assert (view.status, view.portfolios) == ("cancelled", 0)
    assert asked == [firm_of[0].id]
    assert elsewhere.cancel(actor, begun.id).status == "cancelled"
    elsewhere.close()


def test_an_ended_run_cannot_be_stopped(runs: FirmRuns, actor: Actor, firm_of: list[Portfolio]) -> None:
    view = ended(runs, actor, runs.begin(actor, FirmQuestion(portfolios=(firm_of[0].id,))).id)
    assert view.total == 1
    with pytest.raises(Conflict, match="done"):
        runs.cancel(actor, view.id)


def test_a_key_begins_one_run(runs: FirmRuns, actor: Actor, firm_of: list[Portfolio]) -> None:
    first, second = (runs.begin(actor, idempotency_key="once").id for _ in range(2))
    ended(runs, actor, first)
    assert first == second
    assert len(runs.find(actor).items) == 1
    assert len(firm_of) == 3


@pytest.mark.parametrize(("question", "field"), [
    (FirmQuestion(level=1.0), "level"), (FirmQuestion(period="2W"), "period"), (FirmQuestion(methods=("astrology",)), "methods"),
    (FirmQuestion(portfolios=()), "portfolios"),
])
def test_what_cannot_be_worked_out_is_refused_before_anything_is_written(runs: FirmRuns, actor: Actor, firm_of: list[Portfolio],
                                                                         question: FirmQuestion, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        runs.begin(actor, question)
    assert refused.value.context["field"] == field
    assert runs.find(actor).items == ()
    assert len(firm_of) == 3


def test_an_unknown_portfolio_and_a_workspace_without_any(runs: FirmRuns, actor: Actor) -> None:
    with pytest.raises(NotFound):
        runs.begin(actor, FirmQuestion(portfolios=(uuid4(),)))
    with pytest.raises(InvalidInput, match="no portfolio"):
        runs.begin(actor)


def test_a_cluster_that_is_not_there_ends_the_run_with_its_name(services: Services, actor: Actor, firm_of: list[Portfolio],
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    runs = runs_at(services, "tcp://127.0.0.1:9")
    view = ended(runs, actor, runs.begin(actor).id)
    runs.close()
    assert view.status == "failed"
    assert view.problem is not None
    assert view.problem["code"] == ClusterError.code
    assert "tcp://127.0.0.1:9" in view.problem["message"]
    assert len(firm_of) == 3
