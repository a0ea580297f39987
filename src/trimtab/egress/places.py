"""What the pools of HTTP connections share: which places the gate was asked about, and when."""

from collections.abc import Sequence
from contextlib import suppress

import httpx

from trimtab.egress.address import Address
from trimtab.egress.gate import Gate

STILL_S = 2.0
"""How long a connection that is kept serves before the gate is asked again whether it may."""
_MOST_PLACES = 1000

HostPort = tuple[str, int]


def place_of(url: httpx.URL) -> HostPort:
    """The host and port that a URL leads to."""
    return url.host, url.port or (443 if url.scheme == "https" else 80)


class AskedPlaces:
    """The gate as one pool asks it. Its methods may wait for the resolver: asynchronous pools call them in a thread."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._asked: dict[HostPort, float] = {}

    def is_due(self, place: HostPort) -> bool:
        """Whether a connection to the place may be one that was kept longer than the gate's answer holds."""
        asked_s = self._asked.get(place)
        return asked_s is not None and self._now_s() - asked_s >= STILL_S

    def ask_again(self, place: HostPort) -> None:
        """Raises Forbidden where the place may not be connected to any more."""
        now_s = self._now_s()
        with suppress(OSError):  # a resolver that is away ends no connection
            self._gate.addresses(*place)
        self._asked[place] = now_s

    def addresses(self, host: str, port: int) -> Sequence[tuple[int, Address]]:
        """Where a new connection may go. Raises Forbidden, and ConnectError where the name does not resolve."""
        host = host.strip("[]")
        try:
            allowed = self._gate.addresses(host, port)
        except OSError as problem:
            raise httpx.ConnectError(str(problem)) from None
        if len(self._asked) >= _MOST_PLACES:
            self._asked.clear()
        self._asked[host, port] = self._now_s()
        return allowed

    def _now_s(self) -> float:
        return self._gate.entries.clock.monotonic()
