"""Listening sockets: bound before anything else starts, so that a taken port is a clear message at once."""

import errno
import ipaddress
import socket

from trimtab.base.errors import SetupError
from trimtab.settings import OFF, Settings

BACKLOG = 1024


def bind(address: str, setting: str) -> socket.socket:
    """A listening TCP socket at `host:port`; port 0 takes a free one. Raises SetupError that names the setting."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle off only where it is: without, each answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as problem:
        listener.close()
        if getattr(problem, "errno", None) == errno.EADDRINUSE:
            raise SetupError(
                f"cannot listen on {address}: another process has that port; stop it, or set {setting} to another "
                "address (port 0 takes a free one)"
            ) from None
        raise SetupError(
            f"cannot listen on {address}: {problem}; set {setting} to an address of this machine"
        ) from None
    return listener


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach `host:port`."""
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_exposure(settings: Settings) -> bool:
    """Whether callers must authenticate. Raises SetupError for an address beyond loopback without TLS."""
    exposed = [
        (name, address)
        for name, address in (
            ("TRIMTAB_HTTP_ADDR", settings.http_addr),
            ("TRIMTAB_OTLP_HTTP_ADDR", settings.otlp_http_addr),
        )
        if address != OFF and not is_loopback(address)
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
