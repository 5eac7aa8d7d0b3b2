"""A provider on loopback: a real HTTP server that answers recorded bodies, or goes wrong in a chosen way."""

from __future__ import annotations

import gzip
import io
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

RECORDED = Path(__file__).parents[2].parent / "shared" / "recorded"
FAULTS = ("429_text", "429_json", "500", "503", "401", "reset", "drip_head", "drip_body", "half", "wrong_length", "huge", "gzip_bomb", "html",
          "redirect_away")
INSIGNIFICANT = frozenset({"apikey", "token", "api_token", "apiKey", "crumb", "lang", "region", "corsDomain", "period1", "period2"})


@dataclass
class Told:
    """One answer."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Case(NamedTuple):
    """A row of an outcome table: what is asked of a client, and the value, a function that judges the value, or the class of error."""

    call: Callable[[Any], Any]
    expected: Any


Rule = Callable[["Asked"], Told | None]


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    def __str__(self) -> str:
        return self.path + ("?" + "&".join(f"{name}={value}" for name, value in self.query.items()) if self.query else "")


class Replay:
    """A server of its own thread; leave it by `close`, or use it in a `with` block.

    Parameters
    ----------
    rule : callable
        Gives what is told; 404 where it gives None.
    fault : str, optional
        One of `FAULTS`: goes wrong instead.
    """

    def __init__(self, rule: Rule | None = None, *, fault: str | None = None) -> None:
        self.rule = rule or (lambda _asked: None)
        self.fault_name = fault
        self.requests: list[Asked] = []
        self.wrong, self.declared = Told(b'{"price": 12.5, "symbol": "AAPL"}'), 12  # of the fault wrong_length
        self.stopping = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @classmethod
    def serving(cls, body: bytes | str, status: int = 200, content_type: str = "application/json",
                headers: Mapping[str, str] | None = None) -> Replay:
        """Answer everything with one body."""
        told = Told(body.encode() if isinstance(body, str) else body, status, content_type, headers or {})
        return cls(lambda _asked: told)

    @classmethod
    def of_index(cls, path: Path = RECORDED / "index.json") -> Replay:
        """Answer what was recorded of a host and path; of several the one whose query agrees most. The path may begin with the host."""
        return cls(_Index(path))

    @classmethod
    def of_file(cls, name: str, folder: Path = RECORDED) -> Replay:
        """Answer everything with one recorded file, under its own status and type."""
        entry = next(entry for entry in json.loads((folder / "index.json").read_text(encoding="utf-8")) if entry["file"] == name)
        return cls(lambda _asked: _recorded(folder, entry))

    @classmethod
    def fault(cls, name: str) -> Replay:
        """Go wrong in a way."""
        if name not in FAULTS:
            raise KeyError(name)
        return cls(fault=name)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def asked(self) -> list[str]:
        """Every path with its query, in the order of arrival."""
        return [str(request) for request in self.requests]

    def close(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_args: object) -> None:
        """A client that hangs up is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), dict(self.headers.items()), body)
        self.server.replay.requests.append(asked)
        if self.server.replay.fault_name:
            getattr(self, f"fault_{self.server.replay.fault_name}")()
        else:
            self.tell(self.server.replay.rule(asked) or Told(b'{"error": "not recorded"}', 404))

    do_GET = do_POST = answer  # noqa: N815

    def log_message(self, *_args: object) -> None:
        """Stay silent."""

    def tell(self, told: Told, *, length: int | None = None) -> None:
        self.send_response(told.status)
        self.send_header("Content-Type", told.content_type)
        self.send_header("Content-Length", str(len(told.body) if length is None else length))
        for name, value in told.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(told.body if told.status != 304 else b"")

    def fault_429_text(self) -> None:
        self.tell(Told(b"Edge: Too Many Requests", 429, "text/plain", {"Retry-After": "7"}))

    def fault_429_json(self) -> None:
        self.tell(Told(b'{"status": {"error_code": 429, "error_message": "You have exceeded the Rate Limit"}}', 429))

    def fault_500(self) -> None:
        self.tell(Told(b"oops", 500, "text/plain"))

    def fault_503(self) -> None:
        self.tell(Told(b"<html>maintenance</html>", 503, "text/html"))

    def fault_401(self) -> None:
        key = urlsplit(self.path).query + " " + str(self.headers)
        self.tell(Told(json.dumps({"error": "Invalid API key", "you_sent": key}).encode(), 401))

    def fault_reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def fault_drip_head(self) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 10_000)

    def fault_drip_body(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        self.drip(b" " * 10_000)

    def drip(self, text: bytes) -> None:
        """Send a byte, wait, send a byte: no timeout of a socket ever sees silence."""
        for byte in text:
            if self.server.replay.stopping.wait(0.05):
                break
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
        self.close_connection = True

    def fault_half(self) -> None:
        self.tell(Told(b'{"chart": {"result": [{"meta": {"regularMarketPrice": 1'), length=10_000)
        self.close_connection = True

    def fault_wrong_length(self) -> None:
        self.tell(self.server.replay.wrong, length=self.server.replay.declared)
        self.close_connection = True

    def fault_huge(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(100 * 2**20))
        self.end_headers()
        with suppress(OSError):
            for _ in range(1600):
                self.wfile.write(b"7" * 65536)
        self.close_connection = True

    def fault_gzip_bomb(self) -> None:
        self.tell(Told(bomb(), headers={"Content-Encoding": "gzip"}))

    def fault_html(self) -> None:
        self.tell(Told(b"<!doctype html><html><body>Please accept our cookies</body></html>", 200, "text/html"))

    def fault_redirect_away(self) -> None:
        self.tell(Told(b"", 302, headers={"Location": "http://169.254.169.254/latest/meta-data/"}))


@cache
def bomb(size: int = 512 * 2**20) -> bytes:
    """Pack characters into a thousandth of what they unpack to."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        for _ in range(size // 2**20):
            file.write(b"0" * 2**20)
    return packed.getvalue()


class _Index:
    """Finds the recorded answer of a request."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.entries: dict[tuple[str, str], list[tuple[dict[str, str], dict[str, Any]]]] = {}
        for entry in json.loads(path.read_text(encoding="utf-8")):
            parts = urlsplit(entry["url"] if "://" in entry["url"] else f"https://{entry['url']}")
            told = dict(parse_qsl(parts.query, keep_blank_values=True)), entry
            for place in (parts.path, f"/{parts.hostname}{parts.path}"):
                self.entries.setdefault((entry.get("method", "GET"), place), []).append(told)

    def __call__(self, asked: Asked) -> Told | None:
        found = self.entries.get((asked.method, asked.path), [])
        if not found:
            return None
        return _recorded(self.folder, max(found, key=lambda each: _likeness(each[0], asked.query))[1])


def _likeness(recorded: dict[str, str], asked: dict[str, str]) -> int:
    same = sum(asked.get(name) == value for name, value in recorded.items() if name not in INSIGNIFICANT)
    other = sum(asked.get(name) != value for name, value in recorded.items() if name not in INSIGNIFICANT)
    return same - other


def _recorded(folder: Path, entry: Mapping[str, Any]) -> Told:
    return Told((folder / entry["file"]).read_bytes(), int(entry["status"]), entry.get("content_type") or "application/octet-stream")


@contextmanager
def patience(seconds: float = 20.0) -> Iterator[Callable[[], bool]]:
    """Give what tells whether there is time left to wait: generous, nothing is asserted about it."""
    end = time.monotonic() + seconds
    yield lambda: time.monotonic() < end
