"""Turns an answer of the performance service into the rows that `components.performance` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from components import cards, theme
from components.controls import link
from components.figures import Flow
from components.figures_performance import Growth, Step
from components.performance import COSTS, TIMINGS, Bar, Effect, Facts, Method, Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from dash.development.base_component import Component

    from engine.types import Finding
    from services.performance.views import PerformanceView
    from services.views import HoldingsView

WINDOWS = {"MTD": "Month to date", "1M": "1 month", "3M": "3 months", "QTD": "Quarter to date", "6M": "6 months", "YTD": "Year to date",
           "1Y": "1 year", "3Y": "3 years", "5Y": "5 years", "10Y": "10 years", "ITD": "Inception"}
NOUNS = {"symbol": ("holding", "Holding"), "sector": ("sector", "Sector"), "asset_class": ("class", "Class"), "currency": ("currency", "Currency"),
         "account": ("account", "Account"), "tag": ("tag", "Tag"), "portfolio": ("portfolio", "Portfolio")}
PERIOD = ("twr", "benchmark", "active", "mwr_period")  # columns of a window as it is, and of a year of it
YEARLY = ("annualised", "benchmark_annualised", "active_annualised", "mwr")
MODES = {"base": "", "local": ", currencies held constant", "hedged": ", hedged"}
CENT = 0.005
DISTINCT = 5e-5  # what two decimals of a percent can tell apart
DAYS_OF_A_YEAR = 366


def has_history(view: PerformanceView) -> bool:
    """Whether there are two days to draw a line between."""
    return len(view.series) > 1 and view.series["growth"].notna().sum() > 1


def nothing(view: PerformanceView) -> Component:
    """Say why there is nothing to measure."""
    if view.conventions.get("group"):
        return cards.blank("Nothing of this kind was held", f"{view.label} had no value between {theme.day(view.start)} and {theme.day(view.end)}.")
    return cards.blank("No history yet", "Performance begins the day after the first transaction.", link("Record a transaction", "/transactions"))


def facts(view: PerformanceView) -> Facts:
    """Collect what stands around the figures."""
    dates = view.flows["date"].nunique() if len(view.flows) else 0
    said = view.conventions
    return Facts(shown_figures(view), view.gaps, view.base_currency, said.get("costs", "net"), said.get("flow_timing", "start"), int(dates),
                 benchmark_name(view))


def shown_figures(view: PerformanceView) -> dict[str, float]:
    """Give the figures as the page shows them: the money-weighted return of the window, and a year's only past a year."""
    own = {"mwr": view.figures.get("mwr_period", view.figures.get("mwr", float("nan")))}
    none = {} if is_yearly(view) else dict.fromkeys(("twr_annualised", "mwr_annualised", "active_return_annualised"), float("nan"))
    return {**view.figures, **own, **none}


def benchmark_name(view: PerformanceView) -> str | None:
    """Name what the page compares with."""
    return (view.benchmark[1] or view.benchmark[0]) if view.benchmark else None


def when(view: PerformanceView) -> str:
    """Give the page's subtitle: which days, whose, in what."""
    return f"{theme.day(view.start)} to {theme.day(view.end)}, {view.label}, {view.base_currency}"


def measured(view: PerformanceView) -> str:
    """Say by which return, after what."""
    return f"TWR{MODES[view.conventions.get('currency_mode', 'base')]}"


def growth_note(view: PerformanceView) -> str:
    """Say how growth is measured, in the panel's foot."""
    said = view.conventions
    told = f"Time-weighted by day, {COSTS[said.get('costs', 'net')]}, {TIMINGS[said.get('flow_timing', 'start')]}"
    return told + MODES[said.get("currency_mode", "base")] + (". Prices are partly simulated." if view.simulated else ".")


def foot(view: PerformanceView) -> str:
    """Say at the foot of a printed sheet what was measured, and how."""
    said = {key.replace("_", " "): value for key, value in view.conventions.items() if value}
    return f"{when(view)}. {growth_note(view)} " + "; ".join(f"{key} {value}" for key, value in said.items()) + "."


def is_yearly(view: PerformanceView) -> bool:
    """Whether the window is longer than a year, so that a return per year says more."""
    return past_a_year(view.start, view.end)


def past_a_year(start: date, end: date) -> bool:
    """Whether more than a year lies between two days."""
    return (end - start).days > DAYS_OF_A_YEAR


# -------------------------------------------------------------------------------------------------------------------------- growth


