from __future__ import annotations

from collections.abc import Callable

import pytest

from data.addresses import checked, looked_up
from engine.errors import InvalidInput

PRIVATE = ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",  # noqa: S104
           "::1", "::", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1"]


def of(*addresses: str) -> Callable[[str], list[str]]:
    return lambda _name: list(addresses)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused_however_it_is_told(address: str) -> None:
    with pytest.raises(InvalidInput) as literal:
        checked(address)
    assert literal.value.context["rule"] == "private_address"
    with pytest.raises(InvalidInput) as named:
        checked("hooks.example.com", resolve=of("93.184.216.34", address))
    assert named.value.context["rule"] == "private_address"
    assert named.value.context["hint"]


@pytest.mark.parametrize("host", ["localhost", "db", "printer.local", "metadata.google.internal", "2130706433", "0x7f.1", "127.1", "017700000001", "",
                                  "a b.com", "exa\r\nmple.com", "x" * 300 + ".com", "-.com", "user@host.com", "host.com:8080", "host.com/path"])
def test_what_is_no_public_name_is_refused_before_it_is_looked_up(host: str) -> None:
    def never(name: str) -> list[str]:
        pytest.fail(f"looked up {name}")

    with pytest.raises(InvalidInput) as refused:
        checked(host, resolve=never, field="base_url")
    assert refused.value.context["rule"] == "bad_host"
    assert refused.value.context["field"] == "base_url"


def test_the_addresses_of_a_public_host_are_given_once_each() -> None:
    found = checked("Hooks.Example.COM.", resolve=of("93.184.216.34", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"))
    assert found == ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946")
    assert checked("93.184.216.34") == ("93.184.216.34",)
    assert checked("[2606:2800:220:1:248:1893:25c8:1946]") == ("2606:2800:220:1:248:1893:25c8:1946",)


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(InvalidInput) as refused:
        checked("nowhere.example.com", resolve=of())
    assert refused.value.context["rule"] == "unknown_host"
    assert looked_up("no-such-host.invalid") == []
