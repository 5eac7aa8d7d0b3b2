"""Habits of the room: pure, exported, documented, and quick."""

from __future__ import annotations

import ast
import inspect
import time
from pathlib import Path
from types import FunctionType, MappingProxyType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import engine
from engine import book, daily_values, ledger_frame

ROOM = Path(engine.__file__).parent
FILES = sorted(ROOM.rglob("*.py"))
FORBIDDEN = {"os", "sys", "io", "logging", "time", "socket", "subprocess", "random", "pathlib", "warnings", "threading", "asyncio"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_clock_no_input_no_output_no_environment(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not imported & FORBIDDEN
    called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    assert not called & {"now", "today", "utcnow"}
    plain = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not plain & {"open", "print", "input"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_at_module_level_is_ever_changed(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = {target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)}
    names |= {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)]
    for node in (node for item in tree.body if isinstance(item, ast.FunctionDef | ast.ClassDef) for node in ast.walk(item)):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            assert node.value.id not in names


def test_all_is_sorted_complete_and_true() -> None:
    exported = engine.__all__
    assert exported == sorted(exported)
    assert all(hasattr(engine, name) for name in exported)
    public = {name for name, value in vars(engine).items() if not name.startswith("_") and not isinstance(value, ModuleType)}
    assert public == set(exported)


@pytest.mark.parametrize("name", [name for name in engine.__all__ if isinstance(getattr(engine, name), FunctionType)])
def test_every_public_function_is_documented(name: str) -> None:
    text = inspect.getdoc(getattr(engine, name)) or ""
    assert len(text.splitlines()[0]) <= 72
    for section in ("Parameters", "Returns", "Examples"):
        assert f"{section}\n---" in text, section
    for parameter in inspect.signature(getattr(engine, name)).parameters:
        assert parameter in text, parameter


def test_the_effect_table_cannot_be_changed() -> None:
    assert isinstance(engine.EFFECTS, MappingProxyType)


def test_inputs_are_left_as_they_were() -> None:
    ledger = pd.DataFrame({"date": ["2024-01-03", "2024-01-02"], "kind": ["SELL", "BUY"], "symbol": "A", "quantity": [1, 2], "price": [9.0, 8.0]})
    prices = pd.DataFrame({"A": [9.0, np.nan]}, index=pd.to_datetime(["2024-01-03", "2024-01-02"]))
    before = ledger.copy(deep=True), prices.copy(deep=True)
    daily_values(ledger, prices, start="2024-01-02", end="2024-01-04", base_currency="EUR")
    pd.testing.assert_frame_equal(ledger, before[0])
    pd.testing.assert_frame_equal(prices, before[1])


def rows(count: int) -> list[dict[str, Any]]:
    chance = np.random.default_rng(1)
    kinds, symbols = chance.choice(["BUY", "BUY", "SELL", "DIVIDEND"], count), chance.integers(20, size=count)
    return [
        {"date": "2024-01-02", "kind": str(kind), "symbol": f"S{symbol}", "quantity": 1.5, "price": 10.0, "fee": 1.0, "currency": "USD"}
        for kind, symbol in zip(kinds, symbols, strict=True)
    ]


@pytest.mark.parametrize(("count", "seconds"), [(2_000, 0.04), (10_000, 0.2)])
@pytest.mark.parametrize("method", ["fifo", "hifo", "average"])
def test_booking_is_quick(count: int, seconds: float, method: str) -> None:
    ledger = ledger_frame(rows(count))
    taken = []
    for _ in range(5):
        started = time.process_time()
        book(ledger, base_currency="EUR", fx={"EURUSD": 1.1}, cost_method=method)
        taken.append(time.process_time() - started)
    assert min(taken) < seconds
