"""Operations on alarms: put, described, changed, and their history."""

from collections.abc import Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.alarms.contributors import alarming, read
from trimtab.alarms.describe import describe
from trimtab.alarms.form import SINGLE, kind_of, read_alarm
from trimtab.alarms.history import Item, Wanted
from trimtab.alarms.model import AlarmKey, AlarmKind, MetricAlarm, StateValue
from trimtab.alarms.room import AlarmRoom
from trimtab.alarms.rows import Stored
from trimtab.alarms.store import AlarmStore, Filter
from trimtab.base import typed
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.base.records import replace
from trimtab.base.tags import make_tags
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.cloudwatch.tags import MAX_TAGS
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import last_name
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.doors.aws.wire.constraints import Problem, coral
from trimtab.metrics.expressions.model import MetricStat


def room_of(rooms: CloudWatchRooms) -> AlarmRoom:
    """The room of alarms. Raises AwsError where a server has none."""
    if rooms.alarms is None:
        raise AwsError("ServiceUnavailable", "cannot serve alarms: this server was built without them")
    return rooms.alarms


def alarms_of(rooms: CloudWatchRooms) -> AlarmStore:
    """Every alarm."""
    return room_of(rooms).store


def position(token: str | None) -> str:
    """The last name of the page before; "" without one. Raises AwsError (InvalidNextToken)."""
    return last_name(token, AwsError("InvalidNextToken", "The value for parameter NextToken is invalid."))


PAGE = 50
"""Alarms an answer has unless MaxRecords says otherwise, as documented."""
_METRIC = frozenset({AlarmKind.METRIC, AlarmKind.PROMQL, AlarmKind.BURN_RATE})
_KINDS = {
    "MetricAlarm": _METRIC,
    "CompositeAlarm": frozenset({AlarmKind.COMPOSITE}),
    "LogAlarm": frozenset({AlarmKind.LOG}),
}
_LISTS = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms", "LogAlarm": "LogAlarms"}
_OF_CHILD = ("AlarmArn", "AlarmName", "StateValue", "StateUpdatedTimestamp")
_OF_PARENT = ("AlarmArn", "AlarmName")
_MANY = 1_000_000


