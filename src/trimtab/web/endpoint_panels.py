"""The charts of one endpoint, from whatever names its server gives the metrics."""

from collections.abc import Sequence

from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder
from trimtab.fleet.telemetry.owners import KEYS, Owners
from trimtab.metrics.aliases import find
from trimtab.metrics.model import Kind, Series
from trimtab.metrics.statistics import parse_statistic
from trimtab.web.metric_query import TOGETHER, Filter, MetricQuery
from trimtab.web.panels import Panel
from trimtab.web.state import WebState
from trimtab.web.view import View

_POD = ("exported_pod", "k8s.pod.name", "pod")
_STATUS = concepts.STATUS_LABELS
_GAUGES = (
    ("inference.waiting", "Waiting requests", "queued"),
    ("inference.running", "Running requests", "in the batch"),
    ("inference.kv_cache", "KV cache in use", "share of the key-value cache"),
)


def endpoint_panels(state: WebState, view: View, name: str) -> list[Panel]:
    """Requests, latency, tokens, queue and cache of an endpoint, those of them that are known."""
    finder = Finder(state.registry, view.scope, view.window.start_ms)
    requests = _of(finder, concepts.REQUESTS, name)
    panels = [
        _flow("Requests", requests, name, _STATUS, "Rate", "answered"),
        *_latencies(finder, name),
        _flow("Output tokens", _of(finder, concepts.OUTPUT_TOKENS, name), name, _POD, "Rate"),
    ]
    for concept, title, what in _GAUGES:
        found = find(state.registry, view.scope, concept, active_since_ms=view.window.start_ms)
        series = [one for one in (series for item in found for series in item.series) if _service(one) == name]
        panels.append(_flow(title, series, name, _POD, "Average", what))
    return [panel for panel in panels if panel is not None]


def _latencies(finder: Finder, name: str) -> list[Panel | None]:
    """Percentiles over time where histograms came as such; counters of buckets are in the KPIs only."""
    series = [one for one in _of(finder, concepts.LATENCY, name) if one.identity.kind is Kind.HISTOGRAM]
    return [_flow("Latency p95", series, name, (), "p95")] if series else []


def _of(finder: Finder, metrics: Sequence[concepts.Metric], name: str) -> list[Series]:
    """The endpoint's series of the first metric that says how requests ended, else of the first that it has."""
    found = [one for one in finder.all(metrics) if _service(one.series) == name]
    ended = [one for one in found if any(key in one.series.dimensions for key in _STATUS)]
    chosen = (ended or found)[:1]
    return [one.series for one in found if one.metric == chosen[0].metric]


def _service(series: Series) -> str:
    return Owners("service").of(series)


def _flow(
    title: str, series: Sequence[Series], name: str, groups: Sequence[str], stat: str, what: str = ""
) -> Panel | None:
    """A chart of `series`, a line for each value of the first of `groups` that they have; None without series."""
    if not series:
        return None
    first = series[0]
    key = next((key for key in KEYS["service"] if first.dimensions.get(key) == name), "")
    group = next((key for key in groups if key in first.dimensions), TOGETHER)
    where = (Filter(key, name),) if key else ()
    query = MetricQuery(((first.identity.namespace, first.identity.name),), parse_statistic(stat), where, (group,))
    by = "" if group == TOGETHER else f" by {group}"
    return Panel(title, query, f"{what or first.identity.name}{by}")
