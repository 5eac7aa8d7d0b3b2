"""A receiver of webhooks: real HTTPS on loopback, under a name that its certificate has."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from data.webhooks import Webhooks

PEM = Path(__file__).with_name("hooks.pem")
PUBLIC = "93.184.216.34"


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came, and what is answered."""

    port: int = 0
    got: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  # of the next answers; 200 behind them
    headers: dict[str, str] = field(default_factory=dict)
    drip_seconds: float = 0.0  # one byte after the other
    patience: threading.Event = field(default_factory=threading.Event)  # answers wait for it

    @property
    def url(self) -> str:
        return f"https://hooks.example.com:{self.port}/in?team=a"

    def sender(self, *, timeout_seconds: float = 10.0, resolve: Callable[[str], list[str]] | None = None) -> Webhooks:
        """Give what posts here: the name resolves to a public address, whose connections end at this receiver."""
        return Webhooks(resolve=resolve or (lambda _name: [PUBLIC]), connect=self._connect, context=ssl.create_default_context(cafile=str(PEM)),
                        timeout_seconds=timeout_seconds)

    def _connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
        assert address == (PUBLIC, self.port), "the checked address is the one that is connected to"
        return socket.create_connection(("127.0.0.1", self.port), timeout)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.patience.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            receiver.patience.wait(30)
            if receiver.drip_seconds:
                for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Long: " + b"o" * 100 + b"\r\n\r\n":
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(receiver.drip_seconds)
                return
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_given: object) -> None:
            """Nothing is logged."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, _request: object, _client: object) -> None:
            """A caller that hangs up is no news."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.patience.set()
        server.shutdown()
        server.server_close()
