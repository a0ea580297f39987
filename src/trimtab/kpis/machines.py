"""CPU and memory utilisation of hosts: means over hosts and time, each host counting the same."""

import asyncio

import numpy as np

from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Found, looked_for
from trimtab.fleet.telemetry.identity import host_of
from trimtab.kpis.context import AVERAGE, RATE, Context, Floats, ids
from trimtab.kpis.model import Input, Kpi, unknown
from trimtab.metrics.model import Series
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import Statistic

CPU, MEMORY = "cpu_utilisation", "memory_utilisation"


async def read(context: Context) -> dict[str, list[Kpi]]:
    """CPU and memory utilisation of every group that has hosts."""
    cpu, memory = await asyncio.gather(_cpu(context), _memory(context))
    return {
        group: [
            cpu.get(group) or unknown(CPU, looked_for((*concepts.CPU_IDLE, *concepts.CPU_IDLE_SECONDS))),
            memory.get(group) or unknown(MEMORY, looked_for((*concepts.MEMORY_USED, *concepts.MEMORY_AVAILABLE))),
        ]
        for group in cpu.keys() | memory.keys()
    }


async def _cpu(context: Context) -> dict[str, Kpi]:
    """From the idle share: the agent's and OpenTelemetry's gauge, else the node exporter's seconds per core."""
    shares = context.finder.all(concepts.CPU_IDLE)
    seconds = context.finder.all(concepts.CPU_IDLE_SECONDS)
    hosts, cores = await asyncio.gather(
        _per_host(context, shares, AVERAGE),
        # Seconds of idleness per second and core: the mean over a host's cores is its idle share.
        _per_host(context, seconds, RATE, divide=True),
    )
    return _kpis(CPU, {**cores, **hosts})


async def _memory(context: Context) -> dict[str, Kpi]:
    wanted = (concepts.MEMORY_USED, concepts.MEMORY_AVAILABLE, concepts.MEMORY_TOTAL)
    used, free, whole = await asyncio.gather(
        *(_per_host(context, context.finder.all(metrics), AVERAGE) for metrics in wanted)
    )
    for key, (values, source, number) in free.items():
        if key in whole and key not in used:
            used[key] = (1 - values / whole[key][0], source, number)
    return _kpis(MEMORY, used)


PerHost = dict[tuple[str, str], tuple[Floats, str, int]]


async def _per_host(context: Context, found: list[Found], statistic: Statistic, *, divide: bool = False) -> PerHost:
    """By (group, host): values on the grid, the metric's name and how many series."""
    hosts: dict[tuple[str, str], tuple[Found, list[Series]]] = {}
    for one in found:
        host = host_of(one.series) or one.series.identity.resource
        if not host:
            continue  # whoever names no host cannot be counted as one
        key = (context.owners.of(one.series), host)
        first, series = hosts.setdefault(key, (one, []))
        if one.metric == first.metric:  # the first metric in precedence that a host has
            series.append(one.series)
    requests = [StatRequest(ids(series), statistic, context.grid.step_s) for _, series in hosts.values()]
    rows = await context.ask(requests)
    return {
        key: (values * one.metric.scale / (len(series) if divide else 1), one.metric.shown, len(series))
        for (key, (one, series)), values in zip(hosts.items(), rows, strict=True)
    }


def _kpis(id_: str, hosts: PerHost) -> dict[str, Kpi]:
    """The mean of each group over its hosts' own means."""
    groups: dict[str, list[tuple[Floats, str, int]]] = {}
    for (group, _), row in hosts.items():
        groups.setdefault(group, []).append(row)
    result = {}
    for group, rows in groups.items():
        known = [values for values, _, _ in rows if not np.all(np.isnan(values))]
        if not known:
            continue
        mean = float(np.mean([np.nanmean(values) for values in known]))
        coverage = float(np.mean(~np.isnan(np.array(known))))
        sources: dict[str, int] = {}
        for _, source, number in rows:
            sources[source] = sources.get(source, 0) + number
        value = 1 - mean if id_ == CPU else mean
        result[group] = Kpi(
            id_,
            min(max(value, 0.0), 1.0),
            coverage=coverage,
            inputs=tuple(Input(source, number) for source, number in sources.items()),
        )
    return result