@operations.add("DescribeAlarms", dialect=coral, bound=True)
async def describe_alarms(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """A page of alarms, by name; metric alarms only unless AlarmTypes or a relation asks for others."""
    if "AlarmNames" in request and "AlarmNamePrefix" in request:
        raise AwsError("ValidationError", "AlarmNamePrefix and AlarmNames are mutually exclusive.")
    limit = request.get("MaxRecords", PAGE)
    related = {"ChildrenOfAlarmName", "ParentsOfAlarmName"} & request.keys()
    if len(related) == 2 or (related and request.keys() - related - {"MaxRecords", "NextToken"}):
        raise AwsError("ValidationError", f"{min(related)} can only be used with MaxRecords and NextToken.")
    wanted = _filter(request, context, every=bool(related))
    found = await alarms_of(rooms).listed(context.account, context.region, wanted, limit + 1)
    answer: dict[str, Any] = {name: [] for name in _LISTS.values()}
    for alarm in found[:limit]:
        answer[_LISTS[alarm.alarm_type]].append(_told(alarm, request))
    if len(found) > limit:
        answer["NextToken"] = encode_token(found[limit - 1].key.name)
    return answer


def _filter(request: Request, context: CallContext, *, every: bool) -> Filter:
    types = request.get("AlarmTypes") or (_KINDS if every else ["MetricAlarm"])
    kinds: frozenset[AlarmKind] = frozenset().union(*(_KINDS[one] for one in types))
    names = request.get("AlarmNames")
    return Filter(
        kinds,
        None if not names else tuple(names),
        request.get("AlarmNamePrefix", ""),
        StateValue(request["StateValue"]) if "StateValue" in request else None,
        request.get("ActionPrefix", ""),
        request.get("ChildrenOfAlarmName"),
        request.get("ParentsOfAlarmName"),
        position(request.get("NextToken")),
        context.scope.rows,
    )


def _told(alarm: Stored, request: Request) -> dict[str, Any]:
    whole = describe(alarm)
    for name, members in (("ChildrenOfAlarmName", _OF_CHILD), ("ParentsOfAlarmName", _OF_PARENT)):
        if name in request:
            return {member: whole[member] for member in members}
    return whole


@operations.add("DescribeAlarmsForMetric", dialect=coral, bound=True)
async def describe_alarms_for_metric(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """The alarms on exactly one metric (alarms on metric math are not found this way, as on AWS)."""
    found = await alarms_of(rooms).listed(
        context.account, context.region, Filter(frozenset({AlarmKind.METRIC}), rows=context.scope.rows), _MANY
    )
    return {"MetricAlarms": [describe(alarm) for alarm in found if _is_on(alarm, request)]}


def _is_on(stored: Stored, request: Request) -> bool:
    form = stored.form
    if form.get("MetricName") != request["MetricName"] or form.get("Namespace") != request["Namespace"]:
        return False
    alarm = read_alarm(stored.kind, stored.key, form)
    source = alarm.queries[0].source if isinstance(alarm, MetricAlarm) and alarm.watched == SINGLE else None
    if not isinstance(source, MetricStat):
        return False
    asked = make_tags((pair["Name"], pair["Value"]) for pair in request.get("Dimensions", ()))
    statistic = request.get("Statistic") or request.get("ExtendedStatistic")
    return (
        source.dimensions == asked
        and statistic in (None, source.statistic.text)
        and request.get("Period") in (None, source.period_s)
        and request.get("Unit") in (None, source.unit)
    )


@operations.add("DescribeAlarmContributors", dialect=coral)
async def describe_alarm_contributors(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """The series in ALARM of an alarm over several, by id."""
    name = request["AlarmName"]
    alarm = (await alarms_of(rooms).named(context.account, context.region, [name])).get(name)
    if alarm is None:
        raise AwsError(
            "ResourceNotFoundException",
            f"The alarm {name} does not exist.",
            members={"ResourceType": "alarm", "ResourceId": name},
        )
    after = position(request.get("NextToken"))
    found = sorted((id_, one) for id_, one in alarming(read(alarm.contributors)).items() if id_ > after)
    answer: dict[str, Any] = {
        "AlarmContributors": [
            {
                "ContributorId": id_,
                "ContributorAttributes": dict(one.attributes),
                "StateReason": one.reason,
                "StateTransitionedTimestamp": one.changed_ms,
            }
            for id_, one in found[:PAGE]
        ]
    }
    if len(found) > PAGE:
        answer["NextToken"] = encode_token(found[PAGE - 1][0])
    return answer


@operations.add("DeleteAlarms", needs=Role.WRITE, dialect=coral)
async def delete_alarms(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Delete alarms, at most one composite alarm at once. A single name that does not exist is an error."""
    names = request["AlarmNames"]
    found = await alarms_of(rooms).named(context.account, context.region, names)
    composites = sum(alarm.kind is AlarmKind.COMPOSITE for alarm in found.values())
    if composites > 1:
        raise AwsError("ValidationError", "DeleteAlarms can delete at most one composite alarm per request.")
    if len(names) > 1 and any(alarm.kind is AlarmKind.LOG for alarm in found.values()):
        raise AwsError("ValidationError", "DeleteAlarms can delete a log alarm only by itself.")
    absent = await alarms_of(rooms).delete(context.account, context.region, names)
    if absent:
        raise AwsError("ResourceNotFound", f"Alarms [{', '.join(absent)}] do not exist.")
    return {}


def _states_first(problems: Sequence[Problem]) -> AwsError:
    """What the service says of a state that is none: it names the states in the order of its own set, as recorded."""
    return coral([replace(one, expected=one.expected[::-1]) if one.rule == "enum" else one for one in problems])


@operations.add("SetAlarmState", needs=Role.WRITE, dialect=_states_first)
async def set_alarm_state(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Set a state, with its actions, until the next evaluation."""
    data = request.get("StateReasonData")
    if data is not None and not _is_json(data):
        raise AwsError("InvalidFormat", "StateReasonData is not valid JSON.")
    key = AlarmKey(context.account, context.region, request["AlarmName"])
    try:
        await alarms_of(rooms).set_state(key, StateValue(request["StateValue"]), request["StateReason"], data)
    except NotFound:
        raise AwsError("ResourceNotFound", "") from None  # the service says no more, as recorded
    return {}


@operations.add("EnableAlarmActions", needs=Role.WRITE, dialect=coral)
async def enable_alarm_actions(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Let alarms act again."""
    await alarms_of(rooms).enable_actions(context.account, context.region, request["AlarmNames"], enabled=True)
    return {}


@operations.add("DisableAlarmActions", needs=Role.WRITE, dialect=coral)
async def disable_alarm_actions(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Let alarms change their states without acting."""
    await alarms_of(rooms).enable_actions(context.account, context.region, request["AlarmNames"], enabled=False)
    return {}


def _is_json(text: str) -> bool:
    try:
        typed.loads(text)
    except ValueError:
        return False
    return True


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
    tags = tags_of(request)
    if len(tags) > MAX_TAGS:
        raise AwsError("ValidationError", f"The collection Tags must not have a size greater than {MAX_TAGS}.")
    key = AlarmKey(context.account, context.region, request["AlarmName"])
    await alarms_of(rooms).put(kind, key, form, tags)


"""Items an answer has unless MaxRecords says otherwise."""


@operations.add("DescribeAlarmHistory", dialect=coral, bound=True)
async def describe_alarm_history(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """A page of history, newest first unless asked otherwise."""
    limit = request.get("MaxRecords", PAGE)
    wanted = Wanted(
        context.account,
        context.region,
        request.get("AlarmName"),
        request.get("AlarmTypes", ()),
        request.get("HistoryItemType"),
        request.get("AlarmContributorId"),
        request.get("StartDate"),
        request.get("EndDate"),
        request.get("ScanBy") == "TimestampAscending",
        _after(request.get("NextToken")),
        context.scope.rows,
    )
    found = await alarms_of(rooms).history(wanted, limit + 1)
    answer: dict[str, Any] = {"AlarmHistoryItems": [_entry_told(item) for item in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = encode_token([found[limit - 1].at_ms, found[limit - 1].position])
    return answer


def _entry_told(item: Item) -> dict[str, Any]:
    told: dict[str, Any] = {
        "AlarmName": item.key.name,
        "AlarmType": item.alarm_type,
        "Timestamp": item.at_ms,
        "HistoryItemType": item.item_type,
        "HistorySummary": item.summary,
        "HistoryData": item.data,
    }
    if item.contributor is not None:
        told |= {"AlarmContributorId": item.contributor, "AlarmContributorAttributes": dict(item.attributes or {})}
    return told


def _after(token: str | None) -> tuple[int, int] | None:
    if not token:
        return None
    try:
        at_ms, position = decode_token(token)
        return int(at_ms), int(position)
    except (InvalidInput, TypeError, ValueError):
        raise AwsError("InvalidNextToken", "The value for parameter NextToken is invalid.") from None
