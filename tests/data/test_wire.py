"""How providers are asked: every way in which a server goes wrong has its error, no thread is held, no key is told, nothing is asked twice."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path

import pytest

from data import calendar
from data.addresses import checked
from data.providers.wire import HIDDEN, Wire, check_symbol, quoted
from engine.errors import (
    InvalidInput,
    MalformedResponse,
    ProviderError,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
)  # fmt: skip
from tests.data.replay import FAULTS, Asked, Replay, Told, bomb

ROOT = Path(__file__).parents[2]
KEY = "marker-Key+7Q/x="
Start = Callable[..., tuple[Replay, Wire]]
OUTCOMES = {
    "429_text": RateLimited, "429_json": RateLimited, "500": ProviderUnavailable, "503": ProviderUnavailable, "401": ProviderRefused,
    "reset": ProviderUnavailable, "drip_head": ProviderTimeout, "drip_body": ProviderTimeout, "half": ProviderUnavailable,
    "wrong_length": ProviderUnavailable, "huge": MalformedResponse, "gzip_bomb": MalformedResponse, "html": MalformedResponse,
    "redirect_away": MalformedResponse,
}


@pytest.fixture(scope="module", autouse=True)
def packed() -> None:
    bomb()  # takes a second, which no deadline should pay


@pytest.fixture
def serve() -> Iterator[Start]:
    """Start a server, and a wire to it."""
    opened: list[Replay] = []

    def start(rule: Callable[[Asked], Told | None] | Told, **options: object) -> tuple[Replay, Wire]:
        server = Replay((lambda _asked: rule) if isinstance(rule, Told) else rule)
        opened.append(server)
        return server, Wire("acme", server.url, secrets=[KEY], **{"deadline_seconds": 5.0, **options})  # type: ignore[arg-type]

    yield start
    for server in opened:
        server.close()


def in_thread(work: Callable[[], object]) -> object:
    """Run in a thread that must come back: generous, because a held one never does (the slow server sends for minutes)."""
    result: list[object] = []

    def run() -> None:
        try:
            result.append(work())
        except ProviderError as error:
            result.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "the thread is held"
    return result[0]


def test_every_fault_is_here() -> None:
    assert set(OUTCOMES) == set(FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_its_error_and_frees_the_thread(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")  # where urllib3 would tell the whole address
    with Replay.fault(fault) as server:
        wire = Wire("acme", server.url, secrets=[KEY], deadline_seconds=1.0, headers={"X-Token": KEY})
        error = in_thread(lambda: wire.get("/quote", {"symbol": "AAPL", "apikey": KEY}).json())
        assert type(error) is OUTCOMES[fault]
        told = f"{error} {error.context} {caplog.text}"
        assert KEY not in told
        assert "marker-Key" not in told
        assert len(error.message) < 400
        assert len(server.asked) == 1, "one question, no retry, no other host"


def test_a_slow_answer_on_a_connection_that_closes_is_bounded_too() -> None:
    """http.client lets go of such a connection before the body is read."""
    with Replay.fault("drip_body") as server:
        wire = Wire("acme", server.url, deadline_seconds=0.5, headers={"Connection": "close"})
        assert type(in_thread(lambda: wire.get("/quote"))) is ProviderTimeout


def test_a_host_that_is_not_there_is_unavailable() -> None:
    with Replay.serving(b"{}") as server:
        url = server.url
    error = in_thread(lambda: Wire("acme", url, deadline_seconds=2).get("/"))
    assert type(error) is ProviderUnavailable
    error = in_thread(lambda: Wire("acme", "http://no-such-host.invalid", deadline_seconds=5).get("/"))
    assert type(error) in {ProviderUnavailable, ProviderTimeout}


MEMORY = """
import resource, sys
from data.providers.wire import Wire
from engine.errors import MalformedResponse
def ask(url):
    try:
        Wire("acme", url, deadline_seconds=60).get("/")
    except MalformedResponse:
        return
    raise SystemExit("no error")
