"""The charts of one node's GPUs: a line a GPU, by the names that its exporter gives the metrics."""

from trimtab.fleet.telemetry.identity import host_of
from trimtab.metrics.aliases import Found, find
from trimtab.metrics.model import Series
from trimtab.metrics.statistics import parse_statistic
from trimtab.web.metric_query import Filter, MetricQuery
from trimtab.web.panels import Panel
from trimtab.web.state import WebState
from trimtab.web.view import View

_WANTED = (
    ("gpu.active", "GPU activity"),
    ("gpu.memory.used", "GPU memory used"),
    ("gpu.power", "GPU power"),
    ("gpu.temperature", "GPU temperature"),
)
_HOST_KEYS = ("Hostname", "hostname", "host.name", "k8s.node.name", "node", "kubernetes_node", "host", "instance")
_INDEX_KEYS = ("gpu", "hw.id", "index", "minor_number", "gpu.index")


def gpu_panels(state: WebState, view: View, node: str) -> list[Panel]:
    """Activity, memory, power and temperature of a node's GPUs, those of them that are known."""
    panels = []
    for concept, title in _WANTED:
        found = [
            one
            for one in find(state.registry, view.scope, concept, active_since_ms=view.window.start_ms)
            if any(host_of(series) == node for series in one.series)
        ]
        if found:
            panels.append(_panel(title, found[0]))
    return panels


def _panel(title: str, found: Found) -> Panel:
    series = found.series[0]
    where = tuple(Filter(key, value) for key, value in _host(series))
    group = next((key for key in _INDEX_KEYS if key in series.dimensions), "")
    metric = ((series.identity.namespace, series.identity.name),)
    subtitle = (
        f"{found.basis}, a line a GPU" if found.basis != found.alias.name else f"{found.alias.name}, a line a GPU"
    )
    query = MetricQuery(metric, parse_statistic("Average"), where, (group,) if group else ("*",))
    return Panel(title, query, subtitle)


def _host(series: Series) -> list[tuple[str, str]]:
    known = series.dimensions
    return [(key, known[key]) for key in _HOST_KEYS if key in known][:1]
