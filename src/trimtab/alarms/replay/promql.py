"""Replays PromQL alarms: a few range queries, whose series are stepped through pending and recovery."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from trimtab.access.scope import Scope
from trimtab.alarms.contributors import Contributors, alarming, step
from trimtab.alarms.evaluate import Codes, Floats, Integers, Verdict
from trimtab.alarms.model import PromQLAlarm, StateValue
from trimtab.alarms.replay.found import Found, times_of
from trimtab.alarms.replay.model import CannotReplay, Trace
from trimtab.alarms.replay.pace import Pace
from trimtab.alarms.vectors import check_promql
from trimtab.base.errors import InvalidInput
from trimtab.metrics.promql.engine import PromQL

MOST_STEPS = 10_000
"""Steps of one range query: below the engine's own limit."""
MOST_CELLS = 2_000_000
"""Returned points that are stepped through: some seconds."""

Matrix = Sequence[tuple[Mapping[str, str], Integers, Floats]]
"""Series with their labels, times (ms) and values."""


class Ranges(Protocol):
    """A PromQL engine: range queries."""

    async def matrix(self, scope: Scope, text: str, start_ms: int, end_ms: int, step_ms: int) -> Matrix:
        """The series that `text` returns at every step of a range, both ends included. Raises InvalidInput."""
        ...


class PromQLRanges:
    """The PromQL engine, as a replay asks it."""

    def __init__(self, engine: PromQL) -> None:
        self._engine = engine

    async def matrix(self, scope: Scope, text: str, start_ms: int, end_ms: int, step_ms: int) -> Matrix:
        """The series that `text` returns at every step of a range; native histograms count with NaN as their value."""
        check_promql(text)
        answer = await self._engine.query_range(scope, text, start_ms, end_ms, step_ms)
        return [
            (
                dict(one.labels),
                np.concatenate((one.times, one.histogram_times)),
                np.concatenate((one.values, np.full(len(one.histogram_times), np.nan))),
            )
            for one in answer.series
        ]


async def replay_promql(engine: Ranges, alarm: PromQLAlarm, at: Pace) -> Found:
    """The verdicts on a PromQL alarm at every time of a pace."""
    times = times_of(at)
    scope = Scope.of(alarm.key.account, alarm.key.region)
    returned: dict[int, list[tuple[Mapping[str, str], float]]] = {}
    cells = 0
    for first in range(0, len(times), MOST_STEPS):
        part = times[first : first + MOST_STEPS]
        try:
            matrix = await engine.matrix(scope, alarm.query, part[0], part[-1], at.step_s * 1000)
        except InvalidInput as problem:
            raise CannotReplay(f"cannot replay {alarm.key.name}: {problem}") from None
        for labels, stamps, values in matrix:
            cells += len(stamps)
            for time, value in zip(stamps.tolist(), values.tolist(), strict=True):
                returned.setdefault(time, []).append((labels, value))
        if cells > MOST_CELLS:
            raise CannotReplay(
                f"cannot replay {alarm.key.name}: its query returns more than {MOST_CELLS} points; try a shorter range"
            )
    codes, firing = _stepped(alarm, times, returned)

    def why(number: int, _old: StateValue, new: StateValue) -> str:
        count = firing[number]
        if new is StateValue.ALARM:
            return f"{count} {'contributor is' if count == 1 else 'contributors are'} in ALARM."
        return "No contributor is in ALARM."

    counted = np.array([len(returned.get(time, ())) for time in times], dtype=np.float64)
    trace = Trace("series that the query returns", at.step_s, np.array(times, dtype=np.int64), counted)
    return Found(np.array(times, dtype=np.int64), codes, why, trace, at)


def _stepped(
    alarm: PromQLAlarm, times: Sequence[int], returned: Mapping[int, Sequence[tuple[Mapping[str, str], float]]]
) -> tuple[Codes, list[int]]:
    """The verdicts, and how many series are in ALARM at each time."""
    known: Contributors = {}
    firing = []
    for time in times:
        now = returned.get(time, ())
        if now or known:
            known = step(known, now, time, alarm.pending_s * 1000, alarm.recovery_s * 1000)
        firing.append(len(alarming(known)) if known else 0)
    codes = np.where(np.array(firing) > 0, np.int8(Verdict.ALARM), np.int8(Verdict.OK)).astype(np.int8)
    return codes, firing
