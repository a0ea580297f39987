"""A URL taken apart, and what kind of place an address is: public, one that an administrator must allow, or forbidden.

Hosts are written in one way before they are looked at: in lower case, without a trailing dot, and the decimal, octal,
hexadecimal and shortened forms of an IPv4 address (as the C library reads them) as four numbers. An IPv6 address that
carries an IPv4 one is judged as both.
"""

import ipaddress
import re
import socket
from collections.abc import Iterator
from enum import StrEnum
from urllib.parse import urlsplit

from msgspec import Struct

from trimtab.base.errors import InvalidInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.169.0/24",  # metadata of EC2, Azure, GCP, OpenStack, Oracle and DigitalOcean; EC2's DNS and time
        "169.254.170.0/24",  # credentials of ECS tasks and EKS pods
        "169.254.42.42/32",  # Scaleway
        "169.254.0.23/32",  # Tencent
        "100.100.100.200/32",  # Alibaba
        "100.96.0.96/32",  # Volcengine
        "192.0.0.192/32",  # Oracle, classic
        "168.63.129.16/32",  # Azure's wire server
        "fd00:ec2::/32",  # EC2's metadata, DNS and time; EKS
        "fd20:ce::254/128",  # GCP
        "fd00:42::42/128",  # Scaleway
        "fe80::a9fe:a9fe/128",  # OpenStack
    )
)
_METADATA_NAMES = frozenset(
    {"metadata.google.internal", "metadata.goog", "metadata", "instance-data", "metadata.tencentyun.com"}
)
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE = (ipaddress.ip_network("::/96"), ipaddress.ip_network("::ffff:0:0:0/96"))  # RFC 4291 and 2765
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?", re.IGNORECASE)
_NUMBER = re.compile(r"(.*\.)?(0x[0-9a-f]*|\d+)", re.IGNORECASE)
"""What ends with a number is an IPv4 address or nothing, as browsers have it (WHATWG, "ends in a number")."""
_LONGEST_URL = 2048


class Kind(StrEnum):
    """What may be sent to an address: to PUBLIC by all, to PRIVATE what the list names, to NEVER nothing."""

    PUBLIC = "public"
    PRIVATE = "private"
    NEVER = "never"


class Forbidden(InvalidInput):
    """Nothing is sent there."""


class Place(Struct, frozen=True, order=True):
    """A host, in the one way it is written, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Target(Struct, frozen=True):
    """An http(s) URL taken apart. `path` includes the query."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def place(self) -> Place:
        """Its host and port."""
        return Place(self.host, self.port)

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def parse_url(url: str) -> Target:
    """The parts of `url`. Raises InvalidInput; the message does not repeat the URL, which may hold a secret.

    Whether something may be sent there is the gate's to say.
    """
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInput("cannot use URL: expected printable ASCII without spaces, such as https://host/path")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise InvalidInput(f"cannot use URL: {problem}; expected https://host:port/path") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise InvalidInput("cannot use URL: expected http:// or https:// and a host, such as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("cannot use URL: it holds a user or password; give `authorization` instead")
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(tls, host_of(parts.hostname), port or (443 if tls else 80), path)


def parse_place(text: str) -> Place:
    """`host:port` as an administrator writes it, such as 10.0.0.5:8080, [fd00::5]:8080 or models.internal:443.

    Raises InvalidInput.
    """
    try:
        parts = urlsplit(f"//{text.strip()}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or parts.path or parts.query or parts.username is not None:
        raise InvalidInput(
            f"cannot use {text[:200]!r}: expected host:port, such as 10.0.0.5:8080 or models.internal:443"
        )
    return Place(host_of(host), port)


def host_of(text: str) -> str:
    """A host in the one way it is written here. Raises InvalidInput for what is none."""
    host = text.lower()
    if ":" in host:
        try:
            found = ipaddress.IPv6Address(host.replace("%", " "))  # an address with a zone is none here
            return str(found.ipv4_mapped or found)
        except ValueError:
            raise InvalidInput(f"cannot use host [{text[:60]}]: expected an IPv6 address without a zone") from None
    host = host.rstrip(".")
    if _NUMBER.fullmatch(host):
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            raise InvalidInput(f"cannot use host {text[:60]!r}: expected a name or an IP address") from None
    if not _HOST.fullmatch(host):
        raise InvalidInput(f"cannot use host {text[:60]!r}: expected a name or an IP address")
    return host


def literal(host: str) -> Address | None:
    """The address that a host is, where it is one and no name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def forbidden(place: Place) -> str:
    """Why a name or an address is never sent to, whatever resolves or is listed; empty where it may be."""
    address = literal(place.host)
    is_never = place.host in _METADATA_NAMES or (address is not None and kind_of(address) is Kind.NEVER)
    return never(address) if is_never else ""


def never(address: Address | None) -> str:
    """Why nothing is sent to an address of the kind NEVER; None stands for a metadata service's name."""
    if address is None or any(_is_metadata(one) for one in _readings(address)):
        return "it is a cloud's metadata service, which gives credentials away"
    return "it is not the address of one host"


def kind_of(address: Address) -> Kind:
    """The kind of an address: the strictest of all that it can be read as."""
    return max((_kind(one) for one in _readings(address)), key=tuple(Kind).index)


def _kind(address: Address) -> Kind:
    if _is_metadata(address) or address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
        return Kind.NEVER
    return Kind.PUBLIC if address.is_global else Kind.PRIVATE


def _is_metadata(address: Address) -> bool:
    return any(address.version == network.version and address in network for network in _METADATA)


def _readings(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 address that it carries: mapped, compatible, 6to4, Teredo, NAT64 or ISATAP.

    One that is mapped is its IPv4 address, as the system connects to that.
    """
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    yield address
    carried = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if any(address in network for network in _NAT64) or (
        any(address in network for network in _COMPATIBLE) and int(carried) > 1
    ):
        yield carried
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if (int(address) >> 32) & 0xFCFF_FFFF == 0x0000_5EFE:
        yield carried
