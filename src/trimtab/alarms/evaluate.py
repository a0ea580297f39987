"""The state machine of an alarm with a threshold: pure functions over arrays of periods.

A *period* is a stretch of time with a value or none. An evaluation looks at the newest `reach(N)` periods, which is
wider than N: CloudWatch looks further back than it must, so that single gaps need no guess. In order:

1. N or more of them have a value: the newest N values are judged; how missing data is treated does not matter.
2. Fewer have: all of them are kept, and filled up to N as `TreatMissingData` says. `breaching` and `notBreaching` fill
   with that. Otherwise M breaching values are an ALARM; where all values breach, fewer than M of them, the oldest at
   least M periods old, `missing` gives ALARM (CloudWatch's "premature transition") and `ignore` keeps the state,
   and a younger one keeps the state in both; one value that does not breach gives OK.
3. None has: INSUFFICIENT_DATA, the state kept, ALARM or OK.

Source: "Using Amazon CloudWatch alarms", its tables (tests/unit/alarms/test_documented_tables.py has every cell).

`judge` takes thousands of evaluations at once, each a slice of periods, in time linear in the periods: replay and the
evaluator share it. `evaluate` is the same for one alarm and one moment.
"""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.alarms.model import Judgement, Missing, Operator, State, StateValue, Transition

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]

EXTRA_PERIODS = 2
"""Periods looked at beyond N: the documented tables show five for N = 3; the service does not tell its rule."""


class Verdict(IntEnum):
    """What an evaluation finds, as the code in an array."""

    KEEP = 0
    OK = 1
    ALARM = 2
    INSUFFICIENT_DATA = 3


VALUES = {
    Verdict.OK: StateValue.OK,
    Verdict.ALARM: StateValue.ALARM,
    Verdict.INSUFFICIENT_DATA: StateValue.INSUFFICIENT_DATA,
}


class Periods(Struct, frozen=True):
    """Periods by their start (ms), oldest first, of one length: NaN is no value.

    `low` and `high` are the edges of a band where there is one. `samples` counts what a value was made of; NaN where
    that is not known.
    """

    starts: Integers
    values: Floats
    low: Floats | None = None
    high: Floats | None = None
    samples: Floats | None = None

    def cut(self, first: int, end: int) -> "Periods":
        """The periods from index `first` up to `end`."""
        part = slice(max(first, 0), end)
        return Periods(
            self.starts[part],
            self.values[part],
            None if self.low is None else self.low[part],
            None if self.high is None else self.high[part],
            None if self.samples is None else self.samples[part],
        )


def reach(periods: int) -> int:
    """How many periods an evaluation of N looks at."""
    return periods + EXTRA_PERIODS


def breaching(periods: Periods, judgement: Judgement) -> Bools:
    """Which periods breach; those without a value, or without a band to compare with, do not."""
    values, operator = periods.values, judgement.operator
    if periods.low is None or periods.high is None:
        return compare(operator, values, np.array([np.nan if judgement.threshold is None else judgement.threshold]))
    with np.errstate(invalid="ignore"):
        below, above = values < periods.low, values > periods.high
    one: dict[Operator, Bools] = {Operator.BELOW_LOWER: below, Operator.ABOVE_UPPER: above}
    return one.get(operator, below | above)


def compare(operator: Operator, values: Floats, limits: Floats) -> Bools:
    """Which values breach their limits (arrays that broadcast); NaN does not."""
    with np.errstate(invalid="ignore"):
        match operator:
            case Operator.GREATER_OR_EQUAL:
                return values >= limits
            case Operator.GREATER | Operator.ABOVE_UPPER:
                return values > limits
            case Operator.LESS_OR_EQUAL:
                return values <= limits
            case Operator.LESS | Operator.BELOW_LOWER:
                return values < limits
            case _:
                return np.zeros(np.broadcast_shapes(values.shape, limits.shape), dtype=np.bool_)


def present(periods: Periods) -> Bools:
    """Which periods have something to judge: a value and, where there is a band, both of its edges."""
    real = ~np.isnan(periods.values)
    for edge in (periods.low, periods.high):
        if edge is not None:
            real &= ~np.isnan(edge)
    return real


