"""Which URLs of a user's own may be asked: every way to point into our own network is refused, and named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from data.providers.endpoint_hosts import AllowList
from engine.errors import InvalidInput

URL = "https://prices.example.com/last?s={symbol}"
HOSTS = ["prices.example.com", "*.example.org", "https://a.example:8443", "http://plain.example", "127.0.0.1", "localhost", "http://10.0.0.5:8080",
         "2130706433", "169.254.169.254", "http://[::1]"]
PUBLIC = "93.184.216.34"


def allowed(*addresses: str) -> AllowList:
    """A list whose names resolve to these addresses, to a public one without any."""
    entries = AllowList.of(HOSTS).entries
    return AllowList(entries, lambda _name: list(addresses) or [PUBLIC])


@pytest.mark.parametrize("url", [URL, "https://prices.example.com/{symbol}", "https://x.example.org/?s={symbol}&k={key}", "https://a.example:8443/{symbol}",
                                 "http://plain.example/{symbol}", "https://PRICES.example.com/{symbol}", "https://prices.example.com:443/{symbol}"])
def test_a_named_public_host_may_be_asked(url: str) -> None:
    assert allowed().check(url).hostname


REFUSED = {
    "http://prices.example.com/{symbol}": "not_https", "ftp://prices.example.com/{symbol}": "not_https", "file:///etc/passwd": "not_a_url",
    "gopher://prices.example.com/{symbol}": "not_https", "//prices.example.com/{symbol}": "not_https", "prices.example.com/{symbol}": "not_a_url",
    "https://other.example/{symbol}": "host_not_allowed", "https://example.org/{symbol}": "host_not_allowed",
    "https://evilexample.org/{symbol}": "host_not_allowed", "https://prices.example.com.evil.net/{symbol}": "host_not_allowed",
    "https://prices.example.com:8443/{symbol}": "host_not_allowed", "https://a.example/{symbol}": "host_not_allowed",
    "https://user:pw@prices.example.com/{symbol}": "credentials", "https://prices.example.com@evil.net/{symbol}": "credentials",
    "https://prices.example.com/last": "no_symbol", "https://prices.example.com/{symbol}{other}": "not_a_template",
    "https://{symbol}.example.org/": "not_a_template", "https://prices.example.com/{symbol}#x": "not_a_template",
    "https://prices.example.com/{symbol": "not_a_template", "https://prices.example.com/{{symbol}}": "not_a_template",
    "https://prices.example.com/ {symbol}": "not_a_url", "https://prices.example.com/{symbol}\r\nHost: evil": "not_a_url",
    "https://prices.example.com\\@evil.net/{symbol}": "not_a_url", "https://pric\u0435s.example.com/{symbol}": "not_a_url",
    "https://prices.example.com:99999/{symbol}": "not_a_url", "https:///{symbol}": "not_a_url", "": "not_a_url",
    "https://prices.example.com/" + "a" * 2000 + "{symbol}": "not_a_url",
    "https://127.0.0.1/{symbol}": "private_address", "https://localhost/{symbol}": "bad_host", "http://10.0.0.5:8080/{symbol}": "private_address",
    "https://2130706433/{symbol}": "bad_host", "https://0177.0.0.1/{symbol}": "bad_host", "https://0x7f.0.0.1/{symbol}": "bad_host",
    "https://0x7f000001/{symbol}": "bad_host", "https://127.1/{symbol}": "bad_host", "https://[::1]/{symbol}": "private_address",
    "https://[::ffff:127.0.0.1]/{symbol}": "private_address", "https://[::ffff:7f00:1]/{symbol}": "private_address",
    "https://[fe80::1]/{symbol}": "private_address", "https://[fd00::1]/{symbol}": "private_address",
    "https://[64:ff9b::a9fe:a9fe]/{symbol}": "private_address",
    "https://169.254.169.254/latest/{symbol}": "private_address",
    "https://metadata.google.internal/{symbol}": "bad_host", "https://0.0.0.0/{symbol}": "private_address",
    "https://192.168.1.1/{symbol}": "private_address", "https://100.64.0.1/{symbol}": "private_address",
}  # fmt: skip


@pytest.mark.parametrize(("url", "rule"), REFUSED.items())
def test_what_may_not_be_asked_is_named(url: str, rule: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        allowed().check(url)
    assert raised.value.context["rule"] == rule
    assert raised.value.context["hint"]
    assert "pw" not in raised.value.message + str(raised.value.context)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.100.100.200", "::1",
                                     "::ffff:10.0.0.1", "fe80::1%eth0", "fd12::1", "0.0.0.0", "224.0.0.1", "64:ff9b::a00:5", "2002:a00:5::1"])  # noqa: S104 - refused
@pytest.mark.parametrize("others", [(), (PUBLIC,)])
def test_a_named_host_that_resolves_into_a_private_network_is_refused(address: str, others: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as raised:
        allowed(*others, address).check(URL)
    assert raised.value.context["rule"] == "private_address"


def test_a_host_that_is_not_named_is_not_even_looked_up() -> None:
    def never(name: str) -> list[str]:
        pytest.fail(f"looked up {name}")

    resolve: Callable[[str], list[str]] = never
    with pytest.raises(InvalidInput):
        AllowList(AllowList.of(HOSTS).entries, resolve).check("https://secret-of-mine.other.example/{symbol}")


def test_without_a_list_nobody_is_asked() -> None:
    with pytest.raises(InvalidInput) as raised:
        AllowList().check(URL)
    assert raised.value.context["rule"] == "host_not_allowed"
    assert "ENDPOINT_HOSTS" in raised.value.context["hint"]
