"""Why a state changed, in CloudWatch's words, and the same as its StateReasonData.

The texts are those that the service is known to write (recorded notifications and alarm histories); times in a reason
are DD/MM/YY in UTC.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.alarms.evaluate import Periods, breaching, judged, present, reach
from trimtab.alarms.model import Judgement, MetricAlarm, Missing, Operator, StateValue
from trimtab.base.clock import to_datetime
from trimtab.metrics.expressions.model import MetricStat

MAX_REASON = 1023
MAX_DATA = 4000
LISTED = 5
"""Values that a reason names before it says "the most recent datapoints"."""
_EVALUATED = 20
"""Periods that StateReasonData lists: it may have 4,000 characters."""
_WORDS = {
    Operator.GREATER_OR_EQUAL: "greater than or equal to the threshold",
    Operator.GREATER: "greater than the threshold",
    Operator.LESS: "less than the threshold",
    Operator.LESS_OR_EQUAL: "less than or equal to the threshold",
}


class Why(Struct, frozen=True):
    """What is told of a change: the sentence, and the JSON that goes with it."""

    reason: str
    data: str


def explain(alarm: MetricAlarm, periods: Periods, old: StateValue, new: StateValue, query_ms: int) -> Why:
    """Why `alarm` went from `old` to `new` on `periods` (the last is the newest); the data were asked for at query_ms.

    `periods` hold no less than the evaluation range.
    """
    return explain_judged(alarm.judgement, _of_metric(alarm), periods, (old, new), query_ms)


def explain_judged(
    judgement: Judgement,
    told: Mapping[str, Any],
    periods: Periods,
    change: tuple[StateValue, StateValue],
    query_ms: int,
) -> Why:
    """The same for anything that is judged in periods; `told` is what its data say of what was asked."""
    wide = periods.cut(len(periods.starts) - reach(judgement.periods), len(periods.starts))
    seen = judged(periods, judgement)
    reason = _sentence(judgement, seen, *change)
    return Why(reason[:MAX_REASON], _data(judgement, told, wide, seen, query_ms))


def _sentence(judgement: Judgement, seen: Periods, old: StateValue, new: StateValue) -> str:
    absent = judgement.periods - len(seen.values)
    if new is StateValue.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_number(absent)} {_was(absent)} unknown."
    title = "Thresholds Crossed" if seen.low is not None else "Threshold Crossed"
    filled = absent and judgement.missing in (Missing.BREACHING, Missing.NOT_BREACHING)
    if filled:
        return f"{title}: {_received(len(seen.values), judgement.periods)} and {_treated(absent, judgement.missing)}."
    broke = breaching(seen, judgement)
    told = broke if new is StateValue.ALARM else ~broke
    return f"{title}: {_crossing(judgement, seen, told, new)}{_minimum(judgement, old, new)}."


def _crossing(judgement: Judgement, seen: Periods, told: "np.typing.NDArray[np.bool_]", new: StateValue) -> str:
    places = np.flatnonzero(told)
    number = len(places)
    count = _number(number)
    if judgement.to_alarm is not None:
        count = f"{number} out of the last {len(seen.values)} {'datapoint' if len(seen.values) == 1 else 'datapoints'}"
    newest = places[::-1][:LISTED].tolist()
    listed = ", ".join(f"{_value(seen.values[at])} ({_short(int(seen.starts[at]))})" for at in newest)
    was = ("was" if number == 1 else "were") + (" " if new is StateValue.ALARM else " not ")
    compared = _compared(judgement, seen, newest)
    if number > LISTED:
        crossed = "datapoints which crossed the threshold" if new is StateValue.ALARM else "datapoints"
        return f"{count} {was}{compared}. The most recent {crossed}: [{listed}]"
    return f"{count} [{listed}] {was}{compared}"


def _compared(judgement: Judgement, seen: Periods, newest: Sequence[int]) -> str:
    if seen.low is None or seen.high is None:
        return f"{_WORDS[judgement.operator]} ({_value(judgement.threshold or 0.0)})"
    low, high = (", ".join(_value(edge[at]) for at in newest) for edge in (seen.low, seen.high))
    below, above = f"less than the lower thresholds [{low}]", f"greater than the upper thresholds [{high}]"
    one = {Operator.BELOW_LOWER: below, Operator.ABOVE_UPPER: above}
    return one.get(judgement.operator, f"{below} or {above}")


def _minimum(judgement: Judgement, old: StateValue, new: StateValue) -> str:
    """How many are needed; told of alarms that were given M, between OK and ALARM."""
    if judgement.to_alarm is None:
        return ""
    to_alarm = new is StateValue.ALARM
    needed = judgement.m if to_alarm else judgement.periods - judgement.m + 1
    between = "OK -> ALARM" if to_alarm else "ALARM -> OK"
    return f" (minimum {_number(needed)} for {between} transition)"


def _received(real: int, periods: int) -> str:
    if not real:
        return f"no datapoints were received for {periods} {'period' if periods == 1 else 'periods'}"
    return f"{_number(real)} {_was(real)} received for {periods} periods"


def _treated(absent: int, missing: Missing) -> str:
    name = "Breaching" if missing is Missing.BREACHING else "NonBreaching"
    return f"{absent} missing {'datapoint was' if absent == 1 else 'datapoints were'} treated as [{name}]"


def _number(number: int) -> str:
    return "1 datapoint" if number == 1 else f"{number} datapoints"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _of_metric(alarm: MetricAlarm) -> dict[str, Any]:
    told: dict[str, Any] = {}
    source = alarm.queries[0].source
    if len(alarm.queries) == 1 and isinstance(source, MetricStat):
        if source.unit:
            told["unit"] = source.unit
        told["statistic"] = source.statistic.text
    return {**told, "period": alarm.period_s}


def _data(judgement: Judgement, asked: Mapping[str, Any], wide: Periods, seen: Periods, query_ms: int) -> str:
    told: dict[str, Any] = {"version": "1.0", "queryDate": stamp(query_ms)}
    if len(seen.starts):
        told["startDate"] = stamp(int(seen.starts[0]))
    told |= asked
    told["recentDatapoints"] = seen.values[-_EVALUATED:].tolist()
    if seen.low is None or seen.high is None:
        told["threshold"] = judgement.threshold
    else:
        told["recentLowerThresholds"] = seen.low[-_EVALUATED:].tolist()
        told["recentUpperThresholds"] = seen.high[-_EVALUATED:].tolist()
    told["evaluatedDatapoints"] = _evaluated(judgement, wide, seen)
    return _fitting(told)


def _evaluated(judgement: Judgement, wide: Periods, seen: Periods) -> list[Mapping[str, Any]]:
    """The values that were judged, newest first; without any, the periods that should have had one."""
    if not len(seen.starts):
        newest = wide.starts[~present(wide)][::-1][: min(judgement.periods, _EVALUATED)]
        return [{"timestamp": stamp(start)} for start in newest.tolist()]
    points: list[Mapping[str, Any]] = []
    for at in range(len(seen.starts) - 1, max(len(seen.starts) - 1 - _EVALUATED, -1), -1):
        point: dict[str, Any] = {"timestamp": stamp(int(seen.starts[at]))}
        if seen.samples is not None and not np.isnan(seen.samples[at]):
            point["sampleCount"] = float(seen.samples[at])
        point["value"] = float(seen.values[at])
        if seen.low is not None and seen.high is not None:
            point["threshold"] = [float(seen.low[at]), float(seen.high[at])]
        points.append(point)
    return points


def _fitting(told: dict[str, Any]) -> str:
    """The JSON, with fewer of the evaluated points where it would be too long."""
    text = compact(told)
    while len(text) > MAX_DATA and told["evaluatedDatapoints"]:
        told["evaluatedDatapoints"] = told["evaluatedDatapoints"][:-1]
        text = compact(told)
    return text


def compact(told: Mapping[str, Any]) -> str:
    """JSON without spaces, as the service writes it."""
    return json.dumps(told, separators=(",", ":"))


def stamp(ms: int) -> str:
    """A time as in StateReasonData and notifications: 2019-10-02T17:04:40.985+0000."""
    return to_datetime(ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}+0000"


def spoken(ms: int) -> str:
    """A time as in the reasons of composite alarms: Friday 22 July, 2022 15:57:45 UTC."""
    return to_datetime(ms).strftime("%A %d %B, %Y %H:%M:%S UTC")


def _short(ms: int) -> str:
    return to_datetime(ms).strftime("%d/%m/%y %H:%M:%S")


def _value(value: float) -> str:
    """A number as the service writes it: whole ones with .0; large and small ones in Java's scientific form."""
    text = repr(float(value))
    if "e" not in text and (value == 0 or 1e-3 <= abs(value) < 1e7):
        return text
    mantissa, exponent = f"{value:.16e}".split("e")
    digits = min((f"{value:.{places}e}" for places in range(17) if float(f"{value:.{places}e}") == value), key=len)
    mantissa = digits.split("e")[0]
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"
