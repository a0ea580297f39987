"""A source in memory: for scripts, and for queries over series that are at hand."""

from collections.abc import Iterable, Iterator

import numpy as np

from trimtab.access.scope import Scope
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.allowance import Allowance
from trimtab.metrics.promql.histograms.model import Histogram
from trimtab.metrics.promql.labels import Labels
from trimtab.metrics.promql.matchers import predicate
from trimtab.metrics.promql.source import Read
from trimtab.metrics.promql.values import HistogramPoints, Integers, Points, Samples


class MemorySource:
    """Series and their samples, each time once."""

    def __init__(self) -> None:
        self._samples: dict[Labels, dict[int, tuple[float | Histogram, int]]] = {}

    def add(self, labels: Labels, time_ms: int, value: float | Histogram, start_ms: int = 0) -> None:
        """Add a sample; one at the same time is replaced."""
        self._samples.setdefault(labels, {})[time_ms] = (value, start_ms)

    def __iter__(self) -> Iterator[tuple[Labels, list[tuple[int, float | Histogram, int]]]]:
        """Every series with its samples: time, value, and since when it counts (ms; 0 where unknown)."""
        for labels, samples in self._samples.items():
            yield labels, sorted((at, *sample) for at, sample in samples.items())

    def __len__(self) -> int:
        """How many samples there are."""
        return sum(map(len, self._samples.values()))

    async def read(self, scope: Scope, reads: list[Read], allowance: Allowance) -> list[Samples]:
        """The samples of each read; there are no scopes here. Raises TooManySamples."""
        answers = []
        for read in reads:
            samples = self._read(read)
            allowance.take_series(len(samples.labels))
            allowance.take_samples(len(samples.points.times) + len(samples.histograms.times))
            answers.append(samples)
        return answers

    def _read(self, read: Read) -> Samples:
        passes = [(matcher.name, predicate(matcher)) for matcher in read.matchers]
        found = sorted(
            labels for labels in self._samples if all(passing(sets.get(labels, name)) for name, passing in passes)
        )
        rows: Rows = [
            sorted((at, *sample) for at, sample in self._samples[labels].items() if read.start_ms < at <= read.end_ms)
            for labels in found
        ]
        floats = [[row for row in own if not isinstance(row[1], Histogram)] for own in rows]
        native = [[row for row in own if isinstance(row[1], Histogram)] for own in rows]
        values = np.empty(sum(map(len, native)), np.object_)
        values[:] = [row[1] for own in native for row in own]
        return Samples(
            found,
            Points(
                _edges(floats), _column(floats, 0), np.array([row[1] for own in floats for row in own]), _starts(floats)
            ),
            HistogramPoints(_edges(native), _column(native, 0), values, _starts(native)),
        )


Rows = list[list[tuple[int, "float | Histogram", int]]]


def _edges(rows: Rows) -> Integers:
    return np.cumsum([0, *map(len, rows)]).astype(np.int64)


def _column(rows: Rows, number: int) -> Integers:
    return np.array([row[number] for own in rows for row in own], np.int64)


def _starts(rows: Rows) -> Integers | None:
    starts = _column(rows, 2)
    return starts if np.any(starts) else None


def source_of(series: Iterable[tuple[Labels, Iterable[tuple[int, float]]]]) -> MemorySource:
    """A source of plain series."""
    source = MemorySource()
    for labels, samples in series:
        for at, value in samples:
            source.add(labels, at, value)
    return source
