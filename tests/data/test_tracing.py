"""Traces: nothing where they are not asked for, a clear word where the packages are missing, and once where nobody takes them."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data import tracing
from data.settings import Settings
from data.traced_statements import TracedCursor, cursors, name_of
from engine.errors import SettingError
from tests.receivers.traces import collecting

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _over() -> Iterator[None]:
    yield
    tracing.stop()


def test_without_an_endpoint_nothing_is_traced_and_nothing_is_imported() -> None:
    asked = ("import sys; from data import tracing, traced_statements as s; tracing.start(None, 'web')\n"
             "with tracing.span('a') as told, tracing.within('b'): assert told is None and tracing.carrier() is None and tracing.trace_id() is None\n"
             "assert s.cursors() == {}; print(*[name for name in sys.modules if name.startswith(('opentelemetry', 'google'))])")
    told = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == []


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with pytest.raises(SettingError, match=r"opentelemetry-sdk.*opentelemetry-exporter-otlp-proto-http") as caught:
        tracing.start("http://me:hidden@collector:4318", "web")
    assert "requirements-traces.txt" in caught.value.context["hint"]
    assert "hidden" not in str(caught.value)
    assert not tracing.is_on()


def test_an_endpoint_is_an_address() -> None:
    with pytest.raises(SettingError, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        Settings.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"})
    kept = Settings.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector"})
    assert kept.as_environment()["OTEL_EXPORTER_OTLP_ENDPOINT"] == "https://collector", "workers read it too"


def test_blocks_are_told_with_what_caused_them_and_errors_by_their_kind_alone() -> None:
    with collecting() as collector:
        tracing.start(f"{collector.url}/", "poller")
        with tracing.span("first") as _, tracing.within("SELECT portfolio", db__system__name="postgresql"):
            way = tracing.carrier()
        with tracing.within("alone"):
            assert tracing.trace_id() is None, "a statement that belongs to nothing is not traced"
        with pytest.raises(ValueError, match="hidden"), tracing.span("then", parent=way, links=["nonsense", str(way)]):
            raise ValueError("hidden")
        tracing.stop()
    first, part, then = (collector.named(name)[0] for name in ("first", "SELECT", "then"))
    assert len(collector.spans) == 3
    assert (part.parent, then.parent, then.trace) == (first.id, part.id, first.trace)
    assert then.links == (part.id,)
    assert then.status == "ValueError"
    assert b"hidden" not in collector.raw


def test_a_collector_that_takes_nothing_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    with collecting() as collector, caplog.at_level(logging.INFO):
        tracing.start(collector.url, "web")
        for collector.status in (400, 400, 200):
            with tracing.span("some"):
                pass
            tracing.flush()
        tracing.stop()
    assert [record.message for record in caplog.records if "traces are" in record.message] == [
        "traces are lost: the collector does not take them", "traces are taken again"]


@pytest.mark.parametrize(("text", "name"), [
    ("SELECT a, b FROM portfolio WHERE id = %s", "SELECT portfolio"), ("  insert into ledger_entry (id) values (%s)", "INSERT ledger_entry"),
    ("COPY quote_tick (id) FROM STDIN", "COPY quote_tick"), ("WITH x AS (SELECT 1 FROM bar) SELECT * FROM x", "SELECT bar"), ("COMMIT", "COMMIT")])
def test_a_statement_is_named_by_verb_and_table(text: str, name: str) -> None:
    assert name_of(text) == name


def test_cursors_trace_while_this_process_does() -> None:
    with collecting() as collector:
        tracing.start(collector.url, "web")
        assert cursors() == {"cursor_factory": TracedCursor}
