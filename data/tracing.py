"""Traces for OpenTelemetry. Where no endpoint is set nothing of it is imported, and a span is nothing.

The packages are optional (`requirements-traces.txt`). A span tells names, counts and times; never a value, a query string, or the text of an
error, which may hold more than it should.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import Any, Final, Protocol

from engine.errors import SettingError

VARIABLE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
PACKAGES: Final = "opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http"
SIGNAL: Final = "/v1/traces"
EXPORT_SECONDS: Final = 5.0
PAUSE_MS: Final = 2000  # between two exports
QUEUE: Final = 4096  # spans that wait; what comes when it is full is dropped
_log = logging.getLogger(__name__)


class Span(Protocol):
    """What a block may add to its span."""

    def set_attribute(self, key: str, value: str | float) -> None:
        """Tell one thing more."""

    def update_name(self, name: str) -> None:
        """Name it when it is known what it was."""


class _Tracing:
    """The tracer of this process, where there is one."""

    def __init__(self) -> None:
        self.provider: Any = None
        self.tracer: Any = None
        self.api: Any = None
        self.carriers: Any = None


_tracing: Final = _Tracing()
_OFF: Final = nullcontext(None)


def start(endpoint: str | None, role: str) -> None:
    """Trace from now on, where an endpoint is given. A second call does nothing.

    Parameters
    ----------
    endpoint : str, optional
        Of a collector that speaks OTLP over HTTP, without `/v1/traces`.
    role : str
        What this process does: its service is called `portolan-<role>` unless OTEL_SERVICE_NAME says otherwise.

    Raises
    ------
    SettingError
        The packages are missing.
    """
    if endpoint is None or is_on():
        return
    try:
        _begin(endpoint, role)
    except ImportError as error:
        raise SettingError(VARIABLE, _host_of(endpoint), f"needs {PACKAGES}, which are not installed",
                           hint="Install them: pip install -r requirements-traces.txt, or leave it unset.") from error


def is_on() -> bool:
    """Tell whether this process traces."""
    return _tracing.tracer is not None


def flush() -> None:
    """Send what waits; waits no longer than one export may take."""
    if _tracing.provider is not None:
        _tracing.provider.force_flush(int(EXPORT_SECONDS * 1000))


def stop() -> None:
    """Send what waits, and trace no more."""
    provider, _tracing.provider, _tracing.tracer = _tracing.provider, None, None
    if provider is not None:
        provider.shutdown()


def span(name: str, *, kind: str = "internal", parent: str | None = None, links: Sequence[str] = (),
         **attributes: str | float | bool | None) -> AbstractContextManager[Span | None]:
    """Trace a block; an error that leaves it is told by its kind alone.

    Parameters
    ----------
    name : str
    kind : str
        internal, server, client, producer or consumer.
    parent : str, optional
        The `traceparent` of what caused it elsewhere; default whatever block this one is in.
    links : sequence of str
        Other `traceparent`s that had a part in it.
    **attributes
        Those that are None are left out.
    """
    return _OFF if _tracing.tracer is None else _traced(name, kind, parent, links, attributes)


def within(name: str, **attributes: str | float | bool | None) -> AbstractContextManager[Span | None]:
    """Trace a block as a part of one that is traced; nothing where none is."""
    if _tracing.tracer is None or not _tracing.api.get_current_span().is_recording():
        return _OFF
    return _traced(name, "client", None, (), attributes)


def carrier() -> str | None:
    """Give the `traceparent` of the block this is in, for whoever goes on with it elsewhere."""
    if _tracing.tracer is None:
        return None
    told: dict[str, str] = {}
    _tracing.carriers.inject(told)
    return told.get("traceparent")


def trace_id() -> str | None:
    """Give the id of the trace this is in."""
    if _tracing.tracer is None:
        return None
    known = _tracing.api.get_current_span().get_span_context()
    return f"{known.trace_id:032x}" if known.is_valid else None


@contextmanager
def _traced(name: str, kind: str, parent: str | None, links: Sequence[str], attributes: Mapping[str, Any]) -> Iterator[Span]:
    api, given = _tracing.api, {key.replace("__", "."): value for key, value in attributes.items() if value is not None}
    with _tracing.tracer.start_as_current_span(
        name, context=_context(parent) if parent else None, kind=api.SpanKind[kind.upper()], attributes=given,
        links=[api.Link(known) for link in links if (known := _known(link)).is_valid], record_exception=False, set_status_on_exception=False,
    ) as told:
        try:
            yield told
        except BaseException as error:
            told.set_status(api.StatusCode.ERROR, type(error).__name__)
            raise


def _context(parent: str) -> Any:  # noqa: ANN401  # of a package that may be missing
    return _tracing.carriers.extract({"traceparent": parent})


def _known(parent: str) -> Any:  # noqa: ANN401  # likewise
    return _tracing.api.get_current_span(_context(parent)).get_span_context()


def _begin(endpoint: str, role: str) -> None:
    api, sdk = import_module("opentelemetry.trace"), import_module("opentelemetry.sdk.trace")
    batches = import_module("opentelemetry.sdk.trace.export").BatchSpanProcessor
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)  # it writes addresses and answers; `_Telling` says what matters
    provider = sdk.TracerProvider(resource=_resource(role), shutdown_on_exit=False)
    provider.add_span_processor(batches(_exporter(endpoint), max_queue_size=QUEUE, schedule_delay_millis=PAUSE_MS))
    _tracing.api, _tracing.provider = api, provider
    _tracing.carriers = import_module("opentelemetry.trace.propagation.tracecontext").TraceContextTextMapPropagator()
    _tracing.tracer = provider.get_tracer("portolan")
    _log.info("traces go to %s", _host_of(endpoint))


def _resource(role: str) -> Any:  # noqa: ANN401  # likewise
    resources = import_module("opentelemetry.sdk.resources")
    ours = {"service.name": f"portolan-{role}", "service.namespace": "portolan", "host.name": socket.gethostname(), "process.pid": os.getpid()}
    return resources.Resource(ours).merge(resources.OTELResourceDetector().detect())


def _exporter(endpoint: str) -> Any:  # noqa: ANN401  # likewise
    sender = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter").OTLPSpanExporter
    return _telling(sender)(endpoint=endpoint.rstrip("/") + SIGNAL, timeout=EXPORT_SECONDS)


def _telling(sender: Any) -> Any:  # noqa: ANN401  # likewise
    """Give an exporter that says once when its spans are not taken, and once when they are again."""

    class Telling(sender):  # type: ignore[misc]
        heard = True

        def export(self, spans: Sequence[object]) -> object:
            result = super().export(spans)
            taken = result.name == "SUCCESS"
            if taken != self.heard:
                _log.warning("traces are taken again" if taken else "traces are lost: the collector does not take them")
            self.heard = taken
            return result

    return Telling


def _host_of(endpoint: str) -> str:
    """Give an endpoint without what may be a password."""
    return endpoint.split("://", 1)[-1].rpartition("@")[2].split("/")[0].split("?")[0]
