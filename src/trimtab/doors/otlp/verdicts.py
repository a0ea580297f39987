"""Which points of a request are taken, and why the others are not: one reason a point, the first that holds."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from trimtab.doors.otlp.request import NO_RECORDED_VALUE, NO_VALUE, Metrics, Numbers, Shape, Temporality

BEHIND_MS = 14 * 86_400_000
"""How old a point may be: CloudWatch's limit, and what the agent's spool may hold after an outage."""
AHEAD_MS = 2 * 3_600_000
"""How far ahead of the server's clock a point may be: CloudWatch's limit."""
_NS = 1_000_000

NO_TIME = "a point has no time"
NOT_IN_TIME = "a point's time is not between 14 days ago and two hours from now"
NOT_FINITE = "a point's value is not a finite number"
WITHOUT_VALUE = "a point has no value"
NO_TEMPORALITY = "a sum or histogram has no aggregation temporality; expected delta or cumulative"

_REASONS = (NO_TEMPORALITY, WITHOUT_VALUE, NO_TIME, NOT_IN_TIME, NOT_FINITE)
_SKIPPED = 100  # a point that says there is none: nothing is wrong with it

Codes = npt.NDArray[np.int64]


def time_problem(nanos: int, now_ms: int) -> str:
    """What is wrong with one point's time; "" if nothing is."""
    if not nanos:
        return NO_TIME
    return "" if now_ms - BEHIND_MS <= nanos // _NS <= now_ms + AHEAD_MS else NOT_IN_TIME


def judge(metrics: Metrics, numbers: Numbers, now_ms: int) -> Codes:
    """0 for each number that is taken, else a code for `refusals`."""
    shape, temporality = metrics.shape[numbers.metric], metrics.temporality[numbers.metric]
    times, values, states = numbers.times, numbers.values, numbers.states
    earliest, latest = np.uint64((now_ms - BEHIND_MS) * _NS), np.uint64((now_ms + AHEAD_MS) * _NS + _NS - 1)
    told = (temporality == Temporality.DELTA) | (temporality == Temporality.CUMULATIVE)
    codes = np.where(np.isfinite(values), 0, 5)
    codes[(times < earliest) | (times > latest)] = 4
    codes[times == 0] = 3
    codes[states & NO_VALUE != 0] = 2
    codes[(shape == Shape.SUM) & ~told] = 1
    codes[states & NO_RECORDED_VALUE != 0] = _SKIPPED
    return codes


def refusals(codes: Codes, resources: npt.NDArray[np.int64]) -> Iterator[tuple[int, str, int, int]]:
    """(resource, reason, number of the first point, how many) of what `judge` did not take."""
    wrong = np.flatnonzero((codes != 0) & (codes != _SKIPPED))
    if not len(wrong):
        return
    groups = resources[wrong] * _SKIPPED + codes[wrong]
    kinds, first, counts = np.unique(groups, return_index=True, return_counts=True)
    for kind, at, count in zip(kinds.tolist(), first.tolist(), counts.tolist(), strict=True):
        yield kind // _SKIPPED, _REASONS[kind % _SKIPPED - 1], int(wrong[at]), count
