"""Connections of a source: whom to trust, and no proxy of the environment for this machine's own addresses."""

import ssl
from collections.abc import Mapping

import httpx

from trimtab.base.errors import SetupError
from trimtab.base.loopback import is_loopback


def connection(
    url: str,
    headers: Mapping[str, str],
    ca_file: str,
    timeout_s: float,
    basic: tuple[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """A client with `url` as its base. `ca_file` is trusted beside the system's authorities. Raises SetupError."""
    try:
        parsed = httpx.URL(url)
        context = ssl.create_default_context()
        if ca_file:
            context.load_verify_locations(ca_file)
    except httpx.InvalidURL as problem:
        raise SetupError(f"cannot use URL {url!r}: {problem}; expected http://host:port") from None
    except OSError as problem:
        raise SetupError(f"cannot trust certificate file {ca_file!r}: {problem}; expected a PEM file") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise SetupError(f"cannot use URL {url!r}: expected http://host:port")
    return httpx.Client(
        base_url=parsed,
        headers=dict(headers),
        auth=basic,
        timeout=timeout_s,
        transport=transport,
        verify=context,
        trust_env=not is_loopback(parsed.host),
    )


def describe(problem: httpx.HTTPError) -> str:
    """What went wrong, in words; some errors have none."""
    return str(problem) or type(problem).__name__
