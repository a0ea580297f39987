"""Evaluates PromQL alarms: one instant query a time, its series stepped through pending and recovery."""

import json
import logging
from collections.abc import Sequence

import numpy as np

from trimtab.alarms.book import Entry
from trimtab.alarms.contributors import Contributors, alarming, read, step
from trimtab.alarms.evaluate import Verdict
from trimtab.alarms.look import Look
from trimtab.alarms.model import PromQLAlarm, StateValue
from trimtab.alarms.ports import PromQL
from trimtab.alarms.reasons import MAX_DATA, MAX_REASON, Why, stamp
from trimtab.base.errors import InvalidInput

logger = logging.getLogger(__name__)

_TOLD = 10
"""Contributors that a reason's data name."""


async def look_at_promql(engine: PromQL, entry: Entry, times: Sequence[int], delay_ms: int) -> Look:
    """The verdicts on a PromQL alarm at those of `times` (ms, ascending) that its interval has.

    What was before the alarm was changed by hand (an evaluation counts `delay_ms` after its time) is not asked for.
    Raises InvalidInput for a query that the engine refuses, QueryAborted for one that takes too long.
    """
    alarm = entry.alarm
    if not isinstance(alarm, PromQLAlarm):
        raise InvalidInput(f"cannot evaluate {alarm.key.name} as PromQL: it is another kind of alarm")
    interval_ms = alarm.interval_s * 1000
    mine = [time for time in times if time % interval_ms == 0 and time + delay_ms > entry.gate_ms]
    known = read(entry.contributors)
    after: list[Contributors] = []
    for time in mine:
        returned = await engine.vector(entry.scope, alarm.query, time)
        known = step(known, returned, time, alarm.pending_s * 1000, alarm.recovery_s * 1000)
        after.append(known)
    codes = np.array([[Verdict.ALARM if alarming(one) else Verdict.OK for one in after]], dtype=np.int8)

    def why(_row: int, at: int, _old: StateValue, new: StateValue) -> Why:
        return _why(alarm, after[at], new, mine[at])

    return Look([entry], mine, codes.reshape(1, len(mine)), why, {0: after} if mine else None)


def _why(alarm: PromQLAlarm, contributors: Contributors, new: StateValue, time: int) -> Why:
    firing = alarming(contributors)
    if new is StateValue.ALARM:
        reason = f"{len(firing)} {'contributor is' if len(firing) == 1 else 'contributors are'} in ALARM."
    else:
        reason = "No contributor is in ALARM."
    told = {
        "version": "1.0",
        "queryDate": stamp(time),
        "query": alarm.query[:1000],
        "contributors": [{"id": id_, "attributes": one.attributes} for id_, one in list(firing.items())[:_TOLD]],
    }
    text = json.dumps(told, separators=(",", ":"))
    if len(text) > MAX_DATA:
        text = json.dumps({**told, "contributors": []}, separators=(",", ":"))
    return Why(reason[:MAX_REASON], text)
