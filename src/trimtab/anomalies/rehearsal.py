"""A process that scores one series once, so that the loops of the always-on detector are compiled and kept on disk.

Run as `python -m trimtab.child trimtab.anomalies.rehearsal`. It does not wait for an idle processor: the detector waits
for it.
"""

import numpy as np

from trimtab.jobs.compiling import rehearsing
from trimtab.timeseries.anomaly.bank import Scored, anomalies

_POINTS = 288


def rehearse() -> Scored:
    """Score a day of points as the detector does."""
    at = np.arange(1, _POINTS + 1, dtype=np.int64)
    return anomalies(at * 300_000, np.sin(at / 24.0))


def main() -> int:
    """Entry point."""
    return rehearsing(rehearse, waits=False)
