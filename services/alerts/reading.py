"""What evaluation reads before it begins: rules, prices, scopes, and the figures of closed days that live ones are put beside."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

import pandas as pd

from data import calendar
from data.alert_records import StoredRule
from data.quarantine import QUARANTINED
from engine import simple_returns, value_at_risk
from engine.alerts import Measure
from engine.errors import NotFound, PortfolioError
from engine.types import Actor
from services.alerts.histories import Histories
from services.alerts.rule_fields import LEVEL, LOOKBACK, OF_SYMBOL_ALONE
from services.books.valuation import display_currency
from services.live.board import Price, price_of_view
from services.live.reader import Loaded, Reader
from services.views import ALL

if TYPE_CHECKING:
    from services import Services

MINIMUM: Final = 60  # returns without which there is no VaR, as in `rolling_value_at_risk`
BACKED: Final = frozenset({Measure.MOVE, Measure.DRAWDOWN, Measure.VAR})  # what closed days are needed for
ScopeKey = tuple[UUID, str]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Backing:
    """What closed days say of one rule: the last level of a scope's growth, the level a move starts from, the peak, the VaR."""

    base: float = math.nan
    start: float = math.nan
    peak: float = math.nan
    var: float = math.nan


@dataclass(frozen=True, slots=True)
class Basis:
    """All that was read, rule by rule where it is of rules."""

    day: date
    rules: tuple[StoredRule, ...]
    prices: Mapping[UUID, Price]  # by instrument
    scopes: Mapping[ScopeKey, Loaded]
    backing: tuple[Backing, ...]
    findings: tuple[float, ...]  # NaN but for rules on findings
    displays: Mapping[UUID, str]  # currency in which all portfolios of a workspace are told
    stamp: tuple[Any, ...]


def scope_key(rule: StoredRule) -> ScopeKey | None:
    """Name the scope whose figures a rule looks at; None where it looks at an instrument alone."""
    if rule.symbol is not None and Measure(rule.measure) in OF_SYMBOL_ALONE:
        return None
    return (rule.workspace_id, str(rule.portfolio_id or ALL))


