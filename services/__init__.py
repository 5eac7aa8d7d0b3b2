"""The one path to every number and every write: the page, the REST route, the stream and the command line ask here.

Every call takes the `Actor` first and is synchronous: call it from a thread, never on the event loop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from services.accounts import Accounts
from services.advice.custom_rules import CustomRules
from services.advice.drafts import Drafts
from services.advice.evidence_runs import EvidenceRuns
from services.advice.facts import FactsReader
from services.advice.household import Households
from services.advice.models import Models
from services.advice.newcomers import Newcomers
from services.advice.optimising import Optimising
from services.advice.plans import Plans
from services.advice.policy import Policies
from services.advice.proposals import Proposals
from services.advice.rebalancing import Rebalancing
from services.advice.replays import Replays
from services.advice.standing import Standings
from services.advice.suggestions import Suggestions
from services.advice.timelines import Timelines
from services.advice.what_if import WhatIf
from services.advice.what_if_stress import StressOf
from services.advice.what_ifs import WhatIfs
from services.alerts import Alerts, build_alerts
from services.attribution.attributions import Attributions
from services.attribution.concentration import Concentrations
from services.attribution.factor_sets import FactorSets
from services.attribution.factors import Factors
from services.audit import Audit
from services.benchmark.blends import Blends
from services.benchmark.compare import Benchmark
from services.books.valuation import Valuation
from services.constituents.book import Books
from services.constituents.service import Constituents
from services.explain.figures.analytics import Analytics
from services.explain.service import Explain
from services.gains.service import Gains
from services.history.service import History
from services.imports.dropped import DroppedFiles
from services.imports.exports import Exports
from services.imports.service import Imports
from services.instruments import Instruments
from services.ledger.transactions import Transactions
from services.ledger.transfers import Transfers
from services.live import Hub
from services.market.candles import Charts
from services.market.endpoints import Endpoints
from services.market.providers import Providers
from services.market.service import Market
from services.performance.service import Performance
from services.portfolios import Portfolios
from services.rates.rates import Rates
from services.recent import Recent
from services.renames import Renames
from services.review.checks import Checks
from services.review.reconcile import Reconcile
from services.risk.exposures import Exposures
from services.risk.firm import FirmRuns
from services.risk.sheet import Risk
from services.risk.var import ValueAtRisk
from services.searching import Searching
from services.status import Status
from services.stress.scenarios import Scenarios
from services.stress.stress import Stress
from services.undoing import Undoer
from services.watchlists import Watchlists
from services.writes import Writes

if TYPE_CHECKING:
    from data.bus import Bus
    from data.cache import Cache
    from data.database import Database
    from data.feed import Feed
    from data.settings import Settings


@dataclass(frozen=True)
class Services:
    """Every service of a process with the long-lived parts they stand on."""

    settings: Settings
    database: Database
    bus: Bus
    cache: Cache
    feed: Feed
    accounts: Accounts
    portfolios: Portfolios
    instruments: Instruments
    transactions: Transactions
    transfers: Transfers
    renames: Renames
    valuation: Valuation
    gains: Gains
    performance: Performance
    attributions: Attributions
    factors: Factors
    concentrations: Concentrations
    constituents: Constituents
    exposures: Exposures
    firm: FirmRuns
    risk: Risk
    rebalancing: Rebalancing
    households: Households
    proposals: Proposals
    optimising: Optimising
    explain: Explain
    market: Market
    endpoints: Endpoints
    history: History
    providers: Providers
    dropped_files: DroppedFiles
    imports: Imports
    exports: Exports
    checks: Checks
    audit: Audit
    reconcile: Reconcile
    rates: Rates
    scenarios: Scenarios
    stress: Stress
    value_at_risk: ValueAtRisk
    what_if: WhatIf
    what_ifs: WhatIfs
    plans: Plans
    evidence: EvidenceRuns
    replays: Replays
    models: Models
    watchlists: Watchlists
    blends: Blends
    benchmark: Benchmark
    searching: Searching
    charts: Charts
    alerts: Alerts
    policies: Policies
    custom_rules: CustomRules
    suggestions: Suggestions
    drafts: Drafts
    hub: Hub | None = None  # None only while it is being built

    @cached_property
    def recent(self) -> Recent[Any]:
        """What every session is told the same for a moment."""
        return Recent(2_000)

    @cached_property
    def status(self) -> Status:
        """How all of them fare."""
        return Status(self)

    def close(self) -> None:
        """Close every connection, after the import that is at work."""
        self.firm.close()
        self.evidence.close()
        self.replays.close()
        self.optimising.close()
        self.imports.close()
        self.searching.close()
        self.database.close()
        self.bus.close()
        self.cache.close()


def build(settings: Settings, database: Database, bus: Bus, cache: Cache, feed: Feed) -> Services:
    """Put the services on the parts the app has built, the hub last, because it asks all others."""
    writes = Writes(database, bus)
    market = Market(settings, writes, feed)
    valuation = Valuation(database, market)
    performance = Performance(database, cache, market, valuation)
    exposures, scenarios = Exposures(database, valuation, performance), Scenarios(writes)
    transactions = Transactions(writes, valuation)
    imports = Imports(writes)
    gains = Gains(database, market)
    accounts, instruments = Accounts(database), Instruments(writes)
    books, risk = Books(), Risk(database, exposures)
    concentrations, benchmark = Concentrations(database, exposures, books), Benchmark(database, performance, exposures, books)
    attributions, factors = Attributions(database, performance), Factors(database, performance, FactorSets(writes, settings.home / "factors"))
    stress = Stress(database, exposures, scenarios)
    analytics = Analytics(risk, concentrations, benchmark, attributions, factors, stress)
    policies, facts = Policies(writes, valuation), FactsReader(database, valuation, performance, exposures)
    custom_rules = CustomRules(writes, facts, policies, Timelines(database, performance))
    proposals, replays = Proposals(writes), Replays(writes)
    suggestions = Suggestions(writes, facts, policies, custom_rules, valuation, replays)
    folder = settings.quotes_folder or settings.home / "prices"
    newcomers = Newcomers(database, market)
    evidence = EvidenceRuns(writes, exposures)
    what_if = WhatIf(valuation, exposures, risk, newcomers, StressOf(database, scenarios))
    rebalancing = Rebalancing(database, Standings(database, market, valuation), exposures, policies.laid_out)
    services = Services(
        settings=settings, database=database, bus=bus, cache=cache, feed=feed, market=market, valuation=valuation,
        providers=Providers(settings, database, feed),
        history=History(database, bus, feed), gains=gains, accounts=accounts,
        performance=performance, exposures=exposures, risk=risk, explain=Explain(valuation, performance, gains, analytics),
        proposals=proposals,
        rebalancing=rebalancing, households=Households(database, rebalancing, valuation, exposures),
        rates=Rates(database, exposures), scenarios=scenarios, stress=stress,
        optimising=Optimising(writes, exposures, policies.laid_out),
        what_if=what_if, what_ifs=WhatIfs(writes, what_if), plans=Plans(exposures, newcomers),
        evidence=evidence, replays=replays, models=Models(database, valuation, exposures, evidence),
        firm=FirmRuns(writes, exposures, settings.engine_cluster),
        blends=Blends(writes), benchmark=benchmark,
        value_at_risk=ValueAtRisk(database, exposures), concentrations=concentrations, constituents=Constituents(writes, books),
        portfolios=Portfolios(writes), instruments=instruments, transactions=transactions, endpoints=Endpoints(settings, writes),
        dropped_files=DroppedFiles(folder, accounts.local, market, instruments),
        transfers=Transfers(writes, transactions), renames=Renames(writes), imports=imports, exports=Exports(database, valuation, performance),
        checks=Checks(writes, valuation), audit=Audit(writes, Undoer(imports.take_back)), reconcile=Reconcile(writes, valuation),
        watchlists=Watchlists(writes), searching=Searching(database, feed), charts=Charts(database, market),
        alerts=build_alerts(settings, writes, performance), attributions=attributions,
        factors=factors,
        policies=policies, custom_rules=custom_rules, suggestions=suggestions,
        drafts=Drafts(database, suggestions, policies, proposals),
    )
    return replace(services, hub=Hub(services))
