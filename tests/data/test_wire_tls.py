"""The same over TLS: certificates are checked, and no phase of a connection holds a thread, the handshake neither."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from data.providers.wire import Wire
from engine.errors import ProviderTimeout, ProviderUnavailable
from tests.data.replay import Replay
from tests.data.test_wire import in_thread

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="no openssl on this machine to make a certificate with")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of localhost that nobody has signed, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "certificate.pem", folder / "key.pem"
    subprocess.run([str(OPENSSL), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(paths[1]), "-out", str(paths[0]), "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return paths


@contextmanager
def safe(server: Replay, certificate: tuple[Path, Path]) -> Iterator[str]:
    """Have a server speak TLS; gives its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True, do_handshake_on_connect=False)
    with server:
        yield server.url.replace("http://127.0.0.1", "https://localhost")


def trusting(url: str, certificate: tuple[Path, Path], seconds: float = 10.0) -> Wire:
    wire = Wire("acme", url, deadline_seconds=seconds)
    wire._session.verify = str(certificate[0])
    return wire


def test_a_certificate_that_nobody_signed_is_refused(certificate: tuple[Path, Path]) -> None:
    with safe(Replay.serving(b"{}"), certificate) as url, pytest.raises(ProviderUnavailable, match="certificate is not trusted"):
        Wire("acme", url).get("/")


def test_one_that_is_trusted_is_asked_again_and_again(certificate: tuple[Path, Path]) -> None:
    with safe(Replay.serving(b'{"price": 1}'), certificate) as url:
        wire = trusting(url, certificate)
        assert [wire.get("/").json() for _ in range(3)] == [{"price": 1}] * 3


@pytest.mark.parametrize("fault", ["drip_head", "drip_body"])
def test_a_slow_answer_frees_the_thread(certificate: tuple[Path, Path], fault: str) -> None:
    with safe(Replay.fault(fault), certificate) as url:
        assert type(in_thread(lambda: trusting(url, certificate, 1.0).get("/"))) is ProviderTimeout


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x03\x40\x00" + b"\x02" * 5000])
def test_a_handshake_that_stalls_or_drips_frees_the_thread(said: bytes) -> None:
    ending = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            with suppress(OSError), listener.accept()[0] as line:
                for byte in said:
                    if ending.wait(0.05):
                        return
                    line.send(bytes([byte]))
                ending.wait(300)

        Thread(target=drip, daemon=True).start()
        wire = Wire("acme", f"https://127.0.0.1:{listener.getsockname()[1]}", deadline_seconds=1.0)
        try:
            assert type(in_thread(lambda: wire.get("/"))) is ProviderTimeout
        finally:
            ending.set()


def test_a_name_that_is_never_found_frees_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    ending = Event()
    monkeypatch.setattr("data.providers.sockets.socket.getaddrinfo", lambda *_args, **_options: ending.wait(300) and [])
    try:
        assert type(in_thread(lambda: Wire("acme", "http://slow.example", deadline_seconds=0.5).get("/"))) is ProviderTimeout
    finally:
        ending.set()
