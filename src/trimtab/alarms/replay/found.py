"""What each kind of alarm gives a replay: verdicts at times, why they changed, and what was judged."""

import numpy as np
from msgspec import Struct

from trimtab.alarms.book import Entry
from trimtab.alarms.evaluate import Codes, Integers
from trimtab.alarms.look import Look
from trimtab.alarms.model import Alarm, StateValue
from trimtab.alarms.replay.model import Trace
from trimtab.alarms.replay.outcome import Why
from trimtab.alarms.replay.pace import Pace


class Found(Struct, frozen=True):
    """The verdicts at `times` (ms, ascending), why they changed, and what was judged."""

    times: Integers
    codes: Codes
    why: Why
    trace: Trace
    pace: Pace

    @classmethod
    def of(cls, look: Look, trace: Trace, pace: Pace) -> "Found":
        """What a look at one alarm found."""

        def why(number: int, old: StateValue, new: StateValue) -> str:
            return look.explain(0, number, old, new).reason

        return cls(np.array(look.times, dtype=np.int64), look.codes[0], why, trace, pace)


def entry_of(alarm: Alarm) -> Entry:
    """An alarm as the evaluator holds it, in its first state."""
    return Entry(alarm, 0)


def times_of(pace: Pace) -> list[int]:
    """The evaluation times of a pace: full steps whose evaluation counts within the range, and that are over."""
    step_ms = pace.step_s * 1000
    first = -(-(pace.span.start_ms - pace.delay_ms) // step_ms) * step_ms
    last = min(pace.span.end_ms - 1, pace.span.now_ms) - pace.delay_ms
    return list(range(first, last + 1, step_ms))
