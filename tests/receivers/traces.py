"""A collector of traces: OTLP over HTTP on loopback, decoded as its protobuf says."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Told:
    """One span, read."""

    name: str
    service: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    attributes: dict[str, Any]
    status: str


@dataclass
class Collector:
    """What came, and what is answered."""

    port: int = 0
    paths: set[str] = field(default_factory=set)
    spans: list[Told] = field(default_factory=list)
    raw: bytes = b""
    status: int = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def named(self, name: str) -> list[Told]:
        return [span for span in list(self.spans) if span.name.startswith(name)]

    def by_id(self) -> dict[str, Told]:
        return {span.id: span for span in list(self.spans)}

    def way_of(self, span: Told) -> list[str]:
        """Names from a span up to the root of its trace."""
        known, names = self.by_id(), [span.name]
        while span.parent in known:
            span = known[span.parent]
            names.append(span.name)
        return names

    def take(self, path: str, body: bytes) -> None:
        self.paths.add(path)
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = values(resource.resource.attributes)["service.name"]
            self.spans += [told(span, service) for scope in resource.scope_spans for span in scope.spans]


def values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def told(span: Any, service: str) -> Told:
    return Told(span.name, service, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(),
                tuple(link.span_id.hex() for link in span.links), values(span.attributes), span.status.message)


@contextmanager
def collecting(port: int = 0) -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if collector.status == 200:
                collector.take(self.path, gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        collector.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield collector
        server.shutdown()
        thread.join()
