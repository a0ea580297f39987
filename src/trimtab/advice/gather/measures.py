"""What checks ask of metrics, for all resources and checks in few engine queries."""

from collections.abc import Iterable, Mapping, Sequence

from trimtab.access.scope import Scope
from trimtab.advice import links
from trimtab.advice.facts import Ask, Thing, Values
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.statistics import parse_statistic

_AT_ONCE = 2_000
"""Requests of one plan: each bucket of each comes back as a row."""
Wanted = tuple[Ask, Thing, tuple[int, ...]]


async def measures(
    reader: MetricReader, registry: SeriesRegistry, scope: Scope, asks: Mapping[Ask, Sequence[Thing]], now_ms: int
) -> dict[tuple[Ask, str], Values]:
    """The buckets of every ask and thing that has any; buckets that end after now are left out."""
    found: dict[tuple[Ask, str], Values] = {}
    by_window: dict[tuple[int, int], list[Wanted]] = {}
    for ask, things in asks.items():
        by_window.setdefault((ask.days, ask.period_s), []).extend(_wanted(registry, scope, ask, things))
    for (days, period_s), wanted in by_window.items():
        end = now_ms // (period_s * 1000) * period_s * 1000
        for at in range(0, len(wanted), _AT_ONCE):
            part = wanted[at : at + _AT_ONCE]
            requests = [StatRequest(ids, parse_statistic(ask.statistic), period_s) for ask, _, ids in part]
            answers = await reader.statistics(scope, requests, end - days * 86_400_000, end)
            for (ask, thing, _), answer in zip(part, answers, strict=True):
                if len(answer.values):
                    found[ask, thing.path] = Values(tuple(answer.times.tolist()), tuple(answer.values.tolist()))
    return found


def _wanted(registry: SeriesRegistry, scope: Scope, ask: Ask, things: Iterable[Thing]) -> list[Wanted]:
    """The series of each thing: those whose dimension is its id, in its account and region."""
    query = SeriesQuery(namespace=ask.namespace, name=ask.metric, dimension_names=(ask.dimension,))
    by_value: dict[tuple[str, str, str], list[int]] = {}
    for series in registry.find(scope, query):
        place = series.identity.account, series.identity.region, series.dimensions[ask.dimension]
        by_value.setdefault(place, []).append(series.id)
    found = []
    for thing in things:
        value = links.dimension_value(ask, thing)
        ids = by_value.get((thing.account, thing.region, value), [])
        if ids:
            found.append((ask, thing, tuple(ids)))
    return found
