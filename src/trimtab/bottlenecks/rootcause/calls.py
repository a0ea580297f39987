"""Evidence in spans: waits between caller and callee, own times of operations, failures, calls that are made no more.

The wait of an edge is the client's span less the server's that it called: the network, and queues that no span shows.
A component whose wire is slow shows it on all edges that touch it, its callers on one of many: see `graph.py`.
"""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from trimtab.bottlenecks.forest import NONE, Flags, Forest, Rows, by_depth, grow
from trimtab.bottlenecks.rootcause.deviation import Values, grouped, shift
from trimtab.bottlenecks.rootcause.signals import Evidence, Kind
from trimtab.bottlenecks.significance import proportions_p
from trimtab.bottlenecks.spans import Spans

_GRAIN_MS = 1.0
"""Waits that differ by less than this are the same: clocks and schedulers are no finer."""
_MS = 1e-6
_CALLS_SURE = 4.0
"""Standard errors from which a changed number of calls counts: of a thousand pairs that are looked at, chance passes
it once in fifteen times."""
_LEAST_VARIANCE = 0.25
"""Of calls a span, as a share of their mean: a program calls more steadily than chance would, but not without fail."""
_LEAST_PARENTS = 5
_CHANCE = 0.005
"""The chance below which a share of failures is more than normal."""
_LEAST_TRACES = 3.0
"""Traces that should have had a span before their absence says something: by chance it happens once in twenty."""

TRACES = "traces that fail in it"
"""The subject of the evidence on a component's traces."""

Key = tuple[str, ...]


class Calls(Struct, frozen=True):
    """The spans of one window, by what they are evidence of."""

    spans: Spans
    forest: Forest
    remote: Flags
    """Spans that are called from another component."""
    called: Flags
    """Spans of which a child runs in another component: calls."""


def calls(spans: Spans) -> Calls:
    """Prepare the spans of a window."""
    forest = grow(spans)
    remote = np.zeros(len(spans), bool)
    has = np.flatnonzero(forest.parent != NONE)
    remote[has] = spans.service[has] != spans.service[forest.parent[has]]
    called = np.zeros(len(spans), bool)
    called[forest.parent[remote]] = True
    return Calls(spans, forest, remote, called)


def edges(normal: Calls, now: Calls) -> Iterator[Evidence]:
    """The wait on each edge, by the operation that is called; those without a change too, with no octaves."""
    before, after = _waits(normal), _waits(now)
    for key in sorted(before.keys() & after.keys()):
        caller, callee, operation = key
        found = shift(before[key], after[key], _GRAIN_MS)
        yield Evidence(caller, Kind.EDGE, operation, found.normal, found.now, found.strength, "ms", callee)


def operations(normal: Calls, now: Calls) -> Iterator[Evidence]:
    """The own time of each operation that is not merely the wait for another component."""
    before, after = _own(normal), _own(now)
    for key in sorted(before.keys() & after.keys()):
        component, operation = key
        found = shift(before[key], after[key], _GRAIN_MS)
        yield Evidence(component, Kind.OPERATION, operation, found.normal, found.now, found.strength, "ms")


def failures(normal: Calls, now: Calls) -> Iterator[Evidence]:
    """The share of spans that failed where nothing below them did: where failures come from."""
    before, after = _failing(normal), _failing(now)
    for key in sorted(after):
        bad, count = after[key]
        bad_before, count_before = before.get(key, (0, 0))
        share, usual = bad / count, (bad_before + 0.5) / (count_before + 1.0)
        if share > usual and proportions_p(bad, count, bad_before, max(count_before, 1)) < _CHANCE:
            octaves = float(np.log2(share / usual))
            yield Evidence(key[0], Kind.ERRORS, key[1], 100 * usual if count_before else 0.0, 100 * share, octaves, "%")


def changed_calls(normal: Calls, now: Calls) -> Iterator[Evidence]:
    """How often each operation calls each other one, which the caller decides: one that returns early calls less."""
    before, after = _fan_out(normal), _fan_out(now)
    spans_before, spans_now = _counted(normal), _counted(now)
    for key in sorted(before.keys() | after.keys()):
        parents_before, parents_now = spans_before.get(key[:2], 0), spans_now.get(key[:2], 0)
        if min(parents_before, parents_now) < _LEAST_PARENTS:
            continue
        mean, error = _mean(before.get(key, (0, 0)), parents_before)
        mean_now, error_now = _mean(after.get(key, (0, 0)), parents_now)
        z = abs(mean_now - mean) / float(np.hypot(error, error_now))
        if z > _CALLS_SURE:
            component, operation, callee = key
            octaves = float(np.log2(z / _CALLS_SURE))
            yield Evidence(component, Kind.CALLS, f"{operation} → {callee}", mean, mean_now, octaves, "calls")


def silences(normal: Calls, now: Calls) -> Iterator[Evidence]:
    """Components of which there is not one span, though as many traces as these should have had some."""
    traces_before, traces_now = len(normal.spans.traces), len(now.spans.traces)
    seen = _traces_of(now)
    silent = {name: count for name, count in _traces_of(normal).items() if name not in seen}
    callers = _callers(normal)
    for name, count in sorted(silent.items()):
        expected = count * traces_now / max(traces_before, 1)
        above = callers.get(name, set())
        if expected < _LEAST_TRACES or (above and above <= silent.keys()):  # its callers' silence explains its own
            continue
        bits = expected / float(np.log(2))  # of surprise, if traces came by chance
        yield Evidence(
            name, Kind.SILENCE, "traces with a span of it", expected, 0.0, float(np.log2(1 + bits)), "traces"
        )


