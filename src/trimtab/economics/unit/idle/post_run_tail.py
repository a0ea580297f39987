"""Post-run tail: a job that ends (or should) went on holding its GPUs after its last work.

Evidence: work before it, and a quarter of an hour or more of less than 2 % on every GPU up to the end, or up to now.
"""

import numpy as np

from trimtab.economics.unit.idle.model import BUSY_FROM, Cause, Explained, Holding

LEAST_S = 900.0


def post_run_tail(one: Holding) -> Explained | None:
    """The hours from the last work of any of a job's GPUs on."""
    what = one.activity
    if not one.run.is_training or one.served is not None:
        return None
    busy = (np.nan_to_num(what.values) >= BUSY_FROM) & (what.seconds > 0)
    steps = np.flatnonzero(busy.any(axis=0))
    if not len(steps):
        return None
    tail = np.zeros_like(busy)
    tail[:, steps[-1] + 1 :] = True
    held = what.seconds * tail * ~np.isnan(what.values)
    length = float(held.max(axis=0).sum())
    if length < LEAST_S:
        return None
    hours = float((held * (1 - np.nan_to_num(what.values))).sum()) / 3600
    when = "until it ended" if one.run.end_ms is not None and one.run.end_ms <= one.now_ms else "and it goes on"
    return Explained(Cause.POST_RUN_TAIL, hours, f"no work for the last {length / 3600:.1f} h, {when}")
