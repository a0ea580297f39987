"""What is known of each hour's rollup, and the rows that record it.

`metric_rollup_hours` has one valid row an hour, that with the highest `sequence`. Rollup rows carry the version of the
attempt that wrote them; they count from the moment that this version is committed here, all at once, and no longer when
a later one is. What an attempt left that was killed belongs to a version that is never committed, so nobody sees it.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import fields

from trimtab.store.telemetry.client import Columns

HOUR_ROW = np.dtype(
    [
        ("hour", "<u4"),
        ("sequence", "<u4"),
        ("version", "<u4"),
        ("attempt", "<u4"),
        ("marks", "<u8"),
        ("base", "<u4"),
        ("garbage", "u1"),
        ("rolled_at", "<i8"),
    ]
)


class RolledHour(Struct, frozen=True):
    """One hour (number since the epoch) and its rollup.

    `version` is the committed one (0: none), `attempt` the last one begun, `marks` what the committed one saw and
    `seen` the marks that there are now. `base` is the version at which the hour's raw points were dropped (0: they are
    all there); a later roll-up carries its rows over. `garbage` is 1 where rows of other versions may lie about.
    """

    hour: int
    sequence: int = 0
    version: int = 0
    attempt: int = 0
    marks: int = 0
    base: int = 0
    garbage: int = 0
    rolled_at: int = 0
    seen: int = 0

    @property
    def clean(self) -> bool:
        """Whether the rollup says all that was stored for the hour."""
        return self.version > 0 and self.marks == self.seen

    @property
    def frozen(self) -> bool:
        """Whether the rollup is all that is left of the hour, but for what came since."""
        return self.base > 0


def hours_of(columns: Columns) -> dict[int, RolledHour]:
    """From the result of the query `hours`."""
    names = [field.name for field in fields(RolledHour)]
    rows = zip(*(columns[name].tolist() for name in names), strict=True)
    return {row[0]: RolledHour(*row) for row in rows}


def encode(hours: Iterable[RolledHour]) -> bytes:
    """Rows of `metric_rollup_hours` (RowBinary)."""
    rows = [
        (one.hour, one.sequence, one.version, one.attempt, one.marks, one.base, one.garbage, one.rolled_at)
        for one in hours
    ]
    return np.array(rows, HOUR_ROW).tobytes()


def highest_attempt(hours: Mapping[int, RolledHour]) -> int:
    """The newest version that any attempt ever took."""
    return max((one.attempt for one in hours.values()), default=0)