def _waits(window: Calls) -> dict[Key, Values]:
    rows = np.flatnonzero(window.remote)
    above = window.forest.parent[rows]
    waits = _ms(window.forest.duration[above] - window.forest.duration[rows])
    spans = window.spans
    keys, names = _keys((spans.service[above], spans.service[rows], spans.operation[rows]))
    return {
        (spans.services[names[code][0]], spans.services[names[code][1]], spans.operations[names[code][2]]): values
        for code, values in grouped(keys, waits).items()
    }


def _own(window: Calls) -> dict[Key, Values]:
    rows = np.flatnonzero(~window.called)
    spans = window.spans
    keys, names = _keys((spans.service[rows], spans.operation[rows]))
    own = _ms(window.forest.self_ns[rows])
    return {
        (spans.services[names[code][0]], spans.operations[names[code][1]]): values
        for code, values in grouped(keys, own).items()
    }


def _failing(window: Calls) -> dict[Key, tuple[int, int]]:
    """Spans that failed by themselves, and all, of each operation; of each component its traces alike.

    An operation that exists only to tell of an error has no other share than all: its component's traces show it.
    """
    spans, parent = window.spans, window.forest.parent
    passed_on = np.zeros(len(spans), bool)
    for rows in reversed(by_depth(window.forest.depth)[1:]):  # from the leaves up, also past spans that hide it
        blamed = rows[spans.failed[rows] | passed_on[rows]]
        passed_on[parent[blamed]] = True
    alone = spans.failed & ~passed_on
    keys, names = _keys((spans.service, spans.operation))
    bad = np.bincount(keys, alone, len(names)).astype(int).tolist()
    count = np.bincount(keys, minlength=len(names)).tolist()
    found: dict[Key, tuple[int, int]] = {
        (spans.services[service], spans.operations[operation]): (bad[code], count[code])
        for code, (service, operation) in enumerate(names)
    }
    traces, failing = _traces_of(window), _traces_of(window, alone)
    return found | {(name, TRACES): (failing.get(name, 0), count) for name, count in traces.items()}


def _counted(window: Calls) -> dict[Key, int]:
    return {key: count for key, (_, count) in _failing(window).items()}


def _fan_out(window: Calls) -> dict[Key, tuple[int, int]]:
    """Calls of each operation by each other: their number, and the sum of the squares of those of one span.

    A client's span stands between an operation and the one that it calls in another component: it is skipped.
    """
    spans, parent = window.spans, window.forest.parent
    rows = np.flatnonzero((parent != NONE) & ~window.called)
    caller = parent[rows]
    skip = window.called[caller] & (parent[caller] != NONE)
    skip &= spans.service[parent[caller]] == spans.service[caller]
    caller = np.where(skip, parent[caller], caller)
    each, pairs = _keys((caller, spans.service[rows], spans.operation[rows]))
    number = np.bincount(each, minlength=len(pairs))
    found: dict[Key, tuple[int, int]] = {}
    for (row, service, operation), calls_made in zip(pairs, number.tolist(), strict=True):
        above = (spans.services[spans.service[row]], spans.operations[spans.operation[row]])
        name = spans.operations[operation]
        callee = name if spans.service[row] == service else f"{spans.services[service]} {name}"
        total, squares = found.get((*above, callee), (0, 0))
        found[(*above, callee)] = (total + calls_made, squares + calls_made * calls_made)
    return found


def _mean(sums: tuple[int, int], parents: int) -> tuple[float, float]:
    """Calls a parent, and the standard error."""
    total, squares = sums
    mean = total / parents
    variance = max(squares / parents - mean * mean, _LEAST_VARIANCE * mean)
    return mean, float(np.sqrt((variance + 1.0 / parents) / parents))


def _traces_of(window: Calls, flags: Flags | None = None) -> dict[str, int]:
    """Traces with a span of each component, or with one that is flagged."""
    spans = window.spans
    columns = np.stack((spans.service, spans.trace))
    columns = columns if flags is None else columns[:, flags]
    pairs = np.unique(columns, axis=1) if columns.shape[1] else columns
    services, counts = np.unique(pairs[0], return_counts=True)
    return {spans.services[code]: count for code, count in zip(services.tolist(), counts.tolist(), strict=True)}


def _callers(window: Calls) -> dict[str, set[str]]:
    spans = window.spans
    rows = np.flatnonzero(window.remote)
    found: dict[str, set[str]] = {}
    for caller, callee in set(
        zip(spans.service[window.forest.parent[rows]].tolist(), spans.service[rows].tolist(), strict=True)
    ):
        found.setdefault(spans.services[callee], set()).add(spans.services[caller])
    return found


def _ms(nanoseconds: Rows) -> Values:
    values: Values = np.multiply(nanoseconds, _MS, dtype=np.float64)
    return values


def _keys(parts: tuple[Rows, ...]) -> tuple[Rows, list[tuple[int, ...]]]:
    """One code for each different row of several columns of codes, and the rows by code."""
    if not len(parts[0]):
        return np.empty(0, np.int64), []
    names, keys = np.unique(np.stack(parts), axis=1, return_inverse=True)
    return keys.reshape(-1).astype(np.int64), [tuple(row) for row in names.T.tolist()]
