"""PutMetricData: checked whole, written durably, then acknowledged. One wrong datum refuses the whole call."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from trimtab.access.principal import Role
from trimtab.base.errors import LimitExceeded
from trimtab.doors.aws.cloudwatch.complaints import Complaints, too_many
from trimtab.doors.aws.cloudwatch.datum import Datum, check_datum, identity_of, rows_of
from trimtab.doors.aws.cloudwatch.entity import check_entities
from trimtab.doors.aws.cloudwatch.fast import read_fast
from trimtab.doors.aws.cloudwatch.limits import MAX_METRICS
from trimtab.doors.aws.cloudwatch.names import check_namespace
from trimtab.doors.aws.cloudwatch.rooms import DOOR, CloudWatchRooms, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.metrics.model import SET_ROW, VALUE_ROW, MetricBatch

_EMPTY: Answer = {}
_PLACE = re.compile(r"member\.\d+")
_EXAMPLE = 500
"""Characters of a refused request that the ledger keeps as its example."""


async def put_fast(rooms: CloudWatchRooms, body: bytes, context: CallContext) -> Answer | None:
    """Take a JSON body with nothing unusual in it; None hands it to `put_metric_data`."""
    fast = read_fast(body, rooms, context)
    if fast is None:
        return None
    await _write(rooms, context, fast.namespace, fast.batch)
    return _EMPTY


@operations.add("PutMetricData", needs=Role.WRITE, checks_itself=True, raw=put_fast)
async def put_metric_data(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Take a request of any protocol, or say everything that is wrong with it."""
    now_ms = rooms.clock.now_ms()
    placed = list(_placed(request))
    try:
        _check(request, placed, now_ms, context)
    except AwsError as error:
        _reject(rooms, context, request, len(placed), str(error))
        raise
    namespace = request["Namespace"]
    identities = [identity_of(datum, context.account, context.region, namespace) for _, datum in placed]
    try:
        rooms.registry.admit(identities)
    except LimitExceeded as error:
        _reject(rooms, context, request, len(placed), str(error))
        raise
    values, sets = [], []
    for (_, datum), identity in zip(placed, identities, strict=True):
        series_id = rooms.registry.add(identity)
        more_values, more_sets = rows_of(datum, series_id, now_ms)
        values += more_values
        sets += more_sets
    batch = MetricBatch(np.array(values, VALUE_ROW), np.array(sets, SET_ROW))
    await _write(rooms, context, namespace, batch)  # nothing awaits between `add` and this: see MetricIngest
    return _EMPTY


async def _write(rooms: CloudWatchRooms, context: CallContext, namespace: str, batch: MetricBatch) -> None:
    key = f"{DOOR}/{context.account}/{context.region}/{context.invocation_id}" if context.invocation_id else None
    appended = await rooms.ingest.write(batch, key)
    if not appended.duplicate:
        rooms.ledger.accepted(DOOR, namespace, context.account, context.region, len(batch), context.size)


def _placed(request: Request) -> Iterator[tuple[str, Datum]]:
    """Every datum with its place, those of entities included."""
    for number, datum in enumerate(request.get("MetricData", ()), 1):
        yield f"MetricData.member.{number}", datum
    for outer, entity in enumerate(request.get("EntityMetricData", ()), 1):
        for number, datum in enumerate(entity.get("MetricData", ()), 1):
            yield f"EntityMetricData.member.{outer}.MetricData.member.{number}", datum


def _check(request: Request, placed: list[tuple[str, Datum]], now_ms: int, context: CallContext) -> None:
    complaints = Complaints()
    check_namespace(request.get("Namespace"), complaints)
    if not placed:
        complaints.missing("MetricData")
    elif len(placed) > MAX_METRICS:
        complaints.invalid(too_many("MetricData", MAX_METRICS))
        complaints.raise_any()
    for path, datum in placed:
        check_datum(datum, path, now_ms, complaints)
    if "EntityMetricData" in request:
        failure = check_entities(request, complaints)
        if failure:
            context.answer_headers["X-Amzn-Failure-Message"] = failure
    complaints.raise_any()


def _reject(rooms: CloudWatchRooms, context: CallContext, request: dict[str, Any], rows: int, reason: str) -> None:
    example = msgspec.json.encode(request, enc_hook=str)[:_EXAMPLE].decode("utf-8", "replace")
    name = str(request.get("Namespace", ""))[:255]
    fault = _PLACE.sub("member.n", reason.split("\n", 1)[0])  # the ledger counts equal reasons together
    rooms.ledger.rejected(DOOR, name, context.account, context.region, fault, example, rows)
