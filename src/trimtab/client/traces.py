"""Traces: search, one trace, bottlenecks, comparison, root causes and service map, as typed calls over a `Client`.

Errors are those of `Client`. Times are as every command takes them: `now`, `-3h`, ISO 8601, epoch milliseconds.
"""

from collections.abc import Sequence

from trimtab.client import traces_wire as wire
from trimtab.client.api import Client
from trimtab.client.parameters import parameters, path_of

_PATH = "/rest/v1/traces"


def traces(
    client: Client, *, filter: str = "", start: str = "-1h", end: str = "now", limit: int = 100, after: str = ""
) -> wire.TraceList:
    """Traces for which a filter expression holds, the newest first; `after` is `next` of the page before."""
    query = parameters(filter=filter, start=start, end=end, limit=str(limit), after=after)
    return client.call("GET", _PATH, wire.TraceList, query=query)


def trace(client: Client, trace_id: str) -> wire.TraceDetail:
    """One trace as a waterfall."""
    return client.call("GET", path_of(_PATH, trace_id), wire.TraceDetail)


def bottlenecks(
    client: Client,
    *,
    filter: str = "",
    start: str = "-1h",
    end: str = "now",
    baseline_start: str = "",
    baseline_end: str = "",
    baseline_filter: str = "",
    quantiles: Sequence[float] = (),
) -> wire.Bottlenecks:
    """What explains the quantiles; their change where `baseline_start` is named."""
    query = parameters(filter=filter, start=start, end=end, baseline_start=baseline_start, baseline_end=baseline_end)
    query += parameters(baseline_filter=baseline_filter) + [("quantile", str(quantile)) for quantile in quantiles]
    return client.call("GET", f"{_PATH}/bottlenecks", wire.Bottlenecks, query=query)


def compare(
    client: Client,
    *,
    filter: str = "",
    start: str = "-1h",
    end: str = "now",
    other_filter: str = "",
    other_start: str = "",
    other_end: str = "",
) -> wire.Comparison:
    """A population against another: of another filter, of another time, or both."""
    query = parameters(filter=filter, start=start, end=end)
    query += parameters(other_filter=other_filter, other_start=other_start, other_end=other_end)
    return client.call("GET", f"{_PATH}/compare", wire.Comparison, query=query)


def root_causes(
    client: Client,
    *,
    start: str,
    end: str = "now",
    normal_start: str = "",
    normal_end: str = "",
    filter: str = "",
    component: str = "",
    symptom: str = "",
) -> wire.RootCauses:
    """What is to blame for a window, or a component's symptom; the normal one is the hour before where not named."""
    query = parameters(start=start, end=end, normal_start=normal_start, normal_end=normal_end, filter=filter)
    query += parameters(component=component, symptom=symptom)
    return client.call("GET", f"{_PATH}/root-causes", wire.RootCauses, query=query)


def service_map(
    client: Client,
    *,
    filter: str = "",
    start: str = "-1h",
    end: str = "now",
    baseline_start: str = "",
    baseline_end: str = "",
) -> wire.ServiceMap:
    """The service map, with what each component was like in the baseline where one is named."""
    query = parameters(filter=filter, start=start, end=end, baseline_start=baseline_start, baseline_end=baseline_end)
    return client.call("GET", "/rest/v1/service-map", wire.ServiceMap, query=query)
