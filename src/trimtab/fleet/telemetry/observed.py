"""Which share of each step a series reported, and from what activity on work is certain. Pure arithmetic."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

ACTIVE_ABOVE = 0.01
"""Activity from which work is certain: an idle GPU's counters read up to some thousandths."""
UNKNOWN, FREE, HELD = -1, 0, 1
"""What evidence says of holding."""


def observed_share(counts: Floats) -> Floats:
    """The share of each step in which a series reported, from its samples a step (rows are series; 0 is none).

    A step between steps that have samples counts whole, so that a missed scrape is no gap; at the edge of a gap it
    counts by its share of the samples that a step of this series usually has.
    """
    some = counts > 0
    usual = _median_of(counts, some)
    before = np.pad(some, ((0, 0), (1, 0)))[:, :-1]
    after = np.pad(some, ((0, 0), (0, 1)))[:, 1:]
    share = np.minimum(counts / np.maximum(usual, 1.0)[:, None], 1.0)
    return np.where(some & before & after, 1.0, np.where(some, share, 0.0))


def _median_of(counts: Floats, some: npt.NDArray[np.bool_]) -> Floats:
    """The lower median of the samples of steps that have any, per row; 0 where no step has."""
    ordered = np.sort(np.where(some, counts, np.inf), axis=1)
    middle = np.maximum(some.sum(axis=1) - 1, 0) // 2
    found = np.take_along_axis(ordered, middle[:, None], axis=1)[:, 0]
    return np.where(np.isfinite(found), found, 0.0)
