"""Forgotten notebook: somebody's interactive place holds GPUs while nobody works in it.

Evidence: it is called one (notebook, jupyter, lab, playground, interactive), and no GPU of it did anything for three
hours on end; the first of them is a pause and counts for nothing.
"""

import re

import numpy as np

from trimtab.economics.unit.idle.model import IDLE_BELOW, Cause, Explained, Holding

LEAST_S, PAUSE_S = 3 * 3600.0, 3600.0
_NAMES = re.compile(
    r"(^|[-_/.])(notebook|jupyter\w*|lab|playground|interactive|salloc|vscode|code-server)s?([-_/.]|$)", re.I
)


def forgotten_notebook(one: Holding) -> Explained | None:
    """The hours of stretches in which nothing was done, without the pause that each begins with."""
    said = (one.run.name, one.run.tags.get("app", ""), one.run.key.job, one.run.queue)
    if not any(_NAMES.search(text) for text in said):
        return None
    what = one.activity
    known = ~np.isnan(what.values).all(axis=0)
    still = (np.nan_to_num(what.values, nan=0.0) < IDLE_BELOW).all(axis=0)
    idle = [bool(one) for one in np.atleast_1d(known & still)]
    hours = longest = 0.0
    at = 0
    while at < len(idle):
        if not idle[at]:
            at += 1
            continue
        end = at
        while end < len(idle) and idle[end]:
            end += 1
        seconds = what.seconds[:, at:end]
        length = float(seconds.max(axis=0).sum())
        if length >= LEAST_S:
            hours += float(seconds.sum()) / 3600 * (length - PAUSE_S) / length
            longest = max(longest, length)
        at = end
    if not hours:
        return None
    return Explained(Cause.FORGOTTEN_NOTEBOOK, hours, f"nobody worked in it for up to {longest / 3600:.1f} h on end")
