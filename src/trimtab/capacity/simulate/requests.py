"""Request by request: who waits for whom, where a rate a minute is too coarse to say.

Requests come at their times and take their service times; each of the replicas in service serves `slots` at once (the
batch of a model server, the workers of a web server); the others wait in one line, first come first served, and give up
after `patience_s`. How many replicas are in service changes at the given times; one that stops ends what it serves.
"""

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array
from trimtab.capacity.simulate.jit import compiled

MOST_REQUESTS = 5_000_000


class Waits(Struct, frozen=True):
    """What each request met: seconds of waiting (NaN: it gave up), in the order of arrival."""

    waits_s: Array
    service_s: Array

    @property
    def lost(self) -> float:
        """The share that gave up."""
        return float(np.isnan(self.waits_s).mean())

    def quantile(self, level: float) -> float:
        """Seconds of waiting that a share `level` of those served does not exceed."""
        return float(np.nanquantile(self.waits_s, level))

    def within(self, seconds: float) -> float:
        """The share of all requests that were done within `seconds` of arriving."""
        return float((self.waits_s + self.service_s <= seconds).mean())


def play(
    arrivals_s: Array,
    service_s: Array,
    changes_s: Array,
    replicas: Array,
    *,
    slots: int = 1,
    patience_s: float = np.inf,
) -> Waits:
    """Serve every request; `replicas[i]` are in service from `changes_s[i]` on. Raises InvalidInput.

    `changes_s` ascends and begins at or before the first arrival.
    """
    if arrivals_s.shape != service_s.shape or not 1 <= len(arrivals_s) <= MOST_REQUESTS:
        raise InvalidInput(f"cannot play requests: expected 1 to {MOST_REQUESTS} arrivals and as many service times")
    if changes_s.shape != replicas.shape or not len(changes_s) or changes_s[0] > arrivals_s[0]:
        raise InvalidInput("cannot play requests: the replicas must be known from the first arrival on")
    if (np.diff(arrivals_s) < 0).any() or (np.diff(changes_s) < 0).any() or (service_s < 0).any():
        raise InvalidInput("cannot play requests: expected times in order and service times of 0 or more")
    if slots < 1:
        raise InvalidInput(f"cannot play requests: got {slots} slots; expected 1 or more")
    waits = np.full(len(arrivals_s), np.nan)
    _play(arrivals_s, service_s, changes_s, replicas * float(slots), patience_s, waits)
    return Waits(waits, service_s)


@compiled
def _play(
    arrivals: Array, service: Array, changes: Array, places: Array, patience: float, waits: Array
) -> None:  # fmt: skip
    """Walk through ends of service, changes and arrivals in their order; writes the wait of each request."""
    n, most = len(arrivals), len(arrivals)
    ends = np.empty(most + 1)  # a heap of the ends of what is being served
    busy, change, come, head = 0, 0, 0, 0
    now, room = arrivals[0], 0.0
    while head < n:
        next_end = ends[0] if busy else np.inf
        next_change = changes[change] if change < len(changes) else np.inf
        next_arrival = arrivals[come] if come < n else np.inf
        now = min(next_end, next_change, next_arrival)
        if now == np.inf:
            return  # nobody will ever serve those who still wait
        if next_end <= now:
            busy = _drop(ends, busy)
        elif next_change <= now:
            room = places[change]
            change += 1
        else:
            come += 1
        while head < come and (busy < room or now - arrivals[head] > patience):
            waited = now - arrivals[head]
            if waited <= patience:
                waits[head] = waited
                busy = _add(ends, busy, now + service[head])
            head += 1


@compiled
def _add(heap: Array, size: int, value: float) -> int:
    """Add to a binary heap, the least first; gives its size."""
    at = size
    while at > 0 and heap[(at - 1) // 2] > value:
        heap[at] = heap[(at - 1) // 2]
        at = (at - 1) // 2
    heap[at] = value
    return size + 1


@compiled
def _drop(heap: Array, size: int) -> int:
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
