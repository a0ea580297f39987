"""Posts shipments over several connections, waits where the server asks to, and fails on what it refuses."""

import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import httpx

from trimtab.base.errors import TrimtabError
from trimtab.demo import otlp, remote_write, spans
from trimtab.demo.simulation import Shipment

CONNECTIONS = 3
"""One is decoded while one is written and one is on its way; more do not help two processors."""
_IN_FLIGHT = 6
_TIMEOUT_S = 60.0
_AGAIN = frozenset((429, 503))
_WAIT_S, _LONGEST_WAIT_S = 1.0, 10.0
_HEADERS = {remote_write.PATH: remote_write.HEADERS, otlp.PATH: otlp.HEADERS, spans.PATH: spans.HEADERS}
_JSON = {"Content-Type": "application/json"}


class Refused(TrimtabError):
    """The server will not take what the demo sends: a bug of one of the two."""


class Stopped(TrimtabError):
    """The demo was told to end while it waited for the server."""


class Sender:
    """Sends to one server with a token an account. Use it from one thread, in a `with` block."""

    def __init__(
        self,
        url: str,
        tokens: Mapping[str, str],
        stop: threading.Event,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._tokens = tokens
        self._stop = stop
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT_S, trust_env=False, transport=transport)
        self._pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="demo-send")
        self._sent: deque[Future[None]] = deque()

    def __enter__(self) -> "Sender":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the threads and close the connections."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._http.close()

    def send(self, shipment: Shipment) -> None:
        """Send in the background; waits while too much is on its way. Raises what went wrong with an earlier one."""
        while len(self._sent) >= _IN_FLIGHT:
            self._sent.popleft().result()
        self._sent.append(self._pool.submit(self._post, shipment))

    def send_in_order(self, shipment: Shipment) -> None:
        """Send one that must arrive before the next; returns when it is acknowledged. Raises Refused or Stopped."""
        self._post(shipment)

    def finish(self) -> None:
        """Wait until everything is acknowledged. Raises Refused or Stopped."""
        while self._sent:
            self._sent.popleft().result()

    def pending_bytes(self) -> float:
        """What the server has acknowledged and not yet stored, by its own metrics."""
        lines = (line for line in self.own_metrics().splitlines() if line.startswith("trimtab_log_pending_bytes "))
        return float(next(lines, "x 0").split()[1])

    def own_metrics(self) -> str:
        """The server's own metrics, in Prometheus's text format; nothing while it is being started again."""
        try:
            return self._http.get("/metrics").text
        except httpx.TransportError:
            return ""

    def _post(self, shipment: Shipment) -> None:
        headers = {**_HEADERS.get(shipment.path, _JSON), "Authorization": f"Bearer {self._tokens[shipment.account]}"}
        wait_s = _WAIT_S
        while True:
            try:
                answer = self._http.post(shipment.path, content=shipment.body, headers=headers)
            except httpx.TransportError:  # the server is being started again
                asked_s = wait_s
            else:
                if answer.is_success and not _partly(answer):
                    return
                if answer.status_code not in _AGAIN:
                    raise Refused(f"cannot send the demo to {shipment.path}: HTTP {answer.status_code} {answer.text}")
                asked_s = float(answer.headers.get("Retry-After", wait_s))
            if self._stop.wait(min(asked_s, _LONGEST_WAIT_S)):
                raise Stopped("cannot send the demo: it was stopped")
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


def _partly(answer: httpx.Response) -> bool:
    """Whether OTLP took only a part: an answer that refuses nothing is empty."""
    return answer.request.url.path in (otlp.PATH, spans.PATH) and bool(answer.content)
