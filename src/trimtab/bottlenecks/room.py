"""The bottlenecks room, put together: where the time goes, what changed, and what is to blame."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.bottlenecks.compare import Comparison, compare
from trimtab.bottlenecks.explain import QUANTILES, Explained, explain
from trimtab.bottlenecks.read import Choice, PopulationReader, Sampled, attribute_names
from trimtab.bottlenecks.rootcause.added import Symptom, blame
from trimtab.bottlenecks.rootcause.gather import Gatherer, period_of, places
from trimtab.bottlenecks.rootcause.rank import rank, significant
from trimtab.bottlenecks.rootcause.signals import Signals, Suspect
from trimtab.bottlenecks.service_map import ServiceMap, service_map
from trimtab.bottlenecks.waterfall import Waterfall, waterfall
from trimtab.logs.room import LogsRoom
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.traces.read import TraceReader


class Bottleneck(Struct, frozen=True):
    """What explains the percentiles of a population, and against a baseline if one was named."""

    explained: tuple[Explained, ...]
    sampled: Sampled
    baseline: Sampled | None


class Compared(Struct, frozen=True):
    """Two populations side by side; `tail` explains the p99 of the first against the other."""

    comparison: Comparison
    tail: tuple[Explained, ...]
    one: Sampled
    other: Sampled


class RootCauses(Struct, frozen=True):
    """Suspects, the most suspect first, and how much was looked at: traces, series and lines of the window.

    Without a suspect, nothing that was looked at deviates significantly.
    """

    suspects: tuple[Suspect, ...]
    traces: int
    normal_traces: int
    series: int
    lines: int


class Mapped(Struct, frozen=True):
    """The service map of a population, and of the baseline if one was named."""

    now: ServiceMap
    before: ServiceMap | None
    sampled: Sampled


class BottlenecksRoom(Struct, frozen=True):
    """Reads traces, metrics and logs; owns nothing."""

    populations: PopulationReader
    traces: TraceReader
    gatherer: Gatherer
    clock: Clock

    @classmethod
    def of(
        cls, traces: TraceReader, metrics: MetricReader, registry: SeriesRegistry, logs: LogsRoom, clock: Clock
    ) -> "BottlenecksRoom":
        """The room over the rooms that own the facts."""
        return cls(PopulationReader(traces), traces, Gatherer(metrics, registry, logs), clock)

    async def bottleneck(
        self, scope: Scope, choice: Choice, baseline: Choice | None = None, quantiles: Sequence[float] = QUANTILES
    ) -> Bottleneck:
        """What explains the quantiles (each above 0 and below 1). Raises InvalidInput, QueryAborted, Unavailable."""
        if not quantiles or any(not 0 < quantile < 1 for quantile in quantiles):
            raise InvalidInput("cannot explain percentiles: expected each above 0 and below 1", field="quantile")
        now = await self.populations.population(scope, choice)
        before = await self.populations.population(scope, baseline) if baseline else None
        parts_before = before.population.parts if before else None
        found = await asyncio.to_thread(explain, now.population.parts, parts_before, quantiles)
        return Bottleneck(tuple(found), now, before)

    async def compare(self, scope: Scope, one: Choice, other: Choice) -> Compared:
        """Two populations compared, the first against the other. Raises InvalidInput, QueryAborted, Unavailable."""
        mine = await self.populations.population(scope, one)
        others = await self.populations.population(scope, other)
        ignore = [*attribute_names(one), *attribute_names(other)]
        comparison = await asyncio.to_thread(compare, mine.population, others.population, ignore)
        tail = await asyncio.to_thread(explain, mine.population.parts, others.population.parts)
        return Compared(comparison, tuple(tail), mine, others)

    async def service_map(self, scope: Scope, choice: Choice, baseline: Choice | None = None) -> Mapped:
        """The service map. Raises InvalidInput, QueryAborted, Unavailable."""
        now = await self.populations.population(scope, choice)
        before = await self.populations.population(scope, baseline) if baseline else None
        return Mapped(_map(now), _map(before) if before else None, now)

    async def root_causes(
        self, scope: Scope, choice: Choice, normal: Choice, symptom: Symptom | None = None
    ) -> RootCauses:
        """What is to blame for a window that differs from a normal one, or for a symptom that it shows.

        With a symptom of which metrics tell, scores are each component's share of it in per cent. Raises InvalidInput,
        QueryAborted.
        """
        now = await self.populations.population(scope, choice)
        before = await self.populations.population(scope, normal)
        spans, spans_before = now.population.spans, before.population.spans
        known = places(spans, spans_before)
        period_s = period_of((choice.start_ms, choice.end_ms))
        signals = await self.gatherer.signals(scope, spans, known, (choice.start_ms, choice.end_ms), period_s)
        usual = await self.gatherer.signals(scope, spans_before, known, (normal.start_ms, normal.end_ms), period_s)
        suspects = await asyncio.to_thread(_suspects, usual, signals, symptom)
        return RootCauses(
            tuple(suspects),
            len(now.population.parts),
            len(before.population.parts),
            len(signals.series),
            len(signals.lines),
        )

    async def waterfall(self, scope: Scope, trace_id: str) -> Waterfall:
        """One trace. Raises NotFound, QueryAborted, Unavailable."""
        return await asyncio.to_thread(waterfall, await self.traces.trace(scope, trace_id))


def _suspects(normal: Signals, now: Signals, symptom: Symptom | None) -> Sequence[Suspect]:
    of_symptom = blame(symptom, normal, now) if symptom else ()
    return of_symptom or significant(rank(normal, now))


def _map(sampled: Sampled) -> ServiceMap:
    return service_map(sampled.population, sampled.inferred, sampled.scale)
