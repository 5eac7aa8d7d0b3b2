"""Inputs of the figures of holdings, out of the book and the marks they were valued with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from engine import terms
from engine.types import PriceState
from services.books.answers import Answer, holdings_view, of_symbol
from services.explain.formula import number
from services.explain.views import Inputs, Part
from services.views import HoldingsView

CASH = "cash:"
OTHER = "other"  # what belongs to no instrument, as a member of a sum
SUMMED = ("market_value", "day_pnl", "total_pnl", "weight", "cost_basis", "unrealised", "realised", "income", "fees", "taxes")


@dataclass(frozen=True)
class Held:
    """A scope at an instant, as it is shown and as it was computed."""

    scope: str
    answer: Answer

    @cached_property
    def view(self) -> HoldingsView:
        """Give what the screen and `GET /holdings` show."""
        return holdings_view(self.scope, self.answer)

    @cached_property
    def opening(self) -> pd.DataFrame:
        """Value at the previous close and what moved in today, by row."""
        rows = terms(self.answer.book, self.answer.marked.marks, today=self.answer.sight.day)
        names = [f"{CASH}{name}" if cash else name for name, cash in zip(rows.symbols, rows.is_cash, strict=True)]
        return pd.DataFrame({"opening_value": rows.opening_value, "moved_in": rows.moved_in}, index=names)

    def row(self, symbol: str) -> dict[str, Any] | None:
        """Find a holding, a position that is closed, or a balance."""
        told = self.view.snapshot
        if symbol.startswith(CASH):
            found = told.cash[told.cash["currency"] == symbol.removeprefix(CASH)].to_dict("records")
        else:
            found = told.holdings[told.holdings["symbol"] == symbol].to_dict("records") or told.closed[
                told.closed["symbol"] == symbol
            ].to_dict("records")
        if not found:
            return None
        row = {str(name): value for name, value in found[0].items()}
        return {**row, **_derived(row)}

    @cached_property
    def totals(self) -> dict[str, float]:
        """Totals as they are told, and the shares that screens show."""
        told = self.view.snapshot.totals | self.view.stale
        return {
            **told,
            "on_cost": _over(told["total_pnl"], told["cost_basis"]),
            "on_contributed": _over(told["total_pnl"], told["net_contributions"]),
            "cash_share": _over(told["cash"], told["value"]),
            "other_pnl": told["total_pnl"] - sum(part.value for part in self.earned),
            "holdings_count": float(len(self.view.snapshot.holdings)),
            "up": float(sum(part.value > 0 for part in self.moves)),
            "down": float(sum(part.value < 0 for part in self.moves)),
            "unchanged": float(sum(part.value == 0 for part in self.moves)),
        }

    @cached_property
    def earned(self) -> list[Part]:
        """Total P/L of every instrument that is or was held."""
        told = self.view.snapshot
        rows = [*told.holdings.to_dict("records"), *told.closed.to_dict("records")]
        totals = ((str(row["symbol"]), _derived({str(name): cell for name, cell in row.items()})["total_pnl"]) for row in rows)
        return [Part(symbol, value, f"total_pnl:{symbol}") for symbol, value in totals if np.isfinite(value) and value]

    @cached_property
    def moves(self) -> list[Part]:
        """Day P/L of every holding, in cents."""
        rows = self.view.snapshot.holdings
        cents = np.round(np.nan_to_num(rows["day_pnl"].to_numpy(dtype=np.float64)), 2)
        return [Part(str(symbol), number(cent), f"day_pnl:{symbol}") for symbol, cent in zip(rows["symbol"], cents, strict=True)]


def value_of(held: Held, figure: str, symbol: str | None) -> float:
    """Read a figure out of the answer; KeyError where it has no such row."""
    if symbol is None:
        return number(held.totals[figure])
    if "," in symbol:
        return _of_several(held, figure, symbol)[0]
    if figure.startswith("lots."):
        return number(_lot(held, symbol)[figure.partition(".")[2]])
    row = held.row(symbol)
    if row is None:
        raise KeyError(symbol)
    quote = held.view.quotes.get(symbol)
    return number(quote.previous_close or np.nan) if figure == "previous_close" and quote else number(row[figure])


def inputs_of(held: Held, figure: str, symbol: str | None) -> Inputs:
    """Give the numbers that the formula of a figure names."""
    if symbol is None:
        return _of_total(held)
    if "," in symbol:
        return _of_several(held, figure, symbol)[1]
    if figure.startswith("lots."):
        lot = _lot(held, symbol)
        return {**lot, "of_lot": [Part(lot["opened"], lot[figure.partition(".")[2]])]}
    return _of_cash(held, symbol.removeprefix(CASH)) if symbol.startswith(CASH) else _of_row(held, symbol)


def _of_several(held: Held, figure: str, symbols: str) -> tuple[float, Inputs]:
    """Add the rows of several holdings and balances up; what is unknown counts for nothing, as in every sum."""
    if figure not in {*SUMMED, "day_return", "on_cost"}:
        raise KeyError(figure)
    rows = {symbol: _member(held, symbol) for symbol in symbols.split(",")}

    def summed(name: str) -> list[Part]:
        found = {symbol: row.get(name, np.nan) for symbol, row in rows.items()}
        return [Part(symbol, number(value), _member_figure(name, symbol)) for symbol, value in found.items() if np.isfinite(value) and value]

    sums: Inputs = {name: sum(part.value for part in summed(name)) for name in SUMMED}
    sums |= {"members": summed(figure), "row_value": sums["market_value"],
             "cost_basis": sum(row.get("cost_basis", 0.0) for row in rows.values() if np.isfinite(row.get("market_value", np.nan)))}
    if figure in SUMMED:
        return sum(part.value for part in summed(figure)), sums
    day, value, total, cost = (float(sums[name]) for name in ("day_pnl", "row_value", "total_pnl", "cost_basis"))  # type: ignore[arg-type]
    return (day / (value - day) if figure == "day_return" and value != day else _over(total, cost) if figure == "on_cost" else np.nan), sums


def _member(held: Held, symbol: str) -> dict[str, Any]:
    if symbol == OTHER:
        return {"total_pnl": held.totals["other_pnl"]}
    row = held.row(symbol)
    if row is None:
        raise KeyError(symbol)
    return {**row, "market_value": row["value"]} if symbol.startswith(CASH) else row


def _member_figure(name: str, symbol: str) -> str:
    if symbol == OTHER:
        return "other_pnl"
    return f"{'value' if name == 'market_value' and symbol.startswith(CASH) else name}:{symbol}"


def _lot(held: Held, key: str) -> dict[str, Any]:
    """Give an open lot (`AAPL#1` is its first) with what its figures are computed from."""
    symbol, _, place = key.partition("#")
    lots, row = of_symbol(held.answer, "lots", symbol), held.row(symbol)
    if row is None or not place.isdigit() or not 1 <= int(place) <= len(lots):
        raise KeyError(key)
    lot = lots.iloc[int(place) - 1]
    quantity, cost = number(lot["quantity"]), number(lot["cost_base"])
    value = quantity * row["multiplier"] * row["price"] * row["fx_rate"]
    return {"quantity": quantity, "price": number(lot["price"]), "cost_local": number(lot["cost_local"]), "cost_base": cost, "value": value,
            "unrealised": value - cost, "contract_size": row["multiplier"], "unit_price": row["price"], "rate": row["fx_rate"],
            "opened": str(lot["opened"].date())}


def _derived(row: dict[str, Any]) -> dict[str, float]:
    if "income" not in row:
        return {}
    total = row.get("unrealised", 0.0) + row["realised"] + row["income"] - row["fees"] - row["taxes"]
    return {"total_pnl": number(total), "on_cost": _over(total, row.get("cost_basis", 0.0))}


def _over(part: float, whole: float) -> float:
    return number(part / whole) if whole > 0 else float("nan")


def _listed(frame: pd.DataFrame, column: str, figure: str, *, cash: bool = False) -> list[Part]:
    """Name the known cells of a column, the largest first."""
    names = frame["currency" if cash else "symbol"]
    keys = [f"{CASH}{name}" if cash else str(name) for name in names]
    found = [
        Part(key, number(value), f"{figure}:{key}") for key, value in zip(keys, frame[column], strict=True) if pd.notna(value) and value != 0
    ]
    return sorted(found, key=lambda part: -abs(part.value))


def _of_total(held: Held) -> Inputs:
    told, book = held.view.snapshot, held.answer.book
    rows, closed, cash = told.holdings, told.closed, told.cash
    known, priced = rows[rows["market_value"].notna()], cash[cash["value"].notna()]
    unpriced = [*_unpriced(rows, "market_value", "cost_basis"), *_unpriced(cash.assign(symbol=cash["currency"]), "value", "cost_basis")]
    flows = book.effects.loc[book.effects["flow_base"] != 0, "flow_base"]
    paid = {name: _by_source(rows, closed, book.cash, f"{name}_paid", name) for name in ("fees", "taxes")}
    anchor = held.opening[_known_day(held)]
    gross = [replace(part, value=abs(part.value)) for part in _listed(known, "market_value", "market_value")]
    return {
        **held.totals,
        "holdings": _listed(known, "market_value", "market_value"),
        "balances": _listed(priced, "value", "value", cash=True),
        "costs": _listed(known, "cost_basis", "cost_basis"),
        "realised_gains": [*_listed(rows, "realised", "realised"), *_listed(closed, "realised", "realised")],
        "income_parts": _by_source(rows, closed, book.cash, "income", "income"),
        "fee_parts": paid["fees"],
        "tax_parts": paid["taxes"],
        "fees_in_trades": held.totals["fees_paid"] - held.totals["fees"],
        "taxes_in_trades": held.totals["taxes_paid"] - held.totals["taxes"],
        "fx_gains": _listed(priced, "fx_gain", "fx_gain", cash=True),
        "unpriced_costs": [part for part in unpriced if part.value],
        "unpriced_rows": unpriced,
        "stale_parts": [part for part in gross if held.view.quotes[part.name].state is PriceState.STALE],
        "gross_parts": [*gross, Part("cash", abs(held.totals["cash"]))],
        "day_parts": [
            *_listed(rows, "day_pnl", "day_pnl"),
            *_listed(closed, "day_pnl", "day_pnl"),
            *_listed(cash, "day_pnl", "day_pnl", cash=True),
        ],
        "opening_value": number(anchor["opening_value"].sum()),
        "moved_in": number(anchor["moved_in"].sum()),
        "contributions": number(flows.clip(lower=0).sum()),
        "withdrawals": number(-flows.clip(upper=0).sum()),
        "row_totals": held.earned,
        "day_signs": held.moves,
        "held_rows": _listed(rows, "quantity", "quantity"),
    }


def _known_day(held: Held) -> list[bool]:
    told = held.view.snapshot
    days = {
        **dict(zip(told.holdings["symbol"], told.holdings["day_pnl"], strict=True)),
        **dict(zip(told.closed["symbol"], told.closed["day_pnl"], strict=True)),
        **{f"{CASH}{code}": day for code, day in zip(told.cash["currency"], told.cash["day_pnl"], strict=True)},
    }
    return [days.get(name, 0.0) == days.get(name, 0.0) for name in held.opening.index]


def _unpriced(frame: pd.DataFrame, value: str, cost: str) -> list[Part]:
    lost = frame[frame[value].isna()]
    return [Part(str(name), number(amount)) for name, amount in zip(lost["symbol"], lost[cost], strict=True)]


def _by_source(rows: pd.DataFrame, closed: pd.DataFrame, cash: pd.DataFrame, column: str, of_cash: str) -> list[Part]:
    apart = [Part(f"no instrument, {code}", number(value)) for code, value in cash[of_cash].items() if value]
    return [*_listed(rows, column, column), *_listed(closed, column, column), *apart]


def _of_row(held: Held, symbol: str) -> Inputs:
    answer, row = held.answer, held.row(symbol) or {}
    lots, gains, effects = of_symbol(answer, "lots", symbol), of_symbol(answer, "gains", symbol), answer.book.effects
    own = effects[effects["symbol"] == symbol]
    quote = held.view.quotes.get(symbol)
    bought, sold = ([str(day.date()) for day in pd.DatetimeIndex(frame[name])] for frame, name in ((lots, "opened"), (gains, "closed")))
    found: Inputs = {name: number(value) for name, value in row.items() if isinstance(value, float | int)}
    today = held.opening.loc[symbol] if symbol in held.opening.index else {"opening_value": 0.0, "moved_in": 0.0}
    return {
        **found,
        "quote": found.get("price", float("nan")),
        "close": number(quote.previous_close) if quote and quote.previous_close is not None else float("nan"),
        "rate": found.get("fx_rate", float("nan")),
        "contract_size": found.get("multiplier", float("nan")),
        "row_value": found.get("market_value", 0.0),
        "portfolio_value": held.totals["value"],
        "opening_value": number(today["opening_value"]),
        "moved_in": number(today["moved_in"]),
        "unrealised": found.get("unrealised", 0.0),
        "open_lots": _named(bought, lots["quantity"]),
        "lot_costs": _named(bought, lots["cost_base"]),
        "lot_costs_local": _named(bought, lots["cost_local"]),
        "gains": _named(sold, gains["gain"]),
        "gains_local": _named(sold, gains["gain_local"]),
        "income_parts": _dated(own, "income"),
        "fee_parts": _dated(own, "fee"),
        "tax_parts": _dated(own, "tax"),
        "fees_in_trades": number(row.get("fees_paid", 0.0)) - number(row.get("fees", 0.0)),
        "taxes_in_trades": number(row.get("taxes_paid", 0.0)) - number(row.get("taxes", 0.0)),
    }


def _of_cash(held: Held, code: str) -> Inputs:
    row = held.row(f"{CASH}{code}") or {}
    effects = held.answer.book.effects
    own, key = effects[effects["cash_currency"] == code], f"{CASH}{code}"
    today = held.opening.loc[key] if key in held.opening.index else {"opening_value": 0.0, "moved_in": 0.0}
    found: Inputs = {name: number(value) for name, value in row.items() if isinstance(value, float | int)}
    return {
        **found,
        "rate": found.get("fx_rate", float("nan")),
        "row_value": found.get("value", float("nan")),
        "portfolio_value": held.totals["value"],
        "opening_value": number(today["opening_value"]),
        "moved_in": number(today["moved_in"]),
        "movements": _dated(own, "cash_delta_local"),
        "movements_base": _dated(own, "cash_delta_base"),
    }


def _named(names: list[str], cells: pd.Series) -> list[Part]:
    return [Part(name, number(value)) for name, value in zip(names, cells, strict=True)]


def _dated(effects: pd.DataFrame, column: str) -> list[Part]:
    moved = effects[effects[column].fillna(np.nan) != 0]
    reads: Callable[[Any], str] = lambda row: f"{row.date.date()} {str(row.kind).lower().replace('_', ' ')}"  # noqa: E731
    return [Part(reads(row), number(getattr(row, column))) for row in rows_of(moved)]


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """Walk the rows of a frame; each has its cells by name."""
    return iter(frame.itertuples())
