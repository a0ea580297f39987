"""From what is said to what each moment was. Pure: the same facts in any order give the same intervals.

Every edge of every span cuts the time of its device; between two edges nothing changes. A moment exists where anybody
says so, or somebody holds it. What is held is held, whatever else is said: a drained node still runs its last job, and
a run keeps a broken GPU until it lets go. What is left of a device is down where somebody says that it is out of use
(the reason of the least rank), else free where somebody tells who has the device, else unknown.

Of a device that a scheduler's run holds telemetry names a holder only of what the run leaves. Of what several hold in
turns each has its measured share where all are measured, else its own parts; where that is more
than there is, all are cut in proportion. Everything is cut at whole hours, so that an hour's parts are the hour.
"""

from collections.abc import Sequence

import numpy as np

from trimtab.fleet.model import HOUR_MS, NOBODY, PARTS, Activity, Facts, Floats, Intervals, Ints, Said, Spans, State

_LAST_RANK = 1 << 20


def build(facts: Facts) -> Intervals:
    """The intervals of the facts' range, by device, time, state and holder."""
    first, last = facts.start_ms, facts.end_ms
    exists, told, down, held = (
        spans.within(first, last) for spans in (facts.exists, facts.told, facts.down, facts.held)
    )
    keys, width = _cuts(facts, (exists, told, down, held))
    device, start = keys[:-1] // width, keys[:-1] % width + first
    end = keys[1:] % width + first
    whole = (keys[1:] // width == device) & (end > start)  # the last cut of a device begins nothing

    def places(spans: Spans) -> tuple[Ints, Ints]:
        return _places(keys, width, first, spans)

    exist_rank = _least(exists, places(exists), len(device))
    held_rank = _least(held, places(held), len(device))
    known_rank = _least(told, places(told), len(device))
    is_held = held_rank < _LAST_RANK
    existing = ((exist_rank < _LAST_RANK) | is_held) & whole
    reason = _reasons(down, places(down), len(device))
    segment, span = _expanded(places(held))
    kept = existing[segment]
    segment, span = segment[kept], span[kept]
    segment, holder, asked, weight, rank = _joined(held, segment, span)
    asked = _left_by_better(segment, asked, rank, len(device))
    parts, crowded = _shared(segment, asked, weight, len(device))
    taken = np.bincount(segment, weights=parts, minlength=len(device)).astype(np.int64)
    left = PARTS - taken
    rest = np.flatnonzero(existing & (left > 0))
    state = np.where(reason[rest] >= 0, State.DOWN, np.where(known_rank[rest] < _LAST_RANK, State.FREE, State.UNKNOWN))
    said = np.minimum(exist_rank[rest], np.where(state == State.FREE, known_rank[rest], _LAST_RANK))
    active, known = _integrals(facts.activity, keys // width, keys % width + first)
    share = np.divide(parts, taken[segment], out=np.zeros(len(parts)), where=taken[segment] > 0)
    known_held = known[segment] * parts
    of_held = np.minimum(active[segment] * share * PARTS, known_held)
    free = taken[rest] == 0
    intervals = Intervals(
        device=np.concatenate([device[segment], device[rest]]),
        start=np.concatenate([start[segment], start[rest]]),
        end=np.concatenate([end[segment], end[rest]]),
        state=np.concatenate([np.full(len(segment), State.HELD), state]).astype(np.int64),
        reason=np.concatenate([np.full(len(segment), NOBODY), np.where(state == State.DOWN, reason[rest], NOBODY)]),
        holder=np.concatenate([holder, np.full(len(rest), NOBODY)]),
        parts=np.concatenate([parts, left[rest]]),
        said=np.concatenate([rank, np.minimum(said, Said.RUN)]),
        active=np.concatenate([of_held, np.zeros(len(rest))]),
        known=np.concatenate([known_held, known[rest] * left[rest]]),
        stray=np.concatenate([np.zeros(len(segment)), np.where(free, active[rest] * PARTS, 0.0)]),
        crowded=np.concatenate([crowded, np.zeros(len(rest), np.bool_)]),
    )
    order = np.lexsort((intervals.holder, intervals.state, intervals.start, intervals.device))
    return _taken(intervals, order)


def _cuts(facts: Facts, spans: Sequence[Spans]) -> tuple[Ints, int]:
    """Every (device, time) at which something may change, as one ordered number each."""
    width = facts.end_ms - facts.start_ms + 1
    hours = np.arange(-(-facts.start_ms // HOUR_MS) * HOUR_MS, facts.end_ms, HOUR_MS, dtype=np.int64)
    edges = np.unique(np.concatenate([[facts.start_ms, facts.end_ms], hours])) - facts.start_ms
    devices = np.arange(facts.devices, dtype=np.int64) * width
    cuts = [(devices[:, None] + edges[None, :]).ravel()]
    for one in spans:
        cuts += [one.device * width + (one.start - facts.start_ms), one.device * width + (one.end - facts.start_ms)]
    ordered = np.sort(np.concatenate(cuts), kind="stable")  # they come as a few ordered runs, which it merges
    new = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return ordered[new], width


def _places(keys: Ints, width: int, first: int, spans: Spans) -> tuple[Ints, Ints]:
    """The segments that each span covers: from a place, up to a place."""
    begin = np.searchsorted(keys, spans.device * width + (spans.start - first))
    until = np.searchsorted(keys, spans.device * width + (spans.end - first))
    return begin, until


def _expanded(places: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """One row for every segment of every span: the segment's place and the span's."""
    begin, until = places
    counts = until - begin
    span = np.repeat(np.arange(len(begin)), counts)
    offset = np.arange(len(span)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(begin, counts) + offset, span


def _least(spans: Spans, places: tuple[Ints, Ints], size: int) -> Ints:
    """Of each segment the least rank of the spans that cover it."""
    found = np.full(size, _LAST_RANK, np.int64)
    begin, until = places
    for rank in np.unique(spans.rank)[::-1].tolist():
        mine = spans.rank == rank
        turns = np.zeros(size + 1, np.int64)
        np.add.at(turns, begin[mine], 1)
        np.add.at(turns, until[mine], -1)
        found[np.cumsum(turns)[:size] > 0] = rank
    return found


def _reasons(spans: Spans, places: tuple[Ints, Ints], size: int) -> Ints:
    """Of each segment the reason of least rank (of those the first in the list), NOBODY where it is not down."""
    found = np.full(size, NOBODY, np.int64)
    segment, span = _expanded(places)
    order = np.lexsort((-spans.what[span], -spans.rank[span]))  # the most telling last, so that it stays
    found[segment[order]] = spans.what[span[order]]
    return found


def _joined(held: Spans, segment: Ints, span: Ints) -> tuple[Ints, Ints, Ints, Floats, Ints]:
    """One row a segment and holder: what several spans of one holder hold of a device it holds together."""
    holder, parts, weight, rank = held.what[span], held.parts[span], held.weight[span], held.rank[span]
    if not len(segment):
        return segment, holder, parts, weight, rank
    order = np.lexsort((holder, segment))
    segment, holder, parts, rank = (one[order] for one in (segment, holder, parts, rank))
    weight = weight[order]
    new = np.concatenate([[True], (segment[1:] != segment[:-1]) | (holder[1:] != holder[:-1])])
    first = np.flatnonzero(new)
    return (
        segment[first],
        holder[first],
        np.minimum(np.add.reduceat(parts, first), PARTS),
        np.add.reduceat(weight, first),
        np.minimum.reduceat(rank, first),
    )


def _left_by_better(segment: Ints, asked: Ints, rank: Ints, size: int) -> Ints:
    """What those who are believed less may have of a segment: what is left by those who are believed more."""
    ranks = np.unique(rank)
    if len(ranks) < 2:
        return asked
    asked, taken = asked.copy(), np.zeros(size, np.int64)
    for one in ranks.tolist():
        mine = rank == one
        wanted = np.bincount(segment[mine], weights=asked[mine], minlength=size).astype(np.int64)
        left = np.maximum(PARTS - taken, 0)
        over = (taken > 0) & (wanted > left)
        cut = mine & over[segment]
        asked[cut] = asked[cut] * left[segment[cut]] // wanted[segment[cut]]
        taken += np.minimum(wanted, left) if (taken > 0).any() else wanted
    return asked


def _shared(
    segment: Ints, asked: Ints, weight: Floats, size: int
) -> tuple[Ints, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """The parts of each who holds a segment, whole numbers that add up to what is taken of it; and where it was cut."""
    total = np.bincount(segment, weights=asked, minlength=size).astype(np.int64)
    holders = np.bincount(segment, minlength=size)
    measured = np.bincount(segment, weights=np.nan_to_num(weight, nan=0.0), minlength=size)
    unmeasured = np.bincount(segment, weights=np.isnan(weight), minlength=size)
    by_measure = (unmeasured == 0) & (measured > 0) & (holders > 1)
    crowded = (total > PARTS)[segment] & ~by_measure[segment]
    divided = by_measure[segment] | (total > PARTS)[segment]
    if not divided.any():
        return asked.copy(), crowded
    parts = asked.copy()
    rows = np.flatnonzero(divided)
    place = segment[rows]
    taken = np.minimum(total, PARTS)[place]
    by = np.where(
        by_measure[place], weight[rows] / np.where(measured > 0, measured, 1.0)[place], asked[rows] / total[place]
    )
    exact = by * taken
    whole = np.floor(exact + 1e-9).astype(np.int64)
    left = np.bincount(place, weights=taken, minlength=size)  # counted once a holder
    left = (left / np.maximum(np.bincount(place, minlength=size), 1)).round().astype(np.int64)
    left -= np.bincount(place, weights=whole, minlength=size).astype(np.int64)
    order = np.lexsort((np.arange(len(rows)), -(exact - whole), place))
    ordered = place[order]
    turn = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    whole[order] += turn < left[ordered]
    parts[rows] = whole
    return parts, crowded


def _integrals(activity: Activity | None, device: Ints, time: Ints) -> tuple[Floats, Floats]:
    """From each of a device's times to the next its work and the time of which that is known, in ms of the whole
    device. Times are ordered by device; what lies between two devices is nothing.
    """
    if activity is None or not activity.values.size:
        return np.zeros(len(device[1:])), np.zeros(len(device[1:]))
    rows, steps = activity.values.shape
    known = ~np.isnan(activity.values)
    place = np.clip((time - activity.start_ms) / activity.step_ms, 0, steps)
    low = np.minimum(place.astype(np.int64), steps - 1)
    inside = place - low
    low += device * (steps + 1)

    def between(values: Floats) -> Floats:
        sums = np.zeros((rows, steps + 1))
        np.cumsum(values, axis=1, out=sums[:, 1:])
        flat = sums.ravel()
        until = flat.take(low)
        until += (flat.take(low + 1) - until) * inside
        return np.asarray(np.diff(until) * activity.step_ms)

    # Differences of long sums are off by the last digits: no moment works or is known for longer than it lasts.
    length = np.where(device[1:] == device[:-1], np.diff(time), 0).astype(np.float64)
    told = np.clip(between(known.astype(np.float64)), 0.0, length)
    work = np.where(known, activity.values, 0.0)
    return np.clip(between(np.clip(work, 0.0, 1.0, out=work)), 0.0, told), told


def _taken(one: Intervals, order: Ints) -> Intervals:
    return Intervals(
        one.device[order], one.start[order], one.end[order], one.state[order], one.reason[order], one.holder[order],
        one.parts[order], one.said[order], one.active[order], one.known[order], one.stray[order], one.crowded[order],
    )  # fmt: skip
