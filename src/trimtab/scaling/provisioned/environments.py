"""Execution environments, one by one: which invocation finds one, and which waits for a cold start.

An environment serves one invocation at a time. Those held are taken first and never cold. Beyond them the one that
became free last is taken; one that was idle for `keep_ms` is gone; where none is idle a new one starts cold, and the
invocation runs `cold_ms` longer. AWS publishes no `keep_ms`: measured values are 5 to 15 minutes.
"""

import numpy as np

from trimtab.scaling.jit import compiled
from trimtab.scaling.provisioned.concurrency import Array, Integers, Invocations

COLD, PROVISIONED_MS, SPILLED_MS, SPILLED = range(4)
KEEP_MS = 600_000
COLD_MS = 400


@compiled
def _push(heap: Integers, size: int, value: int) -> int:
    """Add to a binary heap, the least first; gives its size."""
    at = size
    while at > 0 and heap[(at - 1) // 2] > value:
        heap[at] = heap[(at - 1) // 2]
        at = (at - 1) // 2
    heap[at] = value
    return size + 1


@compiled
def _pop(heap: Integers, size: int) -> int:
    """Drop the least of a binary heap; gives its size."""
    last, at = heap[size - 1], 0
    while True:
        child = 2 * at + 1
        if child >= size - 1:
            break
        if child + 1 < size - 1 and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= last:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = last
    return size - 1


@compiled
def _run(
    starts: Integers, durations: Integers, levels: Integers, step_ms: int, bucket_ms: int, keep_ms: int, cold_ms: int,
    sums: Array,
) -> None:  # fmt: skip
    """Serve every invocation; `levels` are held by step, `sums` (buckets × 4) are added to. Times count from 0."""
    n = len(starts)
    held, spilled, idle = np.empty(n + 1, np.int64), np.empty(n + 1, np.int64), np.empty(n + 1, np.int64)
    held_size, spilled_size, low, high = 0, 0, 0, 0
    for one in range(n):
        now, took = starts[one], durations[one]
        while held_size and held[0] <= now:
            held_size = _pop(held, held_size)
        while spilled_size and spilled[0] <= now:
            idle[high] = spilled[0]
            high += 1
            spilled_size = _pop(spilled, spilled_size)
        while low < high and idle[low] < now - keep_ms:
            low += 1
        bucket = now // bucket_ms
        if held_size < levels[min(now // step_ms, len(levels) - 1)]:
            held_size = _push(held, held_size, now + took)
            sums[bucket, PROVISIONED_MS] += took
            continue
        if high > low:
            high -= 1
        else:
            took += cold_ms
            sums[bucket, COLD] += 1.0
            low, high = 0, 0
        spilled_size = _push(spilled, spilled_size, now + took)
        sums[bucket, SPILLED_MS] += took
        sums[bucket, SPILLED] += 1.0


def serve(
    invocations: Invocations,
    levels: Integers,
    step_ms: int,
    *,
    origin_ms: int,
    bucket_ms: int,
    buckets: int,
    keep_ms: int = KEEP_MS,
    cold_ms: int = COLD_MS,
) -> Array:
    """Cold starts, ms within what is held, ms and invocations beyond it: a row a bucket from `origin_ms` on."""
    sums = np.zeros((buckets, 4))
    starts = invocations.starts_ms - origin_ms
    _run(starts, invocations.durations_ms, levels, step_ms, bucket_ms, keep_ms, cold_ms, sums)
    return sums
