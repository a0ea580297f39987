"""OpenTelemetry's metrics data model → the metric model of trimtab.

    gauge                          GAUGE samples
    sum, cumulative, monotonic     COUNTER samples; of a series not met before a 0 at its start time first
    sum, cumulative                GAUGE samples: the running total of an up-down counter
    sum, delta                     EVENTS: the delta as a value seen once
    histogram, exponential         HISTOGRAM points
    summary                        gauges and counters: see distributions.py

A point that is wrong is refused with a reason, the others are taken. Units are kept as sent (UCUM text).
Exemplars, scopes and descriptions are not kept.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.base.turns import Turns
from trimtab.doors.otlp.distributions import histogram, problem, summary
from trimtab.doors.otlp.request import NO_RECORDED_FLAG, Distribution, Request, Shape
from trimtab.doors.otlp.series import Tenant, kind_of, register
from trimtab.doors.otlp.verdicts import judge, refusals, time_problem
from trimtab.doors.writing import Refused
from trimtab.metrics.beginnings import RECENT_MS
from trimtab.metrics.model import SAMPLE_ROW, VALUE_ROW, HistogramPoint, Kind, MetricBatch, Rows
from trimtab.metrics.registry import SeriesRegistry

_SLICE = 50  # series not met before, or distributions, at a time: 0.1 to 0.2 ms each
_NS = np.uint64(1_000_000)
_EXAMPLE_ATTRIBUTES, _EXAMPLE_LENGTH = 8, 200
UNREADABLE = "a resource that cannot be read"
"""Stands for the source of points whose resource attributes are broken."""


class Translated(Struct):
    """What a request becomes. `rows` and `refused` are by source (see origin.py); `points_refused` are OTLP's."""

    batch: MetricBatch = field(default_factory=MetricBatch)
    rows: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, Refused]] = field(default_factory=list)

    @property
    def points_refused(self) -> int:
        """Data points that were not taken."""
        return sum(item.rows for _, item in self.refused)


async def translate(request: Request, tenant: Tenant, registry: SeriesRegistry, now_ms: int) -> Translated:
    """The batch of a request, and what is wrong with the rest. New series are registered, slice by slice: whichever
    write comes next carries them, and they are in the log before this batch as long as nothing awaits in between.
    """
    return await _Translation(request, tenant, registry, now_ms).run()


