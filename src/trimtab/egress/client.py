"""An asynchronous HTTP client whose every connection goes through a gate; for what streams, or keeps connections.

httpx's own, with the connections of its pool made to addresses that the gate returned. TLS is verified for the name,
no redirect is followed, and no proxy of the environment is used: behind one it would be the proxy that resolves.
"""

import asyncio
import ssl
from typing import Any

import httpx
from httpx import BasicAuth, HTTPError, Response

from trimtab.base.errors import Unavailable
from trimtab.egress.gate import Gate
from trimtab.egress.places import AskedPlaces, place_of
from trimtab.egress.trust import trust

__all__ = ["ANSWER_BYTES", "BasicAuth", "Client", "HTTPError", "Response", "read_whole"]
ANSWER_BYTES = 25_000_000
"""Of an answer's body, unless the caller says otherwise: SageMaker's quota of an invocation."""


class Client(httpx.AsyncClient):
    """A client of any host. `verify` is a context, or a file of authorities, or False for none."""

    def __init__(
        self,
        gate: Gate,
        *,
        timeout_s: float,
        base_url: str = "",
        headers: dict[str, str] | None = None,
        verify: "ssl.SSLContext | str | bool" = True,
    ) -> None:
        super().__init__(
            base_url=base_url,
            headers=headers,
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            transport=_Transport(gate, verify),
        )


async def read_whole(answer: Response, most: int = ANSWER_BYTES) -> bytes:
    """The body of an answer. Raises Unavailable for more than `most` bytes, HTTPError where it breaks off."""
    parts, size = [], 0
    async for part in answer.aiter_bytes():
        size += len(part)
        if size > most:
            raise Unavailable(f"the answer is longer than {most:,} bytes")
        parts.append(part)
    return b"".join(parts)


class _Transport(httpx.AsyncHTTPTransport):
    """A pool whose new connections pass the gate, and whose kept ones are asked after from time to time."""

    def __init__(self, gate: Gate, verify: "ssl.SSLContext | str | bool") -> None:
        super().__init__(verify=trust(verify), trust_env=False)
        self._places = AskedPlaces(gate)
        pool: Any = self._pool  # httpx has no argument for it; without these two members it fails here, and is not open
        pool._network_backend = _Gated(self._places, pool._network_backend)

    async def handle_async_request(self, request: httpx.Request) -> Response:
        """The answer. Raises Forbidden where the place may not be connected to any more."""
        place = place_of(request.url)
        if self._places.is_due(place):
            await asyncio.to_thread(self._places.ask_again, place)
        return await super().handle_async_request(request)


class _Gated:
    """The network of a pool: names become addresses that the gate returned."""

    def __init__(self, places: AskedPlaces, inner: Any) -> None:
        self._places = places
        self._inner = inner

    async def connect_tcp(self, host: str, port: int, **options: Any) -> Any:
        """A connection to the first address that takes one. Raises Forbidden, or what the inner network raises."""
        allowed = await asyncio.to_thread(self._places.addresses, host, port)
        failed: Exception = httpx.ConnectError("the name has no address")
        for _, address in allowed:
            try:
                return await self._inner.connect_tcp(str(address), port, **options)
            except Exception as problem:  # noqa: BLE001 - whatever the network says of one address, the next is tried
                failed = problem
        raise failed

    async def connect_unix_socket(self, path: str, **options: Any) -> Any:
        """Never: a URL is no file."""
        raise httpx.ConnectError(f"cannot connect to {path}: it is no host")

    async def sleep(self, seconds: float) -> None:
        """Wait, as the pool does between two tries."""
        await self._inner.sleep(seconds)
