"""Whose certificates count for what goes out over TLS: one answer for every client.

Both the authorities of the machine, which know the private one of a company (or SSL_CERT_FILE names it to OpenSSL), and
those that ship with httpx, as a small container has none of its own.
"""

import ssl
from pathlib import Path

import httpx


def trust(verify: "ssl.SSLContext | str | bool" = True) -> "ssl.SSLContext | bool":
    """What a client checks certificates with. `verify` is a context, a file of the only authorities, or False for no
    check at all."""
    if isinstance(verify, str):
        return ssl.create_default_context(cafile=verify)
    return authorities() if verify is True else verify


def authorities() -> ssl.SSLContext:
    """Those of the machine and of httpx. Loading them takes 20 ms."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def authorities_file() -> bytes | None:
    """Those of the machine as text, for gRPC, which takes no context; None where it has none: gRPC brings its own."""
    file = ssl.get_default_verify_paths().cafile
    return Path(file).read_bytes() if file else None
