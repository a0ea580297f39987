"""Marks: which closed hours got points since they were rolled up.

Every batch names the hours that it touches in a section of its own, behind its points. When the log's drain comes to
that section the points are in the engine; hours that had ended by then are marked. So a point that lands after its
hour ended always leaves a mark, however late and for whatever reason, and one that lands in time costs nothing.
Marks are counts: an hour is clean while it has as many as its rollup saw before it read the points.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from trimtab.metrics.rollups.tiers import HOUR_MS
from trimtab.store.telemetry.batch import Section
from trimtab.store.telemetry.schema import METRIC_ROLLUP_MARKS

MARK_ROW = np.dtype([("hour", "<u4"), ("marks", "<u8")])
_LAST_HOUR = np.iinfo(np.uint32).max


def touched(times: Iterable[npt.NDArray[np.int64]]) -> Section | None:
    """The section that names the hours of `times` (arrays of ms); None where there are none."""
    hours = [np.unique(some // HOUR_MS) for some in times if len(some)]
    if not hours:
        return None
    distinct = hours[0] if len(hours) == 1 else np.unique(np.concatenate(hours))
    rows = np.empty(len(distinct), MARK_ROW)
    rows["hour"] = np.clip(distinct, 0, _LAST_HOUR)
    rows["marks"] = 1
    return Section(METRIC_ROLLUP_MARKS.name, len(rows), frozenset(), rows.tobytes())


def ended(body: bytes, now_ms: int) -> bytes:
    """Of the touched hours in `body`, the rows of those that have ended by `now_ms`, each once; may be empty."""
    hours = np.unique(np.frombuffer(body, MARK_ROW)["hour"])
    late = hours[hours < now_ms // HOUR_MS]
    rows = np.empty(len(late), MARK_ROW)
    rows["hour"], rows["marks"] = late, 1
    return rows.tobytes()
