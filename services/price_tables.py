"""Tables of prices, actions and rates as the audit trail keeps them: what stood there before a change, and how it is put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from data.database import Unit
from data.records import Rate
from engine.types import Actor, Bar, CorporateAction
from services.writes import audit

MOST_KEPT = 1000  # rows of prices that the audit trail keeps, so that they can be put back


@contextmanager
def replaced(unit: Unit, actor: Actor, entity: str, key: str, rows: list[str], symbol: str) -> Iterator[None]:
    """Write down what a table of prices, actions or rates was before and after; of a long one only how many rows it had."""
    told: dict[str, Any] = {"symbol": symbol, "count": len(rows)}
    kept = len(rows) <= MOST_KEPT
    before = ROWS[entity](unit, actor, key, rows) if kept else {}
    yield
    after = {**told, "rows": ROWS[entity](unit, actor, key, rows)} if kept else told
    audit(unit, actor, "put", entity, key, before={"rows": before} if kept else None, after=after)


def rows_of_bars(unit: Unit, _actor: Actor, key: str, days: list[str]) -> dict[str, dict[str, Any]]:
    """Read the bars of some days as the audit trail keeps them."""
    found = unit.instruments.bars_on(UUID(key), [date.fromisoformat(day) for day in days])
    return {day.isoformat(): told_row(bar, ("close", "open", "high", "low", "volume", "adjusted_close", "source", "simulated"))
            for day, bar in found.items()}


def rows_of_rates(unit: Unit, actor: Actor, key: str, days: list[str]) -> dict[str, dict[str, Any]]:
    """Read the rates of some days as the audit trail keeps them."""
    found = unit.instruments.rates_on(actor.workspace_id, key, [date.fromisoformat(day) for day in days])
    return {day.isoformat(): told_row(rate, ("rate", "source", "simulated")) for day, rate in found.items()}


def rows_of_actions(unit: Unit, _actor: Actor, key: str, names: list[str]) -> dict[str, dict[str, Any]]:
    """Read corporate actions by date and kind as the audit trail keeps them."""
    every = {f"{each.date.isoformat()} {each.kind}": told_row(each, ("ratio", "amount", "currency", "source"))
             for each in unit.instruments.actions(UUID(key))}
    return {name: every[name] for name in names if name in every}


def told_row(row: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Give fields of a row as JSON keeps them, without those that say nothing."""
    told = {name: getattr(row, name) for name in names}
    return {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in told.items() if value not in {None, False}}


def _put_bars(unit: Unit, _actor: Actor, key: str, rows: Mapping[str, Mapping[str, Any]], gone: list[str]) -> None:
    unit.instruments.remove_bars(UUID(key), [date.fromisoformat(day) for day in {*rows, *gone}])
    unit.instruments.put_bars(UUID(key), [Bar(date=date.fromisoformat(day), **_numbers(row)) for day, row in rows.items()])


def _put_rates(unit: Unit, actor: Actor, key: str, rows: Mapping[str, Mapping[str, Any]], gone: list[str]) -> None:
    unit.instruments.remove_rates(actor.workspace_id, key, [date.fromisoformat(day) for day in {*rows, *gone}])
    unit.instruments.put_rates(actor.workspace_id, key, [Rate(date.fromisoformat(day), **_numbers(row)) for day, row in rows.items()],
                               owner_id=actor.user_id)


def _put_actions(unit: Unit, _actor: Actor, key: str, rows: Mapping[str, Mapping[str, Any]], gone: list[str]) -> None:
    named = [(date.fromisoformat(name[:10]), name[11:]) for name in {*rows, *gone}]
    unit.instruments.remove_actions(UUID(key), named)
    actions = [CorporateAction(date.fromisoformat(name[:10]), name[11:], **_numbers(row)) for name, row in rows.items()]
    unit.instruments.put_actions(UUID(key), actions)


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    texts = {"source", "simulated", "currency"}
    return {name: value if name in texts else Decimal(str(value)) for name, value in row.items()}


ROWS: Mapping[str, Callable[[Unit, Actor, str, list[str]], dict[str, dict[str, Any]]]] = {
    "bars": rows_of_bars, "fx": rows_of_rates, "actions": rows_of_actions}
PUTS: Mapping[str, Callable[[Unit, Actor, str, Mapping[str, Mapping[str, Any]], list[str]], None]] = {
    "bars": _put_bars, "fx": _put_rates, "actions": _put_actions}
