"""Hosts of other people's that we may ask: public ones alone, by the address that is really connected to.

A name that a person types (a webhook, an endpoint with prices) could point into our own network. Its addresses are looked up here, every
one is refused that is not public, and the caller connects to what was checked, so that a name cannot change in between.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from typing import Final

from engine.errors import InvalidInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str], Sequence[str]]  # name -> addresses as text

NAME: Final = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
INSIDE: Final = (".local", ".localhost", ".internal", ".intranet", ".lan", ".home.arpa")
EMBEDDED: Final = ipaddress.ip_network("64:ff9b::/96")  # NAT64: an IPv4 address in the last four bytes


def checked(host: str, *, resolve: Resolver | None = None, field: str = "url") -> tuple[str, ...]:
    """Give the addresses of a host, all of them public.

    Parameters
    ----------
    host : str
        A name, or an address in its usual spelling; without scheme and port.
    resolve : callable, optional
        Looks a name up; default the system's resolver.
    field : str
        What the error names.

    Returns
    -------
    tuple of str
        At least one; connect to these, not to the name.

    Raises
    ------
    InvalidInput
        The host is no name, is not found, or one of its addresses is private, loopback, link-local, reserved, multicast, or a cloud's metadata.
    """
    name = host.strip().lower().rstrip(".").removeprefix("[").removesuffix("]")
    literal = _literal(name)
    if literal is not None:
        return (str(_public(literal, host, field)),)
    if not NAME.fullmatch(name) or name.endswith(INSIDE):
        raise InvalidInput(field, host, "is not the name of a public host", hint="Use a full name such as hooks.example.com", rule="bad_host")
    found = [address for text in (resolve or looked_up)(name) if (address := _literal(text)) is not None]
    if not found:
        raise InvalidInput(field, host, "has no address", hint="Check the spelling of the host", rule="unknown_host")
    return tuple(dict.fromkeys(str(_public(address, host, field)) for address in found))


def looked_up(name: str) -> list[str]:
    """Ask the system's resolver; a name that it does not know has no address."""
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


def is_public(address: Address) -> bool:
    """Tell whether an address is somebody else's on the internet; one that carries an IPv4 address is judged by that."""
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if carried is None and address in EMBEDDED:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if carried is not None:
            return is_public(carried)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _public(address: Address, host: str, field: str) -> Address:
    if not is_public(address):
        raise InvalidInput(field, host, "is in a private network, or this machine", hint="Use a host that is public on the internet",
                           rule="private_address")
    return address


def _literal(text: str) -> Address | None:
    """Read an address in its usual spelling; 2130706433, 0x7f.1 and 127.1 are none, and no names either."""
    try:
        return ipaddress.ip_address(text.split("%", maxsplit=1)[0])
    except ValueError:
        return None
