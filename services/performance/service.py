"""How portfolios did: the one path from ledgers, closes and rates to every figure of performance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from uuid import UUID

import numpy as np
import pandas as pd

from data.cache import Cache
from data.database import Database, Unit
from engine import Panel
from engine.errors import InvalidInput, NotFound
from engine.types import Actor, Finding
from services.books.answers import Question
from services.books.service import Booked, Kept
from services.books.valuation import Valuation
from services.market.marks import last_rates, read_marks
from services.market.service import Market
from services.performance.cash import cash_findings, measured
from services.performance.figures import Asked, Basis, Beside, Brief, told
from services.performance.groups import OF_LEDGERS, Group, chosen, groups_of, groups_of_ledgers
from services.performance.json import Lines, as_json, digest
from services.performance.levels import read_levels
from services.performance.panels import Laid, Panels, Scene, findings_of, merged, nothing, state_of
from services.performance.question import checked, window
from services.performance.tables import day_table, nothing_by_day
from services.performance.track import Track
from services.performance.views import PerformanceQuestion, PerformanceView
from services.references import Reference, find_reference
from services.views import ALL

KEPT_VIEWS, KEPT_BESIDES = 128, 8
ANSWER_SECONDS = 3600
SATURDAY = 5


def most_named(names: Sequence[str]) -> str | None:
    """Give the name that stands most often; None where there is none, or where two stand as often."""
    counts = Counter(names).most_common(2)
    return counts[0][0] if counts and (len(counts) == 1 or counts[0][1] > counts[1][1]) else None


class Performance:
    """Performance of the actor's portfolios."""

    def __init__(self, database: Database, cache: Cache, market: Market, valuation: Valuation) -> None:
        self._database, self._cache, self._market, self._valuation = database, cache, market, valuation
        self._panels = Panels(database)
        self._views: Kept[PerformanceView] = Kept(KEPT_VIEWS)
        self._besides: Kept[Beside] = Kept(KEPT_BESIDES)
        self._lines = Lines()

    def performance(self, actor: Actor, scope: str | UUID = ALL, question: PerformanceQuestion | None = None) -> PerformanceView:
        """Measure a portfolio, a group within it, or all portfolios together, over a window.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all". Transfers between portfolios that are both in it are no flows.
        question : PerformanceQuestion, optional
            Window, group, benchmark and conventions; default everything since the first transaction, net, in base currency.

        Raises
        ------
        NotFound
            No such portfolio, group, benchmark or price index in the actor's workspace.
        InvalidInput
            A convention or a window that cannot be.
        """
        with self._database.read() as unit:
            asked = self._asked(unit, actor, str(scope), question or PerformanceQuestion())
            return self._views.get_or_compute(asked.key, lambda: self._view(unit, actor, asked))

    def answer(self, actor: Actor, scope: str | UUID = ALL, question: PerformanceQuestion | None = None) -> tuple[str, str]:
        """Give the same as JSON text, kept in Redis for every process until a ledger or a price changes.

        Returns
        -------
        tuple of str
            An object of everything but the series, and the list of the series.
        """
        with self._database.read() as unit:
            asked = self._asked(unit, actor, str(scope), question or PerformanceQuestion())

            def compute() -> str:
                return "\n".join(as_json(self._views.get_or_compute(asked.key, lambda: self._view(unit, actor, asked)), self._lines))

            head, _, series = self._cache.get_or_compute(f"performance:{asked.key}", compute, ANSWER_SECONDS).partition("\n")
        return head, series

    def history(self, actor: Actor, scope: str | UUID = ALL, start: date | None = None, end: date | None = None, *,
                known_at: datetime | None = None) -> pd.DataFrame:
        """Give value and net contributions day by day, without measuring anything.

        Returns
        -------
        DataFrame
            DatetimeIndex x `value market_value cash flow net_contributions missing`; empty without transactions.
        """
        with self._database.read() as unit:
            asked = self._asked(unit, actor, str(scope), PerformanceQuestion(start=start, end=end, benchmark="", known_at=known_at))
            laid = self._panels.laid(unit, actor, asked.scene)
        if not laid:
            return nothing_by_day()
        track = Track(merged(laid), asked.question)
        return day_table(track, track.place(asked.start), track.place(asked.end))

    def values(self, actor: Actor, scope: str | UUID = ALL) -> pd.DataFrame:
        """Give what each holding and each currency's cash was worth on working days, in base currency; NaN where a price is missing."""
        with self._database.read() as unit:
            asked = self._asked(unit, actor, str(scope), PerformanceQuestion(benchmark=""))
            laid = self._panels.laid(unit, actor, asked.scene)
        if not laid:
            return pd.DataFrame(index=pd.DatetimeIndex([], name="date"))
        panel = merged(laid)
        days = pd.DatetimeIndex(panel.days)
        rows = pd.DataFrame(np.where(panel.missing, np.nan, panel.value), index=days, columns=list(panel.rows))
        return rows[days.day_of_week < SATURDAY]

    def bridge(self, actor: Actor, scope: str | UUID = ALL, start: date | None = None, end: date | None = None, *,
               known_at: datetime | None = None) -> dict[str, float]:
        """Give the bridge alone: opening_value flows price fx income fees taxes corporate_actions closing_value residual."""
        with self._database.read() as unit:
            asked = self._asked(unit, actor, str(scope), PerformanceQuestion(start=start, end=end, benchmark="", known_at=known_at))
            laid = self._panels.laid(unit, actor, asked.scene)
        return {str(name): float(value) for name, value in merged(laid).between(asked.start, asked.end).bridge().items()} if laid else {}

    def laid(self, actor: Actor, scope: str | UUID, question: PerformanceQuestion, panels: Panels) -> Panel | None:
        """Lay a scope out with panels of one's own, kept or anew; None without transactions."""
        with self._database.read() as unit:
            laid = panels.laid(unit, actor, self._asked(unit, actor, str(scope), question).scene)
        return merged(laid) if laid else None

    # ------------------------------------------------------------------------------------------------------------------------ asking

    def _asked(self, unit: Unit, actor: Actor, scope: str, question: PerformanceQuestion, beside: Sequence[Reference] = ()) -> Asked:
        """Read what the question is about, and what else is looked at beside it, as far as it takes to name its answer."""
        sight = self._market.sight()
        asked = checked(question, sight.day)
        parts, stored, base = self._valuation.parts(unit, actor, Question(scope, None, asked.cost_method, asked.known_at, asked.base_currency),
                                                      for_movements=True)
        benchmark, findings = self._benchmark(unit, actor, asked, parts)
        inflation = unit.instruments.get(actor.workspace_id, asked.inflation) if asked.inflation else None
        symbols = {symbol for part in parts for symbol in part.symbols}
        compared = [*((benchmark,) if benchmark else ()), *beside]
        others = [each for reference in compared for each in reference.instruments]
        known = self._market.known(unit, actor, sorted({*symbols, *(each.symbol for each in others)}))
        currencies = {code for part in parts for code in part.currencies} | {each.currency for each in known.values()}
        marked = read_marks(unit, actor.workspace_id, sight, self._market.freshness, base=base, instruments=known, currencies=currencies,
                            stored=stored)
        scene = Scene(tuple(parts), known, base, sight.day, marked, asked.transfers_at, asked.known_at)
        start, end = window(asked, sight.day, scene.first)
        state = state_of(unit, actor, scene, [*others, *((inflation,) if inflation else ())], live=end == sight.day)
        revisions = [(str(part.portfolio.id), part.portfolio.revision, part.portfolio.version, part.book.cost_method.value) for part in parts]
        words = [(symbol, each.version) for symbol, each in known.items()]  # names, sectors and tags are told too
        paid = unit.instruments.actions_of([each.id for each in others]) if others else {}
        measures = [(each.key, each.version) for each in compared], sorted((str(key), actions) for key, actions in paid.items())
        key = digest(str(actor.workspace_id), scope, asdict(asked), revisions, start, end, sight.day, state, words, measures)
        return Asked(scope, asked, scene, start, end, benchmark, inflation, findings, key)

    @staticmethod
    def _benchmark(unit: Unit, actor: Actor, question: PerformanceQuestion, parts: Sequence[Booked]) -> tuple[Reference | None, tuple[Finding, ...]]:
        """Find what to compare with: what was asked for, else what most portfolios of the scope name."""
        if question.benchmark is not None:
            return (find_reference(unit, actor, question.benchmark) if question.benchmark else None), ()
        key = most_named([part.portfolio.benchmark for part in parts if part.portfolio.benchmark])
        if key is None:
            return None, ()
        try:
            return find_reference(unit, actor, key), ()
        except (NotFound, InvalidInput):
            message = f"The portfolio's benchmark {key} is not a known instrument or benchmark"
            return None, (Finding("benchmark_missing", message, context={"symbol": key}),)

    # --------------------------------------------------------------------------------------------------------------------- measuring

    def basis(self, actor: Actor, scope: str | UUID = ALL, question: PerformanceQuestion | None = None) -> Basis:
        """Give the same answer with what it was made of, to explain its figures from."""
        with self._database.read() as unit:
            asked = self._asked(unit, actor, str(scope), question or PerformanceQuestion())
            view = self._views.get_or_compute(asked.key, lambda: self._view(unit, actor, asked))
            names = {instrument.id: symbol for symbol, instrument in asked.scene.instruments.items()}
            closes = {day: unit.instruments.last_closes(list(names), on_or_before=day).rename(index=names) if names else pd.DataFrame()
                      for day in (asked.start, asked.end)}
            rates = {day: last_rates(unit, actor.workspace_id, on_or_before=day) for day in (asked.start, asked.end)}
            return Basis(view, self._brief(unit, actor, asked), closes, rates)

    def beside(self, actor: Actor, scope: str | UUID, question: PerformanceQuestion, keys: Sequence[str] | None) -> Beside:
        """Give what an answer is made of, with the levels of any number of benchmarks on its days.

        Parameters
        ----------
        keys : sequence of str or None
            Of benchmarks; None for the one that the scope names itself.

        Raises
        ------
        NotFound
            No such portfolio, group or benchmark in the actor's workspace.
        """
        with self._database.read() as unit:
            references = [find_reference(unit, actor, key) for key in keys or ()]
            plain = question if keys is None else replace(question, benchmark="")
            asked = self._asked(unit, actor, str(scope), plain, references)
            return self._besides.get_or_compute(asked.key, lambda: self._beside(unit, actor, asked, references))

    def _beside(self, unit: Unit, actor: Actor, asked: Asked, references: Sequence[Reference]) -> Beside:
        """Lay out what an answer is made of, with more than one benchmark; without any named, beside the scope's own."""
        brief = self._brief(unit, actor, asked)
        levels = [read_levels(unit, actor, each, asked.scene.base, brief.panel.days, asked.scene.marked) for each in references]
        return Beside(brief, tuple([brief.levels] if brief.levels else levels))

    def _view(self, unit: Unit, actor: Actor, asked: Asked) -> PerformanceView:
        """Measure what was asked."""
        return told(self._brief(unit, actor, asked))

    def _brief(self, unit: Unit, actor: Actor, asked: Asked) -> Brief:
        """Lay out what an answer is made of."""
        scene, question = asked.scene, asked.question
        laid = measured(self._panels.laid(unit, actor, scene), question.cash)
        whole = merged(laid) if laid else nothing(scene.base, asked.start, asked.end)
        flows = [each.flows for each in laid]
        groups = self._groups(unit, actor, asked, laid) if question.group_by and laid else []
        one = chosen(groups, question.group_by, question.group) if question.group_by and question.group and laid else None
        panel = one.panel if one else whole
        if one or (laid and not any(each.has_cash for each in laid)):
            asked = replace(asked, question=replace(question, flow_timing=question.part_timing))
        levels, prices = (None if each is None else read_levels(unit, actor, each, currency, panel.days, scene.marked)
                          for each, currency in ((asked.benchmark, scene.base), (asked.inflation, None)))
        findings = (*findings_of(scene, laid), *cash_findings(laid, question.cash), *asked.findings)
        return Brief(asked, panel, flows if one is None else [], one, groups, levels, prices, findings, is_empty=not laid)

    def _groups(self, unit: Unit, actor: Actor, asked: Asked, laid: Sequence[Laid]) -> list[Group]:
        kind = str(asked.question.group_by)
        if kind not in OF_LEDGERS:
            return groups_of(kind, merged(laid), asked.scene.instruments)
        scene = asked.scene
        if kind == "portfolio":
            apart = self._panels.laid(unit, actor, scene, apart=True) if len(scene.parts) > 1 else laid
        else:
            books = [self._valuation.accounts(part, scene.instruments, scene.known_at) for part in scene.parts]
            apart = self._panels.accounts(unit, actor, scene, books)
        return groups_of_ledgers(kind, measured(apart, asked.question.cash), [part.portfolio for part in scene.parts])