ask(sys.argv[3])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(6):
    for url in sys.argv[1:3]:
        ask(url)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_stays_flat_under_large_and_packed_bodies() -> None:
    """100 MB and half a gigabyte packed into two, six times each, in a process of their own: its peak grows by no more than the cap and a half."""
    with Replay.fault("huge") as huge, Replay.fault("gzip_bomb") as packed, Replay.fault("html") as html:
        html.fault_name = "redirect_away"
        run = subprocess.run([sys.executable, "-c", MEMORY, huge.url, packed.url, html.url], cwd=ROOT, capture_output=True, text=True, check=False,
                             timeout=300)
    assert run.returncode == 0, run.stderr
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(run.stdout) * unit < 100 * 2**20


def test_equal_questions_of_one_moment_are_asked_once(serve: Start) -> None:
    gate = threading.Event()

    def slow(_asked: Asked) -> Told:
        gate.wait(20)
        return Told(b'{"price": 1.5}')

    server, wire = serve(slow, deadline_seconds=30.0)
    answers: list[object] = []
    threads = [threading.Thread(target=lambda: answers.append(wire.get("/quote", {"symbol": "AAPL"}).json())) for _ in range(8)]
    for thread in threads:
        thread.start()
    while not server.asked:
        gate.wait(0.01)
    gate.wait(0.3)
    gate.set()
    for thread in threads:
        thread.join(30)
    assert answers == [{"price": 1.5}] * 8
    assert server.asked == ["/quote?symbol=AAPL"]
    wire.get("/quote", {"symbol": "AAPL"})
    assert len(server.asked) == 2


def test_an_error_is_shared_too_and_the_next_question_is_asked(serve: Start) -> None:
    server, wire = serve(Told(b"", 500))
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            wire.get("/quote")
    assert len(server.asked) == 2


def test_what_did_not_change_is_not_sent_again(serve: Start) -> None:
    def rule(asked: Asked) -> Told:
        same = asked.headers.get("If-None-Match") == '"one"'
        return Told(status=304) if same else Told(b'{"price": 7}', headers={"ETag": '"one"', "Last-Modified": "Mon, 23 Nov 2026 12:00:00 GMT"})

    server, wire = serve(rule)
    first, second = wire.get("/rates"), wire.get("/rates")
    assert first.body == second.body == b'{"price": 7}'
    assert second.received >= first.received
    assert server.requests[1].headers["If-Modified-Since"] == "Mon, 23 Nov 2026 12:00:00 GMT"
    assert "If-None-Match" not in server.requests[0].headers
    wire.get("/rates", {"other": 1})
    assert "If-None-Match" not in server.requests[2].headers


def test_only_so_many_answers_are_remembered(serve: Start) -> None:
    _, wire = serve(Told(b"x", headers={"ETag": '"1"'}))
    for number in range(150):
        wire.get(f"/{number}")
    assert len(wire._remembered) == 128


def test_a_redirect_within_the_host_is_followed_and_a_ring_is_not(serve: Start) -> None:
    server, wire = serve(lambda asked: Told(b"there") if asked.path == "/new" else Told(status=301, headers={"Location": "/new"}))
    assert wire.get("/old").text == "there"
    ring, wire = serve(Told(status=302, headers={"Location": "/again"}))
    with pytest.raises(MalformedResponse):
        wire.get("/")
    assert len(ring.asked) == 4
    assert server.asked == ["/old", "/new"]


@pytest.mark.parametrize("target", ["http://169.254.169.254/", "http://localhost:1/", "//evil.example/", "ftp://127.0.0.1/"])
def test_a_redirect_to_another_host_is_not(serve: Start, target: str) -> None:
    server, wire = serve(Told(status=302, headers={"Location": target}))
    with pytest.raises(MalformedResponse, match="another host"):
        wire.get("/quote", {"apikey": KEY})
    assert len(server.asked) == 1


