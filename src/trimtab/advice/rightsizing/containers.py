"""Containers by what they ask for: kube-state-metrics tells requests, cAdvisor the use beside them."""

from collections.abc import Sequence

from trimtab.access.scope import Scope
from trimtab.advice.rightsizing.measures import GIB, REQUESTS
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
    latest = await reader.latest(scope, series, clock.now_ms() - _LOOK_BACK_MS)
    asked: dict[tuple[str, str, str, str, str], dict[str, float]] = {}
    for id_, point in latest.items():
        one = series[id_]
        names = one.dimensions
        key = (one.identity.account, one.identity.region, *(names[name] for name in _NAMES))
        asked.setdefault(key, {})[names["resource"]] = point.value  # type: ignore[arg-type]  # three names, five parts
    return [
        container(account, region, (namespace, pod, name), told.get("cpu", 0.0), told.get("memory", 0.0) / GIB)
        for (account, region, namespace, pod, name), told in asked.items()
    ]
