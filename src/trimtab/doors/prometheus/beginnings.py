"""When a counter began: a zero is stored there, so that what it counted before its first sample is not lost.

Remote write 2.0 tells it with a sample; the first sample of a series is otherwise only what later ones are compared
with. As Prometheus' own "created timestamp zero ingestion" does, but only where the beginning is not long before the
sample: else what was counted in days would appear as if it happened at once.
"""

import numpy as np
import numpy.typing as npt

from trimtab.metrics.model import SAMPLE_ROW, Kind, Rows
from trimtab.metrics.registry import SeriesRegistry

RECENT_MS = 300_000
"""How long before a sample its counter may have begun: Prometheus' look-back, within which a scrape is expected."""


def recent(began_ms: int, time_ms: int) -> bool:
    """Whether a zero at `began_ms` belongs in front of a sample at `time_ms`."""
    return 0 < began_ms < time_ms <= began_ms + RECENT_MS


def beginnings(
    rows: Rows,
    starts: npt.NDArray[np.int64],
    known: dict[int, int],
    registry: SeriesRegistry,
    began: dict[int, int],
) -> Rows:
    """`rows`, and in front of them a zero for each counter whose beginning is told and not among `known`.

    Those are put into `began`.
    """
    times = rows["time"]
    near = np.flatnonzero((starts > 0) & (starts < times) & (times - starts <= RECENT_MS))
    zeros = []
    for series, start in zip(rows["series"][near].tolist(), starts[near].tolist(), strict=True):
        if began.get(series, known.get(series)) == start:
            continue
        found = registry.get(series)
        if found is not None and found.identity.kind is Kind.COUNTER:
            began[series] = start
            zeros.append((series, start, 0.0))
    return np.concatenate((np.array(zeros, SAMPLE_ROW), rows)) if zeros else rows
