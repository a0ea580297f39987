"""Populations of traces from the store: which traces, a fair sample of them, and their spans as columns."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.bottlenecks.inferred import with_inferred
from trimtab.bottlenecks.model_calls import with_phases
from trimtab.bottlenecks.parts import Population, Values, population
from trimtab.bottlenecks.spans import INTERNAL, KINDS, Spans, coded, take
from trimtab.store.telemetry.client import Columns
from trimtab.traces.filters.parser import parse
from trimtab.traces.filters.plan import plan
from trimtab.traces.read import TraceReader, Where
from trimtab.traces.window import window_of

MOST_TRACES = 3000
"""Traces that a population is worked out from; of more, so many are drawn."""
MOST_HITS = 50_000
"""Traces of a window among which they are drawn: the newest."""
MOST_SPANS = 400_000
_SLACK_MS = 600_000
"""How much longer than its window a population's traces may run."""
_SHARES = 1_000_000
_ANNOTATION = re.compile(r"annotation\s*[.\[]\s*\"?([\w.@/-]+)")
_PLACES = ("k8s.pod.name", "container.id", "faas.instance", "host.name", "service.instance.id")
"""Attributes of a resource that say what ran it, the nearest first."""
_COLUMNS = (
    "trace_id", "span_id", "parent_id", "service", "name", "kind", "start_ns", "duration_ns", "status", "fault",
    "error", "throttle", "peer", "sampling", "resource_attributes", "attributes",
)  # fmt: skip
_RESOURCE_SHOWN = frozenset(
    ("service.version", "service.namespace", "deployment.environment", "deployment.environment.name", "k8s.pod.name",
     "k8s.deployment.name", "k8s.node.name", "host.name", "cloud.region", "cloud.availability_zone", "host.type")
)  # fmt: skip
"""Attributes of resources that are features of traces too."""


class Choice(Struct, frozen=True):
    """Traces that began in `[start_ms, end_ms)` and for which a filter expression of X-Ray holds."""

    start_ms: int
    end_ms: int
    expression: str = ""


def through(service: str) -> str:
    """The expression for traces that pass a service."""
    escaped = service.replace("\\", "\\\\").replace('"', '\\"')
    return f'service("{escaped}")'


class Sampled(Struct, frozen=True):
    """A population. `found` traces matched (`capped`: the newest of more), of which a share was drawn."""

    population: Population
    found: int
    capped: bool
    inferred: frozenset[str]

    @property
    def scale(self) -> float:
        """Traces that each of the population stands for."""
        return self.found / max(len(self.population.parts), 1)


class PopulationReader:
    """Reads populations within a caller's scope."""

    def __init__(self, traces: TraceReader) -> None:
        self._traces = traces

    async def population(self, scope: Scope, choice: Choice, most: int = MOST_TRACES) -> Sampled:
        """The population of a choice. Raises InvalidInput for an expression that cannot be used, QueryAborted."""
        _check(choice)
        start_ms, end_ms = choice.start_ms - _SLACK_MS, choice.end_ms + _SLACK_MS
        window = window_of(scope, start_ms, end_ms)
        made = plan(parse(choice.expression), window)
        if not made.exact:
            raise InvalidInput(
                "cannot choose traces by root causes here: expected conditions on services, edges, annotations, times "
                "and status",
                field="filter",
            )
        hits = await self._traces.search(
            scope, choice.start_ms, choice.end_ms, Where(made.where, made.params, made.having), MOST_HITS
        )
        if not hits.found:
            return Sampled(population(_spans(_nothing())[0]), 0, False, frozenset())
        oldest = hits.found[-1].at_ms if hits.more else choice.start_ms
        share = min(most / len(hits.found), 1.0)
        where = _drawn(
            made.where, made.having, made.params, window.where, (max(oldest, choice.start_ms), choice.end_ms), share
        )
        columns = await self._traces.spans(scope, start_ms, end_ms, _COLUMNS, where, MOST_SPANS)
        worked, inferred = await asyncio.to_thread(_worked_out, columns, choice)
        found = len(hits.found) if share < 1.0 else len(worked.parts)
        return Sampled(worked, found, hits.more, inferred)


def _check(choice: Choice) -> None:
    if choice.end_ms <= choice.start_ms:
        raise InvalidInput("cannot read traces: expected the end of the range after its start", field="end")


