"""Where messages may be sent: http(s) URLs, never to addresses at which a cloud gives its credentials away.

A URL is looked at when a channel is made, and every address that its host resolves to again before each connection,
which then goes to that very address: a name that changes its answer in between gains nothing.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from trimtab.base.errors import InvalidInput

_METADATA = (
    ipaddress.ip_network("169.254.0.0/16"),  # link-local: EC2, Azure, GCP, OpenStack, ECS
    ipaddress.ip_network("fe80::/10"),  # link-local, IPv6
    ipaddress.ip_network("fd00:ec2::/32"),  # EC2's IPv6 metadata and time
    ipaddress.ip_network("100.100.100.200/32"),  # Alibaba Cloud
    ipaddress.ip_network("192.0.0.192/32"),  # Oracle Cloud
    ipaddress.ip_network("168.63.129.16/32"),  # Azure's wire server
)
_NAMES = frozenset({"metadata.google.internal", "metadata", "instance-data"})
_ADVICE = "set TRIMTAB_NOTIFY_ALLOW_LINK_LOCAL=1 if that is a receiver of yours"
_LONGEST_URL = 2048

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Forbidden(InvalidInput):
    """The address is one that messages are not sent to."""


@dataclass(frozen=True, slots=True)
class Target:
    """An http(s) URL taken apart. `path` includes the query."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def parse_url(url: str, allow_link_local: bool = False) -> Target:
    """The parts of `url`. Raises InvalidInput; the message never repeats the URL, which may hold a secret."""
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInput("cannot use URL: expected printable ASCII without spaces, such as https://host/path")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise InvalidInput(f"cannot use URL: {problem}; expected https://host:port/path") from None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidInput("cannot use URL: expected http:// or https:// and a host, such as https://host/path")
    if parts.username or parts.password:
        raise InvalidInput("cannot use URL: it holds a user or password; give `authorization` instead")
    if not allow_link_local:
        _refuse_name(host)
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(tls, host, port or (443 if tls else 80), path)


def resolve(host: str, port: int, allow_link_local: bool = False) -> list[tuple[int, Address]]:
    """The addresses of `host` with their socket family, in the order to try. Raises OSError, or Forbidden if any of
    them is a metadata or link-local address."""
    found: list[tuple[int, Address]] = []
    for family, _, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if not allow_link_local:
            _refuse(address)
        found.append((family, address))
    return found


def _refuse_name(host: str) -> None:
    if host.lower() in _NAMES:
        raise Forbidden(f"cannot send to {host}: it is a cloud's metadata service; {_ADVICE}")
    try:
        _refuse(ipaddress.ip_address(host))
    except ValueError:
        return


def _refuse(address: Address) -> None:
    plain = (address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None) or address
    if any(plain.version == network.version and plain in network for network in _METADATA):
        raise Forbidden(f"cannot send to {address}: it is a link-local or metadata address; {_ADVICE}")
    if plain.is_multicast or plain.is_unspecified:
        raise Forbidden(f"cannot send to {address}: expected the address of one host")
