"""Small steps of the scorer: sorted windows, nearest windows, tails. Compiled; nothing here allocates per point."""

from typing import Any

import numpy as np

from trimtab.timeseries.anomaly.jit import compiled

BINS = 512
BINS_AN_OCTAVE = 16.0
Array = Any  # a numpy array to numba, whose types mypy does not follow into compiled code


@compiled
def place(ordered: Array, size: int, value: float) -> int:
    """The first index of `ordered[:size]` (ascending) whose element is not below `value`."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def exchange(ordered: Array, size: int, leaving: float, entering: float) -> None:
    """Replace `leaving` (an element) by `entering` in `ordered[:size]`, which stays ascending."""
    out = place(ordered, size, leaving)
    into = place(ordered, size, entering)
    if into > out:
        for at in range(out, into - 1):
            ordered[at] = ordered[at + 1]
        ordered[into - 1] = entering
    else:
        for at in range(out, into, -1):
            ordered[at] = ordered[at - 1]
        ordered[into] = entering


@compiled
def enter(ordered: Array, size: int, value: float) -> None:
    """Add `value` to `ordered[:size]`; the array must have room for one more."""
    into = place(ordered, size, value)
    for at in range(size, into, -1):
        ordered[at] = ordered[at - 1]
    ordered[into] = value


@compiled
def bin_of(score: float, base: float) -> int:
    """The bin of a score: sixteen to an octave, `base` in the middle of the range; bin 0 for nothing at all."""
    if score <= 0.0:
        return 0
    return min(max(int(np.floor(np.log2(score / base) * BINS_AN_OCTAVE)) + BINS // 2, 1), BINS - 1)


@compiled
def surprise(counts: Array, seen: float, base: float, score: float, tail: float, cap: float) -> float:
    """-log10 of the chance of `score` or more, judged by the `counts` of `seen` earlier scores a bin; at most `cap`.

    Below the top `tail` it is a share of what was seen; above, an exponential tail fitted to that top.
    """
    if score <= 0.0:
        return 0.0
    own = bin_of(score, base)
    top = seen * tail
    above, total = 0.0, 0.0
    at = BINS - 1
    while at > own and above < top:
        above += counts[at]
        total += counts[at] * base * 2.0 ** ((at + 0.5 - BINS // 2) / BINS_AN_OCTAVE)
        at -= 1
    if above >= top:  # the score is not among the top: go on counting down to it
        while at > own:
            above += counts[at]
            at -= 1
        part = counts[own]
        return float(-np.log10(min((above + 0.5 * part + 1.0) / (seen + 1.0), 1.0)))
    while above < top and at > 0:
        above += counts[at]
        total += counts[at] * base * 2.0 ** ((at + 0.5 - BINS // 2) / BINS_AN_OCTAVE)
        at -= 1
    edge = base * 2.0 ** ((at + 1.0 - BINS // 2) / BINS_AN_OCTAVE)
    mean = max(total / max(above, 1.0) - edge, 1e-3 * edge)
    return float(min(-np.log10(tail) + max(score - edge, 0.0) / mean / np.log(10.0), cap))


@compiled
def count(counts: Array, score: float, base: float, most: float) -> None:
    """Remember a score; when `most` have been seen, the past counts half from then on. `counts[-1]` is the total."""
    counts[bin_of(score, base)] += 1.0
    counts[BINS] += 1.0
    if counts[BINS] >= most:
        for at in range(BINS + 1):
            counts[at] *= 0.5


@compiled
def spread_of(ordered: Array, size: int) -> float:
    """A spread of `ordered[:size]` (ascending) in sigmas of a normal distribution, from its 10 % and 90 % points."""
    floor = 1e-9 * abs(ordered[size // 2]) + 1e-12
    return float(max((ordered[int(size * 0.9)] - ordered[int(size * 0.1)]) / 2.56, floor))


@compiled
def nearest(values: Array, at: int, first: int, length: int, keep: int, distance: Array, best: Array) -> float:
    """How far the `length` values that end at `at` are from the `keep`-th most alike earlier run; -1 if unknown.

    Runs end at `first` or later, and do not overlap this one. `distance` and `best` are room to work in.
    """
    number = at - length + 1 - first
    if number < 2 * keep:
        return -1.0
    distance[:number] = 0.0
    for back in range(length):
        own = values[at - back]
        shift = first - back
        for q in range(number):
            distance[q] += abs(values[q + shift] - own)
    best[:keep] = np.inf
    for q in range(number):
        found = distance[q]
        if found < best[keep - 1]:
            slot = keep - 1
            while slot > 0 and best[slot - 1] > found:
                best[slot] = best[slot - 1]
                slot -= 1
            best[slot] = found
    return float(best[keep - 1] / length)


@compiled
def seasonal(
    times: Array, values: Array, at: int, first: int, period: int, back: int, reach: int, found: Array
) -> float:
    """How far `values[at]` is from what was seen one, two … `back` periods before; -1 where too little was.

    Each earlier period gives the point nearest to the same time, if within `reach` ms, and its two neighbours.
    """
    number = 0
    for k in range(1, back + 1):
        wanted = times[at] - k * period
        if wanted < times[first] - reach:
            break
        low, high = first, at
        while low < high:
            middle = (low + high) // 2
            if times[middle] < wanted:
                low = middle + 1
            else:
                high = middle
        if low > first and wanted - times[low - 1] < times[low] - wanted:
            low -= 1
        if abs(times[low] - wanted) > reach:
            continue
        for q in range(max(low - 1, first), min(low + 2, at)):
            found[number] = values[q]
            number += 1
    if number < 3:
        return -1.0
    some = np.sort(found[:number])
    return float(abs(values[at] - some[number // 2]))