def growth(view: PerformanceView) -> Growth:
    """Give the lines from the first day that has growth."""
    frame = view.series[view.series["growth"].notna().cummax()]
    other = frame["benchmark_growth"] if view.benchmark and "benchmark_growth" in frame else None
    has = other is not None and bool(other.notna().any())
    return Growth([day.date() for day in frame.index], frame["growth"].tolist(), other.tolist() if has and other is not None else [], flows(view))


def flows(view: PerformanceView) -> list[Flow]:
    """List the money that crossed the border, by day."""
    if not len(view.flows):
        return []
    days = view.flows.assign(date=pd.to_datetime(view.flows["date"])).groupby("date")["amount"].sum()
    return [Flow(day.date(), float(amount)) for day, amount in days.items() if abs(amount) >= CENT]


def flow_names(view: PerformanceView) -> tuple[str, str]:
    """Name money that comes and goes: of a part of a portfolio it is what was bought, paid out and sold."""
    return ("put in", "taken out") if view.conventions.get("group") else ("deposit", "withdrawal")


def flows_by_day(view: PerformanceView) -> dict[str, float]:
    """Give the flows as the hover box looks them up."""
    return {flow.date.isoformat(): round(flow.amount, 2) for flow in flows(view)}


def spoken_growth(view: PerformanceView) -> str:
    """Say what the chart shows, for those who do not see it."""
    name, other = benchmark_name(view), view.figures.get("benchmark_twr")
    against = f"; {name} {theme.percent(other)}, active {theme.percent(view.figures.get('active_return'))}" if name else ""
    return f"Growth from {theme.day(view.start)} to {theme.day(view.end)}: {view.label} {theme.percent(view.figures.get('twr'))}{against}"


def windows(view: PerformanceView) -> list[Window]:
    """Give the returns by window; those of more than a year are a year's."""
    found = []
    for key, name in WINDOWS.items():
        if key in view.windows.index:
            row = view.windows.loc[key]
            start, end = pd.Timestamp(row["start"]).date(), pd.Timestamp(row["end"]).date()
            yearly = past_a_year(start, end)
            found.append(Window(name, yearly, start, *(row[column] for column in (YEARLY if yearly else PERIOD)), key=key))
    return found


# -------------------------------------------------------------------------------------------------------------------------- bridge


def steps(view: PerformanceView, *, now: bool) -> list[Step]:
    """Give the bridge's steps; none where one of them is unknown."""
    told = view.bridge
    if not told or not all(theme.known(value) for value in told.values()):
        return []
    middle = [*_flow_steps(view), Step("Price", "Price", told["price"], "gain"), Step("Currency", "FX", told["fx"], "gain"),
              Step("Income", "Income", told["income"], "gain"), Step("Fees", "Fees", -told["fees"], "gain"),
              Step("Taxes", "Taxes", -told["taxes"], "gain"), Step("Company actions", "Actions", told["corporate_actions"], "gain")]
    closing = Step("Value now", "Now", told["closing_value"], "total") if now else _total(view.end, told["closing_value"])
    return [_total(view.start, told["opening_value"]), *(step for step in middle if abs(step.amount) >= CENT or step.name == "Price"), closing]


def _total(day: date, amount: float) -> Step:
    return Step(f"Value, {theme.day(day)}", str(day.year), amount, "total")


def _flow_steps(view: PerformanceView) -> list[Step]:
    """Contributions and withdrawals apart, where the list of flows tells them."""
    amounts = view.flows["amount"] if len(view.flows) else pd.Series(dtype="float64")
    paid_in, taken = float(amounts[amounts > 0].sum()), float(amounts[amounts < 0].sum())
    if abs(paid_in + taken - view.bridge["flows"]) >= CENT:
        return [Step("Flows", "Flows", view.bridge["flows"], "flow")]
    names = ("Put in", "Taken out") if view.conventions.get("group") else ("Contributions", "Withdrawals")
    return [Step(names[0], "In", paid_in, "flow"), Step(names[1], "Out", taken, "flow")]


def spoken_bridge(told: Sequence[Step], currency: str) -> str:
    """Say what the bridge shows, for those who do not see it."""
    return f"What moved the value, in {currency}: {'; '.join(f'{step.name} {theme.money(step.amount)}' for step in told)}"


# -------------------------------------------------------------------------------------------------------------------- contributions


def bars(view: PerformanceView, by: str) -> list[Bar]:
    """Give a bar for each holding or group; a press on it narrows the page, unless it is narrowed already."""
    section = "contributions" if by == "symbol" else "groups"
    frame, narrowed = (view.contributions, bool(view.conventions.get("group"))) if by == "symbol" else (view.groups, False)
    return [Bar(_key(row, by, narrowed=narrowed), _said(str(row["name"])), str(row.get("label") or row["name"]), float(row["contribution"]),
                row.get("return"), row.get("weight"), row.get("pnl"), f"{section}:{row['name'] if by == 'symbol' else row['key']}")
            for row in frame.to_dict("records") if abs(row["contribution"]) >= 5e-7 or abs(row["pnl"]) >= CENT]


