"""Evaluates lists of metric data queries: metrics, metric math, SEARCH and Metrics Insights.

A job is compiled (`program`), its series are found and noted (`gathering`), everything is read at once (`reading`),
computed (`running`) and named (`results`).
"""

import asyncio
from collections.abc import Sequence

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.metrics.expressions.bands import BandSource
from trimtab.metrics.expressions.check import check
from trimtab.metrics.expressions.gathering import Gatherer
from trimtab.metrics.expressions.model import EvaluationJob, Query, Result
from trimtab.metrics.expressions.ports import InsightRules, NoRules, NoTags, Reader, Registry, ResourceTags, RulePoints
from trimtab.metrics.expressions.program import compile_queries, in_expression
from trimtab.metrics.expressions.reading import Batch, Resolver, Sight
from trimtab.metrics.expressions.results import results_of
from trimtab.metrics.expressions.running import Run
from trimtab.metrics.expressions.values import Grid

__all__ = ["Evaluator", "check"]


class Evaluator:
    """The one evaluator of metric data queries: GetMetricData, alarms, dashboards and pages ask it."""

    def __init__(
        self,
        reader: Reader,
        registry: Registry,
        clock: Clock,
        bands: BandSource,
        tags: ResourceTags | None = None,
        rules: InsightRules | None = None,
    ) -> None:
        self._reader = reader
        self._registry = registry
        self._clock = clock
        self._bands = bands
        self._tags = tags or NoTags()
        self._rules = rules or NoRules()
        self._resolver = Resolver(registry)

    async def evaluate(
        self, scope: Scope, queries: Sequence[Query], start_ms: int, end_ms: int, linked: Scope | None = None
    ) -> list[Result]:
        """The results of the queries that are returned, over `[start_ms, end_ms)`, in the queries' order.

        A query may give several (SEARCH, GROUP BY). Raises InvalidInput naming the query and the position.
        """
        return (await self.evaluate_many(scope, [EvaluationJob(queries, start_ms, end_ms)], linked))[0]

    async def evaluate_many(
        self, scope: Scope, jobs: Sequence[EvaluationJob], linked: Scope | None = None
    ) -> list[list[Result]]:
        """The results of each job, in the jobs' order. Metrics of jobs over equal ranges are read together.

        `linked` is what queries may see that name an account (`scope` unless given). Raises InvalidInput when any job
        is wrong (`check` them first), QueryAborted, Unavailable.
        """
        now_ms = self._clock.now_ms()
        sight = Sight(scope, linked or scope)
        batch = Batch()
        gatherer = Gatherer(self._registry, self._resolver, self._tags, now_ms)
        gathered = [gatherer.gather(sight, job, compile_queries(tuple(job.queries)), batch) for job in jobs]
        read = await batch.read(self._reader)
        runs = [Run(one, read) for one in gathered]
        await self._ask_for_rules(scope, runs)
        await self._ask_for_bands(scope, runs)
        # Thousands of alarms or a large matrix take a while: the event loop has other callers meanwhile.
        return await asyncio.to_thread(lambda: [results_of(run, now_ms) for run in runs])

    async def _ask_for_rules(self, scope: Scope, runs: Sequence[Run]) -> None:
        """One read for each rule, metric and range, whatever the number of calls."""
        calls = [(run, call, run.gathered.rules[call.place]) for run in runs for call in run.gathered.program.rules]
        asked = {(call.rule, call.metric, grid, run.gathered.job.end_ms): call.place[0] for run, call, grid in calls}

        async def ask(rule: str, metric: str, grid: Grid, end_ms: int, id_: str) -> RulePoints:
            with in_expression(id_):
                return await self._rules.points(scope, rule, metric, grid.start_ms, end_ms, grid.period_ms // 1000)

        found = dict(zip(asked, await asyncio.gather(*(ask(*key, id_) for key, id_ in asked.items())), strict=True))
        for run, call, grid in calls:
            run.give_rule(call.place, found[call.rule, call.metric, grid, run.gathered.job.end_ms])

    async def _ask_for_bands(self, scope: Scope, runs: Sequence[Run]) -> None:
        wanted = [(run, *pair) for run in runs if run.gathered.program.bands for pair in run.band_requests()]
        if not wanted:
            return
        bands = await self._bands.bands(scope, [request for _, _, request in wanted])
        for (run, place, _), band in zip(wanted, bands, strict=True):
            run.give_band(place, band)
