"""Scaling policies and scheduled actions of groups."""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.doors.aws.autoscaling.groups import cooled
from trimtab.doors.aws.autoscaling.rooms import arn_of, changed, group_of, name_of, operations, page, place, without
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.engine.alarms import shapes
from trimtab.scaling.groups.model import Group, GroupPolicy, Schedule
from trimtab.scaling.groups.policies import SIMPLE, STEP, check, executed
from trimtab.scaling.groups.room import GroupsRoom
from trimtab.scaling.groups.schedules import check as check_schedule
from trimtab.scaling.groups.schedules import next_time
from trimtab.scaling.groups.settle import set_desired

_MOST_POLICIES, _MOST_SCHEDULES = 50, 125


@operations.add("PutScalingPolicy", needs=Role.WRITE)
async def put(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Make or change a policy."""
    kind = request.get("PolicyType") or SIMPLE
    form = without(request, "AutoScalingGroupName", "PolicyName", "PolicyType")
    check(kind, form)

    def work(group: Group, now_ms: int) -> tuple[Group, GroupPolicy]:
        known = next((one for one in group.policies if one.name == request["PolicyName"]), None)
        if known is None and len(group.policies) >= _MOST_POLICIES:
            raise AwsError("LimitExceeded", f"A group has at most {_MOST_POLICIES} scaling policies.")
        rest = f"autoScalingGroupName/{group.name}:policyName/{request['PolicyName']}"
        arn = known.arn if known else arn_of(context, "scalingPolicy", rest)
        made = GroupPolicy(request["PolicyName"], arn, kind, form)
        group.policies = [one for one in group.policies if one.name != made.name] + [made]
        return group, made

    group, made = await changed(rooms, request["AutoScalingGroupName"], context, work)
    if rooms.engine is not None:
        await rooms.engine.put_policy(group, made)
    return {"PolicyARN": made.arn, "Alarms": (await _alarms(rooms, group))[made.arn]}


@operations.add("DescribePolicies")
async def describe(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Policies, of a group and by name and type."""
    names, kinds = set(request.get("PolicyNames") or ()), set(request.get("PolicyTypes") or ())
    found = [
        (group, one)
        for group in await _groups(rooms, request, context)
        for one in sorted(group.policies, key=lambda one: one.name)
        if (not names or one.name in names or one.arn in names) and (not kinds or one.kind in kinds)
    ]
    part, more = page(found, request)
    alarms = {group.name: await _alarms(rooms, group) for group in {group.name: group for group, _ in part}.values()}
    return {"ScalingPolicies": [_policy_shape(group, one, alarms[group.name][one.arn]) for group, one in part], **more}


@operations.add("ExecutePolicy", needs=Role.WRITE)
async def execute(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Do what a policy says, as an alarm of it would."""
    name = await _owner(rooms, request, context)

    def work(group: Group, now_ms: int) -> None:
        policy = _policy(group, request["PolicyName"])
        if not policy.form.get("Enabled", True):
            raise InvalidInput(f"The policy {policy.name} is disabled.")
        if policy.kind == SIMPLE:
            cooled(group, request, now_ms)
        desired = executed(group, policy, request.get("MetricValue"), request.get("BreachThreshold"))
        set_desired(group, desired, f"a user request executed policy {policy.name}", now_ms)

    await changed(rooms, name, context, work)
    return {}


@operations.add("DeletePolicy", needs=Role.WRITE)
async def delete(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Delete a policy."""
    name = await _owner(rooms, request, context)

    def work(group: Group, now_ms: int) -> tuple[Group, GroupPolicy]:
        policy = _policy(group, request["PolicyName"])
        group.policies.remove(policy)
        return group, policy

    group, policy = await changed(rooms, name, context, work)
    if rooms.engine is not None:
        await rooms.engine.delete_policy(group, policy)
    return {}


@operations.add("PutScheduledUpdateGroupAction", needs=Role.WRITE)
async def put_schedule(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Make or change a scheduled action."""
    form = without(request, "AutoScalingGroupName", "ScheduledActionName")

    def work(group: Group, now_ms: int) -> None:
        name = request["ScheduledActionName"]
        known = next((one for one in group.schedules if one.name == name), None)
        if known is None and len(group.schedules) >= _MOST_SCHEDULES:
            raise AwsError("LimitExceeded", f"A group has at most {_MOST_SCHEDULES} scheduled actions.")
        check_schedule(form, now_ms)
        rest = f"autoScalingGroupName/{group.name}:scheduledActionName/{name}"
        arn = known.arn if known else arn_of(context, "scheduledUpdateGroupAction", rest)
        made = Schedule(name, arn, form, next_time(form, now_ms))
        group.schedules = [one for one in group.schedules if one.name != name] + [made]

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


@operations.add("DescribeScheduledActions")
async def describe_schedules(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Scheduled actions, of a group, by name, and due within a span."""
    names = set(request.get("ScheduledActionNames") or ())
    start_ms, end_ms = request.get("StartTime"), request.get("EndTime")
    found = [
        _schedule_shape(group, one)
        for group in await _groups(rooms, request, context)
        for one in sorted(group.schedules, key=lambda one: (one.next_ms or 0, one.name))
        if (not names or one.name in names or one.arn in names)
        and (start_ms is None or (one.next_ms or 0) >= start_ms)
        and (end_ms is None or (one.next_ms or 0) <= end_ms)
    ]
    shown, more = page(found, request)
    return {"ScheduledUpdateGroupActions": shown, **more}


@operations.add("DeleteScheduledAction", needs=Role.WRITE)
async def delete_schedule(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Delete a scheduled action."""

    def work(group: Group, now_ms: int) -> None:
        found = next((one for one in group.schedules if one.name == request["ScheduledActionName"]), None)
        if found is None:
            raise InvalidInput("Scheduled action name not found")
        group.schedules.remove(found)

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


async def _groups(rooms: GroupsRoom, request: Request, context: CallContext) -> list[Group]:
    if request.get("AutoScalingGroupName"):
        return [await group_of(rooms, request["AutoScalingGroupName"], context)]
    return await rooms.listed(context.scope, place(context))


async def _owner(rooms: GroupsRoom, request: Request, context: CallContext) -> str:
    """The group of a policy that is named with it, or by the policy's ARN. Raises AwsError."""
    if request.get("AutoScalingGroupName"):
        return str(request["AutoScalingGroupName"])
    arn = request["PolicyName"]
    if not arn.startswith("arn:"):
        raise AwsError("ValidationError", "AutoScalingGroupName is required where PolicyName is no ARN.")
    return name_of(arn.rpartition(":policyName/")[0])


def _policy(group: Group, name: str) -> GroupPolicy:
    for one in group.policies:
        if name in (one.name, one.arn):
            return one
    raise InvalidInput(f"PolicyName not found - no such policy: {name}")


async def _alarms(rooms: GroupsRoom, group: Group) -> dict[str, list[dict[str, str]]]:
    """The alarms of a group's policies, by the policies' ARNs."""
    named = {} if rooms.engine is None else await rooms.engine.alarms_of(group)
    return {one.arn: shapes(named.get(one.arn, ())) for one in group.policies}


def _policy_shape(group: Group, one: GroupPolicy, alarms: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    shape = {
        "AutoScalingGroupName": group.name,
        "PolicyName": one.name,
        "PolicyARN": one.arn,
        "PolicyType": one.kind,
        "Alarms": list(alarms),
        "Enabled": one.form.get("Enabled", True),
        **one.form,
    }
    if one.kind == STEP:
        shape.setdefault("MetricAggregationType", "Average")
    return shape


def _schedule_shape(group: Group, one: Schedule) -> dict[str, Any]:
    start = one.form.get("StartTime") or one.form.get("Time") or one.next_ms
    told = {"StartTime": start, "Time": start} if start else {}
    return {**one.form, **told, "AutoScalingGroupName": group.name, "ScheduledActionName": one.name,
            "ScheduledActionARN": one.arn}  # fmt: skip
