"""PutMetricAlarm, PutCompositeAlarm and PutLogAlarm: alarms made, or defined anew."""

from trimtab.access.principal import Role
from trimtab.alarms.form import kind_of
from trimtab.alarms.model import AlarmKey, AlarmKind
from trimtab.doors.aws.cloudwatch.alarm_parts import alarms_of
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.cloudwatch.tags import MAX_TAGS
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.wire.constraints import coral

_FLOATS = ("Threshold",)


@operations.add("PutMetricAlarm", needs=Role.WRITE, dialect=coral)
async def put_metric_alarm(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Create or replace an alarm on a metric, metric math, a Metrics Insights or a PromQL query."""
    kind = kind_of(request)
    await _put(rooms, kind, request, context)
    return {}


@operations.add("PutCompositeAlarm", needs=Role.WRITE, dialect=coral)
async def put_composite_alarm(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Create or replace an alarm on other alarms."""
    await _put(rooms, AlarmKind.COMPOSITE, request, context)
    return {}


@operations.add("PutLogAlarm", needs=Role.WRITE, dialect=coral)
async def put_log_alarm(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Create or replace an alarm on the results of a scheduled log query."""
    await _put(rooms, AlarmKind.LOG, request, context)
    return {}


async def _put(rooms: CloudWatchRooms, kind: AlarmKind, request: Request, context: CallContext) -> None:
    form = {name: value for name, value in request.items() if name not in ("AlarmName", "Tags")}
    form |= {name: float(form[name]) for name in _FLOATS if name in form}
    tags = {item["Key"]: item["Value"] for item in request.get("Tags", ())}
    if len(tags) > MAX_TAGS:
        raise AwsError("ValidationError", f"The collection Tags must not have a size greater than {MAX_TAGS}.")
    key = AlarmKey(context.account, context.region, request["AlarmName"])
    await alarms_of(rooms).put(kind, key, form, tags)
