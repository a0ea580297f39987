"""Scalability of services: the USL over (requests in flight, requests per second) of each step, and the knee.

Load is the gauge of requests in flight; where there is none, Little's law gives it: the seconds of latency that were
spent per second are the mean number in flight (the rate of a histogram's sum).
"""

import numpy as np

from trimtab.kpis import concepts, failover, usl
from trimtab.kpis.concepts import Found, Metric, looked_for
from trimtab.kpis.context import AVERAGE, RATE, SUM, Context, Floats, Flow, flows, ids
from trimtab.kpis.failover import NodeLoad
from trimtab.kpis.gpu_identity import host_of
from trimtab.kpis.model import Input, Kpi, unknown
from trimtab.kpis.owners import label
from trimtab.metrics.model import Kind, Series
from trimtab.metrics.plan import StatRequest

_USL = ("usl_lambda", "usl_sigma", "usl_kappa", "knee", "head_room")
_FAILOVER = ("failover_node", "failover_zone")


async def read(context: Context) -> dict[str, list[Kpi]]:
    """Scalability and failover capacity of every group that serves requests."""
    metrics = context.chosen(context.options.requests_metric, concepts.REQUESTS)
    found = context.finder.all(metrics)
    requests = await flows(context, found)
    load = await _in_flight(context)
    nodes = await _nodes(context, found, requests)
    kpis = {}
    for group, flow in requests.items():
        fitted = _fit(flow, load.get(group))
        kpis[group] = [*_failover(context, nodes.get(group, {}), flow), *fitted]
    return kpis


def _fit(flow: Flow, load: Flow | None) -> list[Kpi]:
    if load is None:
        return [unknown(id_, looked_for(concepts.IN_FLIGHT), (flow.input,)) for id_ in _USL]
    inputs = (load.input, flow.input)
    result = usl.fit(load.per_s, flow.per_s)
    if isinstance(result, usl.NoFit):
        return [unknown(id_, result.reason, inputs) for id_ in _USL]
    found = [
        Kpi(id_, one.value, f"fit misses by {result.error:.1%}", inputs=inputs, low=one.low, high=one.high)
        for id_, one in zip(_USL[:3], (result.lambda_, result.sigma, result.kappa), strict=True)
    ]
    if result.knee is None:
        return [*found, *(unknown(id_, result.knee_reason, inputs) for id_ in _USL[3:])]
    knee, now = result.knee, float(np.nanpercentile(load.per_s, 95))
    high = knee.high if np.isfinite(knee.high) else None
    room_high = None if high is None else high / now - 1
    return [
        *found,
        Kpi("knee", knee.value, result.knee_reason, inputs=inputs, low=knee.low, high=high),
        Kpi("head_room", knee.value / now - 1, result.knee_reason, None, inputs, knee.low / now - 1, room_high),
    ]


async def _in_flight(context: Context) -> dict[str, Flow]:
    """Requests in flight by group: each gauge series averaged in a step, then added up over series."""
    found = context.finder.all(concepts.IN_FLIGHT)
    rows = await context.ask([StatRequest((one.series.id,), AVERAGE, context.grid.step_s) for one in found])
    sums: dict[str, dict[Metric, list[Floats]]] = {}
    for one, values in zip(found, rows, strict=True):
        sums.setdefault(context.owners.of(one.series), {}).setdefault(one.metric, []).append(values)
    gauges = {group: _first(by_metric) for group, by_metric in sums.items()}
    little = await _little(context)
    return {**little, **{group: flow for group, flow in gauges.items() if flow}}


def _first(by_metric: dict[Metric, list[Floats]]) -> Flow | None:
    for metric, rows in by_metric.items():
        stacked = np.array(rows)
        known = ~np.isnan(stacked)
        if known.any():
            return Flow(np.where(known.any(axis=0), np.nansum(stacked, axis=0), np.nan), metric, len(rows))
    return None


async def _little(context: Context) -> dict[str, Flow]:
    metrics = context.chosen(context.options.latency_metric, concepts.LATENCY)
    histograms = context.finder.all(metrics, frozenset({Kind.HISTOGRAM}))
    sums = [Metric(f"{one.name}_sum", one.scale, one.namespace) for one in metrics]
    counted = await flows(context, context.finder.all(sums), RATE)
    return {**counted, **await flows(context, histograms, SUM)}


async def _nodes(context: Context, found: list[Found], requests: dict[str, Flow]) -> dict[str, dict[str, NodeLoad]]:
    """Each group's load by node, from the metric that its throughput is read from, with the node's CPU utilisation."""
    members: dict[tuple[str, str], list[Series]] = {}
    for one in found:
        group = context.owners.of(one.series)
        node = label(one.series, "node")
        if node and group in requests and one.metric == requests[group].metric:
            members.setdefault((group, node), []).append(one.series)
    idle: dict[str, list[Series]] = {}
    for one in context.finder.all(concepts.CPU_IDLE):
        if one.metric.scale == 1:
            idle.setdefault(host_of(one.series), []).append(one.series)
    step = context.grid.step_s
    rows = await context.ask(
        [
            *(StatRequest(ids(series), RATE, step) for series in members.values()),
            *(StatRequest(ids(series), AVERAGE, step) for series in idle.values()),
        ]
    )
    used = {host: 1 - values for host, values in zip(idle, rows[len(members) :], strict=True)}
    groups: dict[str, dict[str, NodeLoad]] = {}
    for ((group, node), series), values in zip(members.items(), rows, strict=False):
        host = host_of(series[0])
        groups.setdefault(group, {})[node] = NodeLoad(values, used.get(host), label(series[0], "zone"))
    return groups


def _failover(context: Context, nodes: dict[str, NodeLoad], flow: Flow) -> list[Kpi]:
    if not nodes:
        return [unknown(id_, "request series do not say which node served", (flow.input,)) for id_ in _FAILOVER]
    kpis = []
    for id_, by_zone in zip(_FAILOVER, (False, True), strict=True):
        found = failover.check(nodes, capacity=context.options.node_capacity, by_zone=by_zone)
        reason = found.reason or f"losing {found.worst} at a peak of {found.peak:.4g}/s; {found.assumption}"
        kpis.append(Kpi(id_, found.head_room, reason, inputs=(Input(flow.metric.shown, len(nodes)),)))
    return kpis
