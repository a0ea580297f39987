"""Spans as a forest of arrays: who called whom, when, and how long each worked by itself. Pure; n spans of any traces.

A child is *asynchronous* where its caller did not wait for it: a consumer's span, or one that began after its parent
had ended. Times of a synchronous child are cut to its parent's, so that what is added up never exceeds the whole.
Clocks of two machines differ: a server's span that does not lie inside the client's that called it is moved into its
middle with all that is below it, as Jaeger does.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.bottlenecks.spans import CLIENT, CONSUMER, SERVER, Spans

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NONE = -1
"""Stands for "no row": a root's parent, a leaf's first child."""
_ROOM = 2**61
"""Keys of intervals stay below this, so that adding two of them does not overflow."""


class Forest(Struct, frozen=True):
    """The shape of n spans, by row; times in nanoseconds, with the skew of clocks taken out.

    `parent` is NONE for roots and for spans whose parent is not there. `start` and `end` are cut to the parent's of
    a synchronous child. `self_ns` is the time of a span in which no synchronous child of it ran.
    """

    parent: Rows
    depth: Rows
    trace: Rows
    start: Rows
    end: Rows
    shift: Rows
    asynchronous: Flags
    self_ns: Rows
    roots: Rows
    """The main root of each trace, by trace code: the earliest span without a parent, the longest of these."""

    @property
    def duration(self) -> Rows:
        """Nanoseconds from start to end of each span, cut to its parent."""
        return self.end - self.start

    @property
    def waited(self) -> Flags:
        """Which spans have a parent that waited for them."""
        flags: Flags = (self.parent != NONE) & ~self.asynchronous
        return flags


def grow(spans: Spans) -> Forest:
    """The forest of `spans`: O(n log n), without a Python loop over spans."""
    parent = parents(spans.trace, spans.span, spans.parent)
    depth = depths(parent)
    parent[depth == NONE] = NONE  # members of a cycle: each its own root
    depth[depth == NONE] = 0
    start, end, shift = _aligned(spans, parent, depth)
    has = parent != NONE
    asynchronous = has & ((spans.kind == CONSUMER) | (start > end[parent]))
    _cut(parent, depth, asynchronous, start, end)
    own = _self_times(parent, asynchronous, start, end)
    roots = _main_roots(spans.trace, parent, start, end)
    return Forest(parent, depth, spans.trace, start, end, shift, asynchronous, own, roots)


def parents(trace: Rows, span: npt.NDArray[np.uint64], parent: npt.NDArray[np.uint64]) -> Rows:
    """The row of each span's parent, by the ids within a trace; NONE where it is 0, absent or the span itself.

    Of several rows with the same id the first is the parent.
    """
    found = np.full(len(span), NONE, np.int64)
    if not len(span):
        return found
    known, code = np.unique(span, return_inverse=True)
    place = np.minimum(np.searchsorted(known, parent), len(known) - 1)
    there = (known[place] == parent) & (parent != 0)
    keys = trace * len(known) + code
    order = np.argsort(keys, kind="stable")
    wanted = trace[there] * len(known) + place[there]
    at = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    rows = order[at]
    right = (keys[rows] == wanted) & (rows != np.flatnonzero(there))
    found[np.flatnonzero(there)[right]] = rows[right]
    return found


def depths(parent: Rows) -> Rows:
    """Steps from each span to its root, by doubling; NONE for spans of a cycle, which have no root."""
    depth = np.where(parent == NONE, 0, 1).astype(np.int64)
    above = parent.copy()
    for _ in range(max(len(parent), 1).bit_length() + 1):
        going = np.flatnonzero(above != NONE)
        if not len(going):
            return depth
        up = above[going]
        depth[going] += depth[up]
        above[going] = above[up]
    depth[above != NONE] = NONE
    return depth


def by_depth(depth: Rows) -> list[Rows]:
    """The rows of each depth, from the roots down."""
    order = np.argsort(depth, kind="stable")
    bounds = np.searchsorted(depth[order], np.arange(1, int(depth.max(initial=0)) + 1))
    return np.split(order, bounds)


def _aligned(spans: Spans, parent: Rows, depth: Rows) -> tuple[Rows, Rows, Rows]:
    """Starts and ends with the skew of clocks between a client's and a server's machine taken out, and by how much."""
    start, length = spans.start_ns.copy(), np.maximum(spans.duration_ns, 0)
    shift = np.zeros(len(start), np.int64)
    crosses = np.zeros(len(start), bool)
    has = np.flatnonzero(parent != NONE)
    crosses[has] = (spans.kind[has] == SERVER) & (spans.kind[parent[has]] == CLIENT)
    crosses[has] &= spans.place[has] != spans.place[parent[has]]
    if crosses.any():
        for rows in by_depth(depth)[1:]:
            above = parent[rows]
            shift[rows] = shift[above]
            start[rows] += shift[rows]
            early = start[rows] < start[above]
            over = start[rows] + length[rows] > start[above] + length[above]
            fits = length[rows] <= length[above]
            move = crosses[rows] & (early | (over & fits))
            target = start[above] + np.where(fits, (length[above] - length[rows]) // 2, 0)
            by = np.where(move, target - start[rows], 0)
            shift[rows] += by
            start[rows] += by
    return start, start + length, shift


def _cut(parent: Rows, depth: Rows, asynchronous: Flags, start: Rows, end: Rows) -> None:
    """Cut synchronous children to their parents, from the roots down, in place."""
    has = np.flatnonzero((parent != NONE) & ~asynchronous)
    if not ((start[has] < start[parent[has]]) | (end[has] > end[parent[has]])).any():
        return
    for rows in by_depth(depth)[1:]:
        own = rows[~asynchronous[rows]]
        above = parent[own]
        start[own] = np.clip(start[own], start[above], end[above])
        end[own] = np.clip(end[own], start[own], end[above])


def lanes(parent: Rows, start: Rows, end: Rows) -> tuple[Rows, Rows, int]:
    """Starts and ends of children on one long line on which each parent has a stretch of its own, and the bits lost.

    So one sort and one running maximum serve all parents at once. Where all stretches together are longer than an
    integer, low bits of the times are dropped.
    """
    length = end - start
    lost = max(int(float(length.sum()) / _ROOM).bit_length(), 0)
    stretch = (length >> lost) + 2
    offset = np.concatenate((np.zeros(1, np.int64), np.cumsum(stretch)[:-1])) if len(stretch) else stretch
    base = offset[parent]
    return base + ((start - start[parent]) >> lost), base + ((end - start[parent]) >> lost), lost


def _self_times(parent: Rows, asynchronous: Flags, start: Rows, end: Rows) -> Rows:
    """Duration less the union of the synchronous children's intervals."""
    own = end - start
    rows = np.flatnonzero((parent != NONE) & ~asynchronous)
    if not len(rows):
        return own
    first, last, lost = lanes(parent, start, end)
    order = rows[np.lexsort((last[rows], first[rows]))]
    reached = np.maximum.accumulate(last[order])
    before = np.concatenate((np.full(1, -1, np.int64), reached[:-1]))
    covered = np.maximum(last[order] - np.maximum(first[order], before), 0) << lost
    np.subtract.at(own, parent[order], covered)
    kept: Rows = np.maximum(own, 0)
    return kept


def _main_roots(trace: Rows, parent: Rows, start: Rows, end: Rows) -> Rows:
    roots = np.flatnonzero(parent == NONE)
    order = roots[np.lexsort((roots, -end[roots], start[roots], trace[roots]))]
    _, first = np.unique(trace[order], return_index=True)
    return order[first]