def test_a_whole_url_is_asked_on_the_same_host_only(serve: Start) -> None:
    server, wire = serve(Told(b"next"))
    assert wire.get(f"{server.url}/page2").text == "next"
    with pytest.raises(MalformedResponse, match="another host"):
        wire.get("https://api.polygon.io/v3/reference/tickers?cursor=abc")


@pytest.mark.parametrize(("told", "seconds"), [({"Retry-After": "120"}, 120), ({}, None), ({"Retry-After": "soon"}, None)])
def test_how_long_to_wait(serve: Start, told: dict[str, str], seconds: float | None) -> None:
    _, wire = serve(Told(b"slow down", 429, headers=told))
    with pytest.raises(RateLimited) as raised:
        wire.get("/")
    assert raised.value.context.get("retry_after_seconds") == seconds


def test_how_long_to_wait_may_be_an_instant(serve: Start) -> None:
    _, wire = serve(Told(b"", 429, headers={"Retry-After": format_datetime(calendar.now() + timedelta(hours=1), usegmt=False)}))
    with pytest.raises(RateLimited) as raised:
        wire.get("/")
    assert 3000 < raised.value.context["retry_after_seconds"] <= 3600


@pytest.mark.parametrize("status", [401, 402, 403, 451])
def test_who_is_refused(serve: Start, status: int) -> None:
    _, wire = serve(Told(f'{{"message": "key {KEY} is not valid"}}'.encode(), status))
    with pytest.raises(ProviderRefused) as raised:
        wire.get("/")
    assert HIDDEN in raised.value.message
    assert KEY not in str(raised.value.context)
    assert "ACME_API_KEY" in raised.value.context["hint"]


def test_expected_statuses_are_handed_on(serve: Start) -> None:
    _, wire = serve(Told(b'{"error": "no data"}', 404))
    assert wire.get("/", expected=(200, 404)).status == 404
    with pytest.raises(MalformedResponse, match="status 404"):
        wire.get("/")


def test_a_key_is_hidden_as_it_is_and_as_it_is_written_in_a_url() -> None:
    wire = Wire("acme", "http://127.0.0.1:1", secrets=[KEY, ""])
    assert wire.redacted(f"a {KEY} b marker-Key%2B7Q%2Fx%3D c") == f"a {HIDDEN} b {HIDDEN} c"
    assert wire.redacted("two\r\nlines\x1b[31m and " + "x" * 500).startswith("two lines [31m and ")
    assert len(wire.redacted("x" * 500)) == 200


def test_a_key_that_a_body_repeats_is_not_there_to_be_stored(serve: Start) -> None:
    echo = {"name": f"Apple {KEY} Inc", "url": "https://x/?k=marker-Key%2B7Q%2Fx%3D", KEY: 1}
    _, wire = serve(Told(json.dumps(echo).encode()))
    answer = wire.get("/")
    assert answer.json() == {"name": f"Apple {HIDDEN} Inc", "url": f"https://x/?k={HIDDEN}", HIDDEN: 1}
    assert KEY not in repr(answer)


def test_a_short_word_as_a_key_changes_no_body() -> None:
    with Replay.serving(b'{"name": "demo"}') as server:
        assert Wire("acme", server.url, secrets=["demo"]).get("/").json() == {"name": "demo"}


@pytest.mark.parametrize("body", [b"NaN", b'{"price": Infinity}', b'{"price": -Infinity}', b'{"price": 1, "price": 2}', b"", b"<html>",
                                  b"Too Many Requests", b"[1, 2", b"\xff\xfe\x00", b"[" * 100_000])
def test_what_is_no_json(serve: Start, body: bytes) -> None:
    _, wire = serve(Told(body))
    with pytest.raises(MalformedResponse):
        wire.get("/").json()


