"""Over-minimum replicas: a service keeps more replicas than its load of the moment needs.

What a replica can do is what the busiest did in the range (95th percentile of the replicas' mean activity, above what a
loaded model shows without load). Needed are as many as carry the load of the step with a fifth to spare, and one at
least. Evidence: two replicas or more, six hours of activity, and one to spare in an hour on end.
"""

import numpy as np

from trimtab.economics.unit.idle.model import Cause, Explained, Holding
from trimtab.economics.unit.model import Floats, HeldActivity

LEAST_HOURS, LEAST_SPARE_S = 6.0, 3600.0
SPARE = 0.8
_LEAST_CAPACITY = 0.05
"""Activity above rest from which a replica was ever seen to work: below, nothing says what it can."""


def over_minimum(one: Holding) -> Explained | None:
    """A holder's part of the hours of the replicas that its service could do without."""
    if one.served is None or len(one.replicas) < 2:
        return None
    spare, steps = spare_replicas(list(one.replicas.values()))
    step_s = one.activity.step_s
    if steps * step_s / 3600 < LEAST_HOURS or spare.max(initial=0.0) < 1:
        return None
    run = _on_end(spare >= 1)
    if run * step_s < LEAST_SPARE_S:
        return None
    what = one.activity
    size = min(what.seconds.shape[1], len(spare))
    share = spare[:size] / len(one.replicas)
    idle = what.seconds[:, :size] * (1 - np.nan_to_num(what.values[:, :size], nan=1.0))
    hours = float((idle * share).sum()) / 3600
    need = len(one.replicas) - float(np.median(spare))
    return Explained(
        Cause.OVER_MINIMUM,
        hours,
        f"{one.served.service} keeps {len(one.replicas)} replicas; half of the time {need:.0f} would do",
    )


def spare_replicas(replicas: list[HeldActivity]) -> tuple[Floats, int]:
    """By step how many of some replicas are not needed, and how many steps tell."""
    size = min(one.values.shape[1] for one in replicas)
    with np.errstate(all="ignore"):
        rows = np.array([_mean(one.values[:, :size]) for one in replicas])
    known = ~np.isnan(rows).any(axis=0)
    if not known.any():
        return np.zeros(size), 0
    mean = np.where(known, np.nan_to_num(rows).mean(axis=0), np.nan)
    rest, most = (float(np.nanquantile(mean, share)) for share in (0.05, 0.95))
    rest = min(rest, 0.2)
    if most - rest < _LEAST_CAPACITY:
        return np.zeros(size), int(known.sum())
    load = np.clip((np.nan_to_num(mean) - rest) / (SPARE * (most - rest)), 0, None)
    needed = np.maximum(np.ceil(load * len(replicas) * SPARE - 1e-9), 1)
    spare: Floats = np.where(known, np.clip(len(replicas) - needed, 0, None), 0.0)
    return spare, int(known.sum())


def _mean(values: Floats) -> Floats:
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    return np.asarray(np.where(count > 0, np.nan_to_num(values).sum(axis=0) / np.maximum(count, 1), np.nan), np.float64)


def _on_end(marks: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> int:
    """The most marks in a row."""
    longest = run = 0
    for mark in marks.tolist():
        run = run + 1 if mark else 0
        longest = max(longest, run)
    return longest
