"""DescribeAlarms, DescribeAlarmsForMetric and DescribeAlarmContributors."""

from typing import Any

from trimtab.alarms.contributors import alarming, read
from trimtab.alarms.describe import describe
from trimtab.alarms.form import SINGLE, read_alarm
from trimtab.alarms.model import AlarmKind, MetricAlarm, StateValue
from trimtab.alarms.rows import Stored
from trimtab.alarms.store import Filter
from trimtab.base.paging import encode_token
from trimtab.base.tags import make_tags
from trimtab.doors.aws.cloudwatch.alarm_parts import alarms_of, position
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.wire.constraints import coral
from trimtab.metrics.expressions.model import MetricStat

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