def test_numbers_digit_by_digit(serve: Start) -> None:
    _, wire = serve(Told(b'\xef\xbb\xbf{"price": 1.10, "volume": 12}'))
    assert wire.get("/").json(exact=True) == {"price": Decimal("1.10"), "volume": 12}
    assert str(wire.get("/").json(exact=True)["price"]) == "1.10"
    assert wire.get("/").json() == {"price": 1.1, "volume": 12}


@pytest.mark.parametrize(("packing", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("", bytes), ("identity", bytes)])
def test_packed_bodies(serve: Start, packing: str, pack: Callable[[bytes], bytes]) -> None:
    body = json.dumps(["x" * 1000] * 100).encode()
    _, wire = serve(Told(pack(body), headers={"Content-Encoding": packing} if packing else {}))
    assert wire.get("/").body == body


@pytest.mark.parametrize(("packing", "body", "error"), [
    ("br", b"whatever", MalformedResponse), ("gzip", b"not packed", MalformedResponse),
    ("gzip", gzip.compress(b"x" * 10_000, mtime=0)[:-20], ProviderUnavailable),
], ids=["unasked", "not packed", "cut"])
def test_badly_packed_bodies(serve: Start, packing: str, body: bytes, error: type[ProviderError]) -> None:
    _, wire = serve(Told(body, headers={"Content-Encoding": packing}))
    with pytest.raises(error):
        wire.get("/")


def test_a_body_at_the_cap_passes_and_one_byte_more_does_not(serve: Start) -> None:
    server, wire = serve(lambda asked: Told(b"x" * int(asked.query["n"])), max_bytes=100_000)
    assert len(wire.get("/", {"n": 100_000}).body) == 100_000
    with pytest.raises(MalformedResponse, match="longer"):
        wire.get("/", {"n": 100_001})
    assert len(server.asked) == 2


def test_a_table_that_is_longer_than_it_says_is_not_cut_in_the_middle_of_a_number() -> None:
    """What is declared ends behind 10 of 105.5: a price that was never there."""
    with Replay.fault("wrong_length") as server:
        server.wrong = Told(b"date,close\n2026-11-23,105.5\n", content_type="text/csv")
        server.declared = len(b"date,close\n2026-11-23,10")
        with pytest.raises(ProviderUnavailable, match="longer than it said"):
            Wire("acme", server.url).get("/")


def test_the_environment_and_its_passwords_are_not_read(serve: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret")
    netrc.chmod(0o600)
    for name, value in {"NETRC": str(netrc), "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    server, wire = serve(Told(b"{}"))
    wire.get("/")
    assert "Authorization" not in server.requests[0].headers


def test_only_public_hosts_where_that_is_asked(serve: Start) -> None:
    server, wire = serve(Told(b"{}"), addresses=checked)
    with pytest.raises(InvalidInput):
        wire.get("/")
    assert server.asked == []


def test_a_post_carries_json(serve: Start) -> None:
    server, wire = serve(lambda asked: Told(asked.body))
    assert wire.post("/v3/mapping", [{"idType": "ID_ISIN"}]).json() == [{"idType": "ID_ISIN"}]
    assert server.requests[0].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("symbol", ["AAPL", "BRK.B", "^GSPC", "EURUSD=X", "BTC-USD", "BRK/B", "X:BTCUSD", "M&M.NS", "0P000071W8.TO", "aapl.us",
                                    "A" * 64])
def test_symbols_that_may_be_sent(symbol: str) -> None:
    assert check_symbol(symbol) == symbol
    assert "/" not in quoted(symbol)


@pytest.mark.parametrize("symbol", ["", "../AAPL", "AAPL/../../etc", "/etc/passwd", "A//B", "AAPL\r\nHost: evil", "AAPL\n", "A B", "A?x=1", "A#b",
                                    "A%2e", "A" * 65, "A" * 2000, "A\x00", "é", "..", "A/", "^", "A\\B", "A;b", "<A>"])
def test_symbols_that_are_refused_before_anybody_is_asked(symbol: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        check_symbol(symbol)
    assert len(raised.value.message) < 200
