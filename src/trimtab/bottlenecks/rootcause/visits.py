"""Visits: what a component did each time that it was called. Pure.

A visit begins with a span whose parent runs elsewhere (or is not there) and holds all spans below it in the same
component. Its *steps* are the spans and calls that it made and the patterns of the log lines that it wrote, each once.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.bottlenecks.forest import NONE, Flags, Rows, by_depth
from trimtab.bottlenecks.rootcause.calls import Calls
from trimtab.bottlenecks.rootcause.signals import Line

Values = npt.NDArray[np.float64]
Operation = tuple[str, str]
"""A component and the operation of the span that its visits begin with."""
_SPAN, _CALL, _LINE = range(3)


class Step(Struct, frozen=True, order=True):
    """Something that a visit did: a name to show, and whether it tells of trouble by itself (an error)."""

    name: str
    serious: bool = False
    line: bool = False


class Visits(Struct, frozen=True):
    """The v visits of one window. `row` (v,) is the span each begins with, `operation` (v,) a code of `operations`.

    `weight` (v,) makes the visits of an operation in one trace count together as one; `above` (v,) is the visit that
    called, or NONE. `did` (k, 2) pairs visits with codes of `steps`. `logged` (v,) tells for which visits log lines
    were looked at.
    """

    row: Rows
    operation: Rows
    operations: list[Operation]
    weight: Values
    above: Rows
    did: Rows
    steps: list[Step]
    logged: Flags

    def doing(self, step: int) -> Flags:
        """Which visits did a step."""
        flags = np.zeros(len(self.row), bool)
        flags[self.did[self.did[:, 1] == step, 0]] = True
        return flags


class Written(Struct, frozen=True):
    """Log lines of a window with their patterns, which of these are serious, and since when lines were read (ns)."""

    lines: Sequence[Line] = ()
    templates: Sequence[str] = ()
    serious: Mapping[str, bool] = {}
    since_ns: int = 0


def visits(window: Calls, written: Written) -> Visits:
    """The visits of a window and what each did."""
    spans, parent = window.spans, window.forest.parent
    entry = _entries(window)
    row, of = np.unique(entry, return_inverse=True)
    of = of.reshape(-1)
    operation, operations = _operations(window, row)
    logged = spans.start_ns[row] >= written.since_ns if len(written.lines) else np.zeros(len(row), bool)
    inner = np.flatnonzero(entry != np.arange(len(spans)))
    calls = np.flatnonzero(window.remote)
    lines, codes, templates = _lines(window, row, of, written)
    columns = [
        np.stack((of[inner], np.full(len(inner), _SPAN), spans.operation[inner], spans.failed[inner])),
        np.stack((of[parent[calls]], np.full(len(calls), _CALL), spans.operation[calls], spans.service[calls])),
        np.stack((lines, np.full(len(lines), _LINE), codes, np.zeros(len(lines), np.int64))),
    ]
    all_of = np.concatenate(columns, axis=1)
    kinds, code = np.unique(all_of[1:], axis=1, return_inverse=True)
    did = np.unique(np.stack((all_of[0], code.reshape(-1)), axis=1), axis=0)
    steps = [_step(window, kind, templates, written) for kind in kinds.T.tolist()]
    above = np.full(len(row), NONE, np.int64)
    called = parent[row] != NONE
    above[called] = of[parent[row[called]]]
    _, first, share = np.unique(
        np.stack((operation, spans.trace[row])), axis=1, return_inverse=True, return_counts=True
    )
    return Visits(row, operation, operations, 1.0 / share[first.reshape(-1)], above, did, steps, logged)


def _entries(window: Calls) -> Rows:
    """The span that each span's visit begins with."""
    parent = window.forest.parent
    entry = np.arange(len(parent))
    for rows in by_depth(window.forest.depth)[1:]:
        inside = rows[(parent[rows] != NONE) & ~window.remote[rows]]
        entry[inside] = entry[parent[inside]]
    return entry


def _operations(window: Calls, row: Rows) -> tuple[Rows, list[Operation]]:
    spans = window.spans
    pairs, code = np.unique(np.stack((spans.service[row], spans.operation[row])), axis=1, return_inverse=True)
    names = [(spans.services[service], spans.operations[operation]) for service, operation in pairs.T.tolist()]
    return code.reshape(-1).astype(np.int64), names


def _step(window: Calls, kind: Sequence[int], templates: Sequence[str], written: Written) -> Step:
    which, first, second = kind
    if which == _LINE:
        return Step(templates[first], written.serious.get(templates[first], False), line=True)
    name = window.spans.operations[first]
    return Step(f"→ {window.spans.services[second]} {name}") if which == _CALL else Step(name, bool(second))


def _lines(window: Calls, row: Rows, of: Rows, written: Written) -> tuple[Rows, Rows, list[str]]:
    """The visit of each line of a known trace, and its template as a code."""
    spans = window.spans
    traces = {name: code for code, name in enumerate(spans.traces)}
    services = {name: code for code, name in enumerate(spans.services)}
    by_place: dict[tuple[int, int], list[int]] = {}
    for visit, (trace, service) in enumerate(zip(spans.trace[row].tolist(), spans.service[row].tolist(), strict=True)):
        by_place.setdefault((trace, service), []).append(visit)
    start, end = spans.start_ns[row].tolist(), (spans.start_ns[row] + spans.duration_ns[row]).tolist()
    at, codes, known = [], [], dict[str, int]()
    for line, template in zip(written.lines, written.templates, strict=True):
        trace, service = traces.get(line.trace, NONE), services.get(line.component, NONE)
        candidates = by_place.get((trace, service), ()) if trace != NONE else ()
        if candidates:
            at.append(min(candidates, key=lambda visit: _apart(start[visit], end[visit], line.at_ns)))
            codes.append(known.setdefault(template, len(known)))
    return np.array(at, np.int64), np.array(codes, np.int64), list(known)


def _apart(start: int, end: int, at: int) -> tuple[int, int]:
    """How far a moment is from a visit, then from its beginning: of visits within each other the inner one counts."""
    return max(start - at, at - end, 0), abs(at - start)
