"""Three ways to read history, each a `Reader`: raw samples by range selectors, steps by range queries, or an export.

Range selectors give each sample with its own time, as it was scraped, from any server that speaks PromQL.
"""

import math
from collections.abc import Iterator
from typing import Protocol

import msgspec
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.sources.prometheus.api import Api, Matrix
from trimtab.sources.prometheus.selector import Selector

Samples = list[tuple[int, float]]
"""Times in ms and values, in the order of time."""
STEPS = 11_000
"""Points a series that a range query may give (Prometheus, web/api/v1)."""

LOOK_BACK_MS = 300_000
"""How long Prometheus shows a sample that no newer one follows (query.lookback-delta)."""


class Read(Struct, frozen=True):
    """One series of an answer, and how many native histograms it had, which remote write 1.0 cannot carry."""

    labels: dict[str, str]
    samples: Samples
    histograms: int = 0


class Reader(Protocol):
    """A way to read."""

    longest_ms: int
    """The longest window that it takes at once."""

    interval_ms: float
    """The time between two samples of a series that is guessed at before any were read."""

    def count(self, selector: Selector, start_ms: int, end_ms: int) -> dict[str, int]:
        """How many series each metric name has in `[start, end)`. Raises TooHeavy."""
        ...

    def read(self, selector: Selector, start_ms: int, end_ms: int) -> Iterator[Read]:
        """The samples in `[start, end)`. Raises TooHeavy."""
        ...


class Raw:
    """Samples as they are, by instant queries of range selectors."""

    longest_ms = 86_400_000
    interval_ms = 15_000.0

    def __init__(self, api: Api) -> None:
        self._api = api

    def count(self, selector: Selector, start_ms: int, end_ms: int) -> dict[str, int]:
        """By the one function over time that keeps the name; count_over_time drops it, and mixes metrics up."""
        query = f"count by (__name__) (last_over_time({selector.text}[{_span(start_ms, end_ms)}]))"
        found = self._api.vector(query, end_ms - 1)
        return {one.metric.get("__name__", ""): round(float(one.value.value)) for one in found}

    def read(self, selector: Selector, start_ms: int, end_ms: int) -> Iterator[Read]:
        """A server before 3.0 includes a sample at the very start of the range, a later one does not: both are cut."""
        for one in self._api.matrix(f"{selector.text}[{_span(start_ms, end_ms)}]", end_ms - 1):
            yield _series(one, start_ms, end_ms)


class Stepped(Raw):
    """A value every `step_ms` by range queries: less to read, not what was scraped."""

    def __init__(self, api: Api, step_ms: int) -> None:
        super().__init__(api)
        self._step_ms = step_ms
        self.longest_ms = step_ms * STEPS
        self.interval_ms = float(step_ms)

    def count(self, selector: Selector, start_ms: int, end_ms: int) -> dict[str, int]:
        """With the series whose last sample is older than the window and still shown in it."""
        return super().count(selector, start_ms - LOOK_BACK_MS, end_ms)

    def read(self, selector: Selector, start_ms: int, end_ms: int) -> Iterator[Read]:
        """Steps lie on whole multiples of the step since 1970, so that every window has the same ones."""
        first = -(-start_ms // self._step_ms) * self._step_ms
        if first < end_ms:
            for one in self._api.range(selector.text, first, end_ms - 1, self._step_ms):
                yield _series(one, start_ms, end_ms)


class _Line(Struct):
    metric: dict[str, str]
    values: list[float | str | None]
    timestamps: list[int]


class Exported(Raw):
    """The same samples from VictoriaMetrics's export, which streams them."""

    def read(self, selector: Selector, start_ms: int, end_ms: int) -> Iterator[Read]:
        """Lines of JSON, one a series or part of one."""
        decode = msgspec.json.Decoder(_Line).decode
        with self._api.export(selector.text, start_ms, end_ms - 1) as lines:
            for line in lines:
                if not line:
                    continue
                try:
                    found = decode(line)
                except msgspec.MsgspecError as problem:
                    raise InvalidInput(f"cannot read an export of {self._api.url}: {problem}") from None
                pairs = zip(found.timestamps, found.values, strict=True)
                samples = [(ms, math.nan if value is None else float(value)) for ms, value in pairs]
                yield Read(found.metric, [one for one in samples if start_ms <= one[0] < end_ms])


def reader_of(api: Api, step_ms: int = 0) -> Reader:
    """The best way to read a source: a value every `step_ms`, else every sample, by an export where it has one."""
    if step_ms:
        return Stepped(api, step_ms)
    return Exported(api) if api.exports() else Raw(api)


def _series(one: Matrix, start_ms: int, end_ms: int) -> Read:
    samples = [(round(sample.time * 1000), float(sample.value)) for sample in one.values]
    return Read(one.metric, [pair for pair in samples if start_ms <= pair[0] < end_ms], len(one.histograms))


def _span(start_ms: int, end_ms: int) -> str:
    """A duration of PromQL."""
    return f"{end_ms - start_ms}ms"
