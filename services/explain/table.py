"""The table of figures: what each number of the screens and of REST is, by which formula, and after whom."""

# ruff: noqa: E501 - a table reads in rows

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from engine.errors import InvalidInput
from services.explain.views import Figure

BACON = "Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed."
GIPS = "GIPS Standards 2020"
DIETZ = "Dietz, Pension Funds: Measuring Investment Performance (1966)"
KS = "Karnosky and Singer, Global Asset Management and Performance Attribution (1994)"
IFRS = "IFRS 13, IAS 21"
CFA = "CFA Institute curriculum"
LEDGER = "Double-entry identity of the ledger"
LINKS = "product(links) - 1"
CLOSE = (
    "Prices are the latest quote, or the last close on or before the day that is asked for; "
    "cash and prices in another currency at the rate of the same moment."
)
KNOWN = "A holding without price or rate is left out, and a finding says so."
DAILY = "Linked by day, a day with flows counting them at the start, the end or the middle, as chosen."

# figure, title, unit, formula, convention, source
_TOTALS = (
    ("value", "Value", "money", "market_value + cash", CLOSE, IFRS),
    ("market_value", "Market value", "money", "sum(holdings)", f"{CLOSE} {KNOWN}", IFRS),
    ("cash", "Cash", "money", "sum(balances)", "Balances of every currency at the rate of the moment.", "IAS 21"),
    ("cost_basis", "Cost of what is held", "money", "sum(costs)", f"Cost of the open lots at the rate of the day of purchase, fees and taxes in it. {KNOWN}", "IAS 21"),
    ("unrealised", "Unrealised gain", "money", "market_value - cost_basis", f"Against cost at the rate of the day of purchase. {KNOWN}", IFRS),
    ("realised", "Realised gain", "money", "sum(realised_gains)", "Of lots that were sold, by the cost method; fees and taxes of the trades are in it.", "Cost method of the portfolio"),
    ("income", "Income", "money", "sum(income_parts)", "Gross, at the rate of its day.", BACON),
    ("fees", "Fees apart", "money", "fees_paid - fees_in_trades", "What is in neither cost nor proceeds.", BACON),
    ("taxes", "Taxes apart", "money", "taxes_paid - taxes_in_trades", "What is in neither cost nor proceeds.", BACON),
    ("fees_paid", "Fees paid", "money", "sum(fee_parts)", "All fees, those of trades too, at the rate of their day.", BACON),
    ("taxes_paid", "Taxes paid", "money", "sum(tax_parts)", "All taxes, those of trades too, at the rate of their day.", BACON),
    ("fx_gain", "Currency gain on cash", "money", "sum(fx_gains)", "Balances at the rate of now, less what they were worth when they moved.", "IAS 21"),
    ("total_pnl", "Total P/L", "money", "unrealised + realised + income - fees - taxes + fx_gain", "Since the first transaction. Value is net contributions and total P/L together.", LEDGER),
    ("day_pnl", "Day P/L", "money", "sum(day_parts)", "Since the previous close, without what was paid in or out today.", BACON),
    ("day_return", "Day return", "fraction", "day_pnl / larger(abs(opening_value), abs(opening_value + moved_in))", "Over the value at the previous close, with today's flows where that is more.", BACON),
    ("net_contributions", "Net contributions", "money", "contributions - withdrawals", "External flows since the first transaction, at the rate of their day.", BACON),
    ("cost_excluded", "Cost without a value", "money", "sum(unpriced_costs)", "Cost of holdings that have no price or rate.", LEDGER),
    ("missing_value_count", "Rows without a value", "count", "count(unpriced_rows)", "Holdings and balances that have no price or rate.", LEDGER),
    ("stale_value", "Value at stale prices", "money", "sum(stale_parts)", "Holdings whose price should be newer by now, without sign.", LEDGER),
    ("stale_share", "Share at stale prices", "fraction", "sum(stale_parts) / sum(gross_parts)", "Of holdings without sign, and cash.", LEDGER),
    ("stale_count", "Holdings at stale prices", "count", "count(stale_parts)", "Holdings whose price should be newer by now.", LEDGER),
    ("on_cost", "On cost", "fraction", "total_pnl / cost_basis", "Total P/L over the cost of what is held and priced.", CFA),
    ("on_contributed", "On contributed", "fraction", "total_pnl / net_contributions", "Total P/L over external flows, whenever they came.", CFA),
    ("other_pnl", "Interest, fees and currency gains", "money", "total_pnl - sum(row_totals)", "What belongs to no instrument.", LEDGER),
    ("holdings_count", "Holdings", "count", "count(held_rows)", "Positions that are open.", LEDGER),
    ("up", "Holdings up today", "count", "above_zero(day_signs)", "By day P/L in cents.", BACON),
    ("down", "Holdings down today", "count", "below_zero(day_signs)", "By day P/L in cents.", BACON),
    ("unchanged", "Holdings unchanged today", "count", "count(day_signs) - above_zero(day_signs) - below_zero(day_signs)", "By day P/L in cents.", BACON),
    ("cash_share", "Cash share", "fraction", "cash / value", "Share of the value.", BACON),
)
_ROWS = (
    ("quantity", "Quantity", "units", "sum(open_lots)", "After splits; a short is negative.", LEDGER),
    ("price", "Price", "price", "quote", CLOSE, IFRS),
    ("previous_close", "Previous close", "price", "close", "Close of the trading day before.", IFRS),
    ("fx_rate", "Exchange rate", "rate", "rate", "Base currency units for one unit of the instrument's currency.", "IAS 21"),
    ("multiplier", "Multiplier", "units", "contract_size", "Units of the underlying in one contract.", "Terms of the contract"),
    ("average_cost", "Average cost", "price", "cost_basis_local / (quantity * multiplier)", "Of one unit, in the instrument's currency, fees and taxes of the purchase in it.", "Cost method of the portfolio"),
    ("cost_basis_local", "Cost in its currency", "local", "sum(lot_costs_local)", "Of the open lots, fees and taxes in it.", "Cost method of the portfolio"),
    ("market_value_local", "Market value in its currency", "local", "quantity * multiplier * price", CLOSE, IFRS),
    ("unrealised_local", "Unrealised gain in its currency", "local", "market_value_local - cost_basis_local", "Without the exchange rate.", IFRS),
    ("realised_local", "Realised gain in its currency", "local", "sum(gains_local)", "Of lots that were sold, without the exchange rate.", "Cost method of the portfolio"),
    ("weight", "Weight", "fraction", "row_value / portfolio_value", "Share of the value of the portfolio, cash in it.", BACON),
    ("balance", "Balance", "local", "sum(movements)", "Every movement of this currency's cash.", LEDGER),
)
_OPEN_LOTS = (
    ("quantity", "Quantity of a lot", "units", "sum(of_lot)", "What earlier sales left, after splits.", LEDGER),
    ("price", "Price of a lot", "price", "cost_local / (quantity * contract_size)", "Cost of one unit, fees and taxes of the purchase in it.", "Cost method of the portfolio"),
    ("cost_local", "Cost of a lot in its currency", "local", "sum(of_lot)", "Fees and taxes of the purchase in it.", "Cost method of the portfolio"),
    ("cost_base", "Cost of a lot", "money", "sum(of_lot)", "At the rate of the day of purchase, fees and taxes in it.", "IAS 21"),
    ("value", "Value of a lot", "money", "quantity * contract_size * unit_price * rate", CLOSE, IFRS),
    ("unrealised", "Unrealised gain of a lot", "money", "value - cost_base", "Against cost at the rate of the day of purchase.", IFRS),
)
_ROW_FORMULAS = MappingProxyType(
    {
        "market_value": "quantity * multiplier * price * fx_rate",
        "value": "balance * fx_rate",
        "cost_basis": "sum(lot_costs)",
        "realised": "sum(gains)",
        "income": "sum(income_parts)",
        "total_pnl": "unrealised + realised + income - fees - taxes",
        "day_pnl": "row_value - opening_value - moved_in",
        "fx_gain": "value - cost_basis",
    }
)
_GROUP_FORMULAS = MappingProxyType({"day_return": "day_pnl / (row_value - day_pnl)", "on_cost": "total_pnl / cost_basis"})
_CASH_FORMULAS = MappingProxyType({"cost_basis": "sum(movements_base)"})
_RETURNS = (
    ("twr", "Time-weighted return", "fraction", LINKS, DAILY, f"{GIPS}; {BACON}"),
    ("twr_annualised", "TWR a year", "fraction", "(1 + twr) ** (365.25 / days) - 1", "Never for less than a year.", GIPS),
    ("mwr", "Money-weighted return", "fraction", "(1 + irr(amounts, years)) ** years_told - 1", "A year's rate for a year or more, the window's for less.", f"{BACON}; {GIPS}"),
    ("mwr_period", "Money-weighted return of the window", "fraction", "(1 + mwr_yearly) ** years_of_window - 1", "The yearly rate over the days that money was at work in the window.", BACON),
    ("mwr_annualised", "MWR a year", "fraction", "irr(amounts, years)", "Never for less than a year.", f"{BACON}; {GIPS}"),
    ("simple_dietz", "Simple Dietz", "fraction", "(closing_value - opening_value - flows) / (opening_value + 0.5 * flows)", "Every flow half way.", DIETZ),
    ("modified_dietz", "Modified Dietz", "fraction", "(closing_value - opening_value - flows) / (opening_value + sum(weighted_flows))", "A flow counts for the part of the window that it was there.", f"{DIETZ}; GIPS"),
    ("roi", "Return on investment", "fraction", "pnl / invested", "What was taken out reduces nothing.", CFA),
    ("simple_return", "Simple return", "fraction", "pnl / opening_value", "Flows are taken out of the gain, not put into the capital.", CFA),
    ("twr_gross", "TWR before fees and taxes", "fraction", LINKS, "Fees and taxes put back on their day.", GIPS),
    ("twr_gross_of_fees", "TWR before fees", "fraction", LINKS, "Fees put back on their day.", GIPS),
    ("twr_net", "TWR net", "fraction", LINKS, "After fees and taxes.", GIPS),
    ("real_twr", "Real TWR", "fraction", "(1 + twr) / (1 + inflation) - 1", "Inflation by the price index that was chosen.", BACON),
    ("local_twr", "Local TWR", "fraction", LINKS, "Each day at the exchange rates of its opening.", KS),
    ("hedged_twr", "Hedged TWR", "fraction", LINKS, "Local return with the forward premium.", KS),
    ("benchmark_twr", "Benchmark return", "fraction", "benchmark_close / benchmark_open - 1", "Closes of the benchmark in the base currency, payments and splits put back; of a blend its wealth.", BACON),
    ("benchmark_annualised", "Benchmark a year", "fraction", "(1 + benchmark_twr) ** (365.25 / days) - 1", "Never for less than a year.", GIPS),
    ("active_return", "Active return", "fraction", "twr - benchmark_twr", "Arithmetic excess over the window.", BACON),
    ("active_return_annualised", "Active return a year", "fraction", "twr_annualised - benchmark_annualised", "Never for less than a year.", BACON),
    ("tracking_error", "Tracking error", "fraction", "sqrt(squared_deviations / (days_counted - 1)) * sqrt(252)", "Of daily active returns, a year of 252 days.", BACON),
    ("information_ratio", "Information ratio", "ratio", "mean_active * 252 / tracking_error", "Daily active returns, a year of 252 days.", BACON),
    ("volatility", "Volatility", "fraction", "sqrt(squared_deviations / (days_counted - 1)) * sqrt(252)", "Sample standard deviation of daily returns, a year of 252 days.", CFA),
    ("max_drawdown", "Maximum drawdown", "fraction", "growth_at_trough / growth_at_peak - 1", "By daily closes, the start counting as a peak.", BACON),
    ("best_day", "Best day", "fraction", "largest(best_days)", "By closes.", BACON),
    ("worst_day", "Worst day", "fraction", "smallest(worst_days)", "By closes.", BACON),
    ("best_month", "Best month", "fraction", "largest(month_returns)", "Calendar months, those at the ends as far as the window reaches.", BACON),
    ("worst_month", "Worst month", "fraction", "smallest(month_returns)", "Calendar months, those at the ends as far as the window reaches.", BACON),
    ("months_positive", "Months above zero", "count", "above_zero(month_returns)", "Calendar months.", BACON),
    ("months", "Months", "count", "count(month_returns)", "Calendar months with a return.", BACON),
    ("up_capture", "Up capture", "fraction", "mean_own / mean_benchmark", "Geometric means of the months in which the benchmark rose.", BACON),
    ("down_capture", "Down capture", "fraction", "mean_own / mean_benchmark", "Geometric means of the months in which the benchmark fell.", BACON),
    ("opening_value", "Opening value", "money", "sum(opening_rows)", "At the close of the first day.", IFRS),
    ("closing_value", "Closing value", "money", "sum(closing_rows)", "At the close of the last day, or now.", IFRS),
    ("pnl", "Gain of the window", "money", "closing_value - opening_value - flows", "Flows are external; with gross returns fees and taxes are put back.", BACON),
    ("invested", "Capital put in", "money", "opening_value + flows_in", "What was taken out reduces nothing.", CFA),
    ("return_gap", "Return gap", "fraction", "mwr_period - twr", "What the timing of flows added.", "Morningstar, Mind the Gap"),
)
_BRIDGE_FORMULA = "bridge_opening + bridge_flows + bridge_price + bridge_fx + bridge_income - bridge_fees - bridge_taxes + bridge_actions"
_BRIDGE = (
    ("opening_value", "Bridge: opening value", "money", "sum(rows)", "At the close of the first day.", BACON),
    ("flows", "Bridge: flows", "money", "sum(rows)", "External flows of the window.", BACON),
    ("flows_in", "Bridge: paid in", "money", "sum(flow_parts)", "External flows of the window that came in.", BACON),
    ("flows_out", "Bridge: taken out", "money", "sum(flow_parts)", "External flows of the window that went out.", BACON),
    ("price", "Bridge: price", "money", "sum(rows)", "Change of prices at the day's closing rate.", KS),
    ("fx", "Bridge: currency", "money", "sum(rows)", "Change of rates on the value at each day's opening.", KS),
    ("income", "Bridge: income", "money", "sum(rows)", "Gross.", BACON),
    ("fees", "Bridge: fees", "money", "sum(rows)", "All that were paid.", BACON),
    ("taxes", "Bridge: taxes", "money", "sum(rows)", "All that were paid.", BACON),
    ("corporate_actions", "Bridge: company actions", "money", "sum(rows)", "Shares and cash of spin-offs, mergers and stock dividends.", BACON),
    ("closing_value", "Bridge: closing value", "money", f"{_BRIDGE_FORMULA} + residual", "To the residual.", BACON),
    ("income_share", "Income in percent of the value", "fraction", "bridge_income / bridge_closing", "Income of the window over the value at its end.", BACON),
    ("residual", "Bridge: residual", "money", f"bridge_closing - ({_BRIDGE_FORMULA})", "Computed, not assumed.", BACON),
)
_WINDOWS = MappingProxyType(
    {
        "twr": "twr",
        "benchmark": "benchmark_twr",
        "active": "active_return",
        "mwr": "mwr",
        "mwr_period": "mwr_period",
        "annualised": "twr_annualised",
        "benchmark_annualised": "benchmark_annualised",
        "active_annualised": "active_return_annualised",
    }
)
_PARTS = (
    ("contribution", "Contribution to return", "fraction", "sum(effects)", "By day, linked after Carino, so that all add up to the TWR.", BACON),
    ("pnl", "Gain", "money", "sum(row_gains)", "Closing value less opening value less what moved in.", BACON),
    ("weight", "Average weight", "fraction", "sum(row_weights)", "Mean of the days' shares of the capital.", BACON),
    ("return", "Own return", "fraction", LINKS, "Time-weighted by day, of this part alone.", BACON),
)
_CURRENCY = (
    ("weight", "Weight of a currency", "fraction", "sum(rows)", "Mean of the days' shares of the capital.", KS),
    ("local", "Local effect", "fraction", "sum(rows)", "Gain at the rate of the day's opening, linked after Carino.", KS),
    ("fx", "Currency effect", "fraction", "sum(rows)", "Change of the rate on what was held, linked after Carino.", KS),
    ("cross", "Cross effect", "fraction", "sum(rows)", "Gain of the day times the change of the rate, linked after Carino.", KS),
    ("base", "Effect in base currency", "fraction", "local_effect + currency_effect + cross_effect", "The three parts together.", KS),
)
_SERIES = (
    ("value", "Value of a day", "money", "sum(rows)", "At the close.", IFRS),
    ("market_value", "Market value of a day", "money", "sum(rows)", "At the close.", IFRS),
    ("cash", "Cash of a day", "money", "sum(rows)", "At the close.", IFRS),
    ("flow", "Flow of a day", "money", "sum(rows)", "What crossed the boundary, positive in.", BACON),
    ("net_contributions", "Contributions until a day", "money", "sum(rows)", "External flows since the first transaction.", BACON),
    ("missing", "Rows without a price", "count", "sum(rows)", "Left out of the value of the day.", LEDGER),
    ("growth", "Growth", "growth", "product(links)", DAILY, GIPS),
    ("gain", "Value less contributions", "money", "day_value - net_contributions", "What was earned until a day.", BACON),
    ("total_return", "Return until a day", "fraction", LINKS, DAILY, GIPS),
    ("benchmark_return", "Return of the benchmark until a day", "fraction", "benchmark_close / benchmark_open - 1", "From its first close in the window.", BACON),
    ("active_return", "Active return until a day", "fraction", "total_return - benchmark_return", "Arithmetic excess.", BACON),
    ("benchmark_growth", "Growth of the benchmark", "growth", "benchmark_close / benchmark_open", "From 1 at its first close in the window.", BACON),
)
_GAINS = (
    *(
        (
            name,
            f"Realised: {title}",
            "money",
            "sum(matched)",
            "Matched lots of the window by the rules that were chosen.",
            "Cost method, or the tax rules chosen",
        )
        for name, title in (
            ("net", "net"),
            ("gains", "gains"),
            ("losses", "losses"),
            ("short", "short term"),
            ("long", "long term"),
            ("price_gain", "by price"),
            ("fx_gain", "by currency"),
            ("disallowed", "losses deferred"),
            ("adjusted", "after wash sales"),
            ("proceeds", "proceeds"),
            ("cost", "cost"),
            ("fee", "fees of the lots"),
            ("tax", "taxes of the lots"),
        )
    ),
    ("count", "Realised: lots", "count", "count(matched)", "Matched lots of the window.", LEDGER),
    ("income", "Income of the window", "money", "sum(by_instrument)", "Gross, at the rate of its day.", BACON),
    ("fees", "Fees of the window", "money", "sum(by_instrument)", "All that were paid, at the rate of their day.", BACON),
    ("taxes", "Taxes of the window", "money", "sum(by_instrument)", "All that were paid, at the rate of their day.", BACON),
    ("paid", "Fees and taxes of the window", "money", "fees + taxes", "All that were paid, at the rate of their day.", BACON),
    ("charges", "Realised: fees and taxes of the lots", "money", "fee + tax", "They are in cost and proceeds.", BACON),
)
_METHOD = "Cost method, or the tax rules chosen"
_SOLD_LOTS = (
    ("quantity", "Quantity of a matched lot", "units", "sum(of_lot)", "Negative where a short was covered.", _METHOD),
    ("proceeds_local", "Proceeds of a matched lot in its currency", "local", "sum(of_lot)", "Less fees and taxes of the sale.", _METHOD),
    ("cost_local", "Cost of a matched lot in its currency", "local", "sum(of_lot)", "With fees and taxes of the purchase.", _METHOD),
    ("gain_local", "Gain of a matched lot in its currency", "local", "proceeds_local - cost_local", "Without the exchange rate.", _METHOD),
    ("proceeds", "Proceeds of a matched lot", "money", "sum(of_lot)", "Less fees and taxes of the sale, at the rate of its day.", _METHOD),
    ("cost", "Cost of a matched lot", "money", "sum(of_lot)", "With fees and taxes of the purchase, at the rate of its day.", _METHOD),
    ("fee", "Fees of a matched lot", "money", "sum(of_lot)", "Its part of those of purchase and sale.", _METHOD),
    ("tax", "Taxes of a matched lot", "money", "sum(of_lot)", "Its part of those of purchase and sale.", _METHOD),
    ("charges", "Fees and taxes of a matched lot", "money", "fee + tax", "They are in cost and proceeds.", _METHOD),
    ("gain", "Gain of a matched lot", "money", "proceeds - cost", "Each at the rate of its own day.", _METHOD),
    ("price_gain", "Gain of a matched lot by price", "money", "gain_local * closing_rate", "The gain in its currency, at the rate of the day it was closed.", KS),
    ("fx_gain", "Gain of a matched lot by currency", "money", "gain - price_gain", "What the rate made of what was paid.", KS),
    ("disallowed", "Loss deferred", "money", "sum(of_lot)", "Bought again within 30 days; it goes into the cost of that lot.", "26 U.S. Code 1091"),
    ("carried_cost", "Loss deferred before", "money", "sum(of_lot)", "It came with the lot.", "26 U.S. Code 1091"),
    ("adjusted_gain", "Gain after wash sales", "money", "gain - carried_cost + disallowed", "With what is deferred, and what came with the lot.", "26 U.S. Code 1091"),
    ("days_held", "Days held", "count", "sum(lot_days)", "From purchase to sale, with the days that a wash sale adds.", _METHOD),
)
_SALE = (
    ("proceeds_local", "Sale: proceeds in its currency", "local", "sold_units * contract_size * unit_price - sale_fee - sale_tax", "Less fee and tax of the sale.", _METHOD),
    ("proceeds", "Sale: proceeds", "money", "proceeds_local * rate", "At the rate of the day.", _METHOD),
    ("cost_local", "Sale: cost in its currency", "local", "sum(matched)", "Of the lots that the method takes.", _METHOD),
    ("cost", "Sale: cost", "money", "sum(matched)", "Of the lots that the method takes, at the rates of their days.", _METHOD),
    ("gain_local", "Sale: gain in its currency", "local", "proceeds_local - cost_local", "Without the exchange rate.", _METHOD),
    ("gain", "Sale: gain", "money", "proceeds - cost", "What the sale would realise; nothing is recorded.", _METHOD),
    ("price_gain", "Sale: gain by price", "money", "gain_local * rate", "The gain in its currency, at the rate of the sale.", KS),
    ("fx_gain", "Sale: gain by currency", "money", "gain - price_gain", "What the rate made of what was paid.", KS),
    ("gain_short", "Sale: short-term gain", "money", "sum(matched)", "Lots held for a year or less.", _METHOD),
    ("gain_long", "Sale: long-term gain", "money", "sum(matched)", "Lots held for more than a year.", _METHOD),
    ("estimated_tax", "Sale: estimated tax", "money", "larger(0, taxed_short) * rate_short + larger(0, taxed_long) * rate_long", "A loss of one term reduces the gain of the other; never negative.", "The rates that were sent"),
    ("after_tax", "Sale: proceeds after tax", "money", "proceeds - estimated_tax", "Proceeds less the estimated tax.", "The rates that were sent"),
    ("lots", "Sale: lots taken", "count", "count(matched)", "By the method.", _METHOD),
)
_SALE_LOTS = (
    ("quantity", "Sale: units of a lot", "units", "sum(of_lot)", "What the method takes of it.", _METHOD),
    ("proceeds_local", "Sale: proceeds of a lot in its currency", "local", "sale_proceeds * lot_units / sold_units", "By its part of the units.", _METHOD),
    ("proceeds", "Sale: proceeds of a lot", "money", "proceeds_local * rate", "By its part of the units.", _METHOD),
    ("cost_local", "Sale: cost of a lot in its currency", "local", "sum(of_lot)", "Fees and taxes of the purchase in it.", _METHOD),
    ("cost", "Sale: cost of a lot", "money", "sum(of_lot)", "At the rate of the day of purchase.", _METHOD),
    ("gain_local", "Sale: gain of a lot in its currency", "local", "proceeds_local - cost_local", "Without the exchange rate.", _METHOD),
    ("gain", "Sale: gain of a lot", "money", "proceeds - cost", "What it would realise.", _METHOD),
    ("price_gain", "Sale: gain of a lot by price", "money", "gain_local * rate", "The gain in its currency, at the rate of the sale.", KS),
    ("fx_gain", "Sale: gain of a lot by currency", "money", "gain - price_gain", "What the rate made of what was paid.", KS),
    ("days_held", "Sale: days held", "count", "sum(lot_days)", "From purchase to sale.", _METHOD),
)
_PORTFOLIOS = (
    ("share_of_total", "Share of all portfolios", "fraction", "own_value / sum(every_value)", "Values in the display currency.", BACON),
    ("value_display", "Value in the display currency", "money", "own_value", "At the rate of the moment.", IFRS),
)


