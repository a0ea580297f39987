"""Held and never used: no GPU of the holder was busy at any time. Evidence: two hours of reports at least."""

import numpy as np

from trimtab.economics.unit.idle.model import BUSY_FROM, Cause, Explained, Holding

LEAST_HOURS = 2.0


def never_used(one: Holding) -> Explained | None:
    """All idle hours of a holder that never worked."""
    what = one.activity
    known = ~np.isnan(what.values)
    seconds = float((what.seconds * known).sum())
    gpus = max(len(what.values), 1)
    if seconds / 3600 < LEAST_HOURS * gpus or (np.nan_to_num(what.values) >= BUSY_FROM).any():
        return None
    most = float(np.nanmax(what.values))
    return Explained(
        Cause.NEVER_USED, what.idle_hours, f"{gpus} GPUs, none above {most:.1%} in {seconds / 3600 / gpus:.1f} h"
    )
