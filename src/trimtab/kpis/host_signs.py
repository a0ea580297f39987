"""What the processors of hosts did on average over a range: busy, and waiting for disks and network."""

from collections import defaultdict

import numpy as np

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder, Metric, Registry
from trimtab.fleet.telemetry.identity import host_of
from trimtab.fleet.telemetry.reading import Reader
from trimtab.fleet.telemetry.window import Grid
from trimtab.kpis.context import Floats
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic

_AVERAGE = parse_statistic("Average")
_IOWAIT = (
    Metric("system.cpu.utilization", where=(("cpu.mode", "iowait"),)),
    Metric("system.cpu.utilization", where=(("state", "wait"),)),
    Metric("cpu_usage_iowait", 0.01, "CWAgent"),
)


async def read(
    reader: Reader, registry: Registry, scope: Scope, start_ms: int, end_ms: int
) -> dict[str, tuple[float | None, float | None]]:
    """By host its mean (busy, iowait), 0 to 1; None for what it does not report. Raises QueryAborted, Unavailable."""
    grid = Grid.over(start_ms, end_ms)
    finder = Finder(registry, scope, grid.start_ms)
    found: dict[str, dict[str, Floats]] = defaultdict(dict)
    asked = [
        (name, one)
        for name, metrics in (("idle", concepts.CPU_IDLE), ("iowait", _IOWAIT))
        for one in finder.all(metrics)
    ]
    requests = [StatRequest((one.series.id,), _AVERAGE, grid.step_s) for _, one in asked]
    answers = await reader.statistics(scope, requests, start_ms, end_ms) if requests else []
    for (name, one), answer in zip(asked, answers, strict=True):
        if host := host_of(one.series):
            found[host].setdefault(name, grid.place(answer) * one.metric.scale)
    return {host: (_mean(1 - rows["idle"]) if "idle" in rows else None, _mean(rows.get("iowait")))
            for host, rows in found.items()}  # fmt: skip


def _mean(row: Floats | None) -> float | None:
    return None if row is None or np.isnan(row).all() else float(np.nanmean(row))