class _Translation:
    """One request on its way."""

    def __init__(self, request: Request, tenant: Tenant, registry: SeriesRegistry, now_ms: int) -> None:
        self._request = request
        self._tenant = tenant
        self._registry = registry
        self._now_ms = now_ms
        self._result = Translated()
        self._samples: list[tuple[int, int, float]] = []
        self._histograms: list[HistogramPoint] = []
        self._turns = Turns(_SLICE)
        self._new_counters: list[tuple[int, int]] = []

    async def run(self) -> Translated:
        samples, values = await self._numbers()
        for point in self._request.distributions:
            await self._turns.next()
            self._distribution(point)
        self._samples += self._beginnings()
        if self._samples:
            samples = np.concatenate((samples, np.array(self._samples, SAMPLE_ROW)))
        self._result.batch = MetricBatch(values=values, samples=samples, histograms=tuple(self._histograms))
        return self._result

    # -- gauges and sums ----------------------------------------------------------------------------------------

    async def _numbers(self) -> tuple[Rows, Rows]:
        """Samples and values."""
        metrics, numbers = self._request.metrics, self._request.numbers
        codes = judge(metrics, numbers, self._now_ms)
        resources = metrics.resource[numbers.metric]
        for resource, reason, first, count in refusals(codes, resources):
            self._refuse(resource, reason, self._describe_number(first), count)
        taken = np.flatnonzero(codes == 0)
        ids, wrong = await self._series(taken)
        if wrong:
            right = np.ones(len(taken), np.bool_)
            right[wrong] = False
            taken, ids = taken[right], ids[right]
        for resource, count in enumerate(np.bincount(resources[taken]).tolist()):
            if count:
                self._result.rows[self._source(resource)] += count
        metric = numbers.metric[taken]
        events = (metrics.shape[metric] == Shape.SUM) & (metrics.temporality[metric] == 1)
        times, values = (numbers.times[taken] // _NS).astype(np.int64), numbers.values[taken]
        return _samples(ids[~events], times[~events], values[~events]), _values(
            ids[events], times[events], values[events]
        )

    async def _series(self, taken: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint64], list[int]]:
        """The ids of the series of `taken` numbers, and the positions in it of those that name none."""
        numbers = self._request.numbers
        keys = numbers.keys[taken]
        cache = self._tenant.caches.of(self._request.kernels)
        ids, missing = cache.find(keys)
        wrong = []
        for position in missing.tolist():
            await self._turns.next()
            number = int(taken[position])
            try:
                ids[position] = self._register(number)
            except InvalidInput as refusal:
                wrong.append(position)
                resource = int(self._request.metrics.resource[numbers.metric[number]])
                self._refuse(resource, str(refusal), self._describe_number(number), 1)
                continue
            if numbers.cacheable[number]:
                cache.put(keys[position], int(ids[position]))
        return ids, wrong

    def _register(self, number: int) -> int:
        metrics, metric = self._request.metrics, int(self._request.numbers.metric[number])
        kind = kind_of(int(metrics.shape[metric]), int(metrics.temporality[metric]), bool(metrics.monotonic[metric]))
        name, unit = self._request.head(metric)
        origin = self._tenant.origin(self._request, int(metrics.resource[metric]))
        attributes = self._request.attributes(number)
        before = len(self._registry)
        series = register(self._registry, self._tenant, origin, name, unit, kind, attributes)
        if kind is Kind.COUNTER and len(self._registry) > before:
            self._new_counters.append((series, number))
        return series

    def _beginnings(self) -> Iterator[tuple[int, int, float]]:
        """A sample of 0 where each counter that is new here says that it began: else its first value counts nothing.

        Before its first value, also in the same millisecond; one that began with it does not know when it did.
        """
        starts = self._request.starts() if self._new_counters else ()
        for series, number in self._new_counters:
            start_ns, time_ns = starts[number], int(self._request.numbers.times[number])
            start_ms, time_ms = start_ns // 1_000_000, time_ns // 1_000_000
            if 0 < start_ns < time_ns and time_ms <= start_ms + RECENT_MS:
                yield series, min(start_ms, time_ms - 1), 0.0

    # -- histograms and summaries -------------------------------------------------------------------------------

    def _distribution(self, point: Distribution) -> None:
        if point.flags & NO_RECORDED_FLAG:
            return
        metrics = self._request.metrics
        shape, resource = int(metrics.shape[point.metric]), int(metrics.resource[point.metric])
        try:
            temporality = int(metrics.temporality[point.metric])
            kind_of(shape, temporality, False)
            wrong = time_problem(point.time, self._now_ms) or problem(point, shape)
            if wrong:
                raise InvalidInput(wrong)
            if shape == Shape.SUMMARY:
                rows = self._summary(point, resource)
            else:
                series = self._distribution_series(point, resource, shape, "", Kind.HISTOGRAM, {})
                self._histograms.append(histogram(point, series, shape, temporality))
                rows = 1
        except InvalidInput as refusal:
            self._refuse(resource, str(refusal), self._describe(point), 1)
            return
        self._result.rows[self._source(resource)] += rows

    def _summary(self, point: Distribution, resource: int) -> int:
        time_ms, rows = point.time // int(_NS), []
        for suffix, kind, further, value in summary(point):
            series = self._distribution_series(point, resource, Shape.SUMMARY, suffix, kind, further)
            rows.append((series, time_ms, value))
        self._samples += rows
        return len(rows)

    def _distribution_series(
        self, point: Distribution, resource: int, shape: int, suffix: str, kind: Kind, further: Mapping[str, str]
    ) -> int:
        name, unit = self._request.head(point.metric)
        variant = suffix + "".join(further.values())
        key = (self._request.resource_key(resource), name, unit, shape, point.key, variant)
        known = self._tenant.distributions.get(key)
        if known is None:
            origin = self._tenant.origin(self._request, resource)
            attributes = {**point.attributes(), **further}
            unit = "" if suffix == "_count" else unit
            named = name + suffix if name else ""
            known = register(self._registry, self._tenant, origin, named, unit, kind, attributes)
            self._tenant.remember(key, known)
        return known

    # -- words --------------------------------------------------------------------------------------------------

    def _refuse(self, resource: int, reason: str, example: str, rows: int) -> None:
        self._result.refused.append((self._source(resource), Refused(reason, example, rows)))

    def _source(self, resource: int) -> str:
        try:
            return self._tenant.origin(self._request, resource).source
        except InvalidInput:
            return UNREADABLE

    def _describe_number(self, number: int) -> str:
        metric = int(self._request.numbers.metric[number])
        time = int(self._request.numbers.times[number]) // int(_NS)
        try:
            return _example(self._request.head(metric)[0], self._request.attributes(number), time)
        except InvalidInput as unreadable:
            return str(unreadable)

    def _describe(self, point: Distribution) -> str:
        try:
            return _example(self._request.head(point.metric)[0], point.attributes(), point.time // int(_NS))
        except InvalidInput as unreadable:
            return str(unreadable)


def _example(name: str, attributes: dict[str, str], time_ms: int) -> str:
    first = islice(attributes.items(), _EXAMPLE_ATTRIBUTES)
    shown = ", ".join(f'{key[:_EXAMPLE_LENGTH]}="{value[:_EXAMPLE_LENGTH]}"' for key, value in first)
    return f"{name}{{{shown}}} at {time_ms} ms"


def _samples(ids: npt.NDArray[np.uint64], times: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> Rows:
    rows = np.empty(len(ids), SAMPLE_ROW)
    rows["series"], rows["time"], rows["value"] = ids, times, values
    return rows


def _values(ids: npt.NDArray[np.uint64], times: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> Rows:
    rows = np.empty(len(ids), VALUE_ROW)
    rows["series"], rows["time"], rows["value"], rows["count"] = ids, times, values, 1.0
    return rows