def _said(name: str) -> str:
    return f"Cash {name.partition(':')[2]}" if name.startswith("cash:") else name


def _key(row: dict[Any, Any], by: str, *, narrowed: bool) -> str:
    key = row.get("key") or ("" if by != "symbol" or str(row["name"]).startswith("cash:") else row["name"])
    return "" if narrowed or not key else f"{by}:{key}"


# --------------------------------------------------------------------------------------------------------------- methods, currency

METHODS = (
    ("twr", "TWR", "What the choice of holdings earned, whenever money came", "twr_annualised"),
    ("mwr", "MWR", "What your money earned, with the days it came", "mwr_annualised"),
    ("modified_dietz", "Modified Dietz", "Gain over capital weighted by days", ""),
    ("simple_dietz", "Simple Dietz", "Gain over capital, flows half way", ""),
    ("simple_return", "Simple return", "Gain over the opening value", ""),
    ("roi", "ROI", "Gain over all the capital put in", ""),
)
OTHERS = (
    ("twr_gross", "TWR gross", "Before fees and taxes"),
    ("local_twr", "TWR local", "With currencies held constant"),
    ("hedged_twr", "TWR hedged", "With the forward premium in place of the currency"),
    ("real_twr", "TWR real", "After inflation"),
)


def methods(view: PerformanceView) -> list[Method]:
    """Put the ways to measure beside each other; those of which nothing is known beyond the first are left out."""
    found = shown_figures(view)
    main = [Method(name, meaning, found.get(key), found.get(yearly), view.gaps.get(key, ""), "mwr_period" if key == "mwr" else key, yearly)
            for key, name, meaning, yearly in METHODS]
    others = [Method(name, meaning, found.get(key), None, figure=key) for key, name, meaning in OTHERS
              if theme.known(found.get(key)) and abs(found[key] - found["twr"]) >= DISTINCT]
    if theme.known(found.get("hedged_twr")) and abs(found["hedged_twr"] - found.get("local_twr", 0.0)) < DISTINCT:
        others = [other for other in others if other.name != "TWR hedged"]  # without interest rates a hedge is the local return
    return main + others


def effects(view: PerformanceView) -> list[Effect]:
    """Split the return by currency; nothing where there is only the base currency."""
    frame = view.currency
    if not len(frame) or [*frame.index] == [view.base_currency] or frame[["local", "fx", "cross", "base"]].isna().to_numpy().any():
        return []
    order = frame.reindex(frame["base"].abs().sort_values(ascending=False).index)
    return [Effect(str(code), row["weight"], float(row["local"]), float(row["fx"]), float(row["cross"]), float(row["base"]))
            for code, row in order.iterrows()]


def calendar(view: PerformanceView) -> dict[int, list[float | None]]:
    """Give thirteen figures a year, the last of the whole year."""
    columns = [*range(1, 13), "total"]
    return {int(year): [float(value) if theme.known(value) else None for value in row] for year, row in
            zip(view.calendar.index, view.calendar.reindex(columns=columns).to_numpy(), strict=True)}


# --------------------------------------------------------------------------------------------------------------- findings, choices


def sentence(finding: Finding) -> str:
    """Give a finding as a sentence."""
    text = f"{finding.message[:1].upper()}{finding.message[1:]}"
    return text if text.endswith(".") else f"{text}."


def groups(view: HoldingsView, accounts: Sequence[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give what the page can be narrowed to, from what is held now."""
    held = [view.instruments[symbol] for symbol in view.snapshot.holdings["symbol"]]
    cash = set(view.snapshot.cash["currency"]) if len(view.snapshot.cash) else set()
    named = {
        "sector": {each.sector for each in held if each.sector}, "asset_class": {each.asset_class.value for each in held},
        "currency": {each.currency for each in held} | cash, "account": {*accounts},
        "tag": {tag for each in held for tag in getattr(each, "tags", ())},
    }
    found = [(NOUNS[by][1], [(f"{by}:{value}", value.capitalize() if by == "asset_class" else value) for value in sorted(values)])
             for by, values in named.items() if len(values) > 1]
    holdings = [(f"symbol:{each.symbol}", f"{each.symbol}  {each.name}") for each in sorted(held, key=lambda each: each.symbol)]
    several = [(f"portfolio:{key}", name) for key, name in view.portfolios.items()] if len(view.portfolios) > 1 else []
    return [("Portfolio", several), *found, ("Holding", holdings)]
