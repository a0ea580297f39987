"""What an alarm should have told of: sustained excursions of the metric, or windows that a person marked. Pure.

A sustained excursion is a time in which at least two thirds of the periods breach, over 15 minutes or three periods,
whichever is longer. It begins with its first breaching period and ends with its last one; two that are less than that
time apart are one. Single peaks, however high, are none: whoever wants to be told of those marks them.
"""

from collections.abc import Sequence

import numpy as np

from trimtab.alarms.evaluate import Bools, Floats, Integers, compare
from trimtab.alarms.model import Operator
from trimtab.alarms.suggest.model import Incident
from trimtab.base.errors import InvalidInput

SUSTAINED_MS = 15 * 60_000
SHARE = 2 / 3
OFTEN = 0.25
"""A threshold that is breached in more periods than this says nothing of incidents: a level is found instead."""
_LEVEL = 0.95  # then: the level that a twentieth of the periods lies beyond
MOST_MARKED = 200


def excursions(starts: Integers, breach: Bools, period_ms: int) -> list[Incident]:
    """The sustained excursions of a metric whose periods begin at `starts` (ms)."""
    width = window(period_ms) // period_ms
    if len(starts) < width:
        return []
    count = np.concatenate(([0], np.cumsum(breach)))
    full = count[width:] - count[:-width] >= np.ceil(width * SHARE)
    covered = np.zeros(len(starts) + 1, dtype=np.int64)
    begins = np.flatnonzero(full)
    np.add.at(covered, begins, 1)
    np.add.at(covered, begins + width, -1)
    hit = np.flatnonzero((np.cumsum(covered)[:-1] > 0) & breach)
    if not len(hit):
        return []
    cuts = np.flatnonzero(np.diff(starts[hit]) > window(period_ms) + period_ms)
    firsts, lasts = np.append(0, cuts + 1), np.append(cuts, len(hit) - 1)
    return [
        Incident(int(starts[hit[first]]), int(starts[hit[last]]) + period_ms)
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
    ]


def window(period_ms: int) -> int:
    """How long an excursion must be sustained: whole periods."""
    return max(-(-SUSTAINED_MS // period_ms), 3) * period_ms


def level(values: Floats, operator: Operator, threshold: float) -> float:
    """The level whose excursions count: the threshold, unless it is breached so often that it tells nothing."""
    known = values[~np.isnan(values)]
    if not len(known) or float(compare(operator, known, np.array([threshold])).mean()) <= OFTEN:
        return threshold
    below = operator in (Operator.LESS, Operator.LESS_OR_EQUAL)
    return float(np.quantile(known, 1 - _LEVEL if below else _LEVEL))


def marked(windows: Sequence[tuple[int, int]], start_ms: int, end_ms: int) -> list[Incident]:
    """The windows that a person marked, as far as they lie in the range. Raises InvalidInput."""
    if len(windows) > MOST_MARKED:
        raise InvalidInput(f"cannot take {len(windows)} incidents: expected at most {MOST_MARKED}", field="incidents")
    for first, last in windows:
        if first >= last:
            raise InvalidInput(f"cannot take an incident from {first} to {last}: expected from < to", field="incidents")
    inside = [
        (max(first, start_ms), min(last, end_ms)) for first, last in windows if first < end_ms and last > start_ms
    ]
    return [Incident(first, last, marked=True) for first, last in sorted(inside)]
