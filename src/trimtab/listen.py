"""Listening sockets: those of HTTP are bound before anything else starts, so that a taken port is said at once."""

import errno
import socket

from trimtab.base.errors import SetupError
from trimtab.base.loopback import is_loopback
from trimtab.settings import OFF, Settings

BACKLOG = 1024


_TRIES = 20  # ports tried until one is free for TCP and for UDP


def bind(address: str, setting: str) -> socket.socket:
    """A listening TCP socket at `host:port`; port 0 takes a free one. Raises SetupError that names the setting."""
    listener = _bound(address, setting, socket.SOCK_STREAM)
    listener.listen(BACKLOG)
    return listener


def bind_udp(address: str, setting: str) -> socket.socket:
    """A UDP socket at `host:port`; port 0 takes a free one. Raises SetupError that names the setting."""
    return _bound(address, setting, socket.SOCK_DGRAM)


def bind_both(address: str, setting: str) -> tuple[socket.socket, socket.socket]:
    """A listening TCP socket and a UDP socket at one port; 0 takes one that is free for both. Raises SetupError."""
    host, _, port = address.rpartition(":")
    for tries in range(_TRIES, 0, -1):
        listener = bind(address, setting)
        try:
            return listener, bind_udp(f"{host}:{listener.getsockname()[1]}", setting)
        except SetupError:
            listener.close()
            if port != "0" or tries == 1:
                raise
    raise AssertionError("the last try returns or raises")


def _bound(address: str, setting: str, kind: socket.SocketKind) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle off only where it is: without, each answer waits 40 ms.
    protocol = socket.IPPROTO_TCP if kind is socket.SOCK_STREAM else socket.IPPROTO_UDP
    bound = socket.socket(family, kind, protocol)
    try:
        if kind is socket.SOCK_STREAM:  # for UDP it would let two servers share the port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, int(port)))
    except (OSError, OverflowError) as problem:
        bound.close()
        if getattr(problem, "errno", None) == errno.EADDRINUSE:
            raise SetupError(
                f"cannot listen on {address}: another process has that port; stop it, or set {setting} to another "
                "address (port 0 takes a free one)"
            ) from None
        raise SetupError(
            f"cannot listen on {address}: {problem}; set {setting} to an address of this machine"
        ) from None
    return bound


def is_local(address: str) -> bool:
    """Whether only this machine can reach `host:port`."""
    return is_loopback(address.rpartition(":")[0].strip("[]"))


def check_exposure(settings: Settings) -> bool:
    """Whether callers must authenticate. Raises SetupError for an address beyond loopback without TLS, and for one of
    a door that knows no credentials.
    """
    for name, address in (
        ("TRIMTAB_EMF_ADDR", settings.emf_addr),
        ("TRIMTAB_STATSD_ADDR", settings.statsd_addr),
        ("TRIMTAB_SYSLOG_ADDR", settings.syslog_addr),
        ("TRIMTAB_XRAY_UDP_ADDR", settings.xray_udp_addr),
    ):
        if address != OFF and not is_local(address):
            raise SetupError(
                f"cannot listen on {address}: its protocol has no credentials; keep {name} on 127.0.0.1, "
                "or turn it off and send from other machines by OTLP"
            )
    exposed = [
        (name, address)
        for name, address in (
            ("TRIMTAB_HTTP_ADDR", settings.http_addr),
            ("TRIMTAB_OTLP_HTTP_ADDR", settings.otlp_http_addr),
            ("TRIMTAB_OTLP_GRPC_ADDR", settings.otlp_grpc_addr),
        )
        if address != OFF and not is_local(address)
    ]
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise SetupError("cannot use TLS: set both TRIMTAB_TLS_CERT and TRIMTAB_TLS_KEY, or neither")
    if exposed and not settings.tls_cert and not settings.allow_plain_http:
        name, address = exposed[0]
        raise SetupError(
            f"cannot listen on {address} without TLS: set TRIMTAB_TLS_CERT and TRIMTAB_TLS_KEY, "
            f"keep {name} on 127.0.0.1, or set TRIMTAB_ALLOW_PLAIN_HTTP=1 behind a proxy that ends TLS"
        )
    return settings.require_auth or bool(exposed)