def _drawn(
    where: str, having: str, params: Mapping[str, Any], window: str, range_ms: tuple[int, int], share: float
) -> Where:
    """Whole traces that match and fall into a share of them, by a hash of their ids."""
    conditions = f"{window} AND time >= fromUnixTimestamp64Milli({{d_start:Int64}}, 'UTC')"
    conditions += " AND time < fromUnixTimestamp64Milli({d_end:Int64}, 'UTC')"
    narrow = f"{conditions} AND ({where})" if where else conditions
    narrow += f" AND cityHash64(trace_id) % {_SHARES} < {{d_share:UInt64}}"
    inner = f"SELECT trace_id FROM spans WHERE {narrow}"  # noqa: S608 - conditions of the planner with bound values
    if having:
        inner = (
            f"SELECT trace_id FROM spans FINAL WHERE {conditions} AND trace_id IN ({inner})"  # noqa: S608 - as above
            f" GROUP BY trace_id HAVING {having}"
        )
    drawn = {"d_start": range_ms[0], "d_end": range_ms[1], "d_share": round(share * _SHARES)}
    return Where(f"trace_id IN ({inner})", {**params, **drawn})


def _worked_out(columns: Columns, choice: Choice) -> tuple[Population, frozenset[str]]:
    spans, peers, weight = _spans(columns)
    senders = frozenset(spans.services)
    phased = with_phases(spans)
    whole = with_inferred(phased, [*peers, *[""] * (len(phased) - len(spans))])
    return _within(population(whole, weight), choice, weight), frozenset(whole.services) - senders


def _within(found: Population, choice: Choice, weight: Values) -> Population:
    """The population without traces whose root began outside the window, or is not there."""
    roots = found.forest.roots
    starts = found.spans.start_ns[roots] // 1_000_000
    inside = (starts >= choice.start_ms) & (starts < choice.end_ms)
    if inside.all():
        return found
    codes = found.spans.trace[roots[inside]]
    keep = np.isin(found.spans.trace, codes)
    return population(take(found.spans, keep), weight[np.unique(found.spans.trace[keep])])


def _nothing() -> Columns:
    return {name: np.array([]) for name in _COLUMNS}


def _spans(columns: Columns) -> tuple[Spans, list[str], Values]:
    """Columns of the store as the algorithms take them, the peer of each span, and the weight of each trace."""
    lists = {name: columns[name].tolist() for name in _COLUMNS}
    trace, traces = coded(lists["trace_id"])
    service, services = coded(lists["service"])
    operation, operations = coded(lists["name"])
    resources = lists["resource_attributes"]
    place, places = coded(
        place_of(resource) or name for resource, name in zip(resources, lists["service"], strict=True)
    )
    ids = {text: number for number, text in enumerate(dict.fromkeys(lists["span_id"]), 1)}
    failed = [
        bool(fault or error or throttle or status == "error")
        for fault, error, throttle, status in zip(
            lists["fault"], lists["error"], lists["throttle"], lists["status"], strict=True
        )
    ]
    spans = Spans(
        trace,
        np.array([ids[text] for text in lists["span_id"]], np.uint64),
        np.array([ids.get(text, 0) for text in lists["parent_id"]], np.uint64),
        np.array(lists["start_ns"], np.int64),
        np.array(lists["duration_ns"], np.int64),
        service,
        operation,
        place,
        np.array([KINDS.get(kind, INTERNAL) for kind in lists["kind"]], np.int64),
        np.array(failed, bool),
        services,
        operations,
        places,
        traces,
        tuple(_both(own, resource) for own, resource in zip(lists["attributes"], resources, strict=True)),
    )
    weight = np.ones(len(traces))
    np.maximum.at(weight, trace, np.array(lists["sampling"], np.float64))
    return spans, lists["peer"], weight


def place_of(resource: Mapping[str, str]) -> str:
    """What ran a span: its pod, function or host; "" where the resource does not say."""
    return next((resource[name] for name in _PLACES if resource.get(name)), "")


def _both(own: Mapping[str, str], resource: Mapping[str, str]) -> Mapping[str, str]:
    return {**{name: value for name, value in resource.items() if name in _RESOURCE_SHOWN}, **own}


def attribute_names(choice: Choice) -> Sequence[str]:
    """Attributes that a choice is made by: they tell nothing new of it."""
    return [name.removeprefix("otel.resource.") for name in _ANNOTATION.findall(choice.expression)]
