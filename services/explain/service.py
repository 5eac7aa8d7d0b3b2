"""How any number comes about: its formula, conventions and inputs, what it rests on, and the call that gives it again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pandas as pd

from engine.errors import InvalidInput
from engine.types import Actor, Finding
from services.books.valuation import Valuation
from services.explain import gains as explain_gains
from services.explain import holdings as explain_holdings
from services.explain import performance as explain_performance
from services.explain import sale as explain_sale
from services.explain.evidence import chosen, facts, flows_of, prices_held, prices_measured, quoted, rates_marked
from services.explain.figures.analytics import ROOTS, Analytics
from services.explain.figures.analytics import figures as analytics_figures
from services.explain.holdings import CASH, OTHER, Held
from services.explain.table import FIGURES, figure_named, formula_of
from services.explain.told import call_of, told
from services.explain.views import AnalyticsQuestion, ExplainQuestion, Explanation, Figure, Grounds, Part
from services.explain.window import measured
from services.gains.rows import within
from services.gains.service import Gains
from services.gains.views import GainsQuestion, GainsView
from services.performance.service import Performance
from services.performance.views import PerformanceQuestion

IN_CENTS = "Screens add rows up in whole cents, so that what stands there adds up: up to half a cent a row from this number."
OF_FLOWS = frozenset({"net_contributions", "on_contributed", "total_pnl", "value"})  # figures of the whole that rest on what was paid in


class Explain:
    """Explains numbers from the same answers that show them."""

    def __init__(self, valuation: Valuation, performance: Performance, gains: Gains, analytics: Analytics) -> None:
        self._valuation, self._performance, self._gains, self.analytics = valuation, performance, gains, analytics

    def figures(self) -> list[Figure]:
        """List every number that can be explained."""
        return [*FIGURES.values(), *analytics_figures()]

    def explain(
        self, actor: Actor, scope: str | UUID, figure: str, *, symbol: str | None = None, question: ExplainQuestion | None = None
    ) -> Explanation:
        """Tell how a number comes about.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        figure : str
            A name of `figures`.
        symbol : str, optional
            What the figure is of, where it is of a part: a symbol or `cash:EUR`, a window (`1Y`), a month (`2024-03`), a group, a currency.
        question : ExplainQuestion, optional
            Under what question the number was shown.

        Raises
        ------
        InvalidInput
            No such figure, or none of such a part.
        NotFound
            No such portfolio in the actor's workspace.
        """
        asked = question or ExplainQuestion()
        if figure.partition(".")[0] in ROOTS and "." in figure:
            return self.analytics.explain(actor, str(scope), figure, (symbol or "").strip(), asked.analytics or AnalyticsQuestion())
        known = figure_named(figure)
        key = _key(known, symbol)
        ask = {"holdings": self._of_holdings, "performance": self._of_performance, "gains": self._of_gains, "sale": self._of_sale,
               "portfolios": self._of_portfolios}[known.answer]
        try:
            return told(known, key, str(scope), ask(actor, str(scope), known, key, asked))
        except (KeyError, ValueError, StopIteration):
            raise InvalidInput("symbol", symbol, f"has no {known.figure} in this answer", hint=_hint(known), rule="unknown_part") from None

    def _of_holdings(self, actor: Actor, scope: str, figure: Figure, key: str | None, asked: ExplainQuestion) -> Grounds:
        options = {"as_of": asked.as_of, "cost_method": asked.cost_method, "known_at": asked.known_at, "base_currency": asked.base_currency,
                   **booking_of(asked)}
        held = Held(scope, self._valuation.answered(actor, scope, **options))
        view, names = held.view, [each.partition("#")[0] for each in key.split(",")] if key else []
        row = held.row(names[0]) if len(names) == 1 else None
        return Grounds(
            explain_holdings.value_of(held, figure.figure, key),
            explain_holdings.inputs_of(held, figure.figure, key),
            str(row["currency"]) if row and figure.unit in {"local", "price"} else view.base_currency,
            conventions=[f"Cost method: {view.cost_method}", f"{'Now' if view.live else 'As of'}: {view.as_of.isoformat(timespec='seconds')}",
                         *([] if len(names) == 1 else [IN_CENTS])],
            call=call_of(scope, _answer_of(figure.figure, names), {**options, "as_of": asked.as_of or (None if view.live else view.as_of)}),
            path=_path_held(figure.figure, key),
            formula=formula_of(figure, key),
            prices=prices_held(held, names),
            flows=flows_of(held.answer.book.flows) if key is None and figure.figure in OF_FLOWS else (),
            transactions=facts(chosen(held.answer.book.effects, names)),
            findings=[each for each in view.findings if not names or each.context.get("symbol") in {None, *names}],
        )

    def _of_performance(self, actor: Actor, scope: str, figure: Figure, key: str | None, asked: ExplainQuestion) -> Grounds:
        question = _measured(asked)
        basis = self._performance.basis(actor, scope, question)
        view, window = basis.view, measured(basis, figure.figure, key)
        parts = [part.book.effects for part in basis.brief.asked.scene.parts]
        effects = pd.concat(parts) if parts else pd.DataFrame()
        first, last = (pd.Timestamp(day) for day in window.track.days[[window.first, window.last]])
        inside = effects[(effects["date"] > first) & (effects["date"] <= last)] if len(effects) else effects
        names = explain_performance.names_of(basis, figure.figure, key)
        own = names if figure.figure.startswith("contributions.") else []
        said = [f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in view.conventions.items()]
        gap = [Finding("no_answer", text) for text in [view.gaps.get(figure.figure)] if text]
        defaults = type(question)()
        changed = {each.name: value for each in fields_of(question) if (value := getattr(question, each.name)) != getattr(defaults, each.name)}
        return Grounds(
            *explain_performance.read(basis, figure.figure, key, names),
            view.base_currency,
            conventions=[f"Window: close of {view.start} to close of {view.end}, {view.label}", *said],
            call=call_of(scope, "performance", changed),
            path=" + ".join(_path_measured(figure.figure, name) for name in names) or _path_measured(figure.figure, key),
            formula="sum(members)" if len(names) > 1 else figure.formula,
            prices=prices_measured(basis, own),
            flows=window.flows(weighted=figure.figure == "modified_dietz"),
            transactions=facts(chosen(inside, own)),
            findings=[*gap, *view.findings],
        )

    def _of_gains(self, actor: Actor, scope: str, figure: Figure, key: str | None, asked: ExplainQuestion) -> Grounds:
        question = _realised(asked)
        view = self._gains.report(actor, scope, question)
        name = figure.figure.partition(".")[2]
        paid = self._paid(actor, scope, view, question, name) if name in explain_gains.PAID and figure.figure.startswith("gains.") else []
        asked_for = {each.name: getattr(question, each.name) for each in fields_of(question)}
        return Grounds(
            explain_gains.value_of(view, figure.figure, key),
            explain_gains.inputs_of(view, figure.figure, key, paid),
            view.base_currency,
            conventions=[
                f"Rules: {view.rules or 'cost method'}",
                f"Cost method: {view.cost_method}",
                f"From {view.start or 'the first day'} to {view.end or 'today'}",
            ],
            call=call_of(scope, "realised-gains", {**asked_for, "group": explain_gains.grouping_of(key)}),
            path=explain_gains.path_of(figure.figure, key),
            formula=figure.formula,
            transactions=explain_gains.facts_of(view, figure.figure, key),
            findings=view.findings,
        )

    def _paid(self, actor: Actor, scope: str, view: GainsView, question: GainsQuestion, name: str) -> list[Part]:
        options = {"as_of": question.as_of, "known_at": question.known_at, "base_currency": view.base_currency}
        effects = self._valuation.answered(actor, scope, **options).book.effects  # type: ignore[arg-type]
        kept = within(effects, view.start, view.end, day="date")
        summed = kept.groupby(kept["symbol"].fillna("no instrument"))[{"income": "income", "fees": "fee", "taxes": "tax"}[name]].sum()
        return [Part(str(symbol), float(value)) for symbol, value in summed.items() if value]

    def _of_sale(self, actor: Actor, scope: str, figure: Figure, key: str | None, asked: ExplainQuestion) -> Grounds:
        symbol, method, place = explain_sale.read_key(str(key))
        shared = {"known_at": asked.known_at, "base_currency": asked.base_currency}
        draft: Mapping[str, Any] = {name: value for name, value in ({"symbol": symbol} | shared | dict(asked.sale)).items() if value is not None}
        view = self._gains.simulate(actor, scope, draft)
        told_lot = f"methods[method={method}].{f'lots[{place - 1}].' if place else ''}"
        price = [] if view.price_given else [quoted(view.quote, view.simulation.date)]
        return Grounds(
            explain_sale.value_of(view, figure.figure, method, place),
            explain_sale.inputs_of(view, figure.figure, str(key), method, place),
            view.instrument.currency if figure.unit == "local" else view.base_currency,
            conventions=[f"Method: {method}", f"Day of the sale: {view.simulation.date}", "Nothing is recorded"],
            call=call_of(scope, "sale-simulation", draft),
            path=told_lot + figure.figure.partition(".")[2],
            formula=figure.formula,
            prices=[*rates_marked(view.marked, view.base_currency, {view.instrument.currency}, view.simulation.date), *price],
            findings=view.findings,
        )

    def _of_portfolios(self, actor: Actor, scope: str, figure: Figure, key: str | None, asked: ExplainQuestion) -> Grounds:
        """Tell what a portfolio, or a holding within it (`id:AAPL`), is of all."""
        portfolio, _, symbol = str(key).partition(":")
        past: dict[str, Any] = {"as_of": asked.as_of, "known_at": asked.known_at}
        rows = self._valuation.compare(actor, **past)
        own = next(row for row in rows if row.id == portfolio)
        every = [Part(row.name, row.value_display, f"value_display:{row.id}") for row in rows if math.isfinite(row.value_display)]
        options = {**past, "base_currency": asked.base_currency or self._valuation.answered(actor, **past).base}
        held = Held(portfolio, self._valuation.answered(actor, portfolio, **options))
        value = explain_holdings.value_of(held, "value" if symbol.startswith(CASH) else "market_value", symbol) if symbol else own.value_display
        call = call_of(portfolio, "holdings", options)
        path = _path_held("value" if symbol.startswith(CASH) or not symbol else "market_value", symbol or None)
        share = value / math.fsum(part.value for part in every)
        return Grounds(
            share if figure.figure == "share_of_total" else value,
            {"own_value": value, "every_value": every},
            held.view.base_currency,
            conventions=[f"Portfolio: {own.name}"],
            call=call,
            path=path if figure.figure == "value_display" else f"{path}, over totals.value of {call_of(scope, 'holdings', options)}",
            formula=figure.formula,
            prices=prices_held(held, [symbol] if symbol else []),
        )


# --------------------------------------------------------------------------------------------------------------------- reading the question


def _measured(asked: ExplainQuestion) -> PerformanceQuestion:
    """Give the question of a window; what it leaves open is that of the page."""
    given = asked.performance
    return replace(
        given,
        end=given.end or _day(asked.as_of),
        cost_method=given.cost_method or asked.cost_method,
        known_at=given.known_at or asked.known_at,
        base_currency=given.base_currency or asked.base_currency,
    )


def _realised(asked: ExplainQuestion) -> GainsQuestion:
    given = asked.gains
    return replace(
        given,
        as_of=given.as_of or _day(asked.as_of),
        known_at=given.known_at or asked.known_at,
        cost_method=given.cost_method or asked.cost_method,
        base_currency=given.base_currency or asked.base_currency,
        fees_in_cost=asked.fees_in_cost,
        lots_by=asked.lots_by,
    )


_USUAL = {"fees_in_cost": True, "lots_by": "account"}


def booking_of(asked: ExplainQuestion) -> dict[str, Any]:
    """Give what was asked of the booking, where it is not the usual."""
    told = {"fees_in_cost": asked.fees_in_cost, "lots_by": asked.lots_by}
    return {name: value for name, value in told.items() if value != _USUAL[name]}


def _key(figure: Figure, symbol: str | None) -> str | None:
    text = (symbol or "").strip()
    if figure.of and not text:
        raise InvalidInput("symbol", symbol, f"is needed: {figure.figure} is of a {figure.of}", hint=_hint(figure), rule="required")
    if not text:
        return None
    if figure.answer == "holdings":
        return ",".join(_held(each.strip()) for each in text.split(",") if each.strip())
    return text


def _held(text: str) -> str:
    """Read a symbol, a balance, or what belongs to neither."""
    if text.lower() == OTHER:
        return OTHER
    return f"{CASH}{text[len(CASH) :].upper()}" if text.lower().startswith(CASH) else text.upper()


def _hint(figure: Figure) -> str:
    return {
        "holding": "Send symbol=AAPL, or cash:EUR",
        "window": "Send symbol=1Y, a window of periods",
        "month or year": "Send symbol=2024-03 or 2024",
        "date": "Send symbol=2024-03-28, a day of the series",
        "currency": "Send symbol=EUR",
        "group": "Send group_by, and symbol with a key of groups",
        "lot": "Send symbol=AAPL#1 for the first open lot of GET /holdings/AAPL",
        "matched lot": "Send symbol with an id of gains in GET /realised-gains",
        "method": "Send symbol=AAPL:fifo and quantity, as to GET /sale-simulation",
        "lot sold": "Send symbol=AAPL:fifo#1 and quantity, as to GET /sale-simulation",
        "portfolio": "Send symbol with the id of a portfolio",
    }.get(figure.of, "Leave symbol out, or send a symbol that is held")


def _day(moment: date | datetime | None) -> date | None:
    return moment.date() if isinstance(moment, datetime) else moment


def _answer_of(figure: str, names: list[str]) -> str:
    return f"holdings/{names[0]}" if figure.startswith("lots.") else "holdings"


def _path_held(figure: str, key: str | None) -> str:
    if key is None:
        return f"totals.{figure}"
    if "," in key:
        return " + ".join(_path_held(figure, each) for each in key.split(","))
    if figure.startswith("lots."):
        return f"lots[{int(key.partition('#')[2]) - 1}].{figure.removeprefix('lots.')}"
    return f"cash_details[currency={key.removeprefix(CASH)}].{figure}" if key.startswith(CASH) else f"holdings[symbol={key}].{figure}"


def _path_measured(figure: str, key: str | None) -> str:
    section, _, name = figure.partition(".")
    if figure == "calendar":
        year, _, month = str(key).partition("-")
        return f"calendar[year={year}].{f'months[{int(month) - 1}]' if month else 'total'}"
    lists = {
        "windows": ("periods", "window"),
        "contributions": ("contributions", "name"),
        "groups": ("groups", "key"),
        "currency": ("currency", "currency"),
        "series": ("series", "date"),
    }
    if section in lists and name:
        return f"{lists[section][0]}[{lists[section][1]}={key}].{name}"
    return f"pnl_bridge.{name}" if section == "bridge" else figure
