"""The signals of a window from the rooms that own them, each with the component that it belongs to.

Metrics are those whose dimensions name a service, pod or host that ran spans of the window; what several services share
(a host) is a component of its own. Log lines belong to the service that their attributes, group or stream name.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.bottlenecks.rootcause.signals import Line, Series, Signals
from trimtab.bottlenecks.spans import Spans
from trimtab.logs.model import Event
from trimtab.logs.read import EventQuery
from trimtab.logs.room import LogsRoom
from trimtab.metrics.model import Kind, SeriesQuery
from trimtab.metrics.model import Series as StoredSeries
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.statistics import Statistic, parse_statistic

MOST_SERIES = 2000
_A_PLACE = 60
"""Series that are read of each service, pod or host at most."""
_MOST_LINES = 10_000
_SERVICE_KEYS = ("service.name", "service", "ServiceName", "endpoint", "model_name", "app")
_PLACE_KEYS = ("k8s.pod.name", "pod", "PodName", "host.name", "host", "hostname", "node", "instance")
_CALLERS = ("source_workload", "source", "client")
_CALLEES = ("destination_workload", "destination", "server")
_DULL = frozenset((*_SERVICE_KEYS, *_PLACE_KEYS, *_CALLERS, *_CALLEES, "job", "cluster", "account", "region", "team"))
_AVERAGE, _RATE = parse_statistic("Average"), parse_statistic("Rate")
_POINTS = 8
_MS = 1_000_000  # nanoseconds
_PERIODS_S = (15, 30, 60, 300, 900, 3600)


@dataclass
class Places:
    """Which service runs where. `service_of` says it of a place; a place of several services is itself a component."""

    services: frozenset[str]
    service_of: Mapping[str, str] = field(default_factory=dict)


def places(*populations: Spans) -> Places:
    """The places of all spans."""
    found: dict[str, set[str]] = defaultdict(set)
    services: set[str] = set()
    for spans in populations:
        for place, service in set(zip(spans.place.tolist(), spans.service.tolist(), strict=True)):
            found[spans.places[place]].add(spans.services[service])
            services.add(spans.services[service])
    return Places(
        frozenset(services), {place: next(iter(of)) if len(of) == 1 else place for place, of in sorted(found.items())}
    )


class Gatherer(Struct, frozen=True):
    """Reads metrics and logs of a window."""

    metrics: MetricReader
    registry: SeriesRegistry
    logs: LogsRoom

    async def signals(
        self, scope: Scope, spans: Spans, known: Places, window: tuple[int, int], period_s: int
    ) -> Signals:
        """Everything of a window. Raises QueryAborted, Unavailable."""
        series = await self._series(scope, known, window, period_s)
        lines, since_ms = await self._lines(scope, known, window)
        return Signals(spans, series, lines, since_ms * _MS)

    async def _series(self, scope: Scope, known: Places, window: tuple[int, int], period_s: int) -> list[Series]:
        chosen = list(self._chosen(scope, known, window[0]))[:MOST_SERIES]
        if not chosen:
            return []
        requests = [StatRequest((one.id,), _statistic(one), period_s, window[0]) for _, _, one in chosen]
        answers = await self.metrics.statistics(scope, requests, *window)
        slots = -(-(window[1] - window[0]) // (period_s * 1000))
        found = []
        for (component, peer, one), answer in zip(chosen, answers, strict=True):
            values = np.full(slots, np.nan)
            values[(answer.times - window[0]) // (period_s * 1000)] = answer.values
            found.append(Series(component, _called(one), values, peer))
        return found

    def _chosen(self, scope: Scope, known: Places, since_ms: int) -> Iterable[tuple[str, str, StoredSeries]]:
        """Series with their component and, of edges, their callee; each once."""
        seen: set[int] = set()
        names = [(key, name, name) for key in _SERVICE_KEYS for name in sorted(known.services)]
        names += [(key, place, of) for key in _PLACE_KEYS for place, of in known.service_of.items()]
        names += [(key, name, name) for key in _CALLERS for name in sorted(known.services)]
        for key, value, component in names:
            query = SeriesQuery(dimensions=((key, value),), active_since_ms=since_ms, limit=_A_PLACE)
            for one in self.registry.find(scope, query):
                if one.id in seen or "le" in one.dimensions or "quantile" in one.dimensions:
                    continue
                seen.add(one.id)
                peer = next((one.dimensions[name] for name in _CALLEES if name in one.dimensions), "")
                yield component, peer if key in _CALLERS else "", one

    async def _lines(self, scope: Scope, known: Places, window: tuple[int, int]) -> tuple[list[Line], int]:
        """The newest lines of the window, and since when these are all (ms)."""
        groups = await self.logs.explorer.groups(scope)
        if not groups:
            return [], window[0]
        query = EventQuery(start_ms=window[0], end_ms=window[1], limit=_MOST_LINES, backward=True)
        page = await self.logs.reader.page(scope, groups, query)
        events = page.events
        named = {group.id: _service_in(group.name, known) for group in groups}
        found = ((_component(event, named, known), event) for event in events)
        lines = [
            Line(component, event.message, event.severity, event.trace_id, event.time_ms * _MS)
            for component, event in found
            if component
        ]
        return lines, (min(event.time_ms for event in events) + 1) if page.more and events else window[0]


def period_of(window: tuple[int, int]) -> int:
    """The finest period that cuts a window into not many more parts than are needed."""
    wanted = (window[1] - window[0]) / 1000 / _POINTS
    return next((period for period in reversed(_PERIODS_S) if period <= wanted), _PERIODS_S[0])


def _statistic(series: StoredSeries) -> Statistic:
    return _RATE if series.identity.kind is Kind.COUNTER else _AVERAGE


def _called(series: StoredSeries) -> str:
    rest = [f"{key}={value}" for key, value in series.identity.dimensions if key not in _DULL and len(value) <= 24]
    return f"{series.identity.name}{{{', '.join(rest[:2])}}}" if rest else series.identity.name


def _component(event: Event, named: Mapping[int, str], known: Places) -> str:
    for key in _SERVICE_KEYS:
        if event.attributes.get(key) in known.services:
            return event.attributes[key]
    for key in _PLACE_KEYS:
        if event.attributes.get(key) in known.service_of:
            return known.service_of[event.attributes[key]]
    return named.get(event.group, "") or _service_in(event.stream, known)


def _service_in(name: str, known: Places) -> str:
    """The longest service that a name of a group or stream has as a part."""
    parts = {part for piece in name.split("/") for part in (piece, piece.partition(".")[0])}
    return max((service for service in known.services if service in parts), key=len, default="")
