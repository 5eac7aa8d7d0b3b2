"""What becomes of every body that a provider was ever heard to answer: the documented values, or the documented error. Never a price by chance."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from data.providers.base import HttpProvider
from data.providers.registry import maker
from data.providers.wire import Wire
from engine.errors import ProviderError
from tests.data.replay import RECORDED, Case, Replay

OUTCOMES = Path(__file__).parent / "outcomes"
KEY = "marker-Key-7Q"


TABLES: dict[str, dict[str, Case]] = {
    path.stem: import_module(f"tests.data.outcomes.{path.stem}").TABLE for path in sorted(OUTCOMES.glob("*.py")) if path.stem != "__init__"
}
ROWS = [(provider, name) for provider, table in TABLES.items() for name in table]


def client(provider: str, url: str) -> HttpProvider:
    """Build a provider's client on a server of ours, without budget."""
    made: Any = maker(provider)
    built: HttpProvider = made(Wire(provider, url, secrets=[KEY], deadline_seconds=5, headers=made.headers), KEY)
    return built


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded bodies are not here")
@pytest.mark.parametrize(("provider", "name"), ROWS, ids=[name for _, name in ROWS])
def test_a_recorded_body_has_its_outcome(provider: str, name: str) -> None:
    case = TABLES[provider][name]
    with Replay.of_file(name) as server:
        if isinstance(case.expected, type) and issubclass(case.expected, Exception):
            with pytest.raises(case.expected) as raised:
                case.call(client(provider, server.url))
            assert not isinstance(raised.value, ProviderError) or KEY not in raised.value.message + json.dumps(raised.value.context, default=str)
        else:
            found = case.call(client(provider, server.url))
            assert case.expected(found) if callable(case.expected) else found == case.expected


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded bodies are not here")
@pytest.mark.parametrize("provider", sorted(TABLES))
def test_every_recorded_body_of_a_provider_is_in_its_table(provider: str) -> None:
    recorded = {entry["file"] for entry in json.loads((RECORDED / "index.json").read_text(encoding="utf-8"))}
    known = set(TABLES[provider])
    assert known <= recorded
    assert known >= {name for name in recorded if name.startswith(f"{provider}/")}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded bodies are not here")
def test_every_recorded_body_is_in_some_table() -> None:
    recorded = {entry["file"] for entry in json.loads((RECORDED / "index.json").read_text(encoding="utf-8"))}
    assert {name for table in TABLES.values() for name in table} == recorded
