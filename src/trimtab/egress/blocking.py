"""The transport of a blocking HTTP client whose every connection goes through a gate; the twin of `egress.client`."""

import ssl
from typing import Any

import httpx

from trimtab.egress.gate import Gate
from trimtab.egress.places import AskedPlaces, place_of
from trimtab.egress.trust import trust


class Transport(httpx.HTTPTransport):
    """A pool whose new connections pass the gate. No proxy of the environment is used: it would resolve the name."""

    def __init__(self, gate: Gate, verify: "ssl.SSLContext | bool" = True) -> None:
        super().__init__(verify=trust(verify), trust_env=False)
        self._places = AskedPlaces(gate)
        pool: Any = self._pool  # httpx has no argument for it; without these two members it fails here, and is not open
        pool._network_backend = _Gated(self._places, pool._network_backend)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer. Raises Forbidden where the place may not be connected to, or not any more."""
        place = place_of(request.url)
        if self._places.is_due(place):
            self._places.ask_again(place)
        return super().handle_request(request)


class _Gated:
    """The network of a pool: names become addresses that the gate returned."""

    def __init__(self, places: AskedPlaces, inner: Any) -> None:
        self._places = places
        self._inner = inner

    def connect_tcp(self, host: str, port: int, **options: Any) -> Any:
        """A connection to the first address that takes one. Raises Forbidden, or what the inner network raises."""
        allowed = self._places.addresses(host, port)
        failed: Exception = httpx.ConnectError("the name has no address")
        for _, address in allowed:
            try:
                return self._inner.connect_tcp(str(address), port, **options)
            except Exception as problem:  # noqa: BLE001 - whatever the network says of one address, the next is tried
                failed = problem
        raise failed

    def connect_unix_socket(self, path: str, **options: Any) -> Any:
        """Never: a URL is no file."""
        raise httpx.ConnectError(f"cannot connect to {path}: it is no host")

    def sleep(self, seconds: float) -> None:
        """Wait, as the pool does between two tries."""
        self._inner.sleep(seconds)
