"""From edges to components: who is at fault for a wait that is seen between two?

A slow component is slow on all its edges; those that call it are slow on one of many. So a component is charged with
the *mean* deviation of the edges into it, and with half of that of the edges out of it: a starved caller is late to
notice answers, but a single slow callee is rather its own fault. What an edge that includes the callee's own calls
(a metric of durations) owes to these is taken off first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

CALLER = 0.5
"""The share of the deviation of edges out of a component that it is charged with."""

Edge = tuple[str, str]


def charge(edges: Mapping[Edge, float]) -> dict[str, float]:
    """Octaves each component is charged with, given those of all (caller, callee) that were seen, also without any."""
    into: dict[str, list[float]] = defaultdict(list)
    out: dict[str, list[float]] = defaultdict(list)
    for (caller, callee), octaves in edges.items():
        into[callee].append(octaves)
        out[caller].append(octaves)
    return {
        name: (float(np.mean(into[name])) if name in into else 0.0)
        + (CALLER * float(np.mean(out[name])) if name in out else 0.0)
        for name in sorted(into.keys() | out.keys())
    }


def exclusive(edges: Mapping[Edge, float]) -> dict[Edge, float]:
    """Octaves of edges less the most that the callee's own edges have."""
    below: dict[str, float] = defaultdict(float)
    for (caller, _), octaves in edges.items():
        below[caller] = max(below[caller], octaves)
    return {edge: max(octaves - below.get(edge[1], 0.0), 0.0) for edge, octaves in edges.items()}


def strongest(observed: Iterable[tuple[Edge, float]]) -> dict[Edge, float]:
    """The largest of several observations of each edge."""
    found: dict[Edge, float] = {}
    for edge, octaves in observed:
        found[edge] = max(found.get(edge, 0.0), octaves)
    return found
