"""Data stall: GPUs at work that wait for data in between.

Evidence: a job that works in most of its steps, at less than half of what a GPU can on average while it does, for an
hour at least, on machines whose processors wait for disks or network (iowait of 5 %) or have nothing left (80 % busy).
Low activity without such a sign has other causes (small batches, communication) and stays unexplained.
"""

import numpy as np

from trimtab.economics.unit.idle.model import BUSY_FROM, Cause, Explained, Holding

FAIR, AT_WORK, LEAST_HOURS = 0.5, 0.6, 1.0
IOWAIT, FULL = 0.05, 0.8


def data_stall(one: Holding) -> Explained | None:
    """The idle hours of a job's steps at work up to what is fair."""
    what = one.activity
    if not one.run.is_training or one.served is not None:
        return None
    values = np.nan_to_num(what.values)
    held = what.seconds * ~np.isnan(what.values)
    work = held * (values >= BUSY_FROM)
    total, at_work = float(held.sum()), float(work.sum())
    if at_work < LEAST_HOURS * 3600 or at_work < AT_WORK * total:
        return None
    mean = float((work * values).sum()) / at_work
    waits = max((sign.iowait for sign in one.hosts if sign.iowait is not None), default=0.0)
    busy = max((sign.busy for sign in one.hosts if sign.busy is not None), default=0.0)
    if mean >= FAIR or (waits < IOWAIT and busy < FULL):
        return None
    sign = f"processors wait for data {waits:.0%} of the time" if waits >= IOWAIT else f"processors are {busy:.0%} busy"
    hours = float((work * (1 - values)).sum()) / 3600
    return Explained(Cause.DATA_STALL, hours, f"{mean:.0%} active while at work, and {sign}")
