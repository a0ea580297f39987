"""Where periods begin that follow the clock of a time zone: the full hour, midnight, Monday's midnight.

A day on which the clock changes is shorter or longer than 24 hours, so these periods are given by their boundaries.
"""

from datetime import UTC, datetime, time, timedelta, tzinfo

import numpy as np
import numpy.typing as npt

from trimtab.base.clock import to_datetime, to_ms

_DAY_S = 86_400
_WEEK_S = 604_800


def boundaries(zone: tzinfo, period_s: int, end_ms: int, count: int) -> npt.NDArray[np.int64]:
    """The `count` + 1 newest boundaries at or before `end_ms`, ascending: `count` whole periods lie between them.

    Weeks begin on Monday. Periods of an hour and less follow the zone's offset at `end_ms`.
    """
    local = to_datetime(end_ms).astimezone(zone)
    if period_s < _DAY_S:
        offset_ms = (local.utcoffset() or timedelta()) // timedelta(milliseconds=1)
        period_ms = period_s * 1000
        last = end_ms - (end_ms + offset_ms) % period_ms
        return np.arange(last - count * period_ms, last + 1, period_ms, dtype=np.int64)
    days = period_s // _DAY_S
    day = local.date()
    if period_s == _WEEK_S:
        day -= timedelta(days=day.weekday())
    starts = [day - timedelta(days=days * back) for back in range(count, -1, -1)]
    moments = [to_ms(datetime.combine(start, time(), zone).astimezone(UTC)) for start in starts]
    return np.array(moments, dtype=np.int64)
