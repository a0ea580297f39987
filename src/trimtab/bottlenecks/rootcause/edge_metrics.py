"""Waits between caller and callee from metrics that meshes measure on both sides of an edge.

Istio, service graphs of collectors and the like measure each edge at the source (client) and at the destination
(server). What the source waits longer than the destination works is the wire between them, as in spans; so the
source's metric is replaced by the difference.
"""

import re
from collections.abc import Sequence

import numpy as np

from trimtab.base.records import replace
from trimtab.bottlenecks.rootcause.signals import Series

_SOURCE = re.compile(r"(?i)source|client")
_SIDES = re.compile(r"(?i)source|client|destination|server")
WAIT = "wait of "
"""Begins the name of the metric that is the difference."""


def with_waits(series: Sequence[Series]) -> list[Series]:
    """`series` with the wait for the source's metric of an edge, where the destination has one of as many samples."""
    destination = {
        (_SIDES.sub("", item.metric), item.component, item.peer): item
        for item in series
        if item.peer and not _SOURCE.search(item.metric) and _SIDES.search(item.metric)
    }
    found = []
    for item in series:
        other = destination.get((_SIDES.sub("", item.metric), item.component, item.peer))
        if other is None or other is item or len(other.values) != len(item.values):
            found.append(item)
        else:
            wait = np.maximum(item.values - other.values, 0.0)
            found.append(replace(item, metric=WAIT + item.metric, values=wait))
    return found
