"""What metric filters make of events as they come in: points, handed to a port.

A match counts at the time of its event. Where a filter has a default value, a minute in which events came and none
matched has it once: a later match in the same minute adds to it, as it does not take it back.
"""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.tags import Tags, make_tags
from trimtab.logs.filters.match import Extracted, Matcher, matcher_of
from trimtab.logs.filters.metric_filters import MetricFilter, MetricFilters, measured_pattern
from trimtab.logs.filters.values import number_of
from trimtab.logs.model import Group, LogBatch, LogEvent

REFRESH_MS = 5_000
"""How long filters that another process put may stay unknown."""
_MINUTE_MS = 60_000
_MOST_MINUTES = 10_000  # minutes of filters that are remembered as reported
_MOST_DIMENSION = 1024  # characters of a dimension's value that a metric takes


class Measured(Struct, frozen=True):
    """One value of a metric, seen `count` times at one time."""

    account: str
    region: str
    namespace: str
    name: str
    unit: str
    dimensions: Tags
    time_ms: int
    value: float
    count: int


Emit = Callable[[Sequence[Measured]], Awaitable[None]]


class _Ready(Struct, frozen=True):
    filter: MetricFilter
    match: Matcher


class Emission:
    """A tap of the ingest: matches what came in against the filters of its group."""

    def __init__(self, filters: MetricFilters, emit: Emit, clock: Clock) -> None:
        self._filters = filters
        self._emit = emit
        self._clock = clock
        self._ready: Mapping[int, Sequence[_Ready]] = {}
        self._known = (-1, 0)  # (changes, when) of `_ready`
        self._reported: OrderedDict[tuple[int, str, int], None] = OrderedDict()

    async def __call__(self, batches: Sequence[LogBatch]) -> None:
        """Emit what `batches` make. Raises what the port raises."""
        ready = await self._filters_by_group()
        points = [
            point
            for batch in batches
            for one in ready.get(batch.group.id, ())
            for point in self._points(batch.group, one, batch.events)
        ]
        if points:
            await self._emit(points)

    async def _filters_by_group(self) -> Mapping[int, Sequence[_Ready]]:
        now = self._clock.now_ms()
        changes, (known, at) = self._filters.changes, self._known
        if known != changes or not 0 <= now - at < REFRESH_MS:
            found: dict[int, list[_Ready]] = defaultdict(list)
            for one in await self._filters.every():
                found[one.group].append(_Ready(one, matcher_of(measured_pattern(one))))
            self._ready, self._known = found, (changes, now)
        return self._ready

    def _points(self, group: Group, one: _Ready, events: Sequence[LogEvent]) -> Iterator[Measured]:
        counted: Counter[tuple[Tags, int, float]] = Counter()
        minutes: dict[int, bool] = {}
        for event in events:
            minute = event.time_ms // _MINUTE_MS
            found = one.match(event.seen_by(one.filter.transformed))
            minutes[minute] = minutes.get(minute, False) or found is not None
            if found is not None and (measured := _measured(one.filter, found)) is not None:
                counted[(measured[0], event.time_ms, measured[1])] += 1
        if one.filter.default is not None:
            for minute in self._silent(group, one.filter, minutes):
                counted[((), minute * _MINUTE_MS, one.filter.default)] += 1
        made = one.filter
        for (dimensions, time_ms, value), count in counted.items():
            yield Measured(
                group.account, group.region, made.namespace, made.metric, made.unit, dimensions, time_ms, value, count
            )

    def _silent(self, group: Group, filter_: MetricFilter, minutes: Mapping[int, bool]) -> Iterator[int]:
        """The minutes without a match of which nothing was reported yet."""
        for minute, matched in minutes.items():
            key = (group.id, filter_.name, minute)
            known = key in self._reported
            self._reported[key] = None
            if len(self._reported) > _MOST_MINUTES:
                self._reported.popitem(last=False)
            if not known and not matched:
                yield minute


def _measured(filter_: MetricFilter, found: Extracted) -> tuple[Tags, float] | None:
    """Dimensions and value of a match; None where the event lacks one of them."""
    value = number_of(found.get(filter_.value, "") if filter_.value.startswith("$") else filter_.value)
    if value is None:
        return None
    dimensions = {name: found.get(source, "")[:_MOST_DIMENSION] for name, source in filter_.dimensions.items()}
    return (make_tags(dimensions), value) if all(dimensions.values()) else None
