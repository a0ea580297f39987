"""Whose added time, or added failures, a symptom is made of: metrics of components and the graph of their calls. Pure.

A symptom is seen at one component (where an alarm is): it is slower, or fails more often. What it waits for may be at
fault, so every component that it reaches by calls is asked what it added: requests × (latency now − before), or failed
requests likewise, less what those added that it calls itself. A callee that was never called before is its caller's
doing. Changes that the metric makes in nine of ten normal samples count for nothing.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import numpy as np
from msgspec import Struct

from trimtab.bottlenecks.rootcause.calls import calls
from trimtab.bottlenecks.rootcause.signals import Evidence, Kind, Series, Signals, Suspect, Values

_USUAL = 0.9
"""Share of normal samples whose distance from the median is usual."""
_TIME = re.compile(r"(?i)latency|duration|response.?time")
_REQUESTS = re.compile(r"(?i)request|invocation|calls")
_AVAILABILITY = re.compile(r"(?i)availability|success.?rate")
_FAILURES = re.compile(r"(?i)error|fault|fail")


class Trouble(StrEnum):
    """What a component that shows a symptom does: its requests take longer, or fail."""

    LATENCY = "latency"
    AVAILABILITY = "availability"


class Symptom(Struct, frozen=True):
    """Where trouble is seen, and which."""

    component: str
    trouble: Trouble


class _Measured(Struct, frozen=True):
    """What each request of a component costs before and now (time, or the share that fails), and requests now."""

    before: float
    now: float
    usual: float
    requests: float

    @property
    def added(self) -> float:
        """What all requests of the window cost more than usual."""
        return max(self.now - self.before - self.usual, 0.0) * self.requests


def blame(symptom: Symptom, normal: Signals, now: Signals) -> list[Suspect]:
    """Components that a symptom is made of, with their share of it in per cent; none where metrics do not tell."""
    graph = called_by(normal, now)
    reached = _reached(graph, symptom.component)
    measured = {name: of for name in reached if (of := _measured(name, symptom.trouble, normal, now)) is not None}
    own = {
        name: of.added - sum(measured[callee].added for callee in graph.get(name, ()) if callee in measured)
        for name, of in measured.items()
    }
    guilty = {name: added for name, added in own.items() if added > 0}
    total = sum(guilty.values())
    return [
        Suspect(name, round(100 * added / total, 4), (_evidence(name, symptom, measured[name], added / total),))
        for name, added in sorted(guilty.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def called_by(*windows: Signals) -> dict[str, set[str]]:
    """The components that each calls, of spans, of metrics of edges, and of what is known otherwise."""
    graph: dict[str, set[str]] = defaultdict(set)
    for signals in windows:
        pairs = {(one.component, one.peer) for one in signals.series if one.peer} | set(signals.edges)
        if len(signals.spans):
            spans, window = signals.spans, calls(signals.spans)
            rows = np.flatnonzero(window.remote)
            above = spans.service[window.forest.parent[rows]].tolist()
            pairs |= {
                (spans.services[caller], spans.services[callee])
                for caller, callee in set(zip(above, spans.service[rows].tolist(), strict=True))
            }
        for caller, callee in pairs:
            if caller != callee:
                graph[caller].add(callee)
    return graph


def _reached(graph: Mapping[str, Iterable[str]], start: str) -> list[str]:
    found, waiting = {start}, [start]
    while waiting:
        for name in graph.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return sorted(found)


def _measured(name: str, trouble: Trouble, normal: Signals, now: Signals) -> _Measured | None:
    """What is known of a component; None where it has no value in both windows."""
    before, after = _of(name, normal.series), _of(name, now.series)
    cost, cost_now = _cost(trouble, before), _cost(trouble, after)
    if not len(cost) or not len(cost_now):
        return None
    center = float(np.median(cost))
    usual = float(np.quantile(np.abs(cost - center), _USUAL))
    requests = _first(_REQUESTS, after)
    # A level that had shifted before the window is no news: the latest normal sample counts too.
    return _Measured(
        max(center, float(cost[-1])),
        float(np.mean(cost_now)),
        usual,
        float(np.mean(requests)) if len(requests) else 1.0,
    )


def _of(name: str, series: Iterable[Series]) -> list[Series]:
    return [one for one in series if one.component == name and not one.peer]


def _cost(trouble: Trouble, series: Sequence[Series]) -> Values:
    """What a request costs at each sample: its time, or the share of requests that fail."""
    if trouble is Trouble.LATENCY:
        return _first(_TIME, series)
    available = _first(_AVAILABILITY, series)
    if len(available):
        return 1.0 - available / (100.0 if available.max() > 1.0 else 1.0)
    failures, requests = _first(_FAILURES, series), _first(_REQUESTS, series)
    if not len(failures) or not len(requests):
        return failures
    return np.clip(failures / max(float(np.mean(requests)), 1e-9), 0.0, 1.0)


def _first(named: re.Pattern[str], series: Iterable[Series]) -> Values:
    """The known values of the first series of such a name."""
    for one in series:
        if named.search(one.metric) and np.isfinite(one.values).any():
            return one.values[np.isfinite(one.values)]
    return np.empty(0)


def _evidence(name: str, symptom: Symptom, of: _Measured, share: float) -> Evidence:
    subject = f"{100 * share:.0f} % of the added {'time' if symptom.trouble is Trouble.LATENCY else 'failures'}"
    octaves = float(np.log2((of.now + 1e-9) / (of.before + of.usual + 1e-9)))
    return Evidence(name, Kind.SHARE, subject, of.before, of.now, max(octaves, 0.0), "a request")
