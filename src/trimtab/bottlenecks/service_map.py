"""The service map of a population: components with what came to them, edges with what was called over them. Pure.

A request of a component is a span with which a trace enters it. An edge's time is what its caller waited; durations are
also counted in octaves (`histogram`), so that two peaks do not look like one slow average.
"""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from trimtab.bottlenecks.forest import NONE, Flags, Rows
from trimtab.bottlenecks.parts import Population, Values
from trimtab.bottlenecks.rootcause.deviation import grouped

_MS = 1e-6
QUANTILES = (0.5, 0.9, 0.99)
BINS = 24
"""Octaves of the histogram: below 0.25 ms, up to 0.5 ms, … up to 8.7 min and above."""
_FIRST_MS = 0.25


class Traffic(Struct, frozen=True):
    """Requests (estimated from what was sampled), share that failed, p50, p90 and p99 in ms, and their histogram."""

    requests: float
    failed: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    histogram: tuple[float, ...]


class ServiceNode(Struct, frozen=True):
    """A component; `inferred`: it sends no spans itself. `entry`: traces begin there. `own_ms` a trace on its path."""

    name: str
    traffic: Traffic
    inferred: bool
    entry: bool
    own_ms: float


class ServiceEdge(Struct, frozen=True):
    """Calls of one component by another; `wire_ms` is the median wait beyond the callee's own span."""

    caller: str
    callee: str
    traffic: Traffic
    wire_ms: float


class ServiceMap(Struct, frozen=True):
    """Components by name, edges by caller and callee, over `traces` traces."""

    nodes: tuple[ServiceNode, ...]
    edges: tuple[ServiceEdge, ...]
    traces: int


def service_map(population: Population, inferred: frozenset[str] = frozenset(), scale: float = 1.0) -> ServiceMap:
    """The map. `inferred` names components that send no spans; `scale` is how many traces one stands for."""
    spans, forest = population.spans, population.forest
    parent = forest.parent
    entering = parent == NONE
    has = np.flatnonzero(~entering)
    entering[has] = spans.service[has] != spans.service[parent[has]]
    weight = _weights(population) * scale
    ms: Values = np.multiply(forest.duration, _MS, dtype=np.float64)
    nodes = _by_service(population, entering, ms, weight, inferred)
    rows = np.flatnonzero(entering & (parent != NONE))
    return ServiceMap(nodes, _edges(population, rows, weight), len(population.parts))


def _by_service(
    population: Population, entering: Flags, ms: Values, weight: Values, inferred: frozenset[str]
) -> tuple[ServiceNode, ...]:
    spans, forest, path = population.spans, population.forest, population.path
    rows = np.flatnonzero(entering)
    begins = set(spans.service[forest.roots].tolist())
    own = np.bincount(spans.service, path.own_ns * _MS, len(spans.services)) / max(len(population.parts), 1)
    found = []
    for code, at in grouped(spans.service[rows], rows.astype(np.float64)).items():
        mine = at.astype(np.int64)
        name = spans.services[code]
        traffic = _traffic(ms[mine], spans.failed[mine], weight[mine])
        found.append(ServiceNode(name, traffic, name in inferred, code in begins, float(own[code])))
    return tuple(sorted(found, key=lambda node: node.name))


def _edges(population: Population, rows: Rows, weight: Values) -> tuple[ServiceEdge, ...]:
    spans, forest = population.spans, population.forest
    above = forest.parent[rows]
    waited: Values = np.multiply(forest.duration[above], _MS, dtype=np.float64)
    inner: Values = np.multiply(forest.duration[rows], _MS, dtype=np.float64)
    late = forest.asynchronous[rows]
    seen = np.where(late, inner, waited)
    failed = spans.failed[rows] | (spans.failed[above] & ~late)
    keys = spans.service[above] * len(spans.services) + spans.service[rows]
    found = []
    for key, at in grouped(keys, np.arange(len(rows), dtype=np.float64)).items():
        mine = at.astype(np.int64)
        caller, callee = divmod(key, len(spans.services))
        traffic = _traffic(seen[mine], failed[mine], weight[rows[mine]])
        wire = float(np.median(np.maximum(seen[mine] - inner[mine], 0.0)))
        found.append(ServiceEdge(spans.services[caller], spans.services[callee], traffic, wire))
    return tuple(sorted(found, key=lambda edge: (edge.caller, edge.callee)))


def _traffic(ms: Values, failed: Flags, weight: Values) -> Traffic:
    whole = float(weight.sum())
    p50, p90, p99 = (float(value) for value in weighted_quantiles(ms, weight, QUANTILES))
    bins = np.clip(np.ceil(np.log2(np.maximum(ms, 1e-9) / _FIRST_MS)), 0, BINS - 1).astype(np.int64)
    counts = tuple(float(value) for value in np.bincount(bins, weight, BINS))
    return Traffic(whole, float(weight[failed].sum()) / whole if whole else 0.0, p50, p90, p99, counts)


def weighted_quantiles(values: Values, weight: Values, quantiles: tuple[float, ...]) -> Values:
    """The least value at which the share of the weight reaches each quantile."""
    order = np.argsort(values, kind="stable")
    edges = np.cumsum(weight[order])
    at = np.minimum(np.searchsorted(edges, np.array(quantiles) * edges[-1]), len(order) - 1)
    found: Values = values[order[at]]
    return found


def _weights(population: Population) -> Values:
    """Of each span: that of its trace."""
    parts = population.parts
    of_trace = dict(zip(parts.traces, parts.weight.tolist(), strict=True))
    by_code = np.array([of_trace.get(trace, 1.0) for trace in population.spans.traces], np.float64)
    weights: Values = by_code[population.spans.trace]
    return weights


def upper_ms(bin_: int) -> float:
    """The upper edge of a bin of the histogram."""
    return _FIRST_MS * 2.0**bin_


def nodes_by_name(found: ServiceMap) -> Mapping[str, ServiceNode]:
    """The components by name."""
    return {node.name: node for node in found.nodes}
