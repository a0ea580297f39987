"""An anomaly: a stretch of time in which one series was not what its own history makes expect."""

from enum import IntEnum
from math import isfinite

from msgspec import Struct

SLOT_MS = 300_000
"""Every series is looked at in five-minute means (or rates, or sums): two weeks of them are its history."""
BEFORE = 72
"""Slots of a picture before the anomaly began: six hours."""
CALM = 12
"""Slots in a row without anything unusual that end an anomaly: an hour."""
SLIGHT = 0.02
"""A departure below this share of the value is statistics, and not an event."""
LONGEST = 100
"""Slots after which an anomaly ends in any case: a state that lasts is the new normal."""
PICTURE = BEFORE + LONGEST + CALM


class Direction(IntEnum):
    """Where the values went: above or below what was expected, or neither, where only their shape is new."""

    BELOW = -1
    SHAPE = 0
    ABOVE = 1


class Anomaly(Struct, frozen=True):
    """One anomaly as it is known now. Times are ms; `end_ms` is the end of the last unusual slot.

    `score` is the greatest of the anomaly (see `timeseries.anomaly.kernel`), seen at `peak_ms` with `value`, where
    `low` to `high` was expected. `points` are the means of the slots from `picture_ms` on (NaN: none), `lows` and
    `highs` what was expected of them when it began. `revision` grows with what is known of it.
    """

    series: int
    start_ms: int
    end_ms: int
    account: str
    region: str
    open: bool
    score: float
    peak_ms: int
    direction: Direction
    value: float
    low: float
    high: float
    picture_ms: int
    points: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    revision: int = 0

    @property
    def id(self) -> str:
        """The name of it in addresses: series and second of its start."""
        return f"{self.series}-{self.start_ms // 1000}"

    @property
    def departure(self) -> float:
        """How far the value was from the middle of what was expected, as a share of the larger of the two."""
        if not (isfinite(self.low) and isfinite(self.high)):
            return 1.0
        middle = (self.low + self.high) / 2.0
        size = max(abs(self.value), abs(middle))
        return abs(self.value - middle) / size if size > 0.0 else 0.0

    @property
    def is_slight(self) -> bool:
        """Whether the values hardly moved: nobody would see it on a chart from zero."""
        return self.departure < SLIGHT

    @property
    def rank(self) -> float:
        """What anomalies are ordered by: the score, less where the values hardly moved.

        A departure of a tenth of its size, or more, counts in full; one too small to be seen counts half.
        """
        return self.score * (0.5 + 0.5 * min(self.departure / 0.1, 1.0))


def parse_id(text: str) -> tuple[int, int] | None:
    """The series and start (ms) that an id names; None for what is none."""
    series, _, second = text.partition("-")
    if not (series.isdecimal() and second.isdecimal() and text.isascii()) or len(series) > 20 or len(second) > 11:
        return None
    number = int(series)
    return (number, int(second) * 1000) if number < 2**64 else None
