"""A Prometheus that is read in a thread: its history, the newest first, then what comes."""

import threading
from collections.abc import Callable
from pathlib import Path

import httpx
from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.sources.deliver import Deliver
from trimtab.sources.http import describe
from trimtab.sources.prometheus.api import Api, Credentials
from trimtab.sources.prometheus.cursor import Cursor
from trimtab.sources.prometheus.plan import Span, missing
from trimtab.sources.prometheus.pull import SETTLE_MS, Parts, Pull
from trimtab.sources.prometheus.read import reader_of
from trimtab.sources.prometheus.selector import EVERY_SERIES, parse
from trimtab.sources.readings.reading import Progress, Waiter

RATE = 200_000
"""Samples a second at most, as `trimtab connect prometheus` reads by default."""
WINDOW_MS = 7_200_000
INTERVAL_S = 15.0
CHECK_S = 5.0
_SERVER = "this server"


class Wanted(Struct, frozen=True):
    """What to read: a URL, a selector ("" for all), since when (ms), and what to show to be let in."""

    url: str
    since_ms: int
    match: str = ""
    credentials: Credentials = Credentials()


class PrometheusReading:
    """One source. `writer` is a client of trimtab's own remote-write door."""

    follows = True

    def __init__(
        self,
        wanted: Wanted,
        writer: httpx.Client,
        clock: Clock,
        directory: Path,
        transport: Callable[[], httpx.BaseTransport],
    ) -> None:
        """Raises InvalidInput, SetupError for what cannot be read."""
        self._wanted = wanted
        self._writer = writer
        self._clock = clock
        self._transport = transport
        selectors = [parse(wanted.match or EVERY_SERIES)]
        self._selectors = selectors
        self._cursor = Cursor(directory, wanted.url.rstrip("/"), [one.text for one in selectors], _SERVER, "")
        self._until_ms = clock.now_ms() - SETTLE_MS  # younger samples may still come: they are read with what follows
        self._pull: Pull | None = None
        self._deliver: Deliver | None = None

    def check(self) -> None:
        """Ask the source one question. Raises InvalidInput, Unavailable with what it said."""
        headers = dict(self._wanted.credentials.headers)
        if self._wanted.credentials.bearer:
            headers["Authorization"] = f"Bearer {self._wanted.credentials.bearer}"
        url = f"{self._wanted.url.rstrip('/')}/api/v1/query"
        try:
            with httpx.Client(transport=self._transport(), timeout=CHECK_S, auth=self._wanted.credentials.basic) as one:
                answer = one.post(url, data={"query": "vector(1)"}, headers=headers)
        except httpx.HTTPError as problem:
            raise Unavailable(f"cannot reach {self._wanted.url}: {describe(problem)}") from None
        if answer.status_code in (401, 403):
            raise InvalidInput(f"cannot read {self._wanted.url}: HTTP {answer.status_code}; try a user or a token")
        if answer.status_code != 200 or b'"success"' not in answer.content[:1000]:
            raise InvalidInput(
                f"cannot read {self._wanted.url}: it answers HTTP {answer.status_code} and no result of a query; "
                "is this a Prometheus?"
            )

    def run(self, stop: threading.Event) -> None:
        """Read the history that is not there yet, then what comes."""
        wait = Waiter(stop)
        api = Api(self._wanted.url, self._wanted.credentials, self._clock, wait, self._transport())
        deliver = Deliver(self._writer, self._clock, wait, "connect")
        parts = Parts(
            reader=reader_of(api),
            selectors=self._selectors,
            metadata=api.metadata(),
            write=deliver.write,
            cursor=self._cursor,
            clock=self._clock,
            wait=wait,
            rate=RATE,
            window_ms=WINDOW_MS,
        )

        def on_step(span: Span, share: float) -> None:
            del span, share
            wait.check()

        self._deliver, self._pull = deliver, Pull(parts, on_step)
        try:
            self._pull.history(self._wanted.since_ms, self._clock.now_ms())
            self._pull.follow(self._wanted.since_ms, INTERVAL_S, stop.wait)
        finally:
            api.close()

    def progress(self) -> Progress:
        """Samples, the time that is read, and what was refused."""
        covered, history = self._cursor.covered, (self._wanted.since_ms, self._until_ms)
        left = sum(end - start for start, end in missing(history, covered))
        totals = self._pull.totals if self._pull is not None else None
        notes = []
        if totals is not None and totals.histograms:
            notes.append(f"{totals.histograms:,} native histograms were left out: they are not kept yet")
        if self._deliver is not None and self._deliver.refused:
            notes.append(f"refused: {self._deliver.refused}")
        return Progress(
            rows=totals.samples if totals is not None else 0,
            unit="samples",
            span=(covered[0][0], covered[-1][1]) if covered else None,
            share=1 - left / max(history[1] - history[0], 1),
            left_out=tuple(notes),
        )