def figures() -> dict[str, Figure]:
    """Give the table by name."""
    found = [Figure(*row) for row in _TOTALS]
    found += [Figure(*row, of="holding") for row in _ROWS]
    found += [Figure(*row, answer="performance") for row in _RETURNS]
    by_name = {figure.figure: figure for figure in found}
    for prefix, rows, of in (
        ("bridge", _BRIDGE, ""),
        ("contributions", _PARTS, "holding"),
        ("groups", _PARTS, "group"),
        ("currency", _CURRENCY, "currency"),
        ("series", _SERIES, "date"),
    ):
        found += [Figure(f"{prefix}.{row[0]}", *row[1:], of=of, answer="performance") for row in rows]
    for name, like in _WINDOWS.items():
        told = by_name[like]
        found.append(
            Figure(
                f"windows.{name}",
                f"{told.title}, by window",
                told.unit,
                told.formula,
                told.convention,
                told.source,
                "window",
                "performance",
            )
        )
    found.append(Figure("calendar", "Return of a month or year", "fraction", LINKS, DAILY, GIPS, "month or year", "performance"))
    found += [Figure(f"gains.{row[0]}", *row[1:], answer="gains") for row in _GAINS]
    found += [Figure(f"realised_lots.{row[0]}", *row[1:], of="matched lot", answer="gains") for row in _SOLD_LOTS]
    found += [Figure(f"lots.{row[0]}", *row[1:], of="lot") for row in _OPEN_LOTS]
    found += [Figure(f"sale.{row[0]}", *row[1:], of="method", answer="sale") for row in _SALE]
    found += [Figure(f"sale_lots.{row[0]}", *row[1:], of="lot sold", answer="sale") for row in _SALE_LOTS]
    found += [Figure(*row, of="portfolio", answer="portfolios") for row in _PORTFOLIOS]
    return {figure.figure: figure for figure in found}


FIGURES: Final[Mapping[str, Figure]] = MappingProxyType(figures())


def figure_named(name: str) -> Figure:
    """Find a figure; where there is none, the error names those that are near."""
    found = FIGURES.get(name.strip())
    if found is None:
        near = get_close_matches(name, FIGURES, n=4, cutoff=0.4)
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        raise InvalidInput(
            "figure", name, "is no figure", hint=f"{hint}GET /api/v1/figures lists them all", rule="unknown_figure", near=near
        )
    return found


def formula_of(figure: Figure, symbol: str | None) -> str:
    """Give the formula of a figure of the whole, of a holding, of a balance (`cash:EUR`), or of several (`AAPL,MSFT`)."""
    if symbol and "," in symbol and figure.answer == "holdings":
        return _GROUP_FORMULAS.get(figure.figure, "sum(members)")
    if figure.answer != "holdings" or not symbol:
        return figure.formula
    of_row = _ROW_FORMULAS.get(figure.figure, figure.formula)
    return _CASH_FORMULAS.get(figure.figure, of_row) if symbol.startswith("cash:") else of_row


def window_column(figure: str) -> str:
    """Name the figure of a window that a column of `windows` is."""
    return _WINDOWS[figure.partition(".")[2]]