class BasisReader:
    """Reads for the one process that evaluates; blocking, to be asked from a thread."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._histories = Histories(services.database, services.performance)
        self._reader = Reader(services, 1)

    def close(self) -> None:
        """Let the threads go."""
        self._reader.close()

    def stamp(self) -> tuple[Any, ...]:
        """Name the state of the rules."""
        with self._services.database.read() as unit:
            return unit.alerts.stamp()

    def read(self) -> Basis:
        """Read everything anew."""
        with self._services.database.read() as unit:
            stamp, rules = unit.alerts.stamp(), tuple(unit.alerts.active())
            displays = {each: display_currency(unit.portfolios.find(each)) for each in {rule.workspace_id for rule in rules}}
        today = calendar.today()
        scopes = self._scopes(rules)
        return Basis(today, rules, self._prices(rules), scopes, self._backing(rules, scopes, today), self.findings(rules), displays, stamp)

    def findings(self, rules: Sequence[StoredRule]) -> tuple[float, ...]:
        """Count the findings that each rule on findings is about."""
        counted: dict[Any, float] = {}
        return tuple(self._counted(rule, counted) if rule.measure == Measure.FINDING.value else math.nan for rule in rules)

    # ------------------------------------------------------------------------------------------------------------------------ inside

    def _prices(self, rules: Iterable[StoredRule]) -> dict[UUID, Price]:
        symbols: dict[Actor, set[str]] = {}
        for rule in rules:
            if rule.symbol:
                symbols.setdefault(actor_of(rule), set()).add(rule.symbol)
        return {view.instrument_id: price_of_view(view) for actor, names in symbols.items()
                for view in self._services.market.quotes(actor, sorted(names))}

    def _scopes(self, rules: Iterable[StoredRule]) -> dict[ScopeKey, Loaded]:
        """Read each scope once; one that cannot be valued is left out, and its rules are not known then."""
        found: dict[ScopeKey, Loaded] = {}
        for rule in rules:
            key = scope_key(rule)
            if key is not None and key not in found and rule.measure != Measure.FINDING.value:
                told = known(partial(self._reader.read, actor_of(rule), key[1]))
                if told is not None:
                    found[key] = told
        return found

    def _backing(self, rules: Sequence[StoredRule], scopes: Mapping[ScopeKey, Loaded], today: date) -> tuple[Backing, ...]:
        backed = [rule for rule in rules if Measure(rule.measure) in BACKED]
        ids = sorted({rule.instrument_id for rule in backed if rule.instrument_id and scope_key(rule) is None})
        closes = self._histories.closes(ids, _since(backed, today))
        growths = {key: self._growth(rule, key) for rule in backed if (key := scope_key(rule)) in scopes and key is not None}
        kept: dict[Any, Backing] = {}

        def of(rule: StoredRule) -> Backing:
            key = scope_key(rule)
            if Measure(rule.measure) not in BACKED or (key is not None and key not in growths):
                return Backing()
            name = (key or rule.instrument_id, rule.measure, tuple(sorted(rule.options.items())))
            if name not in kept:
                levels = growths[key] if key is not None else closes[rule.instrument_id].dropna()
                kept[name] = backing_of(Measure(rule.measure), levels[levels.index < pd.Timestamp(today)], rule.options)
            return kept[name]

        return tuple(of(rule) for rule in rules)

    def _growth(self, rule: StoredRule, key: ScopeKey) -> pd.Series:
        found = known(partial(self._histories.scope, actor_of(rule), key[1]))
        return pd.Series(dtype="float64", index=pd.DatetimeIndex([])) if found is None else found["growth"].dropna()

    def _counted(self, rule: StoredRule, counted: dict[Any, float]) -> float:
        key, code = scope_key(rule), rule.options.get("code")
        name = (rule.workspace_id, key and key[1], rule.symbol, code)
        if name not in counted:
            found = known(partial(self._count, rule, str(rule.portfolio_id or ALL), code))
            counted[name] = math.nan if found is None else found
        return counted[name]

    def _count(self, rule: StoredRule, scope: str, code: str | None) -> float:
        """Count open findings of the ledger's checks, and quotes in quarantine, which belong to no portfolio."""
        actor = actor_of(rule)
        checks = [each.code for each in self._services.checks.find(actor, scope).findings if rule.symbol in {None, each.symbol}] \
            if code != QUARANTINED else []
        held = [QUARANTINED for each in self._services.market.quarantine(actor) if rule.symbol in {None, each.symbol}] if scope == ALL else []
        return float(sum(code in {None, each} for each in [*checks, *held]))


def actor_of(rule: StoredRule) -> Actor:
    """Give whoever a rule is evaluated for."""
    return Actor(rule.owner_id, rule.workspace_id, "alerts")


def known(read: Callable[[], Answer]) -> Answer | None:
    """Read what may not be there or not be told now; that is None."""
    try:
        return read()
    except NotFound:
        return None
    except PortfolioError as error:
        if error.status >= 500:
            raise
        return None


def backing_of(measure: Measure, levels: pd.Series, options: Mapping[str, Any]) -> Backing:
    """Tell what closed days say: levels before today, ascending."""
    if levels.empty:
        return Backing()
    base = float(levels.iloc[-1])
    if measure is Measure.MOVE:
        days = int(options.get("days", 1))
        return Backing(base=base, start=float(levels.iloc[-days]) if len(levels) >= days else math.nan)
    if measure is Measure.DRAWDOWN:
        lookback = options.get("lookback")
        return Backing(base=base, peak=float(levels.max() if lookback is None else levels.iloc[-(int(lookback) - 1):].max()))
    returns = simple_returns(levels).iloc[-int(options.get("lookback", LOOKBACK)):] if len(levels) > 1 else levels.iloc[:0]
    enough = int(returns.notna().sum()) >= min(MINIMUM, int(options.get("lookback", LOOKBACK)))
    return Backing(base=base, var=value_at_risk(returns, level=float(options.get("level", LEVEL))) if enough else math.nan)


def _since(rules: Iterable[StoredRule], today: date) -> date | None:
    """Tell from when on closes are needed; None: all there are."""
    days = 2
    for rule in rules:
        if rule.measure == Measure.DRAWDOWN.value and not rule.options.get("lookback"):
            return None
        days = max(days, int(rule.options.get("lookback") or rule.options.get("days") or 1))
    return today - timedelta(days=int(days * 1.6) + 30)
