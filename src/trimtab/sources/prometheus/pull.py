"""The pull: windows of history, newest first, then what comes. A window counts as done when trimtab has it durably."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from msgspec import Struct, field

from trimtab.agent.scrape import remote_write
from trimtab.agent.scrape.remote_write import Metadata
from trimtab.base.clock import Clock
from trimtab.sources.prometheus import plan
from trimtab.sources.prometheus.api import TooHeavy
from trimtab.sources.prometheus.cursor import Cursor
from trimtab.sources.prometheus.plan import Span
from trimtab.sources.prometheus.read import Read, Reader
from trimtab.sources.prometheus.selector import Selector

_log = logging.getLogger(__name__)
QUERY_SAMPLES = 250_000
"""Samples of one query: some 8 MB of JSON, and below a hundredth of what Prometheus allows (query.max-samples)."""
REQUEST_BYTES = 1 << 20
LEAST_MS = 1000
"""A window that is too heavy at this length is so for another reason than its length."""
SETTLE_MS = 90_000
"""A sample has the time at which its scrape began, and is there when it ended: after a minute at most, usually. Time
younger than this is read again."""
_ENOUGH = 1000
_LEAST_INTERVAL_MS = 100.0
_SUFFIXES = ("_total", "_bucket", "_sum", "_count")


@dataclass
class Totals:
    """What was done so far."""

    samples: int = 0
    queries: int = 0
    histograms: int = 0
    windows: int = 0


class Parts(Struct, frozen=True):
    """What a pull is made of. `write` keeps a request durably; `wait` waits seconds; `rate` is samples a second."""

    reader: Reader
    selectors: list[Selector]
    metadata: Mapping[str, Metadata]
    write: Callable[[bytes], None]
    cursor: Cursor
    clock: Clock
    wait: Callable[[float], object]
    rate: float
    window_ms: int


class Pull(Struct):
    """Reads a source. `on_step` is told after each query, with the span that is being read and the share of it done."""

    parts: Parts
    on_step: Callable[[Span, float], None] = lambda span, share: None
    totals: Totals = field(default_factory=Totals)
    _sent: dict[bytes, int] = field(default_factory=dict)
    _ahead_s: float = 0.0
    _interval_ms: float = 0.0

    def history(self, since_ms: int, now_ms: int) -> None:
        """Read all of `[since, now)` that is not done yet."""
        length = min(self.parts.window_ms, self.parts.reader.longest_ms)
        for window in plan.windows((since_ms, now_ms), self.parts.cursor.covered, length):
            self._window(window)
            self._done(window)

    def follow(self, since_ms: int, interval_s: float, stop: Callable[[float], bool]) -> None:
        """Read what comes, every `interval_s` seconds, until `stop` says so."""
        while not stop(interval_s):
            now_ms = self.parts.clock.now_ms()
            done = [end for start, end in self.parts.cursor.covered if start <= since_ms <= end] or [since_ms]
            window = (done[-1], now_ms)
            if window[0] < window[1]:
                self._window(window, only_new=True)
                self._done(window)
                since_ms = done[-1]
            horizon = now_ms - 2 * SETTLE_MS
            self._sent = {block: ms for block, ms in self._sent.items() if ms > horizon}

    def _done(self, window: Span) -> None:
        settled = min(window[1], self.parts.clock.now_ms() - SETTLE_MS)
        if settled > window[0]:
            self.parts.cursor.add((window[0], settled))
        self.totals.windows += 1

    def _window(self, window: Span, only_new: bool = False) -> None:
        for number, selector in enumerate(self.parts.selectors):
            for share in self._selection(selector, window, only_new):
                self.on_step(window, (number + share) / len(self.parts.selectors))

    def _selection(self, selector: Selector, window: Span, only_new: bool) -> Iterator[float]:
        try:
            counts = self._count(selector, window)
        except TooHeavy as problem:
            for number, half in enumerate(_halves(window, problem)):
                for share in self._selection(selector, half, only_new):
                    yield (number + share) / 2
            return
        each = (window[1] - window[0]) / (self._interval_ms or self.parts.reader.interval_ms)
        expected = {name: max(1, round(number * each)) for name, number in counts.items()}
        total, done = sum(expected.values()), 0
        for names, samples in plan.groups(expected, QUERY_SAMPLES):
            for piece in plan.pieces(window, samples, QUERY_SAMPLES):
                self._piece(selector.of(names), piece, only_new)
            done += samples
            yield done / total if total else 1.0
        yield 1.0

    def _count(self, selector: Selector, window: Span) -> dict[str, int]:
        self.totals.queries += 1
        return self.parts.reader.count(selector, *window)

    def _piece(self, selector: Selector, piece: Span, only_new: bool) -> None:
        """Read one query's worth and write it. Nothing of a query that fails in the middle is written."""
        started_s = self.parts.clock.monotonic()
        try:
            found = list(self.parts.reader.read(selector, *piece))
        except TooHeavy as problem:
            for half in _halves(piece, problem):
                self._piece(selector, half, only_new)
            return
        self.totals.queries += 1
        self._learn(found, piece)
        self._pace(self._write(found, only_new), started_s)

    def _learn(self, found: list[Read], piece: Span) -> None:
        """Keep the shortest time between samples that was seen, over enough of them to mean something."""
        samples = sum(len(one.samples) for one in found)
        if samples >= _ENOUGH and samples >= 2 * len(found):
            interval = max(_LEAST_INTERVAL_MS, (piece[1] - piece[0]) * len(found) / samples)
            self._interval_ms = min(self._interval_ms or interval, interval)

    def _write(self, found: list[Read], only_new: bool) -> int:
        parts, families, samples = [], {}, 0
        for one in found:
            self.totals.histograms += one.histograms
            block = remote_write.label_block(one.labels.items())
            wanted = one.samples
            if only_new:
                last = self._sent.get(block, 0)
                wanted = [pair for pair in wanted if pair[0] > last]
                if wanted:
                    self._sent[block] = wanted[-1][0]
            if not wanted:
                continue
            samples += len(wanted)
            family = self._family(one.labels.get("__name__", ""))
            if family is not None:
                families[family.family] = family
            parts.append(remote_write.series(block, b"".join(remote_write.sample(value, ms) for ms, value in wanted)))
        self.totals.samples += samples
        remote_write.requests(parts, families, REQUEST_BYTES, self.parts.write)
        return samples

    def _family(self, name: str) -> Metadata | None:
        known = self.parts.metadata.get(name)
        if known is not None:
            return known
        stems = (name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix))
        return next((found for stem in stems if (found := self.parts.metadata.get(stem))), None)

    def _pace(self, samples: int, started_s: float) -> None:
        """Wait so that samples come at no more than the rate, whatever one query took."""
        took = self.parts.clock.monotonic() - started_s
        self._ahead_s = max(0.0, self._ahead_s + samples / self.parts.rate - took)
        if self._ahead_s > 0.05:
            self.parts.wait(self._ahead_s)
            self._ahead_s = 0.0


def _halves(span: Span, problem: TooHeavy) -> list[Span]:
    """Two halves of a span that was too much at once. Raises `problem` where it is as short as it can be."""
    start, end = span
    if end - start <= LEAST_MS:
        raise problem
    middle = (start + end) // 2
    _log.info("asking for less at once: %s", problem)
    return [(start, middle), (middle, end)]
