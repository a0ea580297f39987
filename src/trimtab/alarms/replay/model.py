"""What a replay finds: the transitions that an alarm would have had, and what they add up to. Nothing here changes."""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from trimtab.alarms.evaluate import Floats, Integers
from trimtab.alarms.model import AlarmKey, Operator, StateValue
from trimtab.base.errors import InvalidInput


class CannotReplay(InvalidInput):
    """cannot replay <alarm>: <why, and what can be done>."""


class Span(Struct, frozen=True):
    """The range to replay, `[start_ms, end_ms)`; `now_ms` is when it is asked for."""

    start_ms: int
    end_ms: int
    now_ms: int


class Moved(Struct, frozen=True):
    """A transition at `at_ms`, with the reason that the alarm would have told; `muted` by a mute rule of today."""

    at_ms: int
    old: StateValue
    new: StateValue
    reason: str
    muted: bool = False


class Episode(Struct, frozen=True):
    """A time in ALARM, `[start_ms, end_ms)`; `begun_before` and `lasts` where the range cuts it."""

    start_ms: int
    end_ms: int
    begun_before: bool = False
    lasts: bool = False

    @property
    def length_ms(self) -> int:
        """How long it is, within the range."""
        return self.end_ms - self.start_ms


class Trace(Struct, frozen=True):
    """What was judged, for a chart: period starts (ms), values, and the edges of a band where there is one.

    NaN is no value. `factor` is true of a burn rate, whose threshold is the factor of its shortest windows.
    """

    label: str
    period_s: int
    starts: Integers
    values: Floats
    threshold: float | None = None
    operator: Operator | None = None
    low: Floats | None = None
    high: Floats | None = None
    unit: str = ""

    @classmethod
    def empty(cls, label: str) -> "Trace":
        """Without anything to draw."""
        return cls(label, 60, np.empty(0, np.int64), np.empty(0))


class Replay(Struct, frozen=True):
    """An alarm over `[start_ms, end_ms)`, evaluated every `step_s` seconds; it began in the state `began`.

    `notes` say in sentences what differs from what was asked for, and why.
    """

    key: AlarmKey
    start_ms: int
    end_ms: int
    step_s: int
    began: StateValue
    transitions: tuple[Moved, ...]
    spent_ms: Mapping[StateValue, int]
    episodes: tuple[Episode, ...]
    trace: Trace
    evaluations: int = 0
    notes: tuple[str, ...] = ()
    children: Mapping[str, StateValue] | None = None
    """Of a composite alarm: the states of its children at the end."""

    @property
    def fired(self) -> int:
        """How often it went into ALARM."""
        return sum(one.new is StateValue.ALARM for one in self.transitions)

    @property
    def muted(self) -> int:
        """How many of those a mute rule of today would have kept silent."""
        return sum(one.new is StateValue.ALARM and one.muted for one in self.transitions)

    @property
    def ended(self) -> StateValue:
        """The state at the end."""
        return self.transitions[-1].new if self.transitions else self.began

    @property
    def firing_ms(self) -> int:
        """The time in ALARM."""
        return self.spent_ms.get(StateValue.ALARM, 0)

    @property
    def longest_ms(self) -> int:
        """The longest time in ALARM at a stretch."""
        return max((one.length_ms for one in self.episodes), default=0)

    @property
    def median_ms(self) -> int:
        """The median length of a time in ALARM."""
        return int(np.median([one.length_ms for one in self.episodes])) if self.episodes else 0
