"""What each trace of a population is made of: its duration, cut into the own times of the spans on its critical path.

A *part* is a service, an operation and a side: `own`, its own work; `wire`, what a call waited for another component
beyond the work that this did: the network, and queues that no span shows. The parts of a trace add up to its duration,
exactly.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.bottlenecks.critical_path import CriticalPath, critical_path
from trimtab.bottlenecks.forest import NONE, Flags, Forest, grow
from trimtab.bottlenecks.spans import Spans

Values = npt.NDArray[np.float64]

OWN, WIRE = "own", "wire"
MOST_PARTS = 400
"""Parts that are told apart, those with the most time; the rest of a trace is one part more."""
REST = "everything else"
_MS = 1e-6


class Part(Struct, frozen=True, order=True):
    """A service's operation; `side` is `own` or `wire`."""

    service: str
    operation: str
    side: str = OWN


class Parts(Struct, frozen=True):
    """T traces by P parts. `total_ms` (T,), to which `ms` (T, P) adds up; `weight` (T,) traces that each stands for."""

    parts: tuple[Part, ...]
    traces: tuple[str, ...]
    total_ms: Values
    ms: Values
    failed: Flags
    weight: Values

    def __len__(self) -> int:
        return len(self.traces)


class Population(Struct, frozen=True):
    """Spans with all that is worked out of them."""

    spans: Spans
    forest: Forest
    path: CriticalPath
    parts: Parts


def population(spans: Spans, weight: Values | None = None) -> Population:
    """Work out a population. `weight` (T,) by code of trace: how many each stands for; 1 where it is not given."""
    forest = grow(spans)
    path = critical_path(forest)
    return Population(spans, forest, path, _parts(spans, forest, path, weight))


def side_names(spans: Spans, forest: Forest) -> Flags:
    """Which spans are calls of another component: their own time is the wire's."""
    wire = np.zeros(len(spans), bool)
    has = np.flatnonzero(forest.parent != NONE)
    crossing = has[spans.service[has] != spans.service[forest.parent[has]]]
    wire[forest.parent[crossing]] = True
    return wire


def _parts(spans: Spans, forest: Forest, path: CriticalPath, weight: Values | None) -> Parts:
    roots = forest.roots
    wire = side_names(spans, forest)
    rows = np.flatnonzero(path.on & (path.own_ns > 0))
    keys = (spans.service * len(spans.operations) + spans.operation) * 2 + wire
    known, code = np.unique(keys[rows], return_inverse=True)
    place = np.full(len(spans.traces), NONE, np.int64)
    place[spans.trace[roots]] = np.arange(len(roots))
    cells = place[spans.trace[rows]] * max(len(known), 1) + code
    sums: Values = np.bincount(cells, path.own_ns[rows] * _MS, len(roots) * len(known)).astype(np.float64)
    ms = sums.reshape(len(roots), len(known))
    named = [_named(spans, int(key)) for key in known]
    named, ms = _largest(named, ms)
    own_weight = np.ones(len(roots)) if weight is None else weight[spans.trace[roots]]
    failed = np.zeros(len(spans.traces), bool)
    failed[spans.trace[spans.failed]] = True
    return Parts(
        tuple(named),
        tuple(spans.traces[code] for code in spans.trace[roots].tolist()),
        np.multiply(forest.duration[roots], _MS, dtype=np.float64),
        ms,
        failed[spans.trace[roots]],
        own_weight,
    )


def _named(spans: Spans, key: int) -> Part:
    rest, wire = divmod(key, 2)
    service, operation = divmod(rest, len(spans.operations))
    return Part(spans.services[service], spans.operations[operation], WIRE if wire else OWN)


def _largest(named: Sequence[Part], ms: Values) -> tuple[list[Part], Values]:
    """The parts with the most time, and one for all others."""
    if len(named) <= MOST_PARTS:
        return list(named), ms
    order = np.argsort(-ms.sum(0), kind="stable")
    kept, others = np.sort(order[:MOST_PARTS]), order[MOST_PARTS:]
    rest = ms[:, others].sum(1, keepdims=True)
    return [*(named[at] for at in kept.tolist()), Part("", REST)], np.concatenate((ms[:, kept], rest), 1)


def aligned(one: Parts, other: Parts) -> tuple[tuple[Part, ...], Values, Values]:
    """The parts of both populations, sorted, and the ms of each over these."""
    names = tuple(sorted({*one.parts, *other.parts}))
    at = {part: number for number, part in enumerate(names)}
    return names, _spread(one, at), _spread(other, at)


def _spread(parts: Parts, at: dict[Part, int]) -> Values:
    ms = np.zeros((len(parts), len(at)))
    ms[:, [at[part] for part in parts.parts]] = parts.ms
    return ms
