"""sagemaker-metrics: metrics of training, put by step and read back by step or by time.

They are gauges of the namespace `/aws/sagemaker/TrialComponents` with the dimension `TrialComponentName`, so that
charts and alarms see them; the steps are a gauge beside each, `<metric> step`, with the same times.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from trimtab.access.principal import Role
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms
from trimtab.doors.aws.service import Answer, CallContext, Operations, Request, coral_as
from trimtab.metrics.model import SAMPLE_ROW, Identity, Kind, MetricBatch, SeriesQuery

NAMESPACE, DIMENSION, STEP = "/aws/sagemaker/TrialComponents", "TrialComponentName", " step"
_DOOR = "sagemaker-metrics"
_WEEKS_MS = 14 * 86_400_000  # how old a timestamp may be: the service's two weeks
_AHEAD_MS = 2 * 3_600_000
_SECONDS = {"OneMinute": 60, "FiveMinute": 300, "OneHour": 3600}
_ALL_S = 90 * 86_400  # looked back for a query without a start
_MOST = 10_000  # values of an answer
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


worded = coral_as("ValidationException")


operations: Operations[SageMakerRooms] = Operations(_DOOR, worded, invalid_code="ValidationException")


@operations.add("BatchPutMetrics", needs=Role.WRITE)
async def batch_put_metrics(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Keep values of a trial component; a wrong one is refused by its index, the others are kept."""
    metrics, now_ms = rooms.metrics, rooms.metrics.clock.now_ms()
    rows, errors = [], []
    for index, one in enumerate(request["MetricData"]):
        old = not now_ms - _WEEKS_MS <= one["Timestamp"] <= now_ms + _AHEAD_MS
        if not math.isfinite(one["Value"]) or old:
            errors.append({"Code": "VALIDATION_ERROR", "MetricIndex": index})
            continue
        component, name = request["TrialComponentName"], one["MetricName"]
        rows.append((_identity(context, component, name), one["Timestamp"], one["Value"]))
        if one.get("Step") is not None:
            rows.append((_identity(context, component, name + STEP), one["Timestamp"], float(one["Step"])))
    if rows:
        metrics.registry.admit(identity for identity, _, _ in rows)
        samples = [(metrics.registry.add(identity), at_ms, value) for identity, at_ms, value in rows]
        batch = MetricBatch(samples=np.array(samples, SAMPLE_ROW))
        key = f"{_DOOR}/{context.account}/{context.region}/{context.invocation_id}" if context.invocation_id else None
        appended = await metrics.ingest.write(batch, key)  # nothing awaits between `add` and this: see MetricIngest
        if not appended.duplicate:
            metrics.ledger.accepted(_DOOR, NAMESPACE, context.account, context.region, len(batch), context.size)
    return {"Errors": errors} if errors else {}


@operations.add("BatchGetMetrics")
async def batch_get_metrics(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Read values back: all of them by step, or a statistic of each period."""
    await rooms.metrics.reader.fresh()
    return {"MetricQueryResults": [await _read(rooms, one, context) for one in request["MetricQueries"]]}


async def _read(rooms: SageMakerRooms, query: Mapping[str, Any], context: CallContext) -> dict[str, Any]:
    component = str(query["ResourceArn"]).rpartition("/")[2]
    by_step = query["XAxisType"] == "IterationNumber"
    if by_step != (query["Period"] == "IterationNumber"):
        text = "Period IterationNumber and XAxisType IterationNumber go together."
        return {"Status": "ValidationError", "Message": text, "XAxisValues": [], "MetricValues": []}
    now_ms = rooms.metrics.clock.now_ms()
    start, end = (None, None) if by_step else (query.get("Start"), query.get("End"))
    bounds = (now_ms - 1000 * _ALL_S if start is None else start), (now_ms + _AHEAD_MS if end is None else end)
    times, values = await _points(rooms, context, component, query["MetricName"], bounds)
    if by_step:
        at, steps = await _points(rooms, context, component, query["MetricName"] + STEP, bounds)
        known = dict(zip(at.tolist(), steps.tolist(), strict=True))
        has = np.array([time in known for time in times.tolist()], dtype=bool)
        axis, values = np.array([int(known[time]) for time in times[has].tolist()], dtype=np.int64), values[has]
        low, high = query.get("Start"), query.get("End")
        inside = (axis >= (low if low is not None else 0)) & (axis <= (high if high is not None else 2**53))
        axis, values = axis[inside], values[inside]
    else:
        axis = times // (1000 * _SECONDS[query["Period"]]) * (1000 * _SECONDS[query["Period"]])
    x, y = statistic(axis, values, query["MetricStat"])
    status = "Truncated" if len(x) > _MOST else "Complete"
    return {"Status": status, "XAxisValues": x[:_MOST], "MetricValues": y[:_MOST]}


def statistic(axis: Integers, values: Floats, name: str) -> tuple[list[int], list[float]]:
    """A statistic of the values at each place of the axis, in its order."""
    order = np.argsort(axis, kind="stable")
    axis, values = axis[order], values[order]
    places, starts = np.unique(axis, return_index=True)
    found = [_STATISTICS[name](part) for part in np.split(values, starts[1:])] if len(places) else []
    return places.tolist(), found


_STATISTICS: Mapping[str, Callable[[Floats], float]] = {
    "Min": lambda part: float(part.min()),
    "Max": lambda part: float(part.max()),
    "Avg": lambda part: float(part.mean()),
    "Count": lambda part: float(len(part)),
    "StdDev": lambda part: float(part.std()),
    "Last": lambda part: float(part[-1]),
}


async def _points(
    rooms: SageMakerRooms, context: CallContext, component: str, name: str, bounds: tuple[int, int]
) -> tuple[Integers, Floats]:
    query = SeriesQuery(namespace=NAMESPACE, name=name, dimensions=((DIMENSION, component),), exact=True)
    known = [
        one for one in rooms.metrics.registry.find(context.scope, query)
        if (one.identity.account, one.identity.region) == (context.account, context.region)
    ]  # fmt: skip
    if not known:
        return np.empty(0, np.int64), np.empty(0)
    raw = await rooms.metrics.reader.raw(context.scope, known[0].id, bounds[0], bounds[1] + 1)
    return raw.times, raw.values


def _identity(context: CallContext, component: str, name: str) -> Identity:
    return Identity(context.account, context.region, NAMESPACE, name, ((DIMENSION, component),), kind=Kind.GAUGE)
