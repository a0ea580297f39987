"""Scalability of services: the USL over (requests in flight, requests per second) of each step, and the knee.

Load is the gauge of requests in flight; where there is none, Little's law gives it: the seconds of latency that were
spent per second are the mean number in flight (the rate of a histogram's sum).
"""

import asyncio

import numpy as np

from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Found, Metric, looked_for
from trimtab.fleet.telemetry.identity import host_of, without_port
from trimtab.fleet.telemetry.owners import label
from trimtab.kpis import failover, usl
from trimtab.kpis.context import AVERAGE, RATE, SUM, Context, Flow, flows, ids
from trimtab.kpis.failover import Failover, NodeLoad
from trimtab.kpis.model import Input, Kpi, unknown
from trimtab.metrics.model import Kind, Series
from trimtab.metrics.plan import StatRequest

_USL = ("usl_lambda", "usl_sigma", "usl_kappa", "knee", "head_room")
_FAILOVER = ("failover_node", "failover_zone")


async def read(context: Context) -> dict[str, list[Kpi]]:
    """Scalability and failover capacity of every group that serves requests."""
    metrics = context.chosen(context.options.requests_metric, concepts.REQUESTS)
    found = context.finder.all(metrics)
    requests, load = await asyncio.gather(flows(context, found), _in_flight(context))
    nodes = await _nodes(context, found, requests)
    # A thousand resamples a service: off the event loop, which takes everyone's metrics meanwhile.
    fits = await asyncio.to_thread(lambda: {group: _fit(flow, load.get(group)) for group, flow in requests.items()})
    return {group: [*_failover(context, nodes.get(group, {}), flow), *fits[group]] for group, flow in requests.items()}


def _fit(flow: Flow, load: Flow | None) -> list[Kpi]:
    if len(flow.by_service) > 1:
        reason = f"{len(flow.by_service)} services follow no one law: see them one by one"
        return [unknown(id_, reason, flow.inputs) for id_ in _USL]
    if load is None:
        return [unknown(id_, looked_for(concepts.IN_FLIGHT), flow.inputs) for id_ in _USL]
    inputs = (*load.inputs, *flow.inputs)
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
    """Requests in flight by group."""
    gauges, counted = await asyncio.gather(
        flows(context, context.finder.all(concepts.IN_FLIGHT), AVERAGE), _little(context)
    )
    return {**counted, **gauges}


async def _little(context: Context) -> dict[str, Flow]:
    metrics = context.chosen(context.options.latency_metric, concepts.LATENCY)
    histograms = context.finder.all(metrics, frozenset({Kind.HISTOGRAM}))
    sums = [Metric(f"{one.name}_sum", one.scale, one.namespace) for one in metrics]
    counted, summed = await asyncio.gather(
        flows(context, context.finder.all(sums), RATE), flows(context, histograms, SUM)
    )
    return {**counted, **summed}


Nodes = dict[str, dict[str, NodeLoad]]
"""By service and node."""


async def _nodes(context: Context, found: list[Found], requests: dict[str, Flow]) -> dict[str, Nodes]:
    """Each group's load by node, by the metrics that its throughput is read from, with the nodes' CPU utilisation."""
    members: dict[tuple[str, str, str], list[Series]] = {}
    for (group, service), metrics in context.by_service(found).items():
        flow = requests.get(group)
        for series in metrics.get(flow.metrics[service], []) if flow and service in flow.metrics else []:
            if node := without_port(label(series, "node")):
                members.setdefault((group, service, node), []).append(series)
    idle: dict[str, list[Series]] = {}
    for share in context.finder.all(concepts.CPU_IDLE):
        if share.metric.scale == 1:
            idle.setdefault(host_of(share.series), []).append(share.series)
    step = context.grid.step_s
    rows = await context.ask(
        [
            *(StatRequest(ids(series), RATE, step) for series in members.values()),
            *(StatRequest(ids(series), AVERAGE, step) for series in idle.values()),
        ]
    )
    used = {host: 1 - values for host, values in zip(idle, rows[len(members) :], strict=True)}
    groups: dict[str, Nodes] = {}
    for ((group, service, node), members_of), values in zip(members.items(), rows, strict=False):
        first = members_of[0]
        load = NodeLoad(values, used.get(host_of(first)), label(first, "zone"))
        groups.setdefault(group, {}).setdefault(service, {})[node] = load
    return groups


def _failover(context: Context, services: Nodes, flow: Flow) -> list[Kpi]:
    """Of a group with several services the worst one: their nodes do not stand in for each other."""
    if not services:
        return [unknown(id_, "request series do not say which node served", flow.inputs) for id_ in _FAILOVER]
    kpis = []
    for id_, by_zone in zip(_FAILOVER, (False, True), strict=True):
        checks = {
            service: failover.check(nodes, capacity=context.options.node_capacity, by_zone=by_zone)
            for service, nodes in services.items()
        }
        alone = [name for name, one in checks.items() if one.alone]
        service = alone[0] if alone else min(checks, key=lambda name: _room(checks[name]))
        found = checks[service]
        reason = found.reason or f"losing {found.worst} at a peak of {found.peak:.4g}/s; {found.assumption}"
        told = f"{service}: {reason}" if len(checks) > 1 else reason
        told += f"; so it is with {len(alone)} of {len(checks)} services" if len(alone) > 1 else ""
        source = Input(flow.metrics[service].shown, len(services[service]))
        kpis.append(Kpi(id_, found.head_room, told, inputs=(source,)))
    return kpis


def _room(found: Failover) -> float:
    return np.inf if found.head_room is None else found.head_room
