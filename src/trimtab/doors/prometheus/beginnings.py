"""When a counter began: a zero is stored there, so that what it counted before its first sample is not lost.

Remote write 2.0 tells it with a sample; the first sample of a series is otherwise only what later ones are compared
with. As Prometheus' own "created timestamp zero ingestion" does, but only where it began lately (`metrics/beginnings`).
"""

import numpy as np
import numpy.typing as npt

from trimtab.metrics.beginnings import RECENT_MS
from trimtab.metrics.model import SAMPLE_ROW, Kind, Rows
from trimtab.metrics.registry import SeriesRegistry


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
