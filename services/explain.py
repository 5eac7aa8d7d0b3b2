"""How any number comes about: its formula, conventions and inputs, what it rests on, and the call that gives it again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields as fields_of
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pandas as pd

from engine.errors import InvalidInput
from engine.types import Actor, Finding
from services import explain_holdings, explain_performance
from services.explain_evidence import chosen, facts, flows_of, lots, prices_held, prices_measured
from services.explain_formula import evaluate, in_words, names_in, with_numbers
from services.explain_holdings import CASH, Held, rows_of
from services.explain_performance import Inputs
from services.explain_table import FIGURES, figure_named, formula_of
from services.explain_terms import TERMS
from services.explain_views import MOST, ExplainQuestion, Explanation, FactUsed, Figure, FlowUsed, Part, PriceUsed, Term
from services.gains import Gains
from services.gains_views import GainsView
from services.performance import Performance
from services.valuation import Valuation

NO_DEFAULTS = {"flow_timing": "start", "day_count": "act/365", "costs": "net", "currency_mode": "base", "transfers_at": "market"}


class Explain:
    """Explains numbers from the same answers that show them."""

    def __init__(self, valuation: Valuation, performance: Performance, gains: Gains) -> None:
        self._valuation, self._performance, self._gains = valuation, performance, gains

    def figures(self) -> list[Figure]:
        """List every number that can be explained."""
        return list(FIGURES.values())

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
        known, asked = figure_named(figure), question or ExplainQuestion()
        key = _key(known, symbol)
        told = {"holdings": self._of_holdings, "performance": self._of_performance, "gains": self._of_gains}[known.answer]
        try:
            return told(actor, str(scope), known, key, asked)
        except (KeyError, ValueError, StopIteration):
            raise InvalidInput("symbol", symbol, f"has no {known.figure} in this answer", hint=_hint(known), rule="unknown_part") from None

    def _of_holdings(self, actor: Actor, scope: str, figure: Figure, key: str | None, asked: ExplainQuestion) -> Explanation:
        options = {"as_of": asked.as_of, "cost_method": asked.cost_method, "known_at": asked.known_at, "base_currency": asked.base_currency}
        held = Held(scope, self._valuation.answered(actor, scope, **options))  # type: ignore[arg-type]
        view, row = held.view, held.row(key) if key else None
        call = _call(scope, "holdings", {**options, "as_of": asked.as_of or (None if view.live else view.as_of)})
        prices = prices_held(held, key)
        flows = (
            flows_of(held.answer.book.flows)
            if figure.figure in {"net_contributions", "on_contributed", "total_pnl", "value"} and key is None
            else []
        )
        effects = chosen(held.answer.book.effects, key)
        findings = [each for each in view.findings if key is None or each.context.get("symbol") in {None, key}]
        return _told(
            figure,
            key,
            scope,
            explain_holdings.value_of(held, figure.figure, key),
            explain_holdings.inputs_of(held, figure.figure, key),
            currency=_currency(figure, view.base_currency, row),
            conventions=[f"Cost method: {view.cost_method}", _moment(view.live, view.as_of)],
            prices=prices,
            flows=flows,
            effects=effects,
            findings=findings,
            call=call,
            path=_path_held(figure.figure, key),
        )

    def _of_performance(self, actor: Actor, scope: str, figure: Figure, key: str | None, asked: ExplainQuestion) -> Explanation:
        given = asked.performance
        shared: dict[str, Any] = {
            "cost_method": given.cost_method or asked.cost_method,
            "known_at": given.known_at or asked.known_at,
            "base_currency": given.base_currency or asked.base_currency,
        }
        question = replace(given, end=given.end or _day(asked.as_of), **shared)
        basis = self._performance.basis(actor, scope, question)
        view, window = basis.view, explain_performance.measured(basis, figure.figure, key)
        flows = window.flows(weighted=figure.figure == "modified_dietz")
        effects = (
            pd.concat([part.book.effects for part in basis.brief.asked.scene.parts]) if basis.brief.asked.scene.parts else pd.DataFrame()
        )
        first, last = (pd.Timestamp(day) for day in window.track.days[[window.first, window.last]])
        inside = effects[(effects["date"] > first) & (effects["date"] <= last)] if len(effects) else effects
        own = key if figure.figure.startswith("contributions.") else None
        said = [f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in view.conventions.items()]
        gap = [Finding("no_answer", text) for text in [view.gaps.get(figure.figure)] if text]
        return _told(
            figure,
            key,
            scope,
            explain_performance.value_of(basis, figure.figure, key),
            explain_performance.inputs_of(basis, figure.figure, key),
            currency=view.base_currency,
            conventions=[f"Window: close of {view.start} to close of {view.end}, {view.label}", *said],
            prices=prices_measured(basis, own),
            flows=flows,
            effects=chosen(inside, own),
            findings=[*gap, *view.findings],
            call=_call(
                scope,
                "performance",
                {
                    name: value
                    for each in fields_of(question)
                    if (name := each.name) and (value := getattr(question, name)) != NO_DEFAULTS.get(name)
                },
            ),
            path=_path_measured(figure.figure, key),
        )

    def _of_gains(self, actor: Actor, scope: str, figure: Figure, key: str | None, asked: ExplainQuestion) -> Explanation:
        question = replace(
            asked.gains,
            as_of=asked.gains.as_of or _day(asked.as_of),
            known_at=asked.gains.known_at or asked.known_at,
            cost_method=asked.gains.cost_method or asked.cost_method,
            base_currency=asked.gains.base_currency or asked.base_currency,
        )
        view = self._gains.report(actor, scope, question)
        name = figure.figure.removeprefix("gains.")
        inputs: Inputs = (
            {"lots": lots(view, name)}
            if name not in {"income", "fees", "taxes"}
            else {"by_instrument": self._paid(actor, scope, view, question, name)}
        )
        said = [
            f"Rules: {view.rules or 'cost method'}",
            f"Cost method: {view.cost_method}",
            f"From {view.start or 'the first day'} to {view.end or 'today'}",
        ]
        rows = view.rows
        sold = [
            FactUsed(str(row.transaction_id), row.closed.date(), str(row.kind), str(row.symbol), float(row.quantity), float(row.gain))
            for row in rows_of(rows)
        ]
        asked_for = {each.name: getattr(question, each.name) for each in fields_of(question)}
        told = _told(
            figure,
            key,
            scope,
            view.totals[name],
            inputs,
            currency=view.base_currency,
            conventions=said,
            prices=[],
            flows=[],
            effects=pd.DataFrame(),
            findings=view.findings,
            call=_call(scope, "realised-gains", asked_for),
            path=f"totals.{name}",
        )
        return replace(told, transactions=tuple(sold[-MOST:][::-1]), transaction_count=len(sold))

    def _paid(self, actor: Actor, scope: str, view: GainsView, question: Any, name: str) -> list[Part]:  # noqa: ANN401 - GainsQuestion
        effects = self._valuation.answered(
            actor, scope, as_of=question.as_of, known_at=question.known_at, base_currency=view.base_currency
        ).book.effects
        kept = effects[
            (effects["date"] >= pd.Timestamp(view.start or date.min.replace(year=1900)))
            & (effects["date"] < pd.Timestamp(view.end or date(2200, 1, 1)) + pd.Timedelta(days=1))
        ]
        summed = kept.groupby(kept["symbol"].fillna("no instrument"))[{"income": "income", "fees": "fee", "taxes": "tax"}[name]].sum()
        return [Part(str(symbol), float(value)) for symbol, value in summed.items() if value]


# -------------------------------------------------------------------------------------------------------------------------- putting together


def _told(  # noqa: PLR0913 - each is a part of the answer
    figure: Figure,
    key: str | None,
    scope: str,
    value: float,
    inputs: Inputs,
    *,
    currency: str,
    conventions: Sequence[str],
    prices: Sequence[PriceUsed],
    flows: Sequence[FlowUsed],
    effects: pd.DataFrame,
    findings: Sequence[Finding],
    call: str,
    path: str,
) -> Explanation:
    formula = formula_of(figure, key)
    named = [_term(name, inputs.get(name, math.nan), figure, key) for name in names_in(formula)]
    raw = {
        name: [part.value for part in cells] if isinstance(cells := inputs.get(name, math.nan), list) else cells
        for name in names_in(formula)
    }
    reproduced = evaluate(formula, raw)
    used = facts(effects)
    return Explanation(
        figure=figure.figure,
        symbol=key,
        scope=scope,
        title=f"{figure.title}{f', {key}' if key else ''}",
        value=_known(value),
        unit=figure.unit,
        currency=currency,
        formula=in_words(formula, named),
        expression=formula,
        with_numbers=with_numbers(formula, named),
        reproduced=_known(reproduced),
        conventions=(figure.convention, *conventions),
        inputs=tuple(named),
        prices=tuple(prices[:MOST]),
        price_count=len(prices),
        flows=tuple(flows[-MOST:]),
        flow_count=len(flows),
        transactions=tuple(used[:MOST]),
        transaction_count=len(used),
        findings=tuple(findings),
        source=figure.source,
        call=call,
        path=path,
    )


def _term(name: str, cells: float | list[Part], figure: Figure, key: str | None) -> Term:
    known = FIGURES.get(name)
    if name in TERMS and (known is None or (figure.answer == "holdings" and name == "opening_value")):
        title, unit, link = TERMS[name]
    else:
        title, unit, link = (known.title, known.unit, name) if known else (name.replace("_", " ").capitalize(), "money", None)
    is_of_row = link is not None and key is not None and figure.answer == "holdings" and name != "portfolio_value"
    windowed = figure.figure.startswith("windows.") or figure.figure == name
    target = None if windowed else f"{link}:{key}" if is_of_row or (link or "").startswith("currency.") else link
    if isinstance(cells, list):
        return Term(
            name,
            title,
            None,
            "fraction" if name == "rows" and figure.unit == "fraction" else figure.unit if name in {"rows", "lots"} else unit,
            None,
            tuple(cells),
            True,
        )
    return Term(name, title, _known(cells), unit, target)


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _key(figure: Figure, symbol: str | None) -> str | None:
    text = (symbol or "").strip()
    if figure.of and not text:
        raise InvalidInput("symbol", symbol, f"is needed: {figure.figure} is of a {figure.of}", hint=_hint(figure), rule="required")
    if not text:
        return None
    if figure.answer == "holdings":
        return f"{CASH}{text[len(CASH) :].upper()}" if text.lower().startswith(CASH) else text.upper()
    return text


def _hint(figure: Figure) -> str:
    return {
        "holding": "Send symbol=AAPL, or cash:EUR",
        "window": "Send symbol=1Y, a window of periods",
        "month or year": "Send symbol=2024-03 or 2024",
        "date": "Send symbol=2024-03-28, a day of the series",
        "currency": "Send symbol=EUR",
        "group": "Send group_by, and symbol with a key of groups",
    }.get(figure.of, "Leave symbol out, or send a symbol that is held")


def _day(moment: date | datetime | None) -> date | None:
    return moment.date() if isinstance(moment, datetime) else moment


def _moment(live: bool, at: datetime) -> str:  # noqa: FBT001 - a fact of the view
    return f"{'Now' if live else 'As of'}: {at.isoformat(timespec='seconds')}"


def _currency(figure: Figure, base: str, row: dict[str, Any] | None) -> str:
    return str(row["currency"]) if row and figure.unit in {"local", "price"} else base


def _call(scope: str, answer: str, query: dict[str, Any]) -> str:
    told = {name: value.isoformat() if isinstance(value, date) else str(value) for name, value in query.items() if value is not None}
    return f"/api/v1/portfolios/{scope}/{answer}{'?' if told else ''}{urlencode(told)}"


def _path_held(figure: str, key: str | None) -> str:
    if key is None:
        return f"totals.{figure}"
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
