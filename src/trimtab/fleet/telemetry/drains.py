"""Nodes that a scheduler took out of use: a cause of *down* beside what the metrics say. `app.py` wires who knows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry.identity import short_host
from trimtab.fleet.telemetry.window import Grid

Spans = Mapping[str, Sequence[tuple[int, int]]]
"""By node the times (ms, half-open) in which it was out of use."""
Drains = Callable[[Scope, int, int], Awaitable[Spans]]
"""Asks for the spans of a scope in a range of time."""


async def no_drains(scope: Scope, start_ms: int, end_ms: int) -> Spans:
    """Where no scheduler is known."""
    del scope, start_ms, end_ms
    return {}


def out_of_use(spans: Spans, hosts: Sequence[str], grid: Grid) -> npt.NDArray[np.bool_]:
    """Per host (row) and step (column) whether the node was out of use in the middle of the step."""
    size = grid.step_s * 1000
    middles = grid.start_ms + np.arange(grid.steps) * size + size // 2
    by_host: dict[str, npt.NDArray[np.bool_]] = {}
    for name, times in spans.items():
        row = by_host.setdefault(short_host(name), np.zeros(grid.steps, np.bool_))
        for start_ms, end_ms in times:
            row |= (middles >= start_ms) & (middles < end_ms)
    nothing = np.zeros(grid.steps, np.bool_)
    rows = [by_host.get(short_host(host), nothing) for host in hosts]
    return np.array(rows, np.bool_).reshape(len(hosts), grid.steps)
