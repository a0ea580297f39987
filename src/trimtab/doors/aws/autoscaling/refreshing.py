"""Warm pools, instance refreshes and predictive forecasts of groups."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.base.ids import new_id
from trimtab.doors.aws.autoscaling.rooms import changed, group_of, instance_shape, operations, page, without
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.groups.model import Group, Refresh
from trimtab.scaling.groups.policies import PREDICTIVE
from trimtab.scaling.groups.room import GroupsRoom
from trimtab.scaling.groups.settle import begin_ending

_UNDER_WAY = ("Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking")
_STATES = ("Stopped", "Running", "Hibernated")
_MOST_REFRESHES = 50
_HOUR_MS = 3_600_000


@operations.add("PutWarmPool", needs=Role.WRITE)
async def put_warm_pool(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Keep instances prepared: as many as may be, less those that are desired."""
    form = without(request, "AutoScalingGroupName")
    if form.get("PoolState", "Stopped") not in _STATES:
        raise InvalidInput(f"PoolState must be one of {', '.join(_STATES)}.")

    def work(group: Group, now_ms: int) -> None:
        _no_refresh(group)
        if group.form.get("MixedInstancesPolicy"):
            raise InvalidInput("You can't add a warm pool to an Auto Scaling group that has a mixed instances policy.")
        if form.get("MaxGroupPreparedCapacity", -1) < -1:
            raise InvalidInput("MaxGroupPreparedCapacity must be -1 or more.")
        group.warm = {"MinSize": 0, "PoolState": "Stopped", **(group.warm or {}), **form}

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


@operations.add("DescribeWarmPool")
async def describe_warm_pool(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """The warm pool and who waits in it."""
    group = await group_of(rooms, request["AutoScalingGroupName"], context)
    if group.warm is None:
        return {"Instances": []}
    shown, more = page([one for one in group.instances if one.warm], request)
    return {"WarmPoolConfiguration": group.warm, "Instances": [instance_shape(group, one) for one in shown], **more}


@operations.add("DeleteWarmPool", needs=Role.WRITE)
async def delete_warm_pool(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Keep none prepared any more; with ForceDelete those that wait are ended at once."""

    def work(group: Group, now_ms: int) -> None:
        waiting = [one for one in group.instances if one.warm]
        if waiting and not request.get("ForceDelete"):
            raise AwsError("ResourceInUse", "The warm pool has instances; ForceDelete ends them.")
        group.warm = None
        for one in waiting:
            begin_ending(group, one, "a user request deleted the warm pool.", now_ms)

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


@operations.add("StartInstanceRefresh", needs=Role.WRITE)
async def start(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Replace all instances, some at a time."""
    form = without(request, "AutoScalingGroupName")
    preferences = form.get("Preferences") or {}
    if not 0 <= preferences.get("MinHealthyPercentage", 90) <= 100:
        raise InvalidInput("MinHealthyPercentage must be between 0 and 100.")

    def work(group: Group, now_ms: int) -> str:
        _no_refresh(group)
        skip = bool(preferences.get("SkipMatching"))
        if form.get("DesiredConfiguration"):
            for name in ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy"):
                group.form.pop(name, None)
            group.form.update(form["DesiredConfiguration"])
            group.version += 1
        old = [one.id for one in group.serving
               if not (skip and one.version == str(group.version))
               and not (one.protected and preferences.get("ScaleInProtectedInstances") == "Ignore")]  # fmt: skip
        made = Refresh(new_id(), "InProgress", now_ms, old, len(old), form, next_ms=now_ms)
        group.refreshes.insert(0, made)
        del group.refreshes[_MOST_REFRESHES:]
        return made.id

    return {"InstanceRefreshId": await changed(rooms, request["AutoScalingGroupName"], context, work)}


@operations.add("DescribeInstanceRefreshes")
async def describe(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """The refreshes of a group, the newest first."""
    group = await group_of(rooms, request["AutoScalingGroupName"], context)
    ids = set(request.get("InstanceRefreshIds") or ())
    shown, more = page([one for one in group.refreshes if not ids or one.id in ids], request)
    return {"InstanceRefreshes": [_shape(group, one) for one in shown], **more}


@operations.add("CancelInstanceRefresh", needs=Role.WRITE)
async def cancel(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Stop a refresh; what it replaced stays replaced."""

    def work(group: Group, now_ms: int) -> str:
        for one in group.refreshes:
            if one.status in _UNDER_WAY:
                one.status, one.end_ms, one.reason = "Cancelled", now_ms, "Cancelled due to user request."
                return one.id
        raise AwsError("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found for Auto "
                       f"Scaling group {group.name}")  # fmt: skip

    return {"InstanceRefreshId": await changed(rooms, request["AutoScalingGroupName"], context, work)}


@operations.add("GetPredictiveScalingForecast")
async def forecast(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """A predictive policy's forecast by hour: empty before there are 24 hours of its metric."""
    group = await group_of(rooms, request["AutoScalingGroupName"], context)
    policy = next((one for one in group.policies if one.name == request["PolicyName"]), None)
    if policy is None or policy.kind != PREDICTIVE:
        raise InvalidInput(f"No predictive scaling policy {request['PolicyName']} found for {group.name}.")
    if request["EndTime"] <= request["StartTime"]:
        raise InvalidInput("EndTime must be after StartTime.")
    if request["EndTime"] - request["StartTime"] > 30 * 24 * _HOUR_MS:
        raise InvalidInput("The maximum duration of a forecast is 30 days.")
    specification = policy.form["PredictiveScalingConfiguration"]["MetricSpecifications"][0]
    if rooms.engine is None:
        raise AwsError("ValidationError", "Forecasts need the scaling engine, which does not run here.")
    span = request["StartTime"], request["EndTime"]
    times, loads, replicas = await rooms.engine.forecast(group, policy.name, *span)
    return {
        "LoadForecast": [{"Timestamps": times, "Values": list(loads), "MetricSpecification": specification}],
        "CapacityForecast": {"Timestamps": times, "Values": list(replicas)},
        "UpdateTime": rooms.clock.now_ms(),
    }


def _no_refresh(group: Group) -> None:
    if any(one.status in _UNDER_WAY for one in group.refreshes):
        raise AwsError("InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks the "
                       "execution of this Instance Refresh.")  # fmt: skip


def _shape(group: Group, one: Refresh) -> dict[str, Any]:
    left = len(one.old) if one.status == "InProgress" else 0
    done = 100 if not one.total else round(100 * (one.total - left) / one.total)
    shape: dict[str, Any] = {
        "InstanceRefreshId": one.id,
        "AutoScalingGroupName": group.name,
        "Status": one.status,
        "StartTime": one.start_ms,
        "PercentageComplete": done,
        "InstancesToUpdate": left,
        "Strategy": one.form.get("Strategy", "Rolling"),
        "Preferences": one.form.get("Preferences") or {},
    }
    if one.end_ms is not None:
        shape["EndTime"] = one.end_ms
    if one.reason:
        shape["StatusReason"] = one.reason
    if one.form.get("DesiredConfiguration"):
        shape["DesiredConfiguration"] = one.form["DesiredConfiguration"]
    return shape
