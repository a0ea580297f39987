"""Hours in which hosts were seen: what a bill of machine-hours is estimated from before it comes."""

from collections import defaultdict

import numpy as np

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder, Metric, Registry
from trimtab.fleet.telemetry.identity import host_of
from trimtab.fleet.telemetry.observed import observed_share
from trimtab.fleet.telemetry.reading import Reader
from trimtab.fleet.telemetry.window import Grid
from trimtab.kpis.context import Floats
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic

_COUNT = parse_statistic("SampleCount")
_HOUR_S = 3600
ALIVE = (*concepts.HOST_ALIVE, Metric("CPUUtilization", namespace="AWS/EC2"))
"""One series a host that it reports as long as it runs; of EC2 the metric that CloudWatch keeps of every instance."""


async def seen_hours(reader: Reader, registry: Registry, scope: Scope, start_ms: int, end_ms: int) -> dict[str, Floats]:
    """By host the share of each hour of `[start_ms, end_ms)` in which it reported, 0 to 1. Hours are whole.

    A host that has no such series is seen by its GPUs. Raises QueryAborted, Unavailable.
    """
    grid = Grid.over(start_ms, end_ms, _HOUR_S)
    finder = Finder(registry, scope, grid.start_ms)
    series: dict[str, list[int]] = defaultdict(list)
    for one in finder.all(ALIVE):
        if host := host_of(one.series):
            series[host].append(one.series.id)
    alive = set(series)
    for _, metrics in concepts.ACTIVITY:
        for one in finder.all(metrics):
            host = host_of(one.series)
            if host and host not in alive:
                series[host].append(one.series.id)
    # One request a series: samples of several that are added up would hide a gap of one.
    asked = [(host, id_) for host, ids in series.items() for id_ in ids[:8]]
    answers = await reader.statistics(
        scope, [StatRequest((id_,), _COUNT, _HOUR_S) for _, id_ in asked], start_ms, end_ms
    )
    found: dict[str, Floats] = {}
    for (host, _), answer in zip(asked, answers, strict=True):
        shares = observed_share(grid.place(answer, 0.0)[None, :])[0]
        found[host] = np.fmax(found[host], shares) if host in found else shares
    return found