def judge(real: Bools, breach: Bools, ends: Integers, judgement: Judgement, few: Bools | None = None) -> Codes:
    """The verdict of every evaluation: number i looks at the `reach(N)` periods before index `ends[i]`.

    `real` and `breach` tell of the periods, oldest first; what lies before the first of them counts as missing. `few`
    marks values of too few samples: where one would be judged, the state is kept.
    """
    n, m = judgement.periods, judgement.m
    breach = breach & real
    first = np.maximum(ends - reach(n), 0)
    count = _running(real)  # values before each index
    place = np.flatnonzero(real)  # where each value is
    hits = _running(breach[place])  # breaching values before each value's number
    newest, oldest = count[ends], count[first]
    number = newest - oldest
    oldest = np.maximum(oldest, newest - n)  # of N or more, the newest N
    broken = hits[newest] - hits[oldest]
    judged = newest - oldest
    verdict = _filled(judged, broken, _age(place, oldest, ends), judgement)
    if few is not None:
        weak = _running(few[place])
        verdict[weak[newest] > weak[oldest]] = Verdict.KEEP
    none = {
        Missing.MISSING: Verdict.INSUFFICIENT_DATA,
        Missing.IGNORE: Verdict.KEEP,
        Missing.BREACHING: Verdict.ALARM if m <= n else Verdict.OK,
        Missing.NOT_BREACHING: Verdict.OK,
    }
    verdict[number == 0] = none[judgement.missing]
    return verdict


def _filled(judged: Integers, broken: Integers, age: Integers, judgement: Judgement) -> Codes:
    """The verdict on `judged` values of which `broken` breach, the oldest `age` periods old."""
    n, m, missing = judgement.periods, judgement.m, judgement.missing
    absent = n - judged
    if missing is Missing.BREACHING:
        broken = broken + absent
    verdict = np.where(broken >= m, np.int8(Verdict.ALARM), np.int8(Verdict.OK)).astype(np.int8)
    if missing in (Missing.MISSING, Missing.IGNORE):
        unsure = (absent > 0) & (broken == judged) & (broken < m)
        verdict[unsure] = Verdict.KEEP
        if missing is Missing.MISSING:
            verdict[unsure & (age >= m)] = Verdict.ALARM
    return verdict


def _age(place: Integers, oldest: Integers, ends: Integers) -> Integers:
    """How many periods back the oldest judged value lies; 1 is the newest period."""
    if not len(place):
        return np.zeros(len(ends), dtype=np.int64)
    return ends - place[np.minimum(oldest, len(place) - 1)]


def _running(flags: Bools) -> Integers:
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(flags, dtype=np.int64)))


def transitions(verdicts: Codes, before: StateValue) -> Iterator[tuple[int, StateValue, StateValue]]:
    """The changes that successive verdicts make: (number of the evaluation, old value, new value)."""
    told = np.flatnonzero(verdicts != Verdict.KEEP)
    codes = verdicts[told]
    start = next(code for code, value in VALUES.items() if value is before)
    changed = np.flatnonzero(codes != np.concatenate((np.array([start], dtype=np.int8), codes[:-1])))
    old = before
    for at in changed.tolist():
        new = VALUES[Verdict(int(codes[at]))]
        yield int(told[at]), old, new
        old = new


def few_samples(samples: Floats, percentile: Fraction) -> Bools:
    """Which values of a percentile (0 to 1) have too few samples: fewer than 10/(1-p), or 10/p below p50.

    The share is exact: in floating point 10 / (1 - 0.9) is above 100.
    """
    share = 1 - percentile if percentile >= Fraction(1, 2) else percentile
    with np.errstate(invalid="ignore"):
        return samples < (float(10 / share) if share else np.inf)


def evaluate(periods: Periods, judgement: Judgement, few: Bools | None = None) -> Verdict:
    """The verdict at one moment, on periods of which the last is the newest complete one."""
    ends = np.array([len(periods.starts)], dtype=np.int64)
    return Verdict(int(judge(present(periods), breaching(periods, judgement), ends, judgement, few)[0]))


def judged(periods: Periods, judgement: Judgement) -> Periods:
    """The values that an evaluation at the end of `periods` judged, oldest first."""
    wide = periods.cut(len(periods.starts) - reach(judgement.periods), len(periods.starts))
    real = np.flatnonzero(present(wide))[-judgement.periods :]
    parts = (wide.low, wide.high, wide.samples)
    return Periods(wide.starts[real], wide.values[real], *(None if part is None else part[real] for part in parts))


def apply(verdict: Verdict, state: State, at_ms: int, reason: str, data: str | None) -> Transition | None:
    """The transition that a verdict makes of `state`, if it makes one."""
    value = VALUES.get(verdict, state.value)
    if value is state.value:
        return None
    return Transition(state.value, State(value, reason, data, at_ms, at_ms))


def run(verdicts: Sequence[int], state: StateValue) -> list[StateValue]:
    """The state after every one of successive verdicts."""
    states = []
    for verdict in verdicts:
        state = VALUES.get(Verdict(verdict), state)
        states.append(state)
    return states
