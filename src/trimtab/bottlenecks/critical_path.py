"""The critical path: the spans that a trace waited for, each with the time that it alone held the trace up. Pure.

Seen from a span's end backwards, the child that ended last is what it waited for; before that child began, the last
that had ended by then; and so on (the walk of CRISP and Jaeger). What remains of the span is its own. So the parts of
a trace add up to the duration of its root, exactly: they are what a change of its latency is made of.
"""

import numpy as np
from msgspec import Struct

from trimtab.bottlenecks.forest import NONE, Flags, Forest, Rows, lanes


class CriticalPath(Struct, frozen=True):
    """By row: whether a span is on the critical path of its trace, and for how many ns nothing below it was."""

    on: Flags
    own_ns: Rows


def critical_path(forest: Forest) -> CriticalPath:
    """The critical paths of all traces at once, from the main root of each."""
    first, then = _walk(forest)
    on = np.zeros(len(forest.parent), bool)
    front = forest.roots
    while len(front):
        on[front] = True
        following = np.concatenate((first[front], then[front]))
        front = following[following != NONE]
    own = np.where(on, forest.duration, 0)
    below = np.flatnonzero(on & (forest.parent != NONE))
    np.subtract.at(own, forest.parent[below], forest.duration[below])
    return CriticalPath(on, own)


def _walk(forest: Forest) -> tuple[Rows, Rows]:
    """Of each span the child that it waited for last, and of each child the sibling that was waited for before it."""
    count = len(forest.parent)
    first = np.full(count, NONE, np.int64)
    then = np.full(count, NONE, np.int64)
    rows = np.flatnonzero(forest.waited & (forest.duration > 0))
    if not len(rows):
        return first, then
    starts, ends, _ = lanes(forest.parent, forest.start, forest.end)
    # Stretches of parents do not overlap, so this is by parent too; of two that end together the longer is waited for.
    order = rows[np.lexsort((-starts[rows], ends[rows]))]
    parent, own = forest.parent[order], np.arange(len(order))
    place = np.minimum(np.searchsorted(ends[order], starts[order], side="right"), own) - 1
    same = (place >= 0) & (parent[place] == parent)
    then[order[same]] = order[place[same]]
    first[parent] = order  # assigned in order: the last one stays
    return first, then
