"""Containers by what they ask for: kube-state-metrics tells requests, cAdvisor the use beside them."""

from collections.abc import Sequence

from trimtab.access.scope import Scope
from trimtab.advice.rightsizing.measures import GIB, REQUESTS, STARTED
from trimtab.advice.rightsizing.model import Subject
from trimtab.advice.rightsizing.subjects import container
from trimtab.base.clock import Clock
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesQuery, SeriesRegistry

_NAMES = ("namespace", "pod", "container")
_LOOK_BACK_MS = 3 * 3_600_000
"""Requests are told every scrape; what was not told for so long is gone."""


async def containers(reader: MetricReader, registry: SeriesRegistry, clock: Clock, scope: Scope) -> Sequence[Subject]:
    """The containers that ask for CPU or memory now."""
    query = SeriesQuery(name=REQUESTS, dimension_names=(*_NAMES, "resource"))
    series = {one.id: one for one in registry.find(scope, query) if one.dimensions["resource"] in ("cpu", "memory")}
    since_ms = clock.now_ms() - _LOOK_BACK_MS
    begun = await _started(reader, registry, scope, since_ms)
    latest = await reader.latest(scope, series, since_ms)
    asked: dict[tuple[str, str, str, str, str], dict[str, float]] = {}
    for id_, point in latest.items():
        one = series[id_]
        names = one.dimensions
        key = (one.identity.account, one.identity.region, *(names[name] for name in _NAMES))
        asked.setdefault(key, {})[names["resource"]] = point.value  # type: ignore[arg-type]  # three names, five parts
    return [
        container(
            account,
            region,
            (namespace, pod, name),
            told.get("cpu", 0.0),
            told.get("memory", 0.0) / GIB,
            begun.get((account, namespace, pod), 0),
        )
        for (account, region, namespace, pod, name), told in asked.items()
    ]


async def _started(
    reader: MetricReader, registry: SeriesRegistry, scope: Scope, since_ms: int
) -> dict[tuple[str, str, str], int]:
    """When pods were started, in ms, by account, namespace and name."""
    query = SeriesQuery(name=STARTED, dimension_names=_NAMES[:2])
    series = {one.id: one for one in registry.find(scope, query)}
    latest = await reader.latest(scope, series, since_ms)
    return {
        (series[id_].identity.account, series[id_].dimensions["namespace"], series[id_].dimensions["pod"]): round(
            1000 * point.value
        )
        for id_, point in latest.items()
    }
